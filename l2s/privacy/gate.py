"""The only way in and out for personal data.

Invariants: a `Sealed` is made by `admit` where data enters, or by `held` where a row is read (store/ alone); it is opened by
`release`, and by `to_store` (store/engine alone). It cannot be compared, hashed, copied, pickled, printed or encoded.
Threats: a log line, a debugger's repr, a JSON encoder, a cached frame, an export that forgets the declaration.
"""

from __future__ import annotations

import hmac
from typing import Any, Final, Generic, NoReturn, TypeVar

from l2s.privacy.classes import DAY_MS, SERVER_CLASSES, finest, reduce, shown
from l2s.privacy.ledger import Law
from l2s.privacy.policy import CHAT, LIFE, MEMORY, Choice, permits

T = TypeVar("T")

MACHINE: Final = "machine"  # the program itself: no reader, but still a purpose
PERSON: Final = "person"  # whom the data is about: always


class Sealed(Generic[T]):
    """A value of a capture class that nobody can look at by accident. `ended`: its anchor, ms, None while the chat lives."""

    __slots__ = ("__value", "cls", "ended", "fleeting", "kept", "since")

    def __init__(self, cls: str, value: T, since: int, ended: int | None, kept: bool = False, fleeting: bool = False) -> None:
        self.fleeting = fleeting  # for memory alone: no column ever gets it
        self.kept = kept  # came from a row: a value that must never be written is unreadable there
        self.cls = cls
        self.since = since
        self.ended = ended
        self.__value: T = value

    def __repr__(self) -> str:
        return f"<{self.cls} sealed>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError(f"{self!r} can only pass through the gate")

    def __eq__(self, other: object) -> bool:
        self.__refuse()

    __hash__ = None  # type: ignore[assignment]  # a Sealed is no key
    __reduce__ = __refuse
    __copy__ = __refuse
    __getstate__ = __refuse
    __deepcopy__ = __refuse


def _open(sealed: Sealed[Any]) -> Any:
    return getattr(sealed, "_Sealed__value")  # noqa: B009  the one place that knows the mangled name


def admit(raw: T | Sealed[T] | None, cls: str, choice: Choice, law: Law, since: int) -> Sealed[T] | None:
    """`raw` as far as the law lets it be kept of a person in this state, else None. Idempotent."""
    rule = law.rules.get(cls)
    if raw is None or rule is None or not permits(rule, choice):
        return None
    stored: Any = raw
    ended: int | None = None
    if isinstance(raw, Sealed):
        if raw.cls != cls:
            raise TypeError(f"{raw!r} admitted as {cls}")
        stored, ended = _open(raw), raw.ended
    elif not isinstance(raw, bytes):
        stored = finest(stored, cls)
    if stored is not None and not isinstance(stored, bytes):
        stored = reduce(stored, cls, rule.level, law.salt)
    return None if stored is None else Sealed(cls, stored, since, ended, fleeting=rule.keep == MEMORY)


def held(cls: str, stored: T | None, since: int, ended: int | None) -> Sealed[T] | None:
    """A column of a row that was read. Only store/ calls this."""
    return None if stored is None else Sealed(cls, stored, since, ended, True)


def to_store(sealed: Sealed[T], cls: str) -> T | None:
    """The stored form, for a column that a holding gives this class; None for what is kept in memory alone. Only store/engine
    calls this."""
    if sealed.cls != cls:
        raise TypeError(f"{sealed!r} bound to a column of class {cls}")
    value: T = _open(sealed)
    return None if sealed.fleeting else value


def is_expired(keep: int, ended: int | None, now: int, of_account: bool = False) -> bool:
    """Has the time run out? `keep` is a code of policy.days; a datum whose chat or account goes on has no anchor yet.

    `of_account`: the anchor is the end of the account, which is where "life of the account" ends.
    """
    if ended is None or keep == MEMORY:
        return False
    if keep == LIFE:
        return of_account and ended <= now
    return keep <= CHAT or ended + (keep - 1) * DAY_MS <= now


def release(sealed: Sealed[T] | None, purpose: str, to: str, choice: Choice, law: Law, now: int) -> T | None:
    """The value as far as purpose, reader, the person's state, the law and the clock permit, else None.

    `to` is a name of READERS or APART, MACHINE or PERSON; `now` is in ms.
    """
    if sealed is None:
        return None
    rule = law.rules.get(sealed.cls)
    if rule is None or not permits(rule, choice):
        return None
    if purpose not in rule.purposes and (to != PERSON or law.on_hold):  # whom it is about reads it whatever it is kept for
        return None
    if to not in (MACHINE, PERSON) and to not in rule.audience:
        return None
    if (rule.keep == MEMORY and sealed.kept) or is_expired(rule.keep, sealed.ended, now, sealed.cls in SERVER_CLASSES):
        return None
    stored: Any = _open(sealed)
    if not isinstance(stored, bytes):
        stored = reduce(stored, sealed.cls, rule.level, law.salt)
        stored = None if stored is None else shown(stored, sealed.cls)
    value: T | None = stored
    return value


def same(a: Sealed[T] | None, b: Sealed[T] | None) -> bool:
    """Do two sealed values hold the same? In constant time; for a resend with other text."""
    if a is None or b is None:
        return a is b
    left, right = _open(a), _open(b)
    return type(left) is type(right) and hmac.compare_digest(str(left).encode(), str(right).encode())
