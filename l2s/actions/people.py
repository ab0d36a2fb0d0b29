"""Signing in, single-use links, users. Secrets leave an action once, in its result; the database holds their keyed hashes.

Threats: parallel guesses (the web counts a try before it hashes), a link opened by a mail scanner (only a POST uses it), a
stale session after a password change (all others end in the same unit), an owner locked out by a colleague (owner rights).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import argon2

from l2s.actions import audit, factors
from l2s.actions.desk import returned, speaker
from l2s.actions.house import House
from l2s.actions.signins import Device, SignedIn, open_session, password_of
from l2s.clock import HOUR
from l2s.domain.events import Event, PeopleChanged, SessionsEnded
from l2s.domain.passwords import check_password, normalise
from l2s.domain.people import HOST, Actor, Role, User
from l2s.domain.rights import Place, may, need
from l2s.domain.text import mail_address, one_line
from l2s.errors import BadInput, Conflict, Gone, NotFound
from l2s.privacy.gate import MACHINE, Sealed, admit, release
from l2s.privacy.policy import Choice
from l2s.store import chats, ledger, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql
from l2s.store.users import Link, LinkKind

_HASHER: Final = argon2.PasswordHasher()  # argon2id with the library's current cost (RFC 9106, low memory)
NAME_MAX: Final = 80


def hash_password(password: str) -> str:
    """argon2id. Takes tens of ms: only in a thread, never in a unit."""
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Does it match? Without a stored hash the same work is done, so that unknown users take as long."""
    try:
        return _HASHER.verify(stored or _DUMMY, normalise(password)) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


_DUMMY: Final = "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"


def mail_key(house: House, mail: str) -> bytes:
    """The keyed hash by which a user is found; addresses differ by more than case."""
    return house.keys.hash("mail", mail.casefold())


def find(house: House, mail: str, sql: Sql) -> tuple[User, str | None] | None:
    """A user who may sign in with a password, and its hash."""
    found = users.by_mail(sql, mail_key(house, mail))
    if not found:
        return None
    user, password = found
    if user.state != "active":
        return None
    return user, release(password, "secure", MACHINE, Choice.NONE, house.server_law(sql), house.clock.at())


# Links.


def make_link(house: House, sql: Sql, kind: LinkKind, account: str | None, user: str | None, secret: str) -> None:
    """A single-use link; older unused ones for the same die."""
    law, at = house.server_law(sql), house.clock.at()
    expires = house.clock.steady() + house.settings.link_hours * HOUR
    hashed: Sealed[bytes] | None = admit(house.keys.hash("link", secret), "credential", Choice.NONE, law, law.head)
    users.add_link(sql, hashed, Link(kind, account, user, expires, None), at)


def user_link(house: House, actor: Actor | str, mail: str) -> Unit[str]:
    """A single-use link for a user: the host's way back in, and an admin's for a colleague. `actor`: HOST or a session."""
    secret = house.ids.secret()

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        who = speaker(house, sql, actor) if isinstance(actor, str) else actor
        found = users.by_mail(sql, mail_key(house, mail_address(mail)))
        user = found[0] if found else None
        if user is None or not may(who, "link", Place(user.account)):  # another account's user looks like nobody
            raise NotFound("unknown_user")
        if user.id == who.id:  # a session that somebody found must not become the account
            raise Conflict("not_yourself")
        if user.role == "owner" and who.kind == "user":  # a reset link is the account: only an owner makes an owner's
            need(who, "change_owner", Place(user.account))
        if user.state == "disabled":
            raise Conflict("user_disabled")
        kind: LinkKind = "invite" if user.state == "invited" else "signin" if who is HOST else "reset"
        make_link(house, sql, kind, user.account, user.id, secret)
        audit.note(house, sql, audit.in_account(who, user.account), "link", person=user.id)
        return secret, []

    return unit


def link(house: House, secret: str, sql: Sql) -> tuple[Link, User | None]:
    """What a link is for. Raises Gone: unknown, used, expired and replaced look the same."""
    found = users.link(sql, house.keys.hash("link", secret))
    if found is None or found.used_at is not None or found.expires_at <= house.clock.steady():
        raise Gone("link_gone")
    return found, users.user(sql, found.user) if found.user else None


def use_link(house: House, secret: str, password_hash: str | None, device: Device, code: str = "") -> Unit[SignedIn]:
    """Use an invitation, reset or sign-in link: sets the password where one was given, and signs in. It is no second factor."""
    token, key, at = house.ids.secret(), house.ids.new(), house.clock.at()

    def unit(sql: Sql) -> tuple[SignedIn, list[Event]]:
        found, user = link(house, secret, sql)
        if user is None or user.state == "disabled":
            raise Gone("link_gone")
        if found.kind in ("invite", "reset") and password_hash is None:
            raise BadInput("password_needed")
        factors.spend(house, sql, user.id, code)
        spend_link(house, sql, secret, at)
        events: list[Event] = []
        if password_hash is not None:
            events += _set_password(house, sql, user.id, password_hash, at)
        open_session(house, sql, user.id, key, token, device, at)
        after = users.user(sql, user.id) or user
        return SignedIn(token, after), [*events, PeopleChanged(after)]

    return unit


def spend_link(house: House, sql: Sql, secret: str, at: int) -> None:
    """One winner among parallel uses."""
    law = house.server_law(sql)
    hashed: Sealed[bytes] | None = admit(house.keys.hash("link", secret), "credential", Choice.NONE, law, law.head)
    if not users.use_link(sql, hashed, at):
        raise Gone("link_gone")


def _set_password(house: House, sql: Sql, user: str, hashed: str, at: int) -> list[Event]:
    law = house.server_law(sql)
    users.set_password(sql, user, admit(hashed, "credential", Choice.NONE, law, law.head))
    users.drop_links(sql, user)
    users.end_sessions(sql, user, at)
    note_access(house, sql, user, password=True)
    return [SessionsEnded(user)]


def note_access(house: House, sql: Sql, user: str, **told: str | bool) -> None:
    """What a user may no longer do, or how they may no longer get in, stands in the ledger: a backup gives none of it back."""
    data = {"user": house.keys.tombstone("user", user), **told}
    ledger.append(sql, ledger.SERVER, "access", data, ledger.moment(sql, house.clock.at()))


# Users.


def add_user(house: House, sql: Sql, user: User, mail: str, password_hash: str | None, host: bool = False) -> None:
    """A user's row; a mail address is unique on the server. The second user opens the server scope."""
    law, at = house.server_law(sql), house.clock.at()
    key = mail_key(house, mail)
    if users.by_mail(sql, key):
        raise Conflict("mail_taken")
    if users.count(sql) == 1:
        ledger.append(sql, ledger.SERVER, "opened", {}, ledger.moment(sql, at))
        law = house.server_law(sql)
    users.add(
        sql, user, host=host, mail=admit(mail, "contact", Choice.NONE, law, law.head),
        mail_key=admit(key, "contact", Choice.NONE, law, law.head),
        password=admit(password_hash, "credential", Choice.NONE, law, law.head), at=at, since=law.head,
    )  # fmt: skip


def invite(house: House, who: Actor | str, account: str | None, mail: str, name: str, role: Role) -> Unit[str]:
    """Invite a user by link. Returns the secret. Only an owner makes owners."""
    secret, key = house.ids.secret(), house.ids.new()
    mail, name = mail_address(mail), one_line(name, NAME_MAX, "bad_name")

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor = speaker(house, sql, who) if isinstance(who, str) else who
        where = account or actor.account
        need(actor, "invite" if actor.kind == "user" else "link", Place(where))
        if role == "owner" and actor.kind == "user":
            need(actor, "change_owner", Place(where))
        user = User(key, where, name, role, "invited", True)
        add_user(house, sql, user, mail, None)
        make_link(house, sql, "invite", where, key, secret)
        audit.note(house, sql, audit.in_account(actor, where), "invite", person=key, role=role)
        return secret, [PeopleChanged(user)]

    return unit


def change_user(
    house: House, session: str, user_id: str, *, disable: bool | None = None, role: Role | None = None
) -> Unit[None]:
    """Disable, enable, or give another role: all sessions end; a disabled user's open chats go back to the queue."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor, user = speaker(house, sql, session), users.user(sql, user_id)
        if user is None:
            raise NotFound("not_found")
        need(actor, "change_owner" if "owner" in (user.role, role) else "change_user", Place(user.account))
        if user.id == actor.id:
            raise Conflict("not_yourself")
        events: list[Event] = []
        if disable is not None:
            waits = users.password(sql, user.id) is None  # never set one: enabling must not make an account without
            users.set_state(sql, user.id, "disabled" if disable else "invited" if waits else "active")
            for chat in chats.owned(sql, user.id) if disable else []:
                events += returned(house, sql, chat, user.id, at)
        if role:
            users.set_role(sql, user.id, role)
        users.drop_links(sql, user.id)
        users.end_sessions(sql, user.id, at)
        after = users.user(sql, user.id) or user
        note_access(house, sql, user.id, state=after.state, role=after.role)
        audit.note(house, sql, actor, "change_user", person=user.id, state=after.state, role=after.role)
        return None, [*events, PeopleChanged(after), SessionsEnded(user.id)]

    return unit


def new_password(house: House, session: str, hashed: str) -> Unit[None]:
    """A new password ends every other session."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor, law = speaker(house, sql, session), house.server_law(sql)
        users.set_password(sql, actor.id, admit(hashed, "credential", Choice.NONE, law, law.head))
        users.drop_links(sql, actor.id)
        users.end_sessions(sql, actor.id, at, session)
        note_access(house, sql, actor.id, password=True)
        audit.note(house, sql, actor, "new_password")
        return None, [SessionsEnded(actor.id, None, session)]

    return unit


def own_password(house: House, session: str, sql: Sql) -> str | None:
    """The hash of one's own password, to prove it again."""
    return password_of(house, speaker(house, sql, session).id, sql)


class Shown(NamedTuple):
    """A user for an admin's eyes."""

    user: User
    mail: str | None


def all_users(house: House, session: str, sql: Sql) -> list[Shown]:
    """The account's users with their mail addresses."""
    actor, law, at = speaker(house, sql, session), house.server_law(sql), house.clock.at()
    need(actor, "see_users", Place(actor.account))
    found = users.of_account(sql, actor.account)
    return [Shown(user, release(users.mail(sql, user.id), "run", "admin", Choice.NONE, law, at)) for user in found]


def checked_password(password: str, *names: str) -> str:
    """The normalised password, or BadInput."""
    return check_password(password, *names)
