"""WebSocket as a Channel. Our own public origin alone may open one (DESIGN, Transports); absent or doubled is refused.

Threats: a socket that sends nothing (deadline for hello), reads nothing (bounded outbox, heartbeat), floods (a bucket for each
connection: one notice, then closed), or comes a thousand times from one network (counted).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from l2s.actions import people
from l2s.clock import SECOND
from l2s.errors import L2sError, NotFound, SignInNeeded, TooMany
from l2s.protocol.codec import encode
from l2s.protocol.frames import Refusal
from l2s.web.arrivals import arrival, network
from l2s.web.keys import LIVE, URLS
from l2s.web.live import Live
from l2s.web.session import Session
from l2s.web.user_session import UserSession
from l2s.web.visitor_session import Door, VisitorSession

HEARTBEAT: Final = 25.0  # under the 60 s after which bad middle boxes forget a connection
CONSOLES: Final = 30  # tabs of one sign-in
HELLO: Final = 10.0  # seconds in which the first command must come
READ: Final = 16 * 1024  # asyncio reads into 256 KiB that the allocator maps and unmaps each time


class SocketChannel:
    """A WebSocketResponse that writes through while its transport is empty."""

    __slots__ = ("_socket", "_transport")

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._socket = socket
        self._transport = transport

    def offer(self, data: bytes) -> bool:
        """Write at once if nothing waits in the transport."""
        if self._transport.get_write_buffer_size():
            return False
        sending = self._socket.send_frame(data, WSMsgType.TEXT)
        try:
            sending.send(None)
        except StopIteration:
            return True
        except (ConnectionError, RuntimeError):
            return True  # gone: the receive loop is about to notice
        sending.close()  # the frame is in the transport, only the waiting for room was begun
        return True

    async def send(self, data: bytes) -> None:
        """Write and wait while the transport is full."""
        await self._socket.send_frame(data, WSMsgType.TEXT)

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def finish(self) -> None:
        """Close after what was written."""
        self._transport.close()


def _socket(request: web.Request) -> web.WebSocketResponse:
    live, urls = request.app[LIVE], request.app[URLS]
    if live.stopping:
        raise web.HTTPServiceUnavailable
    if not urls.is_own(request.headers.getall("Origin", []), request.host):
        raise NotFound("bad_origin_header")
    return web.WebSocketResponse(
        max_msg_size=live.house.settings.frame_max, compress=False, heartbeat=HEARTBEAT, decode_text=False, timeout=5.0
    )


async def visitor(request: web.Request) -> web.StreamResponse:
    """`/ws/visitor`. Cookies confer nothing here."""
    live = request.app[LIVE]
    socket = _socket(request)
    seen = arrival(request, live.house.settings.trusted_proxies)
    near = network(seen.address)
    leave = live.limits.enter("peers", near, live.house.settings.rate_peers)
    try:
        await socket.prepare(request)
        doors = [Door(seen.address, seen.agent, seen.objected, near)]
        del seen  # raw: it goes to the session alone, which drops it at hello
        return await _run(live, socket, request, lambda channel: VisitorSession(live, channel, doors.pop()))
    finally:
        leave()


async def console(request: web.Request) -> web.StreamResponse:
    """`/ws/console`: the session cookie decides who speaks."""
    live, urls = request.app[LIVE], request.app[URLS]
    socket = _socket(request)
    token = request.cookies.get(urls.cookie, "")
    found = await live.house.engine.read(lambda sql: people.session_of(live.house, token, sql)) if token else None
    if not found:
        raise SignInNeeded("signed_out")
    session, actor = found
    leave = live.limits.enter("consoles", session, CONSOLES)
    try:
        await live.house.engine.write(people.touch(live.house, session))
        await socket.prepare(request)
        return await _run(live, socket, request, lambda channel: UserSession(live, channel, actor, session))
    finally:
        leave()


async def _run(
    live: Live, socket: web.WebSocketResponse, request: web.Request, make: Callable[[SocketChannel], Session]
) -> web.WebSocketResponse:
    transport = request.transport
    if transport is None:
        return socket
    if hasattr(transport, "max_size"):
        transport.max_size = READ
    session = make(SocketChannel(socket, transport))
    live.sockets[socket] = None
    try:
        await _hear(live, socket, session)
    finally:
        live.sockets.pop(socket, None)
        session.close()
    return socket


async def _hear(live: Live, socket: web.WebSocketResponse, session: Session) -> None:
    settings, key = live.house.settings, live.house.ids.new()
    warned = False
    loop = asyncio.get_running_loop()
    until = loop.time() + HELLO
    while not socket.closed:
        try:
            message = await socket.receive(None if session.greeted else max(0.001, until - loop.time()))
        except TimeoutError:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"hello_first", drain=False)
            return
        if message.type is not WSMsgType.TEXT:
            if message.type is WSMsgType.BINARY:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, drain=False)
            return
        try:
            live.limits.take("commands", key, settings.rate_commands * 4, 4 * SECOND)
        except TooMany as problem:
            if warned:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too_many", drain=False)
                return
            warned = True
            _refuse(session, problem)
            continue
        await session.take(message.data)


def _refuse(session: Session, problem: L2sError) -> None:
    session.peer.tell(encode(Refusal(problem.code, data=dict(problem.data))))
