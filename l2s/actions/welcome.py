"""What a visitor is told: hello, the snapshot that welcome is made from, the law that would govern the next message."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from l2s.actions.erasure import receipt_code
from l2s.actions.house import House
from l2s.actions.states import has_words, state, token_is_over
from l2s.actions.visitors import Visit
from l2s.clock import DAY
from l2s.domain import chats as life
from l2s.domain.chats import Chat, Message
from l2s.domain.events import ChatState, Typing
from l2s.domain.rights import need
from l2s.errors import Gone, NotFound
from l2s.privacy.erasure import Receipt
from l2s.privacy.ledger import Law
from l2s.store import accounts, chats, messages, receipts
from l2s.store.accounts import Site
from l2s.store.sql import Sql


class Snapshot(NamedTuple):
    """What welcome is made from."""

    state: ChatState | None
    messages: list[Message]
    full: bool
    more: bool
    law: Law
    held: bool
    objected: bool
    ticked: int
    receipt: Receipt | None = None  # this browser's token led to somebody who was erased


class Arrived(NamedTuple):
    """What hello is answered with: the site, the law that governs what the browser told, and the snapshot."""

    site: Site
    law: Law
    shot: Snapshot


def arrive(house: House, visit: Visit, chat_id: str | None, since: int, sql: Sql) -> Arrived:
    """Hello: the law that is shown now, and the snapshot under it."""
    site = _site(sql, visit)
    law = house.laws.governing(sql, site.id, site.head, site.head, house.clock.at())
    return Arrived(site, law, _snapshot(house, msgspec.structs.replace(visit, since=site.head), site, chat_id, since, sql))


def snapshot(house: House, visit: Visit, sql: Sql) -> Snapshot:
    """Enter: the newest page of the chat that the token names."""
    return _snapshot(house, visit, _site(sql, visit), None, 0, sql)


def _site(sql: Sql, visit: Visit) -> Site:
    site = accounts.site(sql, visit.actor.site)
    if site is None:
        raise NotFound("unknown_site")
    return site


def _snapshot(house: House, visit: Visit, site: Site, chat_id: str | None, since: int, sql: Sql) -> Snapshot:
    """Everything of welcome from one snapshot: exactly what came after `since`, or the newest page."""
    at = house.clock.at()
    visitor = chats.visitor(sql, visit.actor.id) if visit.actor.id else None
    if visitor and not visitor.lives:
        raise Gone("token_ended")
    chat = chats.latest(sql, visitor.id) if visitor else None
    if token_is_over(house, sql, chat, at):
        raise Gone("token_ended")
    shown = law_shown(house, visit, site, chat, at, sql)
    mine = visit.objected or bool(visitor and visitor.objected), visitor.ticked if visitor else visit.ticked
    if chat is None:
        receipt = receipts.receipt(sql, receipt_code(house, "visitor", visit.actor.id)) if visit.actor.id else None
        return Snapshot(None, [], True, False, shown, False, *mine, receipt)
    if not has_words(house, sql, chat, at):
        return Snapshot(None, [], True, False, shown, True, *mine)
    whole = state(house, sql, chat, at)
    if chat_id == chat.id and 0 < since <= chat.pub:
        gap = messages.since_pub(sql, chat, since, house.settings.resume_max)
        if len(gap) <= house.settings.resume_max:
            return Snapshot(whole, gap, False, False, shown, True, *mine)
    page = messages.newest(sql, chat, house.settings.page, notes=False)
    return Snapshot(whole, page, True, bool(page) and page[0].seq > 1, shown, True, *mine)


def law_shown(house: House, visit: Visit, site: Site, chat: Chat | None, at: int, sql: Sql) -> Law:
    """What would govern this visitor's next message: the chat's own law where it goes on, else the law shown at hello."""
    within = house.settings.reopen_days * DAY
    goes_on = chat is not None and (chat.state in life.LIVE or life.reopens(chat, at, within))
    since = chat.since if chat and goes_on else visit.since
    return house.laws.governing(sql, site.id, since, site.head, at)


def law_now(house: House, visit: Visit, sql: Sql) -> Law:
    """The same, for a session that is open already."""
    site = _site(sql, visit)
    chat = chats.latest(sql, visit.actor.id) if visit.actor.id else None
    return law_shown(house, visit, site, chat, house.clock.at(), sql)


def history(house: House, visit: Visit, chat_id: str, before: int, sql: Sql) -> tuple[ChatState, list[Message]]:
    """An older page of the visitor's own chat."""
    chat, visitor = chats.load(sql, chat_id), chats.visitor(sql, visit.actor.id)
    if chat is None or chat.visitor != visit.actor.id or not (visitor and visitor.lives):
        raise NotFound("not_found")
    at = house.clock.at()
    if not has_words(house, sql, chat, at) or token_is_over(house, sql, chats.latest(sql, chat.visitor), at):
        raise NotFound("not_found")
    return state(house, sql, chat, house.clock.at()), messages.older(sql, chat, before, house.settings.page, notes=False)


def typing(house: House, visit: Visit, on: bool, sql: Sql) -> Typing | None:
    """Who is to be told that the visitor types; None where no chat lives."""
    chat = chats.latest(sql, visit.actor.id) if visit.actor.id else None
    if chat is None or chat.state not in life.LIVE:
        return None
    need(visit.actor, "typing", chat)
    return Typing(chat, None, on)
