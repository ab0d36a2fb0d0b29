"""Fox & Sons try every id of Larch & Rook with every credential they have: each looks like an id that does not exist."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from l2s.actions import cases, desk, erasure, people, signins, sites
from l2s.actions.desk import Outgoing
from l2s.domain.people import ROLES
from l2s.errors import NotFound
from l2s.protocol.commands import UserCommand
from l2s.web.routes import routes
from tests.hostile import minimal
from tests.personas import Shop, User, Visitor, found_fox, new_id


class Two(NamedTuple):
    """Two accounts. `ids`: of the first, by kind; `fox`: the second's consoles by role; `site`: the second's site."""

    shop: Shop
    ids: dict[str, str]
    fox: dict[str, User]
    site: str
    ingrid: Visitor


@pytest.fixture
async def two(shop: Shop) -> Two:
    fox = await found_fox(shop)
    tom = await shop.operator("Tom")
    ingrid, chat = await shop.writer("Only for Larch")
    await tom.say("take", chat=chat)
    told = await tom.reply(chat, "Only for Ingrid")
    await tom.say("note", chat=chat, id=new_id(), text="Only for the team")
    await tom.hear("message")
    consoles = {"owner": await shop.console(fox.owner)}
    for role in ROLES[:-1]:
        consoles[role] = await shop.console(await shop.add_user(f"Fox-{role}", role, fox.account))
    owner = str((await shop.console(shop.made.owner)).welcome["me"]["session"])
    question = cases.enter(shop.house, owner, shop.site, "Only for the contact", "ingrid@example.org", shop.house.clock.at())
    ids = {
        "case": await shop.house.engine.write(question), "chat": chat, "message": told["message"]["id"], "site": shop.site,
        "user": tom.id, "session": str(tom.welcome["me"]["session"]), "account": shop.made.account,
        "department": shop.made.department, "visitor": shop.rows("visitors")[0][0],
    }  # fmt: skip
    return Two(shop, ids, consoles, fox.site, ingrid)


TABLES = (
    "accounts", "sites", "users", "visitors", "chats", "messages", "participants", "details", "due", "ledger", "links", "cases",
    "holds",
)  # fmt: skip


def kept(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    return {table: shop.rows(table) for table in TABLES}


async def test_every_console_command_with_every_foreign_id(two: Two) -> None:
    before = kept(two.shop)
    tried = 0
    for role, console in two.fox.items():
        for command in UserCommand.__args__:
            said = minimal(command)
            if "chat" not in said:
                continue
            answers = []
            for foreign in [*two.ids.values(), new_id()]:
                await console.say(**{"kind": said["type"], **{k: v for k, v in said.items() if k != "type"}, "chat": foreign})
                refused = await console.hear("refused")
                answers.append({**refused, "chat": refused["chat"] == foreign})
                tried += 1
            assert all(answer == answers[-1] for answer in answers), (role, said)
            assert answers[-1]["code"] == "not_found"
    assert tried == 4 * 11 * (len(two.ids) + 1), "premise: every command that names a chat"
    assert kept(two.shop) == before


async def test_a_foreign_message_id_is_free_to_use(two: Two) -> None:
    """An id is unique for its author alone: nobody can find out, or block, what another account uses."""
    bene = await two.shop.visitor(site=two.site)
    await bene.enter()
    assert (await bene.write("Hello Fox", id=two.ids["message"]))["message"]["by"] == "visitor"


async def test_a_foreign_account_hears_nothing_live_and_lists_nothing(two: Two) -> None:
    shop = two.shop
    tom = await shop.console(two.ids["user"])
    for words in ("squeaking brake", "second line"):
        await two.ingrid.write(words)
    await tom.say("available", on=False)
    await two.ingrid.say("typing", on=True)
    await two.ingrid.say("mark", delivered=2, read=2)
    await two.ingrid.say("end")
    await tom.hear("chat", lambda frame: frame["chat"]["state"] == "closed")
    for console in two.fox.values():
        for text in ("", "squeaking", "Ingrid"):
            assert (await console.ask("list", "listing", text=text))["chats"] == []
        heard = json.dumps([console.welcome, *console.frames])
        for name, key in two.ids.items():
            assert key not in heard, name
        for words in ("squeaking", "Only for", "Tom", "Larch"):
            assert words not in heard
        assert console.welcome["closed"] == 0


async def test_a_foreign_visitor_and_a_foreign_token_open_nothing(two: Two) -> None:
    same = await two.shop.visitor(token=two.ingrid.token, site=two.site)
    assert same.frames[0]["held"] is False
    assert same.frames[0]["chat"] is None
    for chat in (two.ids["chat"], new_id()):
        assert (await same.ask("older", "refused", chat=chat, before=9))["code"] == "not_found"
    await same.write("I am somebody else here")
    assert len({row[2] for row in two.shop.rows("visitors")}) == 2, "another site, another visitor"
    assert "Only for" not in json.dumps(same.frames)


# Pages and forms.


async def ask(shop: Shop, method: str, path: str, cookie: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
    headers = {"Cookie": cookie, "Origin": shop.base, "Accept": "text/html"}
    async with shop.http.request(method, shop.base + path, headers=headers, data=fields, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.get("Location", "")


def plain(answer: tuple[int, str, str], key: str) -> tuple[int, str, str]:
    """Without the id that was asked for, and without what differs from one answer to the next."""
    status, body, where = answer
    body = re.sub(r'nonce="[^"]*"|nonce-[\w-]+', "", body.replace(key, "ID"))
    return status, body, where.replace(key, "ID")


FORMS: dict[str, list[dict[str, str]]] = {
    "/console/users": [
        {"act": "disable", "user": "ID"},
        {"act": "enable", "user": "ID"},
        *({"act": "role", "role": role, "user": "ID"} for role in ROLES),
    ],
    "/console/sites/{site}": [
        {"site": "Fox", "origins": "fox.example"},
        {"allow": "https://fox.example"},
    ],
    "/console/sessions": [{"act": "end", "session": "ID"}],
    "/console/sites": [],
    "/console/factor": [],
    "/console/privacy/{scope}": [
        {"act": act} for act in ("check", "post", "narrow", "back", "ask_withdraw", "withdraw", "preset-minimal")
    ],
    "/console/privacy/{scope}/preview": [{"message.level": "kept"}],
    "/console/privacy/{scope}/erasure": [{"act": "run"}, {"act": "backup"}],
    "/console/privacy/questions": [
        {"act": "extend", "case": "ID", "why": "Fox"},
        {"act": "close", "case": "ID", "answer": "Fox"},
        {"act": "enter", "site": "ID", "contact": "Fox", "received": "2026-01-01", "text": "Fox"},
    ],
    "/console/privacy/left": [{"act": "end", "disclosure": "ID"}],
    "/console/privacy/holds": [
        {"act": "approve", "hold": "ID"},
        {"act": "lift", "hold": "ID"},
        {"act": "ask", "chat": "ID", "reason": "Fox", "until": str(date.today() + timedelta(days=30))},
    ],
    "/console/privacy/incidents": [
        *({"act": act, "incident": "ID"} for act in ("reported", "told", "closed", "persons")),
        {"act": "amend", "incident": "ID", "facts": "Fox", "effects": "Fox", "remedy": "Fox"},
    ],
    "/console/account": [{"act": "undo", "change": "ID", "proof": "correct horse workbench lamp"}],
    "/console/privacy/audit": [],
}


async def test_every_page_with_every_foreign_id(two: Two) -> None:
    shop, before = two.shop, kept(two.shop)
    pages = [(method, path) for method, path, _ in routes() if path.startswith("/console")]
    tried = 0
    for method, path in pages:
        for console in (two.fox["owner"], two.fox["operator"]):
            for fields in FORMS[path] if method == "POST" else [None]:
                answers = []
                for key in [*two.ids.values(), new_id()]:
                    filled = path.replace("{site}", key).replace("{chat}", key).replace("{scope}", key)
                    form = {name: key if value == "ID" else value for name, value in fields.items()} if fields else None
                    if filled == path and not (form and key in form.values()):
                        continue  # it names no object
                    answers.append(plain(await ask(shop, method, filled, console.cookie, form), key))
                    tried += 1
                assert all(answer == answers[-1] for answer in answers), (method, path, fields)
                assert not answers or path == "/console/chat/{chat}" or answers[-1][0] == 404, (method, path)
    assert tried >= 2 * 9 * (3 + 6 + 2 + 1)
    assert kept(shop) == before


async def test_pages_list_only_what_is_their_own(two: Two) -> None:
    for path in (
        "/console", "/console/users", f"/console/sites/{two.site}", "/console/sites?new", "/console/sessions",
        "/console/account",
        *(f"/console/privacy/{name}" for name in ("questions", "holds", "incidents", "audit", "record", "record.csv")),
        *(f"/console/privacy/{two.site}{name}" for name in ("", "/versions", "/erasure")),
    ):  # fmt: skip
        status, body, _ = await ask(two.shop, "GET", path, two.fox["owner"].cookie)
        assert status == 200
        for name, key in two.ids.items():
            assert key not in body, (path, name)
        assert "Larch" not in body
        assert "maja@larch.example" not in body
        assert "tom@larch.example" not in body


async def test_a_foreign_users_address_looks_like_nobodys(two: Two) -> None:
    mails = ("tom@larch.example", "maja@larch.example", "nobody@larch.example")
    for role, console in two.fox.items():
        forms = [{"act": "link", "mail": mail} for mail in mails]
        told = [await ask(two.shop, "POST", "/console/users", console.cookie, form) for form in forms]
        answers = [plain(answer, mail) for answer, mail in zip(told, mails, strict=True)]
        assert answers[0] == answers[1] == answers[2], role
        assert answers[0][0] == 404


async def test_an_action_itself_refuses_too(two: Two) -> None:
    """Not only the doors: the rule stands in the unit, for whatever transport comes."""
    house = two.shop.house
    session = str(two.fox["owner"].welcome["me"]["session"])
    new = sites.checked_face("Fox", ["fox.example"], "en")
    chat, out = two.ids["chat"], Outgoing(two.ids["chat"], new_id(), "Hello", 99, True)
    units: list[Any] = [
        desk.take(house, session, chat), desk.join(house, session, chat), desk.give_back(house, session, chat),
        desk.reply(house, session, out), desk.write_note(house, session, out), desk.end(house, session, chat),
        desk.mark(house, session, chat, 1, 1, False), erasure.erase_chat(house, session, chat),
        people.change_user(house, session, two.ids["user"], disable=True),
        signins.end_session(house, session, two.ids["session"]),
        sites.change_site(house, session, two.ids["site"], new),
    ]  # fmt: skip
    for unit in units:
        with pytest.raises(NotFound, match="not_found"):
            await house.engine.write(unit)
    for read in (lambda sql: desk.opened(house, session, chat, 0, sql), lambda sql: desk.history(house, session, chat, 9, sql)):
        with pytest.raises(NotFound):
            await house.engine.read(read)
