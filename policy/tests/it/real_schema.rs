//! The schema of a real Odoo in the form in which gates get it; tests/odoo-tables/schema.py writes it.

use std::sync::{Arc, LazyLock};

use lictor_policy::wire::{Field, Model, Schema};

/// It.
pub(crate) static SCHEMA: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(serde_json::from_str(include_str!("../schema/odoo-19.json")).unwrap()));

/// The sets of groups that its views tell apart: the first sees every field, the second is a plain employee's; HR's, the
/// accountants', and the sellers'.
pub(crate) const VIEWS: u32 = 5;

/// A model of it.
pub(crate) fn model(name: &str) -> &'static Model {
    &SCHEMA.models.iter().find(|entry| entry.name == name).unwrap().record
}

/// A field of it.
pub(crate) fn field(model_name: &str, name: &str) -> &'static Field {
    model(model_name).fields.iter().find(|field| field.name == name).unwrap()
}

#[test]
fn the_schema_is_that_of_odoo() {
    assert!(SCHEMA.models.is_sorted_by(|one, other| one.name < other.name));
    for entry in &SCHEMA.models {
        assert!(entry.record.fields.is_sorted_by(|one, other| one.name < other.name), "{}", entry.name);
        assert!(entry.record.views.iter().map(|view| view.set).eq(0..VIEWS), "{}", entry.name);
        for view in &entry.record.views {
            assert_eq!(
                String::from(view.sees.clone()).len(),
                entry.record.fields.len().div_ceil(8) * 2,
                "{}",
                entry.name
            );
        }
    }
    assert_eq!(field("res.users", "name").related.as_deref(), Some("partner_id.name"));
    assert_eq!(field("sale.order", "order_line").relation_field.as_deref(), Some("order_id"));
    assert!(field("hr.employee", "private_email").restricted && !field("hr.employee", "name").restricted);
    assert!(field("website.menu", "mega_menu_content").unsanitized);
}
