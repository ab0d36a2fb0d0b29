"""My data on a visitor's session: what is held is told again after everything that changes it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from l2s.actions import cases, mydata
from l2s.actions.house import House
from l2s.actions.visitors import Visit
from l2s.clock import HOUR
from l2s.errors import NotFound
from l2s.live.peer import Peer
from l2s.protocol import commands as co
from l2s.protocol import frames as fr
from l2s.protocol.codec import encode
from l2s.store.engine import Unit
from l2s.web.live import Live


class _Person(Protocol):
    """A visitor's session, as far as this needs it."""

    live: Live
    house: House
    peer: Peer
    visit: Visit
    network: str


async def ask_my_data(session: _Person, command: co.AskMyData) -> None:
    """What is held; a copy that is taken along is recorded before it is told."""
    if command.take:
        session.live.limits.take("my_data", session.visit.actor.id or session.network, 30, HOUR)
        with suppress(NotFound):  # of whom nothing is held, nothing is taken
            await session.house.engine.write(mydata.take_copy(session.house, session.visit))
    await tell_my_data(session)


async def tell_my_data(session: _Person) -> None:
    """What is held about this person."""
    frame = await session.house.engine.read(lambda sql: mydata.my_data(session.house, session.visit, sql))
    session.peer.tell(encode(frame))


async def change_my_data(session: _Person, unit: Unit[Any]) -> None:
    """A correction, or the wish to be erased or kept: done, then told."""
    session.live.limits.take("my_data", session.visit.actor.id or session.network, 30, HOUR)
    await session.house.engine.write(unit)
    await tell_my_data(session)


async def ask_privacy(session: _Person, command: co.AskPrivacy) -> None:
    """A question to the privacy contact."""
    session.live.limits.take("cases", session.network, session.house.settings.rate_chats, HOUR)
    case = await session.house.engine.write(cases.ask(session.house, session.visit, command.id, command.text, command.contact))
    session.peer.tell(encode(fr.Asked(command.id, case.id[:8].upper(), case.due_at)))
