"""Declarations and their order. A declaration denotes a set of acts; narrower means a subset of them.

`narrower(a, b)` and `meet(a, b)` are decided field by field after normalising, and agree with the enumerated act sets
(tested). Whatever is not narrower widens; an incomparable change is no special case: its meet acts at once.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from l2s.errors import BadInput
from l2s.privacy.classes import APART, CLASSES, PURPOSES, READERS, chain


class When(enum.IntEnum):
    """In which state of the person a class may be kept. Each value includes the ones before it."""

    NEVER = 0
    TICKED = 1
    UNLESS_OBJECTED = 2
    ALWAYS = 3


class Choice(enum.Enum):
    """The state of a person. Withdrawal, the Object button, GPC and DNT are one state."""

    NONE = "none"
    TICKED = "ticked"
    OBJECTED = "objected"


MEMORY: Final = 0  # never written
CHAT: Final = 1  # until the chat ends
LIFE: Final = 3652  # life of the account
LONGEST: Final = 3650


def days(n: int) -> int:
    """The code of `n` days in the chain memory < chat < 1 … 3650 < life."""
    if not 1 <= n <= LONGEST:
        raise BadInput("bad_days", most=LONGEST)
    return n + 1


class Rule(msgspec.Struct, frozen=True):
    """What may be done with one class. `keep`: see `days`; `audience`: names of READERS and APART."""

    level: int = 0
    when: When = When.NEVER
    keep: int = MEMORY
    purposes: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    recipients: frozenset[tuple[str, str]] = frozenset()


OFF: Final = Rule()
Declaration = Mapping[str, Rule]

_PERMITS: Final = {
    When.NEVER: frozenset[Choice](),
    When.TICKED: frozenset({Choice.TICKED}),
    When.UNLESS_OBJECTED: frozenset({Choice.TICKED, Choice.NONE}),
    When.ALWAYS: frozenset(Choice),
}


def permits(rule: Rule, choice: Choice) -> bool:
    """May the class be kept of a person in this state at all?"""
    return rule.level > 0 and choice in _PERMITS[rule.when]


def normal(rule: Rule) -> Rule:
    """OFF where the rule permits no act; recipients mean nothing without purposes."""
    return OFF if rule.level == 0 or rule.when == When.NEVER or not rule.purposes else rule


def rule_of(declaration: Declaration, cls: str) -> Rule:
    """The normalised rule; an absent class is OFF."""
    return normal(declaration.get(cls, OFF))


def rule_narrower(a: Rule, b: Rule) -> bool:
    """acts(a) ⊆ acts(b)."""
    a, b = normal(a), normal(b)
    if a == OFF:
        return True
    return (
        a.level <= b.level
        and a.when <= b.when
        and a.keep <= b.keep
        and a.purposes <= b.purposes
        and a.audience <= b.audience
        and a.recipients <= b.recipients
    )


def rule_meet(a: Rule, b: Rule) -> Rule:
    """The largest rule narrower than both."""
    return normal(
        Rule(
            min(a.level, b.level),
            min(a.when, b.when),
            min(a.keep, b.keep),
            a.purposes & b.purposes,
            a.audience & b.audience,
            a.recipients & b.recipients,
        )
    )


def narrower(a: Declaration, b: Declaration) -> bool:
    """acts(a) ⊆ acts(b)."""
    return all(rule_narrower(rule, b.get(cls, OFF)) for cls, rule in a.items())


def meet(a: Declaration, b: Declaration) -> dict[str, Rule]:
    """The largest declaration narrower than both."""
    both = {cls: rule_meet(rule, b[cls]) for cls, rule in a.items() if cls in b}
    return {cls: rule for cls, rule in both.items() if rule != OFF}


class Change(msgspec.Struct, frozen=True):
    """One difference between two rules of a class. `field`: "level", "when", "days", "purposes", "audience", "recipients".

    `old` and `new` are the public words (None = the class was or is off); for the sets they hold only what went or came.
    """

    cls: str
    field: str
    old: str | None
    new: str | None
    wider: bool


def explain(a: Declaration, b: Declaration) -> list[Change]:
    """What changes from `a` to `b`: wider = acts gained, else acts lost. Empty where they denote the same acts."""
    return [change for cls in sorted({*a, *b}) for change in _changes(cls, rule_of(a, cls), rule_of(b, cls))]


def _changes(cls: str, a: Rule, b: Rule) -> list[Change]:
    if a == b:
        return []
    if OFF in (a, b):
        words = chain(cls)
        one, other = (None if rule == OFF else words[rule.level] for rule in (a, b))
        return [Change(cls, "level", one, other, a == OFF)]
    found = [
        Change(cls, field, old, new, wider)
        for field, old, new, wider in (
            ("level", chain(cls)[a.level], chain(cls)[b.level], b.level > a.level),
            ("when", a.when.name.lower(), b.when.name.lower(), b.when > a.when),
            ("days", str(keep_name(a.keep)), str(keep_name(b.keep)), b.keep > a.keep),
        )
        if old != new
    ]
    for field in ("purposes", "audience", "recipients"):
        old_set, new_set = getattr(a, field), getattr(b, field)
        found += [Change(cls, field, _word(item), None, False) for item in sorted(old_set - new_set)]
        found += [Change(cls, field, None, _word(item), True) for item in sorted(new_set - old_set)]
    return found


def _word(item: str | tuple[str, str]) -> str:
    return item if isinstance(item, str) else ", ".join(item)


NEVER_ALWAYS: Final = frozenset({"preview", "presence", "address", "place", "page"})


def over_ceiling(scope: str, declaration: Declaration) -> str | None:
    """The first class that exceeds what code alone permits ("never" on every screen), or None."""
    for cls, rule in declaration.items():
        rule = normal(rule)
        if rule == OFF:
            continue
        if cls not in CLASSES[scope] or rule.level >= len(chain(cls)):
            return cls
        if cls in NEVER_ALWAYS and rule.when == When.ALWAYS:
            return cls
        if cls in ("preview", "presence") and rule.keep > MEMORY:
            return cls
        if "promote" in rule.purposes and rule.when > When.TICKED:
            return cls
        if cls == "billing" and rule.audience & {"operator", "team", "site"}:
            return cls
    return None


def lacks(scope: str, declaration: Declaration) -> str | None:
    """The first class that a chat cannot do without and that the declaration does not keep at least until it ends."""
    needed = ("message", "times") if scope == "site" else ("contact", "credential", "session")
    return next((cls for cls in needed if rule_of(declaration, cls).keep < CHAT), None)


def up_to(reader: str, *apart: str) -> frozenset[str]:
    """The down-closed audience that ends with `reader`, with those that stand apart."""
    return frozenset(READERS[: READERS.index(reader) + 1]) | frozenset(apart)


_KEEP_NAMES: Final = {MEMORY: "memory", CHAT: "chat", LIFE: "account"}


def keep_name(keep: int) -> str | int:
    """ "memory", "chat", "account" or a number of days."""
    return _KEEP_NAMES.get(keep, keep - 1)


def to_json(declaration: Declaration) -> dict[str, dict[str, Any]]:
    """The public form (capture.json): names in place of indexes, lists sorted, classes sorted."""
    return {
        cls: {
            "level": chain(cls)[rule.level],
            "when": rule.when.name.lower(),
            "days": keep_name(rule.keep),
            "purposes": sorted(rule.purposes),
            "audience": sorted(rule.audience),
            "recipients": sorted(list(pair) for pair in rule.recipients),
        }
        for cls, rule in sorted(declaration.items())
        if normal(rule) != OFF
    }


class _RuleForm(msgspec.Struct, forbid_unknown_fields=True):
    level: str
    when: str
    days: str | int
    purposes: list[str]
    audience: list[str]
    recipients: list[tuple[str, str]] = []


def from_json(scope: str, data: object) -> dict[str, Rule]:
    """The inverse of `to_json`. Unknown classes, keys and values are refused by name (BadInput)."""
    try:
        forms = msgspec.convert(data, dict[str, _RuleForm])
        return {cls: _rule(scope, cls, form) for cls, form in forms.items()}
    except (msgspec.ValidationError, ValueError, KeyError) as problem:
        raise BadInput("bad_declaration", problem=str(problem)) from problem


def _rule(scope: str, cls: str, form: _RuleForm) -> Rule:
    if cls not in CLASSES[scope]:
        raise ValueError(f"unknown class {cls}")
    unknown = [p for p in form.purposes if p not in PURPOSES] + [a for a in form.audience if a not in READERS + APART]
    if unknown:
        raise ValueError(f"unknown word {unknown[0]} in {cls}")
    names = {name: code for code, name in _KEEP_NAMES.items()}
    keep = days(form.days) if isinstance(form.days, int) else names[form.days]
    if form.level not in chain(cls):
        raise ValueError(f"unknown level {form.level} in {cls}")
    readers = [READERS.index(name) for name in form.audience if name in READERS]
    apart = [name for name in form.audience if name in APART]
    audience = up_to(READERS[max(readers)], *apart) if readers else frozenset(apart)
    return Rule(
        chain(cls).index(form.level),
        When[form.when.upper()],
        keep,
        frozenset(form.purposes),
        audience,
        frozenset(form.recipients),
    )
