"""The cabinet's drawer of incidents (P14): what happened, the 72 hours, whom it exposed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions import incidents
from l2s.actions.audit import Told
from l2s.actions.incidents import REPORT_WITHIN, Book, Listed, New
from l2s.actions.policies import Scopes
from l2s.clock import DAY, HOUR
from l2s.errors import BadInput, NotFound, Refused
from l2s.store import backup
from l2s.store.incidents import Incident, Mark, Words
from l2s.web import auditing, cabinet
from l2s.web.doors import complaint
from l2s.web.drafts import Fields, first, read_form
from l2s.web.keys import LIVE, URLS
from l2s.web.middleware import session
from l2s.web.telling import Teller

_FIELD: Final = {
    "bad_facts": "facts", "bad_effects": "effects", "bad_remedy": "remedy", "bad_period": "from", "bad_known": "known",
    "bad_subject": "source",
}  # fmt: skip
_TEXTS: Final = ("facts", "effects", "remedy")
_MARKS: Final[dict[str, Mark]] = {"reported": "reported", "told": "told", "closed": "closed"}
_COUNTS: Final = 60  # an hour: each looks at every chat of the account


class Row(NamedTuple):
    """An incident in words. `clock`: its dial while the 72 hours count; `marks`: what can be said of it still."""

    id: str
    state: str
    clock: cabinet.Dial | None
    source: str
    about: str
    texts: list[tuple[str, str, str]]
    exposed: str
    done: list[str]
    marks: list[Mark]


class Group(NamedTuple):
    """Things of one kind that an incident can come from: (value of the form, words)."""

    title: str
    options: list[tuple[str, str]]


class Page(NamedTuple):
    """What one request draws beside the rows."""

    fields: Fields
    problems: dict[str, str]
    at: str = ""  # the incident that `fields` amend, "" = a new one
    listed: Listed | None = None
    shown: str = ""


def _row(t: Teller, one: Incident, book: Book, groups: list[Group], now: int) -> Row:
    due, counting = one.known + REPORT_WITHIN, one.closed_at is None and one.reported_at is None
    words = {value: text for group in groups for value, text in group.options}
    who = next((user.name for user in book.users if user.id == one.entered_by), "") or t.say("audit.gone")
    stamps = [(one.reported_at, "reported_on"), (one.told_at, "told_on"), (one.closed_at, "closed_on")]
    return Row(
        one.id, _state(t, one, due, now), cabinet.dial(due - now, REPORT_WITHIN) if counting else None,
        words.get(f"{one.source}:{one.subject}") or _origin(t, one, book),
        t.say("incidents.about", begin=t.day(one.began), end=t.day(one.ended), known=t.instant(one.known), who=who),
        [(name, t.say(f"incidents.{name}"), getattr(one.words, name)) for name in _TEXTS],
        t.say("incidents.count" if one.exposed else "incidents.nobody", count=one.exposed, n=t.number(one.exposed)),
        [t.say(f"incidents.{key}", when=t.instant(at)) for at, key in stamps if at is not None],
        _marks(one),
    )  # fmt: skip


def _marks(one: Incident) -> list[Mark]:
    """What can be said of it still."""
    if one.closed_at is not None:
        return []
    said: dict[Mark, int | None] = {"reported": one.reported_at, "told": one.told_at, "closed": None}
    return [mark for mark, at in said.items() if at is None]


def _state(t: Teller, one: Incident, due: int, now: int) -> str:
    if one.closed_at is not None:
        return t.say("incidents.closed", day=t.day(one.closed_at))
    if one.reported_at is not None:
        return t.say("incidents.reported")
    if due <= now:
        return t.say("incidents.over", when=t.instant(due))
    return t.say("incidents.due", when=t.instant(due), count=-(-(due - now) // HOUR))


def _origin(t: Teller, one: Incident, book: Book) -> str:
    """What it came from, where the list offers it no more."""
    if one.source == "backup":
        return t.say("incidents.backup", name=one.subject.partition(" ")[2])
    line = book.origins.get(one.subject) if one.source == "export" else None
    return _line(t, line) if line else t.say(f"incidents.gone_{one.source}")


def _line(t: Teller, line: Told) -> str:
    return t.say("incidents.line", when=t.instant(line.line.at), text=auditing.told(t, line, {}))


def _groups(t: Teller, mine: Scopes, book: Book, files: list[backup.Own]) -> list[Group]:
    names = {user.id: user.name for user in book.users}
    users = [(f"user:{one.id}", t.say("incidents.user", who=one.name, role=t.say(f"role.{one.role}"))) for one in book.users]
    keys = [
        (f"key:{key.subject}", t.say(f"incidents.key.{key.kind}", who=names.get(key.user, ""), when=t.instant(key.made_at)))
        for key in book.keys
    ]
    backups = [(f"backup:{_backup(one)}", t.say("incidents.backup", name=one.name)) for one in files]
    lines = [(f"export:{one.line.position}", _line(t, one)) for one in book.lines]
    sites = [(f"other:{site.id}", t.say("incidents.at_site", site=site.name)) for site in mine.sites]
    found = [
        Group(t.say("incidents.other"), [("other:", t.say("incidents.anywhere")), *(sites if len(sites) > 1 else [])]),
        Group(t.say("incidents.users"), users), Group(t.say("incidents.keys"), keys),
        Group(t.say("incidents.backups"), backups), Group(t.say("incidents.lines"), lines),
    ]  # fmt: skip
    return [group for group in found if group.options]


async def page(request: web.Request) -> web.Response:
    """`/console/privacy/incidents`."""
    return await _page(request, await cabinet.scopes(request), Page({}, {}))


async def _files(request: web.Request, mine: Scopes) -> list[backup.Own]:
    """Own backups, for whoever runs the server; everybody else finds them in the audit log."""
    folder = Path(request.app[LIVE].house.settings.data)
    return await asyncio.to_thread(backup.own, folder) if mine.host else []


def _backup(one: backup.Own) -> str:
    return f"{backup.whole_by(one)} {one.name}"


async def _page(request: web.Request, mine: Scopes, drawn: Page, status: int = 200) -> web.Response:
    house, key, t = request.app[LIVE].house, session(request), cabinet.teller(request)
    book = await house.engine.read(lambda sql: incidents.book(house, key, sql))
    groups, at = _groups(t, mine, book, await _files(request, mine)), house.clock.at()
    fields = {name: first(drawn.fields, name) for name in (*_TEXTS, "from", "to", "known", "source")}
    today, moment = cabinet.iso(at), datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    shown = {
        "rows": [_row(t, one, book, groups, at) for one in book.rows], "groups": groups, "fields": fields,
        "problems": drawn.problems, "at": drawn.at, "typed": bool(drawn.fields) and not drawn.at,
        "listed": _listed(t, drawn.listed) if drawn.listed else None, "shown": drawn.shown, "today": today, "moment": moment,
    }  # fmt: skip
    return cabinet.page(request, "privacy_incidents.html", mine, "incidents", shown, status)


def _listed(t: Teller, found: Listed) -> dict[str, object]:
    """Whom it exposed, in words."""
    if not found.persons:
        return {"lines": [t.say("incidents.nobody")], "named": [], "more": ""}
    reached = sum(bool(one.mail) for one in found.named)
    lines = [
        t.say("incidents.persons", count=found.persons, n=t.number(found.persons)),
        t.say("incidents.could", count=found.chats, n=t.number(found.chats)),
        t.say("incidents.opened", count=found.opened, n=t.number(found.opened)),
    ]
    if found.users:
        lines.append(t.say("incidents.colleagues", count=found.users))
    lines.append(t.say("incidents.reached", count=reached, n=t.number(reached)))
    more = found.chats - len(found.named)
    return {"lines": lines, "named": found.named, "more": t.say("incidents.more", n=t.number(more), count=more) if more else ""}


async def act(request: web.Request) -> web.Response:
    """Enter, amend, mark, or list whom it exposed."""
    mine, fields = await cabinet.scopes(request), await read_form(request)
    what, key = first(fields, "act"), first(fields, "incident")
    try:
        if what == "persons":
            return await _persons(request, mine, key)
        if what == "enter":
            key = await _enter(request, mine, fields)
        else:
            await _change(request, what, key, fields)
    except Refused as problem:
        if isinstance(problem, NotFound):
            raise
        typed = fields if what in ("enter", "amend") else {}
        told = {_FIELD.get(problem.code, "") if typed else "": complaint(request, problem)}
        if what == "enter" and isinstance(problem, BadInput):
            told |= _wrong(request, fields)
        return await _page(request, mine, Page(typed, told, key if what == "amend" else ""), problem.status)
    raise web.HTTPSeeOther(request.app[URLS].at(f"/console/privacy/incidents#i-{key}"))


async def _change(request: web.Request, what: str, key: str, fields: Fields) -> None:
    house, who = request.app[LIVE].house, session(request)
    if what == "amend":
        await house.engine.read(lambda sql: incidents.find(house, who, key, sql))
        await house.engine.write(incidents.amend(house, who, key, _words(fields)))
    elif what in _MARKS:
        await house.engine.write(incidents.mark(house, who, key, _MARKS[what]))
    else:
        raise BadInput("bad_request")


def _wrong(request: web.Request, fields: Fields) -> dict[str, str]:
    """Whatever else is wrong with the texts: all of it is said at once."""
    found: dict[str, str] = {}
    for name in _TEXTS:
        try:
            incidents.checked_text(name, first(fields, name))
        except BadInput as problem:
            found[name] = complaint(request, problem)
    return found


async def _enter(request: web.Request, mine: Scopes, fields: Fields) -> str:
    """The incident's id."""
    house, who = request.app[LIVE].house, session(request)
    new = _new(fields, house.clock.at())
    if new.source == "backup" and new.subject not in {_backup(one) for one in await _files(request, mine)}:
        raise BadInput("bad_subject")
    request.app[LIVE].limits.take("incident", mine.user, _COUNTS, HOUR)
    n = await house.engine.read(lambda sql: incidents.count(house, who, new, sql))
    return await house.engine.write(incidents.enter(house, who, new, n))


def _new(fields: Fields, now: int) -> New:
    """What the form says: from the begin of a day to the end of one, or until now."""
    source, _, subject = first(fields, "source").partition(":")
    began, last = (cabinet.day_of(first(fields, name), now) for name in ("from", "to"))
    if began is None or last is None:
        raise BadInput("bad_period")
    known = _moment(first(fields, "known"))
    if known is None or known > now:
        raise BadInput("bad_known")
    ended = min(last + DAY - 1, now) if last <= now else last
    return New(source, subject, _words(fields), began, ended, known)


def _words(fields: Fields) -> Words:
    return incidents.checked_words(*(first(fields, name) for name in _TEXTS))


def _moment(text: str) -> int | None:
    """A day and a time of day, UTC."""
    try:
        return int(datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


async def _persons(request: web.Request, mine: Scopes, key: str) -> web.Response:
    """On record first, then shown."""
    live, who = request.app[LIVE], session(request)
    live.limits.take("incident", mine.user, _COUNTS, HOUR)
    await live.house.engine.write(incidents.note_look(live.house, who, key))
    found = await live.house.engine.read(lambda sql: incidents.persons(live.house, who, key, sql))
    return await _page(request, mine, Page({}, {}, listed=found, shown=key))
