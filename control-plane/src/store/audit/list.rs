//! Lists audit records by what is asked for.

use std::cmp::Reverse;

use lictor_policy::operation::Operation;

use crate::domain::time::Moment;
use crate::store::audit::record::{Place, Record, read};
use crate::store::audit::record_blocks::{Block, SIZES};
use crate::store::engine::filter::{Bound, Conditions};
use crate::store::engine::row::big;
use crate::store::{Connection, StoreError};

/// Which records are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Equal to the text.
    pub texts: Vec<(TextColumn, String)>,
    /// Equal to the number.
    pub numbers: Vec<(NumberColumn, i64)>,
    /// Would have been refused, if no stage had been in shadow.
    pub shadowed: bool,
    /// Has the operation.
    pub operation: Option<Operation>,
    /// Has the record id.
    pub record_id: Option<i64>,
    /// At this moment or later.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $condition:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the column of its name")]
        pub enum $name { $($variant,)* }

        impl $name {
            const fn equals(self) -> &'static str {
                match self { $(Self::$variant => $condition,)* }
            }
        }
    };
}

columns! {
    /// A column that can be asked for by its text.
    TextColumn:
    Id = "id =",
    Gate = "gate_id =",
    DecisionId = "decision_id =",
    RequestId = "request_id =",
    KeyId = "key_id =",
    UserId = "user_id =",
    ClientIp = "client_ip =",
    UserAgent = "user_agent =",
    Session = "session =",
    Road = "road =",
    Database = "database =",
    Model = "model =",
    Method = "method =",
    Outcome = "outcome =",
    Reason = "reason =",
    WouldDeny = "would_deny =",
}

columns! {
    /// A column that can be asked for by its number; flags are 0 and 1.
    NumberColumn:
    Count = "count =",
    NoneAnswer = "none_answer =",
    FaultCode = "fault_code =",
    GateUs = "gate_us =",
    OdooUs = "odoo_us =",
    RequestBytes = "request_bytes =",
    ResponseBytes = "response_bytes =",
}

/// Records, newest first, older than a place.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let Some(id) = filter.record_id else { return page(connection, filter, None, before, limit).await };
    // Each size by itself, in the order of its index: together they would have to be sorted first.
    let mut found = Vec::new();
    for size in SIZES {
        found.extend(page(connection, filter, Some(Block::of(id, size)), before, limit).await?);
    }
    // No row has an id in two blocks.
    found.sort_by_key(|record| Reverse(record.place()));
    found.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(found)
}

/// Records that are found in one way.
async fn page(
    connection: &mut Connection,
    filter: &Filter,
    named: Option<Block>,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = Conditions::default();
    for (column, text) in &filter.texts {
        conditions.compare(column.equals(), Bound::Text(text.clone()));
    }
    for (column, number) in &filter.numbers {
        // In the very words of an index where it has only some rows: a bound value would not be known to be one of those.
        match (column, number) {
            (NumberColumn::NoneAnswer, 0) => conditions.require("none_answer = 0"),
            (NumberColumn::NoneAnswer, _) => conditions.require("none_answer = 1"),
            (NumberColumn::Count, 2..) => conditions.require("count <> 1"),
            _ => {}
        }
        conditions.compare(column.equals(), Bound::Number(*number));
    }
    if filter.shadowed {
        conditions.require("would_deny IS NOT NULL");
    }
    if let Some(operation) = filter.operation {
        conditions.require(match operation {
            Operation::Read => r#"operations LIKE '%"read"%'"#,
            Operation::Write => r#"operations LIKE '%"write"%'"#,
            Operation::Create => r#"operations LIKE '%"create"%'"#,
            Operation::Delete => r#"operations LIKE '%"delete"%'"#,
        });
    }
    let (mut tables, mut order) = ("audit", "at DESC, id DESC, gate_id DESC");
    let [mut from, mut to, mut until] = ["at >=", "at <", "at <="];
    if let Some(Block { first, size }) = named {
        tables = "audit JOIN (SELECT position AS named, at AS named_at, record_id, size FROM audit_record_ids) AS names \
                  ON position = named";
        order = "named_at DESC, id DESC, gate_id DESC";
        [from, to, until] = ["named_at >=", "named_at <", "named_at <="];
        conditions.compare("record_id =", Bound::Number(first));
        conditions.compare("size =", Bound::Number(size));
    }
    if let Some(moment) = filter.from {
        conditions.compare(from, Bound::Number(big(moment.0)));
    }
    if let Some(moment) = filter.to {
        conditions.compare(to, Bound::Number(big(moment.0)));
    }
    if let Some((at, id, gate)) = before {
        let place = [Bound::Number(big(*at)), Bound::Text(id.clone()), Bound::Text(gate.clone())];
        conditions.before("at, id, gate_id", place);
        // Implied by the line above; an index that does not continue with the id can use only this one.
        conditions.compare(until, Bound::Number(big(*at)));
    }
    let rows = conditions.rows(connection, tables, order, limit).await?;
    rows.iter().map(read).collect()
}
