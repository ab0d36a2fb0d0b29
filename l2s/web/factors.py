"""`/console/factor`: one's second factor is begun, shown to work, renewed, turned off. Seed and recovery codes are shown once,
in the answer to the form that made them, and stand in no address.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from l2s.actions import factors
from l2s.actions.factors import Enrolment
from l2s.errors import BadInput, Refused, TooMany
from l2s.web.doors import PAUSE, form, problems
from l2s.web.drawing import page as draw
from l2s.web.keys import ACTOR, LIVE
from l2s.web.middleware import session
from l2s.web.proof import again


def _picture(enrolment: Enrolment) -> str:
    """The seed as a picture for an app's camera: a data URI."""
    import segno  # only here: most starts never need it

    return segno.make(enrolment.address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff")


async def page(request: web.Request) -> web.Response:
    """On or off, and what can be done."""
    return await _page(request)


async def _page(request: web.Request, status: int = 200, **values: object) -> web.Response:
    house, key = request.app[LIVE].house, session(request)
    state = await house.engine.read(lambda sql: factors.state(house, key, sql))
    shown = {"codes": None, "enrolment": None, **values}
    return draw(request, "factor.html", status, state=state, **shown)


async def act(request: web.Request) -> web.Response:
    """Begin, confirm, new recovery codes, off."""
    fields = await form(request)
    try:
        return await _page(request, **await _act(request, fields))
    except Refused as problem:
        shown = _still(fields, problem)
        return await _page(request, problem.status, problems=problems(request, problem), **shown)


async def _act(request: web.Request, fields: dict[str, str]) -> dict[str, Any]:
    live, key, what = request.app[LIVE], session(request), fields.get("act", "")
    house = live.house
    if what == "confirm":
        live.limits.take("code", request[ACTOR].id, house.settings.rate_signin, PAUSE)
        codes = await house.engine.write(factors.confirm(house, key, fields.get("code", "")))
        live.limits.give("code", request[ACTOR].id)
        return {"codes": codes}
    if what not in ("begin", "codes", "off"):
        raise BadInput("bad_request")
    await again(request, fields)
    if what == "begin":
        return {"enrolment": _shown(await house.engine.write(factors.begin(house, key)))}
    if what == "codes":
        return {"codes": await house.engine.write(factors.renew_codes(house, key))}
    await house.engine.write(factors.turn_off(house, key))
    return {"done": "off"}


def _still(fields: dict[str, str], problem: Refused) -> dict[str, Any]:
    """After a wrong code another one can be typed; the seed is not shown again to whoever knows no password."""
    waits = fields.get("act") == "confirm" and isinstance(problem, BadInput | TooMany)
    return {"enrolment": {"secret": ""}} if waits else {}


def _shown(enrolment: Enrolment) -> dict[str, str]:
    secret = enrolment.secret
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"secret": groups, "address": enrolment.address, "picture": _picture(enrolment)}
