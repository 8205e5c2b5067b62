//! What no permission and no mapping opens, unless configuration names it one by one.

use std::collections::BTreeSet;

use crate::odoo::tables::{self, Closed};
use crate::operation::{Operation, Operations};

/// Methods that look harmless but write, mail strangers or give secrets away, on any model.
pub const METHODS: &[&str] = &[
    "autocomplete_by_name",
    "autocomplete_by_vat",
    "enrich_by_domain",
    "enrich_by_duns",
    "enrich_by_gst",
    "find_or_create",
    "generate_access_token",
    "get_param",
    "message_mail_with_source",
    "message_notify",
    "message_post_with_source",
    "message_process",
    "next_by_code",
    "next_by_id",
    "set_param",
    "signup_get_auth_param",
];

/// Methods that are private in Odoo 19, yet callable in older versions: they change who is asking, or bypass rules.
pub const PRIVATE: &[&str] = &[
    "browse",
    "concat",
    "exists",
    "fetch",
    "filtered",
    "filtered_domain",
    "grouped",
    "mapped",
    "search_fetch",
    "sorted",
    "sudo",
    "update",
    "with_company",
    "with_context",
    "with_env",
    "with_prefetch",
    "with_user",
];

/// Whether no mapping can open the method.
pub fn is_private(method: &str) -> bool {
    method.starts_with('_') || PRIVATE.contains(&method)
}

/// Whether the model is closed to the operations.
pub fn is_closed(model: &str, operations: Operations, exceptions: &BTreeSet<String>) -> bool {
    let closed = match tables::closed(model) {
        Some(Closed::Altogether) => true,
        Some(Closed::Writing) => !operations.without(Operations::of(&[Operation::Read])).is_empty(),
        None => false,
    };
    closed && !exceptions.contains(model)
}

/// Whether the never-list closes the call. `exceptions` holds `model` and `model.method` names.
pub fn is_listed(model: &str, method: &str, operations: Operations, exceptions: &BTreeSet<String>) -> bool {
    let is_lifted = || {
        let name = format!("{model}.{method}");
        // `auth.passkey.key.create` is a model, and no method of `auth.passkey.key`.
        exceptions.contains(&name) && tables::closed(&name).is_none()
    };
    (is_closed(model, operations, exceptions) || METHODS.contains(&method)) && !is_lifted()
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Operations = Operations::of(&[Operation::Read]);
    const WRITE: Operations = Operations::of(&[Operation::Write]);

    #[test]
    fn the_list_is_lifted_by_exact_names_only() {
        let none = BTreeSet::new();
        for (model, method, operations, listed) in [
            ("ir.cron", "read", READ, true),
            ("res.users", "read", READ, false),
            ("res.users", "write", WRITE, true),
            ("res.partner", "write", WRITE, false),
            ("res.partner", "signup_get_auth_param", READ, true),
        ] {
            assert_eq!(is_listed(model, method, operations, &none), listed, "{model}.{method}");
        }
        let lifted = |name: &str| BTreeSet::from([name.to_owned()]);
        assert!(!is_listed("ir.cron", "read", READ, &lifted("ir.cron")));
        assert!(!is_listed("ir.cron", "read", READ, &lifted("ir.cron.read")));
        assert!(is_listed("auth.passkey.key", "create", WRITE, &lifted("auth.passkey.key.create")));
        assert!(!is_listed("auth.passkey.key.create", "read", READ, &lifted("auth.passkey.key.create")));
        assert!(is_listed("ir.cron", "search", READ, &lifted("ir.cron.read")));
        assert!(is_listed("ir.sequence", "next_by_id", WRITE, &lifted("ir.sequence")));
    }
}
