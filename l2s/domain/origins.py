"""Which pages may embed a site's chat (D5): one grammar, one function that makes the CSP text and one that answers.

`example.com` = https and http, default ports, with and without `www.`; `*.example.com` = every host below it; `host:port`;
`localhost` and `127.0.0.1` match any port; the word `file:` lets local files. The two functions agree (tested).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from l2s.errors import BadInput

_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*\Z")
_ANY_PORT: Final = ("localhost", "127.0.0.1")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}\Z")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MOST: Final = 50


def normal_origin(text: str) -> str:
    """An entry as it is stored: "example.com", "*.example.com", "shop.example:8443", "file:". Raises BadInput."""
    entry = text.strip().lower()
    if entry == "file:":
        return entry
    if "://" in entry:
        scheme, _, rest = entry.partition("://")
        entry = re.split(r"[/?#\\]", rest)[0] if scheme in _DEFAULT_PORTS else ""
    entry = entry.rstrip("/.")
    host, _, port = entry.partition(":") if not entry.startswith("[") else (entry, "", "")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        host = ""
    good_host = host in _ANY_PORT or (_HOST.match(host) and len(host) <= 253)
    if not good_host or (port and not (_PORT.match(port) and int(port) < 65536)):
        raise BadInput("bad_origin", origin=text[:80])
    if host.startswith("*.") and port:
        raise BadInput("bad_origin", origin=text[:80])
    if host.startswith("www.") and host.count(".") > 1 and not port:
        host = host.removeprefix("www.")
    return f"{host}:{port}" if port else host


def frame_ancestors(entries: tuple[str, ...]) -> str:
    """The sources of the CSP directive `frame-ancestors`, own origin included."""
    sources = ["'self'"]
    for entry in entries:
        sources += _sources(entry)
    return " ".join(dict.fromkeys(sources))


def _sources(entry: str) -> list[str]:
    if entry == "file:":
        return ["file:"]
    host = entry.rpartition(":")[0] if _has_port(entry) else entry
    if entry in _ANY_PORT:
        return [f"http://{entry}:*", f"https://{entry}:*"]
    names = [entry] if _has_port(entry) or host.startswith("*.") or "." not in host else [host, f"www.{host}"]
    return [f"{scheme}://{name}" for name in names for scheme in ("https", "http")]


def _has_port(entry: str) -> bool:
    return not entry.startswith("[") and ":" in entry and entry != "file:"


def allows(entries: tuple[str, ...], origin: str) -> bool:
    """Does the list permit a page of this origin ("https://shop.example")? "null" and "" never, "file://" by its word."""
    if "\\" in origin:
        return False
    if origin == "file://":
        return "file:" in entries
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return False
    host = f"[{host}]" if ":" in host else host
    return any(_matches(entry, parts.scheme, host, _DEFAULT_PORTS[parts.scheme] if port is None else port) for entry in entries)


def _matches(entry: str, scheme: str, host: str, port: int) -> bool:
    if entry in _ANY_PORT:
        return host == entry
    if _has_port(entry):
        return f"{host}:{port}" == entry
    if port != _DEFAULT_PORTS[scheme]:
        return False
    if entry.startswith("*."):
        return host.endswith(entry[1:])
    return host == entry or ("." in entry and host == f"www.{entry}")


def domains(entries: tuple[str, ...]) -> frozenset[str]:
    """The public names among the entries, without port, `*.` and `www.`; the machine's own names promise nothing to anybody."""
    hosts = (entry.rpartition(":")[0] if _has_port(entry) else entry for entry in entries if entry != "file:")
    names = (host.removeprefix("*.").removeprefix("www.") for host in hosts)
    return frozenset(name for name in names if name not in _ANY_PORT and "." in name)


def same_domain(a: str, b: str) -> bool:
    """Is one of two names the other, or below it?"""
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}")


def origin_of(url: str) -> str:
    """The origin of a Referer: "https://shop.example:8443", "file://" or ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme == "file":
        return "file://"
    if not url.isascii():
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme in _DEFAULT_PORTS and parts.netloc else ""
