"""Holds by law: who may ask and agree, what is kept and what is not, and that it is over when it is over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.actions import erasure, holds
from l2s.actions.holds import MOST, REASON_MAX
from l2s.actions.policies import post_version
from l2s.actions.states import law_of, load
from l2s.clock import DAY, HOUR
from l2s.errors import BadInput, Conflict, NotFound, SignInNeeded, TooLarge
from l2s.jobs.retention import Run
from l2s.privacy.erasure import Kept
from l2s.privacy.factory import FACTORY
from l2s.privacy.gate import release
from l2s.privacy.policy import Choice
from l2s.store import messages
from l2s.store.engine import Unit
from l2s.store.holds import Hold
from tests.conftest import FakeClock, shop_at
from tests.personas import Shop, found_fox
from tests.processes import l2s
from tests.test_retention import dry, edit, night, retained, session_of, talk

REASON = "Claim 17/2027 of the district court"


@pytest.fixture
async def by_hand(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    await short_lived(still_shop)
    return still_shop


async def short_lived(shop: Shop) -> None:
    """Without records of consent: their year would outlive every chat here."""
    short = {cls: rule for cls, rule in FACTORY["site"].items() if cls != "consent"}
    await shop.house.engine.write(post_version(shop.house, shop.site, short))


async def session(shop: Shop, user: str) -> str:
    return await session_of(shop, await shop.sign_in(user))


async def admins(shop: Shop) -> tuple[str, str]:
    """Sessions of Maja and of a second admin."""
    return await session(shop, shop.made.owner), await session(shop, await shop.add_user("Ada", "admin"))


async def write(shop: Shop, unit: Unit[Any]) -> Any:
    return await shop.house.engine.write(unit)


async def refused(shop: Shop, unit: Unit[Any], kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as caught:
        await shop.house.engine.write(unit)
    assert getattr(caught.value, "code", "") == code


async def ask(shop: Shop, who: str, *named: str, for_days: int = 300) -> str:
    key: str = await write(shop, holds.ask(shop.house, who, named, REASON, shop.house.clock.at() + for_days * DAY))
    return key


async def hold(shop: Shop, *named: str, for_days: int = 300) -> str:
    """Asked for by Maja, agreed to by a second admin."""
    maja = await session(shop, shop.made.owner)
    ada = next((row[0] for row in shop.rows("users") if row[6] == "Ada"), None) or await shop.add_user("Ada", "admin")
    key = await ask(shop, maja, *named, for_days=for_days)
    await write(shop, holds.approve(shop.house, await session(shop, ada), key))
    return key


def entries(shop: Shop, *kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(row[1], row[2], json.loads(row[5])) for row in shop.rows("ledger") if row[2] in kinds]


def held_until(shop: Shop) -> dict[str, int | None]:
    return {row[0]: row[20] for row in shop.rows("chats")}


async def listed(shop: Shop, who: str) -> list[Hold]:
    return await shop.house.engine.read(lambda sql: holds.listed(shop.house, who, sql))


# Who.


async def test_one_asks_and_another_agrees(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    _, chat = await talk(shop, tom)
    maja, ada = await admins(shop)
    key = await ask(shop, maja, chat)
    assert held_until(shop) == {chat: None}, "asking holds nothing"
    await refused(shop, holds.approve(shop.house, maja, key), Conflict, "second_admin")
    await write(shop, holds.approve(shop.house, ada, key))
    assert held_until(shop) == {chat: clock.at() + 300 * DAY}
    mark = shop.house.keys.tombstone("chat", chat)
    told = {"hold": key, "account": shop.made.account, "until": clock.at() + 300 * DAY, "chats": 1, "marks": [mark]}
    assert entries(shop, "held") == [(shop.site, "held", told)]
    (row,) = await listed(shop, maja)
    assert (row.reason, row.chats, row.asked_by) == (REASON, (chat,), shop.made.owner)
    assert row.approved_by not in (None, shop.made.owner)
    assert REASON not in str(shop.rows("ledger")), "the ledger names nobody and nothing"


async def test_two_admins_who_agree_at_once_make_one_hold(by_hand: Shop) -> None:
    import asyncio

    shop = by_hand
    _, chat = await talk(shop, await shop.operator("Tom"))
    maja, ada = await admins(shop)
    eve = await session(shop, await shop.add_user("Eve", "admin"))
    key = await ask(shop, maja, chat)
    both = await asyncio.gather(
        *(write(shop, holds.approve(shop.house, who, key)) for who in (ada, eve)), return_exceptions=True
    )
    assert [getattr(one, "code", None) for one in both].count("hold_settled") == 1
    assert len(entries(shop, "held")) == 1


async def test_only_an_admin_of_the_account_may(by_hand: Shop) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    _, chat = await talk(shop, tom)
    maja, ada = await admins(shop)
    fox = await found_fox(shop)
    key = await ask(shop, maja, chat)
    until = shop.house.clock.at() + DAY
    for who in (await session(shop, tom.id), await session(shop, fox.owner)):
        await refused(shop, holds.ask(shop.house, who, [chat], REASON, until), NotFound, "not_found")
        await refused(shop, holds.approve(shop.house, who, key), NotFound, "not_found")
        await refused(shop, holds.lift(shop.house, who, key), NotFound, "not_found")
    with pytest.raises(NotFound):
        await listed(shop, await session(shop, tom.id))
    assert await listed(shop, await session(shop, fox.owner)) == []
    await refused(shop, holds.ask(shop.house, "nobody", [chat], REASON, until), SignInNeeded, "signed_out")
    await write(shop, holds.approve(shop.house, ada, key))


async def test_an_admin_who_is_limited_to_other_sites_neither_asks_nor_agrees_nor_sees(by_hand: Shop) -> None:
    shop = by_hand
    _, chat = await talk(shop, await shop.operator("Tom"))
    maja, _ = await admins(shop)
    key = await ask(shop, maja, chat)
    eve = await shop.add_user("Eve", "admin")
    await edit(shop, f"INSERT INTO user_limits VALUES ('{eve}', 'site', 'another')")
    who = await session(shop, eve)
    await refused(shop, holds.approve(shop.house, who, key), NotFound, "not_found")
    await refused(shop, holds.ask(shop.house, who, [chat], REASON, shop.house.clock.at() + DAY), NotFound, "not_found")
    assert await listed(shop, who) == []


async def test_one_admin_alone_agrees_at_the_box_a_day_later(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    _, chat = await talk(shop, await shop.operator("Tom"))
    maja = await session(shop, shop.made.owner)
    key = await ask(shop, maja, chat)
    clock.pass_(DAY - 1)
    await refused(shop, holds.approve_alone(shop.house, key), Conflict, "approval_waits")
    clock.pass_(1)
    ada = await shop.add_user("Ada", "admin")
    await refused(shop, holds.approve_alone(shop.house, key), Conflict, "second_admin")
    await edit(shop, f"UPDATE users SET state = 'disabled' WHERE id = '{ada}'")
    await write(shop, holds.approve_alone(shop.house, key))
    assert [row.approved_by for row in await listed(shop, maja)] == ["host"]
    await refused(shop, holds.approve_alone(shop.house, key), Conflict, "hold_settled")
    await refused(shop, holds.approve_alone(shop.house, "no such hold"), NotFound, "not_found")


async def test_the_box_lists_and_agrees(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock) as shop:
        _, chat = await talk(shop, await shop.operator("Tom"))
        key = await ask(shop, await session(shop, shop.made.owner), chat)
        early = await l2s(tmp_path, "hold", "approve", key)
        assert early.code == 1
        assert "in 24 h" in early.err
        clock.pass_(DAY)
        assert (await l2s(tmp_path, "hold", "approve", key)).code == 0
        (row,) = json.loads((await l2s(tmp_path, "hold", "list")).out)
        assert (row["id"], row["chats"], row["approved_by"]) == (key, [chat], "host")


# What may be asked.


async def test_what_cannot_be_asked_for_is_refused_by_name(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    _, chat = await talk(shop, tom)
    _, live = await shop.writer("going on")
    maja, _ = await admins(shop)
    at = clock.at()
    cases: list[tuple[list[str], str, int, type[Exception], str]] = [
        ([], REASON, at + DAY, BadInput, "bad_chats"),
        ([f"c{n}" for n in range(MOST + 1)], REASON, at + DAY, BadInput, "bad_chats"),
        ([chat], REASON, at, BadInput, "bad_hold_end"),
        ([chat], REASON, at + 366 * DAY, BadInput, "bad_hold_end"),
        ([chat], REASON, -1, BadInput, "bad_hold_end"),
        ([live], REASON, at + DAY, Conflict, "close_first"),
        ([chat, "nothing"], REASON, at + DAY, NotFound, "not_found"),
    ]  # fmt: skip
    for named, reason, until, kind, code in cases:
        with pytest.raises(kind) as caught:
            await write(shop, holds.ask(shop.house, maja, named, reason, until))
        assert getattr(caught.value, "code", "") == code
    for reason, kind, code in (("  ", BadInput, "empty_text"), ("x" * (REASON_MAX + 1), TooLarge, "text_too_long")):
        with pytest.raises(kind) as caught:
            holds.ask(shop.house, maja, [chat], reason, at + DAY)
        assert getattr(caught.value, "code", "") == code
    await write(shop, holds.ask(shop.house, maja, [chat, chat], "x" * REASON_MAX, at + 365 * DAY))
    assert [len(row.chats) for row in await listed(shop, maja)] == [1]


async def test_what_expired_cannot_be_held_and_what_expires_meanwhile_is_not_brought_back(
    by_hand: Shop, clock: FakeClock
) -> None:
    shop = by_hand
    _, chat = await talk(shop, await shop.operator("Tom"))
    maja, ada = await admins(shop)
    clock.pass_(29 * DAY)
    key = await ask(shop, await session(shop, shop.made.owner), chat)
    clock.pass_(DAY)
    ada = await session(shop, next(row[0] for row in shop.rows("users") if row[6] == "Ada"))
    await write(shop, holds.approve(shop.house, ada, key))
    assert [row[5] for row in shop.rows("details")] == [None], "its thirty days were over before it was held"
    assert len([row for row in shop.rows("messages") if row[9]]) == 2
    await talk(shop, await shop.operator("Tim"))
    clock.pass_(200 * DAY)
    late = [row[0] for row in shop.rows("chats") if row[0] != chat]
    maja = await session(shop, shop.made.owner)
    await refused(shop, holds.ask(shop.house, maja, late, REASON, clock.at() + DAY), NotFound, "not_found")
    await write(shop, holds.ask(shop.house, maja, [chat], REASON, clock.at() + DAY))


async def test_a_chat_that_was_reopened_meanwhile_is_not_held(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tab, chat = await talk(shop, await shop.operator("Tom"))
    maja, ada = await admins(shop)
    key = await ask(shop, maja, chat)
    await tab.write("once more")
    await refused(shop, holds.approve(shop.house, ada, key), Conflict, "close_first")
    await write(shop, holds.lift(shop.house, maja, key))
    await refused(shop, holds.approve(shop.house, ada, key), Conflict, "hold_settled")
    assert entries(shop, "held", "hold_ended") == [], "what never held tells nothing"


# What is kept.


async def test_a_held_chat_is_out_of_everybodys_reach_but_to_comply(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom", "admin")
    tab, chat = await talk(shop, tom, "Held words")
    await hold(shop, chat)
    await tom.hear("chat", lambda frame: frame["chat"]["id"] == chat)
    for kind, more in (("open", {}), ("note", {"id": "n" * 16, "text": "x"}), ("erase", {})):
        assert (await tom.ask(kind, "refused", chat=chat, **more))["code"] == "not_found", kind
    again = await shop.console(tom.id)
    assert again.welcome["closed"] == 0
    assert (await again.ask("list", "listing", text=""))["chats"] == []
    back = await shop.visitor(tab.token)
    assert back.frames[0]["chat"] is None
    assert (await back.write("A new question"))["chat"] != chat, "the held one is not reopened"

    def read(sql: Any) -> list[str | None]:
        one = load(sql, chat)
        law = law_of(shop.house, sql, one, clock.at())
        body = messages.newest(sql, one, 10, notes=False)[0].body
        return [
            release(body, "answer", "person", Choice.NONE, law, clock.at()),
            release(body, "run", "machine", Choice.NONE, law, clock.at()),
            release(body, "manage", "admin", Choice.NONE, law, clock.at()),
            release(body, "comply", "admin", Choice.NONE, law, clock.at()),
        ]

    clock.pass_(250 * DAY)
    assert await shop.house.engine.read(read) == [None, None, None, "Held words"]


async def test_retention_keeps_exactly_the_named_chats_and_takes_them_the_night_after(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    (tab, kept), (_, other) = await talk(shop, tom, "kept"), await talk(shop, tom, "other")
    clock.pass_(4 * DAY)
    later = (await tab.write("another matter"))["chat"]
    await tab.say("end")
    await tab.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    before = [row for row in shop.rows("messages") if row[1] == kept]
    await hold(shop, kept, for_days=300)
    draft = {cls: rule for cls, rule in FACTORY["site"].items() if cls != "about"}
    draft["times"] = msgspec.structs.replace(draft["times"], level=1)
    await write(shop, post_version(shop.house, shop.site, draft))
    clock.pass_(299 * DAY)
    report = await night(shop)
    assert {row[0] for row in shop.rows("chats")} == {kept}
    assert later not in held_until(shop)
    assert [row for row in shop.rows("messages") if row[1] == kept] == before, "nothing of it was touched"
    assert report.gone.get(shop.site, {}).get("message") == 3
    assert other
    clock.pass_(DAY - 1)
    assert shop.site not in (await night(shop)).gone
    clock.pass_(1)
    told = await dry(shop)
    assert told.overdue == {}, "it was held until this instant"
    assert await night(shop) == told
    assert shop.rows("chats") == shop.rows("visitors") == []
    assert [kind for _, kind, _ in entries(shop, "held", "hold_ended")] == ["held", "hold_ended"]
    assert [len(row.chats) for row in await listed(shop, await session(shop, shop.made.owner))] == [0]


async def test_the_furthest_of_several_holds_counts_and_lifting_gives_back(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom", "admin")
    _, chat = await talk(shop, tom, "twice held")
    at = clock.at()
    short, long = await hold(shop, chat, for_days=20), await hold(shop, chat, for_days=40)
    assert held_until(shop) == {chat: at + 40 * DAY}
    maja = await session(shop, shop.made.owner)
    await write(shop, holds.lift(shop.house, maja, long))
    assert held_until(shop) == {chat: at + 20 * DAY}
    await refused(shop, holds.lift(shop.house, maja, long), Conflict, "hold_settled")
    await write(shop, holds.lift(shop.house, maja, short))
    assert held_until(shop) == {chat: None}
    again = await shop.console(tom.id)
    assert "twice held" in str(await again.ask("open", "conversation", chat=chat)), "its days are not over"
    assert [data["hold"] for _, kind, data in entries(shop, "hold_ended")] == [long, short]


async def test_a_hold_that_is_never_approved_holds_nothing_and_its_time_passes(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    _, chat = await talk(shop, await shop.operator("Tom"))
    maja, _ = await admins(shop)
    key = await ask(shop, maja, chat, for_days=5)
    clock.pass_(5 * DAY)
    ada = await session(shop, next(row[0] for row in shop.rows("users") if row[6] == "Ada"))
    await refused(shop, holds.approve(shop.house, ada, key), Conflict, "hold_settled")
    clock.pass_(180 * DAY)
    await night(shop)
    assert shop.rows("chats") == []
    assert entries(shop, "held", "hold_ended") == []


async def test_an_erasure_takes_all_else_and_names_what_is_kept_until_when(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    tab, kept = await talk(shop, tom, "kept")
    visitor = shop.house.keys.visitor(shop.site, tab.token)
    clock.pass_(4 * DAY)
    gone = (await tab.write("another matter"))["chat"]
    until = clock.at() + 300 * DAY
    await hold(shop, kept)
    at, steady = clock.at(), clock.steady()
    receipt = await write(shop, lambda sql: erasure.erased_visitor(shop.house, sql, visitor, at, steady))
    assert receipt.kept == (Kept("chats", 1, until),)
    assert receipt.counts["message"] == 1
    await tab.hear("erased", lambda frame: frame["chat"] == gone)
    assert set(held_until(shop)) == {kept}
    assert [row[3] for row in shop.rows("visitors")] == [None], "the token is dead"
    clock.pass_(300 * DAY)
    await Run(shop.house).whole()
    assert shop.rows("visitors") == shop.rows("chats") == []


@pytest.mark.parametrize("lifted", [True, False])
async def test_what_was_held_of_an_erased_person_goes_with_the_hold(by_hand: Shop, clock: FakeClock, lifted: bool) -> None:
    shop = by_hand
    tom = await shop.operator("Tom", "admin")
    (tab, chat), (_, other) = await talk(shop, tom, "kept"), await talk(shop, tom, "other")
    visitor, key = shop.house.keys.visitor(shop.site, tab.token), await hold(shop, chat, other, for_days=20)
    at, steady = clock.at(), clock.steady()
    await write(shop, lambda sql: erasure.erased_visitor(shop.house, sql, visitor, at, steady))
    clock.pass_(19 * DAY)
    assert shop.site not in (await night(shop)).gone
    if lifted:
        await write(shop, holds.lift(shop.house, await session(shop, shop.made.owner), key))
        assert set(held_until(shop)) == {other}, "at once"
        await night(shop)
    else:
        clock.pass_(DAY)
        again = await shop.console(tom.id)
        assert (await again.ask("open", "refused", chat=chat))["code"] == "not_found"
        told = await dry(shop)
        assert told.gone.get(shop.site, {}).get("message") == 2
        assert await night(shop) == told
    assert retained(shop).get(shop.site, [])[-1]["gone"]["message"] == 2
    assert set(held_until(shop)) == {other}, "whoever was not erased keeps what is in date"
    assert len(shop.rows("visitors")) == 1
    again = await shop.console(tom.id)
    assert "other" in str(await again.ask("open", "conversation", chat=other))


async def test_the_night_itself_ends_holds_by_the_clock(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await short_lived(shop)
    _, chat = await talk(shop, await shop.operator("Tom"))
    await hold(shop, chat, for_days=200)
    clock.pass_(200 * DAY + HOUR)
    await shop.step()
    assert shop.rows("chats") == []
    assert len(entries(shop, "hold_ended")) == 1
    assert retained(shop).get(shop.site, [])
