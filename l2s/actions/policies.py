"""Posting a declaration, taking one back, and reading what stands on a notice. No other door changes what may be kept.

Invariants: a widening waits (privacy/ledger decides, never this module); the promise follows the domain, so whoever brings a
site to a domain that made promises inherits them as a posted version (PRIVACY 3, rule 2).
"""

from __future__ import annotations

from functools import reduce as fold
from typing import Final, NamedTuple

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.clock import DAY
from l2s.domain.events import Event, LawMoved
from l2s.domain.origins import domains, same_domain
from l2s.domain.people import Actor
from l2s.domain.rights import Place, may, need
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.factory import FACTORY
from l2s.privacy.ledger import (
    Law,
    Moment,
    Posted,
    Version,
    domains_now,
    domains_of,
    in_force,
    is_opened,
    post,
    promised,
    versions,
    words_in_force,
)
from l2s.privacy.policy import Change, Declaration, Rule, explain, lacks, meet
from l2s.store import accounts, figures, holdings, ledger, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql

Words = dict[str, str] | None  # by language; None = as they are


def kind_of(scope: str) -> str:
    """ "server" or "site"."""
    return "server" if scope == ledger.SERVER else "site"


def post_version(house: House, scope: str, draft: Declaration, words: Words = None, due: int = 0) -> Unit[int]:
    """Post a version for a site or "server", at the box. Returns the wall time at which it acts, 0 = at once."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        if scope != ledger.SERVER and accounts.site(sql, scope) is None:
            raise NotFound("unknown_site")
        return start(sql, scope, draft, ledger.moment(sql, at), words, due), _moved(scope)

    return unit


def declare(house: House, session: str, scope: str, draft: Declaration, words: Words = None, due: int = 0) -> Unit[int]:
    """The same by a user who may: an admin of the site's account, for "server" the host."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        actor = speaker(house, sql, session)
        _may_declare(sql, actor, scope)
        acts_at = start(sql, scope, draft, ledger.moment(sql, at), words, due)
        audit.note(house, sql, actor, "declare", scope, due=acts_at)
        return acts_at, _moved(scope)

    return unit


def withdraw(house: House, session: str, scope: str) -> Unit[None]:
    """Take back what waits: what is in force now is posted again, which is narrower, so it acts at once (rule 3)."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        _may_declare(sql, actor, scope)
        if not any(one.state == "pending" for one in all_versions(house, scope, sql)):
            raise Conflict("nothing_waits")
        audit.note(house, sql, actor, "withdraw", scope)
        rules = in_force(kind_of(scope), ledger.laws(sql, scope))
        start(sql, scope, rules, ledger.moment(sql, at), words_in_force(ledger.laws(sql, scope)))
        return None, _moved(scope)

    return unit


def _moved(scope: str) -> list[Event]:
    return [] if scope == ledger.SERVER else [LawMoved(scope)]


def _may_declare(sql: Sql, actor: Actor, scope: str) -> None:
    if scope == ledger.SERVER:
        if not users.is_host(sql, actor.id):
            raise NotFound("not_found")
        return
    site = accounts.site(sql, scope)
    if site is None:  # unknown and forbidden look the same
        raise NotFound("not_found")
    need(actor, "declare", site)


def start(sql: Sql, scope: str, draft: Declaration, now: Moment, words: Words = None, due: int = 0) -> int:
    """Append a version; one that widens nothing ripens in the same unit."""
    missing = lacks(kind_of(scope), draft)
    if missing:
        raise BadInput("class_needed", name=missing)
    version = post(kind_of(scope), ledger.laws(sql, scope), draft, now, words, due)
    ledger.append(sql, scope, "posted", version, now)
    if not version.due:
        ledger.append(sql, scope, "ripened", {"n": version.n}, now)
    return version.due


# The promise follows the domain.


def settle_domains(sql: Sql, site: str, origins: tuple[str, ...], now: Moment) -> list[Event]:
    """A site stands on these origins from now on. What new domains promised lately becomes a version of this site."""
    entries = ledger.laws(sql, site)
    names, before = domains(origins), domains_now(entries)
    if names == before:
        return []
    ledger.append(sql, site, "domains", {"domains": sorted(names)}, now)
    floor = _floor(sql, site, names - before, now)
    if floor is None:
        return []
    if not is_opened(entries):  # strangers were promised something on this domain: nothing acts at once any more
        ledger.append(sql, site, "opened", {"by": "domain"}, now)
    law = in_force("site", entries)
    after = meet(law, floor)
    if after != law:
        start(sql, site, after, now)
    return [LawMoved(site)]


def _floor(sql: Sql, site: str, names: frozenset[str], now: Moment) -> dict[str, Rule] | None:
    """The meet of everything that was in force for these domains in the last fifteen days, on whatever site; None = nothing.

    Only scopes that kept anything of a stranger promised something: before that versions act at once (rule 1).
    """
    found = [
        promised("site", entries, now)
        for scope, entries in ledger.all_laws(sql).items()
        if scope != site and is_opened(entries) and _on(domains_of(entries, now), names)
    ]
    return fold(meet, found) if found else None


def _on(theirs: frozenset[str], names: frozenset[str]) -> bool:
    return any(same_domain(a, b) for a in theirs for b in names)


def narrow_to_factory(house: House) -> Unit[None]:
    """The ledger's file is lost: every scope keeps the narrower of what it says and what a fresh install keeps."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        for scope in (ledger.SERVER, *(site.id for site in accounts.sites(sql))):
            kind = kind_of(scope)
            draft = meet(in_force(kind, ledger.laws(sql, scope)), FACTORY[kind])
            start(sql, scope, draft, ledger.moment(sql, at))
            ledger.append(sql, scope, "ledger_lost", {}, ledger.moment(sql, at))
        return None, []

    return unit


# Reads.


def current(house: House, scope: str, sql: Sql) -> Law:
    """What governs a datum that would begin now."""
    head = ledger.head(sql, scope)
    return house.laws.governing(sql, scope, head, head, house.clock.at())


def all_versions(house: House, scope: str, sql: Sql) -> list[Version]:
    """Every version that was ever posted for a scope, newest first: public."""
    return versions(kind_of(scope), ledger.laws(sql, scope), ledger.moment(sql, house.clock.at()))


class Preview(NamedTuple):
    """What a save would do. `now`: what acts at once; `later`: what waits until `due` (wall ms, 0 = nothing waits)."""

    now: list[Change]
    later: list[Change]
    due: int
    narrower: dict[str, Rule]  # the choice that acts at once, whole
    opened: bool


def preview(house: House, scope: str, draft: Declaration, words: Words, sql: Sql) -> Preview:
    """The same rules as a post, without posting. Raises BadInput as the post would."""
    kind, entries = kind_of(scope), ledger.laws(sql, scope)
    version: Posted = post(kind, entries, draft, ledger.moment(sql, house.clock.at()), words)
    law = in_force(kind, entries)
    if not version.due:
        return Preview(explain(law, draft), [], 0, dict(draft), is_opened(entries))
    both = meet(law, draft)
    return Preview(explain(law, both), explain(both, draft), version.due, both, True)


class Scopes(NamedTuple):
    """What an admin answers for: sites, and as the host the server too."""

    account: str
    user: str
    sites: list[accounts.Site]
    host: bool

    def has(self, scope: str) -> bool:
        """Is this one of them?"""
        return any(site.id == scope for site in self.sites) or (self.host and scope == ledger.SERVER)


def scopes(house: House, session: str, sql: Sql) -> Scopes:
    """The scopes that this user may declare for. Raises NotFound for whoever is no admin."""
    actor = speaker(house, sql, session)
    need(actor, "declare", Place(actor.account))
    mine = [site for site in accounts.sites(sql, actor.account) if may(actor, "declare", site)]
    return Scopes(actor.account, actor.id, mine, users.is_host(sql, actor.id))


class Declared(NamedTuple):
    """A scope for its admin's eyes: versions, what is held now and what was dropped lately, both by class."""

    versions: list[Version]
    opened: bool
    held: dict[str, int]
    dropped: dict[str, int]


_LATELY: Final = 30  # days of dropped data that the editor counts


def declared(house: House, session: str, scope: str, sql: Sql) -> Declared:
    """Everything of the editor's page. Raises NotFound for whoever may not declare."""
    _may_declare(sql, speaker(house, sql, session), scope)
    day = house.clock.at() // DAY
    site = None if scope == ledger.SERVER else scope
    return Declared(
        all_versions(house, scope, sql),
        is_opened(ledger.laws(sql, scope)),
        holdings.held_now(sql, site),
        figures.dropped_since(sql, site, day - _LATELY) if site else {},
    )
