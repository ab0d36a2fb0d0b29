"""What an attacker, an architect or a newcomer once ran into, and must not again."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from l2s.actions import people, signins
from l2s.actions.people import hash_password
from l2s.actions.policies import post_version
from l2s.actions.signins import Device
from l2s.config import Settings
from l2s.domain.passwords import normalise
from l2s.domain.people import HOST
from l2s.errors import StartError
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import days
from l2s.web.server import listen, reach
from tests.conftest import FakeClock, shop_at
from tests.personas import HASHED, Shop


async def sign_in(shop: Shop, mail: str, password: str) -> int:
    """The status of a sign-in by the form."""
    form = {"mail": mail, "password": password}
    async with shop.http.post(f"{shop.base}/login", data=form, headers={"Origin": shop.base}, allow_redirects=False) as answer:
        return answer.status


async def test_a_password_signs_in_whichever_way_a_keyboard_composes_it(shop: Shop) -> None:
    typed = unicodedata.normalize("NFD", "schlüssel für die tür")
    secret = await shop.house.engine.write(people.user_link(shop.house, HOST, "maja@larch.example"))
    hashed = hash_password(normalise(typed))
    await shop.house.engine.write(people.use_link(shop.house, secret, hashed, Device("127.0.0.1", "")))
    assert typed != normalise(typed)
    assert await sign_in(shop, "maja@larch.example", typed) == 303
    assert await sign_in(shop, "maja@larch.example", normalise(typed)) == 303


async def test_an_older_link_does_not_outlive_a_new_password(shop: Shop) -> None:
    engine, house = shop.house.engine, shop.house
    await shop.add_user("Tom")
    older = await engine.write(people.user_link(house, HOST, "tom@larch.example"))
    maja = await shop.sign_in(shop.made.owner)
    token = maja.partition("=")[2]
    found = await engine.read(lambda sql: signins.session_of(house, token, sql))
    assert found
    reset = await engine.write(people.user_link(house, found[0], "tom@larch.example"))
    await engine.write(people.use_link(house, reset, HASHED, Device("127.0.0.1", "")))
    async with shop.http.get(f"{shop.base}/link/{older}", headers={"Accept": "text/html"}) as answer:
        assert answer.status == 410


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"mail=a&password=b", "multipart/form-data"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"mail=\xff\xfe", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(500)), "application/x-www-form-urlencoded"),
    ],
)
async def test_an_odd_form_is_refused_and_breaks_nothing(shop: Shop, body: bytes, kind: str) -> None:
    headers = {"Origin": shop.base, "Content-Type": kind}
    async with shop.http.post(f"{shop.base}/login", data=body, headers=headers) as answer:
        assert answer.status == 400


async def test_a_page_of_the_longest_messages_does_not_cut_the_operator(shop: Shop) -> None:
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer("Hello")
    for _ in range(120):
        await ingrid.write("Ж" * 10_000)
    opened = await tom.ask("open", "conversation", chat=chat)
    page = await tom.ask("older", "history", chat=chat, before=opened["messages"][0]["seq"])
    assert sum(len(message["body"]["text"]) for message in page["messages"]) == 50 * 10_000
    assert [frame["type"] for frame in await tom.quiet()] == ["pong"]


async def test_the_law_that_is_shown_is_the_law_that_governs(tmp_path: Path) -> None:
    async with shop_at(tmp_path) as shop:
        short = dict(FACTORY["site"])
        short["message"] = type(short["message"])(
            1, short["message"].when, days(30), short["message"].purposes, short["message"].audience, frozenset()
        )
        await shop.house.engine.write(post_version(shop.house, shop.site, short))
        ingrid = await shop.visitor()
        assert ingrid.frames[0]["law"]["days"] == 30
        await shop.house.engine.write(post_version(shop.house, shop.site, FACTORY["site"]))  # nothing is kept yet: acts at once
        shown = (await ingrid.hear("law"))["law"]["days"]
        await ingrid.enter()
        chat = (await ingrid.write("Hello"))["chat"]
        maja = await shop.console(shop.made.owner)
        assert (await maja.ask("open", "conversation", chat=chat))["days"] == shown == 30


async def test_whoever_signs_out_leaves_no_visitor_alone(shop: Shop) -> None:
    tom, ada = await shop.operator("Tom"), await shop.operator("Ada")
    ingrid, chat = await shop.writer("Hello")
    await tom.ask("take", "chat", chat=chat)
    second = await shop.console(tom.id)
    token = second.cookie.partition("=")[2]
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, token, sql))
    assert found
    await shop.house.engine.write(signins.end_other_sessions(shop.house, found[0]))
    await tom.hear("signed_out")
    tom = await shop.console(tom.id)
    await shop.http.post(f"{shop.base}/logout", headers={"Origin": shop.base, "Cookie": tom.cookie}, allow_redirects=False)
    assert (await ada.ask("open", "conversation", chat=chat))["chat"]["owner"] == tom.id, "still signed in elsewhere"
    await shop.http.post(f"{shop.base}/logout", headers={"Origin": shop.base, "Cookie": second.cookie}, allow_redirects=False)
    back = await ada.hear("chat", lambda frame: frame["chat"]["state"] == "waiting")
    assert back["chat"]["id"] == chat
    await ingrid.hear("chat", lambda frame: frame["chat"]["state"] == "waiting")


async def test_what_an_absent_owner_leaves_unanswered_goes_back_to_the_queue(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom, ada = await shop.operator("Tom"), await shop.operator("Ada")
    ingrid, chat = await shop.writer("Hello")
    _, answered = await shop.writer("Hello")
    for one in (chat, answered):
        await tom.ask("take", "chat", chat=one)
        await tom.reply(one, "Hi")
    await tom.close()
    await ingrid.write("Anybody?")
    clock.pass_(61_000)
    await shop.step()
    state = (await ada.ask("open", "conversation", chat=chat))["chat"]["state"]
    assert state == "open", "a reload of the console takes its time"
    clock.pass_(61_000)
    await shop.step()
    back = await ada.hear("chat", lambda frame: frame["chat"]["state"] == "waiting")
    assert back["chat"]["id"] == chat
    assert (await ada.ask("open", "conversation", chat=answered))["chat"]["state"] == "open", "nobody waits there"


@pytest.mark.parametrize(("page", "launcher"), [("http://127.0.0.1:9", True), ("https://evil.example/", False), ("", True)])
async def test_a_page_that_is_not_on_the_list_gets_no_launcher(shop: Shop, page: str, launcher: bool) -> None:
    async with shop.http.get(f"{shop.base}/l2s.js?site={shop.site}", headers={"Referer": page} if page else {}) as answer:
        text = await answer.text()
        assert answer.status == 200
        assert ("attachShadow" in text) == launcher
        assert "Referer" in answer.headers["Vary"]
        assert answer.headers["Cache-Control"] == ("public, max-age=15" if launcher else "no-store")


async def test_a_link_from_the_box_can_set_a_new_password(shop: Shop) -> None:
    secret = await shop.house.engine.write(people.user_link(shop.house, HOST, "maja@larch.example"))
    async with shop.http.get(f"{shop.base}/link/{secret}", headers={"Accept": "text/html"}) as answer:
        assert 'name="password"' in await answer.text()
    new = "another horse workbench lamp"
    headers = {"Origin": shop.base}
    async with shop.http.post(
        f"{shop.base}/link/{secret}", data={"password": new}, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 303
    assert await sign_in(shop, "maja@larch.example", new) == 303


@pytest.mark.parametrize("host", ["0.0.0", "127.1", "1.2.3.4.5", "8"])
def test_half_an_address_is_no_address(host: str) -> None:
    with pytest.raises(StartError, match="whole address"):
        listen(host, 0)


def test_the_terminal_says_who_can_reach_it() -> None:
    assert any("only this machine" in line for line in reach(Settings(host="127.0.0.1"), 8080))
    assert any("without https" in line for line in reach(Settings(host="192.0.2.1"), 8080))
    assert not any("only this machine" in line for line in reach(Settings(host="192.0.2.1"), 8080))
