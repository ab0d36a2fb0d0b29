"""Disclosures: what was asked for, on which ground, who agreed, what left, and whether its subjects were told (P8a)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from l2s.store.sql import Row, Sql, Write

Ground = Literal["legal", "rights", "safety"]


class Handed(msgspec.Struct, frozen=True):
    """One bundle that left: the seal, salted hashes by file name, counts by class. Nothing of its content."""

    at: int
    by: str
    seal: str
    sums: dict[str, str]
    counts: dict[str, int]


class Disclosure(msgspec.Struct, frozen=True):
    """`scope`: what was asked for, in words; `ended_at`: when it was refused or taken back. Times are wall ms."""

    id: str
    account: str
    ground: Ground
    authority: str
    reference: str
    scope: str
    asked_by: str
    asked_at: int
    approved_by: str | None
    approved_at: int | None
    ended_at: int | None
    gag_until: int | None
    gag_reason: str
    told_at: int | None
    handed_at: int | None
    handed: tuple[Handed, ...]
    chats: tuple[str, ...]


_ADD: Final = Write(
    """INSERT INTO disclosures (id, account_id, ground, authority, reference, scope, asked_by, asked_at, gag_until, gag_reason)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"""
)
_ADD_CHAT: Final = Write("INSERT INTO disclosed (disclosure_id, chat_id) VALUES (?1, ?2)")
_APPROVE: Final = Write(
    "UPDATE disclosures SET approved_by = ?2, approved_at = ?3 WHERE id = ?1 AND approved_at IS NULL AND ended_at IS NULL"
)
_END: Final = Write("UPDATE disclosures SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL")
_HAND: Final = Write("UPDATE disclosures SET handed_at = coalesce(handed_at, ?2), manifest = ?3 WHERE id = ?1")
_TOLD: Final = Write("UPDATE disclosures SET told_at = ?2 WHERE id = ?1 AND told_at IS NULL")
_COLUMNS: Final = """SELECT id, account_id, ground, authority, reference, scope, asked_by, asked_at, approved_by, approved_at,
    ended_at, gag_until, gag_reason, told_at, handed_at, manifest FROM disclosures"""


def _disclosure(sql: Sql, row: Row) -> Disclosure:
    handed = msgspec.json.decode(row[15], type=tuple[Handed, ...]) if row[15] else ()
    chats = sql.all("SELECT chat_id FROM disclosed WHERE disclosure_id = ?1 ORDER BY chat_id", row[0])
    named = tuple(one[0] for one in chats)
    return Disclosure(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13],
        row[14], handed, named,
    )  # fmt: skip


def disclosure(sql: Sql, key: str) -> Disclosure | None:
    """One by its id. Chats that were erased since are not in it any more."""
    row = sql.one(f"{_COLUMNS} WHERE id = ?1", key)
    return _disclosure(sql, row) if row else None


def of_account(sql: Sql, account: str) -> list[Disclosure]:
    """An account's, newest first."""
    rows = sql.all(f"{_COLUMNS} WHERE account_id = ?1 ORDER BY asked_at DESC, id", account)
    return [_disclosure(sql, row) for row in rows]


def everywhere(sql: Sql) -> list[Disclosure]:
    """All of the server, newest first."""
    return [_disclosure(sql, row) for row in sql.all(f"{_COLUMNS} ORDER BY asked_at DESC, id")]


def of_chat(sql: Sql, chat: str) -> list[Disclosure]:
    """What was given out of one chat and may be told of, oldest first."""
    rows = sql.all(
        f"""{_COLUMNS} JOIN disclosed d ON d.disclosure_id = id
        WHERE d.chat_id = ?1 AND handed_at IS NOT NULL AND told_at IS NOT NULL ORDER BY handed_at, id""",
        chat,
    )
    return [_disclosure(sql, row) for row in rows]


def untold(sql: Sql, at: int) -> list[Disclosure]:
    """What left, and whose subjects are to be told by now: no gag, or one that is over."""
    rows = sql.all(
        f"{_COLUMNS} WHERE handed_at IS NOT NULL AND told_at IS NULL AND coalesce(gag_until, 0) <= ?1 ORDER BY handed_at, id",
        at,
    )
    return [_disclosure(sql, row) for row in rows]


def late(sql: Sql, before: int) -> list[Disclosure]:
    """What left for somebody's safety before an instant and nobody else has agreed to."""
    late = "ground = 'safety' AND approved_at IS NULL AND ended_at IS NULL AND handed_at <= ?1"
    return [_disclosure(sql, row) for row in sql.all(f"{_COLUMNS} WHERE {late} ORDER BY handed_at, id", before)]


def by_year(sql: Sql, account: str | None) -> list[tuple[int, str, int]]:
    """(year, ground, how many) of what left and may be told of; `account` None = the whole server."""
    rows = sql.all(
        """SELECT CAST(strftime('%Y', handed_at / 1000, 'unixepoch') AS INTEGER), ground, count(*) FROM disclosures
        WHERE handed_at IS NOT NULL AND told_at IS NOT NULL AND account_id = coalesce(?1, account_id)
        GROUP BY 1, 2 ORDER BY 1 DESC, 2""",
        account,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def by_seal(sql: Sql, seal: str) -> Disclosure | None:
    """The one whose bundle has this seal."""
    return next((one for one in everywhere(sql) if any(handed.seal == seal for handed in one.handed)), None)


def add(sql: Sql, asked: Disclosure) -> None:
    """It was asked for: nothing leaves by it yet."""
    sql.run(
        _ADD, asked.id, asked.account, asked.ground, asked.authority, asked.reference, asked.scope, asked.asked_by,
        asked.asked_at, asked.gag_until, asked.gag_reason,
    )  # fmt: skip
    for chat in asked.chats:
        sql.run(_ADD_CHAT, asked.id, chat)


def approve(sql: Sql, key: str, by: str, at: int) -> bool:
    """Somebody else agreed; False if it was settled before."""
    return sql.run(_APPROVE, key, by, at) == 1


def end(sql: Sql, key: str, at: int) -> bool:
    """Refused, or taken back."""
    return sql.run(_END, key, at) == 1


def hand(sql: Sql, one: Disclosure, handed: Handed) -> None:
    """A bundle left."""
    every: tuple[Any, ...] = (*one.handed, handed)
    sql.run(_HAND, one.id, handed.at, msgspec.json.encode(every, order="sorted").decode())


def set_told(sql: Sql, key: str, at: int) -> None:
    """Its subjects were told, or there is nobody left to tell."""
    sql.run(_TOLD, key, at)
