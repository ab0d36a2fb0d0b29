"""Every error that l2s raises on purpose. One tree, so that each transport renders all of them in one place.

    L2sError
    ├── Refused            a person's request that cannot be done; nothing was changed
    │   ├── BadInput       400  malformed, too long, of the wrong type
    │   ├── SignInNeeded   401  nobody is signed in, or the session has ended
    │   ├── NotFound       404  unknown *or* not permitted: the two look the same (DESIGN 9)
    │   ├── Conflict       409  the state is another one by now
    │   ├── Gone           410  a link that was used, has expired or was replaced
    │   ├── TooLarge       413  over a limit of size
    │   └── TooMany        429  over a limit of rate; `data["after"]` is in seconds
    ├── Unavailable        503  not now; nothing was kept, or it is not yet known to be kept
    └── Broken             the process cannot go on; carries an exit code
        ├── ConfigError    78   a setting is unknown or wrong (sysexits EX_CONFIG)
        ├── DataError      1    database or ledger is damaged, newer, or not ours
        └── StartError     1    port taken, second instance, unwritable directory

`code` is stable and part of the wire; the sentence for a person stands in the catalogues under `error.<code>`.
"""

from __future__ import annotations

from typing import ClassVar


class L2sError(Exception):
    """Base of all errors that l2s raises on purpose. `data` holds values for the sentence, never personal data."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, **data: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.data = data

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.data.items())
        return f"{self.code} ({told})" if told else self.code


class Refused(L2sError):
    """A request that cannot be done. Raised before a unit's first write wherever possible (DESIGN 1)."""

    status = 400


class BadInput(Refused):
    """Malformed, too long, or of the wrong type."""


class SignInNeeded(Refused):
    """Nobody is signed in here, or the session has ended."""

    status = 401


class NotFound(Refused):
    """Unknown or not permitted."""

    status = 404


class Conflict(Refused):
    """The state is another one by now."""

    status = 409


class Gone(Refused):
    """A single-use link that was used, has expired or was replaced by a newer one."""

    status = 410


class TooLarge(Refused):
    """Over a limit of size."""

    status = 413


class TooMany(Refused):
    """Over a limit of rate. `data["after"]`: seconds until the next try may succeed."""

    status = 429


class Unavailable(L2sError):
    """Not now. The caller may send the same again, with the same ids."""

    status = 503


class Broken(L2sError):
    """The process cannot go on. The text is for the person at the terminal: what is wrong, and what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, text: str) -> None:
        super().__init__("broken")
        self.text = text

    def __str__(self) -> str:
        return self.text


class ConfigError(Broken):
    """A setting is unknown or wrong. Names file, key and remedy."""

    exit_code = 78


class DataError(Broken):
    """Database or ledger is damaged, newer than this program, or not ours. Nothing was changed."""


class StartError(Broken):
    """Port taken, second instance, unwritable directory."""
