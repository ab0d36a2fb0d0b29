"""A connection with a thread of its own, and what a unit holds of it.

The way in is aiosqlite's public one: a connection whose `commit()` runs the work that was handed to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

from l2s.errors import Unavailable
from l2s.privacy.ledger import Entry
from l2s.store.mirror import Mirror
from l2s.store.sql import Row, Write

Work = Callable[[sqlite3.Connection], None]


class HandedConnection(sqlite3.Connection):
    """`commit()` runs the work that lies ready, in the thread that owns the connection."""

    work: Work | None = None

    def commit(self) -> None:
        """Run the handed work, or commit as usual."""
        work, self.work = self.work, None
        if work is None:
            super().commit()
        else:
            work(self)


class Hands:
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


class Worker:
    """One open connection. Only one work at a time may be with it."""

    def __init__(self, opened: aiosqlite.Connection, hand: HandedConnection) -> None:
        self._opened = opened
        self._hand = hand

    async def run(self, work: Work) -> None:
        """Run `work` in the connection's thread. Raises what it raises."""
        self._hand.work = work
        await self._opened.commit()

    async def pragma(self, statement: str) -> None:
        """One statement."""
        await self._opened.execute_fetchall(statement)

    async def close(self) -> None:
        """Close; an open connection would hang the process."""
        await self._opened.close()


async def connect(uri: str) -> Worker:
    """Open a connection and start its thread."""
    made: list[HandedConnection] = []

    def factory(*args: Any, **options: Any) -> HandedConnection:
        made.append(HandedConnection(*args, **options))
        return made[0]

    opened = await aiosqlite.connect(
        uri, uri=True, isolation_level=None, factory=factory, cached_statements=256, check_same_thread=True
    )
    return Worker(opened, made[0])
