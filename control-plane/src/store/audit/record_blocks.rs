//! How rows of `audit` are found by the records that they name: by blocks of ids, so that a run of a thousand ids is some
//! thirty entries, and any id of it is found by as many equalities as there are sizes.

use lictor_policy::records::RecordIds;
use sqlx::AssertSqlSafe;

use crate::store::engine::row::values;
use crate::store::{StoreError, WriteTx};

/// Entries in one statement.
const CHUNK: usize = 200;

/// How many ids a block may have, the least first. Its first id is a multiple of that.
pub(crate) const SIZES: [i64; 4] = [1, 8, 64, 512];

/// Ids that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) first: i64,
    pub(crate) size: i64,
}

impl Block {
    /// The only block of a size that can have an id.
    pub(crate) const fn of(id: i64, size: i64) -> Self {
        // The smallest number is a multiple of all sizes: this never goes below it.
        Self { first: id - id.rem_euclid(size), size }
    }
}

/// Those of the records that a row names, of whatever model.
pub(crate) fn of(record_ids: &str, nested_ids: Option<&str>) -> Result<Vec<Block>, StoreError> {
    let read = |name: &str, text: &str| {
        serde_json::from_str::<RecordIds>(text).map_err(|_| StoreError::Column(name.to_owned()))
    };
    let own = read("record_ids", record_ids)?;
    let nested = nested_ids.map(|text| read("nested_ids", text)).transpose()?;
    let mut ids: Vec<i64> = own.iter().chain(nested.iter().flat_map(RecordIds::iter)).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(blocks(&ids))
}

/// The fewest blocks that have exactly these ids, which are sorted and distinct.
fn blocks(ids: &[i64]) -> Vec<Block> {
    let (mut blocks, mut rest) = (Vec::new(), ids);
    while let Some(first) = rest.first() {
        let fits = |size: &i64| {
            let last = usize::try_from(size - 1).ok().and_then(|at| rest.get(at));
            Block::of(*first, *size).first == *first && last.is_some() && last.copied() == first.checked_add(size - 1)
        };
        let size = SIZES.into_iter().rev().find(fits).unwrap_or(1);
        blocks.push(Block { first: *first, size });
        rest = usize::try_from(size).ok().and_then(|size| rest.get(size..)).unwrap_or_default();
    }
    blocks
}

/// A block that a row names.
pub(crate) struct Named {
    pub(crate) position: i64,
    pub(crate) block: Block,
    /// When the row's call was decided.
    pub(crate) at: i64,
}

/// Stores entries.
pub(crate) async fn insert(tx: &mut WriteTx, named: &[Named]) -> Result<(), StoreError> {
    for chunk in named.chunks(CHUNK) {
        let values = values(chunk.len(), 4);
        let sql = format!("INSERT INTO audit_record_ids (position, record_id, size, at) {values}");
        let query = chunk.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, Named { position, block, at }| {
            query.bind(*position).bind(block.first).bind(block.size).bind(*at)
        });
        query.execute(tx.connection()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_ids_and_no_others() {
        let mut sets: Vec<Vec<i64>> = vec![
            vec![],
            vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX],
            (i64::MIN..i64::MIN + 600).collect(),
            (i64::MAX - 600..=i64::MAX).collect(),
            (1..=1000).filter(|id| id % 7 != 0).collect(),
        ];
        sets.extend((1..=1000).step_by(37).map(|first| (first..=first + 999).collect()));
        for ids in sets {
            let blocks = blocks(&ids);
            let found: Vec<i64> = blocks.iter().flat_map(|block| (0..block.size).map(|at| block.first + at)).collect();
            assert_eq!(found, ids);
            for id in &ids {
                let named = SIZES.map(|size| Block::of(*id, size));
                assert_eq!(blocks.iter().filter(|block| named.contains(block)).count(), 1, "{id}");
            }
            if ids.len() == 1000 && ids[999] - ids[0] == 999 {
                assert!(blocks.len() <= 43, "{}", blocks.len());
            }
        }
    }
}
