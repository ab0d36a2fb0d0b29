"""What lies where under a chat or a visitor, and the statements that blank, coarsen and delete it: made from the registry, so a
table that is added there is counted and emptied here. What has an end of its own (sessions, links, questions) stands below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from l2s.privacy.erasure import Step, Subject, plan
from l2s.privacy.gate import Sealed, held
from l2s.privacy.holdings import HOLDINGS, NOT_PERSONAL, Holding
from l2s.privacy.retention import COUNTED_DAYS, Anchor, anchor
from l2s.store.erasure import where
from l2s.store.sql import KEYS, Row, Sql, Write, with_keys


class Column(NamedTuple):
    """One personal column, as statements. `key` of all: the id of the chat or visitor it leads to."""

    name: str
    cls: str
    anchor: Anchor
    values: str  # (key, value, how many) of some keys
    blank: Write
    coarsen: Write


class Place(NamedTuple):
    """One table that leads to a chat or visitor. `counting`: (key, rows, values of each column) of some keys."""

    name: str
    counting: str
    columns: tuple[Column, ...]
    rows: bool  # is its row a reason to keep what it leads to, or its values alone?


_HOLDING: Final = {holding.name: holding for holding in HOLDINGS}
_KEYS: Final = f"IN ({KEYS})"


def _place(step: Step) -> Place:
    tables = [step.holding, *(name for _, name in step.path[:-1])]
    joins = "".join(f" JOIN {name} t{n} ON t{n}.id = t{n - 1}.{step.path[n - 1][0]}" for n, name in enumerate(tables) if n)
    key = f"t{len(tables) - 1}.{step.path[-1][0] if step.path else 'id'}"
    source = f"FROM {step.holding} t0{joins} WHERE {key} {_KEYS}"
    rows = where(step.path)
    columns = tuple(
        Column(
            f"{step.holding}.{name}",
            cls,
            anchor(_HOLDING[step.holding]),
            f"SELECT {key}, t0.{name}, count(*) {source} AND t0.{name} IS NOT NULL GROUP BY {key}, t0.{name}",
            Write(f"UPDATE {step.holding} SET {name} = NULL WHERE {rows} AND {name} IS NOT NULL"),
            Write(
                f"UPDATE {step.holding} SET {name} = ?3 WHERE {rows} AND {name} = ?2",
                {2: f"{step.holding}.{name}", 3: f"{step.holding}.{name}"},
            ),
        )
        for name, cls in step.personal
    )
    counted = ", ".join(f"count(t0.{name})" for name, _ in step.personal)
    text = f"SELECT {key}, count(*){', ' if counted else ''}{counted} {source} GROUP BY {key}"
    return Place(step.holding, text, columns, step.holding == "chats" and bool(step.path))


def _places(subject: Subject) -> tuple[Place, ...]:
    """A visitor's chats are looked at each by itself: only what leads to the visitor directly belongs to the visitor."""
    steps = (step for step in plan(subject) if step.kind == "table")
    return tuple(_place(step) for step in steps if subject == "chats" or len(step.path) <= 1)


PLACES: Final = {"chats": _places("chats"), "visitors": _places("visitors")}


class Found(NamedTuple):
    """What lies under one chat or visitor. `values`: column → how many, none where there are none."""

    rows: int
    values: dict[str, int]
    chats: int


def found(sql: Sql, subject: str, keys: Sequence[str]) -> dict[str, Found]:
    """What lies under each of these chats or visitors."""
    told = {key: Found(0, {}, 0) for key in keys}
    for place in PLACES[subject]:
        for row in sql.all(with_keys(place.counting, keys), *keys):
            old = told[row[0]]
            more = {column.name: n for column, n in zip(place.columns, row[2:], strict=True) if n}
            told[row[0]] = Found(old.rows + row[1], old.values | more, old.chats + row[1] * place.rows)
    return told


def columns(subject: str) -> list[Column]:
    """Every personal column that leads to a chat, or to a visitor directly."""
    return [column for place in PLACES[subject] for column in place.columns]


def values(sql: Sql, column: Column, ends: dict[str, tuple[int, int | None]]) -> list[tuple[str, Sealed[Any], int]]:
    """(key, value, how many) of the values of a column, each once for its chat. `ends`: key → (since, end)."""
    rows = sql.all(with_keys(column.values, list(ends)), *ends)
    sealed = ((row[0], held(column.cls, row[1], *ends[row[0]]), row[2]) for row in rows)
    return [(key, value, n) for key, value, n in sealed if value is not None]


def blank(sql: Sql, column: Column, key: str) -> None:
    """A column of one chat or visitor is emptied."""
    sql.run(column.blank, key)


def coarsen(sql: Sql, column: Column, key: str, old: Sealed[Any], new: Sealed[Any]) -> None:
    """A value of one chat becomes a coarser one."""
    sql.run(column.coarsen, key, old, new)


class Person(NamedTuple):
    """A visitor's row, as retention needs it."""

    id: str
    site: str
    since: int


def people(sql: Sql, after: str, most: int) -> list[Person]:
    """The next visitors in order of their ids, of every site, removed ones too."""
    rows = sql.all("SELECT id, site_id, since FROM visitors WHERE id > ?1 ORDER BY id LIMIT ?2", after, most)
    return [Person(*row) for row in rows]


def erased(sql: Sql, keys: Sequence[str], at: int) -> frozenset[str]:
    """Those of some visitors who were erased by `at`, but for what was held: when a hold lets go of it, it goes at once."""
    text = f"SELECT id FROM visitors WHERE id {_KEYS} AND token_hash IS NULL AND erase_at <= ?{len(keys) + 1}"
    rows = sql.all(with_keys(text, keys), *keys, at)
    return frozenset(row[0] for row in rows)


def recently_held(sql: Sql, since: int) -> frozenset[str]:
    """Chats whose hold ended after `since`: nothing of them is late yet."""
    rows = sql.all(
        """SELECT k.chat_id FROM held_chats k JOIN holds h ON h.id = k.hold_id
        WHERE h.approved_at IS NOT NULL AND coalesce(h.lifted_at, h.until) > ?1""",
        since,
    )
    return frozenset(row[0] for row in rows)


# What has an end of its own.


class Own(NamedTuple):
    """Rows whose days are counted from an end of their own. `cls`: the class that decides; `ends`: (key, scope, since or NULL,
    end as wall ms or NULL) after a key, where ?3 is now and ?4 now in steady time; `whole`, `words`: what goes of a row that
    ended, and of one that goes on or whose row stays, each with the class of every value that is counted first."""

    name: str
    cls: str
    ends: str
    deletes: bool
    whole: tuple[str, tuple[str, ...], Write]
    words: tuple[str, tuple[str, ...], Write]


_ENDS: Final = {
    "cases": ("case", "SELECT id, site_id, since, closed_at FROM cases WHERE id > ?1 ORDER BY id LIMIT ?2"),
    "sessions": (
        "session",
        """SELECT id, 'server', since,
        CASE WHEN expires_at <= ?4 THEN min(coalesce(ended_at, ?3), ?3 - (?4 - expires_at)) ELSE ended_at END
        FROM sessions WHERE id > ?1 ORDER BY id LIMIT ?2""",
    ),
    "links": (
        "credential",
        """SELECT hash, 'server', NULL, coalesce(used_at, ?3 - (?4 - expires_at)) FROM links
        WHERE hash > ?1 AND (used_at IS NOT NULL OR expires_at <= ?4) ORDER BY hash LIMIT ?2""",
    ),
    "account_history": (
        "contact_history",
        "SELECT id, 'server', since, at FROM account_history WHERE id > ?1 ORDER BY id LIMIT ?2",
    ),
}  # holding → (class that decides, ends)


def _own(holding: Holding) -> Own:
    cls, ends = _ENDS[holding.name]
    key = "hash" if holding.name == "links" else "id"
    every = [(name, one) for name, one in holding.columns.items() if one != NOT_PERSONAL]
    clear = [(name, one) for name, one in every if one == cls]

    def part(personal: Sequence[tuple[str, str]], verb: str) -> tuple[str, tuple[str, ...], Write]:
        counted = ", ".join(f"count({name})" for name, _ in personal)
        text = f"SELECT {counted} FROM {holding.name} WHERE {key} = ?1"
        return text, tuple(one for _, one in personal), Write(f"{verb} WHERE {key} = ?1")

    whole = part(every, f"DELETE FROM {holding.name}")
    words = part(clear, f"UPDATE {holding.name} SET {', '.join(f'{name} = NULL' for name, _ in clear)}")
    return Own(holding.name, cls, ends, holding.how == "delete", whole, words)


OWN: Final = {name: _own(holding) for name, holding in _HOLDING.items() if anchor(holding) == "own"}


class End(NamedTuple):
    """A row and its end, None = it goes on. `key` is of the table's own kind; `since` None = the law of now."""

    key: Any
    scope: str
    since: int | None
    ended: int | None


def ends(sql: Sql, own: Own, after: Any, most: int, at: int, steady: int) -> list[End]:
    """The next rows. `after`: the last key, None = from the first."""
    first: Any = b"" if own.name == "links" else ""
    given = (first if after is None else after, most, at, steady)
    return [End(*row) for row in sql.all(own.ends, *given[: 4 if "?4" in own.ends else 2])]


def own_values(sql: Sql, own: Own, key: Any, whole: bool) -> dict[str, int]:
    """How many values of each class go with a row, or with its words."""
    told: dict[str, int] = {}
    text, classes, _ = own.whole if whole else own.words
    for cls, n in zip(classes, sql.one(text, key) or (), strict=False):
        if n:
            told[cls] = told.get(cls, 0) + n
    return told


def own_go(sql: Sql, own: Own, key: Any, whole: bool) -> None:
    """One row, or its words, go."""
    sql.run((own.whole if whole else own.words)[2], key)


# What nobody is named in, counted by day; the audit log; files.

_BY_DAY: Final = {"refused_origins": "site_id, origin, day", "dropped": "day, site_id, class"}
BY_DAY: Final = tuple(_BY_DAY)


def old_days(sql: Sql, table: str, today: int, most: int) -> int:
    """How many rows are older than they are ever shown, at most `most`."""
    row = sql.one(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE day < ?1 LIMIT ?2)", today - COUNTED_DAYS, most)
    return int(row[0]) if row else 0


_OLD_DAYS: Final = {
    table: Write(f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE day < ?1 LIMIT ?2)")
    for table, key in _BY_DAY.items()
}


def drop_old_days(sql: Sql, table: str, today: int, most: int) -> None:
    """They go."""
    sql.run(_OLD_DAYS[table], today - COUNTED_DAYS, most)


_AUDIT: Final = Write("DELETE FROM audit WHERE position <= ?1")


def first_audit(sql: Sql, after: int, most: int) -> list[Row]:
    """(position, at) of the oldest rows of the audit log after a position."""
    return sql.all("SELECT position, at FROM audit WHERE position > ?1 ORDER BY position LIMIT ?2", after, most)


def drop_audit(sql: Sql, upto: int) -> None:
    """The audit log begins later: its chain verifies from its first row."""
    sql.run(_AUDIT, upto)


# What a run that is not at its end remembers, so that a restart in the middle forgets no count.

_NOTE: Final = Write("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = meta.value + ?2")
_FORGET: Final = Write("DELETE FROM meta WHERE name >= 'retained:' AND name < 'retained;'")


def note(sql: Sql, kind: str, scope: str, cls: str, n: int) -> None:
    """`n` more values of a class went ("gone") or became coarser ("coarser")."""
    sql.run(_NOTE, f"retained:{kind}:{scope}:{cls}", n)


def noted(sql: Sql) -> dict[str, dict[str, dict[str, int]]]:
    """scope → kind → class → how many, since the last entry in the ledger."""
    told: dict[str, dict[str, dict[str, int]]] = {}
    for name, n in sql.all("SELECT name, value FROM meta WHERE name >= 'retained:' AND name < 'retained;'"):
        _, kind, scope, cls = name.split(":")
        told.setdefault(scope, {}).setdefault(kind, {})[cls] = n
    return told


def forget_notes(sql: Sql) -> None:
    """They stand in the ledger."""
    sql.run(_FORGET)
