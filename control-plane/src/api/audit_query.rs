//! Which audit records are wanted, as the query of each route says it.

use lictor_policy::operation::Operation;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Outcome;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::order::Order;
use crate::domain::problem::Result;
use crate::domain::time::DayOrMoment;
use crate::domain::validate;
use crate::store::audit::counts::By;
use crate::store::audit::list::Filter;
use crate::store::audit::record::{Equal, fields};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table for spreadsheets.
    Csv,
    /// An array of records.
    Json,
}

macro_rules! query {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $read:ident $column:literal $(by $asked:ty)?;)*) => {
        query! { @struct AuditQuery {
            limit: Option<u32>,
            cursor: Option<String>,
            format: Option<Format>,
            order: Option<Order>,
            #[serde(alias = "record_ids")]
            record_id: Option<i64>,
            from: Option<DayOrMoment>,
            to: Option<DayOrMoment>,
        } $($($name: $asked,)?)* }
        query! { @struct CountsQuery {
            by: Option<By>,
            step: Option<u32>,
            from: Option<DayOrMoment>,
            to: Option<DayOrMoment>,
        } $($($name: $asked,)?)* }
        query! { @struct StreamQuery {
            #[serde(alias = "record_ids")]
            record_id: Option<i64>,
        } $($($name: $asked,)?)* }
    };
    (@struct $query:ident { $($(#[$meta:meta])* $own:ident: $own_type:ty,)* } $($name:ident: $asked:ty,)*) => {
        /// Which records are wanted: each parameter that is given must match. `from` and what follows it up to, but not
        /// with, `to`.
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "each is the parameter of its name")]
        pub struct $query {
            $($(#[$meta])* pub $own: $own_type,)*
            #[serde(alias = "operations")]
            operation: Option<Operation>,
            would_deny: Option<WouldDeny>,
            $($name: Option<$asked>,)*
        }

        impl $query {
            /// What records must be, whenever they were made.
            pub(crate) fn take_filter(&mut self) -> Filter {
                let (shadowed, would_deny) = match self.would_deny {
                    None => (false, None),
                    Some(WouldDeny::Any) => (true, None),
                    Some(WouldDeny::For(reason)) => (false, Some(reason)),
                };
                let equal = Equal { $($name: self.$name.take(),)* };
                Filter { equal, shadowed, would_deny, operation: self.operation, ..Filter::default() }
            }
        }
    };
}
fields!(query);

/// What would have been refused.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WouldDeny {
    /// For any reason.
    Any,
    /// For this one.
    #[serde(untagged)]
    For(Reason),
}

impl AuditQuery {
    /// The newest first, if nothing is said.
    pub(crate) fn order(&self) -> Order {
        self.order.unwrap_or(Order::Descending)
    }

    pub(crate) fn filter(mut self) -> Result<Filter> {
        let (from, to) = (self.from.map(DayOrMoment::moment), self.to.map(DayOrMoment::moment));
        validate::in_order(from, to)?;
        Ok(Filter { record_id: self.record_id, from, to, ..self.take_filter() })
    }
}
