"""A visitor's session: hello, one token, one live chat. Nothing is kept of anybody who only looks (W5)."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import msgspec

from l2s.actions import choices, mydata, visitors, welcome
from l2s.actions.visitors import Posted, Visit, admitted
from l2s.actions.welcome import Arrived, Snapshot
from l2s.clock import HOUR, MINUTE, SECOND
from l2s.domain.chats import Details
from l2s.domain.events import ChoiceMoved
from l2s.domain.people import Actor
from l2s.domain.text import visitor_token
from l2s.errors import Conflict
from l2s.live.peer import Channel, Peer
from l2s.live.presence import SiteOf
from l2s.privacy.gate import admit
from l2s.privacy.ledger import Law, choice_under
from l2s.privacy.policy import Choice
from l2s.protocol import PROTOCOL
from l2s.protocol import commands as co
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa
from l2s.protocol.audience import for_visitor, label, law_view, receipt_view, visitor_chat, visitor_message
from l2s.protocol.codec import decode_visitor, encode
from l2s.store.sql import Sql
from l2s.web.live import Live
from l2s.web.my_data import ask_my_data, ask_privacy, change_my_data
from l2s.web.session import Session, Table, stored


class Door(msgspec.Struct):
    """What the transport knows of the connection, raw, until hello admits it. `network`: for rates."""

    address: str
    agent: str
    objected: bool
    network: str

    def __repr__(self) -> str:
        return "<Door>"


class VisitorSession(Session):
    """One visitor's connection."""

    __slots__ = ("_stale", "door", "network", "visit")

    def __init__(self, live: Live, channel: Channel, door: Door) -> None:
        super().__init__(live)
        self.peer = Peer(channel, Actor("visitor", "", ""), "", live.house.settings.outbox_max)
        self.visit = Visit(self.peer.actor, 0, "en", door.objected, False)
        self.door: Door | None = door
        self.network = door.network
        self._stale = False

    def decode(self, raw: bytes) -> Any:
        return decode_visitor(raw)

    # Coming in.

    async def on_hello(self, hello: co.VisitorHello) -> None:
        """Followed, held, read, put first, released, as in `_welcome`; all of it is one read."""
        self.check_protocol(hello.protocol)
        token = visitor_token(hello.token) if hello.token else ""
        visit = self.visit
        visit.objected = visit.objected or hello.objected
        visit.language = hello.language[:2] if hello.language[:2].isalpha() else "en"
        visit.is_test = bool(hello.preview) and self.live.is_preview(hello.preview or "", hello.site)
        self._set_actor(Actor("visitor", "", "", site=hello.site), token)
        self.live.hub.join(self.peer, ("site", hello.site))
        self.live.visitors[self.peer] = self
        self.peer.hold()
        try:
            arrived = await self._arrive(hello)
        except BaseException:
            self._unset_actor()
            self.live.hub.leave(self.peer)
            self.peer.release()
            raise
        self._settle(hello, arrived)
        self.greeted = True
        self.peer.release(encode(self._greeting(arrived.shot)))

    async def _arrive(self, hello: co.VisitorHello) -> Arrived:
        """Read again where the law or this visitor's objection moved meanwhile: the read may not know of it."""
        while True:
            self._stale = False
            arrived = await self.house.engine.read(
                lambda sql: welcome.arrive(self.house, self.visit, hello.chat, hello.since, sql)
            )
            if not self._stale:
                return arrived

    def _settle(self, hello: co.VisitorHello, arrived: Arrived) -> None:
        visit, site, shot = self.visit, arrived.site, arrived.shot
        self.live.fanout.places[site.id] = SiteOf(site.account, site.department)
        visit.actor = self.peer.actor = msgspec.structs.replace(visit.actor, account=site.account)
        visit.since = site.head
        visit.told = self._admit(hello.page, hello.referrer, arrived.law)
        self.door = None
        self._take_choice(shot.objected, shot.ticked, shot.law)

    def _set_actor(self, actor: Actor, token: str) -> None:
        if token:
            keys = self.house.keys
            actor = msgspec.structs.replace(actor, id=keys.visitor(actor.site, token))
            self.visit.token = keys.hash("token", f"{actor.site}:{token}")  # one token on two sites is two visitors
            self.live.hub.join(self.peer, ("visitor", actor.id))
        self.visit.actor = self.peer.actor = actor

    def _unset_actor(self) -> None:
        """A token that was refused (it was forgotten) must not go on hearing its old chat."""
        self.live.hub.leave_topic(self.peer, ("visitor", self.visit.actor.id))
        self.visit.actor = self.peer.actor = msgspec.structs.replace(self.visit.actor, id="")
        self.visit.token = b""

    def _admit(self, page: str | None, referrer: str | None, law: Law) -> Details:
        """Headers and address through the gate at the door: what the law does not keep never enters the session."""
        choice = self._choice(law)
        door, since = self.door, self.visit.since
        came = {"page": page, "referrer": referrer}
        if door:
            came |= {"address": door.address, "browser": door.agent}
        told = {name: admit(raw or None, name, choice, law, since) for name, raw in came.items()}
        self.visit.dropped = tuple(name for name, raw in came.items() if raw and told[name] is None)
        return Details(**told)

    async def on_enter(self, enter: co.Enter) -> None:
        token = visitor_token(enter.token)
        if self.visit.actor.id:
            if self.house.keys.visitor(self.visit.actor.site, token) == self.visit.actor.id:
                return
            raise Conflict("entered_already")
        self._set_actor(self.visit.actor, token)
        await self._welcome()

    async def _welcome(self) -> None:
        """First load and reconnect are one path: subscribed, hold, read, put first, release (DESIGN 4)."""
        self.peer.hold()
        try:
            shot = await self.house.engine.read(lambda sql: welcome.snapshot(self.house, self.visit, sql))
        except BaseException:
            self._unset_actor()
            self.peer.release()
            raise
        self._take_choice(shot.objected, shot.ticked, shot.law)
        self.peer.release(encode(self._greeting(shot)))

    def _choice(self, law: Law) -> Choice:
        return choice_under(self.visit.objected, self.visit.ticked, law)

    def _take_choice(self, objected: bool, ticked: int, law: Law) -> None:
        """What the session holds is reduced to what may be kept of a person in this state."""
        self.visit.objected, self.visit.ticked = objected, ticked
        self.visit.told = admitted(self.visit.told, self._choice(law), law, self.visit.since)

    def law_frame(self, law: Law) -> bytes:
        """The law as this visitor stands to it."""
        choice = self._choice(law)
        return encode(fr.LawFrame(law_view(law), choice == Choice.OBJECTED, choice == Choice.TICKED))

    def _greeting(self, shot: Snapshot) -> fr.VisitorWelcome:
        now, site = self.house.clock.at(), self.visit.actor.site
        told = self.live.presence.of_site(site, self.live.fanout.places[site])
        state = shot.state
        choice = choice_under(shot.objected, shot.ticked, shot.law)
        return fr.VisitorWelcome(
            PROTOCOL,
            now,
            site,
            told.availability,
            [pa.Person(*one) for one in told.people],
            law_view(shot.law),
            shot.held,
            choice == Choice.OBJECTED,
            choice == Choice.TICKED,
            receipt_view(shot.receipt) if shot.receipt else None,
            visitor_chat(state, now) if state else None,
            [visitor_message(message, shot.law, choice, now) for message in shot.messages],
            shot.full,
            shot.more,
        )

    # Speaking.

    async def on_send(self, command: co.SendMessage) -> None:
        self._rate()
        unit = visitors.send(self.house, self.visit, command.id, command.text)
        now = self.house.clock.at()
        self.submit(command, unit, lambda posted: stored(posted.again, lambda event: for_visitor(event, now)))

    def _rate(self) -> None:
        settings, limits = self.house.settings, self.live.limits
        limits.take("send", self.visit.actor.id or self.network, settings.rate_send, MINUTE)
        if not self.live.hub_knows_chat(self.visit.actor.id):
            limits.take("chats", self.network, settings.rate_chats, HOUR)
            self.live.note_chat(self.visit.actor.id)

    async def on_leave(self, command: co.LeaveMessage) -> None:
        self.live.limits.take("forms", self.network, self.house.settings.rate_chats, HOUR)
        unit = visitors.leave(self.house, self.visit, command.id, command.text, command.mail, command.name)

        def answer(posted: Posted) -> fr.Frame:
            return fr.Left(command.id, label(posted.chat))

        self.submit(command, unit, answer)

    async def on_typing(self, command: co.VisitorTyping) -> None:
        self.live.limits.take("typing", self.visit.actor.id or self.network, 20, 10 * SECOND)
        event = await self.house.engine.read(lambda sql: welcome.typing(self.house, self.visit, command.on, sql))
        if event:
            self.live.fanout.publish([event])

    async def on_mark(self, command: co.VisitorMark) -> None:
        await self.house.engine.write(visitors.mark(self.house, self.visit, command.delivered, command.read))

    async def on_end(self, _: co.VisitorEnd) -> None:
        await self.house.engine.write(visitors.end(self.house, self.visit))

    async def on_older(self, command: co.VisitorOlder) -> None:
        state, page = await self.house.engine.read(
            lambda sql: welcome.history(self.house, self.visit, command.chat, command.before, sql)
        )
        now = self.house.clock.at()
        rows = [visitor_message(message, state.law, state.choice, now) for message in page]
        self.peer.release(
            encode(fr.VisitorHistory(command.chat, rows, bool(rows) and rows[0].seq > 1))
        )  # one page, however long its texts are

    async def on_moved(self, command: co.Moved) -> None:
        law = await self.house.engine.read(self._law)
        page = admit(command.page, "page", self._choice(law), law, self.visit.since)
        self.visit.told = msgspec.structs.replace(self.visit.told, page=page)

    def _law(self, sql: Sql) -> Law:
        return welcome.law_now(self.house, self.visit, sql)

    async def on_object(self, command: co.Object) -> None:
        law = await self.house.engine.write(choices.set_objection(self.house, self.visit, command.on))
        self._take_choice(command.on, 0 if command.on else self.visit.ticked, law)
        self.peer.tell(self.law_frame(law))

    async def on_tick(self, command: co.Tick) -> None:
        unit = choices.tick(self.house, self.visit, command.on, command.version)
        law, ticked = await self.house.engine.write(unit)
        self._take_choice(self.visit.objected and not command.on, ticked, law)
        self.peer.tell(self.law_frame(law))

    async def on_state(self, command: co.State) -> None:
        self._rate()
        unit, now = mydata.state_own(self.house, self.visit, command.id, command.text), self.house.clock.at()
        self.submit(command, unit, lambda posted: stored(posted.again, lambda event: for_visitor(event, now)))

    async def on_my_data(self, command: co.AskMyData) -> None:
        await ask_my_data(self, command)

    async def on_correct(self, command: co.Correct) -> None:
        await change_my_data(self, mydata.correct(self.house, self.visit, command.name, command.mail))

    async def on_erase_mine(self, _: co.EraseMine) -> None:
        await change_my_data(self, mydata.ask_erasure(self.house, self.visit))

    async def on_keep_mine(self, _: co.KeepMine) -> None:
        await change_my_data(self, mydata.keep_mine(self.house, self.visit))

    async def on_ask(self, command: co.AskPrivacy) -> None:
        await ask_privacy(self, command)

    async def on_forget(self, _: co.Forget) -> None:
        if not await self.house.engine.write(choices.forget(self.house, self.visit)):
            self.peer.tell(encode(fr.Forgotten()))
        self._unset_actor()

    # The law moved.

    async def law_moved(self) -> None:
        """From the next frame on: what the session holds is reduced, and the promise line is told anew."""
        if not self.greeted:
            self._stale = True
            return
        law = await self.house.engine.read(self._law)
        self._take_choice(self.visit.objected, self.visit.ticked, law)
        self.peer.tell(self.law_frame(law))

    def choice_moved(self, event: ChoiceMoved) -> None:
        """This visitor objected or agreed in some tab, or took it back."""
        if not self.greeted:
            self._stale = True
            return
        self._take_choice(event.objected, event.ticked, event.law)
        self.peer.tell(self.law_frame(event.law))

    def close(self) -> None:
        self.live.visitors.pop(self.peer, None)
        super().close()

    table: ClassVar[Table] = {
        co.VisitorHello: on_hello,
        co.Enter: on_enter,
        co.SendMessage: on_send,
        co.LeaveMessage: on_leave,
        co.VisitorTyping: on_typing,
        co.VisitorMark: on_mark,
        co.VisitorEnd: on_end,
        co.VisitorOlder: on_older,
        co.Moved: on_moved,
        co.Object: on_object,
        co.Tick: on_tick,
        co.AskMyData: on_my_data,
        co.Correct: on_correct,
        co.State: on_state,
        co.EraseMine: on_erase_mine,
        co.KeepMine: on_keep_mine,
        co.AskPrivacy: on_ask,
        co.Forget: on_forget,
        co.Ping: Session.on_ping,
    }


def law_moved(live: Live, site: str) -> None:
    """A site's ledger has a new entry: every open session of it learns the law."""

    async def tell() -> None:
        for peer in list(live.hub.of("site", site)):
            session = live.visitors.get(peer)
            if session:
                await session.law_moved()

    live.spawn(asyncio.get_running_loop().create_task(tell()))


def choice_moved(live: Live, event: ChoiceMoved) -> None:
    """A visitor's state moved: every open tab of theirs learns it."""
    for peer in list(live.hub.of("visitor", event.visitor)):
        session = live.visitors.get(peer)
        if session:
            session.choice_moved(event)
