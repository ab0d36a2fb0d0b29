"""The second factor: time-based codes (RFC 6238 over RFC 4226: SHA-1, six digits, 30 s), and recovery codes.

Invariants: a code is good for its own step and the one on either side, and never twice (the caller keeps the step that was
used). Threats: a code read over a shoulder, guesses in parallel (the caller counts a try before it asks here).
"""

from __future__ import annotations

import base64
import hmac
from typing import Final
from urllib.parse import quote

STEP: Final = 30_000  # ms
DIGITS: Final = 6
CODES: Final = 10  # recovery codes of one user
_DRIFT: Final = 1  # steps by which a phone's clock may be off


def step_of(at: int) -> int:
    """The time step of an instant, wall ms."""
    return at // STEP


def code(seed: bytes, step: int) -> str:
    """The code of one step."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matched(seed: bytes, typed: str, at: int, after: int) -> int | None:
    """The step that this code is of, None = wrong or used. `at`: now, wall ms; `after`: the last step that was used."""
    now = step_of(at)
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if step > after and hmac.compare_digest(code(seed, step).encode(), typed.encode()):
            return step
    return None


def typed_code(text: str) -> str:
    """What somebody typed, without spaces and dashes."""
    return "".join(text.split()).replace("-", "").lower()[:32]


def secret_text(seed: bytes) -> str:
    """The seed as an app takes it by hand."""
    return base64.b32encode(seed).decode()


def app_address(seed: bytes, who: str, where: str) -> str:
    """The seed as an app takes it from a picture (otpauth)."""
    return f"otpauth://totp/{quote(where)}:{quote(who)}?secret={secret_text(seed)}&issuer={quote(where)}"


def recovery_code(raw: bytes) -> str:
    """Ten random bytes as a person writes them down: four groups of four."""
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))
