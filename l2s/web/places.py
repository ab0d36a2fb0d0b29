"""The bytes that `l2s prove` searches: every file of the data directory as it lies, while the server serves, and named logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from l2s.errors import Broken
from l2s.privacy.search import Needles
from l2s.privacy.traces import needles
from l2s.web.certificate import Searched
from l2s.web.judging import Person

CHAT: Final = "chat"  # the name under which a chat's id is looked for
_CHUNK: Final = 64 << 20
_OVERLAP: Final = 64 << 10
Key = tuple[str, str, str]  # who, name of what was sent, word


def needles_of(person: Person) -> dict[bytes, Key]:
    """Everything of one visitor that is looked for."""
    found = {
        needle: (person.who, name, word)
        for name, trace in person.sent.items()
        for word, _ in trace.words
        for needle in needles(word)
    }
    return found | ({person.chat.encode(): (person.who, CHAT, person.chat)} if person.chat else {})


class Places:
    """The files that are searched: all of the data directory, and the logs that were named."""

    def __init__(self, data: Path, logs: Sequence[Path]) -> None:
        self._data = data
        self._logs = logs

    def files(self) -> dict[str, Path]:
        """Name on the certificate → file."""
        inside = (path for path in sorted(self._data.rglob("*")) if path.is_file())
        return {str(path.relative_to(self._data)): path for path in inside} | {f"log {path}": path for path in self._logs}

    def look(self, named: dict[bytes, Key]) -> tuple[dict[Key, list[str]], list[Searched]]:
        """Where which of them lies. In a thread."""
        keys = {" ".join(key): key for key in named.values()}
        sought = Needles({needle: " ".join(key) for needle, key in named.items()})
        found: dict[Key, list[str]] = {}
        seen = []
        for name, path in self.files().items():
            try:
                size, names = _read(path, sought)
            except FileNotFoundError:
                if path in self._logs:
                    raise Broken(f"{path}: no such file. Check --log.") from None
                continue  # a backup's work file, gone meanwhile
            except OSError as problem:
                raise Broken(f"{path} cannot be read ({problem.strerror}). Run this as the user that serves.") from None
            seen.append(Searched(name, size))
            for one in names:
                found.setdefault(keys[one], []).append(name)
        return found, seen


def _read(path: Path, sought: Needles) -> tuple[int, set[str]]:
    """(bytes, whose needles): in pieces that overlap, so that a large database fits."""
    size, names, rest = 0, set[str](), b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            names |= sought.found(rest + piece)
            size, rest = size + len(piece), piece[-_OVERLAP:]
    return size, names
