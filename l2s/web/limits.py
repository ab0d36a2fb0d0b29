"""Rates (D6), in memory: token buckets by kind and key, where a key is a token's or a network's keyed hash of the day.

A try is taken before the work it allows, so parallel tries cannot beat it. Buckets that are full again are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from l2s.errors import TooMany

_MOST: Final = 50_000  # buckets in memory; over it the fullest half is forgotten


class Limits:
    """`take` raises TooMany; `give` returns what was taken (a sign-in that was right)."""

    def __init__(self, now: Callable[[], int], key: Callable[[str], bytes]) -> None:
        self._now = now
        self._key = key
        self._buckets: dict[tuple[str, bytes], tuple[float, int]] = {}
        self._counts: dict[tuple[str, bytes], int] = {}

    def take(self, kind: str, who: str, most: int, period: int) -> None:
        """Take one of `most` tokens that refill within `period` ms. `most` 0 = no limit."""
        if not most:
            return
        key, now = (kind, self._key(who)), self._now()
        level, since = self._buckets.get(key, (float(most), now))
        level = min(most, level + (now - since) * most / period)
        if level < 1:
            after = int((1 - level) * period / most / 1000) + 1
            raise TooMany("too_many", after=after)
        if len(self._buckets) >= _MOST:
            self._forget()
        self._buckets[key] = (level - 1, now)

    def left(self, kind: str, who: str, most: int) -> int:
        """How many tries are left."""
        level, _ = self._buckets.get((kind, self._key(who)), (float(most), 0))
        return int(level)

    def give(self, kind: str, who: str) -> None:
        """Everything back: the try was right."""
        self._buckets.pop((kind, self._key(who)), None)

    def _forget(self) -> None:
        fullest = sorted(self._buckets, key=lambda key: self._buckets[key][0], reverse=True)
        for key in fullest[: _MOST // 2]:
            del self._buckets[key]

    def enter(self, kind: str, who: str, most: int) -> Callable[[], None]:
        """Count one more at the same time; returns how to leave. Raises TooMany at `most`."""
        key = (kind, self._key(who))
        count = self._counts.get(key, 0)
        if most and count >= most:
            raise TooMany("too_many", after=60)
        self._counts[key] = count + 1

        def leave() -> None:
            rest = self._counts.get(key, 1) - 1
            if rest > 0:
                self._counts[key] = rest
            else:
                self._counts.pop(key, None)

        return leave
