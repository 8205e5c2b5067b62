//! Keys of the context.
//! Those of `READ` were found by syntax tree; `default_*` is left out there.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

/// Open in every call.
pub(super) const OPEN: &[&str] = &["active_test", "allowed_company_ids", "bin_size", "lang", "prefetch_fields", "tz"];

/// Open in every call, whatever follows.
pub(super) const OPEN_PREFIXES: &[&str] = &["bin_size_"];

/// Of web clients; left out of what is forwarded.
pub(super) const LEFT_OUT: &[&str] =
    &["active_domain", "current_company_id", "display_default_code", "group_by", "orderedBy", "params"];

/// Left out, whatever follows.
pub(super) const LEFT_OUT_PREFIXES: &[&str] = &["search_default_"];

/// Left out, whatever stands in front.
pub(super) const LEFT_OUT_SUFFIXES: &[&str] = &["_view_ref"];

/// All others that Odoo's code and templates read, with the modules that do.
pub(super) const READ: &[&str] = &[
    // base_automation
    "__action_done",
    "__action_feedback",
    // orm, website_slides
    "__copy_data_seen",
    // orm
    "__copy_translations_seen",
    "__m2o_order_seen",
    "__m2o_order_seen_sorted",
    // base
    "__qweb_loaded_codes",
    "__qweb_loaded_functions",
    "__qweb_loaded_options",
    // html_editor
    "__views_get_original_hierarchy",
    // hr
    "_allow_read_hr_employee",
    // website
    "_converter_value",
    // base
    "_force_unlink",
    // base, orm
    "_import_current_module",
    // orm
    "_import_limit",
    // base
    "_partners_skip_fields_sync",
    // pos_self_order
    "_pos_self_order",
    // base
    "_qweb_error_path_xml",
    "_skip_primary_extensions_check",
    // account
    "account_default_taxes",
    "account_id",
    "account_journal_skip_alias_sync",
    // analytic
    "account_report_analytic_groupby",
    // account
    "account_unmerge_confirm",
    // sale
    "accounts",
    // account, purchase, purchase_stock …
    "accrual_entry_date",
    // account
    "action_name",
    // loyalty
    "action_no_send_mail",
    // hr_recruitment_skills
    "active_applicant_id",
    // account, account_payment, base …
    "active_id",
    // account, account_debit_note, account_edi …
    "active_ids",
    // mrp
    "active_mo_id",
    // account, account_debit_note, account_payment …
    "active_model",
    // stock_picking_batch
    "active_owner_id",
    // stock
    "active_picking_id",
    // repair
    "active_repair_id",
    // stock_picking_batch
    "active_wave_id",
    // mail
    "activity_previous_deadline",
    // website_sale
    "add2cart_rerender",
    // account
    "add_caba_vals",
    // mail
    "add_channels_last_message",
    // stock_picking_batch
    "add_to_existing_batch",
    // website
    "adding_designer_group_to_menu",
    // stock
    "all_move_line_ids",
    // hr_holidays
    "allocation_skip_state_check",
    // sale_project, sale_timesheet
    "allow_billable",
    // project
    "allow_milestones",
    // mrp
    "allow_more",
    // stock
    "allow_parent_move_picked_reset",
    // account
    "allow_partners_without_mail",
    // project
    "allow_task_dependencies",
    // hr_timesheet, sale_timesheet
    "allow_timesheets",
    // mrp
    "always_backorder_mo_ids",
    // stock
    "always_show_loc",
    // account
    "analytic_ids",
    // analytic
    "analytic_plan_id",
    // account
    "append_fields",
    // website
    "apply_new_theme",
    // google_calendar
    "archive_on_error",
    // mrp
    "attached_on_bom",
    // base
    "attachments_mime_plainxml",
    // stock
    "avoid_putaway_rules",
    // google_calendar
    "base_url",
    // stock_picking_batch
    "batches_to_validate",
    // l10n_es_edi_tbai
    "batuz_correction",
    // hr
    "before_date",
    // mrp
    "bom_id",
    "bom_id_invisible",
    "bom_overview_picking_type_id",
    "bom_overview_product_qty",
    // mrp_subcontracting
    "bom_product_ids",
    // purchase_mrp
    "bom_variant_id",
    // product_expiry, stock, stock_sms
    "button_validate_picking_ids",
    // account
    "bypass_audit",
    // mrp, mrp_subcontracting_purchase, purchase_stock …
    "bypass_delay_description",
    // mrp
    "bypass_duration_calculation",
    // stock
    "bypass_entire_pack",
    "bypass_global_horizon_days",
    // account
    "bypass_lock_check",
    // point_of_sale
    "bypass_payment_method_ids_forbidden_change",
    // account
    "caba_no_transition_account",
    // base
    "cache_translation_data",
    // calendar
    "calendar_event_meeting_update",
    // mrp_subcontracting, stock
    "cancel_backorder",
    // mail_bot
    "canned_response_ids",
    // delivery, sale_gelato
    "carrier_recompute",
    // repair
    "catalog_bom_product_ids",
    // sale
    "catalog_skip_tracking",
    // product
    "categ_id",
    // base
    "category_id",
    // hr_skills
    "certificate_skill",
    // account
    "chain_info_warnings",
    // base_automation
    "changed_fields",
    // im_livechat, mail
    "channels",
    // account
    "chart_template_load",
    // hr
    "chat_icon",
    // im_livechat
    "chatbot_script_answer_display_short_name",
    // sale
    "check_document_layout",
    // resource
    "check_idempotence",
    // base, orm
    "check_translations",
    // base
    "check_view_ids",
    // product
    "child_field",
    // account
    "clear_sequence_mixin_cache",
    // mail
    "clicked_on_full_composer",
    // auth_totp
    "code",
    // account_test
    "column_order",
    // gamification
    "commit_gamification",
    // account, account_edi_ubl_cii, account_peppol …
    "company",
    // base
    "company_hide",
    // base, base_vat, mrp …
    "company_id",
    // hr_expense
    "company_paid_move_ids",
    // mrp
    "components_closest_forecasted",
    // mail
    "composer_force_res_ids",
    // calendar
    "composition_mode",
    // account
    "compute_all_use_raw_base_lines",
    // resource
    "compute_leaves",
    // point_of_sale
    "config_ids",
    // purchase_stock
    "conversion_date",
    // website
    "cookies_allowed",
    // project
    "copy_from_project_template",
    "copy_from_template",
    "copy_project",
    // stock_account
    "cost_method",
    // product
    "country_code",
    // base
    "country_id",
    // hr_timesheet
    "create",
    // sale_timesheet
    "create_for_employee_mapping",
    // sale_project
    "create_for_project_id",
    "create_for_task_id",
    // website_livechat
    "create_from_website",
    // product
    "create_product_product",
    // sale_timesheet
    "create_project_employee_mapping",
    // auth_signup
    "create_user",
    // point_of_sale
    "create_variant_never",
    // crm
    "crm_formatted_display_name_team",
    "crm_lead_view_hide_month",
    // crm_iap_mine
    "crm_lead_view_list_short",
    // base
    "cron_end_time",
    // base, crm_iap_enrich, mail
    "cron_id",
    // loyalty
    "currency_symbol",
    // product
    "current_attributes_price_extra",
    // account_edi_ubl_cii
    "custom_template_facturx",
    // base_import_module
    "data_module",
    // base, calendar, product
    "date",
    // stock
    "date_deadline_propagate_ids",
    // hr_work_entry
    "date_end",
    // account, product_margin
    "date_from",
    // hr_work_entry
    "date_start",
    // account, product_margin
    "date_to",
    // base, website
    "debug",
    // hr_holidays_attendance
    "deduct_extra_hours",
    "deduct_extra_hours_employee_request",
    // account
    "defer_account_code_checks",
    // account, l10n_in
    "delay_account_group_sync",
    // payment
    "delay_token_charge",
    // orm
    "delay_translations",
    // base
    "dev_mode",
    // point_of_sale, pos_self_order
    "device_identifier",
    // digest
    "digest_slowdown",
    // account
    "disable_abnormal_invoice_detection",
    "disable_attachment_import",
    // stock_account
    "disable_auto_revaluation",
    // product
    "disable_company_pricelist_creation",
    // iap
    "disable_iap_fetch",
    "disable_iap_update",
    // product
    "disable_product_documents_creation",
    // sale_project
    "disable_project_task_generation",
    // account, base, sale
    "discard_logo_check",
    // account
    "display_account_trust",
    // mrp
    "display_bom_uom_qty",
    // stock
    "display_complete",
    // hr_attendance
    "display_extra_hours",
    // website
    "display_key",
    // project
    "display_milestone_deadline",
    // stock
    "display_stock",
    // website
    "display_website",
    // stock
    "do_not_check_quant",
    "do_not_unreserve",
    // base
    "domain_bounce_address",
    // account
    "domain_cumulated_balance",
    // base
    "domain_notifications_email",
    // mail
    "domain_post",
    // calendar, google_calendar, microsoft_calendar
    "dont_notify",
    // account
    "dont_redirect_to_payments",
    // website_sale
    "dynamic_filter",
    // account
    "dynamic_fiscal_position_id",
    "dynamic_unlink",
    // base, orm, website
    "edit_translations",
    // mail
    "email_notification_allow_footer",
    "email_notification_allow_header",
    "email_notification_force_footer",
    "email_notification_force_header",
    // hr_holidays, hr_holidays_attendance
    "employee_id",
    // hr
    "employee_termination",
    // resource
    "employee_timezone",
    // mail
    "empty_list_help_document_name",
    "empty_list_help_id",
    "empty_list_help_model",
    // digest
    "end_datetime",
    // l10n_es, l10n_es_edi_sii
    "error_1117",
    // event_crm
    "event_lead_rule_skip",
    // event
    "event_mail_registration_ids",
    // account
    "example_date",
    // stock
    "exclude_sml_ids",
    // account, hr, l10n_it_edi_doi
    "expand",
    // mail
    "fetchmail_cron_running",
    // html_editor
    "field",
    // stock_account
    "fifo_qty_already_processed",
    // orm, web
    "fill_temporal",
    // orm
    "filter_function_reset_sudo",
    // event, event_sms
    "filter_template_on_event",
    // mail
    "filters",
    // stock
    "fixed_category",
    "fixed_location",
    // stock_fleet
    "for_dock_location",
    // website
    "force_action",
    // orm, product_margin
    "force_company",
    // mrp
    "force_date",
    // base
    "force_deactivate",
    // account, l10n_es_edi_tbai
    "force_delete",
    // base, mail
    "force_email",
    // base_geolocalize
    "force_geo_localize",
    // mrp_subcontracting
    "force_lot_m2o",
    // mrp
    "force_manual_consumption",
    // stock
    "force_move_lines",
    // account
    "force_new_tax_active",
    // stock
    "force_orderpoint_recompute",
    // account
    "force_payment_move",
    // stock_account
    "force_period_date",
    // account
    "force_price_include",
    // sale
    "force_price_recomputation",
    // base
    "force_report_rendering",
    // web
    "force_search_count",
    // sale
    "force_split_lines",
    // stock
    "force_split_uom_id",
    // website_sale
    "force_user_recomputation",
    // mrp
    "force_warehouse_id",
    // l10n_es_edi_facturae
    "forced_invoice",
    // account
    "forced_rate_from_register_payment",
    // orm
    "foreign_record_to_create",
    // account, base, crm …
    "formatted_display_name",
    // website_crm_partner_assign
    "forward_type",
    // account
    "from_alias",
    // analytic, mrp, stock
    "from_date",
    // hr_timesheet, project_account, project_hr_expense …
    "from_embedded_action",
    // pos_hr
    "from_frontend",
    // stock
    "from_inverse_qty",
    // mass_mailing
    "from_mailing_list_ids",
    // purchase_stock, stock
    "from_orderpoint",
    // stock
    "from_package_wizard",
    // project_mrp
    "from_project_action",
    // stock
    "from_request_count",
    // sale_project
    "from_sale_order_action",
    // point_of_sale
    "from_settings_view",
    // hr_skills
    "from_skill_dropdown",
    // hr_expense
    "from_split_wizard",
    // mrp_subcontracting
    "from_subcontract",
    // stock_picking_batch
    "from_wave_form",
    // mrp
    "from_workorder",
    // microsoft_calendar
    "full_sync_m",
    // sale_project
    "gantt_scale",
    // hr_attendance, sale_project
    "gantt_start_date",
    // sale_project
    "generate_milestone",
    // l10n_my_edi_pos, point_of_sale
    "generate_pdf",
    // stock
    "global_horizon_days",
    // project_account
    "group_by_date",
    // product
    "group_expand",
    // hr_holidays
    "groupby",
    // mail
    "guest",
    // purchase
    "has_products",
    // account
    "has_tax",
    "hash_version",
    // sale_project
    "hide_allow_billable",
    // stock
    "hide_available",
    // sale
    "hide_default_template",
    // hr_holidays
    "hide_employee_name",
    // website_crm_partner_assign
    "hide_forward_type",
    // stock
    "hide_location",
    "hide_lot",
    // base
    "hide_model",
    // account
    "hide_original_tax_ids",
    // stock
    "hide_package_type",
    // sale_project
    "hide_partner",
    // sale_service
    "hide_partner_ref",
    // account
    "hide_payment_journal_id",
    // sale_pdf_quote_builder
    "hide_pdf_quote_builder",
    // sale_timesheet
    "hide_so_line",
    // hr_timesheet
    "hide_timesheet_ids",
    // website_sale
    "hide_variants",
    "hide_website_column",
    // hr, product
    "hierarchical_naming",
    // hr_holidays, hr_holidays_attendance
    "holiday_status_display_name",
    // hr_recruitment
    "hr_recruitment_stage_mono",
    // hr_timesheet
    "hr_timesheet_display_remaining_hours",
    // hr_work_entry
    "hr_work_entry_no_check",
    // website
    "html_IrQweb",
    "html_cta_data",
    "html_text_generation_target_lang",
    "html_text_must_be_translated_for_openai",
    // base
    "id",
    // stock
    "ignore_dest_packages",
    // account
    "ignore_exceptions",
    // account_fleet
    "ignore_linked_bill_constraint",
    // account
    "ignore_missing_tags",
    // mrp
    "ignore_mo_ids",
    // purchase_stock
    "ignore_vendor_lead_time",
    // hr_holidays
    "ignored_leave_ids",
    // im_livechat
    "im_livechat_channel_id",
    "im_livechat_hide_partner_company",
    // base
    "image_no_postprocess",
    "import_cache",
    // orm
    "import_compat",
    // account, auth_signup, base …
    "import_file",
    // base
    "import_flush",
    // base_import
    "import_options",
    // base
    "import_set_empty_fields",
    // base, orm
    "import_skip_records",
    // sale, sale_crm
    "in_sales_app",
    // account
    "include_business_fields",
    // purchase_stock
    "include_draft_documents",
    // base, website
    "inherit_branding",
    // base
    "inherit_branding_auto",
    // account
    "input_full_display_name",
    // base, mail, website
    "install_filename",
    // auth_signup, base, event …
    "install_mode",
    // base, html_editor, orm
    "install_module",
    // base
    "install_xmlid",
    // l10n_ch
    "inv_ids",
    // stock
    "inventory_mode",
    // stock, stock_account
    "inventory_name",
    // stock
    "inventory_report_mode",
    // crm
    "invisible_country",
    // hr_recruitment
    "invisible_department",
    // stock
    "invisible_handle",
    // account
    "invoice_report_view_hide_invoice_date",
    // product_margin
    "invoice_state",
    // base
    "ir_cron_progress_id",
    "ir_sequence_date",
    "ir_sequence_date_range",
    "ir_ui_view_partial_validation",
    "ir_ui_view_tree_cut_off_view",
    "is_action_res_users",
    // calendar
    "is_calendar_event_new",
    // stock
    "is_done",
    // event
    "is_event_multi_slots",
    // barcodes_gs1_nomenclature
    "is_gs1",
    // base, crm_iap_mine, website
    "is_modal",
    // hr_timesheet
    "is_my_timesheets",
    // l10n_id
    "is_online_qr",
    // account
    "is_payment",
    // hr_timesheet
    "is_project_sharing",
    // google_calendar
    "is_recurrence",
    // purchase
    "is_reminder",
    // mrp, stock
    "is_scrap",
    // account
    "is_statement_line",
    // stock
    "is_stock_report",
    "is_storable",
    // mrp_subcontracting
    "is_subcontracting_portal",
    // hr_timesheet
    "is_timesheet",
    // account
    "journal_id",
    "journal_type",
    // hr_recruitment
    "just_moved",
    "just_unarchived",
    // l10n_latam_check
    "l10n_ar_skip_remove_check",
    // account
    "l10n_check_fields_complete",
    // l10n_in_edi
    "l10n_in_edi_force_cancel",
    // l10n_my_edi
    "l10n_my_identification_number",
    // l10n_ro_edi_stock, l10n_ro_edi_stock_batch
    "l10n_ro_edi_stock_send_type",
    // l10n_ro_edi_stock_batch
    "l10n_ro_edi_stock_validate_carrier",
    // l10n_sa_edi
    "l10n_sa_file_format",
    // base
    "landscape",
    // calendar
    "lastcall",
    // hr_holidays_attendance
    "leave",
    // hr_holidays
    "leave_date_from",
    "leave_fast_create",
    "leave_skip_date_check",
    "leave_skip_state_check",
    // website_sale
    "limit",
    // base
    "line",
    // account
    "line_ids",
    // sale_project
    "link_to_project",
    // base
    "load",
    "load_all_views",
    // point_of_sale
    "load_archived",
    // stock
    "location",
    "locations",
    "lot_id",
    "lot_name",
    // mrp
    "lot_product_ids",
    // loyalty
    "loyalty_is_gift_card_product",
    "loyalty_no_mail",
    "loyalty_skip_reward_check",
    // hr_holidays, mail, sale …
    "mail_activity_automation_skip",
    // calendar
    "mail_activity_meeting_update",
    // mail
    "mail_activity_quick_update",
    // mail, project
    "mail_auto_subscribe_no_notify",
    // mail
    "mail_catchall_aliases",
    "mail_catchall_write_any_to",
    "mail_composer_force_partners",
    "mail_create_bypass_create_check",
    "mail_create_nolog",
    "mail_create_nosubscribe",
    "mail_notify_author",
    "mail_notify_author_mention",
    "mail_notify_force_send",
    "mail_notrack",
    "mail_post_autofollow",
    "mail_post_autofollow_author_skip",
    // mass_mailing_sms
    "mailing_sms",
    // mass_mailing
    "mailing_test_mail",
    // maintenance
    "maintenance_type",
    // purchase
    "mark_rfq_as_sent",
    // sale
    "mark_so_as_sent",
    // hr_recruitment_skills
    "matching_job_id",
    // web
    "max_number_opened_groups",
    // loyalty
    "menu_type",
    // l10n_hr_edi
    "mer_crons_job_count",
    // stock
    "merge_extra",
    // im_livechat
    "message_post_store",
    // project
    "milestone_mapping",
    // base, http_routing
    "minimal_qcontext",
    // mrp, mrp_subcontracting
    "minimized",
    // mrp
    "mo_ids_to_backorder",
    // orm
    "mode",
    // html_editor, stock, website_blog …
    "model",
    // mail
    "model_description",
    // base
    "model_id",
    // orm
    "models_to_check",
    // base, orm, website
    "module",
    // base_import_module
    "module_name",
    "module_type",
    // account
    "move_date",
    // account, purchase_stock, stock_account
    "move_reverse_cancel",
    // stock
    "move_to_match_ids",
    // account, l10n_in
    "move_type",
    // mrp_subcontracting
    "moves_todo",
    // mrp
    "mrp_compute_quantities",
    // mrp_subcontracting
    "mrp_subcontracting",
    // account
    "name_as_amount_total",
    // base
    "name_create_enabled_fields",
    // event
    "name_with_seats_availability",
    // hr_holidays
    "new",
    // base
    "no_address_format",
    // account
    "no_anti_regex",
    // stock
    "no_at_date",
    // google_calendar, microsoft_calendar
    "no_calendar_sync",
    // account
    "no_cash_basis",
    // hr_recruitment
    "no_copy_in_partner_name",
    // website
    "no_cow",
    // hr_recruitment
    "no_create_application_button",
    // account
    "no_exchange_difference",
    "no_exchange_difference_no_recursive",
    // hr_holidays
    "no_leave_resource_calendar_update",
    // calendar
    "no_mail_to_attendees",
    // html_editor
    "no_primary_children",
    // mrp
    "no_procurement",
    // delivery
    "no_rate",
    // stock
    "no_reference",
    // gamification
    "no_remind_goal",
    // auth_signup
    "no_reset_password",
    // base
    "no_save_prev",
    // sale_project
    "no_update_allocated_hours",
    // auth_oauth
    "no_user_creation",
    // product
    "no_variant_attributes_price_extra",
    // base_vat
    "no_vat_validation",
    // hr
    "no_wizard",
    // website
    "not_force_website_id",
    // stock
    "not_unlink_on_discard",
    // survey, website_slides
    "notif_layout",
    // orm
    "noupdate",
    // base_automation, mail
    "old_values",
    // point_of_sale
    "onboarding_creation",
    // base
    "onchange_self",
    // hr
    "open_employees_kanban",
    // account
    "order_cumulated_balance",
    // account, mrp, product …
    "order_id",
    // sale_project
    "order_state",
    // delivery, stock_delivery
    "order_weight",
    // mrp, purchase_stock
    "orderpoint_id",
    // point_of_sale
    "orders",
    // calendar
    "orig_activity_ids",
    // purchase, purchase_requisition
    "origin_po_id",
    // stock
    "origins",
    "owner_id",
    "owners",
    "package_id",
    "packaging_uom_id",
    // purchase_mrp
    "parent_bom",
    // base
    "parent_fields_hierarchy",
    // mrp
    "parent_production_id",
    // base
    "partner_display_name_hide_company",
    // account, product, purchase_stock
    "partner_id",
    // website_crm_partner_assign
    "partner_set_default_grade_activation",
    // base
    "partner_show_db_id",
    // auth_passkey, base
    "password",
    // account_payment, sale
    "payment_backend_action",
    // account_check_printing
    "payment_ids",
    // account_peppol
    "peppol_crons_job_count",
    // stock, stock_picking_batch
    "picking_code",
    // stock, stock_delivery
    "picking_id",
    // stock, stock_picking_batch
    "picking_ids",
    // stock
    "picking_ids_not_to_backorder",
    // mrp, repair
    "picking_type_id",
    // stock_picking_batch
    "pickings_to_detach",
    // mail
    "plan_mode",
    // mrp_subcontracting_purchase
    "po_to_notify",
    // portal
    "portal_data",
    // point_of_sale
    "pos_config_create_mode",
    // point_of_sale, pos_self_order
    "pos_config_id",
    // point_of_sale
    "pos_config_open_modal",
    "pos_last_server_date",
    // point_of_sale, pos_loyalty
    "pos_limited_loading",
    // point_of_sale
    "pos_payment",
    // mass_mailing
    "post_convert_links",
    // account
    "preferred_account_ids",
    "preferred_account_type",
    // orm
    "prefetch_langs",
    // mrp
    "prefix_product",
    // point_of_sale
    "preparation",
    // stock
    "preserve_state",
    // purchase_mrp
    "previous_product_qty",
    // product
    "pricelist",
    // purchase
    "procurement_values",
    // mrp
    "product",
    // mrp, product, repair
    "product_catalog_order_model",
    // product, stock, uom …
    "product_id",
    // product, stock, uom
    "product_ids",
    // product
    "product_invisible",
    // website_sale
    "product_limit",
    // product
    "product_template_id",
    "product_template_invisible_variant",
    // stock
    "product_tmpl_id",
    "product_variant",
    // product
    "product_variant_id",
    "product_without_variants",
    // stock
    "products",
    // l10n_din5008_sale, sale
    "proforma",
    // account
    "proforma_invoice",
    // loyalty
    "program_type",
    // sale_project
    "project_account_id",
    // project, project_hr_expense, project_purchase …
    "project_id",
    // project
    "project_kanban",
    "project_task_burndown_chart_report_groupby",
    // orm
    "property_selection_get_key",
    // point_of_sale
    "provider_name",
    // purchase_stock
    "purchase_line_to_match_id",
    // purchase
    "purchase_product_template",
    // l10n_id
    "qris_model",
    "qris_model_id",
    // mrp, product
    "quantity",
    // stock
    "quants_cache",
    // account
    "quick_encoding_vals",
    // purchase
    "quotation_only",
    // base
    "raise_if_not_found",
    // sale
    "raise_if_nothing_to_invoice",
    // mail
    "raise_on_forbidden_code_for_model",
    // base
    "read_arch_from_file",
    // web
    "read_group_expand",
    // stock
    "readonly_form",
    // web
    "recursive_onchanges",
    // account
    "reduced_line_sorting",
    "refund",
    // event
    "registration_view_hide_group_by_create_date_week",
    // auth_signup
    "relative_url",
    // product_expiry
    "removal_date",
    // website
    "rendering_bundle",
    // purchase_stock
    "replenish_id",
    // web
    "report_action",
    // l10n_fr_account
    "report_dates",
    // snailmail
    "report_name",
    // base
    "report_pdf_no_attachment",
    // hr_holidays_attendance
    "request_type",
    // html_editor
    "resId",
    // base, project
    "res_id",
    // project
    "res_model",
    // account
    "res_partner_search_mode",
    // stock
    "reserved_quant",
    // mail
    "reset_template",
    // l10n_in
    "restrict_negative_discount_line",
    // stock
    "restricted_picking_type_code",
    // account_test
    "result",
    // account
    "round_base",
    // hr, hr_holidays, hr_work_entry …
    "salary_simulation",
    // sale_expense
    "sale_expense_all_order",
    // sale_stock
    "sale_line_to_match_id",
    // sale
    "sale_multi_pricelist_product_template",
    "sale_no_log_for_new_lines",
    "sale_onchange_first_call",
    "sale_report_view_hide_date",
    "sale_show_partner_name",
    "sale_write_from_compute",
    // website_sale
    "search_domain",
    // stock
    "search_location",
    // product
    "search_product_product",
    // stock
    "search_warehouse",
    // product, purchase_stock
    "section_id",
    // im_livechat
    "selected_answer_id",
    // hr
    "selected_ids",
    // point_of_sale
    "selection",
    // product
    "seller_id",
    // l10n_in
    "send_and_print",
    // sale, sale_management
    "send_email",
    // purchase
    "send_rfq",
    // base
    "send_smtp_skip_to",
    // google_calendar
    "send_updates",
    // base
    "send_validated_to",
    // web
    "session_info",
    // stock
    "set_product_readonly",
    // base
    "set_viewport_size",
    // project
    "set_visible",
    // base
    "short_display_name",
    // hr_holidays
    "short_name",
    // base, l10n_tr_nilvera_einvoice_extended
    "show_address",
    // product
    "show_attribute",
    // stock
    "show_dest_package",
    // base
    "show_email",
    // hr_skills
    "show_employee",
    // stock, stock_picking_batch
    "show_lots_text",
    // hr_recruitment
    "show_partner_name",
    // product_expiry
    "show_removal_date",
    // lunch
    "show_reorder_button",
    // account
    "show_running_balance_latest",
    // stock
    "show_src_package",
    // survey
    "show_survey_field",
    // purchase
    "show_total_amount",
    // crm
    "show_user_team_stages",
    // product
    "show_variant_name",
    // base
    "show_vat",
    // mrp
    "show_workcenter_status",
    // auth_signup
    "signup_force_type_in_url",
    "signup_valid",
    // stock
    "single_product",
    // account
    "skip_account_deprecation_check",
    // account_edi
    "skip_account_edi_cron_trigger",
    // account
    "skip_account_move_synchronization",
    // mrp, stock
    "skip_activity",
    // purchase_requisition
    "skip_alternative_check",
    // account
    "skip_analytic_sync",
    // calendar
    "skip_attendee_notification",
    // stock_picking_batch
    "skip_auto_waveable",
    // mrp, stock
    "skip_backorder",
    // web
    "skip_captcha_login",
    // website_sale
    "skip_cart_verification",
    // mrp
    "skip_compute_move_raw_ids",
    // account
    "skip_computed_taxes",
    // mrp
    "skip_confirm",
    "skip_consumption",
    // calendar, google_calendar
    "skip_contact_description",
    // hr_holidays
    "skip_copy_check",
    // google_calendar
    "skip_event_permission",
    // mrp_product_expiry, product_expiry
    "skip_expired",
    // account
    "skip_invoice_line_sync",
    "skip_is_manually_modified",
    // gamification
    "skip_karma_computation",
    // account
    "skip_matching_number_check",
    // mrp
    "skip_mo_check",
    "skip_picking_assignation",
    // barcodes_gs1_nomenclature
    "skip_preprocess_gs1",
    // sale_stock
    "skip_procurement",
    // stock
    "skip_qty_available_update",
    // account
    "skip_readonly_check",
    // mrp
    "skip_redirection",
    // sale_timesheet
    "skip_remaining_hours",
    // base
    "skip_res_field_check",
    // sale
    "skip_sale_auto_invoice_send",
    // stock
    "skip_sanity_check",
    // stock_sms
    "skip_sms",
    // l10n_tr_nilvera_einvoice_extended
    "skip_tr_reason_code",
    // purchase, stock
    "skip_uom_conversion",
    // website
    "slug_matching",
    // stock
    "sml_specific_default",
    // sms
    "sms_api",
    "sms_composition_mode",
    "sms_known_failure_reason",
    "sms_skip_msg_notification",
    // l10n_ch, snailmail
    "snailmail_layout",
    // html_editor
    "snippet_lang",
    // stock
    "source_location_id",
    // account
    "split_line_id",
    "st_line_id",
    // project
    "stage_view",
    // digest
    "start_datetime",
    // stock
    "strict",
    // pos_stripe
    "stripe_currency_rounding",
    // payment_stripe
    "stripe_onboarding",
    // analytic, base_import_module
    "studio",
    // project
    "subtask_action",
    // purchase_stock
    "suggest_based_on",
    "suggest_days",
    "suggest_domain",
    "suggest_percent",
    // hr
    "sync_contract_dates",
    // point_of_sale
    "target",
    // project
    "task_mapping",
    // l10n_in
    "tax_validation",
    // point_of_sale
    "taxes_readonly",
    // project
    "template_id",
    "template_name",
    // mail
    "template_preview_lang",
    // hr_timesheet, project, sale_project …
    "template_project",
    // mail
    "temporary_id",
    // hr_timesheet
    "timesheet_calendar",
    // sale_timesheet
    "timesheet_end_date",
    "timesheet_start_date",
    // base
    "to_currency",
    // analytic, stock, stock_account
    "to_date",
    // account
    "to_invoice",
    // stock_account
    "tracking",
    // account, mail
    "tracking_disable",
    // account, base, calendar …
    "uid",
    // mrp
    "unit",
    // stock
    "unreserve_unpicked_only",
    // product
    "uom",
    // orm
    "update_custom_fields",
    // sale_stock
    "update_delivery_shipping_partner",
    // base
    "update_many2many",
    // product
    "update_product_template_attribute_values",
    // account
    "use_domain",
    // website_sale_loyalty
    "use_short_link",
    // purchase_stock
    "use_simplified_supplier_name",
    // im_livechat
    "user",
    // hr_attendance
    "user_domain",
    // analytic, hr_timesheet
    "user_id",
    // base
    "user_preference",
    // utm
    "utm_check_skip_record_ids",
    // analytic
    "validate_analytic",
    // base
    "validate_view_ids",
    // payment
    "validation_pm",
    // hr
    "version_id",
    // base
    "view",
    // stock_picking_batch
    "view_mode",
    // account
    "view_no_maturity",
    // product
    "visible_product_tmpl_id",
    // mrp, purchase_mrp, purchase_stock …
    "warehouse_id",
    // website
    "web_force_installed_langs",
    // base
    "webp_as_jpg",
    // html_editor, website, website_sale
    "website_id",
    // website_sale_loyalty
    "website_sale_loyalty_delete",
    // website_sale
    "website_sale_no_images",
    "website_sale_send_recovery_email",
    // website_sale_stock
    "website_sale_stock_get_quantity",
    // website_sale_stock_wishlist
    "website_sale_stock_wishlist_get_wish",
    // website_slides
    "website_slides_skip_fetch_metadata",
    // stock_delivery
    "weight",
    // stock
    "with_expiration",
    // sale_service
    "with_price_unit",
    // sale_timesheet
    "with_remaining_hours",
    // hr_work_entry
    "work_entry_skip_validation",
    // mrp
    "workcenter",
    // mrp, purchase_stock, stock
    "written_after",
    // fleet
    "xml_id",
];
