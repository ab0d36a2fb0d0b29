"""The command line: parses, calls, prints. Imports of weight wait until a command needs them, so `--help` answers at once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from l2s import __version__
from l2s.config import COMMANDS
from l2s.errors import Broken, L2sError

F = TypeVar("F", bound=Callable[..., Any])


def _fail(problem: Exception) -> NoReturn:
    """One line on stderr: what is wrong, and what to do."""
    click.echo(f"l2s: {problem}", err=True)
    sys.exit(problem.exit_code if isinstance(problem, Broken) else 1)


def _common(command: F) -> F:
    """The flags that every command takes."""
    command = click.option("--config", metavar="FILE", help="Settings file (TOML). Also L2S_CONFIG.")(command)
    return click.option("--data", metavar="DIR", help="Directory of the database, the ledger and the key.")(command)


def _settings(config: str | None, **flags: Any) -> Any:
    from l2s.config import load

    try:
        return load(config, os.environ, flags)
    except Broken as problem:
        _fail(problem)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="l2s")
def main() -> None:
    """Live support for your own web sites, on your own box: one command, one script tag."""


@main.command(help=COMMANDS["l2s serve"])
@_common
@click.option("--host", metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, metavar="N", help="Port to listen on (8080).")
@click.option("--public-url", metavar="URL", help="Where browsers reach this server, e.g. https://chat.example.com.")
@click.option("--dev", is_flag=True, help="Serve scripts unjoined and read them anew at each request.")
@click.option("--ledger-lost", is_flag=True, help="ledger.jsonl is gone for good: keep no more than a fresh install would.")
def serve(config: str | None, dev: bool, ledger_lost: bool, **flags: Any) -> None:
    """Serve until it is stopped."""
    loaded = _settings(config, **flags)
    from l2s.web.server import run

    _log(loaded.settings.log_format)
    try:
        asyncio.run(run(loaded, dev=dev, ledger_lost=ledger_lost))
    except Broken as problem:
        _fail(problem)


@main.command(help=COMMANDS["l2s init"])
@_common
@click.option("--owner-email", required=True, metavar="E", help="Mail address of the owner.")
@click.option("--owner-name", metavar="N", help="Name of the owner, as visitors read it.")
@click.option("--password-file", type=click.Path(dir_okay=False), metavar="F", help="File with the owner's password.")
@click.option("--site-name", required=True, metavar="N", help="Name of the site, as visitors read it.")
@click.option("--origin", "origins", multiple=True, required=True, metavar="O", help="Where the tag may stand; repeatable.")
@click.option("--controller", metavar="N", help="Who is responsible for privacy, as the notice names them.")
@click.option("--contact", metavar="C", help="Privacy contact on the notice; the owner's mail address if left out.")
@click.option("--language", type=click.Choice(["en", "de"]), help="Language of the site.")
@click.option("--account", metavar="NAME", help="Add one more account instead of the first.")
def init(config: str | None, data: str | None, password_file: str | None, **args: Any) -> None:
    """Create owner and first site without a browser; prints JSON with the site key and the tag."""
    given = {name: value for name, value in args.items() if value}
    given["origins"] = list(args["origins"])
    if password_file:
        try:
            given["password"] = Path(password_file).read_text("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            _fail(Broken(f"{password_file}: cannot be read as text (UTF-8). Write the password into it as one line."))
        except OSError as problem:
            _fail(Broken(f"{password_file}: cannot be read ({problem.strerror}). Check the path."))
    _print(_host(config, data, "make_account", given))


@main.group()
def user() -> None:
    """Users: links to get in, and invitations."""


@user.command("link", help=COMMANDS["l2s user link"])
@_common
@click.argument("email")
def user_link(config: str | None, data: str | None, email: str) -> None:
    """Print a single-use link that signs EMAIL in."""
    click.echo(_host(config, data, "user_link", {"mail": email})["link"])


@user.command("add", help=COMMANDS["l2s user add"])
@_common
@click.argument("email")
@click.option("--name", metavar="N", help="Name, as visitors read it.")
@click.option("--role", type=click.Choice(["operator", "supervisor", "admin", "owner"]), default="operator", help="Rights.")
@click.option("--account", metavar="ID", help="Account of the user; the first one if left out.")
def user_add(config: str | None, data: str | None, email: str, **args: Any) -> None:
    """Invite EMAIL: print a single-use link to set a password."""
    click.echo(_host(config, data, "user_add", {"mail": email} | {k: v for k, v in args.items() if v})["link"])


@user.command("factor-off", help=COMMANDS["l2s user factor-off"])
@_common
@click.argument("email")
def user_factor_off(config: str | None, data: str | None, email: str) -> None:
    """Turn EMAIL's second factor off."""
    _host(config, data, "factor_off", {"mail": email})
    click.echo("The password alone lets them in from now on.")


@main.command(help=COMMANDS["l2s backup"])
@_common
@click.option("--to", metavar="PATH", help="Folder or file to write instead of the data directory's backups/.")
def backup(config: str | None, data: str | None, to: str | None) -> None:
    """Make one file of everything, while the server serves; prints JSON."""
    where = str(Path(to).absolute()) if to else ""
    _print(_host(config, data, "make_backup", {"to": where}))


@main.command(help=COMMANDS["l2s restore"])
@_common
@click.argument("file", type=click.Path(dir_okay=False))
def restore(config: str | None, data: str | None, file: str) -> None:
    """Put a backup back; erasures and promises made since are kept. The server must be stopped."""
    loaded = _settings(config, data=data)
    from l2s.web.hostdoor import restore as put_back

    try:
        _print(asyncio.run(put_back(loaded.settings, Path(file).absolute())))
    except Broken as problem:
        _fail(problem)


@main.group()
def audit() -> None:
    """The audit log: who did what."""


@audit.command("verify", help=COMMANDS["l2s audit verify"])
@_common
def audit_verify(config: str | None, data: str | None) -> None:
    """Check that no line was changed, taken out or cut off; exit code 1 if one was."""
    found = _host(config, data, "audit_verify", {})
    _print(found)
    sys.exit(1 if found["broken"] is not None or found["cut"] else 0)


@main.group()
def hold() -> None:
    """Holds by law: chats that are kept although their time is over."""


@hold.command("list", help=COMMANDS["l2s hold list"])
@_common
def hold_list(config: str | None, data: str | None) -> None:
    """Every hold, newest first."""
    _print(_host(config, data, "hold_list", {})["holds"])


@hold.command("approve", help=COMMANDS["l2s hold approve"])
@_common
@click.argument("id")
def hold_approve(config: str | None, data: str | None, id: str) -> None:
    """The second person, where an account has one admin alone."""
    _host(config, data, "hold_approve", {"id": id})
    click.echo("The chats are held.")


@main.group()
def disclosure() -> None:
    """What is given out on the seed's grounds, and to whom."""


@disclosure.command("list", help=COMMANDS["l2s disclosure list"])
@_common
def disclosure_list(config: str | None, data: str | None) -> None:
    """What was asked for and given out, newest first."""
    _print(_host(config, data, "disclosure_list", {})["disclosures"])


@disclosure.command("approve", help=COMMANDS["l2s disclosure approve"])
@_common
@click.argument("id")
def disclosure_approve(config: str | None, data: str | None, id: str) -> None:
    """The second person, where an account has one admin alone."""
    _host(config, data, "disclosure_approve", {"id": id})
    click.echo("It may leave now, for 14 days.")


@disclosure.command("verify", help=COMMANDS["l2s disclosure verify"])
@_common
@click.argument("file", type=click.Path(dir_okay=False))
def disclosure_verify(config: str | None, data: str | None, file: str) -> None:
    """Compare a bundle with what left here."""
    found = _host(config, data, "disclosure_verify", {"file": str(Path(file).absolute())})
    _print(found)
    sys.exit(1 if found["changed"] or found["disclosure"] is None or found["ledger_position"] is None else 0)


@main.command(help=COMMANDS["l2s purge"])
@_common
@click.option("--dry-run", is_flag=True, help="Only count what would go, and what should be gone already.")
def purge(config: str | None, data: str | None, dry_run: bool) -> None:
    """Delete now what has expired; prints the report as JSON."""
    _print(_host(config, data, "purge", {"dry_run": dry_run}))


@main.command(help=COMMANDS["l2s doctor"])
@_common
@click.option("--privacy", is_flag=True, help="Examine what concerns privacy (all that there is so far).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs in place of sentences.")
def doctor(config: str | None, data: str | None, privacy: bool, as_json: bool) -> None:
    """Exit code 1 if anything is bad."""
    lines = _host(config, data, "doctor", {})["lines"]
    if as_json:
        _print(lines)
    else:
        from l2s.web.examined import told

        click.echo(told(lines))
    sys.exit(any(line["state"] == "bad" for line in lines))


@main.command(help=COMMANDS["l2s prove"])
@_common
@click.option("--site", metavar="KEY", help="Site to visit; needed where there are several, and with --public.")
@click.option("--log", "logs", multiple=True, metavar="FILE", help="A log to be searched as well; repeatable.")
@click.option("--to", metavar="FOLDER", help="Write the certificate there, as JSON and as a page.")
@click.option("--public", metavar="URL", help="Check any l2s from outside, without its disk.")
def prove(
    config: str | None, data: str | None, site: str | None, logs: tuple[str, ...], to: str | None, public: str | None
) -> None:
    """Prints the certificate as JSON. Exit code 1 if anything differs, naming the class on stderr.

    The visitor counts as a stranger: it shows in the inbox for a moment, and from then on a widening waits its fifteen days.
    """
    from l2s.web import certificate
    from l2s.web.prove import prove as run
    from l2s.web.prove import prove_public

    folder = Path(to) if to else None
    try:
        if public:
            made, drawn = asyncio.run(prove_public(public, site, folder))
        else:
            loaded = _settings(config, data=data)
            made, drawn = asyncio.run(run(loaded.settings, site, [Path(log).absolute() for log in logs], folder))
        if folder:
            certificate.write(folder, made, drawn)
    except Broken as problem:
        _fail(problem)
    _print(certificate.as_json(made, drawn))
    for one in made.differences:
        click.echo(f"l2s: {drawn.difference(one)}", err=True)
    sys.exit(not made.is_green)


@main.command(help=COMMANDS["l2s demo"])
@click.option("--port", type=int, default=0, metavar="N", help="Port of the server (any free one).")
@click.option("--shop-port", type=int, default=0, metavar="N", help="Port of the shop page (any free one).")
def demo(port: int, shop_port: int) -> None:
    """Try it: temporary data, a small shop page, and a visitor who writes within ten seconds."""
    from l2s.web.demo import run

    _log("text")
    try:
        asyncio.run(run(port, shop_port))
    except Broken as problem:
        _fail(problem)


@main.command(help=COMMANDS["l2s protocol"])
def protocol() -> None:
    """Print the wire as JSON Schema: commands and frames of both audiences."""
    from l2s.protocol.schema import wire

    _print(wire())


def _host(config: str | None, data: str | None, verb: str, args: dict[str, Any]) -> dict[str, Any]:
    loaded = _settings(config, data=data)
    from l2s.web.hostdoor import call

    try:
        return asyncio.run(call(loaded.settings, verb, args))
    except Broken as problem:
        _fail(problem)
    except L2sError as problem:
        from l2s.web.pages import sentence

        _fail(Broken(sentence("en", problem)))


def _print(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _log(form: str) -> None:
    from l2s.web.logs import JsonLines

    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("aiohttp.access", "aiohttp.server"):  # addresses and paths are personal data
        logging.getLogger(name).disabled = True
