//! Lists: a page at a time, each naming the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::problem::{Problem, Result};
use crate::domain::validate;

const DEFAULT_LIMIT: u32 = 50;
/// Records that a page may have.
pub const MAX_LIMIT: u32 = 500;

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// Asks for the next page; none on the last.
    pub next_cursor: Option<String>,
}

/// Which page of a list without filters is wanted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many records; 1 to 500, 50 if left out.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// The page after the record with the text in the cursor, which is empty on the first.
    pub fn window(self) -> Result<Window<String>> {
        Window::new(self.limit, self.cursor.as_deref())
    }
}

/// How many records after which place.
#[derive(Debug)]
pub struct Window<P> {
    /// The last record of the page before.
    pub after: Option<P>,
    limit: usize,
}

impl<P: Serialize + DeserializeOwned> Window<P> {
    /// Reads the parameters of a list.
    pub fn new(limit: Option<u32>, cursor: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        validate::range("limit", limit, 1, MAX_LIMIT)?;
        let after = cursor.map(|cursor| {
            let place = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|json| serde_json::from_slice(&json).ok());
            place.ok_or_else(|| Problem::invalid("cursor", "Send the next_cursor of the page before, unchanged."))
        });
        Ok(Self { after: after.transpose()?, limit: limit as usize })
    }

    /// How many records to read: one more than the page has, which shows whether there is another page.
    pub fn row_limit(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// Makes the page of the records that were read.
    pub fn page<T>(self, mut items: Vec<T>, place: impl FnOnce(&T) -> P) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let json = serde_json::to_vec(&place(last)).unwrap_or_default();
            URL_SAFE_NO_PAD.encode(json)
        });
        Page { items, next_cursor }
    }
}
