"""The walk through the privacy cabinet: each drawer empty, full, with something wrong, and in German; a receipt."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import AsyncIterator
from typing import Any

from l2s.actions import bundling, cases, disclosures, erasure, factors, holds, people, signins
from l2s.actions.disclosures import Wanted
from l2s.actions.sites import add_site, checked_site
from l2s.clock import DAY
from l2s.domain.factors import code, step_of
from tests.conftest import FakeClock, shop_at
from tests.personas import PASSWORD, User, new_id
from tests.stage import Screen, Stage

LETTER = "Mr Benedikt Fahrner, Am Alten Güterbahnhof 17, 87435 Kempten"


async def talk(on: Stage, tom: User, text: str, **hello: Any) -> tuple[Any, str]:
    """A chat that was closed."""
    tab, chat = await on.shop.writer(text, page="https://shop.example/tents", **hello)
    await tom.ask("take", "chat", chat=chat)
    await tom.reply(chat, "Yes, until Friday.")
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["id"] == chat and frame["chat"]["state"] == "closed")
    return tab, chat


async def session(on: Stage, user: str) -> str:
    cookie = (await on.shop.sign_in(user)).partition("=")[2]
    found = await on.shop.house.engine.read(lambda sql: signins.session_of(on.shop.house, cookie, sql))
    assert found
    return found[0]


async def cabinet(on: Stage) -> AsyncIterator[Screen]:
    """Every drawer."""
    shop, write = on.shop, on.shop.house.engine.write
    site, owner = f"/console/privacy/{shop.site}", shop.made.owner
    tom = await shop.operator("Tom")
    page = await on.desk(owner, f"{site}/erasure")
    yield Screen("cabinet-erasure-empty", page, full=True)
    await page.goto(f"{on.chat}/console/privacy/questions")
    yield Screen("cabinet-questions-empty", page, full=True)
    maja = await session(on, owner)
    for n in range(3):
        tab, chat = await talk(on, tom, f"Is the tent in stock? {n}")
    receipt = await write(erasure.erase_chat(shop.house, maja, chat))
    await page.goto(f"{on.chat}{site}/erasure")
    await page.get_by_role("button", name="Make a backup now").click()
    await page.locator(".good").wait_for()
    await page.get_by_role("button", name="Run it now").click()
    await page.locator(".good").wait_for()
    yield Screen("cabinet-erasure-done", page, full=True)
    async for screen in overdue(on):
        yield screen
    async for screen in questions(on, page, maja, tab):
        yield screen
    async for screen in law(on, page, maja):
        yield screen
    async for screen in left(on, page, maja):
        yield screen
    public = await on.person()
    await public.goto(f"{on.chat}/receipt/{receipt.code}")
    yield Screen("receipt-erased", public, full=True)
    await public.goto(f"{on.chat}/receipt/{receipt.code}?lang=de")
    yield Screen("receipt-erased-de", public, full=True)
    await page.goto(f"{on.chat}{site}/versions")
    yield Screen("cabinet-versions", page, full=True)
    german = await on.desk(owner, f"{site}/erasure", locale="de-DE")
    yield Screen("cabinet-erasure-de", german, full=True)
    for name in ("questions", "holds", "left", "audit", "record"):
        await german.goto(f"{on.chat}/console/privacy/{name}")
        yield Screen(f"cabinet-{name}-de", german, full=True)


async def questions(on: Stage, page: Any, maja: str, tab: Any) -> AsyncIterator[Screen]:
    """One that is overdue, one that nears its end, one with time, one answered; and a form with something wrong."""
    house, at = on.shop.house, on.shop.house.clock.at()
    more = checked_site("Larch & Rook Winter Sports", ["winter.example"], "Larch & Rook Ltd", "privacy@larch.example")
    await house.engine.write(add_site(house, maja, more))
    for text, where, days in (
        ("Please send me everything that you hold about me, on paper.", LETTER, 40),
        ("Who read my chat in October?", "ingrid.fjeldstad-maclean@example.org", 27),
        ("Erase my mail address.", "w@example.org", 12),
    ):
        key = await house.engine.write(cases.enter(house, maja, on.shop.site, text, where, at - days * DAY))
    await house.engine.write(cases.close(house, maja, key, "It is erased. The receipt is in your mail."))
    await tab.close()
    fresh, _ = await on.shop.writer("Hello")
    await fresh.ask("ask", "asked", id=new_id(), text="What do you hold?\nI wrote in May, from another browser.")
    on.forgiven = re.compile("status of 400")
    await page.goto(f"{on.chat}/console/privacy/questions")
    await page.locator(".asked").first.get_by_text("Answer and close").click()
    await page.locator(".enter > summary").click()
    yield Screen("cabinet-questions", page, full=True)
    await page.get_by_label("Where the answer goes").fill(LETTER)
    await page.get_by_role("button", name="Enter it").click()
    await page.locator(".field .problem").wait_for()
    yield Screen("cabinet-questions-error", page, full=True)


async def overdue(on: Stage) -> AsyncIterator[Screen]:
    """A night that did not come: on a server whose clock is moved."""
    clock = FakeClock()
    shop = await on.stack.enter_async_context(shop_at(on.folder / "late", clock))
    late = dataclasses.replace(on, shop=shop, chat=f"http://localhost:{shop.urls.port}")
    await talk(late, await shop.operator("Tom"), "Is the tent in stock?")
    clock.pass_(33 * DAY)
    page = await late.desk(shop.made.owner, f"/console/privacy/{shop.site}/erasure")
    await page.locator(".goes > summary").click()
    yield Screen("cabinet-erasure-late", page, full=True)


async def law(on: Stage, page: Any, maja: str) -> AsyncIterator[Screen]:
    """Holds: asked for alone, waiting for a second admin, in force, and a form with something wrong; the log; the record."""
    house, at = on.shop.house, on.shop.house.clock.at()
    chats = [row[0] for row in on.shop.rows("chats") if "closed" in row]
    path = f"{on.chat}/console/privacy/holds"
    await page.goto(path)
    yield Screen("cabinet-holds-empty", page, full=True)
    alone = await house.engine.write(holds.ask(house, maja, chats[:1], "Claim 17/2026, district court", at + 90 * DAY))
    await page.goto(path)
    yield Screen("cabinet-holds-alone", page, full=True)
    ada = await session(on, await on.shop.add_user("Ada", "admin"))
    await house.engine.write(holds.approve(house, ada, alone))
    await house.engine.write(holds.ask(house, ada, chats[1:], "Tax audit, § 147 AO", at + 360 * DAY))
    on.forgiven = re.compile("status of 4")
    await page.goto(path)
    await page.locator(".enter > summary").click()
    await page.get_by_label("Why the law keeps them").fill("Claim")
    await page.get_by_label("Until", exact=True).fill("2020-01-01")
    await page.get_by_role("button", name="Ask for the hold").click()
    await page.locator("[id='p-chat']").wait_for()
    yield Screen("cabinet-holds-error", page, full=True)
    await page.goto(f"{on.chat}/console/privacy/audit")
    await page.get_by_role("button", name="Check the log").click()
    await page.locator(".good").wait_for()
    yield Screen("cabinet-audit", page, full=True)
    await page.goto(f"{on.chat}/console/privacy/record")
    yield Screen("cabinet-record", page, full=True)


async def left(on: Stage, page: Any, maja: str) -> AsyncIterator[Screen]:
    """The second factor, from its key to a sign-in; demands that wait, may leave and left; a form with something wrong."""
    house, write = on.shop.house, on.shop.house.engine.write
    await page.goto(f"{on.chat}/console/privacy/left")
    yield Screen("cabinet-left-empty", page, full=True)
    ada = await session(on, next(row[0] for row in on.shop.rows("users") if "Ada" in row))
    chats = [row[0] for row in on.shop.rows("chats") if "closed" in row]
    court = Wanted("legal", "District court of Kempten", "17 Cs 4/27", "Everything that was said about the tent.", chats[:1])
    gone = await write(disclosures.ask(house, maja, court))
    await write(disclosures.approve(house, ada, gone))
    made = await house.engine.read(lambda sql: bundling.prepare(house, maja, gone, "", sql))
    await write(disclosures.hand_over(house, maja, gone, made))
    gag = court._replace(gag_until=house.clock.at() + 60 * DAY, gag_reason="Order of 3 November, § 95a StPO", authority=LETTER)
    await write(disclosures.ask(house, ada, gag))
    await write(disclosures.ask(house, maja, court._replace(ground="safety", authority="Police, station 3")))
    await page.goto(f"{on.chat}/console/factor")
    yield Screen("factor-off", page, full=True)
    await page.get_by_label("Your password again").fill(PASSWORD)
    await page.get_by_role("button", name="Set up a second factor").click()
    await page.locator(".qr").wait_for()
    yield Screen("factor-begun", page, full=True)
    seed = base64.b32decode((await page.locator(".steps code").inner_text()).replace(" ", ""))
    await page.get_by_label("Code", exact=True).fill(code(seed, step_of(house.clock.at())))
    await page.get_by_role("button", name="Turn it on").click()
    await page.locator(".codes").wait_for()
    yield Screen("factor-codes", page, full=True)
    await page.goto(f"{on.chat}/console/factor")
    yield Screen("factor-on", page, full=True)
    await page.goto(f"{on.chat}/console/privacy/left")
    await page.locator(".asked .enter > summary").first.click()
    yield Screen("cabinet-left", page, full=True)
    on.forgiven = re.compile("status of 4")
    await page.locator(".cabinet > .enter > summary").click()
    await page.get_by_label("Who demands it").fill(LETTER)
    await page.get_by_role("button", name="Enter it").click()
    await page.locator(".enter .problem").first.wait_for()
    yield Screen("cabinet-left-error", page, full=True)
    person = await on.person()
    await person.goto(f"{on.chat}/login")
    await person.get_by_label("Mail address").fill("maja@larch.example")
    await person.get_by_label("Password", exact=True).fill(PASSWORD)
    await person.get_by_role("button", name="Sign in").click()
    await person.locator("[name=code]").wait_for()
    yield Screen("login-code", person, full=True)
    await write(factors.turn_off_for(house, people.mail_key(house, "maja@larch.example")))
