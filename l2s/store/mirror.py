"""`ledger.jsonl` beside the database: the ledger's mirror, so that an older database cannot forget a promise (PRIVACY 3).

At start the file and the table are compared: one a prefix of the other is mended in the direction that forgets nothing;
neither a prefix of the other is a fork, and refused. While an append fails the server goes on, but keeps no new entry.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from l2s.errors import DataError
from l2s.privacy.ledger import Entry, first_break


class Mirror:
    """The file, append-only. `owed`: entries in the table that the file does not have yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owed: list[Entry] = []

    def append(self, entries: Sequence[Entry]) -> bool:
        """Append and fsync; on failure the entries are owed and False is returned. In the writer's thread."""
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            self.owed += entries
            return False
        start = os.fstat(handle).st_size
        try:
            if os.write(handle, lines) != len(lines):
                raise OSError("short write")
            os.fsync(handle)
        except OSError:
            self.owed += entries
            os.ftruncate(handle, start)
            return False
        finally:
            os.close(handle)
        return True

    def catch_up(self) -> bool:
        """Try again what is owed."""
        owed, self.owed = self.owed, []
        return self.append(owed)

    def read(self) -> list[Entry]:
        """All entries; a torn last line (a crash while appending) is cut off. Raises DataError for anything else."""
        if not self.path.exists():
            return []
        raw = self.path.read_bytes()
        whole, torn = raw.rpartition(b"\n")[::2]
        try:
            entries = [msgspec.json.decode(line, type=Entry) for line in whole.split(b"\n") if line]
        except msgspec.DecodeError as problem:
            raise DataError(
                f"{self.path} is damaged ({problem}). Put back its newest good copy: every backup holds one."
            ) from None
        if torn:
            with self.path.open("r+b") as file:
                file.truncate(len(raw) - len(torn))
                os.fsync(file.fileno())
        return entries


def agrees(path: Path, table: Sequence[Entry]) -> bool:
    """Does the file tell what the table tells, as far as both go? Read while the server appends, so nothing is mended."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
        file = [msgspec.json.decode(line, type=Entry) for line in lines if line]
    except (OSError, msgspec.DecodeError):
        return False
    same = all(one.hash == other.hash for one, other in zip(file, table, strict=False))
    return same and len(file) >= len(table) and first_break(file) is None


def compare(mirror: Mirror, table: Sequence[Entry], lost: bool = False) -> list[Entry]:
    """Reconcile at start. Returns the entries that the table lacks; appends to the file those that it lacks.

    `lost`: the host says that the file is gone for good; without that word a missing file is refused.
    """
    if table and not mirror.path.exists() and not lost:
        raise DataError(
            f"{mirror.path} is missing: it proves which promises were made. Put it back from a backup. If it is lost for good, "
            "start once with --ledger-lost: every site then keeps no more than a fresh install would."
        )
    file = mirror.read()
    if not table and not mirror.path.exists():
        mirror.append([])
    common = min(len(file), len(table))
    if any(file[i].hash != table[i].hash for i in range(common)):
        raise DataError(
            f"{mirror.path} and the database tell two different histories. One of them belongs to another server, or was "
            "edited. Restore both from the same backup."
        )
    broken = first_break(file) or first_break(table)  # each by itself: an edited line keeps the hash of what it said
    if broken:
        raise DataError(
            f"The privacy ledger does not follow from itself at entry {broken}: it was edited or damaged. "
            "Restore the database and ledger.jsonl from the newest backup."
        )
    if len(table) > len(file) and not mirror.append(table[len(file) :]):
        raise DataError(f"{mirror.path} cannot be written. Check the owner and mode of this file and the free space.")
    return file[len(table) :]
