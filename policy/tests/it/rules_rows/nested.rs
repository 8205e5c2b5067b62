//! Section 5: nested writes.

use serde_json::json;

use super::{Row, no, ok};

pub(super) fn rows() -> Vec<Row> {
    let partner = || json!({"res.partner": {"may": "rwcd"}});
    let order = || json!({"sale.order": {"may": "rwc"}});
    vec![
        no(order(), "sale.order write", json!([[1], {"order_line": [[2, 5]]}]), &["nested sale.order order_line"]),
        ok(order(), "sale.order write", json!([[1], {"order_line": []}])),
        ok(partner(), "res.partner write", json!([[1], {"category_id": [[6, 0, [1, 2]], [4, 3], [3, 5], [5]]}])),
        ok(
            json!({"sale.order": {"may": "w"}, "sale.order.line": {"may": "cw"}}),
            "sale.order write",
            json!([[1], {"order_line": [[0, 0, {"product_id": 3}], [1, 5, {"product_uom_qty": 2}], [4, 7]]}]),
        ),
        no(
            json!({"sale.order": {"may": "w"}, "sale.order.line": {"may": "cw"}}),
            "sale.order write",
            json!([[1], {"order_line": [[6, 0, [5]]]}]),
            &["nested sale.order order_line"],
        ),
        no(
            json!({"sale.order": {"may": "w", "nested_writes": ["order_line"]}}),
            "sale.order write",
            json!([[1], {"order_line": [[1, 5, {"state": "sale", "price_unit": 3}], [5]]}]),
            &["field sale.order.line state"],
        ),
        no(
            json!({"sale.order": {"may": "w", "nested_writes": ["order_line"]}}),
            "sale.order write",
            json!([[1], {"order_line": [[false, 0, {}], [1, "5", {}], [7, 1], [0, 0, [[]]]]}]),
            &["malformed sale.order order_line"],
        ),
        no(
            partner(),
            "res.partner write",
            json!([[1], {"category_id": [{"name": "x"}]}]),
            &["malformed res.partner category_id"],
        ),
        // A child that is released is written, one that is not is deleted.
        ok(partner(), "res.partner write", json!([[1], {"child_ids": [[3, 5]]}])),
        ok(json!({"res.partner": {"may": "w"}}), "res.partner write", json!([[1], {"child_ids": false}])),
        // Lines of a table of text are made and written, and other records found by their names.
        no(
            json!({"res.partner": {"may": "rwc", "methods": {"load": ["write", "create"]}}}),
            "res.partner load",
            json!([
                ["name", "child_ids/user_id", "child_ids/country_id", "child_ids/user_id/id"],
                [["x", "x", "x", "x"]]
            ]),
            &["cross res.partner child_ids.user_id.login", "cross res.partner child_ids.user_id.name"],
        ),
        no(
            json!({"sale.order": {"may": "rwc", "methods": {"load": ["write", "create"]}, "nested_writes": ["order_line"]}}),
            "sale.order load",
            json!([["order_line/product_id", "order_line/name", "order_line/product_uom_id/.id"], [["x", "x", "x"]]]),
            &["cross sale.order order_line.product_id"],
        ),
    ]
}
