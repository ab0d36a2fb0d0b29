"""The life of a chat (R5): waiting → open → closed; `left` is an offline message. Two counters, one order.

Invariants: `rev` moves with every change, `pub` with every change that a visitor can see. A message's `seq` is its place:
`pub` at creation, the same number for both audiences; a note takes the current `pub` without moving it. Order is (seq, rev).
Each function takes the chat as loaded in the unit and returns the next chat and the messages to add; refusals come first.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import msgspec

from l2s.errors import Conflict
from l2s.privacy.gate import Sealed

State = Literal["waiting", "open", "closed", "left"]
LIVE: Final = ("waiting", "open")
Why = Literal["visitor", "user", "quiet", "silent"]  # who or what closed it


class Chat(msgspec.Struct, frozen=True):
    """A chat without the visitor's details and words. `since`: ledger position of its law; `head`: of its site's newest."""

    id: str
    account: str
    site: str
    department: str
    visitor: str
    state: State
    rev: int
    pub: int
    said: int  # how many messages the visitor wrote: unread is `said` minus what a user has heard
    since: int
    head: int
    objected: bool
    owner: str | None = None
    previous: str | None = None
    opened_at: Sealed[int] | None = None
    taken_at: Sealed[int] | None = None
    ended_at: int | None = None
    closed_why: Why | None = None
    visitor_delivered: Sealed[int] | None = None
    visitor_read: Sealed[int] | None = None
    language: str = "en"
    is_test: bool = False
    held_until: int | None = None  # ms; a hold keeps it until then, for `comply` alone (PRIVACY 3, rule 10)
    ticked: int = 0  # position of the law whose ticked classes the visitor agreed to, 0 = none

    def is_held(self, now: int) -> bool:
        """Does a hold keep it now?"""
        return self.held_until is not None and self.held_until > now


class Message(msgspec.Struct, frozen=True):
    """One entry of a timeline. `body` for a text, `note` for a note; `event` is JSON: {"name": …, "user": …}."""

    chat: str
    seq: int
    rev: int
    pub: int
    author: Literal["visitor", "user", "system"]
    author_id: str | None
    client_id: str
    kind: Literal["text", "event", "file", "card", "note"]
    at: Sealed[int] | None
    since: int
    body: Sealed[str] | None = None
    note: Sealed[str] | None = None
    event: str | None = None
    withdrawn: bool = False


class Details(msgspec.Struct, frozen=True):
    """What a visitor told or their browser sent, as far as it was admitted."""

    name: Sealed[str] | None = None
    mail: Sealed[str] | None = None
    address: Sealed[str] | None = None
    browser: Sealed[str] | None = None
    page: Sealed[str] | None = None
    referrer: Sealed[str] | None = None


DETAILS: Final = ("name", "mail", "address", "browser", "page", "referrer")


class Participant(msgspec.Struct, frozen=True):
    """A user in a chat. `heard`: how many of the visitor's messages the read mark covers."""

    user: str
    joined: bool
    heard: int
    delivered: Sealed[int] | None = None
    read: Sealed[int] | None = None


class Step(NamedTuple):
    """The next chat, and what is added to its timeline."""

    chat: Chat
    messages: tuple[Message, ...]


Stamp = Sealed[int] | None  # a time that went through the gate


def say(
    chat: Chat, author: Literal["visitor", "user"], author_id: str, client_id: str, body: Sealed[str] | None, at: Stamp
) -> Step:
    """Add a text that both sides see. The caller has checked state and rights."""
    rev, pub = chat.rev + 1, chat.pub + 1
    said = chat.said + (author == "visitor")
    message = Message(chat.id, pub, rev, pub, author, author_id, client_id, "text", at, chat.since, body)
    return Step(msgspec.structs.replace(chat, rev=rev, pub=pub, said=said), (message,))


def note(chat: Chat, user: str, client_id: str, text: Sealed[str] | None, at: Stamp) -> Step:
    """Add a note: it takes the current place, so a visitor cannot count it."""
    rev = chat.rev + 1
    message = Message(chat.id, chat.pub, rev, chat.pub, "user", user, client_id, "note", at, chat.since, note=text)
    return Step(msgspec.structs.replace(chat, rev=rev), (message,))


def tell(chat: Chat, at: Stamp, name: str, **data: Any) -> Step:
    """Add an event that both sides see as a whole sentence: {"name": "took", "user": …}."""
    rev, pub = chat.rev + 1, chat.pub + 1
    event = msgspec.json.encode({"name": name, **data}, order="sorted").decode()
    message = Message(chat.id, pub, rev, pub, "system", None, f"e{rev}", "event", at, chat.since, event=event)
    return Step(msgspec.structs.replace(chat, rev=rev, pub=pub), (message,))


def changed(chat: Chat, **fields: Any) -> Chat:
    """A change without an entry in the timeline that both sides see."""
    return msgspec.structs.replace(chat, rev=chat.rev + 1, pub=chat.pub + 1, **fields)


def take(chat: Chat, user: str, stamp: Stamp, waited: int | None) -> Step:
    """One winner; the others are told who. `waited`: seconds, for the sentence."""
    if chat.state == "closed":
        raise Conflict("chat_closed")
    if chat.owner and chat.owner != user:
        raise Conflict("taken", user=chat.owner)
    if chat.state == "open":
        return Step(chat, ())
    data = {} if waited is None else {"waited": waited}
    taken = msgspec.structs.replace(chat, state="open", owner=user, taken_at=stamp)
    return tell(taken, stamp, "took", user=user, **data)


def give_back(chat: Chat, user: str, stamp: Stamp) -> Step:
    """Back to the queue: the owner leaves, or was disabled."""
    if chat.state != "open" or chat.owner != user:
        raise Conflict("not_yours")
    return tell(msgspec.structs.replace(chat, state="waiting", owner=None, taken_at=None), stamp, "returned", user=user)


def close(chat: Chat, why: Why, user: str | None, at: int, stamp: Stamp) -> Step:
    """Either side ends it, or silence does. `at`: ms, the anchor of every retention of this chat."""
    if chat.state == "closed":
        raise Conflict("chat_closed")
    data = {"user": user} if user else {}
    return tell(msgspec.structs.replace(chat, state="closed", ended_at=at, closed_why=why), stamp, f"closed_{why}", **data)


def leave(chat: Chat) -> Chat:
    """Nobody came in time: what waits becomes an offline message. A chat that an operator has stays one."""
    if chat.state == "open":
        raise Conflict("chat_live")
    return msgspec.structs.replace(chat, state="left")


def reopens(chat: Chat, now: int, within: int) -> bool:
    """Does a visitor's message go on in this chat? An offline message always, a closed chat `within` so many ms."""
    if chat.is_held(now):
        return False
    if chat.state == "left":
        return True
    return chat.state == "closed" and chat.ended_at is not None and within > 0 and now - chat.ended_at <= within


def reopen(chat: Chat, stamp: Stamp) -> Step:
    """Back to the queue, by a visitor's message. An offline message was never away, so nothing is told of it."""
    if chat.state == "left":
        return Step(msgspec.structs.replace(chat, state="waiting", opened_at=stamp), ())
    opened = msgspec.structs.replace(
        chat, state="waiting", owner=None, taken_at=None, ended_at=None, closed_why=None, opened_at=stamp
    )
    return tell(opened, stamp, "reopened")


def refuse_user_send(chat: Chat, joined: bool) -> None:
    """Why a user may not write here now: take it first, join first, or it is closed."""
    if chat.state == "closed":
        raise Conflict("chat_closed")
    if chat.state in ("waiting", "left"):
        raise Conflict("take_first")
    if not joined:
        raise Conflict("join_first", user=chat.owner or "")
