"""The closed lists: capture classes, levels, purposes, audiences, and how a value is made coarser.

Invariant: `reduce(reduce(x, a), b) == reduce(x, min(a, b))`. Stored forms tell their level by themselves, so a row can be
made coarser later without knowing how it was taken. Levels are indexes into a class's chain; 0 is "none".
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

DAY_MS: Final = 86_400_000
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4: Final = re.compile(rf"((?:{_BYTE}\.){{3}}){_BYTE}", re.ASCII)  # ipaddress takes ten times as long, thrice a connection
BROWSER_MAX: Final = 256  # a user agent is cut to this before anything looks at it
PAGE_MAX: Final = 512

CHAINS: Final[dict[str, tuple[str, ...]]] = {
    "address": ("none", "hash", "truncated", "full"),
    "browser": ("none", "family", "full"),
    "page": ("none", "path", "full"),
    "referrer": ("none", "path", "full"),
    "place": ("none", "country"),
    "times": ("none", "day", "exact"),
}
PLAIN: Final = ("none", "kept")

SITE_CLASSES: Final = (
    "address", "browser", "times", "page", "referrer", "place", "name", "mail", "phone", "organisation", "reference",
    "topic", "answer", "identity", "claimed", "message", "attachment", "preview", "presence", "read_marks", "rating",
    "about", "consent", "device_token", "push_key", "blocked", "technical", "case",
)  # fmt: skip
SERVER_CLASSES: Final = (
    "contact", "billing", "session", "credential", "work", "support_talk", "mailing", "terms", "contact_history",
    "push_key",
)  # fmt: skip
CLASSES: Final = {"site": SITE_CLASSES, "server": SERVER_CLASSES}

PURPOSES: Final = (
    "answer", "invite", "run", "manage", "secure", "allocate", "bill", "inform", "promote", "comply",
)  # fmt: skip
READERS: Final = ("operator", "team", "site", "supervisor", "admin")  # down-closed: "site" includes team and operator
APART: Final = ("host", "bot")


def chain(cls: str) -> tuple[str, ...]:
    """The class's levels from "none" to the finest."""
    return CHAINS.get(cls, PLAIN)


def finest(raw: str | int, cls: str) -> str | int | None:
    """What came in at the door, as the stored form of the finest level; None where it is not of its kind."""
    if cls == "address":
        return _address(str(raw))
    if cls == "browser":
        return f"ua:{_utf8(str(raw))[:BROWSER_MAX]}" if raw else None
    if cls in ("page", "referrer"):
        return _page(str(raw))
    return raw


def level_of(stored: str | int, cls: str) -> int:
    """The level that a stored form tells by itself."""
    if cls == "address":
        text = str(stored)
        return 1 if text.startswith("h:") else 2 if "/" in text else 3
    if cls == "browser":
        return 2 if str(stored).startswith("ua:") else 1
    if cls in ("page", "referrer"):
        return 1 if str(stored).startswith("/") else 2
    if cls == "times":
        return 1 if int(stored) % DAY_MS == 0 else 2
    return 1


def reduce(stored: str | int, cls: str, level: int, key: bytes) -> str | int | None:
    """`stored` at `level` or at its own, whichever is coarser. `key` is the day's key for hashed addresses."""
    own = level_of(stored, cls)
    if level == 0:
        return None
    if level >= own:
        return stored
    if cls == "address":
        return _coarser_address(str(stored), level, key)
    if cls == "browser" and level == 1:
        return family(str(stored))
    if cls in ("page", "referrer") and level == 1:
        return urlsplit(str(stored)).path or "/"
    if cls == "times" and level == 1:
        return int(stored) - int(stored) % DAY_MS
    return stored


def shown(stored: str | int, cls: str) -> str | int:
    """The stored form as a person reads it."""
    return str(stored).removeprefix("ua:") if cls == "browser" else stored


def truncated(address: str) -> str:
    """/24 of an IPv4 address, /48 of an IPv6 one: "203.0.113.0/24". Raises ValueError for anything else."""
    if plain := _V4.fullmatch(address):
        return f"{plain[1]}0/24"
    parsed = ipaddress.ip_address(address)
    bits = 24 if parsed.version == 4 else 48
    rest = parsed.max_prefixlen - bits
    return f"{type(parsed)(int(parsed) >> rest << rest)}/{bits}"


def _address(raw: str) -> str | None:
    if _V4.fullmatch(raw):
        return raw
    try:
        parsed = ipaddress.ip_address(raw.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _coarser_address(stored: str, level: int, key: bytes) -> str:
    if level == 3:
        return stored
    prefix = stored if level_of(stored, "address") <= 2 else truncated(stored)
    if level == 2 or prefix.startswith("h:"):
        return prefix
    return "h:" + hmac.new(key, prefix.encode(), hashlib.sha256).hexdigest()[:16]


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()


def _page(raw: str) -> str | None:
    """Scheme, host and path of an http(s) URL; the query and fragment never enter (V1)."""
    if len(raw) > 4096:
        return None
    raw = _utf8(raw)
    try:
        parts = urlsplit(raw)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "file") or "://" not in raw or any(ord(c) < 32 for c in raw):
        return None
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path or '/'}"[:PAGE_MAX]


_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_BOT: Final = re.compile(r"bot|crawl|spider|preview", re.IGNORECASE)


def family(stored: str) -> str:
    """ "Firefox on Linux" from a user agent: names of our own table only, so nothing of the header can pass through."""
    agent = stored.removeprefix("ua:")
    if _BOT.search(agent):
        return "A bot"
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return f"{browser} on {system}" if system else browser
