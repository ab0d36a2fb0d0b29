"""What a stored value may still be: kept, coarser, or gone. `release` refuses by the same rules from the instant; the nightly
job (actions/retention) makes the bytes follow.

Invariant: for a value that came from a row, `level_left` is 0 exactly where `release` gives nothing to anybody for any purpose,
and else the level at which `release` would give it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from l2s.privacy.classes import DAY_MS, SERVER_CLASSES
from l2s.privacy.erasure import BACKUP_DAYS
from l2s.privacy.gate import is_expired
from l2s.privacy.holdings import HOLDINGS, NOT_PERSONAL, Holding
from l2s.privacy.policy import MEMORY, Choice, Declaration, permits, rule_of

LATE: Final = DAY_MS  # what expired longer ago than this should be gone: it is overdue
FILE_DAYS: Final = BACKUP_DAYS
COUNTED_DAYS: Final = 30  # refused pages and dropped classes, counted by day, that an admin's screens show

Anchor = Literal["chat", "visitor", "own", "never"]


def level_left(cls: str, rules: Declaration, choice: Choice, ended: int | None, now: int) -> int:
    """The finest level at which a value may still lie, 0 = none. `ended`: its anchor, ms; None = it goes on."""
    rule = rule_of(rules, cls)
    if rule.keep == MEMORY or not permits(rule, choice) or is_expired(rule.keep, ended, now, cls in SERVER_CLASSES):
        return 0
    return rule.level


def was_due(cls: str, rules: Declaration, ended: int | None, then: int) -> bool:
    """Had the time run out at `then`, by the law of that instant? An objection has no instant: it makes nothing overdue."""
    anchor = ended if ended is not None and ended <= then else None
    return bool(rules) and level_left(cls, rules, Choice.TICKED, anchor, then) == 0


def words_left(rules: Declaration, ended: int | None, now: int) -> bool:
    """Can the words of a chat still be read? One that goes on is never expired."""
    rule = rule_of(rules, "message")
    return ended is None or ("answer" in rule.purposes and level_left("message", rules, Choice.TICKED, ended, now) > 0)


def anchor(holding: Holding, holdings: Sequence[Holding] = HOLDINGS) -> Anchor:
    """What the days of a holding's personal values are counted from: the end of the chat they lead to, the end of the
    visitor's last chat, an end of their own (a session's, a link's, a case's), or nothing that a night can see."""
    if not any(cls != NOT_PERSONAL for cls in holding.columns.values()):
        return "never"
    ways = _ways(holding, {one.name: one for one in holdings})
    if "chats" in ways:
        return "chat"
    if holding.name == "visitors":
        return "visitor"
    return "own" if holding.timed else "never"


def _ways(holding: Holding, by_name: Mapping[str, Holding]) -> frozenset[str]:
    """The names of a holding and of everything that it leads to."""
    further = (_ways(by_name[name], by_name) for _, name in holding.leads)
    return frozenset({holding.name}).union(*further)


class Report(msgspec.Struct):
    """What goes, went, or should be gone: values by scope and class, whole rows by table, files by name. Content-free."""

    gone: dict[str, dict[str, int]] = {}
    coarser: dict[str, dict[str, int]] = {}
    overdue: dict[str, dict[str, int]] = {}
    rows: dict[str, int] = {}
    files: list[str] = []

    def add(self, more: Report) -> None:
        """One more slice."""
        for mine, theirs in ((self.gone, more.gone), (self.coarser, more.coarser), (self.overdue, more.overdue)):
            for scope, counts in theirs.items():
                for cls, n in counts.items():
                    count(mine, scope, cls, n)
        for name, n in more.rows.items():
            self.rows[name] = self.rows.get(name, 0) + n
        self.files += more.files

    @property
    def is_empty(self) -> bool:
        """Is there nothing to do?"""
        return not (self.gone or self.coarser or self.rows or self.files)


def count(counts: dict[str, dict[str, int]], scope: str, cls: str, n: int) -> None:
    """`n` more of a class; nothing is written for 0."""
    if n:
        inner = counts.setdefault(scope, {})
        inner[cls] = inner.get(cls, 0) + n
