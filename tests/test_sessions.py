"""Getting in and being thrown out: sign-in, forged forms, cookies, single-use links, sessions that die everywhere."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from l2s.actions import people
from l2s.domain.people import HOST, Role
from l2s.web import doors
from tests.conftest import FakeClock, shop_at
from tests.personas import GUARD, PASSWORD, Shop, User, Visitor, new_id

MAJA = "maja@larch.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; canary) Gecko/20100101 Firefox/131.0"


class Answer(NamedTuple):
    status: int
    body: str
    cookie: str
    where: str


async def ask(shop: Shop, method: str, path: str, data: Any = None, cookie: str = "", **headers: str) -> Answer:
    """A request of our own page, unless `headers` say otherwise; "" leaves one out."""
    sent = {"Origin": shop.base, "Accept": "text/html", "User-Agent": AGENT, "Cookie": cookie, **headers}
    sent = {name.replace("_", "-"): value for name, value in sent.items() if value}
    async with shop.http.request(method, shop.base + path, data=data, headers=sent, allow_redirects=False) as answer:
        told = answer.headers
        return Answer(answer.status, await answer.text(), told.get("Set-Cookie", ""), told.get("Location", ""))


async def sign_in(shop: Shop, mail: str, password: str = PASSWORD, **headers: str) -> Answer:
    return await ask(shop, "POST", "/login", {"mail": mail, "password": password}, **headers)


def held(answer: Answer) -> str:
    """What a browser sends back of a Set-Cookie."""
    return answer.cookie.partition(";")[0]


async def may_enter(shop: Shop, cookie: str) -> bool:
    answer = await ask(shop, "GET", "/console/sessions", cookie=cookie)
    assert (answer.status, answer.where) in ((200, ""), (303, "/login"))
    return answer.status == 200


# The sign-in form.


async def test_unknown_wrong_disabled_and_invited_look_the_same(shop: Shop) -> None:
    tom = await shop.add_user("Tom")
    owner = await shop.console(shop.made.owner)
    await shop.house.engine.write(people.change_user(shop.house, session_of(owner), tom, disable=True))
    await shop.house.engine.write(people.invite(shop.house, HOST, shop.made.account, "new@larch.example", "New", "operator"))
    assert (await sign_in(shop, MAJA)).status == 303, "premise: the right one gets in"
    answers = []
    for mail in (MAJA, "tom@larch.example", "new@larch.example", "nobody@larch.example"):
        answer = await sign_in(shop, mail, "wrong " + PASSWORD if mail == MAJA else PASSWORD)
        answers.append((answer.status, answer.body.replace(mail, "MAIL"), answer.cookie))
    assert answers[0][0] == 401
    assert all(re.sub(r'nonce="[^"]*"', "", body[1]) == re.sub(r'nonce="[^"]*"', "", answers[0][1]) for body in answers)
    assert {(status, cookie) for status, _, cookie in answers} == {(401, "")}


class Counting:
    """Stands in front of the real check and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, real: bool = True) -> None:
        self.calls = 0
        self._real = doors.verify_password if real else None
        monkeypatch.setattr(doors, "verify_password", self)

    def __call__(self, stored: str | None, password: str) -> bool:
        self.calls += 1
        return self._real(stored, password) if self._real else False


async def test_parallel_guesses_cannot_beat_the_limit(
    still_shop: Shop, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counting(monkeypatch)
    mails = [MAJA, MAJA.upper(), f" {MAJA} "]
    guesses = [
        sign_in(still_shop, mails[i % 3], f"guess number {i} of fifty", X_Forwarded_For=f"203.0.113.{i}") for i in range(50)
    ]
    statuses = [answer.status for answer in await asyncio.gather(*guesses)]
    most = still_shop.house.settings.rate_signin
    assert counted.calls == most == statuses.count(401)
    assert statuses.count(429) == 50 - most
    assert (await sign_in(still_shop, MAJA)).status == 429, "nor is the right one heard during the pause"
    clock.pass_(15 * 60_000)
    assert (await sign_in(still_shop, MAJA)).status == 303


async def test_a_network_that_tries_many_names_is_slowed_down_too(still_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counting(monkeypatch, real=False)
    await asyncio.gather(*(sign_in(still_shop, f"name{i}@larch.example") for i in range(100)))
    assert counted.calls == 10 * still_shop.house.settings.rate_signin


async def test_a_sign_in_makes_a_new_session_each_time(shop: Shop) -> None:
    fixed = f"{shop.urls.cookie}={new_id()}"
    first, second = await sign_in(shop, MAJA, Cookie=fixed), await sign_in(shop, MAJA)
    assert len({fixed, held(first), held(second)}) == 3
    assert [await may_enter(shop, cookie) for cookie in (fixed, held(first), held(second))] == [False, True, True]
    assert len(held(first)) > 32


FLAGS = {
    "": ("l2s", "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
    "http://chat.larch.example": ("l2s", "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
    "https://chat.larch.example": ("__Host-l2s", "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"),
    "https://larch.example/chat/": ("__Secure-l2s", "Path=/chat; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"),
}


@pytest.mark.parametrize("public_url", FLAGS)
async def test_the_cookies_name_and_flags_follow_the_public_address(tmp_path: Path, public_url: str) -> None:
    async with shop_at(tmp_path, public_url=public_url.rstrip("/")) as shop:
        origin = shop.urls.origin(f"127.0.0.1:{shop.urls.port}")
        fields = {"mail": MAJA, "password": PASSWORD}
        own = {"Host": origin.partition("//")[2], "Origin": origin}
        answer = await ask(shop, "POST", shop.urls.at("/login"), fields, **own)
        name, flags = FLAGS[public_url]
        assert answer.status == 303
        assert re.fullmatch(rf"{name}=[\w-]{{32}}; {re.escape(flags)}", answer.cookie)
        assert answer.where == shop.urls.at("/console")


# Forged forms.

FORGED: list[dict[str, str]] = [
    {"Origin": ""},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example", "Content_Type": "text/plain"},
]


async def test_a_form_of_another_site_changes_nothing(shop: Shop) -> None:
    cookie = await shop.sign_in(shop.made.owner)
    secret = await shop.house.engine.write(people.user_link(shop.house, HOST, MAJA))
    forms = {
        "/login": {"mail": MAJA, "password": PASSWORD},
        "/logout": {},
        f"/link/{secret}": {},
        "/console/users": {"act": "invite", "mail": "evil@evil.example", "name": "Evil", "role": "owner"},
        "/console/sites": {"site": "Evil", "origins": "evil.example", "controller": "E", "contact": "e@evil.example"},
        f"/console/sites/{shop.site}": {"site": "Evil", "origins": "evil.example"},
        "/console/account": {"act": "change", "name": "Evil", "proof": PASSWORD},
        "/console/sessions": {"act": "others"},
    }
    before = {table: shop.rows(table) for table in ("users", "sites", "sessions", "links")}
    for path, fields in forms.items():
        for headers in FORGED:
            answer = await ask(shop, "POST", path, fields, cookie, **headers)
            assert (answer.status, answer.cookie) == (404, ""), (path, headers)
    assert {table: shop.rows(table) for table in before} == before
    assert (await ask(shop, "GET", "/logout", cookie=cookie)).status == 405
    assert (await ask(shop, "POST", "/logout", {}, cookie, Origin="", Sec_Fetch_Site="same-origin")).status == 303, "premise"
    assert not await may_enter(shop, cookie)


# Single-use links.


async def _signin_link(shop: Shop, mail: str = MAJA) -> str:
    return "/link/" + await shop.house.engine.write(people.user_link(shop.house, HOST, mail))


async def test_a_link_is_used_by_a_post_once(shop: Shop) -> None:
    path = await _signin_link(shop)
    for method in ("GET", "HEAD", "GET"):
        assert (await ask(shop, method, path)).status == (405 if method == "HEAD" else 200), "a mail scanner uses nothing up"
    first = await ask(shop, "POST", path, {})
    assert (first.status, first.where) == (303, "/console")
    assert await may_enter(shop, held(first))
    for method in ("POST", "GET"):
        again = await ask(shop, method, path, {})
        assert (again.status, again.cookie) == (410, "")
    unknown = await ask(shop, "GET", f"/link/{new_id()}")
    assert (unknown.status, unknown.body) == (again.status, again.body), "unknown and used look the same"


async def test_of_twenty_parallel_uses_one_wins(shop: Shop) -> None:
    path = await _signin_link(shop)
    answers = await asyncio.gather(*(ask(shop, "POST", path, {}) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [303] + [410] * 19
    assert len(shop.rows("sessions")) == 1


async def test_a_link_expires_by_the_steady_clock_and_dies_by_a_newer_one(still_shop: Shop, clock: FakeClock) -> None:
    old = await _signin_link(still_shop)
    new = await _signin_link(still_shop)
    assert (await ask(still_shop, "POST", old, {})).status == 410
    clock.jump(30 * 86_400_000)
    assert (await ask(still_shop, "GET", new)).status == 200, "a clock that was set ends nothing"
    clock.pass_(still_shop.house.settings.link_hours * 3_600_000)
    assert (await ask(still_shop, "POST", new, {})).status == 410


async def test_an_invitation_asks_for_a_good_password_and_stays_until_it_gets_one(shop: Shop) -> None:
    make = people.invite(shop.house, HOST, shop.made.account, "priya@larch.example", "Priya", "operator")
    path = "/link/" + await shop.house.engine.write(make)
    for password in ("", "too short", "aaaaaaaaaaaaaaaaaaaa", "passwordpassword"):
        answer = await ask(shop, "POST", path, {"password": password})
        assert (answer.status, answer.cookie) == (400, ""), password
    assert (await ask(shop, "POST", path, {"password": "four words beside a lamp"})).status == 303
    assert (await sign_in(shop, "priya@larch.example", "four words beside a lamp")).status == 303


async def test_no_secret_stands_in_the_files_as_it_is_sent(shop: Shop) -> None:
    link = await _signin_link(shop)
    tab, _ = await shop.writer()
    cookie = held(await sign_in(shop, MAJA)).partition("=")[2]
    folder = Path(shop.house.settings.data)
    raw = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert shop.made.account.encode() in raw, "premise: these are the files"
    for secret in (link.rpartition("/")[2], tab.token, cookie, PASSWORD, "canary"):
        assert secret.encode() not in raw


async def test_the_session_log_shows_a_network_and_a_browser_family_only(shop: Shop) -> None:
    cookie = held(await sign_in(shop, MAJA))
    body = (await ask(shop, "GET", "/console/sessions", cookie=cookie)).body
    assert "127.0.0.0" in body
    assert "Firefox" in body
    for finer in ("127.0.0.1", "131", "Gecko", "canary", "x86_64"):
        assert finer not in body.replace(shop.base, ""), finer
    assert [(row[7], row[8]) for row in shop.rows("sessions")] == [("127.0.0.0/24", "Firefox on Linux")]


# Thrown out.


def session_of(wire: User) -> str:
    return str(wire.welcome["me"]["session"])


async def _desk(shop: Shop) -> tuple[User, User, Visitor, str]:
    """Maja and Tom at the desk; Tom has the chat of a visitor."""
    maja, tom = await shop.console(shop.made.owner), await shop.operator("Tom")
    tab, chat = await shop.writer("Before")
    await tom.say("take", chat=chat)
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "open")
    return maja, tom, tab, chat


async def settled(wire: User) -> None:
    """Until the socket is closed, or a ping came back although it should not."""
    with contextlib.suppress(ConnectionError):
        await wire.say("ping")
    async with asyncio.timeout(GUARD):
        while not any(frame["type"] in ("pong", "closed") for frame in wire.frames):
            await asyncio.sleep(0)


async def _thrown_out(shop: Shop, tom: User, tab: Visitor) -> None:
    """HTTP refused at once, the socket told and closed, and nothing of what comes later."""
    assert not await may_enter(shop, tom.cookie)
    await tab.write("After the commit")
    await tom.hear("closed")
    assert [frame["type"] for frame in tom.frames[-2:]] == ["signed_out", "closed"]
    assert "After the commit" not in str(tom.frames)
    again = await ask(shop, "GET", "/ws/console", cookie=tom.cookie, Accept="application/json")
    assert again.status in (400, 401), "and it does not come back"


@pytest.mark.parametrize("act", ["disable", "role", "link", "sign out", "end", "password", "others"])
async def test_a_session_dies_everywhere_at_once(shop: Shop, act: str) -> None:
    maja, tom, tab, chat = await _desk(shop)
    other = await shop.sign_in(tom.id)
    if act in ("disable", "role"):
        fields = {"act": act, "user": tom.id, "role": "supervisor"}
        assert (await ask(shop, "POST", "/console/users", fields, maja.cookie)).status == 303
        assert not await may_enter(shop, other)
    elif act == "link":
        path = await _signin_link(shop, "tom@larch.example")
        assert (await ask(shop, "POST", path, {"password": "a new one for the lamp"})).status == 303
        assert not await may_enter(shop, other)
    elif act == "sign out":
        assert (await ask(shop, "POST", "/logout", {}, tom.cookie)).status == 303
        assert await may_enter(shop, other), "only this one"
    else:
        fields = {"act": act, "session": session_of(tom), "proof": PASSWORD, "password": "a new one for the lamp"}
        assert (await ask(shop, "POST", "/console/sessions", fields, other)).status in (200, 303)
        assert await may_enter(shop, other), "the one that asked stays"
    await _thrown_out(shop, tom, tab)
    assert await may_enter(shop, maja.cookie)
    if act == "disable":
        back = await maja.hear("chat", lambda frame: frame["chat"]["id"] == chat and frame["chat"]["state"] == "waiting")
        assert back["chat"]["owner"] is None, "and the open chats are handed back"
        assert (await sign_in(shop, "tom@larch.example")).status == 401


async def test_a_wrong_old_password_changes_nothing(shop: Shop) -> None:
    cookie = await shop.sign_in(shop.made.owner)
    other = await shop.console(shop.made.owner)
    fields = {"act": "password", "proof": "not " + PASSWORD, "password": "a new one for the lamp"}
    assert (await ask(shop, "POST", "/console/sessions", fields, cookie)).status == 400
    await other.quiet()
    assert (await sign_in(shop, MAJA)).status == 303


async def test_a_socket_that_says_hello_after_its_session_died_hears_nothing(shop: Shop) -> None:
    tom = await shop.add_user("Tom")
    late: User = await shop.connect("/ws/console", User, Cookie=await shop.sign_in(tom))
    maja = await shop.console(shop.made.owner)
    await shop.house.engine.write(people.change_user(shop.house, session_of(maja), tom, disable=True))
    await late.say("hello", protocol=1)
    await late.hear("signed_out")
    await shop.writer("After he was disabled")
    await maja.hear("message")
    await settled(late)
    assert "After he was disabled" not in str(late.frames)
    assert late.frames[-1]["type"] == "closed"


async def test_a_session_ends_with_its_days_on_open_sockets_too(still_shop: Shop, clock: FakeClock) -> None:
    maja = await still_shop.console(still_shop.made.owner)
    clock.pass_(still_shop.house.settings.session_days * 86_400_000)
    assert not await may_enter(still_shop, maja.cookie)
    await still_shop.step()
    await still_shop.writer("After her time")
    await settled(maja)
    assert "After her time" not in str(maja.frames)
    assert maja.frames[-1]["type"] == "closed"


# Who may do what to whom.


@pytest.mark.parametrize("role", ["admin", "supervisor", "operator"])
async def test_nobody_below_an_owner_touches_one(shop: Shop, role: Role) -> None:
    cookie = await shop.sign_in(await shop.add_user("Aram", role))
    tom = await shop.add_user("Tom")
    assert (await may_enter(shop, cookie)) is True
    before = {table: shop.rows(table) for table in ("users", "links")}
    attempts = [
        {"act": "disable", "user": shop.made.owner},
        {"act": "role", "user": shop.made.owner, "role": "operator"},
        {"act": "link", "mail": MAJA},
        {"act": "role", "user": tom, "role": "owner"},
        {"act": "invite", "mail": "second@larch.example", "name": "Second", "role": "owner"},
    ]
    for fields in attempts:
        assert (await ask(shop, "POST", "/console/users", fields, cookie)).status == 404, fields
    assert {table: shop.rows(table) for table in before} == before


async def test_the_last_owner_cannot_lock_himself_out(shop: Shop) -> None:
    maja = await shop.console(shop.made.owner)
    for fields in ({"act": "disable"}, {"act": "role", "role": "operator"}):
        answer = await ask(shop, "POST", "/console/users", {**fields, "user": shop.made.owner}, maja.cookie)
        assert answer.status == 409
    await maja.quiet()
    assert await may_enter(shop, maja.cookie)


async def test_a_second_owner_may_be_disabled_by_the_first(shop: Shop) -> None:
    second = await shop.add_user("Second", "owner")
    cookie = await shop.sign_in(shop.made.owner)
    assert (await ask(shop, "POST", "/console/users", {"act": "disable", "user": second}, cookie)).status == 303
    assert (await sign_in(shop, "second@larch.example")).status == 401
