//! The one that gates run, asked as a gate asks it: a snapshot, a request, a verdict.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::{self, MethodCall};
use lictor_policy::gate::Verdict;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::road::Road;
use lictor_policy::wire;

use crate::oracle_rules::{Answer, Who, Why, argument};
use crate::setting::{self, DATABASE, Memory, UID};

thread_local! {
    /// Of one gate, so that the key is hashed once.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The policy of a case.
pub(crate) fn policy(who: &Who) -> wire::Snapshot {
    static BASE: LazyLock<wire::Snapshot> = LazyLock::new(setting::policy);
    let mut policy = BASE.clone();
    policy.permissions.clone_from(&who.permissions);
    policy.schema = (*who.schema).clone();
    policy.settings.methods.clone_from(&who.methods);
    policy.settings.never_list_exceptions.clone_from(&who.exceptions);
    policy.users[0].groups.clone_from(&who.groups);
    policy.users[0].view = who.view;
    policy.keys[0].record.models.clone_from(&who.models);
    policy.keys[0].record.scopes = who.scopes;
    policy
}

/// The verdict of a gate.
fn verdict(who: &Who, call: &Call<'static>) -> Verdict {
    let policy = policy(who);
    let text = |text: &str| Value::String(text.to_owned().into());
    let names = [text(DATABASE), Value::Int(UID), text(setting::key().expose()), text(&call.model), text(&call.method)];
    let arguments = [Value::Array(call.args.clone()), Value::Struct(call.kwargs.clone())];
    let params = names.into_iter().chain(arguments).collect();
    let body = xmlrpc::write_call(&MethodCall { method: "execute_kw".into(), params }, 0);
    MEMORY.with_borrow_mut(|memory| setting::judge_at(&policy, Road::Mcp, body.as_bytes(), setting::facts(), memory))
}

/// What a gate says of a call that it refuses.
pub(crate) fn sentence(who: &Who, call: &Call<'static>) -> Option<String> {
    match verdict(who, call) {
        Verdict::Refuse(refusal) => Some(refusal.sentence.into_owned()),
        _ => None,
    }
}

/// How the verdict on a call differs from an answer; nothing if it does not.
pub(crate) fn difference(who: &Who, call: &Call<'static>, answer: &Answer) -> Option<String> {
    match verdict(who, call) {
        Verdict::Refuse(refusal) if answer.lacks.is_empty() => Some(format!("refused, and lacks nothing: {refusal:?}")),
        Verdict::Refuse(refusal) => refused_otherwise(&refusal, answer),
        Verdict::Forward(_) if !answer.lacks.is_empty() => Some(format!("forwarded, and lacks {:?}", answer.lacks)),
        Verdict::Forward(forward) => {
            let (kind, written) = (forward.kind, forward.document);
            forwarded_otherwise(who, call, &written, answer).map(|told| format!("{told}, in {kind} {written}"))
        }
        other => Some(format!("neither forwarded nor refused: {other:?}")),
    }
}

/// The reason is one of those that were found.
fn refused_otherwise(refusal: &Refusal, answer: &Answer) -> Option<String> {
    let fits = answer.lacks.iter().any(|lack| reasons(lack.why).contains(&refusal.reason));
    (!fits).then(|| format!("refused with {refusal:?}, and lacks {:?}", answer.lacks))
}

fn reasons(why: Why) -> &'static [Reason] {
    match why {
        Why::Malformed => &[Reason::MalformedRequest],
        Why::Identity => &[Reason::IdentityMismatch],
        Why::Scope => &[Reason::ScopeDenied],
        Why::Model => &[Reason::ModelDenied],
        Why::Permission => &[Reason::PermissionDenied],
        Why::Method => &[Reason::MethodDenied],
        // A field of another model, or the way to it: which of both closes it first, the rules do not say.
        Why::Field => &[Reason::FieldDenied, Reason::CrossModelDenied, Reason::NestedWriteDenied],
        Why::Nested => &[Reason::NestedWriteDenied],
        Why::Cross => &[Reason::CrossModelDenied, Reason::FieldDenied],
        Why::Context => &[Reason::ContextDenied],
    }
}

/// What is forwarded is the call with the list that took the place of none, without what is left out of the context, and with
/// operators in lower case.
fn forwarded_otherwise(who: &Who, call: &Call<'static>, written: &str, answer: &Answer) -> Option<String> {
    let read = Call::read(xmlrpc::read_call(written).unwrap()).unwrap();
    let forwarded = owned(&read);
    let keys =
        |call: &Call<'static>| -> BTreeSet<String> { call.context().iter().map(|(key, _)| key.to_string()).collect() };
    let mut expected: BTreeSet<String> = keys(call).difference(&answer.left_out).cloned().collect();
    if call.model == "ir.attachment"
        && call.method == "create"
        && !who.exceptions.iter().any(|name| name == "ir.attachment")
    {
        expected.insert("attachments_mime_plainxml".to_owned());
    }
    if keys(&forwarded) != expected {
        return Some(format!("the context is {:?}, and should be {expected:?}", keys(&forwarded)));
    }
    let list_name = if call.method == "fields_get" { "allfields" } else { "fields" };
    if let Some(list) = &answer.list {
        let found: BTreeSet<&str> = match argument(&forwarded, list_name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => BTreeSet::new(),
        };
        let wanted: BTreeSet<&str> = list.iter().map(String::as_str).collect();
        if found != wanted {
            let (more, less) = (found.difference(&wanted), wanted.difference(&found));
            return Some(format!(
                "the list has {:?} more, and {:?} less",
                more.collect::<Vec<_>>(),
                less.collect::<Vec<_>>()
            ));
        }
    }
    let rest = |call: &Call<'static>| -> Vec<String> {
        let is_list = |name: &str| answer.list.is_some() && name == list_name;
        let known = lictor_policy::odoo::operations::METHODS.iter().find(|known| known.name == call.method);
        let params = known.map(|known| known.params).unwrap_or_default();
        let named = params.iter().filter(|param| !is_list(param.name)).map(|param| argument(call, param.name));
        named.map(|value| format!("{value:?}").to_lowercase()).collect()
    };
    (rest(&forwarded) != rest(call)).then(|| "another argument has changed".to_owned())
}

fn owned(call: &Call<'_>) -> Call<'static> {
    Call {
        database: None,
        uid: None,
        password: "".into(),
        model: call.model.to_string().into(),
        method: call.method.to_string().into(),
        args: call.args.iter().map(owned_value).collect(),
        kwargs: call.kwargs.iter().map(|(name, value)| (name.to_string().into(), owned_value(value))).collect(),
    }
}

fn owned_value(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Nil => Value::Nil,
        Value::Bool(is) => Value::Bool(*is),
        Value::Int(number) => Value::Int(*number),
        Value::Double(digits) => Value::Double(digits.to_string().into()),
        Value::Decimal(digits) => Value::Decimal(digits.to_string().into()),
        Value::String(text) => Value::String(text.to_string().into()),
        Value::Base64(text) => Value::Base64(text.to_string().into()),
        Value::DateTime(text) => Value::DateTime(text.to_string().into()),
        Value::Array(items) => Value::Array(items.iter().map(owned_value).collect()),
        Value::Struct(members) => {
            Value::Struct(members.iter().map(|(name, inner)| (name.to_string().into(), owned_value(inner))).collect())
        }
    }
}
