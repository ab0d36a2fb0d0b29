"""What a user does at the desk. Who speaks is loaded again in each unit by the session, so rights, limits and a sign-out hold
at once; what a user may see of a chat is asked of `may`, what of its data of `release`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from l2s.actions import audit
from l2s.actions.house import House
from l2s.actions.states import choice_of, has_words, keep, law_of, load, move_marks, stamp, state
from l2s.clock import DAY, MINUTE
from l2s.domain import chats as life
from l2s.domain.chats import Chat, Message, Participant
from l2s.domain.events import ChatState, Event, MarksMoved, MessagePosted, PeopleChanged, Typing
from l2s.domain.people import Actor, User
from l2s.domain.rights import Place, may, need, reader
from l2s.domain.text import client_id as checked_id
from l2s.domain.text import message_text
from l2s.errors import Conflict, NotFound, SignInNeeded
from l2s.privacy.gate import MACHINE, admit, release, same
from l2s.privacy.policy import keep_name, rule_of
from l2s.privacy.retention import words_left
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa
from l2s.protocol.audience import label, team_chat
from l2s.store import accounts, chats, figures, messages, openings, users
from l2s.store.accounts import Site
from l2s.store.engine import Unit
from l2s.store.sql import Sql


def speaker(house: House, sql: Sql, session: str) -> Actor:
    """Who speaks by this session now. Raises SignInNeeded."""
    actor = users.speaker(sql, session, house.clock.steady())
    if actor is None:
        raise SignInNeeded("signed_out")
    return actor


def _as_user(sql: Sql, actor: Actor) -> User:
    user = users.user(sql, actor.id)
    if user is None:
        raise SignInNeeded("signed_out")
    return user


def _readable(house: House, sql: Sql, actor: Actor, chat_id: str, verb: str) -> Chat:
    """A chat that this user may `verb` and whose words did not expire. Raises NotFound."""
    chat = load(sql, chat_id)
    need(actor, verb, chat)
    if not has_words(house, sql, chat, house.clock.at()):
        raise NotFound("not_found")
    return chat


def _on_chat(house: House, session: str, chat_id: str, verb: str, act: Callable[[Sql, Actor, Chat], list[Event]]) -> Unit[None]:
    """A unit that loads speaker and chat, asks the right, and acts."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        return None, act(sql, actor, _readable(house, sql, actor, chat_id, verb))

    return unit


def _seat(sql: Sql, chat: Chat, user: str, joined: bool) -> None:
    """Join or leave, keeping the marks."""
    old = chats.participant(sql, chat, user) or Participant(user, False, 0)
    chats.set_participant(sql, chat, msgspec.structs.replace(old, joined=joined))


def take(house: House, session: str, chat_id: str) -> Unit[None]:
    """Take a waiting chat or an offline message: one winner, the others are told who."""
    at, steady = house.clock.at(), house.clock.steady()

    def act(sql: Sql, actor: Actor, chat: Chat) -> list[Event]:
        law = law_of(house, sql, chat, at)
        opened = release(chat.opened_at, "run", MACHINE, choice_of(chat, law), law, at)
        waited = max(0, (at - opened) // 1000) if opened is not None and chat.state == "waiting" else None
        step = life.take(chat, actor.id, stamp(law, chat, at), waited)
        if not step.messages:
            return []
        _seat(sql, chat, actor.id, True)
        figures.count(sql, chat, "taken", at, actor.id)
        if waited is not None:
            figures.count(sql, chat, "waited_seconds", at, actor.id, waited)
        figures.set_due(sql, "quiet", chat.id, steady + house.settings.quiet_minutes * MINUTE)
        return keep(house, sql, chat, step, at)

    return _on_chat(house, session, chat_id, "take", act)


def join(house: House, session: str, chat_id: str) -> Unit[None]:
    """Join a chat that a colleague has."""
    at = house.clock.at()

    def act(sql: Sql, actor: Actor, chat: Chat) -> list[Event]:
        if chat.state != "open":
            raise Conflict("chat_closed" if chat.state == "closed" else "take_first")
        seat = chats.participant(sql, chat, actor.id)
        if seat and seat.joined:
            return []
        _seat(sql, chat, actor.id, True)
        step = life.tell(chat, stamp(law_of(house, sql, chat, at), chat, at), "joined", user=actor.id)
        return keep(house, sql, chat, step, at)

    return _on_chat(house, session, chat_id, "join", act)


def give_back(house: House, session: str, chat_id: str) -> Unit[None]:
    """Back to the queue."""
    at = house.clock.at()

    def act(sql: Sql, actor: Actor, chat: Chat) -> list[Event]:
        return returned(house, sql, chat, actor.id, at)

    return _on_chat(house, session, chat_id, "give_back", act)


def returned(house: House, sql: Sql, chat: Chat, user: str, at: int) -> list[Event]:
    """One user's open chat goes back to the queue."""
    step = life.give_back(chat, user, stamp(law_of(house, sql, chat, at), chat, at))
    _seat(sql, chat, user, False)
    figures.clear_due(sql, "quiet", chat.id)
    figures.clear_due(sql, "close", chat.id)
    return keep(house, sql, chat, step, at)


def give_up(house: House, chat_id: str) -> Unit[None]:
    """The owner is not here, and the visitor has the last word: back to the queue, where somebody else hears of it."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        chat = load(sql, chat_id)
        if chat.state != "open" or chat.owner is None or (messages.last_by(sql, chat) or ("", 0))[0] != "visitor":
            return None, []
        return None, returned(house, sql, chat, chat.owner, at)

    return unit


class Outgoing(NamedTuple):
    """A user's text or note. `seen`: newest seq that this client showed; `anyway`: sent although newer lines came."""

    chat: str
    client_id: str
    text: str
    seen: int = 0
    anyway: bool = False


def reply(house: House, session: str, out: Outgoing) -> Unit[MessagePosted | None]:
    """A text to the visitor. Held once if others wrote after `seen` (O3): the check is here, so every client behaves alike."""
    key, text = checked_id(out.client_id), message_text(out.text, house.settings.message_max)
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[MessagePosted | None, list[Event]]:
        actor = speaker(house, sql, session)
        chat = _readable(house, sql, actor, out.chat, "send")
        again = _again(house, sql, actor, chat, key, text, at)
        if again:
            return again, []
        seat = chats.participant(sql, chat, actor.id)
        life.refuse_user_send(chat, bool(seat and seat.joined))
        if not out.anyway and messages.has_newer(sql, chat, out.seen, actor.id):
            raise Conflict("newer_lines")
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        body = admit(text, "message", choice, law, chat.since)
        step = life.say(chat, "user", actor.id, key, body, stamp(law, chat, at))
        chats.move(sql, chat, step.chat)
        messages.add(sql, step.messages[0])
        figures.count(sql, chat, "user_messages", at, actor.id)
        return None, [MessagePosted(step.chat, law, choice, step.messages[0])]

    return unit


def write_note(house: House, session: str, out: Outgoing) -> Unit[MessagePosted | None]:
    """A note for the team: possible in any state, by anyone who may read the chat."""
    key, text = checked_id(out.client_id), message_text(out.text, house.settings.message_max)
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[MessagePosted | None, list[Event]]:
        actor = speaker(house, sql, session)
        chat = _readable(house, sql, actor, out.chat, "note")
        again = _again(house, sql, actor, chat, key, text, at)
        if again:
            return again, []
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        body = admit(text, "about", choice, law, chat.since)
        if body is None:
            raise Conflict("not_collected")
        step = life.note(chat, actor.id, key, body, stamp(law, chat, at))
        chats.move(sql, chat, step.chat)
        messages.add(sql, step.messages[0])
        return None, [MessagePosted(step.chat, law, choice, step.messages[0])]

    return unit


def _again(house: House, sql: Sql, actor: Actor, chat: Chat, key: str, text: str, at: int) -> MessagePosted | None:
    """The stored message where this is a resend; a conflict where the id was used for something else."""
    found = messages.by_client_id(sql, actor.id, key)
    if found is None:
        return None
    message, chat_id = found
    law = law_of(house, sql, chat, at)
    choice = choice_of(chat, law)
    held = message.note if message.kind == "note" else message.body
    cls = "about" if message.kind == "note" else "message"
    if chat_id != chat.id or not same(held, admit(text, cls, choice, law, chat.since)):
        raise Conflict("id_reused")
    return MessagePosted(chat, law, choice, message)


def mark(house: House, session: str, chat_id: str, delivered: int, read: int, unread: bool) -> Unit[None]:
    """A user's watermarks. `unread`: what counts as heard falls to `read`; what the visitor was told as read stays read."""
    at = house.clock.at()

    def act(sql: Sql, actor: Actor, chat: Chat) -> list[Event]:
        old = chats.participant(sql, chat, actor.id) or Participant(actor.id, False, 0)
        law = law_of(house, sql, chat, at)
        choice = choice_of(chat, law)
        moved = None if unread else move_marks((old.delivered, old.read), delivered, read, chat, law, choice, at)
        upto = messages.said_up_to(sql, chat, read)
        heard = upto if unread else max(upto, old.heard)
        if moved is None and heard == old.heard:
            return []
        after = Participant(actor.id, old.joined, heard, *(moved or (old.delivered, old.read)))
        chats.set_participant(sql, chat, after)
        return [MarksMoved(chat, law, choice, actor.id, after, chats.participants(sql, chat))]

    return _on_chat(house, session, chat_id, "mark", act)


def end(house: House, session: str, chat_id: str) -> Unit[None]:
    """Close a chat."""
    at = house.clock.at()

    def act(sql: Sql, actor: Actor, chat: Chat) -> list[Event]:
        step = life.close(chat, "user", actor.id, at, stamp(law_of(house, sql, chat, at), chat, at))
        figures.clear_subject(sql, chat.id)
        figures.count(sql, chat, "closed", at, chat.owner or actor.id)
        return keep(house, sql, chat, step, at)

    return _on_chat(house, session, chat_id, "end", act)


def set_available(house: House, session: str, on: bool) -> Unit[None]:
    """Available, or away."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        need(actor, "available", Place(actor.account))
        if not users.set_available(sql, actor.id, on):
            return None, []
        return None, [PeopleChanged(_as_user(sql, actor))]

    return unit


# Reads.


class Desk(NamedTuple):
    """What the console's welcome is made from."""

    actor: Actor
    me: User
    people: list[User]
    sites: list[Site]
    chats: list[ChatState]
    closed: int


def desk(house: House, session: str, sql: Sql) -> Desk:
    """All live chats and offline messages that this user may read."""
    actor, at = speaker(house, sql, session), house.clock.at()
    rows = [state(house, sql, chat, at) for chat in chats.live(sql, actor.account) if may(actor, "read", chat)]
    sites = [site for site in accounts.sites(sql, actor.account) if actor.sites is None or site.id in actor.sites]
    people = users.of_account(sql, actor.account)
    return Desk(actor, _as_user(sql, actor), people, sites, rows, _count_closed(house, sql, actor.account, at))


def _count_closed(house: House, sql: Sql, account: str, at: int) -> int:
    """How many closed chats have words left."""
    n = 0
    for group in chats.closed_by_law(sql, account):
        rules = house.laws.governing(sql, group.site, group.since, group.head, at).rules
        if words_left(rules, group.first, at):
            n += group.n
        elif words_left(rules, group.last, at):  # those that ended within the days of the law
            n += chats.ended_after(sql, account, group, at - (rule_of(rules, "message").keep - 1) * DAY)
    return n


def note_opening(house: House, session: str, chat_id: str) -> Unit[None]:
    """A user opens a chat: noted once a day before anything of it is shown, for the person's own eyes (P5)."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        chat = _readable(house, sql, actor, chat_id, "read")
        law = law_of(house, sql, chat, at)
        openings.add(sql, chat, actor.id, actor.role or "", at // DAY, stamp(law, chat, at))
        if chat.owner not in (None, actor.id):  # somebody else's (T2)
            audit.note(house, sql, actor, "read", house.keys.tombstone("chat", chat.id), label=label(chat))
        return None, []

    return unit


class Opened(NamedTuple):
    """A conversation. `until`: ms at which its words are erased, if it ended; `noted`: is it on record that it was opened?"""

    state: ChatState
    to: str
    messages: list[Message]
    full: bool
    more: bool
    days: int | str
    until: int | None
    noted: bool


def opened(house: House, session: str, chat_id: str, since: int, sql: Sql) -> Opened:
    """A timeline: exactly what changed after `since`, or its newest page."""
    actor = speaker(house, sql, session)
    chat = _readable(house, sql, actor, chat_id, "read")
    whole = state(house, sql, chat, house.clock.at())
    kept = rule_of(whole.law.rules, "message").keep
    days = keep_name(kept)
    until = chat.ended_at + days * DAY if isinstance(days, int) and chat.ended_at is not None else None
    to = reader(actor, chat)
    noted = openings.is_noted(sql, chat.id, actor.id, house.clock.at() // DAY)
    if 0 < since <= chat.rev:
        gap = messages.since_rev(sql, chat, since, house.settings.resume_max)
        if len(gap) <= house.settings.resume_max:
            return Opened(whole, to, gap, False, False, days, until, noted)
    page = messages.newest(sql, chat, house.settings.page, notes=True)
    return Opened(whole, to, page, True, bool(page) and page[0].seq > 1, days, until, noted)


def history(house: House, session: str, chat_id: str, before: int, sql: Sql) -> tuple[ChatState, str, list[Message]]:
    """An older page."""
    actor = speaker(house, sql, session)
    chat = _readable(house, sql, actor, chat_id, "read")
    page = messages.older(sql, chat, before, house.settings.page, notes=True)
    return state(house, sql, chat, house.clock.at()), reader(actor, chat), page


SCANNED: Final = 20  # pages that one filtered list may look through: bounds a search for what is not there


def closed(house: House, session: str, text: str, before: int, sql: Sql) -> fr.Listing:
    """A page of closed chats, newest first; `text` filters by name, label and newest message, as this reader may see them."""
    actor, at, most = speaker(house, sql, session), house.clock.at(), house.settings.list_max
    wanted, rows = text.casefold().split(), list[pa.TeamChat]()
    for _ in range(SCANNED):
        found = chats.closed(sql, actor.account, before, most)
        for chat in found:
            if may(actor, "read", chat) and has_words(house, sql, chat, at):
                row = team_chat(state(house, sql, chat, at), reader(actor, chat), at)
                if _matches(row, wanted):
                    rows.append(row)
        before = (found[-1].ended_at or 0) if len(found) >= most else 0
        if not before or len(rows) >= most or (rows and not wanted):
            break
    return fr.Listing(rows, before)


def _matches(row: pa.TeamChat, wanted: list[str]) -> bool:
    line = row.line.text if row.line else None
    heap = " ".join((row.name or "", row.label, line or "")).casefold()
    return all(word in heap for word in wanted)


def typing(house: House, session: str, chat_id: str, on: bool, sql: Sql) -> Typing:
    """Who is to be told that a user types."""
    actor, chat = speaker(house, sql, session), load(sql, chat_id)
    need(actor, "typing", chat)
    if chat.state != "open":
        raise NotFound("not_found")
    return Typing(chat, _as_user(sql, actor), on)
