"""Holds: which chats the law keeps, why, who asked and who agreed (PRIVACY 3, rule 10).

Invariant: `chats.held_until` is the furthest end of the chat's holds that are in force; every change here computes it anew.
"""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.store.sql import Row, Sql, Write


class Hold(msgspec.Struct, frozen=True):
    """A hold. `lifted_at`: when it was withdrawn, lifted or came to its end. Times are wall ms."""

    id: str
    account: str
    reason: str
    asked_by: str
    asked_at: int
    approved_by: str | None
    approved_at: int | None
    until: int
    lifted_at: int | None
    chats: tuple[str, ...]


_ADD: Final = Write("INSERT INTO holds (id, account_id, reason, asked_by, asked_at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
_ADD_CHAT: Final = Write("INSERT INTO held_chats (hold_id, chat_id) VALUES (?1, ?2)")
_APPROVE: Final = Write("UPDATE holds SET approved_by = ?2, approved_at = ?3 WHERE id = ?1 AND approved_at IS NULL")
_LIFT: Final = Write("UPDATE holds SET lifted_at = ?2 WHERE id = ?1 AND lifted_at IS NULL")
_HELD_UNTIL: Final = Write(
    """UPDATE chats SET held_until = (SELECT max(h.until) FROM held_chats k JOIN holds h ON h.id = k.hold_id
    WHERE k.chat_id = chats.id AND h.approved_at IS NOT NULL AND h.lifted_at IS NULL)
    WHERE id IN (SELECT chat_id FROM held_chats WHERE hold_id = ?1)"""
)
_COLUMNS: Final = "SELECT id, account_id, reason, asked_by, asked_at, approved_by, approved_at, until, lifted_at FROM holds"


def _hold(sql: Sql, row: Row) -> Hold:
    chats = sql.all("SELECT chat_id FROM held_chats WHERE hold_id = ?1 ORDER BY chat_id", row[0])
    named = tuple(one[0] for one in chats)
    return Hold(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], named)


def hold(sql: Sql, key: str) -> Hold | None:
    """A hold by its id. Chats that were erased since are not in it any more."""
    row = sql.one(f"{_COLUMNS} WHERE id = ?1", key)
    return _hold(sql, row) if row else None


def of_account(sql: Sql, account: str) -> list[Hold]:
    """An account's holds, newest first."""
    return [_hold(sql, row) for row in sql.all(f"{_COLUMNS} WHERE account_id = ?1 ORDER BY asked_at DESC, id", account)]


def everywhere(sql: Sql) -> list[Hold]:
    """All holds of the server, newest first."""
    return [_hold(sql, row) for row in sql.all(f"{_COLUMNS} ORDER BY asked_at DESC, id")]


def over(sql: Sql, at: int) -> list[Hold]:
    """Approved holds that came to their end."""
    rows = sql.all(f"{_COLUMNS} WHERE until <= ?1 AND approved_at IS NOT NULL AND lifted_at IS NULL ORDER BY until, id", at)
    return [_hold(sql, row) for row in rows]


def add(sql: Sql, asked: Hold) -> None:
    """A hold that was asked for: it holds nothing yet."""
    sql.run(_ADD, asked.id, asked.account, asked.reason, asked.asked_by, asked.asked_at, asked.until)
    for chat in asked.chats:
        sql.run(_ADD_CHAT, asked.id, chat)


def approve(sql: Sql, key: str, by: str, at: int) -> bool:
    """It is in force; False if somebody else was first."""
    if sql.run(_APPROVE, key, by, at) != 1:
        return False
    sql.run(_HELD_UNTIL, key)
    return True


def end(sql: Sql, key: str, at: int) -> bool:
    """It is over; False if it was already."""
    if sql.run(_LIFT, key, at) != 1:
        return False
    sql.run(_HELD_UNTIL, key)
    return True
