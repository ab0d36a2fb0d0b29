"""The visitor's own side of privacy: the tick, My data with all its forms, the wish to be erased, the receipt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from playwright.async_api import Page

from l2s.actions import erasure, policies
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import When
from tests.browser.conftest import open_panel
from tests.personas import Shop, new_id
from tests.stage import Screen, Stage

QUESTION = "Can I change the brake pads myself? The Scheibenbremsbelagverschleißanzeige is gone."


async def asks(shop: Shop, *classes: str) -> None:
    """A version under which these classes are kept only after a tick."""
    draft = FACTORY["site"] | {cls: msgspec.structs.replace(FACTORY["site"][cls], when=When.TICKED) for cls in classes}
    await shop.house.engine.write(policies.post_version(shop.house, shop.site, draft))


async def erase_all(shop: Shop) -> None:
    """Every visitor is erased, as the timer would do it a day later."""
    at, steady = shop.house.clock.at(), shop.house.clock.steady()
    for row in shop.rows("visitors"):
        key = row[0]
        await shop.house.engine.write(lambda sql, key=key: erasure.erased_visitor(shop.house, sql, key, at, steady))


async def write(panel: Any, text: str) -> None:
    """A visitor's message."""
    field = panel.locator("l2s-composer textarea")
    await field.fill(text)
    await field.press("Enter")


async def talk(on: Stage, page: Page, panel: Any) -> None:
    """A chat that Tom read, noted on and answered."""
    tom = await on.shop.operator("Tom.Okafor")
    await panel.locator("[data-view=greeting]").wait_for()
    await write(panel, QUESTION)
    chat = (await tom.hear("chat"))["chat"]["id"]
    await tom.say("take", chat=chat)
    await tom.ask("open", "conversation", chat=chat)
    await tom.say("note", chat=chat, id=new_id(), text="Same batch as the two that came back. I will book it.")
    await tom.reply(chat, "Yes. Four screws.")
    await panel.locator(".bubble", has_text="Four screws").wait_for()


async def mine(on: Stage) -> AsyncIterator[Screen]:
    """My data of somebody who chats, from the first line to the receipt."""
    page = await on.person()
    await page.goto(f"{on.street}/tents")
    panel = await open_panel(page)
    await panel.get_by_role("button", name="My data").click()
    await panel.get_by_text("Nothing is held about you").wait_for()
    yield Screen("mine-nothing", page)
    await panel.get_by_role("button", name="Back").click()
    await talk(on, page, panel)
    await panel.get_by_role("button", name="More").click()
    yield Screen("mine-menu", page)
    await page.keyboard.press("Escape")
    await panel.get_by_role("button", name="My data").click()
    await panel.get_by_role("button", name="Download").wait_for()
    yield Screen("mine-data", page)
    await panel.locator("[data-slot=neverList]").scroll_into_view_if_needed()
    yield Screen("mine-data-middle", page)
    await panel.get_by_role("button", name="Ask about privacy").click()
    await panel.get_by_role("button", name="Send the question").click()
    await panel.locator("[data-slot=formAsk] .problem:visible").wait_for()
    yield Screen("mine-ask", page)
    await panel.get_by_label("Your question").fill("Who has read it?")
    await panel.get_by_role("button", name="Send the question").click()
    await panel.get_by_text("You get an answer by").wait_for()
    yield Screen("mine-asked", page)
    await panel.get_by_role("button", name="Correct").click()
    await panel.locator("#correct-mail").fill("ingrid@")
    await panel.get_by_role("button", name="Save the correction").click()
    await panel.locator("[data-slot=formCorrect] .problem:visible").wait_for()
    yield Screen("mine-correct", page)
    await panel.get_by_role("button", name="Cancel").click()
    await panel.get_by_role("button", name="Download").click()
    await panel.get_by_role("link", name="To read").wait_for()
    yield Screen("mine-files", page)
    await panel.get_by_role("button", name="Erase everything").first.click()
    await panel.get_by_role("button", name="Keep it").last.wait_for()
    yield Screen("mine-ask-erase", page)
    await panel.get_by_role("dialog").get_by_role("button", name="Erase everything").click()
    await panel.locator(".banner", has_text="erased on").wait_for()
    yield Screen("mine-wish", page)
    await panel.get_by_role("button", name="Back").click()
    await panel.locator(".told", has_text="asked to erase everything").wait_for()
    yield Screen("mine-wish-chat", page)
    await erase_all(on.shop)
    await panel.get_by_role("heading", name="It is erased").wait_for()
    yield Screen("mine-receipt", page)
    async for screen in hosted(on):
        yield screen


async def hosted(on: Stage) -> AsyncIterator[Screen]:
    """The hosted page in German, opened at My data; a law that asks for a tick."""
    page = await on.person(locale="de-DE")
    await page.goto(f"{on.chat}/chat/{on.shop.site}")
    await page.locator("[data-view=greeting]").wait_for()
    await write(page, "Passt der Gepäckträger an das Skarvan 40?")
    await page.locator(".msg[data-side=mine] .state", has_text="Gesendet").wait_for()
    await page.goto(f"{on.chat}/chat/{on.shop.site}#data")
    await page.get_by_role("button", name="Herunterladen").wait_for()
    yield Screen("mine-hosted-de", page)
    await page.get_by_role("button", name="Alles löschen").first.click()
    await page.get_by_role("button", name="Behalten").last.wait_for()
    yield Screen("mine-ask-erase-de", page)
    await page.get_by_role("button", name="Behalten").last.click()
    await erase_all(on.shop)
    await page.get_by_role("heading", name="Es ist gelöscht").wait_for()
    yield Screen("mine-receipt-de", page)
    await asks(on.shop, "message", "mail")
    for name, lang in {"mine-tick": "en-GB", "mine-tick-de": "de-DE"}.items():
        page = await on.person(locale=lang)
        await page.goto(f"{on.chat}/chat/{on.shop.site}")
        await page.locator(".tick").wait_for()
        await write(page, "Is the tent in stock?")
        await page.locator(".tick .problem:visible").wait_for()
        yield Screen(name, page)
