"""A browser without a script: what it reads of a page, and what its form would send."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import Any

from l2s.actions import policies
from l2s.actions.timers import minute
from l2s.clock import HOUR
from l2s.privacy.policy import Rule
from tests.conftest import FakeClock
from tests.personas import Shop

Form = dict[str, list[str]]


@dataclasses.dataclass
class Seen:
    """A page as a browser has it: its text, and the fields of its form as they would be sent."""

    status: int
    html: str
    form: Form
    text: str


class Reader(HTMLParser):
    """The fields of the form that is sent by POST, and the visible words."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form = {}
        self.words: list[str] = []
        self._select = ""
        self._area = ""
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has: dict[str, str] = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "template"):
            self._quiet += 1
        if tag == "input" and has.get("name") and (has.get("type") not in ("checkbox", "radio") or "checked" in has):
            self.form.setdefault(has.get("name", ""), []).append(has.get("value", ""))
        if tag == "select":
            self._select = has["name"]
        if tag == "option" and "selected" in has:
            self.form[self._select] = [has["value"]]
        if tag == "textarea":
            self._area = has["name"]
            self.form[self._area] = [""]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("script", "style", "template")
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.form[self._area][0] += data
        if not self._quiet:
            self.words.append(data)


class Browser:
    """Somebody's browser without a script."""

    def __init__(self, shop: Shop, cookie: str = "") -> None:
        self._shop = shop
        self._cookie = cookie

    async def get(self, path: str, **headers: str) -> Seen:
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, form: Form, act: str, **headers: str) -> Seen:
        data = [(name, value) for name, values in {**form, "act": [act]}.items() for value in values]
        return await self._ask("POST", path, data, headers)

    async def _ask(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Seen:
        headers = {"Cookie": self._cookie, "Accept": "text/html", "Origin": self._shop.base, **headers}
        answer: Any = await self._shop.http.request(method, self._shop.base + path, data=data, headers=headers)
        html = await answer.text()
        reader = Reader()
        reader.feed(html)
        return Seen(answer.status, html, reader.form, " ".join(" ".join(reader.words).split()))


async def maja(shop: Shop) -> Browser:
    return Browser(shop, await shop.sign_in(shop.made.owner))


async def found(shop: Shop, scope: str | None = None) -> list[Any]:
    return await shop.house.engine.read(lambda sql: policies.all_versions(shop.house, scope or shop.site, sql))


async def rules(shop: Shop, scope: str | None = None) -> dict[str, Rule]:
    return (await shop.house.engine.read(lambda sql: policies.current(shop.house, scope or shop.site, sql))).rules


async def serve(shop: Shop, clock: FakeClock, hours: int) -> None:
    for _ in range(hours):
        clock.pass_(HOUR)
        await shop.house.engine.write(minute(shop.house, HOUR))


def path(shop: Shop, scope: str | None = None) -> str:
    return f"/console/privacy/{scope or shop.site}"
