"""One process owns the database (DESIGN 12): an exclusive lock file that names the server's socket for commands.

The socket lies in a short temporary directory: a deep `--data` would make its path too long.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from l2s.errors import StartError


class Holder(msgspec.Struct):
    """What the lock file says."""

    pid: int
    socket: str


class Lock:
    """The lock of a data directory, held while this object is open."""

    def __init__(self, data: Path) -> None:
        self.path = data / "lock"
        self._handle: int | None = None
        self._folder: str | None = None
        self.socket = ""

    def take(self) -> None:
        """Take it. Raises StartError naming who has it, or why the directory cannot be used."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            raise StartError(
                f"{self.path.parent} cannot be used ({problem.strerror}). Check owner and mode, or choose another with --data."
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            held = holder(self.path.parent)
            by = f" by process {held.pid}" if held else ""
            raise StartError(f"{self.path.parent} is in use{by}: another l2s runs there. Stop it first, or use it.") from None
        self._handle = handle
        self._folder = tempfile.mkdtemp(prefix="l2s-")
        self.socket = os.path.join(self._folder, "host")
        said: Any = msgspec.json.encode(Holder(os.getpid(), self.socket))
        os.ftruncate(handle, 0)
        os.write(handle, said)

    def release(self) -> None:
        """Give it back."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def holder(data: Path) -> Holder | None:
    """Who runs a server on this directory, if anybody does."""
    path = data / "lock"
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Holder)
        except (OSError, msgspec.DecodeError):
            return None
    finally:
        os.close(handle)
    return None
