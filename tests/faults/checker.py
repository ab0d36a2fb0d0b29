"""Compares what clients sent with what every party received. Knows the wire's words, and no line of the server.

A journal (`Sent`) holds each text once: acked (its echo was seen), refused, or unknown. A view (`View`) is all that one party
received: live, on resume, or from a fresh sign-in. Four faults are counted, and all of them must be 0:

    lost          acked, or seen by anybody, and missing in a view that claims to be whole
    doubled       one message in two places, one text under two ids, one visitor with two chats
    reordered     against the author's order, or in another place for another party, or behind the reader's cursor
    misdelivered  a note to a visitor, a message of another chat or account, a text that nobody sent so, a refused one kept
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

FAULTS: Final = ("lost", "doubled", "reordered", "misdelivered")
MARK: Final = re.compile(r"~([a-z0-9.]+)~")
Key = tuple[str, str]  # author on the wire, the author's own message id


@dataclass(slots=True)
class Sent:
    """One text as its author sent it. `lane`: one client, whose sends have an order; `by`: the author as the wire names it."""

    mark: str
    lane: str
    number: int
    account: str
    visitor: str
    by: str
    id: str
    text: str
    kind: Literal["text", "note"] = "text"
    state: Literal["unknown", "acked", "refused"] = "unknown"


class Got(NamedTuple):
    """One message as a party received it. `rev`: the party's own cursor of it (a visitor's `pub`)."""

    by: str
    id: str
    seq: int
    rev: int
    kind: str
    text: str | None


@dataclass
class View:
    """All that one party received. `visitor` None = a user. `whole`: claims to hold every message of its chats."""

    party: str
    account: str
    visitor: str | None = None
    whole: bool = True
    chats: dict[str, dict[Key, list[Got]]] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def add(self, chat: str, got: Got) -> bool:
        """Keep an object, unless a newer one of the same place is held. True = this message was not held before."""
        held = self.chats.setdefault(chat, {}).setdefault((got.by, got.id), [])
        for index, old in enumerate(held):
            if old.seq == got.seq:
                if got.rev >= old.rev:
                    held[index] = got
                return False
        held.append(got)
        return len(held) == 1

    def messages(self) -> Iterable[tuple[str, Got]]:
        """Every (chat, message) held."""
        return ((chat, got) for chat, held in self.chats.items() for places in held.values() for got in places)


class Report(NamedTuple):
    """Counts of the journal, and every fault found, by kind."""

    acked: int
    unknown: int
    refused: int
    faults: Mapping[str, Sequence[str]]

    @property
    def clean(self) -> bool:
        """Was nothing found?"""
        return not any(self.faults.values())

    def lines(self, most: int = 5) -> list[str]:
        """The four counts, and the first findings of each kind."""
        told = ["  ".join(f"{kind} {len(self.faults[kind])}" for kind in FAULTS)]
        for kind in FAULTS:
            told += [f"  {kind}: {text}" for text in self.faults[kind][:most]]
        return told


def check(sent: Iterable[Sent], views: Sequence[View], homes: Mapping[str, str]) -> Report:
    """Compare. `homes`: chat → its visitor, as the visitors themselves learned it."""
    journal = {entry.mark: entry for entry in sent}
    faults = {
        "lost": _lost(journal, views, homes),
        "doubled": [*_doubled(views), *_second_chats(homes)],
        "reordered": [*_reordered(journal, views), *_disagreeing(views)],
        "misdelivered": _misdelivered(journal, views, homes),
    }
    states = Counter(entry.state for entry in journal.values())
    return Report(states["acked"], states["unknown"], states["refused"], faults)


def mark_of(text: str | None) -> str | None:
    """The mark that a text starts with."""
    found = MARK.match(text or "")
    return found[1] if found else None


def _covers(view: View, entry: Sent) -> bool:
    if view.visitor is None:
        return view.account == entry.account
    return view.visitor == entry.visitor and entry.kind == "text"


def _lost(journal: Mapping[str, Sent], views: Sequence[View], homes: Mapping[str, str]) -> list[str]:
    seen = {view.party: {mark_of(got.text) for _, got in view.messages()} for view in views}
    anybody = set().union(*seen.values())
    kept = [entry for entry in journal.values() if entry.state == "acked" or entry.mark in anybody]
    found: list[str] = []
    for view in (view for view in views if view.whole):
        held = seen[view.party]
        found += [f"{e.mark} ({e.state}) at {view.party}" for e in kept if _covers(view, e) and e.mark not in held]
    return found + _lost_events(views, homes)


def _lost_events(views: Sequence[View], homes: Mapping[str, str]) -> list[str]:
    """What the system said in a chat stands in every whole view of that chat too."""
    told: dict[str, set[Key]] = defaultdict(set)
    for view in views:
        for chat, got in view.messages():
            if got.by == "system":
                told[chat].add((got.by, got.id))
    found = []
    for view in (view for view in views if view.whole):
        for chat in (chat for chat in view.chats if view.visitor in (None, homes.get(chat))):
            found += [f"event {key[1]} of {chat} at {view.party}" for key in told[chat] - view.chats[chat].keys()]
    return found


def _doubled(views: Sequence[View]) -> list[str]:
    found = []
    for view in views:
        places: dict[str, set[tuple[str, str, str, int]]] = defaultdict(set)
        for chat, got in view.messages():
            name = mark_of(got.text) or f"{chat}/{got.by}/{got.id}"
            places[name].add((chat, got.by, got.id, got.seq))
        found += [f"{name} at {view.party}: {sorted(where)}" for name, where in places.items() if len(where) > 1]
    return found


def _second_chats(homes: Mapping[str, str]) -> list[str]:
    chats: dict[str, list[str]] = defaultdict(list)
    for chat, visitor in homes.items():
        chats[visitor].append(chat)
    return [f"{visitor} has chats {ids}" for visitor, ids in chats.items() if len(ids) > 1]


def _reordered(journal: Mapping[str, Sent], views: Sequence[View]) -> list[str]:
    found = [text for view in views for text in view.late]
    for view in views:
        last: dict[tuple[str, str], int] = {}
        public: dict[tuple[str, int], Key] = {}
        for chat, got in sorted(view.messages(), key=lambda pair: (pair[0], pair[1].seq, pair[1].rev)):
            if got.kind != "note":
                other = public.setdefault((chat, got.seq), (got.by, got.id))
                if other != (got.by, got.id):
                    found.append(f"{chat}: {other} and {(got.by, got.id)} share seq {got.seq} at {view.party}")
            entry = journal.get(mark_of(got.text) or "")
            if entry is None or entry.state != "acked":
                continue
            if entry.number < last.get((chat, entry.lane), -1):
                found.append(f"{entry.mark} after number {last[chat, entry.lane]} of its author at {view.party}")
            last[chat, entry.lane] = max(entry.number, last.get((chat, entry.lane), -1))
    return found


def _disagreeing(views: Sequence[View]) -> list[str]:
    """One place for all parties; among users one `rev` too (nothing is edited in these runs)."""
    seqs: dict[tuple[str, Key], tuple[int, str]] = {}
    revs: dict[tuple[str, Key], tuple[int, str]] = {}
    found = []
    for view in views:
        for chat, got in view.messages():
            name = (chat, (got.by, got.id))
            seq, party = seqs.setdefault(name, (got.seq, view.party))
            if seq != got.seq:
                found.append(f"{name}: seq {seq} at {party}, {got.seq} at {view.party}")
            if view.visitor is None:
                rev, party = revs.setdefault(name, (got.rev, view.party))
                if rev != got.rev:
                    found.append(f"{name}: rev {rev} at {party}, {got.rev} at {view.party}")
    return found


def _misdelivered(journal: Mapping[str, Sent], views: Sequence[View], homes: Mapping[str, str]) -> list[str]:
    found = [text for view in views for text in view.strays]
    for view in views:
        for chat, got in view.messages():
            wrong = _wrong_place(view, chat, homes) or _wrong_text(view, got, journal, homes.get(chat))
            if wrong:
                found.append(f"{mark_of(got.text) or got.id} in {chat} at {view.party}: {wrong}")
    return found


def _wrong_place(view: View, chat: str, homes: Mapping[str, str]) -> str:
    home = homes.get(chat)
    if home is None:
        return "a chat that no visitor knows"
    return "another visitor's chat" if view.visitor not in (None, home) else ""


def _wrong_text(view: View, got: Got, journal: Mapping[str, Sent], home: str | None) -> str:
    if got.kind == "note" and view.visitor is not None:
        return "a note"
    if got.kind not in ("text", "note"):
        return ""
    entry = journal.get(mark_of(got.text) or "")
    if entry is None:
        return f"nobody sent {got.text!r}"
    if entry.visitor != home:
        return f"belongs to {entry.visitor}"
    if entry.account != view.account:
        return "another account"
    if entry.state == "refused":
        return "was refused"
    same = (entry.by, entry.id, entry.text, entry.kind) == (got.by, got.id, got.text, got.kind)
    return "" if same else f"was sent as {entry}"
