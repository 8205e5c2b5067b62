//! Models that refused calls name and no permission does yet. They are read as well, so that the next refusal tells all that the
//! call lacks, and not only that its model is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_policy::wire::Permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::time::{DAY, Moment};
use crate::domain::validate;

/// Models that are kept: whoever has a key can make up names.
const MAX_CALLED: usize = 50;
/// Paths that are kept of each.
const MAX_PATHS: usize = 20;
/// The longest path, in bytes.
const MAX_PATH: usize = 200;
/// How long one is kept after the last call that named something new of it.
const KEPT: Duration = DAY.saturating_mul(7);

/// The models, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Called(BTreeMap<String, OfModel>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OfModel {
    /// Fields of its own and of other models, by way of relations.
    paths: BTreeSet<String>,
    /// In microseconds.
    noted_at: u64,
}

impl Called {
    /// Notes a call by its outline. False if nothing of it is new, or there is no room.
    pub fn note(&mut self, model: &str, outline: Option<&str>, now: Moment) -> bool {
        self.0.retain(|_, of| of.is_kept(now));
        let is_known = self.0.contains_key(model);
        if validate::model("model", model).is_err() || (!is_known && self.0.len() >= MAX_CALLED) {
            return false;
        }
        let of = self.0.entry(model.to_owned()).or_default();
        let before = of.paths.len();
        for path in outline.map(paths).unwrap_or_default() {
            if of.paths.len() < MAX_PATHS {
                of.paths.insert(path);
            }
        }
        let is_new = !is_known || of.paths.len() > before;
        if is_new {
            of.noted_at = now.0;
        }
        is_new
    }

    /// Permissions that lead to what the calls name, and allow nothing.
    pub fn permissions(&self, now: Moment) -> Vec<Permission> {
        let named = |(model, of): (&String, &OfModel)| Permission {
            model: model.clone(),
            paths: of.paths.iter().cloned().collect(),
            ..Permission::default()
        };
        self.0.iter().filter(|(_, of)| of.is_kept(now)).map(named).collect()
    }
}

impl OfModel {
    fn is_kept(&self, now: Moment) -> bool {
        Moment(self.noted_at).plus(KEPT) > now
    }
}

/// The paths into other models that an outline has: in texts, and by the records that it writes through fields.
fn paths(outline: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(Value::Object(parts)) = serde_json::from_str(outline) {
        for part in parts.values() {
            match part {
                Value::Object(arguments) => arguments.values().for_each(|value| within(value, "", &mut found)),
                other => within(other, "", &mut found),
            }
        }
    }
    found.retain(|path| path.len() <= MAX_PATH);
    found
}

fn within(value: &Value, before: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(path(text)),
        Value::Array(items) => items.iter().for_each(|item| within(item, before, found)),
        Value::Object(record) => {
            for (field, value) in record {
                let field = format!("{before}{field}");
                let inner = match value {
                    // Commands; of a specification, the fields.
                    Value::Array(commands) => commands.iter().filter_map(|command| command.get(2)).collect(),
                    Value::Object(of) => of.get("fields").into_iter().collect(),
                    _ => Vec::new(),
                };
                for inner in inner.into_iter().filter(|inner| inner.is_object()) {
                    found.insert(format!("{field}.id"));
                    within(inner, &format!("{field}."), found);
                }
            }
        }
        _ => {}
    }
}

/// A text that is a path: in exports with a slash.
fn path(text: &str) -> Option<String> {
    let path = text.replace('/', ".");
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (path.contains('.') && path.split('.').all(is_name)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_tells_which_models_a_call_leads_to() {
        for (outline, expected) in [
            ("", &[][..]),
            ("[]", &[]),
            (r#"{"args":[[1]]}"#, &[]),
            (r#"{"kwargs":{"values":{"partner_id":1,"name":"-"}}}"#, &[]),
            (
                r#"{"kwargs":{"values":{"order_line":[[0,1,{"product_id":1,"tax_ids":[[0,1,{"name":"-"}],[4,1]]}],[2,1]]}}}"#,
                &["order_line.id", "order_line.tax_ids.id"],
            ),
            (r#"{"kwargs":{"values":[{"a":[[1,1,{"b":1}]]},{"c":[[6,1,[1]]]}]}}"#, &["a.id"]),
            (
                r#"{"kwargs":{"domain":[["partner_id.country_id.code","=","-"],["line_ids","any",[["product_id.name","=","-"]]]]}}"#,
                &["partner_id.country_id.code", "product_id.name"],
            ),
            (r#"{"kwargs":{"fields":["name","line_ids/product_id/name",".","a. b"]}}"#, &["line_ids.product_id.name"]),
            (
                r#"{"kwargs":{"specification":{"line_ids":{"fields":{"name":{},"uom_id":{"fields":{"name":{}}}}}}}}"#,
                &["line_ids.id", "line_ids.uom_id.id"],
            ),
        ] {
            let expected: BTreeSet<_> = expected.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(paths(outline), expected, "{outline}");
        }
    }

    #[test]
    fn models_are_noted_once_and_within_bounds_and_forgotten() {
        let now = Moment(1_000_000);
        let mut called = Called::default();
        let lines = Some(r#"{"kwargs":{"values":{"order_line":[[0,1,{}]]}}}"#);
        assert!(called.note("purchase.order", None, now));
        assert!(!called.note("purchase.order", None, now));
        assert!(called.note("purchase.order", lines, now));
        assert!(!called.note("purchase.order", lines, now));
        assert!(!called.note("Not a model", None, now));
        let permissions = called.permissions(now);
        let [permission] = permissions.as_slice() else { panic!("{called:?}") };
        assert_eq!(
            (permission.model.as_str(), &permission.paths[..]),
            ("purchase.order", &["order_line.id".to_owned()][..])
        );
        assert!(permission.operations.is_empty());
        let noted = (0..100).filter(|number| called.note(&format!("x.{number}"), None, now)).count();
        assert_eq!(noted, MAX_CALLED - 1);
        let many = (0..100).map(|number| format!("\"a.b{number}\"")).collect::<Vec<_>>().join(",");
        called.note("purchase.order", Some(&format!(r#"{{"args":[[{many}]]}}"#)), now);
        assert_eq!(called.0["purchase.order"].paths.len(), MAX_PATHS);
        assert_eq!(called.permissions(now).len(), MAX_CALLED);
        assert_eq!(called.permissions(now.plus(KEPT)), []);
        assert!(called.note("y", None, now.plus(KEPT)));
        assert_eq!(called.0.len(), 1);
    }
}
