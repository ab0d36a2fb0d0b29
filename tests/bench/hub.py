"""The baseline: a bare aiohttp hub that keeps nothing. A room's message goes to everybody in it, the sender included."""

import json
import sys

from aiohttp import WSMsgType, web

ROOMS: dict[str, set[web.WebSocketResponse]] = {}


async def join(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=65536, compress=False, heartbeat=25, decode_text=False)
    await socket.prepare(request)
    names = request.query["rooms"].split(",")
    for name in names:
        ROOMS.setdefault(name, set()).add(socket)
    try:
        async for message in socket:
            said = json.loads(message.data)
            data = json.dumps({"type": "message", "chat": said["room"], "message": said}).encode()
            for other in ROOMS[said["room"]]:
                await other.send_frame(data, WSMsgType.TEXT)
    finally:
        for name in names:
            ROOMS[name].discard(socket)
    return socket


async def healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def main() -> None:
    app = web.Application()
    app.router.add_get("/ws", join)
    app.router.add_get("/healthz", healthz)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=lambda *_: None)


if __name__ == "__main__":
    main()
