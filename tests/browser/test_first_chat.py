"""The main job in real browsers, on two origins, under the strictest policy a site can have."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.conftest import Opener, Street, desk, open_panel


def bubble(where: Any, text: str) -> Locator:
    """One message on the screen."""
    return where.locator("l2s-messages .bubble", has_text=text)  # type: ignore[no-any-return]


async def test_a_visitor_writes_the_operator_rings_takes_and_answers(street: Street, person: Opener) -> None:
    tom = await street.shop.add_user("Tom")
    console = await desk(street, await person(), tom)
    page = await (await person()).new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await panel.get_by_role("textbox").fill("My brake squeals.")
    await page.keyboard.press("Enter")
    await expect(bubble(panel, "My brake squeals.")).to_be_visible()
    row = console.locator("[data-group=waiting] .row")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("My brake squeals.")
    await expect(console).to_have_title("(1) Inbox · l2s")
    await console.keyboard.press("t")
    await expect(bubble(console, "My brake squeals.")).to_be_visible()
    await console.locator("l2s-composer textarea").fill("The pads are due.")
    await console.keyboard.press("Enter")
    await expect(bubble(panel, "The pads are due.")).to_be_visible()
    await expect(console).to_have_title(re.compile("^[^(]"))
    assert street.reports == []
    before = await lines(panel), await lines(console)
    await page.reload()
    await console.reload()
    panel = await open_panel(page)
    await expect(bubble(panel, "The pads are due.")).to_be_visible()
    await expect(bubble(console, "The pads are due.")).to_be_visible()
    assert (await lines(panel), await lines(console)) == before
    assert [line for line in before[0] if line in ("My brake squeals.", "The pads are due.")] == [
        "My brake squeals.",
        "The pads are due.",
    ]


async def lines(where: object) -> list[str]:
    """The bubbles of a timeline in order."""
    return await where.locator("l2s-messages .bubble").all_inner_texts()  # type: ignore[attr-defined]


async def test_an_answer_is_heard_and_seen_on_another_page_without_a_click(street: Street, person: Opener) -> None:
    tom = await street.shop.operator("Tom")
    page = await (await person()).new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await panel.get_by_role("textbox").fill("Is it in stock?")
    await page.keyboard.press("Enter")
    chat = (await tom.hear("chat"))["chat"]["id"]
    await page.goto(f"{street.base}/bikes")
    await tom.say("take", chat=chat)
    await tom.reply(chat, "Two are left.")
    await expect(page.locator("l2s-widget button").first).to_contain_text("1")
    panel = await open_panel(page)
    await expect(bubble(panel, "Two are left.")).to_be_visible()


async def test_nobody_there_means_a_message_form_that_keeps_the_typed_text(street: Street, person: Opener) -> None:
    page = await (await person()).new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await panel.get_by_label("Your message").fill("One pole split.")
    await panel.get_by_label("Mail address").fill("ingrid@")
    await panel.get_by_role("button", name="Leave the message").click()
    await expect(panel.locator("[data-field=mail] .problem")).to_be_visible()
    await panel.get_by_label("Mail address").fill("ingrid@example.org")
    await panel.get_by_role("button", name="Leave the message").click()
    await expect(panel.get_by_text("We have your message")).to_be_visible()
    (row,) = street.shop.rows("chats")
    assert "left" in row


async def test_two_tabs_that_write_their_first_message_together_share_one_chat(street: Street, person: Opener) -> None:
    await street.shop.operator("Tom")
    context = await person()
    pages = [await context.new_page() for _ in range(2)]
    panels = []
    for page in pages:
        await page.goto(street.page)
        panels.append(await open_panel(page))
    for number, panel in enumerate(panels):
        await panel.get_by_role("textbox").fill(f"From tab {number}")
    for page, panel in zip(pages, panels, strict=True):
        await page.bring_to_front()
        await panel.locator("button[type=submit]").last.click()
    for page, panel in zip(pages, panels, strict=True):
        await page.bring_to_front()
        for number in range(2):
            await expect(bubble(panel, f"From tab {number}")).to_be_visible()
    assert len(street.shop.rows("chats")) == 1
