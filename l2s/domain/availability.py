"""Who is really there (W2): connected, said so, and acted lately. "Reachable" comes with push."""

from __future__ import annotations

from typing import Literal

import msgspec

Availability = Literal["here", "away"]


class Attendance(msgspec.Struct, frozen=True):
    """A user's presence in memory. `left`: steady ms at which the last connection went, None while one is there."""

    user: str
    account: str
    available: bool
    acted: int
    left: int | None
    sites: frozenset[str] | None = None
    departments: frozenset[str] | None = None


def is_here(seat: Attendance, now: int, idle: int, grace: int) -> bool:
    """`idle`: how long since the last act still counts; `grace`: how long a reload may take. All in ms."""
    gone = seat.left is not None and now - seat.left >= grace
    return seat.available and not gone and now - seat.acted < idle


def serves(seat: Attendance, site: str, department: str) -> bool:
    """Is this user one of those who answer this site's department?"""
    return (seat.sites is None or site in seat.sites) and (seat.departments is None or department in seat.departments)
