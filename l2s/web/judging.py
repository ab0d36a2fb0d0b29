"""How `l2s prove` judges: what was found and shown, against the rules of capture.json. Nothing here asks the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from l2s.outbound.witness import Page
from l2s.privacy.classes import SITE_CLASSES, chain, level_of, shown
from l2s.privacy.ledger import NOTICE
from l2s.privacy.policy import MEMORY, OFF, Choice, Declaration, When, permits, rule_of
from l2s.privacy.traces import Trace, expected, level
from l2s.web.certificate import Difference, Judged, Version

DETAILS: Final = ("name", "mail", "address", "browser", "page", "referrer")
AT_THE_DOOR: Final = ("address", "browser", "page", "referrer")
COUNTED: Final = ("message", "times", "consent", "device_token", "read_marks")  # held of whoever writes, without a canary in it
_URL: Final = re.compile(r"""(?:https?:|wss?:)?//([A-Za-z0-9.-]+\.[a-z]{2,}|\[[0-9a-f:]+\]|[0-9.]{7,})""")
_NAMESPACES: Final = ("www.w3.org",)


class Person(msgspec.Struct):
    """One visitor of a run: what they sent, in which state, and what they were told. `wrote`: was anything taken of them?"""

    who: str
    sent: dict[str, Trace]
    choice: Choice = Choice.NONE
    wrote: bool = False
    chat: str = ""
    data: dict[str, Any] = {}
    wish: int = 0
    receipt: dict[str, Any] = {}

    def may_lie(self, name: str, rules: Declaration) -> str | None:
        """What may lie of something that was sent."""
        return expected(self.sent[name], rules, self.choice) if self.wrote else None

    def may_hold(self, cls: str, rules: Declaration) -> bool:
        """May anything of a class lie?"""
        rule = rule_of(rules, cls)
        return self.wrote and permits(rule, self.choice) and rule.keep != MEMORY

    def must_lie(self, cls: str, rules: Declaration) -> bool:
        """Must it? What came to the door before the tick may be gone: it was not agreed to yet."""
        return self.may_hold(cls, rules) and not (cls in AT_THE_DOOR and rule_of(rules, cls).when == When.TICKED)


def by_bytes(person: Person, rules: Declaration, found: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[Difference]:
    """What lies in files. `found`: (name of what was sent, word) → files."""
    for name, trace in person.sent.items():
        most = level(trace, rules, person.choice) if person.wrote else 0
        for word, least in trace.words:
            files = found.get((name, word), ())
            logs = ", ".join(file for file in files if file.startswith("log "))
            where = ", ".join(file for file in files if not file.startswith("log "))
            if logs:
                yield Difference(trace.cls, "logged", logs, person.who)
            if where and least > most:
                yield Difference(trace.cls, "finer" if person.may_hold(trace.cls, rules) else "undeclared", where, person.who)
            if not where and least <= most and person.must_lie(trace.cls, rules):
                yield Difference(trace.cls, "missing", name, person.who)


def by_my_data(person: Person, rules: Declaration) -> Iterator[Difference]:
    """What My data shows: exactly the classes that are declared, at their level, with the values that were sent."""
    held = {row["name"]: row for row in person.data.get("held", ())}
    for cls in SITE_CLASSES:
        row, rule = held.get(cls), rule_of(rules, cls)
        if rule.keep == MEMORY and rule != OFF:
            continue
        if row is None:
            if _owed(person, cls, rules):
                yield Difference(cls, "unshown", "", person.who)
        elif not person.may_hold(cls, rules) or row["level"] != chain(cls)[rule.level]:
            yield Difference(cls, "shown", str(row["level"]), person.who)
        elif cls in DETAILS:
            yield from _values(person, cls, rules, row["values"])
    yield from _times(person, rules)


def _owed(person: Person, cls: str, rules: Declaration) -> bool:
    """Must My data show this class? It came, and may be held."""
    sent = any(person.may_lie(name, rules) is not None for name, one in person.sent.items() if one.cls == cls)
    return person.must_lie(cls, rules) and (cls in COUNTED or sent)


def _values(person: Person, cls: str, rules: Declaration, values: Sequence[str]) -> Iterator[Difference]:
    same = [name for name, one in person.sent.items() if one.cls == cls]
    told = [kept for name in same if (kept := person.may_lie(name, rules)) is not None]
    if cls == "address" and (not told or rule_of(rules, cls).level == 1):  # where from is not known, or the key is not ours
        right = all(level_of(value, cls) == rule_of(rules, cls).level for value in values)
    else:
        right = sorted(values) == sorted(str(shown(kept, cls)) for kept in told)
    if not right:
        yield Difference(cls, "level", "", person.who)


def _times(person: Person, rules: Declaration) -> Iterator[Difference]:
    rule = rule_of(rules, "times")
    for chat in person.data.get("chats", ()):
        at = chat["opened"]
        if at is not None and level_of(at, "times") > (rule.level if permits(rule, person.choice) else 0):
            yield Difference("times", "shown", "exact", person.who)


def settled(person: Person, rules: Declaration) -> bool:
    """Does the server believe a forwarded address from here? Then that one is the visitor's, and the other one nobody's."""
    values: Sequence[str] = next((row["values"] for row in person.data.get("held", ()) if row["name"] == "address"), [])
    real = msgspec.structs.replace(person.sent["forwarded address"], never=False)
    kept = expected(real, rules, person.choice)
    if kept is None or kept not in values:
        return False
    person.sent["forwarded address"] = real
    if "address" in person.sent:
        person.sent["address"] = msgspec.structs.replace(person.sent["address"], never=True)
    return True


def judged(rules: Declaration, persons: Sequence[Person], differences: Sequence[Difference], in_bytes: bool) -> list[Judged]:
    """Every class that a site can have, and how it was looked at."""
    worn = {one.cls for one in differences}
    sent = {trace.cls for person in persons for trace in person.sent.values()}
    found = []
    for cls in SITE_CLASSES:
        rule = rule_of(rules, cls)
        how: Any = "bytes" if in_bytes and cls in sent else "shown" if cls in sent or cls in COUNTED else "untried"
        found.append(Judged(cls, "off" if rule == OFF else chain(cls)[rule.level], how, cls in worn))
    return found


# What can be seen without the disk.


def by_pages(pages: Sequence[Page], notice: Page, capture: Mapping[str, Any], own: str) -> Iterator[Difference]:
    """No cookie before a click, nobody else's address in what is served, and a notice that says what capture.json says."""
    host = own.partition("://")[2].partition(":")[0]
    for page in (*pages, notice):
        if any(name.lower() == "set-cookie" for name, _ in page.headers):
            yield Difference("device_token", "cookie", page.path)
    for page in pages:
        others = {name for name in _URL.findall(page.body) if name != host and name not in _NAMESPACES}
        if others:
            yield Difference("", "third_party", f"{page.path} ({', '.join(sorted(others))})")
    names = re.findall(r"<code>([0-9a-f]{16})</code>", notice.body)
    if (
        notice.status != 200
        or str(capture["hash"])[:16] not in names
        or notice.body.count('class="slot">') < len(capture["never"])
    ):
        yield Difference("", "notice", notice.path)


def by_versions(
    told: Sequence[Mapping[str, Any]], capture: Mapping[str, Any], before: Sequence[Version]
) -> Iterator[Difference]:
    """Numbers without a gap, hashes that no two share, widenings that waited, and nothing rewritten since `before`."""
    numbers, hashes = [one["version"] for one in told], [one["hash"] for one in told]
    force = next((one for one in told if one["state"] == "in_force"), None)
    if numbers != list(range(1, len(told) + 1)) or len(set(hashes)) < len(hashes):
        yield Difference("", "versions", "numbers")
    if force is None or (force["version"], force["hash"]) != (capture["version"], capture["hash"]):
        yield Difference("", "versions", "in force")
    for one in told:
        early = one["due"] and (one["due"] - one["posted"] < NOTICE or (one["ripened"] or one["due"]) < one["due"])
        if early:
            yield Difference("", "versions", str(one["version"]))
    now = {one["version"]: one["hash"] for one in told}
    for old in before:
        if now.get(old.n) != old.hash:
            yield Difference("", "versions", str(old.n))
