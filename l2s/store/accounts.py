"""Accounts, departments and sites."""

from __future__ import annotations

from typing import Final

import msgspec

from l2s.privacy.gate import Sealed
from l2s.store.sql import Row, Sql, Write


class Site(msgspec.Struct, frozen=True):
    """A site. `origins`: entries of the grammar in domain/origins; `head`: ledger position of its newest entry."""

    id: str
    account: str
    department: str
    name: str
    origins: tuple[str, ...]
    language: str
    colour: str
    controller: str
    contact: str
    head: int
    seen_day: int | None
    created_at: int

    @property
    def site(self) -> str:
        """Its own id, so that a right can be asked about it."""
        return self.id


class Department(msgspec.Struct, frozen=True):
    """A department of an account."""

    id: str
    account: str
    name: str


_ACCOUNT: Final = Write("INSERT INTO accounts (id, name, created_at, since) VALUES (?1, ?2, ?3, ?4)", {2: "accounts.name"})
_DEPARTMENT: Final = Write("INSERT INTO departments (id, account_id, name, created_at) VALUES (?1, ?2, ?3, ?4)")
_SITE: Final = Write(
    """INSERT INTO sites (id, account_id, department_id, name, origins, language, colour, controller, privacy_contact,
    law_head, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10)"""
)
_CHANGE_SITE: Final = Write("UPDATE sites SET name = ?2, origins = ?3, language = ?4, colour = ?5 WHERE id = ?1")
_SEEN: Final = Write("UPDATE sites SET seen_day = ?2 WHERE id = ?1 AND (seen_day IS NULL OR seen_day < ?2)")
_REFUSED: Final = Write(
    """INSERT INTO refused_origins (site_id, origin, day, n) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (site_id, origin, day) DO UPDATE SET n = refused_origins.n + ?4"""
)
_SITES: Final = """SELECT id, account_id, department_id, name, origins, language, colour, controller, privacy_contact, law_head,
    seen_day, created_at FROM sites WHERE removed_at IS NULL"""


def add_account(sql: Sql, account: str, name: Sealed[str] | None, at: int, since: int) -> None:
    """A new account."""
    sql.run(_ACCOUNT, account, name, at, since)


def account_ids(sql: Sql) -> list[str]:
    """All accounts, oldest first."""
    return [row[0] for row in sql.all("SELECT id FROM accounts ORDER BY created_at, id")]


def add_department(sql: Sql, department: Department, at: int) -> None:
    """A new department."""
    sql.run(_DEPARTMENT, department.id, department.account, department.name, at)


def add_site(sql: Sql, site: Site) -> None:
    """A new site; its ledger is started by the same unit."""
    sql.run(
        _SITE,
        site.id,
        site.account,
        site.department,
        site.name,
        "\n".join(site.origins),
        site.language,
        site.colour,
        site.controller,
        site.contact,
        site.created_at,
    )


def change_site(sql: Sql, site: Site) -> None:
    """Name, origins, language and colour; controller and contact change in store/particulars, with their history."""
    sql.run(_CHANGE_SITE, site.id, site.name, "\n".join(site.origins), site.language, site.colour)


def site(sql: Sql, key: str) -> Site | None:
    """A site by its key."""
    row = sql.one(f"{_SITES} AND id = ?1", key)
    return _site(row) if row else None


def sites(sql: Sql, account: str | None = None) -> list[Site]:
    """The sites of an account, or all of the server (host only), oldest first."""
    if account is None:
        return [_site(row) for row in sql.all(f"{_SITES} ORDER BY created_at, id")]
    return [_site(row) for row in sql.all(f"{_SITES} AND account_id = ?1 ORDER BY created_at, id", account)]


def seen(sql: Sql, key: str, day: int) -> bool:
    """Note the day on which the widget was last seen; True if it is new."""
    return sql.run(_SEEN, key, day) == 1


def refused(sql: Sql, key: str, origin: str, day: int, n: int) -> None:
    """Count a page that is not on the list."""
    sql.run(_REFUSED, key, origin, day, n)


def refusals(sql: Sql, key: str, since_day: int) -> list[tuple[str, int]]:
    """(origin, count) of refused pages, most first."""
    return [
        (row[0], row[1])
        for row in sql.all(
            """SELECT origin, sum(n) FROM refused_origins WHERE site_id = ?1 AND day >= ?2
            GROUP BY origin ORDER BY sum(n) DESC LIMIT 20""",
            key,
            since_day,
        )
    ]


def _site(row: Row) -> Site:
    return Site(row[0], row[1], row[2], row[3], tuple(row[4].split("\n")) if row[4] else (), *row[5:])
