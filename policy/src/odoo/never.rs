//! What no permission and no mapping opens, unless configuration names it one by one.

use std::collections::BTreeSet;

use crate::operation::{Operation, Operations};

/// Models whose records run code, grant rights, hold secrets or rewrite others: closed altogether.
pub const CLOSED: &[&str] = &[
    "account_edi_proxy_client.user",
    "auth.passkey.key",
    "auth_totp.device",
    "auth_totp.wizard",
    "base.automation",
    "base.import.module",
    "base.module.uninstall",
    "base.module.update",
    "base.module.upgrade",
    "base_import.import",
    "calendar.provider.config",
    "certificate.certificate",
    "certificate.key",
    "change.password.own",
    "change.password.user",
    "change.password.wizard",
    "fetchmail.server",
    "iap.account",
    "ir.actions.server",
    "ir.config_parameter",
    "ir.cron",
    "ir.default",
    "ir.mail_server",
    "ir.model.access",
    "ir.rule",
    "l10n_eg_edi.thumb.drive",
    "mail.compose.message",
    "mail.ice.server",
    "mail.template",
    "payment.provider",
    "privacy.lookup.wizard",
    "res.company.ldap",
    "res.config.settings",
    "res.users.apikeys",
    "res.users.apikeys.description",
    "res.users.apikeys.show",
    "res.users.identitycheck",
    "sms.twilio.account.manage",
];

/// Models that clients need to read at their start, or that hold no secrets, but that nobody changes through a gate. An
/// `ir.actions.actions` may be a server action, Odoo evaluates code that stands in reports and goals, and makes records of
/// whatever model a `mail.alias` names when mail comes in.
pub const READ_ONLY: &[&str] = &[
    "gamification.goal.definition",
    "ir.actions.actions",
    "ir.actions.report",
    "ir.asset",
    "ir.attachment",
    "ir.model",
    "ir.model.constraint",
    "ir.model.data",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.model.inherit",
    "ir.model.relation",
    "ir.module.module",
    "ir.ui.view",
    "mail.alias",
    "res.groups",
    "res.users",
    "website.controller.page",
    "website.page",
];

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

/// Whether the never-list closes the call. `exceptions` holds `model` and `model.method` names.
pub fn is_listed(model: &str, method: &str, operations: Operations, exceptions: &BTreeSet<String>) -> bool {
    let changes = !operations.without(Operations::of(&[Operation::Read])).is_empty();
    let model_closed = CLOSED.contains(&model) || (changes && READ_ONLY.contains(&model));
    let closed = (model_closed && !exceptions.contains(model)) || METHODS.contains(&method);
    closed && !exceptions.contains(&format!("{model}.{method}"))
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
        assert!(is_listed("ir.cron", "search", READ, &lifted("ir.cron.read")));
        assert!(is_listed("ir.sequence", "next_by_id", WRITE, &lifted("ir.sequence")));
    }
}
