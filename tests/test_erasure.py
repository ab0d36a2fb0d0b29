"""Erasing a chat or a person: everything that leads there goes, everybody else's stays, and the receipt says what is true."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from l2s.actions import erasure
from l2s.clock import DAY, HOUR
from l2s.config import Settings
from l2s.errors import NotFound
from l2s.privacy.erasure import Receipt, plan
from l2s.privacy.holdings import HOLDINGS
from l2s.store import receipts
from l2s.store.engine import Unit
from l2s.web.app import opened
from tests.canaries import canary, forms, search
from tests.conftest import FakeClock, shop_at
from tests.personas import Shop, Visitor

WORD, OTHER = canary("ingrid"), canary("benedikt")


def by_person(shop: Shop, visitor: str) -> Unit[Receipt]:
    """What the due-table does a day after a person's own wish."""
    return lambda sql: erasure.erased_visitor(shop.house, sql, visitor, shop.house.clock.at(), shop.house.clock.steady())


async def person(shop: Shop, word: str) -> tuple[Visitor, str, str]:
    """A visitor with two chats, a note about them and marks: (tab, visitor id, newest chat)."""
    tom = await shop.operator(f"T{word[:5]}")
    tab, chat = await shop.writer(f"first {word}", page="https://shop.example/tents")
    await tom.ask("take", "chat", chat=chat)
    await tom.reply(chat, f"you said {word}")
    await tom.say("note", chat=chat, id=f"note-{word}", text=f"asks for {word}")
    await tom.say("mark", chat=chat, delivered=2, read=2)
    await tom.ask("end", "chat", chat=chat)
    return tab, shop.house.keys.visitor(shop.site, tab.token), chat


def test_whatever_leads_to_a_person_is_in_the_plan() -> None:
    visitors = {step.holding for step in plan("visitors")}
    users = {step.holding for step in plan("users")}
    for holding in HOLDINGS:
        if holding.leads and holding.how != "keep":
            assert holding.name in visitors | users, holding.name
    assert {"messages", "details", "participants", "consents", "openings", "cases", "due", "chats", "visitors"} <= visitors
    assert {"sessions", "links", "user_limits", "users"} <= users
    order = [step.holding for step in plan("visitors") if step.kind == "table"]
    assert order.index("messages") < order.index("chats") < order.index("visitors")


async def test_a_person_is_erased_whole_and_nobody_else(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tab, visitor, _ = await person(shop, WORD)
    other, _, _ = await person(shop, OTHER)
    folder = shop.house.engine.path.parent
    assert search(folder, forms(WORD)), "premise: the words are there"
    before = {table: len(shop.rows(table)) for table in ("messages", "chats", "visitors", "details", "participants")}
    receipt = await shop.house.engine.write(by_person(shop, visitor))
    assert {table: len(shop.rows(table)) * 2 for table in before} == before, "half of everything was theirs"
    assert receipt.counts["message"] == 2
    assert receipt.counts["about"] == 1
    await tab.hear("forgotten")
    assert (await other.write("still here"))["message"]["by"] == "visitor"
    shown = await shop.house.engine.read(lambda sql: receipts.receipt(sql, receipt.code))
    assert shown == receipt
    assert receipt.overwritten_at is None, "the receipt does not say it before the scrub"
    assert receipt.backups_until == receipt.unreachable_at + 14 * DAY
    clock.pass_(21 * HOUR)
    await shop.step()
    after = await shop.house.engine.read(lambda sql: receipts.receipt(sql, receipt.code))
    assert after is not None
    assert after.overwritten_at == clock.at()
    assert search(folder, forms(WORD)) == []
    assert search(folder, forms(OTHER))


async def test_an_erasure_that_came_during_a_scrub_is_not_called_overwritten(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    _, first, _ = await person(shop, WORD)
    _, second, _ = await person(shop, OTHER)
    one = await shop.house.engine.write(by_person(shop, first))
    mark = one.position
    two = await shop.house.engine.write(by_person(shop, second))
    await shop.house.engine.write(erasure.overwritten(shop.house, mark))
    found = await shop.house.engine.read(lambda sql: [receipts.receipt(sql, code) for code in (one.code, two.code)])
    assert [receipt.overwritten_at for receipt in found if receipt] == [clock.at(), None]


async def test_an_older_database_is_made_to_forget_again(tmp_path: Path, clock: FakeClock) -> None:
    data, old = tmp_path / "data", tmp_path / "old.db"
    async with shop_at(data, clock) as shop:
        _, visitor, _ = await person(shop, WORD)
        await person(shop, OTHER)
        copy = sqlite3.connect(old)
        source = sqlite3.connect(shop.house.engine.path)
        source.backup(copy)
        source.close()
        copy.close()
        receipt = await shop.house.engine.write(by_person(shop, visitor))
    for name in ("l2s.db", "l2s.db-wal", "l2s.db-shm"):
        (data / name).unlink(missing_ok=True)
    old.rename(data / "l2s.db")
    assert search(data, forms(WORD)), "premise: the older database remembers"
    async with opened(Settings(data=str(data), port=0), clock) as live:
        again, subject = await live.house.engine.read(lambda sql: erasure.find_receipt(live.house, receipt.code, sql))
        assert subject is None
        assert again is not None
        assert (again.code, again.position, again.unreachable_at) == (receipt.code, receipt.position, receipt.unreachable_at)
        assert await live.house.engine.read(lambda sql: sql.one("SELECT count(*) FROM visitors")) == (1,)


async def test_a_made_up_code_finds_nothing_and_costs_no_search(still_shop: Shop) -> None:
    shop = still_shop
    _, visitor, _ = await person(shop, WORD)
    code = erasure.receipt_code(shop.house, "visitor", visitor)
    assert erasure.is_code(shop.house, code)
    for wrong in ("", "A" * 26, code[:-1], code[:-2] + "AA", code + "A", "ß" * 26, code.lower()):
        assert not erasure.is_code(shop.house, wrong), wrong
        with pytest.raises(NotFound):
            await shop.house.engine.read(lambda sql, wrong=wrong: erasure.find_receipt(shop.house, wrong, sql))
    found = await shop.house.engine.read(lambda sql: erasure.find_receipt(shop.house, code, sql))
    assert found == (None, ("visitor", visitor)), "a receipt whose subject came back finds it"
    done = await shop.house.engine.write(erasure.erase_again(shop.house, "visitor", visitor))
    assert done.code == code
    assert shop.rows("visitors") == []
