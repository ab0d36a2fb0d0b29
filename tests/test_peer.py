"""A peer's outbox: the snapshot goes before what waited, also while a slow transport is being drained."""

from __future__ import annotations

import asyncio

import pytest

from l2s.domain.people import Actor
from l2s.live.peer import Peer


class Narrow:
    """A channel whose transport is full; `let` lets one send through."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.gone = False
        self._room = asyncio.Semaphore(0)

    def offer(self, data: bytes) -> bool:
        return False

    async def send(self, data: bytes) -> None:
        await self._room.acquire()
        self.sent += data.split(b"\n")

    def let(self) -> None:
        self._room.release()

    def abort(self) -> None:
        self.gone = True

    def finish(self) -> None:
        self.gone = True


async def turns() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("drained_while_held", [False, True])
async def test_a_snapshot_goes_before_what_waited_while_a_slow_transport_drains(drained_while_held: bool) -> None:
    channel = Narrow()
    peer = Peer(channel, Actor("visitor", "v", "a"), "", 1 << 20)
    peer.tell(b"m1")
    peer.push(b"m2")
    await turns()  # m1 is with the transport
    peer.hold()
    peer.push(b"m3")
    if drained_while_held:
        channel.let()
        await turns()
    peer.release(b"SNAPSHOT")
    for _ in range(3):
        channel.let()
        await turns()
    order = [frame for frame in channel.sent if frame != b"m2"]
    assert order == [b"m1", b"SNAPSHOT", b"m3"]
    assert channel.sent.count(b"m2") == 1


async def test_a_peer_that_does_not_read_is_dropped_and_holds_no_more_than_its_limit() -> None:
    channel = Narrow()
    peer = Peer(channel, Actor("visitor", "v", "a"), "", 1000)
    for _ in range(50):
        peer.tell(b"x" * 100)
    assert peer.dead
    assert channel.gone
