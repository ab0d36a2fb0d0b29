"""Whatever the bytes are, the answer is a command or a BadInput that never repeats what was sent."""

from __future__ import annotations

import contextlib
import json
import logging
import traceback
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from l2s.domain.text import client_id, message_text
from l2s.errors import BadInput
from l2s.protocol import commands, frames, parts
from l2s.protocol.codec import decode_user, decode_visitor, encode
from l2s.protocol.commands import Command, UserCommand, VisitorCommand

RULES = settings(derandomize=True, max_examples=120, database=None, deadline=None)
CANARY = "qzxjkvbwqzxjkvbw"
Decode = Callable[[bytes], Command]
BOTH: list[Decode] = [decode_visitor, decode_user]
AUDIENCES: list[tuple[Decode, Any]] = [(decode_visitor, VisitorCommand), (decode_user, UserCommand)]
ID = "abcdefghijklmnopqrstuv"
VISITOR_GOOD: list[dict[str, Any]] = [
    {
        "type": "hello",
        "protocol": 1,
        "site": "s1",
        "token": "t",
        "chat": "c",
        "since": 3,
        "page": "https://a/",
        "objected": True,
    },
    {"type": "enter", "token": "t"},
    {"type": "send", "id": ID, "text": "hi"},
    {"type": "leave", "id": ID, "text": "hi", "mail": "a@b.example", "name": "Ada"},
    {"type": "typing", "on": True},
    {"type": "mark", "delivered": 1, "read": 2},
    {"type": "end"},
    {"type": "older", "chat": "c", "before": 9},
    {"type": "page", "page": "https://a/b"},
    {"type": "object", "on": False},
    {"type": "forget"},
    {"type": "tick", "on": True, "version": 3},
    {"type": "my_data"},
    {"type": "correct", "name": "Ada", "mail": None},
    {"type": "state", "id": "i", "text": "x"},
    {"type": "erase_me"},
    {"type": "keep_me"},
    {"type": "ask", "id": "i", "text": "x", "contact": "ada@example.org"},
    {"type": "ping"},
]
USER_GOOD: list[dict[str, Any]] = [
    {"type": "hello", "protocol": 1},
    {"type": "available", "on": True},
    {"type": "open", "chat": "c", "since": 3},
    {"type": "older", "chat": "c", "before": 9},
    *({"type": verb, "chat": "c"} for verb in ("take", "join", "give_back", "end", "erase")),
    {"type": "send", "chat": "c", "id": ID, "text": "hi", "seen": 4, "anyway": True},
    {"type": "note", "chat": "c", "id": ID, "text": "hi"},
    {"type": "typing", "chat": "c", "on": False},
    {"type": "mark", "chat": "c", "delivered": 1, "read": 2, "unread": True},
    {"type": "list", "text": "ada", "before": 9},
    {"type": "ping"},
]
GOOD: list[tuple[Decode, dict[str, Any]]] = [
    *((decode_visitor, good) for good in VISITOR_GOOD),
    *((decode_user, good) for good in USER_GOOD),
]


def raw(message: object) -> bytes:
    return json.dumps(message).encode()


def tag_of(command: Any) -> str:
    return str(command.__struct_config__.tag)


def refusal(decode: Decode, sent: bytes) -> BadInput:
    """The refusal of these bytes; anything else, or any part of the canary in what it tells, fails."""
    with pytest.raises(BadInput) as caught:
        decode(sent)
    error = caught.value
    assert error.code == "bad_frame"
    told = "".join((str(error), repr(error), repr(error.data), *traceback.format_exception(error)))
    assert CANARY not in told
    assert "tests/" in told  # the traceback was looked at as a log would print it
    return error


def command_or_refusal(decode: Decode, sent: bytes) -> None:
    """Decode; the two good ends are a command of this audience and a BadInput."""
    try:
        command = decode(sent)
    except BadInput as refused:
        problem = str(refused.data["problem"])
    else:
        assert isinstance(command, Command)
        problem = ""
    assert len(problem) <= len(sent) + 100


@pytest.mark.parametrize(("decode", "good"), GOOD)
def test_a_command_is_what_was_sent(decode: Decode, good: dict[str, Any]) -> None:
    command = decode(raw(good))
    assert tag_of(command) == good["type"]
    assert {name: getattr(command, name) for name in good if name != "type"} == {k: v for k, v in good.items() if k != "type"}


@pytest.mark.parametrize(("decode", "union"), AUDIENCES)
def test_every_command_stands_in_the_examples(decode: Decode, union: Any) -> None:
    shown = [good["type"] for way, good in GOOD if way is decode]
    assert sorted(shown) == sorted(map(tag_of, get_args(union)))


def test_a_visitor_cannot_utter_a_users_command() -> None:
    alone = {good["type"] for good in USER_GOOD} - {good["type"] for good in VISITOR_GOOD}
    assert {"take", "join", "note", "give_back", "erase", "open", "available", "list"} == alone
    uttered = []
    for good in USER_GOOD:
        with contextlib.suppress(BadInput):
            uttered.append(tag_of(decode_visitor(raw(good))))
    assert uttered == ["older", "ping"]  # both may ask for history, of their own chat, and whether the socket is alive


WRONG: list[object] = [
    ["x"], [], {}, {"x": 1}, [[["x"]]], True, False, 0, 1, -1, 1.5, 1.0, 2**53, 2**63, 2**64, 10**30, -(10**30), "", "x" * 5000,
    None,
]  # fmt: skip


def fits(kind: Any, value: object) -> bool:
    """May this value stand in a field of this type, by the words of the wire (`l2s protocol`)?"""
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(fits(one, value) for one in kind.types)
    if isinstance(kind, msgspec.inspect.NoneType):
        return value is None
    if isinstance(kind, msgspec.inspect.BoolType):
        return isinstance(value, bool)
    if isinstance(kind, msgspec.inspect.IntType):
        is_int = isinstance(value, int) and not isinstance(value, bool)
        return is_int and (kind.ge is None or kind.ge <= value <= kind.le)  # type: ignore[operator]
    assert isinstance(kind, msgspec.inspect.StrType)
    return isinstance(value, str) and (kind.min_length or 0) <= len(value) <= (kind.max_length or 10**9)


@pytest.mark.parametrize(("decode", "union"), AUDIENCES)
def test_a_value_of_a_wrong_type_is_refused_by_its_fields_name(decode: Decode, union: Any) -> None:
    goods = {good["type"]: good for way, good in GOOD if way is decode}
    refused = 0
    for one in get_args(union):
        for field in msgspec.inspect.type_info(one).fields:  # type: ignore[attr-defined]
            for value in WRONG:
                sent = raw(goods[tag_of(one)] | {field.name: value})
                if fits(field.type, value):
                    assert tag_of(decode(sent)) == tag_of(one)
                else:
                    refused += 1
                    assert f"`$.{field.name}`" in str(refusal(decode, sent)), (one, field.name, value)
    assert refused > 200


def test_ids_as_lists_bools_and_huge_integers_are_refused() -> None:
    wrongs: tuple[object, ...] = (["c"], True, 5, 10**30, {}, None, "", "x" * 65)
    for wrong in wrongs:
        for good in ({"type": "take", "chat": wrong}, {"type": "send", "chat": "c", "id": wrong, "text": "x"}):
            refusal(decode_user, raw(good))
        refusal(decode_visitor, raw({"type": "send", "id": wrong, "text": "x"}))


@pytest.mark.parametrize("decode", BOTH)
@pytest.mark.parametrize("tag", [CANARY, "", "PING", "ping ", None, 1, True, [], {}, ["ping"], "\x00", "Command", "send\u200b"])
def test_an_unknown_tag_is_refused(decode: Decode, tag: object) -> None:
    refusal(decode, raw({"type": tag, "text": CANARY}))


@pytest.mark.parametrize(("decode", "good"), GOOD)
def test_an_unknown_or_missing_field_is_refused_by_name(decode: Decode, good: dict[str, Any]) -> None:
    assert "`surplus`" in str(refusal(decode, raw(good | {"surplus": CANARY})))
    refusal(decode, raw({key: value for key, value in good.items() if key != "type"}))
    if good["type"] == "send":
        for name in ("id", "text"):
            assert f"`{name}`" in str(refusal(decode, raw({key: value for key, value in good.items() if key != name})))


MALFORMED = {
    "nothing": b"",
    "space": b" \n",
    "NUL": b"\x00",
    "a word": b"ping",
    "cut": b'{"type":"ping"',
    "trailing data": b'{"type":"ping"} {"type":"ping"}',
    "trailing comma": b'{"type":"ping",}',
    "two lines": b'{"type":"ping"}\n{"type":"ping"}',
    "BOM": b'\xef\xbb\xbf{"type":"ping"}',
    "UTF-16": '{"type":"ping"}'.encode("utf-16"),
    "not UTF-8": b'{"type":"send","id":"%s","text":"%s \xff"}' % (ID.encode(), CANARY.encode()),
    "half a surrogate": b'{"type":"send","id":"%s","text":"%s \\ud800"}' % (ID.encode(), CANARY.encode()),
    "the other half": b'{"type":"send","id":"%s","text":"\\udc00 %s"}' % (ID.encode(), CANARY.encode()),
    "surrogate bytes": b'{"type":"send","id":"a","text":"\xed\xa0\x80"}',
    "raw control": b'{"type":"send","id":"a","text":"a\x01b"}',
    "raw NUL": b'{"type":"send","id":"a","text":"a\x00b"}',
    "NaN": b'{"type":"mark","read":NaN}',
    "Infinity": b'{"type":"mark","read":-Infinity}',
    "1e999": b'{"type":"mark","read":1e999}',
    "5,000 digits": b'{"type":"mark","read":%s}' % (b"9" * 5000),
    "5,000 digits of protocol": b'{"type":"hello","protocol":%s}' % (b"9" * 5000),
    "leading zero": b'{"type":"mark","read":01}',
    "comment": b'{"type":"ping"} // x',
    "single quotes": b"{'type':'ping'}",
    "two tags": b'{"type":"ping","type":"send"}',
    "an array": b'["ping","%s"]' % CANARY.encode(),
    "a text": b'"%s"' % CANARY.encode(),
    "a number": b"7",
    "null": b"null",
    "deep array": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep before the tag": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"type":"ping"}',
    "deep in a text": b'{"type":"send","id":"a","text":' + b"[" * 100_000,
    "deep tag": b'{"type":' + b"[" * 100_000,
}


@pytest.mark.parametrize("decode", BOTH)
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_bytes_are_refused(decode: Decode, what: str) -> None:
    refusal(decode, MALFORMED[what])


def test_a_nul_that_was_escaped_is_refused_by_the_rule_for_texts() -> None:
    sent = decode_visitor(b'{"type":"send","id":"abcdefghijklmnop\\u0000","text":"a\\u0000b"}')
    assert isinstance(sent, commands.SendMessage)
    with pytest.raises(BadInput, match="bad_characters"):
        message_text(sent.text, 100)
    with pytest.raises(BadInput, match="bad_id"):
        client_id(sent.id)


@RULES
@given(st.binary(max_size=200))
@example(b'{"type":"ping"}')
def test_random_bytes_give_a_command_or_a_refusal(sent: bytes) -> None:
    for decode in BOTH:
        command_or_refusal(decode, sent)


KEYS = st.sampled_from(["type", "id", "text", "chat", "on", "since", "protocol", "site", "token", "read", "x", ""])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["send", "ping"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@RULES
@given(st.sampled_from([*VISITOR_GOOD, *USER_GOOD, {}]), st.dictionaries(KEYS, VALUES, max_size=4))
def test_random_json_gives_a_command_or_a_refusal(good: dict[str, Any], change: dict[str, Any]) -> None:
    for decode in BOTH:
        command_or_refusal(decode, raw(good | change))


@RULES
@given(st.sampled_from(GOOD), st.data())
def test_a_good_command_with_a_byte_changed_gives_a_command_or_a_refusal(
    pair: tuple[Decode, dict[str, Any]], data: st.DataObject
) -> None:
    decode, good = pair
    sent = bytearray(raw(good))
    sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    command_or_refusal(decode, bytes(sent))


@pytest.mark.parametrize(("decode", "good"), GOOD)
def test_a_command_never_shows_what_a_person_typed(decode: Decode, good: dict[str, Any]) -> None:
    texts = {name: CANARY for name, value in good.items() if isinstance(value, str) and name != "type"}
    command = decode(raw(good | texts))
    assert all(getattr(command, name) == CANARY for name in texts)
    record = logging.LogRecord("l2s", logging.INFO, __file__, 1, "got %s %r", (command, [command]), None)
    for told in (repr(command), str(command), f"{command}", f"{command!r:>9}", str([command]), record.getMessage()):
        assert told.count(f"<{type(command).__name__}>") >= 1
        assert CANARY not in told


def test_a_frame_is_one_line_of_utf8() -> None:
    text = parts.Text("a\nb\r\u2028 東京 \"'</script>")
    message = parts.VisitorMessage("id", "visitor", 1, 1, None, text)
    line = msgspec.json.encode(message)
    assert b"\n" not in line
    frame = next(one for one in get_args(frames.VisitorFrame) if "message" in one.__struct_fields__)
    sent = encode(
        msgspec.convert({"type": frame.__struct_config__.tag, "chat": "c", "message": msgspec.to_builtins(message)}, frame)
    )
    assert b"\n" not in sent
    assert b"\r" not in sent
    assert json.loads(sent)["message"]["body"]["text"] == text.text
