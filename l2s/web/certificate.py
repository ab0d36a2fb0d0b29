"""The certificate of `l2s prove`: what was sent, searched, found and erased, and what cannot be searched. For programs as JSON,
for people as one page that needs nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from l2s import __version__
from l2s.clock import Clock
from l2s.config import Settings
from l2s.errors import Broken
from l2s.web.assets import Assets
from l2s.web.pages import LANGUAGES, Pages
from l2s.web.telling import Teller
from l2s.web.urls import Urls

BEYOND: Final = ("memory", "swap", "blocks", "proxies", "copies")  # what no search from here can reach
What = Literal[
    "undeclared", "finer", "missing", "logged", "stays", "shown", "unshown", "level", "refused", "wish", "receipt", "scrub",
    "self_test", "notice", "cookie", "third_party", "versions", "ledger", "moved",
]  # fmt: skip


class Difference(msgspec.Struct, frozen=True):
    """Something that is not as declared. `cls`: a capture class, "" where it is about none; `where`: file names or a word."""

    cls: str
    what: What
    where: str = ""
    who: str = "visitor"


class Searched(msgspec.Struct, frozen=True):
    """One file whose bytes were searched."""

    name: str
    bytes: int


class Judged(msgspec.Struct, frozen=True):
    """One class. `declared`: its level, "off" where it is not kept; `how`: found in bytes, shown by My data, or not tried."""

    cls: str
    declared: str
    how: Literal["bytes", "shown", "untried"]
    differs: bool


class Version(msgspec.Struct, frozen=True):
    """A posted version, as the public JSON tells it."""

    n: int
    state: str
    hash: str


class Head(msgspec.Struct, frozen=True):
    """The ledger's newest entry at an instant."""

    position: int
    hash: str


class Erased(msgspec.Struct, frozen=True):
    """A visitor of this run. `wish`: when the server would have erased them, ms; `code`: of the receipt, "" from outside."""

    who: str
    wish: int
    code: str = ""
    overwritten: int | None = None


class Certificate(msgspec.Struct):
    """All of it. Times are ms since 1970."""

    made: int
    server: str
    site: str
    outside: bool
    version: int = 0
    hash: str = ""
    addresses: list[str] = []
    forwarded: bool = False
    canaries: int = 0
    searched: list[Searched] = []
    classes: list[Judged] = []
    versions: list[Version] = []
    known_before: int = 0
    heads: list[Head] = []
    erased: list[Erased] = []
    newer_backups: list[str] = []
    beyond: tuple[str, ...] = BEYOND
    differences: list[Difference] = []
    program: str = __version__

    def differ(self, found: Iterable[Difference]) -> None:
        """Add what is not there yet."""
        self.differences += [one for one in dict.fromkeys(found) if one not in self.differences]

    @property
    def is_green(self) -> bool:
        """Is everything as declared?"""
        return not self.differences


class Drawn:
    """Words and pages without a server."""

    def __init__(self, lang: str) -> None:
        self.lang = lang if lang in LANGUAGES else LANGUAGES[0]
        self.pages = Pages(Assets(), Urls(Settings(), 0))
        self.teller = Teller(self.pages, self.lang)

    def say(self, key: str, **values: object) -> str:
        """A sentence of the catalogue `prove`."""
        return self.pages.text(self.lang, "prove", key, **values)

    def difference(self, one: Difference) -> str:
        """ "browser: kept finer than declared: found in l2s.db-wal"."""
        said = self.say(f"differs.{one.what}", where=one.where, who=self.say(f"who.{one.who}"))
        return f"{one.cls}: {said}" if one.cls else said

    def html(self, made: Certificate) -> str:
        """The page. The classes stand in the notice's words."""
        return self.pages.render("prove.html", self.lang, "prove", made=made, t8=self.teller, told=self.difference)


def as_json(made: Certificate, drawn: Drawn) -> dict[str, Any]:
    """For programs, with the sentences of what differs and of what cannot be searched."""
    told: dict[str, Any] = msgspec.to_builtins(made)
    for row, one in zip(told["differences"], made.differences, strict=True):
        row["text"] = drawn.difference(one)
    told["beyond"] = {name: drawn.say(f"beyond.{name}") for name in made.beyond}
    return {"green": made.is_green, **told}


NAMES: Final = ("certificate.json", "certificate.html")


def write(folder: Path, made: Certificate, drawn: Drawn) -> None:
    """Both into a folder. Raises Broken."""
    texts = (msgspec.json.format(msgspec.json.encode(as_json(made, drawn))).decode() + "\n", drawn.html(made))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip(NAMES, texts, strict=True):
            (folder / name).write_text(text, "utf-8")
    except OSError as problem:
        raise Broken(f"{folder} cannot be written ({problem.strerror}). Choose another folder with --to.") from None


class _Old(msgspec.Struct):
    server: str
    site: str
    versions: list[Version]


def earlier(folder: Path | None, server: str, site: str) -> list[Version]:
    """The versions that an earlier certificate of the same server and site names: a history cannot be rewritten since."""
    if folder is None:
        return []
    try:
        old = msgspec.json.decode((folder / NAMES[0]).read_bytes(), type=_Old)
    except (OSError, msgspec.DecodeError):
        return []
    return old.versions if (old.server, old.site) == (server, site) else []


def begun(clock: Clock, server: str, site: str, outside: bool) -> Certificate:
    """An empty certificate of this moment."""
    return Certificate(clock.at(), server, site, outside, beyond=("disk" if outside else "way", *BEYOND))
