"""What an erasure does, planned from the registry alone: no list of tables stands anywhere else.

Invariants: whatever leads to the person is in the plan; rows go before the rows they lead to; a receipt holds counts by class
and nothing of the person, and never says "overwritten" before the scrub (PRIVACY.md 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from l2s.privacy.holdings import HOLDINGS, NOT_PERSONAL, Holding, How, Leads

Subject = Literal["chats", "visitors", "users"]
BACKUP_DAYS: Final = 14  # own backups are deleted after this many days


class Step(msgspec.Struct, frozen=True):
    """What happens to one holding. `path`: (column, holding) pairs from its row to the subject, () = its own row."""

    holding: str
    kind: str
    how: How
    path: Leads
    personal: tuple[tuple[str, str], ...]  # (column, class)


class Kept(msgspec.Struct, frozen=True):
    """What stays although its person is erased: chats under a hold (rule 10). `until`: wall ms."""

    what: str
    n: int
    until: int


class Receipt(msgspec.Struct, frozen=True):
    """What an erasure leaves. `overwritten_at` is None until the scrub has run after it; times are wall ms."""

    code: str
    account: str
    scope: str
    position: int
    head: str
    version: int
    law_hash: str
    counts: dict[str, int]
    kept: tuple[Kept, ...]
    recipients: tuple[str, ...]
    unreachable_at: int
    backups_until: int
    overwritten_at: int | None = None


def plan(subject: Subject, holdings: Sequence[Holding] = HOLDINGS) -> tuple[Step, ...]:
    """The steps for one chat, visitor or user: what leads there, the farthest first, the subject's own row last."""
    by_name = {holding.name: holding for holding in holdings}
    found = [
        Step(holding.name, holding.kind, holding.how, path, _personal(holding))
        for holding in holdings
        for path in _paths(holding, subject, by_name)
        if holding.how != "keep"
    ]
    return tuple(sorted(found, key=lambda step: -len(step.path)))


def _personal(holding: Holding) -> tuple[tuple[str, str], ...]:
    return tuple((column, cls) for column, cls in holding.columns.items() if cls != NOT_PERSONAL)


def _paths(holding: Holding, subject: str, by_name: dict[str, Holding]) -> Iterator[Leads]:
    if holding.name == subject:
        yield ()
        return
    for column, name in holding.leads:
        for rest in _paths(by_name[name], subject, by_name):
            yield ((column, name), *rest)
