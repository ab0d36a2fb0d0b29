"""What a night takes, slice by slice: values that expired or whose class is off, and what the law keeps coarser by now.

Invariants: one function decides for the dry run and, again inside the unit, for what is done; held chats are skipped whole; a
unit changes about `ROWS` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from l2s.actions.house import House
from l2s.actions.states import choice_of, choice_of_person, law_of
from l2s.clock import DAY
from l2s.domain.chats import Chat
from l2s.domain.events import ChatErased, Event, TokenEnded
from l2s.privacy.classes import chain
from l2s.privacy.gate import Sealed, admit, same
from l2s.privacy.ledger import Law
from l2s.privacy.policy import Choice
from l2s.privacy.retention import LATE, Report, count, level_left, was_due
from l2s.store import cases, chats, erasure, ledger, retention
from l2s.store.retention import Column, Found, Own, Person
from l2s.store.sql import Sql

SLICE: Final = 25  # visitors that are looked at together: some milliseconds
ROWS: Final = 200  # rows that one unit changes; a single chat is never split


class Step(NamedTuple):
    """One slice of a part: what goes or went, and the key to go on after, None = the part is at its end."""

    report: Report
    after: Any
    events: Sequence[Event] = ()


class Night:
    """The instant at which a run looks, and the laws as it needs them."""

    def __init__(self, house: House, sql: Sql, acts: bool, most: int = SLICE) -> None:
        self.house = house
        self.sql = sql
        self.acts = acts
        self.most = most
        self.at = house.clock.at()
        self.steady = house.clock.steady()
        self._heads: dict[str, int] = {}
        self._late: frozenset[str] | None = None

    def _head(self, scope: str) -> int:
        if scope not in self._heads:
            self._heads[scope] = ledger.head(self.sql, scope)
        return self._heads[scope]

    def law(self, scope: str, since: int | None) -> Law:
        """What governs a datum of the scope now."""
        head = self._head(scope)
        return self.house.laws.governing(self.sql, scope, head if since is None else since, head, self.at)

    def is_late(self, scope: str, since: int | None, cls: str, ended: int | None) -> bool:
        """Should it have been gone a day ago?"""
        head, then = self._head(scope), self.at - LATE
        rules = self.house.laws.governed(self.sql, scope, head if since is None else since, head, then).rules
        return was_due(cls, rules, ended, then)

    def is_let_go(self, chat: str) -> bool:
        """Did a hold of this chat end within the last day? Then nothing of it is late yet."""
        if self._late is None:
            self._late = retention.recently_held(self.sql, self.at - LATE)
        return chat in self._late

    def tell(self, report: Report, kind: str, scope: str, cls: str, n: int) -> None:
        """Values that went or became coarser; a run that acts notes them for the ledger."""
        count(report.gone if kind == "gone" else report.coarser, scope, cls, n)
        if n and self.acts:
            retention.note(self.sql, kind, scope, cls, n)


# Visitors and their chats.


class Plan(NamedTuple):
    """What happens to one chat. `rows`: how many rows that touches."""

    chat: Chat
    gone: list[tuple[Column, int]]
    coarser: list[tuple[Column, Sealed[Any], Sealed[Any], int]]
    goes: bool
    rows: int


def _plans(night: Night, mine: list[Chat]) -> list[Plan]:
    """What happens to these chats, held ones left out."""
    free = [chat for chat in mine if not chat.is_held(night.at)]
    lying = retention.found(night.sql, "chats", [chat.id for chat in free])
    erased = retention.erased(night.sql, [chat.visitor for chat in free], night.at)
    levels = {chat.id: _levels(night, chat, chat.visitor in erased) for chat in free}
    gone: dict[str, list[tuple[Column, int]]] = {chat.id: [] for chat in free}
    coarser: dict[str, list[tuple[Column, Sealed[Any], Sealed[Any], int]]] = {chat.id: [] for chat in free}
    for column in retention.columns("chats"):
        there = [chat for chat in free if column.name in lying[chat.id].values]
        for chat in there:
            if levels[chat.id][column.cls] == 0:
                gone[chat.id].append((column, lying[chat.id].values[column.name]))
        finest = len(chain(column.cls)) - 1
        reduced = [chat for chat in there if 0 < levels[chat.id][column.cls] < finest]
        for chat, old, new, n in _coarser(night, column, reduced):
            coarser[chat.id].append((column, old, new, n))
    return [_plan(chat, lying[chat.id], gone[chat.id], coarser[chat.id]) for chat in free]


def _levels(night: Night, chat: Chat, erased: bool) -> dict[str, int]:
    """The level at which each class may lie. Nothing may of whoever was erased."""
    law = law_of(night.house, night.sql, chat, night.at)
    rules, choice = law.rules, choice_of(chat, law)
    classes = {column.cls for column in retention.columns("chats")}
    return {cls: 0 if erased else level_left(cls, rules, choice, chat.ended_at, night.at) for cls in classes}


def _coarser(night: Night, column: Column, mine: list[Chat]) -> Iterable[tuple[Chat, Sealed[Any], Sealed[Any], int]]:
    """The values of a column that lie at a finer level than the law leaves: `admit` alone says so."""
    by_key = {chat.id: chat for chat in mine}
    for key, value, n in retention.values(night.sql, column, {chat.id: (chat.since, chat.ended_at) for chat in mine}):
        chat = by_key[key]
        law = law_of(night.house, night.sql, chat, night.at)
        less = admit(value, column.cls, choice_of(chat, law), law, chat.since)
        if less is not None and not same(value, less):
            yield chat, value, less, n


def _plan(
    chat: Chat, lying: Found, gone: list[tuple[Column, int]], coarser: list[tuple[Column, Sealed[Any], Sealed[Any], int]]
) -> Plan:
    left = sum(lying.values.values()) - sum(n for _, n in gone)
    goes = chat.ended_at is not None and left == 0
    return Plan(chat, gone, coarser, goes, lying.rows if goes else sum(n for _, n in gone) + sum(n for *_, n in coarser))


def _carry_out(night: Night, plan: Plan, report: Report) -> list[Event]:
    """What a plan says: told in every run, done in one that acts."""
    chat, sql = plan.chat, night.sql
    for column, n in plan.gone:
        night.tell(report, "gone", chat.site, column.cls, n)
        if not night.is_let_go(chat.id) and night.is_late(chat.site, chat.since, column.cls, chat.ended_at):
            count(report.overdue, chat.site, column.cls, n)
    for column, _, _, n in plan.coarser:
        night.tell(report, "coarser", chat.site, column.cls, n)
    if plan.goes:
        report.rows["chats"] = report.rows.get("chats", 0) + 1
    if night.acts:
        for column, _ in plan.gone:
            retention.blank(sql, column, chat.id)
        for column, old, new, _ in plan.coarser:
            retention.coarsen(sql, column, chat.id, old, new)
        if plan.goes:
            erasure.erase(sql, "chats", chat.id)
    silent = any(column.cls == "message" for column, _ in plan.gone) and chat.ended_at is not None
    return [ChatErased(chat)] if plan.goes or silent else []


def _visitors(night: Night, after: Any) -> Step:
    """The next visitors with all their chats; a unit ends early where it has changed enough rows."""
    persons = retention.people(night.sql, after or "", night.most)
    whose: dict[str, list[Chat]] = {person.id: [] for person in persons}
    for chat in chats.of_visitors(night.sql, list(whose)):
        whose[chat.visitor].append(chat)
    plans: dict[str, list[Plan]] = {person.id: [] for person in persons}
    for plan in _plans(night, [chat for mine in whose.values() for chat in mine]):
        plans[plan.chat.visitor].append(plan)
    lying = retention.found(night.sql, "visitors", list(whose))
    report, events, spent, done = Report(), list[Event](), 0, after or ""
    for person in persons:
        for plan in plans[person.id]:
            if night.acts and spent and spent + plan.rows > ROWS:
                return Step(report, done, events)
            spent += plan.rows
            events += _carry_out(night, plan, report)
        goes = {plan.chat.id for plan in plans[person.id] if plan.goes}
        left = [chat for chat in whose[person.id] if chat.id not in goes]
        events += _person(night, person, left, lying[person.id], report)
        done = person.id
    return Step(report, done if len(persons) == night.most else None, events)


def _person(night: Night, person: Person, left: list[Chat], lying: Found, report: Report) -> list[Event]:
    """The device token by its own rule, counted from the end of the last chat; the row when nothing leads to it any more."""
    ended = None if any(chat.ended_at is None for chat in left) else max((chat.ended_at or 0 for chat in left), default=0)
    own = [column for column in retention.columns("visitors") if column.name in lying.values]
    tokens = [column for column in own if column.anchor == "visitor"]
    words = [column for column in own if column.anchor == "own"]
    events: list[Event] = []
    for column in tokens:
        law = night.law(person.site, person.since)
        choice = choice_of(left[-1], law) if left else Choice.NONE
        if left and level_left(column.cls, law.rules, choice, ended, night.at) > 0:
            continue
        night.tell(report, "gone", person.site, column.cls, lying.values[column.name])
        if left and night.is_late(person.site, person.since, column.cls, ended):
            count(report.overdue, person.site, column.cls, lying.values[column.name])
        if night.acts:
            retention.blank(night.sql, column, person.id)
        events = [TokenEnded(person.id)]
    if not left and not words:
        report.rows["visitors"] = report.rows.get("visitors", 0) + 1
        if night.acts:
            erasure.erase(night.sql, "visitors", person.id)
    return events


# What has an end of its own.


def _own(night: Night, after: Any, own: Own) -> Step:
    rows = retention.ends(night.sql, own, after, ROWS, night.at, night.steady)
    report = Report()
    for row in rows:
        law = night.law(row.scope, row.since)
        if level_left(own.cls, law.rules, _choice_of(night, own, row.key, law), row.ended, night.at) > 0:
            continue
        whole = row.ended is not None and own.deletes
        held = retention.own_values(night.sql, own, row.key, whole)
        for cls, n in held.items():
            night.tell(report, "gone", row.scope, cls, n)
            if night.is_late(row.scope, row.since, own.cls, row.ended):
                count(report.overdue, row.scope, cls, n)
        if whole:
            report.rows[own.name] = report.rows.get(own.name, 0) + 1
        if held and night.acts:
            retention.own_go(night.sql, own, row.key, whole)
    return Step(report, rows[-1].key if len(rows) == ROWS else None)


def _choice_of(night: Night, own: Own, key: Any, law: Law) -> Choice:
    """Of whom a row is: a question is its visitor's; users chose nothing."""
    case = cases.case(night.sql, key) if own.name == "cases" else None
    return choice_of_person(night.sql, case.visitor if case else None, law)


def _by_day(night: Night, after: Any, table: str) -> Step:
    """Counted by day and older than any screen shows them. A run that acts starts from the first each time."""
    n = retention.old_days(night.sql, table, night.at // DAY, ROWS if night.acts else -1)
    if n and night.acts:
        retention.drop_old_days(night.sql, table, night.at // DAY, ROWS)
    return Step(Report(rows={table: n} if n else {}), table if n == ROWS and night.acts else None)


def _audit(night: Night, after: Any) -> Step:
    """The oldest rows of the audit log, as long as they are old: never one out of the middle."""
    laws = ledger.laws(night.sql, ledger.SERVER)
    rows, old, late = retention.first_audit(night.sql, after or 0, ROWS), list[int](), 0
    for position, at in rows:
        since = max((entry.position for entry in laws if entry.wall <= at), default=None)
        if level_left("work", night.law(ledger.SERVER, since).rules, Choice.NONE, at, night.at) > 0:
            break
        old.append(position)
        late += night.is_late(ledger.SERVER, since, "work", at)
    report = Report(rows={"audit": len(old)} if old else {})
    night.tell(report, "gone", ledger.SERVER, "work", len(old))
    count(report.overdue, ledger.SERVER, "work", late)
    if old and night.acts:
        retention.drop_audit(night.sql, old[-1])
    return Step(report, old[-1] if len(old) == ROWS else None)


Part = Callable[[Night, Any], Step]


def _parts() -> tuple[Part, ...]:
    own: list[Part] = [partial(_own, own=one) for one in retention.OWN.values()]
    days: list[Part] = [partial(_by_day, table=table) for table in retention.BY_DAY]
    return (_visitors, *own, *days, _audit)


PARTS: Final = _parts()


def strip(house: House, sql: Sql, chat: Chat) -> None:
    """What of a chat has expired goes now: before it is opened again or held, which would make it readable once more."""
    night = Night(house, sql, acts=True)
    for plan in _plans(night, [chat]):
        _carry_out(night, plan._replace(goes=False), Report())


def let_go(house: House, sql: Sql, mine: list[Chat]) -> tuple[Report, list[Event]]:
    """Chats that a hold let go of: those whose person was erased meanwhile go at once. The night takes the others."""
    night, report, events = Night(house, sql, acts=True), Report(), list[Event]()
    erased = retention.erased(sql, [chat.visitor for chat in mine], house.clock.at())
    for plan in _plans(night, [chat for chat in mine if chat.visitor in erased]):
        events += _carry_out(night, plan, report)
    return report, events
