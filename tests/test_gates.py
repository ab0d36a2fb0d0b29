"""Each gate goes red on a planted violation, and the tree keeps them all."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from l2s.privacy.holdings import COLUMNS, HOLDINGS
from l2s.store.migrate import migrations
from tests.gates import ROOT, violations


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tree to break."""
    shutil.copytree(ROOT / "l2s", tmp_path / "l2s", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_the_house_rules() -> None:
    assert violations(ROOT) == []


PLANTED = [
    ("l2s/domain/text.py", 'QUERY = "SELECT a FROM b"\n', "SQL outside store/"),
    ("l2s/actions/house.py", "def long() -> None:\n" + "    x = 1\n" * 41, "function of 42 lines"),
    ("l2s/static/widget/panel.js", "document.body.innerHTML = 'x';\n", "markup from strings"),
    ("l2s/templates/error.html", "<p>{{ sentence|safe }}</p>\n", "unsafe or inline in a template"),
    ("l2s/templates/error.html", '<p>{{ t("no.such.key") }}</p>\n', "no text named no.such.key"),
    ("l2s/web/live.py", 'AGENT = "User-Agent"\n', "a header of the browser read outside"),
    ("l2s/jobs/loop.py", "import aiohttp\nX = aiohttp.ClientSession()\n", "a connection outwards"),
    (
        "l2s/actions/states.py",
        'def leak(s: object, p: str) -> None:\n    release(s, p, "admin")\n',
        "release without a literal purpose",
    ),
    ("l2s/web/live.py", 'X = Sealed("name", "x", 0, None)\n', "Sealed made outside the gate"),
]


@pytest.mark.parametrize(("file", "text", "rule"), PLANTED, ids=[rule for _, _, rule in PLANTED])
def test_a_planted_violation_is_named(copy: Path, file: str, text: str, rule: str) -> None:
    assert violations(copy) == []
    with (copy / file).open("a", encoding="utf-8") as target:
        target.write(text)
    found = violations(copy)
    assert any(rule in line and line.startswith(file) for line in found), found


def test_a_missing_translation_is_named(copy: Path) -> None:
    path = copy / "l2s/texts/de/error.json"
    path.write_text(re.sub(r'"bad_id": .*\n', "", path.read_text("utf-8"), count=1), "utf-8")
    assert any("bad_id is missing" in line for line in violations(copy))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "text", "contract"),
    [
        ("l2s/domain/text.py", "import time\nNOW = time.time()\n", "Pure rules touch no clock"),
        ("l2s/store/sql.py", "from l2s.web import urls\n", "Imports point down"),
        ("l2s/live/hub.py", "import aiohttp\n", "live and protocol know no transport"),
    ],
)
def test_an_import_that_points_up_turns_the_linter_red(copy: Path, file: str, text: str, contract: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as target:
        target.write(text)
    run = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=copy, capture_output=True, text=True)
    assert run.returncode == 1
    assert re.search(rf"{contract}.*BROKEN", run.stdout)


@pytest.mark.slow
def test_an_untyped_function_turns_the_type_checker_red(copy: Path) -> None:
    (copy / "l2s/domain/new.py").write_text("def untyped(a):\n    return a\n", "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "-m", "l2s.domain.new"],
        cwd=copy, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1
    assert "no-untyped-def" in run.stdout


def test_an_author_cannot_use_an_id_twice() -> None:
    connection = sqlite3.connect(":memory:")
    for _, text in migrations():
        connection.executescript(text)
    row = ("c", 1, 1, 1, "visitor", "v", "id", "text", 0)
    insert = (
        "INSERT INTO messages (chat_id, seq, rev, pub, author, author_id, client_id, kind, since) VALUES (?,?,?,?,?,?,?,?,?)"
    )
    connection.execute(insert, row)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        connection.execute(insert, row)
    connection.close()


def test_every_column_stands_in_exactly_one_holding() -> None:
    connection = sqlite3.connect(":memory:")
    for _, text in migrations():
        connection.executescript(text)
    tables = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    live = {f"{table}.{row[1]}" for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}
    connection.close()
    assert live == set(COLUMNS)
    names = [holding.name for holding in HOLDINGS]
    assert len(names) == len(set(names))
    assert {holding.name for holding in HOLDINGS if holding.kind == "table"} == set(tables)


LANDED = {"0001_first.sql": "fbbdcd344d9faefb", "0002_privacy.sql": "7ae896edb75e4787", "0003_doors.sql": "b96747daa3e007f8"}


def test_a_schema_file_that_landed_is_never_edited() -> None:
    folder = ROOT / "l2s/store/schema"
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16] for name in LANDED}
    assert found == LANDED, "add a new file instead: servers hold data made by this one"


ESCAPES = re.compile(
    r"type: ignore|noqa|pytest\.mark\.(skip|xfail)|pragma: no|ts-ignore|ts-expect|biome-ignore|per-file-ignores"
)
REASONS = {
    "l2s/privacy/gate.py": 2,  # the mangled name has one door; a Sealed is no key
    "l2s/domain/rights.py": 1,  # the list was narrowed by its own test
    "l2s/store/engine.py": 1,  # a result is set whenever there is no error
    "l2s/actions/sites.py": 1,  # one of two literals
    "l2s/web/pages.py": 2,  # package data and a block that was escaped in the line above
    "l2s/web/app.py": 1,  # chance that spreads load, hides nothing
    "pyproject.toml": 1,  # tests may assert; store/ joins its own constants
}


def test_every_escape_stands_in_one_list_with_a_reason() -> None:
    found: dict[str, int] = {}
    files = [*(ROOT / "l2s").rglob("*.py"), *(ROOT / "l2s").rglob("*.js"), ROOT / "pyproject.toml"]
    for file in files:
        count = len(ESCAPES.findall(file.read_text("utf-8")))
        if count:
            found[str(file.relative_to(ROOT))] = count
    assert found == REASONS
    assert sum(found.values()) <= 10
