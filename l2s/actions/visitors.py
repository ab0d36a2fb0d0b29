"""What a visitor does. The session says who speaks and what the browser sent, sealed at the door; everything is decided again
inside the unit that writes (DESIGN 5): token, ban, state, law.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from l2s.actions.house import House
from l2s.actions.night import strip
from l2s.actions.states import choice_of, has_words, keep, law_of, load, move_marks, note_consent, stamp, state, token_is_over
from l2s.clock import DAY
from l2s.domain import chats as life
from l2s.domain.chats import DETAILS, Chat, Details
from l2s.domain.events import (
    ChatChanged,
    Event,
    MarksMoved,
    MessagePosted,
)
from l2s.domain.people import Actor
from l2s.domain.rights import need
from l2s.domain.text import client_id as checked_id
from l2s.domain.text import mail_address, message_text, one_line
from l2s.errors import BadInput, Conflict, Gone, NotFound
from l2s.privacy.gate import Sealed, admit, same
from l2s.privacy.ledger import Law, choice_under
from l2s.privacy.policy import Choice, When, rule_of
from l2s.store import chats, figures, ledger, messages
from l2s.store.chats import Visitor
from l2s.store.engine import Unit
from l2s.store.sql import Sql


class Visit(msgspec.Struct):
    """A visitor's session: who speaks (`actor.id` is the token's keyed hash, "" before `enter`) and what was shown and sent.

    `since`: ledger position of the law shown last; `token`: keyed hash of the token; `told`: details as admitted at the door;
    `ticked`: position of the law that the visitor agreed to, 0 = none.
    """

    actor: Actor
    since: int
    language: str
    objected: bool
    is_test: bool
    token: bytes = b""
    told: Details = Details()
    ticked: int = 0
    dropped: tuple[str, ...] = ()  # classes that came to the door and were not admitted


class Posted(NamedTuple):
    """The outcome of a send: `again` is the stored message where this was a resend."""

    chat: Chat
    again: MessagePosted | None


def send(house: House, visit: Visit, client_id: str, text: str) -> Unit[Posted]:
    """A message into the visitor's one live chat; the closed one is reopened in its days, else a new one begins."""
    key = checked_id(client_id)
    text = message_text(text, house.settings.message_max)
    new_chat, at, steady = house.ids.new(), house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[Posted, list[Event]]:
        known = _known(sql, visit, key)
        again = resent(house, sql, visit, key, text, at) if known.duplicate is not None else None
        if again:
            return again, []
        chat = known.chat
        if chat is None:
            return _first(house, sql, visit, known, Said(key, text, new_chat, at, steady))
        need(visit.actor, "send", chat)
        before, chat = chat, _with_objection(house, sql, visit, chat)
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        step = life.say(chat, "visitor", visit.actor.id, key, body(text, choice, law, chat.since), stamp(law, chat, at))
        chats.move(sql, chat, step.chat)
        messages.add(sql, step.messages[0])
        figures.count(sql, chat, "visitor_messages", at)
        told: list[Event] = [MessagePosted(step.chat, law, choice, step.messages[0])]
        if chat is not before:
            told.insert(0, ChatChanged(state(house, sql, step.chat, at)))
        return Posted(step.chat, None), told

    return unit


class Said(NamedTuple):
    """One send, with the ids and times that were drawn before the unit ran."""

    client_id: str
    text: str
    new_chat: str
    at: int
    steady: int


def _known(sql: Sql, visit: Visit, client_id: str) -> chats.Known:
    known = chats.known(sql, visit.actor.site, visit.actor.id, client_id)
    if known is None:
        raise NotFound("unknown_site")
    if not visit.actor.id:
        raise Conflict("enter_first")
    if known.visitor and not known.visitor.lives:
        raise Gone("token_ended")
    return known


def body(text: str, choice: Choice, law: Law, since: int) -> Sealed[str]:
    """A text as far as the law keeps it; refused where it does not."""
    words = admit(text, "message", choice, law, since)
    if words is None:
        asked = rule_of(law.rules, "message").when == When.TICKED and choice == Choice.NONE
        raise Conflict("tick_first" if asked else "not_collected")
    return words


def _with_objection(house: House, sql: Sql, visit: Visit, chat: Chat) -> Chat:
    """GPC or DNT of this session is an objection like any other."""
    if visit.objected and not chat.objected and _object(house, sql, visit):
        return msgspec.structs.replace(chat, objected=True, ticked=0)
    return chat


def _object(house: House, sql: Sql, visit: Visit) -> bool:
    """A known visitor's browser objects: it takes every tick back, and no backup forgets it."""
    if not chats.set_objected(sql, visit.actor.id, True):
        return False
    chats.set_ticked(sql, visit.actor.id, 0)
    told = {"visitor": house.keys.tombstone("visitor", visit.actor.id), "objected": True}
    ledger.append(sql, visit.actor.site, "choice", told, ledger.moment(sql, house.clock.at()))
    return True


def resent(house: House, sql: Sql, visit: Visit, key: str, text: str, at: int) -> Posted | None:
    """The stored message of an id that was used before, None where it was not; a conflict where it holds something else."""
    found = messages.by_client_id(sql, visit.actor.id, key)
    if found is None:
        return None
    message, chat_id = found
    chat = load(sql, chat_id)
    need(visit.actor, "send", chat)
    law = law_of(house, sql, chat, at)
    choice = choice_of(chat, law)
    if not message.withdrawn and not same(message.body, admit(text, "message", choice, law, chat.since)):
        raise Conflict("id_reused")
    return Posted(chat, MessagePosted(chat, law, choice, message))


def _first(house: House, sql: Sql, visit: Visit, known: chats.Known, said: Said) -> tuple[Posted, list[Event]]:
    """No live chat: reopen the last one, or begin."""
    events: list[Event] = []
    last = chats.latest(sql, visit.actor.id) if known.visitor else None
    if token_is_over(house, sql, last, said.at):
        raise Gone("token_ended")
    if last and has_words(house, sql, last, said.at) and life.reopens(last, said.at, house.settings.reopen_days * DAY):
        strip(house, sql, last)  # an open chat has no end to count from: what has expired would be readable again
        chat = _with_objection(house, sql, visit, load(sql, last.id))
        reopened = life.reopen(chat, stamp(law_of(house, sql, chat, said.at), chat, said.at))
        step, began = reopened.chat, reopened.messages
    else:
        step, began = _begin(house, sql, visit, known, said, last.id if last else None, "waiting", events), ()
        chat = step
    law = law_of(house, sql, step, said.at)
    choice = choice_of(step, law)
    posted = life.say(
        step, "visitor", visit.actor.id, said.client_id, body(said.text, choice, law, step.since), stamp(law, step, said.at)
    )
    result = life.Step(posted.chat, (*began, *posted.messages))
    figures.count(sql, step, "visitor_messages", said.at)
    figures.count(sql, step, "chats" if chat is step else "reopened", said.at)
    figures.set_due(sql, "silent", step.id, said.steady + house.settings.silent_days * DAY)
    return Posted(posted.chat, None), [*events, *keep(house, sql, chat, result, said.at)]


def _begin(
    house: House, sql: Sql, visit: Visit, known: chats.Known, said: Said, previous: str | None, how: life.State,
    events: list[Event],
) -> Chat:  # fmt: skip
    """A new chat, and for a stranger's first one the visitor's row and the scope's `Opened` entry."""
    account, department, head = known.site
    site, at = visit.actor.site, said.at
    objected = visit.objected or bool(known.visitor and known.visitor.objected)
    ticked = known.visitor.ticked if known.visitor else visit.ticked
    law = house.laws.governing(sql, site, visit.since, head, at)
    choice = choice_under(objected, ticked, law)
    is_test = known.visitor.is_test if known.visitor else visit.is_test
    if known.visitor is None:
        if not visit.is_test and _open_scope(sql, site, at):
            head = ledger.head(sql, site)
        token = admit(visit.token, "device_token", choice, law, visit.since)
        person = Visitor(visit.actor.id, account, site, True, objected, visit.is_test, ticked)
        chats.add_visitor(sql, person, token, at - at % DAY, visit.since)
    elif objected and not known.visitor.objected:
        _object(house, sql, visit)
    chat = Chat(
        said.new_chat, account, site, department, visit.actor.id, how, 0, 0, 0, visit.since, head, objected,
        previous=previous, opened_at=admit(at, "times", choice, law, visit.since), language=visit.language, is_test=is_test,
        ticked=ticked,
    )  # fmt: skip
    need(visit.actor, "send", chat)
    chats.add(sql, chat)
    told = admitted(visit.told, choice, law, visit.since)
    chats.set_details(sql, chat, told)
    note_consent(house, sql, chat, "tick" if choice == Choice.TICKED else "line", at)
    for name in DETAILS[2:]:
        if name in visit.dropped or (getattr(visit.told, name) is not None and getattr(told, name) is None):
            figures.dropped(sql, site, name, at)
    return chat


def admitted(told: Details, choice: Choice, law: Law, since: int) -> Details:
    """Details through the gate again, under the law of the unit."""
    return Details(*(admit(getattr(told, name), name, choice, law, since) for name in DETAILS))


def _open_scope(sql: Sql, site: str, at: int) -> bool:
    """The first thing that is kept of a stranger opens the scope: from now on widenings wait."""
    if ledger.is_opened(sql, site):
        return False
    ledger.append(sql, site, "opened", {}, ledger.moment(sql, at))
    return True


def leave(house: House, visit: Visit, client_id: str, text: str, mail: str | None, name: str | None) -> Unit[Posted]:
    """The message form: a chat that is `left`, with where to answer; a waiting one becomes it. Its reference is its label."""
    key = checked_id(client_id)
    text = message_text(text, house.settings.message_max)
    if not mail or not mail.strip():
        raise BadInput("mail_needed")
    mail = mail_address(mail)
    name = one_line(name, 120, "bad_name") if name and name.strip() else None
    said = Said(key, text, house.ids.new(), house.clock.at(), house.clock.steady())

    def unit(sql: Sql) -> tuple[Posted, list[Event]]:
        known = _known(sql, visit, key)
        again = resent(house, sql, visit, key, text, said.at) if known.duplicate is not None else None
        if again:
            return again, []
        events: list[Event] = []
        before = known.chat or _begin(house, sql, visit, known, said, None, "left", events)
        chat = life.leave(_with_objection(house, sql, visit, before))
        need(visit.actor, "leave", chat)
        law = law_of(house, sql, chat, said.at)
        choice = choice_of(chat, law)
        chats.set_details(sql, chat, _told(name, mail, choice, law, chat.since))
        step = life.say(chat, "visitor", visit.actor.id, key, body(text, choice, law, chat.since), stamp(law, chat, said.at))
        figures.count(sql, chat, "left", said.at)
        figures.set_due(sql, "silent", chat.id, said.steady + house.settings.silent_days * DAY)
        return Posted(step.chat, None), [*events, *keep(house, sql, before, step, said.at)]

    return unit


def _told(name: str | None, mail: str, choice: Choice, law: Law, since: int) -> Details:
    return Details(name=admit(name, "name", choice, law, since), mail=admit(mail, "mail", choice, law, since))


def mine(sql: Sql, visit: Visit) -> Chat:
    """The visitor's newest chat; NotFound where nothing is held."""
    visitor = chats.visitor(sql, visit.actor.id)
    chat = chats.latest(sql, visit.actor.id) if visitor and visitor.lives else None
    if chat is None or chat.site != visit.actor.site:
        raise NotFound("not_found")
    return chat


def mark(house: House, visit: Visit, delivered: int, read: int) -> Unit[None]:
    """The visitor's watermarks move; never back, never past the end."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        chat = mine(sql, visit)
        need(visit.actor, "mark", chat)
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        moved = move_marks((chat.visitor_delivered, chat.visitor_read), delivered, read, chat, law, choice, at)
        if moved is None:
            return None, []
        chats.set_visitor_marks(sql, chat.id, *moved)
        after = msgspec.structs.replace(chat, visitor_delivered=moved[0], visitor_read=moved[1])
        return None, [MarksMoved(after, law, choice, None, None)]

    return unit


def end(house: House, visit: Visit) -> Unit[None]:
    """The visitor ends the chat."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        chat = mine(sql, visit)
        need(visit.actor, "end", chat)
        step = life.close(chat, "visitor", None, at, stamp(law_of(house, sql, chat, at), chat, at))
        figures.clear_subject(sql, chat.id)
        figures.count(sql, chat, "closed", at, chat.owner or "")
        return None, keep(house, sql, chat, step, at)

    return unit
