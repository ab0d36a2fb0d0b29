"""Erasing: one unit makes a chat unreachable, the scrub makes its bytes go (PRIVACY 5). The two are never told as one."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.states import load
from l2s.domain.chats import Chat
from l2s.domain.events import ChatErased, Event, TokenEnded
from l2s.domain.rights import need
from l2s.privacy.ledger import Entry
from l2s.store import chats, erasure, ledger
from l2s.store.engine import Unit
from l2s.store.sql import Sql

SCRUB_DUE: Final = "scrub"
_SCRUB_WITHIN: Final = 20 * 3_600_000  # overwritten within 24 h, with time left for a busy evening


def tombstone(house: House, kind: str, key: str) -> str:
    """The keyed hash under which an erased thing stands in the ledger."""
    return house.keys.hash(f"tombstone-{kind}", key).hex()[:32]


def erase_chat(house: House, session: str, chat_id: str) -> Unit[dict[str, int]]:
    """An admin erases one chat. Returns how many rows went, by table."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[dict[str, int], list[Event]]:
        actor, chat = speaker(house, sql, session), load(sql, chat_id)
        need(actor, "erase", chat)
        return erase(house, sql, chat, at, steady)

    return unit


def erase(house: House, sql: Sql, chat: Chat, at: int, steady: int) -> tuple[dict[str, int], list[Event]]:
    """Rows of one chat, its ledger entry, and the visitor with its last chat."""
    gone = erasure.erase_chat(sql, chat.id)
    ended = not chats.of_visitor(sql, chat.visitor)
    if ended:
        erasure.erase_visitor(sql, chat.visitor)
    told: dict[str, Any] = {"chat": tombstone(house, "chat", chat.id), "rows": sum(gone.values())}
    ledger.append(sql, chat.site, "erased", told, ledger.moment(sql, at))
    erasure.want_scrub(sql, SCRUB_DUE, steady + _SCRUB_WITHIN)
    events: list[Event] = [ChatErased(chat)]
    return gone, [*events, TokenEnded(chat.visitor)] if ended else events


def replay_erasures(house: House, sql: Sql, missing: list[Entry]) -> int:
    """Erasures that the mirror remembers and an older database forgot are done again. Returns how many."""
    marks = {msgspec.json.decode(entry.data).get("chat") for entry in missing if entry.kind == "erased"}
    done = 0
    for key in erasure.all_chats(sql) if marks else []:
        if tombstone(house, "chat", key) in marks:
            chat = load(sql, key)
            erasure.erase_chat(sql, key)
            if not chats.of_visitor(sql, chat.visitor):
                erasure.erase_visitor(sql, chat.visitor)
            done += 1
    if done:
        erasure.want_scrub(sql, SCRUB_DUE, house.clock.steady())
    return done
