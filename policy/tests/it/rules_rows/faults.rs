//! The faults that came of going by names alone.

use serde_json::json;

use super::{Row, no, ok, row};

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    let lead = || json!({"crm.lead": {"may": "rwc"}});
    let job = || json!({"hr.job": {"may": "rwc"}});
    vec![
        no(job(), "hr.job write", json!([[1], {"alias_defaults": "{}"}]), &["field hr.job alias_defaults"]),
        no(
            json!({"hr.job": {"may": "w", "fields": {"write": {"also": ["alias_defaults"]}}}}),
            "hr.job write",
            json!([[1], {"alias_defaults": "{}"}]),
            &["field hr.job alias_defaults"],
        ),
        no(
            json!({"project.project": {"may": "w"}}),
            "project.project write",
            json!([[1], {"alias_id": false}]),
            &["field project.project alias_id"],
        ),
        no(partner(), "res.partner write", json!([[1], {"email": "x"}]), &["field res.partner email"]),
        ok(
            json!({"res.partner": {"may": "w", "fields": {"write": {"also": ["email"]}}}}),
            "res.partner write",
            json!([[1], {"email": "x"}]),
        ),
        no(
            json!({"product.document": {"may": "rw"}}),
            "product.document write",
            json!([[1], {"ir_attachment_id": 5, "raw": "x", "public": true, "url": "/web"}]),
            &[
                "field product.document ir_attachment_id",
                "field product.document public",
                "field product.document raw",
                "field product.document url",
            ],
        ),
        no(
            json!({"product.template": {"may": "w"}}),
            "product.template write",
            json!([[1], {"website_description": "<script>"}]),
            &["field product.template website_description"],
        )
        .of(0, &["base.group_sanitize_override"]),
        ok(
            json!({"product.template": {"may": "w"}}),
            "product.template write",
            json!([[1], {"website_description": "<b>Odoo sanitises this user's</b>"}]),
        ),
        no(
            json!({"product.product": {"may": "w"}}),
            "product.product write",
            json!([[1], {"website_description": "<script>"}]),
            &["field product.product website_description"],
        )
        .of(0, &["base.group_sanitize_override"]),
        ok(
            json!({"product.product": {"may": "w"}}),
            "product.product write",
            json!([[1], {"website_description": "<b>Odoo sanitises this user's</b>"}]),
        ),
        no(
            json!({"mailing.mailing": {"may": "c"}}),
            "mailing.mailing create",
            json!([{"subject": "x", "body_html": "<t t-out='1'/>"}]),
            &["field mailing.mailing body_html", "field mailing.mailing subject"],
        ),
        no(
            json!({"mail.template.preview": {"may": "c"}}),
            "mail.template.preview create",
            json!([{}]),
            &["method mail.template.preview create"],
        ),
        no(
            json!({"res.users": {"may": "r"}}),
            "res.users read",
            json!([[1], ["google_calendar_rtoken"]]),
            &["field res.users google_calendar_rtoken"],
        ),
        no(order(), "sale.order write", json!([[1], {"order_line": false}]), &["nested sale.order order_line"]),
        row(
            json!({"hr.leave.type": {"may": "r"}}),
            "hr.leave.type search_read",
            json!([[], ["name"]]),
            json!({"context": {"employee_id": 5}}),
            &["context hr.leave.type employee_id"],
        ),
        no(
            order(),
            "sale.order search",
            json!([[["partner_id", "ilike", "t"]]]),
            &[
                "cross sale.order partner_id.company_registry",
                "cross sale.order partner_id.complete_name",
                "cross sale.order partner_id.email",
                "cross sale.order partner_id.ref",
                "cross sale.order partner_id.vat",
            ],
        ),
        no(
            json!({"res.partner": {"may": "r", "paths": ["country_id.code"]}}),
            "res.partner export_data",
            json!([[1], ["employee_ids/ssnid"]]),
            &["field res.partner employee_ids"],
        ),
        no(lead(), "crm.lead message_subscribe", json!([[1], [5]]), &["method crm.lead message_subscribe"]),
        no(
            json!({"hr.employee": {"may": "w"}}),
            "hr.employee write",
            json!([[1], {"work_email": "x", "leave_manager_id": 5}]),
            &["field hr.employee leave_manager_id", "field hr.employee work_email"],
        ),
        no(
            json!({"account.move": {"may": "wc"}, "stock.quant": {"may": "w"}}),
            "account.move write",
            json!([[1], {"payment_state": "paid", "amount_residual": 0, "auto_post": "at_date"}]),
            &["field account.move amount_residual", "field account.move auto_post", "field account.move payment_state"],
        ),
        no(
            json!({"account.move.line": {"may": "w"}}),
            "account.move.line write",
            json!([[1], {"reconciled": true}]),
            &["field account.move.line reconciled"],
        ),
        no(
            json!({"stock.quant": {"may": "w"}}),
            "stock.quant write",
            json!([[1], {"quantity": 9999}]),
            &["field stock.quant quantity"],
        ),
        no(job(), "hr.job write", json!([[1], {"interviewer_ids": [[4, 5]]}]), &["field hr.job interviewer_ids"]),
        no(partner(), "res.partner write", json!([[1], {"parent_id": 5}]), &["field res.partner parent_id"]),
    ]
}
