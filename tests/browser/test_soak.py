"""A minute of traffic from both sides in real browsers, through cut sockets and a killed server.

A visitor in two tabs and an operator type into the real composers. Between browser and server stands a TCP proxy that cuts
every socket in the middle of the stream: a send torn in two, an echo that never arrives, a frame torn in two. Twice the
server is killed while a send is on its way. At the end every accepted text stands once, in the server's order, in both tabs,
in the operator's view and in a fresh sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, expect

from tests.bench.server import Process, free_port, init
from tests.browser.conftest import host_page, open_panel, policy
from tests.personas import GUARD

SEED: Final = 4
SECONDS: Final = 60
LONGEST: Final = 45_000  # ms: the longest pause between two tries of a connection, and a little
WORDS: Final = ["tent", "pole", "grün", "帐篷", "⛺", "pegs", "shop", "squeals", "please", "Größe", "'two'", "<three>", "&"]

Harm = Literal["torn send", "lost echo", "torn frame", "killed"]
# Seconds after everybody is back. A connection that lived less than ten seconds is dialled later: some follow that closely.
HARMS: Final[list[tuple[float, Harm]]] = [
    (3, "torn send"), (11, "lost echo"), (2, "killed"), (11, "torn frame"), (2, "lost echo"), (11, "killed"), (2, "torn send"),
]  # fmt: skip
SOCKETS: Final = 3


def unmasked(data: bytes) -> bytes:
    """The payload of a chunk's first frame from a browser; for anything else some bytes that mean nothing."""
    if len(data) < 8 or data[0] != 0x81:
        return b""
    at = {126: 4, 127: 10}.get(data[1] & 127, 2)
    mask = data[at : at + 4]
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data[at + 4 :]))


class Cutter:
    """The proxy. `strike` waits for the next send or message that comes by, and does it harm."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._harm: Harm | None = None
        self._struck = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._welcomed: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Event()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[int]:
        async with await asyncio.start_server(self._meet, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
            self.cut()

    async def strike(self, harm: Harm) -> None:
        self._struck.clear()
        self._harm = harm
        async with asyncio.timeout(GUARD):
            await self._struck.wait()

    async def everybody_back(self) -> None:
        """Until all sockets have their welcome."""
        async with asyncio.timeout(LONGEST / 1000):
            while len(self._welcomed) < SOCKETS:
                self._news.clear()
                await self._news.wait()

    def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._welcomed.clear()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(self._up(reader, far_writer), self._down(far_reader, writer))
        self._open -= {writer, far_writer}
        self._welcomed.discard(writer)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                is_send = self._harm in ("torn send", "killed") and b'"type":"send"' in unmasked(data)
                await self._pass(writer, data, data[: len(data) // 2] if self._harm == "torn send" else data, is_send)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                is_message = self._harm in ("lost echo", "torn frame") and b'"type":"message"' in data
                await self._pass(writer, data, data[:-9] if self._harm == "torn frame" else b"", is_message)
                if b'"type":"welcome"' in data:
                    self._welcomed.add(writer)
                    self._news.set()
        writer.close()

    async def _pass(self, writer: asyncio.StreamWriter, data: bytes, harmed: bytes, is_meant: bool) -> None:
        """Carry on, or do the harm that was asked for."""
        if not is_meant:
            writer.write(data)
            await writer.drain()
            return
        harm, self._harm = self._harm, None
        writer.write(harmed)
        if harm != "killed":
            await asyncio.sleep(0)  # what was written is on its way before the sockets go
            self.cut()
        self._struck.set()


class Person:
    """Somebody who types. `said`: what the composer accepted, in order."""

    def __init__(self, name: str, where: Any) -> None:
        self.name = name
        self.where = where
        self.random = random.Random(f"{SEED} {name}")
        self.field = where.locator("l2s-composer textarea")
        self.said: list[str] = []

    async def enter(self) -> str:
        """One text into the composer, sometimes key by key, and Enter."""
        words = " ".join(self.random.choices(WORDS, k=self.random.randint(1, 6)))
        text = f"{self.name}-{len(self.said):03} {words}"
        if self.random.random() < 0.3:
            await self.field.press_sequentially(text)
        else:
            await self.field.fill(text)
        await self.field.press("Enter")
        self.said.append(text)
        return text

    async def type(self) -> None:
        """Enter a text; the composer accepts it, whether or not the connection is up."""
        await self.enter()
        await expect(self.field).to_have_value("")

    async def talk(self, until: float, trouble: asyncio.Task[None]) -> None:
        """Texts and bursts of texts, at a person's pace."""
        while time.monotonic() < until or not trouble.done():
            for _ in range(self.random.choice((1, 1, 1, 4))):
                await self.type()
            await asyncio.sleep(self.random.uniform(0.1, 0.9))  # the pace of the load; nothing is waited for


class Operator(Person):
    """An operator's text may come back because the visitor wrote meanwhile: then Enter again."""

    async def type(self) -> None:
        tag = (await self.enter()).split()[0]
        stored = self.where.locator("li[data-state=stored] .bubble", has_text=tag)
        back = self.where.locator(f'[data-slot=grow][data-value^="{tag}"]')
        with contextlib.suppress(AssertionError):  # told at the end, where all that was said is compared
            await expect(stored.or_(back).first).to_be_visible(timeout=LONGEST)
            while not await stored.count():
                await self.field.press("Enter")
                await expect(stored.or_(back).first).to_be_visible(timeout=LONGEST)


class Chat:
    """The server, the proxy before it and the shop's page on another origin."""

    def __init__(self, data: Path, site: str, cutter: Cutter, public: int) -> None:
        self.data = data
        self.site = site
        self.cutter = cutter
        self.base = f"http://localhost:{public}"
        self.reports: list[str] = []

    async def serve(self) -> None:
        port = str(self.cutter.target)
        flags = ["--data", str(self.data), "--port", port, "--public-url", self.base]
        command = [sys.executable, "-m", "l2s", "serve", *flags]
        self.process = await asyncio.to_thread(Process, command, int(port), None)

    async def kill(self) -> None:
        """SIGKILL, and a new server on the same port and data."""
        self.process.kill()
        await self.serve()

    def link(self) -> str:
        """A link that signs the owner in, from the command line."""
        command = [sys.executable, "-m", "l2s", "user", "link", "maja@larch.example", "--data", str(self.data)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def stored(self) -> list[str]:
        """Every text that the server holds, in its order."""
        connection = sqlite3.connect(f"file:{self.data / 'l2s.db'}?mode=ro", uri=True)
        rows = connection.execute("SELECT body FROM messages WHERE kind = 'text' ORDER BY chat_id, seq, rev").fetchall()
        connection.close()
        return [row[0] for row in rows]

    def shop(self) -> web.Application:
        async def page(_: web.Request) -> web.Response:
            text = host_page("Tents", self.base, self.site)
            return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy(self.base)})

        async def report(request: web.Request) -> web.Response:
            self.reports.append(await request.text())
            return web.Response()

        app = web.Application()
        app.router.add_post("/reports", report)
        app.router.add_get("/{name:.*}", page)
        return app


@pytest.fixture
async def chat(tmp_path: Path, browser: Browser) -> AsyncGenerator[Chat]:
    cutter = Cutter(free_port())
    data = tmp_path / "data"
    site = await asyncio.to_thread(init, data)
    async with cutter.listening() as public:
        one = Chat(data, site, cutter, public)
        await one.serve()
        try:
            yield one
        finally:
            for context in browser.contexts:
                await context.close()
            one.process.stop()
    assert one.process.process.returncode == 0


async def console(chat: Chat, browser: Browser) -> Page:
    """Sign in by a link, in a browser that nothing is known of."""
    page = await (await browser.new_context(reduced_motion="reduce")).new_page()
    await page.goto(await asyncio.to_thread(chat.link))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("[data-slot=desk][data-welcomed]")).to_be_visible()
    return page


def bubbles(where: Any) -> Locator:
    return where.locator("l2s-messages li:has(.bubble)")  # type: ignore[no-any-return]


async def lines(where: Any, count: int) -> list[tuple[str, str]]:
    """(state, text) of every text on the screen, as soon as there are so many and none is on its way."""
    on_its_way = where.locator("l2s-messages li:not([data-state=stored]):has(.bubble)")
    with contextlib.suppress(AssertionError):  # told better by what is compared then
        await expect(bubbles(where)).to_have_count(count, timeout=GUARD * 1000)
        await expect(on_its_way).to_have_count(0, timeout=GUARD * 1000)
    rows = await bubbles(where).evaluate_all(
        "all => all.map(li => [li.dataset.state, li.querySelector('.bubble').textContent])"
    )
    return [(state, text) for state, text in rows]


async def read_back(page: Page) -> None:
    """All earlier messages, page by page."""
    older = page.get_by_role("button", name="Earlier messages")
    await expect(bubbles(page).first).to_be_visible()
    while await older.is_visible():
        count = await bubbles(page).count()
        await older.click()
        await expect(bubbles(page)).not_to_have_count(count)


async def harms(chat: Chat) -> None:
    """Cut and kill."""
    for pause, harm in HARMS:
        await chat.cutter.everybody_back()
        await asyncio.sleep(pause)  # the load's own clock; nothing is waited for
        await chat.cutter.strike(harm)
        if harm == "killed":
            await chat.kill()
    await chat.cutter.everybody_back()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_every_accepted_text_stands_once_and_in_order_after_cuts_and_kills(
    chat: Chat, browser: Browser, aiohttp_server: Callable[..., Awaitable[Any]]
) -> None:
    shop = await aiohttp_server(chat.shop())
    desk = await console(chat, browser)
    visitor = await browser.new_context(reduced_motion="reduce")
    pages = [await visitor.new_page() for _ in range(2)]
    tabs = []
    for page in pages:
        await page.goto(f"http://127.0.0.1:{shop.port}/tents")
        tabs.append(await open_panel(page))
    people = [Person("one", tabs[0]), Person("two", tabs[1]), Operator("desk", desk)]
    await people[0].type()
    await desk.locator("[data-group=waiting] .row .take").click()
    await expect(bubbles(desk)).to_have_count(1)
    await expect(bubbles(tabs[1])).to_have_count(1)

    began = time.monotonic()
    trouble = asyncio.create_task(harms(chat))
    await asyncio.gather(trouble, *(person.talk(began + SECONDS, trouble) for person in people))
    said = [text for person in people for text in person.said]
    views = await asyncio.gather(*(lines(where, len(said)) for where in (*tabs, desk)))
    stored = chat.stored()
    assert sorted(stored) == sorted(said)
    for person in people:
        assert [text for text in stored if text.startswith(f"{person.name}-")] == person.said
    for view in views:
        assert view == [("stored", text) for text in stored]
    fresh = await console(chat, browser)
    await fresh.locator("[data-group=mine] .row-link").click()
    await read_back(fresh)
    assert await lines(fresh, len(said)) == [("stored", text) for text in stored]
    for where in (*tabs, desk, fresh):
        told = await where.locator("l2s-messages .state").all_inner_texts()
        assert not {"Waiting for the connection", "Not sent."} & set(told)
    assert chat.reports == []
    print(f"{len(said)} texts, {time.monotonic() - began:.0f} s")
