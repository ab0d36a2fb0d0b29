"""Sign-in, sign-out and single-use links. A link is shown by GET and used by POST alone, so a mail scanner cannot use it up.

A try is counted before the password is hashed, by mail key and by network, so parallel tries cannot beat the limit; unknown and
known users cost the same work. Hashing runs in threads, at most as many at once as there are slots.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from aiohttp import ClientError, web

from l2s.actions import factors, people, signins, sites
from l2s.actions.house import House
from l2s.actions.people import NAME_MAX, checked_password, hash_password, verify_password
from l2s.actions.signins import SignedIn
from l2s.actions.sites import NewOwner, checked_site
from l2s.clock import MINUTE
from l2s.domain.text import mail_address, one_line
from l2s.errors import BadInput, L2sError, Refused, SignInNeeded, TooMany
from l2s.web.arrivals import language, network
from l2s.web.keys import DEVICE, LIVE, PAGES, SESSION, URLS
from l2s.web.pages import LANGUAGES

T = TypeVar("T")
FORM_MAX: Final = 64 * 1024
PAUSE: Final = 15 * MINUTE
_HALF: Final = 5 * MINUTE
_HASHING: Final = asyncio.Semaphore(2)  # argon2 takes 64 MiB each: bounds memory and leaves the loop a core


async def hashing(work: Callable[..., T], *values: object) -> T:
    """Run a slow hash in a thread."""
    async with _HASHING:
        return await asyncio.to_thread(work, *values)


async def form(request: web.Request) -> dict[str, str]:
    """A small form's fields, first value of each; files are refused."""
    if (request.content_length or 0) > FORM_MAX:
        raise BadInput("form_too_large")
    if request.content_type not in ("application/x-www-form-urlencoded", "application/octet-stream"):
        raise BadInput("bad_request")
    try:
        async with asyncio.timeout(20):
            raw = await request.read()
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=64)
    except (TimeoutError, ValueError, ConnectionError, ClientError):
        raise BadInput("bad_request") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def page(request: web.Request, template: str, status: int = 200, **values: object) -> web.Response:
    """A form page in the browser's language."""
    lang = language(request, LANGUAGES)
    body = request.app[PAGES].render(template, lang, **values)
    return web.Response(text=body, content_type="text/html", status=status)


def complaint(request: web.Request, problem: L2sError) -> str:
    """What is wrong, as a sentence."""
    return request.app[PAGES].error(language(request, LANGUAGES), problem.code, **problem.data)


FIELD_OF: Final = {
    "bad_mail": "mail",
    "mail_taken": "mail",
    "bad_name": "name",
    "bad_origin": "origins",
    "origin_needed": "origins",
    "too_many_origins": "origins",
    "bad_site_name": "site",
    "bad_controller": "controller",
    "bad_contact": "contact",
    "bad_colour": "colour",
    "password_short": "password",
    "password_long": "password",
    "password_common": "password",
    "password_personal": "password",
    "password_needed": "password",
    "bad_sign_in": "password",
    "wrong_password": "proof",
    "wrong_code": "code",
    "code_needed": "code",
}


def problems(request: web.Request, problem: L2sError) -> dict[str, str]:
    """Field → sentence; "" = not about one field."""
    return {FIELD_OF.get(problem.code, ""): complaint(request, problem)}


def enter(request: web.Request, signed: SignedIn, where: str = "/console") -> web.HTTPSeeOther:
    """Set the session cookie and go on."""
    urls, live = request.app[URLS], request.app[LIVE]
    answer = web.HTTPSeeOther(urls.at(where))
    answer.headers["Set-Cookie"] = urls.set_cookie(signed.token, live.house.settings.session_days * 86_400)
    return answer


async def login_page(request: web.Request) -> web.Response:
    """The sign-in page; whoever is signed in goes to the desk."""
    if SESSION in request:
        raise web.HTTPSeeOther(request.app[URLS].at("/console"))
    return page(request, "login.html", fields={}, problems={})


async def login(request: web.Request) -> web.Response:
    """Sign in. The same answer for unknown, wrong and disabled; a second factor is asked for after the password alone."""
    fields, live = await form(request), request.app[LIVE]
    if "half" in fields:
        return await _second(request, fields)
    house, limits = live.house, live.limits
    mail = fields.get("mail", "").strip()[:320]
    most = house.settings.rate_signin
    near = network(request[DEVICE].address)
    try:
        limits.take("signin-network", near, most * 10, PAUSE)
        limits.take("signin-mail", mail.casefold(), most * 10, PAUSE)  # wide: a stranger must not lock anybody out
        limits.take("signin", f"{mail.casefold()} {near}", most, PAUSE)
        found = await house.engine.read(lambda sql: people.find(house, mail, sql)) if mail else None
        good = await hashing(verify_password, found[1] if found else None, fields.get("password", "")[:1024])
        if not found or not good:
            raise SignInNeeded("bad_sign_in", left=limits.left("signin", f"{mail.casefold()} {near}", most))
        limits.give("signin", f"{mail.casefold()} {near}")
        if await house.engine.read(lambda sql: factors.is_on(sql, found[0].id)):
            return page(request, "code.html", half=_half(house, found[0].id, found[1]), problems={})
        signed = await house.engine.write(signins.start_session(house, found[0].id, request[DEVICE], seen=found[1]))
    except Refused as problem:
        shown = {"mail": fields.get("mail", "")}
        return page(request, "login.html", problem.status, fields=shown, problems=problems(request, problem))
    raise enter(request, signed)


def _half(house: House, user: str, password: str | None, until: int = 0) -> str:
    """That this user's password was right a moment ago: good for five minutes, and for this password alone."""
    until = until or house.clock.steady() + _HALF
    return f"{user}.{until}.{house.keys.hash('half', f'{user}.{until}.{password}').hex()}"


async def _whose(house: House, half: str) -> tuple[str, str | None]:
    """Whose password it was, and its hash. Raises SignInNeeded."""
    user, _, rest = half.partition(".")
    until = rest.partition(".")[0]
    if not (until.isascii() and until.isdecimal() and len(until) < 16) or int(until) <= house.clock.steady():
        raise SignInNeeded("sign_in_again")
    password = await house.engine.read(lambda sql: signins.password_of(house, user, sql))
    if not hmac.compare_digest(_half(house, user, password, int(until)).encode(), half.encode(errors="replace")):
        raise SignInNeeded("sign_in_again")
    return user, password


async def _second(request: web.Request, fields: dict[str, str]) -> web.Response:
    """The code of the second factor, after the password."""
    live, half = request.app[LIVE], fields["half"][:200]
    house = live.house
    try:
        user, seen = await _whose(house, half)
        live.limits.take("code", user, house.settings.rate_signin, PAUSE)
        signed = await house.engine.write(signins.start_session(house, user, request[DEVICE], fields.get("code", ""), seen))
    except SignInNeeded as problem:
        return page(request, "login.html", problem.status, fields={}, problems=problems(request, problem))
    except Refused as problem:
        return page(request, "code.html", problem.status, half=half, problems=problems(request, problem))
    live.limits.give("code", user)
    raise enter(request, signed)


async def logout(request: web.Request) -> web.Response:
    """Sign out everywhere this session is."""
    live, urls = request.app[LIVE], request.app[URLS]
    token = request.cookies.get(urls.cookie, "")
    found = await live.house.engine.read(lambda sql: signins.session_of(live.house, token, sql)) if token else None
    if found:
        await live.house.engine.write(signins.sign_out(live.house, found[0]))
    answer = web.HTTPSeeOther(urls.at("/login"))
    answer.headers["Set-Cookie"] = urls.set_cookie("", 0)
    raise answer


async def link_page(request: web.Request) -> web.Response:
    """What a link is for, with the form or button that uses it."""
    return await _link_page(request, {}, None)


async def _link_page(request: web.Request, fields: dict[str, str], problem: L2sError | None) -> web.Response:
    house, secret = request.app[LIVE].house, request.match_info["secret"]
    found, user = await house.engine.read(lambda sql: people.link(house, secret, sql))
    whose = user.id if user else ""
    factor = await house.engine.read(lambda sql: factors.is_on(sql, whose))
    template = "owner.html" if found.kind == "owner" else "link.html"
    shown = {name: value for name, value in fields.items() if name != "password"}
    wrong = problems(request, problem) if problem else {}
    hours = max(1, (found.expires_at - house.clock.steady()) // 3_600_000)
    return page(
        request, template, problem.status if problem else 200, kind=found.kind, user=user, fields=shown, problems=wrong,
        hours=hours, factor=factor,
    )  # fmt: skip


async def link(request: web.Request) -> web.Response:
    """Use a link."""
    house, secret = request.app[LIVE].house, request.match_info["secret"]
    fields = await form(request)
    try:
        found, user = await house.engine.read(lambda sql: people.link(house, secret, sql))
        if found.kind == "owner":
            raise await _make_owner(request, secret, fields)
        password = fields.get("password") or None
        if user and (password or found.kind in ("invite", "reset")):
            password = await hashing(hash_password, checked_password(password or "", user.name))
        whose = user.id if user else ""
        if await house.engine.read(lambda sql: factors.is_on(sql, whose)):
            request.app[LIVE].limits.take("code", whose, house.settings.rate_signin, PAUSE)
        signed = await house.engine.write(people.use_link(house, secret, password, request[DEVICE], fields.get("code", "")))
        request.app[LIVE].limits.give("code", signed.user.id)
    except (BadInput, TooMany) as problem:
        return await _link_page(request, fields, problem)
    raise enter(request, signed)


async def _make_owner(request: web.Request, secret: str, fields: dict[str, str]) -> web.HTTPSeeOther:
    house = request.app[LIVE].house
    name = one_line(fields.get("name", ""), NAME_MAX, "bad_name")
    mail = mail_address(fields.get("mail", ""))
    password = checked_password(fields.get("password", ""), mail, name)
    origins = fields.get("origins", "").replace(",", "\n").splitlines()
    site_name = fields.get("site", "").strip() or (origins[0].strip() if origins else "")
    controller = fields.get("controller", "").strip() or site_name
    new = checked_site(site_name, origins, controller, fields.get("contact", "").strip() or mail, _language(request))
    owner = NewOwner(name, mail, await hashing(hash_password, password))
    signed, made = await house.engine.write(sites.use_owner_link(house, secret, new, owner, request[DEVICE]))
    request.app[LIVE].owner_made(made.site)
    return enter(request, signed, f"/console/sites/{made.site}")


def _language(request: web.Request) -> str:
    return language(request, LANGUAGES)
