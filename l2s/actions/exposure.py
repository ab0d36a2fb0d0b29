"""Whom an incident exposed: which chats a user, a key, an export or a backup laid open in a time (P14).

Everything is an upper bound made of what is there still: what was erased since cannot be counted, and a time that the law keeps
as a day alone, or not at all, counts as within.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from l2s.actions.house import House
from l2s.actions.states import choice_of, law_of
from l2s.clock import DAY
from l2s.domain.audit import Line, reference
from l2s.domain.chats import Chat
from l2s.domain.people import Actor
from l2s.domain.rights import may
from l2s.privacy.gate import MACHINE, release
from l2s.privacy.retention import words_left
from l2s.store import accounts, audit, chats, disclosures, incidents, openings, users
from l2s.store.incidents import Source
from l2s.store.sql import Sql

LINES: Final = ("hand_over", "take_copy", "make_backup", "read")  # of the audit log: by these something left, or was looked at
BACKUP: Final = re.compile(r"([0-9]{12,14}) [^/\x00-\x1f]{1,120}\Z")  # "MADE_AT NAME"
_LINK: Final = re.compile(r"link:([A-Za-z0-9_-]{22}):([0-9]{12,14})\Z")
_PAGE: Final = 500


class Exposed(NamedTuple):
    """`opened`: chats that were opened, as far as openings are noted; `could`: those and all others whose words lay open;
    `users`: colleagues whose particulars did."""

    opened: tuple[Chat, ...] = ()
    could: tuple[Chat, ...] = ()
    users: int = 0

    @property
    def persons(self) -> int:
        """How many persons."""
        return len({chat.visitor for chat in self.could}) + self.users


class Reach(NamedTuple):
    """What laid something open, of which account, and when; `ended` included."""

    account: str
    source: Source
    subject: str
    began: int
    ended: int


def exposed(house: House, sql: Sql, reach: Reach) -> Exposed:
    """Whom it exposed, as far as it can be told now."""
    if reach.source == "user":
        return _by_user(house, sql, reach, reach.subject)
    if reach.source == "key":
        return _by_key(house, sql, reach)
    if reach.source == "backup":
        made = BACKUP.match(reach.subject)
        return _by_backup(house, sql, reach.account, int(made[1])) if made else Exposed()
    if reach.source == "export":
        return _by_line(house, sql, reach.account, line_of(sql, reach.account, reach.subject))
    return Exposed((), tuple(_there(house, sql, reach, lambda chat: reach.subject in ("", chat.site))))


def is_subject(sql: Sql, account: str, source: Source, subject: str) -> bool:
    """Is there such a user, key, line, backup or site in the account?"""
    if source == "user":
        return _is_user(sql, account, subject)
    if source == "key":
        user = _holder(sql, subject)
        return user is not None and _is_user(sql, account, user[0])
    if source == "backup":
        return BACKUP.match(subject) is not None
    if source == "export":
        return line_of(sql, account, subject) is not None
    return not subject or any(site.id == subject for site in accounts.sites(sql, account))


def _is_user(sql: Sql, account: str, key: str) -> bool:
    user = users.user(sql, key)
    return user is not None and user.account == account


def line_of(sql: Sql, account: str, subject: str) -> Line | None:
    """The line of the audit log that an export or opening is known by; None once the log begins later."""
    if not (subject.isascii() and subject.isdecimal() and len(subject) < 16):
        return None
    line = audit.line(sql, int(subject))
    return line if line and line.account == account and line.verb in LINES else None


def _there(house: House, sql: Sql, reach: Reach, fits: Callable[[Chat], bool]) -> Iterator[Chat]:
    """The account's chats whose words lay there within the time."""
    for chat in _all(sql, reach.account):
        if fits(chat) and _was_there(house, sql, chat, reach.began, reach.ended):
            yield chat


def _all(sql: Sql, account: str) -> Iterator[Chat]:
    yield from chats.live(sql, account)
    before = 0
    while found := chats.closed(sql, account, before, _PAGE):
        yield from found
        before = found[-1].ended_at or 0
        if len(found) < _PAGE or not before:
            return


def _was_there(house: House, sql: Sql, chat: Chat, began: int, ended: int) -> bool:
    """Had it begun by the end of the time, and were its words not over before the time began?"""
    now = house.clock.at()
    law = law_of(house, sql, chat, now)
    opened = release(chat.opened_at, "run", MACHINE, choice_of(chat, law), law, now)
    if opened is not None and opened > ended:
        return False
    if chat.ended_at is None or chat.ended_at >= began:
        return True
    then = house.laws.governed(sql, chat.site, chat.since, chat.head, began)
    return words_left(then.rules, chat.ended_at, began)


def _by_user(house: House, sql: Sql, reach: Reach, key: str) -> Exposed:
    """By the rights and limits that the user has now; what is on record as opened counts whatever they are."""
    who = users.actor(sql, key)
    if who is None or who.account != reach.account or reach.began > reach.ended:
        return Exposed()
    noted = openings.by_user(sql, key, reach.began // DAY, reach.ended // DAY)
    could = tuple(_there(house, sql, reach, lambda chat: chat.id in noted or _may_read(who, chat)))
    opened = tuple(chat for chat in could if chat.id in noted)
    return Exposed(opened, could)


def _may_read(who: Actor, chat: Chat) -> bool:
    return may(who, "read", chat)


def _holder(sql: Sql, subject: str) -> tuple[str, int, int | None] | None:
    """(user, begin, end) of a key: whoever has it is that user for so long."""
    if found := _LINK.match(subject):
        return found[1], int(found[2]), None
    kind, _, key = subject.partition(":")
    return incidents.session_life(sql, key) if kind == "session" else None


def _by_key(house: House, sql: Sql, reach: Reach) -> Exposed:
    held = _holder(sql, reach.subject)
    if held is None:
        return Exposed()
    user, begin, end = held
    ended = reach.ended if end is None else min(reach.ended, end)
    return _by_user(house, sql, reach._replace(began=max(reach.began, begin), ended=ended), user)


def _by_backup(house: House, sql: Sql, account: str, made: int) -> Exposed:
    """Every chat and every user that there was when the file was made."""
    reach = Reach(account, "backup", "", made, made)
    return Exposed((), tuple(_there(house, sql, reach, lambda chat: True)), incidents.users_at(sql, account, made))


def _by_line(house: House, sql: Sql, account: str, line: Line | None) -> Exposed:
    """What left, or was opened, by one line of the audit log."""
    if line is None:
        return Exposed()
    if line.verb == "make_backup":
        return _by_backup(house, sql, account, line.at)
    if line.verb == "read":
        marks = (chat for chat in _all(sql, account) if house.keys.tombstone("chat", chat.id) == line.object)
        found = tuple(marks)
        return Exposed(found, found)
    if line.verb == "take_copy":
        who = (key for key, salt in incidents.salted_visitors(sql, account) if reference(salt, key) == line.object)
        return Exposed((), _loaded(sql, account, (chat for key in who for chat in chats.of_visitor(sql, key))))
    one = disclosures.disclosure(sql, line.object)
    return Exposed((), _loaded(sql, account, one.chats if one else ()))


def _loaded(sql: Sql, account: str, keys: Iterable[str]) -> tuple[Chat, ...]:
    found = (chats.load(sql, key) for key in keys)
    return tuple(chat for chat in found if chat is not None and chat.account == account)
