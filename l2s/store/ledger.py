"""The ledger's table. Positions are one sequence for all scopes; each unit that appends moves the scope's head."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from l2s.errors import DataError
from l2s.privacy.ledger import GENESIS, Entry, Moment, canonical, seal
from l2s.store.sql import Row, Sql, Write

SERVER: Final = "server"

_INSERT: Final = Write(
    "INSERT INTO ledger (position, scope, kind, wall, shown, data, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
)
_HEAD: Final = Write("UPDATE sites SET law_head = ?2 WHERE id = ?1")
_META: Final = Write("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")
_LAWS: Final = "kind IN ('opened', 'posted', 'ripened', 'domains')"
_COLUMNS: Final = "SELECT position, scope, kind, wall, shown, data, previous, hash FROM ledger"


def entries(sql: Sql, scope: str) -> list[Entry]:
    """One scope's entries in order."""
    return [Entry(*row) for row in sql.all(f"{_COLUMNS} WHERE scope = ?1 ORDER BY position", scope)]


def laws(sql: Sql, scope: str) -> list[Entry]:
    """Those of a scope's entries that a law can come from: receipts by the thousand do not slow a message."""
    return [Entry(*row) for row in sql.all(f"{_COLUMNS} WHERE scope = ?1 AND {_LAWS} ORDER BY position", scope)]


def all_laws(sql: Sql) -> dict[str, list[Entry]]:
    """The same of all sites, removed ones included, with the domains they stood on."""
    found: dict[str, list[Entry]] = {}
    for row in sql.all(f"{_COLUMNS} WHERE scope <> ?1 AND {_LAWS} ORDER BY position", SERVER):
        found.setdefault(row[1], []).append(Entry(*row))
    return found


def latest(sql: Sql, scope: str, kind: str, most: int) -> list[Entry]:
    """One scope's entries of a kind, newest first."""
    rows = sql.all(f"{_COLUMNS} WHERE scope = ?1 AND kind = ?2 ORDER BY position DESC LIMIT ?3", scope, kind, most)
    return [Entry(*row) for row in rows]


def everything(sql: Sql) -> list[Entry]:
    """All entries in order."""
    return [Entry(*row) for row in sql.all(f"{_COLUMNS} ORDER BY position")]


def at_rest(path: Path) -> tuple[list[Entry], int]:
    """All entries and the clock's high water, of a file that nobody serves yet."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        table = [Entry(*row) for row in connection.execute(f"{_COLUMNS} ORDER BY position")]
        row = connection.execute("SELECT coalesce(max(value), 0) FROM meta WHERE name = 'wall'").fetchone()
    except sqlite3.DatabaseError as problem:
        raise DataError(f"{path} is damaged ({problem}). Restore it from a backup.") from None
    finally:
        connection.close()
    return table, int(row[0])


def append(sql: Sql, scope: str, kind: str, data: object, now: Moment) -> Entry:
    """The next entry of the chain; the scope's head moves with it."""
    last: Row = sql.one("SELECT position, hash FROM ledger ORDER BY position DESC LIMIT 1") or (0, GENESIS)
    entry = seal(last[0] + 1, scope, kind, now, canonical(data), last[1])
    _insert(sql, entry)
    sql.note(entry)
    return entry


def replay(sql: Sql, missing: Sequence[Entry]) -> None:
    """Entries that the mirror has and the table lacks (an older database): they count as written."""
    for entry in missing:
        _insert(sql, entry)


def _insert(sql: Sql, entry: Entry) -> None:
    sql.run(_INSERT, entry.position, entry.scope, entry.kind, entry.wall, entry.shown, entry.data, entry.previous, entry.hash)
    if entry.scope == SERVER:
        sql.run(_META, "server_head", entry.position)
    else:
        sql.run(_HEAD, entry.scope, entry.position)


def head(sql: Sql, scope: str) -> int:
    """The position of the scope's last entry."""
    row = sql.one("SELECT max(position) FROM ledger WHERE scope = ?1", scope)
    return int(row[0] or 0) if row else 0


def last(sql: Sql) -> int:
    """The position of the newest entry of all scopes."""
    row = sql.one("SELECT max(position) FROM ledger")
    return int(row[0] or 0) if row else 0


def audit_head(sql: Sql) -> tuple[int, str] | None:
    """(position, hash) of the audit log's newest line when the ledger last noted it."""
    row = sql.one("SELECT data FROM ledger WHERE scope = ?1 AND kind = 'audit' ORDER BY position DESC LIMIT 1", SERVER)
    told = msgspec.json.decode(row[0]) if row else None
    return (int(told["position"]), str(told["hash"])) if told else None


def of_seal(sql: Sql, seal: str) -> int | None:
    """The position of the entry that tells of a bundle with this seal."""
    row = sql.one(
        "SELECT position FROM ledger WHERE scope = ?1 AND kind = 'disclosed' AND instr(data, ?2)", SERVER, f'"seal":"{seal}"'
    )
    return int(row[0]) if row else None


def is_opened(sql: Sql, scope: str) -> bool:
    """Was anything of a stranger kept under this scope?"""
    return sql.one("SELECT 1 FROM ledger WHERE scope = ?1 AND kind = 'opened'", scope) is not None


def moment(sql: Sql, at: int) -> Moment:
    """Now, by both clocks: the wall never below its high water."""
    stored: dict[str, int] = dict(sql.all("SELECT name, value FROM meta WHERE name IN ('wall', 'shown')"))
    return Moment(max(at, int(stored.get("wall", 0))), int(stored.get("shown", 0)))


def set_moment(sql: Sql, now: Moment) -> None:
    """Keep both clocks: once a minute, while the notices really can be read."""
    sql.run(_META, "wall", now.wall)
    sql.run(_META, "shown", now.shown)
