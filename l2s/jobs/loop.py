"""The due-table's one loop. `step` does what is due now; tests call it with a clock of their own, the server every second.

Served time is counted only while the listener accepts: min(Δwall, Δsteady) each minute, so a clock set forward cannot shorten
the fifteen days.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from l2s.actions import desk, erasure, timers
from l2s.actions.erasure import SCRUB_DUE
from l2s.actions.house import House
from l2s.actions.retention import RETENTION_DUE
from l2s.clock import MINUTE
from l2s.jobs.retention import Run
from l2s.store import chats, figures, ledger

LEAP: Final = 2 * MINUTE  # a process that slept longer did not serve meanwhile
RETRY: Final = 5 * MINUTE  # after a scrub that a reader or a full disk kept from its end
SLICES: Final = 100  # of a night's work in one step: what is due meanwhile waits no longer
LOG: Final = logging.getLogger("l2s.jobs")


async def overwrite(house: House, scrub: Callable[[], Awaitable[bool]]) -> bool:
    """The scrub, and the receipts that it completes. False = something was in its way: it stays due."""
    engine, again = house.engine, house.clock.steady() + RETRY
    await engine.write(timers.put_off(SCRUB_DUE, "", again))
    erased = await engine.read(ledger.last)
    if not await scrub():
        return False
    await engine.write(erasure.overwritten(house, erased))
    await engine.write(timers.settled(SCRUB_DUE, "", again))  # unless an erasure came meanwhile: it moved the time
    return True


class Jobs:
    """The loop and what it remembers between steps. `listening`: does the listener accept?"""

    def __init__(
        self,
        house: House,
        tick: Callable[[], None],
        scrub: Callable[[], Awaitable[bool]],
        spoke: Callable[[str], int | None],
        is_connected: Callable[[str], bool],
    ) -> None:
        self._house = house
        self._tick = tick
        self._scrub = scrub
        self._spoke = spoke
        self._is_connected = is_connected
        self._minute = (house.clock.at(), house.clock.steady())
        self._run: Run | None = None  # of the retention, while it goes on
        self.listening = False
        self.broken: int | None = None  # where the ledger does not follow from itself

    async def run(self) -> None:
        """Every second, until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(1)

    async def step(self) -> None:
        """Everything that is due now. One job that fails keeps no other from its turn."""
        self._tick()
        now = self._house.clock.steady()
        if now - self._minute[1] >= MINUTE:
            await self._try(self.minute())
        for kind, subject in await self._house.engine.read(lambda sql: figures.due(sql, now)):
            await self._try(self._fire(kind, subject))

    async def _try(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            LOG.exception("a job failed; it is tried again")

    async def _fire(self, kind: str, subject: str) -> None:
        if kind == RETENTION_DUE:
            await self._retain()
            return
        if kind != SCRUB_DUE:
            await self._house.engine.write(timers.fire(self._house, kind, subject, self._spoke(subject)))
            return
        await overwrite(self._house, self._scrub)

    async def _retain(self) -> None:
        """Some slices; it stays due until the last, so a restart in the middle begins it anew."""
        run = self._run = self._run or Run(self._house)
        try:
            for _ in range(SLICES):
                if await run.advance():
                    self._run = None
                    return
        except Exception:
            again = self._house.clock.steady() + RETRY
            await self._house.engine.write(timers.put_off(RETENTION_DUE, "", again))
            raise

    async def minute(self) -> None:
        """Both clocks move, and what is ripe ripens."""
        at, steady = self._house.clock.at(), self._house.clock.steady()
        served = max(0, min(at - self._minute[0], steady - self._minute[1], LEAP)) if self.listening else 0
        self._minute = (at, steady)
        self.broken = (await self._house.engine.write(timers.minute(self._house, served))).broken
        if self.broken is not None:
            LOG.error("the privacy ledger does not follow from itself at entry %d: no version ripens", self.broken)
        await self._relieve(steady)

    async def _relieve(self, steady: int) -> None:
        """Nobody waits for somebody who is gone: what an absent owner leaves unanswered goes back to the queue."""
        patience = self._house.settings.absent_minutes * MINUTE
        for chat, owner in await self._house.engine.read(chats.unanswered):
            if not self._is_connected(owner) and steady - (self._spoke(chat) or 0) >= patience:
                await self._house.engine.write(desk.give_up(self._house, chat))
