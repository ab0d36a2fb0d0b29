"""FACTORY: what a fresh install declares (P4), complete over the closed lists. Everything not named here is off."""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.privacy.classes import chain
from l2s.privacy.policy import CHAT, LIFE, Rule, When, days, up_to

_MAIL: Final = frozenset({("mail relay", "anywhere")})
_PUSH: Final = frozenset({("push service", "anywhere")})
_ALL: Final = up_to("admin")
_HOST: Final = up_to("admin", "host")


def _rule(
    cls: str,
    keep: int,
    purposes: tuple[str, ...],
    *,
    when: When = When.ALWAYS,
    level: str | None = None,
    audience: frozenset[str] = _ALL,
    recipients: frozenset[tuple[str, str]] = frozenset(),
) -> Rule:
    names = chain(cls)
    return Rule(names.index(level or names[-1]), when, keep, frozenset(purposes), audience, recipients)


def _site() -> dict[str, Rule]:
    serve, half_year = ("answer", "run"), days(180)
    kept = (
        "message", "attachment", "times", "name", "mail", "phone", "organisation", "reference", "topic", "answer",
        "rating", "about", "device_token",
    )  # fmt: skip
    mailed = {"mail": _MAIL, "message": _MAIL}
    rules = {cls: _rule(cls, half_year, serve, recipients=mailed.get(cls, frozenset())) for cls in kept}
    for cls, level in (("address", "truncated"), ("browser", "family"), ("page", "path")):
        rules[cls] = _rule(cls, days(30), ("answer", "secure"), when=When.UNLESS_OBJECTED, level=level)
    rules["read_marks"] = _rule("read_marks", CHAT, serve)
    rules["consent"] = _rule("consent", days(365), ("comply",))
    rules["case"] = _rule("case", days(365), ("comply",))
    rules["blocked"] = _rule("blocked", days(30), ("secure",), audience=_HOST)
    rules["technical"] = _rule("technical", days(14), ("secure",), audience=_HOST)
    return rules


def _server() -> dict[str, Rule]:
    run = ("run", "secure")
    rules = {cls: _rule(cls, LIFE, run) for cls in ("credential", "terms")}
    rules["contact"] = _rule("contact", LIFE, run, recipients=_MAIL)
    rules["session"] = _rule("session", days(90), ("allocate", "secure"))
    for cls in ("work", "contact_history", "support_talk"):
        rules[cls] = _rule(cls, days(365), ("manage",))
    rules["push_key"] = _rule("push_key", LIFE, run, when=When.TICKED, recipients=_PUSH)
    return rules


FACTORY: Final = {"site": _site(), "server": _server()}


def _minimal() -> dict[str, Rule]:
    """What a chat cannot do without: words for 30 days, days in place of times, a mail address for whoever leaves a message."""
    month, serve = days(30), ("answer", "run")
    rules = {cls: _rule(cls, month, serve) for cls in ("message", "name", "mail", "about", "device_token")}
    rules["mail"] = _rule("mail", month, serve, recipients=_MAIL)
    rules["message"] = _rule("message", month, serve, recipients=_MAIL)
    rules["times"] = _rule("times", month, serve, level="day")
    rules["read_marks"] = _rule("read_marks", CHAT, serve)
    for cls in ("consent", "case", "blocked", "technical"):
        rules[cls] = FACTORY["site"][cls]
    return rules


def _shop() -> dict[str, Rule]:
    """Normal, and what a shop answers with: the whole page, where the visitor came from, the country; words for a year."""
    year = days(365)
    kept = {"message", "attachment", "times", "name", "mail", "reference", "topic", "answer", "rating", "about", "device_token"}
    rules = {cls: msgspec.structs.replace(rule, keep=year) if cls in kept else rule for cls, rule in FACTORY["site"].items()}
    for cls, level in (("page", "full"), ("referrer", "path"), ("place", "country")):
        rules[cls] = _rule(cls, days(30), ("answer", "secure"), when=When.UNLESS_OBJECTED, level=level)
    for cls in ("identity", "claimed"):
        rules[cls] = _rule(cls, days(180), ("answer", "run"))
    return rules


PRESETS: Final = {"minimal": _minimal(), "normal": FACTORY["site"], "shop": _shop()}
