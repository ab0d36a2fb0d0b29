-- Who gets in, and what goes out: second factors, disclosures, the account's own particulars with their history, incidents.
-- Times are integer ms; every row with personal data carries `since`, the ledger position of its law.

ALTER TABLE accounts ADD COLUMN mail TEXT;
ALTER TABLE accounts ADD COLUMN phone TEXT;
ALTER TABLE accounts ADD COLUMN address TEXT;
ALTER TABLE accounts ADD COLUMN confirmed_at INTEGER;

CREATE TABLE account_history (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    site_id TEXT REFERENCES sites (id),
    field TEXT NOT NULL CHECK (field IN ('name', 'mail', 'phone', 'address', 'controller', 'privacy_contact')),
    before TEXT,
    after TEXT,
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone_at INTEGER,
    since INTEGER NOT NULL
) STRICT;
CREATE INDEX account_history_account ON account_history (account_id, at);

-- The seed of a second factor is derived from the server's secret and `nonce`, so this file alone opens nothing.
CREATE TABLE factors (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    nonce TEXT,
    step INTEGER NOT NULL,
    confirmed_at INTEGER,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    hash BLOB,
    nth INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, nth)
) STRICT;

CREATE TABLE disclosures (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    ground TEXT NOT NULL CHECK (ground IN ('legal', 'rights', 'safety')),
    authority TEXT NOT NULL,
    reference TEXT NOT NULL,
    scope TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    approved_by TEXT,
    approved_at INTEGER,
    ended_at INTEGER,
    gag_until INTEGER,
    gag_reason TEXT NOT NULL,
    told_at INTEGER,
    handed_at INTEGER,
    manifest TEXT
) STRICT;
CREATE INDEX disclosures_account ON disclosures (account_id, asked_at);

CREATE TABLE disclosed (
    disclosure_id TEXT NOT NULL REFERENCES disclosures (id),
    chat_id TEXT NOT NULL REFERENCES chats (id),
    PRIMARY KEY (disclosure_id, chat_id)
) STRICT;
CREATE INDEX disclosed_chat ON disclosed (chat_id);

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    source TEXT NOT NULL CHECK (source IN ('user', 'backup', 'export', 'key', 'other')),
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    effects TEXT NOT NULL,
    remedy TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    known_at INTEGER NOT NULL,
    exposed INTEGER NOT NULL,
    entered_by TEXT NOT NULL,
    reported_at INTEGER,
    told_at INTEGER,
    closed_at INTEGER
) STRICT;
CREATE INDEX incidents_account ON incidents (account_id, known_at);
