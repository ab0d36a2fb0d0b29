"""What is in force, against a small model written from the specification alone.

The model: an act is permitted now if some posting of it has waited long enough (15 × 24 h by the wall *and* of served time,
or it was posted before anything of a stranger was kept) and no later posting left it out. For a datum, since its `since`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import msgspec
import pytest

from l2s.errors import BadInput
from l2s.privacy import ledger
from l2s.privacy.ledger import GENESIS, Entry, Law, Moment, Posted, canonical, first_break, is_opened, may_ripen, seal
from l2s.privacy.policy import CHAT, LIFE, MEMORY, Rule, When, days, to_json, up_to

DAY = 86_400_000
WAIT = 15 * 24 * 3_600_000
Declaration = dict[str, Rule]


def rule(when: When = When.ALWAYS, keep: int = days(30), purposes: str = "answer", reader: str = "team") -> Rule:
    return Rule(1, when, keep, frozenset(purposes.split()), up_to(reader))


BITS: dict[tuple[Any, ...], int] = {}
STATES = {When.TICKED: "t", When.UNLESS_OBJECTED: "tu", When.ALWAYS: "tuo"}


def acts(declaration: Declaration) -> int:
    """The acts of a declaration as a set of bits."""
    found = 0
    for cls, one in declaration.items():
        ages = [age for age in (MEMORY, CHAT, days(30)) if age <= one.keep]
        for act in product([cls], ages, STATES[one.when], sorted(one.purposes), ["machine", *sorted(one.audience)]):
            found |= 1 << BITS.setdefault(act, len(BITS))
    return found


class Posting(NamedTuple):
    acts: int
    at: Moment
    due: int
    free: bool  # posted before anything of a stranger was kept


class Book:
    """A scope's ledger as the server writes it, and beside it the model."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = Moment(0, 0)
        self.postings: list[Posting] = []
        self.states: list[tuple[int, int]] = []  # (position, acts that the model permits from there on)

    def write(self, kind: str, data: object = None) -> None:
        previous = self.entries[-1].hash if self.entries else GENESIS
        position = self.entries[-1].position + 3 if self.entries else 1  # one sequence for all scopes: gaps
        self.entries.append(seal(position, "s1", kind, self.now, canonical(data or {}), previous))
        self.states.append((position, self.permitted()))

    def post(self, draft: Declaration, due: int = 0) -> Posted:
        version = ledger.post("site", self.entries, draft, self.now, due=due)
        self.postings.append(Posting(acts(draft), self.now, due, not is_opened(self.entries)))
        self.write("posted", version)
        self.ripen()
        return version

    def ripen(self) -> None:
        for n in ledger.ripe_now(self.entries, self.now):
            self.write("ripened", {"n": n})

    def later(self, wall: int, shown: int | None = None) -> None:
        self.now = Moment(self.now.wall + wall, self.now.shown + (wall if shown is None else shown))
        self.ripen()

    def permitted(self) -> int:
        """The model: postings that have waited, less whatever a later one left out."""
        found, since = 0, -1
        for posting in reversed(self.postings):
            since &= posting.acts
            waited = (self.now.wall - posting.at.wall, self.now.shown - posting.at.shown)
            if posting.free or (min(waited) >= WAIT and self.now.wall >= posting.due):
                found |= since
        return found

    def permitted_since(self, since: int) -> int:
        """The model for a datum: what was permitted at its `since` and after every event from there."""
        before = [state for position, state in self.states if position <= since][-1]
        for position, state in self.states:
            before &= state if position > since else -1
        return before

    def law(self, since: int | None = None) -> Law:
        return ledger.governing("site", self.entries, self.head if since is None else since)

    @property
    def head(self) -> int:
        return self.entries[-1].position


def some_declaration(chance: random.Random) -> Declaration:
    def one() -> Rule:
        purposes = chance.choice(["answer", "run", "answer run"])
        return rule(chance.choice([*STATES]), chance.choice([CHAT, days(30)]), purposes, chance.choice(["operator", "team"]))

    return {cls: one() for cls in ("name", "mail") if chance.random() < 0.85}


class Wrong(Exception):
    """The code permits another set of acts than the model. `more`: it permits something that it must not."""

    def __init__(self, code: int, model: int) -> None:
        super().__init__(f"{code:b} in place of {model:b}")
        self.more = bool(code & ~model)


def agree(code: Declaration, model: int) -> None:
    if acts(code) != model:
        raise Wrong(acts(code), model)


def live(chance: random.Random) -> dict[str, int]:
    """One random life of a scope, compared with the model after every step. Tells what happened in it."""
    book, seen = Book(), {"waited": 0, "outage": 0, "narrowed": 0, "chats": 0}
    shown: list[int] = []  # positions at which a visitor could be shown the law: between units
    book.post(some_declaration(chance))
    for step in range(14):
        before = book.permitted()
        if step == 3 or (step > 3 and chance.random() < 0.1):
            book.write("opened" if step == 3 else "erased")
        if chance.random() < 0.5:
            wait = chance.choice([0, 0, 0, 20, 40]) * DAY
            seen["waited"] += bool(book.post(some_declaration(chance), book.now.wall + wait if wait else 0).due)
            seen["narrowed"] += bool(before & ~book.permitted())
        else:
            wall = chance.choice([1, 3, 8, 14, 15, 16]) * DAY - chance.choice([0, 0, 1])
            served = chance.choice([wall, wall, wall, wall // 2, 0])
            seen["outage"] += served < wall
            book.later(wall, served)
        agree(ledger.in_force("site", book.entries), book.permitted())
        shown.append(book.head)
    for since in chance.sample(shown, 8):
        seen["chats"] += 1
        agree(book.law(since).rules, book.permitted_since(since))
        agree(book.law(since + 1).rules, book.permitted_since(since))  # positions of other scopes lie between
    return seen


def test_what_is_permitted_was_posted_15_served_days_before_and_never_left_out_since() -> None:
    lives = [live(random.Random(seed)) for seed in range(120)]
    for what in ("waited", "outage", "narrowed", "chats"):
        assert sum(seen[what] for seen in lives) > 100, what


def no_served_time(version: Posted, at: Moment, now: Moment) -> bool:
    return not version.due or (now.wall >= version.due and now.wall - at.wall >= WAIT)


def no_wall(version: Posted, at: Moment, now: Moment) -> bool:
    return not version.due or now.shown - at.shown >= WAIT


def a_day_short(version: Posted, at: Moment, now: Moment) -> bool:
    return may_ripen(version, at, Moment(now.wall + DAY, now.shown + DAY))


def todays_law(kind: str, entries: list[Entry], since: int) -> Law:
    return real_governing(kind, entries, entries[-1].position)


def last_ripe_alone(kind: str, entries: list[Entry]) -> Declaration:
    return real_in_force(kind, [e for e in entries if e.kind != "posted" or ledger.posted(e).n <= ledger.ripened(entries)])


real_governing, real_in_force = ledger.governing, ledger.in_force


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("may_ripen", no_served_time),
        ("may_ripen", no_wall),
        ("may_ripen", a_day_short),
        ("governing", todays_law),
        ("in_force", last_ripe_alone),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_model_catches_a_rule_that_permits_too_much(
    name: str, mutant: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, name, mutant)
    with pytest.raises(Wrong) as caught:
        list(map(live, map(random.Random, range(120))))
    assert caught.value.more


NAME: Declaration = {"name": rule()}
BOTH: Declaration = {"name": rule(), "mail": rule()}
MAIL: Declaration = {"mail": rule()}


def opened(declaration: Declaration) -> Book:
    book = Book()
    book.post(declaration)
    book.write("opened")
    return book


def test_before_anything_of_a_stranger_was_kept_versions_act_at_once() -> None:
    book = Book()
    for draft in (NAME, BOTH, MAIL):
        assert book.post(draft).due == 0
        assert book.law().rules == draft
    assert ledger.ripened(book.entries) == 3


def test_once_opened_a_widening_waits_for_ever_after() -> None:
    book = opened(NAME)
    book.later(400 * DAY)
    assert book.post(BOTH).due == book.now.wall + WAIT
    assert book.law().rules == NAME


@pytest.mark.parametrize(
    ("wall", "shown", "acting"),
    [(0, 0, False), (WAIT, WAIT, True), (WAIT - 1, WAIT, False), (WAIT, WAIT - 1, False), (9 * WAIT, 0, False),
     (0, WAIT, False), (9 * WAIT, WAIT, True)],
)  # fmt: skip
def test_a_widening_acts_after_15_days_by_both_clocks(wall: int, shown: int, acting: bool) -> None:
    book = opened(NAME)
    book.post(BOTH)
    book.later(wall, shown)
    assert book.law().rules == (BOTH if acting else NAME)


def test_a_version_whose_due_day_was_written_too_early_still_waits_its_15_days() -> None:
    early = Posted(2, to_json(BOTH), {}, due=1)
    assert may_ripen(early, Moment(0, 0), Moment(WAIT, WAIT))
    assert not may_ripen(early, Moment(0, 0), Moment(WAIT - 1, WAIT))
    assert not may_ripen(early, Moment(0, 0), Moment(WAIT, WAIT - 1))


def test_a_narrowing_acts_the_same_instant() -> None:
    book = opened(BOTH)
    assert book.law().rules == BOTH
    book.post(NAME)
    assert book.law().rules == NAME


def test_of_an_incomparable_version_what_it_drops_stops_at_once_and_what_it_adds_waits() -> None:
    book = opened({"name": rule(purposes="answer", reader="team")})
    book.post({"name": rule(purposes="answer run", reader="operator")})
    assert book.law().rules == {"name": rule(purposes="answer", reader="operator")}
    book.later(WAIT)
    assert book.law().rules == {"name": rule(purposes="answer run", reader="operator")}


def test_a_wait_shorter_than_15_days_is_refused_and_a_longer_one_kept() -> None:
    book = opened(NAME)
    for short in (1, book.now.wall + WAIT - 1, -5):
        with pytest.raises(BadInput, match="too_soon"):
            ledger.post("site", book.entries, BOTH, book.now, due=short)
    book.post(BOTH, due=book.now.wall + WAIT + 5 * DAY)
    book.later(WAIT)
    assert book.law().rules == NAME
    book.later(5 * DAY - 1)
    assert book.law().rules == NAME
    book.later(1)
    assert book.law().rules == BOTH


def test_several_versions_may_wait_and_a_narrower_one_withdraws_them() -> None:
    book = opened(NAME)
    book.post(BOTH)
    book.later(5 * DAY)
    book.post({**BOTH, "topic": rule()})
    book.later(10 * DAY)
    assert book.law().rules == BOTH
    book.post(NAME)
    assert book.law().rules == NAME
    book.later(100 * DAY)
    assert book.law().rules == NAME


def test_a_version_that_ripens_is_held_back_by_what_was_posted_after_it() -> None:
    book = opened(NAME)
    book.post({**BOTH, "topic": rule()})
    book.later(DAY)
    book.post({**BOTH, "phone": rule()})
    book.later(14 * DAY)
    assert book.law().rules == BOTH
    book.later(DAY)
    assert book.law().rules == {**BOTH, "phone": rule()}


def test_an_open_chat_never_sees_a_later_widening_but_every_narrowing() -> None:
    book = opened(NAME)
    book.post(BOTH)
    chat = book.head
    book.later(WAIT)
    assert book.law().rules == BOTH  # it ripened, for chats that begin now
    assert book.law(chat).rules == NAME
    later_chat = book.head
    book.post(MAIL)
    assert (book.law(chat).rules, book.law(later_chat).rules) == ({}, MAIL)
    book.post(BOTH)
    book.later(WAIT)
    assert book.law().rules == BOTH
    assert (book.law(chat).rules, book.law(later_chat).rules) == ({}, MAIL)


def test_a_version_posted_between_hello_and_the_first_message_cannot_reach_the_chat() -> None:
    book = Book()
    book.post(NAME)
    hello = book.head
    book.post(BOTH)  # nobody's data rests on it yet, so it acts at once
    book.write("opened")
    assert book.law(hello).rules == NAME
    assert book.law().rules == BOTH


def test_other_events_change_no_law() -> None:
    book = opened(NAME)
    before = book.law().rules
    for kind in ("erased", "withdrawn", "objected", "hold", "disclosed", "restored"):
        book.write(kind)
    assert book.law().rules == before == book.law(1 + 3).rules


def test_without_a_ripe_version_nothing_is_permitted() -> None:
    assert ledger.governing("site", [], 0).rules == {}
    draft = Posted(1, to_json(NAME), {}, WAIT)
    unripe = [seal(1, "s1", "posted", Moment(0, 0), canonical(draft), GENESIS)]
    assert ledger.in_force("site", unripe) == {}
    assert ledger.governing("site", unripe, 1).rules == {}


def test_a_law_says_where_it_comes_from() -> None:
    book = opened(NAME)
    law = ledger.governing("site", book.entries, 4, b"salt")
    assert (law.scope, law.since, law.head, law.version, law.salt) == ("s1", 4, book.head, 1, b"salt")
    assert law.hash == book.entries[0].hash  # of the version's entry: chats and transcripts can name it


def test_what_exceeds_the_ceiling_or_says_too_much_is_refused() -> None:
    over = {"preview": rule(When.TICKED, LIFE)}
    for book in (Book(), opened(NAME)):
        with pytest.raises(BadInput, match=r"over_ceiling \(name=preview\)"):
            book.post(over)
        with pytest.raises(BadInput, match="words_too_long"):
            ledger.post("site", book.entries, NAME, book.now, {"en": "", "de": "x" * 501})
        assert ledger.post("site", book.entries, NAME, book.now, {"en": "x" * 500}).words == {"en": "x" * 500}


def forge(entries: list[Entry], at: int, **fields: Any) -> list[Entry]:
    return [msgspec.structs.replace(entry, **fields) if n == at else entry for n, entry in enumerate(entries)]


def resealed(entries: list[Entry], at: int, data: str) -> list[Entry]:
    old = entries[at]
    return [*entries[:at], seal(old.position, old.scope, old.kind, old.moment, data, old.previous), *entries[at + 1 :]]


EDITS: dict[str, Any] = {
    "position": 99, "scope": "s2", "kind": "posted", "wall": 7, "shown": 7, "data": '{"n":9}', "previous": GENESIS[1:] + "1",
    "hash": "f" * 64,
}  # fmt: skip


def test_an_entry_that_was_touched_is_found() -> None:
    book = opened(NAME)
    for draft in (BOTH, MAIL, NAME):
        book.post(draft)
        book.later(WAIT)
    whole = book.entries
    assert len(whole) >= 8
    assert first_break(whole) is None
    assert first_break([]) is None
    for at, entry in enumerate(whole):
        for name, value in EDITS.items():
            if getattr(entry, name) != value:
                found = first_break(forge(whole, at, **{name: value}))
                assert found == (value if name == "position" else entry.position), (at, name)
    for at in range(len(whole) - 1):  # a cut tail is what the mirror beside the database is for
        following = whole[at + 1].position
        assert first_break(whole[:at] + whole[at + 1 :]) == following
        assert first_break([*whole[:at], whole[at + 1], whole[at], *whole[at + 2 :]]) == following
        assert first_break([*whole[: at + 1], whole[at], *whole[at + 1 :]]) == whole[at].position
        assert first_break(resealed(whole, at, '{"n":9}')) == following
    assert first_break(whole[3:], whole[2].hash) is None
    assert first_break(whole[3:]) == whole[3].position
