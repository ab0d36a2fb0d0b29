"""`l2s doctor` as a person at the terminal reads it."""

from __future__ import annotations

from typing import Any, Final

from l2s.web.pages import catalogues, fill

MARKS: Final = {"ok": "ok  ", "look": "LOOK", "bad": "BAD "}


def told(lines: list[dict[str, Any]]) -> str:
    """One line each: how it stands, what it is, and what to do."""
    words = catalogues()["en"]["prove"]
    return "\n".join(f"{MARKS[one['state']]}  {fill(words[_key(one)], one['values'])}" for one in lines)


def _key(line: dict[str, Any]) -> str:
    return f"doctor.{line['name']}.{line['state']}"
