"""Servers as processes of their own, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

TICK: Final = os.sysconf("SC_CLK_TCK")
PASSWORD: Final = "correct horse workbench lamp"
OPEN: Final = {"L2S_RATE_SEND": "0", "L2S_RATE_CHATS": "0", "L2S_RATE_PEERS": "0", "L2S_RATE_COMMANDS": "0"}


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


class Process:
    """A server of this run."""

    def __init__(self, command: list[str], port: int, core: int | None = 0, extra: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.command = command
        self.began = time.perf_counter()
        pin = ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > 1 else []
        env = os.environ | OPEN | (extra or {})
        self.process = subprocess.Popen([*pin, *command], env=env, stdout=subprocess.DEVNULL)
        self.ready = self._wait()

    def _wait(self) -> float:
        """Seconds from exec to the first served request."""
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).close()
                return time.perf_counter() - self.began
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"{self.command} ended with {self.process.returncode}") from None
                time.sleep(0.002)

    @property
    def cpu(self) -> float:
        """CPU seconds of the process and its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def l2s(data: Path, port: int, *, core: int | None = 0, extra: Mapping[str, str] | None = None) -> Process:
    """`l2s serve` on a data directory. `extra`: added to its environment."""
    return Process([sys.executable, "-m", "l2s", "serve", "--data", str(data), "--port", str(port)], port, core, extra)


def hub(port: int) -> Process:
    """The bare hub."""
    return Process([sys.executable, str(Path(__file__).with_name("hub.py")), str(port)], port)


def init(data: Path) -> str:
    """A fresh account; returns the site key."""
    password = data.with_suffix(".password")
    password.write_text(PASSWORD)
    command = [
        sys.executable, "-m", "l2s", "init", "--data", str(data), "--owner-email", "maja@larch.example",
        "--password-file", str(password), "--site-name", "Larch & Rook", "--origin", "127.0.0.1",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return str(json.loads(made.stdout)["site"])


def sign_in(data: Path, port: int) -> str:
    """The owner's session cookie."""
    command = [sys.executable, "-m", "l2s", "user", "link", "maja@larch.example", "--data", str(data)]
    link = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    request = urllib.request.Request(link, method="POST", data=b"", headers={"Origin": f"http://127.0.0.1:{port}"})

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(request)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Set-Cookie"]).partition(";")[0]
    raise SystemExit("the sign-in link did not sign in")
