"""`/receipt/CODE`: what an erasure left, for whoever holds its code. It holds nothing of anybody; its own subject, brought back
by an old backup, is erased again before it is shown (PRIVACY 3, rule 5).
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import msgspec
from aiohttp import web

from l2s.actions import erasure
from l2s.clock import MINUTE
from l2s.errors import NotFound
from l2s.privacy.erasure import Receipt
from l2s.store.accounts import Site, site
from l2s.store.sql import Sql
from l2s.web.arrivals import address, network
from l2s.web.keys import LIVE, PAGES
from l2s.web.notice import chosen_language
from l2s.web.pages import LANGUAGES
from l2s.web.telling import Teller

_RATE: Final = 60  # receipts a minute that one network may look at
_QUIET: Final = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store"}


async def _find(request: web.Request) -> tuple[Receipt, Site | None]:
    live = request.app[LIVE]
    house, code = live.house, request.match_info["code"].strip().upper()
    near = network(address(request, house.settings.trusted_proxies))
    live.limits.take("receipt", near, _RATE, MINUTE)

    def look(sql: Sql) -> tuple[Receipt | None, tuple[str, str] | None, Site | None]:
        found, back = erasure.find_receipt(house, code, sql)
        return found, back, site(sql, found.scope) if found else None

    found, back, owner = await house.engine.read(look)
    if back:
        with contextlib.suppress(NotFound):  # somebody else shows the same receipt at the same moment
            await house.engine.write(erasure.erase_again(house, *back))
        found, back, owner = await house.engine.read(look)
    if found is None:
        raise NotFound("unknown_receipt")
    return found, owner


async def page(request: web.Request) -> web.Response:
    """The slip."""
    receipt, owner = await _find(request)
    lang = chosen_language(request)
    t = Teller(request.app[PAGES], lang)
    body = request.app[PAGES].render(
        "receipt.html", lang, languages=LANGUAGES, owner=owner, receipt=receipt, rows=_rows(t, receipt),
        gone=[(t.cls(cls), t.number(n)) for cls, n in sorted(receipt.counts.items(), key=lambda row: (-row[1], row[0]))],
    )  # fmt: skip
    return web.Response(text=body, content_type="text/html", headers=_QUIET)


def _rows(t: Teller, receipt: Receipt) -> dict[str, str]:
    """Everything but what is gone, in words."""
    kept = [t.say(f"receipt.kept.{one.what}", count=one.n, day=t.day(one.until)) for one in receipt.kept]
    overwritten = receipt.overwritten_at
    return {
        "when": t.instant(receipt.unreachable_at),
        "kept": t.listed(kept) or t.say("receipt.kept_none"),
        "recipients": t.listed(receipt.recipients) or t.say("receipt.recipients_none"),
        "overwritten": t.instant(overwritten) if overwritten else t.say("receipt.overwritten_soon"),
        "backups": t.say("receipt.backups_by", day=t.day(receipt.backups_until)),
        "ledger": t.say("receipt.position", n=t.number(receipt.position)),
        "version": t.say("versions.one", n=receipt.version) if receipt.version else t.say("receipt.version_none"),
    }


async def as_json(request: web.Request) -> web.Response:
    """The same for programs. Times are ms; `overwritten_at` null = not yet."""
    receipt, _ = await _find(request)
    told: dict[str, Any] = msgspec.to_builtins(receipt)
    del told["account"]
    told["disclosures"] = Teller(request.app[PAGES], "en").say("receipt.disclosures")
    return web.json_response(told, headers=_QUIET)
