"""The cabinet's drawers of the law: holds, the audit log, the record of processing; without a script."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from l2s.actions import cases, erasure, holds, people, policies, sites
from l2s.actions.sites import checked_face, checked_site
from l2s.clock import DAY
from l2s.privacy.classes import CLASSES
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import OFF
from l2s.web.pages import LANGUAGES, catalogues
from tests.conftest import shop_at
from tests.paper import Browser, maja
from tests.personas import HASHED, Shop, found_fox
from tests.test_cabinet import session, write
from tests.test_retention import edit, night, talk

HOLDS, LOG, RECORD = "/console/privacy/holds", "/console/privacy/audit", "/console/privacy/record"


@pytest.fixture
async def by_hand(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    return still_shop


def label(chat: str) -> str:
    """The four characters under which a chat is spoken of."""
    letters, number = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", int.from_bytes(chat.encode()[:8], "big")
    return "".join(letters[(number >> shift) % 32] for shift in (0, 13, 27, 41))


async def closed_chats(shop: Shop, *names: str) -> list[str]:
    tom = await shop.operator("Tom")
    return [(await talk(shop, tom, f"I am {name}"))[1] for name in names]


# Holds.


async def test_a_hold_is_asked_for_approved_by_another_and_lifted(by_hand: Shop) -> None:
    shop = by_hand
    first, second = await closed_chats(shop, "Ingrid", "Benedikt")
    ada = Browser(shop, await shop.sign_in(await shop.add_user("Ada", "admin")))
    browser = await maja(shop)
    seen = await browser.get(HOLDS)
    assert "Nothing is held." in seen.text
    assert all(f'value="{chat}"' in seen.html for chat in (first, second))
    typed = {"find": ["Benedikt"], "chat": [first], "reason": ["Claim 17/2027"], "until": ["2027-06-30"]}
    found = await browser.post(HOLDS, typed, "find")
    assert {name: found.form[name] for name in typed} == typed, "looking loses nothing that was typed"
    assert f'value="{second}"' in found.html
    assert shop.rows("holds") == []
    await browser.post(HOLDS, typed, "ask")
    asked = await browser.get(HOLDS)
    (key,) = (row[0] for row in shop.rows("holds"))
    assert "Waits for a second admin; would last until 30 June 2027" in asked.text
    assert f"Chats: {label(first)}" in asked.text
    assert "Another admin of the account has to approve it." in asked.text
    refused = await browser.post(HOLDS, {"hold": [key]}, "approve")
    assert (refused.status, "Another admin of the account has to approve this." in refused.text) == (409, True)
    assert "Asked for by Maja Lindqvist on 15 January 2027." in (await ada.get(HOLDS)).text
    await ada.post(HOLDS, {"hold": [key]}, "approve")
    held = await ada.get(HOLDS)
    assert "In force until 30 June 2027, 167 days left" in held.text
    assert "Approved by Ada on 15 January 2027." in held.text
    assert f'value="{first}"' not in held.html, "what is held is out of sight"
    await browser.post(HOLDS, {"hold": [key]}, "lift")
    assert "Lifted on 15 January 2027" in (await browser.get(HOLDS)).text
    assert (await browser.post(HOLDS, {"hold": [key]}, "lift")).status == 409


async def test_one_admin_alone_is_told_the_command_and_when(by_hand: Shop) -> None:
    shop = by_hand
    (chat,) = await closed_chats(shop, "Ingrid")
    browser = await maja(shop)
    await browser.post(HOLDS, {"chat": [chat], "reason": ["Claim"], "until": ["2027-06-30"]}, "ask")
    (key,) = (row[0] for row in shop.rows("holds"))
    seen = await browser.get(HOLDS)
    assert f"From 16 January 2027, 08:00 UTC on, approve it on the server with l2s hold approve {key}" in seen.text
    assert 'value="approve"' not in seen.html
    await browser.post(HOLDS, {"hold": [key]}, "lift")
    assert "Taken back on 15 January 2027" in (await browser.get(HOLDS)).text


async def test_what_cannot_be_held_is_said_at_its_field(by_hand: Shop) -> None:
    shop = by_hand
    (chat,) = await closed_chats(shop, "Ingrid")
    fox = await found_fox(shop)
    _, theirs = await shop.writer("Hello", site=fox.site)
    _, live = await shop.writer("still talking")
    browser = await maja(shop)
    typed = {"find": [""], "chat": [chat], "reason": ["Claim"], "until": ["2028-01-15"]}
    for field, value, said in [
        ("chat", [], "Name 1 to 200 closed chats."),
        ("chat", [chat, theirs], "One of these chats is not there any more."),
        ("chat", [chat, "nothing"], "One of these chats is not there any more."),
        ("chat", [chat, live], "Close it first."),
        ("reason", [" "], "Write why the law keeps them."),
        ("reason", ["x" * 501], "At most 500 characters."),
        ("until", ["2028-01-16"], "A hold ends later than now and within twelve months."),
        ("until", ["2027-01-14"], "A hold ends later than now and within twelve months."),
        ("until", ["soon"], "Write the day as year-month-day"),
    ]:
        again = await browser.post(HOLDS, typed | {field: value}, "ask")
        assert again.status in (400, 404, 409, 413), (field, value)
        assert said in again.text, (field, value)
        assert f'id="{"p" if field == "chat" else "h"}-{field}"' in again.html
        assert again.form.get("chat", []) == (value[:1] if field == "chat" else [chat])
        assert field == "until" or again.form["until"] == typed["until"]
    assert shop.rows("holds") == []
    assert (await browser.post(HOLDS, typed, "ask")).status == 200, "twelve months to the day"


async def test_another_accounts_holds_look_unknown(by_hand: Shop) -> None:
    shop = by_hand
    (chat,) = await closed_chats(shop, "Ingrid")
    fox = await found_fox(shop)
    typed = {"find": [""], "chat": [chat], "reason": ["Claim"], "until": ["2027-06-30"]}
    await (await maja(shop)).post(HOLDS, typed, "ask")
    (key,) = (row[0] for row in shop.rows("holds"))
    fred = Browser(shop, await shop.sign_in(fox.owner))
    seen = await fred.get(HOLDS)
    assert (key in seen.html, chat in seen.html) == (False, False)
    for act in ("approve", "lift"):
        for named in (key, "nothing"):
            assert (await fred.post(HOLDS, {"hold": [named]}, act)).status == 404
    assert chat not in (await fred.post(HOLDS, typed, "find")).html
    assert (await fred.post(HOLDS, typed, "ask")).status == 404
    assert len(shop.rows("holds")) == 1


# The audit log.


async def everything(shop: Shop) -> tuple[str, str, str, str]:
    """Each verb once, at least: (chat, case, hold, Tom)."""
    house, at, owner = shop.house, shop.house.clock.at(), await session(shop, shop.made.owner)
    tom, ada = await shop.operator("Tom"), await shop.operator("Ada", "admin")
    _, chat = await shop.writer("a secret word")
    await tom.ask("take", "chat", chat=chat)
    await ada.ask("open", "conversation", chat=chat)
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    new = checked_site("Tents", ["tents.example"], "Larch & Rook Ltd", "privacy@larch.example")
    await write(shop, policies.declare(house, owner, shop.site, FACTORY["site"] | {"rating": OFF}))
    await write(shop, policies.declare(house, owner, shop.site, FACTORY["site"]))  # wider again: it waits
    await write(shop, policies.withdraw(house, owner, shop.site))
    more = await write(shop, sites.add_site(house, owner, new))
    await write(shop, sites.change_site(house, owner, more, checked_face("Tents", ["tents.example"], "en")))
    await write(shop, people.invite(house, owner, None, "eve@larch.example", "Eve", "operator"))
    await write(shop, people.user_link(house, owner, "tom@larch.example"))
    await write(shop, people.change_user(house, owner, tom.id, role="supervisor"))
    case = await write(shop, cases.enter(house, owner, shop.site, "What?", "x@example.org", at))
    await write(shop, cases.extend(house, owner, case, "paper"))
    await write(shop, cases.close(house, owner, case, "done"))
    hold = await write(shop, holds.ask(house, owner, [chat], "Claim", at + DAY))
    await write(shop, holds.approve(house, await session(shop, ada.id), hold))
    await write(shop, holds.lift(house, owner, hold))
    await write(shop, people.new_password(house, await session(shop, ada.id), HASHED))
    await write(shop, erasure.erase_chat(house, owner, chat))
    return chat, case, hold, tom.id


async def test_every_verb_is_a_whole_sentence_in_both_languages(by_hand: Shop) -> None:
    shop = by_hand
    chat, case, hold, tom = await everything(shop)
    browser = await maja(shop)
    seen = (await browser.get(LOG)).text
    for sentence in (
        "Maja Lindqvist posted a version for Larch & Rook; it acted at once.", "Maja Lindqvist took back what waited for",
        "Maja Lindqvist added the site Tents.", "Maja Lindqvist changed the site Tents.", "Maja Lindqvist invited Eve. Role:",
        "Maja Lindqvist made a link that lets Tom in.", "Maja Lindqvist changed Tom. State: active. Role: Supervisor.",
        f"Maja Lindqvist entered privacy question {case[:8].upper()}.", "took more time for privacy question",
        "answered and closed privacy question", f"asked for hold {hold[:8].upper()} on 1 chat.", "Ada approved hold",
        "Ada chose a new password.", f"Ada opened chat {label(chat)}, which a colleague had.",
        f"Maja Lindqvist erased chat {label(chat)}.", "Whoever runs this server invited Ada.",
    ):  # fmt: skip
        assert sentence in seen, sentence
    verbs = {row[4] for row in shop.rows("audit")}
    for lang in LANGUAGES:
        assert [verb for verb in verbs if f"audit.{verb}" not in catalogues()[lang]["page"]] == []
    assert "{" not in seen
    assert "secret" not in seen
    await edit(shop, f"DELETE FROM audit_salts WHERE subject = '{tom}'")
    assert "lets a former user (" in (await browser.get(LOG)).text


async def test_the_log_has_pages_and_each_account_its_own(tmp_path: Path) -> None:
    async with shop_at(tmp_path, list_max=10) as shop:
        fox = await found_fox(shop)
        owner = await session(shop, shop.made.owner)
        for n in range(12):
            await write(shop, people.invite(shop.house, owner, None, f"u{n}@larch.example", f"User{n}", "operator"))
        browser = await maja(shop)
        newest = await browser.get(LOG)
        assert "invited User11." in newest.text
        assert "invited User1." not in newest.text
        link = newest.html.partition(f'href="{LOG}?before=')[2].partition('"')[0]
        older = await browser.get(f"{LOG}?before={link}")
        assert "invited User1." in older.text
        assert "invited User2." not in older.text
        assert "Newest" in older.text
        for wrong in ("x", "-1", "9" * 40, "٣"):
            assert "invited User11." in (await browser.get(f"{LOG}?before={wrong}")).text
        assert "User1" not in (await Browser(shop, await shop.sign_in(fox.owner)).get(LOG)).text


async def test_the_check_says_what_it_found(by_hand: Shop) -> None:
    shop = by_hand
    for name in ("Eve", "Pia", "Kim"):
        await shop.add_user(name)
    browser = await maja(shop)
    await night(shop)
    assert "Checked: every line follows" in (await browser.post(LOG, {}, "check")).text
    last = max(row[0] for row in shop.rows("audit"))
    await edit(shop, f"DELETE FROM audit WHERE position = {last}")
    assert "its end was cut off" in (await browser.post(LOG, {}, "check")).text
    await edit(shop, f"UPDATE audit SET verb = 'read' WHERE position = {last - 1}")
    assert f"Line {last - 1} does not follow" in (await browser.post(LOG, {}, "check")).text
    assert "l2s audit verify" in (await browser.get(LOG)).text
    assert (await browser.post(LOG, {}, "burn")).status == 400


# The record of processing.


async def table(browser: Browser, **headers: str) -> list[list[str]]:
    seen = await browser.get(f"{RECORD}.csv", **headers)
    return list(csv.reader(io.StringIO(seen.html.lstrip("\ufeff"))))


async def test_the_record_says_what_the_declarations_say(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(RECORD)
    for word in ("Larch & Rook Ltd", "privacy@larch.example", "Visitors of the site who write", "This server", "180 days"):
        assert word in page.text, word
    head, *rows = await table(browser)
    assert head[:5] == ["Scope", "Version in force", "Responsible", "Contact", "About whom"]
    assert {len(row) for row in rows} == {12}
    assert [row[0] for row in rows].count("Larch & Rook") == len(CLASSES["site"])
    assert [row[0] for row in rows].count("This server") == len(CLASSES["server"])
    message = next(row for row in rows if row[5] == "Messages")
    assert message[6:] == ["Kept", "Always", "answer, run it", "Admins", "a mail relay, in any country", "180 days"]
    assert next(row for row in rows if row[5] == "Place")[6] == "not collected"
    await write(shop, policies.post_version(shop.house, shop.site, FACTORY["site"] | {"rating": OFF}))
    changed = next(row for row in await table(browser) if row[5] == "Rating")
    assert (changed[1], changed[6]) == ("2", "not collected"), "nothing is typed twice"
    assert "Nachrichten" in [row[5] for row in await table(browser, **{"Accept-Language": "de"})]


async def test_no_cell_is_a_formula(shop: Shop) -> None:
    owner = await session(shop, shop.made.owner)
    new = checked_site("=HYPERLINK(1)", ["tents.example"], "@SUM(A1)", "+44 1539 000000")
    await write(shop, sites.add_site(shop.house, owner, new))
    rows = await table(await maja(shop))
    mine = [row for row in rows if "HYPERLINK" in row[0]]
    assert {tuple(row[:4]) for row in mine} == {("'=HYPERLINK(1)", "1", "'@SUM(A1)", "'+44 1539 000000")}
    assert not [text for row in rows for text in row if text[:1] in set("=+-@\t\r\n")]


async def test_another_accounts_record_is_its_own(shop: Shop) -> None:
    fox = await found_fox(shop)
    fred = Browser(shop, await shop.sign_in(fox.owner))
    rows = await table(fred)
    assert {row[0] for row in rows[1:]} == {"Fox & Sons"}
    assert "Larch" not in (await fred.get(RECORD)).text
