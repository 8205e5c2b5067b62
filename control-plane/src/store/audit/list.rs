//! Lists audit records by what is asked for.

use std::cmp::Reverse;

use lictor_policy::operation::Operation;
use lictor_policy::refusal::Reason;

use crate::domain::order::Order;
use crate::domain::time::Moment;
use crate::store::audit::record::{Equal, Place, Record, read};
use crate::store::audit::record_blocks::{Block, SIZES};
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::saturating_i64;
use crate::store::{Connection, StoreError};

/// Which records are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Fields that are equal to something.
    pub equal: Equal,
    /// Would have been refused, if no stage had been in shadow.
    pub shadowed: bool,
    /// Would have been refused for this reason.
    pub would_deny: Option<Reason>,
    /// Has the operation.
    pub operation: Option<Operation>,
    /// Has the record id.
    pub record_id: Option<i64>,
    /// At this moment or later.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
}

impl Filter {
    /// What records must be, whenever they were made and whatever records they name.
    pub(crate) fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        self.equal.narrow(&mut conditions);
        // In the very words of an index where it has only some rows: a bound value would not be known to be one of those.
        if let Some(none_answer) = self.equal.none_answer {
            conditions.require(if none_answer { "none_answer = 1" } else { "none_answer = 0" });
        }
        if self.equal.count.is_some_and(|count| count > 1) {
            conditions.require("count <> 1");
        }
        if let Some(reason) = self.would_deny {
            conditions.compare("would_deny =", reason.into());
        }
        if self.shadowed {
            conditions.require("would_deny IS NOT NULL");
        }
        if let Some(operation) = self.operation {
            conditions.require(match operation {
                Operation::Read => r#"operations LIKE '%"read"%'"#,
                Operation::Write => r#"operations LIKE '%"write"%'"#,
                Operation::Create => r#"operations LIKE '%"create"%'"#,
                Operation::Delete => r#"operations LIKE '%"delete"%'"#,
                Operation::Call => r#"operations LIKE '%"call"%'"#,
            });
        }
        conditions
    }
}

/// Records in the order of their time, behind a place.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    order: Order,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let Some(id) = filter.record_id else { return page(connection, filter, order, None, after, limit).await };
    // Each size by itself, in the order of its index: together they would have to be sorted first.
    let mut found = Vec::new();
    for size in SIZES {
        found.extend(page(connection, filter, order, Some(Block::of(id, size)), after, limit).await?);
    }
    // No row has an id in two blocks.
    match order {
        Order::Ascending => found.sort_by_key(Record::place),
        Order::Descending => found.sort_by_key(|record| Reverse(record.place())),
    }
    found.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(found)
}

/// Records that are found in one way.
async fn page(
    connection: &mut Connection,
    filter: &Filter,
    order: Order,
    named: Option<Block>,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = filter.conditions();
    let (mut tables, mut words) = ("audit", ["at, id, gate_id", "at DESC, id DESC, gate_id DESC"]);
    let [mut from, mut to, mut until] = ["at >=", "at <", "at <="];
    if let Some(Block { first, size }) = named {
        tables = "audit JOIN (SELECT position AS named, at AS named_at, record_id, size FROM audit_record_ids) AS names \
                  ON position = named";
        words = ["named_at, id, gate_id", "named_at DESC, id DESC, gate_id DESC"];
        [from, to, until] = ["named_at >=", "named_at <", "named_at <="];
        conditions.compare("record_id =", Bound::Number(first));
        conditions.compare("size =", Bound::Number(size));
    }
    if let Some(moment) = filter.from {
        conditions.compare(from, Bound::Number(saturating_i64(moment.0)));
    }
    if let Some(moment) = filter.to {
        conditions.compare(to, Bound::Number(saturating_i64(moment.0)));
    }
    if let Some((at, id, gate)) = after {
        let place = [Bound::Number(saturating_i64(*at)), Bound::Text(id.clone()), Bound::Text(gate.clone())];
        let of_index = match order {
            Order::Ascending => {
                conditions.after("at, id, gate_id", place);
                from
            }
            Order::Descending => {
                conditions.before("at, id, gate_id", place);
                until
            }
        };
        // Implied by the line above; an index that does not continue with the id can use only this one.
        conditions.compare(of_index, Bound::Number(saturating_i64(*at)));
    }
    let [ascending, descending] = words;
    let words = match order {
        Order::Ascending => ascending,
        Order::Descending => descending,
    };
    let rows = conditions.rows(connection, tables, words, limit).await?;
    rows.iter().map(read).collect()
}
