"""Backups are whole and hold nothing that was erased; putting an older one back brings nothing back."""

from __future__ import annotations

import asyncio
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from l2s.actions import erasure, holds, people, policies, signins
from l2s.actions.signins import Device
from l2s.clock import DAY
from l2s.config import Settings
from l2s.domain.people import HOST
from l2s.errors import DataError, StartError
from l2s.jobs.retention import Run
from l2s.privacy.factory import FACTORY
from l2s.privacy.ledger import in_force
from l2s.store import backup, ledger
from l2s.web.app import opened
from l2s.web.host import VERBS
from l2s.web.hostdoor import restore
from tests.canaries import canary, forms, search
from tests.conftest import FakeClock, shop_at
from tests.personas import HASHED, Shop
from tests.processes import l2s

WORD, OTHER = canary("erased"), canary("stays")


async def made(shop: Shop, to: str = "") -> Path:
    answer = await VERBS["make_backup"](shop.house, shop.urls, {"to": to})
    return Path(answer["file"])


async def test_a_backup_of_a_serving_server_is_whole_private_and_says_when_it_goes(tmp_path: Path) -> None:
    async with shop_at(tmp_path / "data") as shop:
        tab, _ = await shop.writer(f"hello {OTHER}")
        writes = [tab.write(f"more {n}") for n in range(20)]
        task = asyncio.create_task(made(shop))
        for one in writes:
            await one
        path = await task
        assert path.parent == tmp_path / "data" / "backups"
        assert path.stat().st_mode & 0o777 == 0o600
        manifest = backup.read(path)
        assert manifest.delete_by == manifest.made_at + 14 * DAY
        with tarfile.open(path) as archive:
            assert sorted(archive.getnames()) == ["l2s.db", "ledger.jsonl", "manifest.json", "secret"]
        assert search(path.parent, forms(OTHER)), "premise: it holds the words"
        with pytest.raises(StartError, match="there already"):
            await made(shop, str(path))
        assert not list(path.parent.glob(".*")), "nothing half made stays"


async def test_a_backup_holds_no_bytes_of_what_was_erased_before_it(tmp_path: Path) -> None:
    async with shop_at(tmp_path / "data") as shop:
        tab, _ = await shop.writer(f"hello {WORD}")
        await shop.writer(f"hello {OTHER}")
        visitor = shop.house.keys.visitor(shop.site, tab.token)
        at, steady = shop.house.clock.at(), shop.house.clock.steady()
        await shop.house.engine.write(lambda sql: erasure.erased_visitor(shop.house, sql, visitor, at, steady))
        folder = tmp_path / "out"
        folder.mkdir()
        await made(shop, str(folder))
        assert search(folder, forms(OTHER))
        assert search(folder, forms(WORD)) == [], "even before the scrub"


async def test_an_older_backup_brings_nothing_back(tmp_path: Path, clock: FakeClock) -> None:
    data = tmp_path / "data"
    async with shop_at(data, clock) as shop:
        house, engine = shop.house, shop.house.engine
        gone, _ = await shop.writer(f"hello {WORD}")
        objector, _ = await shop.writer(f"hello {OTHER}", page="https://shop.example/a")
        forgetful, _ = await shop.writer("hello")
        tom, ada = await shop.add_user("Tom"), await shop.add_user("Ada")
        cookie = await shop.sign_in(shop.made.owner)
        path = await made(shop)
        visitor = house.keys.visitor(shop.site, gone.token)
        at, steady = clock.at(), clock.steady()
        receipt = await engine.write(lambda sql: erasure.erased_visitor(house, sql, visitor, at, steady))
        await objector.ask("object", "law", on=True)
        await forgetful.ask("forget", "forgotten")
        short = {cls: one for cls, one in FACTORY["site"].items() if cls != "page"}
        await engine.write(policies.post_version(house, shop.site, short))
        session = await engine.read(lambda sql: signins.session_of(house, cookie.partition("=")[2], sql))
        assert session
        await engine.write(people.change_user(house, session[0], tom, disable=True))
        secret = await engine.write(people.user_link(house, HOST, "ada@larch.example"))
        await engine.write(people.use_link(house, secret, HASHED, Device("127.0.0.1", "")))
        site, marks = shop.site, (house.keys.visitor(shop.site, objector.token), house.keys.visitor(shop.site, forgetful.token))
    told = await restore(Settings(data=str(data), port=0), path, clock)
    assert told["entries_done_again"] >= 6
    async with opened(Settings(data=str(data), port=0), clock) as live:
        rows: dict[str, Any] = await live.house.engine.read(
            lambda sql: {
                "visitors": dict(sql.all("SELECT id, objected FROM visitors")),
                "alive": dict(sql.all("SELECT id, token_hash IS NOT NULL FROM visitors")),
                "users": {row[0]: row[1:] for row in sql.all("SELECT id, state, password IS NULL FROM users")},
                "sessions": sql.one("SELECT count(*) FROM sessions WHERE ended_at IS NULL"),
                "law": in_force("site", ledger.laws(sql, site)),
                "restored": sql.one("SELECT count(*) FROM ledger WHERE kind = 'restored'"),
            }
        )
        assert visitor not in rows["visitors"]
        assert rows["visitors"][marks[0]] == 1, "the objection holds"
        assert rows["alive"][marks[1]] == 0, "the token stays forgotten"
        assert rows["users"][tom][0] == "disabled"
        assert rows["users"][ada][1] == 1, "an older password opens nothing"
        assert rows["sessions"] == (0,)
        assert "page" not in rows["law"]
        assert rows["restored"] == (1,)
        again, _ = await live.house.engine.read(lambda sql: erasure.find_receipt(live.house, receipt.code, sql))
        assert again is not None
        assert again.overwritten_at is not None
    files = [name for name in search(data, forms(WORD)) if not name.startswith("backups/")]
    assert files == []


async def test_what_was_held_since_an_older_backup_is_held_again(tmp_path: Path, clock: FakeClock) -> None:
    data = tmp_path / "data"
    async with shop_at(data, clock) as shop:
        house, engine = shop.house, shop.house.engine
        tab, chat = await shop.writer(f"hello {WORD}")
        tom = await shop.operator("Tom")
        await tom.ask("take", "chat", chat=chat)
        await tom.ask("end", "chat", chat=chat)
        path = await made(shop)
        ada = await shop.add_user("Ada", "admin")
        one, two = [await session_of(shop, user) for user in (shop.made.owner, ada)]
        until = clock.at() + 100 * DAY
        key = await engine.write(holds.ask(house, one, [chat], "A court asked.", until))
        await engine.write(holds.approve(house, two, key))
        visitor = house.keys.visitor(shop.site, tab.token)
        at, steady = clock.at(), clock.steady()
        receipt = await engine.write(lambda sql: erasure.erased_visitor(house, sql, visitor, at, steady))
        assert receipt.kept[0].n == 1, "premise: the person is erased but for what is held"
    await restore(Settings(data=str(data), port=0), path, clock)
    async with opened(Settings(data=str(data), port=0), clock) as live:
        rows = await live.house.engine.read(lambda sql: sql.all("SELECT id, held_until FROM chats"))
        assert rows == [(chat, until)], "kept by law, although its person was erased"
        alive = await live.house.engine.read(lambda sql: sql.one("SELECT token_hash IS NOT NULL FROM visitors"))
        assert alive == (0,)
    clock.pass_(101 * DAY)
    async with opened(Settings(data=str(data), port=0), clock) as live:
        await Run(live.house).whole()
        assert await live.house.engine.read(lambda sql: sql.all("SELECT id FROM chats")) == []


async def session_of(shop: Shop, user: str) -> str:
    cookie = await shop.sign_in(user)
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, cookie.partition("=")[2], sql))
    assert found is not None
    return found[0]


async def test_a_backup_comes_back_on_a_new_box(tmp_path: Path) -> None:
    async with shop_at(tmp_path / "data") as shop:
        await shop.writer(f"hello {OTHER}")
        path = await made(shop, str(tmp_path))
    fresh = tmp_path / "fresh"
    told = await restore(Settings(data=str(fresh), port=0), path)
    assert told["set_aside"] is None
    async with opened(Settings(data=str(fresh), port=0)) as live:
        assert await live.house.engine.read(lambda sql: sql.one("SELECT count(*) FROM chats")) == (1,)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20_000])


def _flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[raw.find(b"SQLite format 3") + 5000] ^= 1
    path.write_bytes(raw)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_cut, _flip, _empty])
async def test_a_harmed_backup_is_refused_and_changes_nothing(tmp_path: Path, harm: Any) -> None:
    data = tmp_path / "data"
    async with shop_at(data) as shop:
        await shop.writer("hello")
        path = await made(shop, str(tmp_path / "b.tar"))
    harm(path)
    before = {one.name: one.read_bytes() for one in data.iterdir() if one.is_file()}
    with pytest.raises(DataError):
        await restore(Settings(data=str(data), port=0), path)
    after = {one.name: one.read_bytes() for one in data.iterdir() if one.is_file()}
    assert {name: raw for name, raw in after.items() if name != "lock"} == {
        name: raw for name, raw in before.items() if name != "lock"
    }


async def test_another_servers_backup_or_history_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        async with shop_at(tmp_path / name) as shop:
            await made(shop, str(tmp_path / f"{name}.tar"))
    with pytest.raises(DataError, match="another server"):
        await restore(Settings(data=str(tmp_path / "one"), port=0), tmp_path / "two.tar")
    with pytest.raises(DataError, match="cannot be read"):
        await restore(Settings(data=str(tmp_path / "one"), port=0), tmp_path / "none.tar")


async def test_the_command_line_makes_one_beside_a_serving_server_and_refuses_to_restore_into_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with shop_at(data) as shop:
        await shop.writer("hello")
        done = await l2s(data, "backup")
        assert done.code == 0, done.err
        path = json.loads(done.out)["file"]
        assert os.path.getsize(path) == json.loads(done.out)["bytes"]
        refused = await l2s(data, "restore", path)
        assert refused.code == 1
        assert "in use" in refused.err
    done = await l2s(data, "restore", path)
    assert done.code == 0, done.err
    assert Path(json.loads(done.out)["set_aside"]).exists()
