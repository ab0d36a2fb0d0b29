"""Deleting rows, and making their bytes go. Unlinking is not overwriting: only VACUUM clears the gaps (PRIVACY 5).

Invariant: the statements are made from the registry's plan, so a table that is added there is erased here.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple, get_args

from l2s.privacy.erasure import Step, Subject, plan
from l2s.privacy.holdings import Leads
from l2s.store.figures import set_due
from l2s.store.sql import Sql, Write


class _Made(NamedTuple):
    """A step as statements. `counting`: how many values there are, in the order of `classes`."""

    counting: str
    classes: tuple[str, ...]
    write: Write
    through_chats: bool


def where(path: Leads, subject: str = "= ?1") -> str:
    """Which rows lead to the subject: a condition, its end being `subject`."""
    if not path:
        return f"id {subject}"
    column, holding = path[0]
    rest = path[1:]
    return f"{column} IN (SELECT id FROM {holding} WHERE {where(rest, subject)})" if rest else f"{column} {subject}"


def _made(step: Step) -> _Made:
    rows = where(step.path)
    columns = [column for column, _ in step.personal]
    count = f"SELECT {', '.join(f'count({column})' for column in columns) or '0'} FROM {step.holding} WHERE {rows}"
    if step.how == "delete":
        write = f"DELETE FROM {step.holding} WHERE {rows}"
    else:
        gone = columns + [column for column, _ in step.path[:1]]
        write = f"UPDATE {step.holding} SET {', '.join(f'{column} = NULL' for column in gone)} WHERE {rows}"
    through = step.holding == "chats" or any(name == "chats" for _, name in step.path)
    return _Made(count, tuple(cls for _, cls in step.personal), Write(write), through)


_STEPS: Final[dict[str, tuple[_Made, ...]]] = {
    subject: tuple(_made(step) for step in plan(subject) if step.kind == "table") for subject in get_args(Subject)
}
_LINKED: Final = Write(
    """UPDATE chats SET previous_id = NULL WHERE visitor_id = (SELECT visitor_id FROM chats WHERE id = ?1)
    AND previous_id = ?1"""
)
_ERASE_AT: Final = Write("UPDATE visitors SET erase_at = ?2 WHERE id = ?1")


def erase(sql: Sql, subject: Subject, key: str) -> dict[str, int]:
    """Everything that leads to one chat, visitor or user; how many values of each class went."""
    gone: dict[str, int] = {}
    if subject == "chats":
        sql.run(_LINKED, key)
    for made in _STEPS[subject]:
        counted = (sql.one(made.counting, key) or ()) if made.classes else ()
        sql.run(made.write, key)
        for cls, n in zip(made.classes, counted, strict=False):
            if n:
                gone[cls] = gone.get(cls, 0) + n
    return gone


def count(sql: Sql, subject: Subject, key: str, direct: bool = False) -> dict[str, int]:
    """How many values of each class lead to a chat, visitor or user. `direct`: leave out what leads there through a chat."""
    found: dict[str, int] = {}
    for made in _STEPS[subject]:
        if made.classes and not (direct and made.through_chats):
            for cls, n in zip(made.classes, sql.one(made.counting, key) or (), strict=False):
                if n:
                    found[cls] = found.get(cls, 0) + n
    return found


def erase_at(sql: Sql, visitor: str) -> int | None:
    """When the person's own wish is carried out, wall ms; None = there is none."""
    row = sql.one("SELECT erase_at FROM visitors WHERE id = ?1", visitor)
    return row[0] if row else None


def set_erase_at(sql: Sql, visitor: str, at: int | None) -> None:
    """When the person's own wish is carried out, wall ms; None = taken back."""
    sql.run(_ERASE_AT, visitor, at)


def scrub(connection: sqlite3.Connection) -> bool:
    """VACUUM rewrites the file without its gaps, then the WAL is truncated. False = a reader kept it from that."""
    connection.execute("VACUUM")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def all_of(sql: Sql, subject: Subject) -> list[str]:
    """Ids of all chats, visitors or users: only a replay and a receipt that is shown again need them."""
    return [row[0] for row in sql.all(f"SELECT id FROM {subject}")]


def want_scrub(sql: Sql, kind: str, at: int) -> None:
    """Bytes must go by `at` (steady ms) at the latest. An earlier wish stands, moved by a hair: a scrub that runs is not it."""
    row = sql.one("SELECT at FROM due WHERE kind = ?1", kind)
    set_due(sql, kind, "", row[0] + 1 if row else at)
