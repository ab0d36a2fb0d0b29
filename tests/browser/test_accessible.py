"""axe, all its rules, in every frame of every screen and state, and its colour rules once more in the dark: nothing found.

Dark changes tokens of colour and nothing else, so the other rules cannot differ there. A run that finds nothing proves nothing
by itself: in each document that comes first into view two faults are planted, of markup and of colour, and must be reported in
their scheme. The screens are those of tests/screens.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Frame

from tests.screens import WALKS
from tests.stage import stage

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
LOOK: Final = """async scheme => (await axe.run({
    iframes: false, preload: false, resultTypes: ['violations'],
    ...(scheme === 'dark' && {runOnly: ['color-contrast', 'link-in-text-block']}),
})).violations.flatMap(({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target} ${html.slice(0, 120)}`))"""
PLANT: Final = """() => {
    const picture = Object.assign(document.createElement('img'), {className: 'planted'});
    const words = Object.assign(document.createElement('b'), {className: 'planted', textContent: 'Hard to read'});
    Object.assign(words.style, {position: 'fixed', insetBlockStart: 0, background: '#888', color: '#777', zIndex: 99});
    (document.querySelector('dialog[open], main') ?? document.body).append(picture, words);
}"""
UPROOT: Final = "() => document.querySelectorAll('.planted').forEach(each => each.remove())"
PLANTED: Final = {"light": ("image-alt", "color-contrast"), "dark": ("color-contrast",)}


async def shown(frame: Frame) -> bool:
    """Is this frame to be seen?"""
    return frame.parent_frame is None or await (await frame.frame_element()).is_visible()


async def look(frame: Frame, scheme: str) -> list[str]:
    """What axe finds."""
    if not await frame.evaluate("'axe' in window"):
        await frame.evaluate(AXE)
    found: Any = await frame.evaluate(LOOK, scheme)
    return [str(line) for line in found]


async def sees(frame: Frame, scheme: str) -> bool:
    """Does axe report the planted faults here?"""
    await frame.evaluate(PLANT)
    found = await look(frame, scheme)
    await frame.evaluate(UPROOT)
    return all(any(line.startswith(f"{rule}: ") and "planted" in line for line in found) for rule in PLANTED[scheme])


@pytest.mark.parametrize("name", WALKS)
async def test_axe_finds_nothing_in_any_frame_of_any_state(browser: Browser, tmp_path: Path, name: str) -> None:
    found: dict[str, list[str]] = {}
    known: set[tuple[str, str]] = set()
    async with stage(browser, tmp_path) as on:
        async for screen in WALKS[name](on):
            for scheme in PLANTED:
                await screen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                for frame in [one for one in screen.page.frames if await shown(one)]:
                    first = (urlsplit(frame.url).path.rpartition("/")[0], scheme)
                    assert first in known or await sees(frame, scheme), f"axe is blind in {screen.name}, {scheme}"
                    known.add(first)
                    if lines := await look(frame, scheme):
                        found[f"{screen.name} {scheme} {frame.url}"] = lines
            await screen.page.emulate_media(color_scheme="light")
    assert known
    assert found == {}
