"""The cabinet's drawer on erasing: what is due to go, what went, the receipts, and for the host the own backups."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from l2s.actions import retention
from l2s.actions.policies import Scopes
from l2s.clock import DAY, HOUR
from l2s.errors import BadInput, Broken, NotFound, TooMany
from l2s.jobs.retention import Run
from l2s.privacy.erasure import Receipt
from l2s.privacy.ledger import Entry
from l2s.privacy.retention import FILE_DAYS, Report
from l2s.store import backup, ledger, receipts
from l2s.store.sql import Sql
from l2s.web import cabinet
from l2s.web.doors import complaint, form
from l2s.web.editor import class_name
from l2s.web.host import make_backup
from l2s.web.keys import LIVE, URLS
from l2s.web.telling import Teller

_RUNS: Final = 10  # of an hour, and of those that are listed
_BACKUPS: Final = 12  # an hour


class Going(NamedTuple):
    """One class of what a run would take, figures in words, "" where there is none."""

    title: str
    gone: str
    coarser: str
    overdue: str


class Kept(NamedTuple):
    """An own backup. `dial`: the days that are left of its fourteen."""

    name: str
    size: str
    made: str
    goes: str
    dial: cabinet.Dial


class Facts(NamedTuple):
    """What the drawer is drawn from."""

    report: Report
    runs: list[Entry]
    receipts: list[Receipt]
    backups: list[backup.Own]


async def _facts(request: web.Request, mine: Scopes, scope: str) -> Facts:
    house = request.app[LIVE].house
    sites = {site.id for site in mine.sites}

    def look(sql: Sql) -> tuple[Report, list[Entry], list[Receipt]]:
        report = retention.dry_run(house, sql)
        found = receipts.of_account(sql, mine.account, cabinet.SHOWN)
        return report, ledger.latest(sql, scope, "retained", _RUNS), [one for one in found if one.scope in sites]

    seen = await house.engine.read(look)
    files = await asyncio.to_thread(backup.own, Path(house.settings.data)) if mine.host else []
    return Facts(*seen, files)


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/SCOPE/erasure`."""
    return await _page(request, *await cabinet.scope(request))


async def _page(request: web.Request, mine: Scopes, scope: str, status: int = 200, **values: object) -> web.Response:
    t, house = cabinet.teller(request), request.app[LIVE].house
    facts = await _facts(request, mine, scope)
    report = facts.report
    late = sum(report.overdue.get(scope, {}).values())
    gone, coarser = (sum(found.get(scope, {}).values()) for found in (report.gone, report.coarser))
    names = {site.id: site.name for site in mine.sites}
    shown = {
        "late": t.say("erasure.late", count=late, n=t.number(late)) if late else "",
        "late_lead": t.say("erasure.late_lead", count=late),
        "due": _sentence(t, "erasure.due", gone, coarser), "rows": _going(t, report, scope),
        "night": f"{house.settings.retention_hour:02}:00", "runs": [_run(t, entry) for entry in facts.runs],
        "receipts": [(one, names[one.scope], t.instant(one.unreachable_at), _values(t, one)) for one in facts.receipts],
        "backups": [_kept(t, one, house.clock.at()) for one in facts.backups], "days": FILE_DAYS, **values,
    }  # fmt: skip
    return cabinet.page(request, "privacy_erasure.html", mine, "erasure", shown, status, scope)


def _values(t: Teller, receipt: Receipt) -> str:
    n = sum(receipt.counts.values())
    return t.say("erasure.values", count=n, n=t.number(n))


def _sentence(t: Teller, key: str, gone: int, coarser: int) -> str:
    """What goes and what becomes coarser: both, one, or none."""
    pieces = [
        t.say(f"{key}.{name}", count=n, n=t.number(n)) for name, n in (("gone", gone), ("coarser", coarser)) if n
    ]  # fmt: skip
    return " ".join(pieces) or t.say(f"{key}.none")


def _going(t: Teller, report: Report, scope: str) -> list[Going]:
    found = [part.get(scope, {}) for part in (report.gone, report.coarser, report.overdue)]
    return [
        Going(class_name(t, cls), *(t.number(part[cls]) if part.get(cls) else "" for part in found))
        for cls in sorted({cls for part in found for cls in part})
    ]


def _run(t: Teller, entry: Entry) -> tuple[str, str]:
    """(when, what) of an entry in the ledger."""
    told: dict[str, dict[str, int]] = msgspec.json.decode(entry.data)
    pieces = [
        t.say(f"erasure.run.{kind}", what=cabinet.counts(t, told[kind])) for kind in ("gone", "coarser") if told.get(kind)
    ]
    return t.instant(entry.wall), " ".join(pieces)


def _kept(t: Teller, one: backup.Own, now: int) -> Kept:
    until = one.made_at + FILE_DAYS * DAY
    size = t.say("erasure.size", n=t.number(max(1, one.bytes // 1024)))
    return Kept(one.name, size, t.instant(one.made_at), t.day(until), cabinet.dial(until - now, FILE_DAYS * DAY))


async def act(request: web.Request) -> web.Response:
    """Run the retention now, or make a backup."""
    mine, scope = await cabinet.scope(request)
    what = (await form(request)).get("act", "")
    works: dict[str, Any] = {"run": _run_now, "backup": _back_up}
    if what not in works:
        raise BadInput("bad_request")
    try:
        done = await works[what](request, mine, scope)
    except TooMany as problem:
        return await _page(request, mine, scope, problem.status, problems={what: complaint(request, problem)})
    except Broken as problem:
        said = cabinet.teller(request).say("erasure.backup_failed", why=str(problem))
        return await _page(request, mine, scope, 503, problems={what: said})
    return await _page(request, mine, scope, done={what: done})


async def _run_now(request: web.Request, mine: Scopes, scope: str) -> str:
    """All slices of one run. What it took of other scopes is nobody's business here."""
    live, t = request.app[LIVE], cabinet.teller(request)
    live.limits.take("retention", mine.account, _RUNS, HOUR)
    run = Run(live.house)
    report = await run.whole()
    gone, coarser = (sum(found.get(scope, {}).values()) for found in (report.gone, report.coarser))
    return t.say("erasure.part") if run.failed else _sentence(t, "erasure.done", gone, coarser)


async def _back_up(request: web.Request, mine: Scopes, scope: str) -> str:
    """One file of everything, in a thread; the host alone may."""
    if not mine.host:
        raise NotFound("not_found")
    live, t = request.app[LIVE], cabinet.teller(request)
    live.limits.take("backup", mine.user, _BACKUPS, HOUR)
    made = await make_backup(live.house, request.app[URLS], {})
    return t.say("erasure.backup_made", name=Path(made["file"]).name)
