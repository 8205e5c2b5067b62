//! References of lines that are emptied when the line is taken out of an x2many field: they do not cascade, so the
//! line is written and not deleted. The line's model and its reference, `relation` and `relation_field` in Odoo.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str)] = &[
    // `ondelete`: set null
    ("account.analytic.account", "partner_id"),
    // `ondelete`: restrict
    ("account.analytic.account", "plan_id"),
    // `ondelete`: set null
    ("account.analytic.applicability", "analytic_plan_id"),
    ("account.analytic.line", "auto_account_id"),
    ("account.analytic.line", "holiday_id"),
    ("account.analytic.line", "project_id"),
    ("account.analytic.line", "so_line"),
    ("account.analytic.line", "task_id"),
    ("account.analytic.line", "timesheet_invoice_id"),
    ("account.bank.statement.line", "pos_session_id"),
    ("account.bank.statement.line", "statement_id"),
    ("account.code.mapping", "account_id"),
    // `ondelete`: restrict
    ("account.fiscal.position", "company_id"),
    ("account.journal", "bank_account_id"),
    ("account.journal", "company_id"),
    // `ondelete`: set null
    ("account.move", "debit_origin_id"),
    ("account.move", "l10n_es_edi_verifactu_substituted_entry_id"),
    ("account.move", "l10n_id_coretax_document"),
    ("account.move", "l10n_in_withholding_ref_move_id"),
    ("account.move", "l10n_in_withholding_ref_payment_id"),
    ("account.move", "l10n_it_ddt_id"),
    ("account.move", "l10n_it_edi_doi_id"),
    // `ondelete`: restrict
    ("account.move", "partner_bank_id"),
    ("account.move", "partner_id"),
    // `ondelete`: set null
    ("account.move", "reversed_entry_id"),
    ("account.move", "reversed_pos_order_id"),
    ("account.move", "tax_cash_basis_origin_move_id"),
    ("account.move.line", "full_reconcile_id"),
    ("account.move.line", "purchase_line_id"),
    // `ondelete`: restrict
    ("account.partial.reconcile", "credit_move_id"),
    ("account.partial.reconcile", "debit_move_id"),
    // `ondelete`: set null
    ("account.partial.reconcile", "exchange_move_id"),
    ("account.partial.reconcile", "full_reconcile_id"),
    ("account.payment", "move_id"),
    ("account.payment", "pos_session_id"),
    ("account.payment.method.line", "journal_id"),
    ("account.report", "root_report_id"),
    ("account.report.column", "report_id"),
    ("account.report.line", "parent_id"),
    ("account.tax", "l10n_in_section_id"),
    // `ondelete`: restrict
    ("account_edi_proxy_client.user", "company_id"),
    // `ondelete`: set null
    ("account_peppol.service", "wizard_id"),
    ("auth.passkey.key", "create_uid"),
    ("barcode.rule", "barcode_nomenclature_id"),
    ("base.partner.merge.line", "wizard_id"),
    ("blog.tag", "category_id"),
    ("calendar.event", "applicant_id"),
    ("calendar.event", "opportunity_id"),
    ("calendar.event", "recurrence_id"),
    ("calendar.event", "videocall_channel_id"),
    // `ondelete`: restrict
    ("chatbot.script", "operator_partner_id"),
    // `ondelete`: set null
    ("crm.lead", "event_id"),
    ("crm.lead", "event_lead_rule_id"),
    ("crm.lead", "lead_mining_request_id"),
    ("crm.lead", "origin_channel_id"),
    ("crm.lead", "origin_survey_id"),
    ("crm.lead", "partner_id"),
    ("crm.lead", "reveal_rule_id"),
    ("crm.lead.assignation", "forward_id"),
    ("discuss.call.history", "start_call_message_id"),
    ("discuss.channel", "livechat_channel_id"),
    ("discuss.channel", "livechat_visitor_id"),
    // `ondelete`: none
    ("discuss.channel.rtc.session", "channel_id"),
    ("discuss.channel.rtc.session", "partner_id"),
    // `ondelete`: restrict
    ("event.booth", "booth_category_id"),
    // `ondelete`: none
    ("event.booth", "sale_order_id"),
    // `ondelete`: set null
    ("event.booth", "sale_order_line_id"),
    // `ondelete`: restrict
    ("event.booth.registration", "event_booth_id"),
    ("event.event.ticket", "product_id"),
    // `ondelete`: set null
    ("event.quiz", "event_track_id"),
    // `ondelete`: restrict
    ("event.registration", "event_id"),
    ("event.registration", "event_slot_id"),
    ("event.registration", "event_ticket_id"),
    // `ondelete`: set null
    ("event.registration", "visitor_id"),
    // `ondelete`: restrict
    ("event.sponsor", "event_id"),
    ("event.track", "event_id"),
    // `ondelete`: set null
    ("event.track.tag", "category_id"),
    ("fleet.vehicle", "driver_employee_id"),
    // `ondelete`: restrict
    ("fleet.vehicle.assignation.log", "vehicle_id"),
    ("fleet.vehicle.log.contract", "vehicle_id"),
    // `ondelete`: set null
    ("fleet.vehicle.log.services", "account_move_line_id"),
    // `ondelete`: restrict
    ("fleet.vehicle.log.services", "vehicle_id"),
    ("fleet.vehicle.model", "brand_id"),
    ("forum.post", "forum_id"),
    ("forum.tag", "forum_id"),
    // `ondelete`: set null
    ("gamification.badge.user", "employee_id"),
    ("gamification.challenge", "reward_id"),
    ("hr.applicant", "employee_id"),
    ("hr.applicant", "job_id"),
    ("hr.applicant", "partner_id"),
    // `ondelete`: restrict
    ("hr.attendance.overtime.rule", "ruleset_id"),
    // `ondelete`: set null
    ("hr.department", "parent_id"),
    // `ondelete`: none
    ("hr.employee", "department_id"),
    ("hr.employee", "job_id"),
    // `ondelete`: set null
    ("hr.employee", "parent_id"),
    // `ondelete`: restrict
    ("hr.employee", "resource_id"),
    ("hr.employee", "user_id"),
    // `ondelete`: set null
    ("hr.employee", "work_contact_id"),
    ("hr.employee.public", "parent_id"),
    ("hr.expense", "account_move_id"),
    ("hr.expense", "sale_order_id"),
    ("hr.expense", "sale_order_line_id"),
    ("hr.expense.split", "wizard_id"),
    ("hr.job", "department_id"),
    ("hr.job", "survey_id"),
    ("hr.leave.accrual.plan", "time_off_type_id"),
    ("hr.leave.allocation", "accrual_plan_id"),
    ("hr.leave.type", "work_entry_type_id"),
    ("hr.version", "employee_id"),
    ("im_livechat.channel.member.history", "member_id"),
    ("im_livechat.channel.rule", "channel_id"),
    ("ir.actions.report", "paperformat_id"),
    ("ir.asset", "theme_template_id"),
    // `ondelete`: none
    ("ir.attachment", "res_id"),
    // `ondelete`: set null
    ("ir.attachment", "theme_template_id"),
    // `ondelete`: restrict
    ("ir.cron", "ir_actions_server_id"),
    // `ondelete`: set null
    ("ir.demo_failure", "wizard_id"),
    // `ondelete`: restrict
    ("ir.model.access", "group_id"),
    // `ondelete`: set null
    ("ir.module.category", "parent_id"),
    ("ir.module.module", "category_id"),
    // `ondelete`: restrict
    ("ir.ui.menu", "parent_id"),
    ("ir.ui.view", "inherit_id"),
    // `ondelete`: set null
    ("ir.ui.view", "theme_template_id"),
    ("l10n.in.ewaybill", "account_move_id"),
    ("l10n.in.ewaybill", "picking_id"),
    // `ondelete`: restrict
    ("l10n_br.zip.range", "city_id"),
    // `ondelete`: set null
    ("l10n_es_edi_verifactu.document", "move_id"),
    ("l10n_es_edi_verifactu.document", "pos_order_id"),
    ("l10n_gr_edi.preferred_classification", "fiscal_position_id"),
    ("l10n_gr_edi.preferred_classification", "product_template_id"),
    // `ondelete`: restrict
    ("l10n_it_edi_doi.declaration_of_intent", "partner_id"),
    // `ondelete`: set null
    ("l10n_latam.check", "outstanding_line_id"),
    ("l10n_ro_edi.document", "batch_id"),
    ("l10n_ro_edi.document", "invoice_id"),
    ("l10n_ro_edi.document", "picking_id"),
    ("l10n_tr.nilvera.alias", "partner_id"),
    // `ondelete`: restrict
    ("l10n_vn_edi_viettel.sinvoice.symbol", "invoice_template_id"),
    // `ondelete`: set null
    ("link.tracker.click", "mailing_trace_id"),
    // `ondelete`: restrict
    ("loyalty.card", "program_id"),
    // `ondelete`: none
    ("mail.activity", "res_id"),
    ("mail.followers", "res_id"),
    // `ondelete`: set null
    ("mail.group.message", "group_message_parent_id"),
    ("mail.mail", "fetchmail_server_id"),
    ("mail.message", "parent_id"),
    // `ondelete`: none
    ("mail.message", "res_id"),
    // `ondelete`: set null
    ("mail.template", "mail_server_id"),
    ("mailing.mailing", "campaign_id"),
    ("mailing.mailing", "card_campaign_id"),
    ("mailing.mailing", "mail_server_id"),
    ("mailing.trace", "mail_mail_id"),
    // `ondelete`: none
    ("mailing.trace", "sms_id_int"),
    // `ondelete`: set null
    ("maintenance.equipment", "category_id"),
    ("maintenance.equipment", "employee_id"),
    ("maintenance.equipment", "maintenance_team_id"),
    // `ondelete`: none
    ("maintenance.request", "category_id"),
    // `ondelete`: restrict
    ("maintenance.request", "equipment_id"),
    ("maintenance.request", "maintenance_team_id"),
    // `ondelete`: set null
    ("mrp.account.wip.accounting.line", "wip_accounting_id"),
    ("mrp.bom", "product_id"),
    // `ondelete`: restrict
    ("mrp.bom", "product_tmpl_id"),
    ("mrp.bom.line", "product_id"),
    // `ondelete`: none
    ("mrp.bom.line", "product_tmpl_id"),
    // `ondelete`: set null
    ("mrp.production", "production_group_id"),
    ("mrp.production.split", "production_split_multi_id"),
    // `ondelete`: restrict
    ("mrp.routing.workcenter", "workcenter_id"),
    // `ondelete`: set null
    ("mrp.unbuild", "mo_id"),
    // `ondelete`: restrict
    ("mrp.workcenter.capacity", "workcenter_id"),
    ("mrp.workcenter.productivity", "workcenter_id"),
    // `ondelete`: set null
    ("mrp.workcenter.productivity", "workorder_id"),
    ("mrp.workorder", "operation_id"),
    // `ondelete`: restrict
    ("mrp.workorder", "production_id"),
    ("mrp.workorder", "workcenter_id"),
    // `ondelete`: set null
    ("payment.method", "primary_payment_method_id"),
    // `ondelete`: restrict
    ("payment.token", "partner_id"),
    // `ondelete`: set null
    ("payment.transaction", "source_transaction_id"),
    // `ondelete`: restrict
    ("payment.transaction", "token_id"),
    // `ondelete`: set null
    ("pos.category", "parent_id"),
    ("pos.config", "crm_team_id"),
    ("pos.order", "account_move"),
    ("pos.order", "partner_id"),
    ("pos.order", "session_id"),
    ("pos.order.line", "combo_parent_id"),
    ("pos.order.line", "course_id"),
    ("pos.order.line", "refunded_orderline_id"),
    ("pos.order.line", "sale_order_line_id"),
    ("pos.order.line", "sale_order_origin_id"),
    ("pos.pack.operation.lot", "pos_order_line_id"),
    ("pos.payment", "account_move_id"),
    // `ondelete`: restrict
    ("pos.payment.method", "journal_id"),
    ("pos.session", "config_id"),
    // `ondelete`: set null
    ("pos.session", "move_id"),
    ("privacy.lookup.wizard.line", "wizard_id"),
    ("product.attribute", "category_id"),
    // `ondelete`: none
    ("product.document", "res_id"),
    // `ondelete`: set null
    ("product.supplierinfo", "purchase_requisition_line_id"),
    // `ondelete`: restrict
    ("product.template.attribute.line", "attribute_id"),
    // `ondelete`: none
    ("product.template.attribute.value", "attribute_id"),
    // `ondelete`: set null
    ("product.wishlist", "partner_id"),
    // `ondelete`: restrict
    ("project.collaborator", "project_id"),
    // `ondelete`: set null
    ("project.milestone", "sale_line_id"),
    ("project.project", "account_id"),
    ("project.project", "partner_id"),
    // `ondelete`: restrict
    ("project.sale.line.employee.map", "project_id"),
    // `ondelete`: set null
    ("project.share.collaborator.wizard", "parent_wizard_id"),
    ("project.task", "milestone_id"),
    ("project.task", "parent_id"),
    ("project.task", "partner_id"),
    ("project.task", "project_id"),
    ("project.task", "recurrence_id"),
    ("project.template.role.to.users.map", "wizard_id"),
    // `ondelete`: restrict
    ("project.update", "project_id"),
    // `ondelete`: set null
    ("purchase.order", "purchase_group_id"),
    ("purchase.order", "requisition_id"),
    // `ondelete`: none
    ("purchase.order.line", "partner_id"),
    // `ondelete`: restrict
    ("purchase.order.line", "product_id"),
    // `ondelete`: set null
    ("purchase.order.line", "sale_line_id"),
    ("purchase.requisition.line", "move_dest_id"),
    // `ondelete`: none
    ("rating.rating", "parent_res_id"),
    ("rating.rating", "res_id"),
    // `ondelete`: set null
    ("registration.editor.line", "editor_id"),
    ("repair.order", "picking_id"),
    ("repair.order", "sale_order_id"),
    ("res.company", "alias_domain_id"),
    // `ondelete`: restrict
    ("res.company", "parent_id"),
    ("res.company", "partner_id"),
    ("res.country.state", "country_id"),
    // `ondelete`: set null
    ("res.device", "user_id"),
    ("res.groups", "privilege_id"),
    ("res.groups.privilege", "category_id"),
    ("res.partner", "assigned_partner_id"),
    // `ondelete`: restrict
    ("res.partner", "l10n_in_pan_entity_id"),
    // `ondelete`: set null
    ("res.partner", "parent_id"),
    ("res.partner", "property_stock_subcontractor"),
    // `ondelete`: restrict
    ("res.users", "partner_id"),
    // `ondelete`: set null
    ("res.users", "rank_id"),
    ("res.users.log", "create_uid"),
    ("resource.calendar", "company_id"),
    ("resource.calendar.leaves", "calendar_id"),
    ("resource.resource", "user_id"),
    ("restaurant.table", "floor_id"),
    ("sale.order", "l10n_it_edi_doi_id"),
    ("sale.order", "opportunity_id"),
    // `ondelete`: restrict
    ("sale.order", "partner_id"),
    // `ondelete`: set null
    ("sale.order.line", "event_id"),
    ("slide.channel", "forum_id"),
    ("slide.channel", "product_id"),
    ("slide.slide", "category_id"),
    ("slide.slide", "survey_id"),
    ("snailmail.letter", "message_id"),
    // `ondelete`: restrict
    ("spreadsheet.dashboard", "dashboard_group_id"),
    // `ondelete`: set null
    ("stock.backorder.confirmation.line", "backorder_confirmation_id"),
    ("stock.landed.cost", "vendor_bill_id"),
    ("stock.location", "location_id"),
    ("stock.location", "storage_category_id"),
    ("stock.move", "account_move_id"),
    ("stock.move", "consume_unbuild_id"),
    ("stock.move", "created_production_id"),
    ("stock.move", "origin_returned_move_id"),
    ("stock.move", "picking_id"),
    // `ondelete`: restrict
    ("stock.move", "product_id"),
    // `ondelete`: set null
    ("stock.move", "purchase_line_id"),
    ("stock.move", "repair_id"),
    ("stock.move", "sale_line_id"),
    ("stock.move", "scrap_id"),
    ("stock.move", "unbuild_id"),
    ("stock.move", "workorder_id"),
    // `ondelete`: restrict
    ("stock.move.line", "location_dest_id"),
    ("stock.move.line", "location_id"),
    // `ondelete`: set null
    ("stock.move.line", "move_id"),
    ("stock.move.line", "package_history_id"),
    ("stock.move.line", "picking_id"),
    ("stock.move.line", "workorder_id"),
    ("stock.package", "package_dest_id"),
    ("stock.package", "parent_package_id"),
    ("stock.picking", "backorder_id"),
    ("stock.picking", "batch_id"),
    ("stock.picking", "pos_order_id"),
    ("stock.picking", "pos_session_id"),
    ("stock.picking", "return_id"),
    ("stock.picking", "sale_id"),
    // `ondelete`: restrict
    ("stock.quant", "location_id"),
    ("stock.quant", "lot_id"),
    ("stock.quant", "package_id"),
    ("stock.quant", "product_id"),
    // `ondelete`: set null
    ("stock.replenishment.option", "replenishment_info_id"),
    ("stock.return.picking.line", "wizard_id"),
    ("stock.route", "supplied_wh_id"),
    ("stock.scrap", "production_id"),
    ("stock.scrap", "workorder_id"),
    // `ondelete`: restrict
    ("stock.warehouse", "view_location_id"),
    // `ondelete`: set null
    ("survey.survey", "certification_badge_id"),
    ("survey.survey", "team_id"),
    ("survey.user_input", "applicant_id"),
    ("survey.user_input", "slide_partner_id"),
    ("website", "salesteam_id"),
    ("website.menu", "theme_template_id"),
    ("website.page", "theme_template_id"),
    ("website.sale.extra.field", "website_id"),
    ("website.visitor", "partner_id"),
];
