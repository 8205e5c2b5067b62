//! `lictor audit`

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::cli::audit_verify::{self, Verify};
use crate::cli::options::Server;
use crate::cli::remote::client::{Client, with_query};
use crate::cli::remote::{Limit, key, user};
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Column, Output};

const COLUMNS: [Column; 11] = [
    ("AT", "at"),
    ("OUTCOME", "outcome"),
    ("REASON", "reason"),
    ("WOULD DENY", "would_deny"),
    ("LACKS", "lacks"),
    ("MODEL", "model"),
    ("METHOD", "method"),
    ("RECORDS", RECORDS),
    ("ADDRESS", "client_ip"),
    ("KEY", "key_id"),
    ("DECISION", "decision_id"),
];

/// The parts of a printed record, beside its fields.
const RECORDS: &str = "records";

/// Runs of ids that a cell has room for.
const SHOWN: usize = 8;

/// Bytes between two updates of the progress.
const PROGRESS_BYTES: usize = 1024 * 1024;

/// Commands on the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show records, newest first.
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        limit: Limit,
    },
    /// Write all records that match to a file or to standard output.
    Export {
        /// The form.
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// The file, which must not be there yet. Left out: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        filter: Filter,
    },
    /// Print the signed end of the log, one line, to be kept elsewhere.
    Head,
    /// Check in the database that nobody has changed the log. Exit status 0: nobody has. 1: somebody has, and the first
    /// place is named. 2: it could not be checked.
    Verify(Verify),
}

/// The form of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// A table for spreadsheets.
    Csv,
    /// An array of records.
    Json,
}

/// Which records: each option that is given must match.
#[derive(Debug, Args)]
pub struct Filter {
    /// From this day or moment on, such as 2030-01-31 or 2030-01-31T12:00:00Z.
    #[arg(long)]
    from: Option<String>,
    /// Up to this day or moment, without it.
    #[arg(long)]
    to: Option<String>,
    /// Of this key: an id or a prefix.
    #[arg(long)]
    key: Option<String>,
    /// Of this user: an id, a mail address or a name.
    #[arg(long)]
    user: Option<String>,
    /// From this address.
    #[arg(long)]
    ip: Option<String>,
    /// Of this model.
    #[arg(long)]
    model: Option<String>,
    /// Of this method.
    #[arg(long)]
    method: Option<String>,
    /// With this operation: read, write, create, delete or call.
    #[arg(long)]
    operation: Option<String>,
    /// Calls with this outcome: allowed, denied, faulted or unknown.
    #[arg(long)]
    outcome: Option<String>,
    /// Refused for this reason, such as permission_denied.
    #[arg(long)]
    reason: Option<String>,
    /// Forwarded in shadow, and would have been refused for this reason, or for any.
    #[arg(long, value_name = "any|REASON")]
    would_deny: Option<String>,
    /// With the decision that a refusal names.
    #[arg(long, alias = "decision")]
    decision_id: Option<String>,
    /// Of this record, by its id in Odoo: named by the call, made by it, or named by a command in its values.
    #[arg(long, allow_negative_numbers = true)]
    record_id: Option<i64>,
    /// Any other field that the API filters by, such as gate=… or session=…. May be repeated.
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    others: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give a field and its value, such as gate=…")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Filter {
    async fn query<'a>(&'a self, client: &Client) -> Result<Vec<(&'a str, String)>> {
        let key = match &self.key {
            Some(key) => Some(key::id(client, key).await?),
            None => None,
        };
        let user = match &self.user {
            Some(user) => Some(user::id(client, user).await?),
            None => None,
        };
        let record_id = self.record_id.map(|id| id.to_string());
        let fields = [
            ("from", &self.from),
            ("to", &self.to),
            ("key_id", &key),
            ("user_id", &user),
            ("client_ip", &self.ip),
            ("model", &self.model),
            ("method", &self.method),
            ("operation", &self.operation),
            ("outcome", &self.outcome),
            ("reason", &self.reason),
            ("would_deny", &self.would_deny),
            ("decision_id", &self.decision_id),
            ("record_id", &record_id),
        ];
        let given = fields.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        Ok(given.chain(self.others.iter().map(|(name, value)| (name.as_str(), value.clone()))).collect())
    }
}

pub(crate) async fn run(server: &Server, command: Command) -> Result<Exit> {
    let client = || Client::new(server);
    match command {
        Command::List { filter, limit } => {
            let client = client()?;
            let query = filter.query(&client).await?;
            let mut listing = client.list("audit", &query, limit.records()).await?;
            if client.output == Output::Text {
                listing.items.iter_mut().for_each(|item| item[RECORDS] = records(item).into());
            }
            print::list(client.output, listing, &COLUMNS)?;
        }
        Command::Export { format, out, filter } => {
            let client = client()?;
            let mut query = filter.query(&client).await?;
            query.push((
                "format",
                match format {
                    Format::Csv => "csv",
                    Format::Json => "json",
                }
                .to_owned(),
            ));
            export(&client, &with_query("audit/export", &query), out).await?;
        }
        Command::Head => {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", client()?.get("audit/head").await?.json)?;
            out.flush()?;
        }
        Command::Verify(verify) => return audit_verify::run(verify, server.output).await,
    }
    Ok(Exit::Done)
}

/// The records of a call as people read them: runs of ids, how many they are if not all are listed, and then the digest of
/// all.
fn records(item: &Value) -> String {
    let mut text = runs(&item["record_ids"]);
    let listed = item["record_ids"].as_array().map_or(0, Vec::len) as u64;
    if let Some(count) = item["record_count"].as_u64().filter(|count| *count > listed) {
        text.push_str(&format!(" of {count}"));
        if let Some(digest) = item["record_digest"].as_str() {
            text.push_str(&format!(", sha256 {digest}"));
        }
    }
    let nested = runs(&item["nested_ids"]);
    match (text.is_empty(), nested.is_empty()) {
        (_, true) => text,
        (true, false) => format!("in values: {nested}"),
        (false, false) => format!("{text}; in values: {nested}"),
    }
}

fn runs(ids: &Value) -> String {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for id in ids.as_array().into_iter().flatten().filter_map(Value::as_i64) {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let shown = runs.iter().take(SHOWN).map(|(first, last)| match last.abs_diff(*first) {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if runs.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// To a file beside the one that is meant, which gets its name when it is whole.
async fn export(client: &Client, path: &str, file: Option<PathBuf>) -> Result<()> {
    let mut bytes = 0;
    let Some(file) = file else {
        let mut out = io::stdout().lock();
        let sink = |data: &[u8]| {
            bytes += data.len();
            Ok(out.write_all(data)?)
        };
        client.stream(path, sink).await?;
        out.flush()?;
        print::note(&format!("{bytes} bytes."));
        return Ok(());
    };
    if file.exists() {
        return Err(Failure::new(Exit::Conflict, format!("{}: the file is there already.", file.display())));
    }
    let mut part = file.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: io::Error| Failure::file(&part, &error);
    let mut out = std::fs::File::create(&part).map_err(failed)?;
    let (is_terminal, mut shown) = (io::stderr().is_terminal(), 0);
    let sink = |data: &[u8]| {
        bytes += data.len();
        if is_terminal && bytes >= shown + PROGRESS_BYTES {
            shown = bytes;
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r{} MiB", bytes / PROGRESS_BYTES);
        }
        out.write_all(data).map_err(failed)
    };
    client.stream(path, sink).await?;
    out.sync_all().map_err(failed)?;
    std::fs::rename(&part, &file).map_err(failed)?;
    print::note(&format!("{}{bytes} bytes in {}.", if is_terminal { "\r" } else { "" }, file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_told_in_runs() {
        let long: Vec<i64> = (1..=100).collect();
        let scattered: Vec<i64> = (1..=20).map(|id| id * 10).collect();
        for (record, shown) in [
            (json!({"record_ids": [], "record_count": 0, "record_digest": null, "nested_ids": []}), ""),
            (json!({"record_ids": [7, 8, 3, 1, 2, 3], "record_count": 5}), "7, 8, 3, 1-3"),
            (json!({"record_ids": long, "record_count": 1500, "record_digest": "ab"}), "1-100 of 1500, sha256 ab"),
            (json!({"record_ids": long, "record_count": null}), "1-100"),
            (json!({"record_ids": scattered, "record_count": 20}), "10, 20, 30, 40, 50, 60, 70, 80, …"),
            (json!({"record_ids": [], "nested_ids": [4, 5, 6]}), "in values: 4-6"),
            (json!({"record_ids": [1], "record_count": 1, "nested_ids": [4]}), "1; in values: 4"),
        ] {
            assert_eq!(records(&record), shown, "{record}");
        }
    }
}
