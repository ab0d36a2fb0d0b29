"""Lines of the audit log, and the salts that make references lead to persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from l2s.domain.audit import GENESIS, Line, reference, seal
from l2s.privacy.ledger import canonical
from l2s.store.sql import KEYS, Sql, Write, with_keys

_ADD: Final = Write(
    """INSERT INTO audit (position, account_id, at, actor, verb, object, data, previous, hash)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"""
)
_SALT: Final = Write("INSERT INTO audit_salts (subject, salt) VALUES (?1, ?2)")
_COLUMNS: Final = "SELECT position, account_id, at, actor, verb, object, data, previous, hash FROM audit"


def add(sql: Sql, account: str, at: int, actor: str, verb: str, thing: str, data: dict[str, str | int]) -> Line:
    """The next line."""
    last = sql.one("SELECT position, hash FROM audit ORDER BY position DESC LIMIT 1") or (0, GENESIS)
    line = seal(last[0] + 1, account, at, actor, verb, thing, canonical(data), last[1])
    sql.run(
        _ADD, line.position, line.account, line.at, line.actor, line.verb, line.object, line.data, line.previous, line.hash
    )  # fmt: skip
    return line


def person(sql: Sql, subject: str, salt: bytes) -> str:
    """The reference of a user or visitor. `salt`: a new one, for whoever has none yet."""
    row = sql.one("SELECT salt FROM audit_salts WHERE subject = ?1", subject)
    if row is None:
        sql.run(_SALT, subject, salt)
        return reference(salt, subject)
    return reference(row[0], subject)


def known(sql: Sql, account: str) -> dict[str, str]:
    """Reference → public name, of the account's users whose salt is still there."""
    rows = sql.all(
        "SELECT u.id, u.name, s.salt FROM users u JOIN audit_salts s ON s.subject = u.id WHERE u.account_id = ?1", account
    )
    return {reference(salt, key): name for key, name, salt in rows}


def page(sql: Sql, account: str, before: int, most: int) -> list[Line]:
    """An account's lines before a position, newest first; `before` 0 = from the newest."""
    rows = sql.all(
        f"{_COLUMNS} WHERE account_id = ?1 AND (?2 = 0 OR position < ?2) ORDER BY position DESC LIMIT ?3", account, before, most
    )
    return [Line(*row) for row in rows]


def of_verbs(sql: Sql, account: str, verbs: Sequence[str], most: int) -> list[Line]:
    """An account's newest lines of some verbs, newest first."""
    n = len(verbs)
    text = f"{_COLUMNS} WHERE verb IN ({KEYS}) AND account_id = ?{n + 1} ORDER BY position DESC LIMIT ?{n + 2}"
    return [Line(*row) for row in sql.all(with_keys(text, verbs), *verbs, account, most)]


def line(sql: Sql, position: int) -> Line | None:
    """One line."""
    row = sql.one(f"{_COLUMNS} WHERE position = ?1", position)
    return Line(*row) if row else None


def newest(sql: Sql) -> tuple[int, str] | None:
    """(position, hash) of the newest line."""
    row = sql.one("SELECT position, hash FROM audit ORDER BY position DESC LIMIT 1")
    return (row[0], row[1]) if row else None


def slice_(sql: Sql, after: int, most: int) -> list[Line]:
    """Lines after a position in order, of all accounts: for checking the chain piece by piece."""
    return [Line(*row) for row in sql.all(f"{_COLUMNS} WHERE position > ?1 ORDER BY position LIMIT ?2", after, most)]
