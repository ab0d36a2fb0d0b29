"""A slow disk: every fsync takes 5 ms more, by a shim that is compiled here and preloaded into the server.

What it shows: a group takes what is queued, so a slow sync makes groups larger and costs latency, not throughput.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.bench import crowd, relay
from tests.bench.server import free_port, init, l2s, sign_in

SLOWER = 0.005
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slowly(const char *name, int file) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    usleep(5000);
    return real(file);
}
int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
"""

Say = Callable[[str, str, str, bool | None], None]


def shim(folder: Path) -> Path | None:
    """The compiled shim; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return None
    source, made = folder / "slow.c", folder / "slow.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


async def at_work(data: Path, visitors: int, seconds: float, extra: dict[str, str]) -> tuple[list[float], float]:
    """(delays at 1,000 messages/s, messages/s at saturation) of a fresh server."""
    site, port = init(data), free_port()
    server = l2s(data, port, extra=extra)
    one = relay.Relay(0)
    talkers, _ = await relay.l2s_room(server, site, sign_in(data, port), visitors, one)
    delays = await crowd.steady(talkers, one, 1000, seconds)
    one.window = 4
    rate, _ = await relay.saturate(server, talkers, one, seconds, False)
    server.stop()
    return delays, rate


async def bench(folder: Path, say: Say, visitors: int, seconds: float) -> None:
    """The slow disk beside the disk as it is."""
    crowd.load_apart()
    preloaded = shim(folder)
    if preloaded is None:
        say("slow disk", "not measured: no C compiler", "1,000/s at p99 <= 30 ms; 0.6 x", None)
        return
    _, normal = await at_work(folder / "disk", visitors, seconds, {})
    delays, rate = await at_work(folder / "slow", visitors, seconds, {"LD_PRELOAD": str(preloaded)})
    p50, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.99))
    if p50 < SLOWER:
        say("slow disk", "not measured: the shim slowed nothing", "1,000/s at p99 <= 30 ms; 0.6 x", None)
        return
    say("fsync 5 ms slower, 1,000 messages/s", f"p50 {p50 * 1e3:.1f}, p99 {p99 * 1e3:.1f} ms", "p99 <= 30 ms", p99 <= 0.03)
    told = f"{rate:,.0f}/s of {normal:,.0f}/s, {rate / normal:.2f} x"
    say("fsync 5 ms slower, saturated", told, ">= 0.6 x the disk as it is", rate / normal >= 0.6)
