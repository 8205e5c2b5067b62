//! What checking the logs and the rows of the policy may find.

use serde::Serialize;

use crate::domain::audit_chain::Head;
use crate::domain::time::Moment;
use crate::store::proof::check;

/// What is not as Lictor left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A row is not what was sealed at its position.
    RowAltered,
    /// A row is not there, and retention did not delete it.
    RowMissing,
    /// A row that was never sealed.
    RowInserted,
    /// A row is at another position than the one it was sealed at.
    RowMoved,
    /// A link is not what was signed.
    LinkAltered,
    /// A link is not there, and retention did not delete it.
    LinkMissing,
    /// The chain is shorter than it was, or another one than it was, when a head was saved.
    HeadContradicted,
    /// A saved head was not signed with the key that is trusted.
    HeadNotGenuine,
    /// The chain ends elsewhere than the database says.
    EndAltered,
    /// A row of the administrators' log is not what was signed.
    AdminRowAltered,
    /// A row of the administrators' log is not there.
    AdminRowMissing,
    /// A row of the administrators' log is in no chain, or behind its end.
    AdminRowInserted,
    /// What retention deleted was ordered by no row of the administrators' log.
    CutNotOrdered,
    /// A row of the policy does not prove itself, or one was taken away or put back.
    #[serde(untagged)]
    Policy(check::What),
}

impl What {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RowAltered => "a row was altered",
            Self::RowMissing => "a row is missing",
            Self::RowInserted => "a row was inserted",
            Self::RowMoved => "a row was moved to another place",
            Self::LinkAltered => "a link of the chain was altered, or was signed with another key",
            Self::LinkMissing => "a link of the chain is missing",
            Self::HeadContradicted => {
                "a saved head is not of this chain: its end was cut off, it was made anew, or an \
                                       older backup was restored"
            }
            Self::HeadNotGenuine => "a saved head was altered, or was signed with another key",
            Self::EndAltered => "the end of the chain is not where the database says",
            Self::AdminRowAltered => "a row of the administrators' log was altered, or was signed with another key",
            Self::AdminRowMissing => "a row of the administrators' log is missing",
            Self::AdminRowInserted => "a row of the administrators' log was inserted",
            Self::CutNotOrdered => "what retention deleted was ordered by no row of the administrators' log",
            Self::Policy(check::What::RowUnproven) => "a row of the policy was made or changed without Lictor",
            Self::Policy(check::What::RowsAmiss) => "a row of the policy was taken away, or an old one was put back",
            Self::Policy(check::What::LedgerAltered) => "the ledger of the policy's rows was altered, or put back",
            Self::Policy(check::What::SecretUnreadable) => "the Odoo secret of a user cannot be opened",
        }
    }
}

/// Something that is not as Lictor left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: What,
    /// The number of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<u64>,
    /// The place of the row in the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// The gate of the row that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// The id of the row that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number of the row of the administrators' log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The table of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<&'static str>,
    /// What names the row of that table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Whether nothing was found.
    pub intact: bool,
    /// The first finding, in the order of positions.
    pub first: Option<Finding>,
    /// How many things were found; after the first some may follow from it.
    pub findings: u64,
    /// Links that were checked.
    pub links: u64,
    /// Rows that were checked.
    pub rows: u64,
    /// Positions of intents and outcomes that have become whole rows since, at a later position.
    pub completed: u64,
    /// Positions whose rows retention has deleted.
    pub deleted_by_retention: u64,
    /// Saved heads that the chain agrees with.
    pub heads_confirmed: u64,
    /// Saved heads of which retention has deleted the links.
    pub heads_too_old: u64,
    /// Rows of the administrators' log that were checked.
    pub admin_rows: u64,
    /// Rows of the policy that were checked; none without the master key, or before the first start with a version that
    /// proves them.
    pub policy_rows: Option<u64>,
    /// What retention deleted last, and on whose order.
    pub cuts: Vec<OrderedCut>,
    /// The end of the chain that was checked: keep it elsewhere. None if there is no link.
    pub head: Option<Head>,
}

/// What retention has deleted, and on whose order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderedCut {
    /// The link that says so.
    pub link: u64,
    /// Records of calls before this moment.
    pub before: Moment,
    /// The row of the administrators' log with the settings that were in force; none if they were those of a new database.
    pub settings: Option<Ordered>,
    /// The row of the run. None for a cut of a version that did not name it.
    pub run: Option<Ordered>,
}

/// A row of the administrators' log.
#[derive(Clone, Debug, Serialize)]
pub struct Ordered {
    /// Its number.
    pub number: u64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// When.
    pub at: Moment,
    /// What changed.
    pub difference: serde_json::Value,
}
