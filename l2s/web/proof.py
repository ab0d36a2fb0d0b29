"""Proof again, within a session: the password, and a code where there is a second factor. Whoever finds a screen unlocked can
read on; what gives something away or lets somebody in is asked for anew each time (A3).

A try is counted before it is judged, so parallel tries cannot beat the limit.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from l2s.actions import factors, people
from l2s.actions.people import verify_password
from l2s.errors import BadInput, Conflict
from l2s.web.doors import PAUSE, hashing
from l2s.web.keys import ACTOR, LIVE
from l2s.web.middleware import session


async def again(request: web.Request, fields: Mapping[str, str], factor_needed: bool = False) -> None:
    """`proof` is the password, `code` a code of the second factor. Raises BadInput; Conflict where a factor is needed first."""
    live, key, actor = request.app[LIVE], session(request), request[ACTOR]
    house = live.house
    live.limits.take("proof", actor.id, house.settings.rate_signin, PAUSE)
    if factor_needed and not await house.engine.read(lambda sql: factors.has(house, key, sql)):
        raise Conflict("factor_needed")
    stored = await house.engine.read(lambda sql: people.own_password(house, key, sql))
    if not await hashing(verify_password, stored, fields.get("proof", "")[:1024]):
        raise BadInput("wrong_password")
    await house.engine.write(factors.spent(house, key, fields.get("code", "")))
    live.limits.give("proof", actor.id)
