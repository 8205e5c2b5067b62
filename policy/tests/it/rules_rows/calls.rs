//! Sections 6 and 7: the context, and calls.

use serde_json::json;

use super::{Row, no, ok, row};
use crate::setting::UID;

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    vec![
        row(
            partner(),
            "res.partner read",
            json!([[1], ["name"]]),
            json!({"context": {"lang": "en_US", "bin_size_image": true, "params": {}, "form_view_ref": "x", "uid": UID, "default_name": "x"}}),
            &[],
        ),
        row(
            partner(),
            "res.partner read",
            json!([[1], ["name"]]),
            json!({"context": {"uid": 1}}),
            &["identity res.partner uid"],
        ),
        row(
            partner(),
            "res.partner create",
            json!([{"name": "x"}]),
            json!({"context": {"default_lang": "en_US", "default_signup_type": "x", "default_child_ids": [{"name": "y"}]}}),
            &["field res.partner signup_type", "context res.partner default_signup_type"],
        ),
        row(
            partner(),
            "res.partner search",
            json!([[]]),
            json!({"context": {"employee_id": 5, "active_model": "x", "show_email": 1}}),
            &["context res.partner active_model", "context res.partner employee_id", "context res.partner show_email"],
        ),
        row(
            json!({"res.partner": {"may": "r", "context": ["active_id"]}}),
            "res.partner search",
            json!([[]]),
            json!({"context": {"active_id": 5}}),
            &[],
        ),
        // Calls.
        no(order(), "sale.order action_confirm", json!([[1]]), &["method sale.order action_confirm"]),
        ok(json!({"sale.order": {"may": "", "calls": ["action_confirm"]}}), "sale.order action_confirm", json!([[1]])),
        no(
            json!({"sale.order": {"may": "r", "calls": ["write"]}}),
            "sale.order write",
            json!([[1], {"note": "x"}]),
            &["permission sale.order write"],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["message_post"]}}),
            "sale.order message_post",
            json!([[1]]),
            json!({"body": "x", "message_type": "comment", "subtype_xmlid": "mail.mt_note", "attachments": [["a.txt", "eA=="]]}),
            &[],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["message_post"]}}),
            "sale.order message_post",
            json!([[1]]),
            json!({"body": "x", "partner_ids": [3]}),
            &["method sale.order message_post"],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["message_post:mail"]}}),
            "sale.order message_post",
            json!([[1]]),
            json!({"body": "x", "partner_ids": [3]}),
            &[],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["message_post"]}}),
            "sale.order message_post",
            json!([[1]]),
            json!({"body": "x", "attachments": [["a.JS", "eA=="]]}),
            &["method sale.order message_post"],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["activity_schedule"]}}),
            "sale.order activity_schedule",
            json!([[1]]),
            json!({"act_type_xmlid": "mail.mail_activity_data_todo", "summary": "x", "user_id": 3}),
            &[],
        ),
        row(
            json!({"sale.order": {"may": "", "calls": ["activity_schedule"]}}),
            "sale.order activity_schedule",
            json!([[1]]),
            json!({"summary": "x", "res_model_id": 3}),
            &["malformed sale.order activity_schedule"],
        ),
        ok(
            json!({"sale.order": {"may": "", "calls": ["attach"]}}),
            "ir.attachment create",
            json!([{"res_model": "sale.order", "res_id": 5, "name": "a.pdf", "datas": "eA=="}]),
        ),
        no(
            json!({"sale.order": {"may": "", "calls": ["attach"]}}),
            "ir.attachment create",
            json!([{"res_model": "sale.order", "res_id": 5, "name": "a.pdf", "datas": "eA==", "public": true}]),
            &["malformed ir.attachment create"],
        ),
    ]
}
