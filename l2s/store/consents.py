"""What a visitor was shown and did about it: one row for each act, on the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from l2s.domain.chats import Chat
from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Sql, Write

_FIELDS: Final = ("version", "hash", "language", "act", "at")
_ADD: Final = Write(
    """INSERT INTO consents (chat_id, nth, version, hash, language, act, at, since) VALUES (?1,
    (SELECT coalesce(max(nth), 0) + 1 FROM consents WHERE chat_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7)""",
    {number + 2: f"consents.{name}" for number, name in enumerate(_FIELDS)},
)


class Consent(msgspec.Struct, frozen=True):
    """One act. `act`: "line", "tick" or "withdrawn"; all of class `consent`."""

    version: Sealed[int] | None
    hash: Sealed[str] | None
    language: Sealed[str] | None
    act: Sealed[str] | None
    at: Sealed[int] | None


def add(sql: Sql, chat: Chat, values: Sequence[Sealed[Any] | None]) -> None:
    """One more act: version, hash, language, act, at."""
    sql.run(_ADD, chat.id, *values, chat.since)


def of_chat(sql: Sql, chat: Chat) -> list[Consent]:
    """All acts of a chat, in order."""
    rows = sql.all("SELECT version, hash, language, act, at, since FROM consents WHERE chat_id = ?1 ORDER BY nth", chat.id)
    return [Consent(*(held("consent", value, row[5], chat.ended_at) for value in row[:5])) for row in rows]
