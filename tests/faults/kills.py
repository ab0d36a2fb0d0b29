"""Kills the real server 200 times and compares what was promised with what is there.

    python tests/faults/kills.py --kills 200 --acks 50000 --seed N [--python EXE]

Another tree is run by PYTHONPATH=THAT_TREE (the server starts in an empty folder), another interpreter by `--python`.

20 visitors with a chat each in 2 accounts, five of them in two tabs, and 3 console sockets per account (an owner twice, an
operator once; one of them reads slowly through a narrow socket) write without pause: replies, notes, repeats of acked texts,
other texts under used ids. Half of the kills are SIGKILLs from outside, the others happen inside the server at a failpoint that
SIGUSR2 arms; either only while 10 sends or more are on the wire unacked. After each cut everybody resumes by the rules of
wire.py; here and there a tab is closed with its unacked texts in it (they stay unknown), and now and then a visitor goes and
another comes (first sends die as well). At the end the server is killed once more and everything is read again by a fresh hello
of each visitor and a fresh sign-in of each user.
The last four counts must be 0, and each failpoint must have been hit by a tenth of the kills; else the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults.checker import Report, View, check
from tests.faults.people import Console, Seat, Tab, Visitor
from tests.faults.server import FAILPOINTS, Account, Server, Trouble, narrow, session
from tests.faults.wire import Book, Client

UNACKED = 10  # a kill counts only while so many sends are unanswered
VISITORS, TWO_TABS = 20, 5
GONE = 0.03  # chance of a tab to be closed at a cut
DAWDLE = 0.05  # seconds that the slow consoles lose over some messages
TURN = 8  # kills after which a visitor goes and another comes


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    kills: int
    acks: int
    seed: int
    python: str = sys.executable
    visitors: int = VISITORS


@dataclass
class Outcome:
    """What came out."""

    report: Report
    kills: int
    acks: int
    hits: Counter[str] = field(default_factory=Counter)
    refusals: Sequence[str] = ()

    def missed(self) -> list[str]:
        """Failpoints that were hit by less than a tenth of the kills."""
        return [name for name in FAILPOINTS if self.hits[name] < self.kills // 10]

    def text(self) -> str:
        """The figures, one block."""
        hits = "  ".join(f"{name} {self.hits[name]}" for name in FAILPOINTS)
        unexpected = [f"  unexpected refusal: {text}" for text in self.refusals[:5]]
        head = f"kills {self.kills}  acks {self.acks}  unknowns {self.report.unknown}  refused {self.report.refused}"
        return "\n".join([head, f"failpoints  {hits}", *self.report.lines(), *unexpected])


class Run:
    """One run: the server, the journal and everybody who talks."""

    def __init__(self, plan: Plan, folder: Path, http: aiohttp.ClientSession, narrow_http: aiohttp.ClientSession) -> None:
        self.plan = plan
        self.http = http
        self.narrow_http = narrow_http
        self.server = Server(folder, plan.python)
        self.book = Book()
        self.chance = random.Random(plan.seed)
        self.up = asyncio.Event()
        self.accounts: list[Account] = []
        self.visitors: list[Visitor] = []
        self.seats: list[Seat] = []
        self.clients: list[Client] = []
        self.views: list[View] = []
        self.hits: Counter[str] = Counter()
        self.kills = 0
        self._tasks: dict[Client, asyncio.Task[None]] = {}

    async def go(self) -> Outcome:
        """Everything, in order."""
        began = time.monotonic()
        try:
            await self._furnish()
            while self.kills < self.plan.kills:
                await self._round()
                if self.kills % 10 == 0:
                    seconds = time.monotonic() - began
                    print(f"{self.kills} kills, {self.book.acks} acks, {seconds:.0f} s, {dict(self.hits)}", flush=True)
            await self._rest()
            await self._read_again()
        finally:
            await self._stop(self.clients)
            await self.server.close()
        report = check(self.book.sent.values(), self.views, self.book.homes)
        return Outcome(report, self.kills, self.book.acks, self.hits, self.book.refusals)

    async def _furnish(self) -> None:
        """Two accounts with a site and two users each, all signed in, and the first visitors."""
        for name in ("north", "south"):
            self.accounts.append(await self.server.add_account(name, operators=1))
        await self.server.start()
        for account in self.accounts:
            for part, mail in enumerate(account.mails):
                cookie = await self.server.sign_in(self.http, account, mail)
                self.seats.append(Seat(account.id, cookie, part))
        await self._die()
        for number, seat in enumerate(self.seats):
            for socket in range(2 - seat.part):
                view = View(f"u{number}.{socket}", seat.account)
                console = Console(self.book, seat, view, 6, self._dice(), primary=socket == 0)
                console.dawdles = DAWDLE * socket
                self._join(console)
        for number in range(self.plan.visitors):
            self._arrive(2 if number < TWO_TABS else 1)

    def _dice(self) -> random.Random:
        return random.Random(self.chance.random())

    def _join(self, client: Client) -> None:
        self.clients.append(client)
        self.views.append(client.view)
        http = self.narrow_http if client.dawdles else self.http
        self._tasks[client] = asyncio.create_task(client.run(http, self.server.origin, self.up))
        self._tasks[client].add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.book.failure = task.exception()
            self.book.changed()

    def _arrive(self, tabs: int) -> None:
        number = len(self.visitors)
        account = self.accounts[number % len(self.accounts)]
        visitor = Visitor(f"v{number}", account.id, account.site, secrets.token_urlsafe(24))
        self.visitors.append(visitor)
        for tab in range(tabs):
            view = View(f"{visitor.name}.{tab}", account.id, visitor.name)
            self._join(Tab(self.book, visitor, view, self.chance.randint(1, 6), self._dice()))

    async def _turn_over(self) -> None:
        """A visitor goes for good, with or without unacked texts; another one comes with as many tabs."""
        leaving = self.chance.choice([client for client in self.clients if isinstance(client, Tab)]).visitor
        tabs = [client for client in self.clients if isinstance(client, Tab) and client.visitor is leaving]
        await self._stop(tabs)
        for tab in tabs:
            tab.view.whole = False
            self.clients.remove(tab)
        self._arrive(len(tabs))

    async def _stop(self, clients: Sequence[Client]) -> None:
        tasks = [self._tasks[client] for client in clients]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _unacked(self) -> int:
        return sum(client.on_the_wire() for client in self.clients)

    async def _until(self, ready: object, what: str) -> None:
        assert callable(ready)
        await self.book.until(ready, what, lambda: f"{self._told()}\n{self.server.log()}")

    def _told(self) -> str:
        waiting = [client for client in self.clients if not client.settled()]
        return "; ".join(f"{c.view.party} pending {len(c.pending)} {c.problem}" for c in waiting[:8])

    async def _round(self) -> None:
        """Start, let them talk, kill."""
        point = FAILPOINTS[self.kills // 2 % len(FAILPOINTS)] if self.kills % 2 else ""
        await self.server.start(point)
        self.up.set()
        share = max(0, self.plan.acks - self.book.acks) / (self.plan.kills - self.kills)
        goal = self.book.acks + (0 if self.chance.random() < 0.1 else share * self.chance.uniform(0.5, 1.5))
        await self._until(lambda: self.book.acks >= goal and self._unacked() >= UNACKED, f"{goal:.0f} acks")
        unacked = await self._die(point)
        if unacked >= UNACKED:
            self.kills += 1
            self.hits[point or "outside"] += 1
        for client in self.clients:
            if self.chance.random() < GONE:
                client.abandon()
        if self.kills % TURN == 0:
            await self._turn_over()

    async def _die(self, point: str = "") -> int:
        """End the server the hard way; how many sends were unanswered then."""
        self.server.send(signal.SIGUSR2 if point else signal.SIGKILL)
        unacked = self._unacked()
        ended = await self.server.gone()
        self.up.clear()
        self.book.starts += 1
        if ended != -signal.SIGKILL:
            raise Trouble(f"the server ended with {ended}, not by the kill ({point or 'outside'}): {self.server.log()}")
        return unacked

    async def _rest(self) -> None:
        """Everybody gets the answers that are due, then asks once more: what was published is there before the pong."""
        await self.server.start()
        self.up.set()
        await self._until(lambda: self.book.acks >= self.plan.acks, f"{self.plan.acks} acks")
        self.book.flowing = False
        await self._until(lambda: all(client.settled() for client in self.clients), "the last answers")
        for client in self.clients:
            client.pongs = 0
            await client.say("ping")
        await self._until(lambda: all(client.pongs and client.settled() for client in self.clients), "pongs")
        await self._stop(self.clients)
        await self._die()

    async def _read_again(self) -> None:
        """After one more kill: a fresh hello of each visitor that ever came, a fresh sign-in of each user."""
        self.clients = []
        await self.server.start()
        mails = [(account, part, mail) for account in self.accounts for part, mail in enumerate(account.mails)]
        for number, (account, part, mail) in enumerate(mails):
            seat = Seat(account.id, await self.server.sign_in(self.http, account, mail), part)
            self._join(Console(self.book, seat, View(f"u{number}.fresh", account.id), 0, self._dice()))
        for visitor in self.visitors:
            view = View(f"{visitor.name}.fresh", visitor.account, visitor.name)
            self._join(Tab(self.book, visitor, view, 0, self._dice()))
        self.up.set()
        await self._until(lambda: all(client.settled() for client in self.clients), "the fresh readers")


async def run(plan: Plan) -> Outcome:
    """A whole run in a temporary folder, which is kept where something was found."""
    folder = Path(tempfile.mkdtemp(prefix="l2s-kills-"))
    async with session() as http, session(narrow) as narrow_http:
        outcome = await Run(plan, folder, http, narrow_http).go()
    if outcome.report.clean:
        shutil.rmtree(folder)
    else:
        print(f"kept: {folder}", flush=True)
    return outcome


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--acks", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--python", default=sys.executable)
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    try:
        outcome = asyncio.run(run(Plan(asked.kills, asked.acks, asked.seed, asked.python)))
    except Trouble as problem:
        print(f"stopped: {problem}", flush=True)
        return 1
    print(outcome.text())
    return 0 if outcome.report.clean and not outcome.missed() else 1


if __name__ == "__main__":
    sys.exit(main())
