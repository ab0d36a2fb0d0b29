"""Reads on read-only connections: a free one takes everything that waits, in one snapshot and one visit to its thread.

In a storm this is what bounds the cost of a return: the hops between loop and thread cost more than the reads.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar

from l2s.store.hands import Hands, Worker, connect
from l2s.store.sql import Sql

T = TypeVar("T")
READERS: Final = 2
TOGETHER: Final = 32  # reads of one snapshot: bounds how long one can make another wait


class _Read:
    """A function that waits for a reader, and what became of it."""

    __slots__ = ("answer", "error", "function", "future")

    def __init__(self, function: Callable[[Sql], Any], future: asyncio.Future[Any]) -> None:
        self.function = function
        self.future = future
        self.answer: Any = None
        self.error: Exception | None = None

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.answer)


class Readers:
    """The readers of one database file."""

    def __init__(self) -> None:
        self._free: list[Worker] = []
        self._open: list[Worker] = []
        self._waiting: deque[_Read] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._coming = False  # a task was made that has not taken its reads yet
        self._held = False
        self._turn = asyncio.Lock()

    async def open(self, uri: str) -> None:
        """Connect."""
        for _ in range(READERS):
            reader = await connect(uri)
            self._open.append(reader)
            await reader.pragma("PRAGMA query_only=ON")
            self._free.append(reader)

    async def close(self) -> None:
        """Close; what is at work comes to its end."""
        opened, self._open = self._open, []
        await asyncio.gather(*(reader.close() for reader in opened))

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """No read is at work inside this block; those that come wait for its end."""
        async with self._turn:
            self._held = True
            try:
                await asyncio.gather(*self._tasks)
                yield
            finally:
                self._held = False
                self._start()

    async def read(self, function: Callable[[Sql], T]) -> T:
        """Run a function of one snapshot. A cancelled read gives its reader back when its thread is done."""
        read = _Read(function, asyncio.get_running_loop().create_future())
        self._waiting.append(read)
        self._start()
        answer: T = await read.future
        return answer

    def _start(self) -> None:
        if self._waiting and self._free and not self._coming and not self._held:
            self._coming = True
            task = asyncio.get_running_loop().create_task(self._work(self._free.pop()), name="reads")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, reader: Worker) -> None:
        """One reader, until nothing waits."""
        self._coming = False
        try:
            while self._waiting and not self._held:
                group = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                group = [read for read in group if not read.future.done()]  # cancelled meanwhile
                self._start()
                try:
                    await reader.run(partial(_run, group))
                except Exception as problem:
                    for read in group:
                        read.error = read.error or problem
                for read in group:
                    read.settle()
        finally:
            self._free.append(reader)


def _run(group: list[_Read], connection: sqlite3.Connection) -> None:
    """In the reader's thread."""
    connection.execute("BEGIN")
    try:
        for read in group:
            try:
                read.answer = read.function(Hands(connection, None))
            except Exception as problem:
                read.error = problem
    finally:
        connection.execute("COMMIT")
