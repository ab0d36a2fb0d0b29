"""What a unit may do with the database, and how a statement says which of its parameters are personal.

Invariant: a Sealed can be bound only where a `Write` names a column to which a holding gives its class; anywhere else it
raises. So personal data cannot reach the file by a statement that nobody registered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from l2s.privacy.gate import Sealed, to_store
from l2s.privacy.holdings import COLUMNS
from l2s.privacy.ledger import Entry

Row = tuple[Any, ...]


KEYS: Final = "%KEYS%"


def with_keys(query: str, keys: Sequence[str]) -> str:
    """`IN (%KEYS%)` with one numbered parameter for each key, from ?1 on: any SQL database knows it."""
    return query.replace(KEYS, ", ".join(f"?{number}" for number in range(1, len(keys) + 1)) or "NULL")


class Write:
    """A statement that changes rows. `personal`: parameter number (from 1) → "table.column"."""

    __slots__ = ("personal", "text")

    def __init__(self, text: str, personal: Mapping[int, str] | None = None) -> None:
        self.text: Final = " ".join(text.split())
        self.personal: Final = tuple((number - 1, _class_of(column)) for number, column in (personal or {}).items())

    def bind(self, values: Sequence[Any]) -> Sequence[Any]:
        """The parameters as SQLite takes them."""
        if not self.personal:
            return values
        bound = list(values)
        for index, cls in self.personal:
            value = bound[index]
            if isinstance(value, Sealed):
                bound[index] = to_store(value, cls)
            elif value is not None:
                raise TypeError(f"parameter {index + 1} of a {cls} column did not pass the gate")
        return bound


def _class_of(column: str) -> str:
    cls = COLUMNS.get(column, "")
    if not cls:
        raise LookupError(f"no holding gives {column} a capture class")
    return cls


class Sql(Protocol):
    """A unit's hands. Reads see the unit's own writes."""

    def one(self, query: str, *values: Any) -> Row | None:
        """The first row, or None."""

    def all(self, query: str, *values: Any) -> list[Row]:
        """All rows."""

    def run(self, write: Write, *values: Any) -> int:
        """Change rows; how many."""

    @property
    def uncommitted(self) -> bool:
        """Does this group hold ledger entries that may yet be rolled back?"""

    def note(self, entry: Entry) -> None:
        """A ledger entry was inserted: mirror it after COMMIT. Raises Unavailable while the mirror is behind."""
