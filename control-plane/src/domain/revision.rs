//! The count of a policy's changes.

use serde::{Deserialize, Serialize};

/// Counts the changes of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);
