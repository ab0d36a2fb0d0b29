"""What a person may type. Nothing is repaired silently; what is refused is named."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2s.domain.passwords import LONGEST, SHORTEST, check_password
from l2s.domain.text import client_id, mail_address, message_text, one_line, visitor_token
from l2s.errors import BadInput, Refused, TooLarge

RULES = settings(derandomize=True, max_examples=200, database=None, deadline=None)
ANY = st.text(st.characters(), max_size=30)  # lone surrogates and NUL included


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hello", "hello"),
        ("  hello \n\n there\t\n", "hello \n\n there"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("👍", "👍"),
        ("مرحبا", "مرحبا"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("東京 x" + "é" * 95, "東京 x" + "é" * 95),
    ],
)
def test_a_message_is_kept_as_typed_but_for_line_ends_and_outer_space(typed: str, kept: str) -> None:
    assert message_text(typed, 100) == kept
    assert message_text(kept, 100) == kept


@pytest.mark.parametrize("typed", ["", " ", "\n\t", "\u200b", "\u00ad\u2060", "\u3000", "\u202e", "\x01\x02", "\ue000"])
def test_a_message_that_shows_nothing_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="empty_text"):
        message_text(typed, 100)


@pytest.mark.parametrize("typed", ["a\x00b", "\x00", "a\ud800", "\udfff", "\ud83d \ude00"])
def test_a_message_that_cannot_be_kept_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="bad_characters"):
        message_text(typed, 100)


def test_a_message_over_the_limit_is_refused_and_told_the_limit() -> None:
    assert message_text("x" * 100, 100)
    with pytest.raises(TooLarge) as refused:
        message_text("x" * 101, 100)
    assert refused.value.data == {"most": 100}


@RULES
@given(ANY)
def test_whatever_is_typed_can_be_stored_or_is_refused(typed: str) -> None:
    rules: tuple[Callable[[], str], ...] = (
        lambda: message_text(typed, 20),
        lambda: one_line(typed, 20, "bad_name"),
        lambda: mail_address(f"{typed}@shop.example"),
        lambda: mail_address(f"ada@{typed}.example"),
        lambda: client_id(typed),
        lambda: visitor_token(typed),
    )
    for rule in rules:
        try:
            kept = rule()
        except Refused:
            continue
        assert kept.encode()
        assert "\x00" not in kept


CANARY = "qzxjkvbwqzxjkvbw"


@pytest.mark.parametrize(
    "refused",
    [
        lambda: message_text(CANARY + "\x00", 100),
        lambda: message_text(CANARY, 3),
        lambda: one_line(CANARY, 3, "bad_name"),
        lambda: mail_address(CANARY),
        lambda: client_id(CANARY + "="),
        lambda: visitor_token(CANARY),
        lambda: check_password(CANARY[:-2]),
    ],
)
def test_a_refusal_never_repeats_what_was_typed(refused: Callable[[], str]) -> None:
    with pytest.raises(Refused) as caught:
        refused()
    assert CANARY[:3] not in str(caught.value)


def test_a_name_is_one_line() -> None:
    assert one_line("  Ada \n Lovelace ", 20, "bad_name") == "Ada Lovelace"
    assert one_line("x" * 20, 20, "bad_name")


CONTROLS = [chr(n) for n in (*range(9), *range(0x0E, 0x1C), 0x7F)]
C1 = [chr(n) for n in (*range(0x80, 0x85), *range(0x86, 0xA0))]  # U+009B alone starts a terminal's escape sequence
OVERRIDES = ["\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"]


@pytest.mark.parametrize("char", [*CONTROLS, *OVERRIDES, "\ud800"], ids=lambda char: f"U+{ord(char):04X}")
def test_a_name_holds_no_controls_and_no_direction_overrides(char: str) -> None:
    assert unicodedata.category(char)[0] == "C"
    with pytest.raises(BadInput, match="bad_name"):
        one_line(f"Ada{char}Lovelace", 80, "bad_name")


def test_a_name_holds_no_controls_of_the_upper_half() -> None:
    assert {unicodedata.category(char) for char in C1} == {"Cc"}
    kept = []
    for char in C1:
        with contextlib.suppress(BadInput):
            kept.append(one_line(f"Ada{char}Lovelace", 80, "bad_name"))
    assert kept == []


@pytest.mark.parametrize("typed", ["", " ", "\n", "x" * 21])
def test_a_name_that_is_empty_or_too_long_is_refused_under_its_own_code(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        one_line(typed, 20, "bad_site_name")
    assert (refused.value.code, refused.value.data) == ("bad_site_name", {"most": 20})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada.Lovelace@Shop.Example ", "Ada.Lovelace@shop.example"),
        ("ada+chat@sub.shop.example", "ada+chat@sub.shop.example"),
        ("o'neil@shop.example", "o'neil@shop.example"),
        ("jürgen@münchen.example", "jürgen@münchen.example"),
    ],
)
def test_a_mail_address_is_kept_with_its_domain_lowered(typed: str, kept: str) -> None:
    assert mail_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "ada@", "@shop.example", "ada@shop", "ada@@shop.example", "ada@shop.example,ben@shop.example",
     "ada@shop.example\r\nBcc: ben@evil.example", "ada@shop.example\nx", "Ada <ada@shop.example>", "ada lovelace@shop.example",
     "x" * 65 + "@shop.example", "ada@" + "x" * 250 + ".example", "ada;x@shop.example", "a\x00da@shop.example",
     "ada@shop\x00.example", "a\x1bda@shop.example", "a\x7fda@shop.example", "a\u202eda@shop.example",
     "a\ud800da@shop.example"],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_mail_address_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="bad_mail"):
        mail_address(typed)


@pytest.mark.parametrize("good", ["A" * 16, "abcdefghijklmnopqrstuv", "-_" * 32])
def test_a_message_id_is_base64url_of_a_fair_length(good: str) -> None:
    assert client_id(good) == good


@pytest.mark.parametrize(
    "wrong", ["", "A" * 15, "A" * 65, "A" * 20 + "=", "A" * 20 + "\n", "A" * 20 + "é", "A" * 20 + "\x00", "１" * 20]
)
def test_a_message_id_of_another_form_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match="bad_id"):
        client_id(wrong)


def test_a_token_holds_128_bits_and_does_not_repeat() -> None:
    good = "abcdefghijKLMNOPQR12-_"
    assert visitor_token(good) == good
    for wrong in (good[:-1], good + "\n", "ab" * 11, "A" * 64, good + "=", good * 6, "", good[:-1] + "\x00"):
        with pytest.raises(BadInput, match="bad_token"):
            visitor_token(wrong)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x" * 3, "password_short"),
        ("abcdefghijklmn", "password_short"),
        ("a" * 40, "password_common"),
        ("abab abab abab abab", "password_common"),
        ("Password Password", "password_common"),
        ("qwertyuiopasdfgh", "password_common"),
        ("x9" * 129, "password_long"),
        ("ada@shop.example1", "password_personal"),
    ],
)
def test_a_password_that_others_would_guess_is_refused_by_name(password: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_password(password, "ada@shop.example", "Ada")
    assert refused.value.code == code
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["river otter plays 1", "ünïcödé pässwörd ok", "東京で猫が三匹寝ています今日も", "A" * 3 + "bcdefgh ijk " * 20]
)
def test_a_long_phrase_needs_no_digits_or_signs(password: str) -> None:
    assert SHORTEST <= len(password) <= LONGEST
    assert check_password(password, "ada@shop.example", "Ada", "Shop") == unicodedata.normalize("NFC", password)


def test_the_same_keys_give_the_same_password_on_every_system() -> None:
    composed, apart = "caf\u00e9 river otter plays", "cafe\u0301 river otter plays"
    assert composed != apart
    assert check_password(composed) == check_password(apart)
