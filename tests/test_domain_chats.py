"""The life of a chat (R5) as tables, and the arithmetic of its two counters under random lives."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import msgspec
import pytest

from l2s.domain import chats
from l2s.domain.chats import Chat, Message, Step
from l2s.errors import Conflict
from l2s.privacy.gate import held, to_store

DAY = 86_400_000
NOW = 1_800_000_000_000
ADA, BEN = "ada", "ben"
STAMP = held("times", NOW, 3, None)
OLD = held("times", NOW - DAY, 3, None)


def a_chat(state: chats.State, owner: str | None = None) -> Chat:
    """A chat as it lies in the store: taken ones by `owner`, closed ones with their anchor."""
    closed = state == "closed"
    return Chat(
        "c1", "a1", "s1", "d1", "v1", state, 9, 5, 3, 3, 4, False, owner, opened_at=OLD, taken_at=OLD if owner else None,
        ended_at=NOW - DAY if closed else None, closed_why="visitor" if closed else None,
    )  # fmt: skip


CHATS = {
    "waiting": a_chat("waiting"),
    "left": a_chat("left"),
    "open, Ada's": a_chat("open", ADA),
    "open, Ben's": a_chat("open", BEN),
    "closed, Ada's": a_chat("closed", ADA),
    "closed, nobody's": a_chat("closed"),
}
VERBS: dict[str, Callable[[Chat], Step]] = {
    "take": lambda chat: chats.take(chat, ADA, STAMP, None),
    "give_back": lambda chat: chats.give_back(chat, ADA, STAMP),
    "close": lambda chat: chats.close(chat, "user", ADA, NOW, STAMP),
}
# Ada does it: (state, owner, event) afterwards, or the code of the refusal
LIFE: dict[str, dict[str, tuple[str, str | None, str | None] | str]] = {
    "take": {
        "waiting": ("open", ADA, "took"),
        "left": ("open", ADA, "took"),
        "open, Ada's": ("open", ADA, None),
        "open, Ben's": "taken",
        "closed, Ada's": "chat_closed",
        "closed, nobody's": "chat_closed",
    },
    "give_back": {
        "waiting": "not_yours",
        "left": "not_yours",
        "open, Ada's": ("waiting", None, "returned"),
        "open, Ben's": "not_yours",
        "closed, Ada's": "not_yours",
        "closed, nobody's": "not_yours",
    },
    "close": {
        "waiting": ("closed", None, "closed_user"),
        "left": ("closed", None, "closed_user"),
        "open, Ada's": ("closed", ADA, "closed_user"),
        "open, Ben's": ("closed", BEN, "closed_user"),
        "closed, Ada's": "chat_closed",
        "closed, nobody's": "chat_closed",
    },
}


def name_of(message: Message) -> str:
    assert (message.kind, message.author, message.author_id) == ("event", "system", None)
    return str(json.loads(message.event or "")["name"])


@pytest.mark.parametrize(("verb", "start"), [(verb, start) for verb in VERBS for start in CHATS])
def test_the_life_of_a_chat(verb: str, start: str) -> None:
    expected, chat = LIFE[verb][start], CHATS[start]
    if isinstance(expected, str):
        with pytest.raises(Conflict) as refused:
            VERBS[verb](chat)
        assert refused.value.code == expected
        return
    after, messages = VERBS[verb](chat)
    assert (after.state, after.owner, *map(name_of, messages)) == tuple(part for part in expected if part or part is None)[
        : 2 + len(messages)
    ]
    assert len(messages) == (expected[2] is not None)
    assert after.state in ("waiting", "open", "closed", "left")


def test_every_verb_and_every_state_stands_in_the_table() -> None:
    assert LIFE.keys() == VERBS.keys()
    assert all(row.keys() == CHATS.keys() for row in LIFE.values())


def test_a_second_taker_is_told_who_won() -> None:
    won, _ = chats.take(CHATS["waiting"], ADA, STAMP, 42)
    assert won.owner == ADA
    with pytest.raises(Conflict) as lost:
        chats.take(won, BEN, STAMP, 43)
    assert (lost.value.code, lost.value.data) == ("taken", {"user": ADA})


def test_a_second_click_of_the_winner_changes_nothing() -> None:
    won, _ = chats.take(CHATS["waiting"], ADA, STAMP, 42)
    assert chats.take(won, ADA, STAMP, 43) == Step(won, ())


def test_taking_says_who_and_how_long_it_waited() -> None:
    for waited, told in ((42, {"waited": 42}), (0, {"waited": 0}), (None, {})):
        after, (message,) = chats.take(CHATS["waiting"], ADA, STAMP, waited)
        assert json.loads(message.event or "") == {"name": "took", "user": ADA, **told}
        assert after.taken_at is STAMP
        assert after.opened_at is OLD


def test_giving_back_leaves_nobody_and_no_time_of_taking() -> None:
    after, (message,) = chats.give_back(CHATS["open, Ada's"], ADA, STAMP)
    assert (after.state, after.owner, after.taken_at, after.opened_at) == ("waiting", None, None, OLD)
    assert json.loads(message.event or "") == {"name": "returned", "user": ADA}
    again, _ = chats.take(after, BEN, STAMP, None)
    assert (again.state, again.owner) == ("open", BEN)


@pytest.mark.parametrize(("why", "user"), [("visitor", None), ("user", ADA), ("quiet", None), ("silent", None)])
@pytest.mark.parametrize("start", ["waiting", "left", "open, Ada's"])
def test_closing_sets_the_anchor_and_says_why(why: chats.Why, user: str | None, start: str) -> None:
    after, (message,) = chats.close(CHATS[start], why, user, NOW, STAMP)
    assert (after.state, after.ended_at, after.closed_why) == ("closed", NOW, why)
    assert json.loads(message.event or "") == {"name": f"closed_{why}", **({"user": user} if user else {})}


@pytest.mark.parametrize("start", CHATS)
def test_a_message_within_the_days_reopens_in_place_and_later_starts_anew(start: str) -> None:
    chat, within = CHATS[start], 7 * DAY
    ended = NOW - DAY
    for now, inside in ((ended, True), (ended + within, True), (ended + within + 1, False)):
        assert chats.reopens(chat, now, within) is (chat.state == "left" or (inside and chat.state == "closed"))
    assert not chats.reopens(CHATS["closed, Ada's"], ended, 0)


def test_a_reopened_chat_waits_again_without_owner_or_end() -> None:
    after, (message,) = chats.reopen(CHATS["closed, Ada's"], STAMP)
    assert (after.state, after.owner, after.taken_at, after.ended_at, after.closed_why) == ("waiting", None, None, None, None)
    assert after.opened_at is STAMP
    assert name_of(message) == "reopened"
    assert (after.id, after.visitor, after.since) == ("c1", "v1", 3)  # the same chat under the same law


@pytest.mark.parametrize(
    ("start", "joined", "code"),
    [
        ("waiting", True, "take_first"), ("waiting", False, "take_first"), ("left", True, "take_first"),
        ("left", False, "take_first"), ("open, Ada's", True, None), ("open, Ada's", False, "join_first"),
        ("open, Ben's", False, "join_first"), ("closed, Ada's", True, "chat_closed"), ("closed, Ada's", False, "chat_closed"),
    ],
)  # fmt: skip
def test_a_user_may_write_only_where_they_take_part(start: str, joined: bool, code: str | None) -> None:
    chat = CHATS[start]
    if code is None:
        chats.refuse_user_send(chat, joined)
        return
    with pytest.raises(Conflict) as refused:
        chats.refuse_user_send(chat, joined)
    assert refused.value.code == code
    if code == "join_first":
        assert refused.value.data == {"user": chat.owner}


def test_a_text_takes_the_next_place_and_counts_for_its_side() -> None:
    chat, body = CHATS["open, Ada's"], held("message", "hello", 3, None)
    after, (message,) = chats.say(chat, "visitor", "v1", "id1", body, STAMP)
    assert (message.seq, message.rev, message.pub) == (6, 10, 6)
    assert (message.author, message.author_id, message.client_id, message.kind) == ("visitor", "v1", "id1", "text")
    assert (message.body, message.note, message.at, message.since) == (body, None, STAMP, 3)
    assert (after.rev, after.pub, after.said) == (10, 6, 4)
    answered, (reply,) = chats.say(after, "user", ADA, "id2", body, STAMP)
    assert (reply.seq, reply.rev, reply.pub) == (7, 11, 7)
    assert (answered.rev, answered.pub, answered.said) == (11, 7, 4)


def test_a_note_takes_the_current_place_without_moving_it() -> None:
    chat, text = CHATS["open, Ada's"], held("about", "careful", 3, None)
    after, (message,) = chats.note(chat, ADA, "id1", text, STAMP)
    assert (message.seq, message.rev, message.pub) == (5, 10, 5)
    assert (message.kind, message.note, message.body) == ("note", text, None)
    assert (after.rev, after.pub, after.said) == (10, 5, 3)


def test_a_change_without_a_line_moves_both_counters_by_one() -> None:
    after = chats.changed(CHATS["waiting"], objected=True)
    assert (after.rev, after.pub, after.objected) == (10, 6, True)


def test_an_event_needs_no_clock_and_is_written_one_way() -> None:
    _, (message,) = chats.tell(CHATS["waiting"], None, "joined", user=BEN, a=1)
    assert message.event == '{"a":1,"name":"joined","user":"ben"}'
    assert message.at is None


def step_of(chance: random.Random, chat: Chat, n: int) -> Step:
    """Something that may happen now; refused verbs are left out."""
    body = held("message", f"text {n}", 3, None)
    options: list[Callable[[], Step]] = [
        lambda: chats.say(chat, "visitor", "v1", f"v{n}", body, STAMP),
        lambda: chats.say(chat, "user", ADA, f"u{n}", body, STAMP),
        lambda: chats.tell(chat, STAMP, "joined", user=BEN),
        lambda: Step(chats.changed(chat, department="d2"), ()),
    ]
    if chat.state in ("waiting", "left"):
        options.append(lambda: chats.take(chat, ADA, STAMP, None))
    if chat.state == "open":
        options.append(lambda: chats.give_back(chat, chat.owner or "", STAMP))
    if chat.state == "closed":
        return chats.reopen(chat, STAMP)
    options.append(lambda: chats.close(chat, "user", ADA, NOW, STAMP))
    return chance.choice(options)()


def a_life(seed: int, notes: bool) -> tuple[Chat, list[Message]]:
    """A random life; the same seed with and without notes is the same life to a visitor."""
    chance, whisper = random.Random(seed), random.Random(-seed)
    chat = a_chat("waiting")
    timeline: list[Message] = []
    for n in range(30):
        for k in range(whisper.randrange(3) if notes else 0):
            chat, added = chats.note(chat, ADA, f"n{n}-{k}", None, STAMP)
            timeline += added
        before = chat
        chat, added = step_of(chance, chat, n)
        assert (chat.rev, chat.pub) == (before.rev + 1, before.pub + 1)
        assert all((m.seq, m.rev, m.pub) == (chat.pub, chat.rev, chat.pub) for m in added)
        timeline += added
    return chat, timeline


@pytest.mark.parametrize("seed", range(20))
def test_a_timeline_by_place_and_revision_is_the_order_of_events(seed: int) -> None:
    chat, timeline = a_life(seed, notes=True)
    assert sum(message.kind == "note" for message in timeline) >= 10
    assert sorted(timeline, key=lambda message: (message.seq, message.rev)) == timeline
    assert len({message.rev for message in timeline}) == len(timeline)
    assert max(message.rev for message in timeline) <= chat.rev
    said = [message for message in timeline if message.author == "visitor"]
    assert chat.said == 3 + len(said)


@pytest.mark.parametrize("seed", range(20))
def test_a_visitor_cannot_count_notes(seed: int) -> None:
    noted, with_notes = a_life(seed, notes=True)
    plain, without = a_life(seed, notes=False)
    assert len(with_notes) > len(without)
    assert noted.rev > plain.rev

    def seen(timeline: list[Message]) -> list[tuple[int, int, str]]:
        return [(m.seq, m.pub, m.kind) for m in timeline if m.kind != "note"]

    assert seen(with_notes) == seen(without)
    assert noted.pub == plain.pub
    places = [seq for seq, _, _ in seen(with_notes)]
    assert places == sorted(set(places))  # each its own place


def test_no_step_touches_the_chat_that_it_was_given() -> None:
    for chat in CHATS.values():
        with pytest.raises(AttributeError):
            chat.rev = 0  # type: ignore[misc]
    chat = CHATS["waiting"]
    before = msgspec.structs.astuple(chat)
    chats.take(chat, ADA, STAMP, None)
    chats.say(chat, "visitor", "v1", "id", None, None)
    assert all(a is b for a, b in zip(msgspec.structs.astuple(chat), before, strict=True))


def test_words_stay_sealed_on_their_way_through_the_rules() -> None:
    body = held("message", "my secret", 3, None)
    _, (message,) = chats.say(CHATS["open, Ada's"], "visitor", "v1", "id1", body, STAMP)
    assert message.body is not None
    assert to_store(message.body, "message") == "my secret"
    assert "my secret" not in repr(message)
