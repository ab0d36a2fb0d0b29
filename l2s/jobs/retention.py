"""One run of the nightly job, slice by slice, so that the loop's other work and everybody's messages get their turn in between.

A slice is looked at on a reader; only where something is to do, a unit decides again and does it. A slice that fails is taken
again one visitor at a time, so that what cannot be done keeps nothing else from being done.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from l2s.actions import disclosures, retention
from l2s.actions.house import House
from l2s.actions.night import PARTS, SLICE, Step
from l2s.clock import HOUR
from l2s.privacy.retention import Report

AGAIN: Final = HOUR  # after a run in which something failed
LOG: Final = logging.getLogger("l2s.jobs")


class Run:
    """Where a run stands, and what it has taken so far."""

    def __init__(self, house: House) -> None:
        self.report = Report()
        self.failed = 0
        self._house = house
        self._part = 0
        self._after: Any = None
        self._singly = 0  # visitors that are still taken one at a time
        self._begun = False

    async def whole(self) -> Report:
        """All of it at once: what `l2s purge` waits for."""
        while not await self.advance():
            pass
        return self.report

    async def advance(self) -> bool:
        """One slice. True = it was the last, and the next night is due."""
        if not self._begun:
            self._begun = True
            self.report.add(await self._house.engine.write(retention.begin(self._house)))
            await self._house.engine.write(disclosures.tell_over(self._house))
        if self._part < len(PARTS):
            step = await self._slice()
            self.report.add(step.report)
            self._after = step.after
            if step.after is None:
                self._part, self._singly = self._part + 1, 0
            return False
        self.report.files = await asyncio.to_thread(retention.drop_files, self._house)
        await self._house.engine.write(retention.finish(self._house))
        await self._house.engine.write(retention.arm(self._house, AGAIN if self.failed else None))
        return True

    async def _slice(self) -> Step:
        engine, part, after, house = self._house.engine, PARTS[self._part], self._after, self._house
        most = 1 if self._singly else SLICE
        try:
            step = await engine.read(lambda sql: retention.look(house, part, after, most, sql))
            if not step.report.is_empty:
                step = await engine.write(retention.do(house, part, after, most))
        except Exception:
            return await self._past(most)
        if step.after != after:
            self._singly = max(0, self._singly - 1)
        return step

    async def _past(self, most: int) -> Step:
        """Go on after what failed."""
        if self._part == 0 and most > 1:
            self._singly = SLICE
            return Step(Report(), self._after or "")
        LOG.exception("a slice of the retention failed; the rest goes on, and it is tried again")
        self.failed += 1
        if self._part:
            return Step(Report(), None)
        self._singly -= 1
        return Step(Report(), await self._house.engine.read(lambda sql: retention.beyond(self._after, sql)))
