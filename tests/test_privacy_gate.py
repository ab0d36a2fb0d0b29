"""The gate, both ways: what a Sealed shows to an accident, what `admit` lets in, what `release` lets out."""

from __future__ import annotations

import copy
import json
import logging
import operator
import pickle
import pprint
import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from l2s.privacy.classes import DAY_MS
from l2s.privacy.gate import MACHINE, PERSON, Sealed, admit, held, is_expired, release, same, to_store
from l2s.privacy.ledger import GENESIS, Law, Posted, canonical, governing, seal
from l2s.privacy.ledger import Moment as At
from l2s.privacy.policy import CHAT, LIFE, MEMORY, Choice, Rule, When, days, to_json, up_to

CANARY = "qzxjkvbwqzxjkvbw"
SINCE = 2
NOW = 1_800_000_000_000
KEY = b"the key of one day"


def law(**rules: Rule) -> Law:
    """A law as it comes about: a first version, posted and ripened before anything of a stranger was kept."""
    first = seal(1, "s1", "posted", At(0, 0), canonical(Posted(1, to_json(rules))), GENESIS)
    second = seal(2, "s1", "ripened", At(0, 0), canonical({"n": 1}), first.hash)
    kind = "site" if "contact" not in rules else "server"
    return governing(kind, [first, second], SINCE, KEY)


def kept(level: int = 1, when: When = When.ALWAYS, keep: int = days(30), reader: str = "team") -> Rule:
    """A rule for answering."""
    return Rule(level, when, keep, frozenset({"answer"}), up_to(reader))


def let_in(raw: Any, cls: str, choice: Choice, under: Law, since: int) -> Sealed[Any] | None:
    """`admit`, of a raw value or of one that was sealed before."""
    return admit(raw, cls, choice, under, since)


def passes(sealed: Sealed[Any] | None, under: Law, *, to: str = "team", purpose: str = "answer", **late: Any) -> Any:
    """`release` to a colleague for answering, of a person who chose nothing, unless told otherwise."""
    return release(sealed, purpose, to, late.get("choice", Choice.NONE), under, late.get("now", NOW))


def a_secret() -> Sealed[str]:
    sealed = let_in(CANARY, "message", Choice.NONE, law(message=kept()), SINCE)
    assert sealed is not None
    assert to_store(sealed, "message") == CANARY  # it is in there
    return sealed


def logged(sealed: Sealed[str]) -> str:
    record = logging.LogRecord("l2s", logging.INFO, __file__, 1, "said %s, %r", (sealed, {"in": [sealed]}), None)
    return logging.Formatter().format(record)


class Parcel(msgspec.Struct):
    """Something that carries a Sealed."""

    what: Sealed[str]


PRINTS: dict[str, Callable[[Sealed[str]], str]] = {
    "repr": repr, "str": str, "ascii": ascii, "f-string": lambda s: f"{s}", "f-string !r": lambda s: f"{s!r:>40}",
    "format spec": lambda s: f"{s:>40}", "percent": lambda s: operator.mod("%s", s), "str.format": "{}".format,
    "pprint": pprint.pformat, "inside a list": lambda s: str([s]), "inside a Struct": lambda s: repr(Parcel(s)),
    "log line": logged, "an error": lambda s: repr(ValueError("bad", s)),
}  # fmt: skip


@pytest.mark.parametrize("how", PRINTS)
def test_a_sealed_value_prints_its_class_alone(how: str) -> None:
    told = PRINTS[how](a_secret())
    assert "<message sealed>" in told
    assert CANARY not in told


def bound(sealed: Sealed[str]) -> object:
    db = sqlite3.connect(":memory:")
    try:
        return db.execute("SELECT ?1", (sealed,)).fetchone()
    finally:
        db.close()


REFUSED: dict[str, Callable[[Any], object]] = {
    "==": lambda s: s == CANARY, "== itself": lambda s: s == s, "!=": lambda s: s != CANARY, "<": lambda s: s < CANARY,
    "in": lambda s: CANARY in [s], "hash": hash, "dict key": lambda s: {s: 1}, "set": lambda s: {s}, "len": len,
    "iter": iter, "int": int, "bytes": bytes, "+": lambda s: "" + s, "join": "".join, "index": lambda s: s[0],
    "%d": lambda s: operator.mod("%d", s), "vars": vars,
    "pickle 0": lambda s: pickle.dumps(s, 0), "pickle": pickle.dumps, "pickle inside": lambda s: pickle.dumps({"a": [s]}),
    "copy": copy.copy, "deepcopy": copy.deepcopy, "deepcopy inside": lambda s: copy.deepcopy([Parcel(s)]),
    "reduce": lambda s: s.__reduce__(), "reduce_ex": lambda s: s.__reduce_ex__(5), "getstate": lambda s: s.__getstate__(),
    "json": json.dumps, "json inside": lambda s: json.dumps({"a": [s]}), "msgspec json": msgspec.json.encode,
    "msgspec inside": lambda s: msgspec.json.encode(Parcel(s)), "msgpack": msgspec.msgpack.encode,
    "to_builtins": msgspec.to_builtins, "== inside": lambda s: Parcel(s) == Parcel(a_secret()), "sqlite3": bound,
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_a_sealed_value_refuses_to_be_looked_at(how: str) -> None:
    with pytest.raises((TypeError, sqlite3.ProgrammingError)) as refused:
        REFUSED[how](a_secret())
    assert CANARY not in str(refused.value)


def test_a_sealed_value_has_no_room_for_more() -> None:
    with pytest.raises(AttributeError):
        a_secret().copy = CANARY  # type: ignore[attr-defined]


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("when", When)
def test_a_choice_drops_what_the_declaration_does_not_allow_of_such_a_person(when: When, choice: Choice) -> None:
    allowed = {
        When.NEVER: set[Choice](),
        When.TICKED: {Choice.TICKED},
        When.UNLESS_OBJECTED: {Choice.TICKED, Choice.NONE},
        When.ALWAYS: {Choice.TICKED, Choice.NONE, Choice.OBJECTED},
    }[when]
    under = law(name=kept(when=when))
    sealed = let_in("Ada", "name", choice, under, SINCE)
    assert (sealed is not None) == (choice in allowed)
    stored = held("name", "Ada", SINCE, None)
    assert passes(stored, under, choice=choice) == ("Ada" if choice in allowed else None)


def test_what_is_not_declared_is_dropped() -> None:
    assert let_in("Ada", "name", Choice.TICKED, law(message=kept()), SINCE) is None
    assert let_in(None, "message", Choice.TICKED, law(message=kept()), SINCE) is None
    assert passes(held("name", "Ada", SINCE, None), law(message=kept())) is None


LEVELS = [
    ("address", "203.0.113.7", {2: "203.0.113.0/24", 3: "203.0.113.7"}),
    ("browser", f"Mozilla/5.0 (X11; Linux) Firefox/140 {CANARY}", {1: "Firefox on Linux"}),
    ("page", f"https://shop.example/cart?{CANARY}", {1: "/cart", 2: "https://shop.example/cart"}),
    ("times", NOW + 5, {1: NOW // DAY_MS * DAY_MS, 2: NOW + 5}),
]


@pytest.mark.parametrize(("cls", "raw", "forms"), LEVELS)
def test_admit_keeps_exactly_the_declared_level(cls: str, raw: str | int, forms: dict[int, str | int]) -> None:
    for level, form in forms.items():
        under = law(**{cls: kept(level, When.UNLESS_OBJECTED)})
        sealed = let_in(raw, cls, Choice.NONE, under, SINCE)
        assert sealed is not None
        assert to_store(sealed, cls) == form
        assert passes(sealed, under) == form


def test_a_hashed_address_says_neither_address_nor_network() -> None:
    sealed = let_in("203.0.113.7", "address", Choice.NONE, law(address=kept(1, When.UNLESS_OBJECTED)), SINCE)
    assert sealed is not None
    assert to_store(sealed, "address").startswith("h:")
    assert "203" not in to_store(sealed, "address")[:6]


def test_what_is_not_of_its_kind_is_dropped() -> None:
    assert let_in("no address", "address", Choice.NONE, law(address=kept(3, When.UNLESS_OBJECTED)), SINCE) is None


def test_admitting_again_changes_nothing_but_follows_the_law_at_commit() -> None:
    wide, narrow = law(address=kept(3, When.UNLESS_OBJECTED)), law(address=kept(2, When.UNLESS_OBJECTED))
    at_the_door = let_in("203.0.113.7", "address", Choice.NONE, wide, SINCE)
    assert same(at_the_door, let_in(at_the_door, "address", Choice.NONE, wide, SINCE))
    in_the_unit = let_in(at_the_door, "address", Choice.NONE, narrow, SINCE)
    assert passes(in_the_unit, wide) == "203.0.113.0/24"
    assert same(in_the_unit, let_in(in_the_unit, "address", Choice.NONE, wide, SINCE))
    assert let_in(at_the_door, "address", Choice.OBJECTED, wide, SINCE) is None
    assert let_in(at_the_door, "address", Choice.NONE, law(), SINCE) is None


def test_a_class_cannot_be_swapped_on_the_way() -> None:
    under = law(message=kept(), name=kept())
    sealed = let_in("Ada", "name", Choice.NONE, under, SINCE)
    assert sealed is not None
    with pytest.raises(TypeError, match="<name sealed> admitted as message"):
        let_in(sealed, "message", Choice.NONE, under, SINCE)
    with pytest.raises(TypeError, match="<name sealed> bound to a column of class message"):
        to_store(sealed, "message")


def test_a_value_cannot_outlive_its_days_by_passing_the_gate_again() -> None:
    under = law(message=kept(keep=days(30)))
    old = held("message", "hello", SINCE, NOW - 31 * DAY_MS)
    assert passes(old, under) is None
    assert passes(let_in(old, "message", Choice.NONE, under, SINCE), under) is None


def test_release_needs_a_declared_purpose_and_reader() -> None:
    under = law(message=kept(reader="team"))
    sealed = held("message", "hello", SINCE, None)
    assert {to: passes(sealed, under, to=to) for to in ("operator", "team", MACHINE, PERSON)} == dict.fromkeys(
        ("operator", "team", MACHINE, PERSON), "hello"
    )
    for stranger in ("site", "supervisor", "admin", "host", "bot", "webhook", ""):
        assert passes(sealed, under, to=stranger) is None, stranger
    for purpose in ("manage", "promote", "secure", ""):
        assert passes(sealed, under, purpose=purpose) is None, purpose
        assert passes(sealed, under, purpose=purpose, to=PERSON) == "hello", "whom it is about reads it whatever it is kept for"
        assert passes(sealed, under, purpose=purpose, to=MACHINE) is None, purpose
    assert passes(None, under) is None


@pytest.mark.parametrize("n", [1, 30, 180, 3650])
def test_days_end_at_the_instant(n: int) -> None:
    under = law(message=kept(keep=days(n)))
    sealed = held("message", "hello", SINCE, NOW)
    end = NOW + n * DAY_MS
    assert passes(sealed, under, now=NOW) == "hello"
    assert passes(sealed, under, now=end - 1) == "hello"
    assert passes(sealed, under, now=end) is None
    assert passes(sealed, under, now=end, to=PERSON) is None
    assert passes(held("message", "hello", SINCE, None), under, now=end + 10**12) == "hello"  # its chat goes on


def test_until_the_chat_ends_means_until_then() -> None:
    under = law(read_marks=kept(keep=CHAT))
    assert passes(held("read_marks", 7, SINCE, None), under) == 7
    assert passes(held("read_marks", 7, SINCE, NOW), under, now=NOW) is None
    assert (is_expired(CHAT, None, NOW), is_expired(CHAT, NOW, NOW)) == (False, True)


def test_a_row_that_a_later_version_keeps_in_memory_only_is_never_read_again() -> None:
    stored = held("address", "203.0.113.7", SINCE, None)
    assert passes(stored, law(address=kept(3, When.UNLESS_OBJECTED))) == "203.0.113.7"
    assert passes(stored, law(address=kept(3, When.UNLESS_OBJECTED, MEMORY))) is None


def test_what_is_for_memory_alone_is_bound_to_no_column() -> None:
    under = law(page=kept(keep=MEMORY), name=kept())
    page = let_in("https://shop.example/tents", "page", Choice.NONE, under, 1)
    name = let_in("Ingrid", "name", Choice.NONE, under, 1)
    assert page is not None
    assert name is not None
    assert to_store(page, "page") is None
    assert to_store(name, "name") == "Ingrid"


def test_a_draft_that_is_in_memory_only_can_be_shown_while_it_is_there() -> None:
    under = law(preview=kept(when=When.TICKED, keep=MEMORY, reader="operator"))
    draft = let_in("hel", "preview", Choice.TICKED, under, SINCE)
    assert draft is not None
    assert passes(draft, under, to="operator", choice=Choice.TICKED) == "hel"


def test_the_life_of_an_account_outlives_a_chat() -> None:
    under = law(about=kept(keep=LIFE))
    assert passes(held("about", "regular", SINCE, NOW), under, now=NOW + 5000 * DAY_MS) == "regular"


def test_the_life_of_an_account_ends_with_the_account() -> None:
    under = law(contact=kept(keep=LIFE))
    assert passes(held("contact", "ada@shop.example", SINCE, None), under) == "ada@shop.example"
    assert passes(held("contact", "ada@shop.example", SINCE, NOW), under, now=NOW - 1) == "ada@shop.example"
    assert passes(held("contact", "ada@shop.example", SINCE, NOW), under, now=NOW) is None


def test_a_narrower_law_reaches_what_was_stored_before() -> None:
    stored = held("address", "203.0.113.7", SINCE, None)
    assert passes(stored, law(address=kept(3, When.UNLESS_OBJECTED))) == "203.0.113.7"
    assert passes(stored, law(address=kept(2, When.UNLESS_OBJECTED))) == "203.0.113.0/24"
    assert passes(stored, law(address=kept(2, When.TICKED))) is None
    assert passes(stored, law(address=kept(2, When.UNLESS_OBJECTED)), choice=Choice.OBJECTED) is None


def test_a_hash_never_becomes_an_address_again_under_a_wider_law() -> None:
    hashed = let_in("203.0.113.7", "address", Choice.NONE, law(address=kept(1, When.UNLESS_OBJECTED)), SINCE)
    told = passes(hashed, law(address=kept(3, When.UNLESS_OBJECTED)))
    assert told.startswith("h:")


def test_whether_two_values_are_alike_is_told_by_same_alone() -> None:
    ada, twin, bob = (held("message", text, SINCE, None) for text in ("ada", "ada", "bob"))
    assert ada is not twin
    assert same(ada, twin)
    assert not same(ada, bob)
    assert not same(ada, None)
    assert not same(None, ada)
    assert same(None, None)
    number: Sealed[Any] | None = held("message", 7, SINCE, None)
    assert not same(held("message", "7", SINCE, None), number)
    assert same(held("times", 7, SINCE, None), held("times", 7, SINCE, None))
    assert same(held("message", "grün 東京", SINCE, None), held("message", "grün 東京", SINCE, None))


def test_bytes_pass_whole() -> None:
    under = law(device_token=kept())
    sealed = let_in(b"\x00\xff", "device_token", Choice.NONE, under, SINCE)
    assert sealed is not None
    assert to_store(sealed, "device_token") == b"\x00\xff"
    assert passes(sealed, under) == b"\x00\xff"
