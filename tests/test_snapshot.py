"""Snapshot + frames = fresh snapshot, for every action and both audiences (DESIGN 4).

A model client holds what its first snapshot said and applies every frame after it by the rules of the wire: whole objects
replace whole objects, older ones are ignored, marks are patches. After each action it must hold what a newcomer is told, and an
action whose frames change nothing for those who should hear of it fails as pointless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import FakeClock
from tests.personas import Frame, Shop, User, Visitor, Wire, new_id

Rows = dict[tuple[str, str], dict[str, Any]]


def fresher(old: dict[str, Any] | None, new: dict[str, Any], cursor: str) -> bool:
    """Is this object at least as new as the one held?"""
    return old is None or new[cursor] >= old[cursor]


class Model:
    """What one client holds. `view` is compared, so it holds nothing that differs by the moment of asking."""

    cursor: str

    def __init__(self) -> None:
        self.rows: Rows = {}

    def take(self, message: dict[str, Any]) -> None:
        key = (message["by"], message["id"])
        if fresher(self.rows.get(key), message, self.cursor):
            self.rows[key] = message

    def timeline(self) -> list[dict[str, Any]]:
        """In order of (seq, rev): notes after the message whose place they share."""
        return sorted(self.rows.values(), key=lambda row: (row["seq"], row["body"]["kind"] == "note", row[self.cursor]))

    def apply(self, frame: Frame) -> None:
        getattr(self, f"on_{frame['type']}", self.ignore)(frame)

    def ignore(self, frame: Frame) -> None:
        """Answers and patches that no snapshot holds."""
        assert frame["type"] in ("pong", "typing", "refused", "history", "left", "site_seen", "closed", "forgotten"), frame

    def view(self) -> dict[str, Any]:
        raise NotImplementedError


class VisitorModel(Model):
    """A visitor's tab, as the widget keeps it."""

    cursor = "pub"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Any] = {}
        self.chat: dict[str, Any] | None = None

    def on_welcome(self, frame: Frame) -> None:
        self.held = {name: frame[name] for name in ("availability", "people", "law", "held", "objected")}
        self.rows, self.chat = {}, frame["chat"]
        for message in frame["messages"]:
            self.take(message)

    def on_chat(self, frame: Frame) -> None:
        if self.chat and self.chat["id"] != frame["chat"]["id"]:
            self.rows, self.chat = {}, None
        if fresher(self.chat, frame["chat"], "pub"):
            self.chat = frame["chat"]

    def on_message(self, frame: Frame) -> None:
        self.held["held"] = True
        if self.chat and frame["chat"] == self.chat["id"]:
            self.take(frame["message"])
            self.chat = {**self.chat, "pub": max(self.chat["pub"], frame["message"]["pub"])}

    def on_marks(self, frame: Frame) -> None:
        if self.chat and frame["chat"] == self.chat["id"]:
            self.chat = {**self.chat, "delivered": frame["delivered"], "read": frame["read"]}

    def on_availability(self, frame: Frame) -> None:
        self.held |= {name: frame[name] for name in ("availability", "people")}

    def on_law(self, frame: Frame) -> None:
        self.held |= {name: frame[name] for name in ("law", "objected")}

    def on_erased(self, frame: Frame) -> None:
        if self.chat and frame["chat"] == self.chat["id"]:
            self.chat, self.rows, self.held["held"] = None, {}, False

    def view(self) -> dict[str, Any]:
        """Without `seen`: a page asks for it once, when it is loaded."""
        chat = {name: value for name, value in (self.chat or {}).items() if name != "seen"}
        return {**self.held, "chat": chat, "messages": self.timeline()}


class TeamModel(Model):
    """A console, as the desk keeps it, with the one conversation of the stage."""

    cursor = "rev"

    def __init__(self) -> None:
        super().__init__()
        self.chats: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.closed = 0

    def on_welcome(self, frame: Frame) -> None:
        self.chats = {chat["id"]: chat for chat in frame["chats"]}
        self.people = {person["id"]: person for person in frame["people"]}
        self.closed = frame["closed"]

    def on_conversation(self, frame: Frame) -> None:
        self.on_chat(frame)
        for message in frame["messages"]:
            self.take(message)

    def on_chat(self, frame: Frame) -> None:
        chat = frame["chat"]
        old = self.chats.get(chat["id"])
        if fresher(old, chat, "rev"):
            self.closed += bool(old and old["state"] != "closed" and chat["state"] == "closed")
            self.chats[chat["id"]] = chat

    def on_message(self, frame: Frame) -> None:
        message, body = frame["message"], frame["message"]["body"]
        self.closed -= body.get("name") == "reopened"
        self.take(message)
        row = self.chats.get(frame["chat"])
        if row and frame["rev"] >= row["rev"]:
            row = {**row, "rev": frame["rev"], "pub": frame["pub"], "said": frame["said"]}
            if body["kind"] in ("text", "note"):
                row["line"] = {"by": message["by"], "kind": body["kind"], "text": body["text"][:140], "at": message["at"]}
            self.chats[frame["chat"]] = row

    def on_marks(self, frame: Frame) -> None:
        row = self.chats.get(frame["chat"])
        if row is None:
            return
        moved = {name: frame[name] for name in ("delivered", "read")}
        if frame["user"] is None:
            self.chats[frame["chat"]] = {**row, **moved}
            return
        marks = {one["user"]: one for one in row["marks"]}
        marks[frame["user"]] = {"joined": False, **marks.get(frame["user"], {}), **moved, "user": frame["user"]}
        marks[frame["user"]]["heard"] = frame["heard"]
        self.chats[frame["chat"]] = {**row, "marks": sorted(marks.values(), key=lambda one: str(one["user"]))}

    def on_person(self, frame: Frame) -> None:
        self.people[frame["person"]["id"]] = frame["person"]

    def on_erased(self, frame: Frame) -> None:
        gone = self.chats.pop(frame["chat"], {"state": "closed"})
        self.closed -= gone["state"] == "closed"
        self.rows = {}

    def view(self) -> dict[str, Any]:
        live = {key: chat for key, chat in self.chats.items() if chat["state"] != "closed"}
        return {"chats": live, "people": dict(self.people), "closed": self.closed, "messages": self.timeline()}


class Stage:
    """Tom acts, Maja owns, Aram is a colleague; Priya and Ingrid's second tab only watch."""

    tom: User
    maja: User
    aram: User
    priya: User
    ingrid: Visitor
    tab: Visitor

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.chat = ""

    async def set(self, prepare: str) -> None:
        """`prepare`: "" (nobody wrote yet), "waiting", "open", "talked" (marks and a reply), "closed" or "left"."""
        self.tom, self.aram = await self.shop.operator("Tom"), await self.shop.operator("Aram")
        self.maja = await self.shop.console(self.shop.made.owner)
        await self.tell(self.maja, "available", on=False)
        self.ingrid = await self.shop.visitor()
        await self.ingrid.enter()
        if prepare == "left":
            await self.ingrid.ask("leave", "left", id=new_id(), text="Call me", mail="ingrid@example.org", name="Ingrid")
            self.chat = self.shop.rows("chats")[0][0]
        elif prepare:
            self.chat = (await self.ingrid.write("Hello"))["chat"]
        if prepare in ("open", "talked", "closed"):
            await self.tell(self.tom, "take", chat=self.chat)
        if prepare == "talked":
            await self.tom.reply(self.chat, "Good morning")
            await self.tell(self.tom, "mark", chat=self.chat, delivered=3, read=3)
        if prepare == "closed":
            await self.tell(self.tom, "end", chat=self.chat)
        self.priya = await self.shop.operator("Priya")
        self.tab = await self.shop.visitor(self.ingrid.token)
        if self.chat:
            await self.priya.ask("open", "conversation", chat=self.chat)

    async def tell(self, wire: Wire, kind: str, **fields: Any) -> None:
        """Say, and wait until it was done or refused."""
        await wire.say(kind, **fields)
        refused = [frame for frame in await wire.quiet() if frame["type"] == "refused"]
        assert refused == []

    async def fresh(self) -> tuple[VisitorModel, TeamModel]:
        """What somebody is told who comes now."""
        visitor, team = VisitorModel(), TeamModel()
        tab = await self.shop.visitor(self.ingrid.token)
        visitor.apply(tab.frames[0])
        console = await self.shop.console(self.priya.id)
        team.apply(console.welcome)
        if self.chat:
            await console.say("open", chat=self.chat)
            for frame in await console.quiet():
                team.apply(frame)
        return visitor, team


Act = Callable[[Stage], Awaitable[Any]]


async def verify(stage: Stage, act: Act, hears: set[str]) -> None:
    """The action's frames bring both models to where a newcomer is; it changes the view of exactly those in `hears`."""
    visitor, team = VisitorModel(), TeamModel()
    models: list[tuple[str, Model, Wire]] = [("visitor", visitor, stage.tab), ("team", team, stage.priya)]
    starts = []
    for _, model, wire in models:
        await wire.quiet()
        for frame in wire.frames:
            model.apply(frame)
        starts.append((len(wire.frames), model.view()))
    await act(stage)
    for (_, model, wire), (start, _) in zip(models, starts, strict=True):
        await wire.quiet()
        for frame in wire.frames[start:]:
            model.apply(frame)
    for (name, model, _), newcomer in zip(models, await stage.fresh(), strict=True):
        assert model.view() == newcomer.view(), name
    changed = {name for (name, model, _), (_, before) in zip(models, starts, strict=True) if model.view() != before}
    assert changed == hears


BOTH = {"visitor", "team"}


async def _first(stage: Stage) -> None:
    stage.chat = (await stage.ingrid.write("Is anybody there?"))["chat"]


async def _left(stage: Stage) -> None:
    await stage.ingrid.ask("leave", "left", id=new_id(), text="Call me", mail="ingrid@example.org", name="Ingrid")
    stage.chat = stage.shop.rows("chats")[0][0]


async def _note(wire: User, chat: str) -> None:
    key = new_id()
    await wire.say("note", chat=chat, id=key, text="Seen before")
    await wire.hear("message", lambda frame: frame["message"]["id"] == key)


async def _lagging(stage: Stage) -> None:
    """A colleague who has read less must not take back what another one has read."""
    await stage.tell(stage.aram, "mark", chat=stage.chat, delivered=1, read=1)


def say(who: str, kind: str, **fields: Any) -> Act:
    return lambda stage: stage.tell(getattr(stage, who), kind, chat=stage.chat, **fields)


ACTIONS: dict[str, tuple[str, Act, set[str]]] = {
    "a first message": ("", _first, BOTH),
    "an offline message": ("", _left, BOTH),
    "a waiting chat is left": ("waiting", _left, BOTH),
    "a message while waiting": ("waiting", lambda stage: stage.ingrid.write("More"), BOTH),
    "take": ("waiting", say("tom", "take"), BOTH),
    "take an offline message": ("left", say("tom", "take"), BOTH),
    "a message goes on after an offline one": ("left", lambda stage: stage.ingrid.write("Here again"), BOTH),
    "join": ("open", say("aram", "join"), BOTH),
    "give back": ("open", say("tom", "give_back"), BOTH),
    "a visitor's message": ("open", lambda stage: stage.ingrid.write("It squeals"), BOTH),
    "a reply": ("open", lambda stage: stage.tom.reply(stage.chat, "The pads are due."), BOTH),
    "a long reply": ("open", lambda stage: stage.tom.reply(stage.chat, "ä" * 200), BOTH),
    "a note": ("open", lambda stage: _note(stage.tom, stage.chat), {"team"}),
    "a note in a closed chat": (
        "closed", lambda stage: _note(stage.maja, stage.chat), {"team"},
    ),
    "a user's mark": ("open", say("tom", "mark", delivered=2, read=1), BOTH),
    "a lagging colleague's mark": ("talked", _lagging, {"team"}),
    "mark unread": ("talked", say("tom", "mark", read=0, unread=True), {"team"}),
    "a visitor's mark": ("talked", lambda stage: stage.tell(stage.ingrid, "mark", delivered=3, read=3), {"team"}),
    "a visitor ends": ("open", lambda stage: stage.tell(stage.ingrid, "end"), BOTH),
    "a waiting visitor ends": ("waiting", lambda stage: stage.tell(stage.ingrid, "end"), BOTH),
    "a user ends": ("open", say("tom", "end"), BOTH),
    "a message reopens": ("closed", lambda stage: stage.ingrid.write("One more thing"), BOTH),
    "erase an open chat": ("talked", say("maja", "erase"), BOTH),
    "erase a closed chat": ("closed", say("maja", "erase"), BOTH),
    "object": ("open", lambda stage: stage.tell(stage.ingrid, "object", on=True), BOTH),
    "one of several turns away": ("open", lambda stage: stage.tell(stage.tom, "available", on=False), BOTH),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIONS)
async def test_snapshot_and_frames_equal_a_fresh_snapshot(still_shop: Shop, name: str) -> None:
    prepare, act, hears = ACTIONS[name]
    stage = Stage(still_shop)
    await stage.set(prepare)
    await verify(stage, act, hears)


async def test_an_objection_is_taken_back_everywhere(still_shop: Shop) -> None:
    stage = Stage(still_shop)
    await stage.set("open")
    await stage.tell(stage.ingrid, "object", on=True)
    await verify(stage, lambda stage: stage.tell(stage.ingrid, "object", on=False), BOTH)


async def test_what_time_does_is_told_like_everything_else(still_shop: Shop, clock: FakeClock) -> None:
    stage = Stage(still_shop)
    await stage.set("talked")

    async def quiet(stage: Stage) -> None:
        clock.pass_(15 * 60_000)
        await stage.shop.step()

    async def closes(stage: Stage) -> None:
        clock.pass_(29 * 60_000)
        for wire in (stage.tom, stage.aram, stage.priya):
            await stage.tell(wire, "available", on=True)  # stays here
        clock.pass_(60_000)
        await stage.shop.step()

    await verify(stage, quiet, BOTH)
    await verify(stage, closes, BOTH)


async def test_the_helper_fails_an_action_that_changes_nothing(still_shop: Shop) -> None:
    stage = Stage(still_shop)
    await stage.set("open")
    with pytest.raises(AssertionError):
        await verify(stage, say("tom", "take"), BOTH)  # he has it already


async def test_the_helper_fails_a_frame_that_never_came(still_shop: Shop) -> None:
    stage = Stage(still_shop)
    await stage.set("open")

    async def deaf(stage: Stage) -> None:
        stage.shop.house.engine.publish = lambda events: None
        await stage.shop.house.engine.write(lambda sql: (None, []))
        await stage.tom.say("end", chat=stage.chat)
        await stage.tom.quiet()

    with pytest.raises(AssertionError, match="visitor"):
        await verify(stage, deaf, BOTH)
