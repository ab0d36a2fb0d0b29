"""What the declarations of several sites permit, told by brute force: every single thing that could be done with a visitor's
datum in a small universe is an act, a declaration is a set of acts, and only sets are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final, NamedTuple

from l2s.privacy.policy import CHAT, LIFE, MEMORY, Rule, When, days

DAY: Final = 86_400_000
WAIT: Final = 15 * DAY
AGES: Final = (MEMORY, CHAT, days(1), days(7), days(30), days(180), days(365), LIFE)
STATES: Final = {When.NEVER: "", When.TICKED: "t", When.UNLESS_OBJECTED: "tn", When.ALWAYS: "tno"}
Acts = int  # a set, as bits
_BITS: Final[dict[tuple[object, ...], int]] = {}
_KNOWN: Final[dict[tuple[str, Rule], Acts]] = {}


def acts(declaration: Mapping[str, Rule]) -> Acts:
    """Everything that a declaration permits: class, level, age, person's state, purpose, and machine, reader or recipient."""
    found = 0
    for cls, rule in declaration.items():
        if (cls, rule) not in _KNOWN:
            who = ["machine", *sorted(rule.audience), *sorted(rule.recipients)]
            ages = [age for age in AGES if age <= rule.keep]
            one = 0
            for act in product([cls], range(1, rule.level + 1), ages, STATES[rule.when], sorted(rule.purposes), who):
                one |= 1 << _BITS.setdefault(act, len(_BITS))
            _KNOWN[cls, rule] = one
        found |= _KNOWN[cls, rule]
    return found


class Moment(NamedTuple):
    """`wall`: the highest time seen; `shown`: time in which the notice could be read."""

    wall: int
    shown: int

    def is_past(self, now: Moment) -> bool:
        """Did fifteen days go by since, on both clocks?"""
        return min(now.wall - self.wall, now.shown - self.shown) >= WAIT


class Posting(NamedTuple):
    """What was posted, when, and whether nobody's data rested on the scope yet."""

    acts: Acts
    at: Moment
    free: bool


def same(a: str, b: str) -> bool:
    """Is one name the other, or below it?"""
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}")


class Scope:
    """One site's promises, as anybody could have written them down."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.opened = False
        self.states: list[tuple[Moment, Acts]] = []  # what was permitted from then on
        self.domains: list[tuple[Moment, frozenset[str]]] = []
        self.chats: dict[str, Acts] = {}  # chat → what was permitted all its life

    @property
    def permitted(self) -> Acts:
        """What may be done with a datum that begins now."""
        return self.states[-1][1] if self.states else 0

    def post(self, wanted: Acts, now: Moment) -> bool:
        """A declaration is posted. True = some of it has to wait."""
        waits = self.opened and bool(wanted & ~self.permitted)
        self.postings.append(Posting(wanted, now, not self.opened))
        self.settle(now)
        return waits

    def settle(self, now: Moment) -> None:
        """Permitted is what was posted long enough ago and never left out since."""
        found, since = 0, -1
        for posting in reversed(self.postings):
            since &= posting.acts
            found |= since if posting.free or posting.at.is_past(now) else 0
        self.states.append((now, found))
        self.chats = {chat: lived & found for chat, lived in self.chats.items()}

    def move(self, names: frozenset[str], others: list[Scope], now: Moment) -> None:
        """The site stands on these domains from now on, and keeps what was promised on the new ones lately."""
        before = self.domains[-1][1] if self.domains else frozenset()
        if names == before:
            return
        self.domains.append((now, names))
        promises = [other.promised(now) for other in others if other.opened and other.stood_on(names - before, now)]
        if not promises:
            return
        self.opened = True
        floor = self.permitted
        for promise in promises:
            floor &= promise
        if floor != self.permitted:
            self.post(floor, now)

    def promised(self, now: Moment) -> Acts:
        """What was permitted at every moment of the last fifteen days."""
        found = self.permitted
        for n, (_, state) in enumerate(self.states[:-1]):
            if not self.states[n + 1][0].is_past(now):  # it held until then
                found &= state
        return found

    def stood_on(self, names: frozenset[str], now: Moment) -> bool:
        """Was it on one of these domains at any moment of the last fifteen days?"""
        ends = [at for at, _ in self.domains[1:]]
        lately = [mine for n, (_, mine) in enumerate(self.domains) if n == len(ends) or not ends[n].is_past(now)]
        return any(same(a, b) for mine in lately for a in mine for b in names)
