"""The one module that reads what a browser tells of itself: User-Agent, client hints, Accept-Language, Referer, Sec-GPC, DNT,
forwarded headers and the peer's address. What it returns prints its type only; the session admits or drops it at hello.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from l2s.domain.origins import origin_of
from l2s.privacy.classes import truncated


class Arrival:
    """What came with a request, raw, for as short as possible."""

    __slots__ = ("address", "agent", "objected")

    def __init__(self, address: str, agent: str, objected: bool) -> None:
        self.address = address
        self.agent = agent
        self.objected = objected

    def __repr__(self) -> str:
        return "<Arrival>"


def arrival(request: web.Request, trusted: Sequence[str]) -> Arrival:
    """Address through trusted proxies, user agent, and whether the browser objects (GPC, DNT)."""
    headers = request.headers
    objected = headers.get("Sec-GPC") == "1" or headers.get("DNT") == "1"
    return Arrival(address(request, trusted), headers.get("User-Agent", "")[:512], objected)


def address(request: web.Request, trusted: Sequence[str]) -> str:
    """The client's address: X-Forwarded-For is walked right to left while the peer that says it is trusted."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    seen = str(peer[0]) if isinstance(peer, tuple) else "unix"
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
    while is_trusted(seen, trusted) and hops:
        seen = hops.pop()
    return seen


def is_trusted(seen: str, trusted: Sequence[str]) -> bool:
    """Is this peer one of the configured proxies? "unix" names the unix socket."""
    if not trusted:
        return False
    if seen in trusted:
        return True
    try:
        here = ipaddress.ip_address(seen)
        return any(here in ipaddress.ip_network(entry, strict=False) for entry in trusted if entry != "unix")
    except ValueError:
        return False


def network(seen: str) -> str:
    """The prefix under which rates are counted."""
    try:
        return truncated(seen)
    except ValueError:
        return "unknown"


def referring_origin(request: web.Request) -> str:
    """The origin of the embedding page, "" where the browser does not tell."""
    return origin_of(request.headers.get("Referer", ""))


def language(request: web.Request, known: Sequence[str]) -> str:
    """The first known language that the browser prefers, else the first known. Read, never kept."""
    for piece in request.headers.get("Accept-Language", "")[:200].split(","):
        name = piece.partition(";")[0].strip().partition("-")[0].lower()
        if name in known:
            return name
    return known[0]
