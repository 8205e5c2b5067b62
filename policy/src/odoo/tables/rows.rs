//! The tables whole, for who goes through every row.

use crate::odoo::tables::{self, Closed, Html};

/// Fields, each with its model.
type Fields = &'static [(&'static str, &'static str)];
/// Fields, each with its model and what the table says of it.
type FieldsWith<V> = &'static [(&'static str, &'static str, V)];

/// See [`tables::closed_field`].
pub const CLOSED_FIELDS: FieldsWith<Closed> = tables::closed_fields::ROWS;
/// Keys of the context that Odoo's code reads.
pub const CONTEXT: &[&str] = tables::context::READ;
/// Keys of the context that are left out.
pub const CONTEXT_LEFT_OUT: &[&str] = tables::context::LEFT_OUT;
/// Keys of the context that are open.
pub const CONTEXT_OPEN: &[&str] = tables::context::OPEN;
/// See [`tables::is_credential`].
pub const CREDENTIALS: Fields = tables::credentials::ROWS;
/// See [`tables::delegations`].
pub const DELEGATIONS: FieldsWith<&str> = tables::delegations::ROWS;
/// See [`tables::is_evaluated`].
pub const EVALUATED: Fields = tables::evaluated::ROWS;
/// See [`tables::is_grant`].
pub const GRANTS: Fields = tables::grants::ROWS;
/// See [`tables::html`].
pub const HTML: FieldsWith<Html> = tables::html::ROWS;
/// See [`tables::inverse`]; `*` stands for every model.
pub const INVERSES: FieldsWith<&str> = tables::inverses::ROWS;
/// See [`tables::names`]; models of which names are looked for by `name` alone are not among them.
pub const NAMES: &[(&str, &[&str])] = tables::names::ROWS;
/// See [`tables::is_telling`].
pub const NAMES_THAT_TELL: &[&str] = tables::names_that_tell::ROWS;
/// See [`tables::is_reference_data`].
pub const REFERENCE_DATA: &[&str] = tables::reference_data::ROWS;
/// See [`tables::is_released`].
pub const RELEASED: Fields = tables::released::ROWS;
/// See [`tables::is_state`]; `*` stands for every model.
pub const STATES: Fields = tables::states::ROWS;
/// The fields that are no states although their names are.
pub const STATES_FREE: Fields = tables::states::FREE;
