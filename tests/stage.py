"""A server with its people, the shop's page on another origin, and browsers whose errors are heard."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from playwright.async_api import Browser, Page

from l2s.web.assets import Assets
from l2s.web.pages import Pages
from l2s.web.server import listen
from tests.conftest import shop_at
from tests.personas import Shop

NEVER: Final = re.compile(r"(?!)")
CUT_OFF: Final = re.compile(r"WebSocket|status of 503|ERR_FAILED|ERR_CONNECTION")


@dataclass
class Screen:
    """A page in a state. `full`: the whole page is pictured, not the part in the window."""

    name: str
    page: Page
    full: bool = False


@dataclass
class Stage:
    """A server with its people, the shop's page on another origin, and everybody's browser."""

    browser: Browser
    shop: Shop
    chat: str
    street: str
    folder: Path
    stack: AsyncExitStack
    errors: list[str] = field(default_factory=list)
    forgiven: re.Pattern[str] = NEVER  # errors that belong to the state that is shown

    async def person(self, **options: Any) -> Page:
        """A page in a browser of its own, whose errors are heard."""
        context = await self.browser.new_context(reduced_motion="reduce", **options)
        self.stack.push_async_callback(context.close)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", lambda said: self._hear(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda problem: self._hear(str(problem)))
        return page

    def _hear(self, text: str) -> None:
        if not self.forgiven.search(text):
            self.errors.append(text)

    async def desk(self, user: str, path: str = "/console", **options: Any) -> Page:
        """A signed-in user's page."""
        page = await self.person(**options)
        name, value = (await self.shop.sign_in(user)).split("=", 1)
        await page.context.add_cookies([{"name": name, "value": value, "url": self.chat}])
        await page.goto(self.chat + path)
        return page

    def cut(self) -> None:
        """The server goes: no goodbye, and no way back in."""
        self.forgiven = CUT_OFF
        self.shop.live.stopping = True
        for peer in list(self.shop.live.hub.peers):
            peer.drop()

    async def heal(self, page: Page) -> None:
        """It is back, and the page is in again."""
        self.shop.live.stopping = False
        await page.evaluate("dispatchEvent(new Event('online'))")


@asynccontextmanager
async def stage(browser: Browser, folder: Path) -> AsyncGenerator[Stage]:
    """Larch & Rook, and its page on 127.0.0.1 while l2s is on localhost: two sites to the browser."""
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(shop_at(folder / "data", rate_signin=100))
        chat = f"http://localhost:{shop.urls.port}"
        pages = Pages(Assets(), shop.urls)

        async def street(request: web.Request) -> web.Response:
            text = pages.render("demo_shop.html", "en", script=f"{chat}/l2s.js?site={shop.site}", console=chat)
            lang = 'lang="de"' if request.path == "/de" else 'lang="en"'
            return web.Response(text=text.replace('lang="en"', lang), content_type="text/html")

        app = web.Application()
        app.router.add_get("/{name:.*}", street)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        bound = listen("127.0.0.1", 0)
        await web.SockSite(runner, bound).start()
        yield Stage(browser, shop, chat, f"http://127.0.0.1:{bound.getsockname()[1]}", folder, stack)
