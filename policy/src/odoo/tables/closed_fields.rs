//! Fields of other models that delegate to a closed model, or pass its values on: closed with it.
//! Computed of `_inherits` and `related`. A stored copy of a closed model's value is the record's own.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

use crate::odoo::tables::Closed;

pub(super) const ROWS: &[(&str, &str, Closed)] = &[
    // is move_id.l10n_es_tbai_cancel_file, of ir.attachment
    ("account.bank.statement.line", "l10n_es_tbai_cancel_file", Closed::Writing),
    // is move_id.l10n_es_tbai_cancel_file_name, of ir.attachment
    ("account.bank.statement.line", "l10n_es_tbai_cancel_file_name", Closed::Writing),
    // is move_id.l10n_es_tbai_post_file, of ir.attachment
    ("account.bank.statement.line", "l10n_es_tbai_post_file", Closed::Writing),
    // is move_id.l10n_es_tbai_post_file_name, of ir.attachment
    ("account.bank.statement.line", "l10n_es_tbai_post_file_name", Closed::Writing),
    // is move_id.l10n_it_edi_proxy_mode, of account_edi_proxy_client.user
    ("account.bank.statement.line", "l10n_it_edi_proxy_mode", Closed::Altogether),
    // is alias_id.alias_domain_id, of mail.alias
    ("account.journal", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("account.journal", "alias_name", Closed::Writing),
    // is l10n_sa_production_csid_certificate_id.date_end, of certificate.certificate
    ("account.journal", "l10n_sa_production_csid_validity", Closed::Altogether),
    // is company_id.l10n_it_edi_proxy_user_id.edi_mode, of account_edi_proxy_client.user
    ("account.move", "l10n_it_edi_proxy_mode", Closed::Altogether),
    // is payment_provider_id.state, of payment.provider
    ("account.payment.method.line", "payment_provider_state", Closed::Altogether),
    // is alias_id.alias_bounced_content, of mail.alias
    ("crm.team", "alias_bounced_content", Closed::Writing),
    // is alias_id.alias_contact, of mail.alias
    ("crm.team", "alias_contact", Closed::Writing),
    // is alias_id.alias_defaults, of mail.alias
    ("crm.team", "alias_defaults", Closed::Writing),
    // is alias_id.alias_domain_id, of mail.alias
    ("crm.team", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_force_thread_id, of mail.alias
    ("crm.team", "alias_force_thread_id", Closed::Writing),
    // is alias_id.alias_full_name, of mail.alias
    ("crm.team", "alias_full_name", Closed::Writing),
    // delegates to mail.alias
    ("crm.team", "alias_id", Closed::Writing),
    // is alias_id.alias_incoming_local, of mail.alias
    ("crm.team", "alias_incoming_local", Closed::Writing),
    // is alias_id.alias_model_id, of mail.alias
    ("crm.team", "alias_model_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("crm.team", "alias_name", Closed::Writing),
    // is alias_id.alias_parent_model_id, of mail.alias
    ("crm.team", "alias_parent_model_id", Closed::Writing),
    // is alias_id.alias_parent_thread_id, of mail.alias
    ("crm.team", "alias_parent_thread_id", Closed::Writing),
    // is alias_id.alias_status, of mail.alias
    ("crm.team", "alias_status", Closed::Writing),
    // is definition_id.name, of gamification.goal.definition
    ("gamification.challenge.line", "name", Closed::Writing),
    // is definition_id.computation_mode, of gamification.goal.definition
    ("gamification.goal", "computation_mode", Closed::Writing),
    // is alias_id.alias_bounced_content, of mail.alias
    ("hr.job", "alias_bounced_content", Closed::Writing),
    // is alias_id.alias_contact, of mail.alias
    ("hr.job", "alias_contact", Closed::Writing),
    // is alias_id.alias_defaults, of mail.alias
    ("hr.job", "alias_defaults", Closed::Writing),
    // is alias_id.alias_domain_id, of mail.alias
    ("hr.job", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_force_thread_id, of mail.alias
    ("hr.job", "alias_force_thread_id", Closed::Writing),
    // is alias_id.alias_full_name, of mail.alias
    ("hr.job", "alias_full_name", Closed::Writing),
    // delegates to mail.alias
    ("hr.job", "alias_id", Closed::Writing),
    // is alias_id.alias_incoming_local, of mail.alias
    ("hr.job", "alias_incoming_local", Closed::Writing),
    // is alias_id.alias_model_id, of mail.alias
    ("hr.job", "alias_model_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("hr.job", "alias_name", Closed::Writing),
    // is alias_id.alias_parent_model_id, of mail.alias
    ("hr.job", "alias_parent_model_id", Closed::Writing),
    // is alias_id.alias_parent_thread_id, of mail.alias
    ("hr.job", "alias_parent_thread_id", Closed::Writing),
    // is alias_id.alias_status, of mail.alias
    ("hr.job", "alias_status", Closed::Writing),
    // is alias_id.alias_bounced_content, of mail.alias
    ("mail.group", "alias_bounced_content", Closed::Writing),
    // is alias_id.alias_contact, of mail.alias
    ("mail.group", "alias_contact", Closed::Writing),
    // is alias_id.alias_defaults, of mail.alias
    ("mail.group", "alias_defaults", Closed::Writing),
    // is alias_id.alias_domain_id, of mail.alias
    ("mail.group", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_force_thread_id, of mail.alias
    ("mail.group", "alias_force_thread_id", Closed::Writing),
    // is alias_id.alias_full_name, of mail.alias
    ("mail.group", "alias_full_name", Closed::Writing),
    // delegates to mail.alias
    ("mail.group", "alias_id", Closed::Writing),
    // is alias_id.alias_incoming_local, of mail.alias
    ("mail.group", "alias_incoming_local", Closed::Writing),
    // is alias_id.alias_model_id, of mail.alias
    ("mail.group", "alias_model_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("mail.group", "alias_name", Closed::Writing),
    // is alias_id.alias_parent_model_id, of mail.alias
    ("mail.group", "alias_parent_model_id", Closed::Writing),
    // is alias_id.alias_parent_thread_id, of mail.alias
    ("mail.group", "alias_parent_thread_id", Closed::Writing),
    // is alias_id.alias_status, of mail.alias
    ("mail.group", "alias_status", Closed::Writing),
    // is mail_message_id.attachment_ids, of mail.message
    ("mail.group.message", "attachment_ids", Closed::Writing),
    // is mail_message_id.author_id, of mail.message
    ("mail.group.message", "author_id", Closed::Writing),
    // is mail_message_id.body, of mail.message
    ("mail.group.message", "body", Closed::Writing),
    // is mail_message_id.email_from, of mail.message
    ("mail.group.message", "email_from", Closed::Writing),
    // is mail_message_id.subject, of mail.message
    ("mail.group.message", "subject", Closed::Writing),
    // is alias_id.alias_bounced_content, of mail.alias
    ("maintenance.team", "alias_bounced_content", Closed::Writing),
    // is alias_id.alias_contact, of mail.alias
    ("maintenance.team", "alias_contact", Closed::Writing),
    // is alias_id.alias_defaults, of mail.alias
    ("maintenance.team", "alias_defaults", Closed::Writing),
    // is alias_id.alias_domain_id, of mail.alias
    ("maintenance.team", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_force_thread_id, of mail.alias
    ("maintenance.team", "alias_force_thread_id", Closed::Writing),
    // is alias_id.alias_full_name, of mail.alias
    ("maintenance.team", "alias_full_name", Closed::Writing),
    // delegates to mail.alias
    ("maintenance.team", "alias_id", Closed::Writing),
    // is alias_id.alias_incoming_local, of mail.alias
    ("maintenance.team", "alias_incoming_local", Closed::Writing),
    // is alias_id.alias_model_id, of mail.alias
    ("maintenance.team", "alias_model_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("maintenance.team", "alias_name", Closed::Writing),
    // is alias_id.alias_parent_model_id, of mail.alias
    ("maintenance.team", "alias_parent_model_id", Closed::Writing),
    // is alias_id.alias_parent_thread_id, of mail.alias
    ("maintenance.team", "alias_parent_thread_id", Closed::Writing),
    // is alias_id.alias_status, of mail.alias
    ("maintenance.team", "alias_status", Closed::Writing),
    // is edi_user_id.nemhandel_verification_code, of account_edi_proxy_client.user
    ("nemhandel.registration", "verification_code", Closed::Altogether),
    // is provider_id.code, of payment.provider
    ("payment.token", "provider_code", Closed::Altogether),
    // is provider_id.capture_manually, of payment.provider
    ("payment.transaction", "capture_manually", Closed::Altogether),
    // is provider_id.code, of payment.provider
    ("payment.transaction", "provider_code", Closed::Altogether),
    // is account_peppol_edi_user.edi_identification, of account_edi_proxy_client.user
    ("peppol.config.wizard", "account_peppol_edi_identification", Closed::Altogether),
    // is ir_attachment_id.access_token, of ir.attachment
    ("product.document", "access_token", Closed::Writing),
    // is ir_attachment_id.checksum, of ir.attachment
    ("product.document", "checksum", Closed::Writing),
    // is ir_attachment_id.company_id, of ir.attachment
    ("product.document", "company_id", Closed::Writing),
    // is ir_attachment_id.datas, of ir.attachment
    ("product.document", "datas", Closed::Writing),
    // is ir_attachment_id.db_datas, of ir.attachment
    ("product.document", "db_datas", Closed::Writing),
    // is ir_attachment_id.description, of ir.attachment
    ("product.document", "description", Closed::Writing),
    // is ir_attachment_id.file_size, of ir.attachment
    ("product.document", "file_size", Closed::Writing),
    // is ir_attachment_id.has_thumbnail, of ir.attachment
    ("product.document", "has_thumbnail", Closed::Writing),
    // is ir_attachment_id.image_height, of ir.attachment
    ("product.document", "image_height", Closed::Writing),
    // is ir_attachment_id.image_src, of ir.attachment
    ("product.document", "image_src", Closed::Writing),
    // is ir_attachment_id.image_width, of ir.attachment
    ("product.document", "image_width", Closed::Writing),
    // is ir_attachment_id.index_content, of ir.attachment
    ("product.document", "index_content", Closed::Writing),
    // delegates to ir.attachment
    ("product.document", "ir_attachment_id", Closed::Writing),
    // is ir_attachment_id.key, of ir.attachment
    ("product.document", "key", Closed::Writing),
    // is ir_attachment_id.local_url, of ir.attachment
    ("product.document", "local_url", Closed::Writing),
    // is ir_attachment_id.mimetype, of ir.attachment
    ("product.document", "mimetype", Closed::Writing),
    // is ir_attachment_id.name, of ir.attachment
    ("product.document", "name", Closed::Writing),
    // is ir_attachment_id.original_id, of ir.attachment
    ("product.document", "original_id", Closed::Writing),
    // is ir_attachment_id.public, of ir.attachment
    ("product.document", "public", Closed::Writing),
    // is ir_attachment_id.raw, of ir.attachment
    ("product.document", "raw", Closed::Writing),
    // is ir_attachment_id.res_field, of ir.attachment
    ("product.document", "res_field", Closed::Writing),
    // is ir_attachment_id.res_id, of ir.attachment
    ("product.document", "res_id", Closed::Writing),
    // is ir_attachment_id.res_model, of ir.attachment
    ("product.document", "res_model", Closed::Writing),
    // is ir_attachment_id.res_name, of ir.attachment
    ("product.document", "res_name", Closed::Writing),
    // is ir_attachment_id.store_fname, of ir.attachment
    ("product.document", "store_fname", Closed::Writing),
    // is ir_attachment_id.theme_template_id, of ir.attachment
    ("product.document", "theme_template_id", Closed::Writing),
    // is ir_attachment_id.thumbnail, of ir.attachment
    ("product.document", "thumbnail", Closed::Writing),
    // is ir_attachment_id.type, of ir.attachment
    ("product.document", "type", Closed::Writing),
    // is ir_attachment_id.url, of ir.attachment
    ("product.document", "url", Closed::Writing),
    // is ir_attachment_id.voice_ids, of ir.attachment
    ("product.document", "voice_ids", Closed::Writing),
    // is ir_attachment_id.website_id, of ir.attachment
    ("product.document", "website_id", Closed::Writing),
    // is product_tmpl_id.rating_last_feedback, of rating.rating
    ("product.product", "rating_last_feedback", Closed::Writing),
    // is product_tmpl_id.rating_last_image, of rating.rating
    ("product.product", "rating_last_image", Closed::Writing),
    // is product_tmpl_id.rating_last_text, of rating.rating
    ("product.product", "rating_last_text", Closed::Writing),
    // is alias_id.alias_bounced_content, of mail.alias
    ("project.project", "alias_bounced_content", Closed::Writing),
    // is alias_id.alias_contact, of mail.alias
    ("project.project", "alias_contact", Closed::Writing),
    // is alias_id.alias_defaults, of mail.alias
    ("project.project", "alias_defaults", Closed::Writing),
    // is alias_id.alias_domain_id, of mail.alias
    ("project.project", "alias_domain_id", Closed::Writing),
    // is alias_id.alias_force_thread_id, of mail.alias
    ("project.project", "alias_force_thread_id", Closed::Writing),
    // is alias_id.alias_full_name, of mail.alias
    ("project.project", "alias_full_name", Closed::Writing),
    // delegates to mail.alias
    ("project.project", "alias_id", Closed::Writing),
    // is alias_id.alias_incoming_local, of mail.alias
    ("project.project", "alias_incoming_local", Closed::Writing),
    // is alias_id.alias_model_id, of mail.alias
    ("project.project", "alias_model_id", Closed::Writing),
    // is alias_id.alias_name, of mail.alias
    ("project.project", "alias_name", Closed::Writing),
    // is alias_id.alias_parent_model_id, of mail.alias
    ("project.project", "alias_parent_model_id", Closed::Writing),
    // is alias_id.alias_parent_thread_id, of mail.alias
    ("project.project", "alias_parent_thread_id", Closed::Writing),
    // is alias_id.alias_status, of mail.alias
    ("project.project", "alias_status", Closed::Writing),
    // is ir_attachment_id.access_token, of ir.attachment
    ("quotation.document", "access_token", Closed::Writing),
    // is ir_attachment_id.checksum, of ir.attachment
    ("quotation.document", "checksum", Closed::Writing),
    // is ir_attachment_id.company_id, of ir.attachment
    ("quotation.document", "company_id", Closed::Writing),
    // is ir_attachment_id.datas, of ir.attachment
    ("quotation.document", "datas", Closed::Writing),
    // is ir_attachment_id.db_datas, of ir.attachment
    ("quotation.document", "db_datas", Closed::Writing),
    // is ir_attachment_id.description, of ir.attachment
    ("quotation.document", "description", Closed::Writing),
    // is ir_attachment_id.file_size, of ir.attachment
    ("quotation.document", "file_size", Closed::Writing),
    // is ir_attachment_id.has_thumbnail, of ir.attachment
    ("quotation.document", "has_thumbnail", Closed::Writing),
    // is ir_attachment_id.image_height, of ir.attachment
    ("quotation.document", "image_height", Closed::Writing),
    // is ir_attachment_id.image_src, of ir.attachment
    ("quotation.document", "image_src", Closed::Writing),
    // is ir_attachment_id.image_width, of ir.attachment
    ("quotation.document", "image_width", Closed::Writing),
    // is ir_attachment_id.index_content, of ir.attachment
    ("quotation.document", "index_content", Closed::Writing),
    // delegates to ir.attachment
    ("quotation.document", "ir_attachment_id", Closed::Writing),
    // is ir_attachment_id.key, of ir.attachment
    ("quotation.document", "key", Closed::Writing),
    // is ir_attachment_id.local_url, of ir.attachment
    ("quotation.document", "local_url", Closed::Writing),
    // is ir_attachment_id.mimetype, of ir.attachment
    ("quotation.document", "mimetype", Closed::Writing),
    // is ir_attachment_id.name, of ir.attachment
    ("quotation.document", "name", Closed::Writing),
    // is ir_attachment_id.original_id, of ir.attachment
    ("quotation.document", "original_id", Closed::Writing),
    // is ir_attachment_id.public, of ir.attachment
    ("quotation.document", "public", Closed::Writing),
    // is ir_attachment_id.raw, of ir.attachment
    ("quotation.document", "raw", Closed::Writing),
    // is ir_attachment_id.res_field, of ir.attachment
    ("quotation.document", "res_field", Closed::Writing),
    // is ir_attachment_id.res_id, of ir.attachment
    ("quotation.document", "res_id", Closed::Writing),
    // is ir_attachment_id.res_model, of ir.attachment
    ("quotation.document", "res_model", Closed::Writing),
    // is ir_attachment_id.res_name, of ir.attachment
    ("quotation.document", "res_name", Closed::Writing),
    // is ir_attachment_id.store_fname, of ir.attachment
    ("quotation.document", "store_fname", Closed::Writing),
    // is ir_attachment_id.theme_template_id, of ir.attachment
    ("quotation.document", "theme_template_id", Closed::Writing),
    // is ir_attachment_id.thumbnail, of ir.attachment
    ("quotation.document", "thumbnail", Closed::Writing),
    // is ir_attachment_id.type, of ir.attachment
    ("quotation.document", "type", Closed::Writing),
    // is ir_attachment_id.url, of ir.attachment
    ("quotation.document", "url", Closed::Writing),
    // is ir_attachment_id.voice_ids, of ir.attachment
    ("quotation.document", "voice_ids", Closed::Writing),
    // is ir_attachment_id.website_id, of ir.attachment
    ("quotation.document", "website_id", Closed::Writing),
    // is user_id.partner_id, of res.users
    ("website", "partner_id", Closed::Writing),
    // is target_model_id.date_publish, of website.page
    ("website.page.properties", "date_publish", Closed::Writing),
    // is target_model_id.group_ids, of ir.ui.view
    ("website.page.properties", "group_ids", Closed::Writing),
    // is target_model_id.is_new_page_template, of website.page
    ("website.page.properties", "is_new_page_template", Closed::Writing),
    // is target_model_id.name, of ir.ui.view
    ("website.page.properties", "name", Closed::Writing),
    // is target_model_id.url, of website.page
    ("website.page.properties", "url", Closed::Writing),
    // is target_model_id.visibility, of ir.ui.view
    ("website.page.properties", "visibility", Closed::Writing),
    // is target_model_id.visibility_password_display, of ir.ui.view
    ("website.page.properties", "visibility_password_display", Closed::Writing),
    // is target_model_id.website_indexed, of website.page
    ("website.page.properties", "website_indexed", Closed::Writing),
];
