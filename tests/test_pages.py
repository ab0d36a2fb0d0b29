"""What is computed once on the server for every page: the text on a site's colour, initials, tints, the manual's errors."""

from __future__ import annotations

import random
import re

import pytest

from l2s.web.assets import compressed
from l2s.web.pages import LANGUAGES, ON_BRAND, READABLE, brand, catalogues, contrast, initials, meaning, on_brand, tint
from tests.personas import Shop
from tests.test_assets import run


def test_the_text_on_every_grey_and_on_a_thousand_colours_can_be_read() -> None:
    chance = random.Random(7)
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    for colour in greys + [f"#{chance.randrange(1 << 24):06x}" for _ in range(1000)]:
        assert contrast(colour, on_brand(colour)) >= READABLE, colour


@pytest.mark.parametrize(
    ("colour", "text"), [("#005c67", "#ffffff"), ("#f9d71c", "#18252a"), ("#7a7a7a", "#000000"), ("#ffffff", "#18252a")]
)
def test_white_comes_before_the_ink_and_the_ink_before_black(colour: str, text: str) -> None:
    assert on_brand(colour) == text
    assert [contrast(colour, each) >= READABLE for each in ON_BRAND].index(True) == ON_BRAND.index(text)
    assert brand(colour) == f"--brand:{colour};--on-brand:{text}"
    assert brand("") == ""


async def test_launcher_and_panel_wear_the_same_text_on_the_colour(shop: Shop) -> None:
    session = {"Cookie": await shop.sign_in(shop.made.owner), "Sec-Fetch-Site": "same-origin"}
    page = f"{shop.base}/console/sites/{shop.site}"
    fields = {"site": "Larch & Rook", "origins": "localhost", "colour": "#F9D71C"}
    async with shop.http.post(page, data=fields, headers=session, allow_redirects=False) as saved:
        assert saved.headers["Location"].endswith(f"/console/sites/{shop.site}?saved#settings")
    worn = "--brand:#f9d71c;--on-brand:#18252a"
    for path in (f"/l2s.js?site={shop.site}", f"/chat/{shop.site}"):
        assert worn in await (await shop.http.get(shop.base + path)).text()
    asked = await (await shop.http.get(f"{page}/state?colour=%23123456", headers=session)).json()
    assert asked["brand"] == "--brand:#123456;--on-brand:#ffffff"
    asked = await (await shop.http.get(f"{page}/state?colour=red%7D", headers=session)).json()
    assert asked["brand"] == worn


async def test_all_that_is_wrong_with_a_site_is_said_at_once(shop: Shop) -> None:
    session = {"Cookie": await shop.sign_in(shop.made.owner), "Sec-Fetch-Site": "same-origin"}
    wrong = {"site": "", "origins": "not an origin", "controller": "", "contact": "x@", "colour": "red"}
    for path in (f"/console/sites/{shop.site}", "/console/sites"):
        async with shop.http.post(shop.base + path, data=wrong, headers=session) as answer:
            text = await answer.text()
        named = set(re.findall(r'id="f-(\w+)"[^>]*aria-invalid=true', text))
        more = {"colour"} if path.count("/") == 3 else {"controller", "contact"}
        assert named == {"site", "origins"} | more


async def test_the_document_of_the_panel_leaves_room_for_its_scripts(shop: Shop) -> None:
    """Of the 20,000 bytes of an opened widget it may be 2,920; test_assets counts the rest."""
    for language in LANGUAGES:
        body = await (await shop.http.get(f"{shop.base}/chat/{shop.site}?lang={language}")).read()
        assert len(compressed(body)) <= 2920, language


def test_initials_and_tints_are_those_of_the_scripts() -> None:
    names = ["Maja Lindqvist", "Tom", "Siobhán Ní Dhomhnaill", "(Dr) Ada", "x", "", "李 小龍", "Ærø"]
    ids = ["a", "Zk3_9-x", "0123456789abcdefghijkl"]
    script = f"""
import {{ initials, tintOf }} from './l2s/static/shared/texts.js';
console.log([...{names!r}.map(initials), ...{ids!r}.map(tintOf)].join('|'));
"""
    assert run(script) == "|".join([*map(initials, names), *(str(tint(each)) for each in ids)])


def test_the_manual_shows_no_placeholder() -> None:
    for language in catalogues().values():
        for code, entry in language["error"].items():
            text = meaning(code, entry if isinstance(entry, str) else entry["other"])
            assert text, code
            assert "{" not in text, code
    assert meaning("password_short", catalogues()["en"]["error"]["password_short"]).startswith("At least 15 characters.")
