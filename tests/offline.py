"""Runs a command where no network but loopback is there: what passes here needs nobody outside.

    python -m tests.offline [COMMAND …]        without a command: pytest

A network namespace of its own holds nothing but a loopback that is down at first; it is brought up by ioctl, so no program of
the system is needed. Where the system forbids namespaces, the command runs as it is, and a line says so.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from typing import Final

SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
INSIDE: Final = "--inside"
OUTSIDE: Final = ("192.0.2.1", 9)  # documentation's own network: never anybody's


def raise_loopback() -> None:
    """`lo` up: it has its addresses already."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def check() -> None:
    """The premise: loopback answers, and nothing leads anywhere else."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(OUTSIDE)
        except OSError as problem:
            if problem.errno == errno.ENETUNREACH:
                return
            raise
    raise SystemExit("tests/offline: there is a way out of this namespace")


def way_in() -> list[str]:
    """The `unshare` that works here; empty where none is permitted."""
    found = shutil.which("unshare")
    ways = [[found, "-n"], [found, "-rn"]] if found else []
    return next((way for way in ways if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0), [])


def main(words: list[str]) -> None:
    """Twice: outside it goes in, inside it becomes the command."""
    if words[:1] == [INSIDE]:
        raise_loopback()
        check()
        print("tests/offline: no network but loopback", flush=True)
        os.execvp(words[1], words[1:])
    command = words or [sys.executable, "-m", "pytest"]
    way = way_in()
    if not way:
        print("tests/offline: this system permits no network namespace; the network is NOT denied", flush=True)
        os.execvp(command[0], command)
    os.execvp(way[0], [*way, sys.executable, "-m", "tests.offline", INSIDE, *command])


if __name__ == "__main__":
    main(sys.argv[1:])
