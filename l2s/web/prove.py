"""`l2s prove`: an ordinary visitor with canaries goes through the public door of the running server; what is found in its bytes
is compared with the public declaration, in both directions; then the visitor is erased, the server scrubbed, and all searched
again. `--public URL` does what can be done from outside.

The expectation comes from capture.json alone. What the host does at the box (the scrub, and the erasure before its day is over)
goes through the control socket, and the certificate says so.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from l2s.clock import RealClock
from l2s.config import Settings
from l2s.errors import BadInput, Broken
from l2s.outbound.witness import Door, Page, Refused, Witness
from l2s.privacy.policy import Choice, Declaration, from_json, permits, rule_of
from l2s.privacy.search import canary, forms, hidden, hits
from l2s.privacy.traces import loopback, traces
from l2s.web import judging
from l2s.web.certificate import Certificate, Difference, Drawn, Erased, Head, Version, begun, earlier
from l2s.web.hostdoor import call
from l2s.web.judging import Person
from l2s.web.lock import holder
from l2s.web.places import CHAT, Places, needles_of

TRIES: Final = 3
VERSIONS: Final = 400  # a server that names more of them is not believed
WHO: Final = ("visitor", "objector")


async def prove(settings: Settings, site: str | None, logs: Sequence[Path], folder: Path | None) -> tuple[Certificate, Drawn]:
    """The running server of a data directory. Raises Broken where there is none, or it cannot be reached."""
    data = Path(settings.data)
    if holder(data) is None:
        raise Broken(f"No server runs on {data}. Start `l2s serve` first, or name its directory with --data.")
    told = await call(settings, "door", {})
    chosen = _chosen(told["sites"], site)
    made = begun(RealClock(), told["origin"] + told["path"], chosen["id"], outside=False)
    made.heads.append(Head(**told["head"]))
    places = Places(data, logs)
    door = Door(told["url"], told["origin"], "127." if told["url"].startswith("http://127.") else "")
    seed = await asyncio.to_thread(_fresh, places, door)
    async with _visitors(door, chosen["id"], seed) as pair:
        run = Run(made, pair, folder)
        rules = await run.visit()
        await run.search(places, rules, erased=False)
        run.judge(rules)
        await run.erase(settings)
        await run.search(places, rules, erased=True)
        await run.receipts()
        await run.moved()
        run.finish(rules, in_bytes=True)
    told = await call(settings, "door", {})
    made.heads.append(Head(**told["head"]))
    if told["broken"] is not None or made.heads[1].position < made.heads[0].position:
        made.differ([Difference("", "ledger")])
    return made, Drawn(chosen["language"])


async def prove_public(url: str, site: str | None, folder: Path | None) -> tuple[Certificate, Drawn]:
    """Any l2s, from outside."""
    if not site:
        raise Broken("Name the site with --site KEY: it stands in the address of its script tag, after `site=`.")
    base = url.rstrip("/")
    scheme, _, rest = base.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise Broken(f"--public {url}: that is no address like https://chat.example.com.")
    made = begun(RealClock(), base, site, outside=True)
    door = Door(base, f"{scheme}://{rest.partition('/')[0]}")
    async with _visitors(door, site, secrets.token_hex(16)) as pair:
        run = Run(made, pair, folder)
        rules = await run.visit()
        run.judge(rules)
        await run.wish()
        await run.moved()
        run.finish(rules, in_bytes=False)
    return made, Drawn("en")


def _chosen(sites: list[dict[str, str]], site: str | None) -> dict[str, str]:
    found = [one for one in sites if site in (None, one["id"])]
    if not found:
        raise Broken(f"No site {site} on this server." if site else "This server has no site yet.")
    if len(found) > 1:
        raise Broken(f"This server has {len(found)} sites. Choose one with --site: {', '.join(one['id'] for one in found)}.")
    return found[0]


def _fresh(places: Places, door: Door) -> str:
    """The seed of canaries that lie nowhere yet, so that every hit is this run's."""
    for _ in range(TRIES):
        seed = secrets.token_hex(16)
        one, other = (needles_of(person) for person, _ in _pair(door, seed))
        if not one.keys() & other.keys() and not places.look(one | other)[0]:
            return seed
    raise Broken("Every canary that was drawn lies in the files already. That cannot be chance: look at the disk.")


def _pair(door: Door, seed: str) -> list[tuple[Person, Door]]:
    """One who takes the site as it is, and one whose browser objects, each from an address of their own if need be."""
    found = []
    for who in WHO:
        mine = msgspec.structs.replace(door, address=loopback(f"{seed}{who}") if door.address else "")
        found.append((Person(who, traces(f"{seed}{who}", door.origin, mine.address)), mine))
    return found


@asynccontextmanager
async def _visitors(door: Door, site: str, seed: str) -> AsyncGenerator[list[tuple[Person, Witness]]]:
    async with AsyncExitStack() as stack:
        pair = []
        for person, mine in _pair(door, seed):
            witness = Witness(mine, site, person.sent, person.who == WHO[1])
            pair.append((person, await stack.enter_async_context(witness)))
        yield pair


class Run:
    """One run: both visitors and the certificate that grows."""

    def __init__(self, made: Certificate, pair: list[tuple[Person, Witness]], folder: Path | None) -> None:
        self.made = made
        self.pair = pair
        self.before = earlier(folder, made.server, made.site)
        self._backups: set[str] = set()
        made.known_before = len(self.before)
        made.addresses = [witness.door.address for _, witness in pair if witness.door.address]
        self._check_self()

    def _check_self(self) -> None:
        word = canary(secrets.token_hex(16))
        if not all(hits(forms(word), place) for place in hidden(word)):
            self.made.differ([Difference("", "self_test")])
        self.made.canaries = sum(len(trace.words) for person, _ in self.pair for trace in person.sent.values())

    async def visit(self) -> Declaration:
        """Pages, then words; returns the rules that the public JSON declares."""
        made, base = self.made, f"/privacy/{self.made.site}"
        capture = await self._json(f"{base}/capture.json")
        try:
            rules = from_json("site", capture["classes"])
        except (BadInput, KeyError):
            raise Broken(f"{made.server}: its capture.json is of another l2s. Use one of the same version.") from None
        made.version, made.hash = capture["version"], capture["hash"]
        witness = self.pair[0][1]
        query = self.pair[0][0].sent["page"].words[2][0]
        pages = [await witness.page(path) for path in (f"/l2s.js?site={made.site}", f"/chat/{made.site}?q={query}")]
        notice = await witness.page(f"{base}?lang=en")
        made.differ(judging.by_pages(pages, notice, capture, witness.door.origin))
        told = await self._versions(base, capture["version"])
        made.versions = [Version(one["version"], one["state"], one["hash"]) for one in told]
        made.differ(judging.by_versions(told, capture, self.before))
        if not permits(rule_of(rules, "device_token"), Choice.OBJECTED):
            raise Broken("This site keeps no device token of everybody: what a visitor left could not be erased by them again.")
        for person, witness in self.pair:
            await self._write(person, witness, rules)
        made.forwarded = any([judging.settled(person, rules) for person, _ in self.pair])
        return rules

    async def _json(self, path: str) -> dict[str, Any]:
        return _decoded(await self.pair[0][1].page(path), self.made.server)

    async def _versions(self, base: str, version: int) -> list[dict[str, Any]]:
        """All of them: those that wait come after the one in force."""
        told: list[dict[str, Any]] = []
        while len(told) < VERSIONS:
            page = await self.pair[0][1].page(f"{base}/versions/{len(told) + 1}.json")
            if page.status == 404 and len(told) >= version:
                break
            told.append(_decoded(page, self.made.server))
        return told

    async def _write(self, person: Person, witness: Witness, rules: Declaration) -> None:
        """What this visitor leaves, and what My data tells them of it."""
        law = (await witness.arrive())["law"]
        person.choice = Choice.OBJECTED if witness.objects else Choice.TICKED if law["asks"] else Choice.NONE
        try:
            person.chat = await witness.write(law)
            person.wrote = True
        except Refused as problem:
            if permits(rule_of(rules, "message"), person.choice):
                self.made.differ([Difference("message", "refused", problem.code, person.who)])
        person.data = await witness.ask("my_data", "my_data")

    async def search(self, places: Places, rules: Declaration, erased: bool) -> None:
        """All bytes: before the erasure against the declaration, after it against nothing at all."""
        named = {needle: key for person, _ in self.pair for needle, key in needles_of(person).items()}
        found, seen = await asyncio.to_thread(places.look, named)
        self.made.searched = seen
        backups = {one.name for one in seen if one.name.startswith("backups/")}
        if not erased:
            self._backups = backups
            for person, _ in self.pair:
                mine = {(name, word): files for (who, name, word), files in found.items() if who == person.who}
                self.made.differ(judging.by_bytes(person, rules, mine))
            return
        self.made.newer_backups = sorted(backups - self._backups)
        persons = {person.who: person for person, _ in self.pair}
        for (who, name, _), files in found.items():
            where = ", ".join(file for file in files if file not in self.made.newer_backups)
            if where:
                cls = "message" if name == CHAT else persons[who].sent[name].cls
                self.made.differ([Difference(cls, "stays", where, who)])

    def judge(self, rules: Declaration) -> None:
        """My data against the rules."""
        for person, _ in self.pair:
            self.made.differ(judging.by_my_data(person, rules))

    def finish(self, rules: Declaration, in_bytes: bool) -> None:
        """The table of classes."""
        persons = [person for person, _ in self.pair]
        self.made.classes = judging.judged(rules, persons, self.made.differences, in_bytes)

    async def wish(self) -> None:
        """Both ask to be erased; the server tells when."""
        for person, witness in self.pair:
            if not person.wrote:
                continue
            try:
                told = await witness.ask("erase_me", "my_data")
            except Refused as problem:
                self.made.differ([Difference("", "wish", problem.code, person.who)])
                continue
            if not told["erase_at"] or told["erase_at"] <= told["now"]:
                self.made.differ([Difference("", "wish", "", person.who)])
            person.wish = told["erase_at"] or 0
            self.made.erased.append(Erased(person.who, person.wish))

    async def erase(self, settings: Settings) -> None:
        """The wish is carried out before its day is over, by the same action, and the bytes are overwritten."""
        await self.wish()
        for person, witness in self.pair:
            if person.wish:
                await call(settings, "erase_wished", {"chat": person.chat})
                person.receipt = (await witness.hear("forgotten"))["receipt"] or {}
        if not (await call(settings, "scrub", {}))["done"]:
            self.made.differ([Difference("", "scrub")])

    async def receipts(self) -> None:
        """The public receipt says now that the bytes are overwritten."""
        self.made.erased = []
        for person, _ in self.pair:
            if not person.wish:
                continue
            code = str(person.receipt.get("code", ""))
            told = await self._json(f"/receipt/{code}.json") if code else {}
            if not told.get("overwritten_at"):
                self.made.differ([Difference("", "receipt", code, person.who)])
            self.made.erased.append(Erased(person.who, person.wish, code, told.get("overwritten_at")))

    async def moved(self) -> None:
        """Another declaration by now: nothing of this run can be held against it."""
        capture = await self._json(f"/privacy/{self.made.site}/capture.json")
        if capture["hash"] != self.made.hash:
            self.made.differ([Difference("", "moved")])


def _decoded(page: Page, server: str) -> dict[str, Any]:
    """A page for programs. Raises Broken where it is none."""
    try:
        if page.status == 200:
            told: dict[str, Any] = msgspec.json.decode(page.body, type=dict[str, Any])
            return told
    except msgspec.DecodeError:
        pass
    raise Broken(f"{server}{page.path} is not what an l2s answers there (status {page.status}). Check address and site key.")
