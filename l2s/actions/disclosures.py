"""Giving out what is held, by the first of the three doors alone (P8a): a ground, an authority, a scope, a second person, a
sealed bundle (actions/bundling); and its subjects are told, at once or when a dated gag is over.

Invariants: nothing leaves before somebody else agreed, but for somebody's safety, where the agreement is due within a day; what
leaves passed `release` for `comply`; of what left only salted hashes and counts stay; no bundle is ever stored here, so an
erasure has nothing to look for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, get_args

import msgspec

from l2s.actions import audit
from l2s.actions.approval import may_all, need_other, need_wait
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.states import has_words, keep, law_of, load, stamp
from l2s.clock import DAY
from l2s.domain import chats as life
from l2s.domain.bundles import Bundle, Checked
from l2s.domain.chats import Chat
from l2s.domain.events import Event
from l2s.domain.months import add_months
from l2s.domain.people import HOST, Actor
from l2s.domain.rights import Place, need
from l2s.domain.text import message_text, one_line
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.ledger import Entry
from l2s.protocol.audience import label
from l2s.store import chats, disclosures, erasure, ledger, users
from l2s.store.disclosures import Disclosure, Ground, Handed
from l2s.store.engine import Unit
from l2s.store.sql import Sql

WORDS_MAX: Final = 500
NAME_MAX: Final = 120
MOST: Final = 200  # chats of one disclosure
WINDOW: Final = 14 * DAY  # in which a bundle can be made after it was agreed to
AGREED_WITHIN: Final = DAY  # by somebody else, where safety did not wait for it


class Wanted(NamedTuple):
    """What somebody asks an admin to give out. `gag_until` None: its subjects are told at once."""

    ground: str
    authority: str
    reference: str
    scope: str
    chats: Sequence[str]
    gag_until: int | None = None
    gag_reason: str = ""


def ask(house: House, session: str, wanted: Wanted) -> Unit[str]:
    """An admin, who has just proved again who they are, enters what is asked for. Returns its id."""
    at = house.clock.at()
    asked = _checked(wanted, house.ids.new(), at)

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor = speaker(house, sql, session)
        for key in asked.chats:
            _readable(house, sql, actor, key, at)
        disclosures.add(sql, msgspec.structs.replace(asked, account=actor.account, asked_by=actor.id))
        audit.note(house, sql, actor, "ask_disclosure", asked.id, chats=len(asked.chats))
        return asked.id, []

    return unit


def _checked(wanted: Wanted, key: str, at: int) -> Disclosure:
    if wanted.ground not in get_args(Ground):
        raise BadInput("bad_ground")
    authority = one_line(wanted.authority, NAME_MAX, "bad_authority")
    reference = one_line(wanted.reference, NAME_MAX, "bad_reference")
    scope, keys = message_text(wanted.scope, WORDS_MAX), tuple(dict.fromkeys(wanted.chats))
    if not keys or len(keys) > MOST:
        raise BadInput("bad_chats", most=MOST)
    reason = ""
    if wanted.gag_until is not None:
        if not at < wanted.gag_until <= add_months(at, 12):
            raise BadInput("bad_gag_end")
        reason = one_line(wanted.gag_reason, NAME_MAX, "bad_gag_reason")
    ground: Ground = next(one for one in get_args(Ground) if one == wanted.ground)
    return Disclosure(
        key, "", ground, authority, reference, scope, "", at, None, None, None, wanted.gag_until, reason, None, None, (), keys
    )


def _readable(house: House, sql: Sql, actor: Actor, key: str, at: int) -> Chat:
    """A chat that this admin may give out: one whose words are there, or are held by law."""
    chat = chats.load(sql, key)
    if chat is None:
        raise NotFound("not_found")
    need(actor, "disclose", chat)
    if not chat.is_held(at) and not has_words(house, sql, chat, at):
        raise NotFound("not_found")
    return chat


def approve(house: House, session: str, key: str) -> Unit[None]:
    """Another admin, who has just proved again who they are, agrees."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        one = _pending(sql, actor, key)
        need_other(one.asked_by, actor)
        disclosures.approve(sql, key, actor.id, at)
        audit.note(house, sql, actor, "approve_disclosure", key)
        return None, []

    return unit


def approve_alone(house: House, key: str) -> Unit[None]:
    """The host agrees at the box, where the account's one admin has nobody else, and a day after it was asked for."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        one = _pending(sql, HOST, key)
        need_wait(sql, one.account, one.asked_at, at)
        disclosures.approve(sql, key, HOST.id, at)
        audit.note(house, sql, audit.in_account(HOST, one.account), "approve_disclosure", key)
        return None, []

    return unit


def end(house: House, session: str, key: str) -> Unit[None]:
    """An admin refuses it, or takes it back: nothing leaves by it any more."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        if not disclosures.end(sql, _seen(sql, actor, key).id, at):
            raise Conflict("disclosure_settled")
        ledger.append(sql, ledger.SERVER, "disclosure_ended", {"disclosure": key}, ledger.moment(sql, at))
        audit.note(house, sql, actor, "end_disclosure", key)
        return None, []

    return unit


def _pending(sql: Sql, actor: Actor, key: str) -> Disclosure:
    one = _seen(sql, actor, key)
    if one.approved_at is not None or one.ended_at is not None:
        raise Conflict("disclosure_settled")
    return one


def _seen(sql: Sql, actor: Actor, key: str) -> Disclosure:
    """One all of whose chats this actor may give out. Raises NotFound."""
    one = disclosures.disclosure(sql, key)
    if one is None or not _may(sql, actor, one):
        raise NotFound("not_found")
    return one


def _may(sql: Sql, actor: Actor, one: Disclosure) -> bool:
    return may_all(sql, actor, "disclose", one.account, one.chats)


def leaves_until(one: Disclosure) -> int | None:
    """Until when a bundle can be made, wall ms; None = nothing leaves by it (yet)."""
    if one.ended_at is not None:
        return None
    if one.approved_at is not None:
        return one.approved_at + WINDOW
    return one.asked_at + AGREED_WITHIN if one.ground == "safety" else None


# What leaves.


class Prepared(NamedTuple):
    """A bundle of one snapshot. `revs`: of the chats in it, so that one that changed since does not leave."""

    bundle: Bundle
    counts: dict[str, int]
    revs: dict[str, int]


def leaving(house: House, sql: Sql, actor: Actor, key: str) -> Disclosure:
    """One that may leave now, with every chat of it. Raises NotFound, Conflict."""
    one, at = _seen(sql, actor, key), house.clock.at()
    until = leaves_until(one)
    if until is None:
        raise Conflict("not_agreed" if one.ended_at is None else "disclosure_settled")
    if until <= at:
        raise Conflict("disclosure_over")
    if not one.chats:
        raise Conflict("nothing_left")
    for name in one.chats:
        _readable(house, sql, actor, name, at)
    return one


def hand_over(house: House, session: str, key: str, made: Prepared) -> Unit[None]:
    """It leaves now: on record before its first byte is sent. Refused where a chat of it changed or went since."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        one = leaving(house, sql, actor, key)
        if {name: load(sql, name).rev for name in one.chats} != made.revs:
            raise Conflict("changed_meanwhile")
        disclosures.hand(sql, one, Handed(at, actor.id, made.bundle.seal, made.bundle.sums, made.counts))
        told = {
            "disclosure": one.id, "account": one.account, "ground": one.ground, "seal": made.bundle.seal,
            "chats": len(one.chats), "marks": sorted(house.keys.tombstone("chat", name) for name in one.chats),
            "asked_at": one.asked_at, "agreed": one.approved_at is not None, "gag_until": one.gag_until,
        }  # fmt: skip
        ledger.append(sql, ledger.SERVER, "disclosed", told, ledger.moment(sql, at))
        audit.note(house, sql, actor, "hand_over", key, chats=len(one.chats))
        return None, _tell(house, sql, one, at) if (one.gag_until or 0) <= at else []

    return unit


# Its subjects.


def _tell(house: House, sql: Sql, one: Disclosure, at: int) -> list[Event]:
    """Each chat says that something of it was given out; My data says to whom and why."""
    disclosures.set_told(sql, one.id, at)
    events: list[Event] = []
    for name in one.chats:
        chat = load(sql, name)
        step = life.tell(chat, stamp(law_of(house, sql, chat, at), chat, at), "disclosed")
        told = keep(house, sql, chat, step, at)
        events += told if has_words(house, sql, chat, at) else []
    return events


def tell_over(house: House) -> Unit[int]:
    """Gags that came to their end: whoever was not told is told. Returns of how many disclosures."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        found, events = disclosures.untold(sql, at), list[Event]()
        for one in found:
            events += _tell(house, sql, one, at)
        return len(found), events

    return unit


# Reads.


class Shown(NamedTuple):
    """One for an admin's eyes. `labels`: of its chats that are there still; names are "" where the user is gone."""

    one: Disclosure
    labels: list[str]
    asked_by: str
    approved_by: str
    late: bool


class Book(NamedTuple):
    """All that an admin may see. `admins`: how many could agree."""

    rows: list[Shown]
    admins: int


def book(house: House, session: str, sql: Sql) -> Book:
    """What the page is made from, newest first."""
    actor, at = speaker(house, sql, session), house.clock.at()
    need(actor, "disclose", Place(actor.account))
    names = {user.id: user.name for user in users.of_account(sql, actor.account)}
    late = {one.id for one in disclosures.late(sql, at - AGREED_WITHIN)}
    rows = []
    for one in disclosures.of_account(sql, actor.account):
        if _may(sql, actor, one):
            labels = sorted(label(chat) for chat in (chats.load(sql, key) for key in one.chats) if chat)
            by = names.get(one.asked_by, ""), names.get(one.approved_by or "", "")
            rows.append(Shown(one, labels, *by, one.id in late))
    return Book(rows, users.admins(sql, actor.account))


def late(house: House, sql: Sql) -> int:
    """How many left for somebody's safety more than a day ago, and nobody else has agreed: an alarm (P8)."""
    return len(disclosures.late(sql, house.clock.at() - AGREED_WITHIN))


def verified(checked: Checked, sql: Sql) -> dict[str, Any]:
    """A bundle that somebody brings back: is it one that left here, unchanged?"""
    one = disclosures.by_seal(sql, checked.seal) if checked.seal else None
    entry = ledger.of_seal(sql, checked.seal) if checked.seal else None
    return {
        "files": checked.files, "changed": checked.wrong, "seal": checked.seal,
        "disclosure": one.id if one else None, "ledger_position": entry,
    }  # fmt: skip


def replay(house: House, sql: Sql, entries: Sequence[Entry]) -> None:
    """What an older database forgot: that something left stays on record, without words that are lost (rule 5)."""
    for entry in entries:
        if entry.kind == "disclosure_ended":
            disclosures.end(sql, msgspec.json.decode(entry.data)["disclosure"], entry.wall)
    told = [(entry.wall, msgspec.json.decode(entry.data)) for entry in entries if entry.kind == "disclosed"]
    marks = {house.keys.tombstone("chat", key): key for key in erasure.all_of(sql, "chats")} if told else {}
    for at, data in told:
        if disclosures.disclosure(sql, data["disclosure"]) is None:
            disclosures.add(sql, _remembered(data, tuple(marks[mark] for mark in data["marks"] if mark in marks)))
        if data["agreed"]:
            disclosures.approve(sql, data["disclosure"], HOST.id, at)
        one = disclosures.disclosure(sql, data["disclosure"])
        if one and all(handed.seal != data["seal"] for handed in one.handed):
            disclosures.hand(sql, one, Handed(at, HOST.id, data["seal"], {}, {}))


def _remembered(data: dict[str, Any], named: tuple[str, ...]) -> Disclosure:
    return Disclosure(
        data["disclosure"], data["account"], data["ground"], _LOST, _LOST, _LOST, HOST.id, data["asked_at"], None, None,
        None, data["gag_until"], "", None, None, (), named,
    )  # fmt: skip


_LOST: Final = "Known from the ledger alone: a newer database was lost."
