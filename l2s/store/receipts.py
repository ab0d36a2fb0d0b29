"""Receipts of erasures: counts by class, two instants, nothing of anybody."""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.privacy.erasure import Kept, Receipt
from l2s.store.sql import Row, Sql, Write

_ADD: Final = Write(
    """INSERT INTO receipts (code, account_id, scope, position, head, version, law_hash, counts, kept, recipients,
    unreachable_at, backups_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (code) DO UPDATE SET position = ?4, head = ?5, counts = ?8, kept = ?9, recipients = ?10, unreachable_at = ?11,
    overwritten_at = NULL, backups_until = ?12"""
)
_COLUMNS: Final = """SELECT code, account_id, scope, position, head, version, law_hash, counts, kept, recipients,
    unreachable_at, backups_until, overwritten_at FROM receipts"""
_OVERWRITTEN: Final = Write("UPDATE receipts SET overwritten_at = ?2 WHERE overwritten_at IS NULL AND position <= ?1")


def add(sql: Sql, receipt: Receipt) -> None:
    """A receipt; an erasure that is done again (an older backup came back) replaces the one it had."""
    sql.run(
        _ADD,
        receipt.code,
        receipt.account,
        receipt.scope,
        receipt.position,
        receipt.head,
        receipt.version,
        receipt.law_hash,
        msgspec.json.encode(receipt.counts, order="sorted").decode(),
        msgspec.json.encode(receipt.kept).decode(),
        msgspec.json.encode(receipt.recipients).decode(),
        receipt.unreachable_at,
        receipt.backups_until,
    )


def receipt(sql: Sql, code: str) -> Receipt | None:
    """A receipt by its code."""
    row = sql.one(f"{_COLUMNS} WHERE code = ?1", code)
    return _receipt(row) if row else None


def of_account(sql: Sql, account: str, most: int) -> list[Receipt]:
    """An account's receipts, newest first."""
    rows = sql.all(f"{_COLUMNS} WHERE account_id = ?1 ORDER BY position DESC LIMIT ?2", account, most)
    return [_receipt(row) for row in rows]


def _receipt(row: Row) -> Receipt:
    counts = msgspec.json.decode(row[7], type=dict[str, int])
    kept = msgspec.json.decode(row[8], type=tuple[Kept, ...])
    told = msgspec.json.decode(row[9], type=tuple[str, ...])
    return Receipt(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], counts, kept, told, row[10], row[11], row[12]
    )  # fmt: skip


def set_overwritten(sql: Sql, position: int, at: int) -> int:
    """A scrub that began after ledger `position` has run to its end at `at`; how many receipts it completes."""
    return sql.run(_OVERWRITTEN, position, at)


def waits_since(sql: Sql) -> int | None:
    """When the oldest erasure was whose bytes are not overwritten yet, wall ms; None = there is none."""
    row = sql.one("SELECT min(unreachable_at) FROM receipts WHERE overwritten_at IS NULL")
    return row[0] if row else None
