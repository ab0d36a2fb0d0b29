"""A first chat with a program as a user would have it: another process, only its command line and its public doors."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.server import free_port
from tests.personas import GUARD, PASSWORD, User, Visitor


def run(command: list[str], *args: str, env: dict[str, str] | None = None) -> str:
    """One command's output."""
    done = subprocess.run([*command, *args], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.asynccontextmanager
async def served(command: list[str], data: str, port: int, env: dict[str, str] | None = None) -> AsyncGenerator[str]:
    """The program serving; yields its address."""
    process = await asyncio.create_subprocess_exec(
        *command, "serve", "--data", data, "--port", str(port), stdout=asyncio.subprocess.DEVNULL, env=env
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(GUARD), aiohttp.ClientSession() as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"{base}/readyz") as answer:
                        if answer.status == 200:
                            break
                assert process.returncode is None
                await asyncio.sleep(0)
        yield base
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), GUARD) == 0


async def first_chat(
    command: list[str], data: str, secret_file: tuple[Path, str], env: dict[str, str] | None = None
) -> dict[str, Any]:
    """init, serve, sign in by link, one message and its answer. `secret_file`: where to write it, and its name inside."""
    secret_file[0].write_text(PASSWORD)
    port = free_port()
    made = json.loads(
        run(
            command, "init", "--data", data, "--owner-email", "maja@larch.example", "--password-file", secret_file[1],
            "--site-name", "Larch & Rook", "--origin", "127.0.0.1", env=env,
        )
    )  # fmt: skip
    async with served(command, data, port, env) as base, aiohttp.ClientSession() as http:
        link = run(command, "user", "link", "maja@larch.example", "--data", data, env=env).strip()
        async with http.post(link, headers={"Origin": base}, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        for path in ("/login", "/help", f"/privacy/{made['site']}", f"/chat/{made['site']}", f"/l2s.js?site={made['site']}"):
            async with http.get(f"{base}{path}", headers={"Accept": "text/html"}) as answer:
                assert answer.status == 200, path
        maja = User(await http.ws_connect(f"{base}/ws/console", headers={"Origin": base, "Cookie": cookie}))
        await maja.ask("hello", "welcome", protocol=1)
        ingrid = Visitor(await http.ws_connect(f"{base}/ws/visitor", headers={"Origin": base}))
        await ingrid.ask("hello", "welcome", protocol=1, site=made["site"])
        await ingrid.enter(secrets.token_urlsafe(24))
        chat = (await ingrid.write("Hello"))["chat"]
        await maja.say("take", chat=chat)
        await maja.hear("message", lambda frame: frame["message"]["by"] == "system")
        await maja.reply(chat, "Good morning")
        answer_frame = await ingrid.hear("message", lambda frame: frame["message"]["by"] not in ("visitor", "system"))
        await maja.close()
        await ingrid.close()
    return answer_frame
