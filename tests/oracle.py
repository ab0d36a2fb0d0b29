"""What should lie in a database at an instant, told without the program's own rules: days, levels and laws as plain numbers.

Shared by the tests of retention. A captured value is what stood in the row when it was written; everything later follows from
the versions that were posted, from the end of its chat, and from what its visitor chose.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final, NamedTuple

DAY: Final = 86_400_000
FOREVER: Final = 10**6
NAMES: Final = {
    "address": ["none", "hash", "truncated", "full"],
    "browser": ["none", "family", "full"],
    "page": ["none", "path", "full"],
    "referrer": ["none", "path", "full"],
    "times": ["none", "day", "exact"],
}

# table → (column of the chat, columns of its own key, personal column → class)
TABLES: Final[dict[str, tuple[str, tuple[str, ...], dict[str, str]]]] = {
    "chats": (
        "id",
        ("id",),
        {"opened_at": "times", "taken_at": "times", "visitor_delivered": "read_marks", "visitor_read": "read_marks"},
    ),
    "details": (
        "chat_id",
        ("chat_id",),
        {name: name for name in ("name", "mail", "address", "browser", "page", "referrer")},
    ),
    "messages": ("chat_id", ("id",), {"body": "message", "note": "about", "created_at": "times"}),
    "participants": ("chat_id", ("chat_id", "user_id"), {"delivered": "read_marks", "read": "read_marks"}),
    "openings": ("chat_id", ("chat_id", "user_id", "day"), {"at": "times"}),
    "consents": (
        "chat_id",
        ("chat_id", "nth"),
        {name: "consent" for name in ("version", "hash", "language", "act", "at")},
    ),
}

Key = tuple[str, ...]  # (table, column, own key …)


class Rule(NamedTuple):
    """`days`: 0 = until the chat ends. `always`: kept of whoever objected, too."""

    level: int
    days: int
    always: bool


Law = dict[str, Rule]  # a class that is off is absent


def meet(a: Law, b: Law) -> Law:
    """The stricter of both, class by class."""
    return {cls: Rule(*(min(x, y) for x, y in zip(a[cls], b[cls], strict=True))) for cls in a.keys() & b.keys()}


def is_within(a: Law, b: Law) -> bool:
    """Does `a` ask for nothing that `b` does not give?"""
    return all(cls in b and all(x <= y for x, y in zip(rule, b[cls], strict=True)) for cls, rule in a.items())


class Laws:
    """The versions of one site, and what is in force."""

    def __init__(self, first: Law) -> None:
        self.ripe = first
        self.waiting: list[tuple[int, Law]] = []

    @property
    def newest(self) -> Law:
        """As the editor opens with: what was posted last."""
        return self.waiting[-1][1] if self.waiting else self.ripe

    @property
    def now(self) -> Law:
        law = self.ripe
        for _, draft in self.waiting:
            law = meet(law, draft)
        return law

    def post(self, draft: Law, at: int) -> None:
        if is_within(draft, self.now):
            self.ripe, self.waiting = draft, []
        else:
            self.waiting.append((at + 15 * DAY, draft))

    def ripen(self, at: int) -> bool:
        ripe = [n for n, (due, _) in enumerate(self.waiting) if due <= at]
        for n in ripe[-1:]:
            self.ripe, self.waiting = self.waiting[n][1], self.waiting[n + 1 :]
        return bool(ripe)


class Chat:
    """One chat: its law so far, its end, what was captured of it."""

    def __init__(self, key: str, visitor: str, law: Law) -> None:
        self.key = key
        self.visitor = visitor
        self.law = law
        self.ended: int | None = None
        self.values: dict[Key, Any] = {}


def left(cls: str, law: Law, objected: bool, ended: int | None, at: int) -> int:
    """The level at which a value may lie, 0 = none."""
    rule = law.get(cls)
    if rule is None or (objected and not rule.always):
        return 0
    return 0 if ended is not None and ended + rule.days * DAY <= at else rule.level


def reduced(value: Any, cls: str, level: int) -> Any:
    """A value at a level, or at its own where that is coarser. A hashed address is told by its mark alone."""
    if cls == "times":
        return value - value % DAY if level == 1 else value
    if cls == "address" and level < 3 and not value.startswith("h:"):
        return "h:" if level == 1 else value if "/" in value else value.rpartition(".")[0] + ".0/24"
    if cls == "address" and value.startswith("h:"):
        return "h:"
    if cls == "browser" and level == 1 and value.startswith("ua:"):
        return "Firefox on Linux"
    if cls in ("page", "referrer") and level == 1 and value.startswith("https://"):
        return "/" + value.split("/", 3)[3]
    return value


def told(value: Any, cls: str) -> Any:
    """A value of the database as `reduced` tells it."""
    return "h:" if cls == "address" and value.startswith("h:") else value


def class_of(key: Key) -> str:
    """The class of a column."""
    return TABLES[key[0]][2][key[1]]


def expected(chat: Chat, objected: bool, at: int) -> dict[Key, Any]:
    """What of a chat should lie there now."""
    found = {}
    for key, value in chat.values.items():
        level = left(class_of(key), chat.law, objected, chat.ended, at)
        if level:
            found[key] = reduced(value, class_of(key), level)
    return found


def lying(path: Path, chat: str = "") -> dict[str, dict[Key, Any]]:
    """chat → what of it lies in the database, read beside the server. `chat`: this one alone."""
    found: dict[str, dict[Key, Any]] = {}
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for table, (lead, own, columns) in TABLES.items():
            names, only = [lead, *own, *columns], f" WHERE {lead} = '{chat}'" if chat else ""
            for row in connection.execute(f"SELECT {', '.join(names)} FROM {table}{only}"):
                inner = found.setdefault(row[0], {})
                mine = tuple(str(part) for part in row[1 : 1 + len(own)])
                for (column, cls), value in zip(columns.items(), row[1 + len(own) :], strict=True):
                    if value is not None:
                        inner[(table, column, *mine)] = told(value, cls)
    finally:
        connection.close()
    return found
