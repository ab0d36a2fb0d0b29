"""A whole chat without a pointer, on both sides: only keys are pressed, and wherever they land can be seen."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Frame, Page, expect

from tests.browser.conftest import Opener, Street
from tests.browser.test_first_chat import bubble
from tests.personas import PASSWORD

# The element in focus, through shadow roots: what it is called, and whether its focus shows, on it or on the box around it.
HERE: Final = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const outlined = each => {
        const {outlineStyle, outlineWidth} = getComputedStyle(each);
        return outlineStyle === 'auto' || (outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2);
    };
    const name = at.ariaLabel || at.labels?.[0]?.textContent || at.textContent || '';
    return {name: name.trim().replace(/\\s+/g, ' '), seen: [at, at.closest('form')].some(each => each && outlined(each))};
}"""


async def reach(page: Page, where: Page | Frame, name: str, key: str = "Tab") -> None:
    """Press a key until the element called so has the focus. Every stop on the way shows that it has it."""
    stops: list[str] = []
    for _ in range(40):
        await page.keyboard.press(key)
        if not await where.evaluate("document.hasFocus() && document.activeElement.tagName !== 'BODY'"):
            continue
        here: dict[str, Any] = await where.evaluate(HERE)
        stops.append(here["name"])
        assert here["seen"] or not here["name"], f"no focus to be seen on {here['name']!r}"
        if name in here["name"]:
            return
    raise AssertionError(f"{name!r} is not among {stops}")


async def arrived(page: Page | Frame, name: str) -> None:
    """The focus came to this element by itself."""
    spot = page.locator(":focus")
    await expect(spot).to_have_accessible_name(name)


async def panel_of(page: Page) -> Frame:
    """The widget's frame, once it is there."""
    frame = await (await page.locator("l2s-widget iframe").element_handle()).content_frame()
    assert frame
    return frame


async def sign_in(street: Street, page: Page) -> None:
    """By the form, as Tom."""
    await street.shop.add_user("Tom")
    await page.goto(f"{street.chat}/login")
    await reach(page, page, "Mail address")
    await page.keyboard.type("tom@larch.example")
    await reach(page, page, "Password")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Nobody is waiting").wait_for()


async def test_a_whole_chat_is_held_with_keys_alone(street: Street, person: Opener) -> None:
    console = await (await person()).new_page()
    await sign_in(street, console)
    page = await (await person()).new_page()
    await page.goto(street.page)
    await page.locator("l2s-widget button").first.wait_for()
    await reach(page, page, "Write to us")
    await page.keyboard.press("Enter")
    panel = await panel_of(page)
    await arrived(panel, "Write to Tom")
    await page.keyboard.type("My brake squeals.")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Since Sunday.")
    await page.keyboard.press("Enter")
    await expect(bubble(panel, "Since Sunday.")).to_have_text("My brake squeals.\nSince Sunday.")

    await console.locator("[data-group=waiting] .row").wait_for()
    await console.keyboard.press("t")
    await expect(console.locator("l2s-composer textarea")).to_be_focused()
    await console.keyboard.type("The pads are due.")
    await console.keyboard.press("Enter")
    await expect(bubble(panel, "The pads are due.")).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(page.locator("l2s-widget button")).to_be_focused()
    assert (await page.evaluate(HERE))["seen"]
    await page.keyboard.press("Enter")
    await arrived(panel, "Write to Tom")
    await page.keyboard.type("Can I do it myself?")
    await page.keyboard.press("Enter")

    await note_and_close(console)
    await expect(panel.locator(".told", has_text="Tom closed the chat")).to_be_visible()
    await expect(panel.get_by_text("Same batch as in October.")).to_have_count(0)


async def note_and_close(console: Page) -> None:
    """From the composer: out, a note, out, and the dialog, whose first focus is the harmless answer."""
    await bubble(console, "Can I do it myself?").wait_for()
    await console.keyboard.press("Escape")
    await expect(console.locator(".row-link:focus")).to_have_count(1)
    await console.keyboard.press("n")
    await arrived(console, "Note for the team")
    await console.keyboard.type("Same batch as in October.")
    await console.keyboard.press("Enter")
    await expect(console.locator(".note", has_text="Same batch as in October.")).to_be_visible()
    await console.keyboard.press("Escape")
    await console.keyboard.press("e")
    await arrived(console, "Keep it open")
    await console.keyboard.press("Escape")
    await expect(console.get_by_role("dialog")).to_have_count(0)
    await console.keyboard.press("e")
    await reach(console, console, "Close chat")
    await console.keyboard.press("Enter")
    await expect(console.locator("[data-group=mine] .none")).to_be_visible()


async def test_a_message_is_left_with_keys_alone(street: Street, person: Opener) -> None:
    page = await (await person()).new_page()
    await page.goto(street.page)
    await page.locator("l2s-widget button").first.wait_for()
    await reach(page, page, "Write to us")
    await page.keyboard.press("Enter")
    panel = await panel_of(page)
    await arrived(panel, "Your message")
    await page.keyboard.type("One pole split.")
    await reach(page, panel, "Mail address")
    await page.keyboard.type("ingrid@")
    await page.keyboard.press("Enter")
    await expect(panel.locator("[data-field=mail] .problem")).to_be_visible()
    await arrived(panel, "Mail address")
    await page.keyboard.type("example.org")
    await reach(page, panel, "Leave the message")
    await page.keyboard.press("Enter")
    await expect(panel.locator("[data-slot=receipt]")).to_be_focused()
    await reach(page, panel, "More", "Shift+Tab")
    await page.keyboard.press("Enter")
    await arrived(panel, "Sound for new answers")
    await page.keyboard.press("Escape")
    await arrived(panel, "More")
    await page.keyboard.press("Escape")
    await expect(page.locator("l2s-widget button")).to_be_focused()


async def test_the_inbox_is_one_stop_with_keys_inside(street: Street, person: Opener) -> None:
    console = await (await person()).new_page()
    await sign_in(street, console)
    for text in ("First", "Second", "Third"):
        await street.shop.writer(text)
    rows = console.locator("[data-group=waiting] .row")
    await expect(rows).to_have_count(3)
    assert await console.locator("l2s-inbox [tabindex='0']").count() == 1
    await console.keyboard.press("j")
    await console.keyboard.press("j")
    await expect(rows.nth(1).locator("a")).to_be_focused()
    await console.keyboard.press("End")
    await expect(console.locator("[data-slot=closedFold]")).to_be_focused()
    await console.keyboard.press("Enter")
    await expect(console.locator("[data-slot=search]")).to_be_visible()
    await console.keyboard.press("Home")
    await expect(rows.nth(0).locator("a")).to_be_focused()
    await console.keyboard.press("k")
    await console.keyboard.press("ArrowDown")
    await console.keyboard.press("t")
    await expect(console.locator("[data-group=mine] .row")).to_contain_text("Second")
    await console.keyboard.press("Escape")
    await console.keyboard.press("?")
    await expect(console.get_by_role("dialog", name="Keys")).to_be_visible()
    await console.keyboard.press("Escape")
    await expect(console.get_by_role("dialog")).to_have_count(0)
