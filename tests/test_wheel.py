"""The built wheel, installed outside the checkout, holds a chat."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.gates import ROOT
from tests.process import first_chat


@pytest.mark.slow
async def test_the_wheel_holds_a_chat_outside_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (tmp_path / "dist").glob("l2s_chat-*.whl")
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    place = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), str(wheel)],
        check=True,
        cwd=tmp_path,
    )
    # the dependencies come from the environment of the tests, the program only from the wheel
    (place / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    where = subprocess.run(
        [home / "bin/python", "-c", "import l2s; print(l2s.__file__)"], capture_output=True, text=True, cwd=tmp_path, env=env
    )
    assert where.stdout.startswith(str(home))
    command = [str(home / "bin/python"), "-m", "l2s"]
    heard = await first_chat(command, str(tmp_path / "data"), (tmp_path / "password", str(tmp_path / "password")), env)
    assert heard["message"]["body"] == {"kind": "text", "text": "Good morning"}
