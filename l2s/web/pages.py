"""Rendering: Jinja with autoescape, catalogues, icons. Every visible text comes from a catalogue."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import jinja2
from lucide.jinja import lucide
from markupsafe import Markup

from l2s.actions.people import NAME_MAX
from l2s.config import Settings
from l2s.domain import passwords
from l2s.domain.origins import MOST
from l2s.errors import L2sError
from l2s.privacy import policy
from l2s.privacy.ledger import WORDS_MAX
from l2s.web.assets import Assets, client_words
from l2s.web.urls import Urls

LANGUAGES: Final = ("en", "de")
PARTS: Final = ("page", "widget", "late", "mine", "console", "error", "prove")
MARKUP: Final = (
    "messages",
    "log",
    "older",
    "newest",
    "retry",
    "composer.label",
)  # of _parts.html: no script of the panel reads them
LIMITS: Final = {
    "bad_days": policy.LONGEST, "bad_name": NAME_MAX, "password_long": passwords.LONGEST, "password_short": passwords.SHORTEST,
    "text_too_long": Settings().message_max, "too_many_origins": MOST, "words_too_long": WORDS_MAX,
}  # fmt: skip
ON_BRAND: Final = ("#ffffff", "#18252a", "#000000")
READABLE: Final = 4.5
_INNER: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)

Words = dict[str, Any]


def catalogues() -> dict[str, dict[str, Words]]:
    """language → part → key → text or plural forms."""
    folder = importlib.resources.files("l2s.texts")
    found: dict[str, dict[str, Words]] = {}
    for language in LANGUAGES:
        found[language] = {}
        for part in PARTS:
            file = folder / language / f"{part}.json"
            found[language][part] = json.loads(file.read_text("utf-8"))
    return found


def fill(pattern: str, values: Mapping[str, object]) -> str:
    """Placeholders filled in one pass."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], "")), pattern)


def meaning(code: str, pattern: str) -> str:
    """An error as the manual explains it, where nothing has happened: limits are named, the rest stays open."""
    return re.sub(r"\{\w+\}", str(LIMITS.get(code, "…")), pattern)


def sentence(language: str, problem: L2sError) -> str:
    """An error as a sentence, without the rest of the pages: for the terminal."""
    words = catalogues()[language]["error"]
    return fill(str(words.get(problem.code) or words["internal"]), problem.data)


def lucide_paths(name: str) -> Markup:
    """The inner elements of a lucide icon."""
    match = _INNER.search(str(lucide(name)))
    if not match:
        raise LookupError(f"no icon named {name}")
    return Markup(match[1].strip())  # noqa: S704  package data, no input


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on_brand(colour: str) -> str:
    """The colour of the text on a site's colour: white, else the ink, else black, the first that can be read on it.

    White and black alone leave nothing out: one of the two has 4.58 on any colour, the ink has not.
    """
    return next(text for text in ON_BRAND if contrast(colour, text) >= READABLE)


def brand(colour: str) -> str:
    """A site's colour and the text on it, as the declarations that panel and launcher read; "" = ours."""
    return f"--brand:{colour};--on-brand:{on_brand(colour)}" if colour else ""


def initials(name: str) -> str:
    """Two letters: of the first and the last word, or the first two of a single one; as texts.js draws them."""
    parts = [[letter for letter in part if letter.isalnum()] for part in name.split()]
    both = [*parts[0][:1], *parts[-1][:1]] if len(parts) > 1 else parts[0][:2] if parts else []
    return "".join(both).upper()


def tint(id: str) -> int:
    """One of six tints, always the same for an id; as texts.js chooses it."""
    mixed = 0
    for letter in id:
        mixed = (mixed * 31 + ord(letter)) % 9973
    return mixed % 6


class Pages:
    """Templates with everything that does not change between requests."""

    def __init__(self, assets: Assets, urls: Urls) -> None:
        self.words = catalogues()
        self.urls = urls
        self.assets = assets
        self._json = {
            (language, part): block({key: text for key, text in client_words(words).items() if key not in MARKUP})
            if part == "widget"
            else block(words)
            for language, parts in self.words.items()
            for part, words in parts.items()
        }
        self.templates = jinja2.Environment(
            loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self.templates.globals |= {
            "lucide_paths": lucide_paths,
            "initials": initials,
            "tint": tint,
            "brand": brand,
            "meaning": meaning,
        }

    def text(self, language: str, part: str, key: str, **values: object) -> str:
        """One sentence, its placeholders filled in one pass."""
        pattern = self.words[language][part][key]
        if isinstance(pattern, dict):
            pattern = pattern["one" if 1 in (values.get("count"), values.get("left")) else "other"]
        return fill(pattern, values)

    def error(self, language: str, code: str, **values: object) -> str:
        """The sentence for an error code."""
        words = self.words[language]["error"]
        return self.text(language, "error", code if code in words else "internal", **values)

    def render(self, name: str, language: str, part: str = "page", /, **values: Any) -> str:
        """A page in a language. `part`: which catalogue `t` reads."""

        def t(key: str, **fills: object) -> str:
            return self.text(language, part, key, **fills)

        def asset(path: str) -> str:
            return self.urls.at("/" + self.assets.url(path))

        return self.templates.get_template(name).render(
            t=t, asset=asset, lang=language, dir="ltr", url=self.urls.at, base=self.urls.at("/"),
            texts=self._json[language, part], **values,
        )  # fmt: skip


def block(value: object) -> Markup:
    """A JSON data block: the one character that could end it is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  made from our own values, escaped in the line above


def _template(name: str) -> str | None:
    file = importlib.resources.files("l2s") / "templates" / name
    return file.read_text("utf-8") if file.is_file() else None
