//! Fields of which Odoo evaluates the text: code, templates, domains, values.
//! By hand, after all calls in Odoo's source that evaluate; and what models render with `mail.render.mixin`.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str)] = &[
    // a template
    ("account.move.send.wizard", "body"),
    ("account.move.send.wizard", "lang"),
    ("account.move.send.wizard", "subject"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("account.report.expression", "formula"),
    ("account.report.line", "domain_formula"),
    // code
    ("account.tax", "formula"),
    ("accounting.assert.test", "code_exec"),
    // a template
    ("applicant.get.refuse.reason", "body"),
    ("applicant.get.refuse.reason", "lang"),
    ("applicant.get.refuse.reason", "scheduled_date"),
    ("applicant.get.refuse.reason", "subject"),
    ("applicant.send.mail", "body"),
    ("applicant.send.mail", "lang"),
    ("applicant.send.mail", "subject"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("base.language.export", "domain"),
    // ids as text, of records of any model
    ("base.partner.merge.line", "aggr_ids"),
    // a template
    ("calendar.popover.delete.wizard", "body"),
    ("calendar.popover.delete.wizard", "lang"),
    ("calendar.popover.delete.wizard", "subject"),
    ("card.campaign", "body_html"),
    ("card.campaign", "lang"),
    // writes mail.alias.alias_defaults
    ("crm.team", "alias_defaults"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("crm.team", "assignment_domain"),
    ("crm.team.member", "assignment_domain"),
    ("crm.team.member", "assignment_domain_preferred"),
    ("data_recycle.model", "domain"),
    // a template
    ("digest.tip", "tip_description"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("event.lead.rule", "event_registration_filter"),
    // a template
    ("fleet.vehicle.send.mail", "body"),
    ("fleet.vehicle.send.mail", "lang"),
    ("fleet.vehicle.send.mail", "subject"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("gamification.challenge", "user_domain"),
    // code
    ("gamification.goal.definition", "batch_user_expression"),
    ("gamification.goal.definition", "compute_code"),
    // code: a domain or a context
    ("gamification.goal.definition", "domain"),
    // code
    ("gamification.goal.definition", "res_id_field"),
    // writes mail.alias.alias_defaults
    ("hr.job", "alias_defaults"),
    // code: a domain or a context
    ("ir.actions.act_window", "context"),
    ("ir.actions.act_window", "domain"),
    ("ir.actions.client", "context"),
    ("ir.actions.client", "params_store"),
    // code that names a file or decides whether there is one
    ("ir.actions.report", "attachment"),
    // code: a domain or a context
    ("ir.actions.report", "domain"),
    // code that names a file or decides whether there is one
    ("ir.actions.report", "print_report_name"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("ir.embedded.actions", "domain"),
    // a context or an order as text, with which a page of the website searches
    ("ir.filters", "context"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("ir.filters", "domain"),
    // a context or an order as text, with which a page of the website searches
    ("ir.filters", "sort"),
    // a list as text
    ("ir.model.fields", "selection"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("loyalty.reward", "discount_product_domain"),
    ("loyalty.rule", "product_domain"),
    // values of the records that mail makes
    ("mail.alias", "alias_defaults"),
    // a template
    ("mail.compose.message", "body"),
    ("mail.compose.message", "email_from"),
    ("mail.compose.message", "lang"),
    ("mail.compose.message", "reply_to"),
    ("mail.compose.message", "scheduled_date"),
    ("mail.compose.message", "subject"),
    // writes mail.alias.alias_defaults
    ("mail.group", "alias_defaults"),
    // headers of a mail
    ("mail.mail", "headers"),
    // a template
    ("mail.template", "body_html"),
    ("mail.template", "email_cc"),
    ("mail.template", "email_from"),
    ("mail.template", "email_to"),
    ("mail.template", "lang"),
    ("mail.template", "partner_to"),
    ("mail.template", "reply_to"),
    ("mail.template", "scheduled_date"),
    ("mail.template", "subject"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("mailing.filter", "mailing_domain"),
    // a template
    ("mailing.mailing", "body_arch"),
    ("mailing.mailing", "body_html"),
    ("mailing.mailing", "body_plaintext"),
    ("mailing.mailing", "email_from"),
    ("mailing.mailing", "lang"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("mailing.mailing", "mailing_domain"),
    // a template
    ("mailing.mailing", "preview"),
    ("mailing.mailing", "reply_to"),
    // writes mailing.mailing.subject
    ("mailing.mailing", "sms_subject"),
    // a template
    ("mailing.mailing", "subject"),
    // writes mail.alias.alias_defaults
    ("maintenance.team", "alias_defaults"),
    ("project.project", "alias_defaults"),
    // a list as text
    ("res.lang", "grouping"),
    // a template
    ("slide.channel.invite", "body"),
    ("slide.channel.invite", "lang"),
    ("slide.channel.invite", "subject"),
    ("sms.composer", "body"),
    // ids as text, of records of any model
    ("sms.composer", "res_ids"),
    // a template
    ("sms.template", "body"),
    ("sms.template", "lang"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("stock.rule", "push_domain"),
    // a template
    ("survey.invite", "body"),
    ("survey.invite", "lang"),
    ("survey.invite", "subject"),
    // a domain as text, by which Odoo chooses records with its own rights
    ("website.controller.page", "record_domain"),
];
