"""The cabinet's drawer of holds by law: asked for by one admin, approved by another, lifted by either (PRIVACY 3, rule 10)."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions import approval, desk, holds
from l2s.actions.holds import Book, Shown
from l2s.actions.policies import Scopes
from l2s.clock import DAY
from l2s.domain.months import add_months
from l2s.domain.people import HOST
from l2s.errors import BadInput, NotFound, Refused
from l2s.protocol.parts import TeamChat
from l2s.store.sql import Sql
from l2s.web import cabinet
from l2s.web.doors import complaint
from l2s.web.drafts import Fields, first, read_form
from l2s.web.keys import LIVE, URLS
from l2s.web.middleware import session
from l2s.web.telling import Teller

_FIELD: Final = {
    "bad_chats": "chat", "not_found": "chat", "close_first": "chat", "bad_hold_end": "until", "bad_date": "until",
    "empty_text": "reason", "text_too_long": "reason", "bad_characters": "reason",
}  # fmt: skip


class Held(NamedTuple):
    """A hold in words. `way`: how it can be approved: here, by another, at the box, or not any more; `lift`: the button."""

    id: str
    state: str
    dial: cabinet.Dial | None
    reason: str
    about: str
    labels: str
    way: str
    when: str
    lift: str


def _held(t: Teller, shown: Shown, admins: int, me: str, now: int) -> Held:
    hold, live = shown.hold, shown.hold.lifted_at is None and shown.hold.until > now
    dial = cabinet.dial(hold.until - now, hold.until - hold.approved_at) if live and hold.approved_at is not None else None
    way = ""
    if live and hold.approved_at is None:
        way = "here" if hold.asked_by != me else "other" if admins > 1 else "box"
    lift = ("holds.lift" if hold.approved_at is not None else "holds.take_back") if live else ""
    return Held(
        hold.id, _state(t, shown, now), dial, hold.reason, _about(t, shown), ", ".join(shown.labels), way,
        t.instant(hold.asked_at + approval.WAIT), t.say(lift) if lift else "",
    )  # fmt: skip


def _state(t: Teller, shown: Shown, now: int) -> str:
    hold = shown.hold
    over = hold.lifted_at if hold.lifted_at is not None else hold.until
    day = t.day(hold.until - 1)
    if hold.lifted_at is None and hold.until > now:
        if hold.approved_at is None:
            return t.say("holds.asked", day=day)
        return t.say("holds.in_force", count=cabinet.days_left(hold.until, now), day=day)
    if hold.approved_at is None:
        return t.say("holds.taken_back" if hold.lifted_at is not None else "holds.never", day=t.day(over))
    return t.say("holds.lifted" if over < hold.until else "holds.ended", day=t.day(over))


def _about(t: Teller, shown: Shown) -> str:
    """Who asked, and who agreed."""
    hold = shown.hold
    asked = t.say("holds.by", who=shown.asked_by or t.say("audit.gone"), day=t.day(hold.asked_at))
    if hold.approved_at is None:
        return asked
    who = t.say("audit.host") if hold.approved_by == HOST.id else shown.approved_by or t.say("audit.gone")
    return f"{asked} {t.say('holds.approved', who=who, day=t.day(hold.approved_at))}"


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/holds`."""
    return await _page(request, await cabinet.scopes(request), {}, {})


async def _page(
    request: web.Request, mine: Scopes, fields: Fields, problems: dict[str, str], status: int = 200
) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    wanted, named = first(fields, "find")[:200], fields.get("chat", [])

    def look(sql: Sql) -> tuple[Book, list[TeamChat], list[TeamChat]]:
        chosen = holds.nameable(house, key, named, sql)
        return holds.book(house, key, sql), chosen, desk.closed(house, key, wanted, 0, sql).chats

    book, chosen, found = await house.engine.read(look)
    at = house.clock.at()
    offered, more = cabinet.choices(t, chosen, found)
    shown = {
        "rows": [_held(t, one, book.admins, mine.user, at) for one in book.rows],
        "offered": offered, "more": more, "find": wanted, "reason": first(fields, "reason"), "until": first(fields, "until"),
        "problems": problems, "typed": bool(fields), "today": cabinet.iso(at), "last": cabinet.iso(add_months(at, 12)),
    }  # fmt: skip
    return cabinet.page(request, "privacy_holds.html", mine, "holds", shown, status)


async def act(request: web.Request) -> web.Response:
    """Look for chats, ask, approve, lift."""
    mine, fields = await cabinet.scopes(request), await read_form(request)
    what, house, who = first(fields, "act"), request.app[LIVE].house, session(request)
    if what == "find":
        return await _page(request, mine, fields, {})
    key = first(fields, "hold")
    try:
        if what == "ask":
            key = await _ask(request, fields)
        elif what == "approve":
            await house.engine.write(holds.approve(house, who, key))
        elif what == "lift":
            await house.engine.write(holds.lift(house, who, key))
        else:
            raise BadInput("bad_request")
    except Refused as problem:
        if what == "ask":
            return await _page(request, mine, fields, _wrong(request, problem), problem.status)
        if isinstance(problem, NotFound):
            raise
        return await _page(request, mine, {}, {"": complaint(request, problem)}, problem.status)
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/holds#h-{key}"))


def _wrong(request: web.Request, problem: Refused) -> dict[str, str]:
    if problem.code in ("empty_text", "not_found"):
        said = cabinet.teller(request).say("holds.reason_needed" if problem.code == "empty_text" else "holds.gone")
    else:
        said = complaint(request, problem)
    return {_FIELD.get(problem.code, ""): said}


async def _ask(request: web.Request, fields: Fields) -> str:
    """The hold's id. The day that is named is held to its end, the last possible one to the minute."""
    house = request.app[LIVE].house
    at = house.clock.at()
    begin, limit = cabinet.day_of(first(fields, "until"), at), add_months(at, 12)
    if begin is None:
        raise BadInput("bad_date")
    until = min(begin + DAY, limit) if begin <= limit else begin
    return await house.engine.write(holds.ask(house, session(request), fields.get("chat", []), first(fields, "reason"), until))
