//! What a permission may list under `calls`: methods that may be called whatever they do, and what the gate can read of the
//! operations table's methods and still wants to be told of, as it reaches other models in ways that no argument shows.

use crate::odoo::operations::Kind;
use crate::odoo::{never, operations, tables};

/// Bytes of a name; Odoo's longest has fewer than half.
pub const MAX_NAME: usize = 100;

/// A file on a record; no method of Odoo's, but the making of an attachment of a record of the model.
pub const ATTACH: &str = "attach";
/// A note or a comment in the chatter.
pub const MESSAGE_POST: &str = "message_post";
/// `message_post` with whatever arguments: it may mail anybody.
pub const MESSAGE_POST_MAIL: &str = "message_post:mail";

/// Why a name cannot stand under `calls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCallable {
    /// No method has such a name.
    Shape,
    /// It is private.
    Private,
    /// It is on the never-list.
    Never,
    /// The operations table has it: read, write, create and delete allow it.
    InTheTable,
}

/// Whether the name may stand under `calls`.
///
/// # Errors
/// Why not.
pub fn check(name: &str) -> Result<(), NotCallable> {
    let known = operations::method(name);
    if name == MESSAGE_POST_MAIL || known.is_some_and(|method| method.crosses) {
        return Ok(());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !begins_well || name.len() > MAX_NAME || !name.bytes().all(is_of_name) {
        return Err(NotCallable::Shape);
    }
    if never::is_private(name) {
        return Err(NotCallable::Private);
    }
    if never::METHODS.contains(&name) {
        return Err(NotCallable::Never);
    }
    if known.is_some() {
        return Err(NotCallable::InTheTable);
    }
    Ok(())
}

/// Whether a name is an argument of the operations table's methods that wants to be listed.
pub fn is_argument(name: &str) -> bool {
    let mut params = operations::METHODS.iter().flat_map(|method| method.params);
    params.any(|param| param.kind == Kind::Cross && param.name == name)
}

/// Whether a name that may stand under `calls` is one that a model has; `None` for models of which nobody has said.
pub fn is_known(model: &str, name: &str) -> Option<bool> {
    let mut methods = tables::methods(model)?;
    let method = if name == MESSAGE_POST_MAIL { MESSAGE_POST } else { name };
    Some(
        name == ATTACH
            || is_argument(name)
            || operations::method(name).is_some()
            || methods.any(|known| known == method),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Methods of the operations table that want to be listed.
    const OF_THE_TABLE: &[&str] = &[
        "activity_search",
        "copy_data",
        "get_metadata",
        "get_view",
        "get_views",
        "message_get_followers",
        "onchange",
        "search_panel_select_multi_range",
        "search_panel_select_range",
        "view_header_get",
    ];
    /// Arguments of the operations table's methods that want to be listed, by their own names.
    const ARGUMENTS: &[&str] = &["access_uid", "next_id", "opening_info"];
    /// Calls with a safe form, in which the gate lets nothing through that it cannot judge.
    const SAFE: &[&str] = &["activity_schedule", ATTACH, MESSAGE_POST];

    #[test]
    fn a_name_is_told_whether_it_may_stand_there() {
        let long = "a".repeat(MAX_NAME + 1);
        for (name, expected) in [
            ("action_confirm", Ok(())),
            ("message_subscribe", Ok(())),
            ("message_post", Ok(())),
            ("message_post:mail", Ok(())),
            ("attach", Ok(())),
            ("next_id", Ok(())),
            ("onchange", Ok(())),
            ("", Err(NotCallable::Shape)),
            ("1st", Err(NotCallable::Shape)),
            ("action_confirm:mail", Err(NotCallable::Shape)),
            ("a.b", Err(NotCallable::Shape)),
            (long.as_str(), Err(NotCallable::Shape)),
            ("_compute", Err(NotCallable::Private)),
            ("sudo", Err(NotCallable::Private)),
            ("message_notify", Err(NotCallable::Never)),
            ("unlink", Err(NotCallable::InTheTable)),
            ("load", Err(NotCallable::InTheTable)),
        ] {
            assert_eq!(check(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_one_of_the_model() {
        for (model, name, expected) in [
            ("sale.order", "action_confirm", Some(true)),
            ("sale.order", "message_post:mail", Some(true)),
            ("sale.order", ATTACH, Some(true)),
            ("sale.order", "next_id", Some(true)),
            ("sale.order", "name_get", Some(true)),
            ("sale.order", "action_confrim", Some(false)),
            ("res.country", "message_post", Some(false)),
            ("x_custom", "action_confirm", None),
        ] {
            assert_eq!(is_known(model, name), expected, "{model} {name}");
        }
    }

    #[test]
    fn the_lists_fit_the_operations_table() {
        for name in OF_THE_TABLE {
            assert!(operations::method(name).is_some_and(|method| method.crosses), "{name}");
        }
        for method in operations::METHODS.iter().filter(|method| method.crosses) {
            assert!(OF_THE_TABLE.contains(&method.name), "{}", method.name);
        }
        let mut params = operations::METHODS.iter().flat_map(|method| method.params);
        for name in ARGUMENTS {
            assert!(params.clone().any(|param| param.name == *name), "{name}");
        }
        assert!(params.all(|param| !SAFE.contains(&param.name)));
        for name in SAFE {
            assert!(operations::method(name).is_none(), "{name}");
        }
    }
}
