"""My data in a real browser, on two origins: seen, corrected, taken along, objected to, asked about, erased; and the tick."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from l2s.clock import DAY, HOUR, MINUTE
from tests.browser.conftest import Opener, Street, open_panel, street_at
from tests.browser.test_first_chat import bubble
from tests.conftest import FakeClock
from tests.mine_screens import asks, write
from tests.personas import Shop, User, new_id

EVIL = "<b>squeals</b> & 'smells'"


@pytest_asyncio.fixture
async def street(tmp_path: Path, aiohttp_server: Callable[..., Awaitable[Any]], clock: FakeClock) -> AsyncGenerator[Street]:
    """On a clock that moves when told."""
    async with street_at(tmp_path, aiohttp_server, clock) as one:
        yield one


async def chatting(street: Street, context: BrowserContext) -> tuple[Page, Any, User, str]:
    """Somebody whom Tom answered: (page, panel, tom, chat)."""
    tom = await street.shop.operator("Tom")
    page = await context.new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await write(panel, EVIL)
    chat = (await tom.hear("chat"))["chat"]["id"]
    await tom.say("take", chat=chat)
    await tom.ask("open", "conversation", chat=chat)
    await tom.reply(chat, "The pads are due.")
    await expect(bubble(panel, "The pads are due.")).to_be_visible()
    return page, panel, tom, chat


def row(panel: Any, title: str) -> Any:
    """One class of what is held."""
    return panel.locator("[data-slot=heldList] li", has_text=title)


async def saved(page: Page, link: Any) -> str:
    """What a link saves."""
    async with page.expect_download() as coming:
        await link.click()
    return Path(await (await coming.value).path()).read_text("utf-8")


async def test_what_is_held_is_seen_corrected_and_taken_along(street: Street, person: Opener) -> None:
    page, panel, tom, chat = await chatting(street, await person())
    await tom.say("note", chat=chat, id=new_id(), text="Asks a lot.")
    await panel.get_by_role("button", name="My data").click()
    await expect(row(panel, "Internet address")).to_contain_text("127.0.0.")
    await expect(row(panel, "Internet address").locator(".slot")).to_be_visible()
    await expect(row(panel, "Your messages")).to_contain_text("2 messages")
    await expect(row(panel, "Your messages")).to_contain_text("read by team and admins")
    await expect(panel.locator("[data-slot=noteList]")).to_contain_text("Asks a lot.")
    await expect(panel.locator("[data-slot=openedList]")).to_contain_text("Tom, Operator")
    await expect(panel.locator("[data-slot=neverList] .slot", has_text="Text while you type")).to_be_visible()
    await panel.get_by_role("button", name="Correct").click()
    await panel.locator("#correct-mail").fill("ingrid@")
    await panel.get_by_role("button", name="Save the correction").click()
    await expect(panel.locator("[data-slot=formCorrect] .problem").last).to_contain_text("not a whole mail address")
    await expect(panel.locator("#correct-mail")).to_be_focused()
    await panel.locator("#correct-mail").fill("ingrid@example.org")
    await panel.get_by_role("button", name="Save the correction").click()
    await expect(panel.get_by_text("Corrected.")).to_be_visible()
    await expect(row(panel, "Mail address")).to_contain_text("ingrid@example.org")
    await tom.hear("message", lambda frame: frame["message"]["body"].get("name") == "corrected")
    await panel.get_by_role("button", name="Download").click()
    told = json.loads(await saved(page, panel.get_by_role("link", name="For programs")))
    assert {one["name"] for one in told["my_data"]["held"]} >= {"message", "mail", "address"}
    assert [one["text"] for one in told["my_data"]["notes"]] == ["Asks a lot."]
    assert [one["body"].get("text") for one in told["messages"][0]["messages"]] == [EVIL, None, "The pads are due.", None]
    text = await saved(page, panel.get_by_role("link", name="To read"))
    assert "ingrid@example.org" in text
    assert "&lt;b&gt;squeals&lt;/b&gt; &amp; &#39;smells&#39;" in text
    assert "<b>squeals" not in text
    await panel.get_by_role("button", name="Back").click()
    await expect(panel.locator(".told", has_text="You corrected")).to_be_visible()
    assert street.reports == []


async def test_an_erasure_waits_a_day_in_sight_of_every_tab_and_leaves_a_receipt(
    street: Street, person: Opener, clock: FakeClock
) -> None:
    context = await person()
    page, panel, *_ = await chatting(street, context)
    token = await page.evaluate("localStorage.l2s")
    second = await context.new_page()
    await second.goto(f"{street.base}/bikes")
    other = await open_panel(second)
    await page.bring_to_front()
    await panel.get_by_role("button", name="More").click()
    await panel.get_by_role("button", name="Delete my data").click()
    dialog = panel.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    await expect(dialog).to_contain_text("one chat, internet address")
    await expect(dialog).to_contain_text("2 messages")
    await dialog.get_by_role("button", name="Erase everything").click()
    await expect(panel.locator(".banner")).to_contain_text("Everything about you is erased on")
    await expect(panel.get_by_role("button", name="Erase everything")).to_be_hidden()
    await second.bring_to_front()
    await expect(other.locator(".told", has_text="asked to erase everything")).to_be_visible()
    await other.locator(".banner").get_by_role("button", name="Keep it").click()
    await expect(other.locator(".banner")).to_be_hidden()
    await page.bring_to_front()
    await expect(panel.locator(".banner")).to_be_hidden()
    clock.pass_(2 * DAY)
    await street.shop.step()
    assert len(street.shop.rows("visitors")) == 1
    await panel.get_by_role("button", name="Erase everything").click()
    await dialog.get_by_role("button", name="Erase everything").click()
    await expect(panel.locator(".banner")).to_be_visible()
    clock.pass_(DAY + HOUR + MINUTE)
    await street.shop.step()
    await expect(panel.get_by_role("heading", name="It is erased")).to_be_visible()
    assert street.shop.rows("visitors") == []
    assert await page.evaluate("localStorage.l2s") is None
    await expect(panel.locator("[data-slot=receiptLines]")).to_contain_text("2 messages")
    await expect(panel.get_by_text("Disclosures that the law forbids to name cannot appear here.")).to_be_visible()
    code = await panel.locator("[data-slot=code]").inner_text()
    text = await saved(page, panel.get_by_role("link", name="Save the receipt"))
    assert code in text
    assert "squeals" not in text
    await expect(panel.get_by_role("link", name="Look it up later")).to_have_attribute("href", f"{street.chat}/receipt/{code}")
    await panel.get_by_role("button", name="Close").last.click()
    await expect(panel.locator("[data-for=form]")).to_be_visible()
    await expect(panel.locator(".promise .dial[data-left='']")).to_be_visible()
    await second.close()
    await page.evaluate("token => localStorage.setItem('l2s', token)", token)
    await page.reload()
    panel = await open_panel_at(page, "[data-view=erased]")
    assert await panel.locator("[data-slot=code]").inner_text() == code, "whoever comes back later finds it, too"
    await expect(page.locator("l2s-widget")).to_be_attached()
    assert await page.evaluate("localStorage.l2s") is None


async def open_panel_at(page: Page, view: str) -> Any:
    """The panel, where no composer is to be seen."""
    await page.locator("l2s-widget button").first.click()
    panel = page.frame_locator("l2s-widget iframe")
    await panel.locator(view).wait_for()
    return panel


async def test_nothing_is_sent_without_the_tick_that_the_law_asks_for(street: Street, person: Opener) -> None:
    shop = street.shop
    await asks(shop, "message")
    await shop.operator("Tom")
    page = await (await person()).new_page()
    await page.goto(street.page)
    panel = await open_panel_at(page, "[data-view=greeting]")  # the form is there too: the tick brought it
    box = panel.get_by_role("checkbox")
    await expect(box).not_to_be_checked()
    await expect(panel.locator(".tick")).to_contain_text("Keep your messages, as the notice says.")
    await write(panel, "Is it in stock?")
    await expect(panel.locator(".tick .problem")).to_contain_text("Tick first")
    await expect(box).to_be_focused()
    await expect(panel.locator("l2s-composer textarea")).to_have_value("Is it in stock?")
    assert shop.rows("messages") == []
    await page.keyboard.press("Space")
    await expect(panel.locator(".tick .problem")).to_be_hidden()
    await panel.locator("l2s-composer textarea").press("Enter")
    await expect(panel.locator(".state", has_text=re.compile("Sent|Delivered"))).to_be_visible()
    assert [one[5] for one in shop.rows("consents")] == ["tick"]
    await box.uncheck()
    await expect(bubble(panel, "Is it in stock?")).to_have_count(0)
    await write(panel, "And now?")
    await expect(panel.locator(".tick .problem")).to_be_visible()
    assert [one[5] for one in shop.rows("consents")] == ["tick", "withdrawn"]
    await box.check()
    await expect(bubble(panel, "Is it in stock?")).to_be_visible()
    await panel.locator("l2s-composer textarea").press("Enter")
    await expect(bubble(panel, "And now?")).to_be_visible()


async def agreed(shop: Shop) -> None:
    """The server has heard the tick of somebody who is connected."""
    async with asyncio.timeout(10):
        while not any(one.visit.ticked for one in shop.live.visitors.values()):
            await asyncio.sleep(0)


async def test_a_tick_from_before_the_first_message_outlives_a_cut_and_a_wider_law_asks_again(
    street: Street, person: Opener
) -> None:
    shop = street.shop
    await asks(shop, "mail")
    page = await (await person()).new_page()
    await page.goto(f"{street.chat}/chat/{shop.site}")
    box = page.get_by_role("checkbox")
    await page.get_by_label("Your message").fill("One pole split.")
    await page.locator("#leave-mail").fill("ingrid@example.org")
    await page.get_by_role("button", name="Leave the message").click()
    await expect(page.locator(".tick .problem")).to_be_visible()
    await box.check()
    await agreed(shop)
    for peer in list(shop.live.hub.peers):
        peer.drop()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await agreed(shop)
    await expect(box).to_be_checked()
    await asks(shop, "mail", "page")
    await expect(box).not_to_be_checked()
    await expect(page.locator(".tick .problem")).to_contain_text("changed meanwhile")
    await box.check()
    await page.get_by_role("button", name="Leave the message").click()
    await expect(page.get_by_role("heading", name="We have your message")).to_be_visible()
    await page.get_by_role("button", name="My data").click()
    await expect(row(page, "Mail address")).to_contain_text("ingrid@example.org")


async def test_objecting_stating_and_asking_by_keyboard_alone(street: Street, person: Opener) -> None:
    page = await (await person()).new_page()
    await street.shop.operator("Tom")
    await page.goto(f"{street.chat}/chat/{street.shop.site}#data")
    await expect(page.get_by_text("Nothing is held about you.")).to_be_visible()
    await expect(page.locator("[data-slot=data]")).to_be_focused()
    await press_on(page, "Ask about privacy")
    await page.keyboard.type("Who has read it?")
    await press_on(page, "Send the question")
    await expect(page.locator("#ask-problem-contact")).to_contain_text("Write where the answer should go")
    await expect(page.locator("#ask-contact")).to_be_focused()
    await page.keyboard.type("ingrid@example.org")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You get an answer by")).to_be_visible()
    assert len(street.shop.rows("cases")) == 1
    await press_on(page, "Object", back=True)
    await expect(page.get_by_text("You have objected.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("l2s-composer textarea")).to_be_focused()
    await expect(page).not_to_have_url(re.compile("#"))
    await page.keyboard.type("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".promise")).to_contain_text("internet address not kept")
    await press_on(page, "My data")
    await expect(page.locator("[data-slot=data]")).to_be_focused()
    await press_on(page, "Take the objection back")
    await expect(page.get_by_text("You have objected.")).to_be_hidden()
    await press_on(page, "Add a statement")
    await page.keyboard.type("I never said that")
    await press_on(page, "Add it")
    await expect(page.get_by_text("Your statement stands in your newest chat.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(bubble(page, "I never said that")).to_be_visible()
    await expect(page.locator(".told", has_text="You added a statement")).to_be_visible()


async def press_on(page: Page, name: str, back: bool = False) -> None:
    """Tab to a button and press Enter on it."""
    for _ in range(40):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == name:
            await page.keyboard.press("Enter")
            return
    raise AssertionError(f"no key leads to {name!r}")
