"""Hostile input over the real sockets: each is answered by a clear error, nothing is stored, all others are served."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from tests.conftest import FakeClock, shop_at
from tests.hostile import MALFORMED, USER, VISITOR, raw_socket
from tests.personas import GUARD, Shop, User, Visitor, Wire, new_id

TABLES = ("visitors", "chats", "messages", "details", "participants", "due", "ledger", "users", "sessions")


@asynccontextmanager
async def unharmed(shop: Shop) -> AsyncGenerator[None]:
    """Afterwards no row is another, and somebody else's ping is answered."""
    witness = await shop.visitor()
    before = {table: shop.rows(table) for table in TABLES}
    yield
    assert {frame["type"] for frame in await witness.quiet()} == {"pong"}, "others hear nothing of it"
    assert {table: shop.rows(table) for table in TABLES} == before


async def refusal(wire: Wire, raw: str, kind: str = "refused") -> str:
    """Send as it is; the code of the refusal."""
    await wire.socket.send_str(raw)
    return str((await wire.hear(kind))["code"])


def send_of(text: str, **more: Any) -> str:
    return json.dumps({"type": "send", "id": new_id(), "text": text, **more}, ensure_ascii=False)


@pytest.fixture
async def ingrid(shop: Shop) -> Visitor:
    """A visitor with a token and a chat."""
    return (await shop.writer("Hello"))[0]


async def test_a_malformed_frame_is_refused_and_the_next_one_is_heard(shop: Shop, ingrid: Visitor) -> None:
    tom = await shop.console(shop.made.owner)
    async with unharmed(shop):
        for name, raw in MALFORMED.items():
            assert await refusal(ingrid, raw) == "bad_frame", name
        for name, raw in MALFORMED.items():
            assert await refusal(tom, raw) == "bad_frame", name
    assert (await ingrid.write("Still here"))["message"]["body"]["text"] == "Still here"


async def test_a_refusal_never_repeats_what_was_sent(shop: Shop, ingrid: Visitor) -> None:
    for raw in ('{"type": "canary-qxzvw"}', '{"type": "send", "id": "canary-qxzvw", "text": 1}', "canary-qxzvw"):
        await refusal(ingrid, raw)
    assert "canary" not in str(ingrid.frames)


TEXTS = {
    "": "empty_text",
    " \n\t ": "empty_text",
    "\u200b\u2060": "empty_text",
    "a\x00b": "bad_characters",
    "x" * 10_001: "text_too_long",
    "🛞" * 10_001: "text_too_long",
}


async def test_a_text_that_cannot_be_kept_is_refused(shop: Shop, ingrid: Visitor) -> None:
    async with unharmed(shop):
        for text, code in TEXTS.items():
            assert await refusal(ingrid, send_of(text)) == code
        for id in ("short", "with space in the id", "x" * 65, "ünïcödé-ünïcödé"):
            await ingrid.say("send", id=id, text="x")
            assert (await ingrid.hear("refused"))["code"] in ("bad_id", "bad_frame")
    long = "🛞" * 10_000
    await ingrid.socket.send_str(send_of(long))
    told = await ingrid.hear("message", lambda frame: frame["message"]["seq"] == 2)
    assert told["message"]["body"]["text"] == long, "the longest that may be is kept whole"


async def test_a_form_that_cannot_be_kept_is_refused(shop: Shop) -> None:
    tab = await shop.visitor()
    await tab.enter()
    wrong = [
        ({}, "mail_needed"),
        ({"mail": " "}, "mail_needed"),
        ({"mail": "ingrid"}, "bad_mail"),
        ({"mail": "a@b.example\nBcc: all@b.example"}, "bad_mail"),
        ({"mail": "a" * 250 + "@b.example"}, "bad_mail"),
        ({"mail": "a@b.example", "name": "x" * 121}, "bad_name"),
        ({"mail": "a@b.example", "name": "Ingrid\u202egnp"}, "bad_name"),
        ({"mail": ["a@b.example"]}, "bad_frame"),
    ]
    async with unharmed(shop):
        for fields, code in wrong:
            await tab.say("leave", id=new_id(), text="Call me", **fields)
            assert (await tab.hear("refused"))["code"] == code, fields


async def _closed(wire: Wire) -> int:
    return int((await wire.hear("closed"))["code"])


async def test_a_frame_over_the_limit_and_a_binary_one_close_only_their_own_socket(shop: Shop, ingrid: Visitor) -> None:
    other = await shop.visitor(ingrid.token)
    async with unharmed(shop):
        await ingrid.socket.send_str("x" * (shop.house.settings.frame_max + 1))
        assert await _closed(ingrid) == 1009
        await other.socket.send_bytes(b'{"type": "ping"}')
        assert await _closed(other) == 1003


async def test_bytes_that_are_no_text_are_refused(shop: Shop, ingrid: Visitor) -> None:
    async with unharmed(shop):
        await ingrid.socket._writer.send_frame(b'{"type": "send", "text": "\xff\xc0\x80"}', aiohttp.WSMsgType.TEXT)
        async with asyncio.timeout(GUARD):
            while not any(frame["type"] in ("refused", "closed") for frame in ingrid.frames):
                ingrid._news.clear()
                await ingrid._news.wait()


async def test_frames_that_lie_about_themselves_end_their_socket(shop: Shop) -> None:
    async with unharmed(shop):
        attacks: list[tuple[list[tuple[int, bytes, bool, int | None]], tuple[int | None, ...]]] = [
            ([(1, b"", True, 2**63)], (1002, 1009, None)),
            ([(1, b"", True, 2**40)], (1009,)),
            ([(1, b"x", False, None), *((0, b"x", False, None) for _ in range(70_000))], (1009, None)),
            ([(1, b"x", False, None), (1, b"x", True, None)], (1002,)),
            ([(3, b"", True, None)], (1002,)),
        ]
        for frames, codes in attacks:
            one = await raw_socket(shop)
            one.writer.write(b"".join(one.frame(*frame) for frame in frames))
            assert await one.close_code() in codes
            one.writer.close()


async def test_a_flood_of_pings_starves_nobody(shop: Shop) -> None:
    async with unharmed(shop):
        one = await raw_socket(shop)
        one.writer.write(one.frame(9, b"p") * 5_000)
        one.writer.write(one.frame(8, struct.pack(">H", 1000)))
        assert await one.close_code() in (1000, 1008), "answered to the end, or ended for it"
        one.writer.close()


# Who may open a socket.

FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://evil127.0.0.1:{port}",
    "http://127.0.0.1.:{port}",
    "HTTP://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port} http://127.0.0.1:{port}",
]


async def handshake(shop: Shop, path: str, origins: list[str], cookie: str = "") -> int:
    headers: CIMultiDict[str] = CIMultiDict([("Origin", origin) for origin in origins])
    headers.extend({"Cookie": cookie} if cookie else {})
    try:
        socket = await shop.http.ws_connect(f"{shop.base}{path}", headers=headers)
    except aiohttp.WSServerHandshakeError as problem:
        return problem.status
    await socket.close()
    return 101


@pytest.mark.parametrize("path", ["/ws/visitor", "/ws/console"])
async def test_only_our_own_origin_opens_a_socket(shop: Shop, path: str) -> None:
    cookie = await shop.sign_in(shop.made.owner)
    assert await handshake(shop, path, [shop.base], cookie) == 101, "premise: ours does"
    refused = [[origin.format(port=shop.urls.port)] for origin in FOREIGN] + [[], [shop.base] * 2, [shop.base, "null"]]
    for origins in refused:
        assert await handshake(shop, path, origins, cookie) in (400, 403, 404), origins


async def test_a_console_needs_its_cookie_and_a_visitors_socket_takes_none(shop: Shop) -> None:
    assert await handshake(shop, "/ws/console", [shop.base]) == 401
    assert await handshake(shop, "/ws/console", [shop.base], f"{shop.urls.cookie}={new_id()}") == 401
    _, chat = await shop.writer()
    tab = await shop.visitor(headers={"Cookie": await shop.sign_in(shop.made.owner)})
    async with unharmed(shop):
        for raw in ({"type": "take", "chat": chat}, {"type": "open", "chat": chat}, {"type": "list"}):
            assert await refusal(tab, json.dumps(raw)) == "bad_frame"


# What may be said when.


async def test_nothing_is_heard_before_hello(shop: Shop) -> None:
    tab: Visitor = await shop.connect("/ws/visitor", Visitor)
    async with unharmed(shop):
        for said in VISITOR:
            if said["type"] not in ("hello", "ping"):
                assert await refusal(tab, json.dumps(said)) == "hello_first", said
    console: User = await shop.connect("/ws/console", User, Cookie=await shop.sign_in(shop.made.owner))
    async with unharmed(shop):
        for said in USER:
            if said["type"] not in ("hello", "ping"):
                assert await refusal(console, json.dumps(said)) == "hello_first", said


async def test_a_visitor_cannot_utter_a_users_command(shop: Shop, ingrid: Visitor) -> None:
    mine = {said["type"] for said in VISITOR}
    theirs = [said for said in USER if said["type"] not in mine]
    assert len(theirs) > 7, "premise: there are some"
    async with unharmed(shop):
        for said in theirs:
            assert await refusal(ingrid, json.dumps(said)) == "bad_frame", said


EXTRA = (
    "role",
    "is_admin",
    "seq",
    "rev",
    "author",
    "by",
    "at",
    "operator_id",
    "created_at",
    "verified",
    "site_id",
    "ip",
    "user",
)


async def test_extra_keys_are_refused_in_every_command(shop: Shop, ingrid: Visitor) -> None:
    tom = await shop.console(shop.made.owner)
    async with unharmed(shop):
        for wire, table in ((ingrid, VISITOR), (tom, USER)):
            for said in table:
                for key in EXTRA if said["type"] == "send" else EXTRA[:2]:
                    assert await refusal(wire, json.dumps({**said, key: 1})) == "bad_frame", (said, key)


async def test_hello_names_a_site_that_is_here_a_protocol_and_comes_once(shop: Shop) -> None:
    tab: Visitor = await shop.connect("/ws/visitor", Visitor)
    for site in (new_id(), "x", "../" + shop.site, shop.site + "\x00", shop.site.swapcase()):
        assert await refusal(tab, json.dumps({"type": "hello", "protocol": 1, "site": site})) == "unknown_site"
    assert await refusal(tab, json.dumps({"type": "hello", "protocol": 0, "site": shop.site})) == "protocol"
    for page in ("http://[", "javascript:alert(1)", "x" * 4096, "//[::1", "http://a:b:c/"):
        await tab.ask("hello", "welcome", protocol=1, site=shop.site, page=page)
        assert await refusal(tab, json.dumps({"type": "hello", "protocol": 1, "site": shop.site})) == "hello_once"
        tab = await shop.connect("/ws/visitor", Visitor)


async def test_a_token_is_long_random_and_comes_once(shop: Shop) -> None:
    tab = await shop.visitor()
    async with unharmed(shop):
        for token in ("", "short", "a" * 32, "abcabcabc" * 4, "ä" * 32, "x" * 129, "with spaces in a long token here"):
            assert await refusal(tab, json.dumps({"type": "enter", "token": token})) in ("bad_token", "bad_frame"), token
        assert await refusal(tab, send_of("Hello")) == "enter_first"
        await tab.enter()
        assert await refusal(tab, json.dumps({"type": "enter", "token": new_id()})) == "entered_already"


async def test_a_token_in_the_url_or_a_cookie_is_ignored(shop: Shop, ingrid: Visitor) -> None:
    path = f"/ws/visitor?token={ingrid.token}&site={shop.site}"
    tab: Visitor = await shop.connect(path, Visitor, Cookie=f"token={ingrid.token}; l2s={ingrid.token}")
    welcome = await tab.ask("hello", "welcome", protocol=1, site=shop.site)
    assert (welcome["held"], welcome["chat"]) == (False, None)
    assert await refusal(tab, send_of("As Ingrid")) == "enter_first"


# Whose chat it is.


async def test_a_foreign_chat_looks_like_an_unknown_one(shop: Shop, ingrid: Visitor) -> None:
    _, foreign = await shop.writer("Secret plans")
    async with unharmed(shop):
        told = []
        for chat in (foreign, new_id()):
            await ingrid.say("older", chat=chat, before=99)
            told.append({**await ingrid.hear("refused"), "chat": None})
        assert told[0] == told[1]
        assert told[0]["code"] == "not_found"
        for said in ({"type": "typing", "on": True}, {"type": "end"}, {"type": "mark", "read": 1}):
            assert await refusal(ingrid, json.dumps({**said, "chat": foreign})) == "bad_frame"
    assert "Secret" not in str(ingrid.frames)


async def test_marks_beyond_the_end_stop_at_the_end(shop: Shop, ingrid: Visitor) -> None:
    tom = await shop.console(shop.made.owner)
    await ingrid.say("mark", delivered=2**53 - 1, read=2**53 - 1)
    marks = await tom.hear("marks")
    assert (marks["delivered"], marks["read"]) == (1, 1)
    await ingrid.say("mark", delivered=0, read=0)
    assert await ingrid.quiet() == [ingrid.frames[-1]], "never back, and nobody is told"


async def test_a_visitor_hears_nothing_of_others(shop: Shop, ingrid: Visitor) -> None:
    tom = await shop.operator("Tom")
    bene, chat = await shop.writer("From Benedikt")
    await tom.say("take", chat=chat)
    await bene.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    await tom.reply(chat, "To Benedikt")
    await tom.say("typing", chat=chat, on=True)
    await bene.hear("typing")
    await ingrid.quiet()
    assert {frame["type"] for frame in ingrid.frames} <= {"welcome", "chat", "message", "availability", "pong", "law"}
    seen, own = str(ingrid.frames + bene.frames), str(ingrid.frames)
    assert chat not in own
    assert "Benedikt" not in own
    for secret in ("tom@larch.example", "127.0.0.1", "larch.example", ingrid.token, bene.token, shop.made.account, tom.cookie):
        assert secret not in seen, secret


async def test_a_forgotten_token_opens_nothing_and_hears_nothing(shop: Shop, ingrid: Visitor) -> None:
    """Forgotten means worthless: for the tab that said it, for the others, and for whoever finds the token later."""
    tom = await shop.operator("Tom")
    chat = shop.rows("chats")[0][0]
    await tom.say("take", chat=chat)
    await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    second = await shop.visitor(ingrid.token)
    await ingrid.say("forget")
    await ingrid.hear("forgotten")
    await second.hear("forgotten")
    late: Visitor = await shop.connect("/ws/visitor", Visitor)
    said = {"type": "hello", "protocol": 1, "site": shop.site, "token": ingrid.token}
    assert await refusal(late, json.dumps(said)) == "token_ended"
    entering = await shop.visitor()
    assert await refusal(entering, json.dumps({"type": "enter", "token": ingrid.token})) == "token_ended"
    await tom.reply(chat, "For her eyes only")
    for wire in (ingrid, second, late, entering):
        await wire.quiet()
        assert "her eyes" not in str(wire.frames)


# How much.


async def test_the_ninth_command_in_flight_is_not_read_until_one_is_answered(shop: Shop, ingrid: Visitor) -> None:
    gate = threading.Event()
    try:
        shop.house.engine.submit(lambda sql: (gate.wait(GUARD), []), lambda ticket: None)
        ids = [new_id() for _ in range(9)]
        for id in ids[:7]:
            await ingrid.say("send", id=id, text=id)
        await ingrid.quiet()
        for id in ids[7:]:
            await ingrid.say("send", id=id, text=id)
        await ingrid.say("ping")
        pongs = sum(frame["type"] == "pong" for frame in ingrid.frames)
        witness = await shop.visitor()
        for _ in range(20):
            await witness.quiet()
        assert sum(frame["type"] == "pong" for frame in ingrid.frames) == pongs, "the ninth and what is behind it wait"
    finally:
        gate.set()
    await ingrid.hear("pong")
    await ingrid.hear("message", lambda frame: frame["message"]["id"] == ids[-1])
    heard = [frame["message"]["id"] for frame in ingrid.frames if frame["type"] == "message"]
    assert heard[-9:] == ids, "never refused, never reordered"


async def test_a_flood_is_told_once_and_then_closed(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock, rate_commands=2) as shop:
        for _ in range(5):  # a connection that comes after is not punished for the one before
            tab = await shop.visitor()
            for _ in range(7):
                await tab.say("ping")
                await tab.hear("pong")
            await tab.say("ping")
            refused = await tab.hear("refused")
            assert (refused["code"], refused["data"]["after"] > 0) == ("too_many", True)
            await tab.say("ping")
            assert await _closed(tab) == 1008
        await (await shop.visitor()).quiet()


async def test_a_visitor_who_writes_faster_than_anybody_types_is_slowed_down(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock, rate_send=3) as shop:
        tab, _ = await shop.writer()
        for _ in range(2):
            await tab.write("More")
        assert await refusal(tab, send_of("Too much")) == "too_many"
        again = await shop.visitor(tab.token)
        assert await refusal(again, send_of("Another tab")) == "too_many", "the bucket is the visitor's, not the tab's"
        clock.pass_(20_000)
        await tab.write("After a while")
