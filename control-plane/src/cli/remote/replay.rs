//! `lictor replay`

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::cli::options::Server;
use crate::cli::remote::client::Client;
use crate::cli::remote::{Unknown, body, key};
use crate::cli::terminal::failure::{Exit, Result};
use crate::cli::terminal::print::{self, Output};
use crate::domain::policy::Policy;

/// Say which recorded calls would be decided otherwise, if a policy file were applied. Nothing is called and nothing is changed. The
/// exit status is 1 if there are some, and 2 or more if that cannot be said.
#[derive(Debug, Args)]
pub struct Replay {
    /// The policy file in YAML; `-` is standard input.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Only calls with this key: an id or a prefix.
    #[arg(long)]
    key: Option<String>,
    /// From this day or moment on, such as 2030-01-31 or 2030-01-31T12:00:00Z. Left out: 30 days before the end.
    #[arg(long)]
    from: Option<String>,
    /// Up to this day or moment, without it. Left out: until now.
    #[arg(long)]
    to: Option<String>,
    /// As if the file were applied with --prune.
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    unknown: Unknown,
}

pub(crate) async fn run(server: &Server, order: Replay) -> Result<Exit> {
    let client = &Client::new(server)?;
    let draft = Policy::load(&order.file)?.draft()?;
    let key_id = match &order.key {
        Some(key) => Some(Value::from(key::id(client, key).await?)),
        None => None,
    };
    let question = body([
        ("draft", Some(draft)),
        ("prune", order.prune.then_some(Value::Bool(true))),
        ("key_id", key_id),
        ("from", order.from.map(Value::from)),
        ("to", order.to.map(Value::from)),
    ]);
    let answer = client.post(&order.unknown.path("explain/replay"), &question).await?.json;
    let changes = answer.get("changes").and_then(Value::as_array).cloned().unwrap_or_default();
    match client.output {
        Output::Json => print::document(&answer)?,
        Output::Text => {
            let head = ["KEY", "MODEL", "METHOD", "CALLS", "LAST", "DECISION", "NOW", "WOULD BE", "WHY"];
            print::table(head.map(str::to_owned).to_vec(), changes.iter().map(row))?;
            print::note(&summary(&answer));
        }
    }
    Ok(if changes.is_empty() { Exit::Done } else { Exit::Failed })
}

fn row(change: &Value) -> Vec<String> {
    let text = |place: &str| change.pointer(place).and_then(Value::as_str).unwrap_or_default();
    // Where one of the two refuses, its reason; in shadow both may have one.
    let why = match text("/then/outcome") {
        "allowed" => text("/now/detail"),
        _ => text("/then/detail"),
    };
    let calls = number(change, "calls").to_string();
    let cells = [
        text("/key_prefix"),
        text("/model"),
        text("/method"),
        &calls,
        text("/last_at"),
        text("/last_decision_id"),
        &verdict(change, "now"),
        &verdict(change, "then"),
        why,
    ];
    cells.map(print::printable).to_vec()
}

/// As in `denied: field_denied`.
fn verdict(change: &Value, side: &str) -> String {
    let text = |name: &str| change.pointer(&format!("/{side}/{name}")).and_then(Value::as_str);
    let outcome = text("outcome").unwrap_or_default().replace('_', " ");
    text("reason").map_or(outcome.clone(), |reason| format!("{outcome}: {reason}"))
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// How much would be otherwise, and of what that is not known.
fn summary(answer: &Value) -> String {
    let number = |name: &str| number(answer, name);
    let (compared, opened, closed, shadowed) =
        (number("compared"), number("opened"), number("closed"), number("shadowed"));
    let mut text = match opened + closed + shadowed {
        0 => format!("All {compared} calls that were compared would be decided as now."),
        _ => {
            format!(
                "Of {compared} calls that were compared, {closed} pass now and would be refused, {opened} are refused now and would pass"
            )
        }
    };
    if shadowed > 0 {
        text.push_str(&format!(", and {shadowed} pass now and then, but one of both only as a stage is in shadow"));
    }
    if opened + closed + shadowed > 0 {
        text.push('.');
    }
    if number("more_changes") > 0 {
        text.push_str(&format!(" {} more kinds of calls are counted, and not shown.", number("more_changes")));
    }
    let refused = answer.get("refused_before").and_then(Value::as_object).into_iter().flatten();
    let refused: Vec<_> = refused.map(|(reason, calls)| format!("{reason} {calls}")).collect();
    if !refused.is_empty() {
        text.push_str(&format!(" Not compared, as they were refused for other reasons: {}.", refused.join(", ")));
    }
    for (name, what) in [
        ("not_usable", "are of keys that may not call, before or after, and are not compared"),
        ("without_outline", "were recorded without an outline, and are not compared"),
    ] {
        match number(name) {
            0 => {}
            calls => text.push_str(&format!(" {calls} calls {what}.")),
        }
    }
    if answer.get("more") == Some(&Value::Bool(true)) {
        text.push_str(" There was more than is looked at: shorten the time with --from and --to, or name a --key.");
    }
    text
}
