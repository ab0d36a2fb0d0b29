"""My data: what is held about a person, as that person reads it; what they may change; the wish to be erased."""

from __future__ import annotations

import msgspec
import pytest

from l2s.actions import policies
from l2s.actions.erasure import receipt_code
from l2s.clock import DAY, HOUR, MINUTE
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import When
from tests.conftest import FakeClock
from tests.personas import Frame, Shop, Visitor, new_id

PAGE = "https://shop.example/tents"


async def data(tab: Visitor) -> Frame:
    return await tab.ask("my_data", "my_data")


def row(frame: Frame, cls: str) -> Frame:
    return next(one for one in frame["held"] if one["name"] == cls)


async def test_of_somebody_who_never_wrote_nothing_is_held(still_shop: Shop) -> None:
    tab = await still_shop.visitor()
    told = await data(tab)
    assert (told["held"], told["chats"], told["opened"], told["erase_at"]) == ([], [], [], None)
    assert "preview" in told["never"]
    await tab.enter()
    assert (await data(tab))["held"] == []


async def test_everything_held_is_told_with_why_until_when_and_who_opened_it(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    tab, chat = await shop.writer("Hello", page=PAGE)
    await tom.ask("take", "chat", chat=chat)
    await tom.ask("open", "conversation", chat=chat)
    await tom.say("note", chat=chat, id=new_id(), text="asks a lot")
    await tom.reply(chat, "Hi")
    told = await data(tab)
    assert {one["name"] for one in told["held"]} >= {"message", "times", "address", "browser", "page", "about", "device_token"}
    assert row(told, "message")["count"] == 2
    assert row(told, "page")["values"] == ["/tents"]
    assert row(told, "address")["values"] == ["127.0.0.0/24"]
    assert row(told, "message")["purposes"] == ["answer", "run"]
    assert row(told, "message")["recipients"] == ["mail relay, anywhere"]
    assert row(told, "message")["until"] is None, "while the chat goes on nothing has an end"
    assert [note["text"] for note in told["notes"]] == ["asks a lot"]
    assert [(one["name"], one["role"]) for one in told["opened"]] == [("Tom", "operator")]
    await tom.ask("end", "chat", chat=chat)
    told = await data(tab)
    assert row(told, "message")["until"] == clock.at() + 180 * DAY
    assert row(told, "address")["until"] == clock.at() + 30 * DAY
    clock.pass_(31 * DAY)
    told = await data(tab)
    assert "address" not in {one["name"] for one in told["held"]}, "what has expired is not told as held"
    assert row(told, "message")["count"] == 2


async def test_an_opening_is_on_record_before_anything_is_shown_once_a_day(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    _, chat = await shop.writer("Hello")
    for _ in range(2):
        await tom.ask("open", "conversation", chat=chat)
    assert len(shop.rows("openings")) == 1
    clock.pass_(DAY)
    await tom.ask("open", "conversation", chat=chat)
    assert len(shop.rows("openings")) == 2


async def test_name_and_mail_are_corrected_and_the_team_reads_that_they_were(still_shop: Shop) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    tab = await shop.visitor()
    await tab.enter()
    await tab.ask("leave", "left", id=new_id(), text="Call me", mail="ingrid@exmaple.org", name="Ingird")
    await tab.ask("correct", "my_data", name="Ingrid", mail="ingrid@example.org")
    told = await data(tab)
    assert row(told, "name")["values"] == ["Ingrid"]
    assert row(told, "mail")["values"] == ["ingrid@example.org"]
    heard = await tom.hear("message", lambda frame: frame["message"]["body"].get("name") == "corrected")
    card = (await tom.ask("open", "conversation", chat=heard["chat"]))["details"]
    assert next(one["value"] for one in card if one["name"] == "mail") == "ingrid@example.org"
    await tab.ask("correct", "my_data", mail="")
    assert "mail" not in {one["name"] for one in (await data(tab))["held"]}
    assert (await tab.ask("correct", "refused", mail="nonsense"))["code"] == "bad_mail"


async def test_a_statement_stands_in_a_closed_chat_and_reopens_nothing(still_shop: Shop) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    tab, chat = await shop.writer("Hello")
    await tom.ask("take", "chat", chat=chat)
    await tom.ask("end", "chat", chat=chat)
    key = new_id()
    await tab.say("state", id=key, text="I never said that")
    echo = await tab.hear("message", lambda frame: frame["message"]["id"] == key)
    assert echo["chat"] == chat
    await tab.say("state", id=key, text="I never said that")
    again = await tab.hear("message", lambda frame: frame["message"]["id"] == key)
    assert again["message"]["seq"] == echo["message"]["seq"], "a resend is the same statement"
    shown = await tom.ask("open", "conversation", chat=chat)
    assert shown["chat"]["state"] == "closed"
    assert [one["body"].get("name") for one in shown["messages"]][-2:] == ["statement", None]


async def test_an_erasure_waits_a_day_in_sight_and_then_leaves_a_receipt(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tab, chat = await shop.writer("Hello")
    other = await shop.visitor(tab.token)
    visitor = shop.house.keys.visitor(shop.site, tab.token)
    told = await tab.ask("erase_me", "my_data")
    assert told["erase_at"] == clock.at() + DAY
    await other.hear("message", lambda frame: frame["message"]["body"].get("name") == "erase_asked")
    clock.pass_(23 * HOUR)
    assert (await tab.ask("erase_me", "my_data"))["erase_at"] == told["erase_at"], "asking again moves nothing"
    await shop.step()
    assert len(shop.rows("visitors")) == 1
    clock.pass_(HOUR + MINUTE)
    await shop.step()
    gone = await tab.hear("forgotten")
    assert gone["receipt"]["code"] == receipt_code(shop.house, "visitor", visitor)
    assert gone["receipt"]["counts"]["message"] == 1
    assert gone["receipt"]["overwritten"] is None
    assert (shop.rows("visitors"), shop.rows("chats"), shop.rows("messages")) == ([], [], [])
    back = await shop.visitor(tab.token)
    assert back.frames_hello["receipt"]["code"] == gone["receipt"]["code"], "whoever comes back later finds it, too"  # type: ignore[attr-defined]
    assert chat not in str(back.frames)


async def test_a_wish_to_be_erased_can_be_taken_back(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tab, _ = await shop.writer("Hello")
    await tab.ask("erase_me", "my_data")
    assert (await tab.ask("keep_me", "my_data"))["erase_at"] is None
    clock.pass_(2 * DAY)
    await shop.step()
    assert len(shop.rows("visitors")) == 1


async def test_nobody_reads_or_erases_with_a_token_that_was_forgotten_or_is_of_another_site(still_shop: Shop) -> None:
    shop = still_shop
    tab, _ = await shop.writer("Hello")
    second = await shop.visitor(tab.token)
    await tab.ask("forget", "forgotten")
    for command in ("erase_me", "keep_me", "correct"):
        assert (await second.ask(command, "refused"))["code"] == "not_found"
    assert (await data(second))["held"] == []


async def ticked(shop: Shop, *classes: str) -> None:
    """A version under which these classes are kept only after a tick."""
    draft = FACTORY["site"] | {cls: msgspec.structs.replace(FACTORY["site"][cls], when=When.TICKED) for cls in classes}
    await shop.house.engine.write(policies.post_version(shop.house, shop.site, draft))


async def test_where_a_tick_is_asked_for_nothing_is_sent_without_it(still_shop: Shop) -> None:
    shop = still_shop
    await ticked(shop, "message")
    tab = await shop.visitor()
    law = tab.frames_hello["law"]  # type: ignore[attr-defined]
    assert law["asks"] == ["message"]
    await tab.enter()
    await tab.say("send", id=new_id(), text="Hello")
    assert (await tab.hear("refused"))["code"] == "tick_first"
    assert (await tab.ask("tick", "refused", on=True, version=law["version"] + 1))["code"] == "law_moved"
    assert (await tab.ask("tick", "law", on=True, version=law["version"]))["ticked"] is True
    await tab.write("Hello")
    version, act = shop.rows("consents")[0][2], shop.rows("consents")[0][5]
    assert (version, act) == (law["version"], "tick")
    assert (await tab.ask("tick", "law", on=False))["ticked"] is False
    assert [one[5] for one in shop.rows("consents")] == ["tick", "withdrawn"]
    await tab.say("send", id=new_id(), text="More")
    assert (await tab.hear("refused"))["code"] == "tick_first"
    assert "message" not in {one["name"] for one in (await data(tab))["held"]}, "withdrawn is unreadable from the next frame"


async def test_a_tick_does_not_cover_a_wider_law(still_shop: Shop) -> None:
    shop = still_shop
    await ticked(shop, "mail")
    tab = await shop.visitor()
    version = tab.frames_hello["law"]["version"]  # type: ignore[attr-defined]
    assert (await tab.ask("tick", "law", on=True, version=version))["ticked"] is True
    await ticked(shop, "mail", "page")
    assert (await tab.hear("law"))["ticked"] is False, "asked again: the page was not agreed to"
    await ticked(shop, "page")
    law = await tab.hear("law")
    assert law["ticked"] is False


async def test_an_objection_takes_the_tick_back(still_shop: Shop) -> None:
    shop = still_shop
    await ticked(shop, "mail")
    tab = await shop.visitor()
    version = tab.frames_hello["law"]["version"]  # type: ignore[attr-defined]
    await tab.ask("tick", "law", on=True, version=version)
    await tab.enter()
    await tab.write("Hello")
    second = await shop.visitor(tab.token)
    assert second.frames_hello["ticked"] is True  # type: ignore[attr-defined]
    law = await tab.ask("object", "law", on=True)
    assert (law["objected"], law["ticked"]) == (True, False)
    told = await second.hear("law")
    assert (told["objected"], told["ticked"]) == (True, False)


async def test_a_question_opens_a_case_that_is_due_in_a_month(still_shop: Shop) -> None:
    shop = still_shop
    tab = await shop.visitor()
    assert (await tab.ask("ask", "refused", id=new_id(), text="Who are you?"))["code"] == "contact_needed"
    key = new_id()
    asked = await tab.ask("ask", "asked", id=key, text="Who are you?", contact="ingrid@example.org")
    assert asked["due"] > shop.house.clock.at() + 27 * DAY
    assert (await tab.ask("ask", "asked", id=key, text="Who are you?", contact="ingrid@example.org")) == asked
    assert len(shop.rows("cases")) == 1
    await tab.enter()
    await tab.write("Hello")
    await tab.ask("ask", "asked", id=new_id(), text="And what is held?")
    assert len(shop.rows("cases")) == 2


@pytest.mark.parametrize("text", ["", " ", "x" * 20_000])
async def test_a_question_without_words_is_refused(still_shop: Shop, text: str) -> None:
    tab = await still_shop.visitor()
    await tab.say("ask", id=new_id(), text=text, contact="me")
    assert (await tab.hear("refused"))["command"] == "ask"
    assert still_shop.rows("cases") == []
