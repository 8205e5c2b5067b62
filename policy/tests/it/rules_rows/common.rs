//! The reads and writes that clients such as mcp-server-odoo, odoo-mcp, odooly, OdooRPC and n8n make most, on twenty models: what a
//! permission without rules of fields closes of them, and no more.

use serde_json::{Value as Json, json};

use super::{Row, row};

/// A model, the fields that a list of it shows, and the values of a new record, by names.
const MODELS: [(&str, &[&str], &[&str]); 20] = [
    (
        "res.partner",
        &[
            "name",
            "email",
            "phone",
            "street",
            "city",
            "zip",
            "country_id",
            "is_company",
            "parent_id",
            "vat",
            "category_id",
        ],
        &["name", "email", "phone", "street", "city", "zip", "country_id", "is_company", "parent_id", "vat", "comment"],
    ),
    (
        "sale.order",
        &[
            "name",
            "partner_id",
            "date_order",
            "state",
            "amount_total",
            "currency_id",
            "user_id",
            "order_line",
            "company_id",
        ],
        &["partner_id", "date_order", "client_order_ref", "note", "payment_term_id", "pricelist_id"],
    ),
    (
        "sale.order.line",
        &["order_id", "product_id", "name", "product_uom_qty", "price_unit", "price_subtotal", "tax_ids"],
        &["order_id", "product_id", "name", "product_uom_qty", "price_unit", "discount"],
    ),
    (
        "purchase.order",
        &["name", "partner_id", "date_order", "state", "amount_total", "currency_id", "order_line"],
        &["partner_id", "date_order", "partner_ref", "note"],
    ),
    (
        "purchase.order.line",
        &["order_id", "product_id", "name", "product_qty", "price_unit", "price_subtotal", "date_planned"],
        &["order_id", "product_id", "name", "product_qty", "price_unit", "date_planned"],
    ),
    (
        "account.move",
        &[
            "name",
            "partner_id",
            "invoice_date",
            "state",
            "move_type",
            "amount_total",
            "amount_residual",
            "payment_state",
        ],
        &["partner_id", "move_type", "invoice_date", "ref", "narration", "journal_id"],
    ),
    (
        "account.move.line",
        &["move_id", "account_id", "partner_id", "name", "debit", "credit", "balance", "date", "product_id"],
        &["move_id", "account_id", "partner_id", "name", "debit", "credit", "quantity", "price_unit"],
    ),
    (
        "account.payment",
        &["name", "partner_id", "amount", "date", "state", "payment_type", "journal_id"],
        &["partner_id", "amount", "date", "payment_type", "partner_type", "journal_id", "memo"],
    ),
    (
        "crm.lead",
        &[
            "name",
            "partner_id",
            "email_from",
            "phone",
            "stage_id",
            "user_id",
            "team_id",
            "expected_revenue",
            "probability",
        ],
        &[
            "name",
            "email_from",
            "phone",
            "contact_name",
            "stage_id",
            "user_id",
            "expected_revenue",
            "description",
            "tag_ids",
        ],
    ),
    (
        "project.project",
        &["name", "partner_id", "user_id", "stage_id", "task_count", "date_start", "date"],
        &["name", "partner_id", "user_id", "date_start", "date", "description"],
    ),
    (
        "project.task",
        &["name", "project_id", "stage_id", "user_ids", "date_deadline", "priority", "partner_id", "tag_ids", "state"],
        &["name", "project_id", "stage_id", "user_ids", "date_deadline", "priority", "description", "tag_ids", "state"],
    ),
    (
        "hr.employee",
        &["name", "job_title", "department_id", "parent_id", "work_email", "work_phone", "company_id"],
        &["name", "job_title", "department_id", "parent_id", "mobile_phone"],
    ),
    ("hr.department", &["name", "parent_id", "manager_id", "company_id"], &["name", "parent_id", "manager_id"]),
    (
        "hr.leave",
        &["employee_id", "holiday_status_id", "request_date_from", "request_date_to", "state", "number_of_days"],
        &["employee_id", "holiday_status_id", "request_date_from", "request_date_to", "name"],
    ),
    (
        "product.template",
        &[
            "name",
            "default_code",
            "list_price",
            "standard_price",
            "categ_id",
            "uom_id",
            "type",
            "barcode",
            "qty_available",
        ],
        &[
            "name",
            "default_code",
            "list_price",
            "standard_price",
            "categ_id",
            "uom_id",
            "type",
            "barcode",
            "description_sale",
        ],
    ),
    (
        "product.product",
        &[
            "name",
            "default_code",
            "lst_price",
            "standard_price",
            "categ_id",
            "barcode",
            "qty_available",
            "product_tmpl_id",
        ],
        &["name", "default_code", "list_price", "standard_price", "categ_id", "barcode"],
    ),
    (
        "stock.picking",
        &[
            "name",
            "partner_id",
            "origin",
            "state",
            "scheduled_date",
            "picking_type_id",
            "location_id",
            "location_dest_id",
        ],
        &["partner_id", "origin", "scheduled_date", "picking_type_id", "location_id", "location_dest_id", "note"],
    ),
    (
        "stock.move",
        &["product_id", "product_uom_qty", "quantity", "state", "picking_id", "location_id", "location_dest_id"],
        &["product_id", "product_uom_qty", "picking_id", "location_id", "location_dest_id"],
    ),
    (
        "stock.quant",
        &["product_id", "location_id", "quantity", "reserved_quantity", "lot_id"],
        &["product_id", "location_id", "inventory_quantity"],
    ),
    (
        "calendar.event",
        &["name", "start", "stop", "allday", "partner_ids", "user_id", "location", "description"],
        &["name", "start", "stop", "allday", "partner_ids", "location", "description"],
    ),
];

/// What of these a permission without rules of fields closes, with the part of the rules that says so.
const CLOSED: &[(&str, &[&str])] = &[
    // Grants: open in a new contact only.
    ("res.partner write", &["field res.partner email", "field res.partner parent_id"]),
    // Grants: the manager approves leaves from then on.
    ("hr.employee create", &["field hr.employee parent_id"]),
    ("hr.employee write", &["field hr.employee parent_id"]),
    ("hr.department create", &["field hr.department manager_id"]),
    ("hr.department write", &["field hr.department manager_id"]),
    // Read-only in Odoo and not computed: open in creation only.
    ("account.move write", &["field account.move move_type"]),
    ("account.move.line write", &["field account.move.line move_id"]),
    // Written by Odoo to another record too.
    ("account.payment create", &["field account.payment memo"]),
    ("account.payment write", &["field account.payment memo"]),
    ("crm.lead write", &["field crm.lead email_from", "field crm.lead phone"]),
    // Shown by Odoo to some groups only.
    ("project.project search_read", OF_STAGES),
    ("project.project read", OF_STAGES),
];
const OF_STAGES: &[&str] = &["field project.project stage_id", "field project.project task_count"];

pub(super) fn rows() -> Vec<Row> {
    MODELS.iter().flat_map(|(model, read, written)| of_model(model, read, written)).collect()
}

fn of_model(model: &'static str, read: &[&str], written: &[&str]) -> Vec<Row> {
    let values: Json =
        written.iter().map(|name| ((*name).to_owned(), value(name))).collect::<serde_json::Map<_, _>>().into();
    let domain = json!([["id", ">", 0], ["create_date", ">=", "2026-01-01"]]);
    let calls = [
        ("search_read", json!([domain, read]), json!({"limit": 10, "order": "id desc"})),
        ("read", json!([[1, 2], read]), json!({})),
        ("search", json!([domain]), json!({"offset": 0, "limit": 80})),
        ("search_count", json!([domain]), json!({})),
        ("fields_get", json!([[], ["string", "type", "required"]]), json!({})),
        ("read_group", json!([domain, ["id"], ["create_date:month"]]), json!({"lazy": false})),
        ("default_get", json!([written]), json!({})),
        ("create", json!([values]), json!({"context": {"lang": "en_US"}})),
        ("write", json!([[1], values]), json!({"context": {"tz": "UTC"}})),
    ];
    let row = |(method, args, kwargs): (&str, Json, Json)| {
        let called: &'static str = format!("{model} {method}").leak();
        let lacks = CLOSED.iter().find(|(named, _)| *named == called).map_or(&[][..], |(_, lacks)| lacks);
        row(json!({model: {"may": "rwc"}}), called, args, kwargs, lacks)
    };
    calls.into_iter().map(row).collect()
}

/// A value as a client sends it, by what names of Odoo's fields end with.
fn value(name: &str) -> Json {
    match name {
        _ if name.ends_with("_ids") => json!([[6, 0, [1, 2]]]),
        _ if name.ends_with("_id") => json!(7),
        _ if name.starts_with("is_") || name == "allday" => json!(true),
        _ if name.contains("price")
            || name.contains("qty")
            || ["amount", "debit", "credit", "quantity"].contains(&name) =>
        {
            json!(1.5)
        }
        _ => json!("text"),
    }
}
