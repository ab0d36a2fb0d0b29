"""A small world told without the program's own rules: declarations as plain numbers, people each of whose fields and headers is
a canary, and what of it may lie on a disk or be read by whom. Shared by the tests that prove the privacy slice as a whole.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from l2s.privacy.policy import CHAT, MEMORY, When, days, up_to
from l2s.privacy.policy import Rule as Declared
from l2s.privacy.search import layers
from tests.canaries import WINDOW, address_forms, canary

DAY: Final = 86_400_000
READERS: Final = ("operator", "team", "site", "supervisor", "admin")  # each sees what the ones after it are not needed for
FINEST: Final = {"address": 3, "browser": 2, "page": 2, "referrer": 2, "times": 2}
CLASSES: Final = (
    "message", "times", "address", "browser", "page", "referrer", "name", "mail", "about", "read_marks", "consent", "case",
    "device_token",
)  # fmt: skip
NEEDED: Final = ("message", "times", "device_token")  # without them nobody can write twice
NEVER_ALWAYS: Final = ("address", "page")
ONLY_MEMORY: Final = -1  # may be in memory, never on a disk


class Rule(NamedTuple):
    """`when`: 1 ticked, 2 unless objected, 3 always; `keep`: days, 0 = until the chat ends; `reader`: in READERS, -1 = none."""

    level: int
    when: int
    keep: int
    purposes: frozenset[str]
    reader: int


Law = dict[str, Rule]  # a class that is off is absent


def some_rule(dice: random.Random, cls: str) -> Rule:
    """Any rule that may be posted for a class."""
    whens = (1, 2, 2) if cls in NEVER_ALWAYS else (1, 2, 3, 3, 3)
    keeps = (0, 1, 5, 30, 400) if cls in NEEDED else (ONLY_MEMORY, 0, 1, 5, 30, 400)
    purposes = {"answer"} if dice.random() < 0.8 else set()
    purposes |= set(dice.sample(("run", "secure", "comply", "manage"), dice.randint(0 if purposes else 1, 2)))
    level = dice.randint(1, FINEST.get(cls, 1))
    return Rule(level, dice.choice(whens), dice.choice(keeps), frozenset(purposes), dice.choice((-1, 0, 1, 3, 4, 4, 4)))


def some_law(dice: random.Random) -> Law:
    """Any declaration under which somebody can write."""
    return {cls: some_rule(dice, cls) for cls in CLASSES if cls in NEEDED or dice.random() < 0.8}


def meet(a: Law, b: Law) -> Law:
    """What both permit."""
    both = {
        cls: Rule(*map(min, one[:3], b[cls][:3]), one.purposes & b[cls].purposes, min(one.reader, b[cls].reader))  # type: ignore[arg-type]
        for cls, one in a.items()
        if cls in b
    }
    return {cls: one for cls, one in both.items() if one.purposes}


def within(a: Law, b: Law) -> bool:
    """Does `a` ask for nothing that `b` does not give?"""
    return all(cls in b and meet({cls: one}, b).get(cls) == one for cls, one in a.items())


def as_declared(law: Law) -> dict[str, Declared]:
    """In the program's own form."""
    return {
        cls: Declared(
            one.level, When(one.when), {0: CHAT, ONLY_MEMORY: MEMORY}[one.keep] if one.keep <= 0 else days(one.keep),
            one.purposes, up_to(READERS[one.reader]) if one.reader >= 0 else frozenset(),
        )
        for cls, one in law.items()
    }  # fmt: skip


def asked(law: Law) -> Law:
    """The part that needs a tick."""
    return {cls: one for cls, one in law.items() if one.when == 1}


# People.


class Needle(NamedTuple):
    """Bytes that lie there, or stand in a text, from level `least` to level `most` of their class, and at no other."""

    text: bytes
    least: int = 1
    most: int = 9
    packed: frozenset[bytes] = frozenset()  # other forms of the same, that only a disk could hold


NEVER: Final = 8  # a level that no class has


class Datum:
    """Something that was told. `level`: at which it lies on the disk; 0 = not."""

    def __init__(self, cls: str, needles: Iterable[Needle], ended_with_chat: bool = True) -> None:
        self.cls = cls
        self.needles = tuple(needles)
        self.level = 0
        self.ended_with_chat = ended_with_chat


class Person:
    """A visitor each of whose fields and headers holds something of its own."""

    def __init__(self, seed: str, n: int) -> None:
        self.seed = f"{seed}-{n}"
        self.address = f"203.0.{n + 100}.177" if n % 2 else f"2001:db8:{n + 0x4F0:x}:a1b2:c3d4:e5f6:1234:{n + 1:x}"
        self.prefix = f"203.0.{n + 100}.0/24" if n % 2 else f"2001:db8:{n + 0x4F0:x}::/48"
        self.token = self.word("token") + self.word("token2")
        self.choice = "none"
        self.agreed: Law | None = None  # what a tick of theirs covers
        self.told: list[Datum] = []
        self.chat = ""
        self.owner = ""
        self.ended: int | None = None
        self.forgotten = False

    def word(self, field: str) -> str:
        return canary(f"{self.seed}-{field}")

    def headers(self) -> dict[str, str]:
        """What its browser sends, and what a proxy adds."""
        return {
            "User-Agent": f"Mozilla/5.0 (X11; Linux x86_64) {self.word('agent')}/9 Firefox/150.0",
            "Sec-CH-UA": f'"{self.word("hint")}";v="9"',
            "Sec-CH-UA-Full-Version-List": f'"{self.word("hints")}";v="9.1"',
            "Accept-Language": f"en,{self.word('accept')};q=0.5",
            "Referer": f"http://127.0.0.1:9/{self.word('referer')}",  # a page that may: the names of others are counted
            "Cookie": f"shop={self.word('cookie')}",
            "From": f"{self.word('from')}@example.org",
            "Via": f"1.1 {self.word('via')}",
            "Forwarded": f"for={self.word('forwarded')}",
            "X-Real-IP": self.word("real"),
            "X-Forwarded-For": f"{self.word('forged')}, {self.address}",
        }

    def hello(self) -> dict[str, Any]:
        """What its page tells."""
        page = f"https://{self.word('user')}:x@{self.word('host')}.example/tents/{self.word('path')}"
        search = f"https://{self.word('search')}.example/{self.word('found')}"
        return {
            "page": f"{page}?q={self.word('query')}#{self.word('fragment')}",
            "referrer": f"{search}?q={self.word('wanted')}",
            "language": self.word("language"),
        }

    def details(self) -> list[Datum]:
        """What comes in with hello, by class."""
        other = address_forms(self.address) if ":" in self.address else set()
        word = self._needle
        return [
            Datum("address", [Needle(self.prefix.encode(), 2, 2), Needle(self.address.encode(), 3, 3, frozenset(other))]),
            Datum("browser", [word("agent", 2)]),
            Datum("page", [word("path"), word("host", 2)]),
            Datum("referrer", [word("found"), word("search", 2)]),
        ]

    def tell(self, cls: str, field: str, **more: Any) -> Datum:
        """One more field, with its word."""
        datum = Datum(cls, [self._needle(field)], **more)
        self.told.append(datum)
        return datum

    def _needle(self, field: str, least: int = 1) -> Needle:
        return Needle(self.word(field).encode(), least)

    def nothing(self) -> list[Needle]:
        """What no declaration can ask for."""
        fields = (
            "hint", "hints", "accept", "referer", "cookie", "from", "via", "forwarded", "real", "forged", "user",
            "query", "fragment", "wanted", "language", "token", "token2",
        )  # fmt: skip
        return [self._needle(field, NEVER) for field in fields]

    # What a law permits of this person.

    def state(self, law: Law) -> str:
        ticked = self.choice == "ticked" and self.agreed is not None and within(asked(law), self.agreed)
        return "objected" if self.choice == "objected" else "ticked" if ticked else "none"

    def permits(self, law: Law, cls: str) -> bool:
        """May the class be kept of somebody who chose what this person chose?"""
        needs = {1: ("ticked",), 2: ("ticked", "none"), 3: ("ticked", "none", "objected")}
        return cls in law and self.state(law) in needs[law[cls].when]

    def in_date(self, law: Law, datum: Datum, at: int) -> bool:
        """Is its time not over?"""
        ended = self.ended if datum.ended_with_chat else None
        return ended is None or ended + law[datum.cls].keep * DAY > at

    def lies(self, law: Law, datum: Datum, at: int) -> int:
        """The level at which a datum may lie on a disk now."""
        if not self.permits(law, datum.cls) or law[datum.cls].keep == ONLY_MEMORY or not self.in_date(law, datum, at):
            return 0
        return law[datum.cls].level

    def keep(self, law: Law, at: int, *data: Datum) -> None:
        """It was written: as the law let it in."""
        for datum in data:
            datum.level = self.lies(law, datum, at)

    def night(self, law: Law, at: int) -> None:
        """What a night leaves."""
        for datum in self.told:
            datum.level = min(datum.level, self.lies(law, datum, at))

    def reads(self, law: Law, datum: Datum, at: int, purpose: str, reader: str) -> int:
        """The level at which somebody reads it from the disk; `reader` "": the person."""
        rule = law.get(datum.cls)
        if rule is None or (reader and (purpose not in rule.purposes or READERS.index(reader) > rule.reader)):
            return 0
        return min(datum.level, self.lies(law, datum, at))


def fits(datum: Datum, level: int) -> dict[Needle, bool]:
    """Which needles of a datum stand in what holds it at a level."""
    return {needle: needle.least <= level <= needle.most for needle in datum.needles}


# Searching much at once.

_SET: Final = b"bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"
_RUN: Final = re.compile(b"[%s]{%d,}" % (_SET, WINDOW))
_WIDE: Final = re.compile(b"(?:[%s]\\0){%d,}|(?:\\0[%s]){%d,}" % (_SET, WINDOW, _SET, WINDOW))
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{11,}")


def windows(data: bytes) -> set[bytes]:
    """Every run of eight consonants, in any form that tests/canaries hides one in."""
    found: set[bytes] = set()
    for layer in layers(data):
        plain = [layer, *(run.replace(b"\0", b"") for run in _WIDE.findall(layer))]
        for run in _HEX.findall(layer):
            plain += [binascii.unhexlify(run), binascii.unhexlify(run[1:-1])]
        for run in _BASE64.findall(layer):
            run = run.translate(bytes.maketrans(b"-_", b"+/"))
            plain += [base64.b64decode(run[at : at + (len(run) - at) // 4 * 4]) for at in range(4)]
            if len(run) % 4:  # the end that padding would carry
                plain.append(base64.b64decode(run + b"=" * (-len(run) % 4)) if len(run) % 4 != 1 else b"")
        for text in plain:
            for run in _RUN.findall(text):
                found |= {run[at : at + WINDOW].lower() for at in range(len(run) - WINDOW + 1)}
    return found


class Sight:
    """Something that is searched for many needles."""

    def __init__(self, *data: bytes) -> None:
        self._data = b"\n".join(data)
        self._windows = windows(self._data)

    def has(self, needle: Needle) -> bool:
        """Does it stand there, in whatever form?"""
        if re.fullmatch(b"[%s]{16}" % _SET, needle.text):
            return any(needle.text[at : at + WINDOW] in self._windows for at in range(len(needle.text) - WINDOW + 1))
        return needle.text in self._data or any(form in self._data for form in needle.packed)


def folder(path: Path) -> Sight:
    """All files below a folder."""
    return Sight(*(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file() and file.name != "secret"))
