"""From the modules and sheets of l2s/static to what is served: joined, without dead exports, without comments. Pure.

This is line work, not parsing. It is right for scripts that keep five rules, checked by `check`, so a script that breaks one
stops the start and never reaches a browser half right: imports are one line and named, without `as`; nothing is a default
export; imports make no circle; an exported name is unique in the tree; and comments and template literals do not share
lines with what they could hide (no template literal over two lines, no code after `*/` but behind a one-line `@type`).
The formatter does the rest: declarations start at the margin, and a division has blank space around it.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Final

from l2s.errors import StartError

Files = Mapping[str, str]

_IMPORT: Final = re.compile(r"^import \{ ?(\w+(?:, ?\w+)*),? ?\} from '(\.[\w./-]+)';$\n?", re.M)
_IMPORT_WORD: Final = re.compile(r"^import\b(?!\()")
_EXPORT: Final = re.compile(r"^export (?:const|function|async function|class) (\w+)", re.M)
_EXPORT_WORD: Final = re.compile(r"^export (?=const|function|async|class)", re.M)
_DECLARED: Final = r"^export (?:const|function|async function) {}\b.*\n(?:(?:[ \t].*)?\n)*(?:[}}\])].*\n)?"
_TOP: Final = re.compile(r"^(?:export )?(?:const|let|function|async function|class) (\w+|\{[^}]*\})", re.M)
_LATE: Final = re.compile(r"\bimport\('(\.[\w./-]+)'\)")
_PRIVATE_HERE: Final = re.compile(r"(?:^|[;{}\n]|static |async |get |set )#(\w+)(?=[=;(\n])")
_HASH: Final = re.compile(r"""(?<!['"`/\w])#(\w+)\b""")  # at the head of a text or an address it is none
_CLASS: Final = re.compile(r"(?<=[;}\n])(?=class \w)")
_TYPE: Final = re.compile(r"/\*\*? @(?:type|satisfies) [^*]*\*/ ?")
_BLOCK: Final = re.compile(r"[ \t]*/\*.*?\*/[ \t]*\n?", re.S)
_TEXTS: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`"
_REGEX: Final = r"/(?![/*\s])(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*"  # a division has a space behind it
_SPACE: Final = re.compile(rf"({_TEXTS}|{_REGEX})| ?([{{}}()\[\];,:?=<>*!&|]) ?|(?<=\w) ([-+%]) (?=[\w(])| +")
_OPEN_END: Final = re.compile(r"(?<=[{(\[,;=?:&|>])\n|\n(?=[.?:&|)\]])")  # a statement neither ends nor begins so
_CSS_SPACE: Final = re.compile(r"""("[^"]*")| ?([{};>]) ?|(?<=[:,]) (?=\S)""")
_READ: Final = re.compile(r"var\((--[\w-]+)")
_TOKEN: Final = re.compile(r"^(--[\w-]+):[^;]*;\n?", re.M)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check(files: Files) -> None:
    """The five rules, over all scripts. Raises StartError naming file and line."""
    exported: dict[str, str] = {}
    for name, body in sorted(files.items()):
        if not name.endswith(".js"):
            continue
        for number, line in enumerate(body.splitlines(), 1):
            fault = _fault(line)
            if fault:
                raise StartError(f"l2s/static/{name}:{number}: {fault}")
        for export in _EXPORT.findall(body):
            if other := exported.get(export):
                raise StartError(
                    f"l2s/static/{name}:{_line(body, export)}: {other} exports {export} too; names are unique in the tree"
                )
            exported[export] = name
    for name in files:
        if name.endswith(".js"):
            order(files, name)


def _fault(line: str) -> str:
    """What breaks a rule in this line, or ''."""
    if _IMPORT_WORD.match(line) and not _IMPORT.match(line):
        return "an import is one line of named imports, without `as`: import { name } from './file.js';"
    if line.startswith("export ") and not _EXPORT.match(line):
        return "export const, function or class at its declaration; no default, no let, no list"
    code = _TYPE.sub("", line)
    if "*/" in code and code.rpartition("*/")[2].strip():
        return "no code after */ in a line"
    if not code.lstrip().startswith(("*", "/*", "//")) and code.count("`") % 2:
        return "no template literal over two lines"
    return ""


def _line(body: str, export: str) -> int:
    found = re.search(rf"^export .*\b{export}\b", body, re.M)
    return body.count("\n", 0, found.start() if found else 0) + 1


def order(files: Files, entry: str) -> list[str]:
    """The entry and all that it imports, imports first, depth first. Raises StartError on a circle or a missing file."""
    done: list[str] = []
    _visit(files, entry, (), done)
    return done


def _visit(files: Files, name: str, above: tuple[str, ...], done: list[str]) -> None:
    if name in above:
        raise StartError(f"l2s/static/{name}:1: imports make a circle: {' → '.join([*above, name])}")
    if name in done:
        return
    for found in _IMPORT.finditer(files[name]):
        target = _target(name, found[2])
        if target not in files:
            number = files[name].count("\n", 0, found.start()) + 1
            raise StartError(f"l2s/static/{name}:{number}: there is no {target}")
        _visit(files, target, (*above, name), done)
    done.append(name)


def late_parts(files: Files, entry: str) -> list[str]:
    """The modules that an entry or one of its imports fetches by `import('./x.js')`, relative to the entry."""
    return sorted({_target(name, path) for name in order(files, entry) for path in _LATE.findall(strip(files[name]))})


def joined(files: Files, entry: str, around: str = "") -> str:
    """One script of an entry and its imports, the entry last.

    `around`: the joined script that holds some of the imports already; what is needed of it is imported from there. An entry
    exports what its late parts import from it, and its own exports. A module whose private names are another's too becomes a
    closure. Exports that nobody imports are left out.
    """
    held = order(files, around) if around else []
    own = [name for name in order(files, entry) if name not in held]
    late = {} if around else {part: borrowed(files, part, own) for part in late_parts(files, entry)}
    exports = {name for names in late.values() for name in names}
    live = _alive(files, own, entry, exports)
    tops = Counter(name for body in live.values() for name in _tops(body))
    parts = [_imports(files, entry, around, held)]
    for name in own:
        names = _EXPORT.findall(live[name])
        body = _EXPORT_WORD.sub("", _IMPORT.sub("", live[name]))
        clashes = any(tops[top] > 1 for top in _tops(live[name]) if top not in names)
        parts.append(_closure(body, names) if clashes and name != entry else body)
    if every := exports | set(_EXPORT.findall(files[entry])):
        parts.append(f"export {{{','.join(sorted(every))}}};\n")
    return _short(strip("".join(parts)))


def borrowed(files: Files, entry: str, held: Collection[str]) -> set[str]:
    """The names that an entry and its own imports take from modules that another joined script holds."""
    own = [name for name in order(files, entry) if name not in held]
    return {word for name in own for target, words in _taken(files, name) if target in held for word in words}


def _imports(files: Files, entry: str, around: str, held: Collection[str]) -> str:
    names = borrowed(files, entry, held)
    path = posixpath.relpath(around or entry, posixpath.dirname(entry))
    return f"import {{{','.join(sorted(names))}}} from './{path}';\n" if names else ""


def _taken(files: Files, name: str) -> Iterator[tuple[str, list[str]]]:
    """What a module imports: (module, names)."""
    for found in _IMPORT.finditer(files[name]):
        yield _target(name, found[2]), [word.strip() for word in found[1].split(",")]


def _target(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _alive(files: Files, own: list[str], entry: str, exports: Collection[str]) -> dict[str, str]:
    """The modules without the constants and functions that they export for nobody here."""
    wanted = {*exports, *(word for name in own for _, words in _taken(files, name) for word in words)}
    live: dict[str, str] = {}
    for name in own:
        body = files[name]
        for export in _EXPORT.findall(body) if name != entry else ():
            if export not in wanted and len(re.findall(rf"\b{export}\b", strip(body))) == 1:
                body = re.sub(_DECLARED.format(export), "", body, flags=re.M)
        live[name] = body
    return live


def _tops(body: str) -> set[str]:
    """The names at the margin of a module."""
    return {name for found in _TOP.findall(body) for name in re.findall(r"\w+", found)}


def _closure(body: str, names: list[str]) -> str:
    held = "{" + ",".join(names) + "}"
    return f"const {held} = (() => {{\n{body}return {held};\n}})();\n" if names else f"{{\n{body}}}\n"


def _short(script: str) -> str:
    """Private names as letters, the same ones in each class: nothing outside a class can know them."""
    return "".join(_shortened(part) for part in _CLASS.split(script))


def _shortened(part: str) -> str:
    private = set(_PRIVATE_HERE.findall(part))
    names = Counter(found for found in _HASH.findall(part) if found in private)
    short = {name: _LETTERS[i % 52] + (str(i // 52) if i >= 52 else "") for i, (name, _) in enumerate(names.most_common())}
    return _HASH.sub(lambda found: "#" + short.get(found[1], found[1]), part)


@lru_cache(256)  # every module is looked at several times while the entries are joined
def strip(script: str) -> str:
    """Without comments, indentation, and the blank space that means nothing. Needs the rules that `check` holds."""
    lines: list[str] = []
    inside = False
    for line in script.splitlines():
        code = _TYPE.sub("", line).strip()
        if inside or code.startswith("/*"):
            inside = "*/" not in code
        elif code and not code.startswith("//"):
            lines.append(_SPACE.sub(lambda found: found[1] or found[2] or found[3] or " ", code))
    return _OPEN_END.sub("", "\n".join(lines).replace(";\n}", "}").replace(",\n}", "}")) + "\n"


def sheet(css: str) -> str:
    """The same for a sheet: a quoted text stays as it is."""
    lines = [line.strip() for line in _BLOCK.sub("", css).splitlines()]
    squeezed = "\n".join(_CSS_SPACE.sub(lambda found: found[1] or found[2] or "", line) for line in lines if line)
    return squeezed.replace(";}", "}") + "\n"


def needed(css: str) -> str:
    """Without the custom properties that nothing here reads: a page uses half of the tokens."""
    read = set(_READ.findall(css))
    return _TOKEN.sub(lambda found: found[0] if found[1] in read else "", css)
