"""Visitors, chats, their details and participants. Every load returns the law's head with the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from l2s.domain.chats import DETAILS, Chat, Details, Participant
from l2s.domain.people import User
from l2s.errors import Conflict
from l2s.privacy.gate import Sealed, held
from l2s.store.sql import KEYS, Row, Sql, Write, with_keys


class Visitor(msgspec.Struct, frozen=True):
    """A visitor who wrote at least once. `lives`: the token was not forgotten."""

    id: str
    account: str
    site: str
    lives: bool
    objected: bool
    is_test: bool
    ticked: int = 0


class Known(msgspec.Struct, frozen=True):
    """What a visitor's send needs, in one look-up. `site`: (account, department, head)."""

    site: tuple[str, str, int]
    visitor: Visitor | None
    chat: Chat | None
    duplicate: int | None  # messages.id of the same client id


_CHAT: Final = """c.id, c.account_id, c.site_id, c.department_id, c.visitor_id, c.state, c.rev, c.pub, c.said, c.since,
    s.law_head, v.objected, c.owner_id, c.previous_id, c.opened_at, c.taken_at, c.ended_at, c.closed_why,
    c.visitor_delivered, c.visitor_read, c.language, v.is_test, c.held_until, v.ticked"""
_FROM: Final = "FROM chats c JOIN sites s ON s.id = c.site_id JOIN visitors v ON v.id = c.visitor_id"

_ADD_VISITOR: Final = Write(
    """INSERT INTO visitors (id, account_id, site_id, token_hash, is_test, objected, created_at, since, ticked)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)""",
    {4: "visitors.token_hash"},
)
_OBJECTED: Final = Write("UPDATE visitors SET objected = ?2 WHERE id = ?1 AND objected <> ?2")
_TICKED: Final = Write("UPDATE visitors SET ticked = ?2 WHERE id = ?1 AND ticked <> ?2")
_FORGET: Final = Write("UPDATE visitors SET token_hash = NULL WHERE id = ?1 AND token_hash IS NOT NULL")
_ADD_CHAT: Final = Write(
    """INSERT INTO chats (id, account_id, site_id, department_id, visitor_id, previous_id, nth, state, rev, pub, said,
    opened_at, language, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6,
    (SELECT coalesce(max(nth), 0) + 1 FROM chats WHERE visitor_id = ?5), ?7, 0, 0, 0, ?8, ?9, ?10)""",
    {8: "chats.opened_at"},
)
_CHANGE: Final = Write(
    """UPDATE chats SET rev = ?3, pub = ?4, said = ?5, state = ?6, owner_id = ?7, opened_at = ?8, taken_at = ?9, ended_at = ?10,
    closed_why = ?11, visitor_delivered = ?12, visitor_read = ?13 WHERE id = ?1 AND rev = ?2""",
    {8: "chats.opened_at", 9: "chats.taken_at", 12: "chats.visitor_delivered", 13: "chats.visitor_read"},
)
_MOVE: Final = Write("UPDATE chats SET rev = ?3, pub = ?4, said = ?5 WHERE id = ?1 AND rev = ?2")
_VISITOR_MARKS: Final = Write(
    "UPDATE chats SET visitor_delivered = ?2, visitor_read = ?3 WHERE id = ?1",
    {2: "chats.visitor_delivered", 3: "chats.visitor_read"},
)
_DETAILS: Final = Write(
    """INSERT INTO details (chat_id, name, mail, address, browser, page, referrer, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (chat_id) DO UPDATE SET
    name = coalesce(?2, details.name), mail = coalesce(?3, details.mail), address = coalesce(?4, details.address),
    browser = coalesce(?5, details.browser), page = coalesce(?6, details.page),
    referrer = coalesce(details.referrer, ?7)""",
    {number + 2: f"details.{name}" for number, name in enumerate(DETAILS)},
)
_CORRECT: Final = {
    cls: Write(
        f"""INSERT INTO details (chat_id, {cls}, since) VALUES (?1, ?2, ?3)
        ON CONFLICT (chat_id) DO UPDATE SET {cls} = ?2""",
        {2: f"details.{cls}"},
    )
    for cls in ("name", "mail")
}
_PARTICIPANT: Final = Write(
    """INSERT INTO participants (chat_id, user_id, joined, delivered, read, heard, since)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (chat_id, user_id) DO UPDATE SET
    joined = ?3, delivered = ?4, read = ?5, heard = ?6""",
    {4: "participants.delivered", 5: "participants.read"},
)


def _chat(row: Row, at: int = 0) -> Chat:
    since, ended = row[at + 9], row[at + 16]
    opened, taken, delivered, read = row[at + 14], row[at + 15], row[at + 18], row[at + 19]
    return Chat(
        row[at],
        row[at + 1],
        row[at + 2],
        row[at + 3],
        row[at + 4],
        row[at + 5],
        row[at + 6],
        row[at + 7],
        row[at + 8],
        since,
        row[at + 10],
        row[at + 11] == 1,
        row[at + 12],
        row[at + 13],
        None if opened is None else held("times", opened, since, ended),
        None if taken is None else held("times", taken, since, ended),
        ended,
        row[at + 17],
        None if delivered is None else held("read_marks", delivered, since, ended),
        None if read is None else held("read_marks", read, since, ended),
        row[at + 20],
        row[at + 21] == 1,
        row[at + 22],
        row[at + 23],
    )


_KNOWN: Final = f"""SELECT s.account_id, s.department_id, s.law_head,
    v.id, v.token_hash IS NOT NULL, v.objected, v.is_test, v.ticked, m.id, {_CHAT}
    FROM sites s LEFT JOIN visitors v ON v.id = ?2 AND v.site_id = s.id
    LEFT JOIN chats c ON c.visitor_id = v.id AND c.state IN ('waiting', 'open')
    LEFT JOIN messages m ON m.author_id = ?2 AND m.client_id = ?3
    WHERE s.id = ?1 AND s.removed_at IS NULL"""


def known(sql: Sql, site: str, visitor: str, client_id: str) -> Known | None:
    """Site, visitor, live chat and an earlier message of the same id; None for an unknown site."""
    row = sql.one(_KNOWN, site, visitor, client_id)
    if not row:
        return None
    account = row[0]
    person = Visitor(row[3], account, site, bool(row[4]), bool(row[5]), bool(row[6]), row[7]) if row[3] else None
    return Known((account, row[1], row[2]), person, _chat(row, 9) if row[9] else None, row[8])


def load(sql: Sql, key: str) -> Chat | None:
    """A chat by id."""
    row = sql.one(f"SELECT {_CHAT} {_FROM} WHERE c.id = ?1", key)
    return _chat(row) if row else None


def latest(sql: Sql, visitor: str) -> Chat | None:
    """The visitor's newest chat, live or not."""
    row = sql.one(
        f"""SELECT {_CHAT} {_FROM} WHERE c.visitor_id = ?1
        ORDER BY CASE WHEN c.state IN ('waiting', 'open') THEN 1 ELSE 0 END DESC, c.nth DESC LIMIT 1""",
        visitor,
    )
    return _chat(row) if row else None


def live(sql: Sql, account: str) -> list[Chat]:
    """All chats of an account that are not closed."""
    rows = sql.all(f"SELECT {_CHAT} {_FROM} WHERE c.account_id = ?1 AND c.state IN ('waiting', 'open', 'left')", account)
    return [_chat(row) for row in rows]


def closed(sql: Sql, account: str, before: int, most: int) -> list[Chat]:
    """Closed chats of an account, newest first; `before`: ended_at of the last row of the page before, 0 = from the top."""
    rows = sql.all(
        f"""SELECT {_CHAT} {_FROM} WHERE c.account_id = ?1 AND c.state = 'closed' AND (?2 = 0 OR c.ended_at < ?2)
        ORDER BY c.ended_at DESC LIMIT ?3""",
        account,
        before,
        most,
    )
    if len(rows) == most:  # whole instants only, else the next page would start inside one
        edge = rows[-1][16]
        rows = [row for row in rows if row[16] != edge] + sql.all(
            f"SELECT {_CHAT} {_FROM} WHERE c.account_id = ?1 AND c.state = 'closed' AND c.ended_at = ?2", account, edge
        )
    return [_chat(row) for row in rows]


def owned(sql: Sql, user: str) -> list[Chat]:
    """The open chats of one user."""
    return [_chat(row) for row in sql.all(f"SELECT {_CHAT} {_FROM} WHERE c.owner_id = ?1 AND c.state = 'open'", user)]


def unanswered(sql: Sql) -> list[tuple[str, str]]:
    """(chat, owner) of open chats in which the visitor has the last word."""
    rows = sql.all(
        """SELECT c.id, c.owner_id FROM chats c WHERE c.state = 'open' AND (SELECT m.author FROM messages m
        WHERE m.chat_id = c.id AND m.kind IN ('text', 'file', 'card') ORDER BY m.seq DESC LIMIT 1) = 'visitor'"""
    )
    return [(row[0], row[1]) for row in rows]


def of_visitor(sql: Sql, visitor: str) -> list[str]:
    """Ids of all chats of a visitor, the newest last."""
    return [row[0] for row in sql.all("SELECT id FROM chats WHERE visitor_id = ?1 ORDER BY nth", visitor)]


def of_visitors(sql: Sql, keys: Sequence[str]) -> list[Chat]:
    """All chats of some visitors, oldest first for each."""
    rows = sql.all(
        with_keys(f"SELECT {_CHAT} {_FROM} WHERE c.visitor_id IN ({KEYS}) ORDER BY c.visitor_id, c.nth", keys), *keys
    )
    return [_chat(row) for row in rows]


class Group(NamedTuple):
    """Closed chats under one law, none of them held: how many, and when the first and the last of them ended."""

    site: str
    since: int
    head: int
    n: int
    first: int
    last: int


_FREE: Final = "c.account_id = ?1 AND c.state = 'closed' AND c.held_until IS NULL"


def closed_by_law(sql: Sql, account: str) -> list[Group]:
    """An account's closed chats that nothing holds, by what governs them."""
    rows = sql.all(
        f"""SELECT c.site_id, c.since, s.law_head, count(*), min(c.ended_at), max(c.ended_at)
        FROM chats c JOIN sites s ON s.id = c.site_id WHERE {_FREE} GROUP BY c.site_id, c.since""",
        account,
    )
    return [Group(*row) for row in rows]


def ended_after(sql: Sql, account: str, group: Group, ended: int) -> int:
    """How many chats of a group ended after an instant."""
    row = sql.one(
        f"SELECT count(*) FROM chats c WHERE {_FREE} AND c.site_id = ?2 AND c.since = ?3 AND c.ended_at > ?4",
        account,
        group.site,
        group.since,
        ended,
    )
    return int(row[0]) if row else 0


def visitor(sql: Sql, key: str) -> Visitor | None:
    """A visitor by id."""
    row = sql.one(
        "SELECT id, account_id, site_id, token_hash IS NOT NULL, objected, is_test, ticked FROM visitors WHERE id = ?1", key
    )
    return Visitor(row[0], row[1], row[2], bool(row[3]), bool(row[4]), bool(row[5]), row[6]) if row else None


def visitor_since(sql: Sql, key: str) -> int:
    """The ledger position of the law of a visitor's own row."""
    row = sql.one("SELECT since FROM visitors WHERE id = ?1", key)
    return int(row[0]) if row else 0


def add_visitor(sql: Sql, person: Visitor, token: Sealed[bytes] | None, day: int, since: int) -> None:
    """A visitor's first message makes the row. `day`: ms at midnight."""
    sql.run(
        _ADD_VISITOR,
        person.id,
        person.account,
        person.site,
        token,
        int(person.is_test),
        int(person.objected),
        day,
        since,
        person.ticked,
    )


def set_objected(sql: Sql, key: str, on: bool) -> bool:
    """Object, or take it back; False if it was so already."""
    return sql.run(_OBJECTED, key, int(on)) == 1


def set_ticked(sql: Sql, key: str, position: int) -> bool:
    """Agree to the law at a ledger position, or take it back (0); False if it was so already."""
    return sql.run(_TICKED, key, position) == 1


def forget_token(sql: Sql, key: str) -> bool:
    """The token is worth nothing from now on."""
    return sql.run(_FORGET, key) == 1


def add(sql: Sql, chat: Chat) -> None:
    """A new chat at rev 0; the caller adds its first entries and then calls `change`."""
    sql.run(
        _ADD_CHAT,
        chat.id,
        chat.account,
        chat.site,
        chat.department,
        chat.visitor,
        chat.previous,
        chat.state,
        chat.opened_at,
        chat.language,
        chat.since,
    )


def _swapped(moved: int) -> None:
    if moved != 1:  # cannot happen with one writer; elsewhere the group is taken again
        raise Conflict("chat_moved")


def change(sql: Sql, before: Chat, after: Chat) -> None:
    """Everything of a chat, by compare-and-swap on `rev`."""
    moved = sql.run(
        _CHANGE,
        before.id,
        before.rev,
        after.rev,
        after.pub,
        after.said,
        after.state,
        after.owner,
        after.opened_at,
        after.taken_at,
        after.ended_at,
        after.closed_why,
        after.visitor_delivered,
        after.visitor_read,
    )
    _swapped(moved)


def move(sql: Sql, before: Chat, after: Chat) -> None:
    """Only the counters, by compare-and-swap on `rev`: the cheap way for one more message."""
    _swapped(sql.run(_MOVE, before.id, before.rev, after.rev, after.pub, after.said))


def set_visitor_marks(sql: Sql, key: str, delivered: Sealed[int] | None, read: Sealed[int] | None) -> None:
    """The visitor's watermarks."""
    sql.run(_VISITOR_MARKS, key, delivered, read)


def details(sql: Sql, chat: Chat) -> Details:
    """What is held beside the words."""
    row = sql.one("SELECT name, mail, address, browser, page, referrer, since FROM details WHERE chat_id = ?1", chat.id)
    if not row:
        return Details()
    return Details(*(held(name, row[index], row[6], chat.ended_at) for index, name in enumerate(DETAILS)))


def set_details(sql: Sql, chat: Chat, told: Details) -> None:
    """Add or replace what is known; an absent value leaves the old one."""
    values: list[Any] = [getattr(told, name) for name in DETAILS]
    if any(value is not None for value in values):
        sql.run(_DETAILS, chat.id, *values, chat.since)


def correct(sql: Sql, chat: Chat, cls: Literal["name", "mail"], value: Sealed[str] | None) -> None:
    """Another name or mail address, or none any more."""
    sql.run(_CORRECT[cls], chat.id, value, chat.since)


def participants(sql: Sql, chat: Chat) -> tuple[Participant, ...]:
    """Users with marks in a chat."""
    rows = sql.all(
        "SELECT user_id, joined, heard, delivered, read, since FROM participants WHERE chat_id = ?1 ORDER BY user_id", chat.id
    )
    return tuple(
        Participant(
            row[0],
            bool(row[1]),
            row[2],
            held("read_marks", row[3], row[5], chat.ended_at),
            held("read_marks", row[4], row[5], chat.ended_at),
        )
        for row in rows
    )


def participant(sql: Sql, chat: Chat, user: str) -> Participant | None:
    """One user's place in a chat."""
    return next((one for one in participants(sql, chat) if one.user == user), None)


def set_participant(sql: Sql, chat: Chat, one: Participant) -> None:
    """Join, leave or move marks."""
    sql.run(_PARTICIPANT, chat.id, one.user, int(one.joined), one.delivered, one.read, one.heard, chat.since)


def people(sql: Sql, chat: Chat) -> tuple[User, ...]:
    """Every user who wrote, joined or owns: those a visitor may know by name."""
    rows = sql.all(
        """SELECT u.id, u.account_id, u.name, u.role, u.state, u.available FROM users u WHERE u.id = ?2 OR u.id IN
        (SELECT user_id FROM participants WHERE chat_id = ?1 AND joined = 1) OR u.id IN
        (SELECT author_id FROM messages WHERE chat_id = ?1 AND author = 'user' AND kind <> 'note') ORDER BY u.id""",
        chat.id,
        chat.owner or "",
    )
    return tuple(User(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows)
