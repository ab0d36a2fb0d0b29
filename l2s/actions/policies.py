"""Posting a declaration, and reading the law that stands on a notice."""

from __future__ import annotations

from l2s.actions.house import House
from l2s.domain.events import Event, LawMoved
from l2s.errors import NotFound
from l2s.privacy.factory import FACTORY
from l2s.privacy.ledger import Law, Moment, in_force, post
from l2s.privacy.policy import Declaration, meet
from l2s.store import accounts, ledger
from l2s.store.engine import Unit
from l2s.store.sql import Sql


def post_version(house: House, scope: str, draft: Declaration, words: dict[str, str] | None = None, due: int = 0) -> Unit[int]:
    """Post a version for a site or "server". Returns the wall time at which it acts, 0 = at once."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        if scope != ledger.SERVER and accounts.site(sql, scope) is None:
            raise NotFound("unknown_site")
        return start(sql, scope, draft, ledger.moment(sql, at), words, due), (
            [] if scope == ledger.SERVER else [LawMoved(scope)]
        )

    return unit


def start(sql: Sql, scope: str, draft: Declaration, now: Moment, words: dict[str, str] | None = None, due: int = 0) -> int:
    """Append a version; one that widens nothing ripens in the same unit."""
    kind = "server" if scope == ledger.SERVER else "site"
    version = post(kind, ledger.entries(sql, scope), draft, now, words, due)
    ledger.append(sql, scope, "posted", version, now)
    if not version.due:
        ledger.append(sql, scope, "ripened", {"n": version.n}, now)
    return version.due


def narrow_to_factory(house: House) -> Unit[None]:
    """The ledger's file is lost: every scope keeps the narrower of what it says and what a fresh install keeps."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        for scope in (ledger.SERVER, *(site.id for site in accounts.sites(sql))):
            kind = "server" if scope == ledger.SERVER else "site"
            draft = meet(in_force(kind, ledger.entries(sql, scope)), FACTORY[kind])
            start(sql, scope, draft, ledger.moment(sql, at))
            ledger.append(sql, scope, "ledger_lost", {}, ledger.moment(sql, at))
        return None, []

    return unit


def current(house: House, scope: str, sql: Sql) -> Law:
    """What governs a datum that would begin now."""
    head = ledger.head(sql, scope)
    return house.laws.governing(sql, scope, head, head, house.clock.at())
