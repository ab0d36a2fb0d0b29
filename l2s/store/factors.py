"""Second factors: what leads, with the server's key, to a user's seed; and the recovery codes as keyed hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Sql, Write


class Factor(msgspec.Struct, frozen=True):
    """A second factor. `step`: the last that was used; `confirmed_at` None: it was begun and never shown to work."""

    nonce: Sealed[str] | None
    step: int
    confirmed_at: int | None


_BEGIN: Final = Write(
    """INSERT INTO factors (user_id, nonce, step, since) VALUES (?1, ?2, 0, ?3)
    ON CONFLICT (user_id) DO UPDATE SET nonce = ?2, step = 0, since = ?3 WHERE confirmed_at IS NULL""",
    {2: "factors.nonce"},
)
_CONFIRM: Final = Write("UPDATE factors SET confirmed_at = ?2, step = ?3 WHERE user_id = ?1 AND confirmed_at IS NULL")
_STEP: Final = Write("UPDATE factors SET step = ?2 WHERE user_id = ?1 AND step < ?2")
_DROP: Final = Write("DELETE FROM factors WHERE user_id = ?1")
_CODE: Final = Write(
    "INSERT INTO recovery_codes (user_id, nth, hash, since) VALUES (?1, ?2, ?3, ?4)", {3: "recovery_codes.hash"}
)
_USE_CODE: Final = Write("DELETE FROM recovery_codes WHERE user_id = ?1 AND hash = ?2", {2: "recovery_codes.hash"})
_DROP_CODES: Final = Write("DELETE FROM recovery_codes WHERE user_id = ?1")


def factor(sql: Sql, user: str) -> Factor | None:
    """A user's second factor."""
    row = sql.one("SELECT nonce, step, confirmed_at, since FROM factors WHERE user_id = ?1", user)
    return Factor(held("credential", row[0], row[3], None), row[1], row[2]) if row else None


def codes_left(sql: Sql, user: str) -> int:
    """How many recovery codes were not used."""
    row = sql.one("SELECT count(*) FROM recovery_codes WHERE user_id = ?1", user)
    return int(row[0]) if row else 0


def begin(sql: Sql, user: str, nonce: Sealed[str] | None, since: int) -> bool:
    """A factor that does not count yet; False where one counts."""
    return sql.run(_BEGIN, user, nonce, since) == 1


def confirm(sql: Sql, user: str, at: int, step: int) -> bool:
    """It counts from now on."""
    return sql.run(_CONFIRM, user, at, step) == 1


def set_step(sql: Sql, user: str, step: int) -> bool:
    """A step is used up; False if it was already."""
    return sql.run(_STEP, user, step) == 1


def set_codes(sql: Sql, user: str, hashes: Sequence[Sealed[bytes] | None], since: int) -> None:
    """New recovery codes in place of the old ones."""
    sql.run(_DROP_CODES, user)
    for nth, one in enumerate(hashes):
        sql.run(_CODE, user, nth, one, since)


def use_code(sql: Sql, user: str, hashed: Sealed[bytes] | None) -> bool:
    """A recovery code works once."""
    return sql.run(_USE_CODE, user, hashed) == 1


def drop(sql: Sql, user: str) -> bool:
    """No second factor any more; False if there was none."""
    sql.run(_DROP_CODES, user)
    return sql.run(_DROP, user) == 1
