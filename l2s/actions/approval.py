"""The second person (PRIVACY 3, rule 10; P8): who may agree to what an admin asked for, and what stands in for them where an
account has one admin alone. One rule for holds and disclosures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from l2s.clock import DAY, HOUR
from l2s.domain.people import Actor
from l2s.domain.rights import Place, may
from l2s.errors import Conflict
from l2s.store import chats, users
from l2s.store.sql import Sql

WAIT: Final = DAY  # where nobody else can agree


def may_all(sql: Sql, actor: Actor, verb: str, account: str, named: Sequence[str]) -> bool:
    """May this actor do it to the account and to every chat that was named and is there still?"""
    found = (chats.load(sql, key) for key in named)
    return may(actor, verb, Place(account)) and all(may(actor, verb, chat) for chat in found if chat)


def need_other(asked_by: str, actor: Actor) -> None:
    """Nobody agrees with themselves."""
    if asked_by == actor.id:
        raise Conflict("second_admin")


def need_wait(sql: Sql, account: str, asked_at: int, at: int) -> None:
    """The host agrees at the box where there is one admin, and not before a day has passed in sight."""
    if users.admins(sql, account) > 1:
        raise Conflict("second_admin")
    if at < asked_at + WAIT:
        raise Conflict("approval_waits", hours=-(-(asked_at + WAIT - at) // HOUR))
