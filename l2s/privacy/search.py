"""Searching for what must not be there (PRIVACY 6): one module for the tests and for `l2s prove`.

A hit is any 8-byte window of a canary, in any form that a store could give it: raw, upper case, UTF-16, hex, base64 at three
alignments, inside gzip and zip members. Addresses are also searched packed. `hidden` makes the self-test: whoever searches
first hides a canary in each form, and must find all.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import ipaddress
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

WINDOW: Final = 8
CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"
_UNPACKED: Final = 1 << 24  # bytes of one packed member that are looked at
_NO_ZIP: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)  # it only looked like one
_LETTER: Final = f"[{CONSONANTS}]".encode()
_RUNS: Final = tuple(  # where a window can begin at all: one quick pass each, instead of one for each window
    re.compile(pattern)
    for pattern in (
        _LETTER + b"{8,}",
        _LETTER.upper() + b"{8,}",
        b"(?:" + _LETTER + b"\\0){8,}",
        b"(?:\\0" + _LETTER + b"){8,}",
        b"[0-9a-f]{16,}",
    )
)


def canary(seed: str) -> str:
    """Sixteen consonants that look random, the same for the same seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(CONSONANTS[byte % len(CONSONANTS)] for byte in digest[:16])


def forms(text: str) -> set[bytes]:
    """Every window of a canary, in every form."""
    raw = text.encode()
    windows = {raw[i : i + WINDOW] for i in range(len(raw) - WINDOW + 1)}
    found = set(windows)
    for window in windows:
        found |= {window.decode().encode("utf-16-le"), window.decode().encode("utf-16-be"), window.hex().encode()}
        found |= {window.upper()}
    for shift in range(3):  # what base64 of anything that holds the canary must contain
        coded = base64.b64encode(b"\0" * shift + raw)
        found.add(coded[4 : 4 + 12] if shift else coded[:12])
    return found


def address_forms(address: str) -> set[bytes]:
    """An address as text, packed, and packed into an IPv6."""
    parsed = ipaddress.ip_address(address)
    return {address.encode(), parsed.packed, address.encode("utf-16-le")}


class Needles:
    """Many needles that are looked for together. `named`: needle → whose it is."""

    def __init__(self, named: Mapping[bytes, str]) -> None:
        runs = {needle: name for needle, name in named.items() if any(run.fullmatch(needle) for run in _RUNS)}
        self._runs = runs
        self._sizes = sorted({len(needle) for needle in runs})
        self._others = [(needle, name) for needle, name in named.items() if needle not in runs]

    def found(self, haystack: bytes) -> set[str]:
        """Whose needles lie in the bytes, or in what unpacks from them."""
        return {name for layer in layers(haystack) for name in self._in(layer)}

    def _in(self, layer: bytes) -> Iterator[str]:
        yield from (name for needle, name in self._others if needle in layer)
        for pattern in _RUNS if self._runs else ():
            for match in pattern.finditer(layer):
                run = match[0]
                windows = (run[at : at + size] for size in self._sizes for at in range(len(run) - size + 1))
                yield from (self._runs[window] for window in windows if window in self._runs)


def hits(needles: Iterable[bytes], haystack: bytes) -> bool:
    """Is any needle in the bytes, or in a gzip or zip member inside them?"""
    return bool(Needles(dict.fromkeys(needles, "")).found(haystack))


def layers(data: bytes) -> Iterator[bytes]:
    """The bytes, and what unpacks from them."""
    yield data
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(data[at:], _UNPACKED)
        at = data.find(b"\x1f\x8b\x08", at + 1)
    if b"PK\x03\x04" in data:
        with contextlib.suppress(*_NO_ZIP), zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member.read(_UNPACKED)


def hidden(text: str) -> list[bytes]:
    """A canary hidden once in each form: for the self-test."""
    raw = text.encode()
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", raw)
    return [
        b"xx" + raw + b"yy",
        raw.upper(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        b"--" + base64.b64encode(raw),
        base64.b64encode(b"a" + raw),
        base64.b64encode(b"ab" + raw + b"c"),
        raw.hex().encode(),
        b"junk" + gzip.compress(b"pre" + raw),
        box.getvalue(),
        b"gap" + raw[4:12] + b"gap",
    ]
