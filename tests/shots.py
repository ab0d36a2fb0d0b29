"""Every screen and state as a picture, in light and dark, at three widths: `python -m tests.shots [walk …]`, into tests/shots/.

It fails, naming screen and element, on sideways scroll at 320 pixels, text that is cut off with no way to read it, targets below
24 pixels, and errors or warnings in a browser's console.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Frame, Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.screens import WALKS, Screen, stage

FOLDER: Final = Path(__file__).parent / "shots"
SIZES: Final = {360: 740, 768: 1024, 1440: 900}
NARROWEST: Final = 320
SCHEMES: Final = ("light", "dark")

# What is wrong in one frame: [rule, element] pairs. Text hidden on purpose (1 px, clip-path) is for screen readers.
MEASURE: Final = r"""
narrow => {
  const found = [], seen = new Set();
  const name = e => {
    const own = e.id ? '#' + e.id : e.className && e.className.baseVal === undefined && e.className ? '.' + e.className.trim().split(/\s+/).join('.') : '';
    const act = e.dataset?.slot || e.dataset?.act;
    return e.tagName.toLowerCase() + own + (act ? `[${act}]` : '') + ' “' + (e.textContent || e.value || '').trim().slice(0, 30) + '”';
  };
  const tell = (rule, e) => { const line = name(e); if (!seen.has(rule + line)) { seen.add(rule + line); found.push([rule, line]); } };
  const roots = [document];
  for (const e of document.querySelectorAll('*')) if (e.shadowRoot) roots.push(e.shadowRoot);
  const all = roots.flatMap(r => [...r.querySelectorAll('*')]);
  const unseen = e => { for (let a = e; a; a = a.parentElement) { const s = getComputedStyle(a); if (s.clipPath !== 'none') return true; } return false; };
  const shown = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !unseen(e);
  const wide = document.scrollingElement;
  if (narrow && wide.scrollWidth > wide.clientWidth) {
    let worst = wide, right = wide.clientWidth;
    for (const e of all) { const r = e.getBoundingClientRect(); if (shown(e) && r.right > right + 0.5) { worst = e; right = r.right; } }
    tell(`sideways scroll, ${Math.ceil(right)} of ${wide.clientWidth} px`, worst);
  }
  for (const e of all) {
    if (!shown(e)) continue;
    const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
    if (words.length && !['SCRIPT', 'STYLE', 'TITLE', 'OPTION', 'TEXTAREA'].includes(e.tagName)) {
      const range = document.createRange();
      range.setStartBefore(words[0]); range.setEndAfter(words.at(-1));
      const r = range.getBoundingClientRect();
      let x = true, y = true;
      for (let a = e; a && r.width; a = a.parentElement) {
        const s = getComputedStyle(a), b = a.getBoundingClientRect();
        const soft = s.textOverflow === 'ellipsis' || s.webkitLineClamp !== 'none' || a.title;
        if (['auto', 'scroll'].includes(s.overflowX)) x = false;
        if (['auto', 'scroll'].includes(s.overflowY)) y = false;
        if (x && ['hidden', 'clip'].includes(s.overflowX) && (r.right > b.right + 1 || r.left < b.left - 1)) { if (!soft) tell('text cut sideways', e); break; }
        if (y && ['hidden', 'clip'].includes(s.overflowY) && (r.bottom > b.bottom + 1 || r.top < b.top - 1)) { if (!soft) tell('text cut below', e); break; }
        if (s.position === 'fixed') break;
      }
    }
    if (e.matches('a[href], button, input, select, textarea, summary, [role=tab], [role=switch]')) {
      const r = e.getBoundingClientRect();
      const inline = e.tagName === 'A' && getComputedStyle(e).display === 'inline' && [...e.parentElement.childNodes].some(n => n.nodeType === 3 && n.data.trim());
      const rows = e.getClientRects().length;
      if (!inline && rows && (r.width < 23.5 || r.height < 23.5)) tell(`target of ${Math.round(r.width)} × ${Math.round(r.height)} px`, e);
    }
  }
  return found;
}
"""


async def drawn(page: Page) -> None:
    """The page is as it will be: two frames have passed in each of its frames that are shown."""
    twice = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    await page.evaluate(twice)


async def problems(frame: Frame, narrow: bool) -> list[str]:
    """What is measured wrong in a frame that is shown."""
    if frame.parent_frame and not await (await frame.frame_element()).is_visible():
        return []
    return [f"{rule}: {element}" for rule, element in await frame.evaluate(MEASURE, narrow)]


async def picture(screen: Screen) -> set[str]:
    """All pictures of a screen; what is wrong with it."""
    page, found = screen.page, set()
    before = page.viewport_size
    for width, height in {NARROWEST: 640, **SIZES}.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES if width > NARROWEST else SCHEMES[:1]:
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await drawn(page)
            if scheme == "light":
                for frame in page.frames:
                    found |= {f"{line} ({width})" for line in await problems(frame, width == NARROWEST)}
            if width > NARROWEST:
                if screen.full:
                    whole = await page.evaluate("document.documentElement.scrollHeight")
                    await page.set_viewport_size({"width": width, "height": max(height, whole)})
                await page.screenshot(path=FOLDER / f"{screen.name}-{width}-{scheme}.png", animations="disabled")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(before or {"width": 1440, "height": 900})
    return found


async def walked(browser: Browser, name: str) -> int:
    """One walk; the number of screens with something wrong."""
    start, count, bad = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="l2s-shots-") as folder:
        async with stage(browser, Path(folder)) as on:
            async for screen in WALKS[name](on):
                found = sorted(await picture(screen)) + [f"console: {text}" for text in on.errors]
                on.errors.clear()
                count += 1
                bad += bool(found)
                for line in found:
                    print(f"  {screen.name}: {line}", flush=True)
    pictures = count * len(SIZES) * len(SCHEMES)
    print(f"{name:10} {count:3} screens  {pictures:3} pictures  {time.monotonic() - start:5.1f} s", flush=True)
    return bad


async def run(names: list[str]) -> int:
    """All walks, or those that are named."""
    if not names:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        bad = sum([await walked(browser, name) for name in names or WALKS])
        await browser.close()
    print(f"{bad} screens with something wrong" if bad else f"All as they should be: {FOLDER}")
    return bad


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(run(sys.argv[1:])) else 0)
