//! Which tables prove their rows, which do not, and why. A test holds this against the database: no table is forgotten.

use lictor_policy::wire::DEFAULT_PROFILE;

/// A table whose rows prove themselves.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns that name a row.
    pub key: &'static [&'static str],
    /// Columns that change without an administrator or a job. No proof covers them, as they grant nothing.
    pub moving: &'static [&'static str],
    /// Columns that were added later, each with the text that it has in all rows of before. With that text it is left out of
    /// proofs, so that those of before stay good.
    pub(crate) added: &'static [(&'static str, &'static str)],
    pub(crate) counted: Counted,
}

/// Which rows the ledger counts, so that one that is put back or taken away is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Every one.
    All,
    /// Those that are active and not revoked: of the others there are ever more, and to read all of them with each change
    /// would take ever longer.
    Usable,
    /// None: an old row that is put back grants nothing.
    None,
}

impl Table {
    /// Whether proofs cover a column.
    pub(crate) fn proves(&self, column: &str) -> bool {
        column != "proof" && !self.moving.contains(&column)
    }
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, moving: &[], added: &[], counted: Counted::All }
}

pub(crate) static SETTINGS: Table = table("settings", &["one"]);
pub(crate) static USERS: Table =
    Table { moving: &["upstream_checked_at", "upstream_ends_at", "upstream_due_at"], ..table("users", &["id"]) };
pub(crate) static KEYS: Table = Table {
    moving: &["last_used_at", "last_used_from", "use_count"],
    counted: Counted::Usable,
    ..table("keys", &["id"])
};
pub(crate) static PERMISSIONS: Table =
    Table { added: &[("profile", DEFAULT_PROFILE)], ..table("permissions", &["profile", "model"]) };
/// They open nothing: the permissions do, and each names its profile.
pub(crate) static PROFILES: Table = table("profiles", &["name"]);
pub(crate) static PAUSES: Table = table("pauses", &["id"]);
pub(crate) static TERMINATIONS: Table = table("terminations", &["line", "client_ip"]);
pub(crate) static ACCOUNTS: Table = table("accounts", &["id"]);
pub(crate) static TOKENS: Table = table("tokens", &["id"]);
pub(crate) static GATES: Table = Table {
    moving: &["last_seen_at", "wire_version", "epoch", "revision", "missing_reported", "policy_refused"],
    ..table("gates", &["id"])
};
pub(crate) static JOBS: Table = Table {
    moving: &["next_run_at", "holder", "held_until", "place", "started_at", "ended_at", "outcome", "report", "message"],
    ..table("jobs", &["name"])
};
/// Gates decide by it: a field that it calls open would be.
pub(crate) static SCHEMA: Table = Table {
    moving: &["needs", "read_at", "tried_at", "due_at", "held_until", "failures", "problem", "called"],
    ..table("odoo_schema", &["one"])
};
pub(crate) static MODELS: Table = Table { moving: &["read_at"], ..table("odoo_models", &["name"]) };
pub(crate) static WEBHOOKS: Table = table("webhooks", &["id"]);
/// `sealed` is the key, which opens only for this row. A link that is put back shows it to whoever has its text, which went
/// to the key's user.
pub(crate) static LINKS: Table =
    Table { moving: &["sealed", "opened_at"], counted: Counted::None, ..table("links", &["id"]) };
/// A message that is put back goes again to whom it went.
pub(crate) static OUTBOX: Table = Table {
    moving: &["sealed", "state", "attempts", "last_attempt", "due_at", "leased_until", "error", "sent_at"],
    counted: Counted::None,
    ..table("outbox", &["id"])
};

/// All of them.
pub static PROVEN: [&Table; 16] = [
    &SETTINGS,
    &USERS,
    &KEYS,
    &PERMISSIONS,
    &PROFILES,
    &PAUSES,
    &TERMINATIONS,
    &ACCOUNTS,
    &TOKENS,
    &GATES,
    &JOBS,
    &SCHEMA,
    &MODELS,
    &WEBHOOKS,
    &LINKS,
    &OUTBOX,
];

/// The tables whose rows do not, each with the reason.
pub const UNPROVEN: [(&str, &str); 16] = [
    ("meta", "one row; `proof` seals the ledger for its epoch, revision and number of live gates"),
    ("admin_audit", "a chain of its own, signed row by row"),
    ("audit", "sealed by `audit_links`"),
    ("audit_record_ids", "an index of `audit`"),
    ("audit_counts", "counts rows of `audit`, for looking at: nothing is decided by it"),
    ("audit_links", "signed"),
    ("audit_chain", "one row; its signing key is sealed, and `audit_links` contradicts a wrong end"),
    ("sessions", "made of what gates report; what an administrator ended stands in `terminations`"),
    ("arrivals", "counts what gates report"),
    ("suspects", "whose credential is tried at Odoo next"),
    ("sign_in_attempts", "counts attempts; whoever clears it still needs the password"),
    ("alerts", "tells of what is recorded elsewhere"),
    ("alert_entries", "the history of alerts; what administrators did stands in `admin_audit` too"),
    ("watches", "counts toward alerts"),
    ("odoo_changes", "tells of what `odoo_models` has; each change stands in `admin_audit` too"),
    ("_sqlx_migrations", "the versions of the tables, which sqlx checks"),
];
