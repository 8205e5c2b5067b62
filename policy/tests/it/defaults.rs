//! The word for a field's default says what a gate does with a call that names the field.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lictor_policy::decide::Trace;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::odoo::tables;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::snapshot::default::Default;
use lictor_policy::snapshot::field;
use lictor_policy::wire;
use serde_json::{Value as Json, json};

use crate::cases::document;
use crate::real_schema::SCHEMA;
use crate::setting::{self, DATABASE, Memory, UID};

/// Closed fields that are tried of each model and word.
const TRIED: usize = 3;

/// The models that are not closed themselves.
fn open_models() -> impl Iterator<Item = &'static wire::ModelEntry> {
    SCHEMA.models.iter().filter(|entry| tables::closed(&entry.name).is_none())
}

/// A gate that knows one model, which may be read and written.
struct Gate<'m> {
    model: String,
    policy: Snapshot,
    memory: &'m mut Memory,
}

impl<'m> Gate<'m> {
    fn of(entry: &wire::ModelEntry, memory: &'m mut Memory) -> Self {
        static BASE: LazyLock<wire::Snapshot> = LazyLock::new(setting::policy);
        let mut policy = BASE.clone();
        policy.permissions[0].model.clone_from(&entry.name);
        policy.schema = wire::Schema { models: vec![entry.clone()], ..wire::Schema::unknown() };
        Self { model: entry.name.clone(), policy: policy.try_into().unwrap(), memory }
    }

    /// Whether a call on the first record passes; else the refusal's reason.
    fn outcome(&mut self, method: &str, argument: &Json) -> Result<(), &'static str> {
        self.refusal(method, argument).map_or(Ok(()), |refusal| Err(refusal.reason.row().name))
    }

    fn refusal(&mut self, method: &str, argument: &Json) -> Option<Refusal> {
        let key = setting::key();
        let params = json!([DATABASE, UID, key.expose(), self.model, method, [[1], argument]]);
        let (body, facts) = (document("execute_kw", params), setting::facts());
        let policy = Policy::new(Some(&self.policy), facts.now, facts.now, false);
        let body = Body::Whole(body.as_bytes());
        match setting::verdict(policy, Road::Mcp, body, facts, self.memory, &mut Trace::default()) {
            Verdict::Forward(_) => None,
            Verdict::Refuse(refusal) => Some(refusal),
            other => panic!("{other:?}"),
        }
    }
}

/// A value that is none, or for HTML text without a tag.
fn value(field: &wire::Field) -> Json {
    match field.kind {
        wire::FieldType::One2many | wire::FieldType::Many2many => json!([]),
        wire::FieldType::Html => json!("text"),
        _ => json!(false),
    }
}

/// The fields of a model by their words.
fn by_word(
    entry: &wire::ModelEntry,
    word: impl Fn(&field::Field) -> Default,
) -> BTreeMap<&'static str, Vec<&wire::Field>> {
    let mut words = BTreeMap::<_, Vec<_>>::new();
    for wire in &entry.record.fields {
        let field = field::Field::of(&entry.name, wire.clone(), &entry.record.delegations);
        words.entry(word(&field).word()).or_default().push(wire);
    }
    words
}

#[test]
fn a_field_is_read_as_its_default_says() {
    // Has hashed the key once.
    let mut memory = Memory::default();
    for entry in open_models() {
        let mut gate = Gate::of(entry, &mut memory);
        for (word, fields) in by_word(entry, field::Field::read_by_default) {
            let names = |fields: &[&wire::Field]| fields.iter().map(|field| json!(field.name)).collect::<Json>();
            if word == "yes" {
                assert_eq!(gate.outcome("read", &names(&fields)), Ok(()), "{}: {fields:?}", entry.name);
                continue;
            }
            // Over fields of this model alone the other two may be open.
            if matches!(word, "path" | "reference") {
                continue;
            }
            for field in fields.into_iter().take(TRIED) {
                let read = gate.outcome("read", &names(&[field]));
                assert!(matches!(read, Err("field_denied")), "{}.{}: {word}, {read:?}", entry.name, field.name);
            }
        }
    }
}

#[test]
fn a_field_is_written_as_its_default_says() {
    // Has hashed the key once.
    let mut memory = Memory::default();
    for entry in open_models() {
        let mut gate = Gate::of(entry, &mut memory);
        for (word, fields) in by_word(entry, field::Field::written_by_default) {
            let values =
                |fields: &[&wire::Field]| fields.iter().map(|field| (field.name.clone(), value(field))).collect();
            if matches!(word, "yes" | "text") {
                let refusal = gate.refusal("write", &Json::Object(values(&fields))).map(|refusal| refusal.sentence);
                assert_eq!(refusal, None, "{}", entry.name);
                continue;
            }
            for field in fields.into_iter().take(TRIED) {
                let written = gate.outcome("write", &Json::Object(values(&[field])));
                assert!(
                    matches!(written, Err("field_denied" | "nested_write_denied")),
                    "{}.{}: {word}, {written:?}",
                    entry.name,
                    field.name
                );
            }
        }
    }
}

#[test]
fn who_calls_before_the_schema_is_read_is_told_to_try_again() {
    let mut memory = Memory::default();
    let unread = wire::ModelEntry { name: "res.partner".into(), record: wire::Model::default() };
    let mut gate = Gate::of(&unread, &mut memory);
    for (method, argument) in [("read", json!(["name"])), ("write", json!({"name": "Azure"}))] {
        let refusal = gate.refusal(method, &argument).unwrap();
        assert_eq!(refusal.reason, Reason::FieldDenied);
        assert!(refusal.sentence.contains("res.partner yet") && refusal.sentence.contains("try again"), "{refusal:?}");
    }
}
