-- One text for SQLite and PostgreSQL: TEXT and BIGINT only. Times are Unix microseconds, flags are 0 or 1 (sqlx's Any
-- driver cannot read a BOOLEAN column of SQLite), lists and maps are JSON, ids are UUIDv7 made by the application.
-- `changed` is the revision that last changed a row, and its ETag.

CREATE TABLE meta (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    revision BIGINT NOT NULL,
    master_key_id TEXT NOT NULL
);

CREATE TABLE settings (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT accounts_name UNIQUE,
    role TEXT NOT NULL,
    active BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL CONSTRAINT tokens_hash UNIQUE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX tokens_account ON tokens (account_id);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    groups TEXT NOT NULL,
    odoo_groups TEXT NOT NULL,
    upstream_database TEXT NOT NULL,
    upstream_login TEXT NOT NULL,
    upstream_uid BIGINT NOT NULL,
    upstream_secret TEXT NOT NULL,
    upstream_rejected BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL CONSTRAINT keys_user REFERENCES users (id),
    prefix TEXT NOT NULL CONSTRAINT keys_prefix UNIQUE,
    hash TEXT NOT NULL,
    version BIGINT NOT NULL,
    line TEXT NOT NULL,
    slot BIGINT NOT NULL,
    scopes TEXT NOT NULL,
    models TEXT NOT NULL,
    ip_allow_list TEXT NOT NULL,
    rate_limit_per_minute BIGINT,
    session_limit BIGINT,
    expires_at BIGINT,
    active BIGINT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_from TEXT,
    use_count BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX keys_of_user ON keys (user_id);
CREATE INDEX keys_by_slot ON keys (slot);

CREATE TABLE permissions (
    model TEXT PRIMARY KEY,
    operations TEXT NOT NULL,
    groups TEXT NOT NULL,
    nested_writes TEXT NOT NULL,
    cross_model_reads BIGINT NOT NULL,
    methods TEXT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE gates (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT gates_name UNIQUE,
    hash TEXT NOT NULL CONSTRAINT gates_hash UNIQUE,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    wire_version BIGINT,
    epoch TEXT,
    revision BIGINT,
    changed BIGINT NOT NULL
);

-- One row a call. No foreign keys: the record outlives what it names.
CREATE TABLE audit (
    gate_id TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    decision_id TEXT NOT NULL,
    request_id TEXT,
    key_id TEXT,
    user_id TEXT,
    client_ip TEXT NOT NULL,
    road TEXT NOT NULL,
    database TEXT,
    model TEXT,
    method TEXT,
    operations TEXT NOT NULL,
    record_ids TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    fault_code BIGINT,
    gate_us BIGINT NOT NULL,
    odoo_us BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    PRIMARY KEY (gate_id, id)
);
CREATE INDEX audit_at ON audit (at, id, gate_id);
CREATE INDEX audit_key ON audit (key_id, at);

-- Who changed what, when: one row a change, ordered by the revision that the change made. No secrets.
CREATE TABLE admin_audit (
    revision BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    difference TEXT NOT NULL
);
