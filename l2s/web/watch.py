"""Where the widget was seen, and which pages were refused (D5): counted in memory, written at most once a day and minute.

Nothing of a visitor is written: a date per site, and names of web sites with a number.
"""

from __future__ import annotations

from typing import Final

from l2s.actions import sites
from l2s.actions.house import House
from l2s.clock import DAY, MINUTE
from l2s.domain.origins import allows

_ORIGINS: Final = 50  # foreign origins of one site in a day; more are not written


class Watch:
    """Remembers what was written lately."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: dict[str, int] = {}
        self._refused: dict[str, dict[str, int]] = {}
        self._day = 0
        self._written: dict[tuple[str, str], int] = {}

    async def page(self, site: str, entries: tuple[str, ...], origin: str, own: str) -> None:
        """A page asked for this site's script or frame. `own`: our own origin, the hosted page."""
        if origin == own:
            return
        if origin and not allows(entries, origin):
            await self._refuse(site, origin)
        elif self._seen.get(site) != self._house.clock.at() // DAY:
            self._seen[site] = self._house.clock.at() // DAY
            await self._house.engine.write(sites.seen(self._house, site))

    async def _refuse(self, site: str, origin: str) -> None:
        counts = self._refused.setdefault(site, {})
        if origin not in counts and len(counts) >= _ORIGINS:
            return
        counts[origin] = counts.get(origin, 0) + 1
        if self._day != self._house.clock.at() // DAY:
            self._day = self._house.clock.at() // DAY
            self._refused, self._written = {site: {origin: 1}}, {}
            counts = self._refused[site]
        now, last = self._house.clock.steady(), self._written.get((site, origin))
        if last is not None and now - last < MINUTE:
            return
        self._written[site, origin] = now
        n, counts[origin] = counts[origin], 0
        await self._house.engine.write(sites.refused(self._house, site, {origin: n}))
