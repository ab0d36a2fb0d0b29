"""Places where a test may end the process at the worst instant. Without L2S_FAILPOINT nothing here does anything.

`L2S_FAILPOINT=name` names one place; SIGUSR2 arms it; the next time it is reached the process kills itself. So a kill hits a
server that is busy, not one that happens to pass by.
"""

from __future__ import annotations

import os
import signal
from typing import Final

NAMES: Final = ("before_commit", "after_commit", "after_first_flush")
_name: Final = os.environ.get("L2S_FAILPOINT", "")
_armed = False


def _arm(*_: object) -> None:
    global _armed
    _armed = True


def install() -> None:
    """Listen for SIGUSR2, if a place is named. Called once, by `serve`."""
    if _name in NAMES:
        signal.signal(signal.SIGUSR2, _arm)


def reach(name: str) -> None:
    """The process passes `name`."""
    if _armed and name == _name:
        os.kill(os.getpid(), signal.SIGKILL)
