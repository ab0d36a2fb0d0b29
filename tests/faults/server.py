"""The real server as a process of its own, set up through its public doors alone: commands, links, sockets.

Which tree runs: `python -m l2s` is started in an empty folder, so PYTHONPATH decides; without it, the tree beside these tests.
Another interpreter (or another environment) is named by `--python`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import aiohttp
from aiohttp import AddrInfoType, SocketFactoryType

TREE: Final = Path(__file__).resolve().parents[2]
FAILPOINTS: Final = ("before_commit", "after_commit", "after_first_flush")
GUARD: Final = 20.0  # seconds: ends a hang, measures nothing
_LINK: Final = re.compile(r"/link/([A-Za-z0-9_-]+)")


class Trouble(Exception):
    """The run cannot go on: a hang, a server that does not start, a door that does not open."""


@dataclass
class Account:
    """An account with one site, and the mail addresses of its users, the owner first."""

    id: str
    site: str
    mails: list[str]
    invitations: dict[str, str] = field(default_factory=dict)


def free_port() -> int:
    """A free port below those that the kernel gives to clients: a client that tries it while nobody listens there could
    otherwise be given it as its own, and would talk to itself."""
    for port in random.SystemRandom().sample(range(15_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise Trouble("no free port between 15000 and 32000")


def narrow(address: AddrInfoType) -> socket.socket:
    """A socket with the smallest receive buffer that the kernel gives: what its reader leaves lying stays with the sender."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
    made.setblocking(False)
    return made


def session(socket_factory: SocketFactoryType | None = None) -> aiohttp.ClientSession:
    """A client of its own, without a memory for cookies and without a bound on connections."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True, socket_factory=socket_factory)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class Server:
    """One data directory, one port, one process at a time."""

    def __init__(self, folder: Path, python: str = sys.executable, wrap: Sequence[str] = ()) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.python = python
        self.wrap = wrap
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        (folder / "empty").mkdir()

    def _environment(self, failpoint: str = "") -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("L2S_")}
        rates = {f"L2S_RATE_{name}": "0" for name in ("SEND", "CHATS", "PEERS", "COMMANDS")}
        named = {"L2S_FAILPOINT": failpoint} if failpoint else {}
        return {"PYTHONPATH": str(TREE), **known, **rates, **named, "PYTHONUNBUFFERED": "1"}

    async def command(self, *words: str) -> str:
        """Run `l2s …` and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            self.python,
            *("-m", "l2s", *words, "--data", str(self.data)),
            cwd=self.folder / "empty",
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, problem = await asyncio.wait_for(process.communicate(), GUARD)
        if process.returncode:
            raise Trouble(f"l2s {' '.join(words)}: exit {process.returncode}: {problem.decode()}{out.decode()}")
        return out.decode()

    async def add_account(self, name: str, operators: int) -> Account:
        """Make an account with a site, an owner and invited operators, while no server runs."""
        secret = self.folder / "password"
        secret.write_text(secrets.token_urlsafe(18))
        owner = f"owner@{name}.example"
        words = ("--owner-email", owner, "--password-file", str(secret), "--site-name", name, "--origin", "http://127.0.0.1")
        more = ("--account", name) if self.data.exists() else ()
        made = json.loads(await self.command("init", *words, *more))
        account = Account(made["account"], made["site"], [owner])
        for number in range(operators):
            mail = f"operator{number}@{name}.example"
            told = await self.command(
                *("user", "add", mail, "--name", f"Operator {number}", "--role", "operator", "--account", account.id)
            )
            account.mails.append(mail)
            account.invitations[mail] = _link_in(told)
        return account

    async def start(self, failpoint: str = "") -> None:
        """Start the process and wait until it serves."""
        log: IO[bytes] = (self.folder / "server.log").open("ab")
        with log:
            self.process = await asyncio.create_subprocess_exec(
                *(*self.wrap, self.python, "-m", "l2s", "serve"),
                *("--data", str(self.data), "--host", "127.0.0.1", "--port", str(self.port)),
                cwd=self.folder / "empty",
                env=self._environment(failpoint),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(GUARD * (3 if self.wrap else 1)):
            while not await self._serves():
                if self.process.returncode is not None:
                    raise Trouble(f"the server ended with {self.process.returncode}: {self.log()}")
                await asyncio.sleep(0.01)

    async def _serves(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(writer):
                writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
        except OSError:
            return False

    def log(self) -> str:
        """The end of what the server printed."""
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server process itself (not to what it is wrapped in)."""
        assert self.process is not None
        pid = self.process.pid
        if self.wrap:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pid = int(children[0])
        os.kill(pid, number)

    async def gone(self) -> int:
        """Wait for the process to end; its return code."""
        assert self.process is not None
        try:
            return await asyncio.wait_for(self.process.wait(), GUARD)
        except TimeoutError:
            raise Trouble(f"the server did not end: {self.log()}") from None

    async def close(self) -> None:
        """End the process, if one runs."""
        if self.process is not None and self.process.returncode is None:
            self.send(signal.SIGKILL)
            await self.gone()

    async def sign_in(self, http: aiohttp.ClientSession, account: Account, mail: str) -> str:
        """Use a single-use link (an invitation where one is left, else a fresh sign-in link) and return the cookie."""
        invitation = account.invitations.pop(mail, None)
        secret = invitation or _link_in(await self.command("user", "link", mail))
        form = {"password": secrets.token_urlsafe(18)} if invitation else {}
        url, headers = f"{self.origin}/link/{secret}", {"Origin": self.origin}
        async with http.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            if answer.status != 303 or not answer.cookies:
                raise Trouble(f"the link of {mail} answered {answer.status}: {(await answer.text())[:300]}")
            return "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())


def _link_in(told: str) -> str:
    found = _LINK.search(told)
    if not found:
        raise Trouble(f"no link in {told!r}")
    return found[1]
