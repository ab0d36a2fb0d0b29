"""One writer, re-runnable units, group commit (DESIGN 1–3).

A unit is one plain function of `sql`, run whole in the writer's thread: it cannot be cancelled in the middle, and it may run
twice. A pump takes every queued unit: BEGIN IMMEDIATE, all units, COMMIT with synchronous=FULL; a group is published in commit
order and then answered, while the next one is already with the disk. Nothing leaves for anyone before COMMIT.

The way in is aiosqlite's public one: a connection whose `commit()` runs the work that was handed to it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import aiosqlite

from l2s.domain.events import Event
from l2s.errors import L2sError, Unavailable
from l2s.failpoints import reach
from l2s.privacy.ledger import Entry
from l2s.store.mirror import Mirror
from l2s.store.sql import Row, Sql, Write

LOG: Final = logging.getLogger("l2s.store")
T = TypeVar("T")
Unit = Callable[[Sql], tuple[T, Sequence[Event]]]
Publish = Callable[[Sequence[Event]], None]

GROUP: Final = 200  # units a group: bounds how long one COMMIT can make the first of them wait
READERS: Final = 2
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",
    "PRAGMA wal_autocheckpoint=4000",
)


class HandedConnection(sqlite3.Connection):
    """`commit()` runs the work that lies ready, in the thread that owns the connection."""

    work: Callable[[sqlite3.Connection], None] | None = None

    def commit(self) -> None:
        """Run the handed work, or commit as usual."""
        work, self.work = self.work, None
        if work is None:
            super().commit()
        else:
            work(self)


class Ticket(Generic[T]):
    """A queued unit and what became of it."""

    __slots__ = ("done", "error", "events", "result", "unit")

    def __init__(self, unit: Unit[T], done: Callable[[Ticket[T]], None]) -> None:
        self.unit = unit
        self.done = done
        self.result: T | None = None
        self.events: Sequence[Event] = ()
        self.error: BaseException | None = None


class _Hands:
    """`Sql` on one connection. `wrote`: did the running unit change anything?"""

    __slots__ = ("_execute", "_mirror", "entries", "wrote")

    def __init__(self, connection: sqlite3.Connection, mirror: Mirror | None) -> None:
        self._execute = connection.execute
        self._mirror = mirror
        self.entries: list[Entry] = []
        self.wrote = False

    def one(self, query: str, *values: Any) -> Row | None:
        row: Row | None = self._execute(query, values).fetchone()
        return row

    def all(self, query: str, *values: Any) -> list[Row]:
        return self._execute(query, values).fetchall()

    def run(self, write: Write, *values: Any) -> int:
        if self._mirror is None:
            raise TypeError("a read must not write")
        self.wrote = True
        return self._execute(write.text, write.bind(values)).rowcount

    @property
    def uncommitted(self) -> bool:
        return bool(self.entries)

    def note(self, entry: Entry) -> None:
        if self._mirror is None or self._mirror.owed:
            raise Unavailable("ledger_behind")
        self.entries.append(entry)


class Engine:
    """The writer, the readers and the pump of one database file."""

    def __init__(self, path: Path, mirror: Mirror, publish: Publish) -> None:
        self.path = path
        self.publish = publish
        self._mirror = mirror
        self._queue: deque[Ticket[Any]] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._closing = False
        self._turn = asyncio.Lock()  # one at a time hands work to the writer
        self._pump_task: asyncio.Task[None] | None = None
        self._writer: aiosqlite.Connection | None = None
        self._hand: HandedConnection | None = None
        self._readers: asyncio.Queue[tuple[aiosqlite.Connection, HandedConnection]] = asyncio.Queue()
        self._open_readers: list[aiosqlite.Connection] = []
        self.broken: str | None = None  # why nothing can be written any more: /readyz tells it

    async def open(self) -> None:
        """Connect the writer and the readers and start the pump. The file exists and is migrated."""
        try:
            self._writer, self._hand = await _connect(f"file:{_quoted(self.path)}?mode=rw")
            for pragma in PRAGMAS:
                await self._writer.execute_fetchall(pragma)
            for _ in range(READERS):
                reader, hand = await _connect(f"file:{_quoted(self.path)}?mode=ro")
                self._open_readers.append(reader)
                await reader.execute_fetchall("PRAGMA query_only=ON")
                self._readers.put_nowait((reader, hand))
        except BaseException:
            await self.close()
            raise
        self._pump_task = asyncio.create_task(self._pump(), name="engine pump")

    async def close(self) -> None:
        """Let the queue run dry, then close every connection; an open one would hang the process."""
        self._closing = True
        self._rouse()
        try:
            if self._pump_task:
                await self._pump_task
        finally:
            self._pump_task = None
            readers, writer = self._open_readers, self._writer
            self._open_readers, self._writer = [], None
            await asyncio.gather(*(reader.close() for reader in readers))
            if writer:  # last, because only a writer can empty the WAL into the file
                await writer.close()

    async def maintain(self, work: Callable[[sqlite3.Connection], bool]) -> bool:
        """Work outside any transaction, alone with the file: readers are held back until it is done."""
        held = [await self._readers.get() for _ in range(READERS)]
        answer: list[bool] = []
        try:
            for reader, _ in held:
                await reader.rollback()
            async with self._turn:
                assert self._writer is not None
                assert self._hand is not None
                self._hand.work = lambda connection: answer.append(work(connection))
                await self._writer.commit()
        finally:
            for pair in held:
                self._readers.put_nowait(pair)
        return bool(answer and answer[0])

    @property
    def ledger_behind(self) -> bool:
        """Does the mirror lack an entry that the table has?"""
        return bool(self._mirror.owed)

    def submit(self, unit: Unit[T], done: Callable[[Ticket[T]], None]) -> None:
        """Queue a unit; `done` is called after its group was published. Never raises."""
        ticket = Ticket(unit, done)
        if self._closing or self.broken:
            ticket.error = Unavailable("stopping" if self._closing else "not_kept")
            asyncio.get_running_loop().call_soon(done, ticket)
            return
        self._queue.append(ticket)
        self._rouse()

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit and return its result once it is durable and published."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def done(ticket: Ticket[T]) -> None:
            if future.done():
                return
            if ticket.error is not None:
                future.set_exception(ticket.error)
            else:
                future.set_result(ticket.result)  # type: ignore[arg-type]  # set whenever there is no error

        self.submit(unit, done)
        return await future

    async def read(self, function: Callable[[Sql], T]) -> T:
        """Run a function of one snapshot on a reader. A cancelled read gives its reader back when its thread is done."""
        reader, hand = await self._readers.get()
        answer: list[T] = []

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN")
            try:
                answer.append(function(_Hands(connection, None)))
            finally:
                connection.execute("COMMIT")

        hand.work = work
        task = asyncio.ensure_future(reader.commit())
        task.add_done_callback(lambda _: self._readers.put_nowait((reader, hand)))
        await asyncio.shield(task)
        return answer[0]

    def _rouse(self) -> None:
        if self._wake and not self._wake.done():
            self._wake.set_result(None)

    async def _pump(self) -> None:
        before: list[Ticket[Any]] = []
        while True:
            if not self._queue:
                self._settle(before)
                before = []
                if self._queue:
                    continue
                if self._closing:
                    return
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
                continue
            group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            work = asyncio.ensure_future(self._commit(group))
            await asyncio.sleep(0)  # the group is with the writer's thread before the last one is settled
            self._settle(before)
            await work
            before = group

    async def _commit(self, group: list[Ticket[Any]]) -> None:
        assert self._writer is not None
        assert self._hand is not None
        try:
            async with self._turn:
                self._hand.work = lambda connection: self._run(connection, group)
                await self._writer.commit()
        except Exception as problem:
            self._refuse_group(group, problem)

    def _settle(self, group: list[Ticket[Any]]) -> None:
        if not group:
            return
        reach("after_commit")
        events = [event for ticket in group for event in ticket.events]
        try:
            if events:
                self.publish(events)
        except Exception:  # what is durable stays so; a defect in fan-out must not stop the writer
            LOG.exception("publishing failed")
        for ticket in group:
            try:
                ticket.done(ticket)
            except Exception:
                LOG.exception("an answer failed")

    # In the writer's thread from here on.

    def _run(self, connection: sqlite3.Connection, group: list[Ticket[Any]]) -> None:
        if self._mirror.owed:
            self._mirror.catch_up()
        if self._attempt(connection, group):
            return
        for ticket in group:  # one unit failed after a write: each gets a transaction and an outcome of its own
            self._attempt(connection, [ticket])

    def _attempt(self, connection: sqlite3.Connection, group: list[Ticket[Any]]) -> bool:
        """Run a group in one transaction. False = rolled back and nobody is answered, because one of many failed late."""
        hands = _Hands(connection, self._mirror)
        noted: list[Ticket[Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for ticket in group:
                hands.wrote, mark = False, len(hands.entries)
                ticket.result, ticket.events, ticket.error = None, (), None
                try:
                    ticket.result, ticket.events = ticket.unit(hands)
                except Exception as problem:
                    ticket.error = problem if isinstance(problem, L2sError) else _failed(problem)
                    if hands.wrote:
                        return len(group) == 1
                if len(hands.entries) > mark:
                    noted.append(ticket)
            reach("before_commit")
            connection.execute("COMMIT")
        except sqlite3.Error as problem:
            self._refuse_group(group, problem)
            return True
        finally:
            if connection.in_transaction:  # a full disk or an I/O error may have ended it already
                connection.execute("ROLLBACK")
        self._mirror_entries(hands.entries, noted)
        return True

    def _refuse_group(self, group: list[Ticket[Any]], problem: Exception) -> None:
        """BEGIN or COMMIT failed: nothing of the group is in the file. A full disk and another program's lock heal."""
        for ticket in group:
            ticket.events, ticket.error = (), ticket.error or Unavailable("not_kept")
        if not isinstance(problem, sqlite3.OperationalError) or not any(word in str(problem) for word in ("full", "locked")):
            self.broken = f"{type(problem).__name__}: {problem}"

    def _mirror_entries(self, entries: list[Entry], noted: list[Ticket[Any]]) -> None:
        if entries and not self._mirror.append(entries):
            for ticket in noted:
                ticket.error = Unavailable("not_yet_kept")


def _failed(problem: Exception) -> BaseException:
    """A defect or a database error inside one unit. Programming errors surface as they are."""
    if isinstance(problem, sqlite3.OperationalError):
        return Unavailable("not_kept")
    return problem


async def _connect(uri: str) -> tuple[aiosqlite.Connection, HandedConnection]:
    made: list[HandedConnection] = []

    def factory(*args: Any, **options: Any) -> HandedConnection:
        made.append(HandedConnection(*args, **options))
        return made[0]

    connection = await aiosqlite.connect(
        uri, uri=True, isolation_level=None, factory=factory, cached_statements=256, check_same_thread=True
    )
    return connection, made[0]


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
