//! Fields: credentials, those of closed models, of groups, what Odoo evaluates, what grants, states, inverses, HTML, names that tell.

use lictor_policy::odoo::tables::{self, Closed, Html, rows};
use lictor_policy::wire::{Field, FieldType};
use serde_json::json;

use super::{By, Row, call, creates, field, known, reads, tries, writes, writes_and_creates};
use crate::real_schema::SCHEMA;

/// A model that no table names.
const OTHER: &str = "x_other";

fn plain(of: &[(&'static str, &'static str)]) -> Vec<Row> {
    let row = |(model, name): &(&'static str, &'static str)| {
        Row::of(if *model == "*" { OTHER } else { model }, name, FieldType::Plain)
    };
    of.iter().map(row).collect()
}

/// Whether nothing that a permission says opens the field.
fn is_never(row: &Row, writing: bool) -> bool {
    let closes = |how: Option<Closed>| how == Some(Closed::Altogether) || (writing && how.is_some());
    tables::is_credential(row.model, &row.field.name)
        || closes(tables::closed(row.model))
        || closes(tables::closed_field(row.model, &row.field.name))
}

fn by_naming(writing: bool) -> impl Fn(&Row, bool) -> Option<bool> {
    move |row, named| Some(named && !is_never(row, writing))
}

#[test]
fn credentials_are_opened_by_nothing() {
    for by in [By::Also, By::Exception] {
        let uses = |row: &Row| [reads(row), writes(row), creates(row)].into_iter().flatten().collect();
        tries(&plain(rows::CREDENTIALS), by, &[], uses, |_, _| Some(false));
    }
}

#[test]
fn fields_of_groups_are_opened_by_naming_them() {
    let of = |entry: &'static lictor_policy::wire::ModelEntry| {
        let fields = entry.record.fields.iter().filter(|field| field.restricted);
        fields.map(|field| Row { model: &entry.name, field: field.clone() })
    };
    let rows: Vec<Row> = SCHEMA.models.iter().flat_map(of).collect();
    assert!(rows.len() > 250);
    tries(&rows, By::Also, &[], reads, by_naming(false));
    tries(&rows, By::Also, &[], writes_and_creates, by_naming(true));
}

#[test]
fn fields_that_lead_to_closed_models_are_opened_by_configuration_alone() {
    let table = rows::CLOSED_FIELDS;
    let rows: Vec<Row> = table.iter().map(|(model, name, _)| Row::of(model, name, FieldType::Plain)).collect();
    tries(&rows, By::Also, &[], writes_and_creates, |_, _| Some(false));
    // Those that are closed to writing alone may be read; some are closed to reading for other reasons besides.
    let is_credential = |row: &Row| tables::is_credential(row.model, &row.field.name);
    tries(
        &rows,
        By::Also,
        &[],
        reads,
        |row, named| {
            if is_never(row, false) { Some(false) } else { named.then_some(true) }
        },
    );
    tries(&rows, By::Exception, &[], writes_and_creates, |row, excepted| Some(excepted && !is_credential(row)));
}

#[test]
fn what_is_inherited_from_a_closed_model_is_closed_with_it() {
    let mut rows = Vec::new();
    for (model, reference, other) in rows::DELEGATIONS.iter().filter(|row| tables::closed(row.2).is_some()) {
        rows.push(Row::to(model, reference, other));
        let related =
            |name: &str| Field { related: Some(format!("{reference}.{name}")), ..field(name, FieldType::Plain) };
        // The models of this Odoo, and a field that somebody's module adds.
        let inherited = known(model).into_iter().flat_map(|known| &known.fields);
        let is_inherited = |field: &&Field| field.related == related(&field.name).related;
        rows.extend(inherited.filter(is_inherited).map(|field| Row { model, field: field.clone() }));
        rows.push(Row { model, field: Field { unstored: true, ..related("x_custom") } });
    }
    assert!(rows.len() > 80, "{}", rows.len());
    let from = |row: &Row| {
        let (_, _, other) = tables::delegations(row.model)[0];
        tables::closed(other)
    };
    tries(&rows, By::Also, &[], writes_and_creates, |_, _| Some(false));
    tries(&rows, By::Also, &[], reads, |row, named| {
        if from(row) == Some(Closed::Altogether) || is_never(row, false) { Some(false) } else { named.then_some(true) }
    });
}

#[test]
fn what_odoo_evaluates_is_opened_by_naming_it() {
    tries(&plain(rows::EVALUATED), By::Also, &[], writes_and_creates, by_naming(true));
}

#[test]
fn what_grants_is_opened_by_naming_it_but_for_new_contacts() {
    let is_free_if_new = |row: &Row| row.model == "res.partner" && row.field.name != "commercial_partner_id";
    tries(&plain(rows::GRANTS), By::Also, &[], writes, by_naming(true));
    tries(&plain(rows::GRANTS), By::Also, &[], creates, |row, named| {
        Some((named || is_free_if_new(row)) && !is_never(row, true))
    });
}

#[test]
fn states_are_opened_by_naming_them() {
    tries(&plain(rows::STATES), By::Also, &[], writes_and_creates, by_naming(true));
    tries(&plain(rows::STATES_FREE), By::Also, &[], writes, |_, _| Some(true));
}

#[test]
fn inverses_are_opened_by_naming_them_or_in_creation_without_their_reference() {
    let of = |reference: fn(&str) -> bool| {
        let table = rows::INVERSES.iter().filter(move |row| reference(row.2));
        table.map(|row| (row.0, row.1)).collect::<Vec<_>>()
    };
    tries(&plain(&of(|_| true)), By::Also, &[], writes, by_naming(true));
    tries(&plain(&of(str::is_empty)), By::Also, &[], creates, by_naming(true));
    let with_reference = plain(&of(|reference| !reference.is_empty()));
    let of_row = |row: &Row| tables::inverse(row.model, &row.field.name).unwrap();
    let made = |row: &Row, beside: serde_json::Value| {
        let mut values = json!({row.field.name.as_str(): row.value()});
        values.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
        values
    };
    let is_set = |row: &Row| {
        let (reference, nothing) = (of_row(row), json!({}));
        let default = json!({"context": {format!("default_{reference}"): 3}});
        let mut calls = vec![
            call(row.model, "create", json!([made(row, json!({reference: 3}))]), nothing.clone()),
            call(row.model, "copy", json!([[1], made(row, nothing.clone())]), nothing.clone()),
            call(row.model, "create", json!([made(row, nothing.clone())]), default),
        ];
        calls.push(call(row.model, "web_save", json!([[], made(row, json!({reference: 3})), {}]), nothing));
        calls
    };
    let is_empty = |row: &Row| {
        let (reference, nothing) = (of_row(row), json!({}));
        vec![
            call(row.model, "create", json!([made(row, nothing.clone())]), nothing.clone()),
            call(row.model, "create", json!([made(row, json!({reference: false}))]), nothing.clone()),
            call(row.model, "copy", json!([[1], made(row, json!({reference: false}))]), nothing),
        ]
    };
    let closed_else = |row: &Row| {
        let by_itself = row.field.restricted || (row.field.readonly && !row.field.depends.is_empty());
        by_itself || tables::is_grant(row.model, &row.field.name) || tables::is_evaluated(row.model, &row.field.name)
    };
    tries(&with_reference, By::Also, &[], is_set, |row, named| {
        // The reference that is set beside it may be closed itself.
        if named { None } else { by_naming(true)(row, false) }
    });
    tries(&with_reference, By::Also, &[], is_empty, |row, named| {
        if is_never(row, true) { Some(false) } else { (named || !closed_else(row)).then_some(true) }
    });
}

#[test]
fn html_that_is_stored_as_it_comes_holds_no_tag() {
    let rows: Vec<Row> = rows::HTML.iter().map(|(model, name, _)| Row::of(model, name, FieldType::Html)).collect();
    let of = |row: &Row| tables::html(row.model, &row.field.name).unwrap();
    let with = |text: &'static str| {
        move |row: &Row| {
            let values = json!({row.field.name.as_str(): text});
            vec![
                call(row.model, "write", json!([[1], values]), json!({})),
                call(row.model, "create", json!([values]), json!({})),
                call(row.model, "copy", json!([[1], values]), json!({})),
            ]
        }
    };
    // Some are read-only, or evaluated, besides.
    let closed_else = |row: &Row| {
        row.field.readonly
            || row.field.restricted
            || row.field.related.is_some()
            || tables::is_evaluated(row.model, &row.field.name)
    };
    let open = |named: bool, row: &Row, open: bool| {
        if is_never(row, true) { Some(false) } else { (named || !open || !closed_else(row)).then_some(named || open) }
    };
    for groups in [&["base.group_user"][..], &["base.group_sanitize_override"], &[]] {
        let is_plain_user = groups == ["base.group_user"];
        let sanitizes = |row: &Row| of(row) == Html::ByGroup && is_plain_user;
        tries(&rows, By::Also, groups, with("<b>x</b>"), |row, named| open(named, row, sanitizes(row)));
        tries(&rows, By::Also, groups, with("x"), |row, named| open(named, row, true));
    }
}

#[test]
fn references_into_names_that_tell_are_opened_by_naming_them() {
    let row = |model: &&str| {
        let name: &'static str = Box::leak(format!("x_{}", model.replace('.', "_")).into_boxed_str());
        Row::to(OTHER, name, model)
    };
    let mut rows: Vec<Row> = rows::NAMES_THAT_TELL.iter().map(row).collect();
    for kind in [FieldType::One2many, FieldType::Many2many] {
        let many = |row: Row| {
            let name = format!("{}_{kind:?}", row.field.name).to_lowercase();
            Row { field: Field { name, kind, ..row.field.clone() }, ..row }
        };
        rows.extend(rows::NAMES_THAT_TELL.iter().map(row).map(many));
    }
    tries(&rows, By::Also, &[], reads, |_, named| Some(named));
}
