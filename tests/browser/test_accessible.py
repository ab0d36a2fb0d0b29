"""axe, all its rules, in every frame of every screen and state, in light and dark: nothing found.

A run that finds nothing proves nothing by itself, so in each frame that comes first into view a fault is planted and must be
reported. The screens are those of tests/screens.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Frame

from tests.screens import WALKS, stage

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
LOOK: Final = """async () => (await axe.run({iframes: false, resultTypes: ['violations']})).violations
    .flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target} ${node.html.slice(0, 120)}`))"""
PLANT: Final = "() => document.body.append(Object.assign(document.createElement('img'), {id: 'planted', width: 9, height: 9}))"
UPROOT: Final = "() => document.getElementById('planted').remove()"


async def shown(frame: Frame) -> bool:
    """Is this frame to be seen?"""
    return frame.parent_frame is None or await (await frame.frame_element()).is_visible()


async def look(frame: Frame) -> list[str]:
    """What axe finds."""
    if not await frame.evaluate("'axe' in window"):
        await frame.evaluate(AXE)
    found: Any = await frame.evaluate(LOOK)
    return [str(line) for line in found]


@pytest.mark.parametrize("name", WALKS)
async def test_axe_finds_nothing_in_any_frame_of_any_state(browser: Browser, tmp_path: Path, name: str) -> None:
    found: dict[str, list[str]] = {}
    known: set[str] = set()
    looked = 0
    async with stage(browser, tmp_path) as on:
        async for screen in WALKS[name](on):
            for scheme in ("light", "dark"):
                await screen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                for frame in [one for one in screen.page.frames if await shown(one)]:
                    path = urlsplit(frame.url).path.rpartition("/")[0]
                    if path not in known:
                        known.add(path)
                        await frame.evaluate(PLANT)
                        assert any(line.startswith("image-alt: #planted") for line in await look(frame)), screen.name
                        await frame.evaluate(UPROOT)
                    looked += 1
                    if lines := await look(frame):
                        found[f"{screen.name} {scheme} {frame.url}"] = lines
            await screen.page.emulate_media(color_scheme="light")
    assert looked
    assert found == {}
