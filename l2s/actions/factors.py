"""The second factor of a user (A8). Its seed lies nowhere: it is derived from the server's secret and a stored nonce, so the
database alone opens nothing. A code is spent in a unit, at a sign-in in the one that opens the session; the web counts a try
before it asks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.domain.events import Event, SessionsEnded
from l2s.domain.factors import CODES, app_address, matched, recovery_code, secret_text, typed_code
from l2s.domain.people import HOST
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.gate import MACHINE, Sealed, admit, release
from l2s.privacy.policy import Choice
from l2s.store import factors, ledger, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql

_SEED: Final = 20  # bytes: as long as SHA-1's output (RFC 4226, 4)


class Enrolment(NamedTuple):
    """What an app needs, by hand or as a picture. Shown once, to the user alone."""

    secret: str
    address: str

    def __repr__(self) -> str:
        return "<Enrolment>"


class State(NamedTuple):
    """A user's second factor for their own eyes. `codes`: recovery codes that are left."""

    on: bool
    codes: int


def _seed(house: House, sql: Sql, user: str, factor: factors.Factor) -> bytes | None:
    nonce = release(factor.nonce, "secure", MACHINE, Choice.NONE, house.server_law(sql), house.clock.at())
    return house.keys.hash("factor", f"{user}:{nonce}")[:_SEED] if nonce is not None else None


def is_on(sql: Sql, user: str) -> bool:
    """Does this user need a second factor to get in?"""
    found = factors.factor(sql, user)
    return found is not None and found.confirmed_at is not None


def has(house: House, session: str, sql: Sql) -> bool:
    """Does whoever speaks have one?"""
    return is_on(sql, speaker(house, sql, session).id)


def state(house: House, session: str, sql: Sql) -> State:
    """One's own."""
    actor = speaker(house, sql, session)
    return State(is_on(sql, actor.id), factors.codes_left(sql, actor.id))


def begin(house: House, session: str) -> Unit[Enrolment]:
    """A new seed, which counts when a code of it was typed; beginning again replaces it."""
    nonce = house.ids.secret()

    def unit(sql: Sql) -> tuple[Enrolment, list[Event]]:
        actor, law = speaker(house, sql, session), house.server_law(sql)
        if not factors.begin(sql, actor.id, admit(nonce, "credential", Choice.NONE, law, law.head), law.head):
            raise Conflict("factor_is_on")
        return _enrolment(house, sql, actor.id), []

    return unit


def _enrolment(house: House, sql: Sql, user: str) -> Enrolment:
    factor, person = factors.factor(sql, user), users.user(sql, user)
    seed = _seed(house, sql, user, factor) if factor else None
    if seed is None or person is None:
        raise Conflict("factor_not_begun")
    return Enrolment(secret_text(seed), app_address(seed, person.name, "l2s"))


def confirm(house: House, session: str, typed: str) -> Unit[list[str]]:
    """A code of the new seed was typed: it counts. Returns recovery codes, which are shown once."""
    at, raw = house.clock.at(), [house.ids.salt() for _ in range(CODES)]

    def unit(sql: Sql) -> tuple[list[str], list[Event]]:
        actor = speaker(house, sql, session)
        factor = factors.factor(sql, actor.id)
        seed = _seed(house, sql, actor.id, factor) if factor and factor.confirmed_at is None else None
        if factor is None or seed is None:
            raise Conflict("factor_not_begun")
        step = matched(seed, typed_code(typed), at, factor.step)
        if step is None:
            raise BadInput("wrong_code")
        factors.confirm(sql, actor.id, at, step)
        audit.note(house, sql, actor, "factor_on")
        _note(house, sql, actor.id, True)
        users.end_sessions(sql, actor.id, at, session)  # whoever came in by the password alone goes
        return _new_codes(house, sql, actor.id, raw), [SessionsEnded(actor.id, None, session)]

    return unit


def _new_codes(house: House, sql: Sql, user: str, raw: list[bytes]) -> list[str]:
    law, codes = house.server_law(sql), [recovery_code(one) for one in raw]
    hashes: list[Sealed[bytes] | None] = [
        admit(_hashed(house, user, one), "credential", Choice.NONE, law, law.head) for one in codes
    ]
    factors.set_codes(sql, user, hashes, law.head)
    return codes


def _hashed(house: House, user: str, code: str) -> bytes:
    return house.keys.hash("recovery", f"{user}:{typed_code(code)}")


def spend(house: House, sql: Sql, user: str, typed: str) -> None:
    """Inside a unit: a code of a user's factor is used up. Raises BadInput; without a factor nothing is asked for."""
    factor = factors.factor(sql, user)
    if factor is None or factor.confirmed_at is None:
        return
    code, seed = typed_code(typed), _seed(house, sql, user, factor)
    if not code:
        raise BadInput("code_needed")
    step = matched(seed, code, house.clock.at(), factor.step) if seed else None
    if step is not None:
        factors.set_step(sql, user, step)
        return
    law = house.server_law(sql)
    if not factors.use_code(sql, user, admit(_hashed(house, user, code), "credential", Choice.NONE, law, law.head)):
        raise BadInput("wrong_code")


def spent(house: House, session: str, typed: str) -> Unit[None]:
    """A proof again, within a session: the code of whoever speaks is used up."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        spend(house, sql, speaker(house, sql, session).id, typed)
        return None, []

    return unit


def renew_codes(house: House, session: str) -> Unit[list[str]]:
    """New recovery codes; the old ones die. The caller saw a proof."""
    raw = [house.ids.salt() for _ in range(CODES)]

    def unit(sql: Sql) -> tuple[list[str], list[Event]]:
        actor = speaker(house, sql, session)
        if not is_on(sql, actor.id):
            raise Conflict("factor_not_begun")
        audit.note(house, sql, actor, "new_codes")
        _note(house, sql, actor.id, True)
        return _new_codes(house, sql, actor.id, raw), []

    return unit


def turn_off(house: House, session: str) -> Unit[None]:
    """Without a second factor again. The caller saw a proof."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        if factors.drop(sql, actor.id):
            audit.note(house, sql, actor, "factor_off")
            _note(house, sql, actor.id, False)
        return None, []

    return unit


def turn_off_for(house: House, mail_key: bytes) -> Unit[None]:
    """The host's way back in for somebody who lost phone and codes."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        found = users.by_mail(sql, mail_key)
        if found is None or not factors.drop(sql, found[0].id):
            raise NotFound("no_factor")
        audit.note(house, sql, audit.in_account(HOST, found[0].account), "factor_off_for", person=found[0].id)
        _note(house, sql, found[0].id, False)
        return None, []

    return unit


def _note(house: House, sql: Sql, user: str, on: bool) -> None:
    """How somebody gets in has changed: an older database that comes back must not decide it (actions/replay)."""
    data = {"user": house.keys.tombstone("user", user), "factor": on}
    ledger.append(sql, ledger.SERVER, "access", data, ledger.moment(sql, house.clock.at()))
