"""Searching for what must not be there (PRIVACY 6). A hit is any 8-byte window of a canary, in any form that a store could give
it: raw, UTF-16, base64 at three alignments, hex, inside gzip and zip members. Addresses are also searched packed.

Shared by tests; knows nothing of l2s. The self-test hides a canary in each form and must find them all.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import ipaddress
import random
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

WINDOW: Final = 8
CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"


def canary(seed: str) -> str:
    """Sixteen random consonants, the same for the same seed."""
    source = random.Random(seed)
    return "".join(source.choice(CONSONANTS) for _ in range(16))


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


def hits(needles: set[bytes], haystack: bytes) -> bool:
    """Is any needle in the bytes, or in a gzip or zip member inside them?"""
    return any(needle in layer for layer in layers(haystack) for needle in needles)


def layers(data: bytes) -> Iterator[bytes]:
    """The bytes, and what unpacks from them."""
    yield data
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(data[at:], 1 << 24)
        at = data.find(b"\x1f\x8b\x08", at + 1)
    if b"PK\x03\x04" in data:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    yield archive.read(name)
        except zipfile.BadZipFile:
            pass


def search(folder: Path, needles: set[bytes]) -> list[str]:
    """Names of the files below a folder in which a needle lies."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if hits(needles, path.read_bytes())]


def hidden(text: str) -> list[bytes]:
    """A canary hidden once in each form: for the self-test."""
    raw = text.encode()
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", raw)
    return [
        b"xx" + raw + b"yy",
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
