"""Rules, changes and dates in a reader's words. Each sentence about data on notice, versions and editor is made here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from l2s.actions.sites import LANGUAGES
from l2s.privacy.classes import APART, CLASSES, PURPOSES, READERS, chain
from l2s.privacy.policy import OFF, Change, Declaration, Rule, keep_name, rule_of
from l2s.web.pages import Pages

FIRST: Final = ("message", "attachment", "name", "mail", "address", "browser", "page", "times")
_SITE_ALONE: Final = tuple(name for name in CLASSES["site"] if name not in CLASSES["server"])
_ORDER: Final = {name: at for at, name in enumerate(dict.fromkeys((*FIRST, *_SITE_ALONE, *CLASSES["server"])))}
SHOWN_READERS: Final = (*READERS, *APART)


class Row(NamedTuple):
    """One class of a declaration in words. `level`, `when`: "" where there is nothing to say."""

    cls: str
    title: str
    why: str
    level: str
    when: str
    readers: str
    keep: str


class Line(NamedTuple):
    """One change in words: what, and what becomes of it."""

    title: str
    text: str
    wider: bool


class Recipient(NamedTuple):
    """Somebody outside, and what may go there."""

    title: str
    gets: str


class Teller:
    """Words of one language."""

    def __init__(self, pages: Pages, lang: str) -> None:
        self.pages = pages
        self.lang = lang

    def say(self, key: str, **values: object) -> str:
        """A sentence of the pages' catalogue."""
        return self.pages.text(self.lang, "page", key, **values)

    def listed(self, words: Iterable[str]) -> str:
        """ "a, b and c"."""
        found = list(words)
        return self.say("list", most=", ".join(found[:-1]), last=found[-1]) if len(found) > 1 else "".join(found)

    def cls(self, name: str) -> str:
        """A class as a visitor reads it."""
        return self.say(f"class.{name}")

    def classes(self, names: Iterable[str]) -> str:
        """Classes inside a sentence: English writes them small, German does not."""
        found = [self.cls(name) for name in names]
        small = self.say("list.inside") == "small"
        return self.listed([*found[:1], *(name[:1].lower() + name[1:] if small else name for name in found[1:])])

    def number(self, n: int) -> str:
        """1,206 or 1.206."""
        return f"{n:,}".replace(",", self.say("thousands"))

    # Dates are told in UTC: a page without script knows no other zone, and a promise needs one that both sides share.

    def day(self, at: int) -> str:
        """ "3 December 2026"."""
        when = datetime.fromtimestamp(at / 1000, UTC)
        return self.say("date", day=when.day, month=self.say(f"month.{when.month}"), year=when.year)

    def instant(self, at: int) -> str:
        """ "3 December 2026, 14:06 UTC"."""
        return self.say("instant", day=self.day(at), time=datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M"))

    # Fields of a rule.

    def keep(self, keep: str | int) -> str:
        """A name of `keep_name`, or a number of days, also as its digits."""
        return self.say("keep.days", count=int(keep)) if str(keep).isdecimal() else self.say(f"keep.{keep}")

    def level(self, name: str) -> str:
        """A level, "" where "kept" is all there is to say."""
        return "" if name in ("kept", "none") else self.say(f"level.{name}")

    def when(self, name: str) -> str:
        """In which state of the person."""
        return self.say(f"when.{name}")

    def purposes(self, names: Iterable[str]) -> str:
        """In the order of the closed list."""
        held = frozenset(names)
        return self.listed(self.say(f"purpose.{name}") for name in PURPOSES if name in held)

    def readers(self, audience: Iterable[str]) -> str:
        """The furthest reader, who includes the nearer ones, and those that stand apart."""
        held = frozenset(audience)
        known = [*[name for name in READERS if name in held][-1:], *(name for name in APART if name in held)]
        return self.listed(self.say(f"reader.{name}") for name in known) or self.say("reader.nobody")

    def recipient(self, kind: str, where: str) -> str:
        """ "a mail relay, in any country". Kinds and regions that have no words of their own stand as declared."""
        words = self.pages.words[self.lang]["page"]
        kinds = self.say(f"recipient.{kind}") if f"recipient.{kind}" in words else kind
        place = self.say(f"region.{where}") if f"region.{where}" in words else where
        return self.say("recipient", kind=kinds, where=place)

    # Rules and declarations.

    def row(self, name: str, rule: Rule) -> Row:
        """A rule that is not off, in words."""
        when = rule.when.name.lower()
        return Row(
            name,
            self.cls(name),
            self.purposes(rule.purposes),
            self.level(chain(name)[rule.level]),
            "" if when == "always" else self.when(when),
            self.readers(rule.audience),
            self.keep(keep_name(rule.keep)),
        )

    def rows(self, kind: str, rules: Declaration) -> list[Row]:
        """Everything that is kept, what concerns most people first."""
        return [
            self.row(name, rule)
            for name in sorted(CLASSES[kind], key=_ORDER.__getitem__)
            if (rule := rule_of(rules, name)) != OFF
        ]

    def never(self, kind: str, rules: Declaration) -> list[str]:
        """Everything that is not."""
        return [self.cls(name) for name in CLASSES[kind] if rule_of(rules, name) == OFF]

    def recipients(self, rules: Declaration) -> list[Recipient]:
        """Who else may receive what."""
        found: dict[str, list[str]] = {}
        for name in (name for names in CLASSES.values() for name in names):
            for pair in sorted(rule_of(rules, name).recipients):
                gets = found.setdefault(self.recipient(*pair), [])
                gets += [name] if name not in gets else []
        return [Recipient(title[:1].upper() + title[1:], self.classes(gets)) for title, gets in sorted(found.items())]

    def lines(self, changes: Iterable[Change], after: Declaration) -> list[Line]:
        """Changes in words, in the notice's order; what is true of several classes is said once. `after`: where they lead."""
        grouped: dict[tuple[str, str, bool], list[Change]] = {}
        for change in sorted(changes, key=lambda one: _ORDER[one.cls]):
            grouped.setdefault((change.cls, change.field, change.wider), []).append(change)
        said: dict[tuple[str, bool], list[str]] = {}
        for (cls, field, wider), found in grouped.items():
            said.setdefault((self._change(field, found, rule_of(after, cls)), wider), []).append(cls)
        return [Line(self.classes(names), text, wider) for (text, wider), names in said.items()]

    def _change(self, field: str, found: list[Change], rule: Rule) -> str:
        first = found[0]
        if field == "level" and first.old is None:
            return self._whole(self.row(first.cls, rule))
        if field == "level" and first.new is None:
            return self.say("change.off")
        if field in ("level", "when", "days"):
            word = {"level": self._level_word, "when": self.when, "days": self.keep}[field]
            return self.say("change.instead", new=word(first.new or ""), old=word(first.old or ""))
        items = [change.new or change.old or "" for change in found]
        return self.say(f"change.{field}.{'more' if first.wider else 'less'}", what=self._items(field, items))

    def _level_word(self, name: str) -> str:
        return self.say(f"level.{name}")

    def _items(self, field: str, items: list[str]) -> str:
        if field == "purposes":
            return self.purposes(items)
        if field == "audience":
            return self.listed(self.say(f"who.{name}") for name in SHOWN_READERS if name in items)
        return self.listed(self.recipient(*item.split(", ", 1)) for item in items)

    def _whole(self, row: Row) -> str:
        pieces = [row.level, row.when, row.why, row.keep, self.say("read_by", readers=row.readers)]
        return self.say("change.on", rule="; ".join(piece for piece in pieces if piece))

    # What a visitor reads first.

    def facts(self, rules: Declaration) -> list[tuple[str, str]]:
        """(icon, sentence) of what concerns a visitor most."""
        keep = keep_name(rule_of(rules, "message").keep)
        address = chain("address")[rule_of(rules, "address").level]
        first = self.say("fact.days", count=keep) if isinstance(keep, int) else self.say(f"fact.{keep}")
        more = [(icon, self.say(f"fact.{name}")) for icon, name in _MORE if rule_of(rules, name) != OFF]
        return [("timer", first), ("scissors", self.say(f"fact.address.{address}")), *more]

    def promise(self, rules: Declaration) -> str:
        """The line under the composer: how long, and what else most concerns who types."""
        keep = keep_name(rule_of(rules, "message").keep)
        key, count = ("days", keep) if isinstance(keep, int) else (keep, 0)
        if key == "memory":
            return self.say("fact.memory")
        preview = rule_of(rules, "preview") != OFF
        more = "preview" if preview else f"address.{chain('address')[rule_of(rules, 'address').level]}"
        first = self.pages.text(self.lang, "widget", f"promise.{key}", count=count)
        return f"{first} · {self.pages.text(self.lang, 'widget', f'promise.{more}')}"


_MORE: Final = (("keyboard", "preview"), ("eye", "presence"), ("map-pin", "place"))


def spoken(words: dict[str, str], lang: str) -> tuple[str, str]:
    """The owner's own words and their language: the reader's, else the first there is; ("", "") where there are none."""
    said = next((name for name in (lang, *LANGUAGES, *sorted(words)) if words.get(name)), "")
    return (words[said], said) if said else ("", "")
