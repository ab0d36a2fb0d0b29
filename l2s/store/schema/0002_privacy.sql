-- What a person may ask for, and what proves that it was done: receipts, consents, openings, holds, cases, the audit log.
-- Times are integer ms; every row with personal data carries `since`, the ledger position of its law.

ALTER TABLE visitors ADD COLUMN ticked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visitors ADD COLUMN erase_at INTEGER;
ALTER TABLE chats ADD COLUMN held_until INTEGER;

CREATE TABLE receipts (
    code TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    position INTEGER NOT NULL UNIQUE,
    head TEXT NOT NULL,
    version INTEGER NOT NULL,
    law_hash TEXT NOT NULL,
    counts TEXT NOT NULL,
    kept TEXT NOT NULL,
    recipients TEXT NOT NULL,
    unreachable_at INTEGER NOT NULL,
    overwritten_at INTEGER,
    backups_until INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    chat_id TEXT NOT NULL REFERENCES chats (id),
    nth INTEGER NOT NULL,
    version INTEGER,
    hash TEXT,
    language TEXT,
    act TEXT CHECK (act IN ('line', 'tick', 'withdrawn')),
    at INTEGER,
    since INTEGER NOT NULL,
    PRIMARY KEY (chat_id, nth)
) STRICT;

CREATE TABLE openings (
    chat_id TEXT NOT NULL REFERENCES chats (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    day INTEGER NOT NULL,
    role TEXT NOT NULL,
    at INTEGER,
    since INTEGER NOT NULL,
    PRIMARY KEY (chat_id, user_id, day)
) STRICT;

CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    reason TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    approved_by TEXT,
    approved_at INTEGER,
    until INTEGER NOT NULL,
    lifted_at INTEGER
) STRICT;
CREATE INDEX holds_account ON holds (account_id);

CREATE TABLE held_chats (
    hold_id TEXT NOT NULL REFERENCES holds (id),
    chat_id TEXT NOT NULL REFERENCES chats (id),
    PRIMARY KEY (hold_id, chat_id)
) STRICT;
CREATE INDEX held_chats_chat ON held_chats (chat_id);

CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    site_id TEXT NOT NULL REFERENCES sites (id),
    visitor_id TEXT REFERENCES visitors (id),
    source TEXT NOT NULL CHECK (source IN ('widget', 'notice', 'hand')),
    question TEXT,
    contact TEXT,
    received_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    extended_why TEXT,
    answer TEXT,
    closed_at INTEGER,
    since INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_account ON cases (account_id, closed_at);

CREATE TABLE audit (
    position INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    object TEXT NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_account ON audit (account_id, position);

CREATE TABLE audit_salts (
    subject TEXT PRIMARY KEY,
    salt BLOB
) STRICT;
