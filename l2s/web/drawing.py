"""A page of the desk in its frame: rail, sound, and the language of whoever reads it."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from l2s.protocol import PROTOCOL
from l2s.web.arrivals import language
from l2s.web.keys import ACTOR, OPEN, PAGES, URLS
from l2s.web.middleware import nonce
from l2s.web.pages import LANGUAGES, block


def config(request: web.Request) -> Markup:
    """What the scripts of the desk need to connect."""
    urls = request.app[URLS]
    return block({"protocol": PROTOCOL, "socket": urls.at("/ws/console"), "base": urls.at("/")})


def page(request: web.Request, template: str, status: int = 200, **values: object) -> web.Response:
    """The page of whoever is signed in; the caller has asked for the session already."""
    lang, actor = language(request, LANGUAGES), request[ACTOR]
    pages = request.app[PAGES]
    heard = {key: text for key, text in pages.words[lang]["console"].items() if key.startswith("sound.")}
    values = {"problems": {}, "fields": {}, "done": "", "config": config(request), "heard": block(heard), **values}

    def words(key: str, **fills: object) -> str:
        return pages.text(lang, "console", key, **fills)

    body = pages.render(
        template, lang, actor=actor, role=actor.role, tc=words, nonce=nonce(request), questions=request[OPEN], **values
    )
    return web.Response(text=body, content_type="text/html", status=status)
