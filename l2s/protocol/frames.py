"""Frames: server → client, one union per audience. Whole objects replace whole objects; only typing and presence are patches.

Times are ms since 1970. `seq` is a message's place, `rev` the user's cursor, `pub` the visitor's. A value that the declaration
does not let this reader see is null.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from l2s.protocol.parts import (
    Colleague,
    Detail,
    GivenOut,
    HeldChat,
    HeldClass,
    Law,
    Me,
    NoteAbout,
    Opening,
    Person,
    Receipt,
    SiteView,
    TeamChat,
    TeamMessage,
    VisitorChat,
    VisitorMessage,
)


class Frame(msgspec.Struct, tag_field="type"):
    """Base of all frames."""


class VisitorWelcome(Frame, tag="welcome"):
    """Answers hello and enter. `full`: messages are the newest page, else exactly what came after `since`. `held`: is anything
    of this visitor kept? `people`: who is here now; `receipt`: this token's person was erased: drop it."""

    protocol: int
    now: int
    site: str
    availability: Literal["here", "away"]
    people: list[Person]
    law: Law
    held: bool
    objected: bool
    ticked: bool
    receipt: Receipt | None
    chat: VisitorChat | None
    messages: list[VisitorMessage]
    full: bool
    more: bool


class VisitorChatFrame(Frame, tag="chat"):
    """The visitor's chat began or changed."""

    chat: VisitorChat


class VisitorMessageFrame(Frame, tag="message"):
    """A message was added or changed. For its author it is the acknowledgement."""

    chat: str
    message: VisitorMessage


class VisitorMarksFrame(Frame, tag="marks"):
    """The team's watermarks moved."""

    chat: str
    delivered: int
    read: int


class VisitorTypingFrame(Frame, tag="typing"):
    """A user types, or stopped."""

    chat: str
    user: str
    name: str
    on: bool


class VisitorHistory(Frame, tag="history"):
    """An older page."""

    chat: str
    messages: list[VisitorMessage]
    more: bool


class AvailabilityFrame(Frame, tag="availability"):
    """Somebody came or the last one left."""

    availability: Literal["here", "away"]
    people: list[Person]


class LawFrame(Frame, tag="law"):
    """The notice changed, or the visitor's objection or tick did."""

    law: Law
    objected: bool
    ticked: bool


class Erased(Frame, tag="erased"):
    """The chat is gone."""

    chat: str


class Left(Frame, tag="left"):
    """The message form is stored. `reference` is what the visitor can name."""

    id: str
    reference: str


class Forgotten(Frame, tag="forgotten"):
    """The token is dead: drop it. `receipt`: because the person was erased."""

    receipt: Receipt | None = None


class MyData(Frame, tag="my_data"):
    """Answers my_data, and whatever changes it. `never`: classes that are not collected; `erase_at`: when the person's own
    wish is carried out, ms."""

    law: Law
    held: list[HeldClass]
    chats: list[HeldChat]
    notes: list[NoteAbout]
    opened: list[Opening]
    given_out: list[GivenOut]
    never: list[str]
    objected: bool
    ticked: bool
    erase_at: int | None
    now: int


class Asked(Frame, tag="asked"):
    """A question to the privacy contact is stored: it is answered until `due`, ms."""

    id: str
    reference: str
    due: int


class Refusal(Frame, tag="refused"):
    """A command was refused; nothing was changed. `id`: the client's message id, where it had one. `code`: error.<code>."""

    code: str
    command: str = ""
    id: str | None = None
    chat: str | None = None
    data: dict[str, str | int] = {}


class Pong(Frame, tag="pong"):
    """Answers ping."""

    now: int


class Restart(Frame, tag="restart"):
    """The server stops: come back after `after` ms, plus a random part of as much again."""

    after: int


VisitorFrame = (
    VisitorWelcome
    | VisitorChatFrame
    | VisitorMessageFrame
    | VisitorMarksFrame
    | VisitorTypingFrame
    | VisitorHistory
    | AvailabilityFrame
    | LawFrame
    | Erased
    | Left
    | MyData
    | Asked
    | Forgotten
    | Refusal
    | Pong
    | Restart
)


class UserWelcome(Frame, tag="welcome"):
    """Answers hello: all live chats and offline messages. `closed`: how many closed chats the account holds."""

    protocol: int
    now: int
    me: Me
    people: list[Colleague]
    sites: list[SiteView]
    chats: list[TeamChat]
    closed: int


class TeamChatFrame(Frame, tag="chat"):
    """A chat began or changed."""

    chat: TeamChat


class TeamMessageFrame(Frame, tag="message"):
    """A message was added or changed; `rev`, `pub`, `said` are the chat's own after it."""

    chat: str
    rev: int
    pub: int
    said: int
    message: TeamMessage


class TeamMarksFrame(Frame, tag="marks"):
    """A watermark moved. `user` null = the visitor's."""

    chat: str
    user: str | None
    delivered: int
    read: int
    heard: int


class TeamTypingFrame(Frame, tag="typing"):
    """The visitor (`user` null) or a colleague types, or stopped."""

    chat: str
    user: str | None
    on: bool


class Conversation(Frame, tag="conversation"):
    """Answers open. `full`: the newest page, else exactly what changed after `since`. `until`: when it is erased, if it ended;
    `days`: how long a closed chat is kept."""

    chat: TeamChat
    messages: list[TeamMessage]
    full: bool
    more: bool
    details: list[Detail]
    version: int
    days: int | str
    until: int | None


class TeamHistory(Frame, tag="history"):
    """An older page."""

    chat: str
    messages: list[TeamMessage]
    more: bool


class Listing(Frame, tag="listing"):
    """Answers list. `next`: `before` of the next page, 0 = this was the last."""

    chats: list[TeamChat]
    next: int


class PersonFrame(Frame, tag="person"):
    """A colleague changed: presence, name, role."""

    person: Colleague


class SignedOut(Frame, tag="signed_out"):
    """The session has ended: go to the sign-in page."""


class SiteSeenFrame(Frame, tag="site_seen"):
    """The widget was seen today, or a page of `origin` was refused."""

    site: str
    origin: str


UserFrame = (
    UserWelcome
    | TeamChatFrame
    | TeamMessageFrame
    | TeamMarksFrame
    | TeamTypingFrame
    | Conversation
    | TeamHistory
    | Listing
    | PersonFrame
    | SignedOut
    | SiteSeenFrame
    | Erased
    | Refusal
    | Pong
    | Restart
)
