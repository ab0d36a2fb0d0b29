"""What time does to chats and policies. Timers are lazy: a timer that fires looks at what is true now and re-arms itself, so a
message costs no write here. The due-table counts in steady time; a clock that jumps moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from l2s.actions.erasure import ERASE_DUE, erased_visitor
from l2s.actions.house import House
from l2s.actions.states import keep, law_of, stamp
from l2s.clock import DAY, MINUTE
from l2s.domain import chats as life
from l2s.domain.chats import Chat
from l2s.domain.events import Event, LawMoved, SessionsEnded
from l2s.privacy.ledger import Moment, first_break, ripe_now
from l2s.store import accounts, chats, erasure, figures, ledger, messages, users
from l2s.store.engine import Unit
from l2s.store.sql import Sql

Fired = Callable[[House, Sql, Chat, "Now"], list[Event]]


class Now(NamedTuple):
    """The instant of a timer. `spoke`: steady ms at which words last came into the chat, None if not since the start."""

    at: int
    steady: int
    spoke: int | None


def fire(house: House, kind: str, subject: str, spoke: int | None = None) -> Unit[None]:
    """One thing of the due-table."""
    now = Now(house.clock.at(), house.clock.steady(), spoke)

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        if not figures.clear_due(sql, kind, subject):
            return None, []  # done already
        if kind == ERASE_DUE:
            return None, _erase(house, sql, subject, now)
        chat = chats.load(sql, subject)
        what = _TIMERS.get(kind)
        return None, what(house, sql, chat, now) if what and chat else []

    return unit


def _erase(house: House, sql: Sql, visitor: str, now: Now) -> list[Event]:
    """A person's own wish, after its day of waiting."""
    if chats.visitor(sql, visitor) is None or erasure.erase_at(sql, visitor) is None:
        return []
    return erased_visitor(house, sql, visitor, now.at, now.steady)[1]


def _silence(sql: Sql, chat: Chat, now: Now) -> tuple[str, int]:
    """(who wrote last, for how long nobody has), ms."""
    author, when = messages.last_by(sql, chat) or ("visitor", None)
    if now.spoke is not None:
        return author, now.steady - now.spoke
    return author, now.at - when if when is not None else 0


def _quiet(house: House, sql: Sql, chat: Chat, now: Now) -> list[Event]:
    """Ask "still there?" where the visitor is silent after an answer; a chat that waits for us is exempt."""
    if chat.state != "open":
        return []
    wait = house.settings.quiet_minutes * MINUTE
    author, silent = _silence(sql, chat, now)
    if author == "visitor" or silent < wait:
        figures.set_due(sql, "quiet", chat.id, now.steady + max(MINUTE, wait - silent if author != "visitor" else wait))
        return []
    figures.set_due(sql, "close", chat.id, now.steady + house.settings.close_minutes * MINUTE)
    return keep(house, sql, chat, life.tell(chat, stamp(law_of(house, sql, chat, now.at), chat, now.at), "still_there"), now.at)


def _close(house: House, sql: Sql, chat: Chat, now: Now) -> list[Event]:
    """Close where nobody answered the question, with a line that says why."""
    if chat.state != "open":
        return []
    author, silent = _silence(sql, chat, now)
    if author == "visitor" or silent < house.settings.close_minutes * MINUTE:
        figures.set_due(sql, "quiet", chat.id, now.steady + house.settings.quiet_minutes * MINUTE)
        return []
    return _closed(house, sql, chat, "quiet", now.at)


def _silent(house: House, sql: Sql, chat: Chat, now: Now) -> list[Event]:
    """Everything closes after the silent days, waiting and left chats too."""
    if chat.state == "closed":
        return []
    limit = house.settings.silent_days * DAY
    silent = _silence(sql, chat, now)[1]
    if silent < limit:
        figures.set_due(sql, "silent", chat.id, now.steady + limit - silent)
        return []
    return _closed(house, sql, chat, "silent", now.at)


def _closed(house: House, sql: Sql, chat: Chat, why: life.Why, at: int) -> list[Event]:
    step = life.close(chat, why, None, at, stamp(law_of(house, sql, chat, at), chat, at))
    figures.clear_subject(sql, chat.id)
    figures.count(sql, chat, f"closed_{why}", at, chat.owner or "")
    return keep(house, sql, chat, step, at)


_TIMERS: Final[dict[str, Fired]] = {"quiet": _quiet, "close": _close, "silent": _silent}


def put_off(kind: str, subject: str, at: int) -> Unit[None]:
    """Due again at `at` (steady ms), should what begins now not come to its end."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        figures.set_due(sql, kind, subject, at)
        return None, []

    return unit


def settled(kind: str, subject: str, at: int) -> Unit[None]:
    """Done, if nobody asked for it again since it was put off to `at`."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        figures.clear_due_at(sql, kind, subject, at)
        return None, []

    return unit


class Minute(NamedTuple):
    """What a minute brought. `broken`: position of the ledger's entry that does not follow from the one before, or None."""

    moment: Moment
    broken: int | None


def minute(house: House, served: int) -> Unit[Minute]:
    """Once a minute while the notices can be read: both clocks move, and what is ripe ripens. `served`: ms since the last."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[Minute, list[Event]]:
        before = ledger.moment(sql, at)
        now = Moment(before.wall, before.shown + served)
        ledger.set_moment(sql, now)
        events: list[Event] = []
        for session, user in users.expired(sql, steady):  # open sockets are closed with them
            users.end_session(sql, session, at)
            events.append(SessionsEnded(user, frozenset({session})))
        scopes = (ledger.SERVER, *(site.id for site in accounts.sites(sql)))
        ripe = {scope: found for scope in scopes if (found := ripe_now(ledger.laws(sql, scope), now))}
        broken = first_break(ledger.everything(sql)) if ripe else None
        for scope, numbers in ripe.items() if broken is None else ():  # a ledger that was touched lets nothing ripen (rule 4)
            for number in numbers:
                ledger.append(sql, scope, "ripened", {"n": number}, now)
            events += [LawMoved(scope)] if scope != ledger.SERVER else []
        return Minute(now, broken), events

    return unit
