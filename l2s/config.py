"""Settings: one table. Each field is a row (name, type, default, help, reason); TOML, L2S_* environment, flags, the example
file, the manual's table and `--help` all derive from it.

Order: flag > environment > file > default. Unknown or wrong values are refused by name, with the remedy.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from l2s.errors import ConfigError


def _row(help: str, reason: str, **bounds: Any) -> Meta:
    return Meta(description=help, extra={"reason": reason}, **bounds)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of a server."""

    data: Annotated[str, _row("Directory of the database, the ledger and the key.", "one place to back up")] = ""
    host: Annotated[str, _row("Address to listen on.", "loopback: nothing is reachable before you say so")] = "127.0.0.1"
    port: Annotated[int, _row("Port to listen on.", "no privileges needed", ge=0, le=65535)] = 8080
    public_url: Annotated[
        str, _row("Where browsers reach this server, with its path if it has one.", "every link and socket is made from it")
    ] = ""
    trusted_proxies: Annotated[
        list[str], _row("Addresses whose X-Forwarded-For is believed.", "anybody else could claim any address")
    ] = []
    message_max: Annotated[int, _row("Longest message, in characters.", "a long letter fits", ge=1, le=50_000)] = 10_000
    frame_max: Annotated[int, _row("Largest frame from a client, in bytes.", "a message in any script fits", ge=4096)] = 65_536
    outbox_max: Annotated[
        int, _row("Bytes that may wait for one slow connection.", "more than a page of history", ge=65_536)
    ] = 524_288
    in_flight: Annotated[int, _row("Commands of one connection at work at once.", "keeps the queue fair", ge=1, le=64)] = 8
    page: Annotated[int, _row("Messages in one page of history.", "one screen and a half", ge=10, le=200)] = 50
    resume_max: Annotated[
        int, _row("Messages sent as a gap before the newest page is sent instead.", "bounds a reconnect", ge=50, le=2000)
    ] = 500
    list_max: Annotated[int, _row("Rows in one page of a list.", "a list is read, not dumped", ge=10, le=500)] = 100
    rate_send: Annotated[int, _row("Messages a minute from one visitor; 0 = no limit.", "faster than anybody types", ge=0)] = 60
    rate_commands: Annotated[
        int, _row("Commands a second from one connection; 0 = no limit.", "a busy desk stays far below", ge=0)
    ] = 50
    rate_chats: Annotated[
        int, _row("New chats and forms an hour from one network; 0 = no limit.", "an office behind one address", ge=0)
    ] = 120
    rate_peers: Annotated[
        int, _row("Open connections from one network; 0 = no limit.", "an office behind one address", ge=0)
    ] = 400
    rate_signin: Annotated[
        int, _row("Failed sign-ins before a pause, for one address or network.", "a forgetful person gets through", ge=3)
    ] = 6
    idle_minutes: Annotated[
        int, _row("Minutes without an act after which an operator is not shown as here.", "W2", ge=1, le=1440)
    ] = 30
    grace_seconds: Annotated[
        int, _row("Seconds that a reload of the console may take.", "a slow office computer", ge=1, le=120)
    ] = 10
    absent_minutes: Annotated[
        int,
        _row(
            "Minutes after which a chat whose owner is gone goes back to the queue.",
            "nobody waits for an empty chair",
            ge=1,
            le=60,
        ),
    ] = 2
    quiet_minutes: Annotated[
        int, _row("Minutes of a visitor's silence before the chat asks 'still there?'.", "R5", ge=1, le=10_080)
    ] = 15
    close_minutes: Annotated[int, _row("Minutes after that question before the chat closes.", "R5", ge=1, le=10_080)] = 30
    silent_days: Annotated[
        int, _row("Days without any message after which every chat closes.", "retention starts at the end", ge=1, le=7)
    ] = 7
    reopen_days: Annotated[
        int, _row("Days in which a visitor's message reopens a closed chat.", "the same matter", ge=0, le=30)
    ] = 3
    retention_hour: Annotated[
        int, _row("Hour of the day (UTC) at which what has expired is deleted.", "few write at night", ge=0, le=23)
    ] = 3
    link_hours: Annotated[int, _row("Hours for which a single-use link works.", "a working day", ge=1, le=168)] = 24
    session_days: Annotated[
        int, _row("Days after which a sign-in must be repeated.", "within the 90 days that sessions are kept", ge=1, le=90)
    ] = 30
    confirm_months: Annotated[
        int,
        _row(
            "Months after which owners are asked whether the account is still right.",
            "people and telephones move on",
            ge=1,
            le=120,
        ),
    ] = 12
    log_format: Annotated[str, _row("text or json.", "read by people or by machines", pattern="^(text|json)$")] = "text"


class Loaded(NamedTuple):
    """The settings and where they came from. `file` None = no file was found."""

    settings: Settings
    file: Path | None
    sources: dict[str, str]


class Row(NamedTuple):
    """One row of the table, for documents."""

    name: str
    kind: str
    default: object
    help: str
    reason: str


_KINDS: Final = {int: "number", str: "text", list: "list"}


COMMANDS: Final = {
    "l2s serve": "Serve. At first start, prints one link that creates the owner and the first site.",
    "l2s init": "Create owner and first site without a browser; prints JSON with the site key and the tag.",
    "l2s user link": "Print a single-use link that signs EMAIL in.",
    "l2s user add": "Invite EMAIL: print a single-use link to set a password.",
    "l2s user factor-off": "Turn off the second factor of EMAIL, who lost phone and recovery codes.",
    "l2s audit verify": "Check that no line of the audit log was changed, taken out or cut off.",
    "l2s backup": "Make one file of database, ledger and key while the server serves; it is deleted after 14 days.",
    "l2s restore": "Put a backup back into a stopped server; what was erased or forbidden since stays so.",
    "l2s hold list": "Every hold of every account, newest first, as JSON.",
    "l2s hold approve": "Approve hold ID where its account has one admin alone, a day after it was asked for at the earliest.",
    "l2s disclosure list": "What was asked for and given out, of every account, newest first, as JSON.",
    "l2s disclosure approve": "Agree to disclosure ID where its account has one admin alone, a day after it was asked for.",
    "l2s disclosure verify": "Is FILE a bundle that left here, unchanged? Exit code 1 if not.",
    "l2s purge": "Delete now what has expired, as every night; prints the report as JSON.",
    "l2s doctor": "Examine the privacy of a server: declared against stored, overdue, open switches, notices, ledger, backups.",
    "l2s prove": "Send a visitor with canaries through the public door, search every byte, erase, scrub, search again.",
    "l2s demo": "Try it: temporary data, a small shop page, and a visitor who writes within ten seconds.",
    "l2s protocol": "Print the wire as JSON Schema: commands and frames of both audiences.",
}
"""What each command does: told by `--help` and by the manual."""


def rows() -> list[Row]:
    """The table."""
    hints = get_type_hints(Settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(Settings):
        meta: Meta = hints[field.name].__metadata__[0]
        kind = hints[field.name].__origin__
        default = field.default if field.default is not msgspec.NODEFAULT else []
        reason = (meta.extra or {})["reason"]
        found.append(Row(field.name, _KINDS[getattr(kind, "__origin__", kind)], default, meta.description or "", reason))
    return found


def example() -> str:
    """l2s.toml.example: every setting, commented out."""
    lines = ["# Settings of l2s. Every line shows the default; remove the '#' to change it.", ""]
    for row in rows():
        value = msgspec.json.encode(row.default).decode()
        lines += [f"# {row.help} Why: {row.reason}.", f"# {row.name} = {value}", ""]
    return "\n".join(lines)


def find_file(named: str | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the named one, else the first that exists. Raises ConfigError if the named one does not."""
    chosen = named or environ.get("L2S_CONFIG")
    if chosen:
        path = Path(chosen)
        if not path.is_file():
            raise ConfigError(f"{path}: no such file. Give another with --config, or leave it out.")
        return path
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    return next((p for p in (Path("l2s.toml"), home / "l2s" / "l2s.toml", Path("/etc/l2s/l2s.toml")) if p.is_file()), None)


def load(named: str | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded:
    """Settings from file, environment and flags (None = not given). Raises ConfigError naming file, key and remedy."""
    path = find_file(named, environ)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if path:
        _add(values, sources, _read(path), str(path))
    _add(values, sources, _from_environment(environ), "environment")
    _add(values, sources, {name: value for name, value in flags.items() if value is not None}, "command line")
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as problem:
        key = str(problem).rpartition("$.")[2].rstrip("`").partition("[")[0]
        text = str(problem).partition(" - at ")[0]
        raise ConfigError(f"{sources.get(key, 'settings')}: {key}: {text}. See l2s.toml.example for what it takes.") from None
    if not settings.data:
        settings = msgspec.structs.replace(settings, data=_default_data(environ))
    return Loaded(_checked(settings, sources), path, sources)


def _checked(settings: Settings, sources: Mapping[str, str]) -> Settings:
    for entry in settings.trusted_proxies:
        if entry != "unix" and not _is_network(entry):
            where = sources.get("trusted_proxies", "settings")
            raise ConfigError(f"{where}: trusted_proxies: {entry!r} is not like 10.0.0.1, 10.0.0.0/8 or unix.")
    if not settings.public_url:
        return settings
    if not _is_base(settings.public_url):
        where = sources.get("public_url", "settings")
        raise ConfigError(f"{where}: public_url: {settings.public_url!r} is not like https://chat.example.com or …/chat/.")
    parts = urlsplit(settings.public_url)
    netloc = parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}[parts.scheme])  # as browsers write it
    return msgspec.structs.replace(settings, public_url=f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}")


def _is_network(entry: str) -> bool:
    """One bad entry would silently end the look through the others."""
    try:
        return bool(ipaddress.ip_network(entry, strict=False))
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Is it a whole address, and no name?"""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Does only this machine reach an address?"""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and parts.port != 0
    except ValueError:  # brackets, or a port beyond 65535
        return False


def _add(values: dict[str, Any], sources: dict[str, str], found: Mapping[str, Any], source: str) -> None:
    known = [row.name for row in rows()]
    for name, value in found.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else "l2s.toml.example lists every setting."
            raise ConfigError(f"{source}: {name}: unknown setting. {hint}")
        values[name] = value
        sources[name] = source


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: not valid TOML: {problem}.") from None
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read ({problem.strerror}). Check its owner and mode.") from None


_NOT_SETTINGS: Final = ("config", "failpoint")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    kinds = {row.name: row.kind for row in rows()}
    found: dict[str, Any] = {"port": environ["PORT"]} if "PORT" in environ else {}
    for name, text in environ.items():
        if name.startswith("L2S_") and name[4:].lower() not in _NOT_SETTINGS:
            found[name[4:].lower()] = text
    for name, text in found.items():
        if kinds.get(name) == "list":
            found[name] = [piece.strip() for piece in text.split(",") if piece.strip()]
        elif kinds.get(name) == "number" and text.lstrip("-").isdigit():
            found[name] = int(text)
    return found


def _default_data(environ: Mapping[str, str]) -> str:
    if environ.get("STATE_DIRECTORY"):
        return environ["STATE_DIRECTORY"].partition(":")[0]
    if os.geteuid() == 0:
        return "/var/lib/l2s"
    share = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "/")) / ".local" / "share")
    return str(Path(share) / "l2s")
