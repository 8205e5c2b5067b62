//! Section 2: reading.

use serde_json::json;

use super::{Row, no, ok};

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    vec![
        // By default open: its own, and those that it inherits.
        ok(partner(), "res.partner read", json!([[1], ["name", "email", "country_id", "display_name", "id"]])),
        ok(
            json!({"product.product": {"may": "r"}}),
            "product.product read",
            json!([[1], ["list_price", "default_code"]]),
        ),
        no(partner(), "res.partner read", json!([[1], ["no_such"]]), &["field res.partner no_such"]),
        // Credentials.
        no(partner(), "res.partner read", json!([[1], ["signup_type"]]), &["field res.partner signup_type"]),
        no(
            json!({"sale.order": {"may": "r", "fields": {"read": {"also": ["access_token"]}}}}),
            "sale.order read",
            json!([[1], ["access_token"]]),
            &["field sale.order access_token"],
        ),
        no(order(), "sale.order search", json!([[["access_token", "like", "a%"]]]), &["field sale.order access_token"]),
        no(order(), "sale.order copy", json!([[1], {"access_token": "mine"}]), &["field sale.order access_token"]),
        // Fields of other groups, and how they are opened.
        no(
            json!({"hr.employee": {"may": "r"}}),
            "hr.employee read",
            json!([[1], ["name", "private_email", "ssnid"]]),
            &["field hr.employee private_email", "field hr.employee ssnid"],
        ),
        ok(
            json!({"hr.employee": {"may": "r", "fields": {"read": {"also": ["private_email"]}}}}),
            "hr.employee read",
            json!([[1], ["name", "private_email"]]),
        )
        .of(2, &["hr.group_hr_user"]),
        no(
            json!({"hr.employee": {"may": "r", "fields": {"read": {"also": ["pin"]}}}}),
            "hr.employee read",
            json!([[1], ["pin"]]),
            &["field hr.employee pin"],
        ),
        // Names that tell.
        no(partner(), "res.partner search_read", json!([[], ["signup_type"]]), &["field res.partner signup_type"]),
        // Only, hide, also; `hide` takes the copies along, not the name that is shown.
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"only": ["name"]}}}}),
            "res.partner read",
            json!([[1], ["name", "email"]]),
            &["field res.partner email"],
        ),
        // The partner's journal, its company, whose country, of which the title is made.
        no(
            json!({"account.payment": {"may": "r", "fields": {"read": {"hide": ["partner_id"]}}}}),
            "account.payment read",
            json!([[1], ["payment_receipt_title"]]),
            &["field account.payment payment_receipt_title"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["email"]}}}}),
            "res.partner read",
            json!([[1], ["display_name", "email", "email_normalized", "email_formatted"]]),
            &["field res.partner email", "field res.partner email_formatted", "field res.partner email_normalized"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["email"]}}}}),
            "res.partner search_read",
            json!([[["email", "ilike", "x"]], ["name"], 0, 1, "email desc"]),
            &["field res.partner email"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["email"]}}}}),
            "res.partner formatted_read_group",
            json!([[], ["email"], ["__count", "email:count_distinct"], [["email:count_distinct", ">", 1]]]),
            &["field res.partner email"],
        ),
    ]
}
