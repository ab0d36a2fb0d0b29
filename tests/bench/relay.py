"""The durable relay against the bare hub: CPU of the server per message, and how long a message takes to the other side."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.bench.server import Process

TEXT = "Is the two-person tent still in stock, and does it come with a groundsheet? Thank you."
ID = re.compile(rb'"id": ?"(m\d+-[\w-]+)"')


class Client(WSListener):  # type: ignore[misc]  # a C class without types
    """One socket; `heard` gets each text message."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self.heard = heard
        self.transport: WSTransport = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.heard(frame.get_payload_as_bytes())

    def say(self, **fields: Any) -> None:
        self.transport.send(WSMsgType.TEXT, json.dumps(fields, separators=(",", ":")).encode())


async def connect(url: str, heard: Callable[[bytes], None], headers: dict[str, str]) -> Client:
    """An open socket."""
    _, client = await ws_connect(lambda: Client(heard), url, extra_headers=headers, websocket_handshake_timeout=60)
    return client  # type: ignore[no-any-return]


class Waiting:
    """Resolves when a piece of text was heard."""

    def __init__(self) -> None:
        self.future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.mark = b""

    def heard(self, data: bytes) -> None:
        if not self.future.done() and self.mark in data:
            self.future.set_result(data)

    async def until(self, mark: bytes, act: Callable[[], None]) -> bytes:
        self.future, self.mark = asyncio.get_running_loop().create_future(), mark
        act()
        return await self.future


class Relay:
    """Visitors who write as fast as echoes come, an operator who hears all of them."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.sent: dict[bytes, float] = {}
        self.delays: list[float] = []
        self.echoed = 0
        self.count = itertools.count()

    def operator_heard(self, data: bytes) -> None:
        now = time.perf_counter()
        for found in ID.finditer(data):
            began = self.sent.pop(found[1], None)
            if began is not None:
                self.delays.append(now - began)

    def next_id(self) -> str:
        key = f"m{next(self.count)}-{secrets.token_urlsafe(12)}"
        self.sent[key.encode()] = time.perf_counter()
        return key


async def l2s_room(server: Process, site: str, cookie: str, visitors: int, relay: Relay) -> tuple[list[Client], Client]:
    """Visitors with a taken chat each, and the operator who has them all."""
    origin = {"Origin": f"http://127.0.0.1:{server.port}"}
    base = f"ws://127.0.0.1:{server.port}"
    wait = Waiting()
    heard: list[Callable[[bytes], None]] = [wait.heard]
    operator = await connect(f"{base}/ws/console", lambda data: heard[0](data), origin | {"Cookie": cookie})
    await wait.until(b'"welcome"', lambda: operator.say(type="hello", protocol=1))
    clients = [await _visitor(base, origin, site, operator, wait, relay) for _ in range(visitors)]
    heard[0] = relay.operator_heard
    return clients, operator


async def _visitor(base: str, origin: dict[str, str], site: str, operator: Client, wait: Waiting, relay: Relay) -> Client:
    mine = Waiting()
    hear: list[Callable[[bytes], None]] = [mine.heard]
    client = await connect(f"{base}/ws/visitor", lambda data: hear[0](data), origin)
    await mine.until(b'"welcome"', lambda: client.say(type="hello", protocol=1, site=site))
    await mine.until(b'"welcome"', lambda: client.say(type="enter", token=secrets.token_urlsafe(24)))
    key = secrets.token_urlsafe(16)
    data = await mine.until(key.encode(), lambda: client.say(type="send", id=key, text="Hello"))
    chat = re.search(rb'"type":"message","chat":"([\w-]+)"', data)[1].decode()  # type: ignore[index]
    await wait.until(b'"took"', lambda: operator.say(type="take", chat=chat))
    hear[0] = _echoes(client, relay)
    return client


def _echoes(client: Client, relay: Relay) -> Callable[[bytes], None]:
    def heard(data: bytes) -> None:
        for _ in ID.finditer(data):
            relay.echoed += 1
            if relay.window:
                client.say(type="send", id=relay.next_id(), text=TEXT)

    return heard


async def hub_room(server: Process, visitors: int, relay: Relay) -> tuple[list[Client], Client]:
    """The same shape on the bare hub."""
    base = f"ws://127.0.0.1:{server.port}/ws?rooms="
    rooms = ",".join(str(number) for number in range(visitors))
    operator = await connect(base + rooms, relay.operator_heard, {})
    clients = []
    for number in range(visitors):
        client_box: list[Client] = []

        def heard(data: bytes, room: str = str(number), box: list[Client] = client_box) -> None:
            for _ in ID.finditer(data):
                relay.echoed += 1
                if relay.window:
                    box[0].say(type="send", room=room, id=relay.next_id(), text=TEXT)

        client_box.append(await connect(base + str(number), heard, {}))
        clients.append(client_box[0])
    return clients, operator


async def saturate(server: Process, clients: list[Client], relay: Relay, seconds: float, hub: bool) -> tuple[float, float]:
    """(messages per second, server CPU µs per message) with `window` messages of each client on the way."""
    for number, client in enumerate(clients):
        for _ in range(relay.window):
            extra = {"room": str(number)} if hub else {}
            client.say(type="send", id=relay.next_id(), text=TEXT, **extra)
    await asyncio.sleep(1)
    cpu, count, began = server.cpu, relay.echoed, time.perf_counter()
    relay.delays.clear()
    await asyncio.sleep(seconds)
    messages, took, used = relay.echoed - count, time.perf_counter() - began, server.cpu - cpu
    relay.window = 0
    await asyncio.sleep(0.5)
    return messages / took, used / messages * 1e6
