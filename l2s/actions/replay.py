"""What the ledger remembers and an older database forgot is done again before the door opens (PRIVACY 3, rule 5).

Invariant: whatever takes something away from us (an erasure, an objection, a withdrawal, a forgotten token, a disabled user, a
new password) writes a ledger entry in its own unit; so no backup gives it back. Persons stand there as keyed hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from l2s.actions import disclosures
from l2s.actions.erasure import ERASE_DUE, replay_erasures
from l2s.actions.house import House
from l2s.domain.events import Event
from l2s.domain.people import HOST
from l2s.privacy.ledger import Entry
from l2s.store import chats, erasure, factors, figures, holds, ledger, users
from l2s.store.engine import Unit
from l2s.store.holds import Hold
from l2s.store.sql import Sql


def replay(house: House, missing: Sequence[Entry]) -> Unit[int]:
    """The entries count as written, and what they say is done again. Returns how many there were."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        if missing:
            ledger.replay(sql, missing)
            _holds(house, sql, missing)  # before the erasures: what is held is not theirs
            disclosures.replay(house, sql, missing)
            replay_erasures(house, sql, list(missing))
            _choices(house, sql, _by_mark(missing, "choice", "visitor"))
            _access(house, sql, _by_mark(missing, "access", "user"))
            users.end_everything(sql, at)  # a sign-in or link of the older database may have been revoked since
            ledger.set_moment(sql, missing[-1].moment)
        return len(missing), []

    return unit


def note_restore(house: House, made_at: int) -> Unit[None]:
    """That a backup was put back, and of when it was, stands in the ledger."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        users.end_everything(sql, at)  # a sign-in or link of the older database may have been ended or used since
        ledger.append(sql, ledger.SERVER, "restored", {"made_at": made_at}, ledger.moment(sql, at))
        return None, []

    return unit


def _by_mark(missing: Sequence[Entry], kind: str, word: str) -> dict[str, dict[str, Any]]:
    """What is known of each person of a kind of entry: later entries win, field by field."""
    found: dict[str, dict[str, Any]] = {}
    for entry in missing:
        if entry.kind == kind:
            told: dict[str, Any] = msgspec.json.decode(entry.data)
            found.setdefault(str(told.pop(word)), {}).update(told)
    return found


def _choices(house: House, sql: Sql, marks: dict[str, dict[str, Any]]) -> None:
    for key in erasure.all_of(sql, "visitors") if marks else []:
        told = marks.get(house.keys.tombstone("visitor", key))
        if told is None:
            continue
        if told.get("forgotten"):
            chats.forget_token(sql, key)
        if "erase_at" in told:
            _wish(house, sql, key, told["erase_at"])
        if "objected" in told:
            chats.set_objected(sql, key, bool(told["objected"]))
            chats.set_ticked(sql, key, 0)  # whoever agreed is asked again


def _wish(house: House, sql: Sql, visitor: str, erase_at: int | None) -> None:
    """The wish to be erased as it stood last: carried out at its time, or at once where that has passed."""
    erasure.set_erase_at(sql, visitor, erase_at)
    if erase_at is None:
        figures.clear_due(sql, ERASE_DUE, visitor)
    else:
        figures.set_due(sql, ERASE_DUE, visitor, house.clock.steady() + max(0, erase_at - house.clock.at()))


_REASON: Final = "Held by a newer database, whose words are lost."


def _holds(house: House, sql: Sql, missing: Sequence[Entry]) -> None:
    """Holds that the older database does not know are made again for the chats that it has; those that ended, end."""
    told = [entry for entry in missing if entry.kind in ("held", "hold_ended")]
    marks = {house.keys.tombstone("chat", key): key for key in erasure.all_of(sql, "chats")} if told else {}
    for entry in told:
        data = msgspec.json.decode(entry.data)
        known = holds.hold(sql, data["hold"])
        if known is None:
            named = tuple(marks[mark] for mark in data["marks"] if mark in marks)
            asked = Hold(data["hold"], data["account"], _REASON, HOST.id, entry.wall, None, None, data["until"], None, named)
            holds.add(sql, asked)
        if entry.kind == "held":
            holds.approve(sql, data["hold"], HOST.id, entry.wall)
        else:
            holds.end(sql, data["hold"], entry.wall)


def _access(house: House, sql: Sql, marks: dict[str, dict[str, Any]]) -> None:
    for key in erasure.all_of(sql, "users") if marks else []:
        told = marks.get(house.keys.tombstone("user", key))
        if told is None:
            continue
        if "factor" in told:  # a phone that was lost, or codes that were renewed
            factors.drop(sql, key)
        if told.get("password") or "factor" in told:  # an older way in is none
            users.clear_password(sql, key)
        if "role" in told:
            users.set_role(sql, key, told["role"])
        if "state" in told:
            users.set_state(sql, key, told["state"])
