//! `lictor apply`, `lictor diff` and `lictor export`: the policy as a file.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::options::Server;
use crate::cli::remote::Unknown;
use crate::cli::remote::client::Client;
use crate::cli::remote::policy::change::{Change, shown};
use crate::cli::remote::policy::execute::{Means, execute};
use crate::cli::remote::policy::plan::plan;
use crate::cli::remote::policy::state::State;
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Output};
use crate::domain::policy::Policy;
use crate::domain::policy::difference::Kind;
use crate::domain::time::system_clock;

/// The file, and what it rules.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The policy file in YAML; `-` is standard input.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Delete what the file's sections lack: permissions, keys, and users with all their keys.
    #[arg(long)]
    prune: bool,
}

/// Make users, restrictions of keys, permissions and settings what a file says. A second run changes nothing.
#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    source: Source,
    /// Make keys that are not there, and write the plain text of each into a new file in this folder.
    #[arg(long, value_name = "FOLDER")]
    key_dir: Option<PathBuf>,
    #[command(flatten)]
    unknown: Unknown,
    #[command(flatten)]
    consent: Consent,
}

/// Show what `apply` would change. The exit status is 1 if there is something, and 2 or more if that cannot be said.
#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    source: Source,
}

/// Write the policy file of what the service has, without the secrets.
#[derive(Debug, Args)]
pub struct Export {}

pub(crate) async fn apply(client: &Client, order: Apply) -> Result<()> {
    let mut changes = changes(client, &order.source).await?;
    for change in changes.iter_mut().filter(|change| change.change != Kind::Remove && change.names_models()) {
        change.request.path = order.unknown.path(&change.request.path);
    }
    if client.output == Output::Text {
        show(&changes)?;
    }
    let folder = order.source.file.parent().unwrap_or(Path::new(""));
    let means = Means::gather(&changes, folder, order.key_dir)?;
    let removed = changes.iter().filter(|change| change.change == Kind::Remove).count();
    if removed > 0 {
        order.consent.ask(&format!("This deletes {removed} records. Do it?"))?;
    }
    let mut made = 0;
    let done = execute(client, &changes, &means, &mut made).await;
    if client.output == Output::Json {
        print::document(&json!({"changes": changes, "made": made}))?;
    } else if done.is_ok() && made > 0 {
        print::note(&if made == 1 { "1 change was made.".to_owned() } else { format!("{made} changes were made.") });
    }
    done
}

pub(crate) async fn diff(server: &Server, order: Diff) -> Result<Exit> {
    let client = &Client::new(server)?;
    let changes = changes(client, &order.source).await?;
    match client.output {
        Output::Json => print::document(&json!({"changes": changes}))?,
        Output::Text => show(&changes)?,
    }
    Ok(if changes.is_empty() { Exit::Done } else { Exit::Failed })
}

pub(crate) async fn export(client: &Client) -> Result<()> {
    let everything = Policy {
        users: Some(Vec::new()),
        keys: Some(Vec::new()),
        permissions: Some(Default::default()),
        profiles: Some(Default::default()),
        settings: Some(Default::default()),
        given_settings: None,
    };
    let (policy, notes) = State::load(client, &everything).await?.policy()?;
    notes.iter().for_each(|note| print::note(&print::printable(note)));
    if client.output == Output::Json {
        return print::document(&json!(policy));
    }
    let text = serde_yaml_ng::to_string(&policy).map_err(|error| Failure::failed(error.to_string()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "# What Lictor had when this was written. `lictor diff -f` compares, `lictor apply -f` changes.")?;
    writeln!(out, "# A user who is to be made from it needs `secret_from_env: NAME` or `secret_from_file: PATH`.")?;
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// The plan against the records as they are now, read again with their tags.
async fn changes(client: &Client, source: &Source) -> Result<Vec<Change>> {
    let policy = Policy::load(&source.file)?;
    let now = system_clock()();
    let mut state = State::load(client, &policy).await?;
    let found = plan(&policy, &state, source.prune, now)?;
    state.tag(client, &found).await?;
    let mut changes = plan(&policy, &state, source.prune, now)?;
    if !changes.is_empty() {
        mark(client, &policy, source.prune, &mut changes).await?;
    }
    Ok(changes)
}

/// Marks what loosens the policy, as the service judges it.
async fn mark(client: &Client, policy: &Policy, prune: bool, changes: &mut [Change]) -> Result<()> {
    let body = json!({"draft": policy.draft()?, "prune": prune});
    // Names that nobody knows are looked at when they are saved.
    let answer = match client.post("policy/diff?unknown=allow", &body).await {
        Ok(answer) => answer.json,
        Err(failure) => {
            print::note(&format!("What of this loosens the policy is not known: {}", failure.message));
            return Ok(());
        }
    };
    for judged in answer.get("changes").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| judged.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_it = |change: &&mut Change| (change.noun, change.name.as_str()) == (text("noun"), text("name"));
        let Some(change) = changes.iter_mut().find(is_it) else { continue };
        change.loosens = judged.get("loosens") == Some(&Value::Bool(true));
        let fields = judged.get("loosened_fields").cloned().unwrap_or_default();
        change.loosened_fields = serde_json::from_value(fields).unwrap_or_default();
    }
    Ok(())
}

fn show(changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        print::note("Nothing to change.");
    }
    let mut out = io::stdout().lock();
    out.write_all(shown(changes).as_bytes())?;
    Ok(out.flush()?)
}
