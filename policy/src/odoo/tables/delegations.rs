//! References whose fields a model has as its own: the model, the field, the other model.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str, &str)] = &[
    // `_inherits`
    ("account.bank.statement.line", "move_id", "account.move"),
    ("account.setup.bank.manual.config", "res_partner_bank_id", "res.partner.bank"),
    ("crm.team", "alias_id", "mail.alias"),
    ("hr.employee", "version_id", "hr.version"),
    ("hr.job", "alias_id", "mail.alias"),
    ("ir.cron", "ir_actions_server_id", "ir.actions.server"),
    ("mail.group", "alias_id", "mail.alias"),
    ("mail.mail", "mail_message_id", "mail.message"),
    ("maintenance.team", "alias_id", "mail.alias"),
    ("product.document", "ir_attachment_id", "ir.attachment"),
    ("product.product", "product_tmpl_id", "product.template"),
    ("project.project", "alias_id", "mail.alias"),
    ("quotation.document", "ir_attachment_id", "ir.attachment"),
    ("res.users", "partner_id", "res.partner"),
    ("website.controller.page", "view_id", "ir.ui.view"),
    ("website.page", "view_id", "ir.ui.view"),
];
