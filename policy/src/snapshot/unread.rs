//! A part of a policy that stays JSON until it is used.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::snapshot::BadSnapshot;

/// The JSON of a record. It may hold a hash, so it is not to be printed.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Unread(Box<RawValue>);

impl Unread {
    /// The JSON of a record.
    pub(crate) fn of<T: Serialize>(record: &T) -> Result<Self, BadSnapshot> {
        serde_json::value::to_raw_value(record).map(Self).map_err(|error| BadSnapshot::form("a record", &error))
    }

    /// Reads it.
    pub(crate) fn read<T: DeserializeOwned>(&self, place: &str) -> Result<T, BadSnapshot> {
        serde_json::from_str(self.0.get()).map_err(|error| BadSnapshot::form(place, &error))
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread(…)")
    }
}
