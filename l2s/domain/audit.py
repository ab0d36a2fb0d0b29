"""The audit log (T6): who did what, content-free, each line carrying the hash of the one before.

Persons appear as salted references: with the salt a line leads to somebody, without it to nobody, and the chain still holds.
"Evident", never "proof": whoever owns the file could write a whole new chain, but not one that ends in a head that is kept
elsewhere (the privacy ledger keeps one a day).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

GENESIS: Final = "0" * 64


class Line(msgspec.Struct, frozen=True):
    """One line. `actor` and `object`: references, an id of something that is no person, or ""; `data`: canonical JSON."""

    position: int
    account: str
    at: int
    actor: str
    verb: str
    object: str
    data: str
    previous: str
    hash: str


def reference(salt: bytes, subject: str) -> str:
    """How a person appears: 64 bits, enough to tell the persons of one server apart, too few to be worth a search."""
    return hashlib.sha256(salt + subject.encode()).hexdigest()[:16]


def seal(position: int, account: str, at: int, actor: str, verb: str, thing: str, data: str, previous: str) -> Line:
    """The next line of the chain."""
    text = msgspec.json.encode([position, account, at, actor, verb, thing, data, previous])
    return Line(position, account, at, actor, verb, thing, data, previous, hashlib.sha256(text).hexdigest())


def first_break(lines: Sequence[Line], previous: str | None = None) -> int | None:
    """The position of the first line that does not follow from the one before, or None. Lines that grew too old were cut off
    from the front, so the first one is believed unless `previous` says what came before it.
    """
    for line in lines:
        made = seal(line.position, line.account, line.at, line.actor, line.verb, line.object, line.data, line.previous)
        if made.hash != line.hash or (previous is not None and line.previous != previous):
            return line.position
        previous = line.hash
    return None
