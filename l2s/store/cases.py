"""Privacy questions: when they came, until when they are due, and what became of them (P11)."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Row, Sql, Write

Source = Literal["widget", "notice", "hand"]


class Case(msgspec.Struct, frozen=True):
    """One question. `since`: of its law; its anchor is `closed_at`. Times in ms."""

    id: str
    account: str
    site: str
    visitor: str | None
    source: Source
    received_at: int
    due_at: int
    closed_at: int | None
    since: int
    question: Sealed[str] | None = None
    contact: Sealed[str] | None = None
    extended_why: Sealed[str] | None = None
    answer: Sealed[str] | None = None


_ADD: Final = Write(
    """INSERT INTO cases (id, account_id, site_id, visitor_id, source, question, contact, received_at, due_at, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)""",
    {6: "cases.question", 7: "cases.contact"},
)
_EXTEND: Final = Write("UPDATE cases SET due_at = ?2, extended_why = ?3 WHERE id = ?1", {3: "cases.extended_why"})
_CLOSE: Final = Write("UPDATE cases SET closed_at = ?2, answer = ?3 WHERE id = ?1 AND closed_at IS NULL", {3: "cases.answer"})
_COLUMNS: Final = """SELECT id, account_id, site_id, visitor_id, source, received_at, due_at, closed_at, since, question,
    contact, extended_why, answer FROM cases"""


def _case(row: Row) -> Case:
    sealed = (held("case", value, row[8], row[7]) for value in row[9:])
    return Case(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], *sealed)


def add(sql: Sql, case: Case) -> None:
    """A new question."""
    sql.run(
        _ADD, case.id, case.account, case.site, case.visitor, case.source, case.question, case.contact, case.received_at,
        case.due_at, case.since,
    )  # fmt: skip


def case(sql: Sql, key: str) -> Case | None:
    """A question by id."""
    row = sql.one(f"{_COLUMNS} WHERE id = ?1", key)
    return _case(row) if row else None


def of_account(sql: Sql, account: str) -> list[Case]:
    """All questions of an account: the open ones first, by when they are due."""
    rows = sql.all(f"{_COLUMNS} WHERE account_id = ?1 ORDER BY closed_at IS NOT NULL, due_at LIMIT 500", account)
    return [_case(row) for row in rows]


def waiting(sql: Sql, account: str) -> dict[str, int]:
    """How many questions of each site wait for an answer."""
    rows = sql.all("SELECT site_id, count(*) FROM cases WHERE account_id = ?1 AND closed_at IS NULL GROUP BY site_id", account)
    return dict(rows)


def extend(sql: Sql, key: str, due_at: int, why: Sealed[str] | None) -> None:
    """More time, with the reason that the person is told."""
    sql.run(_EXTEND, key, due_at, why)


def close(sql: Sql, key: str, at: int, answer: Sealed[str] | None) -> None:
    """Answered."""
    sql.run(_CLOSE, key, at, answer)
