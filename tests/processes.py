"""The command `l2s` as a process, and a data directory seen from outside: for tests of starting and stopping."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from l2s.actions.sites import Made
from l2s.config import Settings
from l2s.web.app import opened
from l2s.web.server import listening
from tests.personas import GUARD, Shop

ROOT = Path(__file__).parent.parent
AT_ONCE = asyncio.Semaphore(2)


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("L2S_", "SSH_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


async def spawn(data: Path, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "l2s", *words, "--data", str(data))
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=environment(), cwd="/")


async def l2s(data: Path, *words: str) -> Done:
    """Run a command to its end."""
    async with AT_ONCE:
        process = await spawn(data, *words)
        try:
            out, err = await asyncio.wait_for(process.communicate(), GUARD)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def serving(data: Path, *words: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    """A running server: (process, its address, the lines of its greeting)."""
    process = await spawn(data, "serve", "--port", "0", *words)
    lines: list[str] = []
    try:
        assert process.stdout
        async with asyncio.timeout(GUARD):
            while not any(line.startswith(("  tag of", "  first start")) for line in lines):
                line = (await process.stdout.readline()).decode()
                assert line, (await process.stderr.read()).decode() if process.stderr else ""
                lines.append(line.rstrip("\n"))
        found = re.search(r"http://[\w.:]+", lines[0])
        assert found
        yield process, found[0], lines
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), GUARD)


def prints(folder: Path) -> dict[str, str]:
    """Name → digest of every file, but the lock."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def sql(data: Path, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(data / "l2s.db", isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


@asynccontextmanager
async def served_again(data: Path, made: Made) -> AsyncGenerator[Shop]:
    """A directory that a server left behind, served once more in this process."""
    settings = Settings(data=str(data), port=0)
    async with opened(settings) as live, listening(live, settings) as urls:
        shop = Shop(live, urls, made)
        try:
            yield shop
        finally:
            await shop.close()
