"""A host's verb: asked of the running server if one holds the lock, done here otherwise. Never a second writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from l2s.config import Settings
from l2s.errors import Broken, L2sError
from l2s.outbound.host import ask
from l2s.web.app import opened
from l2s.web.host import VERBS
from l2s.web.lock import holder
from l2s.web.urls import Urls


async def call(settings: Settings, verb: str, args: dict[str, Any]) -> dict[str, Any]:
    """The verb's answer. Raises L2sError with the server's own code."""
    held = holder(Path(settings.data))
    if held:
        status, answer = await ask(held.socket, verb, args)
        if status != 200:
            raise L2sError(str(answer.get("error")), **answer.get("data", {}))
        return answer
    if verb != "make_account" and not any((Path(settings.data) / name).exists() for name in ("l2s.db", "ledger.jsonl")):
        raise Broken(f"{settings.data} holds no l2s database yet. Run `l2s serve` or `l2s init` first, or name it with --data.")
    async with opened(settings) as live:
        return await VERBS[verb](live.house, Urls(settings, settings.port), args)
