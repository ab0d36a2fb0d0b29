"""The composition root: opens the house in dependency order, wires its parts, and takes it down in reverse.

Start: lock, key, database, ledger against its mirror, engine, replay of what an older database forgot, then the listener.
Stop: no new work, clients told to come back, sockets closed without waiting for slow ones, the queue runs dry.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import WSCloseCode, web

from l2s.actions import retention, sites
from l2s.actions.house import House, load_secret
from l2s.actions.policies import narrow_to_factory
from l2s.actions.replay import replay
from l2s.clock import MINUTE, SECOND, Clock, Ids, RealClock, RealIds
from l2s.config import Settings
from l2s.jobs.loop import Jobs
from l2s.jobs.retention import Run
from l2s.live.fanout import Fanout
from l2s.live.hub import Hub
from l2s.live.presence import Presence
from l2s.privacy.ledger import Entry
from l2s.protocol.codec import encode
from l2s.protocol.frames import Restart
from l2s.store import erasure, ledger, migrate
from l2s.store.engine import Engine
from l2s.store.mirror import Mirror, compare
from l2s.web import middleware
from l2s.web.assets import Assets
from l2s.web.keys import ASSETS, LIVE, PAGES, URLS, WATCH
from l2s.web.limits import Limits
from l2s.web.live import Live
from l2s.web.lock import Lock
from l2s.web.pages import Pages
from l2s.web.routes import routes
from l2s.web.urls import Urls
from l2s.web.visitor_session import choice_moved, law_moved
from l2s.web.watch import Watch

COMING_BACK: Final = 500  # ms after which clients of a stopping server try again, plus as much again by chance
CLOSING: Final = 5.0  # seconds for all sockets together
BODY_MAX: Final = 64 * 1024


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock | None = None, ids: Ids | None = None, ledger_lost: bool = False
) -> AsyncGenerator[Live]:
    """The house without a listener: locked, migrated, consistent with its ledger. `ledger_lost`: see store/mirror."""
    data = Path(settings.data)
    lock = Lock(data)
    lock.take()
    try:
        keys = load_secret(data)
        path = migrate.prepare(data)
        mirror = Mirror(data / "ledger.jsonl")
        missing, floor = _reconcile(path, mirror, ledger_lost)
        if isinstance(clock, RealClock) or clock is None:
            clock = RealClock(floor)
        presence = Presence(clock.steady, settings.idle_minutes * MINUTE, settings.grace_seconds * SECOND)
        hub = Hub()
        fanout = Fanout(hub, presence, clock.at, clock.steady)
        engine = Engine(path, mirror, fanout.publish)
        house = House(engine, clock, ids or RealIds(), keys, settings)
        limits = Limits(clock.steady, lambda who: keys.hash("limit", f"{house.clock.at() // 86_400_000}:{who}"))
        live = Live(house, hub, fanout, presence, limits)
        live.lock = lock
        fanout.law_moved = lambda site: law_moved(live, site)
        fanout.choice_moved = lambda event: choice_moved(live, event)
        fanout.token_ended = live.forget_chat
        await engine.open()
        try:
            live.replayed = await engine.write(replay(house, missing))
            await engine.write(sites.prepare_server(house))
            await engine.write(retention.arm_first(house))
            if missing:  # what an older database brought back goes before anybody can read it (PRIVACY 3, rule 5)
                await Run(house).whole()
            if ledger_lost:
                await engine.write(narrow_to_factory(house))
            yield live
        finally:
            await live.settle()
            await engine.close()
    finally:
        lock.release()


def _reconcile(path: Path, mirror: Mirror, lost: bool) -> tuple[list[Entry], int]:
    """Ledger against its mirror, with the file opened for this alone. Returns what the table lacks and the clock's floor."""
    table, floor = ledger.at_rest(path)
    missing = compare(mirror, table, lost)
    return missing, max([floor, *(entry.wall for entry in (*table[-1:], *missing[-1:]))])


async def scrub(live: Live) -> bool:
    """Freed bytes are overwritten: VACUUM, then the WAL truncated. False = a reader was in the way, try again."""
    return await live.house.engine.maintain(erasure.scrub)


def make_app(live: Live, port: int, *, dev: bool = False) -> web.Application:
    """The application over an opened house."""
    urls, assets = Urls(live.house.settings, port), Assets(dev)
    app = web.Application(
        middlewares=[middleware.guard],
        client_max_size=BODY_MAX,
    )
    app[LIVE], app[URLS], app[ASSETS], app[PAGES] = live, urls, assets, Pages(assets, urls)
    app[WATCH] = Watch(live.house)
    for method, path, handler in routes():
        app.router.add_route(method, urls.at(path), handler)
    app.on_response_prepare.append(middleware.prepare_headers)
    app.cleanup_ctx.append(_jobs)
    app.on_shutdown.append(_farewell)
    return app


async def _jobs(app: web.Application) -> AsyncGenerator[None]:
    """The due-table's loop, while the application runs."""
    live = app[LIVE]
    jobs = Jobs(live.house, live.presence.tick, lambda: scrub(live), live.fanout.spoke.get, live.presence.is_connected)
    live.jobs = jobs
    task = asyncio.create_task(jobs.run(), name="jobs")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _farewell(app: web.Application) -> None:
    """Tell clients to come back, and close without waiting for those who do not read."""
    live = app[LIVE]
    live.stopping = True
    for peer in list(live.hub.peers):
        peer.tell(encode(Restart(COMING_BACK + random.randrange(COMING_BACK))))  # noqa: S311  spreads, hides nothing
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSING):
            await asyncio.gather(
                *(socket.close(code=WSCloseCode.SERVICE_RESTART, drain=False) for socket in list(live.sockets)),
                return_exceptions=True,
            )


def settle_memory() -> None:
    """After start: what lives for ever is no longer looked at; the collector set the tail at 10,000 sockets."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
