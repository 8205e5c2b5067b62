//! Looks at every row that must prove itself, and at the ledger.

use std::fmt;

use serde::Serialize;

use crate::store::engine::row::Columns as _;
use crate::store::proof::ledger::Ledger;
use crate::store::proof::rows::{name, page};
use crate::store::proof::tables::{Counted, PROVEN, USERS};
use crate::store::proof::{Weight, stored};
use crate::store::{Connection, StoreError, users};

/// Findings that are told one by one; the others are counted.
const TOLD: usize = 100;

/// What is not as Lictor left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A row was made or changed without Lictor.
    RowUnproven,
    /// A row of the table was taken away, or an old one was put back.
    RowsAmiss,
    /// The ledger was not sealed for the revision that the database has.
    LedgerAltered,
    /// The user's Odoo secret was not sealed with the master key, or not for the user.
    SecretUnreadable,
}

/// Something that is not as Lictor left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: What,
    /// The table.
    pub table: &'static str,
    /// What names the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, row) = (self.table, self.row.as_deref().unwrap_or_default());
        match self.what {
            What::RowUnproven => write!(f, "the row {row} of {table} was made or changed without Lictor"),
            What::RowsAmiss => write!(f, "a row of {table} was taken away, or an old one was put back"),
            What::LedgerAltered => write!(f, "the row of {table} was changed without Lictor"),
            What::SecretUnreadable => write!(f, "the Odoo secret of the user {row} cannot be opened"),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows that were looked at.
    pub rows: u64,
    /// How many things are not as Lictor left them.
    pub count: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

impl Report {
    fn found(&mut self, what: What, table: &'static str, row: Option<String>) {
        self.count += 1;
        if self.findings.len() < TOLD {
            self.findings.push(Finding { what, table, row });
        }
    }
}

/// Looks at all rows. In a transaction that sees one state, or what changes meanwhile is a finding.
///
/// # Errors
/// The database's, and [`StoreError::NoMasterKey`].
pub async fn check(connection: &mut Connection) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let keys = connection.keys()?.clone();
    let ledger = Ledger::load(connection).await?;
    if ledger.is_none() {
        report.found(What::LedgerAltered, "meta", None);
    }
    for table in PROVEN {
        let mut sum = Weight::default();
        let mut rows = page(connection, table, None).await?;
        while let Some(last) = rows.last() {
            for row in &rows {
                report.rows += 1;
                sum.add(stored(row).map_or_else(Weight::default, |proof| keys.weight(&proof)));
                if !keys.is_genuine(table, row) {
                    report.found(What::RowUnproven, table.name, Some(name(table, row)));
                } else if table.name == USERS.name {
                    let id = row.text("id")?;
                    if keys.vault.open(&row.sealed("upstream_secret")?, &users::Upstream::owner(&id)).is_err() {
                        report.found(What::SecretUnreadable, table.name, Some(id));
                    }
                }
            }
            rows = page(connection, table, Some(last)).await?;
        }
        if table.counted != Counted::None && ledger.as_ref().is_some_and(|ledger| ledger.sum(table) != sum) {
            report.found(What::RowsAmiss, table.name, None);
        }
    }
    Ok(report)
}
