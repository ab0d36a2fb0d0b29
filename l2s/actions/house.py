"""What actions work with: the engine, time and ids, the key of all keyed hashes, settings, and the law as a cached function.

Invariant: nothing here holds personal data. A new law entry is a new question to `Laws`.
"""

from __future__ import annotations

import base64
import hmac
import os
from bisect import bisect_right
from pathlib import Path
from typing import Final

from l2s.clock import DAY, Clock, Ids
from l2s.config import Settings
from l2s.errors import StartError
from l2s.privacy.ledger import Entry, Law, governing
from l2s.store import ledger
from l2s.store.engine import Engine
from l2s.store.sql import Sql

_CACHED: Final = 20_000


class Keys:
    """All keyed hashes derive from one secret outside the database (PRIVACY 3)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def hash(self, use: str, text: str) -> bytes:
        """HMAC-SHA256 of `text`, apart for each use."""
        return hmac.digest(self._secret, f"{use}:{text}".encode(errors="surrogatepass"), "sha256")

    def visitor(self, site: str, token: str) -> str:
        """A visitor's id: 132 bits of the token's keyed hash, so it exists before any row does."""
        return base64.urlsafe_b64encode(self.hash("visitor", f"{site}:{token}")).decode()[:22]

    def tombstone(self, kind: str, key: str) -> str:
        """The keyed hash under which a chat, visitor or user stands in the ledger."""
        return self.hash(f"tombstone-{kind}", key).hex()[:32]

    def day(self, at: int) -> bytes:
        """The key of a day, for hashed addresses and rate limits."""
        return self.hash("day", str(at // DAY))


def load_secret(data: Path) -> Keys:
    """The key file of the data directory, made on first use, 0600. Raises StartError."""
    path = data / "secret"
    try:
        if not path.exists():
            if (data / "l2s.db").exists() or (data / "ledger.jsonl").exists():
                raise StartError(f"{path} is missing beside an existing database. Restore it from the same backup.")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(os.urandom(32))
                file.flush()
                os.fsync(file.fileno())
        secret = path.read_bytes()
    except OSError as problem:
        raise StartError(f"{path} cannot be read or made ({problem.strerror}). Check owner and mode of {data}.") from None
    if len(secret) != 32:
        raise StartError(f"{path} is damaged: it should have 32 bytes. Restore it from the backup of this database.")
    return Keys(secret)


class Laws:
    """`governing` as a cached function: of the scope's law entries, and of where among them a datum began.

    Most entries are no law (erasures, retention, holds): they move the head, and leave what is cached here as it is.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._entries: dict[str, tuple[int, list[Entry]]] = {}
        self._cache: dict[tuple[str, int, int], Law] = {}
        self._salt = (-1, b"")

    def governing(self, sql: Sql, scope: str, since: int, head: int, at: int) -> Law:
        """What governs a datum that began at `since`, now that the scope's newest entry is `head`."""
        law = self._law(sql, scope, self._laws(sql, scope, head), since)
        return law._replace(since=since, head=head, salt=self._of_day(at // DAY))

    def governed(self, sql: Sql, scope: str, since: int, head: int, then: int) -> Law:
        """The same at an earlier instant; no rules where there was no law yet."""
        entries = self._laws(sql, scope, head)
        return self._law(sql, scope, entries[: bisect_right(entries, then, key=lambda entry: entry.wall)], since)

    def server(self, sql: Sql, at: int) -> Law:
        """What governs a new datum of the server scope."""
        head = ledger.head(sql, ledger.SERVER)
        return self.governing(sql, ledger.SERVER, head, head, at)

    def _laws(self, sql: Sql, scope: str, head: int) -> list[Entry]:
        known = self._entries.get(scope)
        if known and known[0] == head:
            return known[1]
        entries = ledger.laws(sql, scope)
        if not sql.uncommitted:  # a position that is rolled back will be another entry's
            self._entries[scope] = (head, entries)
        return entries

    def _of_day(self, day: int) -> bytes:
        salt = self._salt
        if salt[0] != day:
            salt = self._salt = (day, self._keys.day(day * DAY))
        return salt[1]

    def _law(self, sql: Sql, scope: str, entries: list[Entry], since: int) -> Law:
        start = bisect_right(entries, since, key=lambda entry: entry.position)
        key = (scope, start, entries[-1].position if entries else 0)
        law = self._cache.get(key)
        if law is None:
            law = governing("server" if scope == ledger.SERVER else "site", entries, since)
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            if not sql.uncommitted:
                self._cache[key] = law
        return law


class House:
    """Everything an action may use."""

    def __init__(self, engine: Engine, clock: Clock, ids: Ids, keys: Keys, settings: Settings) -> None:
        self.engine = engine
        self.clock = clock
        self.ids = ids
        self.keys = keys
        self.settings = settings
        self.laws = Laws(keys)

    def server_law(self, sql: Sql) -> Law:
        """What governs a new datum of the server scope now."""
        return self.laws.server(sql, self.clock.at())
