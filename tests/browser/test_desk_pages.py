"""The desk's server-made pages: on each the operator is present, counts who waits, and is rung."""

from __future__ import annotations

import re

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import Opener, Street, desk

# The bell counts the tones it starts; evaluate() would pass for a touch of the page, so the count stands in the document.
EARS = """
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
  document.documentElement.dataset.tones = Number(document.documentElement.dataset.tones ?? 0) + 1;
  return start.apply(this, at);
};
"""
PAGES = {"Users": "/console/users", "Sites": "/console/sites"}


async def listening(person: Opener) -> BrowserContext:
    context = await person()
    await context.add_init_script(EARS)
    return context


async def rang(page: Page) -> None:
    await expect(page.locator("html")).to_have_attribute("data-tones", re.compile(r"^[1-9]\d*$"))


async def test_every_page_of_the_desk_keeps_the_operator_here_and_rings(street: Street, person: Opener) -> None:
    page = await desk(street, await listening(person), street.shop.made.owner)
    await expect(page.get_by_text("New chats cannot ring until you click once")).to_be_visible()
    await page.get_by_role("heading", name="Inbox").last.click()
    await expect(page.locator("[data-slot=sound]")).to_be_hidden()
    await page.get_by_role("link", name="Users").click()
    await expect(page.get_by_role("heading", name="Users")).to_be_visible()
    await expect(page.locator("[data-slot=meDot]")).to_have_attribute("data-on", "true")
    writer, chat = await street.shop.writer("Is anybody there?")
    await rang(page)
    await expect(page).to_have_title("(1) Users · l2s")
    await expect(page.locator("[data-slot=railCount]")).to_have_text("1")
    await expect(page.locator("[data-slot=sound]")).to_be_hidden()
    await page.locator(".me summary").click()
    await page.get_by_role("link", name="My sessions").click()
    await expect(page).to_have_title("(1) My sessions · l2s")
    await rang(page)
    await page.get_by_role("link", name="Sites").click()
    await expect(page).to_have_title(re.compile(r"^\(1\)"))
    await expect(page.locator("[data-slot=sound]")).to_be_hidden()
    await page.get_by_role("link", name="Inbox").first.click()
    await page.locator("[data-group=waiting] .row").wait_for()
    await expect(page.locator("[data-slot=sound]")).to_be_hidden()
    await rang(page)
    await writer.close()
    assert chat


async def test_a_page_that_was_not_touched_says_that_it_cannot_ring(street: Street, person: Opener) -> None:
    context = await listening(person)
    page = await desk(street, context, street.shop.made.owner)
    await expect(page.get_by_text("The next chat shows here and in the tab title.")).to_be_visible()
    await street.shop.writer("Is anybody there?")
    row = page.locator("[data-group=waiting] .row")
    await row.wait_for()
    await expect(row.locator("[href='#i-bell-ring']")).to_be_hidden()
    for path in PAGES.values():
        await page.goto(street.chat + path)
        await expect(page.get_by_text("New chats cannot ring until you click once")).to_be_visible()
    await page.get_by_role("button", name="Turn sound on").click()
    await expect(page.get_by_text("That was the ring. Heard it?")).to_be_visible()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator("[data-slot=sound]")).to_be_hidden()


async def test_the_manual_does_not_take_the_desk_away(street: Street, person: Opener) -> None:
    context = await person()
    page = await desk(street, context, street.shop.made.owner)
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="Manual").click()
    await expect((await opened.value).get_by_role("heading", name="Manual").first).to_be_visible()
    await street.shop.writer("Is anybody there?")
    await expect(page.locator("[data-group=waiting] .row")).to_have_count(1)


async def test_nobody_new_is_not_nobody(street: Street, person: Opener) -> None:
    page = await desk(street, await person(), street.shop.made.owner)
    await page.get_by_role("button", name="Test the sound").click()
    await expect(page.get_by_text("The next chat rings here and in the tab title.")).to_be_visible()
    writer, chat = await street.shop.writer("Is anybody there?")
    await page.keyboard.press("t")
    await expect(page.locator("l2s-composer textarea")).to_be_focused()
    await page.goto(f"{street.chat}/console")
    await writer.write("Hello?")
    await expect(page.locator("[data-group=mine] .row .count")).not_to_be_empty()
    await expect(page.get_by_role("heading", name="Nobody new is waiting")).to_be_visible()
    await expect(page.get_by_text("Nobody is waiting")).to_have_count(0)
    assert chat


async def test_the_inbox_is_walked_by_tab_in_reading_order(street: Street, person: Opener) -> None:
    page = await desk(street, await person(), street.shop.made.owner)
    await street.shop.writer("Is anybody there?")
    await page.locator("[data-group=waiting] .row").wait_for()
    await page.locator("[data-slot=available]").focus()
    stops = []
    for _ in range(6):
        await page.keyboard.press("Shift+Tab")
        stops.append(await page.evaluate("(document.activeElement.ariaLabel || document.activeElement.textContent).trim()"))
    heads = [next((name for name in ("Closed", "Offline", "Team", "Mine", "Take") if name in stop), stop) for stop in stops[:5]]
    assert heads == ["Closed", "Offline", "Team", "Mine", "Take"]
    assert "Is anybody there?" in stops[5]


async def test_on_a_phone_taking_leads_to_the_composer_and_esc_from_the_card_back(street: Street, person: Opener) -> None:
    context = await person(viewport={"width": 360, "height": 700}, has_touch=True)
    name, value = (await street.shop.sign_in(street.shop.made.owner)).split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    page = await context.new_page()
    await page.goto(f"{street.chat}/console")
    await street.shop.writer("Is anybody there?")
    await page.get_by_role("button", name=re.compile("^Take")).click()
    await expect(page.locator("l2s-composer textarea")).to_be_focused()
    await page.get_by_role("button", name="Visitor card").click()
    await expect(page.get_by_role("link", name="Back to the chat")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Visitor card")).to_be_focused()


async def test_a_closed_chat_says_that_read_marks_ended_with_it(street: Street, person: Opener) -> None:
    page = await desk(street, await person(), street.shop.made.owner)
    visitor, chat = await street.shop.writer("Is anybody there?")
    await page.goto(f"{street.chat}/console/chat/{chat}")
    await page.get_by_role("button", name="Take").last.click()
    await page.locator("l2s-composer textarea").fill("Yes.")
    await page.keyboard.press("Enter")
    seq = (await visitor.hear("message", lambda frame: "Yes." in str(frame)))["message"]["seq"]
    await visitor.say("mark", delivered=seq, read=seq)
    await expect(page.locator(".state", has_text="Read")).to_be_visible()
    await page.get_by_role("button", name="Close chat").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close chat").click()
    await page.goto(f"{street.chat}/console/chat/{chat}")
    await expect(page.get_by_text("Read marks end with the chat.")).to_be_visible()
    await expect(page.locator(".msg .state:not(:empty)")).to_have_count(0)
    await expect(page.locator(".people li")).to_contain_text("Maja")
