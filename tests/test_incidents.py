"""The incident log: whom a user, key, backup or export exposed, the 72 hours, what is kept of it, and who may look."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from l2s.actions import desk, disclosures, erasure, exposure, incidents, people, sites
from l2s.actions.disclosures import Wanted
from l2s.actions.exposure import Exposed, Reach
from l2s.actions.incidents import New, Words
from l2s.actions.sites import checked_site
from l2s.clock import DAY, HOUR
from l2s.domain.people import HOST
from l2s.errors import BadInput, Conflict, NotFound
from l2s.store.engine import Unit
from l2s.web.host import make_backup
from tests.conftest import FakeClock
from tests.paper import Browser, maja
from tests.personas import Shop, User, found_fox, new_id
from tests.test_cabinet import session, write
from tests.test_cabinet_law import label
from tests.test_retention import edit, night, talk

PATH = "/console/privacy/incidents"
WORDS = Words("A laptop was stolen", "Letters could be read", "The user is disabled")
TEXTS = {"facts": [WORDS.facts], "effects": [WORDS.effects], "remedy": [WORDS.remedy]}


@pytest.fixture
async def shop(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    return still_shop


async def owner(shop: Shop) -> str:
    return await session(shop, shop.made.owner)


async def exposed(shop: Shop, source: Any, subject: str, began: int, ended: int) -> Exposed:
    reach = Reach(shop.made.account, source, subject, began, ended)
    return await shop.house.engine.read(lambda sql: exposure.exposed(shop.house, sql, reach))


def ids(chats: Any) -> set[str]:
    return {chat.id for chat in chats}


async def refused(shop: Shop, unit: Unit[Any], kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as caught:
        await write(shop, unit)
    assert getattr(caught.value, "code", "") == code


async def three(shop: Shop, clock: FakeClock, tom: User) -> list[str]:
    """A chat that is over, one that goes on, and one that begins a week later."""
    _, old = await talk(shop, tom, "old")
    _, open_ = await shop.writer("open")
    clock.pass_(7 * DAY)
    _, late = await shop.writer("late")
    return [old, open_, late]


# Whom it exposed.


async def test_a_user_could_read_what_lay_there_in_the_time_and_opened_what_is_on_record(shop: Shop, clock: FakeClock) -> None:
    begin = clock.at()
    tom = await shop.operator("Tom")
    old, open_, late = await three(shop, clock, tom)
    eve = await shop.add_user("Eve")
    await write(shop, desk.note_opening(shop.house, await session(shop, eve), open_))
    week = await exposed(shop, "user", tom.id, begin, begin + 7 * DAY - 1)
    assert (ids(week.could), ids(week.opened), week.persons) == ({old, open_}, set(), 2)
    day = await exposed(shop, "user", eve, clock.at(), clock.at())
    assert (ids(day.could), ids(day.opened), day.persons) == ({old, open_, late}, {open_}, 3)
    assert (await exposed(shop, "user", eve, begin - 9 * DAY, begin - 8 * DAY)).persons == 0
    other = await found_fox(shop)
    assert (await exposed(shop, "user", other.owner, begin, clock.at())).persons == 0


async def test_limits_of_sites_count_but_not_for_what_was_opened(shop: Shop, clock: FakeClock) -> None:
    begin = clock.at()
    new = checked_site("Winter", ["winter.example"], "Larch & Rook Ltd", "privacy@larch.example")
    winter = await write(shop, sites.add_site(shop.house, await owner(shop), new))
    _, here = await shop.writer("here")
    _, there = await shop.writer("there", site=winter)
    eve = await shop.add_user("Eve")
    await write(shop, desk.note_opening(shop.house, await session(shop, eve), here))
    await edit(shop, f"INSERT INTO user_limits VALUES ('{eve}', 'site', '{winter}')")
    found = await exposed(shop, "user", eve, begin, clock.at())
    assert (ids(found.could), ids(found.opened)) == ({here, there}, {here})
    await edit(shop, "DELETE FROM openings")
    assert ids((await exposed(shop, "user", eve, begin, clock.at())).could) == {there}
    assert ids((await exposed(shop, "other", shop.site, begin, clock.at())).could) == {here}
    assert ids((await exposed(shop, "other", "", begin, clock.at())).could) == {here, there}


async def test_words_that_were_over_before_the_time_exposed_nobody(shop: Shop, clock: FakeClock) -> None:
    tom = await shop.operator("Tom")
    _, old = await talk(shop, tom, "old")
    ended = clock.at()
    clock.pass_(181 * DAY)
    _, new = await shop.writer("new")
    at = clock.at()
    assert ids((await exposed(shop, "user", tom.id, ended, at)).could) == {old, new}
    assert ids((await exposed(shop, "user", tom.id, ended + 180 * DAY, at)).could) == {new}
    await night(shop)
    left = await exposed(shop, "user", tom.id, ended, at)
    assert new in ids(left.could), "what the night took of the old one cannot be told any more"


async def test_a_key_opens_what_its_user_could_read_while_it_lived(shop: Shop, clock: FakeClock) -> None:
    begin = clock.at()
    eve = await shop.add_user("Eve")
    key = await session(shop, eve)
    _, first = await shop.writer("first")
    clock.pass_(DAY)
    await edit(shop, f"UPDATE sessions SET ended_at = {clock.at() - 1} WHERE id = '{key}'")
    _, second = await shop.writer("second")
    assert ids((await exposed(shop, "key", f"session:{key}", begin, clock.at())).could) == {first}
    assert ids((await exposed(shop, "user", eve, begin, clock.at())).could) == {first, second}
    clock.pass_(DAY)
    await write(shop, people.user_link(shop.house, HOST, "eve@larch.example"))
    made = max(row[4] for row in shop.rows("links") if row[3] == eve)
    assert made == clock.at()
    link = f"link:{eve}:{made}"
    assert ids((await exposed(shop, "key", link, begin, clock.at())).could) == {first, second}
    assert (await exposed(shop, "key", link, begin, clock.at() - 1)).persons == 0, "there was no such link yet"


async def test_a_backup_holds_every_chat_and_user_of_its_hour(shop: Shop, clock: FakeClock) -> None:
    tom = await shop.operator("Tom")
    _, old = await talk(shop, tom, "old")
    await write(shop, people.invite(shop.house, HOST, shop.made.account, "late@larch.example", "Late", "operator"))
    made = await make_backup(shop.house, shop.urls, {})
    clock.pass_(DAY)
    await shop.writer("late")
    await shop.add_user("Later")
    browser = await maja(shop)
    html = (await browser.get(PATH)).html
    value = re.search(rf'value="(backup:\d+ {re.escape(Path(made["file"]).name)})"', html)
    line = re.search(r'value="export:(\d+)"[^>]*>[^<]*made a backup', html)
    assert value
    assert line
    for source, subject in (value[1].split(":", 1), ("export", line[1])):
        found = await exposed(shop, source, subject, 0, 0)
        assert (ids(found.could), found.users, found.persons) == ({old}, 3, 4)
    seen = await browser.post(PATH, form(shop, source=value[1]), "enter")
    assert (seen.status, shop.rows("incidents")[0][10]) == (200, 4)
    Path(made["file"]).unlink()
    shown = await browser.post(PATH, {"incident": [shop.rows("incidents")[0][0]]}, "persons")
    assert "At most 4 persons, computed now. The words of 1 chat could be read." in shown.text
    assert "3 users of the account stand in it too." in shown.text
    invented = form(shop, source="backup:1800000000000 other.tar")
    assert (await browser.post(PATH, invented, "enter")).status == 400
    admin = Browser(shop, await shop.sign_in(await shop.add_user("Ada", "admin")))
    assert 'value="backup:' not in (await admin.get(PATH)).html, "files are the host's"


async def test_exports_and_openings_are_found_in_the_audit_log(shop: Shop, clock: FakeClock) -> None:
    tom = await shop.operator("Tom")
    tab, old = await talk(shop, tom, "old")
    _, taken = await shop.writer("taken")
    await tom.ask("take", "chat", chat=taken)
    sue = await session(shop, await shop.add_user("Sue", "supervisor"))
    await write(shop, desk.note_opening(shop.house, sue, taken))
    who = await owner(shop)
    wanted = Wanted("legal", "District court", "17 Cs 4/27", "Everything", [old])
    given = await write(shop, disclosures.ask(shop.house, who, wanted))
    await edit(
        shop,
        "INSERT INTO audit (position, account_id, at, actor, verb, object, data, previous, hash) SELECT max(position) + 1, "
        f"'{shop.made.account}', 0, '', 'hand_over', '{given}', '{{}}', '', '' FROM audit",
    )
    lines = {row[4]: str(row[0]) for row in shop.rows("audit") if row[4] in exposure.LINES}
    assert ids((await exposed(shop, "export", lines["read"], 0, 0)).opened) == {taken}
    assert ids((await exposed(shop, "export", lines["hand_over"], 0, 0)).could) == {old}
    other = next(str(row[0]) for row in shop.rows("audit") if row[4] == "ask_disclosure")
    for name in (other, "0", "-1", "9" * 15, "9" * 40, "x", ""):
        await refused(shop, incidents.enter(shop.house, who, new(clock, "export", name), 0), BadInput, "bad_subject")
    await tab.close()


# Entering, amending, the clock.


def new(clock: FakeClock, source: str = "other", subject: str = "") -> New:
    at = clock.at()
    return New(source, subject, WORDS, at - DAY, at, at)


def form(shop: Shop, **fields: str) -> dict[str, list[str]]:
    now = datetime.fromtimestamp(shop.house.clock.at() / 1000, UTC)
    day = now.date().isoformat()
    times = {"known": now.strftime("%Y-%m-%dT%H:%M"), "from": day, "to": day, "source": "other:"}
    return TEXTS | {name: [text] for name, text in (times | fields).items()}


async def test_the_72_hours_count_from_when_it_was_known(shop: Shop, clock: FakeClock) -> None:
    browser = await maja(shop)
    assert "No incident was entered." in (await browser.get(PATH)).text
    known = clock.at() - 2 * HOUR
    text = datetime.fromtimestamp(known / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    seen = await browser.post(PATH, form(shop, known=text), "enter")
    assert seen.status == 200
    assert "Report to the authority by 18 January 2027, 06:00 UTC, 70 hours left" in seen.text
    assert all(word in seen.text for word in (WORDS.facts, WORDS.effects, WORDS.remedy))
    (row,) = shop.rows("incidents")
    assert (row[1], row[2], row[9], row[10], row[11]) == (shop.made.account, "other", known, 0, shop.made.owner)
    clock.pass_(70 * HOUR)
    browser = await maja(shop)
    seen = await browser.get(PATH)
    assert "Overdue since 18 January 2027, 06:00 UTC" in seen.text
    assert 'class="asked-head over"' in seen.html
    assert "überfällig" in (await browser.get(PATH, **{"Accept-Language": "de"})).text.casefold()
    one = {"incident": [row[0]]}
    seen = await browser.post(PATH, one, "reported")
    assert "Reported to the authority, not closed yet" in seen.text
    assert "Overdue" not in seen.text
    seen = await browser.post(PATH, one, "told")
    assert "The persons were told" in seen.text
    seen = await browser.post(PATH, one, "closed")
    assert (seen.status, "Amend the words" in seen.text) == (200, False)
    for act in ("reported", "told", "closed", "amend"):
        again = await browser.post(PATH, {**one, **TEXTS}, act)
        assert (again.status, "entered already, or the incident is closed" in again.text) == (409, True), act
    verbs = [row[4] for row in shop.rows("audit") if row[4].endswith("_incident")]
    assert verbs == ["enter_incident", "report_incident", "tell_incident", "close_incident"]


async def test_each_amendment_is_on_record_and_its_words_are_not(shop: Shop, clock: FakeClock) -> None:
    who = await owner(shop)
    key = await write(shop, incidents.enter(shop.house, who, new(clock), 0))
    browser = await maja(shop)
    changed = {**TEXTS, "incident": [key], "remedy": ["Its disk was encrypted"]}
    seen = await browser.post(PATH, changed, "amend")
    assert (seen.status, "Its disk was encrypted" in seen.text) == (200, True)
    assert (await browser.post(PATH, changed, "amend")).status == 200
    lines = [row for row in shop.rows("audit") if row[4] == "amend_incident"]
    assert len(lines) == 1, "the same words are no amendment"
    assert (lines[0][5], json.loads(lines[0][6])) == (key, {})
    assert "encrypted" not in str(shop.rows("audit"))
    seen = await browser.post(PATH, {**changed, "facts": [" "], "effects": ["x" * 4001]}, "amend")
    assert (seen.status, f'id="f-facts-{key}"' in seen.html) == (400, True)
    assert "Write what happened" in seen.text
    log = (await browser.get("/console/privacy/audit")).text
    assert f"Maja Lindqvist amended the words of incident {key[:8].upper()}." in log


async def test_what_is_wrong_is_said_beside_its_field(shop: Shop, clock: FakeClock) -> None:
    browser = await maja(shop)
    fox = await found_fox(shop)
    for field, text in {
        "facts": "", "effects": "\0", "remedy": "x" * 4001, "known": "soon", "from": "2030-01-01", "source": "user:nobody",
    }.items():  # fmt: skip
        for language in ("en", "de"):
            seen = await browser.post(PATH, form(shop, **{field: text}), "enter", **{"Accept-Language": language})
            named = re.findall(r'id="f-(\w+)"[^>]*aria-invalid=true', seen.html)
            assert (seen.status, named) == (400, [field]), (field, language)
    late = {"known": "2027-01-16T09:00"}
    early = {"known": "2027-01-14T09:00"}
    for wrong in (
        late,
        early,
        {"to": "2027-01-01"},
        {"source": f"user:{fox.owner}"},
        {"source": f"other:{fox.site}"},
        {"source": ""},
    ):
        assert (await browser.post(PATH, form(shop, **wrong), "enter")).status == 400, wrong
    assert (await browser.post(PATH, form(shop), "invented")).status == 400
    assert shop.rows("incidents") == []


# Who may look, and what is kept.


async def test_it_says_who_can_be_told_and_keeps_nobody(shop: Shop, clock: FakeClock) -> None:
    tab = await shop.visitor()
    await tab.enter()
    await tab.say("leave", id=new_id(), text="By mail, please.", mail="ingrid@example.org", name="Ingrid")
    chat = (await tab.hear("chat"))["chat"]["id"]
    _, other = await shop.writer("no address")
    browser = await maja(shop)
    seen = await browser.post(PATH, form(shop), "enter")
    assert "At most 2 persons were exposed" in seen.text
    assert "ingrid@example.org" not in seen.html, "nobody is listed unasked"
    (row,) = shop.rows("incidents")
    shown = await browser.post(PATH, {"incident": [row[0]]}, "persons")
    assert all(name in shown.text for name in (label(chat), label(other), "ingrid@example.org", "no address"))
    assert "1 can be told by mail." in shown.text
    assert [line[5] for line in shop.rows("audit") if line[4] == "list_exposed"] == [row[0]]
    for table in ("incidents", "audit", "ledger"):
        assert "ingrid" not in str(shop.rows(table)).casefold()
        assert chat not in str(shop.rows(table))
    await write(shop, erasure.erase_chat(shop.house, await owner(shop), other))
    shown = await browser.post(PATH, {"incident": [row[0]]}, "persons")
    assert "At most 1 person, computed now." in shown.text
    assert shop.rows("incidents")[0][10] == 2, "the number of its day stays"


async def test_an_address_whose_time_is_over_stays_sealed(shop: Shop, clock: FakeClock) -> None:
    tab = await shop.visitor()
    await tab.enter()
    await tab.say("leave", id=new_id(), text="By mail, please.", mail="ingrid@example.org")
    chat = (await tab.hear("chat"))["chat"]["id"]
    tom = await shop.operator("Tom")
    await tom.ask("take", "chat", chat=chat)
    await tom.say("end", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    who = await owner(shop)
    key = await write(shop, incidents.enter(shop.house, who, new(clock), 1))
    seen = await shop.house.engine.read(lambda sql: incidents.persons(shop.house, who, key, sql))
    assert [one.mail for one in seen.named] == ["ingrid@example.org"]
    clock.pass_(181 * DAY)
    who = await owner(shop)
    seen = await shop.house.engine.read(lambda sql: incidents.persons(shop.house, who, key, sql))
    assert [(one.label, one.mail) for one in seen.named] == [(label(chat), "")]


async def test_an_admin_limited_to_another_site_reads_no_names(shop: Shop, clock: FakeClock) -> None:
    await shop.writer("here")
    key = await write(shop, incidents.enter(shop.house, await owner(shop), new(clock), 1))
    eve = await shop.add_user("Eve", "admin")
    await edit(shop, f"INSERT INTO user_limits VALUES ('{eve}', 'site', 'another')")
    who = await session(shop, eve)
    seen = await shop.house.engine.read(lambda sql: incidents.persons(shop.house, who, key, sql))
    assert (seen.persons, seen.named) == (1, [])


async def test_nobody_else_opens_or_marks_it(shop: Shop, clock: FakeClock) -> None:
    key = await write(shop, incidents.enter(shop.house, await owner(shop), new(clock), 0))
    fox = await found_fox(shop)
    fred = await session(shop, fox.owner)
    for unit in (
        incidents.amend(shop.house, fred, key, WORDS), incidents.mark(shop.house, fred, key, "closed"),
        incidents.note_look(shop.house, fred, key),
    ):  # fmt: skip
        await refused(shop, unit, NotFound, "not_found")
    tom = await session(shop, await shop.add_user("Tom"))
    await refused(shop, incidents.enter(shop.house, tom, new(clock), 0), NotFound, "not_found")
    await refused(shop, incidents.mark(shop.house, tom, key, "closed"), NotFound, "not_found")
    assert WORDS.facts not in (await Browser(shop, await shop.sign_in(fox.owner)).get(PATH)).html
    await write(shop, incidents.mark(shop.house, await owner(shop), key, "closed"))
    await refused(shop, incidents.mark(shop.house, await owner(shop), key, "told"), Conflict, "incident_settled")


async def test_counting_has_a_limit(shop: Shop) -> None:
    browser = await maja(shop)
    last = 0
    for _ in range(61):
        last = (await browser.post(PATH, form(shop), "enter")).status
    assert last == 429
    assert len(shop.rows("incidents")) == 60
