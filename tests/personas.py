"""Larch & Rook and its people: Maja owns it, Tom and Priya are operators, Ingrid and Benedikt write. Fox & Sons is the other
account on the same server. They speak the wire through real sockets.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any, Self

import aiohttp

from l2s.actions import people, signins, sites
from l2s.actions.people import hash_password
from l2s.actions.signins import Device
from l2s.actions.sites import Made, NewOwner, checked_site
from l2s.domain.people import HOST, Role
from l2s.web.live import Live
from l2s.web.urls import Urls

Frame = dict[str, Any]
GUARD = 20.0  # ends a hang; no test passes or fails by it otherwise
PASSWORD = "correct horse workbench lamp"
HASHED = hash_password(PASSWORD)


def new_id() -> str:
    """A client-made id or token."""
    return secrets.token_urlsafe(24)


class Wire:
    """One socket. `frames`: everything heard, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self._news = asyncio.Event()
        self._at = 0
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self.socket:
            self.frames += [json.loads(line) for line in message.data.split("\n")]
            self._news.set()
        self.frames.append({"type": "closed", "code": self.socket.close_code})
        self._news.set()

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str, where: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        """The next frame of a kind after the last one heard."""
        try:
            async with asyncio.timeout(GUARD):
                while True:
                    for index in range(self._at, len(self.frames)):
                        frame = self.frames[index]
                        if frame["type"] == kind and where(frame):
                            self._at = index + 1
                            return frame
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind} came; heard last: {self.frames[self._at :][-5:]}") from None

    async def ask(self, kind: str, answer: str, **fields: Any) -> Frame:
        """Say something and hear the answer or the refusal."""
        await self.say(kind, **fields)
        return await self.hear(answer)

    async def quiet(self) -> list[Frame]:
        """Everything heard until a ping came back: what was not told by then is not told."""
        start = len(self.frames)
        await self.say("ping")
        await self.hear("pong")
        return self.frames[start:]

    async def close(self) -> None:
        await self.socket.close()
        await self._task


class Visitor(Wire):
    """A visitor's tab."""

    token: str

    async def enter(self, token: str | None = None) -> str:
        self.token = token or new_id()
        await self.ask("enter", "welcome", token=self.token)
        return self.token

    async def write(self, text: str, id: str | None = None) -> Frame:
        """Send and hear the echo."""
        key = id or new_id()
        await self.say("send", id=key, text=text)
        return await self.hear("message", lambda frame: frame["message"]["id"] == key)


class User(Wire):
    """A user's console."""

    cookie: str
    id: str
    welcome: Frame

    async def reply(self, chat: str, text: str, **more: Any) -> Frame:
        key = new_id()
        await self.say("send", chat=chat, id=key, text=text, **{"seen": 10**9, **more})
        return await self.hear("message", lambda frame: frame["message"]["id"] == key)


class Shop:
    """A running server with its people."""

    def __init__(self, live: Live, urls: Urls, made: Made) -> None:
        self.live = live
        self.house = live.house
        self.urls = urls
        self.made = made
        self.site = made.site
        self.base = f"http://127.0.0.1:{urls.port}"
        self.http = aiohttp.ClientSession()
        self._wires: list[Wire] = []

    async def __aenter__(self) -> Self:
        return self

    async def close(self) -> None:
        for wire in self._wires:
            await wire.close()
        await self.http.close()

    async def connect(self, path: str, kind: type[Wire], **headers: str) -> Any:
        headers = {"Origin": self.base, **headers}
        wire = kind(await self.http.ws_connect(f"{self.base}{path}", headers=headers, max_msg_size=0))
        self._wires.append(wire)
        return wire

    async def visitor(
        self, token: str | None = None, site: str | None = None, headers: dict[str, str] | None = None, **hello: Any
    ) -> Visitor:
        """A visitor who said hello; with a token the page already held one."""
        wire: Visitor = await self.connect("/ws/visitor", Visitor, **(headers or {}))
        wire.token = token or ""
        said = {"protocol": 1, "site": site or self.site, **({"token": token} if token else {}), **hello}
        wire.frames_hello = await wire.ask("hello", "welcome", **said)  # type: ignore[attr-defined]
        return wire

    async def writer(self, text: str = "Hello", **hello: Any) -> tuple[Visitor, str]:
        """A new visitor who wrote one message: (tab, chat id)."""
        tab = await self.visitor(**hello)
        await tab.enter()
        echo = await tab.write(text)
        return tab, echo["chat"]

    async def add_user(self, name: str, role: Role = "operator", account: str | None = None) -> str:
        """A user who set a password; returns the id."""
        mail = f"{name.lower()}@larch.example"
        secret = await self.house.engine.write(people.invite(self.house, HOST, account or self.made.account, mail, name, role))
        signed = await self.house.engine.write(people.use_link(self.house, secret, HASHED, Device("127.0.0.1", "")))
        return signed.user.id

    async def sign_in(self, user: str) -> str:
        """A session cookie."""
        signed = await self.house.engine.write(signins.start_session(self.house, user, Device("127.0.0.1", "Firefox/1 Linux")))
        return f"{self.urls.cookie}={signed.token}"

    async def console(self, user: str, cookie: str | None = None) -> User:
        """A console that said hello."""
        cookie = cookie or await self.sign_in(user)
        wire: User = await self.connect("/ws/console", User, Cookie=cookie)
        wire.cookie, wire.id = cookie, user
        wire.welcome = await wire.ask("hello", "welcome", protocol=1)
        return wire

    async def operator(self, name: str = "Tom", role: Role = "operator") -> User:
        """A new user, signed in and available."""
        wire = await self.console(await self.add_user(name, role))
        await wire.hear("person", lambda frame: frame["person"]["id"] == wire.id and frame["person"]["here"])
        return wire

    async def step(self) -> None:
        """The jobs that are due now."""
        assert self.live.jobs is not None
        await self.live.jobs.step()

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """A table as it stands, read beside the server."""
        import sqlite3

        connection = sqlite3.connect(f"file:{self.house.engine.path}?mode=ro", uri=True)
        try:
            return connection.execute(f"SELECT * FROM {table}").fetchall()
        finally:
            connection.close()


async def found_shop(live: Live, urls: Urls) -> Shop:
    """The first account: Maja's."""
    new = checked_site("Larch & Rook", ["localhost", "127.0.0.1"], "Larch & Rook Ltd", "privacy@larch.example")
    made = await live.house.engine.write(
        sites.make_account(live.house, new, NewOwner("Maja Lindqvist", "maja@larch.example", HASHED))
    )
    return Shop(live, urls, made)


async def found_fox(shop: Shop) -> Made:
    """A second account on the same server."""
    new = checked_site("Fox & Sons", ["127.0.0.1"], "Fox & Sons", "privacy@fox.example")
    owner = NewOwner("Fred Fox", "fred@fox.example", HASHED)
    return await shop.house.engine.write(sites.make_account(shop.house, new, owner))
