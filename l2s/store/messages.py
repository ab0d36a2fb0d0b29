"""Messages and notes of a timeline: ordered by (seq, rev), resumed by rev (users) or pub (visitors)."""

from __future__ import annotations

from typing import Final

from l2s.domain.chats import Chat, Message
from l2s.privacy.gate import held
from l2s.store.sql import Row, Sql, Write

_ADD: Final = Write(
    """INSERT INTO messages (chat_id, seq, rev, pub, author, author_id, client_id, kind, body, note, event, created_at, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)""",
    {9: "messages.body", 10: "messages.note", 12: "messages.created_at"},
)
_COLUMNS: Final = """SELECT chat_id, seq, rev, pub, author, author_id, client_id, kind, body, note, event, created_at,
    withdrawn, since FROM messages"""
_VISIBLE: Final = "kind <> 'note'"


def _message(row: Row, ended: int | None) -> Message:
    since = row[13]
    return Message(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        held("times", row[11], since, ended),
        since,
        held("message", row[8], since, ended),
        held("about", row[9], since, ended),
        row[10],
        row[12] == 1,
    )


def add(sql: Sql, message: Message) -> None:
    """One more entry."""
    sql.run(
        _ADD,
        message.chat,
        message.seq,
        message.rev,
        message.pub,
        message.author,
        message.author_id,
        message.client_id,
        message.kind,
        message.body,
        message.note,
        message.event,
        message.at,
        message.since,
    )


def by_client_id(sql: Sql, author: str, client_id: str) -> tuple[Message, str] | None:
    """(message, chat id) of an author's earlier send with this id."""
    row = sql.one(f"{_COLUMNS} WHERE author_id = ?1 AND client_id = ?2", author, client_id)
    if not row:
        return None
    ended = sql.one("SELECT ended_at FROM chats WHERE id = ?1", row[0])
    return _message(row, ended[0] if ended else None), row[0]


def newest(sql: Sql, chat: Chat, most: int, notes: bool) -> list[Message]:
    """The newest page, in order."""
    return older(sql, chat, 2**62, most, notes)


def older(sql: Sql, chat: Chat, before: int, most: int, notes: bool) -> list[Message]:
    """The page before `before` (a seq), in order. Notes at the edge come with the page that holds their seq."""
    visible = "" if notes else f"AND {_VISIBLE}"
    rows = sql.all(
        f"{_COLUMNS} WHERE chat_id = ?1 AND seq < ?2 {visible} ORDER BY seq DESC, rev DESC LIMIT ?3", chat.id, before, most
    )
    if notes and len(rows) == most:  # whole places only, else the next page would start inside one
        edge = rows[-1][1]
        rows = [row for row in rows if row[1] != edge] + sql.all(
            f"{_COLUMNS} WHERE chat_id = ?1 AND seq = ?2 ORDER BY rev DESC", chat.id, edge
        )
    return [_message(row, chat.ended_at) for row in reversed(rows)]


def since_rev(sql: Sql, chat: Chat, rev: int, most: int) -> list[Message]:
    """Exactly what changed after `rev`, for users; one more than `most` says that it is too much."""
    rows = sql.all(f"{_COLUMNS} WHERE chat_id = ?1 AND rev > ?2 ORDER BY seq, rev LIMIT ?3", chat.id, rev, most + 1)
    return [_message(row, chat.ended_at) for row in rows]


def since_pub(sql: Sql, chat: Chat, pub: int, most: int) -> list[Message]:
    """Exactly what changed after `pub`, for the visitor; one more than `most` says that it is too much."""
    rows = sql.all(
        f"{_COLUMNS} WHERE chat_id = ?1 AND pub > ?2 AND {_VISIBLE} ORDER BY seq, rev LIMIT ?3", chat.id, pub, most + 1
    )
    return [_message(row, chat.ended_at) for row in rows]


def last(sql: Sql, chat: Chat) -> Message | None:
    """The newest text or note, for the row in the inbox."""
    row = sql.one(f"{_COLUMNS} WHERE chat_id = ?1 AND kind <> 'event' ORDER BY seq DESC, rev DESC LIMIT 1", chat.id)
    return _message(row, chat.ended_at) if row else None


def count(sql: Sql, chat: Chat) -> int:
    """How many texts both sides see."""
    row = sql.one("SELECT count(body) FROM messages WHERE chat_id = ?1", chat.id)
    return int(row[0]) if row else 0


def notes(sql: Sql, chat: Chat) -> list[tuple[Message, str]]:
    """The notes of a chat with their authors' public names, in order."""
    rows = sql.all(
        f"""{_COLUMNS.replace("FROM messages", ", (SELECT name FROM users WHERE id = author_id) FROM messages")}
        WHERE chat_id = ?1 AND kind = 'note' ORDER BY seq, rev""",
        chat.id,
    )
    return [(_message(row, chat.ended_at), row[14] or "") for row in rows]


def has_newer(sql: Sql, chat: Chat, seen: int, user: str) -> bool:
    """Has anybody but `user` written what both sides see after seq `seen`? (O3: the stale-send guard)"""
    row = sql.one(
        """SELECT 1 FROM messages WHERE chat_id = ?1 AND seq > ?2 AND kind IN ('text', 'file', 'card')
        AND author_id <> ?3 LIMIT 1""",
        chat.id,
        seen,
        user,
    )
    return row is not None


def said_up_to(sql: Sql, chat: Chat, seq: int) -> int:
    """How many of the visitor's messages stand at or before `seq`."""
    row = sql.one(
        "SELECT count(*) FROM messages WHERE chat_id = ?1 AND author = 'visitor' AND seq <= ?2 AND kind <> 'event'",
        chat.id,
        seq,
    )
    return int(row[0]) if row else 0


def last_by(sql: Sql, chat: Chat) -> tuple[str, int | None] | None:
    """(author, time as stored) of the newest text, for the timers of a quiet chat."""
    row = sql.one(
        """SELECT author, created_at FROM messages WHERE chat_id = ?1 AND kind IN ('text', 'file', 'card')
        ORDER BY seq DESC LIMIT 1""",
        chat.id,
    )
    return (row[0], row[1]) if row else None
