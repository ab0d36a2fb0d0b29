"""Giving out: never without ground and agreement, sealed, told to whom it concerns, and no enemy of an erasure."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.actions import bundling, disclosures, doctor, erasure, factors, holds
from l2s.actions.disclosures import WINDOW, Wanted
from l2s.clock import DAY
from l2s.domain.bundles import MOST, check, seal
from l2s.domain.factors import code, step_of
from l2s.errors import BadInput, Conflict, NotFound
from l2s.store import ledger
from l2s.store.disclosures import Disclosure, disclosure
from l2s.store.engine import Unit
from l2s.web.examined import told
from l2s.web.host import VERBS
from tests.conftest import FakeClock
from tests.paper import Browser
from tests.personas import PASSWORD, Shop, found_fox
from tests.test_retention import edit, night, session_of, talk

BLUE = "The blue tent, please"
WANTED = Wanted("legal", "District court", "17 Cs 4/27", "Everything said in the chat", [])


@pytest.fixture
async def shop(still_shop: Shop) -> Shop:
    """Its nights come when a test says so."""
    await edit(still_shop, "DELETE FROM due WHERE kind = 'retention'")
    return still_shop


async def two(shop: Shop) -> tuple[str, str]:
    """Sessions of Maja and of a second admin."""
    ada = await shop.add_user("Ada", "admin")
    return await session_of(shop, await shop.sign_in(shop.made.owner)), await session_of(shop, await shop.sign_in(ada))


async def write(shop: Shop, unit: Unit[Any]) -> Any:
    return await shop.house.engine.write(unit)


async def refused(shop: Shop, unit: Unit[Any], code: str, kind: type[Exception] = Conflict) -> None:
    with pytest.raises(kind) as caught:
        await shop.house.engine.write(unit)
    assert getattr(caught.value, "code", "") == code


async def talked(shop: Shop, text: str = BLUE) -> tuple[Any, str]:
    """A closed chat with an answer and a note: (the visitor's tab, chat)."""
    return await talk(shop, await shop.operator(f"Tom{len(shop.rows('users'))}"), text)


async def agreed(shop: Shop, maja: str, ada: str, *chats: str, **more: Any) -> str:
    key: str = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(chats=chats, **more)))
    await write(shop, disclosures.approve(shop.house, ada, key))
    return key


async def prepare(shop: Shop, who: str, key: str) -> disclosures.Prepared:
    return await shop.house.engine.read(lambda sql: bundling.prepare(shop.house, who, key, "read me", sql))


async def late(shop: Shop) -> int:
    return await shop.house.engine.read(lambda sql: disclosures.late(shop.house, sql))


async def hand(shop: Shop, who: str, key: str) -> disclosures.Prepared:
    made = await prepare(shop, who, key)
    await write(shop, disclosures.hand_over(shop.house, who, key, made))
    return made


async def row(shop: Shop, key: str) -> Disclosure:
    found = await shop.house.engine.read(lambda sql: disclosure(sql, key))
    assert found
    return found


def files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def notes_of(shop: Shop, kind: str) -> list[dict[str, Any]]:
    return [json.loads(entry[5]) for entry in shop.rows("ledger") if entry[2] == kind]


# Ground and agreement.


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ground": "curiosity"}, "bad_ground"),
        ({"ground": ""}, "bad_ground"),
        ({"authority": " "}, "bad_authority"),
        ({"reference": ""}, "bad_reference"),
        ({"scope": ""}, "empty_text"),
        ({"chats": []}, "bad_chats"),
        ({"gag_until": 1}, "bad_gag_end"),
        ({"gag_until": 1_800_000_000_000 + DAY, "gag_reason": ""}, "bad_gag_reason"),
        ({"gag_until": 1_800_000_000_000 + 400 * DAY, "gag_reason": "§ 95"}, "bad_gag_end"),
    ],
)
async def test_no_demand_without_ground_authority_reference_and_scope(
    shop: Shop, change: dict[str, Any], expected: str
) -> None:
    maja, _ = await two(shop)
    with pytest.raises(BadInput) as caught:
        await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(**{"chats": ["c"], **change})))
    assert caught.value.code == expected
    assert not shop.rows("disclosures")


async def test_nothing_leaves_before_somebody_else_agreed(shop: Shop, clock: FakeClock) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    key = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(chats=[chat])))
    with pytest.raises(Conflict, match="not_agreed"):
        await prepare(shop, maja, key)
    await refused(shop, disclosures.approve(shop.house, maja, key), "second_admin")
    await refused(shop, disclosures.approve_alone(shop.house, key), "second_admin")
    assert not notes_of(shop, "disclosed")
    await write(shop, disclosures.approve(shop.house, ada, key))
    made = await hand(shop, maja, key)
    told = notes_of(shop, "disclosed")[-1]
    assert (told["seal"], told["chats"], told["ground"]) == (made.bundle.seal, 1, "legal")
    assert [line[4] for line in shop.rows("audit")][-3:] == ["ask_disclosure", "approve_disclosure", "hand_over"]
    clock.pass_(WINDOW)
    with pytest.raises(Conflict, match="disclosure_over"):
        await prepare(shop, maja, key)


async def test_what_was_refused_never_leaves(shop: Shop) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    key = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(chats=[chat])))
    await write(shop, disclosures.end(shop.house, ada, key))
    await refused(shop, disclosures.approve(shop.house, ada, key), "disclosure_settled")
    with pytest.raises(Conflict, match="disclosure_settled"):
        await prepare(shop, maja, key)
    done = await agreed(shop, maja, ada, chat)
    made = await prepare(shop, maja, done)
    await write(shop, disclosures.end(shop.house, ada, done))
    await refused(shop, disclosures.hand_over(shop.house, maja, done, made), "disclosure_settled")


async def test_one_admin_alone_waits_a_day_for_the_box(shop: Shop, clock: FakeClock) -> None:
    maja = await session_of(shop, await shop.sign_in(shop.made.owner))
    _, chat = await talked(shop)
    key = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(chats=[chat])))
    await refused(shop, disclosures.approve_alone(shop.house, key), "approval_waits")
    clock.pass_(DAY - 1)
    await refused(shop, disclosures.approve_alone(shop.house, key), "approval_waits")
    clock.pass_(1)
    await write(shop, disclosures.approve_alone(shop.house, key))
    made = await hand(shop, maja, key)
    assert json.loads(files(made.bundle.data)["manifest.json"])["agreed_by"] == "the host at the box"


async def test_safety_does_not_wait_and_alarms_after_a_day(shop: Shop, clock: FakeClock) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    key = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(ground="safety", chats=[chat])))
    await hand(shop, maja, key)
    clock.pass_(DAY - 1)
    assert await late(shop) == 0
    clock.pass_(1)
    assert await late(shop) == 1
    lines = msgspec.to_builtins(await doctor.examine(shop.house))
    assert ("given_out", "bad") in [(line["name"], line["state"]) for line in lines]
    assert "1 left for somebody’s safety" in told(lines)
    browser = Browser(shop, await shop.sign_in(shop.made.owner))
    assert "nobody else has agreed" in (await browser.get("/console/privacy/left")).text
    await write(shop, disclosures.approve(shop.house, ada, key))
    assert await late(shop) == 0


async def test_only_admins_of_the_account_and_only_what_can_be_read(shop: Shop) -> None:
    maja, _ = await two(shop)
    fox = await found_fox(shop)
    fred = await session_of(shop, await shop.sign_in(fox.owner))
    tom = await session_of(shop, await shop.sign_in(await shop.add_user("Eve")))
    _, chat = await talked(shop)
    for who in (fred, tom):
        await refused(shop, disclosures.ask(shop.house, who, WANTED._replace(chats=[chat])), "not_found", NotFound)
    key = await write(shop, disclosures.ask(shop.house, maja, WANTED._replace(chats=[chat])))
    for who in (fred, tom):
        await refused(shop, disclosures.approve(shop.house, who, key), "not_found", NotFound)
        with pytest.raises(NotFound):
            await prepare(shop, who, key)


# The bundle.


async def test_the_bundle_holds_what_is_kept_and_no_more_and_verifies_offline(shop: Shop, tmp_path: Path) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    made = await hand(shop, maja, await agreed(shop, maja, ada, chat))
    told = files(made.bundle.data)
    whole = json.loads(next(data for name, data in told.items() if name.startswith("chats/")))
    said = [entry.get("text") for entry in whole["entries"] if entry["kind"] != "event"]
    assert said == [BLUE, f"you said {BLUE}", f"asks for {BLUE}"]
    assert whole["visitor"]["page"] == "/tents"  # without its query, as it is kept
    assert made.counts["message"] == 2
    assert made.counts["about"] == 1
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(io.BytesIO(made.bundle.data)) as archive:
        archive.extractall(folder)
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True).returncode == 0
    assert hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest() == made.bundle.seal
    victim = next((folder / "chats").iterdir())
    victim.write_text(victim.read_text().replace("blue", "red"))
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True).returncode == 1


async def test_what_stays_here_is_salted_hashes_and_counts(shop: Shop) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop, "zugzwang")
    key = await agreed(shop, maja, ada, chat)
    before = {path.name for path in Path(shop.house.settings.data).rglob("*")}
    one, other = await hand(shop, maja, key), await prepare(shop, maja, key)
    assert {path.name for path in Path(shop.house.settings.data).rglob("*")} == before
    kept = (await row(shop, key)).handed
    assert len(kept) == 1
    assert kept[0].sums == one.bundle.sums
    assert b"zugzwang" not in msgspec.json.encode(kept)
    name = next(name for name in one.bundle.sums if name.startswith("chats/"))
    assert one.bundle.sums[name] != other.bundle.sums[name]  # the same words, another salt


@pytest.mark.parametrize("how", ["changed", "added", "taken", "sums", "cut", "junk", "other"])
async def test_tampering_shows(shop: Shop, tmp_path: Path, how: str) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    made = await hand(shop, maja, await agreed(shop, maja, ada, chat))
    path = tmp_path / "b.zip"
    path.write_bytes(made.bundle.data)
    good = await verify(shop, path)
    assert (good["changed"], good["seal"]) == ([], made.bundle.seal)
    assert good["disclosure"]
    assert good["ledger_position"]
    told = files(made.bundle.data)
    listed = told.pop("SHA256SUMS")
    name = next(name for name in told if name.startswith("chats/"))
    if how == "changed":
        told[name] = told[name].replace(b"blue", b"grey")
    elif how == "added":
        told["chats/999-XXXX.json"] = b"{}"
    elif how == "taken":
        del told[name]
    path.write_bytes(
        made.bundle.data[:-200] if how == "cut" else b"no zip" if how == "junk" else zipped({**told, "SHA256SUMS": listed})
    )
    if how == "sums":  # a whole new bundle, well made, that never left here
        path.write_bytes(seal({**told, name: told[name].replace(b"blue", b"grey")}).data)
    if how == "other":
        path.write_bytes(seal({"README.txt": b"x"}).data)
    found = await verify(shop, path)
    assert found["changed"] or found["disclosure"] is None
    assert found["changed"] or found["ledger_position"] is None


def zipped(told: dict[str, bytes]) -> bytes:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        for name, data in told.items():
            archive.writestr(name, data)
    return box.getvalue()


def test_a_bomb_is_not_unpacked() -> None:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("big", "w", force_zip64=True) as file:
        for _ in range(MOST // (1 << 20) + 1):
            file.write(bytes(1 << 20))
    assert check(box.getvalue()) == ("", 0, [""])


async def verify(shop: Shop, path: Path) -> dict[str, Any]:
    return await VERBS["disclosure_verify"](shop.house, shop.urls, {"file": str(path)})


# Whom it concerns.


async def test_the_visitor_is_told_in_the_chat_and_in_my_data(shop: Shop) -> None:
    maja, ada = await two(shop)
    tab, chat = await talked(shop)
    before = (await tab.ask("my_data", "my_data"))["given_out"]
    await hand(shop, maja, await agreed(shop, maja, ada, chat))
    told = await tab.hear("message", lambda frame: frame["message"]["body"].get("name") == "disclosed")
    assert told["message"]["by"] == "system"
    mine = (await tab.ask("my_data", "my_data"))["given_out"]
    assert (before, [(one["authority"], one["ground"], one["chat"]) for one in mine]) == (
        [],
        [("District court", "legal", chat)],
    )
    page = await Browser(shop).get(f"/privacy/{shop.site}", **{"Accept-Language": "en"})
    assert "2027: once (Legal process: 1)." in page.text


async def test_a_dated_gag_is_kept_and_ends(shop: Shop, clock: FakeClock) -> None:
    maja, ada = await two(shop)
    tab, chat = await talked(shop)
    until = shop.house.clock.at() + 30 * DAY
    key = await agreed(shop, maja, ada, chat, gag_until=until, gag_reason="Order 3/27")
    await hand(shop, maja, key)
    clock.pass_(29 * DAY)
    await night(shop)
    assert (await tab.ask("my_data", "my_data"))["given_out"] == []
    assert "So far nothing was" in (await Browser(shop).get(f"/privacy/{shop.site}", **{"Accept-Language": "en"})).text
    assert not [frame for frame in await tab.quiet() if frame["type"] == "message"]
    clock.pass_(DAY)
    await night(shop)
    assert len((await tab.ask("my_data", "my_data"))["given_out"]) == 1
    assert (await row(shop, key)).told_at == shop.house.clock.at()


async def test_each_bundle_that_left_is_told(shop: Shop, clock: FakeClock) -> None:
    maja, ada = await two(shop)
    tab, chat = await talked(shop)
    key = await agreed(shop, maja, ada, chat)
    await hand(shop, maja, key)
    clock.pass_(5 * DAY)
    await hand(shop, maja, key)
    told = (await tab.ask("my_data", "my_data"))["given_out"]
    assert [one["at"] for one in told] == [shop.house.clock.at() - 5 * DAY, shop.house.clock.at()]


async def test_an_older_database_forgets_nothing_that_left(shop: Shop, clock: FakeClock) -> None:
    """As after a restore: the rows are as they were before, and the ledger's entries are replayed."""
    maja, ada = await two(shop)
    tab, chat = await talked(shop)
    key, lost = await agreed(shop, maja, ada, chat), await agreed(shop, maja, ada, chat)
    before = shop.rows("ledger")[-1][0]
    for one in (key, lost):
        await hand(shop, maja, one)
    missing = [one for one in await shop.house.engine.read(ledger.everything) if one.position > before]
    await edit(
        shop, f"UPDATE disclosures SET handed_at = NULL, told_at = NULL, manifest = NULL WHERE id = '{key}'",
        f"DELETE FROM disclosed WHERE disclosure_id = '{lost}'", f"DELETE FROM disclosures WHERE id = '{lost}'",
    )  # fmt: skip
    assert (await tab.ask("my_data", "my_data"))["given_out"] == []
    await write(shop, lambda sql: (disclosures.replay(shop.house, sql, missing), []))
    assert [len((await row(shop, one)).handed) for one in (key, lost)] == [1, 1]
    await night(shop)
    told = (await tab.ask("my_data", "my_data"))["given_out"]
    assert sorted(one["authority"] for one in told) == ["District court", disclosures._LOST]


# Erasure and holds.


async def test_an_erasure_and_a_bundle_do_not_fight(shop: Shop) -> None:
    maja, ada = await two(shop)
    _, gone = await talked(shop, "abc words")
    _, stays = await talked(shop, "xyz words")
    key = await agreed(shop, maja, ada, gone, stays)
    made = await prepare(shop, maja, key)
    await write(shop, erasure.erase_chat(shop.house, maja, gone))
    await refused(shop, disclosures.hand_over(shop.house, maja, key, made), "changed_meanwhile")
    left = await hand(shop, maja, key)
    assert b"abc words" not in b"".join(files(left.bundle.data).values())
    assert (await row(shop, key)).chats == (stays,)
    await write(shop, erasure.erase_chat(shop.house, maja, stays))
    with pytest.raises(Conflict, match="nothing_left"):
        await prepare(shop, maja, key)
    assert (await row(shop, key)).handed[0].seal == left.bundle.seal  # that it left stays on record


async def test_what_a_hold_keeps_can_be_given_out(shop: Shop) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    kept = await write(shop, holds.ask(shop.house, maja, [chat], "Claim 17", shop.house.clock.at() + 30 * DAY))
    await write(shop, holds.approve(shop.house, ada, kept))
    made = await hand(shop, maja, await agreed(shop, maja, ada, chat))
    assert b"The blue tent" in b"".join(files(made.bundle.data).values())


async def test_what_has_expired_is_in_no_bundle(shop: Shop, clock: FakeClock) -> None:
    maja, ada = await two(shop)
    _, chat = await talked(shop)
    clock.pass_(179 * DAY)
    maja, ada = [
        await session_of(shop, await shop.sign_in(user)) for user in (shop.made.owner, await shop.add_user("Bo", "admin"))
    ]
    key = await agreed(shop, maja, ada, chat)
    clock.pass_(2 * DAY)
    with pytest.raises(NotFound):
        await prepare(shop, maja, key)


# The page.


async def test_from_the_page_with_proof_and_second_factor(shop: Shop) -> None:
    _, ada = await two(shop)
    _, chat = await talked(shop)
    cookie = await shop.sign_in(shop.made.owner)
    browser, maja = Browser(shop, cookie), await session_of(shop, cookie)
    form = {
        "ground": ["legal"], "authority": ["District court"], "reference": ["17 Cs 4/27"], "scope": ["The chat"],
        "chat": [chat], "proof": [PASSWORD], "code": [""],
    }  # fmt: skip
    assert "Set up a second factor first" in (await browser.post("/console/privacy/left", form, "ask")).text
    seeds = {}
    for who in (maja, ada):
        made = await write(shop, factors.begin(shop.house, who))
        seeds[who] = base64.b32decode(made.secret)
        await write(shop, factors.confirm(shop.house, who, code(seeds[who], step_of(shop.house.clock.at()))))
    wrong = await browser.post("/console/privacy/left", {**form, "code": ["000000"]}, "ask")
    assert wrong.status == 400
    assert wrong.form["authority"] == ["District court"]  # nothing that was typed is lost
    assert chat in wrong.form["chat"]
    assert not shop.rows("disclosures")
    right = {**form, "code": [code(seeds[maja], step_of(shop.house.clock.at()) + 1)]}
    assert "Nothing leaves before somebody else agrees" in (await browser.post("/console/privacy/left", right, "ask")).text
    key = shop.rows("disclosures")[0][0]
    again = await browser.post("/console/privacy/left", {"disclosure": [key], "proof": [PASSWORD], "code": ["1"]}, "hand")
    assert again.status == 400
    assert not notes_of(shop, "disclosed")


async def test_a_backup_is_on_record_and_so_is_a_copy_that_was_taken_along(shop: Shop) -> None:
    tab, _ = await talked(shop)
    await call_verb(shop)
    await tab.say("my_data", take=True)
    await tab.hear("my_data")
    browser = Browser(shop, await shop.sign_in(shop.made.owner))
    text = (await browser.get("/console/privacy/left")).text
    assert "made a backup of everything" in text
    assert "took a copy of what is held about them along" in text


async def call_verb(shop: Shop) -> None:
    await VERBS["make_backup"](shop.house, shop.urls, {})
