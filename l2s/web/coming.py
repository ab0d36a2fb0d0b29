"""What waits, and until when: posted versions as steps in time, each with the changes that come with it.

In force is the meet of the last ripe version with every one posted after it (privacy/ledger); so when a version ripens, only
those posted after it still narrow it. A step says exactly that, never what a version alone would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce as fold
from typing import Final, NamedTuple

from l2s.privacy.classes import DAY_MS
from l2s.privacy.ledger import NOTICE, Moment, Version
from l2s.privacy.policy import Change, Declaration, Rule, explain, meet

CELLS: Final = 15


class Notches(NamedTuple):
    """How far a posted version has come. `passed`: filled cells of fifteen; `day` of `total`; `acts`: when, at the earliest."""

    passed: int
    day: int
    total: int
    left: int
    acts: int


class Step(NamedTuple):
    """What acts with version `n`: the changes against the moment before, and the rules they lead to."""

    n: int
    notches: Notches
    changes: list[Change]
    after: dict[str, Rule]
    words: dict[str, str]
    reworded: bool


def notches(posted: Moment, due: int, now: Moment) -> Notches:
    """By both clocks: days in which the notice could not be read are still to come."""
    acts = max(due, posted.wall + NOTICE, now.wall + max(0, NOTICE - (now.shown - posted.shown)))
    total = max(CELLS, _days(due - posted.wall))
    left = min(total, _days(acts - now.wall))
    return Notches((total - left) * CELLS // total, total - left, total, left, acts)


def _days(ms: int) -> int:
    return max(0, -(-ms // DAY_MS))


def waiting(versions: Sequence[Version]) -> list[Version]:
    """The versions that will still act, in the order in which they do; one that a later number overtakes never does."""
    found: list[Version] = []
    for version in sorted((one for one in versions if one.state == "pending"), key=lambda one: (one.due, one.n)):
        if not found or version.n > found[-1].n:
            found.append(version)
    return found


def coming(rules: Declaration, said: dict[str, str], versions: Sequence[Version], now: Moment) -> list[Step]:
    """Every step from what is in force now (`rules`, `said`) to the last version that waits; a draft may be one of them."""
    steps: list[Step] = []
    for version in waiting(versions):
        later = [one.declaration for one in versions if one.n >= version.n]
        after = fold(meet, later[1:], dict(later[0]))
        at = notches(version.posted, version.due, now)
        steps.append(Step(version.n, at, explain(rules, after), after, version.words, version.words != said))
        rules, said = after, version.words
    return steps
