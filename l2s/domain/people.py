"""Who acts. An actor is loaded again inside the unit that writes; the one a session holds only says whom to load."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Role = Literal["owner", "admin", "supervisor", "operator"]
ROLES: Final[tuple[Role, ...]] = ("operator", "supervisor", "admin", "owner")  # rising rights
UserState = Literal["invited", "active", "disabled"]


class Actor(msgspec.Struct, frozen=True):
    """A visitor, a user, the host at the box, or the system's own timers.

    `sites` and `departments` limit a user's rights; None = all of the account. A visitor's `id` is a keyed hash of the
    token, so it exists before any row does; `account` and `site` are those of the page it speaks from.
    """

    kind: Literal["visitor", "user", "host", "system"]
    id: str
    account: str
    name: str = ""
    role: Role | None = None
    site: str = ""
    sites: frozenset[str] | None = None
    departments: frozenset[str] | None = None


SYSTEM: Final = Actor("system", "system", "")
HOST: Final = Actor("host", "host", "")


class User(msgspec.Struct, frozen=True):
    """A user as colleagues see one. `name` is public: every visitor who chats with this user reads it."""

    id: str
    account: str
    name: str
    role: Role
    state: UserState
    available: bool


def at_least(role: Role | None, needed: Role) -> bool:
    """Does `role` carry the rights of `needed`?"""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)
