"""The second factor: RFC 6238's own vectors, who needs it, what uses it up, and that no door forgets it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from l2s.actions import factors, people, signins
from l2s.actions.signins import Device
from l2s.clock import MINUTE
from l2s.domain.factors import STEP, code, matched, step_of
from l2s.domain.people import HOST
from l2s.errors import BadInput, Conflict, NotFound
from tests.conftest import FakeClock
from tests.paper import Browser
from tests.personas import PASSWORD, Shop
from tests.test_retention import session_of

MAIL = "maja@larch.example"
RFC = b"12345678901234567890"
DEVICE = Device("127.0.0.1", "")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"), (2000000000, "69279037")],
)
def test_the_codes_of_the_standard(seconds: int, expected: str) -> None:
    assert code(RFC, step_of(seconds * 1000)) == expected[2:]


def test_a_code_is_good_for_its_step_and_its_neighbours_and_never_twice() -> None:
    at = 1_000_000 * STEP + 7
    now = step_of(at)
    assert [matched(RFC, code(RFC, now + off), at, 0) for off in (-2, -1, 0, 1, 2)] == [None, now - 1, now, now + 1, None]
    assert matched(RFC, code(RFC, now), at, now) is None


async def enrol(shop: Shop, session: str) -> tuple[bytes, list[str]]:
    """A second factor that is on: its seed and the recovery codes."""
    made = await shop.house.engine.write(factors.begin(shop.house, session))
    seed = base64.b32decode(made.secret)
    codes = await shop.house.engine.write(factors.confirm(shop.house, session, now_code(shop, seed)))
    return seed, codes


def now_code(shop: Shop, seed: bytes, steps: int = 0) -> str:
    return code(seed, step_of(shop.house.clock.at()) + steps)


async def maja(shop: Shop) -> str:
    return await session_of(shop, await shop.sign_in(shop.made.owner))


async def refused(shop: Shop, unit: Any, code: str, kind: type[Exception] = BadInput) -> None:
    with pytest.raises(kind) as caught:
        await shop.house.engine.write(unit)
    assert getattr(caught.value, "code", "") == code


async def test_no_sign_in_and_no_link_without_the_code_and_none_works_twice(still_shop: Shop) -> None:
    shop = still_shop
    house, owner = shop.house, shop.made.owner
    seed, codes = await enrol(shop, await maja(shop))
    await refused(shop, signins.start_session(house, owner, DEVICE), "code_needed")
    await refused(shop, signins.start_session(house, owner, DEVICE, "000000"), "wrong_code")
    await refused(shop, signins.start_session(house, owner, DEVICE, now_code(shop, seed)), "wrong_code")  # confirmed with it
    typed = now_code(shop, seed, 1)
    await house.engine.write(signins.start_session(house, owner, DEVICE, f" {typed[:3]} {typed[3:]} "))
    await refused(shop, signins.start_session(house, owner, DEVICE, typed), "wrong_code")
    await house.engine.write(signins.start_session(house, owner, DEVICE, codes[0].upper()))
    await refused(shop, signins.start_session(house, owner, DEVICE, codes[0]), "wrong_code")
    secret = await house.engine.write(people.user_link(house, HOST, MAIL))
    await refused(shop, people.use_link(house, secret, None, DEVICE), "code_needed")
    await house.engine.write(people.use_link(house, secret, None, DEVICE, codes[1]))
    session = await by_code(shop, codes[2])
    assert await house.engine.read(lambda sql: factors.state(house, session, sql)) == factors.State(True, len(codes) - 3)


async def by_code(shop: Shop, recovery: str) -> str:
    signed = await shop.house.engine.write(signins.start_session(shop.house, shop.made.owner, DEVICE, recovery))
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, signed.token, sql))
    assert found
    return found[0]


async def test_a_begun_factor_asks_for_nothing_and_can_be_begun_again(still_shop: Shop) -> None:
    shop = still_shop
    session = await maja(shop)
    first = await shop.house.engine.write(factors.begin(shop.house, session))
    second = await shop.house.engine.write(factors.begin(shop.house, session))
    assert first.secret != second.secret
    await shop.house.engine.write(signins.start_session(shop.house, shop.made.owner, DEVICE))
    old = base64.b32decode(first.secret)
    await refused(shop, factors.confirm(shop.house, session, now_code(shop, old)), "wrong_code")
    await shop.house.engine.write(factors.confirm(shop.house, session, now_code(shop, base64.b32decode(second.secret))))
    await refused(shop, factors.begin(shop.house, session), "factor_is_on", Conflict)


async def test_the_database_alone_holds_neither_seed_nor_codes(still_shop: Shop) -> None:
    shop = still_shop
    seed, codes = await enrol(shop, await maja(shop))
    folder = Path(shop.house.settings.data)
    held = b"".join(path.read_bytes() for path in folder.glob("l2s.db*"))
    for secret in (seed, base64.b32encode(seed), codes[0].encode(), codes[0].replace("-", "").encode()):
        assert secret not in held
    nonce = next(row[1] for row in shop.rows("factors"))
    assert nonce.encode() in held  # the control: the row is there


async def test_the_host_turns_it_off_and_the_log_says_so(still_shop: Shop) -> None:
    shop = still_shop
    house = shop.house
    await enrol(shop, await maja(shop))
    await house.engine.write(factors.turn_off_for(house, people.mail_key(house, MAIL)))
    await house.engine.write(signins.start_session(house, shop.made.owner, DEVICE))
    assert [row[4] for row in shop.rows("audit")][-2:] == ["factor_on", "factor_off_for"]
    with pytest.raises(NotFound):
        await house.engine.write(factors.turn_off_for(house, people.mail_key(house, MAIL)))


async def test_from_the_page_to_the_next_sign_in(still_shop: Shop, clock: FakeClock) -> None:
    """Set up on the page, asked for after the password, guesses counted."""
    shop = still_shop
    browser = Browser(shop, await shop.sign_in(shop.made.owner))
    assert "Set up a second factor" in (await browser.get("/console/factor")).text
    wrong = await browser.post("/console/factor", {"proof": ["not it"]}, "begin")
    assert wrong.status == 400
    assert "not your present password" in wrong.text
    begun = await browser.post("/console/factor", {"proof": [PASSWORD]}, "begin")
    assert "data:image/svg+xml" in begun.html
    found = re.search(r"secret=([A-Z2-7]+)", begun.html)
    assert found
    seed = base64.b32decode(found[1])
    again = await browser.post("/console/factor", {"code": ["123"]}, "confirm")
    assert again.status == 400
    assert found[1] not in again.html  # whoever finds the screen unlocked does not get the key
    done = await browser.post("/console/factor", {"code": [now_code(shop, seed)]}, "confirm")
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", done.html)
    assert len(codes) == 10
    stranger = Browser(shop)
    asked = await stranger.post("/login", {"mail": [MAIL], "password": [PASSWORD]}, "")
    half = asked.form["half"][0]
    forged = half.replace(shop.made.owner, "A" * 22)
    assert (await stranger.post("/login", {"half": [forged], "code": [codes[0]]}, "")).status == 401
    for _ in range(shop.house.settings.rate_signin):
        assert (await stranger.post("/login", {"half": [half], "code": ["000000"]}, "")).status == 400
    assert (await stranger.post("/login", {"half": [half], "code": [codes[0]]}, "")).status == 429
    clock.pass_(16 * MINUTE)
    assert (await stranger.post("/login", {"half": [half], "code": [codes[0]]}, "")).status == 401  # five minutes are over
    asked = await stranger.post("/login", {"mail": [MAIL], "password": [PASSWORD]}, "")
    inside = await stranger.post("/login", {"half": asked.form["half"], "code": [codes[0]]}, "")
    assert 'id="console"' in inside.html or inside.status == 200
