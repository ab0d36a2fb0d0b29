"""The live half without a transport: peers over an in-memory channel, fan-out of a group, presence on its own clock."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.domain import events as ev
from l2s.domain.chats import Chat, Details, Message
from l2s.domain.people import Actor, Role, User
from l2s.live import fanout as fanout_module
from l2s.live.fanout import Fanout
from l2s.live.hub import Hub
from l2s.live.peer import Peer
from l2s.live.presence import Presence, SiteOf
from l2s.privacy.factory import FACTORY
from l2s.privacy.gate import admit
from l2s.privacy.ledger import Law
from l2s.privacy.policy import Choice
from tests.conftest import FakeClock, shop_at
from tests.hostile import raw_socket
from tests.personas import GUARD, Shop

MOST = 1000
LAW = Law("site", 0, 0, 1, "", dict(FACTORY["site"]), b"")
GRACE, IDLE = 10_000, 1_800_000


class Line:
    """A Channel in memory. `room`: does the transport take what is offered? `gone`: it raises."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.room = True
        self.gone = False
        self.end = ""
        self.opened = asyncio.Event()

    def offer(self, data: bytes) -> bool:
        if self.room:
            self.got.append(data)
        return self.room

    async def send(self, data: bytes) -> None:
        await self.opened.wait()
        if self.gone:
            raise ConnectionError
        self.got.append(data)

    def abort(self) -> None:
        self.end = "aborted"

    def finish(self) -> None:
        self.end = "finished"


def peer(line: Line, actor: Actor | None = None, session: str = "", most: int = MOST) -> Peer:
    return Peer(line, actor or Actor("visitor", "v", "a", site="s"), session, most)


async def until(done: Any) -> None:
    """Let the loop run until it is so."""
    async with asyncio.timeout(GUARD):
        while not done():
            await asyncio.sleep(0)


# One peer.


async def test_a_peer_writes_through_while_its_transport_is_empty() -> None:
    line = Line()
    one, before = peer(line), asyncio.all_tasks()
    one.push(b"a")
    assert line.got == []
    one.flush()
    one.tell(b"b")
    assert line.got == [b"a", b"b"]
    assert asyncio.all_tasks() == before, "no task stands by"


async def test_a_slow_peer_is_drained_in_order_and_then_writes_through_again() -> None:
    line = Line()
    one = peer(line)
    line.room = False
    for frame in (b"a", b"b", b"c"):
        one.tell(frame)
    assert line.got == []
    line.opened.set()
    await until(lambda: b"c" in b"\n".join(line.got))
    assert b"\n".join(line.got) == b"a\nb\nc"
    await until(lambda: one._drain is None)
    line.room = True
    one.tell(b"d")
    assert line.got[-1] == b"d"


async def test_a_peer_that_does_not_read_is_bounded_and_dropped() -> None:
    line = Line()
    one = peer(line)
    line.room = False
    for _ in range(MOST // 101):
        one.tell(b"x" * 100)
    assert not one.dead, "premise: up to the bound it is waited for"
    one.tell(b"x" * 100)
    assert (one.dead, line.end) == (True, "aborted")
    line.opened.set()
    line.room = True
    one.tell(b"late")
    await asyncio.sleep(0)
    assert b"late" not in b"".join(line.got)
    assert one._frames == []


async def test_a_peer_whose_transport_is_gone_is_dropped() -> None:
    line = Line()
    one = peer(line)
    line.room, line.gone = False, True
    one.tell(b"a")
    line.opened.set()
    await until(lambda: one.dead)
    assert line.end == "aborted"


async def test_what_comes_while_it_is_held_follows_the_snapshot() -> None:
    line = Line()
    one = peer(line)
    one.hold()
    one.tell(b"later 1")
    one.tell(b"later 2")
    assert line.got == []
    one.release(b"snapshot")
    assert line.got == [b"snapshot\nlater 1\nlater 2"]
    one.hold()
    for _ in range(MOST // 100 + 1):
        one.tell(b"x" * 100)
    assert one.dead, "a hold is bounded too"


async def test_a_session_that_dies_says_one_last_thing() -> None:
    line = Line()
    one = peer(line)
    one.hold()
    one.tell(b"a secret of the desk")
    one.end(b"signed_out")
    one.release(b"snapshot")
    one.tell(b"more")
    assert (line.got, line.end, one.dead) == ([b"signed_out"], "finished", True)


# Fan-out.


class Desk:
    """A hub with its fan-out: two visitors of one site, operators of two accounts."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.hub = Hub()
        self.presence = Presence(self.clock.steady, IDLE, GRACE)
        self.fanout = Fanout(self.hub, self.presence, self.clock.at, self.clock.steady)
        self.fanout.places["s"] = SiteOf("a", "d")
        self.lines: dict[str, Line] = {}

    def add(self, name: str, actor: Actor, *topics: tuple[str, str]) -> Peer:
        self.lines[name] = Line()
        one = peer(self.lines[name], actor, f"session-{name}", 100_000)
        self.hub.join(one, *topics)
        return one

    def user(self, name: str, role: Role = "operator", account: str = "a", **more: Any) -> Peer:
        actor = Actor("user", name, account, name, role, **more)
        return self.add(name, actor, ("account", account), ("user", name))

    def visitor(self, name: str) -> Peer:
        return self.add(name, Actor("visitor", name, "a", site="s"), ("site", "s"), ("visitor", name))

    def heard(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for data in self.lines[name].got for line in data.split(b"\n")]

    def kinds(self, name: str) -> list[str]:
        return [frame["type"] for frame in self.heard(name)]


@pytest.fixture
def desk() -> Desk:
    one = Desk()
    for name in ("tom", "priya", "aram"):
        one.user(name)
    one.user("fred", "owner", "b")
    one.visitor("ingrid")
    one.visitor("bene")
    return one


CHAT = Chat("c", "a", "s", "d", "ingrid", "open", 3, 3, 1, 0, 0, False, owner="tom")


def posted(seq: int, kind: Any = "text", chat: Chat = CHAT) -> ev.MessagePosted:
    cls = "about" if kind == "note" else "message"
    said = admit(f"words {seq}", cls, Choice.NONE, LAW, 0)
    where = {"note": said} if kind == "note" else {"body": said}
    message = Message("c", seq, seq, seq, "user", "tom", f"id-{seq}", kind, None, 0, **where)
    return ev.MessagePosted(chat, LAW, Choice.NONE, message)


def changed(chat: Chat = CHAT) -> ev.ChatChanged:
    return ev.ChatChanged(ev.ChatState(chat, LAW, Choice.NONE, Details(), (), ()))


async def test_a_group_is_one_write_for_each_peer_in_commit_order(desk: Desk) -> None:
    desk.fanout.publish([changed(), *(posted(seq) for seq in range(4, 9))])
    for name in ("tom", "priya", "ingrid"):
        assert len(desk.lines[name].got) == 1
        assert [frame["message"]["seq"] for frame in desk.heard(name)[1:]] == [4, 5, 6, 7, 8]
        assert desk.kinds(name)[0] == "chat"


async def test_a_frame_is_encoded_once_for_each_audience(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    encode = fanout_module.encode
    monkeypatch.setattr(fanout_module, "encode", lambda frame: made.append(frame) or encode(frame))
    for i in range(50):
        desk.user(f"user-{i}")
        desk.add(f"tab-{i}", Actor("visitor", "ingrid", "a", site="s"), ("visitor", "ingrid"))
    desk.fanout.publish([posted(4)])
    assert len(made) == 3, "the owner as operator, the others as team, the visitor"
    assert desk.kinds("user-49") == desk.kinds("tab-49") == ["message"]


async def test_a_note_reaches_the_team_and_no_visitor(desk: Desk) -> None:
    desk.fanout.publish([posted(4, "note")])
    assert desk.heard("priya")[0]["message"]["body"] == {"kind": "note", "text": "words 4"}
    assert desk.lines["ingrid"].got == []


async def test_nobody_else_hears_anything(desk: Desk) -> None:
    limited = desk.user("limited", sites=frozenset({"another"}))
    assert limited.actor.sites == {"another"}
    desk.fanout.publish([changed(), posted(4), ev.ChatErased(CHAT), ev.Typing(CHAT, None, True)])
    assert (desk.lines["fred"].got, desk.lines["bene"].got, desk.lines["limited"].got) == ([], [], [])
    assert desk.kinds("tom") == ["chat", "message", "erased", "typing"]
    assert desk.kinds("ingrid") == ["chat", "message", "erased"], "nor its own typing back"


async def test_ended_sessions_hear_nothing_of_their_own_group(desk: Desk) -> None:
    second = desk.user("tom")
    first = next(one for one in desk.hub.of("user", "tom") if one is not second)
    desk.fanout.publish([ev.SessionsEnded("tom", frozenset({"session-priya"})), posted(4)])
    assert desk.kinds("tom") == ["message"], "somebody else's session is not his"
    desk.fanout.publish([posted(5), ev.SessionsEnded("tom"), posted(6)])
    assert desk.kinds("tom") == ["message", "signed_out"]
    assert (first.dead, second.dead) == (True, True)
    assert [frame["message"]["seq"] for frame in desk.heard("priya")] == [4, 5, 6]


async def test_a_slow_peer_holds_up_nobody(desk: Desk) -> None:
    desk.lines["priya"].room = False
    desk.fanout.publish([posted(4)])
    assert desk.kinds("aram") == desk.kinds("ingrid") == ["message"]


async def test_who_left_the_hub_is_forgotten_by_it(desk: Desk) -> None:
    one = desk.visitor("short")
    assert one in desk.hub.of("site", "s")
    desk.hub.leave(one)
    assert (one in desk.hub.peers, list(desk.hub.of("visitor", "short")), one.topics) == (False, [], ())
    assert "short" not in desk.hub.topics("visitor")


# Presence.


def arrive(desk: Desk, name: str, available: bool = True) -> None:
    actor = Actor("user", name, "a", name, "operator")
    desk.presence.arrive(actor, User(name, "a", name.title(), "operator", "active", available))


def told(desk: Desk) -> list[tuple[str, list[str]]]:
    frames = [frame for frame in desk.heard("ingrid") if frame["type"] == "availability"]
    return [(frame["availability"], [person["name"] for person in frame["people"]]) for frame in frames]


async def test_a_reload_is_not_told_and_a_closed_browser_is_after_its_grace(desk: Desk) -> None:
    arrive(desk, "tom")
    desk.presence.depart("tom")
    desk.clock.pass_(GRACE - 1)
    desk.presence.tick()
    arrive(desk, "tom")
    assert told(desk) == [("here", ["Tom"])], "a reload"
    desk.presence.depart("tom")
    desk.clock.pass_(GRACE)
    desk.presence.tick()
    assert told(desk) == [("here", ["Tom"]), ("away", [])]
    assert desk.presence.user("tom") is None, "and he is forgotten"


async def test_two_browsers_are_one_person(desk: Desk) -> None:
    arrive(desk, "tom")
    arrive(desk, "tom")
    desk.presence.depart("tom")
    desk.clock.pass_(10 * GRACE)
    desk.presence.tick()
    assert told(desk) == [("here", ["Tom"])]


async def test_silence_turns_away_and_an_act_turns_back(desk: Desk) -> None:
    arrive(desk, "tom")
    desk.clock.pass_(IDLE - 1)
    desk.presence.tick()
    assert len(told(desk)) == 1
    desk.clock.pass_(1)
    desk.presence.tick()
    desk.presence.act("tom")
    assert told(desk) == [("here", ["Tom"]), ("away", []), ("here", ["Tom"])]


async def test_who_is_away_disabled_or_elsewhere_is_not_told_and_three_names_are_enough(desk: Desk) -> None:
    arrive(desk, "aram", available=False)
    assert told(desk) == []
    for name in ("tom", "priya", "maja", "zoe"):
        arrive(desk, name)
    assert told(desk)[-1] == ("here", ["Maja", "Priya", "Tom"])
    desk.presence.learn(User("maja", "a", "Maja", "owner", "disabled", True))
    assert told(desk)[-1] == ("here", ["Priya", "Tom", "Zoe"])
    desk.presence.learn(msgspec.structs.replace(User("tom", "a", "Tom", "operator", "active", False)))
    assert told(desk)[-1] == ("here", ["Priya", "Zoe"])
    assert desk.lines["fred"].got == [], "another account hears nothing of it"


async def test_a_clock_that_is_set_moves_nobody(desk: Desk) -> None:
    arrive(desk, "tom")
    for jump in (86_400_000, -2 * 86_400_000):
        desk.clock.jump(jump)
        desk.presence.tick()
    assert told(desk) == [("here", ["Tom"])]


async def test_the_widget_follows_a_real_operator(still_shop: Shop, clock: FakeClock) -> None:
    ingrid = await still_shop.visitor()
    assert ingrid.frames[0]["availability"] == "away"
    tom = await still_shop.operator("Tom")
    assert (await ingrid.hear("availability"))["people"] == [{"id": tom.id, "name": "Tom"}]
    clock.pass_(still_shop.house.settings.idle_minutes * 60_000)
    await still_shop.step()
    assert (await ingrid.hear("availability"))["availability"] == "away"
    await tom.say("available", on=True)
    assert (await ingrid.hear("availability"))["availability"] == "here"
    await tom.close()
    clock.pass_(still_shop.house.settings.grace_seconds * 1000 - 1)
    await still_shop.step()
    assert [frame["type"] for frame in await ingrid.quiet()] == ["pong"]
    clock.pass_(1)
    await still_shop.step()
    assert (await ingrid.hear("availability"))["availability"] == "away"


async def test_a_socket_that_never_reads_is_dropped_and_the_others_are_served(tmp_path: Path) -> None:
    limits = {"outbox_max": 65_536, "message_max": 50_000, "frame_max": 200_000, "rate_commands": 0}
    async with shop_at(tmp_path, **limits) as shop:
        tom = await shop.operator("Tom")
        ingrid, chat = await shop.writer()
        await tom.say("take", chat=chat)
        stuck = await raw_socket(shop)  # its reader takes 128 KiB and then lets the rest lie
        hello = {"type": "hello", "protocol": 1, "site": shop.site, "token": ingrid.token}
        stuck.writer.write(stuck.frame(1, json.dumps(hello).encode()))
        await until(lambda: len(shop.live.hub.peers) == 3)
        async with asyncio.timeout(GUARD):
            while len(shop.live.hub.peers) == 3:
                await tom.reply(chat, "x" * 50_000)
        await ingrid.quiet()
        again = await shop.visitor(ingrid.token)
        assert again.frames[0]["messages"][-1]["seq"] == again.frames[0]["chat"]["pub"], "it comes back and resyncs"
        stuck.writer.close()
