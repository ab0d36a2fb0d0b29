"""Opens the file: makes it, brings an older schema to now, refuses what is damaged, newer, or not ours.

Never a silent fresh install over a damaged file: an existing file that cannot be opened is an error with a remedy. Each
numbered file of schema/ runs statement by statement in one transaction together with its number, after a snapshot.
"""

from __future__ import annotations

import importlib.resources
import os
import re
import sqlite3
from pathlib import Path
from typing import Final

from l2s.errors import DataError, StartError

APPLICATION: Final = 0x6C327331  # "l2s1": tells our files from other SQLite files
_NAME: Final = re.compile(r"(\d{4})_\w+\.sql\Z")


def migrations() -> list[tuple[int, str]]:
    """(number, text) of each schema file, in order."""
    folder = importlib.resources.files("l2s.store") / "schema"
    found = [(int(match[1]), file) for file in folder.iterdir() if (match := _NAME.match(file.name))]
    return [(number, file.read_text("utf-8")) for number, file in sorted(found, key=lambda pair: pair[0])]


def prepare(data: Path) -> Path:
    """The path of a database that is ours and up to date. Raises DataError or StartError, naming file and remedy."""
    path = data / "l2s.db"
    if not path.exists():
        if (data / "ledger.jsonl").exists():
            raise DataError(
                f"{path} is missing, but {data / 'ledger.jsonl'} is there: this server has kept promises before. Restore the "
                "database from a backup, or start with an empty directory (--data)."
            )
        _make(path)
    else:
        _check_file(path)
        _open(path, fresh=False)
    return path


def _make(path: Path) -> None:
    """A new database, complete before it has its name: a crash half way leaves no file that looks damaged."""
    made = path.with_name("l2s.db.new")
    try:
        for leftover in (made, made.with_name("l2s.db.new-wal"), made.with_name("l2s.db.new-shm")):
            leftover.unlink(missing_ok=True)
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _open(made, fresh=True)
        os.replace(made, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as problem:
        raise StartError(f"{path} cannot be made ({problem.strerror}). Check the owner, mode and free space.") from None


def _open(path: Path, *, fresh: bool) -> None:
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _bring_to_now(connection, path, fresh)
        finally:
            connection.close()
    except sqlite3.DatabaseError as problem:
        raise DataError(f"{path} is damaged ({problem}). Nothing was changed. Restore it from a backup.") from None


def _check_file(path: Path) -> None:
    try:
        with path.open("rb+") as file:
            head = file.read(100)
            size = os.fstat(file.fileno()).st_size
    except OSError as problem:
        raise StartError(f"{path} cannot be opened for writing ({problem.strerror}). Check its owner and mode.") from None
    if not head:
        raise DataError(f"{path} is empty: it was cut off, or made by another program. Restore it from a backup, or remove it.")
    if not head.startswith(b"SQLite format 3\x00"):
        raise DataError(f"{path} is not an SQLite database. Restore it from a backup.")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    if size < int.from_bytes(head[28:32], "big") * page:
        raise DataError(f"{path} is shorter than it says of itself: it was cut off. Restore it from a backup.")


def _bring_to_now(connection: sqlite3.Connection, path: Path, fresh: bool) -> None:
    """Everything that may refuse comes before the first statement that changes a byte; journal_mode is one."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    steps = migrations()
    newest = steps[-1][0]
    if version > newest:
        raise DataError(
            f"{path} was written by a newer l2s (schema {version}, this program knows {newest}). Install that version again."
        )
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not fresh and not tables:
        raise DataError(
            f"{path} holds nothing at all: it is not what this server left. Restore it from a backup, or remove it."
        )
    if tables and (application != APPLICATION or version == 0):
        raise DataError(f"{path} is a database of another program. Choose another directory with --data.")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if 0 < version < newest:
        _snapshot(connection, path.with_name(f"snapshot-{version:04}.db"))
    for number, text in steps:
        if number > version:
            _step(connection, number, text)


def _step(connection: sqlite3.Connection, number: int, text: str) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    try:
        for statement in statements(text):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={number}")
        connection.execute(f"PRAGMA application_id={APPLICATION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def statements(text: str) -> list[str]:
    """A schema file cut into statements; comments go."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [piece.strip() for piece in "\n".join(lines).split(";") if piece.strip()]


def _snapshot(connection: sqlite3.Connection, path: Path) -> None:
    copy = sqlite3.connect(path)
    try:
        os.chmod(path, 0o600)
        connection.backup(copy)
    finally:
        copy.close()
