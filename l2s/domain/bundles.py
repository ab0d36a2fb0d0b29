"""A sealed bundle: a zip of files, each with a random salt in it, and SHA256SUMS over all of them (PRIVACY 3, rule 12).

Invariants: the seal is the hash of SHA256SUMS, so `sha256sum -c` and one comparison verify everything offline; since each file
holds its own salt, a hash that is kept here cannot be searched for what the file said.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

SUMS: Final = "SHA256SUMS"
MOST: Final = 1 << 28  # bytes that a bundle may unpack to: a check must not fill the memory
_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: a bundle tells no time of its own


class Bundle(NamedTuple):
    """`data`: the zip; `seal`: SHA-256 of its SHA256SUMS, hex; `sums`: name → SHA-256 of each other file."""

    data: bytes
    seal: str
    sums: dict[str, str]

    def __repr__(self) -> str:
        return f"<Bundle {self.seal[:12]}>"


class Checked(NamedTuple):
    """What a check found. `wrong`: names of files that were changed, added or taken out; "" = it is no bundle at all."""

    seal: str
    files: int
    wrong: list[str]


def seal(files: Mapping[str, bytes]) -> Bundle:
    """Make the bundle."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*sorted(files.items()), (SUMS, listed)]:
            entry = zipfile.ZipInfo(name, _DAY)
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return Bundle(box.getvalue(), hashlib.sha256(listed).hexdigest(), sums)


def check(data: bytes) -> Checked:
    """Does every file have the hash that SHA256SUMS says, and is every file listed there?"""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if sum(entry.file_size for entry in archive.infolist()) > MOST or len(set(names)) != len(names):
                return Checked("", 0, [""])
            files = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, lzma.LZMAError):
        return Checked("", 0, [""])
    listed = files.pop(SUMS, b"")
    told = {name: digest for digest, _, name in (line.partition("  ") for line in listed.decode(errors="replace").splitlines())}
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
    return Checked(hashlib.sha256(listed).hexdigest(), len(found), wrong if listed else [SUMS])
