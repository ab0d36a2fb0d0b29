"""Holds by law (PRIVACY 3, rule 10): one admin asks, another one agrees; named chats are then kept, for `comply` alone, until
the hold is lifted or ends. Where an account has one admin, the host's box is the second, a day later at the earliest (P8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from l2s.actions import audit
from l2s.actions.approval import may_all, need_other, need_wait
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.night import let_go, strip
from l2s.actions.states import has_words, state
from l2s.domain.chats import Chat
from l2s.domain.events import ChatChanged, Event
from l2s.domain.months import add_months
from l2s.domain.people import HOST, Actor
from l2s.domain.rights import Place, may, need, reader
from l2s.domain.text import message_text
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.retention import Report
from l2s.protocol.audience import label, team_chat
from l2s.protocol.parts import TeamChat
from l2s.store import chats, holds, ledger, users
from l2s.store.engine import Unit
from l2s.store.holds import Hold
from l2s.store.sql import Sql

REASON_MAX: Final = 500
MOST: Final = 200  # chats of one hold


def ask(house: House, session: str, named: Sequence[str], reason: str, until: int) -> Unit[str]:
    """An admin names closed chats, the reason and the end. Nothing is held before somebody else agrees. Returns its id."""
    reason, keys = message_text(reason, REASON_MAX), tuple(dict.fromkeys(named))
    key, at = house.ids.new(), house.clock.at()
    if not keys or len(keys) > MOST:
        raise BadInput("bad_chats", most=MOST)
    if not at < until <= add_months(at, 12):
        raise BadInput("bad_hold_end")

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor = speaker(house, sql, session)
        for chat in keys:
            _closed(house, sql, actor, chat, at)
        holds.add(sql, Hold(key, actor.account, reason, actor.id, at, None, None, until, None, keys))
        audit.note(house, sql, actor, "ask_hold", key, chats=len(keys))
        return key, []

    return unit


def _closed(house: House, sql: Sql, actor: Actor, key: str, at: int) -> Chat:
    """A chat that a hold may name: closed, and there for this admin, or out of reach by another hold alone."""
    chat = chats.load(sql, key)
    if chat is None:
        raise NotFound("not_found")
    need(actor, "hold", chat)
    if chat.state != "closed":
        raise Conflict("close_first")
    if not chat.is_held(at) and not has_words(house, sql, chat, at):
        raise NotFound("not_found")
    return chat


def approve(house: House, session: str, key: str) -> Unit[None]:
    """A second admin agrees: what has expired by now goes, the rest is held."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        hold = _pending(sql, actor, key, at)
        need_other(hold.asked_by, actor)
        audit.note(house, sql, actor, "approve_hold", key)
        return None, _hold(house, sql, hold, actor.id, at)

    return unit


def approve_alone(house: House, key: str) -> Unit[None]:
    """The host agrees at the box, where the account's one admin has nobody else; not before a day has passed."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        hold = _pending(sql, HOST, key, at)
        need_wait(sql, hold.account, hold.asked_at, at)
        audit.note(house, sql, audit.in_account(HOST, hold.account), "approve_hold", key)
        return None, _hold(house, sql, hold, HOST.id, at)

    return unit


def _pending(sql: Sql, actor: Actor, key: str, at: int) -> Hold:
    hold = _seen(sql, actor, key)
    if hold.approved_at is not None or hold.lifted_at is not None or hold.until <= at:
        raise Conflict("hold_settled")
    return hold


def _seen(sql: Sql, actor: Actor, key: str) -> Hold:
    """A hold all of whose chats this actor may hold. Raises NotFound."""
    hold = holds.hold(sql, key)
    if hold is None or not _may(sql, actor, hold):
        raise NotFound("not_found")
    return hold


def _may(sql: Sql, actor: Actor, hold: Hold) -> bool:
    return may_all(sql, actor, "hold", hold.account, hold.chats)


def _hold(house: House, sql: Sql, hold: Hold, by: str, at: int) -> list[Event]:
    """Closed chats are held; one that was reopened since it was named is not, and is out of the hold's reach."""
    named = [chat for chat in (chats.load(sql, key) for key in hold.chats) if chat]
    if any(chat.state != "closed" for chat in named):
        raise Conflict("close_first")
    if not named:
        raise Conflict("hold_settled")
    for chat in named:
        if not chat.is_held(at):
            strip(house, sql, chat)
    holds.approve(sql, hold.id, by, at)
    _tell(house, sql, "held", hold, named, at)
    return _changed(house, sql, hold, at)


def _changed(house: House, sql: Sql, hold: Hold, at: int) -> list[Event]:
    """Whoever sees the chats sees them without their words, or with them again."""
    named = [chat for chat in (chats.load(sql, key) for key in hold.chats) if chat]
    return [ChatChanged(state(house, sql, chat, at)) for chat in named if chat.is_held(at) or has_words(house, sql, chat, at)]


def lift(house: House, session: str, key: str) -> Unit[None]:
    """An admin ends a hold, or takes back what was asked for."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        hold = _seen(sql, actor, key)
        if hold.lifted_at is not None:
            raise Conflict("hold_settled")
        audit.note(house, sql, actor, "lift_hold", key)
        return None, _end(house, sql, hold, at)[1]

    return unit


def end_over(house: House) -> Unit[Report]:
    """Holds that came to their end are over; what went with them."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[Report, list[Event]]:
        report, events = Report(), list[Event]()
        for hold in holds.over(sql, at):
            gone, told = _end(house, sql, hold, at)
            report.add(gone)
            events += told
        return report, events

    return unit


def _end(house: House, sql: Sql, hold: Hold, at: int) -> tuple[Report, list[Event]]:
    """It lets go of its chats; those whose time is over by now are unreadable still."""
    holds.end(sql, hold.id, min(at, hold.until))
    if hold.approved_at is None:
        return Report(), []
    named = [chat for chat in (chats.load(sql, key) for key in hold.chats) if chat]
    _tell(house, sql, "hold_ended", hold, named, at)
    report, events = let_go(house, sql, named)
    return report, [*events, *_changed(house, sql, hold, at)]


def _tell(house: House, sql: Sql, kind: str, hold: Hold, named: Sequence[Chat], at: int) -> None:
    """One content-free entry for each site: an older database that comes back is held again, and let go of again."""
    for site in sorted({chat.site for chat in named}):
        marks = sorted(house.keys.tombstone("chat", chat.id) for chat in named if chat.site == site)
        told = {"hold": hold.id, "account": hold.account, "until": hold.until, "chats": len(marks), "marks": marks}
        ledger.append(sql, site, kind, told, ledger.moment(sql, at))


# Reads.


def listed(house: House, session: str, sql: Sql) -> list[Hold]:
    """The account's holds for an admin's eyes, newest first."""
    actor = speaker(house, sql, session)
    need(actor, "hold", Place(actor.account))
    return [hold for hold in holds.of_account(sql, actor.account) if _may(sql, actor, hold)]


class Shown(NamedTuple):
    """A hold for an admin's eyes. `labels`: of its chats that are there still; names are "" where the user is gone."""

    hold: Hold
    labels: list[str]
    asked_by: str
    approved_by: str


class Book(NamedTuple):
    """All holds that an admin may see. `admins`: how many could agree, whoever looks among them."""

    rows: list[Shown]
    admins: int


def book(house: House, session: str, sql: Sql) -> Book:
    """What the page of holds is made from, newest first."""
    rows = listed(house, session, sql)
    account = speaker(house, sql, session).account
    names = {user.id: user.name for user in users.of_account(sql, account)}
    return Book([_shown(sql, hold, names) for hold in rows], users.admins(sql, account))


def _shown(sql: Sql, hold: Hold, names: dict[str, str]) -> Shown:
    found = [label(chat) for chat in (chats.load(sql, key) for key in hold.chats) if chat]
    return Shown(hold, sorted(found), names.get(hold.asked_by, ""), names.get(hold.approved_by or "", ""))


def nameable(house: House, session: str, named: Sequence[str], sql: Sql) -> list[TeamChat]:
    """Those of some chats that this admin may hold, for the form that names them; others look as if they were not there."""
    actor, at = speaker(house, sql, session), house.clock.at()
    found = (chats.load(sql, key) for key in dict.fromkeys(named[: MOST + 1]))
    mine = [chat for chat in found if chat and chat.state == "closed" and may(actor, "hold", chat)]
    return [team_chat(state(house, sql, chat, at), reader(actor, chat), at) for chat in mine if has_words(house, sql, chat, at)]
