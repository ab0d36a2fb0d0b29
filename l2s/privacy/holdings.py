"""Where personal data can lie: every column, file, memory map, browser key and outside recipient, each exactly once.

Invariants: a column outside this registry fails a test and cannot be bound by the engine; whoever adds a table pays its entry
here. `leads` says how a row leads to its person, `how` what an erasure of the person does: both the erasure and the nightly
retention follow this registry alone (`privacy/erasure`). PRIVACY.md 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

How = Literal["delete", "blank", "keep"]  # blank: the personal columns and the way to the person become NULL
Leads = tuple[tuple[str, str], ...]
NOT_PERSONAL: Final = ""


class Holding(msgspec.Struct, frozen=True):
    """One place. `columns`: name → class or NOT_PERSONAL; `leads`: (column, holding) pairs towards the person, () = nobody."""

    name: str
    kind: Literal["table", "file", "memory", "browser", "recipient"]
    columns: Mapping[str, str]
    leads: Leads
    how: How
    reason: str = ""
    timed: bool = False  # has an end of its own, from which its days are counted


def _table(
    name: str, leads: Leads, how: How, personal: Mapping[str, str], plain: str, reason: str = "", timed: bool = False
) -> Holding:
    columns = {column: NOT_PERSONAL for column in plain.split()} | dict(personal)
    return Holding(name, "table", columns, leads, how, reason, timed)


_NOBODY: Final = ()
_CHAT: Final = (("chat_id", "chats"),)
_VISITOR: Final = (("visitor_id", "visitors"),)
_USER: Final = (("user_id", "users"),)

HOLDINGS: Final = (
    _table("meta", _NOBODY, "keep", {}, "name value", "clock high water and heads"),
    _table(
        "ledger",
        _NOBODY,
        "keep",
        {},
        "position scope kind wall shown data previous hash",
        "the promise itself; persons appear as keyed hashes only",
    ),
    _table(
        "accounts",
        _NOBODY,
        "keep",
        {"name": "contact", "mail": "contact", "phone": "contact", "address": "contact"},
        "id created_at confirmed_at since",
        "an organisation; goes with its account",
    ),
    _table(
        "account_history",
        _NOBODY,
        "delete",
        {"before": "contact_history", "after": "contact_history"},
        "id account_id site_id field user_id at undone_at since",
        "how an organisation's particulars were before",
        timed=True,
    ),
    _table("departments", _NOBODY, "keep", {}, "id account_id name created_at", "an organisation's own words"),
    _table(
        "sites",
        _NOBODY,
        "keep",
        {},
        "id account_id department_id name origins language colour controller privacy_contact law_head seen_day "
        "created_at removed_at",
        "controller and contact are published by the notice on purpose; seen_day is a date without a person",
    ),
    _table("refused_origins", _NOBODY, "keep", {}, "site_id origin day n", "names of web sites, counted by day"),
    _table(
        "users",
        _NOBODY,
        "blank",
        {"mail": "contact", "mail_key": "contact", "password": "credential"},
        "id account_id role is_host state available name created_at ended_at since",
        "`name` is chosen to be shown to every visitor; on leaving it becomes 'former operator'",
    ),
    _table("user_limits", _USER, "delete", {}, "user_id kind object_id"),
    _table(
        "sessions",
        _USER,
        "delete",
        {"address": "session", "device": "session", "token_hash": "credential"},
        "id user_id created_at seen_at expires_at ended_at since",
        timed=True,
    ),
    _table(
        "links", _USER, "delete", {"hash": "credential"}, "kind account_id user_id created_at expires_at used_at", timed=True
    ),
    _table(
        "factors",
        _USER,
        "delete",
        {"nonce": "credential"},
        "user_id step confirmed_at since",
    ),
    _table("recovery_codes", _USER, "delete", {"hash": "credential"}, "user_id nth since"),
    _table(
        "visitors",
        _NOBODY,
        "delete",
        {"token_hash": "device_token"},
        "id account_id site_id is_test objected ticked erase_at created_at since",
        "created_at is a day; erase_at is the instant of the person's own wish",
    ),
    _table(
        "chats",
        _VISITOR,
        "delete",
        {
            "opened_at": "times",
            "taken_at": "times",
            "visitor_delivered": "read_marks",
            "visitor_read": "read_marks",
        },
        "id account_id site_id department_id visitor_id previous_id nth state owner_id rev pub said ended_at closed_why "
        "language held_until since",
        "ended_at is the anchor that retention itself needs",
    ),
    _table(
        "details",
        _CHAT,
        "delete",
        {
            "name": "name",
            "mail": "mail",
            "address": "address",
            "browser": "browser",
            "page": "page",
            "referrer": "referrer",
        },
        "chat_id since",
    ),
    _table(
        "messages",
        _CHAT,
        "delete",
        {"body": "message", "note": "about", "created_at": "times"},
        "id chat_id seq rev pub author author_id client_id kind event withdrawn since",
        "event names what happened and which user did it",
    ),
    _table(
        "participants",
        _CHAT,
        "delete",
        {"delivered": "read_marks", "read": "read_marks"},
        "chat_id user_id joined heard since",
        "heard counts messages, it names none",
    ),
    _table(
        "counters",
        _NOBODY,
        "keep",
        {},
        "day account_id site_id department_id user_id name n",
        "figures without content; an erasure does not bend last month",
    ),
    _table("dropped", _NOBODY, "keep", {}, "day site_id class n", "how often a class was refused, by day"),
    _table("due", (("subject", "chats"), ("subject", "visitors")), "delete", {}, "kind subject at"),
    _table(
        "receipts",
        _NOBODY,
        "keep",
        {},
        "code account_id scope position head version law_hash counts kept recipients unreachable_at overwritten_at "
        "backups_until",
        "what an erasure leaves: counts by class; the code is a keyed hash that only the person knows",
    ),
    _table(
        "consents",
        _CHAT,
        "delete",
        {"version": "consent", "hash": "consent", "language": "consent", "act": "consent", "at": "consent"},
        "chat_id nth since",
    ),
    _table(
        "openings",
        _CHAT,
        "delete",
        {"at": "times"},
        "chat_id user_id day role since",
        "who opened the chat, for the person's own eyes",
    ),
    _table(
        "holds",
        _NOBODY,
        "keep",
        {},
        "id account_id reason asked_by asked_at approved_by approved_at until lifted_at",
        "a legal duty of the account, in its own words",
    ),
    _table("held_chats", _CHAT, "delete", {}, "hold_id chat_id"),
    _table(
        "disclosures",
        _NOBODY,
        "keep",
        {},
        "id account_id ground authority reference scope asked_by asked_at approved_by approved_at ended_at gag_until "
        "gag_reason told_at handed_at manifest",
        "that something was given out, to whom and why; of its content only salted hashes and counts",
    ),
    _table("disclosed", _CHAT, "delete", {}, "disclosure_id chat_id"),
    _table(
        "incidents",
        _NOBODY,
        "keep",
        {},
        "id account_id source subject facts effects remedy began_at ended_at known_at exposed entered_by reported_at "
        "told_at closed_at",
        "a legal duty of the account, in its own words; persons are counted, not named",
    ),
    _table(
        "cases",
        _VISITOR,
        "blank",
        {"question": "case", "contact": "case", "answer": "case", "extended_why": "case"},
        "id account_id site_id visitor_id source received_at due_at closed_at since",
        "that a question was asked and answered in time stays; its words go with the person",
        timed=True,
    ),
    _table(
        "audit",
        _NOBODY,
        "keep",
        {},
        "position account_id at actor verb object data previous hash",
        "persons appear as salted references; without the salt they lead nowhere",
    ),
    _table("audit_salts", (("subject", "visitors"), ("subject", "users")), "delete", {}, "subject salt"),
    Holding("l2s.db", "file", {}, _NOBODY, "keep", "the tables above; the scrub overwrites freed bytes"),
    Holding("l2s.db-wal", "file", {}, _NOBODY, "keep", "truncated by the scrub"),
    Holding("l2s.db-shm", "file", {}, _NOBODY, "keep", "an index of the WAL, without content"),
    Holding("snapshot-*.db", "file", {}, _NOBODY, "delete", "made before a migration; expires like an own backup"),
    Holding("backups/*.tar", "file", {}, _NOBODY, "delete", "own backups; gone after 14 days"),
    Holding("backups/replaced-*.db*", "file", {}, _NOBODY, "delete", "what a restore set aside; gone after 14 days"),
    Holding("ledger.jsonl", "file", {}, _NOBODY, "keep", "mirror of the table `ledger`"),
    Holding("secret", "file", {}, _NOBODY, "keep", "key of all keyed hashes, 0600"),
    Holding("lock", "file", {}, _NOBODY, "keep", "process id and socket path of the server"),
    Holding("owner.link", "file", {}, _NOBODY, "delete", "the first link, where there is no terminal; deleted when used"),
    Holding(
        "visitor session",
        "memory",
        {"address": "address", "browser": "browser", "page": "page", "referrer": "referrer"},
        _VISITOR,
        "delete",
        "sealed, gone with the socket",
    ),
    Holding("visitors past the chat limit", "memory", {"id": "device_token"}, _VISITOR, "delete", "keyed hashes"),
    Holding("seats", "memory", {"acted": "session"}, _USER, "delete", "who is here; gone with the last connection"),
    Holding("rate limits", "memory", {"key": "blocked"}, _VISITOR, "delete", "keyed hashes, the key changes daily"),
    Holding("l2s", "browser", {"token": "device_token"}, _VISITOR, "delete", "the page's first-party storage, one key"),
    Holding("l2s-SITE", "browser", {"token": "device_token"}, _VISITOR, "delete", "the hosted page, a key for each site"),
)  # fmt: skip

COLUMNS: Final[dict[str, str]] = {
    f"{holding.name}.{column}": cls
    for holding in HOLDINGS
    if holding.kind == "table"
    for column, cls in holding.columns.items()
}
