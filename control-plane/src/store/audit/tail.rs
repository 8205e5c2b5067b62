//! The records behind a position, in the order in which they were written.
//!
//! One transaction writes at a time in both databases (`Database::lock_writing`), and gives its rows the next positions: so they
//! grow in the order of commits, and behind a position that was read nothing can come to be before it. A record that is
//! completed gets a new position, and comes once more.

use crate::store::audit::chain;
use crate::store::audit::list::Filter;
use crate::store::audit::record::{Record, read};
use crate::store::audit::record_blocks::{Block, SIZES};
use crate::store::engine::filter::Bound;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError};

/// Positions that are looked at in one step, however few of their records match.
const WINDOW: u64 = 5000;

/// Records that match, with their positions.
#[derive(Clone, Debug)]
pub struct Step {
    /// They, in the order of their positions.
    pub records: Vec<(u64, Record)>,
    /// How far the log was looked at.
    pub position: u64,
    /// Whether there is more behind that.
    pub more: bool,
}

/// The last position that was given.
pub async fn end(connection: &mut Connection) -> Result<u64, StoreError> {
    Ok(chain::state(connection).await?.positions)
}

/// Looks at what is behind a position: so many records at most that match.
pub async fn after(
    connection: &mut Connection,
    filter: &Filter,
    position: u64,
    limit: i64,
) -> Result<Step, StoreError> {
    let end = end(connection).await?;
    let until = end.min(position.saturating_add(WINDOW));
    if until <= position {
        return Ok(Step { records: Vec::new(), position, more: false });
    }
    let mut conditions = filter.conditions();
    conditions.compare("position >", Bound::Number(saturating_i64(position)));
    conditions.compare("position <=", Bound::Number(saturating_i64(until)));
    if let Some(id) = filter.record_id {
        let places = SIZES.into_iter().flat_map(|size| {
            let block = Block::of(id, size);
            [Bound::Number(block.first), Bound::Number(block.size)]
        });
        conditions.names_one_of(places);
    }
    let rows = conditions.rows(connection, "audit", "position", limit).await?;
    let records: Vec<(u64, Record)> =
        rows.iter().map(|row| Ok((row.number("position")?, read(row)?))).collect::<Result<_, StoreError>>()?;
    let is_full = i64::try_from(records.len()).unwrap_or(i64::MAX) >= limit;
    let position = records.last().filter(|_| is_full).map_or(until, |(position, _)| *position);
    Ok(Step { records, position, more: position < end })
}
