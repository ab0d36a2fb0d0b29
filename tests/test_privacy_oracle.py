"""Nothing acts before fifteen days by the wall *and* fifteen of served time, whatever door a declaration comes through; what is
narrower acts on the next frame. Every act on every visitor's datum in a small universe is counted by tests/oracle_acts.py.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from l2s.actions import policies, sites
from l2s.actions.sites import checked_face, checked_site
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import Rule, When, days, up_to
from l2s.web.drafts import fields_of
from tests.conftest import FakeClock
from tests.personas import Visitor
from tests.worlds import World

SEEDS, STEPS = (0, 3), 32
DOORS = (
    (World.at_the_box, 3), (World.two_admins, 2), (World.on_paper, 3), (World.withdraw, 1), (World.new_site, 2),
    (World.move, 2), (World.new_account, 1), (World.ledger_lost, 1), (World.chat, 3), (World.erase, 1), (World.served, 8),
    (World.outage, 3), (World.restart, 1), (World.backup, 2), (World.restore, 2),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_acts_before_its_days_through_any_door(tmp_path: Path, clock: FakeClock, seed: int) -> None:
    dice = random.Random(seed)
    world = World(tmp_path, clock, dice)
    await world.start()
    try:
        doors = [door for door, weight in DOORS for _ in range(weight)]
        for door in [World.chat, *(dice.choice(doors) for _ in range(STEPS))]:
            await door(world)
            await world.agree(door.__name__)
        assert world.seen["waits"], "premise: something had to wait"
        assert world.seen["narrows"], "premise: something acted at once"
        assert world.seen["ripens"], "premise: something waited to its end"
    finally:
        await world.stop()


# A narrowing acts on the next frame of open sockets, whatever door it comes through.

WIDE = FACTORY["site"] | {"referrer": Rule(1, When.UNLESS_OBJECTED, days(30), frozenset({"answer"}), up_to("admin"))}
NARROW = {cls: rule for cls, rule in WIDE.items() if cls != "referrer"}


async def by_admin(world: World) -> None:
    await world.engine.write(policies.declare(world.shop.house, world.sessions[1], world.shop.site, NARROW))


async def by_box(world: World) -> None:
    await world.engine.write(policies.post_version(world.shop.house, world.shop.site, NARROW))


async def by_form(world: World, what: str = "post") -> None:
    address = f"/console/privacy/{world.shop.site}"
    review = await world.browsers[0].post(address, fields_of("site", NARROW, {}), "check")
    await world.browsers[0].post(address, review.form, what)


async def by_form_of_what_only_narrows(world: World) -> None:
    await by_form(world, "narrow")


async def by_taking_back(world: World) -> None:
    """What waits goes, and with it what was already left out stays out."""
    await world.engine.write(policies.declare(world.shop.house, world.sessions[0], world.shop.site, NARROW))
    wider = NARROW | {"phone": WIDE["name"], "referrer": WIDE["referrer"]}
    await world.engine.write(policies.declare(world.shop.house, world.sessions[0], world.shop.site, wider))
    await world.browsers[0].post(f"/console/privacy/{world.shop.site}", {}, "withdraw")


async def by_moving(world: World) -> None:
    """Onto a domain where less was promised to somebody."""
    new = checked_site("Tents", ["tents.example"], "Larch", "privacy@larch.example")
    other = await world.engine.write(sites.add_site(world.shop.house, world.sessions[0], new))
    await world.engine.write(policies.post_version(world.shop.house, other, NARROW))
    await world.shop.writer("a stranger", site=other)
    both = checked_face("Larch", ["localhost", "tents.example"], "en")
    await world.engine.write(sites.change_site(world.shop.house, world.sessions[0], world.shop.site, both))


NARROWINGS: tuple[Callable[[World], Awaitable[None]], ...] = (
    by_admin, by_box, by_form, by_form_of_what_only_narrows, by_taking_back, by_moving,
)  # fmt: skip


@pytest.mark.parametrize("door", NARROWINGS, ids=lambda door: door.__name__)
@pytest.mark.parametrize("opened_before", [False, True])
async def test_a_narrowing_acts_on_the_next_frame_of_open_sockets(
    tmp_path: Path, clock: FakeClock, door: Callable[[World], Awaitable[None]], opened_before: bool
) -> None:
    world = World(tmp_path, clock, random.Random(0))
    await world.start()
    try:
        shop = world.shop
        await world.engine.write(policies.post_version(shop.house, shop.site, WIDE))
        tom = await shop.operator("Tom")
        told = {"referrer": "https://search.example/found"}
        _, chat = await shop.writer("hello", **told) if opened_before else (None, "")
        if chat:
            card = (await tom.ask("open", "conversation", chat=chat))["details"]
            assert next(row["value"] for row in card if row["name"] == "referrer") == "/found", "premise: it was kept"
        tab: Visitor = await shop.visitor(**told)
        await door(world)
        law = await tab.hear("law")
        assert law["law"]["version"] > 2
        await tab.enter()
        later = (await tab.write("after"))["chat"]
        for key in filter(None, (chat, later)):
            card = (await tom.ask("open", "conversation", chat=key))["details"]
            row = next(row for row in card if row["name"] == "referrer")
            assert (row["level"], row["value"]) == ("none", None), key
        kept = {row[0]: row[6] for row in shop.rows("details")}
        assert kept.get(later) is None, "not even written"
    finally:
        await world.stop()


async def test_words_that_a_reader_may_not_read_any_more_are_not_in_the_next_frame(tmp_path: Path, clock: FakeClock) -> None:
    world = World(tmp_path, clock, random.Random(0))
    await world.start()
    try:
        shop, mine = world.shop, FACTORY["site"]["message"]
        tom = await shop.operator("Tom")
        tab, _ = await shop.writer("hello")
        await tom.hear("message", lambda frame: frame["message"]["body"]["text"] == "hello")
        only = FACTORY["site"] | {"message": Rule(1, mine.when, mine.keep, mine.purposes, frozenset({"operator"}))}
        await world.engine.write(policies.post_version(shop.house, shop.site, only))
        await tab.write("for whoever takes it")
        heard = await tom.hear("message")
        assert heard["message"]["body"]["text"] is None
    finally:
        await world.stop()
