"""The order of declarations against act sets that are enumerated here from the specification, not from the code.

An act is (class, level, age, state of the person, purpose, who): a machine, a reader or a recipient (PRIVACY.md 2).
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2s.errors import BadInput
from l2s.privacy.classes import APART, CHAINS, CLASSES, PURPOSES, READERS, SERVER_CLASSES, SITE_CLASSES, chain
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import (
    CHAT,
    LIFE,
    LONGEST,
    MEMORY,
    OFF,
    Rule,
    When,
    days,
    from_json,
    meet,
    narrower,
    over_ceiling,
    rule_meet,
    rule_narrower,
    to_json,
    up_to,
)

STATES = {
    When.NEVER: (),
    When.TICKED: ("ticked",),
    When.UNLESS_OBJECTED: ("ticked", "undecided"),
    When.ALWAYS: ("ticked", "undecided", "objected"),
}
AGES = (MEMORY, CHAT, days(1), days(30), days(LONGEST), LIFE)
RELAY = ("mail relay", "anywhere")
Act = tuple[Any, ...]


def acts(rule: Rule) -> frozenset[Act]:
    """Everything that a rule permits, one act at a time."""
    who = ["machine", *sorted(rule.audience), *sorted(rule.recipients)]
    levels = range(1, rule.level + 1)
    ages = [age for age in AGES if age <= rule.keep]
    return frozenset(product(levels, ages, STATES[rule.when], sorted(rule.purposes), who))


def all_acts(declaration: dict[str, Rule]) -> frozenset[Act]:
    """The same for a whole declaration: an absent class permits nothing."""
    return frozenset((cls, *act) for cls, rule in declaration.items() for act in acts(rule))


def small_world() -> list[Rule]:
    """Every combination of small domains that hold a chain and an incomparable pair where a field has one."""
    purposes: list[frozenset[str]] = [frozenset(), *map(frozenset, ({"answer"}, {"secure"}, {"answer", "secure"}))]
    audiences = (frozenset({"host"}), up_to("team"))
    recipients: tuple[frozenset[tuple[str, str]], ...] = (frozenset(), frozenset({RELAY}))
    return [Rule(*fields) for fields in product(range(3), When, (CHAT, days(1)), purposes, audiences, recipients)]


def test_narrower_and_meet_are_subset_and_intersection_of_act_sets_for_every_pair() -> None:
    rules = small_world()
    assert len(rules) == 384
    bits: dict[Act, int] = {}
    known: dict[Rule, int] = {}

    def mask(rule: Rule) -> int:
        if rule not in known:
            known[rule] = sum(1 << bits.setdefault(act, len(bits)) for act in acts(rule))
        return known[rule]

    masks = [mask(rule) for rule in rules]
    found = {True: 0, False: 0}
    for a, in_a in zip(rules, masks, strict=True):
        for b, in_b in zip(rules, masks, strict=True):
            subset = in_a & ~in_b == 0
            found[subset] += 1
            assert rule_narrower(a, b) == subset, (a, b)
            assert mask(rule_meet(a, b)) == in_a & in_b, (a, b)
    assert min(found.values()) > 10_000  # both answers were asked for


RULES = st.builds(
    Rule,
    level=st.integers(0, 3),
    when=st.sampled_from(When),
    keep=st.sampled_from(AGES),
    purposes=st.frozensets(st.sampled_from(("answer", "run", "secure"))),
    audience=st.sampled_from((frozenset[str](), *(up_to(name) for name in READERS), up_to("site", "bot"))),
    recipients=st.frozensets(st.sampled_from((RELAY, ("push service", "EU")))),
)
DECLARATIONS = st.dictionaries(st.sampled_from(("address", "page", "message", "mail")), RULES)


@settings(derandomize=True, max_examples=80, database=None, deadline=None)
@given(DECLARATIONS, DECLARATIONS)
def test_whole_declarations_are_ordered_by_their_act_sets(a: dict[str, Rule], b: dict[str, Rule]) -> None:
    in_a, in_b = all_acts(a), all_acts(b)
    assert narrower(a, b) == (in_a <= in_b)
    assert all_acts(meet(a, b)) == in_a & in_b
    assert narrower(meet(a, b), a)
    assert narrower(meet(a, b), b)
    assert OFF not in meet(a, b).values()


def test_days_stand_in_their_order() -> None:
    assert MEMORY < CHAT < days(1) < days(2) < days(LONGEST) < LIFE
    for wrong in (0, -1, LONGEST + 1, 10**30):
        with pytest.raises(BadInput, match="bad_days"):
            days(wrong)


def _public(scope: str) -> st.SearchStrategy[dict[str, Rule]]:
    """Declarations that can be told in public words: levels of the class's own chain, nothing that permits no act."""
    readers = st.sampled_from([frozenset[str](), *map(up_to, READERS)])
    audience = st.builds(frozenset.union, readers, st.frozensets(st.sampled_from(APART)))
    fields = {
        "when": st.sampled_from(list(When)[1:]),
        "keep": st.sampled_from((MEMORY, CHAT, LIFE)) | st.integers(1, LONGEST).map(days),
        "purposes": st.frozensets(st.sampled_from(PURPOSES), min_size=1),
        "audience": audience,
        "recipients": st.frozensets(st.sampled_from((RELAY, ("webhook", "crm.example")))),
    }
    rules = [
        st.tuples(st.just(cls), st.builds(Rule, level=st.integers(1, len(chain(cls)) - 1), **fields)) for cls in CLASSES[scope]
    ]
    return st.lists(st.one_of(rules), max_size=4).map(dict)


@settings(derandomize=True, max_examples=80, database=None, deadline=None)
@given(_public("site"), _public("server"))
def test_a_declaration_survives_its_public_form(site: dict[str, Rule], server: dict[str, Rule]) -> None:
    assert from_json("site", to_json(site)) == site
    assert from_json("server", to_json(server)) == server


def test_a_rule_that_permits_nothing_has_no_public_form() -> None:
    kept = Rule(1, When.ALWAYS, days(1), frozenset({"answer"}), up_to("admin"))
    silent = {"mail": OFF, "name": Rule(1, When.ALWAYS, days(1)), "topic": Rule(0, When.ALWAYS, 5, frozenset({"run"}))}
    assert list(to_json({"message": kept, **silent})) == ["message"]


def test_an_audience_is_stored_down_closed() -> None:
    form = to_json({"message": Rule(1, When.ALWAYS, CHAT, frozenset({"answer"}))})
    form["message"]["audience"] = ["site", "host"]
    assert from_json("site", form)["message"].audience == {"operator", "team", "site", "host"}


GOOD: dict[str, Any] = {"level": "kept", "when": "always", "days": 30, "purposes": ["answer"], "audience": ["admin"]}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"levle": "kept"}, "levle"),
        ({"level": "finest"}, "finest"),
        ({"level": "truncated"}, "truncated"),
        ({"when": "sometimes"}, "sometimes"),
        ({"days": "forever"}, "forever"),
        ({"days": 3651}, "3650"),
        ({"days": 0}, "3650"),
        ({"days": True}, "days"),
        ({"days": 1.5}, "days"),
        ({"purposes": ["answer", "best experience"]}, "best experience"),
        ({"purposes": "answer"}, "purposes"),
        ({"audience": ["everyone"]}, "everyone"),
        ({"audience": None}, "audience"),
        ({"recipients": [["mail relay"]]}, "recipients"),
    ],
)
def test_an_unknown_word_or_key_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    assert from_json("site", {"message": GOOD})
    with pytest.raises(BadInput) as refused:
        from_json("site", {"message": GOOD | change})
    assert named in str(refused.value).lower()


@pytest.mark.parametrize(("scope", "cls"), [("site", "other"), ("site", "billing"), ("server", "message"), ("site", "")])
def test_an_unknown_class_is_refused_by_name(scope: str, cls: str) -> None:
    with pytest.raises(BadInput, match=f"unknown class {cls}"):
        from_json(scope, {cls: GOOD})


@pytest.mark.parametrize("data", [None, [], "always", 3, {"message": None}, {"message": []}, {3: GOOD}, {"message": {}}])
def test_what_is_no_declaration_at_all_is_refused(data: object) -> None:
    with pytest.raises(BadInput, match="bad_declaration"):
        from_json("site", data)


def test_the_lists_are_those_of_the_specification() -> None:
    site = """address browser times page referrer place name mail phone organisation reference topic answer identity claimed
        message attachment preview presence read_marks rating about consent device_token push_key blocked technical case"""
    server = "contact billing session credential work support_talk mailing terms contact_history"
    assert sorted(SITE_CLASSES) == sorted(site.split())
    assert sorted(SERVER_CLASSES) == sorted([*server.split(), "push_key"])  # an operator's device: FACTORY names it
    assert " ".join(PURPOSES) == "answer invite run manage secure allocate bill inform promote comply"
    assert READERS == ("operator", "team", "site", "supervisor", "admin")
    assert CHAINS["address"] == ("none", "hash", "truncated", "full")
    assert CHAINS["browser"] == ("none", "family", "full")
    assert CHAINS["page"] == CHAINS["referrer"] == ("none", "path", "full")
    assert (CHAINS["place"], CHAINS["times"]) == (("none", "country"), ("none", "day", "exact"))
    assert chain("message") == ("none", "kept")


def _told(level: str, when: str, kept: str | int, purposes: str, *recipient: str) -> dict[str, Any]:
    everyone = sorted(READERS)
    recipients = [list(recipient)] if recipient else []
    return {
        "level": level, "when": when, "days": kept, "purposes": sorted(purposes.split()), "audience": everyone,
        "recipients": recipients,
    }  # fmt: skip


def test_a_fresh_site_declares_what_the_specification_lists_and_nothing_else() -> None:
    half_year = "attachment name phone organisation reference topic answer rating about device_token"
    expected = {cls: _told("kept", "always", 180, "answer run") for cls in half_year.split()}
    expected |= {cls: _told("kept", "always", 180, "answer run", *RELAY) for cls in ("mail", "message")}
    expected["times"] = _told("exact", "always", 180, "answer run")
    expected["read_marks"] = _told("kept", "always", "chat", "answer run")
    expected |= {cls: _told("kept", "always", 365, "comply") for cls in ("consent", "case")}
    for cls, level in (("address", "truncated"), ("browser", "family"), ("page", "path")):
        expected[cls] = _told(level, "unless_objected", 30, "answer secure")
    expected["blocked"] = _told("kept", "always", 30, "secure")
    expected["technical"] = _told("kept", "always", 14, "secure")
    for cls in ("blocked", "technical"):
        expected[cls]["audience"] = sorted([*READERS, "host"])
    assert to_json(FACTORY["site"]) == expected


def _fresh_server() -> dict[str, dict[str, Any]]:
    expected = {cls: _told("kept", "always", "account", "run secure") for cls in ("credential", "terms")}
    expected["contact"] = _told("kept", "always", "account", "run secure", *RELAY)
    expected["session"] = _told("kept", "always", 90, "allocate secure")
    expected |= {cls: _told("kept", "always", 365, "manage") for cls in ("work", "contact_history", "support_talk")}
    expected["push_key"] = _told("kept", "ticked", "account", "run secure", "push service", "anywhere")
    return expected


def test_a_fresh_server_declares_what_the_specification_lists_and_nothing_else() -> None:
    found, expected = to_json(FACTORY["server"]), _fresh_server()
    assert found.keys() == expected.keys()
    for cls, rule in expected.items():
        assert found[cls] | {"audience": None} == rule | {"audience": None}, cls


def test_a_fresh_server_lets_admins_read_and_nobody_beyond() -> None:
    found = {cls: rule["audience"] for cls, rule in to_json(FACTORY["server"]).items()}
    assert found == {cls: rule["audience"] for cls, rule in _fresh_server().items()}


@pytest.mark.parametrize("scope", ["site", "server"])
def test_the_factory_stays_under_the_ceiling(scope: str) -> None:
    assert over_ceiling(scope, FACTORY[scope]) is None
    assert FACTORY[scope].keys() <= set(CLASSES[scope])


def _over(scope: str, cls: str, **fields: Any) -> str | None:
    base: dict[str, Any] = {
        "level": 1, "when": When.TICKED, "keep": MEMORY, "purposes": frozenset({"answer"}), "audience": frozenset(),
    }  # fmt: skip
    return over_ceiling(scope, {cls: Rule(**(base | fields))})


@pytest.mark.parametrize("cls", ["preview", "presence", "address", "place", "page"])
def test_no_declaration_can_make_it_always(cls: str) -> None:
    assert _over("site", cls, when=When.UNLESS_OBJECTED) is None
    assert _over("site", cls, when=When.ALWAYS) == cls


@pytest.mark.parametrize("cls", ["preview", "presence"])
def test_no_declaration_can_write_it_down(cls: str) -> None:
    assert _over("site", cls) is None
    for keep in (CHAT, days(1), LIFE):
        assert _over("site", cls, keep=keep) == cls


@pytest.mark.parametrize("cls", [*SITE_CLASSES, *SERVER_CLASSES])
def test_promotion_is_only_for_those_who_ticked(cls: str) -> None:
    scope = "site" if cls in SITE_CLASSES else "server"
    assert _over(scope, cls, purposes=frozenset({"promote"})) is None
    for when in (When.UNLESS_OBJECTED, When.ALWAYS):
        assert _over(scope, cls, purposes=frozenset({"answer", "promote"}), when=when) == cls


def test_a_place_is_never_finer_than_a_country() -> None:
    assert chain("place")[1] == "country"
    assert _over("site", "place", level=1) is None
    assert _over("site", "place", level=2) == "place"


def test_billing_never_reaches_operators() -> None:
    assert _over("server", "billing", when=When.ALWAYS, audience=frozenset({"host"})) is None
    for reader in ("operator", "team", "site", "supervisor", "admin"):
        assert "operator" in up_to(reader)
        assert _over("server", "billing", audience=up_to(reader)) == "billing"


def test_a_class_of_the_other_scope_or_beyond_its_chain_is_over_the_ceiling() -> None:
    assert _over("site", "billing") == "billing"
    assert _over("server", "message") == "message"
    assert _over("site", "other") == "other"
    for cls in SITE_CLASSES:
        assert _over("site", cls, level=len(chain(cls))) == cls


def test_a_rule_that_permits_nothing_exceeds_nothing() -> None:
    assert _over("site", "preview", when=When.ALWAYS, keep=LIFE, purposes=frozenset()) is None
