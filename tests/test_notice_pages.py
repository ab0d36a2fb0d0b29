"""The notice and the versions, as anybody reads them: counted, dated, in words that follow each switch."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from l2s.actions import people, signins
from l2s.actions.sites import LANGUAGES
from l2s.actions.timers import minute
from l2s.clock import DAY
from l2s.privacy.classes import APART, CLASSES, PURPOSES, READERS, chain
from l2s.privacy.policy import CHAT, MEMORY, Rule, When, days, to_json, up_to
from l2s.store import ledger
from l2s.web.assets import Assets
from l2s.web.notice import standing, told_notice
from l2s.web.pages import Pages
from l2s.web.telling import Teller
from tests.conftest import FakeClock
from tests.paper import Browser, found, maja, path
from tests.personas import Shop

# What everybody can read.


async def test_versions_are_public_with_what_each_changed(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    browser = await maja(shop)
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "message.days": ["30"]}, "post")
    await shop.writer("a stranger")
    await browser.post(path(shop), page.form | {"seen": ["2"], "rating.level": ["none"]}, "post")
    anybody = Browser(shop)
    listed = await anybody.get(f"/privacy/{shop.site}/versions")
    assert [word in listed.text for word in ("Version 3 Posted", "Version 2 In force", "Version 1 Earlier")] == [True] * 3
    third = await anybody.get(f"/privacy/{shop.site}/versions/3")
    assert "What changes against today, when version 2 is in force" in third.text
    assert "Your messages : 180 days instead of 30 days" in third.text
    second = await anybody.get(f"/privacy/{shop.site}/versions/2?lang=de")
    assert "Was sich gegenüber Version 1 änderte" in second.text
    assert "Ihre Nachrichten : 30 Tage statt 180 Tage" in second.text
    assert "The first version" in (await anybody.get(f"/privacy/{shop.site}/versions/1")).text
    for wrong in (f"/privacy/{shop.site}/versions/4", f"/privacy/{shop.site}/versions/01", "/privacy/nowhere/versions"):
        assert (await anybody.get(wrong)).status == 404


async def test_a_version_as_json_is_what_the_ledger_says(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    form = page.form | {"seen": ["1"], "message.days": ["30"], "words.en": ["We water the plants."]}
    await browser.post(path(shop), form, "post")
    for scope, base, n in ((shop.site, f"/privacy/{shop.site}", 2), ("server", "/privacy", 1)):
        answer: Any = await shop.http.get(f"{shop.base}{base}/versions/{n}.json")
        told = await answer.json()
        version = (await found(shop, scope))[0]
        assert told["declaration"] == to_json(version.declaration)
        assert (told["version"], told["hash"], told["words"]) == (n, version.hash, version.words)
        assert (told["posted"], told["due"]) == (version.posted.wall, None)
        assert told["ripened"] == version.ripened.wall
        captured: Any = await shop.http.get(f"{shop.base}{base}/capture.json")
        assert (await captured.json())["classes"] == told["declaration"]


async def test_the_notice_counts_readers_and_leads_to_data_and_contact(shop: Shop) -> None:
    await shop.add_user("Tom")
    gone = await shop.add_user("Priya")
    browser = await maja(shop)
    assert "3 people at Larch & Rook can read it." in (await browser.get(f"/privacy/{shop.site}")).text
    key = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, browser._cookie.partition("=")[2], sql))
    assert key
    await shop.house.engine.write(people.change_user(shop.house, key[0], gone, disable=True))
    notice = await browser.get(f"/privacy/{shop.site}")
    assert "2 people at Larch & Rook can read it." in notice.text
    assert f'href="/chat/{shop.site}#data"' in notice.html
    assert 'href="mailto:privacy@larch.example"' in notice.html
    assert "You may complain to the data protection authority of your country." in notice.text
    assert "A mail relay, in any country" in notice.text
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "message.reader": ["team"], "message.to": []}, "post")
    assert "One person at Larch & Rook can read it. Nobody else." in (await browser.get(f"/privacy/{shop.site}")).text


async def test_the_readers_own_values_are_shown_whatever_they_are_kept_for(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "address.why": ["secure"]}, "post")
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    notice = await Browser(shop).get(f"/privacy/{shop.site}", **{"User-Agent": agent})
    assert "127.0.0. last part not stored" in notice.text
    assert "Firefox on Linux" in notice.text
    asked = await Browser(shop).get(f"/privacy/{shop.site}", **{"User-Agent": agent, "Sec-GPC": "1"})
    assert "127.0.0." not in asked.text
    assert "of you these are not kept: Internet address, browser and system and page." in asked.text


async def test_the_quiet_settings_of_a_site_are_those_in_force(shop: Shop) -> None:
    browser = await maja(shop)
    before = await browser.get(f"/console/sites/{shop.site}")
    assert "Messages 180 days" in before.text
    assert "Place not collected" in before.text
    page = await browser.get(path(shop))
    form = page.form | {"seen": ["1"], "message.days": ["30"], "place.level": ["country"], "address.level": ["none"]}
    await browser.post(path(shop), form, "post")
    after = await browser.get(f"/console/sites/{shop.site}")
    assert "Messages 30 days" in after.text
    assert "Place the country, 30 days" in after.text
    assert "Internet address not collected" in after.text


async def test_served_time_that_is_missing_moves_the_day_that_is_told(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "message.days": ["365"]}, "post")
    clock.pass_(10 * DAY)  # nobody could read the notice meanwhile
    await shop.house.engine.write(minute(shop.house, 0))
    assert "Day 0 of 15" in (await Browser(shop).get(f"/privacy/{shop.site}/versions")).text
    assert "15 days left" in (await Browser(shop).get(f"/privacy/{shop.site}")).text
    assert await shop.house.engine.read(lambda sql: ledger.moment(sql, 0).shown) == 0


# Words for everything, and no switch without its sentence.


def other(rule: Rule, cls: str) -> dict[str, Rule]:
    """The rule with one field changed, for each field."""
    levels = [level for level in range(1, len(chain(cls))) if level != rule.level]
    changed: dict[str, dict[str, object]] = {
        "when": {"when": When.TICKED if rule.when != When.TICKED else When.ALWAYS},
        "days": {"keep": days(77)},
        "memory": {"keep": MEMORY},
        "chat": {"keep": CHAT},
        **{f"level {level}": {"level": level} for level in levels},
        **{f"purpose {name}": {"purposes": rule.purposes ^ {name}} for name in PURPOSES if rule.purposes ^ {name}},
        **{f"readers {name}": {"audience": up_to(name)} for name in READERS if up_to(name) != rule.audience},
        **{f"apart {name}": {"audience": rule.audience ^ {name}} for name in APART},
        "nobody": {"audience": frozenset()},
        "recipient": {"recipients": rule.recipients ^ {("mail relay", "anywhere")}},
        "region": {"recipients": rule.recipients | {("webhook", "orders.example")}},
    }
    made = {name: msgspec.structs.replace(rule, **fields) for name, fields in changed.items()}
    return {name: one for name, one in made.items() if one != rule}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", CLASSES)
async def test_no_field_of_no_class_changes_without_its_sentence(shop: Shop, kind: str, lang: str) -> None:
    stands = await shop.house.engine.read(lambda sql: standing(shop.house, shop.site if kind == "site" else "", sql))
    pages = Pages(Assets(), shop.urls)
    rest = {"languages": LANGUAGES, "yours": None, "objected": "", "cookie": "l2s"}

    def told(law: dict[str, Rule]) -> str:
        said = told_notice(Teller(pages, lang), stands._replace(law=stands.law._replace(rules=law)))
        return pages.render("notice.html", lang, **said, **rest)

    full = {cls: Rule(1, When.UNLESS_OBJECTED, days(9), frozenset({"run"}), up_to("team")) for cls in CLASSES[kind]}
    whole = told(full)
    for cls in CLASSES[kind]:
        assert told({name: rule for name, rule in full.items() if name != cls}) != whole
        for name, rule in other(full[cls], cls).items():
            assert told(full | {cls: rule}) != whole, f"{cls}: {name}"
