"""What stands inside frames: messages, chats, people, the law. Each audience has its own types, so a note has no place in a
visitor's message.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Part(msgspec.Struct):
    """Base of what stands inside frames."""


class Text(Part, tag_field="kind", tag="text"):
    """Words, as typed."""

    text: str | None


class EventBody(Part, tag_field="kind", tag="event"):
    """Something happened: a whole sentence in the catalogue under `event.<name>`."""

    name: str
    user: str | None = None
    waited: int | None = None


class File(Part, tag_field="kind", tag="file"):
    """A file (with attachments)."""

    name: str | None
    size: int
    media: str


class Card(Part, tag_field="kind", tag="card"):
    """A card to click (with push cards)."""

    title: str | None
    url: str | None


class Note(Part, tag_field="kind", tag="note"):
    """For the team alone. Never in a visitor's frame: it is no member of VisitorMessage's body."""

    text: str | None


class Withdrawn(Part, tag_field="kind", tag="withdrawn"):
    """Taken back by its author."""


class Person(Part):
    """A user as a visitor knows one."""

    id: str
    name: str


class Colleague(Part):
    """A user as colleagues know one. `here`: connected, available and active."""

    id: str
    name: str
    role: str
    available: bool
    here: bool
    active: bool


class VisitorMessage(Part):
    """`by`: "visitor", "system" or a user's id; `id` is the author's own and unique together with `by`."""

    id: str
    by: str
    seq: int
    pub: int
    at: int | None
    body: Text | EventBody | File | Card | Withdrawn


class TeamMessage(Part):
    """As VisitorMessage, with notes and the users' cursor."""

    id: str
    by: str
    seq: int
    rev: int
    at: int | None
    body: Text | EventBody | File | Card | Note | Withdrawn


class VisitorChat(Part):
    """`delivered` and `read`: up to which seq the team has it; `seen`: the visitor's own
    mark. `people`: everyone who is or was in the chat."""

    id: str
    state: Literal["waiting", "open", "closed", "left"]
    pub: int
    owner: str | None
    people: list[Person]
    delivered: int
    read: int
    seen: int | None
    ended: int | None
    why: str | None


class UserMarks(Part):
    """A user in a chat. Unread = chat.said − heard."""

    user: str
    joined: bool
    delivered: int
    read: int
    heard: int


class Line(Part):
    """The newest message of a chat, for its row: at most 140 characters."""

    by: str
    kind: str
    text: str | None
    at: int | None


class TeamChat(Part):
    """A row of the inbox and the head of a conversation. `label`: four characters, for a visitor without a name."""

    id: str
    label: str
    site: str
    department: str
    state: Literal["waiting", "open", "closed", "left"]
    rev: int
    pub: int
    said: int
    name: str | None
    owner: str | None
    opened: int | None
    taken: int | None
    ended: int | None
    why: str | None
    delivered: int
    read: int
    marks: list[UserMarks]
    line: Line | None
    language: str
    objected: bool
    test: bool


class Detail(Part):
    """One row of the visitor card. `level` "none" = not collected; `value` null with another level = nothing came."""

    name: str
    level: str
    value: str | None


class SiteView(Part):
    """A site as the console names it."""

    id: str
    name: str
    colour: str


class Law(Part):
    """What the promise line is made from. `days`: a number, "chat", "memory" or "account"; `address`: level; `asks`: classes
    that are kept only after a tick. Where `message` is one of them, nothing can be sent before it."""

    version: int
    hash: str
    days: int | str
    address: str
    preview: bool
    place: str
    browser: list[str]
    asks: list[str]


class HeldClass(Part):
    """What is held of one class: `count` values; the `values` themselves where they are short; why, who reads and gets it;
    `days` by its rule, `until`: when the first of it is erased, ms, null while its chat goes on."""

    name: str
    level: str
    count: int
    values: list[str]
    purposes: list[str]
    readers: list[str]
    recipients: list[str]
    days: int | str
    until: int | None


class HeldChat(Part):
    """One chat that is held. `messages`: how many; `law_until`: kept by law until then, ms."""

    id: str
    label: str
    state: Literal["waiting", "open", "closed", "left"]
    messages: int
    opened: int | None
    ended: int | None
    until: int | None
    law_until: int | None


class Opening(Part):
    """Who opened a chat, by public name and role, on which day (ms) and, where it is kept, when."""

    chat: str
    name: str
    role: str
    day: int
    at: int | None


class GivenOut(Part):
    """Something of a chat that was given out (P8a): when (ms), to whom, and on which ground: legal, rights or safety."""

    chat: str
    at: int
    authority: str
    ground: Literal["legal", "rights", "safety"]


class NoteAbout(Part):
    """A note about the person, by its author's public name."""

    chat: str
    by: str
    text: str
    at: int | None


class Receipt(Part):
    """What an erasure leaves. `counts` by class; `kept`: how many chats a hold keeps, and until when; times in ms."""

    code: str
    counts: dict[str, int]
    kept: int
    kept_until: int | None
    recipients: list[str]
    unreachable: int
    overwritten: int | None
    backups_until: int
    position: int
    head: str


class Me(Part):
    """Who this console is."""

    id: str
    name: str
    role: str
    available: bool
    session: str
