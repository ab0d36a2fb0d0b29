"""The cabinet beside the declaration editor, without a script: what each drawer says and does, and who may open it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from l2s.actions import erasure, signins
from l2s.clock import DAY, HOUR
from l2s.config import Settings
from l2s.store.engine import Unit
from tests.canaries import canary
from tests.conftest import FakeClock
from tests.paper import Browser, maja
from tests.personas import Shop, found_fox, new_id
from tests.test_retention import edit, night, talk

WORD = canary("ingrid")
MOST = Settings().message_max
SCOPED = ("versions", "erasure")
WHOLE = ("questions", "holds", "incidents", "audit", "record")


@pytest.fixture
async def by_hand(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    return still_shop


async def write(shop: Shop, unit: Unit[Any]) -> Any:
    return await shop.house.engine.write(unit)


async def session(shop: Shop, user: str) -> str:
    cookie = await shop.sign_in(user)
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, cookie.partition("=")[2], sql))
    assert found
    return found[0]


def paths(shop: Shop) -> list[str]:
    own = [f"/console/privacy/{scope}/{name}" for scope in (shop.site, "server") for name in SCOPED]
    return own + [f"/console/privacy/{name}" for name in WHOLE]


async def erased(shop: Shop) -> tuple[str, str]:
    """A visitor who was erased by an admin: (code, chat)."""
    tom = await shop.operator("Tom")
    tab, chat = await shop.writer(f"I am {WORD}", page="https://shop.example/tents")
    await tom.ask("take", "chat", chat=chat)
    await tom.reply(chat, f"you are {WORD}")
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    who = await session(shop, shop.made.owner)
    receipt = await write(shop, erasure.erase_chat(shop.house, who, chat))
    await tab.hear("forgotten")
    return receipt.code, chat


# Who may.


async def test_every_drawer_opens_for_an_admin_and_for_nobody_else(shop: Shop) -> None:
    fox = await found_fox(shop)
    browser = await maja(shop)
    for path in paths(shop):
        seen = await browser.get(path)
        assert seen.status == 200, path
        assert "aria-current=page" in seen.html
    strangers = [await shop.add_user("Tom"), await shop.add_user("Sue", "supervisor")]
    for user in strangers:
        other = Browser(shop, await shop.sign_in(user))
        for path in paths(shop):
            seen = await other.get(path)
            assert (seen.status, "There is nothing here, or it is not yours." in seen.text) == (404, True), path
            assert (await other.post(path, {}, "run")).status in (404, 405), path
    fred = Browser(shop, await shop.sign_in(fox.owner))
    for name in SCOPED:
        for scope in (shop.site, "server", "nowhere"):
            seen = await fred.get(f"/console/privacy/{scope}/{name}")
            assert (seen.status, "There is nothing here, or it is not yours." in seen.text) == (404, True)
    assert (await fred.post(f"/console/privacy/{shop.site}/erasure", {}, "run")).status == 404
    nobody = await Browser(shop).post(f"/console/privacy/{shop.site}/erasure", {}, "run")
    assert nobody.status == 401
    assert (await browser.post(f"/console/privacy/{shop.site}/erasure", {}, "run", Origin="https://evil.example")).status == 404


async def test_the_drawers_speak_german(shop: Shop) -> None:
    browser = await maja(shop)
    for path, said in {
        f"/console/privacy/{shop.site}/versions": "Jede Version, die je angekündigt wurde",
        f"/console/privacy/{shop.site}/erasure": "Ein Lauf würde jetzt nichts nehmen",
        "/console/privacy/questions": "Niemand wartet auf Antwort",
        "/console/privacy/holds": "Nichts wird aufbewahrt.",
        "/console/privacy/incidents": "Es wurde kein Vorfall eingetragen.",
        "/console/privacy/audit": "Protokoll prüfen",
        "/console/privacy/record": "Besucher der Website, die schreiben",
    }.items():
        assert said in (await browser.get(path, **{"Accept-Language": "de"})).text


# Receipts.


async def test_a_receipt_says_what_is_true_and_nothing_of_the_person(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    code, chat = await erased(shop)
    at = clock.at()
    stranger = Browser(shop)
    seen = await stranger.get(f"/receipt/{code}")
    assert seen.status == 200
    for word in (
        code, "Your messages 2", "Internet address 1", "since 15 January 2027", "overwritten within a day", "Version 1",
        "gone by 29 January 2027", "Disclosures that the law forbids to name cannot appear here.", "entry ",
    ):  # fmt: skip
        assert word in seen.text, word
    assert WORD not in seen.html
    assert chat not in seen.html
    assert 'name="robots" content="noindex"' in seen.html
    clock.pass_(21 * HOUR)
    await shop.step()
    assert "Overwritten 16 January 2027, 05:00 UTC" in (await stranger.get(f"/receipt/{code.lower()}")).text
    answer = await shop.http.get(f"{shop.base}/receipt/{code}.json")
    told = await answer.json()
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert (told["code"], told["counts"]["message"]) == (code, 2)
    assert (told["unreachable_at"], told["overwritten_at"]) == (at, clock.at())
    assert (told["position"] > 0, len(told["head"]), told["version"]) == (True, 64, 1)
    assert "account" not in told
    german = await stranger.get(f"/receipt/{code}?lang=de")
    assert "Offenlegungen, die zu nennen das Recht verbietet" in german.text


async def test_a_receipt_that_is_shown_again_erases_again(still_shop: Shop) -> None:
    shop = still_shop
    tab, _ = await shop.writer(f"I am {WORD}")
    visitor = shop.house.keys.visitor(shop.site, tab.token)
    code = erasure.receipt_code(shop.house, "visitor", visitor)
    assert len(shop.rows("visitors")) == 1, "as if an old backup had come back: the subject, and no receipt"
    seen = await asyncio.gather(*(Browser(shop).get(f"/receipt/{code}") for _ in range(3)))
    assert [(one.status, code in one.text) for one in seen] == [(200, True)] * 3
    assert shop.rows("visitors") == []
    assert len([row for row in shop.rows("ledger") if row[2] == "erased"]) == 1


async def test_an_unknown_receipt_is_told_with_a_remedy_and_looking_is_bounded(still_shop: Shop) -> None:
    shop = still_shop
    for wrong in ("A" * 26, "nothing", "%00", "ß", "x" * 3000):
        seen = await Browser(shop).get(f"/receipt/{wrong}")
        assert (seen.status, "Check its code." in seen.text) == (404, True), wrong
        answer = await shop.http.get(f"{shop.base}/receipt/{wrong}.json")
        assert (answer.status, (await answer.json())["error"]) == (404, "unknown_receipt")
    statuses = [(await Browser(shop).get("/receipt/AAAA")).status for _ in range(60)]
    assert statuses[-1] == 429


# Erasure.


async def test_the_drawer_says_what_a_run_would_take_takes_it_and_says_what_it_took(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    await talk(shop, await shop.operator("Tom"))
    browser, path = await maja(shop), f"/console/privacy/{shop.site}/erasure"
    await night(shop)  # what is kept until the chat ends
    assert "A run now would take nothing" in (await browser.get(path)).text
    clock.pass_(30 * DAY + HOUR)
    browser = await maja(shop)
    due = await browser.get(path)
    assert "A run now would erase" in due.text
    assert "Internet address 1" in due.text
    assert "values are overdue" not in due.text
    clock.pass_(2 * DAY)
    late = await browser.get(path)
    assert "values are overdue" in late.text
    assert "Internet address 1 0 1 overdue" in late.text
    done = await browser.post(path, {}, "run")
    assert "Done: " in done.text
    assert "values were erased" in done.text
    assert "are overdue" not in done.text
    assert "Erased: " in done.text.partition("What the last runs took")[2]
    assert "Done: nothing had to go." in (await browser.post(path, {}, "run")).text
    assert [row[2] for row in shop.rows("details")] == [None], "the address is gone"


async def test_receipts_are_listed_for_their_own_account_alone(shop: Shop) -> None:
    fox = await found_fox(shop)
    code, _ = await erased(shop)
    listed = await (await maja(shop)).get(f"/console/privacy/{shop.site}/erasure")
    assert f'href="/receipt/{code}"' in listed.html
    assert "unreachable, overwritten within a day" in listed.text
    fred = Browser(shop, await shop.sign_in(fox.owner))
    theirs = await fred.get(f"/console/privacy/{fox.site}/erasure")
    assert (theirs.status, code in theirs.html) == (200, False)


async def test_the_host_alone_sees_and_makes_backups(shop: Shop) -> None:
    ada = await shop.add_user("Ada", "admin")
    browser, path = await maja(shop), f"/console/privacy/{shop.site}/erasure"
    assert "There is none." in (await browser.get(path)).text
    made = await browser.post(path, {}, "backup")
    (file,) = (shop.house.engine.path.parent / "backups").glob("*.tar")
    assert f"{file.name} is made, and was read again" in made.text
    goes = datetime.fromtimestamp(file.stat().st_mtime, UTC) + timedelta(days=14)
    assert f"deleted on {goes.day} {goes:%B %Y}" in made.text
    other = Browser(shop, await shop.sign_in(ada))
    assert "Own backups" not in (await other.get(path)).text
    assert (await other.post(path, {}, "backup")).status == 404
    assert (await browser.post(path, {}, "burn")).status == 400


# Questions.


async def asked(shop: Shop, *, contact: str | None = None) -> str:
    """A question from the widget: its reference."""
    tab, _ = await shop.writer("Hello")
    told = await tab.ask("ask", "asked", id=new_id(), text=f"What of {WORD}?", **({"contact": contact} if contact else {}))
    reference: str = told["reference"]
    return reference


async def test_questions_are_listed_counted_extended_and_closed(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    reference = await asked(shop)
    await asked(shop, contact="b@example.org")
    browser, path = await maja(shop), "/console/privacy/questions"
    seen = await browser.get(path)
    assert seen.text.count(f"What of {WORD}?") == 2
    assert reference in seen.text
    assert "Answer by 15 February 2027, 31 days left" in seen.text
    assert "They left no address" in seen.text
    assert "mailto:b@example.org" in seen.html
    assert 'data-left="some"' in seen.html
    assert "Questions 2" in seen.text
    assert '<b class="count" aria-hidden="true">2</b>' in (await browser.get("/console")).html
    keys = [row[0] for row in shop.rows("cases")]
    empty = await browser.post(path, {"case": [keys[0]], "why": ["  "]}, "extend")
    assert (empty.status, "Write why it takes longer" in empty.text) == (400, True)
    await browser.post(path, {"case": [keys[0]], "why": ["The archive is on paper."]}, "extend")
    longer = await browser.get(path)
    assert "Answer by 15 April 2027, 90 days left" in longer.text
    assert "Extended, because: The archive is on paper." in longer.text
    again = await browser.post(path, {"case": [keys[0]], "why": ["once more"]}, "extend")
    assert (again.status, "A second time is not possible." in again.text) == (409, True)
    clock.pass_(32 * DAY)
    browser = await maja(shop)
    over = await browser.get(path)
    assert "Overdue since 15 February 2027" in over.text
    assert over.text.index("Overdue") < over.text.index("Answer by"), "what is due first comes first"
    late = await browser.post(path, {"case": [keys[1]], "why": ["I was away"]}, "extend")
    assert "only before it ends" in late.text
    await browser.post(path, {"case": [keys[1]], "answer": ["All of it is in your mail."]}, "close")
    closed = await browser.get(path)
    assert "Answered on 16 February 2027" in closed.text
    assert "All of it is in your mail." in closed.text
    assert "Questions 1" in closed.text
    assert (await browser.post(path, {"case": [keys[1]], "answer": ["twice"]}, "close")).status == 409


async def test_a_question_is_entered_by_hand_and_nothing_typed_is_lost(by_hand: Shop, clock: FakeClock) -> None:
    shop = by_hand
    browser, path = await maja(shop), "/console/privacy/questions"
    typed = {"site": [shop.site], "contact": ["Ingrid, 4 Quay Lane"], "received": ["2027-01-10"], "text": ["What do you hold?"]}
    for field, value, said in [
        ("contact", " ", "Give a mail address or a short line"),
        ("received", "2027-02-01", "The day lies in the future."),
        ("received", "last week", "Write the day as year-month-day"),
        ("received", "1899-01-01", "Write the day as year-month-day"),
        ("text", "", "Write what they ask."),
        ("text", "x" * (MOST + 1), f"At most {MOST} characters."),
        ("text", "a\0b", "The text has characters that cannot be kept."),
    ]:
        again = await browser.post(path, typed | {field: [value]}, "enter")
        assert again.status in (400, 413), field
        assert said in again.text
        assert f'id="h-{field}"' in again.html
        for name, kept in (typed | {field: [value]}).items():
            assert name == "site" or name == "text" or again.form[name] == kept
        assert field == "text" or again.form["text"] == typed["text"]
    assert shop.rows("cases") == []
    await browser.post(path, typed, "enter")
    seen = await browser.get(path)
    assert "Entered by hand, came on 10 January 2027" in seen.text
    assert "Answer by 10 February 2027, 26 days left" in seen.text
    tomorrow = typed | {"received": ["2027-01-16"]}
    assert (await browser.post(path, tomorrow, "enter")).status == 400, "it is 08:00 in UTC: nobody's day is ahead"
    clock.pass_(4 * HOUR)
    assert (await browser.post(path, tomorrow, "enter")).status == 200, "the day has begun in the Pacific"


async def test_another_accounts_questions_and_sites_look_unknown(by_hand: Shop) -> None:
    shop = by_hand
    fox = await found_fox(shop)
    await asked(shop)
    (key,) = (row[0] for row in shop.rows("cases"))
    fred, path = Browser(shop, await shop.sign_in(fox.owner)), "/console/privacy/questions"
    seen = await fred.get(path)
    assert WORD not in seen.text
    assert "Nobody waits for an answer." in seen.text
    assert "count" not in seen.html.partition('aria-current="page"')[2].partition("</a>")[0]
    for form, act in (({"answer": ["done"]}, "close"), ({"why": ["paper"]}, "extend")):
        assert (await fred.post(path, {"case": [key], **form}, act)).status == 404
        assert (await fred.post(path, {"case": ["nothing"], **form}, act)).status == 404
    typed = {"contact": ["x@example.org"], "received": ["2027-01-10"], "text": ["What?"]}
    assert (await fred.post(path, typed | {"site": [shop.site]}, "enter")).status == 404
    assert (await fred.post(path, typed | {"site": ["nowhere"]}, "enter")).status == 404
    assert [row[11] for row in shop.rows("cases")] == [None]
