"""One writer, re-runnable units, group commit (DESIGN 1–3).

A unit is one plain function of `sql`, run whole in the writer's thread: it cannot be cancelled in the middle, and it may run
twice. A pump takes every queued unit: BEGIN IMMEDIATE, all units, COMMIT with synchronous=FULL; a group is published in commit
order and then answered, while the next one is already with the disk. Nothing leaves for anyone before COMMIT.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from l2s.domain.events import Event
from l2s.errors import L2sError, Unavailable
from l2s.failpoints import reach
from l2s.privacy.ledger import Entry
from l2s.store.hands import Hands, Worker, connect
from l2s.store.mirror import Mirror
from l2s.store.readers import Readers
from l2s.store.sql import Sql

LOG: Final = logging.getLogger("l2s.store")
T = TypeVar("T")
Unit = Callable[[Sql], tuple[T, Sequence[Event]]]
Publish = Callable[[Sequence[Event]], None]

GROUP: Final = 200  # units a group: bounds how long one COMMIT can make the first of them wait
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


class Ticket(Generic[T]):
    """A queued unit and what became of it."""

    __slots__ = ("done", "error", "events", "result", "unit")

    def __init__(self, unit: Unit[T], done: Callable[[Ticket[T]], None]) -> None:
        self.unit = unit
        self.done = done
        self.result: T | None = None
        self.events: Sequence[Event] = ()
        self.error: BaseException | None = None


class Engine:
    """The writer, the readers and the pump of one database file."""

    def __init__(self, path: Path, mirror: Mirror, publish: Publish) -> None:
        self.path = path
        self.publish = publish
        self._mirror = mirror
        self._queue: deque[Ticket[Any]] = deque()
        self._unsettled: deque[list[Ticket[Any]]] = deque()
        self._closing = False
        self._turn = asyncio.Lock()  # one at a time hands work to the writer
        self._pump_task: asyncio.Task[None] | None = None
        self._writer: Worker | None = None
        self._readers = Readers()
        self.broken: str | None = None  # why nothing can be written any more: /readyz tells it

    async def open(self) -> None:
        """Connect the writer and the readers. The file exists and is migrated."""
        try:
            self._writer = await connect(f"file:{_quoted(self.path)}?mode=rw")
            for pragma in PRAGMAS:
                await self._writer.pragma(pragma)
            await self._readers.open(f"file:{_quoted(self.path)}?mode=ro")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the queue run dry, then close every connection; an open one would hang the process."""
        self._closing = True
        try:
            if self._pump_task:
                await self._pump_task
        finally:
            writer, self._writer = self._writer, None
            await self._readers.close()
            if writer:  # last, because only a writer can empty the WAL into the file
                await writer.close()

    async def maintain(self, work: Callable[[sqlite3.Connection], bool]) -> bool:
        """Work outside any transaction, alone with the file: readers are held back until it is done."""
        answer: list[bool] = []
        async with self._readers.held(), self._turn:
            assert self._writer is not None
            await self._writer.run(lambda connection: answer.append(work(connection)))
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
        if self._pump_task is None:
            self._pump_task = asyncio.get_running_loop().create_task(self._pump(), name="engine pump")

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
        return await self._readers.read(function)

    async def _pump(self) -> None:
        """Until the queue is dry. Its first step is a turn of the loop away: all that comes in this one is one group."""
        try:
            while self._queue:
                group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
                await self._commit(group)
                self._unsettled.append(group)
                if self._queue:  # the next group is with the writer's thread before this one is settled
                    asyncio.get_running_loop().call_soon(self._settle)
                else:
                    self._settle()
        finally:
            self._pump_task = None

    async def _commit(self, group: list[Ticket[Any]]) -> None:
        assert self._writer is not None
        try:
            async with self._turn:
                await self._writer.run(lambda connection: self._run(connection, group))
        except Exception as problem:
            self._refuse_group(group, problem)

    def _settle(self) -> None:
        """Publish, then answer, whatever was committed, in order."""
        while self._unsettled:
            group = self._unsettled.popleft()
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
        hands = Hands(connection, self._mirror)
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


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
