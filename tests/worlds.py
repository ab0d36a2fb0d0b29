"""A server through its days: every door by which a declaration can come, outages, clocks that are set, restarts, restores; and
beside it what tests/oracle_acts.py says of it.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from l2s.actions import erasure, policies, signins, sites
from l2s.actions.sites import checked_face, checked_site
from l2s.actions.timers import minute
from l2s.config import Settings
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import Rule, When, days, meet, up_to
from l2s.store import ledger
from l2s.web.app import opened
from l2s.web.drafts import fields_of
from l2s.web.host import VERBS
from l2s.web.hostdoor import restore
from l2s.web.server import listening
from tests.conftest import FakeClock
from tests.oracle_acts import DAY, Acts, Moment, Scope, acts
from tests.paper import Browser
from tests.personas import Shop, found_shop

DOMAINS: Final = ("tents.example", "shop.tents.example", "boats.example", "maps.example")
RELAY: Final = ("mail relay", "anywhere")
LEAP: Final = 120_000  # a minute that took longer was not served
Draft = dict[str, Rule]


def some_draft(dice: random.Random) -> Draft:
    """A declaration of the small universe: a chain or an incomparable pair in every field."""
    draft = {cls: FACTORY["site"][cls] for cls in ("times", "device_token")}
    if dice.random() < 0.4:  # all of it, which mostly waits, and ripens unless something is left out meanwhile
        draft["message"] = Rule(
            1, When.ALWAYS, days(180), frozenset(("answer", "run", "secure")), up_to("admin"), frozenset({RELAY})
        )
        return draft | {"referrer": Rule(2, When.UNLESS_OBJECTED, days(30), frozenset(("answer", "run")), up_to("admin"))}
    to = frozenset({RELAY}) if dice.random() < 0.5 else frozenset[tuple[str, str]]()
    why = frozenset(dice.choice((("answer",), ("answer", "run"), ("answer", "secure"))))
    reader = up_to(dice.choice(("team", "admin")))
    draft["message"] = Rule(1, When.ALWAYS, days(dice.choice((7, 180))), why, reader, to)
    if dice.random() < 0.8:
        when = dice.choice((When.TICKED, When.UNLESS_OBJECTED))
        draft["referrer"] = Rule(dice.choice((1, 2)), when, days(dice.choice((1, 30))), why, reader)
    return draft


async def _nothing() -> None:
    """In place of the loop's every second."""


class World:
    """A server with its sites and admins, through restarts; and beside it the oracle."""

    def __init__(self, folder: Path, clock: FakeClock, dice: random.Random) -> None:
        self.settings = Settings(data=str(folder / "data"), port=0, rate_send=0, rate_chats=0, rate_peers=0, rate_signin=10_000)
        self.folder, self.clock, self.dice = folder, clock, dice
        self.now = Moment(0, 0)
        self.scopes: dict[str, Scope] = {}  # every site that there ever was
        self.sites: dict[str, list[str]] = {}  # those that are there → origins
        self.made: Any = None
        self.seen = dict.fromkeys(("waits", "narrows", "ripens", "floors", "chats"), 0)
        self._stack = AsyncExitStack()

    @property
    def engine(self) -> Any:
        return self.shop.house.engine

    async def start(self) -> None:
        live = await self._stack.enter_async_context(opened(self.settings, self.clock))
        urls = await self._stack.enter_async_context(listening(live, self.settings))
        assert live.jobs
        live.jobs.step = _nothing  # type: ignore[method-assign]  # time passes here when a test says so
        if self.made:
            self.shop = Shop(live, urls, self.made)
        else:
            self.shop = await found_shop(live, urls)
            self.made = self.shop.made
            self._born(self.shop.site, ["localhost"])
            self.ada = await self.shop.add_user("Ada", "admin")
        self._stack.push_async_callback(self.shop.close)
        await self._sign_in()
        stored = dict(await self.engine.read(lambda sql: sql.all("SELECT name, value FROM meta")))
        wall, shown = int(stored.get("wall", 0)), int(stored.get("shown", 0))
        assert shown <= self.now.shown, "no start and no restore makes served time"
        self.now = Moment(wall, shown)

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def _sign_in(self) -> None:
        """The two admins, as often as their sessions end."""
        self.sessions = [await self._session(self.made.owner), await self._session(self.ada)]
        self.browsers = [Browser(self.shop, await self.shop.sign_in(user)) for user in (self.made.owner, self.ada)]

    async def _session(self, user: str) -> str:
        cookie = await self.shop.sign_in(user)
        found = await self.engine.read(lambda sql: signins.session_of(self.shop.house, cookie.partition("=")[2], sql))
        assert found
        return str(found[0])

    @property
    def moment(self) -> Moment:
        return Moment(max(self.clock.at(), self.now.wall), self.now.shown)

    def _born(self, site: str, origins: list[str]) -> None:
        scope = Scope()
        scope.post(acts(FACTORY["site"]), self.moment)
        self.scopes[site] = scope
        self._moved(site, origins)

    def _moved(self, site: str, origins: list[str]) -> None:
        self.sites[site] = origins
        names = frozenset(name for name in origins if name in DOMAINS)
        scope, before = self.scopes[site], self.scopes[site].permitted
        scope.move(names, [other for key, other in self.scopes.items() if key != site], self.moment)
        self.seen["floors"] += scope.permitted != before

    def posted(self, site: str, draft: Draft) -> bool:
        scope, before = self.scopes[site], self.scopes[site].permitted
        waits = scope.post(acts(draft), self.moment)
        self.seen["waits"] += waits
        self.seen["narrows"] += bool(before & ~scope.permitted)
        return waits

    # The doors.

    def _site(self) -> str:
        return self.dice.choice(list(self.sites))

    def _mine(self) -> str:
        """A site of Maja's own account."""
        return self.dice.choice([site for site in self.sites if site in self.own])

    @property
    def own(self) -> set[str]:
        return {row[0] for row in self.shop.rows("sites") if row[1] == self.made.account}

    async def at_the_box(self) -> None:
        site = self._site()
        draft = await self._one_more_recipient(site) if self.dice.random() < 0.5 else some_draft(self.dice)
        due = await self.engine.write(policies.post_version(self.shop.house, site, draft))
        assert due == (self.moment.wall + 15 * DAY if self.posted(site, draft) else 0)

    async def _one_more_recipient(self, site: str) -> Draft:
        """What is in force but for whom the messages go to."""
        draft = dict(await self._in_force(site))
        message = draft.get("message") or FACTORY["site"]["message"]
        return draft | {"message": msgspec.structs.replace(message, recipients=message.recipients ^ {RELAY})}

    async def two_admins(self) -> None:
        """Both at once: the second decides upon what the first has posted."""
        site, drafts = self._mine(), [some_draft(self.dice), some_draft(self.dice)]
        units = [policies.declare(self.shop.house, who, site, draft) for who, draft in zip(self.sessions, drafts, strict=True)]
        dues = await asyncio.gather(*map(self.engine.write, units))
        assert [bool(due) for due in dues] == [self.posted(site, draft) for draft in drafts]

    async def on_paper(self) -> None:
        """The editor's form: checked, then posted whole or as far as it narrows; another admin's review is out of date."""
        site, draft, (one, other) = self._mine(), some_draft(self.dice), self.browsers
        address, fields = f"/console/privacy/{site}", fields_of("site", draft, {})
        review, stale = [await browser.post(address, fields, "check") for browser in (one, other)]
        if "seen" not in review.form:
            return  # it says what was posted last
        what = self.dice.choice(("post", "narrow"))
        before = await self._in_force(site)
        assert (await one.post(address, review.form, what)).status == 200
        waits = self.scopes[site].opened and acts(draft) & ~acts(before)
        self.posted(site, meet(before, draft) if what == "narrow" and waits else draft)
        again = await other.post(address, stale.form, "post")
        assert again.status == 200, "shown again, not posted: somebody was faster"

    async def withdraw(self) -> None:
        site = self._mine()
        before = await self._in_force(site)
        found = await self.engine.read(lambda sql: policies.all_versions(self.shop.house, site, sql))
        if any(version.state == "pending" for version in found):
            await self.browsers[0].post(f"/console/privacy/{site}", {}, "withdraw")
            self.posted(site, before)

    async def new_site(self) -> None:
        origins = self.dice.sample(DOMAINS, self.dice.randint(1, 2))
        new = checked_site("Tents", origins, "Larch", "privacy@larch.example")
        self._born(await self.engine.write(sites.add_site(self.shop.house, self.sessions[0], new)), origins)

    async def new_account(self) -> None:
        """`l2s init --account`: somebody else on a domain that was promised something."""
        origins, name = [self.dice.choice(DOMAINS)], f"n{self.dice.random()}"
        args = {"owner_email": f"{name}@fox.example", "site_name": "Fox", "origins": origins, "account": name}
        self._born((await VERBS["make_account"](self.shop.house, self.shop.urls, args))["site"], origins)

    async def move(self) -> None:
        site, origins = self._mine(), self.dice.sample(DOMAINS, self.dice.randint(1, 2))
        await self.engine.write(
            sites.change_site(self.shop.house, self.sessions[1], site, checked_face("Tents", origins, "en"))
        )
        self._moved(site, origins)

    async def ledger_lost(self) -> None:
        laws = {site: meet(await self._in_force(site), FACTORY["site"]) for site in self.sites}
        await self.engine.write(policies.narrow_to_factory(self.shop.house))
        for site, draft in laws.items():
            self.posted(site, draft)

    async def chat(self) -> None:
        """A stranger writes: from now on the scope is opened, and the chat has a law of its own."""
        site = self._site()
        tab, key = await self.shop.writer("hello", site=site)
        self.scopes[site].opened = True
        self.scopes[site].chats[key] = self.scopes[site].permitted
        self.seen["chats"] += 1
        await tab.close()

    async def erase(self) -> None:
        chats = [(site, key) for site in self.sites for key in self.scopes[site].chats]
        if chats:
            site, key = self.dice.choice(chats)
            del self.scopes[site].chats[key]
            visitor = next(row[4] for row in self.shop.rows("chats") if row[0] == key)
            at, steady = self.clock.at(), self.clock.steady()
            await self.engine.write(lambda sql: erasure.erased_visitor(self.shop.house, sql, visitor, at, steady))

    # Time.

    async def served(self) -> None:
        """Days in which the notice could be read."""
        for _ in range(self.dice.choice((3, 8, 14, 15, 16))):
            self.clock.pass_(DAY)
            await self.engine.write(minute(self.shop.house, DAY))
            self._later(DAY)
        await self._sign_in()

    async def outage(self) -> None:
        """Days in which nobody could read it: the machine slept, or somebody set its clock, on or back."""
        jump = self.dice.random() < 0.5
        ms = self.dice.choice((-20, -3, 16, 40)) * DAY if jump else self.dice.choice((3, 16)) * DAY
        (self.clock.jump if jump else self.clock.pass_)(ms)
        self.clock.pass_(61_000)
        jobs = self.shop.live.jobs
        assert jobs
        await jobs.minute()
        self._later((await self._shown()) - self.now.shown, at_most=LEAP)
        await self._sign_in()

    async def _shown(self) -> int:
        return int((await self.engine.read(lambda sql: sql.one("SELECT value FROM meta WHERE name = 'shown'")))[0])

    def _later(self, served: int, at_most: int = DAY) -> None:
        assert 0 <= served <= at_most, "time was counted in which nobody could read"
        self.now = Moment(max(self.clock.at(), self.now.wall), self.now.shown + served)
        for scope in self.scopes.values():
            before = scope.permitted
            scope.settle(self.now)
            self.seen["ripens"] += bool(scope.permitted & ~before)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def backup(self) -> None:
        file = str(self.folder / "older.tar")
        Path(file).unlink(missing_ok=True)
        await VERBS["make_backup"](self.shop.house, self.shop.urls, {"to": file})

    async def restore(self) -> None:
        """An older database comes back; the ledger beside it remembers."""
        if not (self.folder / "older.tar").exists():
            return
        await self.stop()
        await restore(self.settings, self.folder / "older.tar", self.clock)
        await self.start()
        there = {row[0]: row[4].split("\n") for row in self.shop.rows("sites")}
        chats = {row[0] for row in self.shop.rows("chats")}
        self.sites = {site: origins for site, origins in self.sites.items() if site in there}
        for site in self.sites:  # as start finds them: in the order of their rows
            self._moved(site, there[site])
            self.scopes[site].chats = {key: lived for key, lived in self.scopes[site].chats.items() if key in chats}

    # The comparison.

    async def _in_force(self, site: str) -> Draft:
        return await self.engine.read(lambda sql: policies.current(self.shop.house, site, sql).rules)  # type: ignore[no-any-return]

    async def agree(self, door: str) -> None:
        rows = {row[0]: row for row in self.shop.rows("chats")}
        for site in self.sites:
            scope = self.scopes[site]
            self._same(door, acts(await self._in_force(site)), scope.permitted)
            for key, lived in scope.chats.items():
                since = rows[key][19]
                self._same(f"{door}, of a chat", acts(await self._governing(site, since)), lived)

    async def _governing(self, site: str, since: int) -> Draft:
        house, at = self.shop.house, self.clock.at()

        def law(sql: Any) -> Draft:
            return house.laws.governing(sql, site, since, ledger.head(sql, site), at).rules

        return await self.engine.read(law)  # type: ignore[no-any-return]

    def _same(self, door: str, code: Acts, model: Acts) -> None:
        assert not code & ~model, f"{door}: it permits {(code & ~model).bit_count()} acts that it must not yet"
        assert code == model, f"{door}: it lost {(model & ~code).bit_count()} acts"
