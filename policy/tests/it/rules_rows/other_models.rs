//! Section 4: other models.

use serde_json::json;

use super::{Row, no, ok, row};

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    vec![
        ok(partner(), "res.partner search", json!([[["country_id.code", "=", "BE"], ["parent_id.name", "like", "x"]]])),
        no(
            order(),
            "sale.order search",
            json!([[["partner_id.email", "=", "x"]]]),
            &["cross sale.order partner_id.email"],
        ),
        ok(
            json!({"sale.order": {"may": "r", "paths": ["partner_id.email"]}}),
            "sale.order export_data",
            json!([[1], ["partner_id/email", "name", ".id", "partner_id/id", "partner_id/.id"]]),
        ),
        no(
            json!({"sale.order": {"may": "r", "paths": ["partner_id.signup_type"]}}),
            "sale.order search",
            json!([[["partner_id.signup_type", "=", "x"]]]),
            &["field res.partner signup_type"],
        ),
        no(
            json!({"sale.order": {"may": "r"}, "res.partner": {"may": "r", "fields": {"read": {"hide": ["email"]}}}}),
            "sale.order search",
            json!([[["partner_id", "any", [["email", "=", "x"], ["name", "=", "y"]]]]]),
            &["field res.partner email"],
        ),
        ok(
            order(),
            "sale.order read_group",
            json!([[], ["amount_total:sum", "n:count(partner_id)"], ["create_date:month", "partner_id"]]),
        ),
        ok(
            order(),
            "sale.order search",
            json!([[["create_date.month_number", "=", 3], ["partner_id.id", "in", [1]]], 0, 5, "partner_id, id"]),
        ),
        no(
            order(),
            "sale.order formatted_read_group",
            json!([[], ["partner_id.country_id"], ["__count"]]),
            &["cross sale.order partner_id.country_id"],
        ),
        no(
            order(),
            "sale.order web_search_read",
            json!([[], {"name": {}, "partner_id": {"fields": {"email": {}}}}]),
            &["cross sale.order partner_id.email"],
        ),
        // A text against a relation.
        ok(
            order(),
            "sale.order search",
            json!([[["partner_id", "=", 3], ["partner_id", "child_of", [3]], ["currency_id", "=", "EUR"]]]),
        ),
        no(
            order(),
            "sale.order search",
            json!([[["tag_ids", "in", ["3"]], ["user_id", "=", "x"]]]),
            &["field sale.order tag_ids", "cross sale.order user_id.login", "cross sale.order user_id.name"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["email"]}}}}),
            "res.partner name_search",
            json!(["x"]),
            &["field res.partner email"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["vat"]}}}}),
            "res.partner search",
            json!([[["display_name", "ilike", "x"]]]),
            &["field res.partner company_registry", "field res.partner vat"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["vat"]}}}}),
            "res.partner search",
            json!([["|", ["parent_id", "ilike", "x"], ["id", "child_of", "x"]]]),
            &["field res.partner company_registry", "field res.partner vat"],
        ),
        // Not by `display_name` itself.
        ok(
            json!({"sale.order": {"may": "r"}, "res.partner": {"may": "r", "fields": {"read": {"hide": ["display_name"]}}}}),
            "sale.order search",
            json!([[["partner_id.id", "child_of", "x"], ["partner_id", "any", [["id", "parent_of", ["x"]]]]]]),
        ),
        ok(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["display_name"]}}}}),
            "res.partner search",
            json!([[["id", "child_of", "x"]]]),
        ),
        row(
            json!({"sale.order": {"may": "r", "paths": ["partner_id.id"]}, "res.partner": {"may": "r", "fields": {"read": {"hide": ["ref"]}}}}),
            "sale.order search",
            json!([[["partner_id.id", "child_of", "x"]]]),
            json!({}),
            &["field res.partner ref"],
        ),
        no(
            json!({"res.partner": {"may": "r", "fields": {"read": {"hide": ["ref"]}}}}),
            "res.partner search_count",
            json!([[["display_name", "=", 12345]]]),
            &["field res.partner ref"],
        ),
        // Operators.
        no(
            partner(),
            "res.partner search",
            json!([[["user_ids", "ANY!", [["login", "=", "a"]]]]]),
            &["malformed res.partner operator"],
        ),
        no(partner(), "res.partner search", json!([[["name", "is", "a"]]]), &["malformed res.partner operator"]),
        ok(partner(), "res.partner search", json!([[["name", "NOT ILIKE", "a"]]])),
        // Methods and arguments by name.
        no(partner(), "res.partner get_metadata", json!([[1]]), &["method res.partner get_metadata"]),
        ok(json!({"res.partner": {"may": "r", "calls": ["get_metadata"]}}), "res.partner get_metadata", json!([[1]])),
        row(
            partner(),
            "res.partner web_save",
            json!([[1], {"name": "x"}, {}]),
            json!({"next_id": 5}),
            &["method res.partner next_id"],
        ),
    ]
}
