"""Every screen and state as a picture, in light and dark, at three widths: `python -m tests.shots [walk …]`.

They go to tests/shots/. It fails, naming screen and element, on sideways scroll at 320 pixels, text that is cut off with no way
to read it, targets below 24 pixels, and errors or warnings in a browser's console.
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
from tests.screens import WALKS
from tests.stage import Screen, stage

FOLDER: Final = Path(__file__).parent / "shots"
SIZES: Final = {360: 740, 768: 1024, 1440: 900}
NARROWEST: Final = 320
SCHEMES: Final = ("light", "dark")

# What is wrong in one frame: [rule, element] pairs. What is 1 px small by a clip path is there for screen readers alone.
MEASURE: Final = r"""
narrow => {
  const found = [];
  const name = element => {
    const kind = [...element.classList].map(each => `.${each}`).join('');
    const slot = element.dataset?.slot || element.dataset?.act || element.id;
    const said = (element.textContent || element.value || '').trim().slice(0, 30);
    return `${element.tagName.toLowerCase()}${kind}${slot ? `[${slot}]` : ''} “${said}”`;
  };
  const tell = (rule, element) => found.push([rule, name(element)]);
  const roots = [document];
  for (const { shadowRoot } of document.querySelectorAll('*')) if (shadowRoot) roots.push(shadowRoot);
  const all = roots.flatMap(root => [...root.querySelectorAll('*')]);
  const above = element => (element.parentElement ? [element, ...above(element.parentElement)] : [element]);
  const shown = element =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    above(element).every(each => getComputedStyle(each).clipPath === 'none');
  const words = element => [...element.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
  const hides = overflow => overflow === 'hidden' || overflow === 'clip';
  const scrolls = overflow => overflow === 'auto' || overflow === 'scroll';

  const sideways = page => {
    const by = element => (shown(element) ? element.getBoundingClientRect().right : 0);
    if (page.scrollWidth <= page.clientWidth) return;
    const worst = all.reduce((one, other) => (by(other) > by(one) + 0.5 ? other : one), page);
    tell(`sideways scroll, ${page.scrollWidth} of ${page.clientWidth} px`, worst);
  };
  const cut = element => {
    const lines = words(element);
    if (!lines.length || ['SCRIPT', 'STYLE', 'TITLE', 'OPTION', 'TEXTAREA'].includes(element.tagName)) return;
    const range = document.createRange();
    range.setStartBefore(lines[0]);
    range.setEndAfter(lines.at(-1));
    const text = range.getBoundingClientRect();
    let [x, y] = [text.width > 0, text.width > 0];
    for (const each of above(element)) {
      const { overflowX, overflowY, textOverflow, position } = getComputedStyle(each);
      const box = each.getBoundingClientRect();
      x &&= !scrolls(overflowX);
      y &&= !scrolls(overflowY);
      const aside = x && hides(overflowX) && (text.right > box.right + 1 || text.left < box.left - 1);
      const below = y && hides(overflowY) && (text.bottom > box.bottom + 1 || text.top < box.top - 1);
      const told = textOverflow === 'ellipsis' || each.title;
      if ((aside || below) && !told) tell(aside ? 'text cut sideways' : 'text cut below', element);
      if (aside || below || position === 'fixed') return;
    }
  };
  const small = element => {
    if (!element.matches('a[href], button, input, select, textarea, summary, [role=tab], [role=switch]')) return;
    if (getComputedStyle(element).display === 'inline' && words(element.parentElement).length) return;
    const { width, height } = element.getBoundingClientRect();
    if (width < 23.5 || height < 23.5) tell(`target of ${Math.round(width)} × ${Math.round(height)} px`, element);
  };

  if (narrow) sideways(document.scrollingElement);
  for (const element of all.filter(shown)) {
    cut(element);
    small(element);
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
            await page.emulate_media(color_scheme=scheme)
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
