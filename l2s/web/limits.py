"""Rates (D6), in memory: token buckets by kind and key, where a key is a token's or a network's keyed hash of the day.

A try is taken before the work it allows, so parallel tries cannot beat it. Buckets that are full again are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from l2s.errors import TooMany

Key = tuple[str, bytes]
_MOST: Final = 50_000  # buckets in memory; over it the fullest half is forgotten


class Bucket:
    """The tokens of one key. `most` of them refill within `period` ms."""

    __slots__ = ("_since", "level")

    def __init__(self, most: int, now: int) -> None:
        self.level = float(most)
        self._since = now

    def take(self, most: int, period: int, now: int) -> None:
        """Take one. Raises TooMany, and takes none."""
        level = min(most, self.level + (now - self._since) * most / period)
        if level < 1:
            raise TooMany("too_many", after=int((1 - level) * period / most / 1000) + 1)
        self.level, self._since = level - 1, now


class Limits:
    """`take` raises TooMany; `give` returns what was taken (a sign-in that was right)."""

    def __init__(self, now: Callable[[], int], key: Callable[[str], bytes]) -> None:
        self._now = now
        self._key = key
        self._buckets: dict[Key, Bucket] = {}
        self._counts: dict[Key, int] = {}

    def take(self, kind: str, who: str, most: int, period: int) -> None:
        """Take one of `most` tokens that refill within `period` ms. `most` 0 = no limit."""
        if not most:
            return
        key, now = (kind, self._key(who)), self._now()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST:
                self._forget()
            bucket = self._buckets[key] = Bucket(most, now)
        bucket.take(most, period, now)

    def left(self, kind: str, who: str, most: int) -> int:
        """How many tries are left."""
        bucket = self._buckets.get((kind, self._key(who)))
        return int(bucket.level) if bucket else most

    def give(self, kind: str, who: str) -> None:
        """Everything back: the try was right."""
        self._buckets.pop((kind, self._key(who)), None)

    def _forget(self) -> None:
        fullest = sorted(self._buckets, key=lambda key: self._buckets[key].level, reverse=True)
        for key in fullest[: _MOST // 2]:
            del self._buckets[key]

    def enter(self, kind: str, who: str, most: int) -> Key:
        """Count one more at the same time; what it returns is for `leave`. Raises TooMany at `most`."""
        key = (kind, self._key(who))
        count = self._counts.get(key, 0)
        if most and count >= most:
            raise TooMany("too_many", after=60)
        self._counts[key] = count + 1
        return key

    def leave(self, key: Key) -> None:
        """Count one less."""
        rest = self._counts.get(key, 1) - 1
        if rest > 0:
            self._counts[key] = rest
        else:
            self._counts.pop(key, None)
