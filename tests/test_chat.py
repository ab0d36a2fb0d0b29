"""The main job on real sockets: a visitor and an operator talk."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import shop_at
from tests.personas import Shop, new_id


async def test_a_visitor_and_an_operator_talk(shop: Shop) -> None:
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer("My brake squeals.")
    row = await tom.hear("chat", lambda frame: frame["chat"]["id"] == chat)
    assert row["chat"]["state"] == "waiting"
    await tom.say("take", chat=chat)
    taken = await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    assert taken["chat"]["people"] == [{"id": tom.id, "name": "Tom"}]
    told = await ingrid.hear("message")
    assert told["message"]["body"] == {"kind": "event", "name": "took", "user": tom.id, "waited": 0}
    await tom.reply(chat, "The pads are due.")
    answer = await ingrid.hear("message")
    assert answer["message"]["body"] == {"kind": "text", "text": "The pads are due."}
    assert answer["message"]["by"] == tom.id


async def test_a_visitor_never_hears_of_a_note(shop: Shop) -> None:
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer()
    await tom.say("take", chat=chat)
    await ingrid.hear("message", lambda frame: frame["message"]["by"] == "system")
    told = len(ingrid.frames)
    await tom.say("note", chat=chat, id=new_id(), text="Same batch as in October.")
    note = await tom.hear("message", lambda frame: frame["message"]["body"]["kind"] == "note")
    answer = await tom.reply(chat, "One moment.")
    assert answer["message"]["seq"] == note["message"]["seq"] + 1
    await ingrid.quiet()
    heard = ingrid.frames[told:]
    assert "October" not in str(ingrid.frames)
    assert [frame["message"]["id"] for frame in heard if frame["type"] == "message"] == [answer["message"]["id"]]
    again = await shop.visitor(ingrid.token)
    assert "October" not in str(again.frames)


async def test_a_resend_is_answered_with_the_stored_message_and_doubles_nothing(shop: Shop) -> None:
    ingrid, _ = await shop.writer("Hello")
    key = new_id()
    first = await ingrid.write("Once", key)
    second = await ingrid.write("Once", key)
    assert first == second
    await ingrid.say("send", id=key, text="Other")
    assert (await ingrid.hear("refused"))["code"] == "id_reused"
    assert len([row for row in shop.rows("messages") if row[9] == "Once"]) == 1


async def test_a_resume_brings_exactly_the_gap(shop: Shop) -> None:
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer("One")
    await tom.say("take", chat=chat)
    known = await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    since = known["chat"]["pub"]
    await ingrid.close()
    await tom.say("note", chat=chat, id=new_id(), text="Not for her.")
    for text in ("Two", "Three"):
        await tom.reply(chat, text)
    back = await shop.visitor(ingrid.token, chat=chat, since=since)
    welcome = back.frames[0]
    assert welcome["full"] is False
    assert [message["body"]["text"] for message in welcome["messages"]] == ["Two", "Three"]


async def test_only_one_of_two_operators_takes_a_chat(shop: Shop) -> None:
    tom, priya = await shop.operator("Tom"), await shop.operator("Priya")
    _, chat = await shop.writer()
    await tom.say("take", chat=chat)
    await priya.say("take", chat=chat)
    states = [await wire.hear("chat", lambda frame: frame["chat"]["state"] == "open") for wire in (tom, priya)]
    owner = states[0]["chat"]["owner"]
    assert states[1]["chat"]["owner"] == owner
    loser = priya if owner == tom.id else tom
    refused = await loser.hear("refused")
    assert (refused["code"], refused["data"]["user"]) == ("taken", owner)


async def test_a_waiting_chat_that_nobody_takes_becomes_an_offline_message(shop: Shop) -> None:
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer("Is anybody there?")
    await ingrid.say("leave", id=new_id(), text="Then by mail, please.", mail="ingrid@example.org", name="Ingrid")
    left = await ingrid.hear("left")
    row = await tom.hear("chat", lambda frame: frame["chat"]["state"] == "left")
    assert (row["chat"]["id"], row["chat"]["name"], row["chat"]["label"]) == (chat, "Ingrid", left["reference"])
    await tom.say("take", chat=chat)
    await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    await ingrid.say("leave", id=new_id(), text="Again", mail="ingrid@example.org")
    assert (await ingrid.hear("refused"))["code"] == "chat_live"


async def test_a_message_after_an_offline_message_goes_on_in_the_same_chat(shop: Shop) -> None:
    ingrid, chat = await shop.writer("Hello")
    await ingrid.say("leave", id=new_id(), text="By mail, please.", mail="ingrid@example.org")
    await ingrid.hear("left")
    assert (await ingrid.write("Now I am here again."))["chat"] == chat
    back = await shop.visitor(ingrid.token)
    assert (back.frames[0]["chat"]["id"], back.frames[0]["chat"]["state"]) == (chat, "waiting")


async def test_the_newest_of_several_chats_is_the_one_that_goes_on(tmp_path: Path) -> None:
    async with shop_at(tmp_path, reopen_days=0) as shop:
        tom = await shop.operator("Tom")
        ingrid, first = await shop.writer("One")
        for text in ("Two", "Three"):
            await ingrid.say("end")
            await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
            await tom.quiet()
            newest = (await ingrid.write(text))["chat"]
        assert newest != first
        await ingrid.say("end")
        await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
        assert (await shop.visitor(ingrid.token)).frames[0]["chat"]["id"] == newest
