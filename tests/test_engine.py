"""The engine on a real file: group commit, refusals, failures, order, cancellation, the ledger's mirror (DESIGN 1–3)."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.domain.events import Event, TokenEnded
from l2s.errors import Conflict, L2sError, Unavailable
from l2s.privacy.factory import FACTORY
from l2s.privacy.gate import admit, release
from l2s.privacy.ledger import Law, Moment
from l2s.privacy.policy import Choice
from l2s.store import ledger, migrate
from l2s.store.engine import GROUP, Engine, Ticket, Unit
from l2s.store.hands import HandedConnection
from l2s.store.mirror import Mirror
from l2s.store.readers import READERS
from l2s.store.sql import Sql, Write
from tests.personas import GUARD, Shop

PUT = Write("INSERT INTO meta (name, value) VALUES (?1, ?2)")
ACCOUNT = Write("INSERT INTO accounts (id, name, created_at, since) VALUES (?1, ?2, ?3, ?4)", {2: "accounts.name"})
UNREGISTERED = Write("INSERT INTO accounts (id, name, created_at, since) VALUES (?1, ?2, ?3, ?4)")


class Bench:
    """An engine with its trace, what it published, and what it answered, in one list as they happened."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.log: list[str] = []
        self.trace: list[str] = []

    def published(self, events: Sequence[Event]) -> None:
        self.log += [f"published {event.visitor}" for event in events if isinstance(event, TokenEnded)]

    async def traced(self) -> None:
        """Every statement from now on, in the writer's thread."""
        await self.engine.maintain(lambda connection: connection.set_trace_callback(self.trace.append) is None)

    def count(self, word: str) -> int:
        return sum(statement.startswith(word) for statement in self.trace)

    def submit(self, name: str, unit: Unit[Any]) -> asyncio.Future[Ticket[Any]]:
        """Queue a unit; the future is its ticket, and the log tells when it was answered."""
        future: asyncio.Future[Ticket[Any]] = asyncio.get_running_loop().create_future()

        def done(ticket: Ticket[Any]) -> None:
            self.log.append(f"answered {name}")
            future.set_result(ticket)

        self.engine.submit(unit, done)
        return future

    def names(self) -> list[str]:
        """The rows as another connection sees them."""
        connection = sqlite3.connect(f"file:{self.engine.path}?mode=ro", uri=True)
        try:
            return [row[0] for row in connection.execute("SELECT name FROM meta ORDER BY name")]
        finally:
            connection.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    engine = Engine(migrate.prepare(tmp_path), Mirror(tmp_path / "ledger.jsonl"), lambda events: None)
    one = Bench(engine, tmp_path)
    engine.publish = one.published
    await engine.open()
    yield one
    await engine.close()


def put(name: str, fail: Exception | None = None, before: Exception | None = None) -> Unit[str]:
    """Writes one row and says so; may fail after the write, or refuse before it."""

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        if before:
            raise before
        sql.run(PUT, name, 1)
        if fail:
            raise fail
        return name, [TokenEnded(name)]

    return unit


async def all_of(futures: Sequence[asyncio.Future[Ticket[Any]]]) -> list[Ticket[Any]]:
    async with asyncio.timeout(GUARD):
        return await asyncio.gather(*futures)


async def test_many_units_share_one_commit(bench: Bench) -> None:
    await bench.traced()
    await all_of([bench.submit(f"n{i:03}", put(f"n{i:03}")) for i in range(150)])
    assert len(bench.names()) == 150
    assert (bench.count("BEGIN IMMEDIATE"), bench.count("COMMIT"), bench.count("ROLLBACK")) == (1, 1, 0)


async def test_a_group_has_an_upper_size(bench: Bench) -> None:
    await bench.traced()
    await all_of([bench.submit(f"n{i:03}", put(f"n{i:03}")) for i in range(2 * GROUP + 1)])
    assert bench.count("COMMIT") == 3


async def test_commits_are_synced_in_full(bench: Bench) -> None:
    def look(connection: sqlite3.Connection) -> bool:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return bool(connection.execute("PRAGMA synchronous").fetchone()[0] == 2 and mode == "wal")

    assert await bench.engine.maintain(look)


async def test_a_refusal_before_a_write_is_answered_in_place(bench: Bench) -> None:
    await bench.traced()
    units = [put("a"), put("b", before=Conflict("taken")), put("c")]
    tickets = await all_of([bench.submit(str(i), unit) for i, unit in enumerate(units)])
    assert [str(ticket.error) for ticket in tickets] == ["None", "taken", "None"]
    assert bench.names() == ["a", "c"]
    assert (bench.count("BEGIN IMMEDIATE"), bench.count("COMMIT"), bench.count("ROLLBACK")) == (1, 1, 0)


async def test_a_failure_after_a_write_rolls_back_its_own_unit_alone(bench: Bench) -> None:
    await bench.traced()
    units = [put("a"), put("b", fail=Conflict("late")), put("c"), put("d", fail=ZeroDivisionError())]
    tickets = await all_of([bench.submit(str(i), unit) for i, unit in enumerate(units)])
    assert [type(ticket.error).__name__ for ticket in tickets] == ["NoneType", "Conflict", "NoneType", "ZeroDivisionError"]
    assert bench.names() == ["a", "c"]
    assert bench.count("ROLLBACK") == 3, "the group once, then each of the two that fail"
    assert [line for line in bench.log if line.startswith("published")] == ["published a", "published c"]


async def test_a_cancelled_write_still_commits_and_publishes(bench: Bench) -> None:
    task = asyncio.create_task(bench.engine.write(put("kept")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.engine.write(put("next"))
    assert bench.names() == ["kept", "next"]
    assert bench.log == ["published kept", "published next"]


async def test_events_are_published_in_commit_order_and_before_the_answers(bench: Bench) -> None:
    futures = []
    for i in range(60):
        futures.append(bench.submit(f"{i:02}", put(f"{i:02}")))
        if i % 7 == 0:
            await asyncio.sleep(0)  # several groups
    await all_of(futures)
    published = [line.split()[1] for line in bench.log if line.startswith("published")]
    answered = [line.split()[1] for line in bench.log if line.startswith("answered")]
    assert published == answered == [f"{i:02}" for i in range(60)]
    for name in published:
        assert bench.log.index(f"published {name}") < bench.log.index(f"answered {name}")


async def test_nothing_is_published_before_it_is_in_the_file(bench: Bench) -> None:
    seen: list[list[str]] = []
    bench.engine.publish = lambda events: seen.append(bench.names())
    await bench.engine.write(put("first"))
    assert seen == [["first"]]


async def test_a_read_cannot_write(bench: Bench) -> None:
    with pytest.raises(TypeError, match="must not write"):
        await bench.engine.read(lambda sql: sql.run(PUT, "x", 1))
    with pytest.raises(sqlite3.OperationalError, match=r"readonly|query_only"):
        await bench.engine.read(lambda sql: sql.one("INSERT INTO meta (name, value) VALUES ('x', 1) RETURNING name"))
    assert bench.names() == []


def wait_at(begun: threading.Event, gate: threading.Event, sql: Sql) -> bool:
    """A read that goes on when it is let."""
    begun.set()
    return gate.wait(GUARD)


async def test_reads_that_wait_share_one_snapshot_and_each_has_its_own_outcome(bench: Bench) -> None:
    trace: list[str] = []
    held, gate = [], threading.Event()
    for _ in range(READERS):
        begun = threading.Event()
        held.append(asyncio.create_task(bench.engine.read(partial(wait_at, begun, gate))))
        assert await asyncio.to_thread(begun.wait, GUARD)

    def look(sql: Sql) -> list[tuple[Any, ...]]:
        trace.append("read")
        return sql.all("SELECT name FROM meta")

    def fail(sql: Sql) -> None:
        trace.append("read")
        raise Conflict("no")

    waiting = [asyncio.create_task(bench.engine.read(one)) for one in (look, fail, look, look)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    await bench.engine.write(put("a"))
    assert trace == [], "premise: they wait"
    gate.set()
    async with asyncio.timeout(GUARD):
        first, second, third, fourth = await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*held)
    assert first == fourth == [("a",)], "what was committed before they began is seen"
    assert (str(second), type(third), len(trace)) == ("no", asyncio.CancelledError, 3)


async def test_maintenance_waits_for_reads_and_reads_wait_for_it(bench: Bench) -> None:
    begun, gate, order = threading.Event(), threading.Event(), list[str]()
    reading = asyncio.create_task(bench.engine.read(partial(wait_at, begun, gate)))
    assert await asyncio.to_thread(begun.wait, GUARD)
    work = asyncio.create_task(bench.engine.maintain(lambda _: order.append("maintained") is None))
    await asyncio.sleep(0)
    later = asyncio.create_task(bench.engine.read(lambda _: order.append("read")))
    await bench.engine.write(put("a"))
    assert order == [], "premise: one read is at work, so neither has begun"
    gate.set()
    async with asyncio.timeout(GUARD):
        await asyncio.gather(reading, work, later)
    assert order == ["maintained", "read"]


async def test_a_cancelled_read_gives_its_reader_back(bench: Bench) -> None:
    for _ in range(4):  # twice as many as there are readers
        begun, gate = threading.Event(), threading.Event()
        task = asyncio.create_task(bench.engine.read(partial(wait_at, begun, gate)))
        assert await asyncio.to_thread(begun.wait, GUARD)
        task.cancel()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(GUARD):
        assert await bench.engine.read(lambda sql: sql.all("SELECT name FROM meta")) == []


def _law() -> Law:
    return Law("server", 0, 0, 1, "", dict(FACTORY["server"]), b"")


async def test_a_sealed_value_in_an_unregistered_parameter_raises_and_stays_out(bench: Bench) -> None:
    sealed = admit("Ingrid Solberg", "contact", Choice.NONE, _law(), 0)
    assert release(sealed, "run", "admin", Choice.NONE, _law(), 0) == "Ingrid Solberg", "premise: it is a value"
    with pytest.raises((TypeError, sqlite3.Error)):
        await bench.engine.write(lambda sql: (sql.run(UNREGISTERED, "a", sealed, 0, 0), []))
    await bench.engine.write(lambda sql: (sql.run(ACCOUNT, "b", sealed, 0, 0), []))
    assert await bench.engine.read(lambda sql: sql.all("SELECT id FROM accounts")) == [("b",)]


async def test_a_raw_value_in_a_personal_column_raises_and_stays_out(bench: Bench) -> None:
    with pytest.raises(TypeError, match="did not pass the gate"):
        await bench.engine.write(lambda sql: (sql.run(ACCOUNT, "a", "Ingrid Solberg", 0, 0), []))
    await bench.engine.close()
    files = b"".join(path.read_bytes() for path in bench.folder.iterdir() if path.is_file())
    assert b"Solberg" not in files


DEFER = Write("PRAGMA defer_foreign_keys=ON")
ORPHAN = Write("INSERT INTO departments (id, account_id, name, created_at) VALUES ('d', 'nobody', 'x', 0)")


def orphan(sql: Sql) -> tuple[None, list[Event]]:
    """A row whose account does not exist, noticed by SQLite at COMMIT only."""
    sql.run(DEFER)
    sql.run(ORPHAN)
    return None, [TokenEnded("orphan")]


async def test_a_failing_commit_refuses_its_whole_group_and_publishes_nothing(bench: Bench) -> None:
    tickets = await all_of([bench.submit("a", put("a")), bench.submit("o", orphan), bench.submit("b", put("b"))])
    assert [(type(ticket.error), str(ticket.error)) for ticket in tickets] == [(Unavailable, "not_kept")] * 3
    assert bench.names() == []
    assert bench.log == ["answered a", "answered o", "answered b"]
    assert "FOREIGN KEY" in (bench.engine.broken or ""), "and the engine says why it takes nothing more"
    with pytest.raises(Unavailable, match="not_kept"):
        await bench.engine.write(put("later"))


async def test_what_was_committed_alone_is_published_though_a_later_commit_fails(bench: Bench) -> None:
    """The group falls apart into single transactions; the second one's COMMIT fails: the first is durable and must be told."""
    units = [put("a"), put("x", fail=Conflict("late")), orphan]
    tickets = await all_of([bench.submit(name, unit) for name, unit in zip("axo", units, strict=True)])
    assert bench.names() == ["a"], "premise: the first is in the file"
    assert [str(ticket.error) for ticket in tickets] == ["None", "late", "not_kept"]
    assert "published a" in bench.log


async def test_a_full_disk_is_refused_and_heals_without_a_restart(bench: Bench) -> None:
    def limit(pages: int) -> Callable[[sqlite3.Connection], bool]:
        return lambda connection: connection.execute(f"PRAGMA max_page_count={pages}") is not None

    def big(sql: Sql) -> tuple[None, list[Event]]:
        for i in range(500):
            sql.run(PUT, f"{i}-" + "x" * 4000, 1)
        return None, [TokenEnded("big")]

    await bench.engine.maintain(limit(1))  # never below the present size: full from now on
    with pytest.raises(Unavailable, match="not_kept"):
        await bench.engine.write(big)
    assert (bench.log, bench.names(), bench.engine.broken) == ([], [], None)
    await bench.engine.maintain(limit(1_000_000))
    await bench.engine.write(put("room again"))
    assert bench.names() == ["room again"]


ROLLBACK = Write("ROLLBACK")


async def test_a_transaction_that_sqlite_rolled_back_itself_stops_nothing(bench: Bench) -> None:
    """SQLite documents that a full disk or an I/O error may end the transaction by itself."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        sql.run(PUT, "lost", 1)
        sql.run(ROLLBACK)
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(Unavailable, match="not_kept"):
        await bench.engine.write(unit)
    assert bench.engine.broken is None
    await bench.engine.write(put("next"))
    assert bench.names() == ["next"]


async def test_a_database_locked_by_another_program_is_refused_and_heals(bench: Bench) -> None:
    await bench.engine.maintain(lambda connection: connection.execute("PRAGMA busy_timeout=10") is not None)
    other = sqlite3.connect(bench.engine.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="not_kept"):
            await bench.engine.write(put("early"))
        other.execute("ROLLBACK")
    finally:
        other.close()
    await bench.engine.write(put("later"))
    assert bench.names() == ["later"]


async def test_a_defect_while_publishing_or_answering_does_not_stop_the_engine(bench: Bench) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    told = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.set())
    try:
        bench.engine.publish = broken
        async with asyncio.timeout(5):
            await bench.engine.write(put("a"))
        bench.engine.publish = bench.published
        bench.engine.submit(put("b"), broken)
        async with asyncio.timeout(5):
            await bench.engine.write(put("c"))
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    assert bench.names() == ["a", "b", "c"]


async def test_closing_lets_the_queue_run_dry_and_then_refuses(bench: Bench) -> None:
    futures = [bench.submit(f"n{i:03}", put(f"n{i:03}")) for i in range(2 * GROUP)]
    await bench.engine.close()
    assert all(future.done() and future.result().error is None for future in futures)
    assert len(bench.names()) == 2 * GROUP
    with pytest.raises(Unavailable, match="stopping"):
        await bench.engine.write(put("late"))


OPENS = """
import asyncio, sys
from pathlib import Path
from l2s.store.engine import Engine
from l2s.store.mirror import Mirror
folder = Path(sys.argv[1])
asyncio.run(Engine(folder / sys.argv[2], Mirror(folder / "ledger.jsonl"), lambda events: None).open())
"""


@pytest.mark.parametrize("name", ["absent.db", "garbage.db"])
def test_a_failing_open_does_not_hang_the_process(tmp_path: Path, name: str) -> None:
    (tmp_path / "garbage.db").write_bytes(b"no database at all" * 100)
    done = subprocess.run([sys.executable, "-c", OPENS, str(tmp_path), name], capture_output=True, timeout=GUARD)
    assert done.returncode == 1
    assert b"sqlite3." in done.stderr


async def test_aiosqlite_runs_the_handed_work_on_the_connections_thread(bench: Bench) -> None:
    """Pins the public way in: `await connection.commit()` calls the factory's `commit()` where the connection lives."""
    threads: list[int] = []

    def work(connection: sqlite3.Connection) -> bool:
        assert isinstance(connection, HandedConnection)
        connection.execute("SELECT 1")  # raises in any other thread
        threads.append(threading.get_ident())
        return True

    assert await bench.engine.maintain(work)
    assert await bench.engine.maintain(work)
    assert threads[0] == threads[1] != threading.get_ident()
    plain = HandedConnection(":memory:")
    plain.execute("CREATE TABLE t (n)")
    plain.execute("INSERT INTO t VALUES (1)")
    plain.commit()  # without handed work it commits as usual
    assert not plain.in_transaction
    plain.close()


async def test_a_mirror_that_cannot_be_written_answers_not_yet_kept_and_heals(shop: Shop) -> None:
    maja = await shop.operator("Maja2", "owner")
    _, chat = await shop.writer("To be erased")
    mirror = Path(shop.house.settings.data) / "ledger.jsonl"
    kept = mirror.read_bytes()
    mirror.unlink()
    mirror.mkdir()
    try:
        await maja.say("erase", chat=chat)
        assert (await maja.hear("refused"))["code"] == "not_yet_kept"
        assert await ready(shop) == 503
        tab, other = await shop.writer("Still served")
        await maja.say("erase", chat=other)
        assert (await maja.hear("refused"))["code"] == "ledger_behind"
        assert other in {row[0] for row in shop.rows("chats")}, "and nothing of it was done"
    finally:
        mirror.rmdir()
        mirror.write_bytes(kept)
    await tab.write("Any write tries again")
    assert await ready(shop) == 200
    hashes = [msgspec.json.decode(line)["hash"] for line in mirror.read_bytes().splitlines()]
    assert hashes == [row[7] for row in shop.rows("ledger")]


async def ready(shop: Shop) -> int:
    async with shop.http.get(f"{shop.base}/readyz") as answer:
        return answer.status


async def test_a_unit_that_was_taken_again_mirrors_its_entry_once(bench: Bench) -> None:
    def entry(sql: Sql) -> tuple[int, list[Event]]:
        return ledger.append(sql, ledger.SERVER, "opened", {}, Moment(1, 0)).position, []

    tickets = await all_of([bench.submit("e", entry), bench.submit("x", put("x", fail=L2sError("late")))])
    assert tickets[0].result == 1
    assert len((bench.folder / "ledger.jsonl").read_bytes().splitlines()) == 1
