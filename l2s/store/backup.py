"""Own backups: one tar of the database, the ledger and the key, made while the server serves; and putting one back.

Invariants: the copy is made by VACUUM INTO, so it holds no bytes of what was erased; the ledger is copied after the database,
so it knows at least as much; a restore never replaces a ledger that knows more (PRIVACY 3, rule 5); nothing is overwritten:
what was there is set aside, and expires like a backup. All files are 0600.
"""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from l2s.errors import DataError, StartError

FOLDER: Final = "backups"
EXPIRING: Final = (f"{FOLDER}/*.tar", f"{FOLDER}/replaced-*.db*", "snapshot-*.db")  # what stands there else is not ours
MEMBERS: Final = ("l2s.db", "ledger.jsonl", "secret")
_FORMAT: Final = 1
_NAME: Final = "l2s-%Y%m%dT%H%M%SZ.tar"


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What a backup says of itself. `files`: name → SHA-256; `made_at`: ms; `delete_by`: ms, when an own backup is deleted."""

    format: int
    made_at: int
    delete_by: int
    files: dict[str, str]


class Made(msgspec.Struct):
    """A backup that was made and read again."""

    file: str
    bytes: int
    sha256: str
    delete_by: int


def name_of(made_at: int) -> str:
    """A backup's file name: it sorts by time."""
    return time.strftime(_NAME, time.gmtime(made_at // 1000))


def make(data: Path, target: Path, made_at: int, delete_by: int) -> Made:
    """Write a backup to `target` and verify it. In a thread. Raises StartError naming what is in the way."""
    work = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            raise StartError(f"{target} is there already. Choose another name with --to.")
        with _private_folder(target.parent) as folder:
            _copy_database(data / "l2s.db", folder / "l2s.db")
            for name in MEMBERS[1:]:
                shutil.copyfile(data / name, folder / name)
            files = {name: _digest(folder / name) for name in MEMBERS}
            _pack(work, folder, Manifest(_FORMAT, made_at, delete_by, files))
        read(work)
        os.replace(work, target)
        _sync(target.parent)
    except OSError as problem:
        raise StartError(f"{target} cannot be written ({problem.strerror}). Check the folder and the free space.") from None
    finally:
        work.unlink(missing_ok=True)
    return Made(str(target), target.stat().st_size, _digest(target), delete_by)


@contextlib.contextmanager
def _private_folder(beside: Path) -> Iterator[Path]:
    folder = beside / f".l2s-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> None:
    connection = sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True, isolation_level=None)
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection.execute("VACUUM INTO ?", (str(target),))
        copy = sqlite3.connect(target)
        sound = copy.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        copy.close()
        if not sound:
            raise StartError(f"{source} is damaged: its copy does not pass SQLite's check. Restore it from an older backup.")
    except sqlite3.DatabaseError as problem:
        raise StartError(f"{source} cannot be copied ({problem}). Check the free space.") from None
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(path: Path, folder: Path, manifest: Manifest) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        raw = msgspec.json.encode(manifest)
        head = tarfile.TarInfo("manifest.json")
        head.size, head.mode = len(raw), 0o600
        archive.addfile(head, io.BytesIO(raw))
        for name in MEMBERS:
            member = tarfile.TarInfo(name)
            member.size, member.mode = (folder / name).stat().st_size, 0o600
            with (folder / name).open("rb") as content:
                archive.addfile(member, content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def read(path: Path, into: Path | None = None) -> Manifest:
    """Verify a backup against its own manifest; with `into` its files are written there. Raises DataError."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            manifest = _manifest(archive)
            for name in MEMBERS:
                _member(archive, name, manifest, into)
    except (tarfile.TarError, msgspec.DecodeError, KeyError, ValueError, EOFError) as problem:
        raise DataError(f"{path} is no whole backup of l2s ({problem}). Take another one.") from None
    except OSError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror}). Check the name.") from None
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    file = archive.extractfile("manifest.json")
    if file is None:
        raise ValueError("its manifest is no file")
    manifest = msgspec.json.decode(file.read(65_536), type=Manifest)
    if manifest.format != _FORMAT or set(manifest.files) != set(MEMBERS):
        raise ValueError("it was made by another version")
    return manifest


def _member(archive: tarfile.TarFile, name: str, manifest: Manifest, into: Path | None) -> None:
    """One file, hashed while it is read; names come from our own list, so none leads elsewhere."""
    source = archive.extractfile(name)
    if source is None:
        raise ValueError(f"{name} is no file")
    digest = hashlib.sha256()
    target = os.open(into / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600) if into else os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(target, "wb") as file:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        if into:
            os.fsync(file.fileno())
    if digest.hexdigest() != manifest.files[name]:
        raise ValueError(f"{name} is not what the manifest says")


def put_back(data: Path, path: Path, now: int) -> Path | None:
    """Replace the database by the backup's. The newer of the two ledgers stays; the key must be the same or absent.

    Returns where the database that was there is set aside. Raises DataError; then nothing was changed.
    """
    with _private_folder(data) as folder:
        read(path, folder)
        _check_key(data, folder)
        ledger = _newer(data / "ledger.jsonl", folder / "ledger.jsonl")
        aside = _set_aside(data, now)
        for name in ("secret", "l2s.db"):
            os.replace(folder / name, data / name)
        if ledger == folder / "ledger.jsonl":
            os.replace(ledger, data / "ledger.jsonl")
        _sync(data)
    return aside


def _check_key(data: Path, folder: Path) -> None:
    ours = data / "secret"
    if ours.exists() and ours.read_bytes() != (folder / "secret").read_bytes():
        raise DataError(f"This backup belongs to another server: its key is not {ours}. Restore it into an empty directory.")


def _newer(ours: Path, theirs: Path) -> Path:
    """Of two ledgers the one that the other is a beginning of. Neither: two histories, refused."""
    if not ours.exists():
        return theirs
    mine, other = ours.read_bytes(), theirs.read_bytes()
    if mine.startswith(other):
        return ours
    if other.startswith(mine):
        return theirs
    raise DataError(
        f"{ours} and the backup's ledger tell two different histories. Restore into an empty directory, or find the backup "
        "that belongs to this server."
    )


def _set_aside(data: Path, now: int) -> Path | None:
    if not (data / "l2s.db").exists():
        return None
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    aside = folder / time.strftime("replaced-%Y%m%dT%H%M%SZ.db", time.gmtime(now // 1000))
    for ending in ("-wal", ""):  # the WAL first: alone it is nothing, the database without it would be an older one
        source = data / f"l2s.db{ending}"
        if source.exists():
            os.replace(source, aside.with_name(aside.name + ending))
    (data / "l2s.db-shm").unlink(missing_ok=True)
    return aside


class Own(msgspec.Struct):
    """A backup that lies in the data directory. `made_at`: ms."""

    name: str
    bytes: int
    made_at: int


def own(data: Path) -> list[Own]:
    """Own backups, newest first."""
    found = []
    for path in (data / FOLDER).glob("*.tar"):
        with contextlib.suppress(FileNotFoundError):  # the night may take one meanwhile
            seen = path.stat()
            found.append(Own(path.name, seen.st_size, seen.st_mtime_ns // 1_000_000))
    return sorted(found, key=lambda one: (one.made_at, one.name), reverse=True)


def whole_by(one: Own) -> int:
    """When all that is in an own backup was there, ms: the later of its name's second and the file's own time."""
    try:
        named = calendar.timegm(time.strptime(one.name, _NAME)) * 1000 + 999
    except ValueError:
        named = 0
    return max(named, one.made_at)


def expired(data: Path, now: int, days: int) -> list[Path]:
    """Own backups, what a restore set aside, and snapshots before a migration that are older than `days`."""
    limit = now - days * 86_400_000
    found = [path for pattern in EXPIRING for path in data.glob(pattern)]
    return sorted(path for path in found if path.is_file() and path.stat().st_mtime_ns // 1_000_000 < limit)
