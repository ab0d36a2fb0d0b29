"""The nightly job: what has expired goes, what the law keeps coarser becomes coarser (PRIVACY 3). `release` refused all of it
from the instant; here the bytes follow.

Invariants: the dry run is the same plan; a restart in the middle forgets no count; what a night took stands in the ledger by
class, with nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from l2s.actions.erasure import SCRUB_DUE
from l2s.actions.holds import end_over
from l2s.actions.house import House
from l2s.actions.night import PARTS, Night, Part, Step
from l2s.clock import DAY, HOUR
from l2s.domain.events import Event
from l2s.privacy.retention import FILE_DAYS, Report
from l2s.store import audit, backup, erasure, figures, ledger, retention
from l2s.store.engine import Unit
from l2s.store.sql import Sql

RETENTION_DUE: Final = "retention"


def look(house: House, part: Part, after: Any, most: int, sql: Sql) -> Step:
    """What a slice would do."""
    return part(Night(house, sql, acts=False, most=most), after)


def do(house: House, part: Part, after: Any, most: int) -> Unit[Step]:
    """A slice, decided again."""

    def unit(sql: Sql) -> tuple[Step, Sequence[Event]]:
        step = part(Night(house, sql, acts=True, most=most), after)
        return step, step.events

    return unit


def beyond(after: Any, sql: Sql) -> Any:
    """The key after a visitor whose slice failed, None = there is none."""
    found = retention.people(sql, after or "", 1)
    return found[0].id if found else None


def dry_run(house: House, sql: Sql) -> Report:
    """What a run would take now, and what of it is overdue."""
    report = Report(files=[path.name for path in _files(house)])
    for part in PARTS:
        after: Any = None
        while True:
            step = part(Night(house, sql, acts=False), after)
            report.add(step.report)
            if step.after is None:
                break
            after = step.after
    return report


def _files(house: House) -> list[Path]:
    return backup.expired(house.engine.path.parent, house.clock.at(), FILE_DAYS)


def drop_files(house: House) -> list[str]:
    """Own copies of the database that are too old are unlinked: their names. Not in the loop's thread."""
    files = _files(house)
    for path in files:
        path.unlink(missing_ok=True)
    return [path.name for path in files]


def begin(house: House) -> Unit[Report]:
    """Before anything else: holds that ended let go of their chats, which this very night may take."""
    return end_over(house)


def finish(house: House) -> Unit[None]:
    """One entry for each scope that lost something, and the wish that the bytes are overwritten this very night."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        told = retention.noted(sql)
        head = audit.newest(sql)
        if head and head != ledger.audit_head(sql):  # a log that is cut off at its end would show
            ledger.append(sql, ledger.SERVER, "audit", {"position": head[0], "hash": head[1]}, ledger.moment(sql, at))
        for scope, counts in sorted(told.items()):
            ledger.append(sql, scope, "retained", counts, ledger.moment(sql, at))
        if told:
            retention.forget_notes(sql)
            erasure.want_scrub(sql, SCRUB_DUE, steady)
        return None, []

    return unit


def next_night(house: House) -> int:
    """Steady ms of the next hour of retention."""
    at, hour = house.clock.at(), house.settings.retention_hour * HOUR
    return house.clock.steady() + DAY - (at - hour) % DAY


def arm(house: House, again: int | None = None) -> Unit[None]:
    """The next run is due; `again`: in so many ms, where something failed."""
    at, now = next_night(house), house.clock.steady()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        figures.set_due(sql, RETENTION_DUE, "", at if again is None else min(at, now + again))
        return None, []

    return unit


def arm_first(house: House) -> Unit[None]:
    """At start: a run that was missed or cut off is due still; one that waits for another hour moves."""
    at = next_night(house)

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        known = figures.due_at(sql, RETENTION_DUE, "")
        if known is None or known > at:
            figures.set_due(sql, RETENTION_DUE, "", at)
        return None, []

    return unit
