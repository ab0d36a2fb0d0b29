"""The cabinet's drawer of privacy questions: what is due, one entered by hand, more time with a reason, the answer (P11)."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions import cases
from l2s.actions.cases import CaseShown
from l2s.actions.policies import Scopes
from l2s.domain.months import add_months
from l2s.errors import BadInput, NotFound, Refused
from l2s.web import cabinet
from l2s.web.doors import complaint, form
from l2s.web.keys import LIVE, URLS
from l2s.web.middleware import session
from l2s.web.telling import Teller

_TEXT: Final = {"enter": "text", "extend": "why", "close": "answer"}  # where the words of each form stand
_FIELD: Final = {"bad_contact": "contact", "bad_day": "received", "bad_date": "received"}
_WORDS: Final = ("empty_text", "text_too_long", "bad_characters")


class Asked(NamedTuple):
    """A question in words. `longer`: until when it could be extended, "" = it cannot; `mail`: the contact, if it is one."""

    id: str
    reference: str
    site: str
    source: str
    received: str
    question: str
    contact: str
    mail: str
    due: str
    over: bool
    dial: cabinet.Dial
    why: str
    longer: str
    answer: str
    closed: str


def _asked(t: Teller, shown: CaseShown, now: int) -> Asked:
    case, contact = shown.case, shown.contact or ""
    left, day = case.due_at - now, t.day(case.due_at)
    n = cabinet.days_left(case.due_at, now)
    due = t.say("questions.over", day=day) if left <= 0 else t.say("questions.due", count=n, day=day)
    extends = case.extended_why is None and case.closed_at is None and left >= 0
    return Asked(
        case.id, case.id[:8].upper(), shown.site, t.say(f"questions.source.{case.source}"), t.day(case.received_at),
        shown.question or "", contact, contact if "@" in contact and " " not in contact else "", due, left <= 0,
        cabinet.dial(left, case.due_at - case.received_at), shown.extended_why or "",
        t.day(add_months(case.received_at, 3)) if extends else "", shown.answer or "",
        t.day(case.closed_at) if case.closed_at is not None else "",
    )  # fmt: skip


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/questions`: what is due first comes first."""
    return await _page(request, await cabinet.scopes(request))


async def _page(request: web.Request, mine: Scopes, status: int = 200, **values: object) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    found = await house.engine.read(lambda sql: cases.all_cases(house, key, sql))
    now = house.clock.at()
    rows = [_asked(t, one, now) for one in found]
    settled = sorted((one for one in found if one.case.closed_at is not None), key=lambda one: -(one.case.closed_at or 0))
    shown = {
        "at": "", "today": cabinet.iso(now), "open": [row for row in rows if not row.closed],
        "settled": [_asked(t, one, now) for one in settled[: cabinet.SHOWN]], **values,
    }  # fmt: skip
    return cabinet.page(request, "privacy_questions.html", mine, "questions", shown, status)


async def act(request: web.Request) -> web.Response:
    """Enter a question, extend one, or close it with its answer. What was typed comes back with what is wrong with it."""
    mine, fields = await cabinet.scopes(request), await form(request)
    what, key = fields.get("act", ""), fields.get("case", "")
    try:
        done = await _do(request, what, key, fields, mine)
    except NotFound:
        raise
    except Refused as problem:
        return await _page(
            request, mine, problem.status, at=key or what, what=what, fields=fields, problems=_wrong(request, what, problem)
        )  # fmt: skip
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/questions#q-{done}"))


def _wrong(request: web.Request, what: str, problem: Refused) -> dict[str, str]:
    """Field → sentence; "" = about none of them."""
    if problem.code not in _WORDS or what not in _TEXT:
        return {_FIELD.get(problem.code, ""): complaint(request, problem)}
    field = _TEXT[what]
    if problem.code == "empty_text":
        return {field: cabinet.teller(request).say(f"questions.empty.{field}")}
    return {field: complaint(request, problem)}


async def _do(request: web.Request, what: str, key: str, fields: dict[str, str], mine: Scopes) -> str:
    """The id of the question that it was about."""
    house, who = request.app[LIVE].house, session(request)
    if what == "enter":
        received = cabinet.day_of(fields.get("received", ""), house.clock.at())
        if received is None:
            raise BadInput("bad_date")
        site = fields.get("site") or (mine.sites[0].id if mine.sites else "")
        return await house.engine.write(
            cases.enter(house, who, site, fields.get("text", ""), fields.get("contact", ""), received)
        )
    if what == "extend":
        await house.engine.write(cases.extend(house, who, key, fields.get("why", "")))
    elif what == "close":
        await house.engine.write(cases.close(house, who, key, fields.get("answer", "")))
    else:
        raise BadInput("bad_request")
    return key
