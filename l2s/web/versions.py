"""Every version that was ever posted, in words, with what it changed: public, for sites and for the server."""

from __future__ import annotations

from typing import Any, NamedTuple

from aiohttp import web

from l2s.actions.sites import LANGUAGES
from l2s.errors import NotFound
from l2s.privacy.ledger import Version
from l2s.privacy.policy import explain, to_json
from l2s.web.coming import Notches, notches
from l2s.web.keys import LIVE, PAGES
from l2s.web.notice import Standing, capture, chosen_language, standing
from l2s.web.public import packed
from l2s.web.telling import Line, Teller, spoken


class Shown(NamedTuple):
    """A version in words. `when`: since or until when; `notches`: of one that waits."""

    n: int
    state: str
    posted: str
    when: str
    hash: str
    notches: Notches | None


async def _standing(request: web.Request) -> Standing:
    house, key = request.app[LIVE].house, request.match_info.get("site", "")
    return await house.engine.read(lambda sql: standing(house, key, sql))


def told_version(t: Teller, version: Version, stands: Standing) -> Shown:
    """One version's head."""
    waits = notches(version.posted, version.due, stands.now) if version.state == "pending" else None
    if waits:
        when = t.say("versions.from", day=t.instant(waits.acts))
    elif version.ripened:
        when = t.say("versions.was" if version.state == "past" else "versions.since", day=t.instant(version.ripened.wall))
    else:
        when = t.say("versions.taken_back")
    return Shown(version.n, version.state, t.instant(version.posted.wall), when, version.hash, waits)


def _base(stands: Standing) -> str:
    return f"/privacy/{stands.found.id}" if stands.found else "/privacy"


async def all_versions(request: web.Request) -> web.Response:
    """`/privacy/KEY/versions`, `/privacy/versions`."""
    stands, lang = await _standing(request), chosen_language(request)
    t = Teller(request.app[PAGES], lang)
    rows = [told_version(t, one, stands) for one in stands.versions]
    body = request.app[PAGES].render(
        "versions.html", lang, languages=LANGUAGES, kind=stands.kind, owner=stands.owner, base_path=_base(stands), rows=rows
    )
    return packed(request, body.encode(), "text/html; charset=utf-8", "no-cache")


def _find(request: web.Request, stands: Standing) -> Version:
    wanted = request.match_info["n"]
    found = next((one for one in stands.versions if str(one.n) == wanted), None)
    if found is None:
        raise NotFound("not_found")
    return found


class Against(NamedTuple):
    """What a version changed. `n`: the version it is held against, 0 = there was none; `words`: the owner's own before it."""

    n: int
    lines: list[Line]
    words: dict[str, str]


def against(t: Teller, version: Version, stands: Standing) -> Against:
    """Against the one before; one that waits against what is in force."""
    if version.state == "pending":
        lines = t.lines(explain(stands.law.rules, version.declaration), version.declaration)
        return Against(stands.law.version, lines, stands.words)
    before = next((one for one in stands.versions if one.n < version.n), None)
    if before is None:
        return Against(0, [], {})
    return Against(before.n, t.lines(explain(before.declaration, version.declaration), version.declaration), before.words)


async def one_version(request: web.Request) -> web.Response:
    """`/privacy/KEY/versions/N`: what it says and what it changed."""
    stands, lang = await _standing(request), chosen_language(request)
    version, t = _find(request, stands), Teller(request.app[PAGES], lang)
    held = against(t, version, stands)
    body = request.app[PAGES].render(
        "version.html", lang, languages=LANGUAGES, kind=stands.kind, owner=stands.owner, base_path=_base(stands),
        shown=told_version(t, version, stands), against=held, own=spoken(version.words, lang),
        own_before=spoken(held.words, lang),
        reworded=bool(held.n) and held.words != version.words, rows=t.rows(stands.kind, version.declaration),
        never=t.never(stands.kind, version.declaration), recipients=t.recipients(version.declaration),
    )  # fmt: skip
    return packed(request, body.encode(), "text/html; charset=utf-8", "no-cache")


async def version_json(request: web.Request) -> web.Response:
    """`/privacy/KEY/versions/N.json`: the same for programs. Times are ms by the ledger's clock; `due` null = at once."""
    stands = await _standing(request)
    version = _find(request, stands)
    told: dict[str, Any] = {
        "scope": stands.kind,
        **({"site": stands.found.id} if stands.found else {}),
        "version": version.n,
        "state": version.state,
        "declaration": to_json(version.declaration),
        "words": version.words,
        "posted": version.posted.wall,
        "due": version.due or None,
        "ripened": version.ripened.wall if version.ripened else None,
        "hash": version.hash,
    }
    return _for_programs(told)


async def capture_json(request: web.Request) -> web.Response:
    """`/privacy/KEY/capture.json`, `/privacy/capture.json`: what is in force, for programs."""
    return _for_programs(capture(await _standing(request)))


def _for_programs(told: dict[str, Any]) -> web.Response:
    headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "no-cache"}
    return web.json_response(told, headers=headers)
