"""A user's session at the desk. The cookie decided who it is at the handshake; each unit asks again."""

from __future__ import annotations

from typing import Any, ClassVar

from l2s.actions import desk, erasure
from l2s.actions.desk import Outgoing
from l2s.clock import SECOND
from l2s.domain.chats import Message
from l2s.domain.events import ChatState, MessagePosted
from l2s.domain.people import Actor
from l2s.domain.rights import reader
from l2s.errors import SignInNeeded
from l2s.live.peer import Channel, Peer
from l2s.protocol import PROTOCOL
from l2s.protocol import commands as co
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa
from l2s.protocol.audience import card, colleague, for_user, team_chat, team_message
from l2s.protocol.codec import decode_user, encode
from l2s.store.engine import Unit
from l2s.web.live import Live
from l2s.web.session import Session, Table, stored


class UserSession(Session):
    """One console."""

    __slots__ = ("id",)

    def __init__(self, live: Live, channel: Channel, actor: Actor, session: str) -> None:
        super().__init__(live)
        self.id = session
        self.peer = Peer(channel, actor, session, live.house.settings.outbox_max)
        live.hub.join(self.peer, ("user", actor.id))  # before hello too: a session that dies closes its socket

    def decode(self, raw: bytes) -> Any:
        return decode_user(raw)

    async def _write(self, unit: Unit[Any], acts: bool = True) -> None:
        if acts:
            self.live.presence.act(self.peer.actor.id)
        await self.house.engine.write(unit)

    async def on_hello(self, hello: co.UserHello) -> None:
        self.check_protocol(hello.protocol)
        actor = self.peer.actor
        self.live.hub.join(self.peer, ("account", actor.account))
        self.peer.hold()
        try:
            seen = await self.house.engine.read(lambda sql: desk.desk(self.house, self.id, sql))
        except SignInNeeded:  # ended since the handshake: it must not go on hearing the account
            self.live.hub.leave(self.peer)
            self.peer.end(encode(fr.SignedOut()))
            return
        except BaseException:
            self.peer.release()
            raise
        if not self.greeted:
            self.live.presence.arrive(seen.actor, seen.me)
        self.greeted = True
        self.peer.release(encode(self._greeting(seen)))

    def _greeting(self, seen: desk.Desk) -> fr.UserWelcome:
        now, here = self.house.clock.at(), self.live.presence.is_here
        return fr.UserWelcome(
            PROTOCOL,
            now,
            pa.Me(seen.me.id, seen.me.name, seen.me.role, seen.me.available, self.id),
            [colleague(user, here(user.id)) for user in seen.people],
            [pa.SiteView(site.id, site.name, site.colour) for site in seen.sites],
            [team_chat(state, reader(seen.actor, state.chat), now) for state in seen.chats],
            seen.closed,
        )

    async def on_open(self, command: co.OpenChat) -> None:
        """The answer is one consistent snapshot; what happens meanwhile follows it."""
        self.peer.hold()
        try:
            seen = await self.house.engine.read(lambda sql: desk.opened(self.house, self.id, command.chat, command.since, sql))
        except BaseException:
            self.peer.release()
            raise
        if not seen.noted:  # on record before anything of it is shown
            try:
                await self.house.engine.write(desk.note_opening(self.house, self.id, command.chat))
            except BaseException:
                self.peer.release()
                raise
        now = self.house.clock.at()
        frame = fr.Conversation(
            team_chat(seen.state, seen.to, now),
            self._rows(seen.state, seen.to, seen.messages),
            seen.full,
            seen.more,
            card(seen.state, seen.to, now),
            seen.state.law.version,
            seen.days,
            seen.until,
        )
        self.peer.release(encode(frame))

    def _rows(self, state: ChatState, to: str, messages: list[Message]) -> list[pa.TeamMessage]:
        now, choice = self.house.clock.at(), state.choice
        return [team_message(message, state.law, choice, to, now) for message in messages]

    async def on_older(self, command: co.OlderMessages) -> None:
        state, to, page = await self.house.engine.read(
            lambda sql: desk.history(self.house, self.id, command.chat, command.before, sql)
        )
        rows = self._rows(state, to, page)
        self.peer.release(
            encode(fr.TeamHistory(command.chat, rows, bool(rows) and rows[0].seq > 1))
        )  # one page, however long its texts are

    async def on_reply(self, command: co.Reply) -> None:
        self.live.presence.act(self.peer.actor.id)
        out = Outgoing(command.chat, command.id, command.text, command.seen, command.anyway)
        self._post(command, desk.reply(self.house, self.id, out))

    async def on_note(self, command: co.WriteNote) -> None:
        self.live.presence.act(self.peer.actor.id)
        self._post(command, desk.write_note(self.house, self.id, Outgoing(command.chat, command.id, command.text)))

    def _post(self, command: Any, unit: Unit[MessagePosted | None]) -> None:
        now, actor = self.house.clock.at(), self.peer.actor

        def again(event: MessagePosted) -> fr.Frame | None:
            return for_user(event, reader(actor, event.chat), now)

        self.submit(command, unit, lambda posted: stored(posted, again))

    async def on_typing(self, command: co.UserTyping) -> None:
        self.live.limits.take("typing", self.peer.actor.id, 20, 10 * SECOND)
        self.live.presence.act(self.peer.actor.id)
        event = await self.house.engine.read(lambda sql: desk.typing(self.house, self.id, command.chat, command.on, sql))
        self.live.fanout.publish([event])

    async def on_list(self, command: co.ListChats) -> None:
        frame = await self.house.engine.read(lambda sql: desk.closed(self.house, self.id, command.text, command.before, sql))
        self.peer.tell(encode(frame))

    def close(self) -> None:
        if self.greeted:
            self.live.presence.depart(self.peer.actor.id)
        super().close()

    table: ClassVar[Table] = {
        co.UserHello: on_hello,
        co.Available: lambda s, c: s._write(desk.set_available(s.house, s.id, c.on)),
        co.OpenChat: on_open,
        co.OlderMessages: on_older,
        co.TakeChat: lambda s, c: s._write(desk.take(s.house, s.id, c.chat)),
        co.JoinChat: lambda s, c: s._write(desk.join(s.house, s.id, c.chat)),
        co.GiveBack: lambda s, c: s._write(desk.give_back(s.house, s.id, c.chat)),
        co.Reply: on_reply,
        co.WriteNote: on_note,
        co.UserTyping: on_typing,
        co.UserMark: lambda s, c: s._write(desk.mark(s.house, s.id, c.chat, c.delivered, c.read, c.unread), False),
        co.EndChat: lambda s, c: s._write(desk.end(s.house, s.id, c.chat)),
        co.EraseChat: lambda s, c: s._write(erasure.erase_chat(s.house, s.id, c.chat)),
        co.ListChats: on_list,
        co.Ping: Session.on_ping,
    }
