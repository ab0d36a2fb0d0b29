"""`l2s demo`: temporary data, a small shop page on another port, an owner signed in by link, a visitor who writes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from l2s.actions import people, sites
from l2s.actions.people import hash_password
from l2s.actions.sites import NewOwner, checked_site
from l2s.config import Settings
from l2s.domain.people import HOST
from l2s.outbound.guest import visit
from l2s.web.app import opened
from l2s.web.assets import Assets
from l2s.web.pages import Pages
from l2s.web.server import listen, listening

PAUSE: Final = 4.0  # seconds before the visitor writes: time to open the console first
MAIL: Final = "maja@larch-and-rook.example"


def shop_app(pages: Pages, script: str, console: str) -> web.Application:
    """One page of a small shop, with the tag in it."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=pages.render("demo_shop.html", "en", script=script, console=console), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name:.*}", page)
    return app


async def run(port: int, shop_port: int) -> None:
    """Serve until INT or TERM; everything is gone afterwards."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="l2s-demo-") as folder:
        settings = Settings(data=folder, port=port)
        async with opened(settings) as live, listening(live, settings) as urls:
            house = live.house
            new = checked_site("Larch & Rook", ["localhost", "127.0.0.1"], "Larch & Rook Ltd (DEMO)", MAIL)
            made = await house.engine.write(
                sites.make_account(house, new, NewOwner("Maja Lindqvist", MAIL, hash_password(house.ids.secret())))
            )
            secret = await house.engine.write(people.user_link(house, HOST, MAIL))
            base = urls.full("")
            bound = listen("127.0.0.1", shop_port)
            shop = web.AppRunner(
                shop_app(Pages(Assets(), urls), urls.full(f"/l2s.js?site={made.site}"), urls.full(f"/link/{secret}")),
                access_log=None,
            )
            await shop.setup()
            await web.SockSite(shop, bound).start()
            page = f"http://localhost:{bound.getsockname()[1]}/tents"
            print(f"DEMO: all of this is gone when you stop it (Ctrl-C). Data: {Path(folder)}")
            print(f"  shop:    {page}")
            print(f"  console: {urls.full(f'/link/{secret}')}", flush=True)
            guest = asyncio.create_task(visit(base, made.site, page, live.preview(made.site), PAUSE))
            try:
                await stop.wait()
            finally:
                guest.cancel()
                with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError, OSError):
                    await guest
                await shop.cleanup()
                bound.close()
