"""Who speaks on a stream, and what each command does: one for all transports. No aiohttp here (DESIGN, Transports).

A visitor's and a user's session have separate tables; a visitor cannot utter a user's command. Sends are submitted in order and
answered by their echo; at most `in_flight` of them are at work, the next one is not read until one is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final

from l2s.domain.events import MessagePosted
from l2s.errors import BadInput, Conflict, L2sError
from l2s.live.peer import Peer
from l2s.protocol import PROTOCOL
from l2s.protocol import frames as fr
from l2s.protocol.codec import encode
from l2s.store.engine import Ticket, Unit
from l2s.web.live import Live

LOG: Final = logging.getLogger("l2s.session")
Table = Mapping[type, Callable[[Any, Any], Awaitable[None]]]  # command → what a session does with it


class Session:
    """What both audiences share: decoding, refusing, the bound on work in flight."""

    __slots__ = ("_in_flight", "_room", "greeted", "house", "live", "peer")
    table: ClassVar[Table] = {}
    peer: Peer

    def __init__(self, live: Live) -> None:
        self.live = live
        self.house = live.house
        self._in_flight = 0
        self._room: asyncio.Future[None] | None = None
        self.greeted = False

    def decode(self, raw: bytes) -> Any:
        """One command of this audience."""
        raise NotImplementedError

    async def take(self, raw: bytes) -> None:
        """One message of the client. Never raises; what cannot be done is answered by a refusal."""
        command: Any = None
        try:
            command = self.decode(raw)
            name = type(command).__struct_config__.tag
            if not self.greeted and name not in ("hello", "ping"):
                raise Conflict("hello_first")
            if self.greeted and name == "hello":
                raise Conflict("hello_once")
            while self._in_flight >= self.house.settings.in_flight:
                self._room = asyncio.get_running_loop().create_future()
                await self._room
            await self.table[type(command)](self, command)
        except L2sError as problem:
            self.refuse(command, problem)
        except Exception:
            LOG.exception("a command failed: %r", command)
            self.refuse(command, L2sError("internal"))

    def refuse(self, command: Any, problem: L2sError) -> None:
        """Answer with what is wrong; nothing was changed."""
        name = type(command).__struct_config__.tag if command is not None else ""
        frame = fr.Refusal(
            problem.code, str(name), getattr(command, "id", None), getattr(command, "chat", None), dict(problem.data)
        )
        self.peer.tell(encode(frame))

    def check_protocol(self, protocol: int) -> None:
        """An older or newer tab reloads (D12)."""
        if protocol != PROTOCOL:
            raise BadInput("protocol", server=PROTOCOL)

    def submit(self, command: Any, unit: Unit[Any], answer: Callable[[Any], fr.Frame | None]) -> None:
        """Queue a unit in order, without waiting for it. Its echo is its acknowledgement; `answer` is for a resend."""
        self._in_flight += 1

        def done(ticket: Ticket[Any]) -> None:
            self._in_flight -= 1
            if self._room and not self._room.done():
                self._room.set_result(None)
            if ticket.error is None:
                frame = answer(ticket.result)
                if frame:
                    self.peer.tell(encode(frame))
            elif isinstance(ticket.error, L2sError):
                self.refuse(command, ticket.error)
            else:
                LOG.error("a unit failed: %r", command, exc_info=ticket.error)
                self.refuse(command, L2sError("internal"))

        self.house.engine.submit(unit, done)

    async def on_ping(self, _: Any) -> None:
        """The socket is alive."""
        self.peer.tell(encode(fr.Pong(self.house.clock.at())))

    def close(self) -> None:
        """The connection is gone."""
        self.live.hub.leave(self.peer)
        self.peer.dead = True


def stored(posted: MessagePosted | None, frame: Callable[[MessagePosted], fr.Frame | None]) -> fr.Frame | None:
    """The frame of a message that was stored before; None where the echo comes by fan-out."""
    return frame(posted) if posted else None
