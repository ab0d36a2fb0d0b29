"""Fixtures: a real server on loopback with a real database, and people who speak the wire. Only time is faked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from l2s.clock import Clock, RealIds
from l2s.config import Settings
from l2s.web.app import opened
from l2s.web.server import listening
from tests.personas import Shop, found_shop


class FakeClock:
    """A clock that moves when told. `at` may jump; `steady` only goes on."""

    def __init__(self, at: int = 1_800_000_000_000) -> None:
        self._at = at
        self._steady = at

    def at(self) -> int:
        return self._at

    def steady(self) -> int:
        return self._steady

    def pass_(self, ms: int) -> None:
        """Time passes for both."""
        self._at += ms
        self._steady += ms

    def jump(self, ms: int) -> None:
        """Somebody sets the system's clock."""
        self._at += ms


@asynccontextmanager
async def shop_at(folder: Path, clock: Clock | None = None, **settings: Any) -> AsyncGenerator[Shop]:
    """A running server with the account of Larch & Rook in it."""
    chosen = Settings(**({"data": str(folder), "port": 0, "rate_send": 0} | settings))
    async with opened(chosen, clock, RealIds()) as live, listening(live, chosen) as urls:
        shop = await found_shop(live, urls)
        try:
            yield shop
        finally:
            await shop.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Shop]:
    """Larch & Rook on the real clock."""
    async with shop_at(tmp_path) as one:
        yield one


@pytest.fixture
async def still_shop(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[Shop]:
    """Larch & Rook on a clock that moves when told."""
    async with shop_at(tmp_path, clock) as one:
        yield one
