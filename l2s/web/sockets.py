"""WebSocket as a Channel. Our own public origin alone may open one (DESIGN, Transports); absent or doubled is refused.

Threats: a socket that sends nothing (deadline for hello), reads nothing (bounded outbox, heartbeat), floods (a bucket for each
connection: one notice, then closed), or comes a thousand times from one network (counted).
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from l2s.actions import signins
from l2s.clock import SECOND
from l2s.errors import L2sError, NotFound, SignInNeeded, TooMany
from l2s.protocol.codec import encode
from l2s.protocol.frames import Refusal
from l2s.web.arrivals import arrival, network
from l2s.web.keys import LIVE, URLS
from l2s.web.limits import Bucket
from l2s.web.live import Live
from l2s.web.session import Session
from l2s.web.user_session import UserSession
from l2s.web.visitor_session import Door, VisitorSession

HEARTBEAT: Final = 25.0  # under the 60 s after which bad middle boxes forget a connection
SPREAD: Final = 5.0  # seconds: those who came back together after a restart would be asked together for ever
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
    beat = HEARTBEAT - SPREAD * (len(live.sockets) % 97) / 97
    return web.WebSocketResponse(
        max_msg_size=live.house.settings.frame_max, compress=False, heartbeat=beat, decode_text=False, timeout=5.0
    )


async def visitor(request: web.Request) -> web.StreamResponse:
    """`/ws/visitor`. Cookies confer nothing here."""
    live = request.app[LIVE]
    socket = _socket(request)
    seen = arrival(request, live.house.settings.trusted_proxies)
    near = network(seen.address)
    counted = live.limits.enter("peers", near, live.house.settings.rate_peers)
    try:
        if channel := await _open(socket, request):
            session = VisitorSession(live, channel, Door(seen.address, seen.agent, seen.objected, near))
            del seen  # raw: it goes to the session alone, which drops it at hello
            await _run(live, socket, session)
    finally:
        live.limits.leave(counted)
    return socket


async def console(request: web.Request) -> web.StreamResponse:
    """`/ws/console`: the session cookie decides who speaks."""
    live, urls = request.app[LIVE], request.app[URLS]
    socket = _socket(request)
    token = request.cookies.get(urls.cookie, "")
    found = await live.house.engine.read(lambda sql: signins.session_of(live.house, token, sql)) if token else None
    if not found:
        raise SignInNeeded("signed_out")
    session, actor = found
    counted = live.limits.enter("consoles", session, CONSOLES)
    try:
        await live.house.engine.write(signins.touch(live.house, session))
        if channel := await _open(socket, request):
            await _run(live, socket, UserSession(live, channel, actor, session))
    finally:
        live.limits.leave(counted)
    return socket


async def _open(socket: web.WebSocketResponse, request: web.Request) -> SocketChannel | None:
    """Answer the handshake. None = the client is gone."""
    await socket.prepare(request)
    socket.headers.clear()  # they were sent; 2 KB for the life of the socket
    transport = request.transport
    if transport is None:
        return None
    if hasattr(transport, "max_size"):
        transport.max_size = READ
    return SocketChannel(socket, transport)


async def _run(live: Live, socket: web.WebSocketResponse, session: Session) -> None:
    """Hear the client until it is gone."""
    most, steady, time = live.house.settings.rate_commands * 4, live.house.clock.steady, asyncio.get_running_loop().time
    bucket, warned, until = Bucket(most, steady()), False, time() + HELLO
    live.sockets[socket] = None
    try:
        while not socket.closed:
            message = await socket.receive(None if session.greeted else max(0.001, until - time()))
            if message.type is not WSMsgType.TEXT:
                if message.type is WSMsgType.BINARY:
                    await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, drain=False)
                return
            try:
                if most:
                    bucket.take(most, 4 * SECOND, steady())
            except TooMany as problem:
                if warned:
                    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too_many", drain=False)
                    return
                warned = True
                _refuse(session, problem)
                continue
            await session.take(message.data)
            del message  # raw, and this frame waits long
    except TimeoutError:
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"hello_first", drain=False)
    finally:
        live.sockets.pop(socket, None)
        session.close()


def _refuse(session: Session, problem: L2sError) -> None:
    session.peer.tell(encode(Refusal(problem.code, data=dict(problem.data))))
