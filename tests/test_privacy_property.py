"""For any declaration and any people: database, WAL, files, logs, exports and every audience's frames hold *exactly* what the
declaration allows of each field, no more and no less, at its level and nothing finer (PRIVACY 6).

Each seed is one life of a shop: people who only look, who write, agree, object, correct, ask, forget and are erased; a second
declaration in the middle; chats that end; days that pass. The model is tests/universe.py.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from l2s.actions import bundling, disclosures
from l2s.actions.disclosures import Wanted
from l2s.actions.policies import post_version
from l2s.jobs.retention import Run
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import MEMORY, Rule, When, days, up_to
from tests.canaries import address_forms, canary, forms, hidden, search
from tests.conftest import FakeClock, shop_at
from tests.lives import Life
from tests.personas import Shop, Visitor, new_id
from tests.universe import DAY, Needle, Person, Sight

SEEDS = 2
DETAILS = "address browser page referrer name mail"


def test_the_fast_search_finds_whatever_the_slow_one_does() -> None:
    word = canary("self-test")
    for place in hidden(word):
        assert Sight(place).has(Needle(word.encode())), place
    assert not Sight(b"nothing of the kind" * 100).has(Needle(word.encode()))
    for address in ("203.0.105.177", "2001:db8:4f1:a1b2:c3d4:e5f6:1234:2"):
        packed = frozenset(address_forms(address))
        for place in packed:
            assert Sight(b"before" + place + b"after").has(Needle(address.encode(), packed=packed))


def kept(cls: str, when: When, keep: int = days(30)) -> dict[str, Rule]:
    """FACTORY with another rule for one class."""
    return FACTORY["site"] | {cls: Rule(1, when, keep, frozenset({"answer", "comply"}), up_to("admin"))}


@pytest.mark.parametrize("cls", ["name", "browser", "device_token", "consent"])
async def test_what_is_for_memory_alone_is_never_written(still_shop: Shop, cls: str) -> None:
    shop, one = still_shop, Person("memory", 0)
    await shop.house.engine.write(post_version(shop.house, shop.site, kept(cls, When.UNLESS_OBJECTED, MEMORY)))
    tab = await shop.visitor(headers={"User-Agent": f"Mozilla/5.0 (X11; Linux) {one.word('agent')}/9 Firefox/150.0"})
    await tab.enter(one.token)
    await tab.ask("leave", "left", id=new_id(), text="hello", mail="i@x.example", name=one.word("name"))
    columns = {"name": ("details", 1), "browser": ("details", 4), "device_token": ("visitors", 3), "consent": ("consents", 5)}
    table, column = columns[cls]
    assert [row[column] for row in shop.rows(table)] == [None]


async def asked(shop: Shop, when: When, act: str | None) -> tuple[Visitor, str]:
    """A visitor who chose something, wrote, and has a question: (tab, what became of it)."""
    await shop.house.engine.write(post_version(shop.house, shop.site, kept("case", when)))
    tab = await shop.visitor()
    await tab.enter()
    if act:
        version = max(frame["law"]["version"] for frame in tab.frames if "law" in frame)
        await tab.ask(act, "law", on=True, **({"version": version} if act == "tick" else {}))
    await tab.write("hello")
    await tab.say("ask", id=new_id(), text="What is held?", contact="i@x.example")
    await tab.quiet()
    return tab, next(frame["type"] for frame in reversed(tab.frames) if frame["type"] in ("asked", "refused"))


@pytest.mark.parametrize(
    ("when", "act", "told"),
    [
        (When.TICKED, None, "refused"), (When.TICKED, "tick", "asked"), (When.UNLESS_OBJECTED, "object", "refused"),
        (When.UNLESS_OBJECTED, None, "asked"), (When.ALWAYS, "object", "asked"),
    ],
)  # fmt: skip
async def test_a_question_is_kept_as_its_visitor_stands_to_it(shop: Shop, when: When, act: str | None, told: str) -> None:
    assert (await asked(shop, when, act))[1] == told
    assert len(shop.rows("cases")) == (told == "asked")


async def test_a_question_of_somebody_who_objects_later_is_read_by_nobody_and_goes_at_night(still_shop: Shop) -> None:
    shop = still_shop
    tab, _ = await asked(shop, When.UNLESS_OBJECTED, None)
    cookie = await shop.sign_in(shop.made.owner)

    async def shown() -> bool:
        async with shop.http.get(f"{shop.base}/console/privacy/questions", headers={"Cookie": cookie}) as answer:
            return "What is held?" in await answer.text()

    assert await shown(), "premise"
    await tab.ask("object", "law", on=True)
    assert not await shown()
    await Run(shop.house).whole()
    assert [(row[5], row[6]) for row in shop.rows("cases")] == [(None, None)], "and the bytes follow"


async def the_desk(life: Life, one: Person) -> None:
    """The conversation as Tom and Ada read it."""
    for user, reader in ((life.tom, "operator" if one.owner else "team"), (life.ada, "admin")):
        await user.say("open", chat=one.chat)
        if not life.reachable(one):
            assert (await user.hear("refused"))["code"] == "not_found"
            continue
        shown = await user.hear("conversation")
        life.compare(one, f"conversation of {reader}", json.dumps(shown).encode(), f"{DETAILS} message about", "answer", reader)
        stamp = life.stamps.get(one)
        level = one.reads(life.law, stamp, life.clock.at(), "answer", reader) if stamp else None
        if level is not None:
            times = [message["at"] for message in shown["messages"]]
            fine = {0: lambda at: at is None, 1: lambda at: at % DAY == 0, 2: lambda at: at % DAY != 0}[level]
            assert all(map(fine, times)), (level, times)


async def the_person(life: Life, one: Person) -> None:
    """My data, and the conversation as its visitor comes back to it."""
    tab: Visitor = await life.shop.connect("/ws/visitor", Visitor, **one.headers())
    life.heard.append((one.seed, tab))
    await tab.say("hello", protocol=1, site=life.shop.site, token=one.token)
    known = life.shop.house.keys.visitor(life.shop.site, one.token) in [row[0] for row in life.shop.rows("visitors")]
    if known and not life.token_lives(one):
        assert (await tab.hear("refused"))["code"] == "token_ended"
        return
    words = json.dumps(await tab.hear("welcome")).encode()
    life.compare(one, "welcome", words if life.reachable(one) else b"", "message" if life.reachable(one) else "")
    told = await tab.ask("my_data", "my_data", take=True)
    life.compare(one, "my data", json.dumps(told).encode(), f"{DETAILS} about")
    await tab.close()


async def given_out(life: Life, one: Person) -> None:
    """A disclosure's bundle: whatever lies there, for the law alone."""
    house, engine, (maja, ada) = life.shop.house, life.shop.house.engine, life.sessions
    if not life.reachable(one):
        return
    wanted = Wanted("legal", "District court", "17 Cs 4/27", "Everything", [one.chat], life.clock.at() + 30 * DAY, "a gag")
    key = await engine.write(disclosures.ask(house, maja, wanted))
    await engine.write(disclosures.approve(house, ada, key))
    made = await engine.read(lambda sql: bundling.prepare(house, maja, key, "read me", sql))
    await engine.write(disclosures.hand_over(house, maja, key, made))
    with zipfile.ZipFile(io.BytesIO(made.bundle.data)) as archive:
        whole = b"\n".join(archive.read(name) for name in archive.namelist())
    life.compare(one, "bundle", whole, f"{DETAILS} message about")


async def pages(life: Life) -> None:
    """Everything else that can be taken along or looked at: files for programs, and the cabinet's drawers."""
    site = life.shop.site
    plain = ("/readyz", f"/privacy/{site}/capture.json", f"/privacy/{site}/versions", f"/privacy/{site}/versions/1.json",
             f"/privacy/{site}", f"/l2s.js?site={site}", f"/now/{site}.js", "/console/privacy/record.csv",
             "/console/privacy/record", "/console/privacy/audit", "/console/privacy/holds", "/console/privacy/left",
             f"/console/privacy/{site}", f"/console/sites/{site}", "/console/users")  # fmt: skip
    for path in plain:
        life.compare(None, path, await page(life, path), "")
    life.compare(None, "questions", await page(life, "/console/privacy/questions"), "case", "comply", "admin")


async def page(life: Life, path: str) -> bytes:
    async with life.shop.http.get(life.shop.base + path, headers={"Cookie": life.cookie, "Accept": "*/*"}) as answer:
        assert answer.status in (200, 503 if path == "/readyz" else 200), path
        return await answer.read()


async def everywhere(life: Life, people: list[Person], bytes_too: bool = True) -> None:
    """Every audience and every export, and the bytes themselves."""
    for one in people:
        if one.chat:
            await the_desk(life, one)
            await the_person(life, one)
            await given_out(life, one)
    await pages(life)
    wrong = life.disk() if bytes_too else []
    assert not wrong, wrong


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_what_lies_and_what_is_told_is_exactly_what_was_declared(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], seed: int
) -> None:
    caplog.set_level(logging.DEBUG)
    rates = {"rate_chats": 0, "rate_peers": 0, "rate_signin": 1000, "trusted_proxies": ["127.0.0.1"]}
    async with shop_at(tmp_path, clock, **rates) as shop:
        life = Life(shop, clock, seed)
        await life.open()
        for one in life.people:
            life.pass_(1000)
            await life.begin(one)
            if one.chat:
                await life.talk(one)
        life.note_ever()
        await everywhere(life, life.people)
        await life.change()
        life.note_ever()
        await everywhere(life, life.people, bytes_too=False)  # from the instant nobody reads what the night will take
        await life.night()
        await everywhere(life, life.people)
        await life.end()
        life.pass_(life.dice.choice((1, 2, 6, 31)) * DAY)
        await life.sign_in(life.tom.id, life.ada.id)
        await everywhere(life, life.people, bytes_too=False)
        await life.night()
        await everywhere(life, life.people)
        wrong = life.overheard()
        assert not wrong, wrong
        found: list[Any] = [needle for one in life.people for needle in one.nothing()]
        found += [needle for one in life.people for datum in one.told for needle in datum.needles]
        logs = Sight(caplog.text.encode(), "".join(capfd.readouterr()).encode())
        assert [needle for needle in found if logs.has(needle)] == []
        assert life.seen["read"], "premise: something was read"
        assert life.seen["hidden"], "premise: something was hidden"
        sure = life.dice.sample([needle.text.decode() for one in life.people for needle in one.nothing()], 3)
        assert [search(tmp_path, forms(word)) for word in sure] == [[], [], []], "and so says the slow search"
