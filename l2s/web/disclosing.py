"""The cabinet's drawer "What left the house" (P8): what was given out, asked for and agreed to; copies and backups that were
made; who may receive anything at all. A bundle is the answer to a form and stands behind no address.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from aiohttp import web

from l2s import __version__
from l2s.actions import approval, audit, bundling, desk, disclosures, factors, holds, policies
from l2s.actions.audit import Told
from l2s.actions.disclosures import Book, Shown, Wanted
from l2s.actions.policies import Scopes
from l2s.clock import DAY
from l2s.domain.months import add_months
from l2s.domain.people import HOST
from l2s.errors import BadInput, NotFound, Refused
from l2s.protocol.parts import TeamChat
from l2s.store.sql import Sql
from l2s.web import auditing, cabinet
from l2s.web.doors import FIELD_OF, complaint
from l2s.web.drafts import Fields, first, read_form
from l2s.web.keys import LIVE, URLS
from l2s.web.middleware import session
from l2s.web.proof import again
from l2s.web.telling import Teller

GROUNDS: Final = ("legal", "rights", "safety")
_FIELD: Final = FIELD_OF | {
    "bad_chats": "chat", "not_found": "chat", "bad_ground": "ground", "bad_authority": "authority",
    "bad_reference": "reference", "empty_text": "scope", "text_too_long": "scope", "bad_characters": "scope",
    "bad_gag_end": "gag", "bad_gag_reason": "gag_reason", "bad_date": "gag",
}  # fmt: skip


class Given(NamedTuple):
    """A disclosure in words. `way`: how it can be agreed to: here, by another, at the box, or not any more."""

    id: str
    state: str
    alarm: str
    title: str
    scope: str
    about: str
    labels: str
    way: str
    when: str
    seals: list[str]
    told: str
    leaves: bool
    end: str


def _given(t: Teller, shown: Shown, admins: int, me: str, now: int) -> Given:
    one = shown.one
    until = disclosures.leaves_until(one)
    pending = one.approved_at is None and one.ended_at is None
    way = ("here" if one.asked_by != me else "other" if admins > 1 else "box") if pending else ""
    ending = "left.refuse" if pending else "left.stop" if one.ended_at is None and until and until > now else ""
    return Given(
        one.id, _state(t, shown, now), t.say("left.late") if shown.late else "",
        t.say("left.title", ground=t.say(f"ground.{one.ground}"), authority=one.authority, reference=one.reference),
        one.scope, _about(t, shown), ", ".join(shown.labels), way, t.instant(one.asked_at + approval.WAIT),
        [handed.seal for handed in one.handed], _told(t, shown), until is not None and until > now and bool(shown.labels),
        t.say(ending) if ending else "",
    )  # fmt: skip


def _state(t: Teller, shown: Shown, now: int) -> str:
    one, until = shown.one, disclosures.leaves_until(shown.one)
    if one.handed_at is not None:
        return t.say("left.handed", day=t.day(one.handed_at), count=len(one.handed))
    if one.ended_at is not None:
        return t.say("left.ended", day=t.day(one.ended_at))
    if until is None:
        return t.say("left.waits")
    return t.say("left.ready" if until > now else "left.lapsed", day=t.day(until))


def _about(t: Teller, shown: Shown) -> str:
    """Who asked, and who agreed."""
    one = shown.one
    asked = t.say("holds.by", who=shown.asked_by or t.say("audit.gone"), day=t.day(one.asked_at))
    if one.approved_at is None:
        return asked
    alone = one.approved_by == HOST.id
    who = t.say("audit.host") if alone else shown.approved_by or t.say("audit.gone")
    return f"{asked} {t.say('left.approved_alone' if alone else 'holds.approved', who=who, day=t.day(one.approved_at))}"


def _told(t: Teller, shown: Shown) -> str:
    """Whether its subjects know."""
    one = shown.one
    if one.told_at is not None:
        return t.say("left.told", day=t.day(one.told_at))
    if one.gag_until is not None:
        return t.say("left.gag", day=t.day(one.gag_until - 1), reason=one.gag_reason)
    return t.say("left.will_tell")


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/left`."""
    return await _page(request, await cabinet.scopes(request), {}, {})


async def _page(
    request: web.Request, mine: Scopes, fields: Fields, problems: dict[str, str], status: int = 200
) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    wanted, named = first(fields, "find")[:200], fields.get("chat", [])

    def look(sql: Sql) -> tuple[Book, list[TeamChat], list[TeamChat], bool, list[Told]]:
        chosen = holds.nameable(house, key, named, sql)
        found = desk.closed(house, key, wanted, 0, sql).chats
        return disclosures.book(house, key, sql), chosen, found, factors.has(house, key, sql), audit.left(house, key, sql)

    book, chosen, found, factor, lines = await house.engine.read(look)
    standing = await house.engine.read(lambda sql: [(site, policies.current(house, site.id, sql).rules) for site in mine.sites])
    at = house.clock.at()
    offered, more = cabinet.choices(t, chosen, found)
    names = {site.id: site.name for site in mine.sites}
    shown = {
        "rows": [_given(t, one, book.admins, mine.user, at) for one in book.rows], "factor": factor,
        "offered": offered, "more": more, "find": wanted,
        "fields": {name: values[0] for name, values in fields.items() if values},
        "problems": problems, "typed": bool(fields), "today": cabinet.iso(at), "last": cabinet.iso(add_months(at, 12)),
        "grounds": [(name, t.say(f"ground.{name}"), t.say(f"ground.{name}_is")) for name in GROUNDS],
        "copies": [auditing.Line(t.instant(one.line.at), auditing.told(t, one, names)) for one in lines],
        "standing": [(site.name, t.recipients(rules)) for site, rules in standing],
    }  # fmt: skip
    return cabinet.page(request, "privacy_left.html", mine, "left", shown, status)


async def act(request: web.Request) -> web.Response:
    """Look for chats, ask, agree, refuse, hand over."""
    mine, fields = await cabinet.scopes(request), await read_form(request)
    what = first(fields, "act")
    if what == "find":
        return await _page(request, mine, fields, {})
    try:
        if what == "hand":
            return await _hand(request, fields)
        key = await _do(request, what, fields)
    except Refused as problem:
        if isinstance(problem, NotFound) and what != "ask":
            raise
        told = _wrong(request, problem, what)
        return await _page(request, mine, fields if what == "ask" else {}, told, problem.status)
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/left#d-{key}"))


def _wrong(request: web.Request, problem: Refused, what: str) -> dict[str, str]:
    said = complaint(request, problem)
    if problem.code == "empty_text":
        said = cabinet.teller(request).say("left.scope_needed")
    if problem.code == "not_found":
        said = cabinet.teller(request).say("holds.gone")
    field = _FIELD.get(problem.code, "") if what == "ask" else ""
    return {field: said} if what != "ask" or field else {"": said}


async def _do(request: web.Request, what: str, fields: Fields) -> str:
    """Ask, agree or end; the disclosure's id. What gives something away is proved again first."""
    house, who, key = request.app[LIVE].house, session(request), first(fields, "disclosure")
    if what == "ask":
        asking = disclosures.ask(house, who, _wanted(fields, house.clock.at()))
        await _proved(request, fields)
        return await house.engine.write(asking)
    if what == "approve":
        await _proved(request, fields)
        await house.engine.write(disclosures.approve(house, who, key))
    elif what == "end":
        await house.engine.write(disclosures.end(house, who, key))
    else:
        raise BadInput("bad_request")
    return key


async def _proved(request: web.Request, fields: Fields) -> None:
    await again(request, {"proof": first(fields, "proof"), "code": first(fields, "code")}, factor_needed=True)


def _wanted(fields: Fields, at: int) -> Wanted:
    """What the form says. A gag ends with the day that is named."""
    until = None
    if first(fields, "gag"):
        begin = cabinet.day_of(first(fields, "gag"), at)
        if begin is None:
            raise BadInput("bad_date")
        limit = add_months(at, 12)
        until = min(begin + DAY, limit) if begin <= limit else begin
    return Wanted(
        first(fields, "ground"), first(fields, "authority"), first(fields, "reference"), first(fields, "scope"),
        fields.get("chat", []), until, first(fields, "gag_reason"),
    )  # fmt: skip


async def _hand(request: web.Request, fields: Fields) -> web.Response:
    """The bundle leaves: it is made of one snapshot, put on record, and only then sent."""
    house, who, key = request.app[LIVE].house, session(request), first(fields, "disclosure")
    await _proved(request, fields)
    readme = cabinet.teller(request).say("left.readme", version=__version__)
    made = await house.engine.read(lambda sql: bundling.prepare(house, who, key, readme, sql))
    await house.engine.write(disclosures.hand_over(house, who, key, made))
    name = f"disclosure-{key[:8]}-{made.bundle.seal[:8]}.zip"
    return web.Response(
        body=made.bundle.data, content_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
