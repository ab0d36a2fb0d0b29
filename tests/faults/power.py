"""Power, not only process: no acknowledgement leaves before the disk was told to keep its message.

    python tests/faults/power.py --messages 500 --seed N [--python EXE]

A kill cannot see a missing fsync: the kernel still holds the pages. So the server runs under strace, and the order of its
system calls is the proof. For each message: the first write of its text into the WAL, then an fdatasync (or fsync) of the
WAL that starts after that write has returned, then, after that has returned, the first frame with its text on any socket,
whoever it is for. The premise comes first: every message was found in a WAL write and in a frame, and no string in the trace
was cut short.
Another tree is run by PYTHONPATH=THAT_TREE, as in kills.py.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import secrets
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults.checker import MARK, View
from tests.faults.people import Console, Seat, Tab, Visitor
from tests.faults.server import Server, Trouble, session
from tests.faults.wire import Book, Client

SOCKETS: Final = 16  # visitors; 64 messages at once are four on each, below any bound of commands in flight
MOST: Final = 64  # messages in a group
CALLS: Final = "write,writev,pwrite64,pwritev,sendto,sendmsg,fdatasync,fsync"
_CALL: Final = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)")
_RESUMED: Final = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>")
_CUT: Final = re.compile(r'(?<!\\)"\.\.\.')
_TARGET: Final = re.compile(r"\d+<(?P<path>[^>]*)>")


class Call(NamedTuple):
    """One system call: where in the trace it began and returned, what it went to, and the marks of the texts in it."""

    name: str
    path: str
    began: int
    ended: int
    marks: frozenset[str]
    cut: bool

    @property
    def on_wal(self) -> bool:
        """Does it go to the write-ahead log?"""
        return self.path.endswith("-wal")


@dataclass(frozen=True)
class Verdict:
    """What the trace says. `groups`: how many messages each fdatasync made durable → how often."""

    messages: int
    unwritten: Sequence[str]
    unsent: Sequence[str]
    early: Sequence[str]
    cut: int
    groups: Counter[int]

    @property
    def premise(self) -> bool:
        """Was everything seen that the proof is about?"""
        return not (self.unwritten or self.unsent or self.cut) and self.messages > 0

    def text(self) -> str:
        """The figures."""
        sizes = f"{min(self.groups)} to {max(self.groups)}" if self.groups else "none"
        missing = f"not in the WAL {len(self.unwritten)}  not on a socket {len(self.unsent)}  strings cut short {self.cut}"
        syncs = f"WAL syncs {self.groups.total()}, messages in each: {sizes}"
        return f"messages {self.messages}  {missing}\n{syncs}\nacked before the sync {len(self.early)}"


def calls_in(lines: Iterable[str]) -> Iterator[Call]:
    """The calls of an `strace -f -y` file; one that was interleaved with another thread's is put together again."""
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(lines):
        resumed = _RESUMED.match(line)
        if resumed:
            begun = open_calls.pop(resumed["pid"], None)
            if begun is not None:
                yield begun._replace(ended=number)
            continue
        found = _CALL.match(line)
        target = _TARGET.match(found["rest"]) if found else None
        if found is None or target is None:
            continue
        marks = frozenset(MARK.findall(found["rest"]))
        call = Call(found["name"], target["path"], number, number, marks, _CUT.search(found["rest"]) is not None)
        if line.rstrip().endswith("<unfinished ...>"):
            open_calls[found["pid"]] = call
        else:
            yield call


def judge(calls: Iterable[Call], marks: Sequence[str]) -> Verdict:
    """For each mark: its first WAL write, the first sync that began after it, and the first frame."""
    known = sorted(calls, key=lambda call: call.began)
    sockets = [call for call in known if call.path.startswith(("socket:", "TCP:", "UNIX"))]
    syncs = [call for call in known if call.on_wal and call.name in ("fdatasync", "fsync")]
    writes = [call for call in known if call.on_wal and call.name in ("write", "writev", "pwrite64", "pwritev")]
    written, sent = _first(writes), _first(sockets)
    groups: Counter[int] = Counter()
    early = []
    for mark in (mark for mark in marks if mark in written and mark in sent):
        sync = next((call for call in syncs if call.began > written[mark].ended), None)
        if sync is not None:
            groups[sync.began] += 1
        if sync is None or sync.ended >= sent[mark].began:
            early.append(mark)
    return Verdict(
        len(marks),
        [mark for mark in marks if mark not in written],
        [mark for mark in marks if mark not in sent],
        early,
        sum(call.cut for call in (*writes, *sockets)),
        Counter(groups.values()),
    )


def _first(calls: Iterable[Call]) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for call in calls:
        for mark in call.marks:
            found.setdefault(mark, call)
    return found


async def run(messages: int, seed: int, python: str = sys.executable) -> Verdict:
    """Trace a server while visitors write, and judge."""
    folder = Path(tempfile.mkdtemp(prefix="l2s-power-"))
    trace = folder / "trace"
    # -s: longer than any joined write of 64 frames
    strace = ("strace", "-f", "-y", "-o", str(trace), "-e", f"trace={CALLS}", "-e", "signal=none", "-s", "1000000")
    if shutil.which("strace") is None:
        raise Trouble("strace is not installed (Debian: apt-get install strace)")
    server = Server(folder, python, strace)
    try:
        async with session() as http:
            marks = await _talk(server, http, messages, random.Random(seed))
    finally:
        await server.close()
    with trace.open(errors="replace") as lines:
        verdict = judge(calls_in(lines), marks)
    if verdict.premise and not verdict.early:
        shutil.rmtree(folder)
    else:
        print(f"kept: {folder}", flush=True)
    return verdict


async def _talk(server: Server, http: aiohttp.ClientSession, messages: int, chance: random.Random) -> list[str]:
    """Visitors on several sockets send in groups, each group at once and wholly answered; a console follows every chat."""
    account = await server.add_account("north", operators=0)
    await server.start()
    book, up = Book(), asyncio.Event()
    seat = Seat(account.id, await server.sign_in(http, account, account.mails[0]), 0)
    tabs: list[Tab] = []
    for number in range(SOCKETS):
        visitor = Visitor(f"v{number}", account.id, account.site, secrets.token_urlsafe(24))
        tabs.append(Tab(book, visitor, View(f"{visitor.name}.0", account.id, visitor.name), 0, chance))
    clients: list[Client] = [Console(book, seat, View("u0.0", account.id), 0, chance), *tabs]
    tasks = [asyncio.create_task(client.run(http, server.origin, up)) for client in clients]
    up.set()
    try:
        await book.until(lambda: all(client.settled() for client in clients), "the first hello", server.log)
        while len(book.sent) < messages:
            for number in range(min(chance.randint(1, MOST), messages - len(book.sent))):
                tab = tabs[number % SOCKETS]
                await tab.push(tab.visitor.name, 1)
            await book.until(lambda: not any(tab.pending for tab in tabs), "the echoes of a group", server.log)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return list(book.sent)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--python", default=sys.executable)
    asked = parser.parse_args()
    try:
        verdict = asyncio.run(run(asked.messages, asked.seed, asked.python))
    except Trouble as problem:
        print(f"stopped: {problem}", flush=True)
        return 1
    print(f"seed {asked.seed}\n{verdict.text()}")
    return 0 if verdict.premise and not verdict.early else 1


if __name__ == "__main__":
    sys.exit(main())
