"""The desk's pages: the console's document, and the forms for users, sites and one's own sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, get_args

from aiohttp import web

from l2s.actions import factors, people, signins, sites
from l2s.actions.people import checked_password, hash_password
from l2s.actions.sites import checked_face, checked_site
from l2s.clock import DAY, HOUR
from l2s.domain.people import ROLES, Role
from l2s.errors import BadInput, NotFound, Refused
from l2s.web.arrivals import language
from l2s.web.doors import complaint, form, hashing, problems
from l2s.web.drawing import config
from l2s.web.drawing import page as _page
from l2s.web.keys import ACTOR, LIVE, OPEN, PAGES, URLS
from l2s.web.middleware import nonce, session
from l2s.web.notice import quiet, standing
from l2s.web.pages import LANGUAGES, brand
from l2s.web.proof import again
from l2s.web.telling import Teller

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}\Z")
_GOOD: Final = {"site": "Shop", "origins": "localhost", "language": "en", "colour": ""}
_GOOD_NEW: Final = _GOOD | {"controller": "Shop", "contact": "Shop"}


async def console(request: web.Request) -> web.Response:
    """`/console` and `/console/chat/…`: one document, the URL is its state."""
    session(request)
    actor = request[ACTOR]
    body = request.app[PAGES].render(
        "console.html", language(request, LANGUAGES), "console", config=config(request), role=actor.role, actor=actor,
        nonce=nonce(request), questions=request[OPEN],
    )  # fmt: skip
    return web.Response(text=body, content_type="text/html")


async def users_page(request: web.Request) -> web.Response:
    """Who works here."""
    return await _users(request)


async def _users(request: web.Request, status: int = 200, **values: object) -> web.Response:
    house, key = request.app[LIVE].house, session(request)
    rows = await house.engine.read(lambda sql: people.all_users(house, key, sql))
    here = request.app[LIVE].presence.is_here
    return _page(request, "users.html", status, rows=[(row, here(row.user.id)) for row in rows], roles=ROLES, **values)


def _role(text: str) -> Role:
    if text not in get_args(Role):
        raise BadInput("bad_role")
    return next(role for role in ROLES if role == text)


async def users(request: web.Request) -> web.Response:
    """Invite, link, disable, enable, or change the role."""
    house, key, fields = request.app[LIVE].house, session(request), await form(request)
    act, user = fields.get("act", ""), fields.get("user", "")
    try:
        if act == "invite":
            mail, name = fields.get("mail", ""), fields.get("name", "")
            secret = await house.engine.write(people.invite(house, key, None, mail, name, _role(fields.get("role", ""))))
            return await _users(request, **_link(request, secret, "invite", name))
        if act == "link":
            mail = fields.get("mail", "")
            secret = await house.engine.write(people.user_link(house, key, mail))
            made, whom = await house.engine.read(lambda sql: people.link(house, secret, sql))
            return await _users(request, **_link(request, secret, made.kind, whom.name if whom else mail))
        if act in ("disable", "enable"):
            await house.engine.write(people.change_user(house, key, user, disable=act == "disable"))
        elif act == "role":
            await house.engine.write(people.change_user(house, key, user, role=_role(fields.get("role", ""))))
        else:
            raise BadInput("bad_request")
    except Refused as problem:
        return await _users(request, problem.status, fields=fields, problems=problems(request, problem))
    raise web.HTTPSeeOther(request.app[URLS].at("/console/users"))


def _link(request: web.Request, secret: str, kind: str, name: str) -> dict[str, Any]:
    """A link as the page shows it once: whom it is for, until when it works, who can open it at all."""
    urls, house = request.app[URLS], request.app[LIVE].house
    return {
        "link": urls.full(f"/link/{secret}", request.host), "link_for": name, "link_kind": kind, "local": not urls.public,
        "link_until": house.clock.at() + house.settings.link_hours * HOUR,
    }  # fmt: skip


async def sites_page(request: web.Request) -> web.Response:
    """All sites; with one site the site itself."""
    house, key = request.app[LIVE].house, session(request)
    rows = await house.engine.read(lambda sql: sites.all_sites(house, key, sql))
    if len(rows) == 1 and "new" not in request.query:
        raise web.HTTPSeeOther(request.app[URLS].at(f"/console/sites/{rows[0].site.id}"))
    return _page(request, "sites.html", rows=rows)


async def site_new(request: web.Request) -> web.Response:
    """One more site."""
    house, key, fields = request.app[LIVE].house, session(request), await form(request)
    try:
        made = await house.engine.write(sites.add_site(house, key, _checked(fields)))
    except Refused as problem:
        rows = await house.engine.read(lambda sql: sites.all_sites(house, key, sql))
        wrong = _wrong(request, fields, _GOOD_NEW, _checked) or problems(request, problem)
        return _page(request, "sites.html", problem.status, rows=rows, fields=fields, problems=wrong)
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/sites/{made}"))


def _origins(fields: dict[str, str]) -> list[str]:
    return fields.get("origins", "").replace(",", "\n").splitlines()


def _checked(fields: dict[str, str]) -> sites.NewSite:
    return checked_site(
        fields.get("site", ""), _origins(fields), fields.get("controller", ""), fields.get("contact", ""),
        fields.get("language", "en"),
    )  # fmt: skip


def _face(fields: dict[str, str]) -> sites.NewFace:
    colour = fields.get("colour", "").strip().lower()
    if colour and not _COLOUR.match(colour):
        raise BadInput("bad_colour")
    return checked_face(fields.get("site", ""), _origins(fields), fields.get("language", "en"), colour)


def _wrong(
    request: web.Request, fields: dict[str, str], good: dict[str, str], check: Callable[[dict[str, str]], object]
) -> dict[str, str]:
    """All that is wrong with a site's fields: each is judged beside others that are good."""
    found: dict[str, str] = {}
    for name in good:
        try:
            check(good | {name: fields.get(name, "")})
        except BadInput as problem:
            found[name] = complaint(request, problem)
    return found


async def _site(request: web.Request, status: int = 200, **values: object) -> web.Response:
    house, key, urls = request.app[LIVE].house, session(request), request.app[URLS]
    rows = await house.engine.read(lambda sql: sites.all_sites(house, key, sql))
    row = next((one for one in rows if one.site.id == request.match_info["site"]), None)
    if row is None:
        raise NotFound("not_found")
    site = row.site
    stands = await house.engine.read(lambda sql: standing(house, site.id, sql))
    tag = f'<script async src="{urls.full(f"/l2s.js?site={site.id}", request.host)}"></script>'
    origin = urls.origin(request.host)
    return _page(
        request, "site.html", status, row=row, tag=tag, origin=origin, hosted=urls.full(f"/chat/{site.id}", request.host),
        seen_today=site.seen_day == house.clock.at() // DAY, languages=LANGUAGES, many=len(rows) > 1,
        quiet=quiet(Teller(request.app[PAGES], language(request, LANGUAGES)), stands), **values,
    )  # fmt: skip


async def site_page(request: web.Request) -> web.Response:
    """The tag with its light, and what may be changed at once."""
    return await _site(request, done="saved" if "saved" in request.query else "")


async def site_state(request: web.Request) -> web.Response:
    """What the site's page asks: was the widget seen today, who was refused, and how does a `colour` look with its text?"""
    house, key = request.app[LIVE].house, session(request)
    rows = await house.engine.read(lambda sql: sites.all_sites(house, key, sql))
    row = next((one for one in rows if one.site.id == request.match_info["site"]), None)
    if row is None:
        raise NotFound("not_found")
    seen = row.site.seen_day == house.clock.at() // DAY
    colour = request.query.get("colour", "").lower()
    colour = colour if _COLOUR.match(colour) else row.site.colour
    return web.json_response({"seen": seen, "refused": [origin for origin, _ in row.refused], "brand": brand(colour)})


async def site_change(request: web.Request) -> web.Response:
    """Save, or allow an origin that was refused."""
    house, key, fields = request.app[LIVE].house, session(request), await form(request)
    try:
        if "allow" in fields:
            fields = await _allowing(request, fields["allow"])
        await house.engine.write(sites.change_site(house, key, request.match_info["site"], _face(fields)))
    except Refused as problem:
        wrong = _wrong(request, fields, _GOOD, _face) or problems(request, problem)
        return await _site(request, problem.status, fields=fields, problems=wrong)
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/sites/{request.match_info['site']}?saved#settings"))


async def _allowing(request: web.Request, origin: str) -> dict[str, str]:
    house, key = request.app[LIVE].house, session(request)
    rows = await house.engine.read(lambda sql: sites.all_sites(house, key, sql))
    row = next((one for one in rows if one.site.id == request.match_info["site"]), None)
    if row is None:
        raise NotFound("not_found")
    site = row.site
    origins = "\n".join((*site.origins, origin))
    return {"site": site.name, "origins": origins, "language": site.language, "colour": site.colour}


async def _sessions(request: web.Request, status: int = 200, **values: object) -> web.Response:
    house, key = request.app[LIVE].house, session(request)
    rows, factor = await house.engine.read(lambda sql: (signins.my_sessions(house, key, sql), factors.state(house, key, sql)))
    return _page(request, "sessions.html", status, rows=rows, current=key, factor=factor, **values)


async def sessions_page(request: web.Request) -> web.Response:
    """One's own sign-ins, and the password."""
    return await _sessions(request)


async def sessions(request: web.Request) -> web.Response:
    """End a session, all others, or change the password."""
    house, key, fields = request.app[LIVE].house, session(request), await form(request)
    act = fields.get("act", "")
    try:
        if act == "end":
            await house.engine.write(signins.end_session(house, key, fields.get("session", "")))
        elif act == "others":
            await house.engine.write(signins.end_other_sessions(house, key))
        elif act == "password":
            await _change_password(request, fields)
            return await _sessions(request, done="password")
        else:
            raise BadInput("bad_request")
    except Refused as problem:
        return await _sessions(request, problem.status, problems=problems(request, problem))
    raise web.HTTPSeeOther(request.app[URLS].at("/console/sessions"))


async def _change_password(request: web.Request, fields: dict[str, str]) -> None:
    house, key = request.app[LIVE].house, session(request)
    await again(request, fields)
    password = checked_password(fields.get("password", ""), request[ACTOR].name)
    await house.engine.write(people.new_password(house, key, await hashing(hash_password, password)))
