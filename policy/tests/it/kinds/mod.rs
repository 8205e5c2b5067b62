//! Each kind of what rights escape through, row by row: a test goes through all of a table, or all of Odoo's fields of a kind.
//!
//! Each row is closed by a permission for everything, and opened by what names it, or by nothing. Half of the rows are named at a time,
//! so that each is tried both ways, beside others that are named.

mod context;
mod fields;
mod models;
mod x2many;

use std::collections::BTreeMap;

use lictor_policy::call::Call;
use lictor_policy::decide::lack::Lack;
use lictor_policy::decide::{self, Rewrite};
use lictor_policy::odoo::tables;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Refusal;
use lictor_policy::snapshot::{Snapshot, compact};
use lictor_policy::wire::{
    Bitmap, Delegation, Field, FieldRule, FieldType, Model, ModelEntry, Permission, Schema, View,
};
use serde_json::{Value as Json, json};

use crate::effects;
use crate::real_schema::SCHEMA;
use crate::rules_rows;
use crate::setting;

/// A field of a model.
pub(crate) struct Row {
    pub(crate) model: &'static str,
    pub(crate) field: Field,
}

impl Row {
    /// Odoo's field, or one of this type if the schema of the tests lacks it.
    pub(crate) fn of(model: &'static str, name: &str, kind: FieldType) -> Self {
        let known = known(model).and_then(|known| known.fields.iter().find(|field| field.name == name));
        Self { model, field: known.cloned().unwrap_or_else(|| field(name, kind)) }
    }

    /// The same of a reference: to this model, if the schema of the tests lacks it.
    pub(crate) fn to(model: &'static str, name: &str, relation: &str) -> Self {
        let mut row = Self::of(model, name, FieldType::Many2one);
        row.field.relation.get_or_insert_with(|| relation.to_owned());
        row
    }

    fn name(&self) -> &str {
        &self.field.name
    }

    /// A value that is harmless in itself.
    fn value(&self) -> Json {
        match self.field.kind {
            _ if self.name() == "res_model" => json!(false),
            FieldType::Many2one => json!(3),
            FieldType::Reference | FieldType::Many2oneReference => json!(false),
            FieldType::One2many | FieldType::Many2many => json!([]),
            FieldType::Json | FieldType::Properties | FieldType::PropertiesDefinition => json!({}),
            FieldType::Plain | FieldType::Date | FieldType::Html => json!("x"),
        }
    }
}

fn known(model: &str) -> Option<&'static Model> {
    SCHEMA.models.iter().find(|entry| entry.name == model).map(|entry| &entry.record)
}

pub(crate) fn field(name: &str, kind: FieldType) -> Field {
    Field { name: name.to_owned(), kind, ..Field::default() }
}

/// The models of the rows, with their fields and those that they go by.
pub(crate) fn schema<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Schema {
    let mut models: BTreeMap<&str, Model> = BTreeMap::new();
    for row in rows {
        let model = models.entry(row.model).or_insert_with(|| {
            let of = |row: &(&str, &str, &str)| Delegation { field: row.1.to_owned(), model: row.2.to_owned() };
            let delegations = tables::delegations(row.model).iter().map(of).collect();
            let fields = ["display_name", "id", "name"].map(|name| Row::of(row.model, name, FieldType::Plain).field);
            Model { fields: fields.into(), delegations, views: vec![] }
        });
        let related = row.field.related.as_deref().and_then(|path| path.split('.').next());
        for reference in tables::inverse(row.model, row.name()).into_iter().chain(related) {
            if !reference.is_empty() && model.fields.iter().all(|field| field.name != reference) {
                put(model, Row::to(row.model, reference, "res.partner").field);
            }
        }
        put(model, row.field.clone());
    }
    let whole = |(name, mut model): (&str, Model)| {
        let sees = vec![true; model.fields.len()].into_iter().collect();
        model.views = vec![View { set: 0, sees, dead_ends: Bitmap::default() }];
        ModelEntry { name: name.to_owned(), record: model }
    };
    Schema { version: 1, read_at: 0, models: models.into_iter().map(whole).collect() }
}

fn put(model: &mut Model, field: Field) {
    match model.fields.binary_search_by(|known| known.name.cmp(&field.name)) {
        Ok(at) => model.fields[at] = field,
        Err(at) => model.fields.insert(at, field),
    }
}

/// A permission for everything that can be done to a model, but for its fields.
pub(crate) fn everything(model: &str) -> Permission {
    Permission {
        model: model.to_owned(),
        operations: Operations::of(&Operation::ON_RECORDS),
        calls: effects::calls(),
        methods: [("load".to_owned(), Operations::of(&[Operation::Write, Operation::Create]))].into(),
        ..Permission::default()
    }
}

/// What a key is judged by.
pub(crate) struct Gate(Snapshot);

impl Gate {
    pub(crate) fn of(schema: &Schema, permissions: Vec<Permission>, exceptions: Vec<String>, groups: &[&str]) -> Self {
        let mut policy = setting::policy();
        policy.schema = schema.clone();
        policy.permissions = permissions;
        policy.settings.never_list_exceptions = exceptions;
        policy.users[0].groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Self(Snapshot::received(compact::write(&policy).unwrap(), setting::SEED).unwrap())
    }

    /// All that a call lacks.
    pub(crate) fn asked(&self, call: &Call<'_>) -> Result<(Vec<Lack>, Rewrite), Refusal> {
        let key = self.0.key(setting::key().prefix()).unwrap().unwrap();
        decide::lacks(&self.0, key, call)
    }

    /// What it lacks, as refusals have it; nothing if it may pass.
    pub(crate) fn told(&self, call: &Call<'_>) -> Vec<String> {
        match self.asked(call) {
            Ok((lacks, _)) => lacks.iter().map(Lack::name).collect(),
            Err(refusal) => vec![format!("{:?}", refusal.reason)],
        }
    }
}

/// A call from `[args, kwargs]`.
pub(crate) fn call(model: &str, method: &str, args: Json, kwargs: Json) -> Call<'static> {
    rules_rows::call(model, method, &args, &kwargs)
}

/// By what rows are opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By `also` of the permission, for reading and writing.
    Also,
    /// By configuration that names the field, where the permission does too.
    Exception,
}

/// Tries the calls of each row while half of the rows are named, then the other. `open` says whether they are open to a row that is
/// named, or is not; `None` where something else decides.
pub(crate) fn tries(
    rows: &[Row],
    by: By,
    groups: &[&str],
    calls: impl Fn(&Row) -> Vec<Call<'static>>,
    open: impl Fn(&Row, bool) -> Option<bool>,
) {
    let schema = schema(rows);
    let calls: Vec<Vec<Call<'static>>> = rows.iter().map(calls).collect();
    let mut wrong = Vec::new();
    for half in 0..2 {
        let named = |at: usize| at % 2 == half;
        let mut permissions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let fields = permissions.entry(row.model).or_default();
            if by == By::Exception || named(at) {
                fields.push(row.field.name.clone());
            }
        }
        let permission = |(model, fields): (&str, Vec<String>)| {
            let mut permission = everything(model);
            permission.fields.read = Some(FieldRule::Also(fields.clone()));
            permission.fields.write = Some(FieldRule::Also(fields));
            permission
        };
        let is_excepted = |at: &usize| by == By::Exception && named(*at);
        let exceptions = (0..rows.len()).filter(is_excepted);
        let exceptions = exceptions.map(|at| format!("{}.{}", rows[at].model, rows[at].name())).collect();
        let gate = Gate::of(&schema, permissions.into_iter().map(permission).collect(), exceptions, groups);
        for (at, row) in rows.iter().enumerate() {
            let Some(open) = open(row, named(at)) else { continue };
            for call in &calls[at] {
                let told = gate.told(call);
                let names = format!("{}.{}", row.model, row.name());
                // Files are made in one form only.
                let is_refused =
                    |lack: &str| lack == "MethodDenied" || (row.model == "ir.attachment" && lack == "MalformedRequest");
                let is_closed = told.iter().any(|lack| lack.ends_with(&names) || is_refused(lack));
                if is_closed == open || (open && !told.is_empty()) {
                    wrong.push(format!("{names} {} {:?} {:?}: {told:?}", call.method, call.args, call.kwargs));
                }
            }
        }
    }
    assert!(!rows.is_empty());
    assert!(wrong.is_empty(), "{} calls:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// Each way to read a field.
pub(crate) fn reads(row: &Row) -> Vec<Call<'static>> {
    let (model, name) = (row.model, row.name());
    let (of, condition) = (|function: &str| format!("{name}:{function}"), json!([[name, "=", 1]]));
    let given = [
        ("read", json!([[1], [name]])),
        ("search_read", json!([[], [name]])),
        ("search", json!([condition])),
        ("search_count", json!([["|", ["id", "=", 1], [name, "!=", false]]])),
        ("search", json!([[], 0, 1, format!("id, {name} desc")])),
        ("read_group", json!([[], [of("count")], ["id"]])),
        ("read_group", json!([[], [], [name]])),
        ("formatted_read_group", json!([[], [of("month")]])),
        ("formatted_read_group", json!([[], ["id"], [of("count")]])),
        ("formatted_read_group", json!([[], ["id"], [], [[of("count"), ">", 1]]])),
        ("export_data", json!([[1], [name]])),
        ("web_read", json!([[1], {name: {}}])),
        ("web_search_read", json!([condition, {}])),
        ("default_get", json!([[name]])),
        ("name_search", json!(["", condition])),
    ];
    given.into_iter().map(|(method, args)| call(model, method, args, json!({}))).collect()
}

/// Each way to write a field of a record that is there.
pub(crate) fn writes(row: &Row) -> Vec<Call<'static>> {
    let (model, name) = (row.model, row.name());
    let values = json!({name: row.value()});
    let mut given = vec![
        ("write", json!([[1], values])),
        ("web_save", json!([[1], values, {}])),
        ("web_save_multi", json!([[1], [values], {}])),
        ("web_resequence", json!([[1], {}, name])),
    ];
    if row.field.relation.is_none() {
        given.push(("load", json!([[name], [["x"]]])));
    }
    given.into_iter().map(|(method, args)| call(model, method, args, json!({}))).collect()
}

/// Each way to write a field of a record that is made.
pub(crate) fn creates(row: &Row) -> Vec<Call<'static>> {
    let (model, name) = (row.model, row.name());
    let values = json!({name: row.value()});
    let default = json!({"context": {format!("default_{name}"): row.value()}});
    let given = [
        ("create", json!([values]), json!({})),
        ("create", json!([[{}, values]]), json!({})),
        ("copy", json!([[1], values]), json!({})),
        ("web_save", json!([[], values, {}]), json!({})),
        ("create", json!([{}]), default.clone()),
        ("name_create", json!(["x"]), default),
    ];
    given.into_iter().map(|(method, args, kwargs)| call(model, method, args, kwargs)).collect()
}

/// All ways to write it.
pub(crate) fn writes_and_creates(row: &Row) -> Vec<Call<'static>> {
    let mut calls = writes(row);
    calls.extend(creates(row));
    calls
}
