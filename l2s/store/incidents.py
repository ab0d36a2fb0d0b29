"""Incidents: what happened to personal data, what was done, and what the law's 72 hours are counted from (P14). Persons are
counted here, never named.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from l2s.store.sql import Row, Sql, Write

Source = Literal["user", "backup", "export", "key", "other"]
Mark = Literal["reported", "told", "closed"]


class Words(msgspec.Struct, frozen=True):
    """What happened, what it may do to the persons, and what was done."""

    facts: str
    effects: str
    remedy: str


class Incident(msgspec.Struct, frozen=True):
    """An incident. `subject`: what of its source it came from; `exposed`: persons, counted at entry. Times are wall ms."""

    id: str
    account: str
    source: Source
    subject: str
    words: Words
    began: int
    ended: int
    known: int
    exposed: int
    entered_by: str
    reported_at: int | None = None
    told_at: int | None = None
    closed_at: int | None = None


class Key(msgspec.Struct, frozen=True):
    """Something that lets its holder in: a sign-in, or a link. `kind`: "session", or that of the link."""

    kind: str
    subject: str
    user: str
    made_at: int


_ADD: Final = Write(
    """INSERT INTO incidents (id, account_id, source, subject, facts, effects, remedy, began_at, ended_at, known_at, exposed,
    entered_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"""
)
_AMEND: Final = Write("UPDATE incidents SET facts = ?2, effects = ?3, remedy = ?4 WHERE id = ?1 AND closed_at IS NULL")
_MARK: Final[dict[Mark, Write]] = {
    "reported": Write("UPDATE incidents SET reported_at = ?2 WHERE id = ?1 AND reported_at IS NULL AND closed_at IS NULL"),
    "told": Write("UPDATE incidents SET told_at = ?2 WHERE id = ?1 AND told_at IS NULL AND closed_at IS NULL"),
    "closed": Write("UPDATE incidents SET closed_at = ?2 WHERE id = ?1 AND closed_at IS NULL"),
}
_COLUMNS: Final = """SELECT id, account_id, source, subject, facts, effects, remedy, began_at, ended_at, known_at, exposed,
    entered_by, reported_at, told_at, closed_at FROM incidents"""


def _incident(row: Row) -> Incident:
    return Incident(row[0], row[1], row[2], row[3], Words(row[4], row[5], row[6]), *row[7:])


def add(sql: Sql, one: Incident) -> None:
    """A new incident."""
    words = one.words
    sql.run(
        _ADD, one.id, one.account, one.source, one.subject, words.facts, words.effects, words.remedy, one.began, one.ended,
        one.known, one.exposed, one.entered_by,
    )  # fmt: skip


def amend(sql: Sql, key: str, words: Words) -> bool:
    """Other words; False once it is closed."""
    return sql.run(_AMEND, key, words.facts, words.effects, words.remedy) == 1


def mark(sql: Sql, key: str, what: Mark, at: int) -> bool:
    """Reported to the authority, its persons told, or closed; False if it was already, or is closed."""
    return sql.run(_MARK[what], key, at) == 1


def incident(sql: Sql, key: str) -> Incident | None:
    """One by its id."""
    row = sql.one(f"{_COLUMNS} WHERE id = ?1", key)
    return _incident(row) if row else None


def of_account(sql: Sql, account: str) -> list[Incident]:
    """An account's incidents: the open ones first, the most urgent at the top; then the closed ones, newest first."""
    urgent = "closed_at IS NOT NULL, CASE WHEN closed_at IS NULL THEN known_at ELSE -known_at END, id"
    rows = sql.all(f"{_COLUMNS} WHERE account_id = ?1 ORDER BY {urgent}", account)
    return [_incident(row) for row in rows]


# What an incident can come from.


def keys(sql: Sql, account: str, most: int) -> list[Key]:
    """The newest sign-ins and links of an account's users."""
    rows = sql.all(
        """SELECT 'session', 'session:' || s.id, s.user_id, s.created_at FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE u.account_id = ?1 UNION ALL
        SELECT l.kind, 'link:' || l.user_id || ':' || l.created_at, l.user_id, l.created_at FROM links l
        JOIN users u ON u.id = l.user_id WHERE u.account_id = ?1 ORDER BY 4 DESC, 2 LIMIT ?2""",
        account,
        most,
    )
    return [Key(*row) for row in rows]


def session_life(sql: Sql, session: str) -> tuple[str, int, int | None] | None:
    """(user, begin, end) of a sign-in; None once its days are over and it is gone."""
    row = sql.one("SELECT user_id, created_at, ended_at FROM sessions WHERE id = ?1", session)
    return (row[0], row[1], row[2]) if row else None


def users_at(sql: Sql, account: str, at: int) -> int:
    """How many users an account had at an instant whose row is there still."""
    row = sql.one("SELECT count(*) FROM users WHERE account_id = ?1 AND created_at <= ?2", account, at)
    return int(row[0]) if row else 0


def salted_visitors(sql: Sql, account: str) -> list[tuple[str, bytes]]:
    """(visitor, salt) of an account's visitors whom a line of the audit log can lead to."""
    rows = sql.all(
        """SELECT v.id, s.salt FROM visitors v JOIN audit_salts s ON s.subject = v.id
        WHERE v.account_id = ?1 AND s.salt IS NOT NULL""",
        account,
    )
    return [(row[0], row[1]) for row in rows]
