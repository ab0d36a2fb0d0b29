"""A message that was left while nobody was here, and the one who answers it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Street, open_panel
from tests.personas import new_id

MAILTO = "mailto:kai@example.org?subject="


async def left(street: Street, person: Opener) -> tuple[Page, Any, str]:
    """Kai leaves a message: page, panel, and the reference that the receipt names."""
    page = await (await person()).new_page()
    await page.goto(street.page)
    panel = await open_panel(page)
    await expect(panel.get_by_text("It is stored, and Larch & Rook answers by mail.")).to_be_visible()
    await panel.get_by_label("Your message").fill("Is the green one back in stock?")
    await panel.get_by_label("Mail address").fill("kai@example.org")
    await panel.get_by_role("button", name="Leave the message").click()
    await panel.get_by_text("We have your message").wait_for()
    return page, panel, await panel.locator("[data-slot=reference]").inner_text()


async def console_of(street: Street, person: Opener, **options: Any) -> Page:
    """Maja's console at the list of what was left."""
    context = await person(**options)
    name, value = (await street.shop.sign_in(street.shop.made.owner)).split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    page = await context.new_page()
    await page.goto(f"{street.chat}/console")
    await page.locator("[data-group=left] [data-act=fold]").first.click()
    await page.locator("[data-group=left] [data-act=show]").click()
    return page


async def test_an_offline_message_is_answered_by_mail_first(street: Street, person: Opener) -> None:
    page, panel, reference = await left(street, person)
    console = await console_of(street, person)
    by_mail = console.get_by_role("link", name="Answer by mail to kai@example.org")
    await expect(by_mail).to_be_visible()
    href = await by_mail.get_attribute("href")
    assert href
    assert href.startswith(MAILTO)
    assert reference in href
    assert href.count("?") == 1
    assert "&" not in href
    assert await console.locator(".write .primary:visible").count() == 1
    await expect(console.locator(".detail", has_text="Reference")).to_contain_text(reference)
    await console.keyboard.press("t")
    await expect(console.locator("l2s-composer textarea")).to_be_visible()
    await expect(console.get_by_text("is read only if")).to_be_visible()
    await expect(by_mail).to_be_visible()
    await console.get_by_role("tab", name="Note").click()
    await expect(by_mail).to_be_hidden()
    await console.get_by_role("tab", name="Message").click()
    await page.goto(f"{street.base}/bikes")
    panel = await open_panel(page)
    await panel.get_by_role("textbox").fill("I am back.")
    await page.keyboard.press("Enter")
    await expect(console.locator(".bubble", has_text="I am back.")).to_be_visible()
    await expect(by_mail).to_be_hidden()


async def test_a_chat_that_is_live_says_nothing_of_mail(street: Street, person: Opener) -> None:
    visitor, chat = await street.shop.writer("Hello")
    context = await person()
    name, value = (await street.shop.sign_in(street.shop.made.owner)).split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    console = await context.new_page()
    await console.goto(f"{street.chat}/console/chat/{chat}")
    await console.get_by_role("button", name="Take").last.click()
    await expect(console.locator("l2s-composer textarea")).to_be_visible()
    await expect(console.locator("[data-slot=reach]")).to_be_hidden()
    await visitor.close()


async def test_a_long_address_does_not_break_a_phone(street: Street, person: Opener) -> None:
    visitor = await street.shop.visitor()
    await visitor.enter()
    mail = "wilhelmina-alexandra.van-oudshoorn-wolfeschlegelstein@larch-and-rook.example"
    await visitor.ask("leave", "left", id=new_id(), text="One pole split.", mail=mail, name=None)
    console = await console_of(street, person, viewport={"width": 320, "height": 640}, has_touch=True)
    await expect(console.get_by_role("link", name="Answer by mail")).to_be_visible()
    assert await console.evaluate("document.documentElement.scrollWidth") == 320
    await visitor.close()
