"""Calendar months, for terms that a law counts in them (GDPR Art. 12(3): one month, extendable by two)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime


def add_months(at: int, months: int) -> int:
    """The same time of day `months` later, ms; the last day of a month that is too short (31 January → 28 February)."""
    then = datetime.fromtimestamp(at // 1000, UTC)
    year, month = divmod(then.year * 12 + then.month - 1 + months, 12)
    day = min(then.day, calendar.monthrange(year, month + 1)[1])
    moved = then.replace(year=year, month=month + 1, day=day)
    return int(moved.timestamp()) * 1000 + at % 1000
