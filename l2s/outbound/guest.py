"""The demo's visitor: an ordinary client of the visitor's socket, who writes, waits for an answer, and thanks."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Final

import aiohttp

_LINES: Final = (
    "Hello! Is the two-person tent in stock?",
    "And does it come with a groundsheet?",
)


async def visit(base: str, site: str, page: str, preview: str, pause: float) -> None:
    """Say hello, write after `pause` seconds, write again after each answer; ends when the server does."""
    origin = "/".join(base.split("/")[:3])
    async with (
        aiohttp.ClientSession(trust_env=False) as client,
        client.ws_connect(f"{base}/ws/visitor", headers={"Origin": origin}) as socket,
    ):
        hello = {"type": "hello", "protocol": 1, "site": site, "page": page, "preview": preview, "language": "en"}
        await socket.send_str(json.dumps(hello))
        await socket.send_str(json.dumps({"type": "enter", "token": secrets.token_urlsafe(24)}))
        lines = list(_LINES)
        await asyncio.sleep(pause)
        await _say(socket, lines.pop(0))
        async for message in socket:
            for text in message.data.split("\n"):
                frame = json.loads(text)
                if frame["type"] == "message" and frame["message"]["by"] not in ("visitor", "system") and lines:
                    await socket.send_str(json.dumps({"type": "typing", "on": True}))
                    await asyncio.sleep(pause)
                    await _say(socket, lines.pop(0))


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    await socket.send_str(json.dumps({"type": "send", "id": secrets.token_urlsafe(16), "text": text}))
