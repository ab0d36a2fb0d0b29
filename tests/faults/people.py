"""The two audiences: a visitor's tab and a user's console, on `tests.faults.wire.Client`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from tests.faults.checker import Sent, View
from tests.faults.wire import AGAIN, DAWDLING, Book, Client, Wire


@dataclass
class Visitor:
    """A person on a page; several tabs share the token."""

    name: str
    account: str
    site: str
    token: str
    entered: bool = False


class Tab(Client):
    """A visitor's socket."""

    door: ClassVar[str] = "/ws/visitor"

    def __init__(self, book: Book, visitor: Visitor, view: View, window: int, chance: random.Random) -> None:
        super().__init__(book, view, window, chance)
        self.visitor = visitor
        self.chat: str | None = None
        self._entering = False
        book.accounts[visitor.name] = visitor.account

    async def hello(self) -> None:
        known = {"token": self.visitor.token} if self.visitor.entered else {}
        since = {"chat": self.chat, "since": self.cursor.get(self.chat, 0)} if self.chat else {}
        self._entering = not self.visitor.entered
        await self.say("hello", protocol=1, site=self.visitor.site, **known, **since)

    async def take(self, frame: Wire) -> None:
        match frame["type"]:
            case "welcome" if self._entering:
                self._entering = False
                await self.say("enter", token=self.visitor.token)
            case "welcome":
                await self._welcomed(frame)
            case "chat":
                self._home(frame["chat"]["id"])
            case "message":
                self._home(frame["chat"])
                self.hold(frame["chat"], frame["message"], live=True)
            case "history":
                await self.page(frame["chat"], frame)
            case "refused":
                self.refused(frame)
            case "pong":
                self.pongs += 1

    async def _welcomed(self, frame: Wire) -> None:
        self.visitor.entered = True
        if frame["chat"] is not None:
            self._home(frame["chat"]["id"])
            await self.snapshot(frame["chat"]["id"], frame["chat"]["pub"], frame)
        self.welcomed()
        for entry in list(self.pending.values()):
            await self.transmit(entry)

    def _home(self, chat: str) -> None:
        self.chat = chat
        if self.book.homes.setdefault(chat, self.visitor.name) != self.visitor.name:
            self.view.strays.append(f"{self.view.party} was given {chat} of {self.book.homes[chat]}")

    async def transmit(self, entry: Sent) -> None:
        await self.say("send", id=entry.id, text=entry.text)

    def target(self) -> str | None:
        return self.visitor.name

    def author(self) -> str:
        return "visitor"


@dataclass
class Seat:
    """A user at a desk. `part`: 0 takes the chats with an even id, 1 the odd ones; each joins the other's."""

    account: str
    cookie: str
    part: int
    id: str = ""


class Console(Client):
    """A user's socket. `primary`: the one of the user's sockets that takes and joins."""

    door: ClassVar[str] = "/ws/console"

    def __init__(self, book: Book, seat: Seat, view: View, window: int, chance: random.Random, primary: bool = False) -> None:
        super().__init__(book, view, window, chance)
        self.seat = seat
        self.primary = primary
        self.rows: dict[str, Wire] = {}
        self.opening: set[str] = set()
        self.following: set[str] = set()
        self._asked: set[str] = set()

    def headers(self, origin: str) -> dict[str, str]:
        return {"Origin": origin, "Cookie": self.seat.cookie}

    async def hello(self) -> None:
        await self.say("hello", protocol=1)

    async def take(self, frame: Wire) -> None:
        match frame["type"]:
            case "welcome":
                await self._welcomed(frame)
            case "chat":
                await self._row(frame["chat"])
            case "message":
                if frame["chat"] in self.following:
                    self.hold(frame["chat"], frame["message"], live=True)
                    await self._look_again(frame["chat"])
            case "conversation":
                await self._conversation(frame)
            case "history":
                await self.page(frame["chat"], frame)
            case "refused":
                if frame["command"] in ("take", "join"):
                    self._asked.discard(frame["chat"])
                self.refused(frame)
            case "pong":
                self.pongs += 1

    async def _welcomed(self, frame: Wire) -> None:
        self.seat.id = frame["me"]["id"]
        self.welcomed()
        if self.window and not frame["me"]["available"]:
            await self.say("available", on=True)
        for chat in frame["chats"]:
            await self._row(chat)

    async def _row(self, chat: Wire) -> None:
        """The newest row of a chat: follow it, and take or join it where that is this user's part."""
        id = chat["id"]
        if chat["rev"] >= self.rows.get(id, chat)["rev"]:
            self.rows[id] = chat
        if id not in self.opening | self.following:
            self.opening.add(id)
            await self.say("open", chat=id, since=self.cursor.get(id, 0))
        if not self.primary or not self.window or id in self._asked or self._writes(id):
            return
        mine = sum(id.encode()) % 2 == self.seat.part
        if (mine and chat["state"] == "waiting") or (not mine and chat["state"] == "open"):
            self._asked.add(id)
            await self.say("take" if mine else "join", chat=id)

    async def _conversation(self, frame: Wire) -> None:
        chat = frame["chat"]["id"]
        self.opening.discard(chat)
        await self.snapshot(chat, frame["chat"]["rev"], frame)
        again = chat in self.following
        self.following.add(chat)
        await self._row(frame["chat"])
        if again:
            return
        home = self.book.homes.get(chat)
        for entry in [entry for entry in self.pending.values() if entry.visitor == home]:
            await self.transmit(entry)

    async def _look_again(self, chat: str) -> None:
        """People go to and fro between chats: an open in the middle of the traffic."""
        often = DAWDLING if self.dawdles else AGAIN
        if self.window and chat not in self.opening and chat not in self.paging and self.chance.random() < often:
            self.opening.add(chat)
            await self.say("open", chat=chat, since=self.cursor[chat])

    def _writes(self, chat: str) -> bool:
        row = self.rows[chat]
        joined = any(mark["user"] == self.seat.id and mark["joined"] for mark in row["marks"])
        return bool(row["state"] == "open" and (row["owner"] == self.seat.id or joined))

    async def transmit(self, entry: Sent) -> None:
        chat = next(chat for chat, home in self.book.homes.items() if home == entry.visitor)
        if entry.kind == "note":
            await self.say("note", chat=chat, id=entry.id, text=entry.text)
        else:
            await self.say("send", chat=chat, id=entry.id, text=entry.text, anyway=True)

    def target(self) -> str | None:
        chats = [chat for chat in self.following if chat in self.book.homes and self._writes(chat)]
        return self.book.homes[self.chance.choice(sorted(chats))] if chats else None

    def author(self) -> str:
        return self.seat.id

    def settled(self) -> bool:
        return super().settled() and not self.opening

    def on_the_wire(self) -> int:
        homes = {self.book.homes.get(chat) for chat in self.following}
        return sum(entry.visitor in homes for entry in self.pending.values())

    def cut(self) -> None:
        super().cut()
        self.opening.clear()
        self.following.clear()
        self._asked.clear()
