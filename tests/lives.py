"""A shop's life for the property test of privacy: what its people do, and what the model of tests/universe.py makes of it."""

from __future__ import annotations

import random
from typing import Any, Final

from l2s.actions import signins
from l2s.actions.policies import post_version
from l2s.jobs.retention import Run
from l2s.web.app import scrub
from tests import universe
from tests.conftest import FakeClock
from tests.personas import Shop, Visitor, found_fox, new_id
from tests.universe import READERS, Datum, Law, Needle, Person, Sight, fits

PEOPLE: Final = 4


class Life:
    """A shop, its people, and what the model knows of them."""

    def __init__(self, shop: Shop, clock: FakeClock, seed: int) -> None:
        self.shop, self.clock = shop, clock
        self.dice = random.Random(seed)
        self.law: Law = universe.some_law(self.dice)
        self.people = [Person(f"seed-{seed}", n) for n in range(PEOPLE)]
        self.tabs: dict[Person, Visitor] = {}
        self.ever: dict[str, set[Needle]] = {}  # what an audience was ever allowed to see
        self.heard: list[tuple[str, Any]] = []  # (audience, wire)
        self.stamps: dict[Person, Datum] = {}
        self.seen = {"disk": 0, "read": 0, "hidden": 0, "refused": 0}

    def pass_(self, ms: int) -> None:
        self.clock.pass_(ms)

    async def declare(self, law: Law) -> None:
        await self.shop.house.engine.write(post_version(self.shop.house, self.shop.site, universe.as_declared(law)))

    async def open(self) -> None:
        """The first declaration, the desk, and people who only look."""
        await self.declare(self.law)
        fox = await found_fox(self.shop)
        await self.sign_in(await self.shop.add_user("Tom"), await self.shop.add_user("Ada", "admin"))
        self.heard.append(("Fox", await self.shop.console(fox.owner)))
        for one in self.people:
            await self._look(one)
            if self.dice.random() < 0.15:
                one.choice = "objected"
            tab = await self.shop.visitor(headers=one.headers(), **one.hello(), objected=one.choice == "objected")
            self.tabs[one] = tab
            self.heard.append((one.seed, tab))
            one.told = one.details()
            for datum in one.told:  # at the door, as the person stands then
                datum.level = one.lies(self.law, datum, self.clock.at())
        wrong = self.disk(looking=True)
        assert not wrong, ("whoever only looks leaves nothing", wrong)

    async def sign_in(self, tom: str, ada: str) -> None:
        """The desk, as often as its sessions end."""
        self.tom, self.ada = await self.shop.console(tom), await self.shop.console(ada)
        self.heard += [("Tom", self.tom), ("Ada", self.ada)]
        self.sessions = [await self._session(self.shop.made.owner), await self._session(ada)]
        self.cookie = await self.shop.sign_in(ada)

    async def _session(self, user: str) -> str:
        cookie = await self.shop.sign_in(user)
        found = await self.shop.house.engine.read(
            lambda sql: signins.session_of(self.shop.house, cookie.partition("=")[2], sql)
        )
        assert found
        return found[0]

    async def _look(self, one: Person) -> None:
        """Every public address, with everything that a browser may send to it."""
        site = self.shop.site
        paths = ("/", f"/chat/{site}", f"/l2s.js?site={site}&x={one.word('query')}", f"/privacy/{site}", "/readyz", "/login")
        for path in (*paths, f"/{one.word('query')}", f"/receipt/{one.word('query')}", f"/ws/{one.word('query')}"):
            async with self.shop.http.get(self.shop.base + path, headers=one.headers()) as answer:
                await answer.read()
        form = {"mail": f"{one.word('query')}@x.example", "password": one.word("fragment")}
        async with self.shop.http.post(
            f"{self.shop.base}/login", data=form, headers=one.headers() | {"Origin": self.shop.base}
        ):
            pass

    # What people do.

    async def begin(self, one: Person) -> None:
        """The first words: sent, or left in the form; refused where the declaration keeps none of such a person."""
        tab = self.tabs[one]
        if one.choice == "none":
            await self.dice.choice((self.tick, self.tick, self.object, self.wait))(one)
        await tab.enter(one.token)
        left = self.dice.random() < 0.4
        said, at = {"id": new_id(), "text": f"hello {one.word('text')}"}, self.clock.at()
        more = {"mail": f"{one.word('mail')}@{one.word('domain')}.example", "name": f"Ms {one.word('name')}"}
        await tab.say("leave" if left else "send", **said, **(more if left else {}))
        if not one.permits(self.law, "message"):
            refused = await tab.hear("refused")
            assert refused["code"] == ("tick_first" if one.state(self.law) == "none" else "not_collected")
            one.told, one.chat = [], ""
            self.seen["refused"] += 1
            return
        one.chat = (await tab.hear("message", lambda frame: frame["message"]["id"] == said["id"]))["chat"]
        for datum in one.told:  # again inside the unit
            datum.level = min(datum.level, one.lies(self.law, datum, at))
        one.keep(self.law, at, one.tell("message", "text"), self._token(one))
        if left:
            one.keep(self.law, at, one.tell("name", "name"), one.tell("mail", "mail"), one.tell("mail", "domain"))

    def _token(self, one: Person) -> Datum:
        key = self.shop.house.keys.hash("token", f"{self.shop.site}:{one.token}")
        one.told.append(Datum("device_token", [Needle(key)]))
        return one.told[-1]

    async def wait(self, one: Person) -> None:
        """Nothing is chosen."""

    async def object(self, one: Person) -> None:
        await self.tabs[one].ask("object", "law", on=True)
        one.choice = "objected"
        for datum in one.told:  # what the session still holds
            datum.level = min(datum.level, one.lies(self.law, datum, self.clock.at()))

    async def tick(self, one: Person) -> None:
        version = [frame["law"]["version"] for frame in self.tabs[one].frames if frame["type"] in ("welcome", "law")][-1]
        told = await self.tabs[one].ask("tick", "law", on=True, version=version)
        one.choice, one.agreed = "ticked", universe.asked(self.law)
        assert told["ticked"] is bool(one.agreed)

    def stamped(self, one: Person) -> None:
        """A message at an instant that nothing else has."""
        at = self.clock.at()
        self.stamps[one] = Datum("times", [Needle(at.to_bytes(6, "big"), 2)])
        one.told.append(self.stamps[one])
        one.keep(self.law, at, one.told[-1])

    async def talk(self, one: Person) -> None:
        """Tom takes it, answers and notes; the visitor goes on, corrects, states, asks."""
        tab, chat, dice = self.tabs[one], one.chat, self.dice
        if dice.random() < 0.7:
            self.pass_(1234)
            await self.tom.ask("take", "chat", chat=chat)
            one.owner = self.tom.id
            self.pass_(777)
            await self.tom.reply(chat, f"answer {one.word('reply')}")
            one.keep(self.law, self.clock.at(), one.tell("message", "reply"))
            self.stamped(one)
            self.pass_(777)
            await self._note(one)
        if not one.permits(self.law, "device_token"):
            return  # its token was never kept: the tab may look on, no more
        if one.owner:
            self.pass_(555)
            await tab.write(f"more {one.word('more')}")
            one.keep(self.law, self.clock.at(), one.tell("message", "more"))
            self.stamped(one)
            self.pass_(555)
        await tab.say("typing", on=True)
        await tab.say("mark", delivered=2, read=2)
        await self._correct(one)
        await self._ask(one)
        self.pass_(555)
        key = new_id()
        await tab.say("state", id=key, text=f"I say {one.word('statement')}")
        await tab.hear("message", lambda frame: frame["message"]["id"] == key)
        one.keep(self.law, self.clock.at(), one.tell("message", "statement"))
        await self.tom.quiet()

    async def _note(self, one: Person) -> None:
        await self.tom.say("note", chat=one.chat, id=new_id(), text=f"about {one.word('note')}")
        if not one.permits(self.law, "about"):
            assert (await self.tom.hear("refused"))["code"] == "not_collected"
            return
        await self.tom.hear("message", lambda frame: frame["message"]["body"]["kind"] == "note")
        one.keep(self.law, self.clock.at(), one.tell("about", "note"))

    async def _correct(self, one: Person) -> None:
        if self.dice.random() < 0.5:
            return
        await self.tabs[one].ask("correct", "my_data", name=f"Dr {one.word('corrected')}")
        self.note_ever()
        one.told = [datum for datum in one.told if datum.cls != "name" or not one.permits(self.law, "name")]
        one.keep(self.law, self.clock.at(), one.tell("name", "corrected"))

    async def _ask(self, one: Person) -> None:
        tab, words = self.tabs[one], {"text": f"why {one.word('question')}", "contact": f"{one.word('contact')}@x.example"}
        await tab.say("ask", id=new_id(), **words)
        if one.permits(self.law, "case") and self.law["case"].keep != universe.ONLY_MEMORY:
            await tab.hear("asked")
            question = one.tell("case", "question", ended_with_chat=False), one.tell("case", "contact", ended_with_chat=False)
            one.keep(self.law, self.clock.at(), *question)
        else:
            assert (await tab.hear("refused"))["code"] == "not_collected"

    async def change(self) -> None:
        """Another declaration, of which only what is narrower acts; and people who change their minds."""
        await self.declare(draft := universe.some_law(self.dice))
        self.law = universe.meet(self.law, draft)
        for one in self.people:
            await self.tabs[one].quiet()
            what = self.dice.choice(("object", "withdraw", "forget", "nothing", "nothing"))
            if not one.chat or not self.token_lives(one):
                continue
            if what == "object":
                await self.tabs[one].ask("object", "law", on=True)
                one.choice = "objected"
            elif what == "withdraw" and one.choice == "ticked":
                await self.tabs[one].ask("tick", "law", on=False)
                one.choice = "none"
            elif what == "forget":
                await self.tabs[one].ask("forget", "forgotten")
                one.forgotten = True
                one.told = [datum for datum in one.told if datum.cls != "device_token"]

    async def end(self) -> None:
        """Every chat ends, at an instant of its own."""
        for one in self.people:
            if one.chat:
                self.pass_(1111)
                await self.ada.say("end", chat=one.chat)
                await self.ada.hear("chat", lambda frame, key=one.chat: frame["chat"]["id"] == key and frame["chat"]["ended"])
                one.ended = self.clock.at()

    async def night(self) -> None:
        """What expired goes, and its bytes with it."""
        await Run(self.shop.house).whole()
        there = {row[0] for row in self.shop.rows("chats")}
        for one in self.people:
            one.night(self.law, self.clock.at())
            if one.chat and one.chat not in there:  # nothing of it was left: its row goes, and with the last one the token
                assert not any(datum.level for datum in one.told if datum.cls not in ("device_token", "case")), one.seed
                one.chat, one.told = "", [datum for datum in one.told if datum.cls != "device_token"]
        assert await scrub(self.shop.live)

    # What is where.

    def token_lives(self, one: Person) -> bool:
        lives = any(datum.cls == "device_token" and datum.level for datum in one.told) and not one.forgotten
        return lives and (one.ended is None or (one.permits(self.law, "device_token") and self._in_date(one, "device_token")))

    def _in_date(self, one: Person, cls: str) -> bool:
        return cls in self.law and one.in_date(self.law, Datum(cls, ()), self.clock.at())

    def reachable(self, one: Person) -> bool:
        """Is the chat there for a reader?"""
        rule = self.law.get("message")
        return one.ended is None or bool(rule and "answer" in rule.purposes and self._in_date(one, "message"))

    def disk(self, looking: bool = False) -> list[Any]:
        """Where the files and the model disagree."""
        sight = universe.folder(self.shop.house.engine.path.parent)
        wrong = [("never", one.seed, needle) for one in self.people for needle in one.nothing() if sight.has(needle)]
        for one in self.people:
            for datum in one.told:
                level = 0 if looking else datum.level
                self.seen["disk"] += level > 0
                wrong += [
                    (datum.cls, datum.level, one.seed, needle)
                    for needle, there in fits(datum, level).items()
                    if sight.has(needle) != there
                ]
        return wrong

    def compare(self, one: Person | None, name: str, text: bytes, classes: str, purpose: str = "", reader: str = "") -> None:
        """One answer to one audience against the model, both ways. `one`: whom it is about, None = everybody."""
        sight, at = Sight(text), self.clock.at()
        for other in self.people:
            wrong = [needle for needle in other.nothing() if sight.has(needle)]
            for datum in other.told:
                told = one in (other, None) and datum.cls in classes.split()
                level = other.reads(self.law, datum, at, purpose, reader) if told else 0
                for needle, there in fits(datum, level).items():
                    self.seen["read" if there else "hidden"] += 1
                    wrong += [needle] if sight.has(needle) != there else []
            assert not wrong, (name, other.seed, other.state(self.law), wrong)

    def note_ever(self) -> None:
        """What each audience may have seen by now: people's own, and what the declaration gives to a reader."""
        for one in self.people:
            for audience, reader in ((one.seed, ""), ("Tom", "operator" if one.owner else "team"), ("Ada", "admin")):
                for datum in one.told:
                    rule = self.law.get(datum.cls)
                    given = rule and (not reader or ("answer" in rule.purposes and READERS.index(reader) <= rule.reader))
                    level = rule.level if rule and given and one.permits(self.law, datum.cls) else 0
                    self.ever.setdefault(audience, set()).update(
                        needle for needle, there in fits(datum, level).items() if there
                    )

    def overheard(self) -> list[Any]:
        """Whatever stands in anybody's frames although this audience was never allowed to see it."""
        wrong = []
        for audience, wire in self.heard:
            sight, allowed = Sight(str(wire.frames).encode()), self.ever.get(audience, set())
            needles = [needle for one in self.people for datum in one.told for needle in datum.needles]
            needles += [needle for one in self.people for needle in one.nothing()]
            wrong += [(audience, needle) for needle in needles if needle not in allowed and sight.has(needle)]
        return wrong
