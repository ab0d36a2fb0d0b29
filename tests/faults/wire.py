"""Clients of both audiences, as a careful stranger would write them from `l2s protocol`.

Rules they keep: a visitor says hello with chat + since = pub; a user says hello, then opens each chat with since = rev;
then everything unacked is sent again with the same ids, even where the snapshot already shows it (so every cut tries the
server's memory of ids). The echo is the acknowledgement. An object older than the one held is ignored. The cursor moves with
messages and snapshots only; a message that is new to the client and stands behind its cursor came too late and is reported.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Callable
from typing import Any, ClassVar, Final

import aiohttp

from tests.faults.checker import MARK, Got, Key, Sent, View, mark_of
from tests.faults.server import GUARD, Trouble

Wire = dict[str, Any]
WORDS: Final = (
    "delivery",
    "invoice",
    "size",
    "Größe",
    "謝謝",
    "return",
    "🙂",
    "colour",
    "\n",
    '"',
    "it's",
    "late",
    "<b>",
    "\\",
)
LONG: Final = 400  # words of one text in ten: some 2,000 characters
NOTES: Final = 0.25  # share of a user's texts that are notes
DAWDLING: Final = 0.3  # share of messages over which a slow reader dawdles, and after which it looks at a chat again
AGAIN: Final = (
    0.02  # share of sends that repeat an acked one, that clash with one (same id, other text), of chats looked at again
)


class Book:
    """The journal of all clients: what was sent, whose chat is whose, and whoever waits for a change."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.homes: dict[str, str] = {}
        self.accounts: dict[str, str] = {}  # visitor → account
        self.acks = 0
        self.starts = 0  # of the server
        self.flowing = True
        self.refusals: list[str] = []
        self.failure: BaseException | None = None  # of a client's task
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def ack(self, entry: Sent) -> None:
        """The author saw the echo."""
        if entry.state != "acked":
            entry.state = "acked"
            self.acks += 1

    def changed(self) -> None:
        """Wake whoever waits for what is now true."""
        for ready, future in self._waiting:
            if future.done():
                continue
            if self.failure is not None:
                future.set_exception(Trouble(f"a client stopped: {self.failure!r}"))
            elif ready():
                future.set_result(None)

    async def until(self, ready: Callable[[], bool], what: str, told: Callable[[], str] = str) -> None:
        """Wait until `ready()`, looked at after each change. The guard only ends a hang."""
        while not ready():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((ready, future))
            try:
                await asyncio.wait_for(future, GUARD)
            except TimeoutError:
                raise Trouble(f"no progress: {what}: {told()}; refusals {self.refusals[-5:]}") from None
            finally:
                self._waiting.remove((ready, future))


class Client:
    """One socket at a time, resumed after every cut, with its own lane of sends."""

    door: ClassVar[str]

    def __init__(self, book: Book, view: View, window: int, chance: random.Random) -> None:
        self.book = book
        self.view = view
        self.window = window  # sends in flight; 0 = a reader only
        self.chance = chance
        self.pending: dict[str, Sent] = {}
        self.acked: list[Sent] = []
        self.cursor: dict[str, int] = {}
        self.paging: dict[str, int] = {}  # chat → the highest seq held before its newest page came
        self._greeted = -1  # the start of the server in which this socket was welcomed
        self._start = -1
        self.pongs = 0
        self.number = 0
        self.problem = ""
        self.dawdles = 0.0  # seconds that this reader loses over some messages: what waits for it piles up in the server
        self._ws: aiohttp.ClientWebSocketResponse | None = None

    async def run(self, http: aiohttp.ClientSession, origin: str, up: asyncio.Event) -> None:
        """Connect whenever the server is up, until cancelled."""
        while True:
            await up.wait()
            self._start = self.book.starts
            try:
                async with http.ws_connect(origin + self.door, headers=self.headers(origin), max_msg_size=0) as self._ws:
                    await self.hello()
                    await self._listen(self._ws)
            except (aiohttp.ClientError, OSError) as problem:
                self.problem = f"{type(problem).__name__}: {problem}"
            finally:
                self._greeted, self._ws = -1, None
                self.cut()
            self.book.changed()
            await asyncio.sleep(0.01)

    async def _listen(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            for line in message.data.split("\n"):
                self.look(line)
                await self.take(json.loads(line))
            await self.pump()
            self.book.changed()
            if self.dawdles and self.chance.random() < DAWDLING:
                await asyncio.sleep(self.dawdles)

    def look(self, line: str) -> None:
        """Does this frame, anywhere in it, hold words that this party must never read?"""
        for mark in MARK.findall(line):
            entry = self.book.sent.get(mark)
            mine = entry is not None and entry.account == self.view.account
            if (
                entry is None
                or not mine
                or (self.view.visitor and (entry.kind == "note" or entry.visitor != self.view.visitor))
            ):
                self.view.strays.append(f"{mark} in a frame to {self.view.party}")

    async def say(self, kind: str, **fields: Any) -> None:
        """Send one command."""
        if self._ws is not None:
            await self._ws.send_str(json.dumps({"type": kind, **fields}))

    def headers(self, origin: str) -> dict[str, str]:
        """Of the handshake."""
        return {"Origin": origin}

    async def hello(self) -> None:
        """First on every socket."""
        raise NotImplementedError

    async def take(self, frame: Wire) -> None:
        """One frame of the server."""
        raise NotImplementedError

    async def transmit(self, entry: Sent) -> None:
        """Utter one text."""
        raise NotImplementedError

    def target(self) -> str | None:
        """The visitor in whose chat the next text goes, if any can be written now."""
        raise NotImplementedError

    def author(self) -> str:
        """This client's author as the wire names it."""
        raise NotImplementedError

    def cut(self) -> None:
        """The socket is gone. Where older pages were still on their way, the chat is asked for from the start."""
        for chat in self.paging:
            self.cursor.pop(chat, None)
        self.paging.clear()

    def welcomed(self) -> None:
        """From now on this client speaks."""
        self._greeted = self._start

    @property
    def greeted(self) -> bool:
        """Was this socket welcomed by the server that runs now? A slow reader may not know yet that its server is gone."""
        return self._greeted == self.book.starts

    def settled(self) -> bool:
        """Is nothing under way on this socket?"""
        return self.greeted and not self.pending and not self.paging

    def on_the_wire(self) -> int:
        """How many sends went out on this socket and are not answered."""
        return len(self.pending) if self.greeted else 0

    def abandon(self) -> None:
        """A tab closed with its unacked texts in it: they stay unknown."""
        self.pending.clear()

    async def pump(self) -> None:
        """Fill the window."""
        while self.greeted and self.book.flowing and len(self.pending) < self.window:
            visitor = self.target()
            if visitor is None:
                return
            entry = self._next(visitor)
            self.pending[entry.id] = entry
            await self.transmit(entry)

    async def push(self, visitor: str, count: int) -> None:
        """Send so many new texts at once, whatever the window."""
        for _ in range(count):
            entry = self._write(visitor, "text", secrets.token_urlsafe(16))
            self.pending[entry.id] = entry
            await self.transmit(entry)

    def _next(self, visitor: str) -> Sent:
        dice = self.chance.random()
        old = self.chance.choice(self.acked[-20:]) if self.acked and dice < 2 * AGAIN else None
        if old and old.id not in self.pending and (self.view.visitor or old.visitor == visitor):
            return old if dice < AGAIN else self._write(visitor, old.kind, old.id)
        kind = "note" if self.view.visitor is None and self.chance.random() < NOTES else "text"
        return self._write(visitor, kind, secrets.token_urlsafe(16))

    def _write(self, visitor: str, kind: Any, id: str) -> Sent:
        self.number += 1
        mark = f"{self.view.party}.{self.number}"
        length = LONG if self.chance.random() < 0.1 else self.chance.randint(0, 9)
        text = f"~{mark}~ {' '.join(self.chance.choices(WORDS, k=length))} ."
        entry = Sent(mark, self.view.party, self.number, self.view.account, visitor, self.author(), id, text, kind)
        self.book.sent[mark] = entry
        return entry

    def hold(self, chat: str, message: Wire, live: bool) -> None:
        """Keep a message; live ones move the cursor and may be the echo of an own send."""
        rev = message["rev" if self.view.visitor is None else "pub"]
        body = message["body"]
        got = Got(message["by"], message["id"], message["seq"], rev, body["kind"], body.get("text"))
        behind = live and chat not in self.paging and rev <= self.cursor.get(chat, 0)
        if self.view.add(chat, got) and behind:
            self.view.late.append(f"{mark_of(got.text) or got.id} rev {rev} behind {self.cursor[chat]} at {self.view.party}")
        if live:
            self.cursor[chat] = max(rev, self.cursor.get(chat, 0))
            self._echo(got)

    def _echo(self, got: Got) -> None:
        entry = self.pending.get(got.id)
        if entry is None or got.by != self.author() or got.text != entry.text:
            return
        del self.pending[got.id]
        if entry.state != "acked":
            self.acked.append(entry)
        self.book.ack(entry)

    async def page(self, chat: str, frame: Wire) -> None:
        """A snapshot or an older page: ask on until what was held before is reached."""
        for message in frame["messages"]:
            self.hold(chat, message, live=False)
        oldest = min((message["seq"] for message in frame["messages"]), default=0)
        if frame["more"] and frame.get("full", True) and oldest > self.paging[chat]:
            await self.say("older", chat=chat, before=oldest)
        else:
            del self.paging[chat]

    async def snapshot(self, chat: str, upto: int, frame: Wire) -> None:
        """The answer to hello or open."""
        places: dict[Key, list[Got]] = self.view.chats.setdefault(chat, {})
        known = self.cursor.get(chat, 0)
        self.paging[chat] = max((got.seq for held in places.values() for got in held), default=0) if known else 0
        await self.page(chat, frame)
        self.cursor[chat] = max(upto, self.cursor.get(chat, 0))

    def refused(self, frame: Wire) -> None:
        """A refusal of an own send ends it; any other is kept for the report."""
        entry = self.pending.pop(frame["id"], None) if frame["id"] else None
        if entry is None:
            self.book.refusals.append(f"{self.view.party}: {frame}")
        elif entry.state == "acked":
            self.view.strays.append(f"{entry.mark}: acked, and refused when sent again: {frame['code']}")
        else:
            entry.state = "refused"
            if not self._clash(entry):
                self.book.refusals.append(f"{entry.mark}: {frame}")

    def _clash(self, entry: Sent) -> bool:
        return any(old.id == entry.id for old in self.acked)
