"""House rules that no off-the-shelf tool checks. `violations(root)` reads a tree and names each breach as "file:line rule".

What each rule protects: SQL outside store/ would escape the registry of holdings; a Sealed made or opened elsewhere would pass
the gate by; a header read elsewhere would be kept by accident; a client socket elsewhere would talk behind the host's back.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LONGEST_FUNCTION: Final = 40
LONGEST_FILE: Final = 400
SQL: Final = re.compile(
    r"^\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b", re.I | re.S
)
HEADERS: Final = re.compile(
    r"^(User-Agent|Sec-CH-UA.*|Accept-Language|Referer|Sec-GPC|DNT|X-Forwarded-.*|Forwarded|peername)$", re.I
)
CLIENTS: Final = {"ClientSession", "create_connection", "open_connection", "open_unix_connection", "urlopen", "UnixConnector"}
SCRIPT: Final = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)|\.style\b|setAttribute\('(style|on)"
)
PURE_SCRIPT: Final = re.compile(r"\b(Date\.now|setTimeout|setInterval)\b")
MARKUP: Final = re.compile(r"\|\s*safe\b|\sstyle=|\son\w+=|javascript:")


def violations(root: Path) -> list[str]:
    """Every breach in the tree below `root` (which holds l2s/)."""
    found = [line for file in sorted((root / "l2s").rglob("*.py")) for line in _python(root, file)]
    for file in sorted((root / "l2s" / "static").rglob("*.js")):
        found += _lines(root, file, SCRIPT, "markup from strings or inline style")
        if file.name not in ("clock.js", "dom.js", "loader.js", "outside.js", "page.js"):
            found += _lines(root, file, PURE_SCRIPT, "time only through clock.js")
    for file in sorted((root / "l2s" / "templates").rglob("*.html")):
        found += _lines(root, file, MARKUP, "unsafe or inline in a template")
    return found + _catalogues(root)


def _lines(root: Path, file: Path, pattern: re.Pattern[str], rule: str) -> list[str]:
    rows = enumerate(file.read_text("utf-8").splitlines(), 1)
    return [f"{file.relative_to(root)}:{number} {rule}" for number, line in rows if pattern.search(_code(line))]


def _code(line: str) -> str:
    bare = line.strip()
    return "" if bare.startswith(("*", "//", "/*", "{#")) else line


def _python(root: Path, file: Path) -> Iterator[str]:
    name = str(file.relative_to(root))
    text = file.read_text("utf-8")
    if text.count("\n") > LONGEST_FILE:
        yield f"{name}:1 file of {text.count(chr(10))} lines"
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        for rule in _rules(name, node, docstrings):
            yield f"{name}:{getattr(node, 'lineno', 1)} {rule}"


def _rules(name: str, node: ast.AST, docstrings: set[int]) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        size = (node.end_lineno or 0) - node.lineno + 1
        if size > LONGEST_FUNCTION:
            yield f"function of {size} lines"
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
        if SQL.match(node.value) and not name.startswith("l2s/store/"):
            yield "SQL outside store/"
        if HEADERS.match(node.value) and name not in ("l2s/web/arrivals.py", "l2s/outbound/witness.py"):  # one reads, one sends
            yield "a header of the browser read outside web/arrivals"
    if isinstance(node, ast.Call):
        yield from _calls(name, node)
    if isinstance(node, ast.Attribute) and node.attr in ("_Sealed__value", "__new__") and name != "l2s/privacy/gate.py":
        yield "a Sealed opened outside the gate"


def _calls(name: str, node: ast.Call) -> Iterator[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called == "Sealed" and name != "l2s/privacy/gate.py":
        yield "Sealed made outside the gate"
    if called == "held" and not name.startswith(("l2s/store/", "l2s/privacy/")):
        yield "held outside store/"
    if called == "to_store" and name not in ("l2s/store/sql.py", "l2s/privacy/gate.py"):
        yield "to_store outside store/sql"
    if called == "governing" and name.startswith("l2s/") and isinstance(node.func, ast.Name) and name != "l2s/actions/house.py":
        yield "governing called beside the cache"
    if (
        called == "release"
        and isinstance(node.func, ast.Name)
        and len(node.args) > 1
        and not isinstance(node.args[1], ast.Constant)
    ):
        yield "release without a literal purpose"
    if called in CLIENTS and not name.startswith("l2s/outbound/"):
        yield "a connection outwards outside outbound/"


def _catalogues(root: Path) -> list[str]:
    folder = root / "l2s" / "texts"
    english = {file.stem: json.loads(file.read_text("utf-8")) for file in (folder / "en").glob("*.json")}
    found: list[str] = []
    for language in sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"):
        for part, words in english.items():
            other = json.loads((folder / language / f"{part}.json").read_text("utf-8"))
            found += [f"l2s/texts/{language}/{part}.json:1 {key} is missing" for key in words.keys() ^ other.keys()]
            found += [
                f"l2s/texts/{language}/{part}.json:1 {key} has other placeholders"
                for key in words.keys() & other.keys()
                if _holes(words[key]) != _holes(other[key])
            ]
    return found + _used_keys(root, english)


def _holes(text: str | dict[str, str]) -> set[str]:
    whole = text if isinstance(text, str) else " ".join(text.values())
    return set(re.findall(r"\{(\w+)\}", whole))


def _used_keys(root: Path, english: dict[str, dict[str, object]]) -> list[str]:
    """Keys that templates and scripts name literally exist."""
    known = {key for words in english.values() for key in words}
    found = []
    calls = re.compile(r"""\bt[c]?\((["'])([\w.]+)\1|\b(?:text|nodes)\('([\w.]+)'""")
    files = [*(root / "l2s" / "templates").rglob("*.html"), *(root / "l2s" / "static").rglob("*.js")]
    for file in sorted(files):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            for match in calls.finditer(line):
                key = match[2] or match[3]
                if key not in known and not key.endswith(".") and f"{match[0]} ~" not in line:
                    found.append(f"{file.relative_to(root)}:{number} no text named {key}")
    return found


if __name__ == "__main__":
    rows = violations(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("\n".join(rows) or "House rules: kept.")
    sys.exit(bool(rows))
