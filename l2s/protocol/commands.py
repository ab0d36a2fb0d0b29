"""Commands: client → server. A visitor cannot utter a user's command: the two unions share no decoder.

Unknown fields are refused by name. Texts stay raw inside their Struct, whose repr prints the type only, until a unit admits
them. Lengths here are outer bounds; the rules stand in domain/text and in the settings.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Cursor = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Command(msgspec.Struct, forbid_unknown_fields=True, tag_field="type"):
    """Base of all commands: its repr tells the type alone, so no log line can hold what a person typed."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class VisitorHello(Command, tag="hello"):
    """First on every socket. `token` where the page already holds one; `since`: the `pub` up to which `chat` is known."""

    protocol: int
    site: Id
    token: Annotated[str, Meta(max_length=128)] | None = None
    chat: Id | None = None
    since: Cursor = 0
    language: Annotated[str, Meta(max_length=16)] = "en"
    page: Annotated[str, Meta(max_length=4096)] | None = None
    referrer: Annotated[str, Meta(max_length=4096)] | None = None
    objected: bool = False
    preview: Annotated[str, Meta(max_length=128)] | None = None


class Enter(Command, tag="enter"):
    """The token, once per session, before the first send."""

    token: Annotated[str, Meta(max_length=128)]


class SendMessage(Command, tag="send"):
    """A visitor's text. It names no chat: the server finds the live one, reopens or opens. `id`: 128 random bits."""

    id: Id
    text: str


class LeaveMessage(Command, tag="leave"):
    """The message form, where nobody is on."""

    id: Id
    text: str
    mail: Annotated[str, Meta(max_length=320)] | None = None
    name: Annotated[str, Meta(max_length=320)] | None = None


class VisitorTyping(Command, tag="typing"):
    """The visitor types, or stopped."""

    on: bool


class VisitorMark(Command, tag="mark"):
    """Watermarks by seq: everything up to it is delivered, or was visible in a focused panel."""

    delivered: Cursor = 0
    read: Cursor = 0


class VisitorEnd(Command, tag="end"):
    """The visitor ends the chat."""


class VisitorOlder(Command, tag="older"):
    """One page of history before `before` (a seq)."""

    chat: Id
    before: Cursor


class Moved(Command, tag="page"):
    """The page changed without a reload (SPA)."""

    page: Annotated[str, Meta(max_length=4096)]


class Object(Command, tag="object"):
    """Object, or take the objection back."""

    on: bool


class Forget(Command, tag="forget"):
    """Forget on this device: the token dies, the chat stays."""


class Tick(Command, tag="tick"):
    """Agree to the classes of `law.asks`, or withdraw. `version`: of the law that was shown with it."""

    on: bool
    version: Cursor = 0


class AskMyData(Command, tag="my_data"):
    """What is held about this person? Answered by `my_data`. `take`: a copy is made to be taken along, which is recorded."""

    take: bool = False


class Correct(Command, tag="correct"):
    """Correct the name or the mail address; "" takes it out, null leaves it."""

    name: Annotated[str, Meta(max_length=320)] | None = None
    mail: Annotated[str, Meta(max_length=320)] | None = None


class State(Command, tag="state"):
    """Add a statement to what is held: it stands in the newest chat, whether that goes on or not."""

    id: Id
    text: str


class EraseMine(Command, tag="erase_me"):
    """Erase everything about this person, after a day in which it can be taken back."""


class KeepMine(Command, tag="keep_me"):
    """Take the wish to be erased back."""


class AskPrivacy(Command, tag="ask"):
    """A question to the privacy contact: it opens a case. `contact`: where to answer, if not here."""

    id: Id
    text: str
    contact: Annotated[str, Meta(max_length=320)] | None = None


class Ping(Command, tag="ping"):
    """Is the socket alive? Answered by `pong`."""


VisitorCommand = (
    VisitorHello
    | Enter
    | SendMessage
    | LeaveMessage
    | VisitorTyping
    | VisitorMark
    | VisitorEnd
    | VisitorOlder
    | Moved
    | Object
    | Tick
    | Forget
    | AskMyData
    | Correct
    | State
    | EraseMine
    | KeepMine
    | AskPrivacy
    | Ping
)


class UserHello(Command, tag="hello"):
    """First on every console socket; who it is was decided by the cookie at the handshake."""

    protocol: int


class Available(Command, tag="available"):
    """Available, or away."""

    on: bool


class OpenChat(Command, tag="open"):
    """Show a chat's timeline and follow it: from `since` (a rev) on, or its newest page."""

    chat: Id
    since: Cursor = 0


class OlderMessages(Command, tag="older"):
    """One page of history before `before` (a seq)."""

    chat: Id
    before: Cursor


class TakeChat(Command, tag="take"):
    """Take a waiting chat or an offline message: one winner."""

    chat: Id


class JoinChat(Command, tag="join"):
    """Join a chat that a colleague has."""

    chat: Id


class GiveBack(Command, tag="give_back"):
    """Back to the queue."""

    chat: Id


class Reply(Command, tag="send"):
    """A user's text. `seen`: the newest seq this client has shown; `anyway`: send although newer lines came."""

    chat: Id
    id: Id
    text: str
    seen: Cursor = 0
    anyway: bool = False


class WriteNote(Command, tag="note"):
    """A note for the team."""

    chat: Id
    id: Id
    text: str


class UserTyping(Command, tag="typing"):
    """The user types in a chat, or stopped."""

    chat: Id
    on: bool


class UserMark(Command, tag="mark"):
    """Watermarks by seq of this user in a chat. `read` below the stored one = "mark unread"."""

    chat: Id
    delivered: Cursor = 0
    read: Cursor = 0
    unread: bool = False


class EndChat(Command, tag="end"):
    """Close the chat."""

    chat: Id


class EraseChat(Command, tag="erase"):
    """Erase the chat: rows now, bytes at the scrub."""

    chat: Id


class ListChats(Command, tag="list"):
    """One page of closed chats, newest first; `text` filters name and last message; `before`: ended_at of the last row."""

    text: Annotated[str, Meta(max_length=200)] = ""
    before: Cursor = 0


UserCommand = (
    UserHello
    | Available
    | OpenChat
    | OlderMessages
    | TakeChat
    | JoinChat
    | GiveBack
    | Reply
    | WriteNote
    | UserTyping
    | UserMark
    | EndChat
    | EraseChat
    | ListChats
    | Ping
)
