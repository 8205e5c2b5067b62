//! Closed models: no permission opens them, unless configuration names them one by one.
//! By hand.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

/// Open to nothing.
pub(super) const ALTOGETHER: &[&str] = &[
    // holds secrets of services that Odoo logs in to, or changes them
    "account_edi_proxy_client.user",
    // holds secrets of users, or changes them
    "auth.passkey.key",
    // holds what makes a session, or a device, somebody's
    "auth.passkey.key.create",
    // holds secrets of users, or changes them
    "auth_totp.device",
    "auth_totp.wizard",
    // runs code
    "base.automation",
    // its records become code, views or fields of Odoo
    "base.import.module",
    // shows and rewrites records of any model
    "base.language.export",
    "base.language.import",
    // its records become code, views or fields of Odoo
    "base.module.uninstall",
    "base.module.update",
    "base.module.upgrade",
    // writes records of any model, by names of models and fields that stand in it as text
    "base_import.import",
    // shows what passes between Odoo and all its users
    "bus.bus",
    // holds secrets of services that Odoo logs in to, or changes them
    "calendar.provider.config",
    "certificate.certificate",
    "certificate.key",
    // holds secrets of users, or changes them
    "change.password.own",
    "change.password.user",
    "change.password.wizard",
    // holds secrets of services that Odoo logs in to, or changes them
    "fetchmail.server",
    "iap.account",
    // Odoo 20: decides who may do what; took the place of ir.model.access and ir.rule
    "ir.access",
    // runs code
    "ir.actions.server",
    // keeps code of server actions, and puts it back
    "ir.actions.server.history",
    // the settings of the whole Odoo, secrets among them
    "ir.config_parameter",
    // runs code
    "ir.cron",
    // writes records of any model, by names of models and fields that stand in it as text
    "ir.default",
    // shows what passes between Odoo and all its users
    "ir.logging",
    // holds secrets of services that Odoo logs in to, or changes them
    "ir.mail_server",
    // decides who may do what
    "ir.model.access",
    // shows what passes between Odoo and all its users
    "ir.profile",
    // decides who may do what
    "ir.rule",
    // holds secrets of services that Odoo logs in to, or changes them
    "l10n_eg_edi.thumb.drive",
    // mails anybody, with text that Odoo evaluates
    "mail.compose.message",
    // holds secrets of services that Odoo logs in to, or changes them
    "mail.ice.server",
    // holds what makes a session, or a device, somebody's
    "mail.push",
    "mail.push.device",
    // mails anybody, with text that Odoo evaluates
    "mail.template",
    // shows a mail with what Odoo evaluates in it, such as a link that sets a password
    "mail.template.preview",
    // Odoo 20: lets other programs in
    "oauth.authorization.code",
    "oauth.client",
    // holds secrets of services that Odoo logs in to, or changes them
    "payment.provider",
    // writes records of any model, by names of models and fields that stand in it as text
    "privacy.lookup.wizard",
    // shows and rewrites records of any model
    "privacy.lookup.wizard.line",
    // holds secrets of services that Odoo logs in to, or changes them
    "res.company.ldap",
    // the settings of the whole Odoo, secrets among them
    "res.config.settings",
    // holds what makes a session, or a device, somebody's
    "res.device",
    "res.device.log",
    // holds secrets of users, or changes them
    "res.users.apikeys",
    "res.users.apikeys.description",
    "res.users.apikeys.show",
    "res.users.identitycheck",
    // shows and rewrites records of any model
    "reset.view.arch.wizard",
    // keeps code of server actions, and puts it back
    "server.action.history.wizard",
    // shows a mail with what Odoo evaluates in it, such as a link that sets a password
    "sms.template.preview",
    // holds secrets of services that Odoo logs in to, or changes them
    "sms.twilio.account.manage",
];

/// May be read with a permission; nobody changes them through a gate.
pub(super) const WRITING: &[&str] = &[
    // Odoo runs the code that stands in it
    "accounting.assert.test",
    // whoever chooses it decides who may log in
    "auth.oauth.provider",
    // counts the tries of a second factor: without it there is no limit
    "auth.totp.rate.limit.log",
    // Odoo evaluates what stands in it
    "gamification.goal.definition",
    // opened, called or evaluated for whoever clicks it
    "ir.actions.act_url",
    "ir.actions.act_window",
    "ir.actions.act_window.view",
    "ir.actions.act_window_close",
    // may be a server action
    "ir.actions.actions",
    // opened, called or evaluated for whoever clicks it
    "ir.actions.client",
    // Odoo evaluates what stands in it
    "ir.actions.report",
    // opened, called or evaluated for whoever clicks it
    "ir.actions.todo",
    // a script or a style of Odoo's pages
    "ir.asset",
    // a file of any record, or served as a page of Odoo
    "ir.attachment",
    // starts scheduled actions
    "ir.cron.progress",
    "ir.cron.trigger",
    // opened, called or evaluated for whoever clicks it
    "ir.embedded.actions",
    // describes models, fields and modules; clients read it at their start
    "ir.model",
    "ir.model.constraint",
    "ir.model.data",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.model.inherit",
    "ir.model.relation",
    "ir.module.module",
    // opened, called or evaluated for whoever clicks it
    "ir.ui.menu",
    // a template that Odoo runs, or a page made of one
    "ir.ui.view",
    // a template, a script or a page to be, of a theme or of one user
    "ir.ui.view.custom",
    // makes records of whatever model it names, with values that it holds, when mail comes in
    "mail.alias",
    // decides where incoming mail goes, and who may send it
    "mail.alias.domain",
    // mails whom it names
    "mail.followers",
    // decides where incoming mail goes, and who may send it
    "mail.gateway.allowed",
    // a message under anybody's name; who reads it trusts it, and Odoo mails it
    "mail.mail",
    "mail.message",
    // mails whom it names
    "mail.message.schedule",
    "mail.notification",
    // a message under anybody's name; who reads it trusts it, and Odoo mails it
    "mail.scheduled.message",
    "rating.rating",
    // decides who is who and who may do what
    "res.groups",
    "res.users",
    // a scheduled action deletes the users whom it names
    "res.users.deletion",
    // mails whom it names
    "sms.sms",
    // a template, a script or a page to be, of a theme or of one user
    "theme.ir.asset",
    "theme.ir.attachment",
    "theme.ir.ui.view",
    "theme.website.menu",
    "theme.website.page",
    // a template that Odoo runs, or a page made of one
    "website.controller.page",
    "website.page",
];
