"""Time and ids, handed in as arguments everywhere (DESIGN 14), so that a clock that jumps moves no timer.

`at` is for people to read; `steady` counts on while the machine sleeps and never jumps: timers, lockouts, the due-table.
Both are in milliseconds since 1970, so a stored `steady` can be compared after a restart.
"""

from __future__ import annotations

import base64
import secrets
import time
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """What the rest of the house may know of time."""

    def at(self) -> int:
        """System time, ms since 1970: for people to read."""

    def steady(self) -> int:
        """Start + boot-time clock, ms: for timers."""


class RealClock:
    """The machine's clocks. `floor` is the highest time known to have been reached: steady never starts below it."""

    def __init__(self, floor: int = 0) -> None:
        self._boot = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._offset = 0
        self.anchor(floor)

    def at(self) -> int:
        """System time, ms since 1970."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Start + boot-time clock, ms."""
        return self._offset + time.clock_gettime_ns(self._boot) // 1_000_000

    def anchor(self, floor: int) -> None:
        """Re-anchor `steady` at start: now, or the stored high water if the clock has run back."""
        self._offset = max(self.at(), floor) - time.clock_gettime_ns(self._boot) // 1_000_000


class Ids(Protocol):
    """Where names that nobody may guess come from."""

    def new(self) -> str:
        """128 random bits as 22 characters of base64url."""

    def secret(self) -> str:
        """192 random bits as 32 characters: tokens and links."""

    def salt(self) -> bytes:
        """128 random bits: what makes a reference in the audit log lead to somebody."""


class RealIds:
    """Ids from the operating system's random source, drawn many at once: each question lets go of the interpreter."""

    def __init__(self) -> None:
        self._ready: list[str] = []

    def new(self) -> str:
        """128 random bits as 22 characters of base64url."""
        try:
            return self._ready.pop()
        except IndexError:
            drawn = secrets.token_bytes(64 * 16)
            ids = [base64.urlsafe_b64encode(drawn[at : at + 16]).decode()[:22] for at in range(0, len(drawn), 16)]
            self._ready += ids[1:]
            return ids[0]

    def secret(self) -> str:
        """192 random bits as 32 characters of base64url."""
        return secrets.token_urlsafe(24)

    def salt(self) -> bytes:
        """128 random bits."""
        return secrets.token_bytes(16)
