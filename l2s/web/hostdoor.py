"""A host's verb: asked of the running server if one holds the lock, done here otherwise. Never a second writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from l2s.actions.erasure import overwritten
from l2s.actions.replay import note_restore
from l2s.clock import Clock, RealClock
from l2s.config import Settings
from l2s.errors import Broken, L2sError
from l2s.outbound.host import ask
from l2s.store import backup, ledger
from l2s.web.app import opened, scrub
from l2s.web.host import VERBS
from l2s.web.lock import Lock, holder
from l2s.web.urls import Urls


async def restore(settings: Settings, file: Path, clock: Clock | None = None) -> dict[str, Any]:
    """Put a backup back, and do again what it forgot, before anybody can read it. Refused while a server runs here."""
    data = Path(settings.data)
    lock = Lock(data)
    lock.take()
    try:
        manifest = backup.read(file)
        aside = backup.put_back(data, file, (clock or RealClock()).at())
    finally:
        lock.release()
    async with opened(settings, clock) as live:
        await live.house.engine.write(note_restore(live.house, manifest.made_at))
        erased = await live.house.engine.read(ledger.last)
        if await scrub(live):
            await live.house.engine.write(overwritten(live.house, erased))
        return {"made_at": manifest.made_at, "entries_done_again": live.replayed, "set_aside": str(aside) if aside else None}


async def call(settings: Settings, verb: str, args: dict[str, Any]) -> dict[str, Any]:
    """The verb's answer. Raises L2sError with the server's own code."""
    held = holder(Path(settings.data))
    if held:
        status, answer = await ask(held.socket, verb, args)
        if answer.get("error") == "broken":
            raise Broken(str(answer.get("text")))
        if status != 200:
            raise L2sError(str(answer.get("error")), **answer.get("data", {}))
        return answer
    if verb != "make_account" and not any((Path(settings.data) / name).exists() for name in ("l2s.db", "ledger.jsonl")):
        raise Broken(f"{settings.data} holds no l2s database yet. Run `l2s serve` or `l2s init` first, or name it with --data.")
    async with opened(settings) as live:
        return await VERBS[verb](live.house, Urls(settings, settings.port), args)
