"""`l2s doctor --privacy`: each line turns bad by what it looks for, and by nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.actions import doctor
from l2s.actions.policies import post_version
from l2s.clock import DAY, HOUR
from l2s.config import Settings
from l2s.privacy.factory import FACTORY
from l2s.privacy.policy import days
from l2s.store import backup
from l2s.web.examined import told
from l2s.web.host import VERBS
from tests.conftest import FakeClock
from tests.personas import Shop
from tests.processes import l2s

PAGE = "https://shop.example/tents?q=1"


async def examined(shop: Shop) -> dict[str, Any]:
    """Name → state and values; each has a sentence."""
    lines = (await VERBS["doctor"](shop.house, shop.urls, {}))["lines"]
    assert len(told(lines).splitlines()) == len(lines)
    return {line["name"]: (line["state"], line["values"]) for line in lines}


def bad(found: dict[str, Any]) -> set[str]:
    return {name for name, (state, _) in found.items() if state == "bad"}


def change(shop: Shop, statement: str, *values: Any) -> None:
    """Somebody's hand in the file, beside the server."""
    connection = sqlite3.connect(shop.house.engine.path, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


async def test_a_server_in_order_has_nothing_bad(still_shop: Shop) -> None:
    await still_shop.writer("Hello", page=PAGE)
    found = await examined(still_shop)
    assert bad(found) == set()
    assert found["no_backup"][0] == "look"
    assert found["limits"] == ("look", {"names": "rate_send"})
    fine = ("stored", "overdue", "pending", "ledger", "mirror", "audit", "modes", "scrub", "proxies")
    assert {found[name][0] for name in fine} == {"ok"}


async def test_what_is_stored_finer_than_declared_is_bad_and_named(still_shop: Shop, clock: FakeClock) -> None:
    await still_shop.writer("Hello", page=PAGE)
    clock.pass_(2 * DAY)
    change(still_shop, "UPDATE details SET page = 'https://shop.example/tents', browser = 'ua:Mozilla/5.0'")
    found = await examined(still_shop)
    assert bad(found) == {"stored"}
    assert "page" in found["stored"][1]["what"]
    assert "browser" in found["stored"][1]["what"]


async def test_a_class_that_is_off_and_stored_is_overdue(still_shop: Shop, clock: FakeClock) -> None:
    await still_shop.writer("Hello", page=PAGE)
    clock.pass_(2 * DAY)
    change(still_shop, "UPDATE details SET referrer = '/search'")
    found = await examined(still_shop)
    assert bad(found) == {"overdue"}
    assert "referrer" in found["overdue"][1]["what"]


async def test_a_narrowing_of_today_is_tonights_work_and_no_alarm(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    fine = FACTORY["site"] | {"page": msgspec.structs.replace(FACTORY["site"]["page"], level=2)}
    await shop.house.engine.write(post_version(shop.house, shop.site, fine))
    await shop.writer("Hello", page=PAGE)
    clock.pass_(2 * DAY)
    await shop.house.engine.write(post_version(shop.house, shop.site, FACTORY["site"]))
    assert (await examined(shop))["stored"][0] == "look"
    clock.pass_(2 * DAY)
    assert bad(await examined(shop)) == {"stored"}, "and an alarm where no night took it"


async def test_what_expired_is_looked_at_first_and_bad_a_day_later(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    tom = await shop.operator("Tom")
    _, chat = await shop.writer("Hello", page=PAGE)
    await tom.ask("take", "chat", chat=chat)
    await tom.ask("end", "chat", chat=chat)
    await VERBS["purge"](shop.house, shop.urls, {})
    clock.pass_(30 * DAY + HOUR)
    assert (await examined(shop))["overdue"][0] == "look"
    clock.pass_(DAY)
    assert "overdue" in bad(await examined(shop))


async def test_a_version_that_waits_is_told_with_its_days(still_shop: Shop) -> None:
    shop = still_shop
    await shop.writer("Hello")
    longer = FACTORY["site"] | {"page": msgspec.structs.replace(FACTORY["site"]["page"], keep=days(60))}
    await shop.house.engine.write(post_version(shop.house, shop.site, longer))
    assert (await examined(shop))["pending"] == ("look", {"scope": shop.site, "n": 2, "day": 0})


async def test_an_edited_ledger_is_bad_in_the_table_and_in_its_mirror(still_shop: Shop) -> None:
    shop = still_shop
    path = shop.house.engine.path.parent / "ledger.jsonl"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b'"posted"', b'"poster"', 1))
    assert bad(await examined(shop)) == {"mirror"}
    path.write_bytes(kept[: kept.rindex(b"\n", 0, -1) + 1])
    assert bad(await examined(shop)) == {"mirror"}, "a line is missing"
    path.unlink()
    assert bad(await examined(shop)) == {"mirror"}
    path.write_bytes(kept)
    os.chmod(path, 0o600)
    assert bad(await examined(shop)) == set()
    change(shop, "UPDATE ledger SET data = '{}' WHERE position = 2")
    found = await examined(shop)
    assert bad(found) == {"ledger"}
    assert found["ledger"][1] == {"at": 2}


async def test_an_edited_audit_log_is_bad(still_shop: Shop) -> None:
    shop = still_shop
    maja = await shop.console(shop.made.owner)
    _, chat = await shop.writer("Hello")
    await maja.say("erase", chat=chat)
    await maja.hear("erased")
    assert (await examined(shop))["audit"] == ("ok", {"n": 1})
    change(shop, "UPDATE audit SET verb = 'nothing'")
    assert bad(await examined(shop)) == {"audit"}


async def test_bytes_that_wait_longer_than_a_day_are_bad(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    maja = await shop.console(shop.made.owner)
    _, chat = await shop.writer("Hello")
    await maja.say("erase", chat=chat)
    await maja.hear("erased")
    assert (await examined(shop))["scrub"][0] == "look"
    clock.pass_(DAY + HOUR)
    assert bad(await examined(shop)) == {"scrub"}
    await shop.step()
    assert (await examined(shop))["scrub"][0] == "ok"


async def test_backups_are_told_by_their_age_and_are_bad_past_their_time(still_shop: Shop, clock: FakeClock) -> None:
    shop = still_shop
    made = Path((await VERBS["make_backup"](shop.house, shop.urls, {}))["file"])

    def aged(n: int) -> None:
        os.utime(made, (clock.at() / 1000 - n * 86_400, clock.at() / 1000 - n * 86_400))

    for age, state, wrong in ((0, "ok", set[str]()), (8, "look", set()), (14, "look", set()), (16, "look", {"old_backups"})):
        aged(age)
        found = await examined(shop)
        assert found["backups"] == (state, {"days": age})
        assert bad(found) == wrong
    assert backup.own(shop.house.engine.path.parent)


async def test_files_that_others_can_read_are_bad(still_shop: Shop) -> None:
    folder = still_shop.house.engine.path.parent
    os.chmod(folder / "secret", 0o640)
    found = await examined(still_shop)
    assert bad(found) == {"modes"}
    assert found["modes"][1]["names"] == "secret"


@pytest.mark.parametrize(
    ("settings", "name", "state"),
    [
        ({}, "switches", "ok"),
        ({"host": "0.0.0.0"}, "plain", "bad"),
        ({"host": "0.0.0.0", "public_url": "http://chat.example"}, "plain", "bad"),
        ({"host": "0.0.0.0", "public_url": "https://chat.example"}, "switches", "ok"),
        ({"trusted_proxies": ["127.0.0.0/8", "10.0.0.1", "unix"]}, "switches", "ok"),
        ({"trusted_proxies": ["10.0.0.0/8"]}, "trusted", "look"),
        ({"trusted_proxies": ["0.0.0.0/0"]}, "trusted", "bad"),
        ({"trusted_proxies": ["2001:db8::/32", "::/0"]}, "trusted", "bad"),
        ({"rate_peers": 0}, "limits", "look"),
    ],
)
def test_open_switches_are_named(settings: dict[str, Any], name: str, state: str) -> None:
    lines = list(doctor._switches(Settings(**settings)))
    assert (lines[-1].name, lines[-1].state) == (name, state)


async def test_the_command_line_says_what_to_do_and_ends_with_1_where_something_is_bad(still_shop: Shop) -> None:
    folder = still_shop.house.engine.path.parent
    done = await l2s(folder, "doctor", "--privacy")
    assert done.code == 0, done.err
    assert "ok    The ledger follows from itself" in done.out
    assert "LOOK  There is no backup" in done.out
    os.chmod(folder / "secret", 0o644)
    done = await l2s(folder, "doctor", "--privacy", "--json")
    assert done.code == 1
    assert {"name": "modes", "state": "bad"}.items() <= next(
        line.items() for line in json.loads(done.out) if line["name"] == "modes"
    )
