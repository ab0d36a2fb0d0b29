"""Accounts and sites: the first ones, more of them, and what was seen of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.people import add_user, link, make_link, spend_link
from l2s.actions.policies import settle_domains, start
from l2s.actions.signins import Device, SignedIn, open_session
from l2s.clock import DAY
from l2s.domain.events import Event, SiteSeen
from l2s.domain.origins import MOST, normal_origin
from l2s.domain.people import User
from l2s.domain.rights import Place, need
from l2s.domain.text import mail_address, one_line
from l2s.errors import BadInput, Conflict, Gone, NotFound
from l2s.privacy.factory import FACTORY
from l2s.privacy.gate import admit
from l2s.privacy.policy import Choice
from l2s.store import accounts, ledger, users
from l2s.store.accounts import Department, Site
from l2s.store.engine import Unit
from l2s.store.sql import Sql

LANGUAGES: Final = ("en", "de")


class NewSite(msgspec.Struct, frozen=True):
    """What a site needs, checked. `controller`: who is responsible for privacy, as the notice names them."""

    name: str
    origins: tuple[str, ...]
    controller: str
    contact: str
    language: str = "en"


class NewOwner(msgspec.Struct, frozen=True):
    """The first user of an account."""

    name: str
    mail: str
    password_hash: str | None


class Made(NamedTuple):
    """Ids of what was made."""

    account: str
    department: str
    site: str
    owner: str


class NewFace(msgspec.Struct, frozen=True):
    """What an admin may change of a site at any time, checked. Who answers for its privacy is not among it."""

    name: str
    origins: tuple[str, ...]
    language: str
    colour: str


def checked_site(name: str, origins: list[str], controller: str, contact: str, language: str = "en") -> NewSite:
    """A site's fields, or BadInput naming the field."""
    face = checked_face(name, origins, language)
    contact = privacy_contact(contact)
    return NewSite(face.name, face.origins, one_line(controller, 200, "bad_controller"), contact, face.language)


def privacy_contact(text: str) -> str:
    """A mail address, or a short line by which somebody can be reached."""
    return mail_address(text) if "@" in text else one_line(text, 200, "bad_contact")


def checked_face(name: str, origins: list[str], language: str, colour: str = "") -> NewFace:
    """The same of what an admin may change."""
    entries = tuple(dict.fromkeys(normal_origin(entry) for entry in origins if entry.strip()))
    if not entries:
        raise BadInput("origin_needed")
    if len(entries) > MOST:
        raise BadInput("too_many_origins", most=MOST)
    if language not in LANGUAGES:
        raise BadInput("bad_language")
    return NewFace(one_line(name, 80, "bad_site_name"), entries, language, colour)


def prepare_server(house: House) -> Unit[None]:
    """The server scope's FACTORY at first start."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        if not ledger.head(sql, ledger.SERVER):
            start(sql, ledger.SERVER, FACTORY["server"], ledger.moment(sql, at))
        for site in accounts.sites(sql):  # of a version that did not note domains yet
            settle_domains(sql, site.id, site.origins, ledger.moment(sql, at))
        return None, []

    return unit


def make_account(house: House, new: NewSite, owner: NewOwner) -> Unit[Made]:
    """An account with its default department, first site and owner. The first account's owner is the host."""
    made = Made(*(house.ids.new() for _ in range(4)))

    def unit(sql: Sql) -> tuple[Made, list[Event]]:
        return made, found_account(house, sql, new, owner, made)

    return unit


def found_account(house: House, sql: Sql, new: NewSite, owner: NewOwner, made: Made) -> list[Event]:
    """The rows of a new account."""
    at = house.clock.at()
    law = house.laws.server(sql, at)
    first = not accounts.account_ids(sql)
    accounts.add_account(sql, made.account, admit(new.name, "contact", Choice.NONE, law, law.head), at, law.head)
    accounts.add_department(sql, Department(made.department, made.account, new.name), at)
    _add_site(sql, new, made.site, made.account, made.department, at)
    state = "active" if owner.password_hash else "invited"
    user = User(made.owner, made.account, owner.name, "owner", state, True)  # type: ignore[arg-type]  # one of the two
    add_user(house, sql, user, owner.mail, owner.password_hash, host=first)
    return []


def _add_site(sql: Sql, new: NewSite, key: str, account: str, department: str, at: int) -> None:
    site = Site(key, account, department, new.name, new.origins, new.language, "", new.controller, new.contact, 0, None, at)
    accounts.add_site(sql, site)
    now = ledger.moment(sql, at)
    start(sql, key, FACTORY["site"], now)
    settle_domains(sql, key, new.origins, now)


def add_site(house: House, session: str, new: NewSite) -> Unit[str]:
    """One more site of an account."""
    key, at = house.ids.new(), house.clock.at()

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor = speaker(house, sql, session)
        need(actor, "change_site", Place(actor.account))
        existing = accounts.sites(sql, actor.account)
        if not existing:
            raise NotFound("not_found")
        _add_site(sql, new, key, actor.account, existing[0].department, at)
        audit.note(house, sql, actor, "add_site", key)
        return key, []

    return unit


def change_site(house: House, session: str, key: str, new: NewFace) -> Unit[None]:
    """Name, origins, language and colour act at once."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor, old = speaker(house, sql, session), accounts.site(sql, key)
        if old is None:
            raise NotFound("not_found")
        need(actor, "change_site", old)
        after = msgspec.structs.replace(old, name=new.name, origins=new.origins, language=new.language, colour=new.colour)
        accounts.change_site(sql, after)
        audit.note(house, sql, actor, "change_site", key)
        return None, settle_domains(sql, key, new.origins, ledger.moment(sql, at))

    return unit


def first_link(house: House) -> Unit[str | None]:
    """The single-use link that makes the owner, while there is no account; None afterwards."""
    secret = house.ids.secret()

    def unit(sql: Sql) -> tuple[str | None, list[Event]]:
        if accounts.account_ids(sql):
            return None, []
        make_link(house, sql, "owner", None, None, secret)
        return secret, []

    return unit


def use_owner_link(house: House, secret: str, new: NewSite, owner: NewOwner, device: Device) -> Unit[tuple[SignedIn, Made]]:
    """The first start: one winner makes owner and site, and is signed in."""
    made = Made(*(house.ids.new() for _ in range(4)))
    token, key, at = house.ids.secret(), house.ids.new(), house.clock.at()

    def unit(sql: Sql) -> tuple[tuple[SignedIn, Made], list[Event]]:
        found, _ = link(house, secret, sql)
        if found.kind != "owner" or accounts.account_ids(sql):
            raise Gone("link_gone")
        if owner.password_hash is None:
            raise BadInput("password_needed")
        spend_link(house, sql, secret, at)
        events = found_account(house, sql, new, owner, made)
        user = users.user(sql, made.owner)
        if user is None:
            raise Conflict("not_kept")
        open_session(house, sql, user.id, key, token, device, at)
        return (SignedIn(token, user), made), events

    return unit


def seen(house: House, key: str) -> Unit[bool]:
    """The widget was seen on a page: the day is noted, once a day (the one row that W5 allows)."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[bool, list[Event]]:
        site = accounts.site(sql, key)
        if site is None or not accounts.seen(sql, key, at // DAY):
            return False, []
        return True, [SiteSeen(site.account, key)]

    return unit


def refused(house: House, key: str, counts: dict[str, int]) -> Unit[None]:
    """Pages that are not on the list, counted by origin and day (D5)."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        site = accounts.site(sql, key)
        if site is None:
            return None, []
        for origin, n in counts.items():
            accounts.refused(sql, key, origin[:200], at // DAY, n)
        return None, [SiteSeen(site.account, key, origin[:200]) for origin in counts]

    return unit


class SiteShown(NamedTuple):
    """A site with who was refused lately."""

    site: Site
    refused: list[tuple[str, int]]


def all_sites(house: House, session: str, sql: Sql) -> list[SiteShown]:
    """The account's sites for an admin's eyes."""
    actor = speaker(house, sql, session)
    need(actor, "see_sites", Place(actor.account))
    day = house.clock.at() // DAY
    return [SiteShown(site, accounts.refusals(sql, site.id, day - 7)) for site in accounts.sites(sql, actor.account)]
