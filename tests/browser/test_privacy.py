"""The editor with a script: a preset fills the form in place, the side column follows, and posting ends on the notice."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Street


async def editor(street: Street, person: Opener, **options: object) -> Page:
    """Maja's editor of her one site, reached as she would."""
    name, value = (await street.shop.sign_in(street.shop.made.owner)).split("=", 1)
    context = await person(**options)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    page = await context.new_page()
    await page.goto(f"{street.chat}/console/users")
    await page.get_by_role("link", name="Privacy").click()
    return page


async def test_choosing_a_preset_previewing_and_posting(street: Street, person: Opener) -> None:
    await street.shop.writer("a stranger")
    page = await editor(street, person)
    side = page.locator(".effect")
    await expect(side).to_contain_text("Kept 180 days · internet address shortened")
    await page.get_by_role("button", name="Fill in Shop").click()
    await expect(side).to_contain_text("Kept 365 days · internet address shortened")
    await expect(side).to_contain_text("the notice adds")
    await expect(side.locator("li", has_text="Place")).to_contain_text("the country; unless you object")
    await expect(page.get_by_role("button", name="Fill in Shop")).to_have_attribute("aria-pressed", "true")
    await page.get_by_text("Every detail").click()
    await expect(page.get_by_label("Messages: Kept")).to_have_value("365")
    row = page.locator("[data-class=rating]")
    await row.locator("label", has_text="None").click()
    await expect(row.get_by_text("not collected")).to_be_visible()
    await expect(side).to_contain_text("Rating: no longer collected")
    await expect(page.get_by_role("button", name="Fill in Shop")).to_have_attribute("aria-pressed", "false")
    await page.get_by_role("button", name="Post as version 2").click()
    await expect(page.get_by_role("heading", name="Acts at once")).to_be_visible()
    await page.get_by_role("button", name="Post all, the rest waits").click()
    await expect(page.get_by_text("Day 0 of 15")).to_be_visible()
    await page.get_by_role("link", name="See the notice").click()
    await expect(page.get_by_role("heading", name="A change comes on")).to_be_visible()
    await expect(page.locator(".slots", has_text="Rating")).to_be_visible()
    await page.get_by_role("link", name="See what changes").click()
    await expect(page.get_by_role("heading", name="More than before")).to_be_visible()


async def test_purposes_and_readers_fold_and_say_what_is_in_them(street: Street, person: Opener) -> None:
    page = await editor(street, person)
    await page.get_by_text("Every detail").click()
    row = page.locator("[data-class=name]")
    fold = row.locator("summary")
    await expect(fold).to_have_text("answer, run it · Admins")
    await fold.click()
    await row.get_by_label("secure").check()
    await row.get_by_label("run it").uncheck()
    await row.get_by_role("combobox", name="Who sees it").select_option("team")
    await row.get_by_label("bots").check()
    await expect(fold).to_have_text("answer, secure · The team, bots")
    await page.keyboard.press("Escape")
    await expect(row.get_by_label("secure")).to_be_hidden()
    await expect(fold).to_be_focused()
    await page.get_by_role("button", name="Show what changes").click()
    await expect(page.locator("li", has_text="Name")).to_have_count(4)


async def test_the_editor_works_by_keyboard_alone(street: Street, person: Opener) -> None:
    page = await editor(street, person)
    await page.locator(".every > summary").focus()
    await page.keyboard.press("Enter")
    await page.locator("[name='address.level']:checked").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[name='address.level'][value=hash]")).to_be_checked()
    await expect(page.locator(".promise-line")).to_contain_text("internet address scrambled")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="What version 2 would change")).to_be_visible()
    await expect(page.locator("main")).to_contain_text(
        "Internet address: as a scrambled mark that changes daily instead of shortened"
    )


async def test_the_whole_form_works_without_a_script(street: Street, person: Opener) -> None:
    await street.shop.writer("a stranger")
    page = await editor(street, person, java_script_enabled=False)
    await page.get_by_role("button", name="Fill in Minimal").click()
    await page.get_by_text("Every detail").click()
    await expect(page.get_by_label("Messages: Kept")).to_have_value("30")
    await expect(page.locator(".effect")).to_contain_text("Kept 30 days · internet address not kept")
    await page.get_by_role("button", name="Show what changes").click()
    await page.get_by_role("button", name="Post as version 2").click()
    await expect(page.get_by_text("Version 2").first).to_be_visible()
    await page.get_by_role("link", name="See the notice").click()
    await expect(page.get_by_text("What you write is kept 30 days after the chat ends")).to_be_visible()
