//! Fields of which Odoo writes the value somewhere else too; last, the reference that leads there, if it is one.
//! By hand, after the source of all inverses. The side effects of `write` and `create` are not among them.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str, &str)] = &[
    // subscribes contacts, who are mailed what happens next
    ("*", "message_partner_ids", ""),
    // writes an entry of the journal
    ("account.account", "opening_balance", ""),
    ("account.account", "opening_credit", ""),
    ("account.account", "opening_debit", ""),
    // writes the journal entry, posted ones too
    ("account.analytic.line", "analytic_distribution", ""),
    // makes or renames a column of models
    ("account.analytic.plan", "name", ""),
    ("account.analytic.plan", "parent_id", ""),
    // writes the settings of the company, past its access rules
    ("account.automatic.entry.wizard", "expense_accrual_account", ""),
    ("account.automatic.entry.wizard", "journal_id", ""),
    ("account.automatic.entry.wizard", "revenue_accrual_account", ""),
    // writes account.move.l10n_latam_document_number
    ("account.bank.statement.line", "l10n_latam_document_number", ""),
    // writes the account that the code belongs to
    ("account.code.mapping", "code", "account_id"),
    // writes the sequence of numbers, past its access rules
    ("account.journal", "check_next_number", ""),
    // writes journals and taxes
    ("account.move", "l10n_latam_document_number", ""),
    // writes the journal entry, posted ones too
    ("account.move.line", "reconciled_lines_ids", ""),
    // writes the sequence of numbers, past its access rules
    ("account.payment", "check_number", ""),
    // writes the journal entry, posted ones too
    ("account.payment", "memo", ""),
    // makes or writes the journal, or the account at the bank
    ("account.setup.bank.manual.config", "linked_journal_id", ""),
    ("account.setup.bank.manual.config", "new_journal_name", ""),
    ("base.document.layout", "account_number", ""),
    // writes the customer
    ("crm.lead", "email_from", "partner_id"),
    ("crm.lead", "phone", "partner_id"),
    // makes and ends memberships
    ("crm.team", "member_ids", ""),
    // writes the price of a product
    ("delivery.carrier", "fixed_price", "product_id"),
    // makes and ends memberships
    ("discuss.channel", "channel_partner_ids", ""),
    // writes the contact, or makes one
    ("hr.applicant", "email_from", "partner_id"),
    ("hr.applicant", "partner_phone", "partner_id"),
    // writes hr.version.resource_calendar_id
    ("hr.employee", "resource_calendar_id", ""),
    // writes the contact, past its access rules
    ("hr.employee", "work_email", "work_contact_id"),
    ("hr.employee", "work_phone", "work_contact_id"),
    // writes the working hours of the person's resource, or of the employee
    ("hr.version", "resource_calendar_id", ""),
    // writes the users' own settings, past their access rules
    ("im_livechat.expertise", "user_ids", ""),
    // writes resource.resource.calendar_id
    ("mrp.workcenter", "resource_calendar_id", ""),
    // writes the settings of the whole Odoo, past their access rules
    ("nemhandel.registration", "edi_mode", ""),
    // writes the settings of the company, past its access rules
    ("peppol.config.wizard", "peppol_activate_self_billing", ""),
    // writes res.company.peppol_self_billing_reception_journal_id
    ("peppol.config.wizard", "peppol_self_billing_reception_journal_id", ""),
    // changes the stock
    ("product.product", "qty_available", ""),
    // writes product.template.serial_prefix_format
    ("product.product", "serial_prefix_format", ""),
    // changes the stock
    ("product.template", "qty_available", ""),
    // writes the sequence of numbers, past its access rules
    ("product.template", "serial_prefix_format", ""),
    // writes message types of all projects, and tasks
    ("project.project", "allow_task_dependencies", ""),
    // writes the analytic account
    ("project.project", "company_id", "account_id"),
    // writes the customer
    ("project.task", "partner_phone", "partner_id"),
    // writes lines of bills and of purchase orders
    ("purchase.bill.line.match", "product_uom_price", ""),
    ("purchase.bill.line.match", "product_uom_qty", ""),
    // writes the company's contact
    ("res.company", "city", "partner_id"),
    ("res.company", "color", "partner_id"),
    ("res.company", "country_id", "partner_id"),
    // writes journals and taxes
    ("res.company", "l10n_in_is_gst_registered", ""),
    ("res.company", "l10n_in_tcs_feature", ""),
    ("res.company", "l10n_in_tds_feature", ""),
    // writes the company's contact
    ("res.company", "l10n_sa_edi_building_number", "partner_id"),
    ("res.company", "l10n_sa_edi_plot_identification", "partner_id"),
    // writes journals and taxes
    ("res.company", "l10n_tr_nilvera_purchase_journal_id", ""),
    ("res.company", "peppol_purchase_journal_id", ""),
    ("res.company", "peppol_self_billing_reception_journal_id", ""),
    // writes the company's contact
    ("res.company", "state_id", "partner_id"),
    ("res.company", "street", "partner_id"),
    ("res.company", "street2", "partner_id"),
    ("res.company", "zip", "partner_id"),
    // writes res.company.peppol_purchase_journal_id
    ("res.config.settings", "account_peppol_purchase_journal_id", ""),
    // writes res.company.l10n_in_is_gst_registered
    ("res.config.settings", "l10n_in_is_gst_registered", ""),
    // writes res.company.l10n_in_tcs_feature
    ("res.config.settings", "l10n_in_tcs_feature", ""),
    // writes res.company.l10n_in_tds_feature
    ("res.config.settings", "l10n_in_tds_feature", ""),
    // writes res.company.l10n_tr_nilvera_purchase_journal_id
    ("res.config.settings", "l10n_tr_nilvera_purchase_journal_id", ""),
    // writes resource.resource.calendar_id
    ("res.users", "resource_calendar_id", ""),
    // writes hr.employee.work_email
    ("res.users", "work_email", ""),
    // writes hr.employee.work_phone
    ("res.users", "work_phone", ""),
    // writes the working hours of the person's resource, or of the employee
    ("resource.resource", "calendar_id", ""),
    // books and frees booths
    ("sale.order.line", "event_booth_pending_ids", ""),
    // changes the stock
    ("stock.lot", "location_id", ""),
    // gives the product a value in the books
    ("stock.move", "value_manual", ""),
    // puts the transfer under another order
    ("stock.picking", "sale_id", ""),
    // writes the sequence of numbers
    ("stock.picking.type", "l10n_ar_delivery_sequence_prefix", ""),
    ("stock.picking.type", "l10n_ar_next_delivery_number", ""),
    // changes the stock
    ("stock.quant", "inventory_quantity_auto_apply", ""),
    // writes the settings of the whole Odoo, past their access rules
    ("stock.request.count", "show_expected_quantity", ""),
    // writes routes, which other warehouses share
    ("stock.warehouse", "buy_to_resupply", ""),
    ("stock.warehouse", "manufacture_to_resupply", ""),
    // writes the page, or the menu that shows it
    ("website.page.properties", "is_homepage", ""),
    ("website.page.properties", "is_in_menu", ""),
    ("website.page.properties", "is_published", ""),
    ("website.page.properties.base", "is_homepage", ""),
    ("website.page.properties.base", "is_in_menu", ""),
    ("website.page.properties.base", "is_published", ""),
];
