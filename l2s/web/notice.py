"""The notice, generated from the declaration in force (P1): what is kept, why, how long, who reads it, what never is."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from l2s.actions import policies
from l2s.actions.sites import LANGUAGES
from l2s.errors import NotFound
from l2s.privacy.classes import CLASSES, READERS, chain
from l2s.privacy.gate import PERSON, admit, release
from l2s.privacy.ledger import Law
from l2s.privacy.policy import OFF, Choice, Rule, keep_name, rule_of, to_json
from l2s.store import ledger
from l2s.store.accounts import Site, account_ids, site, sites
from l2s.store.sql import Sql
from l2s.web.arrivals import arrival, language
from l2s.web.keys import LIVE, PAGES
from l2s.web.pages import Pages

_FIRST: Final = ("message", "attachment", "name", "mail", "address", "browser", "page", "times")


def capture(found: Site, law: Law) -> dict[str, Any]:
    """The declaration as JSON: stable names for other software."""
    return {
        "scope": "site",
        "site": found.id,
        "version": law.version,
        "hash": law.hash,
        "controller": found.controller,
        "contact": found.contact,
        "classes": to_json(law.rules),
        "never": sorted(name for name in CLASSES["site"] if rule_of(law.rules, name) == OFF),
        "browser": [{"key": "l2s", "where": "first-party storage of the site", "class": "device_token"}],
    }


async def notice_page(request: web.Request) -> str:
    """The page of a site, or of the server itself."""
    live, pages = request.app[LIVE], request.app[PAGES]
    key = request.match_info.get("site", "")
    engine = live.house.engine
    found = await engine.read(lambda sql: site(sql, key)) if key else None
    if key and found is None:
        raise NotFound("unknown_site")
    scope = found.id if found else ledger.SERVER
    law = await engine.read(lambda sql: policies.current(live.house, scope, sql))
    owner = found or await engine.read(_first_site)
    wanted = request.query.get("lang", "")
    lang = wanted if wanted in LANGUAGES else language(request, LANGUAGES)
    kind = "site" if found else "server"
    return pages.render(
        "notice.html", lang, kind=kind, site=found, owner=owner, version=law.version, hash=law.hash[:16],
        rows=[_row(pages, lang, name, rule_of(law.rules, name)) for name in _order(kind, law)],
        never=[pages.text(lang, "page", f"class.{name}") for name in CLASSES[kind] if rule_of(law.rules, name) == OFF],
        facts=_facts(pages, lang, law) if found else [], yours=_yours(request, law) if found else None,
        languages=LANGUAGES, recipients=_recipients(law), days=keep_name(rule_of(law.rules, "message").keep),
    )  # fmt: skip


def _first_site(sql: Sql) -> Site | None:
    """Whose controller answers for the server: the first account's first site."""
    known = account_ids(sql)
    return next(iter(sites(sql, known[0])), None) if known else None


def _order(kind: str, law: Law) -> list[str]:
    names = [name for name in _FIRST if name in CLASSES[kind]] + [name for name in CLASSES[kind] if name not in _FIRST]
    return [name for name in names if rule_of(law.rules, name) != OFF]


def _row(pages: Pages, lang: str, name: str, rule: Rule) -> dict[str, str]:
    def say(key: str, **values: object) -> str:
        return pages.text(lang, "page", key, **values)

    keep = keep_name(rule.keep)
    level = chain(name)[rule.level]
    readers = [reader for reader in READERS if reader in rule.audience]
    return {
        "title": say(f"class.{name}"),
        "why": ", ".join(say(f"purpose.{purpose}") for purpose in sorted(rule.purposes)),
        "level": say(f"level.{level}") if level not in ("kept", "none") else "",
        "when": say(f"when.{rule.when.name.lower()}"),
        "readers": say(f"reader.{readers[-1]}") if readers else say("reader.nobody"),
        "keep": say("keep.days", count=keep) if isinstance(keep, int) else say(f"keep.{keep}"),
    }


def _facts(pages: Pages, lang: str, law: Law) -> list[tuple[str, str]]:
    """Two or three sentences that a visitor reads first; each is made from a rule."""
    keep = keep_name(rule_of(law.rules, "message").keep)
    first = (
        pages.text(lang, "page", "fact.days", count=keep) if isinstance(keep, int) else pages.text(lang, "page", f"fact.{keep}")
    )
    level = chain("address")[rule_of(law.rules, "address").level]
    return [("timer", first), ("scissors", pages.text(lang, "page", f"fact.address.{level}"))]


def _yours(request: web.Request, law: Law) -> dict[str, str]:
    """The reader's own values as they would be kept. Nothing is stored to show them."""
    seen = arrival(request, request.app[LIVE].house.settings.trusted_proxies)
    choice = Choice.OBJECTED if seen.objected else Choice.NONE
    now = request.app[LIVE].house.clock.at()
    found: dict[str, str] = {}
    for name, raw in (("address", seen.address), ("browser", seen.agent)):
        found[name] = release(admit(raw, name, choice, law, law.head), "answer", PERSON, choice, law, now) or ""
    return found


def _recipients(law: Law) -> list[str]:
    return sorted({f"{kind}, {where}" for rule in law.rules.values() for kind, where in rule.recipients})
