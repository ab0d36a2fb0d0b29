"""The sealed bundle of a disclosure, made of one snapshot: each value passes `release` for `comply`, each file holds a salt of
its own. It is made when it leaves and stored nowhere.
"""

from __future__ import annotations

from typing import Any

import msgspec

from l2s.actions.desk import speaker
from l2s.actions.disclosures import Prepared, leaving
from l2s.actions.house import House
from l2s.actions.states import choice_of, law_of, load
from l2s.domain.bundles import seal
from l2s.domain.chats import DETAILS, Chat, Message
from l2s.domain.people import HOST
from l2s.privacy.gate import MACHINE, Sealed, release
from l2s.privacy.ledger import Law, for_disclosure
from l2s.privacy.policy import Choice
from l2s.protocol.audience import label
from l2s.store import accounts, chats, ledger, messages
from l2s.store.disclosures import Disclosure
from l2s.store.sql import Sql


def prepare(house: House, session: str, key: str, readme: str, sql: Sql) -> Prepared:
    """Make the bundle. Nothing has left yet. Raises NotFound, Conflict."""
    one, at = leaving(house, sql, speaker(house, sql, session), key), house.clock.at()
    counts: dict[str, int] = {}
    files, revs = {"README.txt": readme.encode()}, {}
    for number, name in enumerate(one.chats, 1):
        chat = load(sql, name)
        written = _Written(house, sql, chat, at)
        files[f"chats/{number:03}-{label(chat)}.json"] = _file(house, written.whole())
        revs[name] = chat.rev
        for cls, n in written.counts.items():
            counts[cls] = counts.get(cls, 0) + n
    files["manifest.json"] = _file(house, _manifest(sql, one, counts, len(revs), at))
    return Prepared(seal(files), counts, revs)


def _file(house: House, told: dict[str, Any]) -> bytes:
    """A file with a salt of its own: its hash alone says nothing of it."""
    whole = {"salt": house.ids.salt().hex(), **told}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def _manifest(sql: Sql, one: Disclosure, counts: dict[str, int], n: int, at: int) -> dict[str, Any]:
    head = ledger.last(sql)
    agreed = (
        "nobody yet" if one.approved_by is None else "the host at the box" if one.approved_by == HOST.id else "another admin"
    )
    return {
        "disclosure": one.id, "ground": one.ground, "authority": one.authority, "reference": one.reference,
        "scope": one.scope, "asked_at": one.asked_at, "agreed_at": one.approved_at, "agreed_by": agreed, "made_at": at,
        "chats": n, "counts": counts, "ledger_position": head,
    }  # fmt: skip


class _Written:
    """A chat as it leaves: each value through the gate, counted by class."""

    def __init__(self, house: House, sql: Sql, chat: Chat, at: int) -> None:
        self._sql, self._chat, self._at = sql, chat, at
        self._law: Law = for_disclosure(law_of(house, sql, chat, at))
        self._choice: Choice = choice_of(chat, self._law)
        self.counts: dict[str, int] = {}

    def _out(self, sealed: Sealed[Any] | None) -> Any:
        value = release(sealed, "comply", MACHINE, self._choice, self._law, self._at)
        if sealed is not None and value is not None:
            self.counts[sealed.cls] = self.counts.get(sealed.cls, 0) + 1
        return value

    def whole(self) -> dict[str, Any]:
        """As JSON has it."""
        chat, told = self._chat, chats.details(self._sql, self._chat)
        names = {user.id: user.name for user in chats.people(self._sql, chat)}
        site = accounts.site(self._sql, chat.site)
        return {
            "chat": label(chat), "site": site.name if site else "", "state": chat.state, "language": chat.language,
            "opened_at": self._out(chat.opened_at), "ended_at": chat.ended_at,
            "visitor": {name: self._out(getattr(told, name)) for name in DETAILS} if told else {},
            "entries": [self._entry(one, names) for one in messages.since_rev(self._sql, chat, 0, 2**31)],
        }  # fmt: skip

    def _entry(self, one: Message, names: dict[str, str]) -> dict[str, Any]:
        by = names.get(one.author_id or "", "team") if one.author == "user" else one.author
        said: dict[str, Any] = {"seq": one.seq, "at": self._out(one.at), "by": by, "kind": one.kind}
        if one.kind == "event":
            return said | {"event": msgspec.json.decode(one.event or "{}").get("name")}
        return said | {"text": self._out(one.note if one.kind == "note" else one.body)}
