//! Fields of which the value opens something by itself: a page, a till, an account.
//! By hand, and what is related to them; the program finds others by their names and their code.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str)] = &[
    // is account.move.access_token
    ("account.bank.statement.line", "access_token"),
    // opens the record, or its page, to whoever has it
    ("account.journal", "access_token"),
    // is res.company.l10n_tr_nilvera_api_key
    ("account.journal", "l10n_tr_nilvera_api_key"),
    // opens the record, or its page, to whoever has it
    ("account.move", "access_token"),
    // is res.partner.bank.l10n_id_qris_api_key
    ("account.setup.bank.manual.config", "l10n_id_qris_api_key"),
    // opens the record, or its page, to whoever has it
    ("calendar.attendee", "access_token"),
    ("calendar.event", "access_token"),
    // lets somebody into a meeting, a conversation, a survey or a shop
    ("calendar.event", "videocall_location"),
    ("discuss.channel", "invitation_url"),
    ("discuss.channel", "sfu_channel_uuid"),
    ("discuss.channel", "uuid"),
    // proves that somebody is who he says, at a till, a door or a clock
    ("event.registration", "barcode"),
    ("hr.employee", "barcode"),
    ("hr.employee", "pin"),
    // the conversation's own, which discuss.channel keeps back
    ("im_livechat.report.channel", "uuid"),
    // opens the record, or its page, to whoever has it
    ("ir.attachment", "access_token"),
    // opens a page that has a password
    ("ir.ui.view", "visibility_password"),
    ("ir.ui.view", "visibility_password_display"),
    // opens the record, or its page, to whoever has it
    ("l10n.in.ewaybill", "access_token"),
    ("mail.guest", "access_token"),
    // is res.company.account_peppol_migration_key
    ("peppol.config.wizard", "account_peppol_migration_key"),
    // an address with a token or a code in it that lets in whoever has it
    ("portal.share", "share_link"),
    // opens the record, or its page, to whoever has it
    ("pos.config", "access_token"),
    // lets somebody into a meeting, a conversation, a survey or a shop
    ("pos.config", "uuid"),
    // opens the record, or its page, to whoever has it
    ("pos.order", "access_token"),
    // lets somebody into a meeting, a conversation, a survey or a shop
    ("pos.order", "ticket_code"),
    ("pos.order", "uuid"),
    // an account with a payment terminal or a machine at the till
    ("pos.payment.method", "adyen_api_key"),
    ("pos.payment.method", "dpopay_bearer_token"),
    ("pos.payment.method", "dpopay_client_secret"),
    ("pos.payment.method", "glory_password"),
    ("pos.payment.method", "mp_bearer_token"),
    ("pos.payment.method", "mp_webhook_secret_key"),
    ("pos.payment.method", "pine_labs_security_token"),
    ("pos.payment.method", "qfpay_notification_key"),
    ("pos.payment.method", "qfpay_pos_key"),
    ("pos.payment.method", "razorpay_api_key"),
    ("pos.payment.method", "viva_com_api_key"),
    ("pos.payment.method", "viva_com_bearer_token"),
    ("pos.payment.method", "viva_com_client_secret"),
    ("pos.payment.method", "viva_com_webhook_verification_key"),
    // opens the record, or its page, to whoever has it
    ("pos.session", "access_token"),
    // is ir.attachment.access_token
    ("product.document", "access_token"),
    // opens the record, or its page, to whoever has it
    ("product.feed", "access_token"),
    // an address with a token or a code in it that lets in whoever has it
    ("product.feed", "url"),
    // opens the record, or its page, to whoever has it
    ("project.project", "access_token"),
    // an address with a token or a code in it that lets in whoever has it
    ("project.share.wizard", "share_link"),
    // opens the record, or its page, to whoever has it
    ("project.task", "access_token"),
    ("purchase.order", "access_token"),
    // is ir.attachment.access_token
    ("quotation.document", "access_token"),
    // opens the record, or its page, to whoever has it
    ("rating.rating", "access_token"),
    // an account of the company with an authority, a bank or a service
    ("res.company", "account_peppol_migration_key"),
    // proves that somebody is who he says, at a till, a door or a clock
    ("res.company", "attendance_kiosk_key"),
    ("res.company", "attendance_kiosk_url"),
    // an account of the company with an authority, a bank or a service
    ("res.company", "gelato_api_key"),
    ("res.company", "gelato_webhook_secret"),
    ("res.company", "l10n_eg_client_secret"),
    ("res.company", "l10n_gr_edi_aade_key"),
    ("res.company", "l10n_hr_mer_password"),
    ("res.company", "l10n_hu_edi_password"),
    ("res.company", "l10n_hu_edi_replacement_key"),
    ("res.company", "l10n_hu_edi_signature_key"),
    ("res.company", "l10n_in_edi_password"),
    ("res.company", "l10n_in_edi_token"),
    ("res.company", "l10n_in_ewaybill_password"),
    ("res.company", "l10n_jo_edi_secret_key"),
    ("res.company", "l10n_pl_edi_access_token"),
    ("res.company", "l10n_pl_edi_refresh_token"),
    ("res.company", "l10n_pl_edi_session_key"),
    ("res.company", "l10n_ro_edi_access_token"),
    ("res.company", "l10n_ro_edi_client_secret"),
    ("res.company", "l10n_ro_edi_refresh_token"),
    ("res.company", "l10n_rs_edi_api_key"),
    ("res.company", "l10n_tr_nilvera_api_key"),
    ("res.company", "l10n_vn_edi_password"),
    ("res.company", "l10n_vn_edi_token"),
    ("res.company", "sms_twilio_auth_token"),
    // is res.company.account_peppol_migration_key
    ("res.config.settings", "account_peppol_migration_key"),
    // is res.company.attendance_kiosk_url
    ("res.config.settings", "attendance_kiosk_url"),
    // is res.company.gelato_api_key
    ("res.config.settings", "gelato_api_key"),
    // is res.company.gelato_webhook_secret
    ("res.config.settings", "gelato_webhook_secret"),
    // is website.google_analytics_key
    ("res.config.settings", "google_analytics_key"),
    // is res.company.l10n_eg_client_secret
    ("res.config.settings", "l10n_eg_client_secret"),
    // is res.company.l10n_gr_edi_aade_key
    ("res.config.settings", "l10n_gr_edi_aade_key"),
    // is res.company.l10n_hr_mer_password
    ("res.config.settings", "l10n_hr_mer_password"),
    // is res.company.l10n_hu_edi_password
    ("res.config.settings", "l10n_hu_edi_password"),
    // is res.company.l10n_hu_edi_replacement_key
    ("res.config.settings", "l10n_hu_edi_replacement_key"),
    // is res.company.l10n_hu_edi_signature_key
    ("res.config.settings", "l10n_hu_edi_signature_key"),
    // is res.company.l10n_in_edi_password
    ("res.config.settings", "l10n_in_edi_password"),
    // is res.company.l10n_in_ewaybill_password
    ("res.config.settings", "l10n_in_ewaybill_password"),
    // is res.company.l10n_jo_edi_secret_key
    ("res.config.settings", "l10n_jo_edi_secret_key"),
    // is res.company.l10n_pl_edi_access_token
    ("res.config.settings", "l10n_pl_edi_access_token"),
    // is res.company.l10n_ro_edi_access_token
    ("res.config.settings", "l10n_ro_edi_access_token"),
    // is res.company.l10n_ro_edi_client_secret
    ("res.config.settings", "l10n_ro_edi_client_secret"),
    // is res.company.l10n_ro_edi_refresh_token
    ("res.config.settings", "l10n_ro_edi_refresh_token"),
    // is res.company.l10n_rs_edi_api_key
    ("res.config.settings", "l10n_rs_edi_api_key"),
    // is res.company.l10n_tr_nilvera_api_key
    ("res.config.settings", "l10n_tr_nilvera_api_key"),
    // is res.company.l10n_vn_edi_password
    ("res.config.settings", "l10n_vn_edi_password"),
    // is website.plausible_shared_key
    ("res.config.settings", "plausible_shared_key"),
    // is website.google_places_api_key
    ("res.config.settings", "website_google_places_api_key"),
    // is website.website_slide_google_app_key
    ("res.config.settings", "website_slide_google_app_key"),
    // part of the link with which a customer makes himself a user
    ("res.partner", "signup_type"),
    // an account of the company with an authority, a bank or a service
    ("res.partner.bank", "l10n_id_qris_api_key"),
    // logs in as the user, to Odoo or to his calendar
    ("res.users", "barcode"),
    ("res.users", "google_calendar_rtoken"),
    ("res.users", "google_calendar_sync_token"),
    ("res.users", "google_calendar_token"),
    ("res.users", "microsoft_calendar_rtoken"),
    // is res.users.settings.microsoft_calendar_sync_token
    ("res.users", "microsoft_calendar_sync_token"),
    // logs in as the user, to Odoo or to his calendar
    ("res.users", "microsoft_calendar_token"),
    ("res.users", "new_password"),
    ("res.users", "oauth_access_token"),
    ("res.users", "password"),
    ("res.users", "pin"),
    // is res.partner.signup_type
    ("res.users", "signup_type"),
    // logs in as the user, to Odoo or to his calendar
    ("res.users", "totp_secret"),
    ("res.users.settings", "google_calendar_rtoken"),
    ("res.users.settings", "google_calendar_sync_token"),
    ("res.users.settings", "google_calendar_token"),
    ("res.users.settings", "microsoft_calendar_sync_token"),
    // opens the record, or its page, to whoever has it
    ("sale.order", "access_token"),
    ("slide.channel", "access_token"),
    // an address with a token or a code in it that lets in whoever has it
    ("slide.channel.partner", "invitation_link"),
    // is res.company.sms_twilio_auth_token
    ("sms.twilio.account.manage", "sms_twilio_auth_token"),
    // opens the record, or its page, to whoever has it
    ("spreadsheet.dashboard.share", "access_token"),
    // an address with a token or a code in it that lets in whoever has it
    ("spreadsheet.dashboard.share", "full_url"),
    ("survey.invite", "survey_start_url"),
    // an address with a token in it
    ("survey.question", "background_image_url"),
    // opens the record, or its page, to whoever has it
    ("survey.survey", "access_token"),
    // an address with a token in it
    ("survey.survey", "background_image_url"),
    // lets somebody into a meeting, a conversation, a survey or a shop
    ("survey.survey", "session_code"),
    // an address with a token or a code in it that lets in whoever has it
    ("survey.survey", "session_link"),
    // opens the record, or its page, to whoever has it
    ("survey.user_input", "access_token"),
    ("survey.user_input", "invite_token"),
    // an address with a token or a code in it that lets in whoever has it
    ("task.share.wizard", "share_link"),
    // an account at a service on the web
    ("website", "google_analytics_key"),
    ("website", "google_maps_api_key"),
    ("website", "google_places_api_key"),
    ("website", "plausible_shared_key"),
    ("website", "website_slide_google_app_key"),
    // is ir.ui.view.visibility_password
    ("website.controller.page", "visibility_password"),
    // is ir.ui.view.visibility_password_display
    ("website.controller.page", "visibility_password_display"),
    // is ir.ui.view.visibility_password
    ("website.page", "visibility_password"),
    // is ir.ui.view.visibility_password_display
    ("website.page", "visibility_password_display"),
    // is website.page.visibility_password_display
    ("website.page.properties", "visibility_password_display"),
    // opens the record, or its page, to whoever has it
    ("website.visitor", "access_token"),
];
