"""Acknowledged is durable: 12 kills of the real server, and the checker's own proof on journals made by hand."""

from __future__ import annotations

import pytest

from tests.faults import kills
from tests.faults.checker import FAULTS, Got, Report, Sent, View, check


def _entry(number: int, visitor: str = "ann", kind: str = "text", by: str = "visitor", state: str = "acked") -> Sent:
    mark = f"{visitor}.{by}.{number}"
    account = "north" if visitor == "ann" else "south"
    return Sent(mark, by, number, account, visitor, by, f"id-{mark}", f"~{mark}~ hello", kind, state)  # type: ignore[arg-type]


def _got(entry: Sent, seq: int, rev: int | None = None) -> Got:
    return Got(entry.by, entry.id, seq, rev or seq, entry.kind, entry.text)


class World:
    """Ann of account north and Bob of south, a chat each; a user sees Ann's chat. Three texts and a note, all in order."""

    def __init__(self) -> None:
        self.one, self.two = _entry(1), _entry(2)
        self.reply, self.note = _entry(1, by="uma"), _entry(2, kind="note", by="uma")
        self.other = _entry(1, visitor="bob")
        self.sent = [self.one, self.two, self.reply, self.note, self.other]
        self.ann, self.bob = View("ann.0", "north", "ann"), View("bob.0", "south", "bob")
        self.uma = View("uma.0", "north")
        self.homes = {"a": "ann", "b": "bob"}
        for view in (self.ann, self.uma):
            for seq, entry in enumerate((self.one, self.reply, self.two), 1):
                view.add("a", _got(entry, seq))
        self.uma.add("a", _got(self.note, 3, 4))
        self.bob.add("b", _got(self.other, 1))

    def check(self) -> Report:
        return check(self.sent, [self.ann, self.bob, self.uma], self.homes)

    def found(self) -> set[str]:
        return {kind for kind, findings in self.check().faults.items() if findings}


@pytest.fixture
def world() -> World:
    made = World()
    assert made.found() == set()
    assert made.check().acked == 5
    return made


def test_a_world_in_order_has_no_findings(world: World) -> None:
    assert world.check().clean
    assert "lost 0  doubled 0  reordered 0  misdelivered 0" in world.check().lines()[0]


def test_an_acked_message_that_one_party_misses_is_lost(world: World) -> None:
    del world.uma.chats["a"][world.two.by, world.two.id]
    assert world.found() == {"lost"}


def test_a_message_that_somebody_saw_is_lost_when_it_is_gone_even_if_its_author_never_saw_the_echo(world: World) -> None:
    world.two.state = "unknown"
    del world.ann.chats["a"][world.two.by, world.two.id]
    assert world.found() == {"lost"}


def test_an_unknown_message_may_be_missing_everywhere(world: World) -> None:
    world.two.state = "unknown"
    for view in (world.ann, world.uma):
        del view.chats["a"][world.two.by, world.two.id]
    assert world.found() == set()
    assert world.check().unknown == 1


def test_a_sentence_of_the_system_that_one_party_misses_is_lost(world: World) -> None:
    world.uma.add("a", Got("system", "e5", 4, 5, "event", None))
    assert world.found() == {"lost"}


def test_one_message_in_two_places_is_doubled(world: World) -> None:
    world.ann.add("a", _got(world.one, 4))
    assert "doubled" in world.found()


def test_one_text_under_two_ids_is_doubled(world: World) -> None:
    world.ann.add("a", Got("visitor", "another-id", 4, 4, "text", world.one.text))
    assert "doubled" in world.found()


def test_a_second_chat_of_one_visitor_is_doubled(world: World) -> None:
    world.homes["c"] = "ann"
    assert world.found() == {"doubled"}


def test_two_acked_messages_against_their_authors_order_are_reordered(world: World) -> None:
    world.one.number, world.two.number = 2, 1
    assert world.found() == {"reordered"}


def test_another_place_for_another_party_is_reordered(world: World) -> None:
    world.ann.chats["a"][world.two.by, world.two.id] = [_got(world.two, 9)]
    assert world.found() == {"reordered"}


def test_two_messages_that_share_a_place_are_reordered(world: World) -> None:
    for view in (world.ann, world.uma):
        view.chats["a"][world.reply.by, world.reply.id] = [_got(world.reply, 1)]
    assert world.found() == {"reordered"}


def test_a_message_behind_the_readers_cursor_is_reordered(world: World) -> None:
    world.uma.late.append("ann.visitor.2 rev 2 behind 3 at uma.0")
    assert world.found() == {"reordered"}


def test_a_note_at_a_visitor_is_misdelivered(world: World) -> None:
    world.ann.add("a", _got(world.note, 3, 4))
    assert world.found() == {"misdelivered"}


def test_a_message_of_another_chat_is_misdelivered(world: World) -> None:
    world.ann.add("b", _got(world.other, 1))
    assert world.found() == {"misdelivered"}


def test_a_message_of_another_account_is_misdelivered(world: World) -> None:
    world.uma.add("b", _got(world.other, 1))
    assert world.found() == {"misdelivered"}


def test_words_that_nobody_sent_so_are_misdelivered(world: World) -> None:
    for view in (world.ann, world.uma):
        view.chats["a"][world.two.by, world.two.id] = [_got(world.two, 3)._replace(text=world.two.text + "!")]
    assert world.found() == {"misdelivered"}


def test_a_refused_message_that_was_kept_is_misdelivered(world: World) -> None:
    world.two.state = "refused"
    assert world.found() == {"misdelivered"}


def test_an_object_older_than_the_one_held_is_ignored(world: World) -> None:
    assert not world.uma.add("a", _got(world.two, 3, 9))
    assert not world.uma.add("a", _got(world.two, 3, 3))
    assert world.uma.chats["a"][world.two.by, world.two.id] == [_got(world.two, 3, 9)]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_twelve_kills() -> None:
    """Every acked message is there once, in order and nowhere else."""
    outcome = await kills.run(kills.Plan(kills=12, acks=3_000, seed=12))
    print(outcome.text())
    assert outcome.kills == 12
    assert outcome.acks >= 3_000
    assert all(outcome.hits[name] == 2 for name in kills.FAILPOINTS)
    assert {kind: outcome.report.faults[kind] for kind in FAULTS} == {kind: [] for kind in FAULTS}
    assert not outcome.refusals
