"""A peer is somebody's live connection: a bounded outbox over a Channel. Nobody waits for a slow one (DESIGN 6).

It writes through while its transport is empty; only while it is not, a drain task runs. Overflow drops the peer, which comes
back and resyncs. While it is held (a snapshot is being read), frames wait, so that the snapshot goes first.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from l2s.domain.people import Actor

CHUNK: Final = 64 * 1024


class Channel(Protocol):
    """One direction of a transport."""

    def offer(self, data: bytes) -> bool:
        """Write at once if nothing waits in the transport; False = it did not."""

    async def send(self, data: bytes) -> None:
        """Write and wait while the transport is full. Raises ConnectionError when it is gone."""

    def abort(self) -> None:
        """Drop the connection without a farewell."""

    def finish(self) -> None:
        """Close after what was written."""


class Peer:
    """`actor` says whom to deliver as; `session` is a user's session id, "" for a visitor."""

    __slots__ = ("_channel", "_drain", "_frames", "_held", "_most", "_size", "actor", "dead", "session", "topics")

    def __init__(self, channel: Channel, actor: Actor, session: str, most: int) -> None:
        self.actor = actor
        self.session = session
        self.topics: tuple[tuple[str, str], ...] = ()  # few; an empty set alone takes 216 bytes
        self.dead = False
        self._channel = channel
        self._most = most
        self._frames: list[bytes] = []
        self._size = 0
        self._held = False
        self._drain: asyncio.Task[None] | None = None

    def push(self, frame: bytes) -> None:
        """Queue a frame; `flush` sends. Over the limit the peer is dropped."""
        if self.dead:
            return
        self._frames.append(frame)
        self._size += len(frame) + 1
        if self._size > self._most:
            self.drop()

    def flush(self) -> None:
        """Write what is queued, joined by line ends."""
        if self._held or self._drain or not self._frames or self.dead:
            return
        if self._channel.offer(b"\n".join(self._frames)):
            self._clear()
        else:
            self._drain = asyncio.get_running_loop().create_task(self._empty())

    def tell(self, frame: bytes) -> None:
        """Push and flush one frame."""
        self.push(frame)
        self.flush()

    def hold(self) -> None:
        """Frames wait from now on."""
        self._held = True

    def release(self, *first: bytes) -> None:
        """`first` goes before everything that waited."""
        self._held = False
        self._frames[:0] = first
        self._size += sum(len(frame) + 1 for frame in first)
        self.flush()

    def drop(self) -> None:
        """The peer is gone: nothing is sent to it any more."""
        if not self.dead:
            self.dead = True
            self._clear()
            self._channel.abort()

    def end(self, last: bytes) -> None:
        """Throw away what waits, say one last thing, and close: a session has died."""
        if not self.dead:
            self.dead = True
            self._clear()
            self._channel.offer(last)
            self._channel.finish()

    def _clear(self) -> None:
        self._frames.clear()
        self._size = 0

    async def _empty(self) -> None:
        """While the transport is full. What is being sent has left the queue, so a snapshot can go before the rest."""
        try:
            while self._frames and not self._held and not self.dead:
                taken, size = 0, 0
                while taken < len(self._frames) and size < CHUNK:
                    size += len(self._frames[taken]) + 1
                    taken += 1
                data = b"\n".join(self._frames[:taken])
                del self._frames[:taken]
                await self._channel.send(data)
                self._size = max(0, self._size - size)
        except (ConnectionError, RuntimeError):
            self.drop()
        finally:
            self._drain = None
