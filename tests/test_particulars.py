"""The account page: who reads and corrects it, that proof comes first, its history, taking back, and the yearly question."""

from __future__ import annotations

import base64
import json
import re

import pytest

from l2s.actions import factors, particulars
from l2s.actions.particulars import UNDO, Kept
from l2s.actions.policies import post_version
from l2s.clock import DAY
from l2s.domain.factors import code, step_of
from l2s.domain.months import add_months
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.factory import FACTORY
from l2s.store.engine import Unit
from tests.conftest import FakeClock
from tests.paper import Browser, maja
from tests.personas import PASSWORD, Shop, found_fox
from tests.test_cabinet import session, write
from tests.test_retention import edit, night, session_of

PATH = "/console/account"
MAIL, PHONE, POST = "office@larch.example", "+49 831 12345", "Am Alten Güterbahnhof 17\n87435 Kempten"


@pytest.fixture
async def shop(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    return still_shop


def typed(shop: Shop, **fields: str) -> dict[str, list[str]]:
    """The form as an owner sends it. "controller" and "privacy_contact" are those of the first site."""
    named = {
        f"{name}.{shop.site}" if name in ("controller", "privacy_contact") else name: text for name, text in fields.items()
    }
    return {name: [text] for name, text in {"proof": PASSWORD, **named}.items()}


async def owner(shop: Shop) -> str:
    return await session(shop, shop.made.owner)


async def ada(shop: Shop) -> Browser:
    return Browser(shop, await shop.sign_in(await shop.add_user("Ada", "admin")))


async def kept(shop: Shop, who: str) -> Kept:
    return await shop.house.engine.read(lambda sql: particulars.read(shop.house, who, sql))


async def refused(shop: Shop, unit: Unit[object], kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as caught:
        await write(shop, unit)
    assert getattr(caught.value, "code", "") == code


def lines(shop: Shop) -> list[tuple[str, str, dict[str, str]]]:
    """(verb, object, data) of the audit log."""
    rows = [(row[4], row[5], json.loads(row[6])) for row in shop.rows("audit")]
    return [row for row in rows if row[0].endswith("_account")]


# Reading and correcting.


async def test_an_owner_corrects_with_proof_and_every_field_has_its_history(shop: Shop) -> None:
    browser = await maja(shop)
    seen = await browser.get(PATH)
    assert (seen.status, seen.form["name"], seen.form[f"controller.{shop.site}"]) == (
        200,
        ["Larch & Rook"],
        ["Larch & Rook Ltd"],
    )
    assert "this server has no mail set up" in seen.text
    new = {"mail": MAIL, "phone": PHONE, "address": POST, "controller": "Larch & Rook GmbH"}
    seen = await browser.post(PATH, {**seen.form, **typed(shop, **new)}, "change")
    assert (seen.status, "Saved." in seen.text) == (200, True)
    assert (seen.form["mail"], seen.form["address"]) == ([MAIL], [POST])
    rows = {row[3]: (row[2], row[4], row[5], row[6]) for row in shop.rows("account_history")}
    by = shop.made.owner
    assert rows == {
        "mail": (None, "", MAIL, by), "phone": (None, "", PHONE, by), "address": (None, "", POST, by),
        "controller": (shop.site, "Larch & Rook Ltd", "Larch & Rook GmbH", by),
    }  # fmt: skip
    assert lines(shop) == [
        ("change_account", "", {"fields": "mail phone address"}), ("change_account", shop.site, {"fields": "controller"})
    ]  # fmt: skip
    assert "Responsible for privacy of Larch & Rook" in seen.text
    assert "Larch & Rook GmbH" in (await Browser(shop).get(f"/privacy/{shop.site}")).text, "the notice names it at once"
    log = (await browser.get("/console/privacy/audit")).text
    assert "Maja Lindqvist changed the account: Mail address, Telephone and Postal address." in log
    assert MAIL not in log
    again = await browser.post(PATH, {**seen.form, "proof": [PASSWORD]}, "change")
    assert (again.status, len(shop.rows("account_history"))) == (200, 4), "what did not change makes no history"


async def test_without_proof_nothing_changes(shop: Shop) -> None:
    browser, before = await maja(shop), shop.rows("accounts")
    for proof in ("", "wrong", PASSWORD.upper()):
        seen = await browser.post(PATH, typed(shop, name="Evil", proof=proof), "change")
        assert (seen.status, seen.form["name"]) == (400, ["Evil"]), "what was typed is still there"
        assert "This is not your present password." in seen.text
    assert (shop.rows("accounts"), shop.rows("account_history"), lines(shop)) == (before, [], [])


async def test_a_second_factor_is_asked_for_too(shop: Shop) -> None:
    cookie = await shop.sign_in(shop.made.owner)
    browser, who = Browser(shop, cookie), await session_of(shop, cookie)
    made = await write(shop, factors.begin(shop.house, who))
    seed = base64.b32decode(made.secret)
    now = step_of(shop.house.clock.at())
    await write(shop, factors.confirm(shop.house, who, code(seed, now)))
    seen = await browser.get(PATH)
    assert "code" in seen.form
    assert (await browser.post(PATH, typed(shop, phone=PHONE), "change")).status == 400
    assert shop.rows("account_history") == []
    assert (await browser.post(PATH, typed(shop, phone=PHONE, code=code(seed, now + 1)), "change")).status == 200
    assert len(shop.rows("account_history")) == 1


async def test_an_admin_reads_and_corrects_nothing_others_see_nothing(shop: Shop) -> None:
    admin = await ada(shop)
    seen = await admin.get(PATH)
    assert (seen.status, "Larch & Rook Ltd" in seen.text, "Only an owner can correct this." in seen.text) == (200, True, True)
    assert "name" not in seen.form
    for act in ("change", "confirm"):
        assert (await admin.post(PATH, typed(shop, name="Evil"), act)).status == 404
    await found_fox(shop)
    for role in ("operator", "supervisor"):
        other = Browser(shop, await shop.sign_in(await shop.add_user(f"Tom-{role}", role)))
        assert (await other.get(PATH)).status == 404
        for act in ("change", "confirm", "undo", ""):
            assert (await other.post(PATH, typed(shop, name="Evil"), act)).status == 404
    assert (await Browser(shop).post(PATH, typed(shop, name="Evil"), "change")).status == 401
    assert shop.rows("account_history") == []


async def test_a_site_of_another_account_cannot_be_named(shop: Shop) -> None:
    fox, browser = await found_fox(shop), await maja(shop)
    sites = shop.rows("sites")
    form = {**typed(shop), f"controller.{fox.site}": ["Evil"], f"privacy_contact.{fox.site}": ["evil@evil.example"]}
    assert (await browser.post(PATH, form, "change")).status == 200
    await refused(
        shop, particulars.change(shop.house, await owner(shop), {f"controller.{fox.site}": "Evil"}), NotFound, "not_found"
    )
    assert shop.rows("sites") == sites


async def test_all_that_is_wrong_is_said_at_once_and_before_the_proof(shop: Shop) -> None:
    browser = await maja(shop)
    wrong = {"name": " ", "mail": "nobody", "phone": "call me", "address": "x" * 301, "controller": "", "privacy_contact": "a@"}
    for language in ("en", "de"):
        seen = await browser.post(PATH, typed(shop, **wrong, proof="wrong"), "change", **{"Accept-Language": language})
        assert seen.status == 400
        named = set(re.findall(r'id="f-([\w.-]+)"[^>]*aria-invalid=true', seen.html))
        assert {name.partition(".")[0] for name in named} == set(wrong)
    empty = typed(shop, mail="", phone="", address="")
    assert (await browser.post(PATH, empty, "change")).status == 200, "an address and a telephone may stay empty"
    with pytest.raises(BadInput):
        particulars.checked("phone", "+49\n831 javascript:")


async def test_the_site_page_corrects_neither_controller_nor_contact(shop: Shop) -> None:
    browser = await maja(shop)
    page = f"/console/sites/{shop.site}"
    seen = await browser.get(page)
    assert not {"controller", "contact"} & set(seen.form)
    assert f"{PATH}#site-{shop.site}" in seen.html
    assert (await browser.post(page, {**seen.form, "controller": ["Evil"], "contact": ["Evil"]}, "")).status == 200
    assert "Evil" not in str(shop.rows("sites"))


# Taking back.


async def changed(shop: Shop, **fields: str) -> list[str]:
    """Ids of the changes, in the order of their fields."""
    who, names = await owner(shop), {"controller", "privacy_contact"}
    wanted = {f"{name}.{shop.site}" if name in names else name: text for name, text in fields.items()}
    known = {row[0] for row in shop.rows("account_history")}
    await write(shop, particulars.change(shop.house, who, wanted))
    made = {row[3]: row[0] for row in shop.rows("account_history") if row[0] not in known}
    return [made[name] for name in fields]


async def test_any_admin_takes_a_change_back_with_proof(shop: Shop, clock: FakeClock) -> None:
    (key,) = await changed(shop, controller="Evil Ltd")
    admin = await ada(shop)
    seen = await admin.get(PATH)
    assert "Changed by Maja Lindqvist on 15 January 2027: Responsible for privacy of Larch & Rook." in seen.text
    assert "until 18 January 2027, 08:00 UTC" in seen.text
    shown = await admin.get(f"{PATH}?undo={key}")
    assert (shown.status, shown.form["change"]) == (200, [key])
    assert all(name in shown.text for name in ("Evil Ltd", "Larch & Rook Ltd"))
    wrong = await admin.post(PATH, {"change": [key], "proof": ["wrong"]}, "undo")
    assert (wrong.status, wrong.form["change"]) == (400, [key])
    assert "Evil Ltd" in str(shop.rows("sites"))
    clock.pass_(UNDO - 1)
    admin = Browser(shop, await shop.sign_in(next(row[0] for row in shop.rows("users") if row[6] == "Ada")))
    done = await admin.post(PATH, {"change": [key], "proof": [PASSWORD]}, "undo")
    assert (done.status, "Taken back on" in done.text) == (200, True)
    assert "Evil Ltd" not in str(shop.rows("sites"))
    assert lines(shop)[-1] == ("undo_account", shop.site, {"fields": "controller"})
    assert "It can be taken back until" not in done.text
    twice = await admin.post(PATH, {"change": [key], "proof": [PASSWORD]}, "undo")
    assert (twice.status, "cannot be taken back" in twice.text) == (409, True)
    assert (await admin.get(f"{PATH}?undo={key}")).status == 404


async def test_after_three_days_or_a_later_change_it_stays(shop: Shop, clock: FakeClock) -> None:
    who = await owner(shop)
    (first,) = await changed(shop, mail="one@larch.example")
    (second,) = await changed(shop, mail="two@larch.example")
    await refused(shop, particulars.undo(shop.house, who, first), Conflict, "undo_over")
    await write(shop, particulars.undo(shop.house, who, second))
    assert (await kept(shop, who)).own["mail"] == "one@larch.example"
    await write(shop, particulars.undo(shop.house, who, first))
    assert (await kept(shop, who)).own["mail"] == "", "it was empty before, and is again"
    (third,) = await changed(shop, phone=PHONE)
    clock.pass_(UNDO)
    who = await owner(shop)
    await refused(shop, particulars.undo(shop.house, who, third), Conflict, "undo_over")
    told = (await kept(shop, who)).changes
    assert {one.change.id: one.undo_until for one in told} == {first: 0, second: 0, third: 0}


async def test_a_change_of_another_account_looks_unknown(shop: Shop) -> None:
    (key,) = await changed(shop, phone=PHONE)
    fox = await found_fox(shop)
    fred = Browser(shop, await shop.sign_in(fox.owner))
    for name in (key, "A" * 22):
        assert (await fred.get(f"{PATH}?undo={name}")).status == 404
        assert (await fred.post(PATH, {"change": [name], "proof": ["wrong"]}, "undo")).status == 404
    assert PHONE not in (await fred.get(PATH)).html


async def test_all_admins_see_the_bar_under_privacy_until_it_is_over(shop: Shop, clock: FakeClock) -> None:
    await changed(shop, mail=MAIL, phone=PHONE)
    said = "Changed by Maja Lindqvist on 15 January 2027: Mail address and Telephone."
    admin = await ada(shop)
    assert said in (await admin.get(f"/console/privacy/{shop.site}")).text
    assert (await admin.get("/console/privacy")).text.count(said) == 1, "one line for what was saved at once"
    clock.pass_(UNDO)
    assert said not in (await (await maja(shop)).get(f"/console/privacy/{shop.site}")).text


async def test_its_words_go_after_their_year_and_where_none_is_kept(shop: Shop, clock: FakeClock) -> None:
    await changed(shop, mail=MAIL)
    clock.pass_(364 * DAY)
    (told,) = (await kept(shop, await owner(shop))).changes
    assert (told.before, told.after) == ("", MAIL)
    clock.pass_(DAY)
    (told,) = (await kept(shop, await owner(shop))).changes
    assert (told.before, told.after) == (None, None), "unreadable from the instant"
    await night(shop)
    assert shop.rows("account_history") == []
    rules = {cls: rule for cls, rule in FACTORY["server"].items() if cls != "contact_history"}
    await write(shop, post_version(shop.house, "server", rules))
    (key,) = await changed(shop, phone=PHONE)
    (row,) = shop.rows("account_history")
    assert (row[4], row[5]) == (None, None)
    who = await owner(shop)
    await refused(shop, particulars.undo(shop.house, who, key), Conflict, "undo_over")
    assert "no record of it is kept" in (await (await maja(shop)).get(PATH)).text


# Is it still right?


async def test_after_a_year_somebody_asks_whether_it_is_right(shop: Shop, clock: FakeClock) -> None:
    begin = clock.at()
    clock.pass_(add_months(begin, 12) - begin - 1)
    asked = "Is it still right?"
    assert asked not in (await (await maja(shop)).get(PATH)).text
    clock.pass_(1)
    admin, browser = await ada(shop), await maja(shop)
    for page in (PATH, f"/console/privacy/{shop.site}"):
        assert asked in (await browser.get(page)).text
        seen = await admin.get(page)
        assert (asked in seen.text, "It is still right" in seen.text) == (True, False)
    seen = await browser.post(PATH, {}, "confirm")
    assert (seen.status, asked in seen.text) == (200, False)
    assert lines(shop) == [("confirm_account", "", {})]
    clock.pass_(add_months(clock.at(), 12) - clock.at())
    assert asked in (await (await maja(shop)).get(PATH)).text
