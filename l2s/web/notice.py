"""The notice, generated from the declaration in force (P1): what is kept, why, how long, who reads it, what comes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from aiohttp import web

from l2s.actions import policies
from l2s.actions.house import House
from l2s.actions.sites import LANGUAGES
from l2s.domain.people import User
from l2s.errors import NotFound
from l2s.privacy.classes import CLASSES, chain, finest, reduce, shown
from l2s.privacy.factory import FACTORY
from l2s.privacy.holdings import HOLDINGS
from l2s.privacy.ledger import Law, Moment, Version
from l2s.privacy.policy import OFF, Choice, When, explain, keep_name, narrower, permits, rule_of, to_json
from l2s.store import disclosures, ledger, users
from l2s.store.accounts import Site, account_ids, site, sites
from l2s.store.sql import Sql
from l2s.web.arrivals import Arrival, arrival, language
from l2s.web.coming import Step, coming
from l2s.web.keys import LIVE, PAGES, URLS
from l2s.web.telling import Line, Teller, spoken

_AS: Final = {"operator": "team", "supervisor": "supervisor", "admin": "admin", "owner": "admin"}  # of chats that are another's
_BROWSER: Final = [holding for holding in HOLDINGS if holding.kind == "browser"]


class Standing(NamedTuple):
    """What a notice is made from. `found` None: the server's; `people`: of the account, who may write back or read."""

    found: Site | None
    owner: Site | None
    law: Law
    versions: list[Version]
    now: Moment
    people: list[User]
    given: list[tuple[int, str, int]]  # (year, ground, how often) of what was given out and may be told of

    @property
    def kind(self) -> str:
        """ "site" or "server"."""
        return "site" if self.found else "server"

    @property
    def in_force(self) -> Version | None:
        """The last version that ripened."""
        return next((one for one in self.versions if one.state == "in_force"), None)

    @property
    def words(self) -> dict[str, str]:
        """The owner's own words in force."""
        return self.in_force.words if self.in_force else {}

    @property
    def steps(self) -> list[Step]:
        """What waits."""
        return coming(self.law.rules, self.words, self.versions, self.now)


def standing(house: House, key: str, sql: Sql) -> Standing:
    """One scope as it stands; `key` "" = the server. Raises NotFound."""
    found = site(sql, key) if key else None
    if key and found is None:
        raise NotFound("unknown_site")
    scope = found.id if found else ledger.SERVER
    return Standing(
        found, found or _first_site(sql), policies.current(house, scope, sql), policies.all_versions(house, scope, sql),
        ledger.moment(sql, house.clock.at()), users.of_account(sql, found.account) if found else [],
        disclosures.by_year(sql, found.account if found else None),
    )  # fmt: skip


def _first_site(sql: Sql) -> Site | None:
    """Whose controller answers for the server: the first account's first site."""
    known = account_ids(sql)
    return next(iter(sites(sql, known[0])), None) if known else None


def capture(stands: Standing) -> dict[str, Any]:
    """The declaration as JSON: stable names for other software."""
    law, owner = stands.law, stands.owner
    return {
        "scope": stands.kind,
        **({"site": stands.found.id} if stands.found else {}),
        "version": law.version,
        "hash": law.hash,
        "controller": owner.controller if owner else "",
        "contact": owner.contact if owner else "",
        "classes": to_json(law.rules),
        "given_out": [{"year": year, "ground": ground, "times": n} for year, ground, n in stands.given],
        "never": sorted(name for name in CLASSES[stands.kind] if rule_of(law.rules, name) == OFF),
        "browser": [
            {"key": holding.name, "where": holding.reason, "class": cls}
            for holding in (_BROWSER if stands.found else [])
            for cls in holding.columns.values()
        ],
    }


async def notice_page(request: web.Request) -> str:
    """The page of a site, or of the server itself."""
    live, pages = request.app[LIVE], request.app[PAGES]
    key = request.match_info.get("site", "")
    stands = await live.house.engine.read(lambda sql: standing(live.house, key, sql))
    lang = chosen_language(request)
    seen = arrival(request, live.house.settings.trusted_proxies)
    told = told_notice(Teller(pages, lang), stands) | {
        "yours": _yours(seen, stands.law) if stands.found else None,
        "objected": _objected(Teller(pages, lang), seen, stands) if stands.found else "",
        "cookie": request.app[URLS].cookie,
    }
    return pages.render("notice.html", lang, languages=LANGUAGES, **told)


def chosen_language(request: web.Request) -> str:
    """`?lang=`, else the browser's."""
    wanted = request.query.get("lang", "")
    return wanted if wanted in LANGUAGES else language(request, LANGUAGES)


def told_notice(t: Teller, stands: Standing) -> dict[str, Any]:
    """Everything on a notice but the reader's own values: made from rules, and from nothing else."""
    law, force = stands.law, stands.in_force
    ahead = next((one.n for one in stands.versions if one.state == "pending"), 0)
    narrowed = bool(force and ahead and not narrower(force.declaration, law.rules))
    return {
        "kind": stands.kind, "site": stands.found, "owner": stands.owner, "version": law.version, "hash": law.hash[:16],
        "since": t.day(force.ripened.wall) if force and force.ripened else "",
        "narrowed": ahead if narrowed else 0,
        "facts": facts(t, stands), "coming": [(step, told_step(t, step)) for step in stands.steps], "t8": t,
        "rows": t.rows(stands.kind, law.rules),
        "given": _given(t, stands), "never": t.never(stands.kind, law.rules), "recipients": t.recipients(law.rules),
        "own": spoken(stands.words, t.lang), "browser": [holding.name for holding in _BROWSER],
    }  # fmt: skip


def told_step(t: Teller, step: Step) -> list[Line]:
    """The changes of one step in the notice's words, the owner's own words among them."""
    lines = t.lines(step.changes, step.after)
    return [*lines, Line(t.say("notice.own"), t.say("change.words"), True)] if step.reworded else lines


def _given(t: Teller, stands: Standing) -> list[str]:
    """What was given out, a sentence for each year."""
    years: dict[int, list[tuple[str, int]]] = {}
    for year, ground, n in stands.given:
        years.setdefault(year, []).append((ground, n))
    return [
        t.say(
            "notice.given_year", year=year, count=sum(n for _, n in rows),
            grounds=", ".join(f"{t.say(f'ground.{ground}')}: {n}" for ground, n in rows),
        )
        for year, rows in years.items()
    ]  # fmt: skip


def facts(t: Teller, stands: Standing) -> list[tuple[str, str]]:
    """(icon, sentence): what people read first."""
    rules = stands.law.rules
    if not stands.found:
        rows = [t.row(name, rule) for name in ("contact", "session", "work") if (rule := rule_of(rules, name)) != OFF]
        return [("timer", t.say("fact.server", what=row.title, keep=row.keep)) for row in rows]
    found, reads = stands.found, rule_of(rules, "message")
    who = [person for person in stands.people if person.state == "active" and _AS[person.role] in reads.audience]
    outside = ".outside" if reads.recipients else ""
    if who:
        said = t.say(f"fact.people{outside}", count=len(who), name=found.name)
    else:
        said = t.say(f"fact.answerer{outside}" if "operator" in reads.audience else "fact.nobody", name=found.name)
    return [*t.facts(rules), ("users", said), ("eraser", t.say("fact.rights"))]


class Yours(NamedTuple):
    """A value of the reader's as it would be kept; "" = not collected. `cut`: its last part is not stored."""

    name: str
    value: str
    cut: bool


def _yours(seen: Arrival, law: Law) -> list[Yours]:
    """The reader's own values. Nothing is stored to show them, whatever they are kept for."""
    choice = Choice.OBJECTED if seen.objected else Choice.NONE
    found = []
    for name, raw in (("address", seen.address), ("browser", seen.agent)):
        rule, value = rule_of(law.rules, name), finest(raw, name)
        kept = reduce(value, name, rule.level, law.salt) if value is not None and permits(rule, choice) else None
        told = "" if kept is None else str(shown(kept, name))
        part = told.removesuffix("0/24").removesuffix(":/48") if name == "address" else told
        found.append(Yours(name, part, part != told))
    return found


def _objected(t: Teller, seen: Arrival, stands: Standing) -> str:
    """What a browser that asks not to be tracked has switched off, "" where it does not ask."""
    rules = stands.law.rules
    asked = [name for name in CLASSES["site"] if seen.objected and rule_of(rules, name).when == When.UNLESS_OBJECTED]
    return t.say("notice.object", what=t.classes(asked)) if asked else ""


class Quiet(NamedTuple):
    """What a new owner looks at first: (class, value), "" = not collected. `fresh`: all of it is as installed."""

    rows: list[tuple[str, str]]
    fresh: bool


def quiet(t: Teller, stands: Standing) -> Quiet:
    """The settings of a site in a few lines."""
    rules = stands.law.rules
    found = []
    for name in ("message", "address", "preview", "presence", "place"):
        rule = rule_of(rules, name)
        level, keep = (t.level(chain(name)[rule.level]), t.keep(keep_name(rule.keep))) if rule != OFF else ("", "")
        found.append((t.say(f"site.quiet_{name}"), t.say("site.quiet_value", level=level, keep=keep) if level else keep))
    return Quiet(found, not explain(FACTORY["site"], rules))
