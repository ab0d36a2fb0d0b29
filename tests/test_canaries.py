"""What a browser sends and the declaration does not keep is found nowhere; what it keeps is found at exactly its level."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from l2s.actions import welcome
from l2s.actions.policies import post_version
from l2s.actions.timers import minute
from l2s.privacy.classes import chain
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import Rule, When, days, up_to
from tests.canaries import address_forms, canary, forms, hidden, hits, search
from tests.conftest import FakeClock, shop_at
from tests.personas import GUARD, Shop

FIELDS = ("agent", "hint", "accept", "referer", "page", "query", "title", "referrer")
WORDS = {name: canary(name) for name in FIELDS}
PROXY, CLIENT = "127.0.0.1", "203.0.113.77"


def test_the_search_finds_a_canary_in_every_form() -> None:
    word = canary("self-test")
    for place in hidden(word):
        assert hits(forms(word), place), place
    assert not hits(forms(word), b"nothing of the kind" * 100)


HEADERS = {
    "User-Agent": f"Mozilla/5.0 (X11; Linux x86_64) {WORDS['agent']}/9 Firefox/150.0",
    "Sec-CH-UA": f'"{WORDS["hint"]}";v="9"',
    "Accept-Language": f"en,{WORDS['accept']};q=0.5",
    "Referer": f"https://shop.example/{WORDS['referer']}",
    "X-Forwarded-For": CLIENT,
}
HELLO = {
    "page": f"https://shop.example/tents/{WORDS['page']}?q={WORDS['query']}#x",
    "referrer": f"https://search.example/{WORDS['referrer']}?q=1",
}


def rule(level: str, cls: str) -> Rule:
    return Rule(chain(cls).index(level), When.UNLESS_OBJECTED, days(30), frozenset({"answer"}), up_to("admin"))


async def visit(shop: Shop, **hello: Any) -> tuple[str, dict[str, Any]]:
    """A visitor with every canary writes; returns the chat and the visitor card as an operator reads it."""
    tom = await shop.operator("Tom")
    ingrid = await shop.visitor(headers=HEADERS, **(HELLO | hello))
    await ingrid.enter()
    chat = (await ingrid.write("Hello"))["chat"]
    conversation = await tom.ask("open", "conversation", chat=chat)
    return chat, {row["name"]: (row["level"], row["value"]) for row in conversation["details"]}


async def declare(shop: Shop, **levels: str) -> None:
    """A version before anything of a stranger is kept: it acts at once. "none" takes the class out."""
    draft = {name: law for name, law in FACTORY["site"].items() if name not in levels}
    draft |= {name: rule(level, name) for name, level in levels.items() if level != "none"}
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))


async def flushed(shop: Shop) -> Path:
    """Everything that the server keeps, on the disk."""
    folder = shop.house.engine.path.parent
    await asyncio.to_thread(lambda: None)
    return folder


async def test_what_is_not_declared_is_found_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with shop_at(tmp_path, trusted_proxies=[PROXY]) as shop:
        await declare(shop, address="none", browser="none", page="none")
        _, card = await visit(shop)
        folder = await flushed(shop)
        for name, word in WORDS.items():
            assert search(folder, forms(word)) == [], name
            assert word not in caplog.text
        assert search(folder, address_forms(CLIENT)) == []
        assert {name: card[name] for name in ("address", "browser", "page", "referrer")} == dict.fromkeys(
            ("address", "browser", "page", "referrer"), ("none", None)
        )
        assert {row[2] for row in shop.rows("dropped")} >= {"address", "browser", "page", "referrer"}
        text = await (await shop.http.get(f"{shop.base}/readyz")).text()
        assert not any(word in text for word in WORDS.values())


@pytest.mark.parametrize(
    ("cls", "level", "told", "kept"),
    [
        ("address", "hash", None, []),
        ("address", "truncated", "203.0.113.0/24", []),
        ("address", "full", CLIENT, ["address"]),
        ("browser", "family", "Firefox on Linux", []),
        ("browser", "full", HEADERS["User-Agent"], ["agent"]),
        ("page", "path", f"/tents/{WORDS['page']}", ["page"]),
        ("page", "full", f"https://shop.example/tents/{WORDS['page']}", ["page"]),
        ("referrer", "path", f"/{WORDS['referrer']}", ["referrer"]),
        ("referrer", "full", f"https://search.example/{WORDS['referrer']}", ["referrer"]),
    ],
)
async def test_what_is_declared_is_kept_at_exactly_its_level(
    tmp_path: Path, cls: str, level: str, told: str | None, kept: list[str]
) -> None:
    async with shop_at(tmp_path, trusted_proxies=[PROXY]) as shop:
        await declare(shop, **({"address": "none", "browser": "none", "page": "none"} | {cls: level}))
        _, card = await visit(shop)
        assert card[cls][0] == level
        if told is None:
            assert str(card[cls][1]).startswith("h:")
        else:
            assert card[cls][1] == told
        folder = await flushed(shop)
        assert bool(search(folder, address_forms(CLIENT))) == ("address" in kept)
        for name, word in WORDS.items():
            assert bool(search(folder, forms(word))) == (name in kept), name


async def test_a_forged_forwarded_header_of_a_stranger_is_ignored(tmp_path: Path) -> None:
    async with shop_at(tmp_path) as shop:
        _, card = await visit(shop)
        assert card["address"] == ("truncated", "127.0.0.0/24")
        assert search(await flushed(shop), address_forms(CLIENT)) == []


async def test_whoever_objects_leaves_no_address_browser_or_page(tmp_path: Path) -> None:
    async with shop_at(tmp_path, trusted_proxies=[PROXY]) as shop:
        _, card = await visit(shop, objected=True)
        assert {card[name][1] for name in ("address", "browser", "page")} == {None}
        assert search(await flushed(shop), forms(WORDS["page"])) == []


async def test_a_narrowing_acts_on_the_next_frame_of_open_sockets(still_shop: Shop) -> None:
    shop = still_shop
    ingrid = await shop.visitor(**HELLO)
    await ingrid.enter()
    await declare(shop, page="none", message="kept")
    law = await ingrid.hear("law")
    assert law["law"]["version"] == 2
    await ingrid.write("Hello")
    assert shop.rows("details")[0][5] is None


async def test_a_narrowing_posted_while_hello_is_read_is_in_its_answer(
    still_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, read = still_shop, welcome.arrive
    begun, gate = threading.Event(), threading.Event()

    def late(*given: Any) -> welcome.Arrived:
        """The first read is done before the narrowing, and comes back after it."""
        seen = read(*given)
        if not begun.is_set():
            begun.set()
            gate.wait(GUARD)
        return seen

    monkeypatch.setattr(welcome, "arrive", late)
    coming = asyncio.create_task(shop.visitor(**HELLO))
    assert await asyncio.to_thread(begun.wait, GUARD)
    await declare(shop, page="none", message="kept")
    gate.set()
    ingrid = await coming
    assert ingrid.frames_hello["law"]["version"] == 2  # type: ignore[attr-defined]
    await ingrid.enter()
    await ingrid.write("Hello")
    assert shop.rows("details")[0][5] is None


async def test_a_widening_acts_after_fifteen_days_of_wall_and_of_served_time(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("The first stranger")
    draft = FACTORY["site"] | {"referrer": rule("path", "referrer")}
    due = await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    assert due == clock.at() + 15 * 86_400_000
    clock.jump(40 * 86_400_000)  # somebody sets the clock forward: served time does not follow
    clock.pass_(61_000)
    await shop.step()
    tom = await shop.operator("Tom")
    assert await referrer_of(shop, tom, "Benedikt") == ("none", None)
    await serve_days(shop, clock, 15)
    assert await referrer_of(shop, tom, "Amara") == ("path", f"/{WORDS['referrer']}")


async def serve_days(shop: Shop, clock: FakeClock, days: int) -> None:
    """Days in which the notice could be read, told hour by hour."""
    for _ in range(days * 24):
        clock.pass_(3_600_000)
        await shop.house.engine.write(minute(shop.house, 3_600_000))


async def test_a_machine_that_slept_served_nothing_meanwhile(still_shop: Shop, clock: FakeClock) -> None:
    clock.pass_(20 * 86_400_000)
    await still_shop.step()
    assert dict((row[0], row[1]) for row in still_shop.rows("meta"))["shown"] <= 120_000


async def referrer_of(shop: Shop, tom: Any, text: str) -> tuple[str, str | None]:
    tab, chat = await shop.writer(text, **HELLO)
    conversation = await tom.ask("open", "conversation", chat=chat)
    await tab.close()
    return next((row["level"], row["value"]) for row in conversation["details"] if row["name"] == "referrer")


async def test_an_open_chat_is_not_reached_by_a_widening(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    _, chat = await shop.writer("Before", **HELLO)
    await shop.house.engine.write(post_version(shop.house, shop.site, FACTORY["site"] | {"referrer": rule("path", "referrer")}))
    await serve_days(shop, clock, 16)
    cookie = await shop.sign_in(tom.id)
    later = await shop.console(tom.id, cookie)
    conversation = await later.ask("open", "conversation", chat=chat)
    levels = {row["name"]: row["level"] for row in conversation["details"]}
    assert levels["referrer"] == "none"


async def test_expired_words_cannot_be_read_before_any_job_has_run(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom = await shop.operator("Tom", "admin")
    _, chat = await shop.writer("Soon unreadable", page="https://shop.example/tents")
    await tom.say("take", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    clock.pass_(30 * 86_400_000 - 1)
    again = await shop.console(tom.id, await shop.sign_in(tom.id))
    assert "/tents" in str(await again.ask("open", "conversation", chat=chat))
    clock.pass_(1)
    again = await shop.console(tom.id, await shop.sign_in(tom.id))
    seen = await again.ask("open", "conversation", chat=chat)
    assert "/tents" not in str(seen), "thirty days for the page"
    assert "Soon unreadable" in str(seen)
    clock.pass_(150 * 86_400_000 - 1)
    again = await shop.console(tom.id, await shop.sign_in(tom.id))
    assert again.welcome["closed"] == 1
    assert "Soon unreadable" in str(await again.ask("open", "conversation", chat=chat))
    clock.pass_(1)
    again = await shop.console(tom.id, await shop.sign_in(tom.id))
    assert again.welcome["closed"] == 0
    assert (await again.ask("open", "refused", chat=chat))["code"] == "not_found", "and 180 for the words"


async def test_an_erased_chat_is_gone_and_after_the_scrub_its_bytes_too(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    word = canary("erased")
    maja = await shop.console(shop.made.owner)
    ingrid, chat = await shop.writer(f"Remember {word}")
    other, _ = await shop.writer("Stays")
    folder = shop.house.engine.path.parent
    assert search(folder, forms(word))
    await maja.say("erase", chat=chat)
    await ingrid.hear("erased")
    assert (await maja.ask("open", "refused", chat=chat))["code"] == "not_found"
    clock.pass_(24 * 3_600_000)
    await shop.step()
    assert search(folder, forms(word)) == []
    assert search(folder, forms(chat)) == []
    assert (await other.write("Still here"))["message"]["body"]["text"] == "Still here"


async def test_the_scope_opens_with_the_first_stranger_and_not_with_a_test_chat(shop: Shop) -> None:
    def kinds() -> list[str]:
        return [row[2] for row in shop.rows("ledger") if row[1] == shop.site]

    assert kinds() == ["posted", "ripened"]
    await shop.writer("A test chat", preview=shop.live.preview(shop.site))
    assert "opened" not in kinds()
    await shop.writer("A stranger")
    assert kinds() == ["posted", "ripened", "opened"]
