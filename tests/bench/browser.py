"""What a real Chromium pays: bytes as served, requests, script time; the widget before and after the click, and the console.

Every run has a browser context of its own, so its cache is empty. Bytes are response bodies as they came over the wire (gzip),
without headers. Script time is CPU time of a trace: compiling, evaluating, calls and microtasks in the renderers that ran our
scripts, without the layout and style inside them. While a trace runs nothing else is asked of the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import statistics
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, Request, WebSocket, async_playwright

from tests.bench.server import free_port, init, l2s, sign_in
from tests.personas import GUARD, User, Visitor

FLAGS: Final = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
    "--disable-gpu", "--disable-dev-shm-usage",
]  # fmt: skip
CHROMIUM: Final = "/usr/bin/chromium"
RUNS: Final = 5
CHANGES: Final = 9
ROWS: Final = 500
REST: Final = 0.4  # seconds after the last frame: what it set off is drawn by then
SCRIPT: Final = {"EvaluateScript", "v8.compile", "v8.compileModule", "v8.evaluateModule", "FunctionCall", "RunMicrotasks"}
DRAWN: Final = {"Layout", "UpdateLayoutTree", "ScheduleStyleRecalculation"}

Say = Callable[[str, str, str, bool | None], None]
Span = tuple[float, float]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans without overlaps."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def script_ms(trace: bytes, origin: str) -> float:
    """CPU milliseconds of script in the threads that ran scripts of `origin`."""
    threads: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for event in json.loads(trace)["traceEvents"]:
        if event.get("ph") == "X" and event["name"] in SCRIPT | DRAWN:
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
    total = 0.0
    for events in threads.values():
        if not any(origin in json.dumps(event.get("args", {})) for event in events):
            continue
        spans = {
            names is SCRIPT: joined(
                (e["tts"], e["tts"] + e.get("tdur", 0)) for e in events if e["name"] in names and "tts" in e
            )
            for names in (SCRIPT, DRAWN)
        }
        total += sum(end - start for start, end in spans[True])
        total -= sum(max(0, min(b, d) - max(a, c)) for a, b in spans[True] for c, d in spans[False])
    return total / 1000


@dataclass
class Seen:
    """What one page asked of the server, and what its socket heard."""

    origin: str
    requests: list[Request] = field(default_factory=list)
    heard: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request) if request.url.startswith(self.origin) else None)
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._frame)

    def _frame(self, data: str | bytes) -> None:
        self.heard += data if isinstance(data, str) else data.decode()
        self.news.set()

    async def until(self, mark: str) -> None:
        """Until the socket heard this."""
        async with asyncio.timeout(GUARD):
            while mark not in self.heard:
                self.news.clear()
                await self.news.wait()

    async def size(self) -> int:
        """Bytes of all bodies."""
        total = 0
        for request in self.requests:
            response = await request.response()
            if response:
                await response.finished()
                total += (await request.sizes())["responseBodySize"]
        return total


@dataclass
class Place:
    """One server, its owner's socket, and the page of a shop on another origin."""

    chat: str
    site: str
    shop: str
    cookie: str
    browser: Browser
    http: aiohttp.ClientSession
    owner: User

    async def context(self) -> BrowserContext:
        return await self.browser.new_context(reduced_motion="reduce")

    async def traced(self, seconds: float = REST) -> float:
        """Let things come to rest; the script time since the trace began."""
        await asyncio.sleep(seconds)
        return script_ms(await self.browser.stop_tracing(), self.chat)

    async def trace(self) -> None:
        await self.browser.start_tracing(categories=["devtools.timeline", "v8"])

    async def visitor(self, text: str) -> Visitor:
        """A tab that wrote."""
        tab = Visitor(await self.http.ws_connect(f"{self.chat}/ws/visitor", headers={"Origin": self.chat}))
        await tab.ask("hello", "welcome", protocol=1, site=self.site)
        await tab.enter(secrets.token_urlsafe(24))
        await tab.write(text)
        return tab


@contextlib.asynccontextmanager
async def place(folder: Path) -> AsyncGenerator[Place]:
    data = folder / "browser"
    site, port = init(data), free_port()
    server = l2s(data, port)
    chat = f"http://localhost:{port}"

    async def page(request: web.Request) -> web.Response:
        tag = f"<script async src='{chat}/l2s.js?site={site}'></script>"
        text = f"<!doctype html><html lang={request.match_info['lang']}><title>Tents</title><link rel=icon href='data:,'>{tag}"
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{lang}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        cookie = sign_in(data, port)
        owner = User(await http.ws_connect(f"{chat}/ws/console", headers={"Origin": chat, "Cookie": cookie}, max_msg_size=0))
        await owner.ask("hello", "welcome", protocol=1)
        yield Place(chat, site, shop, cookie, browser, http, owner)
        await browser.close()
        await owner.close()
    await runner.cleanup()
    server.stop()


async def before_the_click(at: Place) -> tuple[int, int, float]:
    """(requests, bytes, script ms) of a page that nobody clicks on."""
    context = await at.context()
    page, seen = await context.new_page(), Seen(at.chat)
    seen.watch(page)
    await at.trace()
    await page.goto(f"{at.shop}/en", wait_until="load")
    script = await at.traced()
    found = len(seen.requests), await seen.size(), script
    await context.close()
    return found


async def chatting(at: Place, lang: str) -> tuple[int, int, float, float]:
    """(requests, bytes, script ms until one can write, script ms with a message each way) after the click."""
    context = await at.context()
    page, seen = await context.new_page(), Seen(at.chat)
    await page.goto(f"{at.shop}/{lang}", wait_until="load")
    box = await page.locator("l2s-widget button").first.bounding_box()
    assert box
    seen.watch(page)
    await at.trace()
    await page.mouse.click(box["x"] + 9, box["y"] + 9)
    await seen.until('"welcome"')
    opened = await at.traced()
    await at.trace()
    await page.keyboard.insert_text("Is it in stock?")
    await page.keyboard.press("Enter")
    chat = (await at.owner.hear("chat"))["chat"]["id"]
    await at.owner.say("take", chat=chat)
    await at.owner.reply(chat, "Two are left.")
    await seen.until("Two are left.")
    script = opened + await at.traced()
    found = len(seen.requests), await seen.size(), opened, script
    await context.close()
    return found


async def signed_in(at: Place) -> BrowserContext:
    context = await at.context()
    name, value = at.cookie.split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": at.chat}])
    return context


async def inbox(at: Place) -> tuple[int, int, float, float, int]:
    """(requests, bytes, ms to the first usable inbox, script ms, requests of the second visit)."""
    context = await signed_in(at)
    page, seen = await context.new_page(), Seen(at.chat)
    seen.watch(page)
    began = time.perf_counter()
    await page.goto(f"{at.chat}/console", wait_until="commit")
    await page.locator("[data-welcomed] [data-group=waiting] .row").first.wait_for()
    usable = (time.perf_counter() - began) * 1000
    found = len(seen.requests), await seen.size()
    wire: list[str] = []
    client = await context.new_cdp_session(page)
    client.on("Network.responseReceived", lambda said: wire.append(said["requestId"]) if from_wire(said["response"]) else None)
    client.on("Network.requestServedFromCache", lambda said: cached.add(said["requestId"]))
    cached: set[str] = set()
    await client.send("Network.enable")
    await page.goto(f"{at.chat}/console")
    await page.locator("[data-welcomed] [data-group=waiting] .row").first.wait_for()
    warm = len([one for one in wire if one not in cached])
    await context.close()
    context = await signed_in(at)
    page, seen = await context.new_page(), Seen(at.chat)
    seen.watch(page)
    await at.trace()
    await page.goto(f"{at.chat}/console", wait_until="commit")
    await seen.until('"welcome"')
    script = await at.traced()
    await context.close()
    return *found, usable, script, warm


def from_wire(response: dict[str, Any]) -> bool:
    """Did the server answer, and not the browser's cache or the document itself?"""
    return not response.get("fromDiskCache") and response["url"].startswith("http")


async def one_row(at: Place, tab: Visitor) -> list[float]:
    """Script ms of the console for each message of one visitor among many."""
    context = await signed_in(at)
    page, seen = await context.new_page(), Seen(at.chat)
    seen.watch(page)
    await page.goto(f"{at.chat}/console")
    await page.locator("[data-group=waiting] .row").nth(ROWS).wait_for(state="attached")
    times = []
    for number in range(CHANGES):
        await asyncio.sleep(1.1 - time.time() % 1)  # right after the console's own tick, so that none falls into the trace
        await at.trace()
        await tab.write(f"Change {number}")
        await seen.until(f"Change {number}")
        times.append(await at.traced())
    await context.close()
    return times


def median(figures: Iterable[tuple[Any, ...]]) -> list[float]:
    """Column by column."""
    return [statistics.median(column) for column in zip(*figures, strict=True)]


async def bench(folder: Path, say: Say) -> None:
    """The browser's lines of the table."""
    async with place(folder) as at:
        count, size, script = median([await before_the_click(at) for _ in range(RUNS)])
        told = f"{count:.0f} request, {size:,.0f} B, {script:.1f} ms script"
        say("widget before a click, in Chromium", told, "1, <= 3,000 B, <= 10 ms", count == 1 and size <= 3000 and script <= 10)
        for lang in ("en", "de"):
            count, size, opened, script = median([await chatting(at, lang) for _ in range(RUNS)])
            told = f"{count:.0f} requests, {size:,.0f} B, {opened:.0f} / {script:.0f} ms"
            fine = count <= 12 and size <= 20_000 and script <= 40
            say(f"widget opened / and a message each way, {lang}", told, "<= 12, <= 20,000 B, <= 40 ms", fine)
        tabs = [await at.visitor("Is it in stock?")]
        count, size, usable, script, warm = median([await inbox(at) for _ in range(RUNS)])
        told = f"{count:.0f} requests, {size:,.0f} B, {usable:.0f} ms"
        say("console, first usable inbox", told, "<= 80,000 B, < 1 s", size <= 80_000 and usable < 1000)
        say("console, script until then", f"{script:.0f} ms", "", None)
        say("console again, warm cache", f"{warm:.0f} requests", "<= 3", warm <= 3)
        for _ in range(ROWS // 50):
            tabs += await asyncio.gather(*(at.visitor("Number") for _ in range(50)))
        times = await one_row(at, tabs[0])
        row = statistics.median(times)
        told = f"{row:.1f} ms script, worst of {CHANGES} {max(times):.1f}"
        say(f"one row changing among {ROWS}", told, "<= 5 ms", row <= 5)
        for tab in tabs:
            await tab.close()
