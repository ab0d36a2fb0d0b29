"""Users, their sessions and single-use links. Tokens and links are stored as keyed hashes only (DESIGN 9)."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from l2s.domain.people import Actor, Role, User, UserState
from l2s.privacy.gate import Sealed, held
from l2s.store.sql import Row, Sql, Write

LinkKind = Literal["owner", "invite", "reset", "signin"]


class Link(msgspec.Struct, frozen=True):
    """A single-use link. `user` None: it makes the owner."""

    kind: LinkKind
    account: str | None
    user: str | None
    expires_at: int
    used_at: int | None


class SessionRow(msgspec.Struct, frozen=True):
    """A sign-in, as its user and admins see it (A4)."""

    id: str
    user: str
    created_at: int
    seen_at: int
    ended_at: int | None
    address: Sealed[str] | None
    device: Sealed[str] | None


_ADD: Final = Write(
    """INSERT INTO users (id, account_id, role, is_host, state, name, mail, mail_key, password, created_at, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)""",
    {7: "users.mail", 8: "users.mail_key", 9: "users.password"},
)
_PASSWORD: Final = Write("UPDATE users SET password = ?2, state = 'active' WHERE id = ?1", {2: "users.password"})
_NO_PASSWORD: Final = Write("UPDATE users SET password = NULL WHERE id = ?1")
_END_ANY: Final = Write("UPDATE sessions SET ended_at = ?1 WHERE ended_at IS NULL")
_DROP_ANY: Final = Write("DELETE FROM links WHERE used_at IS NULL AND kind <> 'owner'")
_STATE: Final = Write("UPDATE users SET state = ?2, available = CASE WHEN ?2 = 'active' THEN 1 ELSE 0 END WHERE id = ?1")
_ROLE: Final = Write("UPDATE users SET role = ?2 WHERE id = ?1")
_AVAILABLE: Final = Write("UPDATE users SET available = ?2 WHERE id = ?1 AND available <> ?2")
_LINK: Final = Write(
    "INSERT INTO links (hash, kind, account_id, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    {1: "links.hash"},
)
_USE_LINK: Final = Write("UPDATE links SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL", {1: "links.hash"})
_REPLACE_LINKS: Final = Write(
    "DELETE FROM links WHERE kind = ?1 AND used_at IS NULL AND coalesce(user_id, '') = coalesce(?2, '')"
)
_DROP_LINKS: Final = Write("DELETE FROM links WHERE user_id = ?1 AND used_at IS NULL")
_SESSION: Final = Write(
    """INSERT INTO sessions (id, token_hash, user_id, created_at, seen_at, expires_at, address, device, since)
    VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)""",
    {2: "sessions.token_hash", 6: "sessions.address", 7: "sessions.device"},
)
_SEEN: Final = Write("UPDATE sessions SET seen_at = ?2 WHERE id = ?1 AND ended_at IS NULL")
_END: Final = Write("UPDATE sessions SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL")
_END_ALL: Final = Write("UPDATE sessions SET ended_at = ?2 WHERE user_id = ?1 AND ended_at IS NULL AND id <> coalesce(?3, '')")
_USERS: Final = "SELECT id, account_id, name, role, state, available FROM users"


def _user(row: Row) -> User:
    return User(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def add(
    sql: Sql,
    user: User,
    *,
    host: bool,
    mail: Sealed[str] | None,
    mail_key: Sealed[bytes] | None,
    password: Sealed[str] | None,
    at: int,
    since: int,
) -> None:
    """A new user."""
    sql.run(_ADD, user.id, user.account, user.role, int(host), user.state, user.name, mail, mail_key, password, at, since)


def user(sql: Sql, key: str) -> User | None:
    """A user by id."""
    row = sql.one(f"{_USERS} WHERE id = ?1", key)
    return _user(row) if row else None


def is_host(sql: Sql, key: str) -> bool:
    """Does this user run the server, too? The first account's owner does."""
    row = sql.one("SELECT is_host FROM users WHERE id = ?1 AND state = 'active'", key)
    return bool(row and row[0])


def of_account(sql: Sql, account: str) -> list[User]:
    """All users of an account, oldest first."""
    return [_user(row) for row in sql.all(f"{_USERS} WHERE account_id = ?1 ORDER BY created_at, id", account)]


def by_mail(sql: Sql, mail_key: bytes) -> tuple[User, Sealed[str] | None] | None:
    """A user and the password's hash, by the keyed hash of a mail address."""
    row = sql.one(
        "SELECT id, account_id, name, role, state, available, password, since FROM users WHERE mail_key = ?1", mail_key
    )
    return (_user(row), held("credential", row[6], row[7], None)) if row else None


def mail(sql: Sql, key: str) -> Sealed[str] | None:
    """A user's mail address."""
    row = sql.one("SELECT mail, since, ended_at FROM users WHERE id = ?1", key)
    return held("contact", row[0], row[1], row[2]) if row else None


def password(sql: Sql, key: str) -> Sealed[str] | None:
    """A user's password hash."""
    row = sql.one("SELECT password, since FROM users WHERE id = ?1", key)
    return held("credential", row[0], row[1], None) if row else None


def _actor(sql: Sql, row: Row) -> Actor:
    limits = sql.all("SELECT kind, object_id FROM user_limits WHERE user_id = ?1", row[0])
    sites = frozenset(name for kind, name in limits if kind == "site")
    departments = frozenset(name for kind, name in limits if kind == "department")
    return Actor("user", row[0], row[1], row[2], row[3], sites=sites or None, departments=departments or None)


def count(sql: Sql) -> int:
    """How many users the server has."""
    row = sql.one("SELECT count(*) FROM users")
    return int(row[0]) if row else 0


def admins(sql: Sql, account: str) -> int:
    """How many active users of an account have an admin's rights."""
    row = sql.one(
        "SELECT count(*) FROM users WHERE account_id = ?1 AND state = 'active' AND role IN ('admin', 'owner')", account
    )
    return int(row[0]) if row else 0


def set_password(sql: Sql, key: str, password: Sealed[str] | None) -> None:
    """A new password; an invited user becomes active."""
    sql.run(_PASSWORD, key, password)


def set_state(sql: Sql, key: str, state: UserState) -> None:
    """Active and then available, or disabled and then not."""
    sql.run(_STATE, key, state)


def set_role(sql: Sql, key: str, role: Role) -> None:
    """Another role."""
    sql.run(_ROLE, key, role)


def set_available(sql: Sql, key: str, on: bool) -> bool:
    """Available or away; False if it was so already."""
    return sql.run(_AVAILABLE, key, int(on)) == 1


def add_link(sql: Sql, hashed: Sealed[bytes] | None, link: Link, at: int) -> None:
    """A new link; unused ones of the same kind for the same user die."""
    sql.run(_REPLACE_LINKS, link.kind, link.user)
    sql.run(_LINK, hashed, link.kind, link.account, link.user, at, link.expires_at)


def link(sql: Sql, hashed: bytes) -> Link | None:
    """A link by its hash."""
    row = sql.one("SELECT kind, account_id, user_id, expires_at, used_at FROM links WHERE hash = ?1", hashed)
    return Link(*row) if row else None


def use_link(sql: Sql, hashed: Sealed[bytes] | None, at: int) -> bool:
    """Use a link; False if somebody else was first."""
    return sql.run(_USE_LINK, hashed, at) == 1


def drop_links(sql: Sql, user: str) -> None:
    """Every link of a user that was not used: an older one must not outlive a new password, a role or an end."""
    sql.run(_DROP_LINKS, user)


def add_session(
    sql: Sql,
    key: str,
    hashed: Sealed[bytes] | None,
    user: str,
    at: int,
    expires_at: int,
    address: Sealed[str] | None,
    device: Sealed[str] | None,
    since: int,
) -> None:
    """A sign-in."""
    sql.run(_SESSION, key, hashed, user, at, expires_at, address, device, since)


def session(sql: Sql, hashed: bytes, at: int) -> tuple[str, str, int] | None:
    """(session id, user id, seen_at) of a live session, by the token's hash."""
    row = sql.one(
        "SELECT id, user_id, seen_at FROM sessions WHERE token_hash = ?1 AND ended_at IS NULL AND expires_at > ?2", hashed, at
    )
    return (row[0], row[1], row[2]) if row else None


def speaker(sql: Sql, session: str, at: int) -> Actor | None:
    """Who speaks by this session, with the rights of this moment: asked inside every unit that a console writes."""
    row = sql.one(
        """SELECT u.id, u.account_id, u.name, u.role FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = ?1 AND s.ended_at IS NULL AND s.expires_at > ?2 AND u.state = 'active'""",
        session,
        at,
    )
    return _actor(sql, row) if row else None


def actor(sql: Sql, key: str) -> Actor | None:
    """A user with the rights of this moment, signed in or not: what they could see is asked of these."""
    row = sql.one("SELECT id, account_id, name, role FROM users WHERE id = ?1", key)
    return _actor(sql, row) if row else None


def touch_session(sql: Sql, key: str, at: int) -> None:
    """The session was used."""
    sql.run(_SEEN, key, at)


def end_session(sql: Sql, key: str, at: int) -> bool:
    """End one session."""
    return sql.run(_END, key, at) == 1


def clear_password(sql: Sql, key: str) -> None:
    """The stored password is an older one: only a link lets this user in."""
    sql.run(_NO_PASSWORD, key)


def end_everything(sql: Sql, at: int) -> None:
    """End every session and drop every unused link."""
    sql.run(_END_ANY, at)
    sql.run(_DROP_ANY)


def has_session(sql: Sql, user: str, at: int) -> bool:
    """Is this user signed in anywhere?"""
    row = sql.one("SELECT 1 FROM sessions WHERE user_id = ?1 AND ended_at IS NULL AND expires_at > ?2 LIMIT 1", user, at)
    return row is not None


def end_sessions(sql: Sql, user: str, at: int, spare: str | None = None) -> int:
    """End all sessions of a user, but `spare`."""
    return sql.run(_END_ALL, user, at, spare)


def expired(sql: Sql, at: int) -> list[tuple[str, str]]:
    """(session, user) of sign-ins whose days are over."""
    return [
        (row[0], row[1]) for row in sql.all("SELECT id, user_id FROM sessions WHERE ended_at IS NULL AND expires_at <= ?1", at)
    ]


def sessions(sql: Sql, user: str, most: int = 50) -> list[SessionRow]:
    """A user's sign-ins, newest first."""
    rows = sql.all(
        """SELECT id, user_id, created_at, seen_at, ended_at, address, device, since FROM sessions
        WHERE user_id = ?1 ORDER BY created_at DESC, id LIMIT ?2""",
        user,
        most,
    )
    return [
        SessionRow(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            held("session", row[5], row[7], row[4]),
            held("session", row[6], row[7], row[4]),
        )
        for row in rows
    ]
