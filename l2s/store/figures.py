"""Content-free daily counters, written in the unit that causes them; what the gate dropped, by class; the due-table."""

from __future__ import annotations

from typing import Final

from l2s.clock import DAY
from l2s.domain.chats import Chat
from l2s.store.sql import Sql, Write

_COUNT: Final = Write(
    """INSERT INTO counters (day, account_id, site_id, department_id, user_id, name, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (day, site_id, department_id, user_id, name) DO UPDATE SET n = counters.n + ?7"""
)
_DROPPED: Final = Write(
    """INSERT INTO dropped (day, site_id, class, n) VALUES (?1, ?2, ?3, 1)
    ON CONFLICT (day, site_id, class) DO UPDATE SET n = dropped.n + 1"""
)
_SET_DUE: Final = Write(
    "INSERT INTO due (kind, subject, at) VALUES (?1, ?2, ?3) ON CONFLICT (kind, subject) DO UPDATE SET at = ?3"
)
_CLEAR_DUE: Final = Write("DELETE FROM due WHERE kind = ?1 AND subject = ?2")
_CLEAR_DUE_AT: Final = Write("DELETE FROM due WHERE kind = ?1 AND subject = ?2 AND at = ?3")
_CLEAR_SUBJECT: Final = Write("DELETE FROM due WHERE subject = ?1")


def count(sql: Sql, chat: Chat, name: str, at: int, user: str = "", n: int = 1) -> None:
    """Add `n` to a figure of this chat's site, department and (where one acted) user, under the day of `at`."""
    sql.run(_COUNT, at // DAY, chat.account, chat.site, chat.department, user, name, n)


def dropped(sql: Sql, site: str, cls: str, at: int) -> None:
    """A class came in and was not kept."""
    sql.run(_DROPPED, at // DAY, site, cls)


def dropped_since(sql: Sql, site: str, day: int) -> dict[str, int]:
    """How often each class of a site was refused since a day."""
    rows = sql.all("SELECT class, sum(n) FROM dropped WHERE site_id = ?1 AND day >= ?2 GROUP BY class", site, day)
    return {row[0]: row[1] for row in rows}


def set_due(sql: Sql, kind: str, subject: str, at: int) -> None:
    """Something is due at `at` (steady ms); a later call for the same thing replaces it."""
    sql.run(_SET_DUE, kind, subject, at)


def clear_due(sql: Sql, kind: str, subject: str) -> bool:
    """No longer due; False if it was not."""
    return sql.run(_CLEAR_DUE, kind, subject) == 1


def clear_due_at(sql: Sql, kind: str, subject: str, at: int) -> None:
    """No longer due, unless its time was moved."""
    sql.run(_CLEAR_DUE_AT, kind, subject, at)


def clear_subject(sql: Sql, subject: str) -> None:
    """Nothing of this subject is due any more."""
    sql.run(_CLEAR_SUBJECT, subject)


def due_at(sql: Sql, kind: str, subject: str) -> int | None:
    """When something is due, steady ms; None = it is not."""
    row = sql.one("SELECT at FROM due WHERE kind = ?1 AND subject = ?2", kind, subject)
    return int(row[0]) if row else None


def due(sql: Sql, now: int, most: int = 200) -> list[tuple[str, str]]:
    """(kind, subject) of what is due, oldest first."""
    return [(row[0], row[1]) for row in sql.all("SELECT kind, subject FROM due WHERE at <= ?1 ORDER BY at LIMIT ?2", now, most)]
