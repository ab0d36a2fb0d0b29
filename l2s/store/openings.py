"""Who opened a chat: one row for each user and day, for the person's own eyes (P5)."""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.domain.chats import Chat
from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Sql, Write

_ADD: Final = Write(
    """INSERT INTO openings (chat_id, user_id, day, role, at, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (chat_id, user_id, day) DO NOTHING""",
    {5: "openings.at"},
)


class Opened(msgspec.Struct, frozen=True):
    """One opening. `name`: the user's public name of today."""

    name: str
    role: str
    day: int
    at: Sealed[int] | None


def is_noted(sql: Sql, chat: str, user: str, day: int) -> bool:
    """Was it noted today that this user opened the chat?"""
    return sql.one("SELECT 1 FROM openings WHERE chat_id = ?1 AND user_id = ?2 AND day = ?3", chat, user, day) is not None


def add(sql: Sql, chat: Chat, user: str, role: str, day: int, at: Sealed[int] | None) -> None:
    """A user opened a chat."""
    sql.run(_ADD, chat.id, user, day, role, at, chat.since)


def of_chat(sql: Sql, chat: Chat) -> list[Opened]:
    """All openings of a chat, newest first."""
    rows = sql.all(
        """SELECT u.name, o.role, o.day, o.at, o.since FROM openings o JOIN users u ON u.id = o.user_id
        WHERE o.chat_id = ?1 ORDER BY o.day DESC, u.id""",
        chat.id,
    )
    return [Opened(row[0], row[1], row[2], held("times", row[3], row[4], chat.ended_at)) for row in rows]


def by_user(sql: Sql, user: str, first: int, last: int) -> frozenset[str]:
    """The chats that a user opened from one day to another."""
    rows = sql.all("SELECT DISTINCT chat_id FROM openings WHERE user_id = ?1 AND day BETWEEN ?2 AND ?3", user, first, last)
    return frozenset(row[0] for row in rows)
