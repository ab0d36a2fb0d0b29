"""`tests/run bench [bytes|start|browser|relay|slow|crowd]`: machine and versions, then each budget as figure and verdict."""

from __future__ import annotations

import asyncio
import gzip
import os
import platform
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench import browser, crowd, relay, slow
from tests.bench.server import Process, free_port, hub, init, l2s, sign_in

VISITORS = 64
SECONDS = 6.0


def say(what: str, figure: str, budget: str, met: bool | None) -> None:
    """One line of the table."""
    word = "" if met is None else "met" if met else "MISSED"
    print(f"{what:44} {figure:>34}  {budget:30} {word}", flush=True)


def machine(folder: Path) -> None:
    """What this run stands on."""
    times = []
    with (folder / "sync").open("wb") as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    print(f"SQLite {sqlite3.sqlite_version}; fdatasync p50 {statistics.median(times) * 1e3:.2f} ms; data in {folder}")


async def bench_relay(folder: Path) -> None:
    """Saturation: the same load on the bare hub and on l2s."""
    crowd.load_apart()
    base = hub(free_port())
    one = relay.Relay(4)
    clients, _ = await relay.hub_room(base, VISITORS, one)
    hub_rate, hub_cpu = await relay.saturate(base, clients, one, SECONDS, True)
    base.kill()
    data = folder / "relay"
    site, port = init(data), free_port()
    server = l2s(data, port, core=0)
    two = relay.Relay(4)
    clients, _ = await relay.l2s_room(server, site, sign_in(data, port), VISITORS, two)
    load = time.process_time()
    rate, cpu = await relay.saturate(server, clients, two, SECONDS, False)
    load = time.process_time() - load
    server.stop()
    print(
        f"bare hub: {hub_rate:,.0f} messages/s, {hub_cpu:.0f} µs CPU each; generator {load:.1f} s CPU in {SECONDS + 1.5:.1f} s"
    )
    ratio = hub_cpu / cpu
    told = f"{rate:,.0f}/s, {cpu:.0f} µs, {ratio:.2f} x hub"
    say("durable relay, without search", told, ">= 0.28 x the bare hub", ratio >= 0.28)


async def bench_crowd(folder: Path, count: int = 10_000) -> None:
    """Memory, latency and storm with idle visitors around."""
    crowd.load_apart()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    data = folder / "crowd"
    site, port = init(data), free_port()
    server = l2s(data, port)
    start = server.memory
    say("memory right after start", f"{start / 2**20:.0f} MB", "<= 70 MB", start <= 70 * 2**20)
    idle, cpu = crowd.Crowd(port, site), server.cpu
    took, load = await idle.join(count)
    each = (server.memory - start) / count
    say(f"memory of an idle visitor at {count:,}", f"{each / 1000:.1f} KB", "<= 20 KB", each <= 20_000)
    print(
        f"they joined in {took:.1f} s: server {(server.cpu - cpu) / count * 1e6:.0f} µs CPU each, load {load:.1f} s CPU in all"
    )
    say("whole server", f"{server.memory / 2**20:.0f} MB", "<= 260 MB", server.memory <= 260 * 2**20)
    one = relay.Relay(0)
    talkers, _ = await relay.l2s_room(server, site, sign_in(data, port), VISITORS, one)
    delays = await crowd.steady(talkers, one, 1000, 10)
    p50, p99, worst = (delays[int(len(delays) * part)] * 1e3 for part in (0.5, 0.99, 0.99999))
    fine = p50 <= 1 and p99 <= 5 and worst <= 50
    say("relay at 1,000 messages/s beside them", f"p50 {p50:.2f}, p99 {p99:.2f}, worst {worst:.1f} ms", "1 / 5 / 50 ms", fine)
    again, back = await crowd.storm(server, data, idle)
    say(f"storm of {count:,} after kill -9", f"all back in {back:.1f} s", "<= 6 s", back <= 6)
    again.stop()


def bench_start(folder: Path) -> None:
    """From exec to the first served request."""
    data = folder / "start"
    init(data)

    def start(make: object) -> float:
        times = []
        for _ in range(5):
            process: Process = make()  # type: ignore[operator]
            times.append(process.ready)
            process.stop()
        return statistics.median(times)

    bare = start(lambda: hub(free_port()))
    own = start(lambda: l2s(data, free_port()))
    told = f"{own * 1e3:.0f} ms, {own / bare:.2f} x bare aiohttp ({bare * 1e3:.0f} ms)"
    say("cold start to the first request", told, "<= 1.8 x bare aiohttp", own / bare <= 1.8)


def bench_bytes(folder: Path) -> None:
    """What the wire carries before the click, as served."""
    data = folder / "bytes"
    site, port = init(data), free_port()
    server = l2s(data, port)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/l2s.js?site={site}", headers={"Accept-Encoding": "gzip"})
    body = urllib.request.urlopen(request).read()
    size = len(body)
    say("widget before a click (gzip)", f"{size} B, {len(gzip.decompress(body))} B plain", "<= 3,000 B", size <= 3000)
    server.stop()


def main() -> None:
    chosen = sys.argv[1:] or ["bytes", "start", "browser", "relay", "slow", "crowd"]
    with tempfile.TemporaryDirectory(prefix="l2s-bench-", dir="/var/tmp") as place:
        folder = Path(place)
        machine(folder)
        if "bytes" in chosen:
            bench_bytes(folder)
        if "start" in chosen:
            bench_start(folder)
        if "browser" in chosen:
            asyncio.run(browser.bench(folder, say))
        if "relay" in chosen:
            asyncio.run(bench_relay(folder))
        if "slow" in chosen:
            asyncio.run(slow.bench(folder, say, VISITORS, SECONDS))
        if "crowd" in chosen:
            asyncio.run(bench_crowd(folder))


if __name__ == "__main__":
    main()
