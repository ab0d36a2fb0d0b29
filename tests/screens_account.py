"""The walk through the account page and the incident log."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator

from l2s.actions import incidents, particulars
from l2s.actions.incidents import New, Words
from l2s.clock import DAY, HOUR
from tests.conftest import FakeClock, shop_at
from tests.personas import new_id
from tests.screens_cabinet import LETTER, session
from tests.stage import Screen, Stage


async def account(on: Stage) -> AsyncIterator[Screen]:
    """The account: fresh, with something wrong, changed, being taken back, as an admin reads it, and in German after a year."""
    shop = on.shop
    owner, path = shop.made.owner, "/console/account"
    page = await on.desk(owner, path)
    yield Screen("account", page, full=True)
    on.forgiven = re.compile("status of 4")
    await page.get_by_label("Telephone").fill("call me")
    await page.get_by_role("button", name="Save").click()
    await page.locator(".field .problem").wait_for()
    yield Screen("account-error", page, full=True)
    maja = await session(on, owner)
    wanted = {"mail": "office@larch-and-rook.example", "address": LETTER.replace(", ", "\n"), f"controller.{shop.site}": "L&R"}
    await shop.house.engine.write(particulars.change(shop.house, maja, wanted))
    await page.goto(on.chat + path)
    yield Screen("account-changed", page, full=True)
    await page.get_by_role("link", name="Take back: Postal address").click()
    await page.get_by_role("button", name="Take it back").wait_for()
    yield Screen("account-undo", page, full=True)
    admin = await on.desk(await shop.add_user("Ada", "admin"), path)
    yield Screen("account-admin", admin, full=True)
    await admin.goto(f"{on.chat}/console/privacy/{shop.site}")
    yield Screen("privacy-account-bar", admin)
    clock = FakeClock()
    later = await on.stack.enter_async_context(shop_at(on.folder / "year", clock))
    clock.pass_(400 * DAY)
    year = dataclasses.replace(on, shop=later, chat=f"http://localhost:{later.urls.port}")
    german = await year.desk(later.made.owner, path, locale="de-DE")
    yield Screen("account-stale-de", german, full=True)
    async for screen in trouble(on):
        yield screen


async def trouble(on: Stage) -> AsyncIterator[Screen]:
    """Incidents: none yet, something wrong, one that is overdue, whom it exposed, one that is closed."""
    house, owner = on.shop.house, on.shop.made.owner
    path = f"{on.chat}/console/privacy/incidents"
    page, maja = await on.desk(owner, "/console/privacy/incidents"), await session(on, owner)
    yield Screen("cabinet-incidents-empty", page, full=True)
    on.forgiven = re.compile("status of 4")
    await page.get_by_role("button", name="Enter it").click()
    await page.locator(".field .problem").first.wait_for()
    yield Screen("cabinet-incidents-error", page, full=True)
    tab = await on.shop.visitor()
    await tab.enter()
    await tab.say("leave", id=new_id(), text="Please call.", mail="ingrid.fjeldstad-maclean@example.org", name="Ingrid")
    await tab.hear("chat")
    at = house.clock.at()
    lost = Words(
        "A laptop on which Tom was signed in was taken from a train between Kempten and Ulm.",
        "Whoever has it could read letters, among them postal addresses, until the sign-in was ended.",
        "Sign-in ended at 14:06, password changed. Laptops lock after two minutes from now on.",
    )
    for known, source, subject, shut in (
        (at - 80 * HOUR, "other", "", False),
        (at - 62 * HOUR, "user", owner, False),
        (at - 90 * DAY, "user", owner, True),
    ):
        new = New(source, subject, lost, known - DAY, at, known)
        n = await house.engine.read(lambda sql, new=new: incidents.count(house, maja, new, sql))  # type: ignore[misc]
        key = await house.engine.write(incidents.enter(house, maja, new, n))
        for mark in ("reported", "told", "closed") if shut else ():
            await house.engine.write(incidents.mark(house, maja, key, mark))  # type: ignore[arg-type]
    await page.goto(path)
    await page.locator(".asked").first.get_by_text("Amend the words").click()
    yield Screen("cabinet-incidents", page, full=True)
    await page.get_by_role("button", name="Show whom it exposed").first.click()
    await page.locator(".slip").wait_for()
    yield Screen("cabinet-incidents-persons", page, full=True)
    german = await on.desk(owner, "/console/privacy/incidents", locale="de-DE")
    yield Screen("cabinet-incidents-de", german, full=True)
