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

from l2s.errors import L2sError
from l2s.web.assets import Assets, client_words
from l2s.web.urls import Urls

LANGUAGES: Final = ("en", "de")
PARTS: Final = ("page", "widget", "late", "console", "error")
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


class Pages:
    """Templates with everything that does not change between requests."""

    def __init__(self, assets: Assets, urls: Urls) -> None:
        self.words = catalogues()
        self.urls = urls
        self.assets = assets
        self._json = {
            (language, part): block(client_words(words) if part == "widget" else words)
            for language, parts in self.words.items()
            for part, words in parts.items()
        }
        self.templates = jinja2.Environment(
            loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self.templates.globals["lucide_paths"] = lucide_paths

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
