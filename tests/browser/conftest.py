"""A real Chromium against a real server: the shop's page stands on another origin, with a strict policy of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from l2s.clock import Clock
from tests.conftest import shop_at
from tests.personas import Shop

FLAGS = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
    "--disable-gpu", "--disable-dev-shm-usage",
]  # fmt: skip
CHROMIUM = "/usr/bin/chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        await one.close()


@dataclass
class Street:
    """The shop's own web server, on another origin than l2s, and what its pages' policy reported."""

    base: str
    chat: str
    shop: Shop
    reports: list[str] = field(default_factory=list)

    @property
    def page(self) -> str:
        return f"{self.base}/tents"


def host_page(title: str, chat: str, site: str) -> str:
    """A page with a policy that allows exactly the two entries."""
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title><link rel=icon href='data:,'></head>"
        f"<body><h1>{title}</h1><p>Tents and sleep.</p><a href='/bikes'>Bikes</a>"
        f"<script async src='{chat}/l2s.js?site={site}'></script></body></html>"
    )


def policy(chat: str) -> str:
    return (
        f"default-src 'none'; script-src {chat}; frame-src {chat}; img-src data:; require-trusted-types-for 'script'; "
        "report-uri /reports"
    )


@asynccontextmanager
async def street_at(folder: Path, serve: Callable[..., Awaitable[Any]], clock: Clock | None = None) -> AsyncGenerator[Street]:
    """Larch & Rook's page on 127.0.0.1, its chat on localhost: two sites to the browser."""
    async with shop_at(folder, clock) as shop:
        chat = f"http://localhost:{shop.urls.port}"
        known: list[Street] = []

        async def page(request: web.Request) -> web.Response:
            text = host_page(f"Page {request.path}", chat, shop.site)
            headers = {"Content-Security-Policy": policy(chat)} if "loose" not in request.query else {}
            return web.Response(text=text, content_type="text/html", headers=headers)

        async def report(request: web.Request) -> web.Response:
            known[0].reports.append(await request.text())
            return web.Response()

        app = web.Application()
        app.router.add_post("/reports", report)
        app.router.add_get("/{name:.*}", page)
        server = await serve(app)
        known.append(Street(f"http://127.0.0.1:{server.port}", chat, shop))
        yield known[0]


@pytest_asyncio.fixture
async def street(tmp_path: Path, aiohttp_server: Callable[..., Awaitable[Any]]) -> AsyncGenerator[Street]:
    """On the real clock."""
    async with street_at(tmp_path, aiohttp_server) as one:
        yield one


Opener = Callable[..., Awaitable[BrowserContext]]


@pytest_asyncio.fixture
async def person(street: Street, browser: Browser) -> AsyncGenerator[Opener]:
    """Contexts of their own for each person; closed before the server goes."""
    made: list[BrowserContext] = []

    async def one(**options: Any) -> BrowserContext:
        context = await browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(10_000)
        made.append(context)
        return context

    yield one
    for context in made:
        await context.close()


async def desk(street: Street, context: BrowserContext, user: str) -> Page:
    """A console of a user, signed in."""
    name, value = (await street.shop.sign_in(user)).split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    page = await context.new_page()
    await page.goto(f"{street.chat}/console")
    await page.get_by_text("Nobody is waiting").first.wait_for()
    return page


async def open_panel(page: Page) -> Any:
    """Click the launcher; returns the panel's frame."""
    await page.locator("l2s-widget button").first.click()
    frame = page.frame_locator("l2s-widget iframe")
    await frame.locator("textarea[name=text]:visible").first.wait_for()  # composer or message form, whichever is shown
    return frame
