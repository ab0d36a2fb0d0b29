"""What a unit says happened. The engine publishes events in commit order; `protocol.audience` turns each into frames.

A new event must be added to `Event`, and then decides for each audience what it may see, or the type checker fails.
"""

from __future__ import annotations

import msgspec

from l2s.domain.chats import Chat, Details, Message, Participant
from l2s.domain.people import User
from l2s.privacy.erasure import Receipt
from l2s.privacy.ledger import Law
from l2s.privacy.policy import Choice


class ChatState(msgspec.Struct, frozen=True):
    """A whole chat as every audience's frame is made from it."""

    chat: Chat
    law: Law
    choice: Choice
    details: Details
    participants: tuple[Participant, ...]
    people: tuple[User, ...]
    last: Message | None = None


class ChatChanged(msgspec.Struct, frozen=True):
    """A chat began, or its state, owner or people changed."""

    state: ChatState


class MessagePosted(msgspec.Struct, frozen=True):
    """A message was added, edited or withdrawn. `author` is told to visitors as a name."""

    chat: Chat
    law: Law
    choice: Choice
    message: Message


class MarksMoved(msgspec.Struct, frozen=True):
    """A watermark moved. `user` None = the visitor's own."""

    chat: Chat
    law: Law
    choice: Choice
    user: str | None
    participant: Participant | None
    team: tuple[Participant, ...] = ()  # everybody's marks: a visitor hears of the furthest


class ChoiceMoved(msgspec.Struct, frozen=True):
    """A visitor objected, agreed, or took one back: every tab of theirs is governed by it from its next frame."""

    visitor: str
    objected: bool
    ticked: int
    law: Law


class Typing(msgspec.Struct, frozen=True):
    """Somebody types, or stopped. Never stored."""

    chat: Chat
    user: User | None
    on: bool


class ChatErased(msgspec.Struct, frozen=True):
    """A chat is gone for everybody."""

    chat: Chat


class PeopleChanged(msgspec.Struct, frozen=True):
    """A user of an account was added, changed, or turned available or away."""

    user: User


class SessionsEnded(msgspec.Struct, frozen=True):
    """A user's sessions died. `sessions` None = all of them, but `spare`."""

    user: str
    sessions: frozenset[str] | None = None
    spare: str | None = None


class LawMoved(msgspec.Struct, frozen=True):
    """A site's ledger has a new entry: open sockets are governed by it from their next frame."""

    site: str


class TokenEnded(msgspec.Struct, frozen=True):
    """A visitor's token was forgotten on the device, or the person was erased (`receipt`): nothing is heard by it any more."""

    visitor: str
    receipt: Receipt | None = None


class SiteSeen(msgspec.Struct, frozen=True):
    """The widget was seen on a page of this site, for the first time today, or a page was refused (`origin`)."""

    account: str
    site: str
    origin: str = ""


Event = (
    ChatChanged
    | MessagePosted
    | MarksMoved
    | Typing
    | ChoiceMoved
    | ChatErased
    | PeopleChanged
    | SessionsEnded
    | LawMoved
    | TokenEnded
    | SiteSeen
)
