"""The declaration editor without a script: two steps, bad input, who may, what a click does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2s.actions import signins, sites
from l2s.actions.sites import checked_site
from l2s.privacy.classes import CLASSES, PURPOSES, READERS, chain
from l2s.privacy.factory import FACTORY, PRESETS
from l2s.privacy.policy import CHAT, Rule, When, days, explain, over_ceiling, to_json, up_to
from l2s.web.drafts import NEEDED, fields_of, read_draft
from l2s.web.editor import GROUPS
from tests.conftest import FakeClock
from tests.paper import Browser, Form, found, maja, path, rules, serve
from tests.personas import Shop, found_fox

# Two steps.


async def test_before_a_stranger_wrote_a_change_acts_at_once_and_the_page_says_so(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    assert "nobody’s data rests on it yet" in page.text
    review = await browser.post(path(shop), page.form | {"message.days": ["365"]}, "check")
    assert "Nobody’s data rests on it yet: it acts at once." in review.text
    assert "Your messages : 365 days instead of 180 days" in review.text
    assert "Waits until" not in review.text
    assert len(await found(shop)) == 1, "looking saves nothing"
    await browser.post(path(shop), review.form, "post")
    assert (await rules(shop))["message"].keep == days(365)


async def test_more_waits_fifteen_days_less_acts_at_once(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    changed = page.form | {"message.days": ["365"], "rating.level": ["none"]}
    review = await browser.post(path(shop), changed, "check")
    now, _, later = review.text.partition("Waits until")
    assert "Rating : no longer collected" in now
    assert "Your messages : 365 days instead of 180 days" in later
    assert "Longer than now: starts 15 days after posting" in later
    assert "15 days left" in later
    await browser.post(path(shop), review.form, "post")
    law = await rules(shop)
    assert "rating" not in law
    assert law["message"].keep == days(180)
    await serve(shop, clock, 24 * 6)
    strip = await browser.get(path(shop))
    assert "Day 6 of 15" in strip.text
    assert "in 9 days" in strip.text
    assert strip.html.count("class=passed") == 6
    notice = await browser.get(f"/privacy/{shop.site}")
    assert "A change comes on" in notice.text
    assert "9 days left" in notice.text
    assert "What version 2 drops is dropped already" in notice.text
    await serve(shop, clock, 24 * 9 + 1)
    assert (await rules(shop))["message"].keep == days(365)
    assert "A change comes on" not in (await browser.get(f"/privacy/{shop.site}")).text


async def test_only_the_narrower_part_can_be_posted(shop: Shop) -> None:
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    review = await browser.post(path(shop), page.form | {"message.days": ["365"], "rating.level": ["none"]}, "check")
    await browser.post(path(shop), review.form, "narrow")
    assert [version.state for version in await found(shop)] == ["in_force", "past"]
    assert "rating" not in await rules(shop)
    assert (await rules(shop))["message"].keep == days(180)


async def test_back_brings_the_form_with_everything_typed(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    typed = page.form | {"message.days": ["7"], "words.en": ["We water\nthe plants."], "address.why": ["secure"]}
    review = await browser.post(path(shop), typed, "check")
    again = await browser.post(path(shop), review.form, "back")
    assert {name: sorted(values) for name, values in again.form.items() if values} == {
        name: sorted(values) for name, values in typed.items() if values
    }


async def test_a_form_that_says_what_is_posted_already_is_told_so(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    assert "Nothing differs" in (await browser.post(path(shop), page.form, "check")).text
    assert len(await found(shop)) == 1


@pytest.mark.parametrize("name", PRESETS)
async def test_a_preset_fills_the_form_and_saves_nothing(shop: Shop, name: str) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    filled = await browser.post(path(shop), page.form | {"words.en": ["Kept while choosing."]}, f"preset-{name}")
    assert len(await found(shop)) == 1
    assert filled.form["words.en"] == ["Kept while choosing."]
    assert not explain(read_draft("site", filled.form).rules, PRESETS[name])
    assert not read_draft("site", filled.form).problems
    assert filled.html.count('aria-pressed="true"') == 1


async def test_a_small_edit_leaves_what_waits_waiting(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "message.days": ["365"]}, "post")
    await serve(shop, clock, 24 * 5)
    page = await browser.get(path(shop))
    assert page.form["message.days"] == ["365"], "the form begins with what was posted last"
    review = await browser.post(path(shop), page.form | {"rating.level": ["none"], "name.days": ["365"]}, "check")
    assert "It was posted with version 2 and keeps its day." in review.text
    assert "“Only what acts now” takes back version 2, which waits." in review.text
    assert "10 days left" in review.text
    await browser.post(path(shop), review.form, "post")
    await serve(shop, clock, 24 * 10 + 1)
    law = await rules(shop)
    assert law["message"].keep == days(365)
    assert law["name"].keep == days(180)
    await serve(shop, clock, 24 * 5)
    assert (await rules(shop))["name"].keep == days(365)


async def test_taking_back_is_asked_once_and_acts(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    await browser.post(path(shop), page.form | {"seen": ["1"], "message.days": ["365"]}, "post")
    asked = await browser.post(path(shop), {}, "ask_withdraw")
    assert "Your messages : 365 days instead of 180 days" in asked.text
    assert [version.state for version in await found(shop)] == ["pending", "in_force"]
    await browser.post(path(shop), asked.form, "withdraw")
    await serve(shop, clock, 24 * 20)
    assert [version.state for version in await found(shop)] == ["in_force", "withdrawn", "past"]
    assert (await rules(shop))["message"].keep == days(180)
    await browser.post(path(shop), {}, "withdraw")
    assert len(await found(shop)) == 3, "nothing waits: nothing is posted"


async def test_a_version_posted_meanwhile_is_shown_before_one_is_posted_over_it(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    review = await browser.post(path(shop), page.form | {"message.days": ["30"]}, "check")
    await browser.post(path(shop), page.form | {"seen": ["1"], "rating.level": ["none"]}, "post")
    again = await browser.post(path(shop), review.form, "post")
    assert "Somebody posted a version meanwhile" in again.text
    assert len(await found(shop)) == 2
    await browser.post(path(shop), again.form, "post")
    assert len(await found(shop)) == 3


async def test_own_words_wait_stand_apart_and_are_read_in_any_language(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    await shop.writer("a stranger")
    browser = await maja(shop)
    page = await browser.get(path(shop))
    review = await browser.post(path(shop), page.form | {"words.en": ["We water <b>plants</b>."]}, "check")
    assert "Their own words : they change" in review.text.partition("Waits until")[2]
    await browser.post(path(shop), review.form, "post")
    assert "We water" not in (await browser.get(f"/privacy/{shop.site}")).text
    assert "We water <b>plants</b>." in (await browser.get(f"/privacy/{shop.site}/versions/2")).text
    await serve(shop, clock, 24 * 15 + 1)
    notice = await browser.get(f"/privacy/{shop.site}?lang=de")
    assert '<blockquote class="own-words" lang="en">We water &lt;b&gt;plants&lt;/b&gt;.' in notice.html
    assert "gilt das Strengere" in notice.text


# What is wrong is said where it is wrong.


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("address.level", ["exact"], "Choose how much is kept."),
        ("address.when", ["sometimes"], "Choose when it is kept."),
        ("message.days", ["0"], "Days go from 1 to 3650."),
        ("message.days", ["3651"], "Days go from 1 to 3650."),
        ("message.days", ["٣"], "Days go from 1 to 3650."),
        ("message.days", ["1e3"], "Days go from 1 to 3650."),
        ("message.days", ["memory"], "Keep it until the chat closes, at least."),
        ("message.level", ["none"], "There is no chat without it."),
        ("name.why", [], "Choose at least one purpose"),
        ("name.why", ["experience"], "There is no such purpose."),
        ("name.reader", ["everybody"], "There is no such reader."),
        ("mail.to", ["a friend, anywhere"], "There is no such recipient."),
        ("address.when", ["always"], "Never: this cannot be kept always."),
        ("name.why", ["promote"], "Never: advertising only where it was ticked."),
        ("words.en", ["x" * 501], "At most 500 characters; these are 501."),
        ("words.de", ["\x07"], "The text has characters that cannot be kept."),
    ],
)
async def test_bad_input_is_named_at_its_field_and_nothing_typed_is_lost(
    shop: Shop, field: str, value: list[str], said: str
) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    for act in ("check", "post"):
        again = await browser.post(path(shop), page.form | {"organisation.days": ["730"], "seen": ["1"], field: value}, act)
        assert again.status == 400
        assert said in again.text
        assert f'id="p-{field}"' in again.html
        assert again.form["organisation.days"] == ["730"]
        assert field not in ("message.days", "words.en") or again.form[field] == value
    assert len(await found(shop)) == 1


async def test_what_can_never_be_is_said_and_refused(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    assert "Always: never" in page.text
    on = page.form | {"preview.level": ["kept"]}
    assert (await browser.post(path(shop), on, "check")).status == 200
    assert "Never: this is not stored at all." in (await browser.post(path(shop), on | {"preview.days": ["30"]}, "check")).text
    server = await browser.get(path(shop, "server"))
    bill = server.form | {"billing.level": ["kept"], "billing.reader": ["team"]}
    assert "Never: operators do not see this." in (await browser.post(path(shop, "server"), bill, "check")).text
    assert (await browser.post(path(shop, "server"), bill | {"billing.reader": [""]}, "check")).status == 200


async def test_unknown_fields_acts_and_cut_forms_change_nothing(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    strange = await browser.post(path(shop), page.form | {"soul.level": ["kept"]}, "post")
    assert (strange.status, "soul.level" in strange.text) == (400, True)
    cut = {name: values for name, values in page.form.items() if not name.startswith("rating.")}
    assert (await browser.post(path(shop), cut | {"seen": ["1"]}, "post")).status == 400
    assert (await browser.post(path(shop), page.form, "burn")).status == 400
    huge = await browser.post(path(shop), page.form | {"words.en": ["x" * 70_000]}, "post")
    assert huge.status == 400
    assert len(await found(shop)) == 1


# Who may.


async def test_only_who_may_declares_sees_the_editor(shop: Shop) -> None:
    fox = await found_fox(shop)
    page = await (await maja(shop)).get(path(shop))
    strangers = [await shop.add_user("Tom"), await shop.add_user("Sue", "supervisor"), fox.owner]
    ada = await shop.add_user("Ada", "admin")
    for user in strangers:
        browser = Browser(shop, await shop.sign_in(user))
        for scope in (shop.site, "server", "nowhere"):
            for act in ("check", "post", "withdraw", "preset-shop"):
                assert (await browser.post(path(shop, scope), page.form | {"seen": ["1"]}, act)).status == 404
            assert (await browser.post(f"{path(shop, scope)}/preview", page.form, "")).status == 404
            seen = await browser.get(path(shop, scope))
            assert seen.status == 404
            assert "There is nothing here, or it is not yours." in seen.text
    tom = Browser(shop, await shop.sign_in(strangers[0]))
    assert (await tom.get("/console/privacy")).status == 404
    assert "/console/privacy" not in (await tom.get("/console")).html
    browser = Browser(shop, await shop.sign_in(ada))
    assert (await browser.get(path(shop))).status == 200
    assert (await browser.get(path(shop, "server"))).status == 404
    assert len(await found(shop)) == 1
    nobody = await Browser(shop).post(path(shop), page.form, "post")
    assert nobody.status == 401


async def test_a_form_from_another_page_is_refused(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop))
    form = page.form | {"seen": ["1"], "message.days": ["365"]}
    assert (await browser.post(path(shop), form, "post", Origin="https://evil.example")).status == 404
    assert len(await found(shop)) == 1


async def test_with_one_site_privacy_is_its_page_with_more_a_list(shop: Shop) -> None:
    browser = await maja(shop)
    assert "Post as version 2" in (await browser.get("/console/privacy")).text
    key = (
        await shop.house.engine.read(lambda sql: signins.session_of(shop.house, browser._cookie.partition("=")[2], sql))
    ) or ("",)
    more = checked_site("Tents", ["tents.example"], "Larch & Rook Ltd", "privacy@larch.example")
    other = await shop.house.engine.write(sites.add_site(shop.house, key[0], more))
    listed = await browser.get("/console/privacy")
    for scope in (shop.site, other, "server"):
        assert f'href="/console/privacy/{scope}"' in listed.html
    assert f'href="/console/privacy/{other}"' in (await browser.get(path(shop))).html


async def test_the_server_scope_is_edited_and_read_in_the_same_way(shop: Shop) -> None:
    browser = await maja(shop)
    page = await browser.get(path(shop, "server"))
    assert "What the people who work here read" in page.text
    review = await browser.post(path(shop, "server"), page.form | {"session.days": ["30"]}, "check")
    assert "Sign-ins : 30 days instead of 90 days" in review.text
    await browser.post(path(shop, "server"), review.form, "post")
    assert (await rules(shop, "server"))["session"].keep == days(30)
    assert "Sign-ins: 30 days." in (await browser.get("/privacy")).text
    assert "Version 2" in (await browser.get("/privacy/versions")).text
    assert "30 days instead of 90 days" in (await browser.get("/privacy/versions/2")).text


# The side column, as a script asks for it.


async def ask(shop: Shop, form: Form, **changed: list[str]) -> dict[str, Any]:
    data = [(name, value) for name, values in (form | changed).items() for value in values]
    cookie = await shop.sign_in(shop.made.owner)
    headers = {"Cookie": cookie, "Origin": shop.base, "Accept": "application/json"}
    answer: Any = await shop.http.post(f"{shop.base}{path(shop)}/preview", data=data, headers=headers)
    told: dict[str, Any] = await answer.json()
    return told


async def test_the_side_column_follows_what_is_chosen(shop: Shop) -> None:
    await shop.writer("a stranger")
    form = (await (await maja(shop)).get(path(shop))).form
    same = await ask(shop, form)
    assert same["promise"] == "Kept 180 days · internet address shortened"
    assert (same["adds"], same["drops"], same["problem"]) == ([], [], "")
    more = await ask(shop, form, **{"message.days": ["365"], "place.level": ["country"], "rating.level": ["none"]})
    assert more["promise"] == "Kept 365 days · internet address shortened"
    ((head, lines),) = more["adds"]
    assert head.startswith("From ")
    assert ["Your messages", "365 days instead of 180 days", True] in lines
    assert more["drops"] == [["Rating", "no longer collected", False]]
    assert "What you write is kept 365 days after the chat ends, then erased." in more["reads"]
    assert (await ask(shop, form, **{"name.why": []}))["problem"].startswith("Choose at least one purpose")
    assert len(await found(shop)) == 1


# Forms and declarations.


def rules_of(kind: str, cls: str) -> st.SearchStrategy[Rule]:
    keep = st.sampled_from([CHAT, days(1), days(45), days(3650)])
    audience = st.sampled_from([up_to(name) for name in READERS] + [frozenset()])
    made = st.builds(
        Rule, st.integers(1, len(chain(cls)) - 1), st.sampled_from([When.TICKED, When.UNLESS_OBJECTED, When.ALWAYS]), keep,
        st.frozensets(st.sampled_from(PURPOSES), min_size=1), audience,
    )  # fmt: skip
    return made.filter(lambda rule: over_ceiling(kind, {cls: rule}) is None)


@given(st.data())
@pytest.mark.parametrize("kind", CLASSES)
def test_a_form_says_exactly_its_declaration(kind: str, data: st.DataObject) -> None:
    able = [cls for cls in CLASSES[kind] if cls not in ("preview", "presence", "billing")]
    drawn = {cls: data.draw(rules_of(kind, cls)) for cls in data.draw(st.sets(st.sampled_from(able), max_size=4))}
    law = FACTORY[kind] | drawn
    draft = read_draft(kind, fields_of(kind, law, {"en": "A word."}), law)
    assert not draft.problems
    assert to_json(draft.rules) == to_json(law)
    assert draft.words == {"en": "A word."}


def test_a_class_that_is_switched_on_starts_with_a_rule_that_may_be() -> None:
    for kind in CLASSES:
        form = fields_of(kind, {}, {})
        for cls in CLASSES[kind]:
            form[f"{cls}.level"] = [chain(cls)[1]]
        draft = read_draft(kind, form)
        assert {name: told for name, told in draft.problems.items() if name.partition(".")[0] not in NEEDED} == {}
        assert set(draft.rules) | set(NEEDED) >= set(CLASSES[kind])


def test_the_editor_shows_every_class_once() -> None:
    for kind, groups in GROUPS.items():
        shown = [cls for classes in groups.values() for cls in classes]
        assert sorted(shown) == sorted(CLASSES[kind])
