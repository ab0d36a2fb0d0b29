"""Before the first click: no cookie, no storage, no id, no row (W5), asked through the browser's own debugging protocol."""

from __future__ import annotations

from typing import Any

from playwright.async_api import BrowserContext, Error, Page, expect

from tests.browser.conftest import Opener, Street, open_panel

KEPT_BY_TIME = {"sites": 10, "meta": 1}  # the site's "seen" day and the clock's row: the only columns that may move


async def held_by_the_browser(context: BrowserContext, page: Page, origins: list[str]) -> dict[str, Any]:
    """Cookies, storage keys, caches and service workers of these origins."""
    client = await context.new_cdp_session(page)
    found: dict[str, Any] = {"cookies": (await client.send("Network.getAllCookies"))["cookies"]}
    for origin in origins:
        for local in (True, False):
            where = {"securityOrigin": origin, "isLocalStorage": local}
            try:
                items = await client.send("DOMStorage.getDOMStorageItems", {"storageId": where})
            except Error:  # no frame of this origin, so nothing can be held for one
                items = {"entries": []}
            found[f"{origin} {'local' if local else 'session'}"] = [key for key, _ in items["entries"]]
        usage = await client.send("Storage.getUsageAndQuota", {"origin": origin})
        found[f"{origin} usage"] = [one for one in usage["usageBreakdown"] if one["usage"]]
        try:
            caches = await client.send("CacheStorage.requestCacheNames", {"securityOrigin": origin})
        except Error:
            caches = {"caches": []}
        found[f"{origin} caches"] = caches["caches"]
    await client.detach()
    return found


def tables(street: Street) -> dict[str, list[Any]]:
    import sqlite3

    connection = sqlite3.connect(f"file:{street.shop.house.engine.path}?mode=ro", uri=True)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    connection.close()
    for name, column in KEPT_BY_TIME.items():
        found[name] = [tuple(value for at, value in enumerate(row) if at != column) for row in found[name]]
    return found


def empty(found: dict[str, Any]) -> bool:
    return not any(found.values())


async def test_nothing_is_kept_of_somebody_who_only_looks(street: Street, person: Opener) -> None:
    await street.shop.operator("Tom")
    before = tables(street)
    context = await person()
    page = await context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await page.goto(street.page)
    await expect(page.locator("l2s-widget button").first).to_be_visible()
    origins = [street.base, street.chat]
    assert empty(await held_by_the_browser(context, page, origins))
    assert tables(street) == before
    assert [url for url in requests if url.startswith(street.chat)] == [f"{street.chat}/l2s.js?site={street.shop.site}"]
    panel = await open_panel(page)
    assert empty(await held_by_the_browser(context, page, origins))
    assert tables(street) == before
    await panel.get_by_role("textbox").fill("Now something is kept.")
    await page.keyboard.press("Enter")
    await expect(
        panel.locator(".state", has_text="Sent").or_(panel.locator(".state", has_text="Delivered")).last
    ).to_be_visible()
    after = await held_by_the_browser(context, page, origins)
    assert after[f"{street.base} local"] == ["l2s"]
    assert after["cookies"] == []
    assert tables(street)["messages"] != before["messages"]


async def test_a_visitor_who_never_wrote_causes_no_request_after_a_page_change(street: Street, person: Opener) -> None:
    context = await person()
    page = await context.new_page()
    await page.goto(street.page)
    await open_panel(page)
    page = await context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await page.goto(f"{street.base}/bikes")
    await expect(page.locator("l2s-widget button").first).to_be_visible()
    assert [url for url in requests if url.startswith(street.chat)] == [f"{street.chat}/l2s.js?site={street.shop.site}"]
