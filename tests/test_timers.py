"""The life of a chat by time alone (R5), on a clock that moves when told: questions, closings, reopening, served time."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.conftest import FakeClock
from tests.personas import Shop, User, Visitor, new_id

MINUTE = 60_000
DAY = 86_400_000
QUIET, CLOSE, SILENT, REOPEN = 15 * MINUTE, 30 * MINUTE, 7 * DAY, 3 * DAY


class Talk(NamedTuple):
    """Tom has Ingrid's chat and wrote last, this very moment."""

    shop: Shop
    clock: FakeClock
    tom: User
    ingrid: Visitor
    chat: str

    async def pass_(self, ms: int) -> None:
        """Time passes, and the jobs do what is due."""
        self.clock.pass_(ms)
        await self.shop.step()

    async def told(self) -> list[str]:
        """The events in the visitor's timeline so far."""
        await self.ingrid.quiet()
        messages = [frame["message"]["body"] for frame in self.ingrid.frames if frame["type"] == "message"]
        return [body["name"] for body in messages if body["kind"] == "event"]

    def state(self) -> tuple[str, str | None]:
        columns = "state, closed_why"
        return next(row for row in columns_of(self.shop, columns, self.chat))


def columns_of(shop: Shop, columns: str, chat: str) -> list[Any]:
    import sqlite3

    connection = sqlite3.connect(f"file:{shop.house.engine.path}?mode=ro", uri=True)
    try:
        return connection.execute(f"SELECT {columns} FROM chats WHERE id = ?1", (chat,)).fetchall()
    finally:
        connection.close()


@pytest.fixture
async def talk(still_shop: Shop, clock: FakeClock) -> Talk:
    tom = await still_shop.operator("Tom")
    ingrid, chat = await still_shop.writer("My brake squeals.")
    await tom.say("take", chat=chat)
    await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    await tom.reply(chat, "Which model is it?")
    await ingrid.hear("message", lambda frame: frame["message"]["by"] == tom.id)
    return Talk(still_shop, clock, tom, ingrid, chat)


async def test_a_quiet_chat_is_asked_once_and_then_closed_with_a_line_that_says_why(talk: Talk) -> None:
    await talk.pass_(QUIET - 1)
    assert await talk.told() == ["took"]
    await talk.pass_(1)
    assert await talk.told() == ["took", "still_there"]
    await talk.pass_(CLOSE - 1)
    assert talk.state() == ("open", None)
    await talk.pass_(1)
    assert talk.state() == ("closed", "quiet")
    assert await talk.told() == ["took", "still_there", "closed_quiet"]
    names = {row[5]: row[6] for row in talk.shop.rows("counters")}
    assert names["closed_quiet"] == 1, "closed by silence is its own figure"
    assert [row for row in talk.shop.rows("due") if row[1] == talk.chat] == [], "nothing of it is due any more"


async def test_a_chat_that_waits_for_us_is_never_asked_nor_closed(talk: Talk) -> None:
    await talk.ingrid.write("A Larch 3.")
    for _ in range(20):
        await talk.pass_(QUIET)
    assert await talk.told() == ["took"]
    assert talk.state() == ("open", None)


async def test_a_waiting_chat_is_not_asked(still_shop: Shop, clock: FakeClock) -> None:
    ingrid, chat = await still_shop.writer()
    clock.pass_(QUIET + CLOSE)
    await still_shop.step()
    assert columns_of(still_shop, "state, pub", chat) == [("waiting", 1)]
    assert [frame["type"] for frame in await ingrid.quiet()] == ["pong"]


async def test_an_answer_to_the_question_keeps_the_chat(talk: Talk) -> None:
    await talk.pass_(QUIET)
    await talk.ingrid.write("Yes, one moment.")
    for _ in range(6):
        await talk.pass_(CLOSE)
    assert talk.state() == ("open", None)
    await talk.tom.reply(talk.chat, "Take your time.")
    await talk.pass_(QUIET - 1)
    assert (await talk.told()).count("still_there") == 1
    await talk.pass_(CLOSE)
    assert (await talk.told()).count("still_there") == 2, "the next silence begins with our next answer"


async def test_the_silence_is_counted_from_the_newest_text(talk: Talk) -> None:
    await talk.pass_(QUIET - MINUTE)
    await talk.tom.reply(talk.chat, "It stands on the frame.")
    await talk.pass_(MINUTE)
    await talk.pass_(QUIET - MINUTE - 1)
    assert await talk.told() == ["took"]
    await talk.pass_(1)
    assert await talk.told() == ["took", "still_there"]
    await talk.pass_(CLOSE - MINUTE)
    await talk.tom.reply(talk.chat, "Still here.")
    await talk.pass_(MINUTE)
    assert talk.state() == ("open", None), "an answer of ours begins a new silence"


async def test_a_note_is_no_sign_of_life(talk: Talk) -> None:
    await talk.pass_(QUIET - MINUTE)
    await talk.tom.say("note", chat=talk.chat, id=new_id(), text="She looks for the number.")
    await talk.tom.hear("message", lambda frame: frame["message"]["body"]["kind"] == "note")
    await talk.pass_(MINUTE)
    assert await talk.told() == ["took", "still_there"]


async def test_a_chat_that_was_given_back_is_not_asked(talk: Talk) -> None:
    await talk.tom.say("give_back", chat=talk.chat)
    await talk.tom.quiet()
    await talk.pass_(QUIET + CLOSE)
    assert talk.state() == ("waiting", None)
    assert "still_there" not in await talk.told()


@pytest.mark.parametrize("how", ["waiting", "open", "left"])
async def test_everything_closes_after_seven_silent_days(still_shop: Shop, clock: FakeClock, how: str) -> None:
    ingrid = await still_shop.visitor()
    await ingrid.enter()
    tom = await still_shop.operator("Tom")
    if how == "left":
        await ingrid.ask("leave", "left", id=new_id(), text="Call me", mail="ingrid@example.org")
    else:
        await ingrid.write("Hello")
    chat = still_shop.rows("chats")[0][0]
    if how == "open":
        await tom.say("take", chat=chat)
        await tom.quiet()
    clock.pass_(SILENT - 1)
    await still_shop.step()
    assert columns_of(still_shop, "state", chat) == [(how,)]
    clock.pass_(1)
    await still_shop.step()
    assert columns_of(still_shop, "state, closed_why, ended_at", chat) == [("closed", "silent", clock.at())]


async def test_a_word_starts_the_seven_days_anew(still_shop: Shop, clock: FakeClock) -> None:
    ingrid, chat = await still_shop.writer()
    clock.pass_(SILENT - DAY)
    await ingrid.write("Anybody?")
    for _ in range(6):
        clock.pass_(DAY)
        await still_shop.step()
    assert columns_of(still_shop, "state", chat) == [("waiting",)]
    clock.pass_(DAY)
    await still_shop.step()
    assert columns_of(still_shop, "state", chat) == [("closed",)]


@pytest.mark.parametrize("jump", [DAY, -DAY, 14 * DAY, -400 * DAY])
async def test_a_clock_that_is_set_moves_no_timer(talk: Talk, jump: int) -> None:
    await talk.pass_(QUIET - MINUTE)
    talk.clock.jump(jump)
    await talk.shop.step()
    assert await talk.told() == ["took"], "nothing is due because of it"
    await talk.tom.reply(talk.chat, "After the clock was set")
    talk.clock.jump(jump)
    await talk.pass_(MINUTE)
    await talk.pass_(QUIET - MINUTE - 1)
    assert await talk.told() == ["took"], "the silence is as long as it was, whatever the clock says"
    await talk.pass_(1)
    assert await talk.told() == ["took", "still_there"]
    talk.clock.jump(-jump)
    await talk.pass_(CLOSE - 1)
    assert talk.state() == ("open", None)
    await talk.pass_(1)
    assert talk.state() == ("closed", "quiet")


async def test_a_timer_that_fires_twice_acts_once(talk: Talk) -> None:
    from l2s.actions import timers

    talk.clock.pass_(QUIET)
    for _ in range(3):
        await talk.shop.house.engine.write(timers.fire(talk.shop.house, "quiet", talk.chat))
    assert await talk.told() == ["took", "still_there"]


# Reopening.


async def _closed(talk: Talk) -> None:
    await talk.tom.say("end", chat=talk.chat)
    await talk.ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "closed")


async def test_a_message_within_the_days_reopens_the_chat_in_place(talk: Talk) -> None:
    await _closed(talk)
    talk.clock.pass_(REOPEN)
    echo = await talk.ingrid.write("It squeals again.")
    assert echo["chat"] == talk.chat
    assert columns_of(talk.shop, "state, owner_id, ended_at, closed_why", talk.chat) == [("waiting", None, None, None)]
    assert (await talk.told())[-2:] == ["closed_user", "reopened"]
    row = await talk.tom.hear("chat", lambda frame: frame["chat"]["state"] == "waiting")
    assert row["chat"]["id"] == talk.chat
    await talk.pass_(SILENT)
    assert talk.state() == ("closed", "silent"), "and its timers run again"


async def test_a_message_after_the_days_begins_a_new_chat_that_knows_the_old_one(talk: Talk) -> None:
    await _closed(talk)
    talk.clock.pass_(REOPEN + 1)
    echo = await talk.ingrid.write("Another matter.")
    assert echo["chat"] != talk.chat
    assert talk.state() == ("closed", "user")
    assert columns_of(talk.shop, "previous_id, state", echo["chat"]) == [(talk.chat, "waiting")]


# Served time.


def shown(shop: Shop) -> int:
    return {row[0]: row[1] for row in shop.rows("meta")}.get("shown", 0)


async def test_served_time_counts_minutes_in_which_the_notice_can_be_read(still_shop: Shop, clock: FakeClock) -> None:
    await still_shop.step()
    before = shown(still_shop)
    for _ in range(3):
        clock.pass_(MINUTE)
        await still_shop.step()
    assert shown(still_shop) - before == 3 * MINUTE
    clock.pass_(MINUTE - 1)
    await still_shop.step()
    assert shown(still_shop) - before == 3 * MINUTE, "once a minute"
    assert still_shop.live.jobs is not None
    still_shop.live.jobs.listening = False
    clock.pass_(10 * MINUTE)
    await still_shop.step()
    assert shown(still_shop) - before == 3 * MINUTE, "not while nobody could have read it"


async def test_a_clock_that_is_set_shortens_no_promise(still_shop: Shop, clock: FakeClock) -> None:
    await still_shop.step()
    before, high = shown(still_shop), clock.at()
    clock.jump(20 * DAY)
    clock.pass_(MINUTE)
    await still_shop.step()
    assert shown(still_shop) - before == MINUTE, "twenty days of the clock are one minute of service"
    clock.jump(-40 * DAY)
    clock.pass_(MINUTE)
    await still_shop.step()
    assert shown(still_shop) - before == MINUTE, "a clock that runs back counts nothing"
    wall = {row[0]: row[1] for row in still_shop.rows("meta")}["wall"]
    assert wall == high + 20 * DAY + MINUTE, "the high water stays"
