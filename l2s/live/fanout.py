"""A group's events → frames → peers, in commit order. Per recipient: rights are asked for each peer, a frame is encoded once
per audience, and every touched peer is flushed once after the whole group was pushed (DESIGN 6, 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from l2s.domain import events as ev
from l2s.domain.chats import Chat
from l2s.domain.rights import Place, may, reader
from l2s.failpoints import reach
from l2s.live.hub import Hub
from l2s.live.peer import Peer
from l2s.live.presence import Presence, SiteOf, Told
from l2s.protocol import frames as fr
from l2s.protocol import parts as pa
from l2s.protocol.audience import colleague, for_user, for_visitor
from l2s.protocol.codec import encode


class Fanout:
    """`publish` is what the engine calls. `law_moved` is told the site whose open sockets a new law reaches."""

    def __init__(self, hub: Hub, presence: Presence, now: Callable[[], int], steady: Callable[[], int]) -> None:
        self._hub = hub
        self._presence = presence
        self._now = now
        self._steady = steady
        self.spoke: dict[str, int] = {}
        self._told: dict[str, Told] = {}
        self.places: dict[str, SiteOf] = {}
        self.law_moved: Callable[[str], None] = lambda site: None
        self.choice_moved: Callable[[ev.ChoiceMoved], None] = lambda event: None
        self.token_ended: Callable[[str], None] = lambda visitor: None
        presence.changed = self._presence_changed

    def publish(self, events: Sequence[ev.Event]) -> None:
        """Deliver a group's events."""
        touched: dict[Peer, None] = {}
        for event in events:
            self._deliver(event, touched)
        first = True
        for peer in touched:
            peer.flush()
            if first:
                first = False
                reach("after_first_flush")

    def _deliver(self, event: ev.Event, touched: dict[Peer, None]) -> None:
        if isinstance(event, ev.SessionsEnded):
            self._end_sessions(event)
            return
        if isinstance(event, ev.LawMoved):
            self.law_moved(event.site)
            return
        if isinstance(event, ev.ChoiceMoved):
            self.choice_moved(event)
            return
        self._remember(event)
        if isinstance(event, ev.TokenEnded):
            self.token_ended(event.visitor)
        if isinstance(event, ev.PeopleChanged):
            self._presence.learn(event.user)
        self._to_users(event, touched)
        self._to_visitor(event, touched)

    def _remember(self, event: ev.Event) -> None:
        """When words last came into a chat that goes on, in steady time: a clock that is set moves no silence."""
        if isinstance(event, ev.MessagePosted) and event.message.kind == "text" and event.chat.state != "closed":
            self.spoke[event.chat.id] = self._steady()
        elif isinstance(event, ev.ChatErased) or (isinstance(event, ev.ChatChanged) and event.state.chat.state == "closed"):
            chat = chat_of(event)
            self.spoke.pop(chat.id if chat else "", None)

    def _to_users(self, event: ev.Event, touched: dict[Peer, None]) -> None:
        chat = chat_of(event)
        account = chat.account if chat else _account_of(event)
        now, made = self._now(), dict[str, bytes | None]()
        for peer in self._hub.of("account", account):
            if chat and not may(peer.actor, "read", chat):
                continue
            if isinstance(event, ev.SiteSeen) and not may(peer.actor, "see_sites", Place(account, event.site)):
                continue
            to = reader(peer.actor, chat) if chat else "admin"
            if to not in made:
                here = isinstance(event, ev.PeopleChanged) and self._presence.is_here(event.user.id)
                frame = for_user(event, to, now, here)
                made[to] = encode(frame) if frame else None
            data = made[to]
            if data:
                peer.push(data)
                touched[peer] = None

    def _to_visitor(self, event: ev.Event, touched: dict[Peer, None]) -> None:
        chat = chat_of(event)
        visitor = event.visitor if isinstance(event, ev.TokenEnded) else chat.visitor if chat else None
        if visitor is None:
            return
        peers = list(self._hub.of("visitor", visitor))
        if not peers:
            return
        frame = for_visitor(event, self._now())
        if frame:
            data = encode(frame)
            for peer in peers:
                peer.push(data)
                touched[peer] = None
                if isinstance(event, ev.TokenEnded):  # its chat is no longer heard here
                    self._hub.leave_topic(peer, ("visitor", visitor))

    def _end_sessions(self, event: ev.SessionsEnded) -> None:
        """No frame leaves to these sockets any more; what waits in their outboxes is thrown away (DESIGN 10)."""
        for peer in list(self._hub.of("user", event.user)):
            if peer.session != event.spare and (event.sessions is None or peer.session in event.sessions):
                peer.end(encode(fr.SignedOut()))
                self._hub.leave(peer)

    # Presence: told at once, not by the engine.

    def _presence_changed(self, account: str, user: str) -> None:
        self._tell_colleagues(account, user)
        for site in self._hub.topics("site"):
            place = self.places.get(site)
            if place and place.account == account:
                self._tell_site(site, place)

    def _tell_site(self, site: str, place: SiteOf) -> None:
        told = self._presence.of_site(site, place)
        if self._told.get(site) == told:
            return
        self._told[site] = told
        people = [pa.Person(*one) for one in told.people]
        data = encode(fr.AvailabilityFrame(told.availability, people))
        for peer in list(self._hub.of("site", site)):
            peer.tell(data)

    def _tell_colleagues(self, account: str, user: str) -> None:
        known = self._presence.user(user)
        if known:
            data = encode(fr.PersonFrame(colleague(known, self._presence.is_here(user))))
            for peer in list(self._hub.of("account", account)):
                peer.tell(data)


def chat_of(event: ev.Event) -> Chat | None:
    """The chat that an event is about."""
    if isinstance(event, ev.ChatChanged):
        return event.state.chat
    if isinstance(event, ev.MessagePosted | ev.MarksMoved | ev.Typing | ev.ChatErased):
        return event.chat
    return None


def _account_of(event: ev.Event) -> str:
    if isinstance(event, ev.PeopleChanged):
        return event.user.account
    return event.account if isinstance(event, ev.SiteSeen) else ""
