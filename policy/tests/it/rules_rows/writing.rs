//! Section 3: writing.

use serde_json::json;

use super::{Row, no, ok, row};

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    let task = || json!({"project.task": {"may": "rwc"}});
    let lead = || json!({"crm.lead": {"may": "rwc"}});
    vec![
        ok(order(), "sale.order write", json!([[1], {"partner_id": 3, "note": "x", "client_order_ref": "y"}])),
        no(order(), "sale.order write", json!([[1], {"state": "sale"}]), &["field sale.order state"]),
        no(order(), "sale.order write", json!([[1], {"amount_total": 1}]), &["field sale.order amount_total"]),
        no(order(), "sale.order write", json!([[1], {"signed_by": "x"}]), &["field sale.order signed_by"]),
        ok(task(), "project.task write", json!([[1], {"state": "1_done"}])),
        ok(task(), "project.task create", json!([{"name": "x", "partner_phone": "1"}])),
        no(task(), "project.task write", json!([[1], {"partner_phone": "1"}]), &["field project.task partner_phone"]),
        no(
            task(),
            "project.task create",
            json!([{"name": "x", "partner_id": 3, "partner_phone": "1"}]),
            &["field project.task partner_phone"],
        ),
        row(
            lead(),
            "crm.lead create",
            json!([{"name": "x", "email_from": "a@b"}]),
            json!({"context": {"default_partner_id": 3}}),
            &["field crm.lead email_from"],
        ),
        ok(lead(), "crm.lead create", json!([{"name": "x", "email_from": "a@b", "partner_id": false}])),
        // Only when it is made.
        ok(
            json!({"account.move": {"may": "c"}}),
            "account.move create",
            json!([{"move_type": "out_invoice", "invoice_origin": "x"}]),
        ),
        no(
            json!({"account.move": {"may": "w"}}),
            "account.move write",
            json!([[1], {"move_type": "entry"}]),
            &["field account.move move_type"],
        ),
        ok(partner(), "res.partner create", json!([{"name": "x", "email": "a@b", "parent_id": 3}])),
        // HTML that is stored as it comes, with a tag in it.
        ok(
            json!({"product.template": {"may": "w"}}),
            "product.template write",
            json!([[1], {"website_description": "plain"}]),
        ),
    ]
}
