"""The due-table's one loop. `step` does what is due now; tests call it with a clock of their own, the server every second.

Served time is counted only while the listener accepts: min(Δwall, Δsteady) each minute, so a clock set forward cannot shorten
the fifteen days.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final

from l2s.actions import timers
from l2s.actions.erasure import SCRUB_DUE
from l2s.actions.house import House
from l2s.clock import MINUTE
from l2s.errors import L2sError
from l2s.store import figures

LOG: Final = logging.getLogger("l2s.jobs")


class Jobs:
    """The loop and what it remembers between steps. `listening`: does the listener accept?"""

    def __init__(
        self, house: House, tick: Callable[[], None], scrub: Callable[[], Awaitable[bool]], spoke: Callable[[str], int | None]
    ) -> None:
        self._house = house
        self._tick = tick
        self._scrub = scrub
        self._spoke = spoke
        self._minute = (house.clock.at(), house.clock.steady())
        self.listening = False

    async def run(self) -> None:
        """Every second, until cancelled."""
        while True:
            try:
                await self.step()
            except (L2sError, sqlite3.Error):
                LOG.exception("a job failed; it is tried again in a second")
            await asyncio.sleep(1)

    async def step(self) -> None:
        """Everything that is due now."""
        self._tick()
        now = self._house.clock.steady()
        for kind, subject in await self._house.engine.read(lambda sql: figures.due(sql, now)):
            if kind == SCRUB_DUE:
                if await self._scrub():
                    await self._house.engine.write(timers.fire(self._house, kind, subject))
                continue
            await self._house.engine.write(timers.fire(self._house, kind, subject, self._spoke(subject)))
        if now - self._minute[1] >= MINUTE:
            await self.minute()

    async def minute(self) -> None:
        """Both clocks move, and what is ripe ripens."""
        at, steady = self._house.clock.at(), self._house.clock.steady()
        served = max(0, min(at - self._minute[0], steady - self._minute[1])) if self.listening else 0
        self._minute = (at, steady)
        await self._house.engine.write(timers.minute(self._house, served))
