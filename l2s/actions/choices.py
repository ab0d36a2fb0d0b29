"""What a person decides about their own data: object, agree, take either back, forget. One state, from the next frame on.

Invariants: a tick is bound to the law that was shown with it (rule 9); GPC, DNT, the Object button and a withdrawal are one
state; nothing is stored of somebody who never wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from l2s.actions.house import House
from l2s.actions.states import Act, has_words, note_consent, state
from l2s.actions.visitors import Visit
from l2s.actions.welcome import law_now
from l2s.domain.events import ChatChanged, ChoiceMoved, Event, TokenEnded
from l2s.errors import Conflict
from l2s.privacy.ledger import Law, ripened
from l2s.store import chats, ledger
from l2s.store.chats import Visitor
from l2s.store.engine import Unit
from l2s.store.sql import Sql


def set_objection(house: House, visit: Visit, on: bool) -> Unit[Law]:
    """Object, or take it back. An objection takes every tick back with it."""

    def act(sql: Sql, visitor: Visitor) -> tuple[bool, int] | None:
        moved = chats.set_objected(sql, visitor.id, on)
        moved = (on and chats.set_ticked(sql, visitor.id, 0)) or moved
        return (on, 0 if on else visitor.ticked) if moved else None

    return _choose(house, visit, act, "withdrawn" if on else None)


def tick(house: House, visit: Visit, on: bool, version: int) -> Unit[tuple[Law, int]]:
    """Agree to the classes that ask for it, or withdraw. `version`: the one that was shown; another one by now is refused.

    Returns the law, and the position that was agreed to: the session keeps it of somebody who has not written yet.
    """
    inner = _ticked(house, visit, on, version)

    def unit(sql: Sql) -> tuple[tuple[Law, int], Sequence[Event]]:
        position = shown_now(sql, visit.actor.site, version) if on else 0
        law, events = inner(sql)
        return (law, position), events

    return unit


def _ticked(house: House, visit: Visit, on: bool, version: int) -> Unit[Law]:
    def act(sql: Sql, visitor: Visitor) -> tuple[bool, int] | None:
        position = shown_now(sql, visitor.site, version) if on else 0
        moved = chats.set_ticked(sql, visitor.id, position)
        moved = (on and chats.set_objected(sql, visitor.id, False)) or moved
        return (False if on else visitor.objected, position) if moved else None

    return _choose(house, visit, act, "tick" if on else "withdrawn")


def shown_now(sql: Sql, site: str, version: int) -> int:
    """The position of the law in force, if it is still the version that was shown."""
    entries = ledger.laws(sql, site)
    if ripened(entries) != version:
        raise Conflict("law_moved")
    return entries[-1].position


_Choose = Callable[[Sql, Visitor], tuple[bool, int] | None]


def _choose(house: House, visit: Visit, act: _Choose, word: Act | None) -> Unit[Law]:
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[Law, list[Event]]:
        visitor = chats.visitor(sql, visit.actor.id) if visit.actor.id else None
        moved = act(sql, visitor) if visitor else None
        law = law_now(house, visit, sql)
        if visitor is None or moved is None:
            return law, []
        told = {"visitor": house.keys.tombstone("visitor", visitor.id), "objected": moved[0]}
        ledger.append(sql, visitor.site, "choice", told, ledger.moment(sql, at))
        chat = chats.latest(sql, visitor.id)
        events: list[Event] = [ChoiceMoved(visitor.id, *moved, law)]
        if chat is None:
            return law, events
        if word:
            note_consent(house, sql, chat, word, at, ledger.head(sql, chat.site))
        if has_words(house, sql, chat, at):
            events.append(ChatChanged(state(house, sql, chat, at)))
        return law, events

    return unit


def forget(house: House, visit: Visit) -> Unit[bool]:
    """Forget on this device: the token is worth nothing from now on; the chat stays until its time."""

    at = house.clock.at()

    def unit(sql: Sql) -> tuple[bool, list[Event]]:
        if not visit.actor.id or not chats.forget_token(sql, visit.actor.id):
            return False, []
        told = {"visitor": house.keys.tombstone("visitor", visit.actor.id), "forgotten": True}
        ledger.append(sql, visit.actor.site, "choice", told, ledger.moment(sql, at))
        return True, [TokenEnded(visit.actor.id)]

    return unit
