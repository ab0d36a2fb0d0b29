"""The audit log: who did what, without what was said; a touched line is found; without its salt a line leads to nobody."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from l2s.actions import audit, cases, people, policies, signins
from l2s.domain.audit import first_break, reference, seal
from l2s.domain.months import add_months
from l2s.errors import Conflict, NotFound
from l2s.privacy.factory import FACTORY
from l2s.store import erasure, ledger
from tests.conftest import shop_at
from tests.personas import Shop, found_fox
from tests.processes import l2s


async def session_of(shop: Shop, user: str) -> str:
    cookie = await shop.sign_in(user)
    found = await shop.house.engine.read(lambda sql: signins.session_of(shop.house, cookie.partition("=")[2], sql))
    assert found is not None
    return found[0]


async def log(shop: Shop, session: str) -> list[tuple[str, str, str]]:
    """(who, verb, whom), oldest first."""
    lines = await shop.house.engine.read(lambda sql: audit.read(shop.house, session, 0, sql))
    return [(one.who, one.line.verb, one.whom) for one in reversed(lines)]


async def test_what_users_do_is_on_record_without_what_was_said(still_shop: Shop) -> None:
    shop = still_shop
    maja = await session_of(shop, shop.made.owner)
    tom = await shop.operator("Tom")
    ada = await shop.operator("Ada", "admin")
    _, chat = await shop.writer("a secret word")
    await tom.ask("take", "chat", chat=chat)
    await ada.ask("open", "conversation", chat=chat)
    await shop.house.engine.write(policies.declare(shop.house, maja, shop.site, FACTORY["site"]))
    await shop.house.engine.write(people.change_user(shop.house, maja, tom.id, role="supervisor"))
    await ada.ask("erase", "erased", chat=chat)
    told = await log(shop, maja)
    mark = shop.house.keys.tombstone("chat", chat)
    assert ("Ada", "read", mark) in told
    assert ("Maja Lindqvist", "declare", shop.site) in told
    assert ("Maja Lindqvist", "change_user", "Tom") in told
    assert ("Ada", "erase", mark) in told
    assert chat not in str(shop.rows("audit")), "what was erased leaves no id behind"
    assert "secret" not in str(shop.rows("audit"))
    assert not any(name in str(shop.rows("audit")) for name in ("Tom", "Ada", "Maja"))


async def test_nobody_reads_the_log_who_may_not(still_shop: Shop) -> None:
    shop = still_shop
    fox = await found_fox(shop)
    maja, fred = await session_of(shop, shop.made.owner), await session_of(shop, fox.owner)
    await shop.house.engine.write(policies.declare(shop.house, maja, shop.site, FACTORY["site"]))
    assert await log(shop, fred) == []
    tom = await session_of(shop, await shop.add_user("Tom"))
    with pytest.raises(NotFound):
        await log(shop, tom)


async def test_without_its_salt_a_line_leads_to_nobody_and_the_chain_still_holds(still_shop: Shop) -> None:
    shop = still_shop
    maja = await session_of(shop, shop.made.owner)
    tom = await shop.add_user("Tom")
    await shop.house.engine.write(people.change_user(shop.house, maja, tom, disable=True))
    assert ("Maja Lindqvist", "change_user", "Tom") in await log(shop, maja)
    await shop.house.engine.write(lambda sql: (erasure.count(sql, "users", tom), []))
    await shop.house.engine.maintain(lambda c: bool(c.execute("DELETE FROM audit_salts WHERE subject = ?", (tom,))))
    line = next(one for one in await log(shop, maja) if one[1] == "change_user")
    assert line[0] == "Maja Lindqvist"
    assert line[2] != "Tom"
    found = await shop.house.engine.read(audit.verify)
    assert (found.broken, found.cut) == (None, False)


def _change(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE audit SET verb = 'nothing' WHERE position = 2")


def _take_out(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM audit WHERE position = 2")


def _cut_off(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM audit WHERE position > 2")


@pytest.mark.parametrize(("harm", "broken", "cut"), [(_change, 2, False), (_take_out, 3, False), (_cut_off, None, True)])
async def test_a_touched_log_is_found_by_the_command(
    tmp_path: Path, harm: Callable[[sqlite3.Connection], None], broken: int | None, cut: bool
) -> None:
    async with shop_at(tmp_path) as shop:
        maja = await session_of(shop, shop.made.owner)
        for _ in range(4):
            await shop.house.engine.write(policies.declare(shop.house, maja, shop.site, FACTORY["site"]))
        head = shop.rows("audit")[-1]
        moment = {"position": head[0], "hash": head[8]}
        await shop.house.engine.write(
            lambda sql: (ledger.append(sql, ledger.SERVER, "audit", moment, ledger.moment(sql, 0)), [])
        )
        fine = await l2s(tmp_path, "audit", "verify")
        assert (fine.code, json.loads(fine.out)["lines"]) == (0, 4)
        await shop.house.engine.maintain(lambda connection: bool(harm(connection)) or True)
        found = await l2s(tmp_path, "audit", "verify")
        assert found.code == 1
        assert (json.loads(found.out)["broken"], json.loads(found.out)["cut"]) == (broken, cut)


def test_a_chain_whose_front_was_cut_off_by_age_still_holds() -> None:
    lines, previous = [], "0" * 64
    for position in range(1, 6):
        lines.append(seal(position, "a", position, "x", "read", "c", "{}", previous))
        previous = lines[-1].hash
    assert first_break(lines) is None
    assert first_break(lines[2:]) is None
    assert first_break([lines[0], *lines[2:]]) == 3
    assert reference(b"1", "u") != reference(b"2", "u")


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-11-25", 1, "2026-12-25"),
        ("2026-12-31", 3, "2027-03-31"),
        ("2028-01-30", 1, "2028-02-29"),
    ],
)
def test_a_calendar_month_ends_on_the_same_day_or_the_months_last(day: str, months: int, later: str) -> None:
    start = int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp() * 1000)
    assert datetime.fromtimestamp(add_months(start, months) / 1000, UTC).date().isoformat() == later


async def test_a_question_is_extended_once_within_its_month_and_closed_once(still_shop: Shop) -> None:
    shop = still_shop
    maja = await session_of(shop, shop.made.owner)
    house, engine, at = shop.house, shop.house.engine, shop.house.clock.at()
    key = await engine.write(cases.enter(house, maja, shop.site, "By letter: what do you hold?", "Ingrid, by letter", at))
    due = await engine.write(cases.extend(house, maja, key, "We wait for an archive."))
    assert due == add_months(at, 3)
    with pytest.raises(Conflict, match="extended_already"):
        await engine.write(cases.extend(house, maja, key, "Again."))
    await engine.write(cases.close(house, maja, key, "Told by letter."))
    with pytest.raises(Conflict, match="case_closed"):
        await engine.write(cases.close(house, maja, key, "Told twice."))
    shown = await engine.read(lambda sql: cases.all_cases(house, maja, sql))
    assert [(one.question, one.answer) for one in shown] == [("By letter: what do you hold?", "Told by letter.")]
    tom = await session_of(shop, await shop.add_user("Tom"))
    with pytest.raises(NotFound):
        await engine.write(cases.close(house, tom, key, "x"))
    assert await engine.read(lambda sql: cases.all_cases(house, tom, sql)) == []
