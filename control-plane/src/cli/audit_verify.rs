//! `lictor audit verify`: checks the log in the database itself, without the service.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::app::audit::verify::verdict::{Finding, Ordered, OrderedCut, Verdict};
use crate::app::audit::verify::verify;
use crate::cli::master_key::MASTER_KEY_FILE;
use crate::cli::options::Storage;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Output};
use crate::domain::audit_chain::Head;
use crate::domain::signing::PublicKey;
use crate::secrets::vault::Vault;
use crate::store::Store;

/// How many rows pass between two lines of progress.
const PROGRESS_ROWS: u64 = 100_000;

/// `lictor audit verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Where the data is.
    #[command(flatten)]
    storage: Storage,
    /// The key that the chain must be signed with, such as the public_key of a saved head: then no master key is needed.
    #[arg(long, value_name = "KEY")]
    public_key: Option<PublicKey>,
    /// A file of saved heads, as `lictor audit head` prints them, that the chain must agree with. May be given several
    /// times.
    #[arg(long, value_name = "FILE")]
    head: Vec<PathBuf>,
}

/// Checks, and prints what was found on standard output. [`Exit::Failed`] says that the log was changed, so what cannot
/// be done is [`Exit::Usage`].
pub(crate) async fn run(command: Verify, output: Output) -> Result<Exit> {
    let verdict = checked(&command).await.map_err(|failure| Failure::usage(failure.message))?;
    let mut out = io::stdout().lock();
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&verdict).map_err(because("the answer"))?)?,
        Output::Text => write!(out, "{}", for_people(&verdict))?,
    }
    out.flush()?;
    Ok(if verdict.intact { Exit::Done } else { Exit::Failed })
}

async fn checked(command: &Verify) -> Result<Verdict> {
    let mut heads = Vec::new();
    for file in &command.head {
        heads.extend(read_heads(file)?);
    }
    // The URL may hold a password: no error repeats it.
    let store =
        Store::open_existing(&command.storage.database.database_url).await.map_err(because("--database-url"))?;
    let key = match command.public_key {
        Some(key) => key,
        None => own_key(&store, &command.storage).await?,
    };
    let is_terminal = io::stderr().is_terminal();
    let mut shown = 0;
    let progress = |so_far: &Verdict| {
        if is_terminal && so_far.rows >= shown + PROGRESS_ROWS {
            shown = so_far.rows;
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r{} rows in {} links checked", so_far.rows, so_far.links);
        }
    };
    let verdict = verify(&store, key, &heads, progress).await.map_err(because("the audit log"))?;
    if shown > 0 {
        print::note("");
    }
    store.close().await;
    Ok(verdict)
}

/// The key that the database keeps sealed, opened with the master key: who could change it there could not seal it.
async fn own_key(store: &Store, storage: &Storage) -> Result<PublicKey> {
    let source = storage.master_key();
    let place = source.with_option(MASTER_KEY_FILE);
    let master_key = source.read().map_err(because(format!("{place}; or give --public-key")))?;
    let vault = Vault::parse(&master_key).map_err(because(&place))?;
    let signer = store.existing_audit_signer(&vault).await.map_err(because(&place))?;
    store.unlock(&vault).await.map_err(because(&place))?;
    let none = "the database has no chain: its audit log was never begun, or all of it was deleted";
    Ok(signer.ok_or_else(|| Failure::usage(none))?.public())
}

fn read_heads(file: &Path) -> Result<Vec<Head>> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
    let heads = serde_json::Deserializer::from_str(&text).into_iter();
    heads.collect::<std::result::Result<_, _>>().map_err(because(file.display()))
}

fn because<E: Display>(what: impl Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure::usage(format!("{what}: {error}"))
}

fn for_people(verdict: &Verdict) -> String {
    let mut text = match &verdict.first {
        None => "The audit log is intact.\n".to_owned(),
        Some(first) => {
            let count = verdict.findings;
            format!("The audit log was changed. First: {}.\nIn all {count} things do not fit.\n", named(first))
        }
    };
    let _ = writeln!(text, "{} rows in {} links were checked.", verdict.rows, verdict.links);
    let _ = writeln!(text, "{} rows of the administrators' log were checked.", verdict.admin_rows);
    let _ = match verdict.policy_rows {
        Some(rows) => writeln!(text, "{rows} rows of the policy were checked."),
        None => writeln!(text, "The rows of the policy were not checked: that needs the master key."),
    };
    for (count, what) in [
        (verdict.completed, "intents became whole rows at a later position."),
        (verdict.deleted_by_retention, "rows of these links were deleted by retention."),
        (verdict.heads_confirmed, "saved heads agree."),
        (verdict.heads_too_old, "saved heads are older than what is kept."),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{count} {what}");
        }
    }
    for cut in &verdict.cuts {
        let _ = writeln!(text, "{}", deleted(cut));
    }
    if let Some(head) = &verdict.head {
        let _ = writeln!(text, "The end: link {}, position {}, hash {}.", head.link, head.position, head.hash);
    }
    text
}

/// A sentence on what retention deleted, and who ordered it.
fn deleted(cut: &OrderedCut) -> String {
    let row = |row: &Ordered| {
        format!("row {} of the administrators' log, {} by {} at {}", row.number, row.action, row.actor, row.at)
    };
    let Some(run) = &cut.run else { return format!("Link {} deleted what was before {}.", cut.link, cut.before) };
    let settings = cut.settings.as_ref().map_or_else(|| "the settings of a new database".to_owned(), row);
    format!("Link {} deleted what was before {}, on the order of {settings}: {}.", cut.link, cut.before, row(run))
}

fn named(finding: &Finding) -> String {
    let mut text = finding.what.sentence().to_owned();
    for (name, value) in [
        ("position", finding.position.map(|position| position.to_string())),
        ("link", finding.link.map(|link| link.to_string())),
        ("gate", finding.gate.as_deref().map(print::printable)),
        ("id", finding.id.as_deref().map(print::printable)),
        ("number", finding.number.map(|number| number.to_string())),
        ("table", finding.table.map(str::to_owned)),
        ("row", finding.row.as_deref().map(print::printable)),
    ] {
        if let Some(value) = value {
            let _ = write!(text, ", {name} {value}");
        }
    }
    text
}
