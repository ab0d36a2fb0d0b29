"""What a night takes and leaves; what it has not taken yet can be read by nobody; runs that are cut, fail, or are late."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2s.actions import retention, signins
from l2s.actions.night import PARTS, ROWS, SLICE
from l2s.actions.policies import post_version
from l2s.clock import DAY, HOUR, MINUTE
from l2s.config import Settings
from l2s.jobs.retention import Run
from l2s.privacy.classes import CHAINS, chain
from l2s.privacy.factory import FACTORY
from l2s.privacy.gate import held, release
from l2s.privacy.holdings import HOLDINGS, NOT_PERSONAL
from l2s.privacy.ledger import Law
from l2s.privacy.policy import CHAT, LIFE, MEMORY, Choice, Rule, When, days, up_to
from l2s.privacy.retention import Report, anchor, level_left
from l2s.store.retention import OWN, columns
from l2s.web.app import opened
from tests.canaries import canary, forms, search
from tests.conftest import FakeClock, shop_at
from tests.personas import Shop, User, Visitor
from tests.processes import l2s

AT = 1_800_000_000_000
VALUES: dict[str, str | int] = {
    "address": "203.0.113.7", "browser": "ua:Firefox Linux", "page": "https://a.example/x", "referrer": "https://b.example/y",
    "times": AT + 5,
}  # fmt: skip


async def talk(shop: Shop, tom: User, text: str = "Hello", **hello: Any) -> tuple[Visitor, str]:
    """A visitor writes, Tom answers with a note, and the chat is closed: (tab, chat)."""
    tab, chat = await shop.writer(text, page="https://shop.example/tents", **hello)
    await tom.ask("take", "chat", chat=chat)
    await tom.reply(chat, f"you said {text}")
    await tom.say("note", chat=chat, id=f"note-{chat}", text=f"asks for {text}")
    await tom.say("mark", chat=chat, delivered=2, read=2)
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["id"] == chat and frame["chat"]["state"] == "closed")
    return tab, chat


async def dry(shop: Shop) -> Report:
    return await shop.house.engine.read(lambda sql: retention.dry_run(shop.house, sql))


async def night(shop: Shop) -> Report:
    report = await Run(shop.house).whole()
    await edit(shop, "DELETE FROM due WHERE kind = 'retention'")
    return report


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


async def edit(shop: Shop, *statements: str) -> None:
    """Beside the program, as its own rows cannot be made in a test's time."""

    def work(connection: sqlite3.Connection) -> bool:
        for statement in statements:
            connection.execute(statement)
        return True

    await shop.house.engine.maintain(work)


def retained(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in shop.rows("ledger"):
        if row[2] == "retained":
            found.setdefault(row[1], []).append(json.loads(row[5]))
    return found


# The rule.


RULES = st.builds(
    Rule, st.integers(0, 3), st.sampled_from(When), st.sampled_from([MEMORY, CHAT, days(1), days(30), LIFE]),
    st.sampled_from([frozenset[str](), frozenset({"answer"})]), st.just(up_to("admin")),
)  # fmt: skip


@given(
    st.sampled_from([*CHAINS, "message", "session"]), RULES, st.sampled_from(Choice),
    st.sampled_from([None, 0, DAY - 1, DAY, DAY + 1, 30 * DAY, 31 * DAY]),
)  # fmt: skip
def test_what_is_left_is_what_release_would_give(cls: str, rule: Rule, choice: Choice, age: int | None) -> None:
    rule = msgspec.structs.replace(rule, level=min(rule.level, len(chain(cls)) - 1))
    value, ended = VALUES.get(cls, "words"), None if age is None else AT - age
    law = Law("site", 1, 1, 1, "", {cls: rule}, b"key")
    got = release(held(cls, value, 1, ended), "answer", "admin", choice, law, AT)
    left = level_left(cls, law.rules, choice, ended, AT)
    assert (got is None) == (left == 0)
    finer = release(held(cls, value, 1, None), "answer", "admin", choice, law._replace(rules={cls: rule}), AT)
    assert left in (0, rule.level)
    assert got is None or got == finer


def test_every_personal_column_has_its_anchor_and_its_statement() -> None:
    anchors = {holding.name: anchor(holding) for holding in HOLDINGS if holding.kind == "table"}
    personal = {
        holding.name: {f"{holding.name}.{name}" for name, cls in holding.columns.items() if cls != NOT_PERSONAL}
        for holding in HOLDINGS
        if holding.kind == "table"
    }
    by_chat = {column.name for column in columns("chats")}
    by_visitor = {column.name for column in columns("visitors")}
    for name, mine in personal.items():
        if not mine:
            assert anchors[name] == "never", name
        elif anchors[name] == "chat":
            assert mine <= by_chat, name
        elif anchors[name] == "visitor":
            assert mine <= by_visitor, name
        else:
            assert (anchors[name] == "own") == (name in OWN), name
            assert name in OWN or name in ("accounts", "users", "factors", "recovery_codes"), name


# One night.


EVERY_TABLE = (
    "INSERT INTO consents VALUES ('{chat}', 9, 2, 'ab12', 'en', 'tick', {at}, {since})",
    "INSERT INTO openings VALUES ('{chat}', '{user}', 20000, 'operator', {at}, {since})",
    "UPDATE details SET name = 'Ingrid', mail = 'i@x.example', referrer = '/found' WHERE chat_id = '{chat}'",
)


async def fill(shop: Shop, chat: str, tom: User) -> None:
    """Rows in every table that leads to a chat, some of which nothing writes yet."""
    since = next(row[19] for row in shop.rows("chats") if row[0] == chat)
    await edit(shop, *(text.format(chat=chat, user=tom.id, at=shop.house.clock.at(), since=since) for text in EVERY_TABLE))


async def test_every_table_is_emptied_class_by_class_and_the_chat_goes_with_the_last(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await shop.house.engine.write(post_version(shop.house, shop.site, FACTORY["site"]))
    tom = await shop.operator("Tom")
    _, chat = await talk(shop, tom)
    await fill(shop, chat, tom)
    assert set((await night(shop)).gone.get(shop.site, {})) == {"read_marks", "referrer"}, (
        "ended with the chat, and never declared"
    )
    clock.pass_(30 * DAY)
    assert set((await night(shop)).gone.get(shop.site, {})) == {"address", "browser", "page"}
    clock.pass_(150 * DAY - 1)
    assert shop.site not in (await night(shop)).gone, "a millisecond before its time nothing goes"
    clock.pass_(1)
    report = await night(shop)
    assert set(report.gone.get(shop.site, {})) == {"times", "message", "about", "name", "mail", "device_token"}
    assert "chats" not in report.rows, "the record of the consent is kept 365 days, and its chat with it"
    assert {row[9:11] for row in shop.rows("messages")} == {(None, None)}
    clock.pass_(185 * DAY)
    report = await night(shop)
    assert report.gone.get(shop.site, {}) == {"consent": 10}
    assert {name: n for name, n in report.rows.items() if name != "audit"} == {"chats": 1, "visitors": 1}
    for table in ("visitors", "chats", "details", "messages", "participants", "consents", "openings"):
        assert shop.rows(table) == [], table


async def test_what_goes_on_has_no_end_to_count_from(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tab, _ = await shop.writer("Waiting since ever")
    clock.pass_(400 * DAY)
    assert (await night(shop)).is_empty
    assert (await tab.write("Still here"))["message"]["body"]["text"] == "Still here"


async def test_a_token_counts_from_the_end_of_the_last_chat(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    draft = dict(FACTORY["site"])
    draft["device_token"] = msgspec.structs.replace(draft["device_token"], keep=days(20))
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    tab, _ = await talk(shop, tom)
    clock.pass_(10 * DAY)
    chat = (await tab.write("another matter"))["chat"]
    clock.pass_(5 * DAY)
    await night(shop)
    await tom.say("take", chat=chat)
    await tom.ask("end", "chat", chat=chat)
    await tom.quiet()
    clock.pass_(20 * DAY - 1)
    assert "device_token" not in (await night(shop)).gone.get(shop.site, {})
    clock.pass_(1)
    assert (await night(shop)).gone.get(shop.site, {}).get("device_token") == 1


async def test_a_class_that_was_turned_off_goes_the_same_night_and_coarser_is_coarser(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    _, closed = await talk(shop, tom)
    _, live = await shop.writer("Going on", page="https://shop.example/lamps")
    draft = {cls: rule for cls, rule in FACTORY["site"].items() if cls not in ("page", "about")}
    draft["times"] = msgspec.structs.replace(draft["times"], level=1)
    draft["address"] = msgspec.structs.replace(draft["address"], level=1)
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    told = await dry(shop)
    report = await night(shop)
    assert report == told
    assert report.gone.get(shop.site, {}) == {"page": 2, "about": 1, "read_marks": 2}
    assert report.coarser.get(shop.site, {}).get("address") == 2
    assert {row[3][:2] for row in shop.rows("details")} == {"h:"}
    assert all(row[12] % DAY == 0 for row in shop.rows("messages"))
    assert all(row[12] % DAY == 0 for row in shop.rows("chats")), (closed, live)
    assert (await night(shop)).is_empty
    entry = retained(shop).get(shop.site, [])
    assert entry == [{"gone": report.gone.get(shop.site, {}), "coarser": report.coarser.get(shop.site, {})}]


async def test_whoever_objects_leaves_nothing_of_what_an_objection_excludes(by_hand: Shop) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    tab, _ = await talk(shop, tom)
    other, _ = await talk(shop, tom)
    await tab.ask("object", "law", on=True)
    report = await night(shop)
    assert {cls: n for cls, n in report.gone.get(shop.site, {}).items() if cls != "read_marks"} == {
        "address": 1,
        "browser": 1,
        "page": 1,
    }
    assert report.overdue == {}
    await other.quiet()


async def test_the_dry_run_and_the_run_agree_exactly(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    for text in ("one", "two", "three"):
        await talk(shop, tom, text)
    await day_counts(shop, clock)
    old_file(shop, "snapshot-0001.db", 15 * DAY)
    for step in (30, 61, 90, 200):
        clock.pass_(step * DAY)
        told = await dry(shop)
        assert not told.is_empty
        assert await dry(shop) == told, "a dry run changes nothing"
        assert await night(shop) == told
        assert (await dry(shop)).is_empty


async def day_counts(shop: Shop, clock: FakeClock) -> None:
    """Refused pages, dropped classes and the audit log, a row of each a day for forty days."""
    today = clock.at() // DAY
    for n in range(40):
        await edit(
            shop,
            f"INSERT INTO refused_origins VALUES ('{shop.site}', 'https://x{n}.example', {today - n}, 1)",
            f"INSERT OR REPLACE INTO dropped VALUES ({today - n}, '{shop.site}', 'referrer', 1)",
            f"INSERT INTO audit VALUES ({100 - n}, '{shop.made.account}', {clock.at() - n * DAY}, 'a', 'v', 'o', '', '', '')",
        )


def old_file(shop: Shop, name: str, age: int) -> Path:
    path = shop.house.engine.path.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("a copy")
    then = (shop.house.clock.at() - age) / 1000
    os.utime(path, (then, then))
    return path


async def test_own_copies_expire_after_fourteen_days(by_hand: Shop) -> None:
    shop = by_hand
    old = [old_file(shop, name, 14 * DAY + MINUTE) for name in ("snapshot-0001.db", "backups/a.tar")]
    kept = [old_file(shop, name, 14 * DAY - MINUTE) for name in ("snapshot-0002.db", "backups/b.tar")]
    kept += [old_file(shop, name, 99 * DAY) for name in ("notes.tar", "backups/c.txt", "snapshot-0003.txt")]
    report = await night(shop)
    assert sorted(report.files) == ["a.tar", "snapshot-0001.db"]
    assert [path.exists() for path in (*old, *kept)] == [False] * 2 + [True] * 5
    assert retained(shop) == {}


async def test_counts_by_day_go_after_thirty_and_the_audit_log_from_its_front(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await day_counts(shop, clock)
    today = clock.at() // DAY
    report = await night(shop)
    assert report.rows == {"refused_origins": 9, "dropped": 9}
    assert min(row[2] for row in shop.rows("refused_origins")) == min(row[0] for row in shop.rows("dropped")) == today - 30
    clock.pass_(345 * DAY - 1)
    assert "audit" not in (report := await night(shop)).rows or report.rows["audit"] == 19
    assert [row[0] for row in shop.rows("audit")] == list(range(80, 101)), "a whole tail, from its first row"
    clock.pass_(1)
    assert (await night(shop)).gone.get("server", {}).get("work") == 1


async def test_the_audit_log_keeps_what_an_older_promise_kept_and_no_longer(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await edit(shop, f"INSERT INTO audit VALUES (1, '{shop.made.account}', {clock.at()}, 'a', 'v', 'o', '', '', '')")
    wide = FACTORY["server"] | {"work": msgspec.structs.replace(FACTORY["server"]["work"], keep=days(700))}
    clock.pass_(1)
    await shop.house.engine.write(post_version(shop.house, "server", wide))
    clock.pass_(366 * DAY)
    assert (await night(shop)).rows["audit"] == 1, "its days are those of its own beginning"


async def test_sessions_and_links_go_after_their_end(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.add_user("Tom")
    ended = await shop.sign_in(tom)
    key = await session_of(shop, ended)
    await shop.house.engine.write(signins.end_session(shop.house, key, key))
    await shop.sign_in(tom)
    before = {row[0] for row in shop.rows("sessions")}
    first = await night(shop)
    assert first.rows["links"] == 1, "the invitation was used"
    assert {row[0] for row in shop.rows("sessions")} == before
    clock.pass_(90 * DAY)
    report = await night(shop)
    assert report.rows["sessions"] == 1
    assert report.gone.get("server", {}) == {"session": 2, "credential": 1}
    clock.pass_(30 * DAY - 1)
    assert "sessions" not in (await night(shop)).rows, "one that nobody ended ends with its thirty days"
    clock.pass_(1)
    assert (await night(shop)).rows["sessions"] == len(before) - 1
    assert shop.rows("sessions") == []


async def session_of(shop: Shop, cookie: str) -> str:
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, cookie.partition("=")[2], sql))
    assert found is not None
    return found[0]


async def test_a_question_is_kept_from_its_closing_on_and_keeps_no_chat(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tom = await shop.operator("Tom")
    tab, _ = await talk(shop, tom)
    visitor, since = shop.house.keys.visitor(shop.site, tab.token), shop.rows("chats")[0][19]
    row = f"'{shop.made.account}', '{shop.site}', '{visitor}', 'widget', 'What do you hold?', 'i@x.example', 1, 2, NULL, NULL"
    await edit(shop, f"INSERT INTO cases VALUES ('c1', {row}, NULL, {since})")
    clock.pass_(200 * DAY)
    report = await night(shop)
    assert report.rows == {"chats": 1, "links": 1, "sessions": 2}, "the visitor stays while the question leads there"
    assert [row[5] for row in shop.rows("cases")] == ["What do you hold?"]
    await edit(shop, f"UPDATE cases SET closed_at = {clock.at()}, answer = 'Nothing.'")
    clock.pass_(365 * DAY - 1)
    assert shop.site not in (await night(shop)).gone
    clock.pass_(1)
    assert (await night(shop)).gone.get(shop.site, {}) == {"case": 3}
    await night(shop)
    assert shop.rows("visitors") == []
    assert [row[3:7] for row in shop.rows("cases")] == [(None, "widget", None, None)], "that it was asked and answered stays"


async def test_after_the_night_the_bytes_are_gone_too(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    word = canary("expired")
    await talk(shop, await shop.operator("Tom"), f"Remember {word}")
    folder = shop.house.engine.path.parent
    assert search(folder, forms(word)), "premise: the words are there"
    clock.pass_(181 * DAY)
    await shop.step()
    await shop.step()
    assert search(folder, forms(word)) == []


# Nothing expired can be read before any night.


async def test_with_the_job_switched_off_nothing_expired_can_be_read(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    word = canary("unread")
    token = msgspec.structs.replace(FACTORY["site"]["device_token"], keep=days(365))
    await shop.house.engine.write(post_version(shop.house, shop.site, FACTORY["site"] | {"device_token": token}))
    tom = await shop.operator("Tom", "admin")
    tab, chat = await talk(shop, tom, f"Remember {word}")
    fresh, _ = await talk(shop, tom, "later")
    clock.pass_(90 * DAY)
    await talk(shop, await shop.console(tom.id), "still in date")
    clock.pass_(90 * DAY)
    maja = await shop.console(shop.made.owner)
    assert maja.welcome["closed"] == 1, "one of three is in date"
    heard = str(maja.welcome)
    for asked in ("", word, "note", "later"):
        heard += str(listing := await maja.ask("list", "listing", text=asked))
        assert len(listing["chats"]) == (asked == ""), asked
    for kind, more in (
        ("open", {}), ("older", {"before": 9}), ("note", {"id": "n" * 16, "text": "x"}), ("take", {}), ("join", {}),
        ("mark", {"delivered": 1, "read": 1}), ("end", {}), ("typing", {"on": True}),
        ("send", {"id": "s" * 16, "text": "x", "seen": 9}),
    ):  # fmt: skip
        assert (await maja.ask(kind, "refused", chat=chat, **more))["code"] == "not_found", kind
    back = await shop.visitor(tab.token)
    heard += str(back.frames)
    assert back.frames[0]["chat"] is None
    assert (await back.ask("older", "refused", chat=chat, before=9))["code"] == "not_found"
    await back.ask("object", "law", on=True)
    heard += str(await maja.quiet()) + str(await back.quiet())
    assert word not in heard
    assert not [frame for frame in maja.frames if chat in str(frame) and frame["type"] != "refused"]
    assert len(shop.rows("chats")) == 3, "premise: no night has taken anything"
    await fresh.quiet()


async def test_a_browser_is_known_no_longer_than_its_token_is_kept(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    draft = dict(FACTORY["site"])
    draft["device_token"] = msgspec.structs.replace(draft["device_token"], keep=days(30))
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    tab, chat = await talk(shop, await shop.operator("Tom"))
    clock.pass_(30 * DAY - 1)
    assert (await shop.visitor(tab.token)).frames[0]["chat"]["id"] == chat
    clock.pass_(1)
    told = await shop.connect("/ws/visitor", Visitor)
    hello = {"protocol": 1, "site": shop.site, "token": tab.token}
    assert (await told.ask("hello", "refused", **hello))["code"] == "token_ended"
    assert (await tab.ask("older", "refused", chat=chat, before=9))["code"] == "not_found"
    assert (await tab.ask("send", "refused", id="s" * 16, text="x"))["code"] == "token_ended"
    report = await night(shop)
    assert report.gone.get(shop.site, {}).get("device_token") == 1
    assert "chats" not in report.rows, "its words are kept 180 days"


async def test_what_has_expired_is_not_readable_again_when_a_chat_is_reopened(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock, reopen_days=30) as shop:
        draft = dict(FACTORY["site"])
        draft["page"] = msgspec.structs.replace(draft["page"], keep=days(2))
        draft["about"] = msgspec.structs.replace(draft["about"], keep=days(10))
        draft["message"] = msgspec.structs.replace(draft["message"], keep=days(20))
        await shop.house.engine.write(post_version(shop.house, shop.site, draft))
        tom = await shop.operator("Tom")
        tab, chat = await talk(shop, tom)
        clock.pass_(3 * DAY)
        assert (await tab.write("once more"))["chat"] == chat
        seen = await tom.ask("open", "conversation", chat=chat)
        assert "/tents" not in str(seen["details"])
        assert "asks for Hello" in str(seen["messages"])
        await tom.say("take", chat=chat)
        await tom.say("end", chat=chat)
        await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
        clock.pass_(20 * DAY)
        assert (await tab.write("too late"))["chat"] != chat, "its words are over: another chat begins"


# Late.


async def test_what_should_be_gone_for_a_day_is_overdue(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await talk(shop, await shop.operator("Tom"))
    clock.pass_(31 * DAY - 1)
    assert (report := await dry(shop)).gone.get(shop.site, {}).get("page") == 1
    assert report.overdue.get(shop.site, {}) == {"read_marks": report.gone[shop.site]["read_marks"]}, "marks end with the chat"
    clock.pass_(1)
    late = (await dry(shop)).overdue.get(shop.site, {})
    assert {cls: late[cls] for cls in ("page", "address", "browser")} == {"page": 1, "address": 1, "browser": 1}
    await night(shop)
    assert (await dry(shop)).overdue == {}


async def test_a_class_that_was_just_turned_off_is_not_overdue_yet(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await talk(shop, await shop.operator("Tom"))
    await night(shop)
    draft = {cls: rule for cls, rule in FACTORY["site"].items() if cls != "page"}
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    clock.pass_(DAY - 1)
    assert (report := await dry(shop)).gone.get(shop.site, {}) == {"page": 1}
    assert report.overdue == {}
    clock.pass_(1)
    assert (await dry(shop)).overdue.get(shop.site, {}) == {"page": 1}


# The run.


def due(shop: Shop) -> int:
    return next(row[2] for row in shop.rows("due") if row[0] == "retention")


async def test_it_runs_at_its_hour_and_is_due_again_the_next_night(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await talk(shop, await shop.operator("Tom"))
    first = due(shop)
    assert (first - clock.at()) < DAY
    assert first % DAY == 3 * HOUR
    clock.pass_(first - clock.at() - 1)
    await shop.step()
    assert retained(shop) == {}
    clock.pass_(1)
    await shop.step()
    assert len(retained(shop).get(shop.site, [])) == 1
    assert due(shop) == first + DAY


async def test_a_clock_that_is_set_moves_no_night(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    first = due(shop)
    clock.jump(2 * DAY)
    await shop.step()
    assert due(shop) == first
    clock.pass_(first - clock.steady())
    await shop.step()
    assert first < due(shop) <= first + DAY


async def test_a_run_that_was_missed_or_cut_is_made_up_for_and_forgets_no_count(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock) as shop:
        tom = await shop.operator("Tom")
        for text in ("one", "two", "three"):
            await talk(shop, tom, text)
        clock.pass_(200 * DAY)
        told = await dry(shop)
        run = Run(shop.house)
        await run.advance()
        assert run.report.gone, "premise: it is in the middle"
        assert not retained(shop)
        site = shop.site
    async with opened(Settings(data=str(tmp_path), port=0), clock) as live:
        report = await Run(live.house).whole()
        assert report.gone.get(site) is None, "what went is gone"
        rows = await live.house.engine.read(
            lambda sql: sql.all("SELECT data FROM ledger WHERE kind = 'retained' AND scope = ?1", site)
        )
        assert [json.loads(row[0]) for row in rows] == [{"gone": told.gone[site]}], "one entry, with every value of both halves"
        assert await live.house.engine.read(lambda sql: sql.all("SELECT * FROM meta WHERE name LIKE 'retained%'")) == []


async def test_at_start_a_missed_night_is_due_at_once(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock) as shop:
        first = due(shop)
    clock.pass_(5 * DAY)
    async with opened(Settings(data=str(tmp_path), port=0, retention_hour=5), clock) as live:
        assert await live.house.engine.read(lambda sql: sql.all("SELECT at FROM due WHERE kind = 'retention'")) == [(first,)]


async def test_a_slice_that_fails_keeps_no_other_from_its_turn(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await short_lived(shop)
    tom = await shop.operator("Tom")
    _, stuck = await talk(shop, tom, "stuck")
    for text in ("one", "two"):
        await talk(shop, tom, text)
    clock.pass_(200 * DAY)
    await edit(
        shop,
        f"""CREATE TRIGGER stuck BEFORE UPDATE ON messages WHEN old.chat_id = '{stuck}'
        BEGIN SELECT RAISE(ABORT, 'a defect'); END""",
    )
    await shop.step()
    assert [row[0] for row in shop.rows("chats")] == [stuck], "the others went"
    assert retained(shop).get(shop.site, [])[0]["gone"]["message"] == 4
    assert due(shop) == clock.steady() + HOUR, "and it is tried again soon"
    await edit(shop, "DROP TRIGGER stuck")
    clock.pass_(HOUR)
    await shop.step()
    assert shop.rows("chats") == []
    assert due(shop) % DAY == 3 * HOUR


async def test_a_unit_stays_short_and_the_rest_of_the_night_waits_for_nobody(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    tabs = [(await shop.writer("first"))[0] for _ in range(12)]
    for n in range(30):
        for tab in tabs:
            await tab.say("send", id=f"{n:016}", text=f"line {n}")
    for tab in tabs:
        await tab.quiet()
        await tab.say("end")
        await tab.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    clock.pass_(200 * DAY)
    after: Any = None
    sizes = []
    while True:
        step = await shop.house.engine.write(retention.do(shop.house, PARTS[0], after, SLICE))
        sizes.append(sum(step.report.gone.get(shop.site, {}).values()))
        after = step.after
        if after is None:
            break
    assert len(sizes) >= 3
    assert max(sizes) <= 2 * ROWS, "a row of these has two values"
    assert shop.rows("messages") == []


async def test_purge_at_the_box(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock) as shop:
        await short_lived(shop)
        await talk(shop, await shop.operator("Tom"))
        await edit(shop, "DELETE FROM due WHERE kind = 'retention'")
        clock.pass_(182 * DAY)
        told = await l2s(tmp_path, "purge", "--dry-run")
        assert told.code == 0, told.err
        seen = json.loads(told.out)
        assert seen["gone"][shop.site]["message"] == 2
        assert seen["overdue"][shop.site]["message"] == 2
        done = await l2s(tmp_path, "purge")
        assert json.loads(done.out) == seen
        assert json.loads((await l2s(tmp_path, "purge", "--dry-run")).out)["gone"] == {}
        assert shop.rows("chats") == []


async def test_a_wish_waits_its_day_although_the_browser_forgot(by_hand: Shop, clock: FakeClock) -> None:
    """Forgetting kills the token; what was asked for is still carried out at its time, and not by the next night."""
    shop = by_hand
    tab, _ = await shop.writer("Hello")
    await tab.ask("erase_me", "my_data")
    await tab.ask("forget", "forgotten")
    clock.pass_(HOUR)
    await night(shop)
    assert [row[0] for row in shop.rows("messages") if row[9]]
    clock.pass_(DAY)
    await shop.step()
    assert not shop.rows("chats")
