-- The first schema. Times are integer ms; every row with personal data carries `since`, the ledger position of its law.
-- Portable by intent (DESIGN 15): no triggers, no NOCASE, no rowid; personal text never stands in an index.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE ledger (
    position INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    wall INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_scope ON ledger (scope, position);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE departments (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX departments_account ON departments (account_id);

CREATE TABLE sites (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    department_id TEXT NOT NULL REFERENCES departments (id),
    name TEXT NOT NULL,
    origins TEXT NOT NULL,
    language TEXT NOT NULL,
    colour TEXT NOT NULL DEFAULT '',
    controller TEXT NOT NULL,
    privacy_contact TEXT NOT NULL,
    law_head INTEGER NOT NULL,
    seen_day INTEGER,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE INDEX sites_account ON sites (account_id);

CREATE TABLE refused_origins (
    site_id TEXT NOT NULL REFERENCES sites (id),
    origin TEXT NOT NULL,
    day INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (site_id, origin, day)
) STRICT;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'supervisor', 'operator')),
    is_host INTEGER NOT NULL DEFAULT 0 CHECK (is_host IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
    available INTEGER NOT NULL DEFAULT 1 CHECK (available IN (0, 1)),
    name TEXT NOT NULL,
    mail TEXT,
    mail_key BLOB UNIQUE,
    password TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    since INTEGER NOT NULL
) STRICT;
CREATE INDEX users_account ON users (account_id);

CREATE TABLE user_limits (
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('site', 'department')),
    object_id TEXT NOT NULL,
    PRIMARY KEY (user_id, kind, object_id)
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    address TEXT,
    device TEXT,
    since INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE links (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('owner', 'invite', 'reset', 'signin')),
    account_id TEXT REFERENCES accounts (id),
    user_id TEXT REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX links_user ON links (user_id);

CREATE TABLE visitors (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    site_id TEXT NOT NULL REFERENCES sites (id),
    token_hash BLOB UNIQUE,
    is_test INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1)),
    objected INTEGER NOT NULL DEFAULT 0 CHECK (objected IN (0, 1)),
    created_at INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;
CREATE INDEX visitors_site ON visitors (site_id);

CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    site_id TEXT NOT NULL REFERENCES sites (id),
    department_id TEXT NOT NULL REFERENCES departments (id),
    visitor_id TEXT NOT NULL REFERENCES visitors (id),
    previous_id TEXT,
    nth INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'open', 'closed', 'left')),
    owner_id TEXT REFERENCES users (id),
    rev INTEGER NOT NULL,
    pub INTEGER NOT NULL,
    said INTEGER NOT NULL,
    opened_at INTEGER,
    taken_at INTEGER,
    ended_at INTEGER,
    closed_why TEXT,
    visitor_delivered INTEGER,
    visitor_read INTEGER,
    language TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX chats_live ON chats (visitor_id) WHERE state IN ('waiting', 'open');
CREATE INDEX chats_visitor ON chats (visitor_id);
CREATE INDEX chats_account ON chats (account_id, state);
CREATE INDEX chats_ended ON chats (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE details (
    chat_id TEXT PRIMARY KEY REFERENCES chats (id),
    name TEXT,
    mail TEXT,
    address TEXT,
    browser TEXT,
    page TEXT,
    referrer TEXT,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id TEXT NOT NULL REFERENCES chats (id),
    seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    pub INTEGER NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('visitor', 'user', 'system')),
    author_id TEXT,
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'event', 'file', 'card', 'note')),
    body TEXT,
    note TEXT,
    event TEXT,
    created_at INTEGER,
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    since INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_once ON messages (author_id, client_id);
CREATE INDEX messages_chat ON messages (chat_id, seq, rev);

CREATE TABLE participants (
    chat_id TEXT NOT NULL REFERENCES chats (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    joined INTEGER NOT NULL CHECK (joined IN (0, 1)),
    delivered INTEGER,
    read INTEGER,
    heard INTEGER NOT NULL DEFAULT 0,
    since INTEGER NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) STRICT;

CREATE TABLE counters (
    day INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, site_id, department_id, user_id, name)
) STRICT;

CREATE TABLE dropped (
    day INTEGER NOT NULL,
    site_id TEXT NOT NULL,
    class TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, site_id, class)
) STRICT;

CREATE TABLE due (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT;
CREATE INDEX due_at ON due (at);
