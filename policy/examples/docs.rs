//! Prints the documents that are made from the tables: `cargo run -p lictor-policy --example docs -- refusals`.

use std::process::ExitCode;

use lictor_policy::refusal::Reason;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("refusals") => print!("{}", refusals()),
        _ => {
            eprintln!("say which: refusals");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn refusals() -> String {
    let mut page = String::from(
        "# Refusals\n\n\
         <!-- Made by `cargo run -p lictor-policy --example docs -- refusals`; `cargo xtask tidy` compares. -->\n\n\
         A refused call is answered with an XML-RPC fault and HTTP status 200, as XML-RPC clients expect. Its\n\
         `faultString` is the reason, a colon, a sentence that says what would have to change, and the decision id, under\n\
         which the audit log has the call. Before the key is verified the sentence names nothing. On `429` and\n\
         `session_terminated` a `Retry-After` header says how many seconds to wait.\n\n\
         | reason | fault code | counts toward the alert | what would have to change |\n|---|---|---|---|\n",
    );
    for reason in Reason::ALL {
        let row = reason.row();
        let alert = row.alert.and_then(|alert| serde_json::to_value(alert).ok());
        let alert = alert.as_ref().and_then(|name| name.as_str()).map_or("–".to_owned(), |name| format!("`{name}`"));
        page.push_str(&format!("| `{}` | {} | {alert} | {} |\n", row.name, row.code, row.sentence));
    }
    page.push_str("\n`malformed_request` counts toward its alert only when the key was verified.\n");
    page
}
