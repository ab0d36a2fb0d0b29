"""Folders searched for what must not be there. The search itself is the program's own: `l2s prove` shares it (PRIVACY 6)."""

from __future__ import annotations

from pathlib import Path

from l2s.privacy.search import WINDOW, Needles, address_forms, canary, forms, hidden, hits

__all__ = ["WINDOW", "address_forms", "canary", "forms", "hidden", "hits", "search"]


def search(folder: Path, needles: set[bytes]) -> list[str]:
    """Names of the files below a folder in which a needle lies."""
    sought = Needles(dict.fromkeys(needles, ""))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if sought.found(path.read_bytes())]
