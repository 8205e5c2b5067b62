//! Lists audit records by what is asked for.

use super::conditions::{Bound, Conditions};
use super::events::{Record, read};
use super::row::big;
use super::{Connection, StoreError};
use crate::time::Moment;

/// Which records are wanted. Each field that is given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Equal to the text.
    pub texts: Vec<(TextColumn, String)>,
    /// Equal to the number.
    pub numbers: Vec<(NumberColumn, i64)>,
    /// Has the operation, by name.
    pub operation: Option<&'static str>,
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

/// A place in the list, for the next page: the record before it.
pub type Place = (u64, String, String);

/// Records, newest first, older than a place.
pub async fn list(
    connection: &mut Connection,
    filter: &Filter,
    before: Option<&Place>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut conditions = Conditions::default();
    for (column, text) in &filter.texts {
        conditions.compare(column.equals(), Bound::Text(text.clone()));
    }
    for (column, number) in &filter.numbers {
        conditions.compare(column.equals(), Bound::Number(*number));
    }
    if let Some(operation) = filter.operation {
        conditions.compare("operations LIKE", Bound::Text(format!("%\"{operation}\"%")));
    }
    if let Some(id) = filter.record_id {
        // The list is JSON without spaces: the id stands between brackets or commas.
        let ids = "REPLACE(REPLACE(record_ids, '[', ','), ']', ',') LIKE";
        conditions.compare(ids, Bound::Text(format!("%,{id},%")));
    }
    if let Some(from) = filter.from {
        conditions.compare("at >=", Bound::Number(big(from.0)));
    }
    if let Some(to) = filter.to {
        conditions.compare("at <", Bound::Number(big(to.0)));
    }
    if let Some((at, id, gate)) = before {
        let place = [Bound::Number(big(*at)), Bound::Text(id.clone()), Bound::Text(gate.clone())];
        conditions.before("at, id, gate_id", place);
    }
    let rows = conditions.rows(connection, "audit", "at DESC, id DESC, gate_id DESC", limit).await?;
    rows.iter().map(read).collect()
}
