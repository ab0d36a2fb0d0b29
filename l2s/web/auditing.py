"""The cabinet's drawer of the audit log: whole sentences, newest first, and the check that its chain holds (T6)."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions import audit
from l2s.actions.audit import Told
from l2s.actions.policies import Scopes
from l2s.clock import HOUR
from l2s.domain.people import HOST, SYSTEM
from l2s.errors import BadInput, TooMany
from l2s.store import ledger
from l2s.web import cabinet
from l2s.web.doors import complaint, form
from l2s.web.keys import LIVE
from l2s.web.middleware import session
from l2s.web.telling import Teller

_CHECKS: Final = 30  # an hour: each reads the whole log
_REFERENCE: Final = 8  # characters of an id that are told


class Line(NamedTuple):
    """A line of the log in words."""

    when: str
    text: str


def _person(t: Teller, name: str, reference: str) -> str:
    """A public name; who has none any more is told apart by the reference."""
    if reference in (HOST.kind, SYSTEM.kind):
        return t.say(f"audit.{reference}")
    return name if name != reference else t.say("audit.former", reference=reference[:_REFERENCE])


def told(t: Teller, one: Told, names: dict[str, str]) -> str:
    """One line as a sentence. `names`: of scopes."""
    line, data = one.line, one.data
    verb = line.verb
    if verb == "declare" and data.get("due"):
        verb = "declare_later"
    key = f"audit.{verb}"
    if key not in t.pages.words[t.lang]["page"]:
        key = "audit.other"
    role, state = str(data.get("role", "")), str(data.get("state", ""))
    text = t.say(
        key,
        who=_person(t, one.who, line.actor),
        whom=_person(t, one.whom, line.object),
        what=names.get(line.object) or t.say("audit.site_gone"),
        reference=line.object[:_REFERENCE].upper(),
        label=data.get("label", ""),
        role=t.say(f"role.{role}") if role else "",
        state=t.say(f"users.{state}") if state else "",
        day=t.day(int(data.get("due") or 0)),
        count=int(data.get("chats") or 0),
        fields=t.listed(t.say(f"account.{name}") for name in str(data.get("fields", "")).split()),
        verb=line.verb,
    )
    return text[:1].upper() + text[1:]


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/audit`, `?before=POSITION` for what is older."""
    return await _page(request, await cabinet.scopes(request), {})


async def _page(request: web.Request, mine: Scopes, values: dict[str, object], status: int = 200) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    text = request.query.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
    found = await house.engine.read(lambda sql: audit.read(house, key, before, sql))
    names = {site.id: site.name for site in mine.sites} | {ledger.SERVER: t.say("privacy.server")}
    full = len(found) == house.settings.list_max
    shown: dict[str, object] = {
        "rows": [Line(t.instant(one.line.at), told(t, one, names)) for one in found],
        "older": found[-1].line.position if full and found[-1].line.position > 1 else 0, "before": before, **values,
    }  # fmt: skip
    return cabinet.page(request, "privacy_audit.html", mine, "audit", shown, status)


async def act(request: web.Request) -> web.Response:
    """Check the log."""
    mine, live, t = await cabinet.scopes(request), request.app[LIVE], cabinet.teller(request)
    if (await form(request)).get("act") != "check":
        raise BadInput("bad_request")
    try:
        live.limits.take("audit", mine.user, _CHECKS, HOUR)
    except TooMany as problem:
        return await _page(request, mine, {"problems": {"": complaint(request, problem)}}, problem.status)
    found = await live.house.engine.read(audit.verify)
    if found.broken is not None:
        return await _page(request, mine, {"problems": {"": t.say("audit.broken", n=t.number(found.broken))}})
    if found.cut:
        return await _page(request, mine, {"problems": {"": t.say("audit.cut")}})
    return await _page(request, mine, {"done": t.say("audit.sound")})
