"""What is in force, what governs a datum, and the chain that lets nobody rewrite it unnoticed.

Invariants: the wall clock never runs back (`Moment.wall` is a high water); a widening acts only after 15 × 24 h by the wall
*and* 15 × 24 h of served time; a narrowing acts with the entry that posts it; a datum keeps the narrowest law of its life.
Threats: an operator who posts and restores an older database; a clock set forward; a line edited by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import reduce as fold
from typing import Any, Final, Literal, NamedTuple

import msgspec

from l2s.errors import BadInput
from l2s.privacy.classes import DAY_MS
from l2s.privacy.policy import LIFE, MEMORY, Choice, Declaration, Rule, When, from_json, meet, narrower, over_ceiling, to_json

NOTICE: Final = 15 * DAY_MS  # seed: "effective 15 days after notice of them is posted"
WORDS_MAX: Final = 500
GENESIS: Final = "0" * 64


class Moment(NamedTuple):
    """`wall`: highest time ever seen, ms; `shown`: ms in which this server really could show its notices."""

    wall: int
    shown: int


class Entry(msgspec.Struct, frozen=True):
    """One line of the ledger. `scope` is "server" or a site's id; `data` is canonical JSON; `hash` covers all the rest."""

    position: int
    scope: str
    kind: str
    wall: int
    shown: int
    data: str
    previous: str
    hash: str

    @property
    def moment(self) -> Moment:
        """When it was written, by both clocks."""
        return Moment(self.wall, self.shown)


class Posted(msgspec.Struct, frozen=True):
    """A version as posted. `due`: the earliest wall time at which it may act, 0 = at once."""

    n: int
    declaration: dict[str, Any]
    words: dict[str, str] = {}
    due: int = 0


class Law(NamedTuple):
    """What governs one datum now. Only `governing` makes one. `salt`: the day's key for addresses.

    `covered`: positions of laws whose tick is one for this law, too: its ticked classes go no further (rule 9).
    """

    scope: str
    since: int
    head: int
    version: int
    hash: str
    rules: dict[str, Rule]
    salt: bytes
    covered: frozenset[int] = frozenset()
    on_hold: bool = False


def canonical(data: object) -> str:
    """JSON with sorted keys and no spaces: the same bytes for the same value."""
    return msgspec.json.encode(data, order="sorted").decode()


def seal(position: int, scope: str, kind: str, now: Moment, data: str, previous: str) -> Entry:
    """The next entry of the chain."""
    text = canonical([position, scope, kind, now.wall, now.shown, data, previous])
    return Entry(position, scope, kind, now.wall, now.shown, data, previous, hashlib.sha256(text.encode()).hexdigest())


def first_break(entries: Sequence[Entry], previous: str = GENESIS) -> int | None:
    """The position of the first entry that does not follow from the one before, or None."""
    for entry in entries:
        made = seal(entry.position, entry.scope, entry.kind, entry.moment, entry.data, previous)
        if made.hash != entry.hash or entry.previous != previous:
            return entry.position
        previous = entry.hash
    return None


def posted(entry: Entry) -> Posted:
    """The version in a "posted" entry."""
    return msgspec.json.decode(entry.data, type=Posted)


def is_opened(entries: Sequence[Entry]) -> bool:
    """Was anything of a stranger ever kept under this scope?"""
    return any(entry.kind == "opened" for entry in entries)


def ripened(entries: Sequence[Entry]) -> int:
    """The number of the last version that ripened; 0 = none."""
    numbers = (msgspec.json.decode(entry.data)["n"] for entry in entries if entry.kind == "ripened")
    return max(numbers, default=0)


def in_force(kind: str, entries: Sequence[Entry]) -> dict[str, Rule]:
    """Meet of the last ripe declaration with every one posted after it. `kind`: "site" or "server"."""
    ripe = ripened(entries)
    versions = [posted(entry) for entry in entries if entry.kind == "posted"]
    laws = [from_json(kind, version.declaration) for version in versions if version.n >= max(ripe, 1)]
    if not laws or not ripe:
        return {}
    return fold(meet, laws[1:], laws[0])


def governing(kind: str, entries: Sequence[Entry], since: int, salt: bytes = b"") -> Law:
    """Meet of what was in force after every event from `since` to the end. The entries are one scope's, in order."""
    start = next((at for at, entry in enumerate(entries) if entry.position > since), len(entries))
    rules: dict[str, Rule] | None = None
    for end in range(max(start, 1), len(entries) + 1):
        if end > start and entries[end - 1].kind not in ("posted", "ripened"):
            continue
        now = in_force(kind, entries[:end])
        rules = now if rules is None else meet(rules, now)
    head = entries[-1].position if entries else 0
    scope = entries[-1].scope if entries else ""
    version = ripened(entries)
    words = next((entry.hash for entry in entries if entry.kind == "posted" and posted(entry).n == version), GENESIS)
    return Law(scope, since, head, version, words, rules or {}, salt, _covered(kind, entries, rules or {}))


def _covered(kind: str, entries: Sequence[Entry], rules: dict[str, Rule]) -> frozenset[int]:
    asked = _asked(rules)
    if not asked:
        return frozenset()
    laws = ((entry.position, in_force(kind, entries[:end])) for end, entry in enumerate(entries, 1))
    return frozenset(position for position, law in laws if narrower(asked, _asked(law)))


def _asked(rules: Declaration) -> dict[str, Rule]:
    return {cls: rule for cls, rule in rules.items() if rule.when == When.TICKED}


def choice_under(objected: bool, ticked: int, law: Law) -> Choice:
    """The state of a person under a law. `ticked`: position of the law that they agreed to, 0 = none."""
    if objected:
        return Choice.OBJECTED
    return Choice.TICKED if ticked in law.covered else Choice.NONE


def shown_at(entries: Sequence[Entry], position: int) -> tuple[int, str]:
    """(version, hash) of what the notice said at a position: for the record of a consent."""
    until = [entry for entry in entries if entry.position <= position]
    version = ripened(until)
    return version, next((e.hash for e in until if e.kind == "posted" and posted(e).n == version), GENESIS)


def under_hold(law: Law) -> Law:
    """What a hold leaves of a law (rule 10): nothing is deleted by age, and nobody reads it but to comply."""
    rules = {
        cls: msgspec.structs.replace(rule, purposes=frozenset({"comply"}), keep=LIFE)
        for cls, rule in law.rules.items()
        if rule.keep != MEMORY
    }
    return law._replace(rules=rules, on_hold=True)


def for_disclosure(law: Law) -> Law:
    """What may be given out on one of the seed's grounds (P8a): whatever is kept and in date, to comply alone."""
    rules = {
        cls: msgspec.structs.replace(rule, purposes=frozenset({"comply"}))
        for cls, rule in law.rules.items()
        if rule.keep != MEMORY
    }
    return law._replace(rules=rules)


def words_in_force(entries: Sequence[Entry]) -> dict[str, str]:
    """The owner's own words, as they stand in the notice now."""
    ripe = ripened(entries)
    versions = (posted(entry) for entry in entries if entry.kind == "posted")
    return next((version.words for version in versions if version.n == ripe), {})


def widens(kind: str, entries: Sequence[Entry], draft: Declaration) -> bool:
    """Must this draft wait? Before anything of a stranger was kept, never (rule 1)."""
    return is_opened(entries) and not narrower(draft, in_force(kind, entries))


def is_past(then: Moment, now: Moment) -> bool:
    """Did `then` end its fifteen days, by both clocks?"""
    return now.wall - then.wall >= NOTICE and now.shown - then.shown >= NOTICE


def promised(kind: str, entries: Sequence[Entry], now: Moment) -> dict[str, Rule]:
    """The narrowest that this scope was bound to at any moment of the last fifteen days (rule 2)."""
    old = sum(1 for entry in entries if is_past(entry.moment, now))
    first = next((at for at, entry in enumerate(entries, 1) if entry.kind == "ripened"), len(entries))  # before it: nothing
    return fold(meet, (in_force(kind, entries[:end]) for end in range(max(old, first), len(entries) + 1)))


def domains_now(entries: Sequence[Entry]) -> frozenset[str]:
    """The domains on which this scope's notice stands."""
    told = [entry for entry in entries if entry.kind == "domains"]
    return frozenset(msgspec.json.decode(told[-1].data)["domains"]) if told else frozenset()


def domains_of(entries: Sequence[Entry], now: Moment) -> frozenset[str]:
    """The domains on which this scope's notice stood at any moment of the last fifteen days."""
    told = [entry for entry in entries if entry.kind == "domains"]
    old = sum(1 for entry in told if is_past(entry.moment, now))
    lists = (msgspec.json.decode(entry.data)["domains"] for entry in told[max(0, old - 1) :])
    return frozenset(name for names in lists for name in names)


def post(
    kind: str, entries: Sequence[Entry], draft: Declaration, now: Moment, words: dict[str, str] | None = None, due: int = 0
) -> Posted:
    """The version to append. A wait longer than 15 days is allowed, a shorter one refused; so is what exceeds CEILING."""
    over = over_ceiling(kind, draft)
    if over:
        raise BadInput("over_ceiling", name=over)
    now_said = words_in_force(entries)
    words = now_said if words is None else {lang: text for lang, text in words.items() if text}
    if any(len(text) > WORDS_MAX for text in words.values()):
        raise BadInput("words_too_long", most=WORDS_MAX)
    last = max((posted(entry).n for entry in entries if entry.kind == "posted"), default=0)
    reworded = is_opened(entries) and words != now_said  # rule 15: any edit of the owner's words waits
    if not reworded and not widens(kind, entries, draft):
        return Posted(last + 1, to_json(draft), words)
    if due and due < now.wall + NOTICE:
        raise BadInput("too_soon", days=15)
    return Posted(last + 1, to_json(draft), words, due or now.wall + NOTICE)


def may_ripen(version: Posted, posted_at: Moment, now: Moment) -> bool:
    """May this version act now? `due` 0 says that it never had to wait."""
    if not version.due:
        return True
    return now.wall >= version.due and is_past(posted_at, now)


class Version(msgspec.Struct, frozen=True):
    """A posted version as people see it. States are computed, never stored. `day`: how many of its fifteen days are over."""

    n: int
    state: Literal["pending", "in_force", "past", "withdrawn"]
    posted: Moment
    due: int
    ripened: Moment | None
    declaration: dict[str, Rule]
    words: dict[str, str]
    hash: str
    day: int


def versions(kind: str, entries: Sequence[Entry], now: Moment) -> list[Version]:
    """All versions of a scope, newest first."""
    ripe = {msgspec.json.decode(entry.data)["n"]: entry.moment for entry in entries if entry.kind == "ripened"}
    last = max(ripe, default=0)
    found = []
    for entry in entries:
        if entry.kind != "posted":
            continue
        one = posted(entry)
        if one.n > last:
            state: Literal["pending", "in_force", "past", "withdrawn"] = "pending"
        elif one.n in ripe:
            state = "in_force" if one.n == last else "past"
        else:
            state = "withdrawn"
        rules = from_json(kind, one.declaration)
        day = min(15, min(now.wall - entry.wall, now.shown - entry.shown) // DAY_MS)
        found.append(Version(one.n, state, entry.moment, one.due, ripe.get(one.n), rules, one.words, entry.hash, max(0, day)))
    return found[::-1]


def ripe_now(entries: Sequence[Entry], now: Moment) -> list[int]:
    """Numbers of the versions that may ripen now and have not."""
    last = ripened(entries)
    waiting = [(entry, posted(entry)) for entry in entries if entry.kind == "posted"]
    return [version.n for entry, version in waiting if version.n > last and may_ripen(version, entry.moment, now)]
