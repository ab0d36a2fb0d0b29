"""Ten thousand idle visitors: memory of each, how long a message takes meanwhile, and their return after a kill.

The load has a core of its own and is as cheap as it can be, so that the server is what is measured: an idle visitor is a bare
socket that speaks just enough WebSocket, and the next one comes as soon as one was welcomed.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.relay import TEXT, Client, Relay
from tests.bench.server import Process, l2s

WINDOW = 200  # visitors on their way in at once
PONG = b"\x8a\x80\0\0\0\0"


def load_apart() -> None:
    """The load leaves the server's core alone."""
    cores = os.cpu_count() or 1
    if cores > 1:
        os.sched_setaffinity(0, set(range(1, cores)))


def masked(text: bytes) -> bytes:
    """A short text frame, masked with zeros."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


def frames(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(opcode, start, end) of each whole frame of a server."""
    at = 0
    while len(data) >= at + 2:
        size, start = data[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        if len(data) < start + size:
            return
        yield data[at] & 15, start, start + size
        at = start + size


class Idler:
    """A visitor who only looks."""

    __slots__ = ("crowd", "data", "socket", "upgraded")

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.data = b""
        self.upgraded = False
        self.socket = socket.create_connection(("127.0.0.1", crowd.port))
        self.socket.setblocking(False)
        self.socket.send(crowd.handshake)

    def readable(self) -> None:
        got = self.socket.recv(65536)
        if not got:
            raise SystemExit("the server dropped an idle visitor")
        self.data += got
        if not self.upgraded:
            head, found, rest = self.data.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                raise SystemExit(f"refused: {head[:80]!r}")
            self.upgraded, self.data = True, rest
            self.socket.send(self.crowd.hello)
        self._hear()

    def _hear(self) -> None:
        done = 0
        for opcode, start, end in frames(self.data):
            done = end
            if opcode == 9:
                self.socket.send(PONG)
            elif self.data.find(b'"welcome"', start, end) >= 0:
                self.crowd.welcomed()
        self.data = self.data[done:]

    def leave(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


class Crowd:
    """Idle visitors of one site."""

    def __init__(self, port: int, site: str) -> None:
        self.port = port
        self.site = site
        self.handshake = (
            f"GET /ws/visitor HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
            "Accept-Language: en\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"
        ).encode()
        self.hello = masked(json.dumps({"type": "hello", "protocol": 1, "site": site}).encode())
        self.idlers: list[Idler] = []
        self._here = 0
        self._news = asyncio.Event()

    def welcomed(self) -> None:
        self._here += 1
        self._news.set()

    async def join(self, count: int) -> tuple[float, float]:
        """`count` visitors come in; seconds until all were welcomed, and CPU seconds of this load."""
        began, cpu = time.perf_counter(), time.process_time()
        loop = asyncio.get_running_loop()
        while self._here < count:
            while len(self.idlers) < min(count, self._here + WINDOW):
                try:
                    idler = Idler(self)
                except ConnectionError:  # the server is not there yet
                    await asyncio.sleep(0.005)
                    continue
                self.idlers.append(idler)
                loop.add_reader(idler.socket, idler.readable)
            self._news.clear()
            await self._news.wait()
        return time.perf_counter() - began, time.process_time() - cpu

    def leave(self) -> None:
        """All of them go."""
        for idler in self.idlers:
            idler.leave()
        self.idlers = []


async def steady(clients: list[Client], relay: Relay, rate: int, seconds: float) -> list[float]:
    """Delays from the send to the operator, at a steady rate over all clients that have a chat."""
    relay.delays.clear()
    loop = asyncio.get_running_loop()

    def send(number: int) -> None:
        clients[number % len(clients)].say(type="send", id=relay.next_id(), text=TEXT)

    def pace() -> None:
        """In a thread: the loop's own timers are too coarse, and would send in bursts."""
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            loop.call_soon_threadsafe(send, number)

    await asyncio.to_thread(pace)
    async with asyncio.timeout(60):
        while relay.sent:
            await asyncio.sleep(0.01)
    return sorted(relay.delays)


async def storm(server: Process, data: Path, crowd: Crowd) -> tuple[Process, float]:
    """Kill the server; everybody comes back. Seconds from the kill until all have a welcome again."""
    count = len(crowd.idlers)
    server.kill()
    began = time.perf_counter()
    crowd.leave()
    again = l2s(data, server.port)
    back = Crowd(server.port, crowd.site)
    await back.join(count)
    took = time.perf_counter() - began
    back.leave()
    return again, took
