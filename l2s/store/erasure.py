"""Deleting rows, and making their bytes go. Unlinking is not overwriting: only VACUUM clears the gaps (PRIVACY 5)."""

from __future__ import annotations

import sqlite3
from typing import Final

from l2s.store.figures import set_due
from l2s.store.sql import Sql, Write

_OF_CHAT: Final = tuple(
    Write(f"DELETE FROM {table} WHERE {column} = ?1")
    for table, column in (("messages", "chat_id"), ("participants", "chat_id"), ("details", "chat_id"), ("due", "subject"))
)
_CHAT: Final = Write("DELETE FROM chats WHERE id = ?1")
_LINKED: Final = Write("UPDATE chats SET previous_id = NULL WHERE previous_id = ?1")
_VISITOR: Final = Write("DELETE FROM visitors WHERE id = ?1")


def erase_chat(sql: Sql, key: str) -> dict[str, int]:
    """Everything of one chat, by table how many rows."""
    gone = {write.text.split()[2]: sql.run(write, key) for write in _OF_CHAT}
    sql.run(_LINKED, key)
    gone["chats"] = sql.run(_CHAT, key)
    return gone


def erase_visitor(sql: Sql, key: str) -> None:
    """A visitor whose last chat is gone."""
    sql.run(_VISITOR, key)


def scrub(connection: sqlite3.Connection) -> bool:
    """VACUUM rewrites the file without its gaps, then the WAL is truncated. False = a reader kept it from that."""
    connection.execute("VACUUM")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def all_chats(sql: Sql) -> list[str]:
    """Ids of all chats: only a replay of the ledger needs them."""
    return [row[0] for row in sql.all("SELECT id FROM chats")]


def want_scrub(sql: Sql, kind: str, at: int) -> None:
    """Bytes must go by `at` (steady ms) at the latest. An earlier wish stands, moved by a hair: a scrub that runs is not it."""
    row = sql.one("SELECT at FROM due WHERE kind = ?1", kind)
    set_due(sql, kind, "", row[0] + 1 if row else at)
