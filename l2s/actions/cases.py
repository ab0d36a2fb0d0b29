"""Privacy questions (P11): from the widget, or entered by hand. Due in one calendar month; two more with a reason that is told
within the first.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from l2s.actions import audit
from l2s.actions.desk import speaker
from l2s.actions.house import House
from l2s.actions.states import choice_of_person
from l2s.actions.visitors import Visit
from l2s.actions.welcome import law_now
from l2s.domain.events import Event
from l2s.domain.months import add_months
from l2s.domain.people import Actor
from l2s.domain.rights import may, need
from l2s.domain.text import client_id as checked_id
from l2s.domain.text import message_text, one_line
from l2s.errors import BadInput, Conflict, NotFound
from l2s.privacy.gate import admit, release
from l2s.privacy.ledger import Law, choice_under
from l2s.privacy.policy import Choice
from l2s.store import accounts, cases, chats
from l2s.store.cases import Case
from l2s.store.engine import Unit
from l2s.store.sql import Sql

CONTACT_MAX: Final = 320


def ask(house: House, visit: Visit, client_id: str, text: str, contact: str | None) -> Unit[Case]:
    """A visitor's question. The same id again is the same case."""
    checked = checked_id(client_id)
    key = house.keys.hash("case", f"{visit.actor.site}:{visit.actor.id}:{checked}").hex()[:22]
    text = message_text(text, house.settings.message_max)
    contact = one_line(contact, CONTACT_MAX, "bad_contact") if contact and contact.strip() else None
    at = house.clock.at()

    def unit(sql: Sql) -> tuple[Case, list[Event]]:
        known = cases.case(sql, key)
        if known:
            return known, []
        law = law_now(house, visit, sql)
        visitor = chats.visitor(sql, visit.actor.id) if visit.actor.id else None
        if contact is None and visitor is None:
            raise BadInput("contact_needed")
        choice = choice_under(visit.objected, visit.ticked, law)
        if visitor:
            choice = Choice.OBJECTED if visit.objected else choice_of_person(sql, visitor.id, law)
        return _opened(sql, key, visit.actor.account, visit.actor.site, visitor.id if visitor else None, "widget", law, at,
                       text, contact, choice), []  # fmt: skip

    return unit


def _opened(
    sql: Sql, key: str, account: str, site: str, visitor: str | None, source: cases.Source, law: Law, at: int, text: str,
    contact: str | None, choice: Choice = Choice.NONE,
) -> Case:  # fmt: skip
    case = Case(
        key, account, site, visitor, source, at, add_months(at, 1), None, law.head,
        admit(text, "case", choice, law, law.head), admit(contact, "case", choice, law, law.head),
    )  # fmt: skip
    if case.question is None or case.question.fleeting:
        raise Conflict("not_collected")
    cases.add(sql, case)
    return case


def enter(house: House, session: str, site: str, text: str, contact: str, received_at: int) -> Unit[str]:
    """A question that came by letter, telephone or mail, entered by hand; its month began when it came."""
    key, at = house.ids.new(), house.clock.at()
    text = message_text(text, house.settings.message_max)
    contact = one_line(contact, CONTACT_MAX, "bad_contact")
    if received_at > at:
        raise BadInput("bad_day")

    def unit(sql: Sql) -> tuple[str, list[Event]]:
        actor, found = speaker(house, sql, session), accounts.site(sql, site)
        if found is None:
            raise NotFound("not_found")
        need(actor, "cases", found)
        law = house.laws.governing(sql, site, found.head, found.head, at)
        _opened(sql, key, found.account, site, None, "hand", law, received_at, text, contact)
        audit.note(house, sql, actor, "enter_case", key)
        return key, []

    return unit


def _mine(house: House, sql: Sql, session: str, key: str) -> tuple[Actor, Case, Law]:
    """A question that is open and that this user may answer, with what governs it."""
    actor, case = speaker(house, sql, session), cases.case(sql, key)
    site = accounts.site(sql, case.site) if case else None
    if case is None or site is None:
        raise NotFound("not_found")
    need(actor, "cases", site)
    if case.closed_at is not None:
        raise Conflict("case_closed")
    return actor, case, house.laws.governing(sql, case.site, case.since, site.head, house.clock.at())


def extend(house: House, session: str, key: str, why: str) -> Unit[int]:
    """Two more months, once, and only while the first one lasts. Returns when it is due then, ms."""
    why, at = message_text(why, 500), house.clock.at()

    def unit(sql: Sql) -> tuple[int, list[Event]]:
        actor, case, law = _mine(house, sql, session, key)
        if case.extended_why is not None:
            raise Conflict("extended_already")
        if at > case.due_at:
            raise Conflict("month_over")
        due = add_months(case.received_at, 3)
        cases.extend(sql, key, due, admit(why, "case", choice_of_person(sql, case.visitor, law), law, case.since))
        audit.note(house, sql, actor, "extend_case", key)
        return due, []

    return unit


def close(house: House, session: str, key: str, answer: str) -> Unit[None]:
    """What was answered, and that it is done."""
    answer, at = message_text(answer, house.settings.message_max), house.clock.at()

    def unit(sql: Sql) -> tuple[None, list[Event]]:
        actor, case, law = _mine(house, sql, session, key)
        cases.close(sql, key, at, admit(answer, "case", choice_of_person(sql, case.visitor, law), law, case.since))
        audit.note(house, sql, actor, "close_case", key)
        return None, []

    return unit


class CaseShown(NamedTuple):
    """A question as far as its reader may see it. `site`: its name."""

    case: Case
    site: str
    question: str | None
    contact: str | None
    extended_why: str | None
    answer: str | None


def all_cases(house: House, session: str, sql: Sql) -> list[CaseShown]:
    """Every question that this user may answer: what is due first comes first."""
    actor, at = speaker(house, sql, session), house.clock.at()
    sites = {site.id: site for site in accounts.sites(sql, actor.account)}
    return [
        _shown(house, sql, case, sites[case.site], at)
        for case in cases.of_account(sql, actor.account)
        if case.site in sites and may(actor, "cases", sites[case.site])
    ]


def count_open(sql: Sql, actor: Actor) -> int:
    """How many questions wait for an answer that this user may give."""
    waiting = cases.waiting(sql, actor.account)
    if not waiting:
        return 0
    return sum(waiting.get(site.id, 0) for site in accounts.sites(sql, actor.account) if may(actor, "cases", site))


def _shown(house: House, sql: Sql, case: Case, site: accounts.Site, at: int) -> CaseShown:
    law = house.laws.governing(sql, case.site, case.since, site.head, at)
    choice = choice_of_person(sql, case.visitor, law)
    question, contact, why, answer = (
        release(value, "comply", "admin", choice, law, at)
        for value in (case.question, case.contact, case.extended_why, case.answer)
    )
    return CaseShown(case, site.name, question, contact, why, answer)
