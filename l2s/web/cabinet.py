"""What the pages of the privacy cabinet share: whose scopes these are, tabs, dial, days; and a scope's versions in the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from aiohttp import web

from l2s.actions import policies
from l2s.actions.policies import Scopes
from l2s.clock import DAY, HOUR
from l2s.errors import NotFound
from l2s.protocol.parts import TeamChat
from l2s.store import ledger
from l2s.web.arrivals import language
from l2s.web.drawing import page as draw
from l2s.web.editor import class_name
from l2s.web.keys import LIVE, PAGES
from l2s.web.middleware import session
from l2s.web.notice import standing
from l2s.web.pages import LANGUAGES
from l2s.web.telling import Teller
from l2s.web.versions import told_version

_OFFERED: Final = 20  # closed chats that are offered at once
SHOWN: Final = 50  # rows of a list that has no pages
_AHEAD: Final = 14 * HOUR  # how far a reader's day may be ahead of UTC
_OLDEST: Final = date(2000, 1, 1)


def teller(request: web.Request) -> Teller:
    """Words in the reader's language."""
    return Teller(request.app[PAGES], language(request, LANGUAGES))


async def scopes(request: web.Request) -> Scopes:
    """What whoever asks answers for. Raises NotFound for whoever is no admin."""
    house, key = request.app[LIVE].house, session(request)
    return await house.engine.read(lambda sql: policies.scopes(house, key, sql))


async def scope(request: web.Request) -> tuple[Scopes, str]:
    """The same with the scope that the address names: another's looks unknown."""
    mine, named = await scopes(request), request.match_info["scope"]
    if not mine.has(named):
        raise NotFound("not_found")
    return mine, named


def page(
    request: web.Request, template: str, mine: Scopes, tab: str, values: dict[str, object], status: int = 200, scope: str = ""
) -> web.Response:
    """A page of the cabinet. `scope`: the one it is about; pages about the whole account lead on to the first site."""
    first = mine.sites[0].id if mine.sites else ""
    found = next((site for site in mine.sites if site.id == scope), None)
    return draw(
        request, template, status, tab=tab, scope=scope or first, sites=mine.sites, host=mine.host, site=found, **values
    )  # fmt: skip


async def versions(request: web.Request) -> web.Response:
    """`/console/privacy/SCOPE/versions`: every version, each with a way to its public page."""
    mine, named = await scope(request)
    house, t = request.app[LIVE].house, teller(request)
    key = "" if named == ledger.SERVER else named
    stands = await house.engine.read(lambda sql: standing(house, key, sql))
    rows = [told_version(t, one, stands) for one in stands.versions]
    public = f"/privacy/{key}" if key else "/privacy"
    return page(request, "privacy_versions.html", mine, "versions", {"rows": rows, "public": public}, scope=named)


class Dial(NamedTuple):
    """A running time as LOOK draws it. `state`: some, low or over; `arc`: percent of the ring, 90 at most."""

    state: str
    arc: int


def dial(left: int, whole: int) -> Dial:
    """How much of a time is left."""
    share = left / whole if whole > 0 else 0.0
    state = "over" if left <= 0 else "low" if share < 0.15 else "some"
    return Dial(state, round(min(max(share, 0.0), 0.9) * 100))


def days_left(until: int, now: int) -> int:
    """Whole days, the one that has begun among them."""
    return max(0, -(-(until - now) // DAY))


def counts(t: Teller, found: dict[str, int]) -> str:
    """ "Messages 4, Times 12", the most first."""
    rows = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(f"{class_name(t, cls)} {t.number(n)}" for cls, n in rows)


def iso(at: int) -> str:
    """The day of an instant as a field of a form has it."""
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def day_of(text: str, now: int) -> int | None:
    """The begin of a day that a form named, ms; today in a zone that is ahead of UTC is now. None = no day at all."""
    try:
        named = date.fromisoformat(text.strip())
    except ValueError:
        return None
    if named < _OLDEST:
        return None
    at = int(datetime(named.year, named.month, named.day, tzinfo=UTC).timestamp() * 1000)
    return now if now < at <= now + _AHEAD else at


class Offered(NamedTuple):
    """A closed chat that can be named."""

    id: str
    name: str
    closed: str
    chosen: bool


def choices(t: Teller, chosen: Sequence[TeamChat], found: Sequence[TeamChat]) -> tuple[list[Offered], bool]:
    """Closed chats for a form that names some: what was chosen, then what was found; and whether there is more."""
    known = {chat.id for chat in chosen}
    rest = [chat for chat in found if chat.id not in known]
    rows = [_offered(t, chat, True) for chat in chosen] + [_offered(t, chat, False) for chat in rest[:_OFFERED]]
    return rows, len(rest) > _OFFERED


def _offered(t: Teller, chat: TeamChat, chosen: bool) -> Offered:
    """A closed chat as a row of a form."""
    name = t.say("holds.chat", label=chat.label, name=chat.name) if chat.name else chat.label
    return Offered(chat.id, name, t.say("holds.closed", day=t.day(chat.ended or 0)), chosen)
