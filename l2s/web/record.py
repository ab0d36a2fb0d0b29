"""The record of processing (P13): of each site, and of the server where the same account answers for it. Everything comes from
the declarations in force, so nothing is typed twice.
"""

from __future__ import annotations

import csv
import io
from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions.policies import Scopes
from l2s.privacy.classes import APART, CLASSES, PURPOSES, READERS, chain
from l2s.privacy.policy import OFF, Rule, keep_name, rule_of
from l2s.store.sql import Sql
from l2s.web import cabinet
from l2s.web.editor import class_name
from l2s.web.keys import LIVE
from l2s.web.notice import Standing, standing
from l2s.web.telling import Teller

_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
COLUMNS: Final = (
    "scope", "version", "controller", "contact", "people", "what", "level", "when", "why", "readers", "to", "kept",
)  # fmt: skip


class Processed(NamedTuple):
    """One class that is kept, in words."""

    what: str
    level: str
    when: str
    why: str
    readers: str
    to: str
    kept: str


class Entry(NamedTuple):
    """One scope."""

    scope: str
    version: str
    since: str
    controller: str
    contact: str
    people: str
    rows: list[Processed]
    never: list[str]


def _processed(t: Teller, cls: str, rule: Rule) -> Processed:
    reader = [name for name in READERS if name in rule.audience][-1:]
    readers = [t.say(f"sees.{name}") for name in reader] + [t.say(f"who.{name}") for name in APART if name in rule.audience]
    return Processed(
        class_name(t, cls),
        t.say(f"step.{chain(cls)[rule.level]}"),
        t.say(f"pick.{rule.when.name.lower()}"),
        ", ".join(t.say(f"do.{name}") for name in PURPOSES if name in rule.purposes),
        ", ".join(readers) or t.say("sees.nobody"),
        "; ".join(t.recipient(*pair) for pair in sorted(rule.recipients)) or t.say("record.nobody"),
        t.keep(keep_name(rule.keep)),
    )


def _entry(t: Teller, stands: Standing) -> Entry:
    rules, force, owner = stands.law.rules, stands.in_force, stands.owner
    kept = {cls: rule for cls in CLASSES[stands.kind] if (rule := rule_of(rules, cls)) != OFF}
    return Entry(
        stands.found.name if stands.found else t.say("privacy.server"), str(stands.law.version),
        t.day(force.ripened.wall) if force and force.ripened else "", owner.controller if owner else "",
        owner.contact if owner else "", t.say(f"record.people.{stands.kind}"),
        [_processed(t, cls, rule) for cls, rule in kept.items()],
        [class_name(t, cls) for cls in CLASSES[stands.kind] if cls not in kept],
    )  # fmt: skip


async def _entries(request: web.Request, mine: Scopes) -> list[Entry]:
    house, t = request.app[LIVE].house, cabinet.teller(request)

    def look(sql: Sql) -> list[Standing]:
        server = standing(house, "", sql)
        found = [standing(house, site.id, sql) for site in mine.sites]
        return [*found, server] if server.owner and server.owner.account == mine.account else found

    return [_entry(t, stands) for stands in await house.engine.read(look)]


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/record`."""
    mine = await cabinet.scopes(request)
    entries = await _entries(request, mine)
    return cabinet.page(request, "privacy_record.html", mine, "record", {"entries": entries})


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


async def as_csv(request: web.Request) -> web.Response:
    """`/console/privacy/record.csv`: a row for each class, whether it is kept or not."""
    entries, t = await _entries(request, await cabinet.scopes(request)), cabinet.teller(request)
    out = io.StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow([t.say(f"record.{name}") for name in COLUMNS])
    off = t.say("not_collected")
    for one in entries:
        head = (one.scope, one.version, one.controller, one.contact, one.people)
        for row in (*one.rows, *(Processed(name, off, *[""] * 5) for name in one.never)):
            rows.writerow([cell(text) for text in (*head, *row)])
    headers = {"Content-Disposition": 'attachment; filename="record-of-processing.csv"', "Content-Language": t.lang}
    body = out.getvalue().encode("utf-8-sig")  # without the mark a spreadsheet reads umlauts wrong
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)
