-- One text for SQLite and PostgreSQL: TEXT and BIGINT only. Times are Unix microseconds, flags are 0 or 1 (sqlx's Any
-- driver cannot read a BOOLEAN column of SQLite), lists and maps are JSON, ids are UUIDv7 made by the application.
-- `changed` is the revision that last changed a row, and its ETag.

CREATE TABLE meta (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    revision BIGINT NOT NULL,
    master_key_id TEXT NOT NULL,
    live_gates BIGINT NOT NULL
);

CREATE TABLE settings (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL,
    changed BIGINT NOT NULL
);

-- `password_hash` is argon2id in its PHC form; none for accounts that have tokens only.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT accounts_name UNIQUE,
    role TEXT NOT NULL,
    active BIGINT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- `of_sign_in`: made by a sign-in, gone with the sign-out or some time after its end.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL CONSTRAINT tokens_hash UNIQUE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    of_sign_in BIGINT NOT NULL
);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_ended ON tokens (of_sign_in, expires_at);

-- Attempts to sign in since the window began, by name and address, by address, and by name. Buckets are hashes.
CREATE TABLE sign_in_attempts (
    bucket TEXT PRIMARY KEY,
    attempts BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_ended ON sign_in_attempts (ends_at);

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
    upstream_checked_at BIGINT,
    upstream_due_at BIGINT NOT NULL,
    upstream_ends_at BIGINT,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX users_due ON users (upstream_due_at);

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL CONSTRAINT keys_user REFERENCES users (id),
    prefix TEXT NOT NULL CONSTRAINT keys_prefix UNIQUE,
    hash TEXT NOT NULL,
    version BIGINT NOT NULL,
    line TEXT NOT NULL,
    slot BIGINT,
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
    rotated_from TEXT,
    rotated_to TEXT,
    changed BIGINT NOT NULL,
    CONSTRAINT keys_active_slot CHECK (slot IS NOT NULL OR active = 0)
);
CREATE INDEX keys_of_user ON keys (user_id);
CREATE INDEX keys_by_slot ON keys (slot);
CREATE INDEX keys_by_line ON keys (line);
CREATE INDEX keys_by_expiry ON keys (expires_at, id) WHERE active = 1;

-- Users whose upstream credential Odoo may have refused, until it was tried. A replica that tries one moves `not_before`
-- on, which is its lease. No foreign key: gates report users that are gone.
CREATE TABLE suspects (
    user_id TEXT PRIMARY KEY,
    since BIGINT NOT NULL,
    not_before BIGINT NOT NULL
);
CREATE INDEX suspects_due ON suspects (not_before, user_id);

CREATE TABLE permissions (
    model TEXT PRIMARY KEY,
    operations TEXT NOT NULL,
    groups TEXT NOT NULL,
    nested_writes TEXT NOT NULL,
    cross_model_reads BIGINT NOT NULL,
    methods TEXT NOT NULL,
    changed BIGINT NOT NULL
);

-- What an administrator has stopped for the time being. `target` is a user's id or a model.
CREATE TABLE pauses (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    target TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- `previous_hash` is of the token before the last rotation, which is good until `previous_until`. `missing_reported` is how
-- many of its events were missing when alerts last looked.
CREATE TABLE gates (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT gates_name UNIQUE,
    hash TEXT NOT NULL CONSTRAINT gates_hash UNIQUE,
    previous_hash TEXT,
    previous_until BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    wire_version BIGINT,
    epoch TEXT,
    revision BIGINT,
    missing_reported BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL
);

-- What arrived of each gate's count of events, since each of its starts: numbers below `next` arrived, but for those in
-- `gaps` and for `lost` more.
CREATE TABLE arrivals (
    gate_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    next BIGINT NOT NULL,
    gaps TEXT NOT NULL,
    lost BIGINT NOT NULL,
    PRIMARY KEY (gate_id, boot)
);

-- Made of the calls that gates report. No foreign keys, as below.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    line TEXT,
    client_ip TEXT NOT NULL,
    user_agent TEXT,
    started_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    terminated_at BIGINT,
    expired_at BIGINT
);
CREATE INDEX sessions_at ON sessions (started_at, id);
CREATE INDEX sessions_open ON sessions (last_seen_at) WHERE terminated_at IS NULL AND expired_at IS NULL;
CREATE INDEX sessions_ended ON sessions (last_seen_at) WHERE terminated_at IS NOT NULL OR expired_at IS NOT NULL;
CREATE INDEX sessions_client ON sessions (line, client_ip);

-- Lines of keys that are refused from an address until a moment.
CREATE TABLE terminations (
    line TEXT NOT NULL,
    client_ip TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (line, client_ip)
);

-- One row a call, or one for `count` refusals. `kind` is `intent` or `outcome` until the other half is there, then
-- `call`. No foreign keys: the record outlives what it names. `position` is the row's place in the chain of `audit_links`
-- (docs/adr/0002-the-audit-logs-chain.md); a row that was completed got a new one, and `earlier` is that of its half.
CREATE TABLE audit (
    position BIGINT NOT NULL CONSTRAINT audit_position UNIQUE,
    gate_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL,
    at BIGINT NOT NULL,
    decision_id TEXT NOT NULL,
    request_id TEXT,
    key_id TEXT,
    user_id TEXT,
    client_ip TEXT NOT NULL,
    user_agent TEXT,
    session TEXT,
    road TEXT NOT NULL,
    database TEXT,
    model TEXT,
    method TEXT,
    operations TEXT NOT NULL,
    record_ids TEXT NOT NULL,
    outcome TEXT NOT NULL,
    none_answer BIGINT NOT NULL,
    reason TEXT,
    fault_code BIGINT,
    gate_us BIGINT NOT NULL,
    odoo_us BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    earlier BIGINT,
    earlier_digest TEXT,
    PRIMARY KEY (id, gate_id)
);
-- One a filter, in the order of the list: each finds what is rare without looking at all rows. Filters that choose few
-- of the rows have one of those rows only.
CREATE INDEX audit_at ON audit (at, id, gate_id);
CREATE INDEX audit_gate ON audit (gate_id, at);
CREATE INDEX audit_decision ON audit (decision_id);
CREATE INDEX audit_request ON audit (request_id);
CREATE INDEX audit_key ON audit (key_id, at);
CREATE INDEX audit_user ON audit (user_id, at);
CREATE INDEX audit_client ON audit (client_ip, at);
CREATE INDEX audit_agent ON audit (user_agent, at);
CREATE INDEX audit_session ON audit (session, at);
CREATE INDEX audit_road ON audit (road, at);
CREATE INDEX audit_database ON audit (database, at);
CREATE INDEX audit_model ON audit (model, at);
CREATE INDEX audit_method ON audit (method, at);
CREATE INDEX audit_outcome ON audit (outcome, at);
CREATE INDEX audit_gate_us ON audit (gate_us, at);
CREATE INDEX audit_odoo_us ON audit (odoo_us, at);
CREATE INDEX audit_request_bytes ON audit (request_bytes, at);
CREATE INDEX audit_response_bytes ON audit (response_bytes, at);
CREATE INDEX audit_count ON audit (count, at) WHERE count <> 1;
CREATE INDEX audit_none ON audit (at) WHERE none_answer = 1;
CREATE INDEX audit_reason ON audit (reason, at) WHERE reason IS NOT NULL;
CREATE INDEX audit_fault ON audit (fault_code, at) WHERE fault_code IS NOT NULL;
CREATE INDEX audit_reads ON audit (at) WHERE operations LIKE '%"read"%';
CREATE INDEX audit_writes ON audit (at) WHERE operations LIKE '%"write"%';
CREATE INDEX audit_creates ON audit (at) WHERE operations LIKE '%"create"%';
CREATE INDEX audit_deletes ON audit (at) WHERE operations LIKE '%"delete"%';
CREATE INDEX audit_earlier ON audit (earlier) WHERE earlier IS NOT NULL;

-- The ids in `audit.record_ids`, by which rows are found.
CREATE TABLE audit_record_ids (
    position BIGINT NOT NULL,
    record_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (position, record_id)
);
CREATE INDEX audit_record_ids_at ON audit_record_ids (record_id, at, position);

-- Each seals the rows of one batch, or tells what retention deleted. `body` is one digest a row, or JSON.
CREATE TABLE audit_links (
    number BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    first BIGINT NOT NULL,
    body TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    signature TEXT NOT NULL
);
CREATE INDEX audit_links_cut ON audit_links (number) WHERE kind = 'cut';

-- How far the chain goes, and the key that signs it, sealed with the master key.
CREATE TABLE audit_chain (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    links BIGINT NOT NULL,
    positions BIGINT NOT NULL,
    hash TEXT NOT NULL,
    signing_key TEXT NOT NULL
);

-- What people and programs are to be told: one row a recipient, written in the transaction of what it tells of. `body` is
-- the message as JSON; one that carries a secret is `sealed` in its place, and wiped once it was sent. A message that is
-- `waiting` is due at `due_at`; a sender has it until `leased_until`. It is given up with the attempt `last_attempt`.
-- `due_at` of a settled message is when it was settled.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    body TEXT,
    sealed TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    last_attempt BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    CONSTRAINT outbox_once UNIQUE (event, channel, recipient)
);
CREATE INDEX outbox_due ON outbox (state, channel, due_at);
CREATE INDEX outbox_state ON outbox (state, id);
CREATE INDEX outbox_kind ON outbox (kind, id);
CREATE INDEX outbox_sealed ON outbox (id) WHERE sealed IS NOT NULL;

-- Programs that are told of alerts. `secret` is sealed.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    from_severity TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- Who changed what, when: one row a change, with the revision that it made, and one a refused sign-in, without. No
-- secrets.
CREATE TABLE admin_audit (
    id TEXT PRIMARY KEY,
    revision BIGINT CONSTRAINT admin_audit_revision UNIQUE,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    difference TEXT NOT NULL
);
CREATE INDEX admin_audit_at ON admin_audit (at, id);
CREATE INDEX admin_audit_actor ON admin_audit (actor, at, id);
CREATE INDEX admin_audit_action ON admin_audit (action, at, id);
CREATE INDEX admin_audit_object ON admin_audit (object, at, id);

-- Pages that show a new key once. `sealed` is the key, gone once it was shown.
CREATE TABLE links (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL CONSTRAINT links_hash UNIQUE,
    key_id TEXT NOT NULL,
    sealed TEXT,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT
);
CREATE INDEX links_by_end ON links (expires_at);
CREATE INDEX links_sealed ON links (id) WHERE sealed IS NOT NULL;

-- When each job runs, and how it ended last. `holder` names the run under way, good until `held_until`; `place` is where
-- the next run goes on.
CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    cron TEXT NOT NULL,
    next_run_at BIGINT NOT NULL,
    holder TEXT,
    held_until BIGINT,
    place TEXT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    outcome TEXT,
    report TEXT NOT NULL,
    message TEXT,
    changed BIGINT NOT NULL
);

-- What of the audit events should be looked at by somebody. `subject` names whom it is about; where that is a key or an
-- address, so do `key_id` or `client_ip`. No foreign keys: the alert outlives what it names.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    key_id TEXT,
    client_ip TEXT,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    count BIGINT NOT NULL,
    rules TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_reason TEXT,
    last_decision_id TEXT,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT,
    notified BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE state = 'open';
CREATE INDEX alerts_kind ON alerts (kind, id);
CREATE INDEX alerts_severity ON alerts (severity, id);
CREATE INDEX alerts_state ON alerts (state, id);
CREATE INDEX alerts_key ON alerts (key_id, id);
CREATE INDEX alerts_client ON alerts (client_ip, id);

-- What was done to each alert, and said of it.
CREATE TABLE alert_entries (
    id TEXT PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts (id),
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    text TEXT
);
CREATE INDEX alert_entries_of_alert ON alert_entries (alert_id, id);

-- What was counted toward alerts that are not open yet, within the windows of their thresholds.
CREATE TABLE watches (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX watches_seen ON watches (seen_at);
