"""One person of a thousand is erased while the others go on: unreachable at once, and after the scrub no window of theirs is
left in any file, and all of the others'.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from l2s.actions import desk, visitors
from l2s.actions.desk import Outgoing
from l2s.actions.signins import session_of
from l2s.actions.visitors import Visit
from l2s.clock import HOUR, MINUTE
from l2s.domain.people import Actor
from l2s.store import receipts
from tests.canaries import WINDOW, canary, search
from tests.conftest import FakeClock, shop_at
from tests.personas import Shop, new_id

CROWD = 1_000


def windows(word: str) -> set[bytes]:
    raw = word.encode()
    return {raw[at : at + WINDOW] for at in range(len(raw) - WINDOW + 1)}


async def crowd(shop: Shop) -> list[str]:
    """A chat of each, with a word of its own; their chats' ids."""
    head = shop.house.engine
    since = await head.read(lambda sql: sql.one("SELECT law_head FROM sites WHERE id = ?1", shop.site))
    assert since

    async def one(n: int) -> str:
        actor = Actor("visitor", shop.house.keys.visitor(shop.site, f"crowd-{n}"), shop.made.account, site=shop.site)
        visit = Visit(actor, since[0], "en", False, False, token=f"{n:032}".encode())
        return (await head.write(visitors.send(shop.house, visit, new_id(), f"says {canary(f'crowd-{n}')}"))).chat.id

    return list(await asyncio.gather(*(one(n) for n in range(CROWD))))


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_one_of_a_thousand_is_erased_while_the_others_go_on(tmp_path: Path, clock: FakeClock) -> None:
    async with shop_at(tmp_path, clock, rate_commands=0) as shop:
        chats = await crowd(shop)
        word = canary("the one")
        tom = await shop.operator("Tom")
        tab, chat = await shop.writer(f"I am {word}", page=f"https://shop.example/{word}")
        other_tab = await shop.visitor(tab.token)
        await tom.ask("take", "chat", chat=chat)
        await tom.ask("open", "conversation", chat=chat)
        await tom.reply(chat, f"You are {word}")
        await tom.say("note", chat=chat, id=new_id(), text=f"says {word}")
        await tab.ask("leave", "refused", id=new_id(), text=word, mail=f"{word}@example.org", name=word)
        await tab.ask("ask", "asked", id=new_id(), text=f"What of {word}?", contact=f"{word}@example.org")
        assert search(tmp_path, windows(word)), "premise: it lies there"
        found = await shop.house.engine.read(lambda sql: session_of(shop.house, tom.cookie.partition("=")[2], sql))
        assert found

        stop = asyncio.Event()

        async def traffic() -> int:
            """Others are quoted, noted and updated all the while."""
            n = 0
            while not stop.is_set():
                out = Outgoing(chats[n % CROWD], new_id(), f"note {n}")
                await shop.house.engine.write(desk.write_note(shop.house, found[0], out))
                n += 1
            return n

        busy = asyncio.create_task(traffic())
        await tab.ask("erase_me", "my_data")
        clock.pass_(24 * HOUR + MINUTE)
        await shop.step()
        told = await tab.hear("forgotten")
        await other_tab.hear("forgotten")
        await tom.hear("erased", lambda frame: frame["chat"] == chat)
        assert (await tom.ask("open", "refused", chat=chat))["code"] == "not_found"
        code = told["receipt"]["code"]
        reader = sqlite3.connect(f"file:{shop.house.engine.path}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM chats").fetchone()
        clock.pass_(21 * HOUR)
        await shop.step()
        shown = await shop.house.engine.read(lambda sql: receipts.receipt(sql, code))
        assert shown
        assert shown.overwritten_at is None, "an open reader kept the bytes, and the receipt does not say otherwise"
        reader.execute("COMMIT")
        reader.close()
        clock.pass_(6 * MINUTE)
        await shop.step()
        stop.set()
        assert await busy > 0
        shown = await shop.house.engine.read(lambda sql: receipts.receipt(sql, code))
        assert shown
        assert shown.overwritten_at == clock.at()
        assert shown.unreachable_at < shown.overwritten_at
        assert search(tmp_path, windows(word)) == []
        raw = b"".join(path.read_bytes() for path in tmp_path.rglob("l2s.db*"))
        assert [n for n in range(CROWD) if canary(f"crowd-{n}").encode() not in raw] == []
