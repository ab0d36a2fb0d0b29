"""The editor's form: a declaration as fields, and fields as a declaration. What may be is asked of privacy/policy alone.

Invariants: nothing that was typed is lost, whatever is wrong with it; a class that the form does not name is an error, never
"off", so a form that was cut on its way drops nothing.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from aiohttp import ClientError, web

from l2s.actions.sites import LANGUAGES
from l2s.errors import BadInput
from l2s.privacy.classes import APART, CLASSES, PURPOSES, READERS, chain
from l2s.privacy.factory import FACTORY, PRESETS
from l2s.privacy.ledger import WORDS_MAX
from l2s.privacy.policy import (
    CHAT,
    LONGEST,
    MEMORY,
    OFF,
    Declaration,
    Rule,
    When,
    days,
    from_json,
    over_ceiling,
    rule_of,
    to_json,
    up_to,
)
from l2s.web.doors import FORM_MAX

Fields = dict[str, list[str]]
Wrong = tuple[str, dict[str, str | int]]  # a key of the pages' catalogue, and what fills it

PARTS: Final = ("level", "when", "days", "why", "reader", "apart", "to")
NEEDED: Final = ("message", "times")  # without them there is no chat: lowered at will, never off
_PLAIN: Final = ("act", "seen")
_PROBES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (  # the field whose narrowest value makes a forbidden rule permitted
    ("why", {"purposes": frozenset({"answer"})}),
    ("when", {"when": When.TICKED}),
    ("days", {"keep": MEMORY}),
    ("reader", {"audience": frozenset()}),
)


class Draft(NamedTuple):
    """What a form says. `problems`: field → what is wrong; "" = about none."""

    rules: dict[str, Rule]
    words: dict[str, str]
    problems: dict[str, Wrong]


async def read_form(request: web.Request) -> Fields:
    """All values of all fields, bounded."""
    if (request.content_length or 0) > FORM_MAX:
        raise BadInput("form_too_large")
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadInput("bad_request")
    try:
        async with asyncio.timeout(20):
            raw = await request.read()
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=2000)
    except (TimeoutError, ValueError, ConnectionError, ClientError):
        raise BadInput("bad_request") from None
    fields: Fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


def first(fields: Mapping[str, list[str]], name: str) -> str:
    """The first value of a field, "" without one."""
    return fields.get(name, [""])[0]


def suggested(kind: str, cls: str) -> Rule:
    """What a class that is off would be, if it were switched on: a start for the form, never more than what may be."""
    for known in (FACTORY[kind], PRESETS["shop"] if kind == "site" else {}):
        if cls in known:
            return known[cls]
    keep = MEMORY if over_ceiling(kind, {cls: Rule(1, When.TICKED, days(30), frozenset({"answer"}))}) else days(30)
    purpose = {"billing": "bill", "mailing": "inform"}.get(cls, "answer")
    readers = up_to("admin") if kind == "site" else frozenset({"host"})
    return Rule(1, When.TICKED, keep, frozenset({purpose}), readers)


def fields_of(kind: str, rules: Declaration, words: Mapping[str, str]) -> Fields:
    """The form that says this declaration."""
    fields: Fields = {f"words.{lang}": [words.get(lang, "")] for lang in LANGUAGES}
    for cls in CLASSES[kind]:
        rule = rule_of(rules, cls)
        shown = to_json({cls: rule if rule != OFF else suggested(kind, cls)})[cls]
        readers = [name for name in READERS if name in shown["audience"]]
        fields |= {
            f"{cls}.level": [shown["level"] if rule != OFF else "none"],
            f"{cls}.when": [shown["when"]],
            f"{cls}.days": [str(shown["days"])],
            f"{cls}.why": shown["purposes"],
            f"{cls}.reader": readers[-1:] or [""],
            f"{cls}.apart": [name for name in APART if name in shown["audience"]],
            f"{cls}.to": [", ".join(pair) for pair in shown["recipients"]],
        }
    return fields


def recipients_of(kind: str, cls: str, *declarations: Declaration) -> dict[str, tuple[str, str]]:
    """Who may be chosen to receive a class: whoever a declaration of this scope names, and what a fresh install names."""
    known = (*declarations, FACTORY[kind], *(PRESETS.values() if kind == "site" else ()))
    pairs = sorted({pair for rules in known if cls in rules for pair in rules[cls].recipients})
    return {", ".join(pair): pair for pair in pairs}


def read_draft(kind: str, fields: Fields, *known: Declaration) -> Draft:
    """The declaration that a form says, with everything that is wrong with it. `known`: where recipients may come from."""
    problems: dict[str, Wrong] = {}
    rules: dict[str, Rule] = {}
    for name in fields:
        cls, _, part = name.partition(".")
        if not (name in _PLAIN or (cls in CLASSES[kind] and part in PARTS) or (cls == "words" and part in LANGUAGES)):
            problems[""] = ("wrong.unknown", {"name": name[:40]})
    for cls in CLASSES[kind]:
        found = _wrong_fields(kind, cls, fields, recipients_of(kind, cls, *known))
        if found:
            problems |= found
        elif first(fields, f"{cls}.level") != "none":
            rules[cls], over = _rule(kind, cls, fields)
            problems |= over
    words = {lang: first(fields, f"words.{lang}").strip() for lang in LANGUAGES}
    for lang, text in words.items():
        if len(text) > WORDS_MAX:
            problems[f"words.{lang}"] = ("wrong.words_long", {"most": WORDS_MAX, "now": len(text)})
        elif any(unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n" for letter in text):
            problems[f"words.{lang}"] = ("wrong.words", {})
    return Draft(rules, {lang: text for lang, text in words.items() if text}, problems)


def _wrong_fields(kind: str, cls: str, fields: Fields, recipients: Iterable[str]) -> dict[str, Wrong]:
    """Words that stand in none of the closed lists."""
    level = first(fields, f"{cls}.level")
    if level not in chain(cls):
        return {f"{cls}.level": ("wrong.level", {})}
    if level == "none":
        return {f"{cls}.level": ("wrong.needed", {})} if kind == "site" and cls in NEEDED else {}
    wrong: dict[str, Wrong] = {}
    if first(fields, f"{cls}.when").upper() not in (When.TICKED.name, When.UNLESS_OBJECTED.name, When.ALWAYS.name):
        wrong[f"{cls}.when"] = ("wrong.when", {})
    if _days(first(fields, f"{cls}.days")) is None:
        wrong[f"{cls}.days"] = ("wrong.days", {"most": LONGEST})
    why = fields.get(f"{cls}.why", [])
    if not why or not set(why) <= set(PURPOSES):
        wrong[f"{cls}.why"] = ("wrong.why" if why else "wrong.why_none", {})
    apart = set(fields.get(f"{cls}.apart", []))
    if first(fields, f"{cls}.reader") not in ("", *READERS) or not apart <= set(APART):
        wrong[f"{cls}.reader"] = ("wrong.reader", {})
    if not set(fields.get(f"{cls}.to", [])) <= set(recipients):
        wrong[f"{cls}.to"] = ("wrong.to", {})
    return wrong


def _days(text: str) -> int | str | None:
    """As `to_json` writes it; None where it is no time of keeping."""
    if text in ("memory", "chat", "account"):
        return text
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= LONGEST else None


def _rule(kind: str, cls: str, fields: Fields) -> tuple[Rule, dict[str, Wrong]]:
    """One class whose words are all known, and what code alone forbids of it."""
    reader = first(fields, f"{cls}.reader")
    form = {
        "level": first(fields, f"{cls}.level"),
        "when": first(fields, f"{cls}.when"),
        "days": _days(first(fields, f"{cls}.days")),
        "purposes": fields.get(f"{cls}.why", []),
        "audience": [*([reader] if reader else []), *fields.get(f"{cls}.apart", [])],
        "recipients": [item.split(", ", 1) for item in fields.get(f"{cls}.to", [])],
    }
    rule = from_json(kind, {cls: form})[cls]
    if kind == "site" and cls in NEEDED and rule.keep < CHAT:
        return rule, {f"{cls}.days": ("wrong.needed_days", {})}
    if not over_ceiling(kind, {cls: rule}):
        return rule, {}
    cure = next((part for part, less in _PROBES if permitted(kind, cls, msgspec.structs.replace(rule, **less))), "level")
    return rule, {f"{cls}.{cure}": (f"wrong.never_{cure}", {})}


def permitted(kind: str, cls: str, rule: Rule) -> bool:
    """Does code permit this at all? What it does not is shown as "never"."""
    return over_ceiling(kind, {cls: rule}) is None


def allowed(kind: str, cls: str, **field: object) -> bool:
    """May a class ever have this value of one field, the rest being as narrow as can be?"""
    least = Rule(1, When.TICKED, MEMORY, frozenset({"answer"}), frozenset())
    return permitted(kind, cls, msgspec.structs.replace(least, **field))


def days_offered(kind: str, cls: str, present: str) -> list[str]:
    """The choices of a time of keeping; the present one is always among them."""
    stored = allowed(kind, cls, keep=CHAT)
    soon = [] if kind == "server" else ["chat"] if cls in NEEDED else ["memory", "chat"] if stored else ["memory"]
    later = [str(n) for n in (1, 7, 14, 30, 90, 180, 365, 730, LONGEST)] if stored else []
    offered = soon + later + (["account"] if kind == "server" else [])
    return offered if present in offered else [*offered, present]
