"""Four hundred days of chats and declarations: after each night exactly what the law of that instant leaves lies in the
database, nothing more, nothing less, nothing finer. The oracle of tests/oracle.py knows the posted numbers alone.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from l2s.actions.policies import post_version
from l2s.actions.timers import minute
from l2s.privacy.policy import CHAT, Rule, When, days, up_to
from tests import oracle
from tests.conftest import FakeClock, shop_at
from tests.oracle import DAY, Chat, Law, Laws
from tests.personas import Shop, User, Visitor, new_id

SECOND = 1_000
NIGHTS, SEED = 400, 7
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "X-Forwarded-For": "203.0.113.77",
}
LEVELS = {"address": 3, "browser": 2, "page": 2, "referrer": 2, "times": 2}
OBJECTABLE = ("address", "browser", "page", "referrer")
CLASSES = ("message", "times", "name", "mail", "about", "read_marks", "consent", "device_token", *OBJECTABLE)
NEEDED = ("message", "times", "device_token")  # a chat cannot be without
LENGTHS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55)


def as_declared(law: Law) -> dict[str, Rule]:
    """The oracle's law, in the program's own form."""
    return {
        cls: Rule(
            rule.level,
            When.ALWAYS if rule.always else When.UNLESS_OBJECTED,
            days(rule.days) if rule.days else CHAT,
            frozenset({"answer", "run", "comply"}),
            up_to("admin"),
        )
        for cls, rule in law.items()
    }


class Life:
    """A shop over many days, and what the oracle knows of it."""

    def __init__(self, shop: Shop, clock: FakeClock, seed: int) -> None:
        self.shop = shop
        self.clock = clock
        self.dice = random.Random(seed)
        self.laws = Laws({cls: self._rule(cls)._replace(level=LEVELS.get(cls, 1)) for cls in CLASSES})
        self.chats: dict[str, Chat] = {}
        self.tokens: dict[str, tuple[str, Law]] = {}  # visitor → token, the law of the row
        self.objected: set[str] = set()
        self.tom: User | None = None
        self.seen = {"gone": 0, "coarser": 0, "rows": 0, "waited": 0, "refused": 0}

    def _rule(self, cls: str) -> oracle.Rule:
        keep = self.dice.choice(LENGTHS[3:] if cls in ("message", "device_token") else LENGTHS)
        return oracle.Rule(self.dice.randint(1, LEVELS.get(cls, 1)), keep, cls not in OBJECTABLE)

    async def declare(self) -> None:
        """Another version: some classes another way, sometimes one off or on."""
        draft = dict(self.laws.newest)
        for cls in self.dice.sample(CLASSES, self.dice.randint(1, 4)):
            if cls in draft and cls not in NEEDED and self.dice.random() < 0.2:
                del draft[cls]
            else:
                draft[cls] = self._rule(cls)
        due = await self.shop.house.engine.write(post_version(self.shop.house, self.shop.site, as_declared(draft)))
        self.laws.post(draft, self.clock.at())
        assert bool(due) == bool(self.laws.waiting and self.laws.waiting[-1][1] == draft)
        self.seen["waited"] += bool(due)
        self._law_moved()

    def _law_moved(self) -> None:
        now = self.laws.now
        for chat in self.chats.values():
            chat.law = oracle.meet(chat.law, now)
        self.tokens = {visitor: (token, oracle.meet(law, now)) for visitor, (token, law) in self.tokens.items()}

    async def talk(self) -> None:
        """A visitor, new or known, writes; somebody answers, and mostly it ends."""
        known = [visitor for visitor in self.tokens if not self._is_live(visitor)]
        visitor = self.dice.choice(known) if known and self.dice.random() < 0.4 else ""
        before = self._latest(visitor)
        if before and not oracle.left("device_token", self.tokens[visitor][1], False, before.ended, self.clock.at()):
            await self._refused(self.tokens[visitor][0])
            visitor, before = "", None
        token = self.tokens[visitor][0] if visitor else None
        if before and self._reopens(before):
            before.values = oracle.expected(before, visitor in self.objected, self.clock.at())
        tab = await self.shop.visitor(
            token, headers=HEADERS, page="https://shop.example/tents/7", referrer="https://search.example/found",
            objected=self.dice.random() < 0.1,
        )  # fmt: skip
        if not token:
            token = await tab.enter()
        chat = (await tab.write(f"words {self.dice.random()}"))["chat"]
        visitor = visitor or self.shop.house.keys.visitor(self.shop.site, token)
        if self._is_objected(visitor):
            self.objected.add(visitor)
        self._begin(chat, visitor, token)
        if self.dice.random() < 0.5:
            await self._answer(tab, chat)
        elif self.dice.random() < 0.9:
            await tab.say("end")
            await tab.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
        if self.dice.random() < 0.1:
            await tab.ask("object", "law", on=True)
            self.objected.add(visitor)
        self._capture(chat)
        await tab.close()

    async def _refused(self, token: str) -> None:
        """A token whose time is over is worth nothing, before the night that blanks it, too."""
        tab = await self.shop.connect("/ws/visitor", Visitor)
        told = await tab.ask("hello", "refused", protocol=1, site=self.shop.site, token=token)
        assert told["code"] == "token_ended"
        self.seen["refused"] += 1
        await tab.close()

    def _begin(self, key: str, visitor: str, token: str) -> None:
        now = self.laws.now
        chat = self.chats.setdefault(key, Chat(key, visitor, now))
        chat.ended = None
        self.tokens.setdefault(visitor, (token, now))

    async def _answer(self, tab: Visitor, chat: str) -> None:
        tom = self.tom
        assert tom
        await tom.ask("take", "chat", chat=chat)
        await tom.reply(chat, f"answer {self.dice.random()}")
        await tom.say("mark", chat=chat, delivered=2, read=2)
        if self.dice.random() < 0.5:
            await tom.say("note", chat=chat, id=new_id(), text=f"about {self.dice.random()}")
        await tab.say("mark", delivered=3, read=3)
        await tab.quiet()
        await tom.quiet()
        if self.dice.random() < 0.9:
            await tom.say("end", chat=chat)
            await tom.hear("chat", lambda frame: frame["chat"]["id"] == chat and frame["chat"]["state"] == "closed")

    def _capture(self, key: str) -> None:
        """What was written of a chat, at the level at which it came in. What was there before must be there still."""
        chat, there = self.chats[key], oracle.lying(self.shop.house.engine.path, key)[key]
        for place, value in oracle.expected(chat, chat.visitor in self.objected, self.clock.at()).items():
            if place[1] not in ("opened_at", "taken_at", "visitor_delivered", "visitor_read", "delivered", "read"):
                level = oracle.left(oracle.class_of(place), chat.law, False, None, 0)
                assert place in there, ("lost", key, place)
                assert oracle.reduced(there[place], oracle.class_of(place), level) == value, ("changed", key, place)
        state, chat.ended = self._row(key)
        assert (state == "closed") == (chat.ended is not None)
        chat.values = there

    def _row(self, key: str) -> tuple[str, int | None]:
        rows = {row[0]: (row[7], row[14]) for row in self.shop.rows("chats")}
        return rows[key]

    def _is_objected(self, visitor: str) -> bool:
        return any(row[0] == visitor and row[5] for row in self.shop.rows("visitors"))

    def _is_live(self, visitor: str) -> bool:
        return any(chat.visitor == visitor and chat.ended is None for chat in self.chats.values())

    def _latest(self, visitor: str) -> Chat | None:
        mine = [chat for chat in self.chats.values() if chat.visitor == visitor]
        return mine[-1] if mine else None

    def _reopens(self, chat: Chat) -> bool:
        at = self.clock.at()
        has_words = oracle.left("message", chat.law, False, chat.ended, at) > 0
        return has_words and chat.ended is not None and at - chat.ended <= 3 * DAY

    async def day(self, n: int) -> None:
        """From midnight to midnight."""
        midnight = self.clock.at() - self.clock.at() % DAY + DAY
        if n % 25 == 0:
            self.tom = await self.shop.console(self.tom.id) if self.tom else await self.shop.operator("Tom")
        times = sorted(self.dice.randrange(SECOND, DAY - 3600 * SECOND) for _ in range(4))
        for moment in times[: self.dice.choice((1, 1, 2))]:
            self._pass_to(midnight - DAY + moment)
            await self.talk()
        if self.dice.random() < 0.1:
            self._pass_to(midnight - DAY + times[-1] + 60 * SECOND)
            await self.declare()
        await self._evening(midnight)
        await self.shop.step()
        self._check(midnight, n)

    def _pass_to(self, at: int) -> None:
        self.clock.pass_(max(0, at - self.clock.at()))

    async def _evening(self, midnight: int) -> None:
        """Timers fire and what is ripe ripens, before the night takes anything."""
        self._pass_to(midnight - 60 * SECOND)
        await self.shop.house.engine.write(minute(self.shop.house, DAY))
        await self.shop.step()
        if self.laws.ripen(self.clock.at()):
            self._law_moved()
        for key in [chat.key for chat in self.chats.values() if chat.ended is None]:
            self._capture(key)
        self._pass_to(midnight)

    def _check(self, at: int, n: int) -> None:
        found, wanted = oracle.lying(self.shop.house.engine.path), {}
        for chat in list(self.chats.values()):
            values = oracle.expected(chat, chat.visitor in self.objected, at)
            self.seen["gone"] += len(chat.values) - len(values)
            self.seen["coarser"] += sum(values[key] != chat.values[key] for key in values)
            chat.values = values
            if values or chat.ended is None:
                wanted[chat.key] = values
            else:
                del self.chats[chat.key]
                self.seen["rows"] += 1
        assert found == wanted, f"night {n}"
        self._check_tokens(at, n)

    def _check_tokens(self, at: int, n: int) -> None:
        wanted: dict[str, bool] = {}
        for visitor in list(self.tokens):
            mine = [chat.ended for chat in self.chats.values() if chat.visitor == visitor]
            if mine:
                ended = None if None in mine else max(one or 0 for one in mine)
                wanted[visitor] = oracle.left("device_token", self.tokens[visitor][1], False, ended, at) > 0
            if not wanted.get(visitor):  # it is told to begin anew
                self.tokens.pop(visitor)
        rows = {row[0]: row[3] is not None for row in self.shop.rows("visitors")}
        assert {key for key, lives in rows.items() if lives} == {key for key, on in wanted.items() if on}, f"night {n}"
        assert set(rows) == {chat.visitor for chat in self.chats.values()}, f"night {n}"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_four_hundred_nights_leave_exactly_what_the_law_of_each_leaves(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock, trusted_proxies=["127.0.0.1"], retention_hour=0, rate_chats=0, rate_peers=0) as shop:
        life = Life(shop, clock, SEED)
        await shop.house.engine.write(post_version(shop.house, shop.site, as_declared(life.laws.ripe)))
        for n in range(NIGHTS):
            await life.day(n)
        assert all(life.seen.values()), ("premise: everything happened", life.seen)
        told: list[Any] = [row for row in shop.rows("ledger") if row[2] == "retained" and row[1] == shop.site]
        assert len(told) > NIGHTS // 10
