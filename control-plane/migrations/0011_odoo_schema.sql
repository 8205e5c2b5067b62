-- What is known of the models of the guarded Odoo (store/schema.rs). One row tells which sets of Odoo groups it was read for, how
-- the last try went and when the next is due; its proof covers `version`, `sets` and `absent`.
CREATE TABLE odoo_schema (
    one BIGINT PRIMARY KEY,
    -- Grows with every change of what is known.
    version BIGINT NOT NULL,
    sets TEXT NOT NULL,
    -- Models that somebody wants and this Odoo does not have.
    absent TEXT NOT NULL,
    -- What it was read for last: another need is a reason to read it anew.
    needs TEXT NOT NULL,
    -- When Odoo was last asked for all of it, and answered.
    read_at BIGINT,
    tried_at BIGINT,
    due_at BIGINT NOT NULL,
    -- Until then one replica reads it.
    held_until BIGINT,
    -- Tries that failed in a row, and why the last did.
    failures BIGINT NOT NULL,
    problem TEXT,
    proof TEXT
);
-- One model each, as gates get it.
CREATE TABLE odoo_models (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    -- The version that changed it last.
    version BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    proof TEXT
);
-- What changed, for people; the oldest go.
CREATE TABLE odoo_changes (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    model TEXT NOT NULL,
    change TEXT NOT NULL
);
