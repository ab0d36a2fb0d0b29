"""Erasing: one unit makes a chat or a person unreachable, the scrub makes the bytes go (PRIVACY 5). The two are never told as
one, and what is held by law stays, is named in the receipt, and goes when the hold ends.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any, Final

import msgspec

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.states import load
from l2s.clock import DAY
from l2s.domain.chats import Chat
from l2s.domain.events import ChatErased, Event, TokenEnded
from l2s.domain.rights import need
from l2s.errors import NotFound
from l2s.privacy.erasure import BACKUP_DAYS, Kept, Receipt, Subject
from l2s.privacy.ledger import Entry
from l2s.protocol.audience import label
from l2s.store import chats, erasure, ledger, receipts
from l2s.store.engine import Unit
from l2s.store.sql import Sql

SCRUB_DUE: Final = "scrub"
ERASE_DUE: Final = "erase"
_SCRUB_WITHIN: Final = 20 * 3_600_000  # overwritten within 24 h, with time left for a busy evening
_CODE, _NAME = 16, 10  # bytes of a receipt's code, and of the hash in it
_WORDS: Final[dict[str, Subject]] = {"chat": "chats", "visitor": "visitors", "user": "users"}  # of the ledger's entries


def receipt_code(house: House, kind: str, key: str) -> str:
    """The receipt's code: a keyed hash of its subject, so that it finds the subject again should an old backup come back,
    and a check of itself, so that a made-up code costs no search."""
    name = house.keys.hash(f"receipt-{kind}", key)[:_NAME]
    return base64.b32encode(name + _check(house, name)).decode().rstrip("=")


def _check(house: House, name: bytes) -> bytes:
    return house.keys.hash("receipt-check", name.hex())[: _CODE - _NAME]


def is_code(house: House, code: str) -> bool:
    """Did this server ever give out such a code?"""
    try:
        raw = base64.b32decode(code + "=" * (-len(code) % 8))
    except ValueError:
        return False
    if base64.b32encode(raw).decode().rstrip("=") != code:
        return False  # one of its other spellings: it would be searched for among everybody
    return len(raw) == _CODE and hmac.compare_digest(raw[_NAME:], _check(house, raw[:_NAME]))


def erase_chat(house: House, session: str, chat_id: str) -> Unit[Receipt]:
    """An admin erases one chat."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[Receipt, list[Event]]:
        actor, chat = speaker(house, sql, session), load(sql, chat_id)
        need(actor, "erase", chat)
        if chat.is_held(at):
            raise NotFound("not_found")  # kept by law: it is out of everybody's reach, the eraser's too
        audit.note(house, sql, actor, "erase", house.keys.tombstone("chat", chat.id), label=label(chat))
        return erased_chat(house, sql, chat, at, steady)

    return unit


def erased_chat(house: House, sql: Sql, chat: Chat, at: int, steady: int) -> tuple[Receipt, list[Event]]:
    """One chat, and its visitor with the last one."""
    counts = erasure.erase(sql, "chats", chat.id)
    ended = not chats.of_visitor(sql, chat.visitor)
    if ended:
        _add(counts, erasure.erase(sql, "visitors", chat.visitor))
    done = _receipt(house, sql, "chat", chat.id, chat.account, chat.site, counts, (), at, steady)
    events: list[Event] = [ChatErased(chat)]
    return done, [*events, TokenEnded(chat.visitor, done)] if ended else events


def erased_visitor(house: House, sql: Sql, visitor: str, at: int, steady: int) -> tuple[Receipt, list[Event]]:
    """A person: every chat that no hold keeps, the token, everything that leads to them."""
    found = chats.visitor(sql, visitor)
    if found is None:
        raise NotFound("not_found")
    mine = [load(sql, key) for key in chats.of_visitor(sql, visitor)]
    kept, gone = [chat for chat in mine if chat.is_held(at)], [chat for chat in mine if not chat.is_held(at)]
    counts: dict[str, int] = {}
    for chat in gone:
        _add(counts, erasure.erase(sql, "chats", chat.id))
    if kept:
        _let_go_later(sql, visitor, at)
    else:
        _add(counts, erasure.erase(sql, "visitors", visitor))
    stays = (Kept("chats", len(kept), max(chat.held_until or 0 for chat in kept)),) if kept else ()
    done = _receipt(house, sql, "visitor", visitor, found.account, found.site, counts, stays, at, steady)
    return done, [*(ChatErased(chat) for chat in gone), TokenEnded(visitor, done)]


def _let_go_later(sql: Sql, visitor: str, at: int) -> None:
    """The token dies and the wish stands: what is held goes when the hold ends."""
    chats.forget_token(sql, visitor)
    erasure.set_erase_at(sql, visitor, at)


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for cls, n in more.items():
        counts[cls] = counts.get(cls, 0) + n


def _receipt(
    house: House, sql: Sql, kind: str, key: str, account: str, scope: str, counts: dict[str, int], kept: tuple[Kept, ...],
    at: int, steady: int,
) -> Receipt:  # fmt: skip
    """The ledger's entry, the wish for a scrub, and what the person keeps."""
    law = house.laws.governing(sql, scope, ledger.head(sql, scope), ledger.head(sql, scope), at)
    told: dict[str, Any] = {kind: house.keys.tombstone(kind, key), "values": sum(counts.values())}
    entry = ledger.append(sql, scope, "erased", told, ledger.moment(sql, at))
    erasure.want_scrub(sql, SCRUB_DUE, steady + _SCRUB_WITHIN)
    done = Receipt(
        receipt_code(house, kind, key), account, scope, entry.position, entry.hash, law.version, law.hash, counts, kept, (),
        at, at + BACKUP_DAYS * DAY,
    )  # fmt: skip
    receipts.add(sql, done)
    return done


def overwritten(house: House, position: int) -> Unit[int]:
    """A scrub that began when `position` was the ledger's last entry has run to its end."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        return receipts.set_overwritten(sql, position, at), []

    return unit


def wished(chat_id: str, sql: Sql) -> str:
    """The visitor of a chat, whose own wish to be erased waits for its day. Raises NotFound where none does."""
    visitor = load(sql, chat_id).visitor
    if erasure.erase_at(sql, visitor) is None:
        raise NotFound("not_found")
    return visitor


def find_receipt(house: House, code: str, sql: Sql) -> tuple[Receipt | None, tuple[str, str] | None]:
    """A receipt, or else the (kind, key) that it is about and that is there again: an older database came back (rule 5)."""
    if not is_code(house, code):
        raise NotFound("unknown_receipt")
    found = receipts.receipt(sql, code)
    if found:
        return found, None
    for kind, subject in _WORDS.items():
        for key in erasure.all_of(sql, subject):
            if receipt_code(house, kind, key) == code:
                return None, (kind, key)
    raise NotFound("unknown_receipt")


def erase_again(house: House, kind: str, key: str) -> Unit[Receipt]:
    """What a receipt proves to have been erased is erased again."""
    at, steady = house.clock.at(), house.clock.steady()

    def unit(sql: Sql) -> tuple[Receipt, list[Event]]:
        if kind == "visitor":
            return erased_visitor(house, sql, key, at, steady)
        chat = load(sql, key)
        if chat.is_held(at):
            raise NotFound("unknown_receipt")
        return erased_chat(house, sql, chat, at, steady)

    return unit


def replay_erasures(house: House, sql: Sql, missing: list[Entry]) -> int:
    """Erasures that the mirror remembers and an older database forgot are done again. Returns how many."""
    marks = {
        (word, mark): entry
        for entry in missing
        if entry.kind == "erased"
        for word, mark in msgspec.json.decode(entry.data).items()
        if word in _WORDS
    }
    done = 0
    for word, subject in _WORDS.items():
        if not any(kind == word for kind, _ in marks):
            continue
        for key in erasure.all_of(sql, subject):
            entry = marks.get((word, house.keys.tombstone(word, key)))
            if entry:
                _again(house, sql, word, key, entry)
                done += 1
    if done:
        erasure.want_scrub(sql, SCRUB_DUE, house.clock.steady())
    return done


def _again(house: House, sql: Sql, word: str, key: str, entry: Entry) -> None:
    """One forgotten erasure, without a second entry in the ledger; its receipt comes back with it."""
    if word == "user":
        erasure.erase(sql, "users", key)
        return
    visitor = load(sql, key).visitor if word == "chat" else key
    person, at = chats.visitor(sql, visitor), house.clock.at()
    counts: dict[str, int] = {}
    for chat in [key] if word == "chat" else chats.of_visitor(sql, visitor):
        if not load(sql, chat).is_held(at):
            _add(counts, erasure.erase(sql, "chats", chat))
    if not chats.of_visitor(sql, visitor):
        _add(counts, erasure.erase(sql, "visitors", visitor))
    elif word == "visitor":
        _let_go_later(sql, visitor, entry.wall)
    account = person.account if person else ""
    receipts.add(
        sql,
        Receipt(
            receipt_code(house, word, key), account, entry.scope, entry.position, entry.hash, 0, "", counts, (), (),
            entry.wall, entry.wall + BACKUP_DAYS * DAY,
        ),
    )  # fmt: skip
