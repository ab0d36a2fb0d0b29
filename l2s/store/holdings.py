"""How much lies where, by class: counted from the registry, never from a list of its own."""

from __future__ import annotations

from typing import Final, NamedTuple

from l2s.privacy.erasure import Subject, plan
from l2s.store.erasure import where
from l2s.store.sql import Sql


class _Count(NamedTuple):
    query: str
    classes: tuple[str, ...]


def _counts(subject: Subject, narrowed: str) -> tuple[_Count, ...]:
    made = []
    for step in plan(subject):
        if step.kind == "table" and step.personal:
            columns = ", ".join(f"count({column})" for column, _ in step.personal)
            text = f"SELECT {columns} FROM {step.holding} WHERE {where(step.path, narrowed)}"
            made.append(_Count(text, tuple(cls for _, cls in step.personal)))
    return tuple(made)


_SITE: Final = _counts("visitors", "IN (SELECT id FROM visitors WHERE site_id = ?1)")
_SERVER: Final = _counts("users", "IN (SELECT id FROM users)")


def held_now(sql: Sql, site: str | None) -> dict[str, int]:
    """How many values of each class a site's scope holds; None = the server's scope."""
    found: dict[str, int] = {}
    for count in _SITE if site else _SERVER:
        row = (sql.one(count.query, site) if site else sql.one(count.query)) or ()
        for cls, n in zip(count.classes, row, strict=False):
            if n:
                found[cls] = found.get(cls, 0) + n
    return found
