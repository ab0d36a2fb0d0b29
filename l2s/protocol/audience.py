"""Who sees what: one function per audience from event to frame, exhaustive by type. Personal values leave through `release`.

A new event fails the type checker here until each audience has decided. A visitor's function has no way to make a note: its
message type knows none.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from l2s.domain import events as ev
from l2s.domain.chats import DETAILS, Chat, Message, Participant
from l2s.domain.people import User
from l2s.privacy.classes import SITE_CLASSES, chain, level_of
from l2s.privacy.erasure import Receipt
from l2s.privacy.gate import PERSON, Sealed, release
from l2s.privacy.ledger import Law
from l2s.privacy.policy import Choice, When, keep_name, rule_of
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa

LINE = 140  # characters of the newest message in an inbox row


def for_visitor(event: ev.Event, now: int) -> fr.Frame | None:
    """What the visitor of the event's chat is told; None = nothing."""
    match event:
        case ev.ChatChanged(state):
            return fr.VisitorChatFrame(visitor_chat(state, now))
        case ev.MessagePosted(chat, law, choice, message):
            if message.kind == "note":
                return None
            return fr.VisitorMessageFrame(chat.id, visitor_message(message, law, choice, now))
        case ev.MarksMoved(chat, law, choice, user, _, team):
            if user is None:
                return None
            marks = [_marks(one, law, choice, PERSON, now) for one in team]
            return fr.VisitorMarksFrame(chat.id, max(mark[0] for mark in marks), max(mark[1] for mark in marks))
        case ev.Typing(chat, user, on):
            return fr.VisitorTypingFrame(chat.id, user.id, user.name, on) if user else None
        case ev.ChatErased(chat):
            return fr.Erased(chat.id)
        case ev.TokenEnded(_, receipt):
            return fr.Forgotten(receipt_view(receipt) if receipt else None)
        case ev.PeopleChanged() | ev.SessionsEnded() | ev.LawMoved() | ev.SiteSeen() | ev.ChoiceMoved():
            return None
        case _:
            assert_never(event)


def for_user(event: ev.Event, to: str, now: int, here: bool = False) -> fr.Frame | None:
    """What a user who is reader `to` is told; `here`: is the person of the event connected, available and active?"""
    match event:
        case ev.ChatChanged(state):
            return fr.TeamChatFrame(team_chat(state, to, now))
        case ev.MessagePosted(chat, law, choice, message):
            told = team_message(message, law, choice, to, now)
            return fr.TeamMessageFrame(chat.id, chat.rev, chat.pub, chat.said, told)
        case ev.MarksMoved(chat, law, choice, user, participant):
            return _team_marks(chat, law, choice, user, participant, to, now)
        case ev.Typing(chat, user, on):
            return fr.TeamTypingFrame(chat.id, user.id if user else None, on)
        case ev.ChatErased(chat):
            return fr.Erased(chat.id)
        case ev.PeopleChanged(user):
            return fr.PersonFrame(colleague(user, here))
        case ev.SessionsEnded():
            return fr.SignedOut()
        case ev.SiteSeen(_, site, origin):
            return fr.SiteSeenFrame(site, origin)
        case ev.LawMoved() | ev.TokenEnded() | ev.ChoiceMoved():
            return None
        case _:
            assert_never(event)


def colleague(user: User, here: bool) -> pa.Colleague:
    """A user for colleagues."""
    return pa.Colleague(user.id, user.name, user.role, user.available, here, user.state == "active")


def _event_body(message: Message) -> pa.EventBody:
    return msgspec.convert(msgspec.json.decode(message.event or "{}") | {"kind": "event"}, pa.EventBody)


def _by(message: Message) -> str:
    return message.author if message.author != "user" else message.author_id or ""


def visitor_message(message: Message, law: Law, choice: Choice, now: int) -> pa.VisitorMessage:
    """A message for the visitor. A note cannot come here: `for_visitor` and the visitor's queries leave it out."""
    body: pa.Text | pa.EventBody | pa.Withdrawn
    if message.withdrawn:
        body = pa.Withdrawn()
    elif message.kind == "event":
        body = _event_body(message)
    else:
        body = pa.Text(release(message.body, "answer", PERSON, choice, law, now))
    at = release(message.at, "answer", PERSON, choice, law, now)
    return pa.VisitorMessage(message.client_id, _by(message), message.seq, message.pub, at, body)


def team_message(message: Message, law: Law, choice: Choice, to: str, now: int) -> pa.TeamMessage:
    """A message or note for a user."""
    body: pa.Text | pa.EventBody | pa.Note | pa.Withdrawn
    if message.withdrawn:
        body = pa.Withdrawn()
    elif message.kind == "event":
        body = _event_body(message)
    elif message.kind == "note":
        body = pa.Note(release(message.note, "answer", to, choice, law, now))
    else:
        body = pa.Text(release(message.body, "answer", to, choice, law, now))
    at = release(message.at, "answer", to, choice, law, now)
    return pa.TeamMessage(message.client_id, _by(message), message.seq, message.rev, at, body)


def visitor_chat(state: ev.ChatState, now: int) -> pa.VisitorChat:
    """A chat for its visitor."""
    chat = state.chat
    marks = [_marks(one, state.law, state.choice, PERSON, now) for one in state.participants]
    return pa.VisitorChat(
        chat.id,
        chat.state,
        chat.pub,
        chat.owner,
        [pa.Person(user.id, user.name) for user in state.people],
        max((delivered for delivered, _ in marks), default=0),
        max((read for _, read in marks), default=0),
        release(chat.visitor_read, "answer", PERSON, state.choice, state.law, now),
        chat.ended_at,
        chat.closed_why,
    )


def team_chat(state: ev.ChatState, to: str, now: int) -> pa.TeamChat:
    """A chat for a user."""
    chat, law, choice = state.chat, state.law, state.choice

    def out(sealed: Sealed[int] | None) -> int | None:
        return release(sealed, "answer", to, choice, law, now)

    return pa.TeamChat(
        chat.id,
        label(chat),
        chat.site,
        chat.department,
        chat.state,
        chat.rev,
        chat.pub,
        chat.said,
        release(state.details.name, "answer", to, choice, law, now),
        chat.owner,
        out(chat.opened_at),
        out(chat.taken_at),
        chat.ended_at,
        chat.closed_why,
        out(chat.visitor_delivered) or 0,
        out(chat.visitor_read) or 0,
        [pa.UserMarks(one.user, one.joined, *_marks(one, law, choice, to, now), one.heard) for one in state.participants],
        _line(state, to, now),
        chat.language,
        chat.objected,
        chat.is_test,
    )


def _line(state: ev.ChatState, to: str, now: int) -> pa.Line | None:
    if state.last is None:
        return None
    told = team_message(state.last, state.law, state.choice, to, now)
    text = getattr(told.body, "text", None)
    return pa.Line(told.by, state.last.kind, text[:LINE] if text else None, told.at)


_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0, 1: read aloud without doubt


def label(chat: Chat) -> str:
    """Four characters for a visitor without a name: "K7M2". From the chat's random id, so it tells nothing."""
    number = int.from_bytes(chat.id.encode()[:8], "big")
    return "".join(_LETTERS[(number >> shift) % len(_LETTERS)] for shift in (0, 13, 27, 41))


def _marks(one: Participant, law: Law, choice: Choice, to: str, now: int) -> tuple[int, int]:
    delivered = release(one.delivered, "answer", to, choice, law, now) or 0
    return delivered, release(one.read, "answer", to, choice, law, now) or 0


def _team_marks(
    chat: Chat, law: Law, choice: Choice, user: str | None, one: Participant | None, to: str, now: int
) -> fr.TeamMarksFrame:
    if user is None or one is None:
        delivered = release(chat.visitor_delivered, "answer", to, choice, law, now) or 0
        read = release(chat.visitor_read, "answer", to, choice, law, now) or 0
        return fr.TeamMarksFrame(chat.id, None, delivered, read, 0)
    return fr.TeamMarksFrame(chat.id, user, *_marks(one, law, choice, to, now), one.heard)


CARD = ("mail", "address", "browser", "page", "referrer")  # rows of the visitor card, in order
SLOTS = ("place", "preview", "presence")  # classes that no row holds yet, shown as far as the law has them off


def card(state: ev.ChatState, to: str, now: int) -> list[pa.Detail]:
    """The visitor card: for each class its value as far as it may be read, or "none" where it is not collected."""
    rows = []
    for name in (*CARD, *SLOTS):
        rule = rule_of(state.law.rules, name)
        sealed: Sealed[str] | None = getattr(state.details, name) if name in DETAILS else None
        value = release(sealed, "answer", to, state.choice, state.law, now)
        level = rule.level if value is None else min(rule.level, level_of(_told(name, value), name))
        rows.append(pa.Detail(name, chain(name)[level], value))
    return rows


def _told(name: str, value: str) -> str:
    """A released browser has lost its mark of the finest level; everything else tells its level by itself."""
    return f"ua:{value}" if name == "browser" and "/" in value else value


def law_view(law: Law) -> pa.Law:
    """What the promise line is made from: settings alone, never a template."""

    def level(name: str) -> str:
        return chain(name)[rule_of(law.rules, name).level]

    days = keep_name(rule_of(law.rules, "message").keep)
    asks = [cls for cls in SITE_CLASSES if rule_of(law.rules, cls).when == When.TICKED]
    return pa.Law(
        law.version, law.hash, days, level("address"), level("preview") != "none", level("place"), ["device_token"], asks
    )  # fmt: skip


def receipt_view(receipt: Receipt) -> pa.Receipt:
    """A receipt as its person reads it."""
    return pa.Receipt(
        receipt.code, receipt.counts, sum(one.n for one in receipt.kept),
        max((one.until for one in receipt.kept), default=None), list(receipt.recipients), receipt.unreachable_at,
        receipt.overwritten_at, receipt.backups_until, receipt.position, receipt.head,
    )  # fmt: skip
