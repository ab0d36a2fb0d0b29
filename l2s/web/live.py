"""Everything that is alive in one server: what sessions, routes and jobs work with. Made by web/app, the composition root."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Any, Final, Protocol

from l2s.actions.house import House
from l2s.clock import DAY
from l2s.domain.events import ChoiceMoved
from l2s.jobs.loop import Jobs
from l2s.live.fanout import Fanout
from l2s.live.hub import Hub
from l2s.live.peer import Peer
from l2s.live.presence import Presence
from l2s.web.limits import Limits
from l2s.web.lock import Lock

_CHATTING: Final = 100_000  # visitors remembered as having passed the limit on new chats


class Governed(Protocol):
    """A visitor's session, as far as a moved law has to reach it."""

    async def law_moved(self) -> None:
        """The site's ledger has a new entry."""

    def choice_moved(self, event: ChoiceMoved) -> None:
        """The visitor objected or agreed in another tab, or took it back."""


class Live:
    """The parts, and the tasks that must not be lost."""

    def __init__(self, house: House, hub: Hub, fanout: Fanout, presence: Presence, limits: Limits) -> None:
        self.house = house
        self.hub = hub
        self.fanout = fanout
        self.presence = presence
        self.limits = limits
        self.visitors: dict[Peer, Governed] = {}
        self.stopping = False
        self.replayed = 0  # ledger entries that an older database had forgotten
        self.lock: Lock | None = None
        self.jobs: Jobs | None = None
        self.owner_made: Callable[[str], None] = lambda site: None
        self.sockets: dict[Any, None] = {}  # the transport's own objects, to close at the end
        self._chatting: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: asyncio.Task[None]) -> None:
        """Keep a reference until it is done."""
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what was spawned."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def ledger_behind(self) -> bool:
        """Does the ledger's mirror lack an entry?"""
        return self.house.engine.ledger_behind

    def is_preview(self, code: str, site: str) -> bool:
        """Did this page come through the console's preview link or the demo? Its code is a keyed hash of the day."""
        return hmac.compare_digest(code.encode(), self.preview(site).encode())

    def preview(self, site: str) -> str:
        """Today's preview code of a site."""
        day = str(self.house.clock.at() // DAY)
        return self.house.keys.hash("preview", f"{site}:{day}").hex()[:32]

    def hub_knows_chat(self, visitor: str) -> bool:
        """Has this visitor passed the limit on new chats already?"""
        return visitor in self._chatting

    def forget_chat(self, visitor: str) -> None:
        """The token ended: nothing of it stays in memory."""
        self._chatting.pop(visitor, None)

    def note_chat(self, visitor: str) -> None:
        """This visitor passed the limit on new chats."""
        if len(self._chatting) >= _CHATTING:
            self._chatting.pop(next(iter(self._chatting)))
        self._chatting[visitor] = None
