"""The server-made forms with their scripts: a colour beside its sample, a password that can be seen, a link to hand on."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Street, desk


async def owner_at(street: Street, person: Opener, path: str) -> Page:
    page = await desk(street, await person(), street.shop.made.owner)
    await page.goto(street.chat + path)
    return page


async def test_a_colour_is_picked_seen_with_its_text_and_saved(street: Street, person: Opener) -> None:
    page = await owner_at(street, person, "/console/sites")
    sample = page.locator(".sample")
    await page.locator("[data-colours]").fill("#f9d71c")
    await expect(page.locator("#f-colour")).to_have_value("#f9d71c")
    await expect(sample).to_have_css("background-color", "rgb(249, 215, 28)")
    await expect(sample).to_have_css("color", "rgb(24, 37, 42)")
    await page.locator("#f-colour").fill("#202020")
    await expect(page.locator("[data-colours]")).to_have_value("#202020")
    await expect(sample).to_have_css("color", "rgb(255, 255, 255)")
    await page.locator("#f-colour").fill("#f9d71c")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await expect(sample).to_have_css("background-color", "rgb(249, 215, 28)")
    shop = await (await person()).new_page()
    await shop.goto(street.page)
    launcher = shop.locator("l2s-widget button").first
    await expect(launcher).to_have_css("background-color", "rgb(249, 215, 28)")
    await expect(launcher).to_have_css("color", "rgb(24, 37, 42)")


async def test_what_is_wrong_with_a_site_is_said_at_once_and_one_more_site_is_half_filled(
    street: Street, person: Opener
) -> None:
    page = await owner_at(street, person, "/console/sites?new")
    await expect(page.get_by_label("Responsible for privacy")).to_have_value("Larch & Rook Ltd")
    await expect(page.get_by_label("Privacy contact")).to_have_value("privacy@larch.example")
    await page.get_by_label("Privacy contact").fill("privacy@")
    await page.get_by_role("button", name="Add a site").click()
    await expect(page.locator(".field.wrong")).to_have_count(3)
    await expect(page.locator("#h-contact")).to_contain_text("mail address")


async def test_a_link_is_copied_and_says_until_when_and_where_it_works(street: Street, person: Opener) -> None:
    tom = await street.shop.add_user("Tom")
    page = await owner_at(street, person, "/console/users")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_label("Name").fill("Priya Rao")
    await page.get_by_label("Mail address").fill("priya@larch.example")
    await page.get_by_role("button", name="Make an invitation link").click()
    slip = page.locator(".slip")
    await expect(slip).to_contain_text("Send this link to Priya Rao.")
    await expect(slip).to_contain_text(re.compile(r"It works until \d+ \w+ \d{4}"))
    await expect(slip).to_contain_text("Only this machine can open it")
    link = await slip.locator("code").inner_text()
    await slip.get_by_role("button", name="Copy").click()
    await expect(slip.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == link
    await page.goto(f"{street.chat}/console/users")
    await page.get_by_role("button", name="Reset password: Tom").click()
    await expect(slip).to_contain_text("This link sets a new password for Tom.")
    await page.goto(f"{street.chat}/console/users")
    await expect(page.get_by_role("button", name="New invitation link: Priya Rao")).to_be_visible()
    assert tom


async def test_a_password_can_be_seen_by_who_types_it(street: Street, person: Opener) -> None:
    page = await (await person()).new_page()
    await page.goto(f"{street.chat}/login")
    field = page.get_by_label("Password")
    await field.fill("correct horse")
    await page.get_by_role("button", name="Show").click()
    await expect(field).to_have_attribute("type", "text")
    await page.get_by_role("button", name="Hide").click()
    await expect(field).to_have_attribute("type", "password")
    await expect(field).to_have_value("correct horse")


async def test_every_page_of_the_desk_shows_who_one_is(street: Street, person: Opener) -> None:
    page = await owner_at(street, person, "/console/sessions")
    await expect(page.locator(".me-face .avatar b")).to_have_text("ML")
    await page.locator(".me summary").click()
    await expect(page.locator(".me-name")).to_contain_text("Maja Lindqvist")
