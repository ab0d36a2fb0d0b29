"""`l2s prove`: green where the server keeps what it declares, and the class named where it does not."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.actions import visitors
from l2s.actions.policies import post_version
from l2s.config import Settings
from l2s.errors import Broken
from l2s.outbound import witness
from l2s.privacy import gate
from l2s.privacy.classes import chain
from l2s.privacy.factory import FACTORY, PRESETS
from l2s.privacy.gate import held
from l2s.privacy.policy import MEMORY, Choice, Rule, When, days, up_to
from l2s.privacy.traces import needles, traces
from l2s.store import chats
from l2s.web import certificate, host, visitor_session
from l2s.web.certificate import Certificate, as_json
from l2s.web.prove import prove, prove_public
from tests.canaries import hits
from tests.conftest import shop_at
from tests.mutants import Mutant, plant
from tests.personas import GUARD, Shop, found_fox
from tests.processes import environment, l2s, serving

PAGE = "https://shop.example/tents"


async def proven(shop: Shop, *logs: Path, folder: Path | None = None, site: str | None = None) -> Certificate:
    settings = Settings(data=str(shop.house.engine.path.parent), port=shop.urls.port)
    made, drawn = await prove(settings, site, logs, folder)
    if folder:
        certificate.write(folder, made, drawn)
    return made


def told(made: Certificate) -> set[tuple[str, str, str]]:
    return {(one.cls, one.what, one.who) for one in made.differences}


async def test_a_server_that_keeps_what_it_declares_gets_a_green_certificate(shop: Shop, tmp_path: Path) -> None:
    other, _ = await shop.writer("Traffic", page=PAGE)
    made = await proven(shop, folder=tmp_path / "out")
    assert made.differences == []
    assert {one.name for one in made.searched} >= {"l2s.db", "l2s.db-wal", "ledger.jsonl", "secret"}
    assert {one.cls: one.declared for one in made.classes}["browser"] == "family"
    assert [one.n for one in made.versions] == [1]
    assert made.heads[1].position > made.heads[0].position, "two erasures and more stand in the ledger"
    assert all(one.overwritten and one.wish > made.made + 23 * 3_600_000 for one in made.erased)
    assert [one.who for one in made.erased] == ["visitor", "objector"]
    assert len(shop.rows("visitors")) == 1, "nobody of this run is left, and nobody else is gone"
    assert (await other.write("Still here"))["message"]["by"] == "visitor"
    page = (tmp_path / "out" / "certificate.html").read_text("utf-8")
    for name in ("l2s.db-wal", made.hash, made.heads[1].hash, "swap space", made.erased[0].code):
        assert name in page
    assert not re.search(r"<script|<link rel=.stylesheet|src=", page), "it needs nothing else"


FINE = {
    cls: Rule(len(chain(cls)) - 1, When.UNLESS_OBJECTED, days(30), frozenset({"answer"}), up_to("admin"))
    for cls in ("address", "browser", "page", "referrer")
}
HASHED_ADDRESS = {"address": msgspec.structs.replace(FINE["address"], level=1)}
BARE = {cls: rule for cls, rule in FACTORY["site"].items() if cls in ("message", "times", "device_token")}
TICKED = FACTORY["site"] | {
    "page": msgspec.structs.replace(FINE["page"], when=When.TICKED),
    "name": msgspec.structs.replace(FACTORY["site"]["name"], when=When.TICKED),
}
DRAFTS = {
    "memory": FACTORY["site"] | {"page": msgspec.structs.replace(FINE["page"], keep=MEMORY)},
    "shop": PRESETS["shop"], "minimal": PRESETS["minimal"], "finest": FACTORY["site"] | FINE,
    "hashed": FACTORY["site"] | HASHED_ADDRESS, "bare": BARE, "ticked": TICKED,
    "words after a tick": TICKED | {"message": msgspec.structs.replace(TICKED["message"], when=When.TICKED)},
}  # fmt: skip


@pytest.mark.parametrize("name", DRAFTS)
async def test_whatever_is_declared_is_found_and_nothing_else(shop: Shop, name: str) -> None:
    await shop.house.engine.write(post_version(shop.house, shop.site, DRAFTS[name]))
    assert (await proven(shop)).differences == []


async def test_without_a_device_token_nothing_is_left_that_could_not_be_erased(shop: Shop) -> None:
    draft = {cls: rule for cls, rule in FACTORY["site"].items() if cls != "device_token"}
    await shop.house.engine.write(post_version(shop.house, shop.site, draft))
    with pytest.raises(Broken, match="device token"):
        await proven(shop)
    assert shop.rows("visitors") == []


async def test_a_proxy_that_is_trusted_here_brings_the_forwarded_address(tmp_path: Path) -> None:
    async with shop_at(tmp_path, trusted_proxies=["127.0.0.0/8"]) as shop:
        made = await proven(shop)
        assert made.differences == []
        assert made.forwarded


async def test_a_public_name_and_path_are_the_door(tmp_path: Path) -> None:
    async with shop_at(tmp_path, public_url="https://shop.example/help") as shop:
        made = await proven(shop)
        assert made.differences == []
        assert made.server == "https://shop.example/help"


@pytest.mark.parametrize("name", ["127.0.0.9", "localhost", "::1"])
async def test_it_knocks_at_the_address_that_is_listened_on(tmp_path: Path, name: str) -> None:
    async with shop_at(tmp_path, host=name) as shop:
        made = await proven(shop)
        assert made.differences == []
        assert len(made.addresses) == (0 if ":" in name else 2)


async def test_one_of_several_sites_is_named(shop: Shop) -> None:
    fox = await found_fox(shop)
    with pytest.raises(Broken, match="--site"):
        await proven(shop)
    with pytest.raises(Broken, match="No site nonsense"):
        await proven(shop, site="nonsense")
    assert (await proven(shop, site=fox.site)).differences == []


async def test_where_nobody_serves_nothing_is_proven(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="No server runs"):
        await prove(Settings(data=str(tmp_path)), None, (), None)


# Planted leaks.


def leak_level(cls: str) -> Any:
    """The gate keeps a class whole, whatever is declared."""

    def plant(patch: pytest.MonkeyPatch, _: Path) -> None:
        real = gate.reduce
        patch.setattr(gate, "reduce", lambda stored, one, *rest: stored if one == cls else real(stored, one, *rest))

    return plant


def leak_referrer(patch: pytest.MonkeyPatch, _: Path) -> None:
    """A class that is off is written all the same."""
    came: list[str] = []
    take, write = visitor_session.VisitorSession._admit, chats.set_details

    def admitted(self: Any, page: Any, referrer: str, law: Any) -> Any:
        came.append(referrer)
        return take(self, page, referrer, law)

    def written(sql: Any, chat: Any, details: Any) -> None:
        write(sql, chat, msgspec.structs.replace(details, referrer=held("referrer", came[-1], chat.since, None)))

    patch.setattr(visitor_session.VisitorSession, "_admit", admitted)
    patch.setattr(visitors.chats, "set_details", written)


def leak_log(patch: pytest.MonkeyPatch, log: Path) -> None:
    """One log line of the header."""
    take = visitor_session.VisitorSession._admit

    def admitted(self: Any, *rest: Any) -> Any:
        with log.open("a") as file:
            file.write(f"hello from {self.door.agent}\n")
        return take(self, *rest)

    patch.setattr(visitor_session.VisitorSession, "_admit", admitted)


def leak_file(patch: pytest.MonkeyPatch, log: Path) -> None:
    """A mail address in a file of its own, compressed."""
    import gzip

    real = visitors._told

    def written(name: Any, mail: Any, *rest: Any) -> Any:
        (log.parent / "data" / "notes.gz").write_bytes(gzip.compress(f"{name} {mail}".encode()))
        return real(name, mail, *rest)

    patch.setattr(visitors, "_told", written)


def deaf(patch: pytest.MonkeyPatch, _: Path) -> None:
    """An objection is not heard."""
    patch.setattr(visitor_session, "choice_under", lambda *_: Choice.NONE)
    patch.setattr(visitors, "choice_under", lambda *_: Choice.NONE)
    patch.setattr(visitors, "choice_of", lambda *_: Choice.NONE)


def lose_page(patch: pytest.MonkeyPatch, _: Path) -> None:
    """What is declared is not kept."""
    real = gate.finest
    patch.setattr(gate, "finest", lambda raw, cls: None if cls == "page" else real(raw, cls))


def no_scrub(patch: pytest.MonkeyPatch, _: Path) -> None:
    """Bytes are called overwritten, and lie there."""
    patch.setattr(host, "scrubbed", lambda _: True)


LEAKS = [
    (leak_level("address"), ("address", "finer", "visitor"), ()),
    (leak_level("browser"), ("browser", "finer", "visitor"), ()),
    (leak_level("page"), ("page", "finer", "visitor"), ()),
    (leak_referrer, ("referrer", "undeclared", "visitor"), ()),
    (leak_log, ("browser", "logged", "objector"), ()),
    (leak_file, ("mail", "stays", "objector"), ("name",)),
    (deaf, ("page", "undeclared", "objector"), ("address",)),
    (lose_page, ("page", "missing", "visitor"), ()),
    (lose_page, ("page", "unshown", "visitor"), ()),
    (no_scrub, ("message", "stays", "objector"), ("address", "mail", "name", "page")),
]


@pytest.mark.parametrize(("leak", "named", "also"), LEAKS, ids=["-".join(named) for _, named, _ in LEAKS])
async def test_a_planted_leak_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: Any, named: tuple[str, str, str], also: tuple[str, ...]
) -> None:
    log = tmp_path / "server.log"
    log.write_text("started\n")
    async with shop_at(tmp_path / "data") as shop:
        leak(monkeypatch, log)
        made = await proven(shop, log)
    assert named in told(made)
    assert {one.cls for one in made.differences if one.what == named[1]} <= {named[0], *also}
    assert next(row for row in made.classes if row.cls == named[0]).differs


async def test_a_build_with_a_planted_leak_fails_and_names_its_class(tmp_path: Path) -> None:
    old, data = "stored = reduce(stored, cls, rule.level, law.salt)\n    return None if", tmp_path / "data"
    new = old.replace("rule.level", '2 if cls == "browser" else rule.level')
    plant(Mutant("a browser kept whole", "l2s/privacy/gate.py", old, new, ""), tmp_path / "tree")
    secret = tmp_path / "password"
    secret.write_text("correct horse workbench lamp")
    done = await l2s(
        data, "init", "--owner-email", "maja@larch.example", "--password-file", str(secret), "--site-name", "Larch",
        "--origin", "127.0.0.1",
    )  # fmt: skip
    assert done.code == 0, done.err
    site = json.loads(done.out)["site"]
    async with serving(data) as (_, base, _lines):
        done = await l2s(data, "prove", "--to", str(tmp_path / "out"))
        assert (done.code, done.err) == (0, ""), "premise: without the leak it is green"
        assert json.loads(done.out)["green"]
        done = await l2s(data, "prove", "--public", base, "--site", site, "--to", str(tmp_path / "out"))
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["searched"] == []
    async with leaky(tmp_path / "tree", data):
        done = await l2s(data, "prove")
        assert done.code == 1
        assert "browser: kept finer than declared, of the visitor: found in l2s.db-wal" in done.err
        assert not json.loads(done.out)["green"]


@asynccontextmanager
async def leaky(tree: Path, data: Path) -> AsyncGenerator[None]:
    """A server of another tree on a data directory."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "l2s", "serve", "--port", "0", "--data", str(data), stdout=asyncio.subprocess.PIPE,
        env=environment(PYTHONPATH=str(tree)), cwd="/",
    )  # fmt: skip
    try:
        assert process.stdout
        async with asyncio.timeout(GUARD):
            while not (await process.stdout.readline()).startswith(b"  tag of"):
                assert process.returncode is None
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), GUARD)


# From outside.


async def outside(shop: Shop, folder: Path | None = None) -> Certificate:
    made, drawn = await prove_public(shop.base, shop.site, folder)
    if folder:
        certificate.write(folder, made, drawn)
    assert "No bytes on the server" in drawn.html(made)
    assert as_json(made, drawn)["beyond"]["swap"]
    return made


async def test_from_outside_what_can_be_seen_is_checked_and_the_rest_is_not_claimed(shop: Shop) -> None:
    made = await outside(shop)
    assert made.differences == []
    assert (made.searched, made.heads) == ([], [])
    assert {row.how for row in made.classes} == {"shown", "untried"}
    wishes = await shop.house.engine.read(lambda sql: sql.all("SELECT erase_at FROM visitors ORDER BY erase_at"))
    assert [row[0] for row in wishes] == sorted(one.wish for one in made.erased), "erased at the instant that they were told"


async def test_a_history_that_was_rewritten_since_the_last_certificate_is_named(shop: Shop, tmp_path: Path) -> None:
    assert (await outside(shop, tmp_path)).known_before == 0
    assert (await outside(shop, tmp_path)).known_before == 1
    path = tmp_path / "certificate.json"
    old = json.loads(path.read_text("utf-8"))
    old["versions"][0]["hash"] = "0" * 64
    path.write_text(json.dumps(old))
    assert told(await outside(shop, tmp_path)) == {("", "versions", "visitor")}


async def test_a_cookie_or_a_foreign_address_before_a_click_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = witness.Witness.page

    async def page(self: Any, path: str) -> witness.Page:
        seen = await real(self, path)
        if path.startswith("/l2s.js"):
            seen = msgspec.structs.replace(
                seen, headers=(*seen.headers, ("Set-Cookie", "id=1")), body=seen.body + '"https://fonts.example/a.woff"'
            )
        return seen

    monkeypatch.setattr(witness.Witness, "page", page)
    found = (await outside(shop)).differences
    assert {one.what for one in found} == {"cookie", "third_party"}
    assert any("fonts.example" in one.where for one in found)


async def test_what_is_no_l2s_is_not_judged(shop: Shop) -> None:
    with pytest.raises(Broken, match="not what an l2s answers"):
        await prove_public(shop.base, "nonsense", None)
    with pytest.raises(Broken, match="does not answer"):
        await prove_public("http://127.0.0.1:9", shop.site, None)
    with pytest.raises(Broken, match="no address"):
        await prove_public("chat.example", shop.site, None)


def test_everything_that_is_sent_can_be_told_apart() -> None:
    one, other = (traces(seed, "https://chat.example", "127.111.112.113") for seed in ("a" * 32, "b" * 32))
    words = [word for sent in (one, other) for trace in sent.values() for word, _ in trace.words if trace.cls != "address"]
    assert len(words) == len(set(words)) > 30
    for trace in one.values():
        for word, _ in trace.words:
            assert hits(needles(word), trace.sent.encode()), trace.name
            assert not any(hits(needles(word), theirs.sent.encode()) for theirs in other.values() if theirs.cls != "address")
