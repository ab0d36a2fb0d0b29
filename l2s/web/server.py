"""`l2s serve`: the listener, the host's socket, signals, and what a person at the terminal is told."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from l2s import failpoints
from l2s.actions import sites
from l2s.config import Loaded, Settings, is_address, is_loopback
from l2s.domain.events import Event, SiteSeen
from l2s.errors import StartError
from l2s.store import accounts
from l2s.web.app import make_app, opened, settle_memory
from l2s.web.host import host_app
from l2s.web.keys import URLS
from l2s.web.live import Live
from l2s.web.urls import Urls

LOG: Final = logging.getLogger("l2s.serve")
KEEP_ALIVE: Final = 10.0  # also the deadline of a dribbled request head
STOPPING: Final = 10.0
_NUMERIC: Final = re.compile(r"[0-9.]+\Z")


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises StartError naming what is wrong with the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if _NUMERIC.match(host) and not is_address(host):  # the system would read "0.0.0" as every address there is
        raise StartError(f"--host {host} is no whole address. Name one like 127.0.0.1, or 0.0.0.0 for all of this machine's.")
    try:
        made = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise StartError(f"Port {port} on {host} is taken. Stop what uses it, or choose another with --port.") from None
        raise StartError(
            f"{host}:{port} cannot be listened on ({problem.strerror}). Choose others with --host, --port."
        ) from None
    made.setblocking(False)
    return made


@asynccontextmanager
async def listening(live: Live, settings: Settings, *, dev: bool = False) -> AsyncGenerator[Urls]:
    """Everything of a running server around an opened house; yields its URLs."""
    bound = listen(settings.host, settings.port)
    app = make_app(live, bound.getsockname()[1], dev=dev)
    urls = app[URLS]
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEP_ALIVE, shutdown_timeout=STOPPING)
    host = web.AppRunner(host_app(live, urls), access_log=None)
    try:
        await runner.setup()
        await web.SockSite(runner, bound).start()
        await host.setup()
        if live.lock:
            before = os.umask(0o177)
            try:
                await web.UnixSite(host, live.lock.socket).start()
            finally:
                os.umask(before)
        if live.jobs:
            live.jobs.listening = True
        yield urls
    finally:
        if live.jobs:
            live.jobs.listening = False
        await host.cleanup()
        await runner.cleanup()
        bound.close()


async def run(loaded: Loaded, *, dev: bool = False, ledger_lost: bool = False) -> None:
    """Serve until INT or TERM."""
    settings = loaded.settings
    failpoints.install()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: LOG.info("SIGHUP: settings are read at start only"))
    async with opened(settings, ledger_lost=ledger_lost) as live, listening(live, settings, dev=dev) as urls:
        teller = Teller(live, urls, Path(settings.data))
        teller.watch()
        await teller.greet(loaded)
        settle_memory()
        await stop.wait()


class Teller:
    """What the person at the terminal reads: the address, the first link, the tag, and the light that turns green."""

    def __init__(self, live: Live, urls: Urls, data: Path) -> None:
        self._live = live
        self._urls = urls
        self._data = data
        self._told: set[tuple[str, str]] = set()

    def watch(self) -> None:
        """Hear of the owner and of pages that show the widget."""
        engine, publish = self._live.house.engine, self._live.fanout.publish

        def heard(events: Sequence[Event]) -> None:
            publish(events)
            for event in events:
                if isinstance(event, SiteSeen):
                    self._seen(event)

        engine.publish = heard
        self._live.owner_made = self._owner_made

    async def greet(self, loaded: Loaded) -> None:
        """The first lines."""
        say = print
        say(f"l2s serves {self._urls.full('/console')}", flush=True)
        say(f"  data: {self._data}" + (f"   settings: {loaded.file}" if loaded.file else ""))
        for line in reach(loaded.settings, self._urls.port):
            say(f"  {line}")
        secret = await self._live.house.engine.write(sites.first_link(self._live.house))
        if secret:
            self._first_link(self._urls.full(f"/link/{secret}"))
        else:
            for site in await self._live.house.engine.read(accounts.sites):
                say(f"  tag of {site.name}: {self._urls.tag(site.id)}")
        sys.stdout.flush()

    def _first_link(self, link: str) -> None:
        hours = self._live.house.settings.link_hours
        if sys.stdout.isatty():
            print(f"\nOpen this link once, within {hours} hours, to create the owner and your first site:\n\n  {link}\n")
            return
        path = self._data / "owner.link"
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(link + "\n")
        print(f"  first start: the link that creates the owner is in {path}")

    def _owner_made(self, site: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._data / "owner.link").unlink()
        print(f"The owner is there. Paste this tag into your pages:\n\n  {self._urls.tag(site)}\n\nWaiting to see the widget …")
        sys.stdout.flush()

    def _seen(self, event: SiteSeen) -> None:
        if (event.site, event.origin) in self._told:
            return
        self._told.add((event.site, event.origin))
        if event.origin:
            print(f"A page of {event.origin} asked for the widget, but is not on the site's list. Allow it on the site's page.")
        else:
            green, plain = ("\033[32m", "\033[0m") if sys.stdout.isatty() else ("", "")
            print(f"{green}● The widget was seen.{plain} Chats arrive at {self._urls.full('/console')}")
        sys.stdout.flush()


def reach(settings: Settings, port: int) -> list[str]:
    """How to reach it from elsewhere, and what is wrong with a plain address."""
    lines = []
    if settings.public_url.startswith("http://") and not is_loopback(settings.host):
        lines.append("WARNING: plain http on a public address: anybody on the way can read chats. Use https in public_url.")
    if not settings.public_url and not is_loopback(settings.host):
        lines.append(f"WARNING: it listens on {settings.host}, without https, and answers to no name but this machine's own.")
        lines.append("Set public_url to the address that browsers use, best one with https behind a proxy.")
    elif not settings.public_url:
        lines.append("only this machine reaches it: set public_url and a proxy, or --host, to open it")
        if os.environ.get("SSH_CONNECTION"):
            here = os.environ["SSH_CONNECTION"].split()[2]
            lines.append(f"from your own computer, now: ssh -L {port}:127.0.0.1:{port} {here}")
    return lines
