"""An account's own particulars (A1), and how each of them was before. A site's controller and privacy contact, which its notice
publishes, change by the same rows.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Row, Sql, Write

Field = Literal["name", "mail", "phone", "address"]
SiteField = Literal["controller", "privacy_contact"]
FIELDS: Final = get_args(Field)
SITE_FIELDS: Final = get_args(SiteField)


class Particulars(msgspec.Struct, frozen=True):
    """Who an account is. Times are wall ms."""

    account: str
    created_at: int
    confirmed_at: int | None
    name: Sealed[str] | None
    mail: Sealed[str] | None
    phone: Sealed[str] | None
    address: Sealed[str] | None


class Change(msgspec.Struct, frozen=True):
    """One field that was changed. `site` "" = of the account; before and after are None where the law keeps no such record."""

    id: str
    account: str
    site: str
    field: Field | SiteField
    by: str
    at: int
    undone_at: int | None
    before: Sealed[str] | None
    after: Sealed[str] | None


_SET: Final = {
    field: Write(f"UPDATE accounts SET {field} = ?2 WHERE id = ?1", {2: f"accounts.{field}"}) for field in FIELDS
}  # fmt: skip
_SET_SITE: Final = {field: Write(f"UPDATE sites SET {field} = ?2 WHERE id = ?1") for field in SITE_FIELDS}
_CONFIRM: Final = Write("UPDATE accounts SET confirmed_at = ?2 WHERE id = ?1")
_NOTE: Final = Write(
    """INSERT INTO account_history (id, account_id, site_id, field, user_id, at, before, after, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)""",
    {7: "account_history.before", 8: "account_history.after"},
)
_UNDONE: Final = Write("UPDATE account_history SET undone_at = ?2 WHERE id = ?1 AND undone_at IS NULL")
_COLUMNS: Final = """SELECT id, account_id, coalesce(site_id, ''), field, user_id, at, undone_at, before, after, since
    FROM account_history"""


def of_account(sql: Sql, account: str) -> Particulars | None:
    """The particulars of an account."""
    row = sql.one(
        "SELECT id, created_at, confirmed_at, name, mail, phone, address, since FROM accounts WHERE id = ?1", account
    )  # fmt: skip
    if row is None:
        return None
    name, mail, phone, address = (held("contact", value, row[7], None) for value in row[3:7])
    return Particulars(row[0], row[1], row[2], name, mail, phone, address)


def set_field(sql: Sql, account: str, field: Field, value: Sealed[str] | None) -> None:
    """Another value; the row's `since` stays, so the older, narrower law goes on governing it."""
    sql.run(_SET[field], account, value)


def set_site_field(sql: Sql, site: str, field: SiteField, value: str) -> None:
    """Another controller or privacy contact: the site's notice names it from now on."""
    sql.run(_SET_SITE[field], site, value)


def confirm(sql: Sql, account: str, at: int) -> None:
    """Somebody said that all of it is still right."""
    sql.run(_CONFIRM, account, at)


def note(sql: Sql, change: Change, since: int) -> None:
    """How a field was, and what it became."""
    sql.run(
        _NOTE, change.id, change.account, change.site or None, change.field, change.by, change.at, change.before, change.after,
        since,
    )  # fmt: skip


def undone(sql: Sql, key: str, at: int) -> bool:
    """A change was taken back; False if somebody else was first."""
    return sql.run(_UNDONE, key, at) == 1


def _change(row: Row) -> Change:
    before, after = (held("contact_history", value, row[9], row[5]) for value in row[7:9])  # its days count from the change
    return Change(row[0], row[1], row[2], row[3], row[4], row[5], row[6], before, after)


def change(sql: Sql, key: str) -> Change | None:
    """One change by its id."""
    row = sql.one(f"{_COLUMNS} WHERE id = ?1", key)
    return _change(row) if row else None


def changes(sql: Sql, account: str, most: int) -> list[Change]:
    """An account's changes, newest first."""
    rows = sql.all(
        f"{_COLUMNS} WHERE account_id = ?1 ORDER BY at DESC, coalesce(site_id, ''), field, id LIMIT ?2", account, most
    )
    return [_change(row) for row in rows]
