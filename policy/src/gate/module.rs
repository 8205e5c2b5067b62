//! What Odoo's MCP module answers its clients, said by the gate: whose a key is, and what it may do to which model.
//!
//! Read from the published client `mcp-server-odoo` 0.9; a plain Odoo has no such pages.

use crate::decide::{access, identify, malformed};
use crate::formats::value::Value;
use crate::gate::{Asked, Stop, Verdict, has_key, reply};
use crate::operation::{Operation, Operations};
use crate::road::{MAX_NAME, Road, canonical};
use crate::snapshot::{Key, Snapshot};

/// The pages.
enum Page<'p> {
    /// `/mcp/auth/validate`
    Validate,
    /// `/mcp/models`
    Models,
    /// `/mcp/models/<model>/access`
    Access(&'p str),
}

impl<'p> Page<'p> {
    fn of(path: &'p str) -> Option<Self> {
        match path.strip_prefix(Road::Module.path())? {
            "/auth/validate" => Some(Self::Validate),
            "/models" => Some(Self::Models),
            path => {
                let model = path.strip_prefix("/models/")?.strip_suffix("/access")?;
                (!model.is_empty() && !model.contains('/') && model.len() <= MAX_NAME).then_some(Self::Access(model))
            }
        }
    }
}

impl Asked<'_, '_> {
    /// A request for one of the pages.
    pub(super) fn module(&mut self) -> Result<Verdict, Stop> {
        let head = self.facts.head;
        let key = std::str::from_utf8(head.api_key).unwrap_or_default();
        has_key(key)?;
        let path = canonical(head.path);
        let page = Page::of(&path).ok_or_else(|| Stop::Refused(malformed("the module has no such page")))?;
        let method = if matches!(page, Page::Validate) { "authenticate" } else { "has_access" };
        self.trace.method = Some(method.to_owned());
        if let Page::Access(model) = page {
            self.trace.model = Some(model.to_owned());
        }
        let snapshot = self.policy.snapshot()?;
        let grant =
            identify(snapshot, key, head.database, self.facts, self.state, self.trace).map_err(Stop::Refused)?;
        let key = grant.key;
        let data = match page {
            Page::Validate => {
                vec![("valid".into(), Value::Bool(true)), ("user_id".into(), Value::Int(key.user.upstream.uid))]
            }
            Page::Models => {
                let models =
                    snapshot.models(key).into_iter().filter_map(|model| listed(snapshot, key, model)).collect();
                vec![("models".into(), Value::Array(models))]
            }
            Page::Access(model) => {
                let operations = access(snapshot, key, model);
                vec![
                    ("model".into(), Value::String(model.to_owned().into())),
                    ("enabled".into(), Value::Bool(!operations.is_empty())),
                    ("operations".into(), flags(operations)),
                ]
            }
        };
        let answer = Value::Struct(vec![("success".into(), Value::Bool(true)), ("data".into(), Value::Struct(data))]);
        Ok(Verdict::Answer {
            reply: reply::value(Road::Module, &answer, None),
            denied: None,
            would_deny: grant.would_deny,
        })
    }
}

/// A model in the list; the gate knows no other name of it than Odoo's technical one.
fn listed<'s>(snapshot: &'s Snapshot, key: &Key, model: &'s str) -> Option<Value<'s>> {
    let operations = access(snapshot, key, model);
    (!operations.is_empty()).then(|| {
        Value::Struct(vec![
            ("model".into(), Value::String(model.into())),
            ("name".into(), Value::String(model.into())),
            ("operations".into(), flags(operations)),
        ])
    })
}

fn flags(operations: Operations) -> Value<'static> {
    let flag = |operation: Operation| {
        // The module says it in Odoo's word.
        let name = if operation == Operation::Delete { "unlink" } else { operation.name() };
        (name.into(), Value::Bool(operations.contains(operation)))
    };
    Value::Struct(Operation::ON_RECORDS.into_iter().map(flag).collect())
}
