"""What holds for every request: known hosts, own-site writes, who is signed in, errors as pages or JSON, security headers.

Headers are set in on_response_prepare, which also covers 404, 500 and the 101 of a socket.
"""

from __future__ import annotations

import logging
import secrets
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from l2s.actions import cases, signins
from l2s.actions.house import House
from l2s.actions.signins import Device
from l2s.domain.people import Actor
from l2s.errors import L2sError, NotFound, SignInNeeded, TooMany
from l2s.store.sql import Sql
from l2s.web.arrivals import arrival, language
from l2s.web.keys import ACTOR, DEVICE, LIVE, OPEN, PAGES, SESSION, URLS
from l2s.web.pages import LANGUAGES

LOG: Final = logging.getLogger("l2s.web")
NONCE: Final = web.RequestKey("nonce", str)
CSP: Final = web.ResponseKey("csp", str)

PUBLIC: Final = ("/healthz", "/readyz")  # asked by proxies under any name
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


def nonce(request: web.Request) -> str:
    """This response's nonce for its one style block."""
    if NONCE not in request:
        request[NONCE] = secrets.token_urlsafe(16)
    return request[NONCE]


def policy(request: web.Request, ancestors: str = "'none'") -> str:
    """The CSP of our own pages. No unsafe-inline; Trusted Types required."""
    urls = request.app[URLS]
    sources = urls.socket_sources(request.host) if urls.knows(request.host) else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce(request)}'; img-src 'self' data:; "
        f"connect-src {sources}; media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors {ancestors}"
    )


async def prepare_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on everything that leaves."""
    headers = response.headers
    headers["Server"] = "l2s"
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = policy(request) if response.status != 101 else "default-src 'none'"
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if request.app[URLS].secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Known hosts, own writes, who it is, the handler; and every error in one place: a page for people, JSON for programs.

    One function, because its frame lives as long as a socket does.
    """
    try:
        if not _is_known_host(request):
            return _misdirected()
        _own_write(request)
        await _who(request)
        return await handler(request)
    except L2sError as problem:
        return told(request, problem)
    except web.HTTPException as problem:
        if problem.status < 400 or problem.status in (405, 503):
            raise
        return told(request, _from_http(problem))
    except Exception:
        LOG.exception("a request failed: %s %s", request.method, request.match_info.route.resource)
        return told(request, L2sError("internal"))


def _is_known_host(request: web.Request) -> bool:
    """A foreign Host is refused: no link, cookie or cache key is ever made from it."""
    hosts = request.headers.getall("Host", [])
    return request.path in PUBLIC or (len(hosts) == 1 and request.app[URLS].knows(hosts[0]))


def _misdirected() -> web.Response:
    return web.Response(
        status=421,
        text="This name is not known here. Set `public_url` in l2s.toml (or L2S_PUBLIC_URL) to the address that browsers use, "
        "for example https://chat.example.com, and start l2s again.\n",
    )


def _own_write(request: web.Request) -> None:
    """State changes come from our own pages alone: Sec-Fetch-Site, then Origin; neither is refused."""
    if request.method not in _SAFE:
        site = request.headers.get("Sec-Fetch-Site")
        own = request.app[URLS].is_own(request.headers.getall("Origin", []), request.host)
        if not (site == "same-origin" if site is not None else own):
            raise NotFound("cross_site")


async def _who(request: web.Request) -> None:
    """Who is signed in here, asked anew for each request. Only pages of the desk ask."""
    live, urls = request.app[LIVE], request.app[URLS]
    if request.method == "POST":  # a sign-in may come of it
        seen = arrival(request, live.house.settings.trusted_proxies)
        request[DEVICE] = Device(seen.address, seen.agent)
    if not request.path.startswith((urls.at("/console"), urls.at("/login"))):
        return
    token = request.cookies.get(urls.cookie, "")
    if token:
        found = await live.house.engine.read(lambda sql: _known(live.house, token, sql))
        if found:
            request[SESSION], request[ACTOR], request[OPEN] = found


def _known(house: House, token: str, sql: Sql) -> tuple[str, Actor, int] | None:
    """Session, user, and how many privacy questions wait for them: it stands on every page of the desk."""
    found = signins.session_of(house, token, sql)
    return (*found, cases.count_open(sql, found[1])) if found else None


def _from_http(problem: web.HTTPException) -> L2sError:
    error = NotFound("not_found") if problem.status == 404 else L2sError("bad_request")
    return error


def told(request: web.Request, problem: L2sError) -> web.Response:
    """An error as the asker can read it."""
    status = problem.status if problem.code != "bad_request" else 400
    headers = {"Retry-After": str(problem.data["after"])} if isinstance(problem, TooMany) else {}
    accepts = request.headers.get("Accept", "")
    if "text/html" not in accepts:
        return web.json_response({"error": problem.code, "data": problem.data}, status=status, headers=headers)
    if isinstance(problem, SignInNeeded) and request.method == "GET":
        raise web.HTTPSeeOther(request.app[URLS].at("/login"))
    pages, lang = request.app[PAGES], language(request, LANGUAGES)
    sentence = pages.error(lang, problem.code, **problem.data)
    return web.Response(
        text=pages.render("error.html", lang, sentence=sentence, status=status), content_type="text/html", status=status,
        headers=headers,
    )  # fmt: skip


def session(request: web.Request) -> str:
    """The signed-in session's id. Raises SignInNeeded."""
    if SESSION not in request:
        raise SignInNeeded("signed_out")
    return request[SESSION]
