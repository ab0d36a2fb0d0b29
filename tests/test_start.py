"""Starting and stopping, as processes: what is wrong is one clear line with a remedy, and nothing is ever made anew over it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from l2s.actions import policies
from l2s.errors import DataError
from l2s.privacy.factory import FACTORY
from l2s.privacy.ledger import Entry, seal
from l2s.store import migrate
from tests.conftest import shop_at
from tests.personas import GUARD, PASSWORD, new_id
from tests.processes import Done, l2s, prints, served_again, serving, sql


class Kept(NamedTuple):
    """Data directories that a server left behind: `now`, and `old`: as it was before an erasure and a version."""

    now: Path
    old: Path
    site: str
    chats: list[str]


@pytest.fixture(scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    now, old = tmp_path_factory.mktemp("now") / "data", tmp_path_factory.mktemp("old") / "data"
    async with shop_at(now) as shop:
        made, site = shop.made, shop.site
        tabs = [await shop.writer(text) for text in ("Keep this", "Erase that")]
    shutil.copytree(now, old)
    async with served_again(now, made) as shop:
        maja = await shop.console(made.owner)
        await maja.ask("erase", "erased", chat=tabs[1][1])
        narrower = {name: rule for name, rule in FACTORY["site"].items() if name != "page"}
        await shop.house.engine.write(policies.post_version(shop.house, site, narrower))
    return Kept(now, old, site, [chat for _, chat in tabs])


# What is wrong with the files: each start is refused, and they are as before.


def _page(data: Path, where: str) -> None:
    """Garbage over the page that holds a table's root, or over the list of tables."""
    page = 1 if where == "schema" else sql(data, f"SELECT rootpage FROM sqlite_master WHERE name = '{where}'")[0][0]
    size = sql(data, "PRAGMA page_size")[0][0]
    with (data / "l2s.db").open("r+b") as file:
        file.seek(max(100, (page - 1) * size))
        file.write(os.urandom(size - 100))


def _cut(data: Path) -> None:
    os.truncate(data / "l2s.db", (data / "l2s.db").stat().st_size // 2)


def _foreign(data: Path) -> None:
    (data / "l2s.db").unlink()
    sql(data, "CREATE TABLE recipes (name TEXT)")


def _bare(data: Path) -> None:
    """A whole SQLite file that holds nothing, beside a ledger that says there were promises."""
    (data / "l2s.db").unlink()
    sql(data, "VACUUM")


def _edit_line(data: Path, change: Callable[[list[Entry]], list[Entry]]) -> None:
    path = data / "ledger.jsonl"
    lines = [msgspec.json.decode(line, type=Entry) for line in path.read_bytes().splitlines()]
    path.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in change(lines)))


def _edited(lines: list[Entry]) -> list[Entry]:
    """One word of one promise is another, its hash is as it was."""
    first = lines[0]
    edited = msgspec.structs.replace(first, data=first.data.replace('"days":365', '"days":3650'))
    assert edited != first, "premise: something was edited"
    return [edited, *lines[1:]]


def _forked(lines: list[Entry]) -> list[Entry]:
    """A last entry that follows from itself, but is not what the database holds."""
    last = lines[-1]
    return [*lines[:-1], seal(last.position, last.scope, "opened", last.moment, "{}", last.previous)]


def _only_ledger(data: Path) -> None:
    for path in data.iterdir():
        if path.name != "ledger.jsonl":
            path.unlink()


def _write(name: str, body: bytes) -> Callable[[Path], None]:
    return lambda data: (data / name).write_bytes(body) and None


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer schema": (lambda data: sql(data, "PRAGMA user_version=9999"), "newer l2s (schema 9999"),
    "damaged list of tables": (lambda data: _page(data, "schema"), "is damaged"),
    "damaged ledger table": (lambda data: _page(data, "ledger"), "is damaged"),
    "truncated": (_cut, "it was cut off"),
    "empty": (_write("l2s.db", b""), "is empty"),
    "text": (_write("l2s.db", b"Dear diary " * 100), "is not an SQLite database"),
    "another program's database": (_foreign, "database of another program"),
    "a database without tables": (_bare, "l2s.db"),
    "missing database": (lambda data: (data / "l2s.db").unlink(), "l2s.db is missing"),
    "missing key": (lambda data: (data / "secret").unlink(), "secret is missing"),
    "only the ledger is left": (_only_ledger, "is missing"),
    "short key": (_write("secret", b"short"), "secret is damaged"),
    "edited ledger line": (lambda data: _edit_line(data, _edited), "ledger"),
    "forked ledger": (lambda data: _edit_line(data, _forked), "two different histories"),
    "missing ledger": (lambda data: (data / "ledger.jsonl").unlink(), "ledger.jsonl is missing"),
    "garbage in the ledger": (_write("ledger.jsonl", b"{}\nnonsense\n"), "ledger.jsonl is damaged"),
}


class Outcome(NamedTuple):
    """A refused start, and the files before and after."""

    done: Done
    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
async def outcomes(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """All of them, two at once."""

    async def one(name: str) -> Outcome:
        data = tmp_path_factory.mktemp("broken") / "data"
        shutil.copytree(kept.now, data)
        BROKEN[name][0](data)
        before = prints(data)
        done = await l2s(data, "user", "link", "maja@larch.example")
        return Outcome(done, before, prints(data))

    return dict(zip(BROKEN, await asyncio.gather(*map(one, BROKEN)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_data_directory_is_refused_and_left_alone(outcomes: dict[str, Outcome], name: str) -> None:
    done, before, after = outcomes[name]
    assert done.code == 1
    assert re.fullmatch(r"l2s: [^\n]+\n", done.err), done.err
    assert BROKEN[name][1] in done.err
    assert re.search(r"Restore|Put (it )?back|Install|Choose|start with", done.err), "a remedy"
    assert after == before, "not one byte is another"


async def test_serve_refuses_a_broken_data_directory_too(kept: Kept, tmp_path: Path) -> None:
    shutil.copytree(kept.now, tmp_path / "data")
    _cut(tmp_path / "data")
    done = await l2s(tmp_path / "data", "serve", "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(r"l2s: [^\n]+\n", done.err)


# What mends itself.


async def test_an_older_database_is_given_back_what_it_forgot(kept: Kept, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.old, data)
    shutil.copy(kept.now / "ledger.jsonl", data)
    assert sorted(row[0] for row in sql(data, "SELECT id FROM chats")) == sorted(kept.chats), "premise: it forgot the erasure"
    assert (await l2s(data, "user", "link", "maja@larch.example")).code == 0
    assert sql(data, "SELECT id FROM chats") == [(kept.chats[0],)]
    assert sql(data, "SELECT count(*) FROM messages WHERE body = 'Erase that'") == [(0,)]
    assert sql(data, "SELECT hash FROM ledger ORDER BY position") == sql(kept.now, "SELECT hash FROM ledger ORDER BY position")
    assert sql(data, "SELECT law_head FROM sites") == sql(kept.now, "SELECT law_head FROM sites"), "the version acts again"


@pytest.mark.parametrize("tail", [b'{"position": 99, "sco', b"\x00\xff"])
async def test_a_torn_last_line_is_cut_off(kept: Kept, tmp_path: Path, tail: bytes) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    whole = (data / "ledger.jsonl").read_bytes()
    (data / "ledger.jsonl").write_bytes(whole + tail)
    assert (await l2s(data, "user", "link", "maja@larch.example")).code == 0
    assert (data / "ledger.jsonl").read_bytes() == whole


async def test_an_entry_that_the_mirror_lost_in_a_crash_is_written_again(kept: Kept, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    whole = (data / "ledger.jsonl").read_bytes()
    (data / "ledger.jsonl").write_bytes(whole[:-20])
    assert (await l2s(data, "user", "link", "maja@larch.example")).code == 0
    assert (data / "ledger.jsonl").read_bytes() == whole


# Address, directory, second instance, signals.


async def test_a_taken_port_is_named_with_its_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await l2s(tmp_path / "data", "serve", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err == f"l2s: Port {port} on 127.0.0.1 is taken. Stop what uses it, or choose another with --port.\n"


async def test_an_address_that_is_not_ours_is_named(tmp_path: Path) -> None:
    done = await l2s(tmp_path / "data", "serve", "--host", "192.0.2.1", "--port", "0")
    assert done.code == 1
    assert re.fullmatch(r"l2s: 192\.0\.2\.1:0 cannot be listened on \([^\n]+--host, --port\.\n", done.err)


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = await l2s(tmp_path / "file" / "data", "serve", "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(rf"l2s: {tmp_path}/file/data cannot be used \([^\n]+--data\.\n", done.err)
    assert (tmp_path / "file").read_text() == "in the way"


async def test_a_second_server_is_refused_by_name_and_commands_ask_the_first(kept: Kept, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    async with serving(data) as (process, address, _):
        second = await l2s(data, "serve", "--port", "0")
        assert second.code == 1
        assert re.fullmatch(rf"l2s: [^\n]+in use by process {process.pid}: [^\n]+\n", second.err)
        told = await l2s(data, "user", "link", "maja@larch.example")
        assert told.out.startswith(f"{address}/link/"), "the running server answered, with its own address"
    assert (data / "lock").read_bytes() == b"", "nobody holds it any more"


async def test_the_first_start_keeps_its_link_from_the_terminals_log(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as (_, address, lines):
        path = tmp_path / "data" / "owner.link"
        assert path.stat().st_mode & 0o777 == 0o600
        link = path.read_text().strip()
        assert link.startswith(f"{address}/link/")
        assert not any("/link/" in line for line in lines)
    for name in ("l2s.db", "secret", "ledger.jsonl"):
        assert (tmp_path / "data" / name).stat().st_mode & 0o777 == 0o600, name
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_with_0_while_sockets_are_open(kept: Kept, tmp_path: Path, number: int) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    async with serving(data) as (process, address, _), aiohttp.ClientSession() as http:
        reads = await http.ws_connect(f"{address}/ws/visitor", headers={"Origin": address})
        await reads.send_json({"type": "hello", "protocol": 1, "site": kept.site})
        assert (await reads.receive_json())["type"] == "welcome"
        silent = await http.ws_connect(f"{address}/ws/visitor", headers={"Origin": address})  # never says hello, never reads
        idle = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        process.send_signal(number)
        async with asyncio.timeout(GUARD / 2):
            assert (await reads.receive_json())["type"] == "restart"
            assert (await reads.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            assert reads.close_code == 1012
            assert await process.wait() == 0
        idle[1].close()
        await silent.close()
    assert not (data / "l2s.db-wal").exists(), "everything is in the one file that a person would copy"
    assert sql(data, "PRAGMA integrity_check") == [("ok",)]


# Commands.


def _init(password: Path, **more: str) -> list[str]:
    words = {"owner-email": "maja@larch.example", "site-name": "Larch", "origin": "larch.example"} | more
    return ["init", *(word for name, value in words.items() for word in (f"--{name}", value)), "--password-file", str(password)]


@pytest.mark.slow
async def test_init_makes_one_account_and_more_by_name(tmp_path: Path) -> None:
    data, password = tmp_path / "data", tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    first = await l2s(data, *_init(password))
    made = json.loads(first.out)
    assert f"site={made['site']}" in made["tag"]
    before = sql(data, "SELECT id FROM accounts")
    again = await l2s(data, *_init(password))
    assert (again.code, again.out) == (1, "")
    assert re.fullmatch(r"l2s: There is an owner already\. [^\n]*--account[^\n]*l2s user link[^\n]*\n", again.err)
    assert sql(data, "SELECT id FROM accounts") == before
    taken = await l2s(data, *_init(password), "--account", "Fox")
    assert (taken.code, taken.err) == (1, "l2s: Somebody uses this mail address here already.\n")
    other = await l2s(data, *_init(password, **{"owner-email": "fred@fox.example"}), "--account", "Fox")
    assert json.loads(other.out)["account"] != made["account"]
    assert len(sql(data, "SELECT id FROM accounts")) == 2


WRONG: dict[str, tuple[dict[str, str], bytes | None, str]] = {
    "absent file": ({}, None, "password: cannot be read (No such file"),
    "not text": ({}, b"\xff\xfe\xff" * 10, "password: cannot be read"),
    "short": ({}, b"short", "At least 15 characters"),
    "common": ({}, b"passwordpassword", "common or simple"),
    "bad origin": ({"origin": "not an origin"}, PASSWORD.encode(), "not an origin is not a site's address"),
    "bad mail": ({"owner-email": "maja"}, PASSWORD.encode(), "not a whole mail address"),
    "empty name": ({"site-name": " "}, PASSWORD.encode(), "Give the site a name"),
}


@pytest.fixture(scope="module")
async def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Done, list[Any]]]:
    async def one(name: str) -> tuple[Done, list[Any]]:
        folder = tmp_path_factory.mktemp("wrong")
        more, password, _ = WRONG[name]
        if password is not None:
            (folder / "password").write_bytes(password)
        done = await l2s(folder / "data", *_init(folder / "password", **more))
        return done, sql(folder / "data", "SELECT id FROM accounts") if (folder / "data").exists() else []

    return dict(zip(WRONG, await asyncio.gather(*map(one, WRONG)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_init_says_what_and_makes_nothing(refusals: dict[str, tuple[Done, list[Any]]], name: str) -> None:
    done, accounts = refusals[name]
    assert (done.code, done.out, accounts) == (1, "", [])
    assert re.fullmatch(r"l2s: [^\n]+\n", done.err), done.err
    assert WRONG[name][2] in done.err


async def test_user_commands_refuse_whom_they_do_not_know(kept: Kept, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    nobody = await l2s(data, "user", "link", "nobody@larch.example")
    assert (nobody.code, nobody.err) == (1, "l2s: Nobody here has this mail address.\n")
    account = await l2s(data, "user", "add", "new@larch.example", "--account", new_id())
    assert (account.code, account.err) == (1, "l2s: There is no such account.\n")
    absent = await l2s(tmp_path / "none", "user", "link", "maja@larch.example")
    assert (absent.code, (tmp_path / "none").exists()) == (1, False)
    assert "Run `l2s serve` or `l2s init` first" in absent.err


# A second schema.


def _planted(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    ours = migrate.migrations()
    more = list(enumerate(texts, len(ours) + 1))
    monkeypatch.setattr(migrate, "migrations", lambda: [*ours, *more])


async def test_an_older_schema_is_copied_before_it_is_brought_to_now(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    _planted(monkeypatch, "CREATE TABLE extra (n INTEGER) STRICT;\n-- why\nINSERT INTO extra VALUES (1);")
    migrate.prepare(data)
    newest = len(migrate.migrations())
    assert sql(data, "PRAGMA user_version") == [(newest,)]
    assert sql(data, "SELECT n FROM extra") == [(1,)]
    copy = data / f"snapshot-{newest - 1:04}.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (newest - 1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT id FROM chats").fetchall() == [(kept.chats[0],)]
    stamp = copy.stat().st_mtime_ns
    migrate.prepare(data)
    assert copy.stat().st_mtime_ns == stamp, "only before a migration"
    monkeypatch.undo()
    with pytest.raises(DataError, match="newer l2s"):
        migrate.prepare(data)


def test_the_first_schema_is_brought_to_now_with_what_lies_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = migrate.migrations()[:1]
    with monkeypatch.context() as older:
        older.setattr(migrate, "migrations", lambda: first)
        path = migrate.prepare(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO accounts VALUES ('a', 'Larch', 1, 1)")
        connection.execute("INSERT INTO departments VALUES ('d', 'a', 'Shop', 1)")
        connection.execute(
            "INSERT INTO sites (id, account_id, department_id, name, origins, language, controller, privacy_contact, law_head,"
            " created_at) VALUES ('s', 'a', 'd', 'Shop', '', 'en', 'Larch', 'x', 1, 1)"
        )
        connection.execute(
            "INSERT INTO visitors (id, account_id, site_id, token_hash, created_at, since) VALUES ('v', 'a', 's', x'01', 1, 1)"
        )
        connection.execute(
            "INSERT INTO chats (id, account_id, site_id, department_id, visitor_id, nth, state, rev, pub, said, language,"
            " since) VALUES ('c', 'a', 's', 'd', 'v', 1, 'closed', 1, 1, 1, 'en', 1)"
        )
        connection.commit()
    migrate.prepare(tmp_path)
    assert sql(tmp_path, "PRAGMA user_version") == [(len(migrate.migrations()),)]
    assert sql(tmp_path, "SELECT id, held_until FROM chats") == [("c", None)]
    assert sql(tmp_path, "SELECT id, ticked, erase_at FROM visitors") == [("v", 0, None)]
    assert sql(tmp_path, "PRAGMA foreign_key_check") == []


async def test_a_migration_that_fails_half_way_leaves_the_schema_before_it(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    shutil.copytree(kept.now, data)
    _planted(monkeypatch, "CREATE TABLE second (n INTEGER) STRICT", "CREATE TABLE third (n INTEGER) STRICT; NONSENSE")
    with pytest.raises(DataError):
        migrate.prepare(data)
    assert sql(data, "PRAGMA user_version") == [(len(migrate.migrations()) - 1,)], "each step stands or falls whole"
    assert sql(data, "SELECT name FROM sqlite_master WHERE name IN ('second', 'third')") == [("second",)]


def test_a_first_start_that_was_cut_off_starts_again(tmp_path: Path) -> None:
    (tmp_path / "l2s.db.new").write_bytes(b"half a database")
    path = migrate.prepare(tmp_path)
    assert sql(tmp_path, "PRAGMA user_version") == [(migrate.migrations()[-1][0],)]
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]
