//! `explain`: what a gate would decide on a call, check by check, and why. Changes nothing.

use std::borrow::Cow;
use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use lictor_policy::address;
use lictor_policy::call::Call;
use lictor_policy::decide::{self, Check, Facts, Finding, Head, Stage};
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::MethodCall;
use lictor_policy::odoo::operations;
use lictor_policy::refusal::{Reason, Refusal};
use lictor_policy::snapshot::{BadSnapshot, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Given};

use crate::app::App;
use crate::domain::key::Terms;
use crate::domain::problem::{Problem, Result};
use crate::http::extract::Body;
use crate::store::keys::{self, Key};
use crate::store::users::{self, Upstream};
use crate::store::{OrAbsent as _, snapshot};

/// A call, as far as it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    key_id: String,
    client_ip: String,
    model: String,
    method: String,
    /// As in `execute_kw`. Left out: a plain call of the method, with one record where it takes records.
    #[serde(default)]
    args: Option<Vec<Given>>,
    #[serde(default)]
    kwargs: Map<String, Given>,
    /// Left out: the key's own.
    #[serde(default)]
    database: Option<String>,
    /// Left out: the key's own.
    #[schemars(range(min = i64::MIN, max = i64::MAX))]
    #[serde(default)]
    uid: Option<i64>,
}

/// The decision.
#[derive(Serialize, JsonSchema)]
pub struct Explanation {
    /// `allowed` if no check refuses: those that only a gate can make may still.
    outcome: &'static str,
    /// The refusal's reason.
    reason: Option<Reason>,
    /// Why it would be refused, if no stage were in shadow.
    would_deny: Option<Reason>,
    /// In their order; after a refusal no check follows.
    checks: Vec<View>,
}

/// One check.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct View {
    stage: Stage,
    /// `passed`, `refused`, `would_deny`: it is in shadow and lets the call pass, or `not_evaluated`: it depends on the
    /// calls that a gate had before.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_code: Option<u16>,
    /// What would have to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// `POST /api/v1/explain`
pub async fn explain(State(app): State<App>, Body(question): Body<Question>) -> Result<Json<Explanation>> {
    let client = address::client(&question.client_ip);
    let client = client.ok_or_else(|| Problem::invalid("client_ip", "Give an IP address, such as 192.0.2.7."))?;
    let mut connection = app.store.read().await?;
    let key = keys::find(&mut connection, &question.key_id).await?;
    let key = key.ok_or_else(|| Problem::invalid("key_id", "Name a key that exists; GET /api/v1/keys lists them."))?;
    let user = users::find(&mut connection, &key.user_id).await?.or_absent("user")?;
    let policy = snapshot::of_call(&mut connection, &key.id).await?;
    drop(connection);
    let policy = Snapshot::try_from(policy).map_err(Problem::internal)?;
    let database = question.database.clone().unwrap_or(user.upstream.database);
    let call = read(&question, database, question.uid.unwrap_or(user.upstream.uid))?;
    let opens = app.vault.open(&user.upstream.sealed, &Upstream::owner(&user.id)).is_ok();
    let checks = checks(&policy, &key, opens, &call, client, &app).map_err(Problem::internal)?;
    Ok(Json(explained(checks)))
}

fn checks(
    policy: &Snapshot,
    key: &Key,
    opens: bool,
    call: &Call<'_>,
    client: IpAddr,
    app: &App,
) -> Result<Vec<Check>, BadSnapshot> {
    let facts = Facts { now: app.now().0, client: Some(client), user_agent: b"", head: Head::default() };
    Ok(match policy.key(&key.prefix)?.filter(|_| opens) {
        Some(key) => decide::explain(policy, key, call, facts),
        // Gates do not get such keys: to them they are unknown.
        None => {
            let sentence = match key {
                Key { revoked_at: Some(_), .. } => "The key is revoked.",
                Key { terms: Terms { active: false, .. }, .. } => "The key is not active.",
                _ => "The Odoo secret of the key's user cannot be opened: give it anew.",
            };
            let refusal = Refusal::explained(Reason::InvalidKey, sentence);
            vec![Check { stage: Stage::Key, finding: Finding::Refused(refusal) }]
        }
    })
}

fn explained(checks: Vec<Check>) -> Explanation {
    let checks: Vec<_> = checks.into_iter().map(View::of).collect();
    let first = |outcome| checks.iter().find(|check| check.outcome == outcome).and_then(|check| check.reason);
    let (reason, would_deny) = (first(REFUSED), first(WOULD_DENY));
    match reason {
        Some(_) => Explanation { outcome: "denied", reason, would_deny: None, checks },
        None => Explanation { outcome: "allowed", reason, would_deny, checks },
    }
}

const REFUSED: &str = "refused";
const WOULD_DENY: &str = "would_deny";

impl View {
    fn of(Check { stage, finding }: Check) -> Self {
        let without_reason = |outcome| Self { stage, outcome, reason: None, fault_code: None, detail: None };
        let because = |outcome, Refusal { reason, sentence, .. }| Self {
            stage,
            outcome,
            reason: Some(reason),
            fault_code: Some(reason.row().code),
            detail: Some(sentence.into_owned()),
        };
        match finding {
            Finding::Passed => without_reason("passed"),
            Finding::NotEvaluated => without_reason("not_evaluated"),
            Finding::WouldDeny(refusal) => because(WOULD_DENY, refusal),
            Finding::Refused(refusal) => because(REFUSED, refusal),
        }
    }
}

/// The call, read by the code that reads a client's.
fn read(question: &Question, database: String, uid: i64) -> Result<Call<'_>> {
    let args = match &question.args {
        Some(args) => args.iter().map(value).collect(),
        None if operations::method(&question.method).is_some_and(|method| method.ids) => {
            vec![Value::Array(vec![Value::Int(1)])]
        }
        None => Vec::new(),
    };
    let params = vec![
        Value::String(Cow::Owned(database)),
        Value::Int(uid),
        Value::String(Cow::Borrowed("")),
        Value::String(Cow::Borrowed(&question.model)),
        Value::String(Cow::Borrowed(&question.method)),
        Value::Array(args),
        members(&question.kwargs),
    ];
    Call::read(MethodCall { method: Cow::Borrowed("execute_kw"), params })
        .map_err(|bad| Problem::invalid(field_of(question), format!("This is no call: {bad}.")))
}

/// The field that keeps a question from being a call: a name, or else the context.
fn field_of(question: &Question) -> &'static str {
    let is_name = |name: &str| (1..=256).contains(&name.len());
    match question {
        Question { database: Some(database), .. } if !is_name(database) => "database",
        Question { model, .. } if !is_name(model) => "model",
        Question { method, .. } if !is_name(method) => "method",
        _ => "kwargs.context",
    }
}

fn members(object: &Map<String, Given>) -> Value<'_> {
    Value::Struct(object.iter().map(|(name, json)| (Cow::Borrowed(name.as_str()), value(json))).collect())
}

fn value(json: &Given) -> Value<'_> {
    match json {
        Given::Null => Value::Nil,
        Given::Bool(flag) => Value::Bool(*flag),
        Given::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Double(Cow::Owned(number.to_string())),
        },
        Given::String(text) => Value::String(Cow::Borrowed(text)),
        Given::Array(items) => Value::Array(items.iter().map(value).collect()),
        Given::Object(object) => members(object),
    }
}
