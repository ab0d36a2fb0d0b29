"""Loading a chat as its audiences see it, and writing one step of it: shared by everything that changes chats."""

from __future__ import annotations

from typing import Literal

from l2s.actions.house import House
from l2s.domain.chats import Chat, Details, Stamp, Step
from l2s.domain.events import ChatChanged, ChatState, Event, MessagePosted
from l2s.errors import NotFound
from l2s.privacy.gate import MACHINE, Sealed, admit, release
from l2s.privacy.ledger import Law, choice_under, shown_at, under_hold
from l2s.privacy.policy import Choice
from l2s.privacy.retention import level_left, words_left
from l2s.store import chats, consents, ledger, messages
from l2s.store.sql import Sql


def choice_of(chat: Chat, law: Law) -> Choice:
    """The state of the chat's visitor under a law."""
    return choice_under(chat.objected, chat.ticked, law)


def choice_of_person(sql: Sql, visitor: str | None, law: Law) -> Choice:
    """The state of a visitor under a law; of somebody without a row nothing is known."""
    person = chats.visitor(sql, visitor) if visitor else None
    return choice_under(person.objected, person.ticked, law) if person else Choice.NONE


def law_of(house: House, sql: Sql, chat: Chat, at: int) -> Law:
    """What governs this chat now."""
    law = house.laws.governing(sql, chat.site, chat.since, chat.head, at)
    return under_hold(law) if chat.is_held(at) else law


Act = Literal["line", "tick", "withdrawn"]


def note_consent(house: House, sql: Sql, chat: Chat, act: Act, at: int, position: int | None = None) -> None:
    """Version, hash, language, time and act (P2), as far as the law keeps such a record. `position`: of what was shown."""
    law = law_of(house, sql, chat, at)
    version, digest = shown_at(ledger.laws(sql, chat.site), chat.since if position is None else position)
    choice = choice_of(chat, law)
    values = [admit(value, "consent", choice, law, chat.since) for value in (version, digest, chat.language, act, at)]
    if values[0] is not None:
        consents.add(sql, chat, values)


def has_words(house: House, sql: Sql, chat: Chat, at: int) -> bool:
    """Is the chat there for a reader? One whose words expired, or that a hold has not let go of, is not."""
    return chat.held_until is None and words_left(law_of(house, sql, chat, at).rules, chat.ended_at, at)


def token_is_over(house: House, sql: Sql, chat: Chat | None, at: int) -> bool:
    """Has the time of a device token run out, by its own rule, since the end of its newest chat?"""
    if chat is None or chat.ended_at is None:
        return False
    law = house.laws.governing(sql, chat.site, chats.visitor_since(sql, chat.visitor), chat.head, at)
    return level_left("device_token", law.rules, choice_of(chat, law), chat.ended_at, at) == 0


def stamp(law: Law, chat: Chat, at: int) -> Stamp:
    """`at` as far as the law lets times be kept."""
    return admit(at, "times", choice_of(chat, law), law, chat.since)


def load(sql: Sql, key: str) -> Chat:
    """A chat, or NotFound."""
    chat = chats.load(sql, key)
    if chat is None:
        raise NotFound("not_found")
    return chat


def state(house: House, sql: Sql, chat: Chat, at: int) -> ChatState:
    """The whole chat."""
    law = law_of(house, sql, chat, at)
    return ChatState(
        chat,
        law,
        choice_of(chat, law),
        chats.details(sql, chat) or Details(),
        chats.participants(sql, chat),
        chats.people(sql, chat),
        messages.last(sql, chat),
    )


def keep(house: House, sql: Sql, before: Chat, step: Step, at: int) -> list[Event]:
    """Write a step that changed the chat itself: row, entries, events."""
    for message in step.messages:
        messages.add(sql, message)
    chats.change(sql, before, step.chat)
    whole = state(house, sql, step.chat, at)
    posted = [MessagePosted(step.chat, whole.law, whole.choice, message) for message in step.messages]
    return [ChatChanged(whole), *posted]


Marks = tuple[Sealed[int] | None, Sealed[int] | None]


def move_marks(old: Marks, delivered: int, read: int, chat: Chat, law: Law, choice: Choice, at: int) -> Marks | None:
    """New watermarks within 0 … pub, or None where nothing moves or the class is off."""
    was_delivered, was_read = (release(one, "run", MACHINE, choice, law, at) or 0 for one in old)
    read = max(min(read, chat.pub), was_read)
    delivered = max(min(max(delivered, read), chat.pub), was_delivered)
    if (delivered, read) == (was_delivered, was_read) or chat.state == "closed":
        return None
    sealed = [admit(value, "read_marks", choice, law, chat.since) for value in (delivered, read)]
    return (sealed[0], sealed[1]) if sealed[0] is not None else None
