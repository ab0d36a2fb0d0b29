"""Runs the store's tests on a current SQLite, whatever the machine's own is: an erasure must not hang on one version.

    python -m tests.newer_sqlite [TEST …]

A throw-away environment sees all packages of this one, and besides them a wheel that brings its own SQLite; it stands in for
`sqlite3` from the interpreter's start on, so in the processes that the tests start, too.
"""

from __future__ import annotations

import contextlib
import site
import sqlite3
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

WHEEL: Final = "pysqlite3>=0.6.1,<0.7"
TESTS: Final = ("test_engine.py", "test_erasure*.py", "test_snapshot.py", "test_backup.py", "test_retention.py")
SHIM: Final = """import sys
import pysqlite3
import pysqlite3.dbapi2
sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"] = pysqlite3, pysqlite3.dbapi2
"""


def version(python: str) -> tuple[int, ...]:
    """The SQLite that an interpreter works with."""
    ask = "import aiosqlite, sqlite3; print(sqlite3.sqlite_version)"
    told = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout
    return tuple(int(part) for part in told.strip().split("."))


def make(folder: Path) -> str:
    """The environment's interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--only-binary", ":all:", WHEEL]
    subprocess.run(pip, check=True)
    where = next((folder / "lib").glob("python3*")) / "site-packages"
    (where / "a_newer_sqlite.py").write_text(SHIM)
    (where / "a_newer_sqlite.pth").write_text("import a_newer_sqlite\n")
    mine = "\n".join(f"import site; site.addsitedir({path!r})" for path in site.getsitepackages() if Path(path).is_dir())
    (where / "b_the_others.pth").write_text(f"{mine}\n")
    return python


def main(given: list[str]) -> int:
    """Set up, tell both versions, run; the tests' own exit code."""
    here = Path(__file__).parent
    tests = given or [str(path.relative_to(here.parent)) for name in TESTS for path in sorted(here.glob(name))]
    with tempfile.TemporaryDirectory(prefix="l2s-sqlite-") as place:
        python = make(Path(place))
        newer = version(python)
        print(f"SQLite of this machine {sqlite3.sqlite_version}, of this run {'.'.join(map(str, newer))}", flush=True)
        if newer <= tuple(int(part) for part in sqlite3.sqlite_version.split(".")):
            print("tests/newer_sqlite: the wheel brings none that is newer")
            return 1
        with contextlib.suppress(KeyboardInterrupt):
            return subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", *tests], cwd=here.parent).returncode
    return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
