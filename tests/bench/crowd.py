"""Ten thousand idle visitors: memory of each, how long a message takes meanwhile, and their return after a kill."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.bench.relay import TEXT, Client, Relay, connect
from tests.bench.server import Process, l2s

BATCH = 200


async def gather(server: Process, site: str, count: int) -> tuple[list[Client], float]:
    """`count` visitors who said hello; how long that took."""
    began = time.perf_counter()
    clients: list[Client] = []
    welcomed = 0
    done = asyncio.Event()

    def heard(data: bytes) -> None:
        nonlocal welcomed
        if b'"welcome"' in data:
            welcomed += 1
            if welcomed == count:
                done.set()

    origin = {"Origin": f"http://127.0.0.1:{server.port}"}
    while len(clients) < count:
        size = min(BATCH, count - len(clients))
        batch = await asyncio.gather(
            *(_patient(f"ws://127.0.0.1:{server.port}/ws/visitor", heard, origin) for _ in range(size))
        )
        for client in batch:
            client.say(type="hello", protocol=1, site=site)
        clients += batch
    await done.wait()
    return clients, time.perf_counter() - began


async def _patient(url: str, heard: object, headers: dict[str, str]) -> Client:
    while True:
        try:
            return await connect(url, heard, headers)  # type: ignore[arg-type]
        except (OSError, EOFError):
            await asyncio.sleep(0.02)


async def steady(clients: list[Client], relay: Relay, rate: int, seconds: float) -> list[float]:
    """Delays to the operator at a steady rate over all clients that have a chat."""
    relay.delays.clear()
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        while sent < now * rate:
            clients[sent % len(clients)].say(type="send", id=relay.next_id(), text=TEXT)
            sent += 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.5)
    return sorted(relay.delays)


async def storm(server: Process, data: Path, site: str, clients: list[Client]) -> tuple[Process, float]:
    """Kill the server; everybody comes back. Seconds from the kill until all have a welcome again."""
    server.kill()
    began = time.perf_counter()
    for client in clients:
        client.transport.disconnect()
    again = l2s(data, server.port)
    back, _ = await gather(again, site, len(clients))
    took = time.perf_counter() - began
    for client in back:
        client.transport.disconnect()
    return again, took
