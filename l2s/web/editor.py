"""What the editor shows: each class as a row of choices, with what is held, dropped and waiting; and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from l2s.actions.policies import Declared
from l2s.privacy.classes import APART, PURPOSES, READERS, chain
from l2s.privacy.factory import PRESETS
from l2s.privacy.policy import Declaration, When, explain, keep_name, rule_of, up_to
from l2s.web.coming import Step
from l2s.web.drafts import NEEDED, Fields, Wrong, allowed, days_offered, first, recipients_of
from l2s.web.telling import Teller

GROUPS: Final = {
    "site": {
        "connection": ("address", "browser", "page", "referrer", "place", "times"),
        "person": ("name", "mail", "phone", "organisation", "reference", "identity", "claimed", "about", "presence"),
        "conversation": ("message", "attachment", "preview", "topic", "answer", "read_marks", "rating"),
        "order": ("device_token", "push_key", "consent", "case", "blocked", "technical"),
    },
    "server": {
        "account": ("contact", "contact_history", "billing", "terms"),
        "entry": ("credential", "session", "push_key"),
        "work": ("work", "support_talk", "mailing"),
    },
}


class Option(NamedTuple):
    """One choice. `never`: code alone forbids it, which is shown and cannot be chosen."""

    value: str
    text: str
    chosen: bool
    never: bool = False


class Rowed(NamedTuple):
    """One class as the editor's table shows it."""

    cls: str
    title: str
    levels: list[Option]
    when: list[Option]
    days: list[Option]
    why: list[Option]
    reader: list[Option]
    apart: list[Option]
    to: list[Option]
    summary: str
    held: str
    dropped: str
    waits: str
    problems: dict[str, str]


class Preset(NamedTuple):
    """One of three cards."""

    name: str
    title: str
    lead: str
    points: list[str]
    chosen: bool


class Table:
    """Builds the rows of one scope."""

    def __init__(self, teller: Teller, kind: str, declared: Declared, steps: list[Step], law: Declaration) -> None:
        self._t = teller
        self._kind = kind
        self._declared = declared
        self._steps = steps
        self._law = law

    def groups(self, fields: Fields, problems: Mapping[str, Wrong]) -> list[tuple[str, list[Rowed]]]:
        """(heading, rows)."""
        say = self._t.say
        return [
            (say(f"group.{name}"), [self._row(cls, fields, problems) for cls in classes])
            for name, classes in GROUPS[self._kind].items()
        ]

    def _row(self, cls: str, fields: Fields, problems: Mapping[str, Wrong]) -> Rowed:
        say, number = self._t.say, self._t.number
        told = {
            name.partition(".")[2]: say(key, **values) for name, (key, values) in problems.items() if name.startswith(f"{cls}.")
        }
        dropped = self._declared.dropped.get(cls, 0)
        held = self._declared.held.get(cls, 0)
        return Rowed(
            cls, class_name(self._t, cls), self._levels(cls, fields), self._when(cls, fields), self._days(cls, fields),
            self._chosen(fields, f"{cls}.why", PURPOSES, "do"), self._reader(cls, fields),
            self._chosen(fields, f"{cls}.apart", APART, "who"), self._to(cls, fields), self._summary(cls, fields),
            number(held) if held else "", say("privacy.dropped", count=dropped, n=number(dropped)) if dropped else "",
            self._waits(cls), told,
        )  # fmt: skip

    def _levels(self, cls: str, fields: Fields) -> list[Option]:
        now = first(fields, f"{cls}.level")
        least = 1 if self._kind == "site" and cls in NEEDED else 0
        names = list(reversed(chain(cls)[least:])) or ["none"]
        return [Option(name, self._t.say(f"step.{name}"), name == now) for name in names]

    def _when(self, cls: str, fields: Fields) -> list[Option]:
        now = first(fields, f"{cls}.when")
        names = ((when.name.lower(), when) for when in (When.ALWAYS, When.UNLESS_OBJECTED, When.TICKED))
        kind, say = self._kind, self._t.say
        return [Option(name, say(f"pick.{name}"), name == now, not allowed(kind, cls, when=when)) for name, when in names]

    def _days(self, cls: str, fields: Fields) -> list[Option]:
        now = first(fields, f"{cls}.days")
        return [Option(value, self._days_text(value), value == now) for value in days_offered(self._kind, cls, now)]

    def _days_text(self, value: str) -> str:
        known = value in ("memory", "chat", "account")
        return self._t.say(f"kept.{value}") if known else self._t.keep(value) if value.isdecimal() else value[:20]

    def _reader(self, cls: str, fields: Fields) -> list[Option]:
        now = first(fields, f"{cls}.reader")
        offered = [("", frozenset[str]()), *((name, up_to(name)) for name in READERS)]
        return [
            Option(name, self._t.say(f"sees.{name or 'nobody'}"), name == now, not allowed(self._kind, cls, audience=audience))
            for name, audience in offered
        ]

    def _chosen(self, fields: Fields, name: str, values: tuple[str, ...], words: str) -> list[Option]:
        now = fields.get(name, [])
        return [Option(value, self._t.say(f"{words}.{value}"), value in now) for value in values]

    def _to(self, cls: str, fields: Fields) -> list[Option]:
        now = fields.get(f"{cls}.to", [])
        newest = self._declared.versions[0].declaration if self._declared.versions else {}
        known = recipients_of(self._kind, cls, newest, self._law)
        return [Option(value, self._t.recipient(*pair), value in now) for value, pair in known.items()]

    def _summary(self, cls: str, fields: Fields) -> str:
        """The folded disclosure says what is in it."""
        say = self._t.say
        why = [say(f"do.{name}") for name in PURPOSES if name in fields.get(f"{cls}.why", [])]
        reader = first(fields, f"{cls}.reader")
        apart = [say(f"who.{name}") for name in APART if name in fields.get(f"{cls}.apart", [])]
        readers = ([say(f"sees.{reader}")] if reader in READERS else []) + apart
        return f"{', '.join(why) or say('privacy.why_none')} · {', '.join(readers) or say('sees.nobody')}"

    def _waits(self, cls: str) -> str:
        """ "in 9 days", where something of this class waits."""
        step = next((step for step in self._steps if any(change.cls == cls for change in step.changes)), None)
        return self._t.say("privacy.in_days", count=step.notches.left) if step else ""


def class_name(teller: Teller, cls: str) -> str:
    """A class as an owner speaks of it: "Messages", where the visitor reads "Your messages"."""
    own = f"class.own.{cls}"
    return teller.say(own if own in teller.pages.words[teller.lang]["page"] else f"class.{cls}")


def presets(teller: Teller, rules: Declaration) -> list[Preset]:
    """The three cards, their points made from their rules."""
    return [
        Preset(
            name, teller.say(f"preset.{name}"), teller.say(f"preset.{name}.lead"), _points(teller, preset),
            not explain(preset, rules),
        )
        for name, preset in PRESETS.items()
    ]  # fmt: skip


def _points(teller: Teller, rules: Declaration) -> list[str]:
    """What differs most between presets: how long, the address, page, origin and place."""
    points = [teller.say("preset.messages", keep=teller.keep(keep_name(rule_of(rules, "message").keep)))]
    for cls in ("address", "page", "referrer", "place"):
        rule = rule_of(rules, cls)
        text = teller.say(f"step.{chain(cls)[rule.level]}")
        points.append(teller.say("preset.point", what=class_name(teller, cls), how=text))
    return points
