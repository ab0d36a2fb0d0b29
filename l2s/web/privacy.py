"""The declaration editor: what is kept, by class; what a change would do, before it is posted; what waits, and taking it back.

Saving goes in two steps that need no script: "check" shows what acts now and what waits, "post" or "narrow" does it. The rules
are those of actions/policies; this module reads forms and draws pages.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from aiohttp import web

from l2s.actions import particulars, policies, sites
from l2s.actions.house import House
from l2s.actions.particulars import Kept
from l2s.actions.policies import Declared, Preview
from l2s.errors import BadInput, NotFound
from l2s.privacy.factory import PRESETS
from l2s.privacy.ledger import NOTICE, Version
from l2s.privacy.policy import explain, meet, to_json
from l2s.store import ledger, users
from l2s.store.accounts import Site
from l2s.store.sql import Sql
from l2s.web.arrivals import language
from l2s.web.coming import Step, coming
from l2s.web.doors import complaint
from l2s.web.drafts import Draft, Fields, Wrong, fields_of, first, read_draft, read_form
from l2s.web.drawing import page as _page
from l2s.web.editor import Table, presets
from l2s.web.keys import ACTOR, LIVE, PAGES, URLS
from l2s.web.middleware import session
from l2s.web.notice import Standing, facts, standing, told_step
from l2s.web.pages import LANGUAGES, block
from l2s.web.particulars import bars
from l2s.web.telling import Line, Teller

ACTS: Final = ("check", "post", "narrow", "back", "ask_withdraw", "withdraw", "preset-minimal", "preset-normal", "preset-shop")


class Desk(NamedTuple):
    """A scope before its admin: what stands, what only the admin sees, and where else they may go."""

    scope: str
    stands: Standing
    declared: Declared
    sites: list[Site]
    host: bool
    account: Kept

    @property
    def newest(self) -> Version:
        """The last posted version: what the form begins with, so that a small change takes nothing back by accident."""
        return self.declared.versions[0]

    @property
    def waits(self) -> list[int]:
        """Numbers of versions that wait."""
        return [step.n for step in self.stands.steps]


def _desk(house: House, key: str, user: str, scope: str, sql: Sql) -> Desk:
    declared = policies.declared(house, key, scope, sql)
    stands = standing(house, "" if scope == ledger.SERVER else scope, sql)
    mine = [row.site for row in sites.all_sites(house, key, sql)]
    return Desk(scope, stands, declared, mine, users.is_host(sql, user), particulars.read(house, key, sql))


async def _load(request: web.Request) -> Desk:
    house, key, scope = request.app[LIVE].house, session(request), request.match_info["scope"]
    user = request[ACTOR].id
    try:
        return await house.engine.read(lambda sql: _desk(house, key, user, scope, sql))
    except NotFound:
        raise NotFound("not_found") from None  # no such site and not yours look the same


def _teller(request: web.Request) -> Teller:
    return Teller(request.app[PAGES], language(request, LANGUAGES))


async def index(request: web.Request) -> web.Response:
    """`/console/privacy`: the one site's page, or the list."""
    house, key, user = request.app[LIVE].house, session(request), request[ACTOR].id
    rows = await house.engine.read(lambda sql: [row.site for row in sites.all_sites(house, key, sql)])
    if len(rows) == 1:
        raise web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/{rows[0].id}"))
    host, kept = await house.engine.read(lambda sql: (users.is_host(sql, user), particulars.read(house, key, sql)))
    return _page(request, "privacy_list.html", rows=rows, host=host, bars=bars(_teller(request), kept))


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/SCOPE`."""
    desk = await _load(request)
    return _form(request, desk, fields_of(desk.stands.kind, desk.newest.declaration, desk.newest.words), {})


def _read(desk: Desk, fields: Fields) -> Draft:
    """The form's draft; words in a language that the form does not offer stay."""
    draft = read_draft(desk.stands.kind, fields, desk.newest.declaration, desk.stands.law.rules)
    others = {lang: text for lang, text in desk.newest.words.items() if lang not in LANGUAGES}
    return draft._replace(words=others | draft.words)


def _form(
    request: web.Request, desk: Desk, fields: Fields, problems: dict[str, Wrong], status: int = 200, unfolded: bool = False
) -> web.Response:
    """The editor with these fields in it."""
    t, stands = _teller(request), desk.stands
    draft = _read(desk, fields)
    table = Table(t, stands.kind, desk.declared, stands.steps, stands.law.rules)
    told = {name: t.say(key, **values) for name, (key, values) in problems.items()}
    return _page(
        request, "privacy.html", status, **_head(t, desk), groups=table.groups(fields, problems), fields=fields, problems=told,
        presets=presets(t, draft.rules) if stands.found else [], unfolded=unfolded or any("." in name for name in problems),
        effect=_effect(t, desk, draft), next=desk.newest.n + 1, languages=LANGUAGES,
        data=block({name: to_json(rules) for name, rules in PRESETS.items()}),
    )  # fmt: skip


def _head(t: Teller, desk: Desk) -> dict[str, Any]:
    """Head and strip: which scope, what is in force, what is posted."""
    force, stands = desk.stands.in_force, desk.stands
    dropped = sum(desk.declared.dropped.values())
    return {
        "scope": desk.scope, "site": stands.found, "sites": desk.sites, "host": desk.host, "opened": desk.declared.opened,
        "notice": f"/privacy/{stands.found.id}" if stands.found else "/privacy", "version": stands.law.version,
        "since": t.day(force.ripened.wall) if force and force.ripened else "",
        "bars": bars(t, desk.account),
        "dropped": t.say("privacy.dropped_all", count=dropped, n=t.number(dropped)) if dropped else "",
        "steps": [(step, t.day(step.notches.acts)) for step in stands.steps],
    }  # fmt: skip


class Effect(NamedTuple):
    """What visitors read because of a draft. `adds`: (heading, lines) of each day on which something comes."""

    promise: str
    reads: list[str]
    drops: list[Line]
    adds: list[tuple[str, list[Line]]]
    problem: str


def _effect(t: Teller, desk: Desk, draft: Draft) -> Effect:
    """The side column: what the notice says by this draft, and what it takes from and adds to the one of today."""
    stands = desk.stands
    if draft.problems:
        key, values = next(iter(draft.problems.values()))
        return Effect("", [], [], [], t.say(key, **values))
    law = stands.law.rules
    said = stands._replace(law=stands.law._replace(rules=draft.rules))
    reads = [sentence for _, sentence in facts(t, said)]
    promise = t.promise(draft.rules) if stands.found else ""
    now = meet(law, draft.rules) if desk.declared.opened else draft.rules
    gone = [line for line in t.lines(explain(law, now), now) if not line.wider]
    if not desk.declared.opened:
        more = [line for line in t.lines(explain(law, now), now) if line.wider]
        return Effect(promise, reads, gone, [(t.say("privacy.adds_now"), more)] if more else [], "")
    steps = _steps(desk, draft, stands.now.wall + NOTICE)
    adds = [(t.say("privacy.adds_from", day=t.day(step.notches.acts)), told_step(t, step)) for step in steps]
    return Effect(promise, reads, gone, [one for one in adds if one[1]], "")


def _steps(desk: Desk, draft: Draft, due: int) -> list[Step]:
    """What would come, and when, if the draft were posted now; `due`: 0 where it acts at once and takes back what waits."""
    stands, n = desk.stands, desk.newest.n + 1
    if not due:
        return []
    now = stands.now._replace(wall=due - NOTICE)
    posted = Version(n, "pending", now, due, None, draft.rules, draft.words, "", 0)
    return coming(meet(stands.law.rules, draft.rules), stands.words, [posted, *stands.versions], now)


async def live(request: web.Request) -> web.Response:
    """`/console/privacy/SCOPE/preview`: the side column as sentences, while the form is filled in."""
    desk, fields, t = await _load(request), await read_form(request), _teller(request)
    draft = _read(desk, fields)
    return web.json_response(_effect(t, desk, draft)._asdict())


async def act(request: web.Request) -> web.Response:
    """Fill the form from a preset, show what changes, post, or take back."""
    desk, fields = await _load(request), await read_form(request)
    what = first(fields, "act")
    if what not in ACTS:
        raise BadInput("bad_request")
    if what == "ask_withdraw":
        return _page(request, "privacy_back.html", **_head(_teller(request), desk), lines=_withdrawn(_teller(request), desk))
    if what == "withdraw":
        house = request.app[LIVE].house
        if desk.waits:
            await house.engine.write(policies.withdraw(house, session(request), desk.scope))
        raise _done(request, desk)
    if what == "back":
        return _form(request, desk, fields, {}, unfolded=True)
    if what.startswith("preset-"):
        if not desk.stands.found:
            raise NotFound("not_found")
        words = {lang: first(fields, f"words.{lang}") for lang in LANGUAGES}
        return _form(request, desk, fields_of("site", PRESETS[what.removeprefix("preset-")], words), {})
    return await _save(request, desk, fields, what)


def _done(request: web.Request, desk: Desk) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/{desk.scope}"))


def _withdrawn(t: Teller, desk: Desk) -> list[Line]:
    return [line for step in desk.stands.steps for line in told_step(t, step)]


async def _save(request: web.Request, desk: Desk, fields: Fields, what: str) -> web.Response:
    """Both steps. What was typed comes back with whatever is wrong with it."""
    house = request.app[LIVE].house
    draft = _read(desk, fields)
    if draft.problems:
        return _form(request, desk, fields, draft.problems, 400, unfolded=True)
    try:
        seen = await house.engine.read(lambda sql: policies.preview(house, desk.scope, draft.rules, draft.words, sql))
        if what == "check" or first(fields, "seen") != str(desk.newest.n):
            return _review(request, desk, fields, draft, seen, moved=what != "check")
        rules, said = (seen.narrower, None) if what == "narrow" else (draft.rules, draft.words)
        await house.engine.write(policies.declare(house, session(request), desk.scope, rules, said))
    except BadInput as problem:
        return _form(request, desk, fields, {"": ("wrong.plain", {"text": complaint(request, problem)})}, 400, unfolded=True)
    raise _done(request, desk)


def _review(request: web.Request, desk: Desk, fields: Fields, draft: Draft, seen: Preview, moved: bool) -> web.Response:
    """What would change: now, and on which day; the choice between all of it and the part that acts at once."""
    t, stands = _teller(request), desk.stands
    if not explain(desk.newest.declaration, draft.rules) and draft.words == desk.newest.words:
        return _form(request, desk, fields, {"": ("privacy.nothing", {})}, unfolded=True)
    now = meet(stands.law.rules, draft.rules) if seen.due else draft.rules
    steps = _steps(desk, draft, seen.due)
    lines = t.lines(seen.now, now)
    if not seen.due and draft.words != stands.words:
        lines.append(Line(t.say("notice.own"), t.say("change.words"), True))
    carried = [(name, value) for name, values in fields.items() if name not in ("act", "seen") for value in values]
    return _page(
        request, "privacy_review.html", **_head(t, desk), lines=lines, moved=moved, next=desk.newest.n + 1, carried=carried,
        seen=desk.newest.n, later=[(step, t.day(step.notches.acts), told_step(t, step)) for step in steps],
        narrow=bool(seen.now and steps), takes_back=desk.waits if not seen.due else [], narrow_takes_back=desk.waits,
        same=not lines and not steps,
    )  # fmt: skip
