"""What the panel and the launcher claim of the other side, and where the focus goes on a phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Street, open_panel

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 700}, "has_touch": True}


def cut(street: Street) -> None:
    """The server goes: no goodbye, and no way back in."""
    street.shop.live.stopping = True
    for peer in list(street.shop.live.hub.peers):
        peer.drop()


async def answered(street: Street, person: Opener, **options: Any) -> tuple[Page, Any, Any, str]:
    """A chat that Tom has: page, panel, Tom, the chat."""
    tom = await street.shop.operator("Tom")
    page = await (await person(**options)).new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await panel.get_by_role("textbox").fill("Is it in stock?")
    await panel.get_by_role("button", name=re.compile("^Send")).click()
    chat = (await tom.hear("chat"))["chat"]["id"]
    await tom.say("take", chat=chat)
    await tom.reply(chat, "Two are left.")
    await panel.locator(".bubble", has_text="Two are left.").wait_for()
    return page, panel, tom, chat


async def test_nobody_is_here_while_the_server_is_away(street: Street, person: Opener) -> None:
    page, panel, tom, _ = await answered(street, person)
    await expect(panel.locator("[data-slot=sub]")).to_have_text("Larch & Rook · here now")
    cut(street)
    await expect(panel.locator("[data-slot=sub]")).to_have_text("Not reachable just now")
    await expect(panel.locator("[data-slot=dot]")).to_have_attribute("data-on", "false")
    await panel.get_by_role("button", name="Close").click()
    launcher = page.locator("l2s-widget button").first
    await expect(launcher).to_contain_text("Not reachable just now")
    await expect(launcher.locator("i")).to_be_hidden()
    street.shop.live.stopping = False
    await page.evaluate("dispatchEvent(new Event('online'))")
    await open_panel(page)
    await panel.locator("[data-slot=remedy]").evaluate("button => button.checkVisibility() && button.click()")
    tom = await street.shop.console(tom.id)
    await expect(panel.locator("[data-slot=sub]")).to_have_text("Larch & Rook · here now")


async def test_a_launcher_without_a_frame_does_not_stay_green(street: Street, person: Opener) -> None:
    await street.shop.operator("Tom")
    page = await (await person()).new_page()
    await page.clock.install()
    await page.goto(street.page)
    launcher = page.locator("l2s-widget button").first
    await expect(launcher).to_contain_text("Tom is here")
    await page.route("**/now/*", lambda route: route.abort())
    await page.clock.run_for(31_000)
    await expect(launcher).to_contain_text("Not reachable just now")
    await expect(launcher.locator("i")).to_be_hidden()
    await page.unroute("**/now/*")
    await page.clock.run_for(61_000)
    await expect(launcher).to_contain_text("Tom is here")


async def test_an_origin_that_is_not_listed_gets_no_launcher_and_one_line_in_the_console(
    street: Street, person: Opener
) -> None:
    page = await (await person()).new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.type))
    await page.goto(street.page.replace("127.0.0.1", "elsewhere.localhost"), wait_until="load")
    await expect(page.locator("l2s-widget")).to_have_count(0)
    assert said == ["info"]


async def test_a_state_stands_apart_from_the_time_of_sending(street: Street, person: Opener) -> None:
    _, panel, tom, chat = await answered(street, person)
    await tom.say("mark", chat=chat, delivered=9, read=1)
    meta = panel.locator(".msg[data-side=mine] .meta").last
    await expect(meta.locator(".state")).to_have_text("Read")
    await expect(meta).to_have_text(re.compile(r"^\d\d:\d\dRead"))
    await tom.say("end", chat=chat)
    await panel.locator(".told", has_text="closed the chat").wait_for()
    await expect(panel.locator(".state:not(:empty)")).to_have_count(0)


async def test_a_whole_screen_panel_keeps_the_focus_and_esc_closes_it_from_the_page(street: Street, person: Opener) -> None:
    page, panel, _, _ = await answered(street, person, **PHONE)
    inside = "document.activeElement?.localName"
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 16:
        await page.keyboard.press(key)
        assert await page.evaluate(inside) in ("l2s-widget", "body"), key
        assert not await page.evaluate("document.activeElement.matches('a')")
    await page.evaluate("document.querySelector('a').focus()")
    await expect(page.locator("a:focus")).to_have_count(0)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Escape")
    await expect(panel.locator("textarea").first).to_be_hidden()
    await expect(page.locator("l2s-widget button").first).to_be_focused()
    await page.evaluate("document.querySelector('a').focus()")
    await expect(page.locator("a")).to_be_focused()
