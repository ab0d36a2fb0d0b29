"""The cabinet in a browser, with and without a script: a question from the rail to its answer, a hold, a receipt."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Street
from tests.personas import new_id


async def privacy(street: Street, person: Opener, **options: object) -> Page:
    """Maja's privacy page, reached as she would."""
    name, value = (await street.shop.sign_in(street.shop.made.owner)).split("=", 1)
    context = await person(**options)
    await context.add_cookies([{"name": name, "value": value, "url": street.chat}])
    page = await context.new_page()
    await page.goto(f"{street.chat}/console")
    await page.get_by_role("link", name="Privacy").click()
    return page


async def test_a_question_is_seen_in_the_rail_and_answered(street: Street, person: Opener) -> None:
    tab, _ = await street.shop.writer("Hello")
    await tab.ask("ask", "asked", id=new_id(), text="What do you hold?", contact="ingrid@example.org")
    page = await privacy(street, person)
    await expect(page.get_by_role("link", name="1 privacy question waits")).to_be_visible()
    await page.get_by_role("link", name="Questions 1").click()
    await expect(page.get_by_role("heading", name="days left")).to_be_visible()
    await page.get_by_text("Answer and close").click()
    await page.get_by_role("button", name="Close with this answer").click()
    await expect(page.get_by_text("Write what you answered.")).to_be_visible()
    await page.get_by_label("What you answered").fill("Two messages. They go in May.")
    await page.get_by_role("button", name="Close with this answer").click()
    await expect(page.get_by_text("Nobody waits for an answer.")).to_be_visible()
    await expect(page.get_by_role("link", name="1 privacy question waits")).to_have_count(0)
    await expect(page.get_by_text("Two messages. They go in May.")).to_be_visible()


async def test_the_cabinet_works_without_a_script(street: Street, person: Opener) -> None:
    tom = await street.shop.operator("Tom")
    _, chat = await street.shop.writer("Hello")
    await tom.ask("take", "chat", chat=chat)
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    page = await privacy(street, person, java_script_enabled=False)
    await page.get_by_role("link", name="Questions").click()
    await page.get_by_label("Where the answer goes").fill("ingrid@example.org")
    await page.get_by_label("What they ask").fill("What do you hold?")
    await page.get_by_role("button", name="Enter it").click()
    await expect(page.get_by_role("heading", name="days left")).to_be_visible()
    await page.get_by_role("link", name="Holds").click()
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="Find").click()
    await expect(page.get_by_role("checkbox")).to_be_checked()
    await page.get_by_label("Why the law keeps them").fill("Claim 17/2026")
    await page.get_by_role("button", name="Ask for the hold").click()
    await expect(page.get_by_text("Write the day as year-month-day")).to_be_visible()
    await expect(page.get_by_label("Why the law keeps them")).to_have_value("Claim 17/2026")
    await page.get_by_role("link", name="Erasure").click()
    await page.get_by_role("button", name="Run it now").click()
    await expect(page.get_by_text("Done: ")).to_be_visible()
    await page.get_by_role("link", name="Audit log").click()
    await page.get_by_role("button", name="Check the log").click()
    await expect(page.get_by_text("Checked: every line follows")).to_be_visible()
    await expect(page.get_by_text("Maja Lindqvist entered privacy question")).to_be_visible()
    await page.get_by_role("link", name="Versions").click()
    await expect(page.get_by_role("link", name="Version 1")).to_be_visible()
