//! Models: closed ones, those that are read on any path, and what a search by name looks into.

use std::collections::BTreeSet;

use lictor_policy::odoo::tables::{self, Closed, rows};
use lictor_policy::wire::{Field, FieldRule, FieldType, Permission};
use serde_json::{Value as Json, json};

use super::{Gate, Row, call, everything, field, schema};
use crate::real_schema::SCHEMA;

/// A model whose fields lead to all that are tried.
const OTHER: &str = "x_other";

/// The name of its field that leads to a model, and the field.
fn to(model: &str, kind: FieldType) -> Row {
    let name = format!("x_{}_{kind:?}", model.replace('.', "_")).to_lowercase();
    let relation = (kind != FieldType::Reference).then(|| model.to_owned());
    Row { model: OTHER, field: Field { relation, ..field(&name, kind) } }
}

fn closed() -> impl Iterator<Item = &'static str> + Clone {
    [Closed::Altogether, Closed::Writing].into_iter().flat_map(tables::closed_models).copied()
}

/// A schema with these models and one with fields that lead to them.
fn with_other(models: impl Iterator<Item = &'static str>, kinds: &[FieldType]) -> lictor_policy::wire::Schema {
    let rows = models.flat_map(|model| {
        let own = Row::of(model, "display_name", FieldType::Plain);
        std::iter::once(own).chain(kinds.iter().map(move |kind| to(model, *kind)))
    });
    schema(&rows.collect::<Vec<_>>())
}

/// Everything on the models, and on the one with fields that lead to them, each of which is named wherever it can be.
fn widest(models: impl Iterator<Item = &'static str> + Clone, kinds: &[FieldType]) -> Vec<Permission> {
    let fields = || models.clone().flat_map(|model| kinds.iter().map(move |kind| to(model, *kind).field.name));
    let mut of_other = everything(OTHER);
    of_other.fields.read = Some(FieldRule::Also(fields().collect()));
    of_other.fields.write = of_other.fields.read.clone();
    of_other.paths = fields().map(|name| format!("{name}.display_name")).collect();
    of_other.nested_writes = fields().collect();
    models.clone().map(everything).chain([of_other]).collect()
}

#[test]
fn closed_models_are_opened_by_configuration_alone() {
    let kinds = [FieldType::Many2one, FieldType::One2many, FieldType::Many2many, FieldType::Reference];
    let schema = with_other(closed(), &kinds);
    for half in 0..2 {
        let excepted: Vec<String> = closed().skip(half).step_by(2).map(str::to_owned).collect();
        let gate = Gate::of(&schema, widest(closed(), &kinds), excepted.clone(), &[]);
        for model in closed() {
            let is_excepted = excepted.iter().any(|name| name == model);
            let reads_are_open = is_excepted || !tables::is_closed_to_reads(model);
            let check = |open: bool, of: &str, method: &str, args: Json| {
                let told = gate.told(&call(of, method, args.clone(), json!({})));
                assert_eq!(told.is_empty(), open, "{model} {of}.{method} {args}: {told:?}");
            };
            for (method, args) in [
                ("read", json!([[1], ["display_name"]])),
                ("search_read", json!([])),
                ("search", json!([[]])),
                ("search_count", json!([[]])),
                ("name_search", json!([])),
                ("read_group", json!([[], [], []])),
                ("fields_get", json!([])),
                ("export_data", json!([[1], ["id"]])),
                ("web_search_read", json!([[], {}])),
            ] {
                check(reads_are_open, model, method, args);
            }
            for (method, args) in [
                ("write", json!([[1], {}])),
                ("create", json!([{}])),
                ("create", json!([[]])),
                ("copy", json!([[1]])),
                ("name_create", json!(["x"])),
                ("unlink", json!([[1]])),
                ("load", json!([["id"], []])),
                ("action_archive", json!([[1]])),
                ("web_save", json!([[1], {}, {}])),
            ] {
                if (model, method) != ("ir.attachment", "create") {
                    check(is_excepted, model, method, args);
                }
            }
            for kind in &kinds[..3] {
                let name = to(model, *kind).field.name;
                let path = format!("{name}.display_name");
                check(reads_are_open, OTHER, "read", json!([[1], [path]]));
                check(reads_are_open, OTHER, "search", json!([[[path, "=", 1]]]));
                check(reads_are_open, OTHER, "search", json!([[[name, "any", [["display_name", "!=", false]]]]]));
                check(reads_are_open, OTHER, "web_read", json!([[1], {name: {"fields": {"display_name": {}}}}]));
            }
            let reference = to(model, FieldType::Reference).field.name;
            check(reads_are_open, OTHER, "write", json!([[1], {reference: format!("{model},1")}]));
            let (lines, links) =
                (to(model, FieldType::One2many).field.name, to(model, FieldType::Many2many).field.name);
            let commands = [json!([[0, 0, {}]]), json!([[1, 5, {}]]), json!([[2, 5]])];
            let of_lines =
                [json!([[3, 5]]), json!([[4, 5]]), json!([[5]]), json!([[6, 0, [5]]]), json!([5]), json!(false)];
            for value in commands.iter().chain(&of_lines) {
                check(is_excepted, OTHER, "write", json!([[1], {&lines: value}]));
            }
            for value in &commands {
                check(is_excepted, OTHER, "create", json!([{&links: value}]));
            }
            for value in [json!([[4, 5]]), json!([[6, 0, [5]]]), json!([5])] {
                check(is_excepted || tables::takes_links(model), OTHER, "write", json!([[1], {&links: value}]));
            }
            check(is_excepted || tables::takes_links(model), OTHER, "load", json!([[format!("{links}/id")], [["x"]]]));
        }
    }
}

#[test]
fn only_reference_data_is_read_on_paths_without_a_permission() {
    let models: Vec<&'static str> =
        rows::REFERENCE_DATA.iter().copied().chain(SCHEMA.models.iter().map(|entry| &*entry.name)).collect();
    let all = || models.iter().copied();
    let kinds = [FieldType::Many2one, FieldType::Many2many];
    let mut of_other = widest(std::iter::empty(), &kinds);
    // Fields that show names that tell are opened; the path behind them is not.
    of_other[0].fields.read =
        Some(FieldRule::Also(all().flat_map(|model| kinds.map(|kind| to(model, kind).field.name)).collect()));
    let gate = Gate::of(&with_other(all(), &kinds), of_other, vec![], &[]);
    for model in all() {
        let is_open = rows::REFERENCE_DATA.contains(&model);
        for kind in kinds {
            let name = to(model, kind).field.name;
            let path = format!("{name}.display_name");
            for (method, args) in [
                ("read", json!([[1], [path]])),
                ("search", json!([[[path, "!=", false]]])),
                ("export_data", json!([[1], [path.replace('.', "/")]])),
                ("formatted_read_group", json!([[], [path], []])),
                ("web_read", json!([[1], {name.as_str(): {"fields": {"display_name": {}}}}])),
            ] {
                let told = gate.told(&call(OTHER, method, args, json!({})));
                let path = if is_open { vec![] } else { vec![format!("path {OTHER}.{path}")] };
                // `display_name` of a domain looks for names, which may lead further.
                if method != "search" || !is_open {
                    assert_eq!(told, path, "{method} {model}");
                }
            }
        }
        let told = gate.told(&call(model, "search_read", json!([[], ["id"]]), json!({})));
        assert!(!told.is_empty(), "{model}");
    }
}

#[test]
fn a_search_by_name_reads_each_field_that_it_looks_into() {
    let first = |name: &'static str| name.split('.').next().unwrap();
    let table = || rows::NAMES.iter().filter(|(model, _)| tables::closed(model).is_none());
    let mut fields: Vec<Row> = table().map(|(model, _)| to(model, FieldType::Many2one)).collect();
    let mut others = BTreeSet::new();
    for (model, name) in table().flat_map(|(model, names)| names.iter().map(move |name| (model, name))) {
        let (name, tail) = name.split_once('.').unwrap_or((name, ""));
        let row =
            if tail.is_empty() { Row::of(model, name, FieldType::Plain) } else { Row::to(model, name, "res.partner") };
        if let Some(other) = row.field.relation.clone() {
            // A name that leads on is looked for by `name`, if no row says otherwise.
            let other: &'static str = other.leak();
            fields.push(Row::of(other, if tail.is_empty() { "name" } else { tail }, FieldType::Plain));
            others.insert(other);
        }
        fields.push(row);
    }
    let schema = schema(&fields);
    let beside = || {
        let is_other = |model: &&&str| table().all(|(name, _)| name != *model);
        others.iter().filter(is_other).map(|model| everything(model)).chain([everything(OTHER)])
    };
    let wide = table().map(|(model, _)| everything(model)).chain(beside()).collect();
    let open = Gate::of(&schema, wide, vec![], &[]);
    let most = table().map(|(_, names)| names.len()).max().unwrap();
    // One name of every second model is hidden at a time.
    for (number, half) in (0..most).flat_map(|number| [(number, 0), (number, 1)]) {
        let hidden = |at: usize, names: &[&'static str]| {
            let name = names.get(number).map(|name| first(name)).filter(|name| *name != "id");
            name.filter(|_| at % 2 == half).map(str::to_owned)
        };
        let permissions = table().enumerate().map(|(at, (model, names))| {
            let mut permission = everything(model);
            permission.fields.read = hidden(at, names).map(|name| FieldRule::Hide(vec![name]));
            permission
        });
        let gate = Gate::of(&schema, permissions.chain(beside()).collect(), vec![], &[]);
        for (at, (model, names)) in table().enumerate() {
            let Some(hidden) = hidden(at, names) else { continue };
            let reference = to(model, FieldType::Many2one).field.name;
            for call in [
                call(model, "name_search", json!(["x"]), json!({})),
                call(model, "search", json!([[["display_name", "ilike", "x"]]]), json!({})),
                call(OTHER, "search", json!([[[reference, "ilike", "x"]]]), json!({})),
                call(OTHER, "search", json!([[[reference, "in", [1, "2"]]]]), json!({})),
                call(OTHER, "load", json!([[reference], [["x"]]]), json!({})),
            ] {
                let told = gate.told(&call);
                let is_named = told.iter().any(|lack| lack.ends_with(&format!("{model}.{hidden}")));
                // A name before it may lead on to one that is hidden too.
                assert!(is_named || told != open.told(&call), "{model}.{hidden} {}: {told:?}", call.method);
            }
        }
    }
}
