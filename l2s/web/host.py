"""What the host may do at the box: the same verbs through the running server's socket, or on a database that nobody serves.

The socket is 0600 in a 0700 directory; whoever can open it is the host.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from l2s.actions import audit, disclosures, doctor, erasure, factors, holds, people, retention, sites, timers
from l2s.actions.house import House
from l2s.actions.people import NAME_MAX, hash_password
from l2s.actions.sites import NewOwner, checked_site
from l2s.clock import DAY
from l2s.config import is_address
from l2s.domain import bundles
from l2s.domain.people import HOST
from l2s.domain.text import mail_address, one_line
from l2s.errors import BadInput, Broken, Conflict, L2sError
from l2s.jobs.loop import overwrite
from l2s.jobs.retention import Run
from l2s.privacy.erasure import BACKUP_DAYS
from l2s.privacy.ledger import GENESIS, first_break
from l2s.store import accounts, backup, ledger
from l2s.store.disclosures import everywhere as everything_asked
from l2s.store.erasure import scrub as scrubbed
from l2s.store.holds import everywhere
from l2s.web.live import Live
from l2s.web.urls import Urls

Args = dict[str, Any]
Verb = Callable[[House, Urls, Args], Awaitable[Args]]


async def make_account(house: House, urls: Urls, args: Args) -> Args:
    """`l2s init`: the first account, or one more by name."""
    existing = await house.engine.read(accounts.account_ids)
    if existing and not args.get("account"):
        raise Conflict("initialised_already")
    mail = mail_address(args["owner_email"])
    name = one_line(args.get("owner_name") or mail.partition("@")[0], NAME_MAX, "bad_name")
    password = args.get("password")
    if password:
        password = hash_password(people.checked_password(password, mail, name))
    controller = args.get("controller") or args.get("account") or args["site_name"]
    new = checked_site(args["site_name"], args["origins"], controller, args.get("contact") or mail, args.get("language", "en"))
    made = await house.engine.write(sites.make_account(house, new, NewOwner(name, mail, password)))
    answer: Args = {**made._asdict(), "tag": urls.tag(made.site), "notice": urls.full(f"/privacy/{made.site}")}
    if not password:
        answer["link"] = await _link(house, urls, mail)
    return answer


async def _link(house: House, urls: Urls, mail: str) -> str:
    secret = await house.engine.write(people.user_link(house, HOST, mail))
    return urls.full(f"/link/{secret}")


async def user_link(house: House, urls: Urls, args: Args) -> Args:
    """`l2s user link EMAIL`: a way back in."""
    return {"link": await _link(house, urls, args["mail"])}


async def user_add(house: House, urls: Urls, args: Args) -> Args:
    """`l2s user add EMAIL`: an invitation."""
    known = await house.engine.read(accounts.account_ids)
    account = args.get("account") or (known[0] if known else "")
    if account not in known:
        raise BadInput("unknown_account")
    name = args.get("name") or args["mail"].partition("@")[0]
    secret = await house.engine.write(people.invite(house, HOST, account, args["mail"], name, args.get("role", "operator")))
    return {"link": urls.full(f"/link/{secret}")}


async def factor_off(house: House, urls: Urls, args: Args) -> Args:
    """`l2s user factor-off EMAIL`: for somebody who lost phone and recovery codes."""
    await house.engine.write(factors.turn_off_for(house, people.mail_key(house, mail_address(args["mail"]))))
    return {}


async def owner_link(house: House, urls: Urls, args: Args) -> Args:
    """The first link again, while there is no owner."""
    secret = await house.engine.write(sites.first_link(house))
    return {"link": urls.full(f"/link/{secret}") if secret else ""}


async def audit_verify(house: House, _: Urls, args: Args) -> Args:
    """`l2s audit verify`: does every line follow from the one before?"""
    return (await house.engine.read(audit.verify))._asdict()


async def make_backup(house: House, _: Urls, args: Args) -> Args:
    """`l2s backup`: one file, made while the server serves, verified, and deleted after its days."""
    at, data = house.clock.at(), Path(house.settings.data)
    folder = Path(args["to"]) if args.get("to") else data / backup.FOLDER
    target = folder if args.get("to") and not folder.is_dir() else folder / backup.name_of(at)
    made = await asyncio.to_thread(backup.make, data, target, at, at + BACKUP_DAYS * DAY)
    await house.engine.write(audit.note_everywhere(house, "make_backup"))
    return {"file": made.file, "bytes": made.bytes, "sha256": made.sha256, "delete_by": made.delete_by}


async def purge(house: House, urls: Urls, args: Args) -> Args:
    """`l2s purge`: what has expired goes now; with `dry_run` it is only counted."""
    if args.get("dry_run"):
        found = await house.engine.read(lambda sql: retention.dry_run(house, sql))
    else:
        found = await Run(house).whole()
    report: Args = msgspec.to_builtins(found)
    return report


async def disclosure_list(house: House, urls: Urls, args: Args) -> Args:
    """`l2s disclosure list`: what was asked for and given out, of every account."""
    return {"disclosures": msgspec.to_builtins(await house.engine.read(everything_asked))}


async def disclosure_approve(house: House, urls: Urls, args: Args) -> Args:
    """`l2s disclosure approve ID`: the second person, where an account has one admin."""
    await house.engine.write(disclosures.approve_alone(house, args["id"]))
    return {}


def _bundle(path: Path) -> bundles.Checked:
    try:
        if path.stat().st_size > bundles.MOST:
            raise Broken(f"{path} is larger than any bundle that leaves here.")
        return bundles.check(path.read_bytes())
    except OSError as problem:
        raise Broken(f"{path}: cannot be read ({problem.strerror}). Check the path.") from None


async def disclosure_verify(house: House, urls: Urls, args: Args) -> Args:
    """`l2s disclosure verify FILE`: is it a bundle that left here, unchanged? The file is read at this very box."""
    checked = await asyncio.to_thread(_bundle, Path(args["file"]))
    return await house.engine.read(lambda sql: disclosures.verified(checked, sql))


async def hold_list(house: House, urls: Urls, args: Args) -> Args:
    """`l2s hold list`: every hold of every account."""
    return {"holds": msgspec.to_builtins(await house.engine.read(everywhere))}


async def hold_approve(house: House, urls: Urls, args: Args) -> Args:
    """`l2s hold approve ID`: the second person, where an account has one admin."""
    await house.engine.write(holds.approve_alone(house, args["id"]))
    return {}


def _near(host: str) -> str:
    """How a listening address is reached from this machine."""
    if host == "localhost":
        return "127.0.0.1"
    if is_address(host) and ipaddress.ip_address(host).is_unspecified:
        return "[::1]" if ":" in host else "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def door(house: House, urls: Urls, args: Args) -> Args:
    """Where the public door is, which sites stand behind it, and the ledger's head: nothing that a visitor could not learn."""
    near = _near(house.settings.host)
    own = near if near in ("127.0.0.1", "[::1]") else "127.0.0.1"  # the names that it answers to while public_url is unset
    known = await house.engine.read(accounts.sites)
    entries = await house.engine.read(ledger.everything)
    return {
        "url": f"http://{near}:{urls.port}{urls.path}",
        "origin": urls.origin(f"{own}:{urls.port}"),
        "path": urls.path,
        "sites": [{"id": one.id, "name": one.name, "language": one.language} for one in known],
        "head": {"position": entries[-1].position, "hash": entries[-1].hash} if entries else {"position": 0, "hash": GENESIS},
        "broken": first_break(entries),
    }


async def erase_wished(house: House, urls: Urls, args: Args) -> Args:
    """`l2s prove`: the wish of a chat's visitor is carried out before its day is over, by what the due-table would call."""
    visitor = await house.engine.read(lambda sql: erasure.wished(str(args["chat"]), sql))
    await house.engine.write(timers.fire(house, erasure.ERASE_DUE, visitor))
    return {}


async def scrub(house: House, urls: Urls, args: Args) -> Args:
    """`l2s prove`: overwrite freed bytes now, as every night."""
    return {"done": await overwrite(house, lambda: house.engine.maintain(scrubbed))}


async def examine(house: House, urls: Urls, args: Args) -> Args:
    """`l2s doctor`: what is not as it should be."""
    return {"lines": msgspec.to_builtins(await doctor.examine(house))}


VERBS: Final[dict[str, Verb]] = {
    "make_account": make_account,
    "user_link": user_link,
    "user_add": user_add,
    "factor_off": factor_off,
    "owner_link": owner_link,
    "make_backup": make_backup,
    "audit_verify": audit_verify,
    "purge": purge,
    "disclosure_list": disclosure_list,
    "disclosure_approve": disclosure_approve,
    "disclosure_verify": disclosure_verify,
    "hold_list": hold_list,
    "hold_approve": hold_approve,
    "door": door,
    "erase_wished": erase_wished,
    "scrub": scrub,
    "doctor": examine,
}


def host_app(live: Live, urls: Urls) -> web.Application:
    """The application behind the unix socket."""

    async def answer(request: web.Request) -> web.Response:
        verb = VERBS.get(request.match_info["verb"])
        if verb is None:
            return web.json_response({"error": "unknown_verb"}, status=404)
        try:
            return web.json_response(await verb(live.house, urls, await request.json()))
        except Broken as problem:
            return web.json_response({"error": "broken", "text": problem.text}, status=500)
        except L2sError as problem:
            return web.json_response({"error": problem.code, "data": problem.data}, status=problem.status)

    app = web.Application()
    app.router.add_post("/{verb}", answer)
    return app
