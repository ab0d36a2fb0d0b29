"""The first ten minutes of somebody who knows nothing but what stands on the terminal and on the screen.

From `l2s serve` in an empty directory to the first answered chat, with a real terminal, one browser and an own page on another
port. Whatever this person needs and does not read is missing from the product.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from tests.bench.server import free_port
from tests.personas import GUARD

EXIT_OK = 0


class Terminal:
    """A program under a pseudo terminal, and what it printed."""

    def __init__(self, handle: int) -> None:
        self.text = ""
        self._handle = handle
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(handle, self._more)

    def _more(self) -> None:
        try:
            data = os.read(self._handle, 65536)
        except OSError:  # the program ended and took its end of the terminal along
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._handle)
        self.text += data.decode(errors="replace")
        self._news.set()

    async def read(self, pattern: str) -> str:
        """The first thing on the terminal that looks like this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GUARD):
                while not re.search(pattern, self.text):
                    self._news.clear()
                    await self._news.wait()
        found = re.search(pattern, self.text)
        assert found, self.text
        return found[0]


@contextlib.asynccontextmanager
async def typed(*command: str, home: Path) -> AsyncGenerator[Terminal]:
    """A command typed into a terminal, ended by Ctrl-C."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("L2S_", "XDG_"))}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, env=plain | {"HOME": str(home)}
    )
    os.close(theirs)
    terminal = Terminal(ours)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), GUARD)
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
    assert code == EXIT_OK, terminal.text


async def make_owner(page: Page, link: str, own_page: str) -> str:
    """Fill the form by its labels; the tag that the next page shows."""
    await page.goto(link)
    await page.get_by_label("Your name").fill("Maja Lindqvist")
    await page.get_by_label("Mail address").fill("maja@larch.example")
    await page.get_by_label("Password").fill("correct horse workbench lamp")
    await page.get_by_label("Your site").fill(own_page)
    await page.get_by_role("button", name="Create and continue").click()
    await expect(page.get_by_role("heading", name="Paste this tag into your pages")).to_be_visible()
    await expect(page.get_by_text("Waiting for the widget to be seen")).to_be_visible()
    return await page.get_by_text("<script").inner_text()


async def chat(inbox: Page, own: Page) -> None:
    """Write as a visitor, take and answer as an operator, read the answer."""
    await own.get_by_role("button", name="Write to us").click()
    panel = own.frame_locator("iframe")
    await panel.get_by_role("textbox").fill("Is anybody there?")
    await panel.get_by_role("button", name=re.compile("^Send")).click()
    await inbox.get_by_role("button", name=re.compile("^Take")).first.click()
    await expect(inbox.get_by_label("Conversation").get_by_text("Is anybody there?")).to_be_visible()
    await inbox.get_by_role("textbox", name=re.compile("^Write to")).fill("Yes, I am.")
    await inbox.get_by_role("button", name=re.compile("^Send to")).click()
    await expect(panel.get_by_label("Conversation").get_by_text("Yes, I am.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_newcomer_comes_from_one_command_to_the_first_answered_chat(
    tmp_path: Path, browser: Browser, aiohttp_server: Callable[..., Awaitable[Any]]
) -> None:
    pasted: list[str] = []

    async def page(_: web.Request) -> web.Response:
        text = f"<!doctype html><title>My shop</title><link rel=icon href='data:,'><h1>My shop</h1>{''.join(pasted)}"
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    site = await aiohttp_server(app)
    own_page = f"http://localhost:{site.port}/"

    began = time.monotonic()
    serve = [sys.executable, "-m", "l2s", "serve", "--data", str(tmp_path / "data"), "--port", str(free_port())]
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(GUARD * 1000)
    async with typed(*serve, home=tmp_path) as terminal:
        admin, own = await context.new_page(), await context.new_page()
        pasted.append(await make_owner(admin, await terminal.read(r"http://\S+/link/\S+(?=\s)"), own_page))
        await terminal.read(re.escape(pasted[0]))
        await own.goto(own_page)
        await expect(admin.get_by_text("The widget was seen today")).to_be_visible(timeout=GUARD * 1000)
        await terminal.read(r"The widget was seen\.")
        await admin.get_by_role("link", name="Open the inbox").click()
        await expect(admin.get_by_text("Nobody is waiting").first).to_be_visible()
        await chat(admin, own)
        print(f"\nfrom one command to the first answered chat: {time.monotonic() - began:.1f} s (goal <= 120 s)")
        await context.close()
