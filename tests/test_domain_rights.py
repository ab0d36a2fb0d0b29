"""Who may do what, as a table of its own: verbs × roles × own or foreign account × limits."""

from __future__ import annotations

from itertools import product

import pytest

from l2s.domain.chats import Chat
from l2s.domain.people import HOST, ROLES, SYSTEM, Actor, Role
from l2s.domain.rights import RIGHTS, Place, may, need, reader
from l2s.errors import NotFound

# Roles fall from owner to operator: each column holds what its role adds to the ones right of it.
TABLE = {
    "operator": {"send", "typing", "mark", "end", "read", "take", "join", "note", "give_back", "available", "see_people"},
    "supervisor": set[str](),
    "admin": {
        "erase",
        "see_users",
        "invite",
        "change_user",
        "see_sites",
        "change_site",
        "see_sessions",
        "declare",
        "cases",
        "see_audit",
        "link",
        "hold",
        "disclose",
        "incidents",
        "see_account",
    },
    "owner": {"change_owner", "change_account"},
}
VISITOR = {"send", "leave", "typing", "mark", "end", "object", "forget"}
BOX = {"make_account", "link", "status", "hold", "disclose"}
VERBS = sorted(RIGHTS)
FOREIGN = ["", "drop_table", "SEND", "send ", "__class__", "preview", "owner"]


def rights_of(role: Role) -> set[str]:
    names = list(TABLE)
    return set().union(*(TABLE[name] for name in names[: names.index(role) + 1]))


def a_chat(
    visitor: str = "v1", account: str = "a1", site: str = "s1", department: str = "d1", owner: str | None = None
) -> Chat:
    return Chat("c1", account, site, department, visitor, "open", 1, 1, 1, 1, 1, False, owner)


def a_user(role: Role, sites: frozenset[str] | None = None, departments: frozenset[str] | None = None) -> Actor:
    return Actor("user", "u1", "a1", "Ada", role, sites=sites, departments=departments)


def a_visitor(key: str = "v1", account: str = "a1", site: str = "s1") -> Actor:
    return Actor("visitor", key, account, site=site)


OWN: list[Chat | Place] = [a_chat(), Place("a1"), Place("a1", "s1"), Place("a1", "s1", "d1")]
OTHERS: list[Chat | Place] = [a_chat(account="a2"), Place("a2"), Place("a2", "s1"), Place("a2", "s1", "d1"), Place("")]


def test_the_table_knows_every_verb_and_no_other() -> None:
    assert set(VERBS) == rights_of("owner") | VISITOR | BOX
    assert list(TABLE) == list(ROLES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", [*VERBS, *FOREIGN])
def test_a_user_may_what_the_role_carries_in_the_own_account_and_nothing_in_another(role: Role, verb: str) -> None:
    allowed = verb in rights_of(role)
    assert [may(a_user(role), verb, thing) for thing in OWN] == [allowed] * len(OWN)
    assert not any(may(a_user(role), verb, thing) for thing in OTHERS)


@pytest.mark.parametrize("verb", VERBS)
def test_rights_fall_from_owner_to_operator(verb: str) -> None:
    held = [may(a_user(role), verb, Place("a1")) for role in ROLES]
    assert held == sorted(held)


LIMITS = [None, frozenset({"1"}), frozenset({"1", "2"}), frozenset({"2"}), frozenset[str]()]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
def test_limits_to_sites_and_departments_hold_for_every_verb(role: Role, verb: str) -> None:
    allowed = verb in rights_of(role)
    for sites, departments in product(LIMITS, LIMITS):
        actor = a_user(role, sites, departments)
        inside = (sites is None or "1" in sites) and (departments is None or "1" in departments)
        assert may(actor, verb, a_chat(site="1", department="1")) is (allowed and inside)
        assert may(actor, verb, Place("a1", "1", "1")) is (allowed and inside)
        assert may(actor, verb, Place("a1", "1")) is (allowed and (sites is None or "1" in sites))
        assert not may(actor, verb, a_chat(account="a2", site="1", department="1"))


@pytest.mark.parametrize("verb", [*VERBS, *FOREIGN])
def test_a_visitor_may_only_with_the_own_chat(verb: str) -> None:
    allowed = verb in VISITOR
    assert may(a_visitor(), verb, a_chat()) is allowed
    assert may(a_visitor(), verb, Place("a1", "s1")) is allowed  # before there is a chat
    assert may(a_visitor(), verb, a_chat(owner="u1", department="d9")) is allowed
    for stranger in (
        a_chat("v2"),
        a_chat(""),
        a_chat(account="a2"),
        a_chat(site="s2"),
        Place("a1", "s2"),
        Place("a1"),
        Place("a2", "s1"),
    ):
        assert not may(a_visitor(), verb, stranger)


def test_a_visitor_with_an_operators_id_or_role_is_still_a_visitor() -> None:
    trickster = Actor("visitor", "u1", "a1", role="owner", site="s1")
    assert may(a_user("owner"), "erase", a_chat(owner="u1"))
    assert not any(may(trickster, verb, a_chat("v1", owner="u1")) for verb in VERBS)
    assert not any(may(trickster, verb, Place("a1", "s1")) for verb in set(VERBS) - VISITOR)


@pytest.mark.parametrize("verb", [*VERBS, *FOREIGN])
def test_the_host_at_the_box_may_what_names_it_in_every_account(verb: str) -> None:
    assert {may(HOST, verb, thing) for thing in [*OWN, *OTHERS]} == {verb in BOX}


@pytest.mark.parametrize("verb", VERBS)
def test_a_user_without_a_role_may_nothing(verb: str) -> None:
    nobody = Actor("user", "u1", "a1")
    assert not any(may(nobody, verb, thing) for thing in OWN)


def test_the_systems_own_timers_may_end_a_chat() -> None:
    assert may(SYSTEM, "end", a_chat())


@pytest.mark.parametrize("verb", FOREIGN)
def test_a_verb_that_stands_in_no_row_is_refused_to_everybody(verb: str) -> None:
    assert verb not in RIGHTS
    for actor in (*map(a_user, ROLES), a_visitor(), HOST):
        assert not any(may(actor, verb, thing) for thing in [*OWN, *OTHERS]), actor.kind


def test_a_verb_that_stands_in_no_row_is_refused_to_the_system_too() -> None:
    assert [verb for verb in FOREIGN if may(SYSTEM, verb, a_chat())] == []


def test_unknown_and_forbidden_look_the_same() -> None:
    need(a_user("admin"), "erase", a_chat())
    told = set()
    cases = [
        (a_user("operator"), "erase", a_chat()),
        (a_user("admin"), "erase", a_chat(account="a2")),
        (a_user("owner", frozenset({"s2"})), "read", a_chat()),
        (a_visitor(), "send", a_chat("v2")),
        (a_visitor(), "no_such_verb", a_chat()),
    ]
    for actor, verb, thing in cases:
        with pytest.raises(NotFound) as refused:
            need(actor, verb, thing)
        told.add((str(refused.value), refused.value.status))
    assert told == {("not_found", 404)}


@pytest.mark.parametrize(
    ("role", "owner", "seen_as"),
    [
        ("operator", "u1", "operator"), ("supervisor", "u1", "operator"), ("admin", "u1", "operator"),
        ("owner", "u1", "operator"), ("operator", "u2", "team"), ("supervisor", "u2", "supervisor"), ("admin", "u2", "admin"),
        ("owner", None, "admin"),
        ("operator", None, "team"),
    ],
)  # fmt: skip
def test_a_user_reads_as_the_nearest_reader_of_the_declaration(role: Role, owner: str | None, seen_as: str) -> None:
    assert reader(a_user(role), a_chat(owner=owner)) == seen_as
