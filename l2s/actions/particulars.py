"""The account's own particulars (A1, A3): who the account is, and per site who answers for privacy. An owner corrects them
after proving again who they are; each change can be taken back for three days by any admin, in sight of all of them.

Threats: a stolen owner session that makes the account its own (proof again, the three days, history); an admin who changes what
a site's notice says about who is responsible (an owner alone may).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.sites import privacy_contact
from l2s.clock import HOUR
from l2s.domain.events import Event
from l2s.domain.months import add_months
from l2s.domain.people import Actor
from l2s.domain.rights import Place, may, need
from l2s.domain.text import mail_address, message_text, one_line
from l2s.errors import BadInput, Conflict, NotFound, TooLarge
from l2s.privacy.gate import MACHINE, Sealed, admit, release
from l2s.privacy.ledger import Law
from l2s.privacy.policy import Choice
from l2s.store import accounts, particulars, users
from l2s.store.accounts import Site
from l2s.store.engine import Unit
from l2s.store.particulars import FIELDS, SITE_FIELDS, Change, Field, SiteField
from l2s.store.sql import Sql

UNDO: Final = 72 * HOUR
SHOWN: Final = 50  # changes that are told
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()/.-]{3,38}\Z")

_Spot = tuple[str, Field | SiteField]  # (site or "", field)


def checked(field: str, text: str) -> str:
    """One field as it is kept; "" where an optional one is left empty. Raises BadInput."""
    if field == "name":
        return one_line(text, 120, "bad_organisation")
    if field == "controller":
        return one_line(text, 200, "bad_controller")
    if field == "privacy_contact":
        return privacy_contact(text)
    if not text.strip():
        return ""
    if field == "mail":
        return mail_address(text)
    if field == "phone":
        text = " ".join(text.split())
        if not _PHONE.match(text):
            raise BadInput("bad_phone")
        return text
    return _postal(text)


def _postal(text: str) -> str:
    try:
        return "\n".join(line.strip() for line in message_text(text, 300).splitlines())
    except (BadInput, TooLarge):
        raise BadInput("bad_postal", most=300) from None


# Reads.


class Told(NamedTuple):
    """A change for an admin's eyes. `site`, `by`: names, "" where they are gone; `undo_until`: ms, 0 = not any more."""

    change: Change
    site: str
    by: str
    before: str | None
    after: str | None
    undo_until: int


class Kept(NamedTuple):
    """The account for an admin's eyes. `stale`: nobody said for long that it is still right."""

    own: dict[str, str]
    sites: list[Site]
    changes: list[Told]
    may_change: bool
    right_since: int
    stale: bool


def read(house: House, session: str, sql: Sql) -> Kept:
    """What stands, and what changed lately."""
    actor, at = speaker(house, sql, session), house.clock.at()
    need(actor, "see_account", Place(actor.account))
    law, kept = house.laws.server(sql, at), particulars.of_account(sql, actor.account)
    if kept is None:
        raise NotFound("not_found")
    own = {field: _out(getattr(kept, field), law, at) or "" for field in FIELDS}
    mine = [site for site in accounts.sites(sql, actor.account) if may(actor, "see_account", site)]
    right_since = kept.created_at if kept.confirmed_at is None else kept.confirmed_at
    stale = add_months(right_since, house.settings.confirm_months) <= at
    owner = may(actor, "change_account", Place(actor.account))
    stands = {("", field): own[field] for field in own} | {
        (site.id, field): text for site in mine for field, text in published(site).items()
    }
    return Kept(own, mine, _told(sql, actor, stands, law, at), owner, right_since, stale)


def _out(value: Sealed[str] | None, law: Law, at: int) -> str | None:
    return release(value, "run", "admin", Choice.NONE, law, at)


def published(site: Site) -> dict[SiteField, str]:
    """What the notice of a site names."""
    return {"controller": site.controller, "privacy_contact": site.contact}


def _told(sql: Sql, actor: Actor, stands: dict[tuple[str, str], str], law: Law, at: int) -> list[Told]:
    """Changes of what this admin may see. Taken back can be the newest that led to what stands."""
    names = {user.id: user.name for user in users.of_account(sql, actor.account)}
    sites = {site.id: site.name for site in accounts.sites(sql, actor.account)}
    settled, found = set[tuple[str, str]](), []
    for one in particulars.changes(sql, actor.account, SHOWN):
        spot = (one.site, one.field)
        if spot not in stands:
            continue
        before, after = (release(value, "manage", "admin", Choice.NONE, law, at) for value in (one.before, one.after))
        live = one.undone_at is None and before is not None and at < one.at + UNDO
        until = one.at + UNDO if live and after == stands[spot] and spot not in settled else 0
        settled |= {spot} if until else set()
        found.append(Told(one, sites.get(one.site, ""), names.get(one.by, ""), before, after, until))
    return found


# Changes.


def change(house: House, session: str, wanted: Mapping[str, str]) -> Unit[int]:
    """An owner, who has just proved again who they are, corrects "mail" or "controller.SITE". Returns how many changed."""
    at = house.clock.at()
    new = dict(_places(wanted))
    keys = {place: house.ids.new() for place in new}

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        actor = speaker(house, sql, session)
        need(actor, "change_account", Place(actor.account))
        law, changed = house.laws.server(sql, at), dict[str, list[str]]()
        for (site, field), text in new.items():
            before = _value(sql, actor, site, field, "change_account", law, at)
            if text == before:
                continue
            _set(sql, actor, site, field, text, law)
            kept: list[Any] = [admit(value, "contact_history", Choice.NONE, law, law.head) for value in (before, text)]
            row = Change(keys[site, field], actor.account, site, field, actor.id, at, None, *kept)
            particulars.note(sql, row, law.head)
            changed.setdefault(site, []).append(field)
        for site, fields in changed.items():
            audit.note(house, sql, actor, "change_account", site, fields=" ".join(fields))
        return sum(len(fields) for fields in changed.values()), []

    return unit


def _places(wanted: Mapping[str, str]) -> Iterator[tuple[_Spot, str]]:
    """(site or "", field) and the checked text of each field of a form; other names are nobody's."""
    for name, text in wanted.items():
        field, _, site = name.partition(".")
        for own in FIELDS:
            if field == own and not site:
                yield ("", own), checked(own, text)
        for published in SITE_FIELDS:
            if field == published and site:
                yield (site, published), checked(published, text)


def _value(sql: Sql, actor: Actor, site: str, field: Field | SiteField, verb: str, law: Law, at: int) -> str:
    """What stands there now. Raises NotFound."""
    if site:
        found = accounts.site(sql, site)
        if found is None:
            raise NotFound("not_found")
        need(actor, verb, found)
        return found.controller if field == "controller" else found.contact
    kept = particulars.of_account(sql, actor.account)
    return release(getattr(kept, field), "run", MACHINE, Choice.NONE, law, at) or ""


def _set(sql: Sql, actor: Actor, site: str, field: Field | SiteField, text: str, law: Law) -> None:
    if field == "controller" or field == "privacy_contact":
        particulars.set_site_field(sql, site, field, text)
    else:
        kept: Sealed[str] | None = admit(text, "contact", Choice.NONE, law, law.head) if text else None
        particulars.set_field(sql, actor.account, field, kept)


def find(house: House, session: str, key: str, sql: Sql) -> Change:
    """A change that this admin may take back, if it is not too late. Raises NotFound."""
    return _found(sql, speaker(house, sql, session), key)


def _found(sql: Sql, actor: Actor, key: str) -> Change:
    one = particulars.change(sql, key)
    if one is None:
        raise NotFound("not_found")
    need(actor, "see_account", Place(one.account, one.site))
    return one


def undo(house: House, session: str, key: str) -> Unit[None]:
    """An admin, who has just proved again who they are, takes a change back while it can be, and nothing came after it."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        one = _found(sql, actor, key)
        if one.undone_at is not None or at >= one.at + UNDO:
            raise Conflict("undo_over")
        law = house.laws.server(sql, at)
        before, after = (release(value, "manage", MACHINE, Choice.NONE, law, at) for value in (one.before, one.after))
        if before is None or _value(sql, actor, one.site, one.field, "see_account", law, at) != after:
            raise Conflict("undo_over")
        _set(sql, actor, one.site, one.field, before, law)
        particulars.undone(sql, key, at)
        audit.note(house, sql, actor, "undo_account", one.site, fields=one.field)
        return None, []

    return unit


def confirm(house: House, session: str) -> Unit[None]:
    """An owner says that all of it is still right."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        need(actor, "change_account", Place(actor.account))
        particulars.confirm(sql, actor.account, at)
        audit.note(house, sql, actor, "confirm_account")
        return None, []

    return unit
