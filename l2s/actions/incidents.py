"""The incident log (P14): facts, effects, remedy; the 72 hours in which the authority must know; whom it exposed. Its words are
the account's own and can be amended, each time on record; of the persons it keeps their number alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple, get_args

from l2s.actions import audit
from l2s.actions.audit import Told
from l2s.actions.desk import speaker
from l2s.actions.exposure import LINES, Reach, exposed, is_subject, line_of
from l2s.actions.house import House
from l2s.actions.states import choice_of, law_of
from l2s.clock import HOUR
from l2s.domain.chats import Chat
from l2s.domain.events import Event
from l2s.domain.people import Actor, User
from l2s.domain.rights import Place, may, need
from l2s.domain.text import message_text
from l2s.errors import BadInput, Conflict, NotFound, TooLarge
from l2s.privacy.gate import release
from l2s.protocol.audience import label
from l2s.store import audit as lines
from l2s.store import chats, incidents, users
from l2s.store.engine import Unit
from l2s.store.incidents import Incident, Key, Mark, Source, Words
from l2s.store.sql import Sql

REPORT_WITHIN: Final = 72 * HOUR  # GDPR Art. 33(1)
WORDS_MAX: Final = 4_000
OFFERED: Final = 50  # of each kind that an incident can come from
NAMED: Final = 500  # chats that one page names
_VERBS: Final[dict[Mark, str]] = {"reported": "report_incident", "told": "tell_incident", "closed": "close_incident"}


class New(NamedTuple):
    """What an admin enters, its words checked. Times are wall ms; `ended` is within the time."""

    source: str
    subject: str
    words: Words
    began: int
    ended: int
    known: int


def checked_words(facts: str, effects: str, remedy: str) -> Words:
    """The three texts, none of them empty. Raises BadInput naming the one that is wrong."""
    told = {"facts": facts, "effects": effects, "remedy": remedy}
    return Words(**{name: checked_text(name, text) for name, text in told.items()})


def checked_text(name: str, text: str) -> str:
    """One of them."""
    try:
        return message_text(text, WORDS_MAX)
    except (BadInput, TooLarge):
        raise BadInput(f"bad_{name}", most=WORDS_MAX) from None


def count(house: House, session: str, new: New, sql: Sql) -> int:
    """How many persons it would be: a read of its own, so that a long count holds up no write."""
    actor = _admin(house, sql, session)
    source = _source(sql, actor, new)
    return exposed(house, sql, Reach(actor.account, source, new.subject, new.began, new.ended)).persons


def enter(house: House, session: str, new: New, persons: int) -> Unit[str]:
    """A new incident, and how many persons were counted. Returns its id."""
    at, key = house.clock.at(), house.ids.new()
    if not new.began <= new.ended <= at:
        raise BadInput("bad_period")
    if not new.began <= new.known <= at:
        raise BadInput("bad_known")

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor = _admin(house, sql, session)
        source = _source(sql, actor, new)
        one = Incident(
            key, actor.account, source, new.subject, new.words, new.began, new.ended, new.known, persons, actor.id
        )  # fmt: skip
        incidents.add(sql, one)
        audit.note(house, sql, actor, "enter_incident", key)
        return key, []

    return unit


def _source(sql: Sql, actor: Actor, new: New) -> Source:
    source: Source | None = next((one for one in get_args(Source) if one == new.source), None)
    if source is None or not is_subject(sql, actor.account, source, new.subject):
        raise BadInput("bad_subject")
    return source


def _admin(house: House, sql: Sql, session: str) -> Actor:
    actor = speaker(house, sql, session)
    need(actor, "incidents", Place(actor.account))
    return actor


def _seen(sql: Sql, actor: Actor, key: str) -> Incident:
    one = incidents.incident(sql, key)
    if one is None:
        raise NotFound("not_found")
    need(actor, "incidents", Place(one.account))
    return one


def amend(house: House, session: str, key: str, words: Words) -> Unit[None]:
    """Other words, while it is not closed."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        one = _seen(sql, actor, key)
        if one.closed_at is None and one.words == words:
            return None, []
        if not incidents.amend(sql, key, words):
            raise Conflict("incident_settled")
        audit.note(house, sql, actor, "amend_incident", key)
        return None, []

    return unit


def mark(house: House, session: str, key: str, what: Mark) -> Unit[None]:
    """Reported to the authority, its persons told, or closed: each once, and nothing after the last."""
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        _seen(sql, actor, key)
        if not incidents.mark(sql, key, what, at):
            raise Conflict("incident_settled")
        audit.note(house, sql, actor, _VERBS[what], key)
        return None, []

    return unit


def note_look(house: House, session: str, key: str) -> Unit[None]:
    """Somebody is about to read whom an incident exposed: many addresses at once, so it goes on record first."""

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor = speaker(house, sql, session)
        _seen(sql, actor, key)
        audit.note(house, sql, actor, "list_exposed", key)
        return None, []

    return unit


# Reads.


def find(house: House, session: str, key: str, sql: Sql) -> Incident:
    """One incident, for an admin of its account. Raises NotFound."""
    return _seen(sql, speaker(house, sql, session), key)


class Person(NamedTuple):
    """A chat that was exposed, and where its person can be told; "" = no address may be read."""

    label: str
    mail: str
    opened: bool


class Listed(NamedTuple):
    """Whom an incident exposed, as far as this admin may see it. `chats`: how many there are, named or not."""

    persons: int
    users: int
    chats: int
    opened: int
    named: list[Person]


def persons(house: House, session: str, key: str, sql: Sql) -> Listed:
    """Whom it exposed. Nothing of it is kept."""
    actor = speaker(house, sql, session)
    one = _seen(sql, actor, key)
    found = exposed(house, sql, Reach(one.account, one.source, one.subject, one.began, one.ended))
    mine = [chat for chat in found.could if may(actor, "incidents", chat)]
    opened = {chat.id for chat in found.opened}
    mine.sort(key=lambda chat: (chat.id not in opened, label(chat)))
    named = [Person(label(chat), _mail(house, sql, chat), chat.id in opened) for chat in mine[:NAMED]]
    return Listed(found.persons, found.users, len(mine), sum(chat.id in opened for chat in mine), named)


def _mail(house: House, sql: Sql, chat: Chat) -> str:
    """Telling somebody is a duty, and an answer: the law names one of the two, or the address stays sealed."""
    at = house.clock.at()
    law = law_of(house, sql, chat, at)
    choice, sealed = choice_of(chat, law), chats.details(sql, chat).mail
    out = release(sealed, "comply", "admin", choice, law, at)
    return out or release(sealed, "answer", "admin", choice, law, at) or ""


class Book(NamedTuple):
    """What the page is made from. `users`, `keys`, `lines`: what an incident can come from; `origins`: the lines that an
    incident names already, by their position."""

    rows: list[Incident]
    users: list[User]
    keys: list[Key]
    lines: list[Told]
    origins: dict[str, Told]


def book(house: House, session: str, sql: Sql) -> Book:
    """The account's incidents, and what a new one can come from."""
    actor = _admin(house, sql, session)
    rows, names = incidents.of_account(sql, actor.account), lines.known(sql, actor.account)
    named = {one.subject: line_of(sql, actor.account, one.subject) for one in rows if one.source == "export"}
    origins = {subject: audit.told(line, names) for subject, line in named.items() if line}
    recent = [audit.told(line, names) for line in lines.of_verbs(sql, actor.account, LINES, OFFERED)]
    keys = incidents.keys(sql, actor.account, OFFERED)
    return Book(rows, users.of_account(sql, actor.account), keys, recent, origins)
