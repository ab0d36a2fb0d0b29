"""Who may change what is kept, and from when: the floor of a domain, taking back, words, a ledger that was touched."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2s.actions import policies, signins, sites
from l2s.actions.sites import checked_face, checked_site
from l2s.actions.timers import minute
from l2s.clock import DAY, HOUR
from l2s.domain.origins import domains, same_domain
from l2s.errors import NotFound, SignInNeeded
from l2s.privacy.classes import SITE_CLASSES, chain
from l2s.privacy.factory import FACTORY
from l2s.privacy.ledger import in_force
from l2s.privacy.policy import Rule, When, days, explain, narrower, up_to
from l2s.store import ledger
from tests.conftest import FakeClock
from tests.personas import Shop, found_fox

NARROW = FACTORY["site"] | {"message": msgspec.structs.replace(FACTORY["site"]["message"], keep=days(7))}
RULES = st.builds(
    Rule, st.integers(0, 1), st.sampled_from(When), st.sampled_from([0, 1, 2, 31]),
    st.frozensets(st.sampled_from(["answer", "run"])), st.sampled_from([up_to("team"), up_to("admin")]),
)  # fmt: skip
DRAFTS = st.dictionaries(st.sampled_from(["message", "name", "mail"]), RULES, max_size=3)


@given(DRAFTS, DRAFTS)
def test_what_is_explained_as_wider_is_what_is_not_narrower(a: dict[str, Rule], b: dict[str, Rule]) -> None:
    changes = explain(a, b)
    assert any(change.wider for change in changes) == (not narrower(b, a))
    assert any(not change.wider for change in changes) == (not narrower(a, b))


def test_the_domains_of_a_list_are_its_public_names() -> None:
    entries = ("shop.example", "*.larch.example", "www.fox.example:8443", "localhost", "127.0.0.1", "file:")
    assert domains(entries) == {"shop.example", "larch.example", "fox.example"}
    assert same_domain("shop.example", "a.shop.example")
    assert not same_domain("shop.example", "myshop.example")


async def session_of(shop: Shop, user: str) -> str:
    cookie = await shop.sign_in(user)
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, cookie.partition("=")[2], sql))
    assert found is not None
    return found[0]


async def add_site(shop: Shop, session: str, *origins: str) -> str:
    new = checked_site("Tents", list(origins), "Larch & Rook Ltd", "privacy@larch.example")
    return await shop.house.engine.write(sites.add_site(shop.house, session, new))


async def law(shop: Shop, site: str) -> dict[str, Rule]:
    return await shop.house.engine.read(lambda sql: in_force("site", ledger.laws(sql, site)))


async def message_days(shop: Shop, site: str) -> int:
    return (await law(shop, site))["message"].keep - 1


async def serve(shop: Shop, clock: FakeClock, hours: int) -> None:
    for _ in range(hours):
        clock.pass_(HOUR)
        await shop.house.engine.write(minute(shop.house, HOUR))


async def stand(shop: Shop, *origins: str) -> tuple[str, str]:
    """A second site on a public domain, where a stranger wrote and the words are kept seven days: (session, site)."""
    session = await session_of(shop, shop.made.owner)
    site = await add_site(shop, session, *origins)
    await shop.house.engine.write(policies.declare(shop.house, session, site, NARROW))
    await shop.writer("a stranger", site=site)
    return session, site


@pytest.mark.parametrize(
    ("origin", "kept"),
    [("shop.example", 7), ("www.shop.example", 7), ("*.shop.example", 7), ("new.shop.example", 7), ("other.example", 180)],
)
async def test_a_new_site_on_a_known_domain_inherits_its_promise(still_shop: Shop, origin: str, kept: int) -> None:
    shop = still_shop
    session, _ = await stand(shop, "shop.example")
    fresh = await add_site(shop, session, origin)
    assert await message_days(shop, fresh) == kept
    due = await shop.house.engine.write(policies.declare(shop.house, session, fresh, FACTORY["site"]))
    assert bool(due) == (kept == 7), "whoever inherits a promise waits like its first owner"


async def test_a_site_that_moves_to_a_known_domain_inherits_its_promise(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    session, first = await stand(shop, "shop.example")
    second = await add_site(shop, session, "elsewhere.example")
    assert await message_days(shop, second) == 180
    gone = checked_face("Tents", ["elsewhere2.example"], "en")
    await shop.house.engine.write(sites.change_site(shop.house, session, first, gone))
    moved = checked_face("Tents", ["elsewhere.example", "shop.example"], "en")
    await shop.house.engine.write(sites.change_site(shop.house, session, second, moved))
    assert await message_days(shop, second) == 7, "the promise stayed with the domain when its first site left"
    third = await add_site(shop, session, "shop.example")
    await serve(shop, clock, 16 * 24)
    await shop.house.engine.write(sites.change_site(shop.house, session, third, gone))
    assert await message_days(shop, third) == 7, "and with the site that inherited it"


async def test_another_account_on_the_same_domain_inherits_too_and_setting_up_promises_nothing(still_shop: Shop) -> None:
    shop = still_shop
    await stand(shop, "shop.example")
    fox = await found_fox(shop)
    foreign = await session_of(shop, fox.owner)
    assert await message_days(shop, await add_site(shop, foreign, "shop.example")) == 7
    unopened = await add_site(shop, foreign, "quiet.example")
    await shop.house.engine.write(policies.declare(shop.house, foreign, unopened, NARROW))
    assert await message_days(shop, await add_site(shop, foreign, "quiet.example")) == 180


async def test_what_waits_can_be_taken_back_and_never_acts(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    wide = NARROW | {"message": FACTORY["site"]["message"]}
    assert await shop.house.engine.write(policies.declare(shop.house, session, site, wide)) == clock.at() + 15 * DAY
    found = await shop.house.engine.read(lambda sql: policies.all_versions(shop.house, site, sql))
    assert [version.state for version in found] == ["pending", "in_force", "past"]
    await serve(shop, clock, 24 * 6)
    found = await shop.house.engine.read(lambda sql: policies.all_versions(shop.house, site, sql))
    assert found[0].day == 6
    await shop.house.engine.write(policies.withdraw(shop.house, session, site))
    await serve(shop, clock, 24 * 30)
    assert await message_days(shop, site) == 7
    found = await shop.house.engine.read(lambda sql: policies.all_versions(shop.house, site, sql))
    assert [version.state for version in found] == ["in_force", "withdrawn", "past", "past"]


async def test_the_owners_own_words_wait_like_a_widening(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    said = {"en": "We also water the plants."}
    assert await shop.house.engine.write(policies.declare(shop.house, session, site, NARROW, said)) > 0
    assert await shop.house.engine.write(policies.declare(shop.house, session, site, await law(shop, site))) == 0


async def test_a_preview_says_what_a_post_would_do(still_shop: Shop) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    wide = NARROW | {"message": FACTORY["site"]["message"]}
    wide = {cls: one for cls, one in wide.items() if cls != "rating"}
    told = await shop.house.engine.read(lambda sql: policies.preview(shop.house, site, wide, None, sql))
    assert [(change.cls, change.wider) for change in told.now] == [("rating", False)]
    assert [(change.cls, change.field, change.old, change.new) for change in told.later] == [("message", "days", "7", "180")]
    assert await shop.house.engine.write(policies.declare(shop.house, session, site, told.narrower)) == 0
    assert await shop.house.engine.write(policies.declare(shop.house, session, site, wide)) == told.due


async def test_only_who_may_declares(still_shop: Shop) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    fox = await found_fox(shop)
    operator = await session_of(shop, await shop.add_user("Tom"))
    admin = await session_of(shop, await shop.add_user("Ada", "admin"))
    foreign = await session_of(shop, fox.owner)
    for who in (operator, foreign):
        for unit in (policies.declare(shop.house, who, site, NARROW), policies.withdraw(shop.house, who, site)):
            with pytest.raises(NotFound):
                await shop.house.engine.write(unit)
        with pytest.raises(NotFound):
            await shop.house.engine.read(lambda sql, who=who: policies.declared(shop.house, who, site, sql))
    with pytest.raises(SignInNeeded):
        await shop.house.engine.write(policies.declare(shop.house, "nobody", site, NARROW))
    await shop.house.engine.write(policies.declare(shop.house, admin, site, NARROW))
    for who in (admin, foreign):
        with pytest.raises(NotFound):
            await shop.house.engine.write(policies.declare(shop.house, who, ledger.SERVER, FACTORY["server"]))
    await shop.house.engine.write(policies.declare(shop.house, session, ledger.SERVER, FACTORY["server"]))


async def test_held_and_dropped_are_counted_by_class(still_shop: Shop) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    before = await shop.house.engine.read(lambda sql: policies.declared(shop.house, session, site, sql))
    await shop.writer("one", site=site, referrer="https://search.example/x")
    after = await shop.house.engine.read(lambda sql: policies.declared(shop.house, session, site, sql))
    assert after.held["message"] == before.held["message"] + 1
    assert after.dropped.get("referrer", 0) == before.dropped.get("referrer", 0) + 1
    assert after.opened


async def test_a_ledger_that_was_touched_lets_nothing_ripen(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    session, site = await stand(shop, "shop.example")
    wide = NARROW | {"referrer": Rule(1, When.UNLESS_OBJECTED, days(30), frozenset({"answer"}), up_to("admin"))}
    await shop.house.engine.write(policies.declare(shop.house, session, site, wide))

    def edit(connection: sqlite3.Connection) -> bool:
        connection.execute("UPDATE ledger SET wall = wall - 9 WHERE position = 2")
        return True

    await shop.house.engine.maintain(edit)
    await serve(shop, clock, 24 * 15)
    assert (await shop.house.engine.write(minute(shop.house, HOUR))).broken == 2
    assert "referrer" not in await law(shop, site)
    clock.pass_(61_000)
    await shop.step()
    answer: Any = await shop.http.get(f"{shop.base}/readyz")
    assert answer.status == 503


def test_every_class_can_be_named_by_its_levels() -> None:
    assert all(chain(cls)[0] == "none" for cls in SITE_CLASSES)
