"""Everything under /assets/: joined, stripped, hashed and compressed once, when the server starts. Nothing touches the disk.

Invariants: package data is read through importlib.resources alone, so a one-file build needs no change. One hash over all
that is served stands in every address, so what is served under it never changes. A part that is fetched later by
`import('./x.js')` takes what it shares from the joined script, so nothing exists twice. Markup that a first chat does not
need (late.html: form, receipt, menu; mine.html: My data) is rendered here once a language, because its words and its
addresses never change; words that the pages have too are taken from there, so no sentence is written twice.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import zlib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import jinja2
from jinja2.utils import htmlsafe_json_dumps

from l2s.privacy.classes import SITE_CLASSES
from l2s.web import joining
from l2s.web.joining import Files

SCRIPTS: Final = ("widget/panel.js", "widget/outside.js", "console/app.js", "page.js", "privacy.js")
_BASE: Final = ("shared/tokens.css", "shared/base.css")
_SAID: Final = ("shared/messages.css", "shared/composer.css")
_MORE: Final = ("shared/forms.css", "shared/more.css")
SHEETS: Final = {
    "widget/panel.css": (*_BASE, *_SAID, "widget/panel.css"),
    "widget/late.css": ("shared/tokens.css", "shared/forms.css", "widget/late.css"),
    "widget/mine.css": ("shared/tokens.css", "shared/more.css", "widget/mine.css"),
    "console/console.css": (*_BASE, *_SAID, *_MORE, "console/console.css"),
    "page.css": (*_BASE, *_MORE, "console/rail.css", "page.css", "privacy.css", "cabinet.css"),
}
LATE: Final[dict[str, dict[str, re.Pattern[str]]]] = {
    "late": {},
    "mine": {
        "page": re.compile(
            rf"class\.({'|'.join(SITE_CLASSES)})|(purpose|reader|level|keep|region|role)\..*|recipient(\..*)?|read_by|list\.inside"
        ),
        "error": re.compile(r"contact_needed|bad_contact|tick_first|law_moved|not_collected"),
    },
}  # documents that are fetched when first used, and the words of other catalogues that they take with them
_MEDIA: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One body, ready for the wire. `packed` is its gzip form."""

    body: bytes
    packed: bytes
    media: str
    etag: str


class Assets:
    """The served form of l2s/static. Built once; raises StartError naming file and line where a script breaks a rule."""

    def __init__(self, dev: bool = False) -> None:
        self.dev = dev
        self._files = _tree("static")
        joining.check(self._files)
        bodies = _built(self._files)
        whole = json.dumps([self._files, bodies], sort_keys=True).encode()
        self.hash = "dev" if dev else hashlib.sha256(whole).hexdigest()[:16]
        self._served = {name: _asset(name, body) for name, body in bodies.items()}

    def url(self, name: str) -> str:
        """The address of an entry, relative to the base URL."""
        return f"assets/{self.hash}/{name}"

    def get(self, path: str) -> Asset | None:
        """What stands under /assets/: `path` with or without that prefix, as `url` gave it."""
        own, _, name = path.removeprefix("/").removeprefix("assets/").partition("/")
        if own != self.hash:
            return None
        return _fresh(name) if self.dev else self._served.get(name)

    def preloads(self, entry: str) -> list[str]:
        """Addresses of the single modules of an entry, imports first; empty where the entry is joined."""
        return [self.url(name) for name in joining.order(self._files, entry)] if self.dev else []

    def loader(self, config: Mapping[str, Any]) -> bytes:
        """The body of /l2s.js: the loader with its sheet and this site's config put in place of two names."""
        files = _tree("static") if self.dev else self._files
        script = joining.strip(files["loader.js"])
        sheet = json.dumps(joining.sheet(files["loader.css"]).replace("\n", ""), ensure_ascii=False)
        words = json.dumps(config, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return script.replace("L2S_CSS", _literal(sheet)).replace("L2S_CONFIG", _literal(words)).encode()


def compressed(body: bytes) -> bytes:
    """Gzip, the same bytes for the same body."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9)
    return packer.compress(body) + packer.flush()


def launcher_words(catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of the launcher out of the widget's catalogue, by the names that loader.js uses."""
    return {key.removeprefix("launcher."): text for key, text in catalogue.items() if key.startswith("launcher.")}


def client_words(catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """What the panel's scripts need of the widget's catalogue: neither the launcher's texts nor the template's."""
    return {key: text for key, text in catalogue.items() if not key.startswith(("launcher.", "page."))}


def _built(files: Files) -> dict[str, str]:
    """Name → body of everything that is served."""
    return {
        **{name: body for name, body in files.items() if name.endswith(".svg")},
        **dict(_scripts(files)),
        **dict(_sheets(files)),
        **dict(_late_markup()),
    }


def _scripts(files: Files) -> Iterator[tuple[str, str]]:
    """The joined entries, and the parts that they fetch later."""
    for entry in SCRIPTS:
        if entry in files:
            yield entry, joining.joined(files, entry)
            for part in joining.late_parts(files, entry):
                yield part, joining.joined(files, part, entry)


def _sheets(files: Files) -> Iterator[tuple[str, str]]:
    """Each page's sheet, in the order that SHEETS declares. Further sheets of the console come after its own, by name."""
    console = [name for name in sorted(files) if name.startswith("console/") and name.endswith(".css")]
    for name, parts in SHEETS.items():
        if name in files:
            more = [each for each in console if each not in parts] if name == "console/console.css" else []
            whole = "".join(joining.sheet(files[part]) for part in (*parts, *more))
            yield name, joining.needed(whole)


def _late_markup() -> Iterator[tuple[str, str]]:
    """widget/<part>.<language>.html: templates/<part>.html in the words of texts/<language>/<part>.json."""
    templates, texts = _tree("templates"), _tree("texts")
    env = jinja2.Environment(loader=jinja2.DictLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined)
    for language in sorted({posixpath.dirname(name) for name in texts}):
        for part, borrowed in LATE.items():
            catalogue = json.loads(texts[f"{language}/{part}.json"])
            words = {key: text for key, text in catalogue.items() if not key.startswith("page.")}
            for other, wanted in borrowed.items():
                found = json.loads(texts[f"{language}/{other}.json"]).items()
                prefix = "error." if other == "error" else ""
                words |= {prefix + key: text for key, text in found if wanted.fullmatch(key)}
            block = htmlsafe_json_dumps(words, ensure_ascii=False, separators=(",", ":"))
            page = env.get_template(f"{part}.html").render(t=catalogue.__getitem__, words=block)
            yield f"widget/{part}.{language}.html", page


def _fresh(name: str) -> Asset | None:
    """For development: read anew at each request. Modules stand single, but for the one that has an address of its own."""
    files = _tree("static")
    single = name.endswith(".js") and name != "widget/outside.js"
    body = files.get(name) if single else _built(files).get(name)
    return _asset(name, body) if body is not None else None


def _asset(name: str, body: str) -> Asset:
    raw = body.encode()
    return Asset(raw, compressed(raw), _MEDIA[_suffix(name)], f'"{hashlib.sha256(raw).hexdigest()[:16]}"')


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]


def _literal(text: str) -> str:
    """JSON as a script may hold it: no key of this name sets a prototype, no line separator ends a line."""
    return text.replace('"__proto__":', '["__proto__"]:').replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _tree(folder: str) -> dict[str, str]:
    """Every text file of a folder of the package, by its path there. Type files are for the checker alone."""
    return dict(_walk(resources.files("l2s") / folder, ""))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.name.startswith("__"):
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif _suffix(entry.name) in (*_MEDIA, ".json"):
            yield f"{prefix}{entry.name}", entry.read_text("utf-8")
