"""Writing the audit log in the unit that does what it tells, reading it, and checking it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from l2s.actions.house import House
from l2s.domain.audit import GENESIS, Line, first_break
from l2s.domain.events import Event
from l2s.domain.people import HOST, Actor
from l2s.domain.rights import Place, need
from l2s.store import accounts, audit, ledger, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql

PIECE: Final = 2_000


def note(house: House, sql: Sql, actor: Actor, verb: str, thing: str = "", /, *, person: str = "", **data: str | int) -> None:
    """One line: `actor` did `verb` to `thing` (a chat's tombstone, the id of a site or case) or to `person` (a user's id).

    Data is content-free by rule: numbers and words of our own, never what somebody typed.
    """
    at = house.clock.at()
    who = actor.kind if actor.kind in ("host", "system") else audit.person(sql, actor.id, house.ids.salt())
    what = audit.person(sql, person, house.ids.salt()) if person else thing
    audit.add(sql, actor.account, at, who, verb, what, data)


def in_account(actor: Actor, account: str) -> Actor:
    """The host acts in the account that it acts upon."""
    return msgspec.structs.replace(actor, account=account) if actor.kind == "host" else actor


class Told(NamedTuple):
    """A line for an admin's eyes. `who`, `whom`: public names where their salt is still there, else the reference."""

    line: Line
    who: str
    whom: str
    data: dict[str, str | int]


def read(house: House, session: str, before: int, sql: Sql) -> list[Told]:
    """A page of the account's log, newest first."""
    return _read(house, session, sql, lambda account: audit.page(sql, account, before, house.settings.list_max))


def _read(house: House, session: str, sql: Sql, lines: Callable[[str], list[Line]]) -> list[Told]:
    """Lines of the account of whoever speaks, if they may see them."""
    actor = users.speaker(sql, session, house.clock.steady())
    if actor is None:
        return []
    need(actor, "see_audit", Place(actor.account))
    names = audit.known(sql, actor.account)
    return [told(line, names) for line in lines(actor.account)]


def note_everywhere(house: House, verb: str) -> Unit[None]:
    """The host did something with everybody's data: each account reads it."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        for account in accounts.account_ids(sql):
            note(house, sql, in_account(HOST, account), verb)
        return None, []

    return unit


LEFT: Final = ("take_copy", "make_backup")  # verbs by which something leaves the house and that have no drawer of their own


def left(house: House, session: str, sql: Sql) -> list[Told]:
    """The newest lines that tell of something that left, newest first."""
    return _read(house, session, sql, lambda account: audit.of_verbs(sql, account, LEFT, house.settings.list_max))


def told(line: Line, names: dict[str, str]) -> Told:
    """A line with the names that its references lead to."""
    return Told(line, names.get(line.actor, line.actor), names.get(line.object, line.object), msgspec.json.decode(line.data))


class Checked(NamedTuple):
    """What a check found. `broken`: position of the first line that does not follow, `cut`: the log ends before the head that
    the privacy ledger keeps."""

    lines: int
    head: str
    broken: int | None
    cut: bool


def verify(sql: Sql) -> Checked:
    """Every line follows from the one before, and the head that the ledger kept last is among them."""
    count, head, previous, after = 0, GENESIS, None, 0
    kept = ledger.audit_head(sql)
    seen = kept is None
    while lines := audit.slice_(sql, after, PIECE):
        broken = first_break(lines, previous)
        if broken is not None:
            return Checked(count, head, broken, False)
        if kept and any((line.position, line.hash) == kept for line in lines):
            seen = True
        if kept and count == 0 and lines[0].position > kept[0]:
            seen = True  # it grew too old and was cut off from the front
        count, head, after = count + len(lines), lines[-1].hash, lines[-1].position
        previous = head
    return Checked(count, head, None, not seen)
