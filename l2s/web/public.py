"""What a stranger may ask for: script, availability, frame, assets, notices, the manual, health. Nothing here sets a cookie."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web

from l2s import __version__
from l2s.config import COMMANDS, rows
from l2s.domain.origins import allows, frame_ancestors
from l2s.errors import NotFound
from l2s.live.presence import SiteOf, Told
from l2s.protocol import PROTOCOL
from l2s.store.accounts import Site, site
from l2s.web.arrivals import language, referring_origin
from l2s.web.assets import Asset, compressed, launcher_words
from l2s.web.keys import ASSETS, LIVE, PAGES, URLS, WATCH
from l2s.web.middleware import nonce, policy
from l2s.web.notice import notice_page
from l2s.web.pages import LANGUAGES, block, brand

_SCRIPT: Final = "text/javascript; charset=utf-8"
_NOT_LISTED: Final = b'console.info("l2s: this page is not on the list of its site. Add it under Sites in the console.")'
FRESH: Final = 15  # seconds for which availability may be cached


def packed(request: web.Request, body: bytes, media: str, cache: str, gzipped: bytes | None = None) -> web.Response:
    """A body, compressed where the asker takes gzip."""
    response = web.Response(body=body, headers={"Content-Type": media, "Cache-Control": cache, "Vary": "Accept-Encoding"})
    accepted = {piece.strip() for piece in request.headers.get("Accept-Encoding", "").lower().split(",")}
    if "gzip" in accepted and len(body) > 200:
        response.body = gzipped or compressed(body)
        response.headers["Content-Encoding"] = "gzip"
    return response


async def find_site(request: web.Request, key: str) -> Site:
    """A site by its key, or NotFound."""
    found = await request.app[LIVE].house.engine.read(lambda sql: site(sql, key))
    if found is None:
        raise NotFound("unknown_site")
    return found


def _told(request: web.Request, found: Site) -> Told:
    live = request.app[LIVE]
    place = live.fanout.places.setdefault(found.id, SiteOf(found.account, found.department))
    return live.presence.of_site(found.id, place)


async def loader(request: web.Request) -> web.Response:
    """`/l2s.js?site=KEY`: the one request before a click (W5), with the availability of its moment."""
    found = await find_site(request, request.query.get("site", ""))
    urls, pages = request.app[URLS], request.app[PAGES]
    page, own = referring_origin(request), urls.origin(request.host)
    await request.app[WATCH].page(found.id, found.origins, page, own)
    if (
        page and page != own and not allows(found.origins, page)
    ):  # its frame would be refused: better no launcher than a grey box
        return _for_everybody(packed(request, _NOT_LISTED, _SCRIPT, "no-store"))
    told = _told(request, found)
    config: dict[str, Any] = {
        "site": found.id,
        "name": found.name,
        "colour": brand(found.colour),
        "availability": told.availability,
        "people": [name for _, name in told.people],
        "language": found.language,
        "words": {lang: launcher_words(pages.words[lang]["widget"]) for lang in LANGUAGES},
    }
    return _for_everybody(packed(request, request.app[ASSETS].loader(config), _SCRIPT, f"public, max-age={FRESH}"))


def _for_everybody(response: web.Response) -> web.Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Vary"] = "Accept-Encoding, Referer"
    return response


async def now(request: web.Request) -> web.Response:
    """`/now/KEY.js`: the same few bytes for every visitor."""
    found = await find_site(request, request.match_info["site"])
    told = _told(request, found)
    value = json.dumps({"availability": told.availability, "people": [name for _, name in told.people]}, ensure_ascii=False)
    body = f"export const now={value}".encode()
    return _for_everybody(packed(request, body, _SCRIPT, f"public, max-age={FRESH}"))


def _asset(request: web.Request, found: Asset | None, cache: str) -> web.Response:
    if found is None:
        raise NotFound("not_found")
    if request.headers.get("If-None-Match") == found.etag:
        return web.Response(status=304, headers={"ETag": found.etag, "Cache-Control": cache})
    response = packed(request, found.body, found.media, cache, found.packed)
    response.headers["ETag"] = found.etag
    return response


async def asset(request: web.Request) -> web.Response:
    """`/assets/<hash>/…`: immutable."""
    assets = request.app[ASSETS]
    cache = "no-cache" if assets.dev else "public, max-age=31536000, immutable"
    return _asset(request, assets.get(request.match_info["name"]), cache)


async def outside(request: web.Request) -> web.Response:
    """`/outside.js`: fetched into the site's page at the first click."""
    assets = request.app[ASSETS]
    return _for_everybody(_asset(request, assets.get(assets.url("widget/outside.js")), "no-cache"))


async def chat(request: web.Request) -> web.Response:
    """`/chat/KEY`: the widget's frame, and the hosted page. Who may embed it is decided by frame-ancestors."""
    found = await find_site(request, request.match_info["site"])
    urls, pages = request.app[URLS], request.app[PAGES]
    await request.app[WATCH].page(found.id, found.origins, referring_origin(request), urls.origin(request.host))
    wanted = request.query.get("lang", "")[:2].lower()
    lang = wanted if wanted in LANGUAGES else language(request, (found.language, *LANGUAGES))
    config = {
        "site": found.id,
        "protocol": PROTOCOL,
        "socket": urls.at("/ws/visitor"),
        "notice": urls.at(f"/privacy/{found.id}?lang={lang}"),
    }
    body = pages.render("chat.html", lang, "widget", site=found, config=block(config), nonce=nonce(request))
    response = packed(request, body.encode(), "text/html; charset=utf-8", "no-cache")
    response.headers["Content-Security-Policy"] = policy(request, frame_ancestors(found.origins))
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


async def notice(request: web.Request) -> web.Response:
    """`/privacy/KEY` and `/privacy`: generated from the declaration in force."""
    return packed(request, (await notice_page(request)).encode(), "text/html; charset=utf-8", "no-cache")


async def manual(request: web.Request) -> web.Response:
    """`/help`: the manual in the product."""
    lang = language(request, LANGUAGES)
    pages = request.app[PAGES]
    words = [(code, text if isinstance(text, str) else text["other"]) for code, text in pages.words[lang]["error"].items()]
    body = pages.render("manual.html", lang, version=__version__, settings=rows(), commands=COMMANDS.items(), errors=words)
    return packed(request, body.encode(), "text/html; charset=utf-8", "no-cache")


async def front(request: web.Request) -> web.Response:
    """`/`: the desk, or the sign-in page before it."""
    raise web.HTTPSeeOther(request.app[URLS].at("/console"))


async def healthz(_: web.Request) -> web.Response:
    """Alive: no database is asked."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """Ready: the database takes writes and the ledger's mirror is whole."""
    live = request.app[LIVE]
    edited = live.jobs is not None and live.jobs.broken is not None
    if live.stopping or live.house.engine.broken or live.ledger_behind() or edited:
        why = "stopping" if live.stopping else live.house.engine.broken or "the ledger was edited, or its mirror is behind"
        return web.Response(status=503, text=f"not ready: {why}\n")
    return web.Response(text="ready\n")
