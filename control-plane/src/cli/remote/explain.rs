//! `lictor explain`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::remote::client::Client;
use crate::cli::remote::{Unknown, body, key};
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Output};
use crate::domain::policy::Policy;

/// Say what a gate would decide on a call, check by check. Nothing is called and nothing is changed.
#[derive(Debug, Args)]
pub struct Explain {
    /// The key: an id or a prefix.
    #[arg(long)]
    key: String,
    /// The client's address.
    #[arg(long)]
    ip: String,
    /// Odoo's name of the model.
    #[arg(long)]
    model: String,
    /// The method.
    #[arg(long)]
    method: String,
    /// The positional arguments as a JSON list, as in execute_kw. Left out: a plain call of the method.
    #[arg(long, value_parser = json_of, value_name = "JSON")]
    args: Option<Value>,
    /// The named arguments as a JSON object.
    #[arg(long, value_parser = json_of, value_name = "JSON")]
    kwargs: Option<Value>,
    /// The database that the client names. Left out: the key's own.
    #[arg(long)]
    database: Option<String>,
    /// The user id that the client names. Left out: the key's own.
    #[arg(long)]
    uid: Option<i64>,
    #[command(flatten)]
    draft: Draft,
    #[command(flatten)]
    unknown: Unknown,
}

/// A policy that is not saved.
#[derive(Debug, Args)]
struct Draft {
    /// Decide as if this policy file were applied.
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
    /// As if it were applied with --prune.
    #[arg(long, requires = "draft")]
    prune: bool,
}

fn json_of(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

pub(crate) async fn run(client: &Client, question: Explain) -> Result<()> {
    let draft = question.draft.draft.as_deref().map(|path| Policy::load(path)?.draft()).transpose()?;
    let call = body([
        ("key_id", Some(json!(key::id(client, &question.key).await?))),
        ("client_ip", Some(json!(question.ip))),
        ("model", Some(json!(question.model))),
        ("method", Some(json!(question.method))),
        ("args", question.args),
        ("kwargs", question.kwargs),
        ("database", question.database.map(Value::from)),
        ("uid", question.uid.map(Value::from)),
        ("draft", draft),
        ("prune", question.draft.prune.then_some(Value::Bool(true))),
    ]);
    let explanation = client.post(&question.unknown.path("explain"), &call).await?.json;
    if client.output == Output::Json {
        return print::document(&explanation);
    }
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(print::printable).unwrap_or_default();
    let checks = explanation.get("checks").and_then(Value::as_array).cloned().unwrap_or_default();
    let row = |check: &Value| ["stage", "outcome", "reason", "detail"].map(|name| text(check, name)).to_vec();
    print::table(
        ["CHECK", "OUTCOME", "REASON", "WHAT WOULD HAVE TO CHANGE"].map(str::to_owned).to_vec(),
        checks.iter().map(row),
    )?;
    print::note(&format!("The call is {}.", text(&explanation, "outcome")));
    if explanation.get("would_deny").is_some_and(|reason| !reason.is_null()) {
        print::note(&format!("It would be refused, if no check were in shadow: {}.", text(&explanation, "would_deny")));
    }
    if checks.iter().any(|check| text(check, "outcome") == "not_evaluated") {
        print::note("Checks that are not evaluated depend on what the gate has seen before.");
    }
    Ok(())
}
