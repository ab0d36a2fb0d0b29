"""My data (P5): what is held about a person, why, until when and who saw it; corrections, statements, the wish to be erased.

Invariants: what is shown is counted from the registry of holdings and passes `release`, so it is what is held, no more and no
less; an erasure waits a day in sight, so that a shared computer is no weapon, and can be taken back until then.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from l2s.actions import audit
from l2s.actions.erasure import ERASE_DUE
from l2s.actions.house import House
from l2s.actions.states import choice_of, has_words, keep, law_of, load, stamp
from l2s.actions.visitors import Posted, Visit, body, mine, resent
from l2s.actions.welcome import law_now
from l2s.clock import DAY
from l2s.domain import chats as life
from l2s.domain.chats import DETAILS, Chat
from l2s.domain.events import Event
from l2s.domain.text import client_id as checked_id
from l2s.domain.text import mail_address, message_text, one_line
from l2s.errors import NotFound
from l2s.privacy.classes import SITE_CLASSES, chain
from l2s.privacy.gate import PERSON, Sealed, admit, is_expired, release
from l2s.privacy.ledger import Law, choice_under
from l2s.privacy.policy import OFF, Choice, keep_name, permits, rule_of
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa
from l2s.protocol.audience import label, law_view
from l2s.store import chats, disclosures, erasure, figures, ledger, messages, openings
from l2s.store.engine import Unit
from l2s.store.sql import Sql

CORRECTED: Final[tuple[Literal["name", "mail"], ...]] = ("name", "mail")
WAIT: Final = DAY  # between the wish to be erased and the erasure, where no mail address can prove who asks


class _Person:
    """A visitor with every chat that is held, each under its own law."""

    def __init__(self, house: House, visit: Visit, sql: Sql) -> None:
        self.at = house.clock.at()
        found = chats.visitor(sql, visit.actor.id) if visit.actor.id else None
        if found is None or not found.lives or found.site != visit.actor.site:
            raise NotFound("not_found")
        self.visitor = found
        self.chats: list[tuple[Chat, Law, Choice]] = []
        for key in chats.of_visitor(sql, found.id):
            chat = load(sql, key)
            law = law_of(house, sql, chat, self.at)
            self.chats.append((chat, law, choice_of(chat, law)))
        self.reachable = [one for one in self.chats if has_words(house, sql, one[0], self.at)]

    def holds(self, cls: str, chat: Chat, law: Law, choice: Choice) -> bool:
        """Is anything of this class of this chat still readable?"""
        rule = rule_of(law.rules, cls)
        return permits(rule, choice) and not is_expired(rule.keep, chat.ended_at, self.at)


def my_data(house: House, visit: Visit, sql: Sql) -> fr.MyData:
    """Everything that is held about the person of this session. Of somebody who never wrote, nothing is."""
    law, at = law_now(house, visit, sql), house.clock.at()
    never = [cls for cls in SITE_CLASSES if rule_of(law.rules, cls) == OFF]
    try:
        person = _Person(house, visit, sql)
    except NotFound:
        choice = choice_under(visit.objected, visit.ticked, law)
        told = choice == Choice.OBJECTED, choice == Choice.TICKED
        return fr.MyData(law_view(law), [], [], [], [], [], never, *told, None, at)
    found = person.visitor
    choice = choice_under(found.objected or visit.objected, found.ticked, law)
    return fr.MyData(
        law_view(law), _classes(person, sql), [_chat(person, sql, *one) for one in person.chats], _notes(person, sql),
        _opened(person, sql), _given_out(person, sql), never, choice == Choice.OBJECTED, choice == Choice.TICKED,
        erasure.erase_at(sql, found.id), at,
    )  # fmt: skip


def _until(chat: Chat, law: Law, cls: str) -> int | None:
    days = keep_name(rule_of(law.rules, cls).keep)
    return chat.ended_at + days * DAY if chat.ended_at is not None and isinstance(days, int) else None


def _classes(person: _Person, sql: Sql) -> list[pa.HeldClass]:
    rows: dict[str, pa.HeldClass] = {}
    for chat, law, choice in person.chats:
        counts = erasure.count(sql, "chats", chat.id)
        values = _details(person, sql, chat, law, choice)
        for cls, n in counts.items():
            if person.holds(cls, chat, law, choice):
                _add(rows, law, cls, n, values.get(cls), _until(chat, law, cls))
    for cls, n in erasure.count(sql, "visitors", person.visitor.id, direct=True).items():
        if person.chats:
            _add(rows, person.chats[-1][1], cls, n, None, _until(person.chats[-1][0], person.chats[-1][1], cls))
    return [rows[cls] for cls in SITE_CLASSES if cls in rows]


def _add(rows: dict[str, pa.HeldClass], law: Law, cls: str, n: int, value: str | None, until: int | None) -> None:
    rule = rule_of(law.rules, cls)
    row = rows.get(cls)
    if row is None:
        row = rows[cls] = pa.HeldClass(
            cls, chain(cls)[rule.level], 0, [], sorted(rule.purposes), sorted(rule.audience),
            sorted(", ".join(pair) for pair in rule.recipients), keep_name(rule.keep), until,
        )  # fmt: skip
    row.count += n
    row.until = min(until, row.until) if until is not None and row.until is not None else until or row.until
    if value is not None and value not in row.values:
        row.values.append(value)


def _details(person: _Person, sql: Sql, chat: Chat, law: Law, choice: Choice) -> dict[str, str]:
    told = chats.details(sql, chat)
    found: dict[str, str] = {}
    for name in DETAILS:
        sealed: Sealed[str] | None = getattr(told, name)
        value = release(sealed, "answer", PERSON, choice, law, person.at)
        if value is not None:
            found[name] = value
    return found


def _chat(person: _Person, sql: Sql, chat: Chat, law: Law, choice: Choice) -> pa.HeldChat:
    readable = person.holds("message", chat, law, choice)
    return pa.HeldChat(
        chat.id, label(chat), chat.state, messages.count(sql, chat) if readable else 0,
        release(chat.opened_at, "answer", PERSON, choice, law, person.at), chat.ended_at, _until(chat, law, "message"),
        chat.held_until if chat.is_held(person.at) else None,
    )  # fmt: skip


def _notes(person: _Person, sql: Sql) -> list[pa.NoteAbout]:
    rows = []
    for chat, law, choice in person.chats:
        for note, author in messages.notes(sql, chat):
            text = release(note.note, "answer", PERSON, choice, law, person.at)
            if text is not None:
                at = release(note.at, "answer", PERSON, choice, law, person.at)
                rows.append(pa.NoteAbout(chat.id, author, text, at))
    return rows


def _opened(person: _Person, sql: Sql) -> list[pa.Opening]:
    return [
        pa.Opening(chat.id, one.name, one.role, one.day * DAY, release(one.at, "answer", PERSON, choice, law, person.at))
        for chat, law, choice in person.chats
        for one in openings.of_chat(sql, chat)
    ]


def _given_out(person: _Person, sql: Sql) -> list[pa.GivenOut]:
    """What left on one of the seed's grounds; what a gag forbids to name is not among it."""
    return [
        pa.GivenOut(chat.id, handed.at, one.authority, one.ground)
        for chat, _, _ in person.chats
        for one in disclosures.of_chat(sql, chat.id)
        for handed in one.handed
    ]


def take_copy(house: House, visit: Visit) -> Unit[None]:
    """The person's own instruction (P8c): that a copy was taken along stands in the audit log."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        _Person(house, visit, sql)
        audit.note(house, sql, visit.actor, "take_copy", person=visit.actor.id)
        return None, []

    return unit


def correct(house: House, visit: Visit, name: str | None, mail: str | None) -> Unit[None]:
    """Another name or mail address in every chat that is held; "" takes it out. The team reads that it was corrected."""
    name = one_line(name, 120, "bad_name") if name and name.strip() else name and ""
    mail = mail_address(mail) if mail and mail.strip() else mail and ""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        person = _Person(house, visit, sql)
        if not person.reachable:
            raise NotFound("not_found")
        for chat, law, choice in person.reachable:
            for cls in CORRECTED:
                value = name if cls == "name" else mail
                if value is not None and person.holds(cls, chat, law, choice):
                    chats.correct(sql, chat, cls, admit(value or None, cls, choice, law, chat.since))
        chat, law, _ = person.reachable[-1]
        return None, keep(house, sql, chat, life.tell(chat, stamp(law, chat, at), "corrected"), at)

    return unit


def state_own(house: House, visit: Visit, client_id: str, text: str) -> Unit[Posted]:
    """A statement about what is held, in the newest chat; it reopens nothing."""
    key, text, at = checked_id(client_id), message_text(text, house.settings.message_max), house.clock.at()

    def unit(sql: Sql) -> tuple[Posted, list[Event]]:
        again = resent(house, sql, visit, key, text, at)
        if again:
            return again, []
        chat = mine(sql, visit)
        if not has_words(house, sql, chat, at):
            raise NotFound("not_found")
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        told = life.tell(chat, stamp(law, chat, at), "statement")
        words: Any = body(text, choice, law, chat.since)
        said = life.say(told.chat, "visitor", visit.actor.id, key, words, stamp(law, chat, at))
        step = life.Step(said.chat, (*told.messages, *said.messages))
        return Posted(step.chat, None), keep(house, sql, chat, step, at)

    return unit


def ask_erasure(house: House, visit: Visit) -> Unit[int]:
    """The wish to be erased: carried out a day later unless taken back. Returns when, wall ms; asking again moves nothing."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        person = _Person(house, visit, sql)
        already = erasure.erase_at(sql, person.visitor.id)
        if already is not None:
            return already, []
        erasure.set_erase_at(sql, person.visitor.id, at + WAIT)
        figures.set_due(sql, ERASE_DUE, person.visitor.id, steady + WAIT)
        _note_wish(house, sql, person, at + WAIT, at)
        return at + WAIT, _told(house, sql, person, "erase_asked", at)

    return unit


def keep_mine(house: House, visit: Visit) -> Unit[None]:
    """The wish is taken back."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        person = _Person(house, visit, sql)
        if erasure.erase_at(sql, person.visitor.id) is None:
            return None, []
        erasure.set_erase_at(sql, person.visitor.id, None)
        figures.clear_due(sql, ERASE_DUE, person.visitor.id)
        _note_wish(house, sql, person, None, at)
        return None, _told(house, sql, person, "erase_kept", at)

    return unit


def _note_wish(house: House, sql: Sql, person: _Person, erase_at: int | None, at: int) -> None:
    """A restored backup must not forget that somebody wants to be erased, nor bring back a wish that was taken back."""
    told = {"visitor": house.keys.tombstone("visitor", person.visitor.id), "erase_at": erase_at}
    ledger.append(sql, person.visitor.site, "choice", told, ledger.moment(sql, at))


def _told(house: House, sql: Sql, person: _Person, name: str, at: int) -> list[Event]:
    """The newest chat says so, to both sides: whoever else sits at this computer reads it there."""
    if not person.reachable:
        return []
    chat, law, _ = person.reachable[-1]
    return keep(house, sql, chat, life.tell(chat, stamp(law, chat, at), name), at)
