"""`/console/account`: the account's particulars, who answers for each site, what was changed, and taking it back (A1, A3)."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from aiohttp import web

from l2s.actions import factors, particulars
from l2s.actions.particulars import Kept, Told
from l2s.errors import BadInput, Conflict, NotFound, Refused
from l2s.web import cabinet, doors
from l2s.web.doors import complaint
from l2s.web.drafts import first, read_form
from l2s.web.drawing import page as draw
from l2s.web.keys import LIVE, URLS
from l2s.web.middleware import session
from l2s.web.proof import again
from l2s.web.telling import Teller


class Row(NamedTuple):
    """A change in words. `before`, `after`: "" = the field was empty; `undo`: until when it can be taken back, "" = never."""

    id: str
    what: str
    about: str
    before: str
    after: str
    undo: str


class Bars(NamedTuple):
    """What every admin is shown: changes that can be taken back still, and whether somebody should look again."""

    changes: list[str]
    stale: str
    may_confirm: bool


def bars(t: Teller, kept: Kept) -> Bars:
    """The account's bars."""
    live = [one for one in kept.changes if one.undo_until]
    alike = groupby(live, lambda one: (one.change.at, one.by, one.undo_until))
    told = [
        t.say(
            "account.changed", who=by or t.say("audit.gone"), day=t.day(at), until=t.instant(until),
            what=t.listed(_what(t, one) for one in group),
        )
        for (at, by, until), group in alike
    ]  # fmt: skip
    return Bars(told, t.say("account.stale", day=t.day(kept.right_since)) if kept.stale else "", kept.may_change)


def _what(t: Teller, one: Told) -> str:
    name = t.say(f"account.{one.change.field}")
    return t.say("account.of_site", what=name, site=one.site) if one.site else name


def _row(t: Teller, one: Told) -> Row:
    change = one.change
    about = t.say("account.by", who=one.by or t.say("audit.gone"), when=t.instant(change.at))
    if change.undone_at is not None:
        about = f"{about} {t.say('account.undone', when=t.instant(change.undone_at))}"
    before, after = (t.say("account.not_kept") if value is None else value for value in (one.before, one.after))
    return Row(change.id, _what(t, one), about, before, after, t.instant(one.undo_until) if one.undo_until else "")


def _typed(kept: Kept) -> dict[str, str]:
    """The form's fields as they stand."""
    sites = {f"{field}.{site.id}": text for site in kept.sites for field, text in particulars.published(site).items()}
    return kept.own | sites


async def page(request: web.Request) -> web.Response:
    """What stands; with `?undo=ID` the one change that is to be taken back."""
    return await _page(request, await _kept(request), undo=request.query.get("undo", ""))


async def _kept(request: web.Request) -> Kept:
    house, key = request.app[LIVE].house, session(request)
    return await house.engine.read(lambda sql: particulars.read(house, key, sql))


async def _page(
    request: web.Request,
    kept: Kept,
    fields: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
    undo: str = "",
) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    rows = [_row(t, one) for one in kept.changes]
    chosen = next((row for row in rows if undo and row.id == undo and row.undo), None)
    if undo and chosen is None:
        raise NotFound("not_found")
    factor = await house.engine.read(lambda sql: factors.has(house, key, sql))
    return draw(
        request, "account.html", status, kept=kept, rows=rows, chosen=chosen, bars=bars(t, kept), factor=factor,
        fields=_typed(kept) if fields is None else fields, problems=problems or {},
        done="saved" if "saved" in request.query and status == 200 else "",
    )  # fmt: skip


async def act(request: web.Request) -> web.Response:
    """Correct, take a change back, or say that all is still right."""
    kept, fields = await _kept(request), await read_form(request)
    flat, what = {name: first(fields, name) for name in fields}, first(fields, "act")
    if what == "undo":
        return await _undo(request, kept, flat)
    if what == "confirm":
        house = request.app[LIVE].house
        await house.engine.write(particulars.confirm(house, session(request)))
        raise web.HTTPSeeOther(request.app[URLS].at("/console/account"))
    if what == "change":
        return await _change(request, kept, flat)
    raise BadInput("bad_request")


async def _change(request: web.Request, kept: Kept, fields: dict[str, str]) -> web.Response:
    """All that is wrong is said at once, before anybody has to prove who they are."""
    if not kept.may_change:
        raise NotFound("not_found")
    house, stood = request.app[LIVE].house, _typed(kept)
    wanted = {name: fields.get(name, value) for name, value in stood.items()}
    wrong = _wrong(request, wanted)
    if wrong:
        return await _page(request, kept, wanted, wrong, 400)
    try:
        await again(request, fields)
        await house.engine.write(particulars.change(house, session(request), wanted))
    except Refused as problem:
        if isinstance(problem, NotFound):
            raise
        return await _page(request, kept, wanted, doors.problems(request, problem), problem.status)
    raise web.HTTPSeeOther(request.app[URLS].at("/console/account?saved"))


def _wrong(request: web.Request, wanted: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in wanted.items():
        try:
            particulars.checked(name.partition(".")[0], text)
        except BadInput as problem:
            found[name] = complaint(request, problem)
    return found


async def _undo(request: web.Request, kept: Kept, fields: dict[str, str]) -> web.Response:
    """Whether there is such a change comes first: a wrong password is no answer to a stranger's question."""
    house, who, key = request.app[LIVE].house, session(request), fields.get("change", "")
    await house.engine.read(lambda sql: particulars.find(house, who, key, sql))
    can = any(one.change.id == key and one.undo_until for one in kept.changes)
    try:
        if not can:
            raise Conflict("undo_over")
        await again(request, fields)
        await house.engine.write(particulars.undo(house, who, key))
    except Refused as problem:
        if isinstance(problem, NotFound):
            raise
        return await _page(
            request,
            kept,
            None,
            doors.problems(request, problem),
            problem.status,
            undo=key if can and problem.code != "undo_over" else "",
        )
    raise web.HTTPSeeOther(request.app[URLS].at("/console/account#changes"))
