"""`l2s doctor --privacy`: what is declared against what is stored, what should be gone, and what lies open.

Lines hold our own words and numbers, and nothing of anybody. Their sentences stand in the catalogue `prove`, under
`doctor.<name>.<state>`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from l2s.actions import audit, disclosures, policies, retention
from l2s.actions.erasure import SCRUB_DUE
from l2s.actions.house import House
from l2s.clock import DAY
from l2s.config import Settings, is_loopback
from l2s.privacy.ledger import Entry, first_break
from l2s.privacy.retention import FILE_DAYS, LATE, Report
from l2s.store import accounts, backup, figures, ledger, receipts
from l2s.store.mirror import agrees
from l2s.store.sql import Sql

State = Literal["ok", "look", "bad"]
NARROWEST: Final = {4: 24, 6: 48}  # a trusted network wider than this holds machines that are no proxy
STALE_BACKUP: Final = 7  # days
NAMED: Final = 5  # files or classes that a line names


class Line(msgspec.Struct, frozen=True):
    """One examined thing. `values`: what its sentence names."""

    name: str
    state: State
    values: dict[str, str | int] = {}


async def examine(house: House) -> list[Line]:
    """Everything, in the order in which it is read."""
    read = house.engine.read
    entries, data = await read(ledger.everything), house.engine.path.parent
    lines = await asyncio.to_thread(lambda: list(_ledger(house, data, entries)))
    if lines[0].state == "ok":  # no law can be read from a ledger that was touched
        report = await read(lambda sql: retention.dry_run(house, sql))
        lines += await read(lambda sql: [*_stored(house, report, sql), *_pending(house, sql)])
    lines += _switches(house.settings)
    lines.append(_audit(await read(audit.verify)))
    lines += await asyncio.to_thread(lambda: [*_backups(data, house.clock.at()), _modes(data)])
    lines.append(await read(lambda sql: _scrub(house, sql)))
    late = await read(lambda sql: disclosures.late(house, sql))
    lines.append(Line("given_out", "bad" if late else "ok", {"n": late}))
    lines.append(Line("proxies", "look" if house.settings.public_url or house.settings.trusted_proxies else "ok"))
    return lines


def _counted(counts: dict[str, dict[str, int]]) -> dict[str, str | int]:
    """Which classes, and how many values: {"site": {"page": 2}} → "page (site): 2"."""
    rows = [f"{cls} ({scope}): {n}" for scope, found in sorted(counts.items()) for cls, n in sorted(found.items())]
    return {"what": ", ".join(rows[:NAMED]), "n": sum(n for found in counts.values() for n in found.values())}


def _stored(house: House, report: Report, sql: Sql) -> Iterator[Line]:
    """Finer than the law allows: tonight's work where a law was narrowed since yesterday, else a leak."""
    since = house.clock.at() - LATE
    moved = {scope: _moved(sql, scope) for scope in report.coarser}
    fresh = {scope: found for scope, found in report.coarser.items() if moved[scope] > since}
    leaks = {scope: found for scope, found in report.coarser.items() if scope not in fresh}
    if leaks:
        yield Line("stored", "bad", _counted(leaks))
    elif fresh:
        yield Line("stored", "look", _counted(fresh))
    else:
        yield Line("stored", "ok")
    if report.overdue:
        yield Line("overdue", "bad", _counted(report.overdue))
    else:
        yield Line("overdue", "look" if report.gone else "ok", _counted(report.gone))


def _moved(sql: Sql, scope: str) -> int:
    """When the scope's law moved last, wall ms."""
    return max((entry.wall for entry in ledger.laws(sql, scope) if entry.kind in ("posted", "ripened")), default=0)


def _switches(settings: Settings) -> Iterator[Line]:
    """Settings that let more in or out than they must."""
    open_ones = 0
    if not is_loopback(settings.host) and not settings.public_url.startswith("https://"):
        open_ones += 1
        yield Line("plain", "bad", {"host": settings.host})
    for entry in settings.trusted_proxies:
        if entry != "unix":
            network = ipaddress.ip_network(entry, strict=False)
            if network.prefixlen < NARROWEST[network.version] and not network.is_loopback:
                open_ones += 1
                yield Line("trusted", "bad" if network.is_global or network.prefixlen == 0 else "look", {"entry": entry})
    limits = ("rate_send", "rate_commands", "rate_chats", "rate_peers")
    off = [name for name in limits if not getattr(settings, name)]
    if off:
        open_ones += 1
        yield Line("limits", "look", {"names": ", ".join(off)})
    if not open_ones:
        yield Line("switches", "ok")


def _pending(house: House, sql: Sql) -> Iterator[Line]:
    """Versions that wait, with the days of their notice that are over."""
    waiting = [
        (scope, one)
        for scope in (ledger.SERVER, *(site.id for site in accounts.sites(sql)))
        for one in policies.all_versions(house, scope, sql)
        if one.state == "pending"
    ]
    for scope, one in waiting:
        yield Line("pending", "look", {"scope": scope, "n": one.n, "day": one.day})
    if not waiting:
        yield Line("pending", "ok")


def _ledger(house: House, data: Path, entries: list[Entry]) -> Iterator[Line]:
    broken = first_break(entries)
    if broken is not None:
        yield Line("ledger", "bad", {"at": broken})
    else:
        yield Line("ledger", "ok", {"n": len(entries), "head": entries[-1].hash if entries else ""})
    behind = house.engine.ledger_behind
    yield Line("mirror", "ok" if not behind and agrees(data / "ledger.jsonl", entries) else "bad")


def _audit(found: audit.Checked) -> Line:
    if found.broken is not None:
        return Line("audit", "bad", {"at": found.broken})
    return Line("audit_cut", "bad") if found.cut else Line("audit", "ok", {"n": found.lines})


def _backups(data: Path, at: int) -> Iterator[Line]:
    """The newest own backup, and those that should be gone."""
    old = backup.expired(data, at - DAY, FILE_DAYS)
    if old:
        yield Line("old_backups", "bad", {"names": ", ".join(path.name for path in old[:NAMED]), "n": len(old)})
    own = backup.own(data)
    if not own:
        yield Line("no_backup", "look")
        return
    age = max(0, at - own[0].made_at) // DAY
    yield Line("backups", "ok" if age <= STALE_BACKUP else "look", {"days": age})


def _modes(data: Path) -> Line:
    """Nobody else on this machine reads what lies here."""
    found = [path for path in (data, *sorted(data.rglob("*"))) if not path.is_symlink() and path.exists()]
    wide = [path.name for path in found if path.stat().st_mode & 0o077]
    if not wide:
        return Line("modes", "ok", {"n": len(found)})
    return Line("modes", "bad", {"names": ", ".join(wide[:NAMED]), "folder": str(data)})


def _scrub(house: House, sql: Sql) -> Line:
    """Bytes of what was erased are overwritten within a day."""
    since = receipts.waits_since(sql)
    if since is not None and house.clock.at() - since > DAY:
        return Line("scrub", "bad", {"hours": (house.clock.at() - since) * 24 // DAY})
    return Line("scrub", "ok" if figures.due_at(sql, SCRUB_DUE, "") is None else "look")
