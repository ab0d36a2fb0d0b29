"""The witness of `l2s prove`: an ordinary visitor who comes through the public door and sends a canary wherever one fits.

No switch and no secret: the server cannot tell it from anybody else. It hears what every visitor hears, and nothing more.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import aiohttp
import msgspec

from l2s.errors import Broken
from l2s.privacy.traces import Trace

PATIENCE: Final = 30.0  # seconds for one answer
BODY_MAX: Final = 4 << 20
Frame = dict[str, Any]


class Door(msgspec.Struct, frozen=True):
    """Where to knock. `url`: what is connected to, with the server's path; `origin`: the server's own, as browsers know it;
    `address`: where the visitor comes from, "" = as the system chooses."""

    url: str
    origin: str
    address: str = ""


class Page(msgspec.Struct, frozen=True):
    """An answer over HTTP."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


class Refused(Exception):
    """The server refused a command: `code` is error.<code>."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Witness:
    """One visitor with what they send. `objects`: their browser sends Sec-GPC."""

    def __init__(self, door: Door, site: str, sent: Mapping[str, Trace], objects: bool) -> None:
        self.door = door
        self.site = site
        self.objects = objects
        self.frames: list[Frame] = []
        self._sent = {name: trace.sent for name, trace in sent.items()}
        self._client: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        local = (self.door.address, 0) if self.door.address else None
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=local, force_close=True),
            headers=self._headers(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket:
            await self._socket.close()
        if self._client:
            await self._client.close()

    def _headers(self) -> dict[str, str]:
        """What a browser tells of itself with every request, and what somebody might add to it."""
        sent = self._sent
        told = {
            "Host": self.door.origin.partition("://")[2],
            "User-Agent": sent["user agent"],
            "Sec-CH-UA": sent["client hint"],
            "Accept-Language": sent["languages"],
            "Referer": sent["referring header"],
            "Cookie": sent["cookie"],
            "X-Forwarded-For": sent["forwarded address"],
        }
        return told | ({"Sec-GPC": "1"} if self.objects else {})

    async def page(self, path: str) -> Page:
        """One page of the server, redirects not followed. Raises Broken where nobody answers."""
        assert self._client
        try:
            async with self._client.get(f"{self.door.url}{path}", allow_redirects=False) as answer:
                body = (await answer.content.read(BODY_MAX)).decode(errors="replace")
                return Page(path, answer.status, tuple(answer.headers.items()), body)
        except (OSError, aiohttp.ClientError, TimeoutError) as problem:
            raise self._silent(problem) from None

    def _silent(self, problem: Exception) -> Broken:
        by = f" from {self.door.address}" if self.door.address else ""
        return Broken(
            f"{self.door.url} does not answer{by} ({type(problem).__name__}). Is the server running, and does it listen on an "
            "address that this command can reach?"
        )

    # The socket.

    async def arrive(self) -> Frame:
        """Hello and enter, as the frame of the widget does; returns the last welcome."""
        assert self._client
        try:
            self._socket = await self._client.ws_connect(
                f"{self.door.url}/ws/visitor?from={self._sent['cookie']}", headers={"Origin": self.door.origin}, max_msg_size=0
            )
        except (OSError, aiohttp.ClientError, TimeoutError) as problem:
            raise self._silent(problem) from None
        hello = {"protocol": 1, "site": self.site, "language": "en", "objected": self.objects}
        hello |= {"page": self._sent["page"], "referrer": self._sent["referrer"]}
        await self.ask("hello", "welcome", **hello)
        return await self.ask("enter", "welcome", token=self._sent["token"])

    async def write(self, law: Frame) -> str:
        """The tick where one is asked for, the form, a message, a statement, a mark: the chat. Raises Refused."""
        if law["asks"] and not self.objects:
            await self.ask("tick", "law", on=True, version=law["version"])
        await self.ask("leave", "left", id=_id(), text=self._sent["letter"], mail=self._sent["mail"], name=self._sent["name"])
        chat = str((await self._say("send", self._sent["message"]))["chat"])
        seq = (await self._say("state", self._sent["statement"]))["message"]["seq"]
        await self.tell("mark", delivered=seq, read=seq)
        return chat

    async def _say(self, kind: str, text: str) -> Frame:
        key = _id()
        await self.tell(kind, id=key, text=text)
        return await self.hear("message", lambda frame: frame["message"]["id"] == key)

    async def ask(self, kind: str, answer: str, **fields: Any) -> Frame:
        """Say something and hear the answer. Raises Refused."""
        await self.tell(kind, **fields)
        return await self.hear(answer)

    async def tell(self, kind: str, **fields: Any) -> None:
        """Say something."""
        assert self._socket
        try:
            await self._socket.send_str(json.dumps({"type": kind, **fields}))
        except (OSError, aiohttp.ClientError) as problem:
            raise self._silent(problem) from None

    async def hear(self, kind: str, where: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        """The next frame of a kind. Raises Refused, and Broken where none comes."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    while self.frames:
                        frame = self.frames.pop(0)
                        if frame["type"] == "refused":
                            raise Refused(str(frame["code"]))
                        if frame["type"] == kind and where(frame):
                            return frame
                    await self._more()
        except TimeoutError as problem:
            raise self._silent(problem) from None

    async def _more(self) -> None:
        assert self._socket
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise self._silent(ConnectionError())
        self.frames += [json.loads(line) for line in message.data.split("\n")]


def _id() -> str:
    return secrets.token_urlsafe(16)
