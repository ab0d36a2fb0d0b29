"""Rights as one table: `may(actor, verb, object)`. Every transport asks here, inside the unit that acts (DESIGN 5).

A verb that stands in no row is refused. An object of another account, site or department than the actor's is refused
whatever the verb, so tenancy does not depend on the row being right.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

import msgspec

from l2s.domain.chats import Chat
from l2s.domain.people import Actor, Role, at_least
from l2s.errors import NotFound

Who = Literal["visitor", "operator", "supervisor", "admin", "owner", "host"]


class Place(msgspec.Struct, frozen=True):
    """What a right is asked about, where it is not a chat: an account, and a site or department of it."""

    account: str
    site: str = ""
    department: str = ""


class _Placed(Protocol):
    @property
    def account(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def department(self) -> str: ...


RIGHTS: Final[dict[str, tuple[Who, ...]]] = {
    # visitor's own chat
    "send": ("visitor", "operator"),
    "leave": ("visitor",),
    "typing": ("visitor", "operator"),
    "mark": ("visitor", "operator"),
    "end": ("visitor", "operator"),
    "object": ("visitor",),
    "forget": ("visitor",),
    # the desk
    "read": ("operator",),
    "take": ("operator",),
    "join": ("operator",),
    "note": ("operator",),
    "give_back": ("operator",),
    "erase": ("admin",),
    "available": ("operator",),
    "see_people": ("operator",),
    # the account
    "see_users": ("admin",),
    "invite": ("admin",),
    "change_user": ("admin",),
    "change_owner": ("owner",),
    "see_sites": ("admin",),
    "change_site": ("admin",),
    "see_sessions": ("admin",),
    "declare": ("admin",),
    "cases": ("admin",),
    "see_audit": ("admin",),
    "hold": ("host", "admin"),
    "disclose": ("host", "admin"),
    "incidents": ("admin",),
    "see_account": ("admin",),
    "change_account": ("owner",),
    # the box
    "make_account": ("host",),
    "link": ("host", "admin"),
    "status": ("host",),
}


def _holds(actor: Actor, who: tuple[Who, ...]) -> bool:
    if actor.kind in ("visitor", "host"):
        return actor.kind in who
    roles: list[Role] = [name for name in who if name not in ("visitor", "host")]  # type: ignore[misc]  # narrowed by the test
    return any(at_least(actor.role, role) for role in roles)


def may(actor: Actor, verb: str, thing: _Placed | Chat) -> bool:
    """May `actor` do `verb` to `thing`? The system's own timers may; the host may what names it."""
    if actor.kind == "system":
        return verb in RIGHTS
    if not _holds(actor, RIGHTS.get(verb, ())):
        return False
    if actor.kind == "host":
        return True
    if thing.account != actor.account:
        return False
    if actor.kind == "visitor":
        return thing.site == actor.site and (not isinstance(thing, Chat) or thing.visitor == actor.id)
    return _within(actor.sites, thing.site) and _within(actor.departments, thing.department)


def _within(limit: frozenset[str] | None, value: str) -> bool:
    return limit is None or not value or value in limit


def need(actor: Actor, verb: str, thing: _Placed | Chat) -> None:
    """Raise NotFound where `may` says no: unknown and forbidden look the same."""
    if not may(actor, verb, thing):
        raise NotFound("not_found")


def reader(actor: Actor, chat: Chat) -> str:
    """As which reader of the declaration does a user look at this chat? The nearest one counts."""
    if chat.owner == actor.id:
        return "operator"
    if actor.role in ("admin", "owner"):
        return "admin"
    return "supervisor" if actor.role == "supervisor" else "team"
