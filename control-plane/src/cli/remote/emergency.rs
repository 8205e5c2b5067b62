//! `lictor emergency-revoke`

use clap::Args;
use serde_json::{Value, json};

use crate::cli::remote::client::Client;
use crate::cli::terminal::ask;
use crate::cli::terminal::failure::Result;
use crate::cli::terminal::print::{self, Output};
use crate::domain::emergency::CONFIRMATION;

/// Revoke all keys at once, for ever: no agent gets in until it is given a new key.
#[derive(Debug, Args)]
pub struct EmergencyRevoke {
    /// Why; recorded, and mailed to everybody whose keys these are.
    #[arg(long)]
    reason: Option<String>,
    /// "REVOKE ALL KEYS": that it is meant. Asked for at a terminal if it is left out.
    #[arg(long, value_name = "TEXT")]
    confirm: Option<String>,
}

pub(crate) async fn run(client: &Client, order: EmergencyRevoke) -> Result<()> {
    if client.output == Output::Text {
        print::note(&match client.post("emergency-revocation", &json!({"dry_run": true})).await {
            Ok(answer) => counts(&answer.json),
            // It is no reason not to revoke.
            Err(failure) => format!("How much this would revoke is not known: {}", failure.message),
        });
    }
    let reason = order.reason.map_or_else(|| ask::line("Why? ", "--reason"), Ok)?;
    let question = format!("This revokes all keys, for ever. Type {CONFIRMATION} if you mean it: ");
    let confirm = order.confirm.map_or_else(|| ask::line(&question, "--confirm"), Ok)?;
    if confirm != CONFIRMATION {
        return Err(ask::declined());
    }
    let report = client.post("emergency-revocation", &json!({"reason": reason, "confirm": confirm})).await?.json;
    if client.output == Output::Json {
        return print::document(&report);
    }
    let list = |name: &str| report.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let revoked = report.get("revoked").and_then(Value::as_u64).unwrap_or_default();
    print::note(&format!("{revoked} keys are revoked; mails to users: {}.", list("notified").len()));
    let gates = list("gates");
    let yes = |gate: &Value, name: &str| gate.get(name).and_then(Value::as_bool).unwrap_or_default();
    let word = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let row = |gate: &Value| {
        let name = gate.get("name").and_then(Value::as_str).map(print::printable).unwrap_or_default();
        vec![name, word(yes(gate, "connected")), word(yes(gate, "acknowledged"))]
    };
    print::table(["GATE", "CONNECTED", "REFUSES THEM"].map(str::to_owned).to_vec(), gates.iter().map(row))?;
    if gates.iter().any(|gate| !yes(gate, "acknowledged")) {
        print::note(
            "A gate that does not refuse them yet will when it next hears from the control plane, and at the latest when its policy has reached the maximum age.",
        );
    }
    Ok(())
}

/// What a revocation would do, as its dry run says.
fn counts(would: &Value) -> String {
    let count = |name: &str| would.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let keys = would.get("revoked").and_then(Value::as_u64).unwrap_or_default();
    let (mailed, others, gates) = (count("notified"), count("without_address"), count("gates"));
    format!(
        "{keys} keys would be revoked: of {mailed} users who get a mail, and of {others} without an address; at {gates} gates."
    )
}
