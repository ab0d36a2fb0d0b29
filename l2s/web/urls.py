"""Every URL, cookie path, CSP and socket address comes from here, over `public_url` (D10).

While `public_url` is unset, the server answers to localhost, 127.0.0.1 and [::1] at its port, each only with itself.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from l2s.config import Settings

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


class Urls:
    """`path` is "" or "/chat": what stands before every path of this server."""

    def __init__(self, settings: Settings, port: int) -> None:
        parts = urlsplit(settings.public_url)
        self.public = settings.public_url
        self.path = parts.path.rstrip("/")
        self.secure = parts.scheme == "https"
        self.port = port
        self._origin = f"{parts.scheme}://{parts.netloc}" if self.public else ""
        plain = {*_LOOPBACK} if port == 80 else set[str]()
        self._hosts = {parts.netloc.lower()} if self.public else {f"{name}:{port}" for name in _LOOPBACK} | plain

    def at(self, path: str) -> str:
        """The absolute path of a page: "/chat/login"."""
        return f"{self.path}{path}"

    def origin(self, host: str) -> str:
        """Our own origin, as seen by a request for `host` (its Host header)."""
        return self._origin or f"http://{host}"

    def full(self, path: str, host: str = "") -> str:
        """A whole URL, for links and tags."""
        return f"{self.origin(host or f'127.0.0.1:{self.port}')}{self.at(path)}"

    def knows(self, host: str) -> bool:
        """Is this Host header ours?"""
        return (host.lower() if self.public else host) in self._hosts

    def is_own(self, origins: list[str], host: str) -> bool:
        """Exactly one Origin header, and it is ours."""
        return len(origins) == 1 and origins[0] == self.origin(host)

    def socket_sources(self, host: str) -> str:
        """connect-src of our own pages: the socket of the same origin."""
        origin = self.origin(host)
        return f"'self' {origin.replace('http', 'ws', 1)}"

    def tag(self, site: str) -> str:
        """The script tag of a site."""
        return f'<script async src="{self.full(f"/l2s.js?site={site}")}"></script>'

    @property
    def cookie(self) -> str:
        """The session cookie's name: `__Host-` needs https and Path=/, `__Secure-` https."""
        if not self.secure:
            return "l2s"
        return "__Secure-l2s" if self.path else "__Host-l2s"

    def set_cookie(self, value: str, seconds: int) -> str:
        """The Set-Cookie header by hand (aiohttp cannot say Partitioned on Python < 3.14, and we want no surprise)."""
        secure = "; Secure" if self.secure else ""
        return f"{self.cookie}={value}; Path={self.path or '/'}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
