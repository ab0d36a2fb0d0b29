"""Builds the one-file program and holds a first chat with it in a bare chroot that has no Python (needs root)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.gates import ROOT
from tests.process import first_chat

SUITE = "bookworm"


def build(folder: Path) -> Path:
    """One file with everything in it."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "pyinstaller>=6.22"], check=True)
    command = [
        sys.executable, "-m", "PyInstaller", "--onefile", "--name", "l2s", "--collect-data", "l2s", "--collect-data", "lucide",
        "--collect-submodules", "l2s", "--distpath", str(folder / "dist"), "--workpath", str(folder / "work"),
        "--specpath", str(folder), "--log-level", "ERROR", str(ROOT / "l2s" / "__main__.py"),
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=folder)
    return folder / "dist" / "l2s"


def bare(folder: Path) -> Path:
    """A Debian without Python."""
    root = folder / "root"
    subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(root)], check=True, stdout=subprocess.DEVNULL)
    assert not list((root / "usr/bin").glob("python3*"))
    return root


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="l2s-onefile-", dir="/var/tmp"))
    try:
        program = build(folder)
        print(f"one file: {program.stat().st_size / 2**20:.1f} MB")
        root = bare(folder)
        shutil.copy(program, root / "usr/local/bin/l2s")
        command = ["chroot", str(root), "/usr/local/bin/l2s"]
        env = {"PATH": os.environ["PATH"], "HOME": "/root"}
        heard = await first_chat(command, "/root/data", (root / "root/password", "/root/password"), env)
        print(f"in a bare chroot: init, serve, and a first chat: {heard['message']['body']['text']!r}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
