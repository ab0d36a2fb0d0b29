"""Sessions: signing in, out, and what a user sees of both (A4). A token leaves an action once, in its result; the database
holds its keyed hash. Each sign-in is a new id, so nobody can fix one beforehand.
"""

from __future__ import annotations

from typing import NamedTuple

from l2s.actions import factors
from l2s.actions.desk import returned, speaker
from l2s.actions.house import House
from l2s.clock import DAY
from l2s.domain.events import Event, SessionsEnded
from l2s.domain.people import Actor, User
from l2s.errors import NotFound, SignInNeeded
from l2s.privacy.classes import family, truncated
from l2s.privacy.gate import MACHINE, PERSON, Sealed, admit, release
from l2s.privacy.policy import Choice
from l2s.store import chats, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql
from l2s.store.users import SessionRow


class Device(NamedTuple):
    """What a sign-in's browser sent, raw: it is shortened and sealed in the unit."""

    address: str
    agent: str

    def __repr__(self) -> str:
        return "<Device>"


class SignedIn(NamedTuple):
    """A new session. `token` goes into the cookie and nowhere else."""

    token: str
    user: User


def password_of(house: House, user: str, sql: Sql) -> str | None:
    """The hash of a user's password, for the machine alone."""
    return release(users.password(sql, user), "secure", MACHINE, Choice.NONE, house.server_law(sql), house.clock.at())


def start_session(house: House, user_id: str, device: Device, code: str = "", seen: str | None = None) -> Unit[SignedIn]:
    """A session for a user whose password was just seen; where there is a second factor, its code is spent here.

    `seen`: the hash that the password matched; where another one counts by now, nobody gets in.
    """
    token, key, at = house.ids.secret(), house.ids.new(), house.clock.at()

    def unit(sql: Sql) -> tuple[SignedIn, list[Event]]:
        user = users.user(sql, user_id)
        if user is None or user.state != "active":
            raise SignInNeeded("bad_sign_in")
        if seen is not None and password_of(house, user_id, sql) != seen:
            raise SignInNeeded("sign_in_again")
        factors.spend(house, sql, user_id, code)
        open_session(house, sql, user_id, key, token, device, at)
        return SignedIn(token, user), []

    return unit


def open_session(house: House, sql: Sql, user: str, key: str, token: str, device: Device, at: int) -> None:
    law = house.server_law(sql)
    since = law.head
    try:
        address: str | None = truncated(device.address)
    except ValueError:
        address = None
    hashed: Sealed[bytes] | None = admit(house.keys.hash("session", token), "credential", Choice.NONE, law, since)
    users.add_session(
        sql, key, hashed, user, at, house.clock.steady() + house.settings.session_days * DAY,
        admit(address, "session", Choice.NONE, law, since),
        admit(family(device.agent[:256]), "session", Choice.NONE, law, since),
        since,
    )  # fmt: skip


def touch(house: House, session: str) -> Unit[None]:
    """The session opened a console: when it was last used is part of the session log (A4)."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        users.touch_session(sql, session, at)
        return None, []

    return unit


def session_of(house: House, token: str, sql: Sql) -> tuple[str, Actor] | None:
    """(session id, actor) of a cookie, or None."""
    found = users.session(sql, house.keys.hash("session", token), house.clock.steady())
    actor = users.speaker(sql, found[0], house.clock.steady()) if found else None
    return (found[0], actor) if found and actor else None


def sign_out(house: House, session: str) -> Unit[None]:
    """End one session, everywhere at once; with a user's last one their open chats go back to the queue."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = users.speaker(sql, session, house.clock.steady())
        if actor is None or not users.end_session(sql, session, at):
            return None, []
        events: list[Event] = [SessionsEnded(actor.id, frozenset({session}))]
        if not users.has_session(sql, actor.id, house.clock.steady()):  # gone home: whoever waits for them waits for all
            for chat in chats.owned(sql, actor.id):
                events += returned(house, sql, chat, actor.id, at)
        return None, events

    return unit


def end_session(house: House, session: str, other: str) -> Unit[None]:
    """End one of one's own sessions."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        if other not in {row.id for row in users.sessions(sql, actor.id)}:
            raise NotFound("not_found")
        users.end_session(sql, other, at)
        return None, [SessionsEnded(actor.id, frozenset({other}))]

    return unit


def end_other_sessions(house: House, session: str) -> Unit[int]:
    """Sign out everywhere but here."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        actor = speaker(house, sql, session)
        return users.end_sessions(sql, actor.id, at, session), [SessionsEnded(actor.id, None, session)]

    return unit


class Listed(NamedTuple):
    """A sign-in for its user's eyes."""

    row: SessionRow
    address: str | None
    device: str | None


def my_sessions(house: House, session: str, sql: Sql) -> list[Listed]:
    """One's own sign-ins (A4)."""
    actor, law, at = speaker(house, sql, session), house.server_law(sql), house.clock.at()

    def out(value: Sealed[str] | None) -> str | None:
        return release(value, "secure", PERSON, Choice.NONE, law, at)

    return [Listed(row, out(row.address), out(row.device)) for row in users.sessions(sql, actor.id)]
