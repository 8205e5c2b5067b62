//! Carries out a plan, one write after the other.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use axum::http::Method;
use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::cli::remote::client::Client;
use crate::cli::remote::policy::change::{Change, Request};
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::domain::policy::difference::Kind;

/// The secrets and the folder that a plan needs.
pub struct Means {
    /// The secret of each change that needs one, by the change's place in the plan.
    secrets: BTreeMap<usize, Secret>,
    /// The folder for the plain text of new keys.
    key_dir: Option<PathBuf>,
}

impl Means {
    /// Gathers all that is needed before anything is done. `folder` is where the policy file is.
    pub fn gather(changes: &[Change], folder: &Path, key_dir: Option<PathBuf>) -> Result<Self> {
        let mut secrets = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            let secret = match &change.request {
                Request { needs_secret: false, .. } => continue,
                Request { secret: Some(source), .. } => source.clone().within(folder).required(),
                Request { secret: None, .. } => Err(Failure::new(
                    Exit::Invalid,
                    "its credential is new: add secret_from_env or secret_from_file to its upstream.",
                )),
            };
            let named = |failure: Failure| Failure::new(failure.exit, format!("user {}: {failure}", change.name));
            secrets.insert(at, secret.map_err(named)?);
        }
        let new_keys: Vec<_> = changes.iter().filter(|change| change.is_new_key()).collect();
        match &key_dir {
            None if !new_keys.is_empty() => {
                let names: Vec<_> = new_keys.iter().map(|change| change.name.as_str()).collect();
                let what = "make each with `lictor key create`, or give --key-dir FOLDER, where their plain text is \
                            written to";
                return Err(Failure::new(Exit::Invalid, format!("Keys are not there: {}: {what}.", names.join(", "))));
            }
            Some(folder) if !new_keys.is_empty() => {
                fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
                for change in new_keys {
                    let path = key_file(folder, &change.name);
                    if path.exists() {
                        let what = "the file is there already; move it away, a new key is to be written to it";
                        return Err(Failure::new(Exit::Conflict, format!("{}: {what}.", path.display())));
                    }
                }
            }
            _ => {}
        }
        Ok(Self { secrets, key_dir })
    }

    /// Does the change; `made` has the ids of new users by their references.
    async fn make(
        &self,
        client: &Client,
        at: usize,
        change: &Change,
        made: &mut BTreeMap<String, Value>,
    ) -> Result<()> {
        let mut body = change.request.body.clone();
        if let Some(Value::Object(body)) = &mut body {
            if let Some(secret) = self.secrets.get(&at) {
                let upstream = body.entry("upstream").or_insert_with(|| json!({}));
                upstream.as_object_mut().map(|upstream| upstream.insert("secret".to_owned(), json!(secret)));
            }
            if let Some(id) = change.request.user.as_ref().and_then(|reference| made.get(reference)) {
                body.insert("user_id".to_owned(), id.clone());
            }
        }
        let send = async |body: Option<&Value>| {
            client.send(change.request.method.clone(), &change.request.path, body, &change.request.condition).await
        };
        match &self.key_dir {
            Some(folder) if change.is_new_key() => {
                // The file first: a plain text with no place to go would be lost.
                let path = key_file(folder, &change.name);
                let mut file = private(&path).map_err(|error| Failure::file(&path, &error))?;
                let sent = send(body.as_ref()).await;
                if sent.is_err() {
                    let _ = fs::remove_file(&path);
                }
                let lost = "If the key is there now, its plain text is lost: regenerate it.";
                let answer = sent.map_err(|failure| match failure.exit {
                    // No answer, or none that says no: it may have been made.
                    Exit::Failed => Failure::failed(format!("{failure} {lost}")),
                    _ => failure,
                });
                let answer = answer?.json;
                let key = answer.get("key").and_then(Value::as_str).unwrap_or_default();
                let written = writeln!(file, "{key}").and_then(|()| file.sync_all());
                written.map_err(|error| {
                    let what = "the key is made and its plain text is lost: regenerate it";
                    Failure::failed(format!("{}: {error}; {what}", path.display()))
                })
            }
            _ => {
                let answer = send(body.as_ref()).await?.json;
                if change.noun == "user" && change.change == Kind::Add {
                    made.insert(change.name.clone(), answer.get("id").cloned().unwrap_or_default());
                }
                Ok(())
            }
        }
    }
}

/// Does all changes; `count` has how many are done by now, also when one fails.
pub async fn execute(client: &Client, changes: &[Change], means: &Means, count: &mut usize) -> Result<()> {
    let mut made = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        means.make(client, at, change, &mut made).await.map_err(|failure| {
            let name = format!("{} {}", change.noun, change.name);
            let what = match failure.exit {
                Exit::Conflict => "It has changed since the plan was made, or something else keeps it. ",
                _ => "",
            };
            let total = changes.len();
            let message = format!(
                "{}: {failure} {what}{at} of {total} changes were made; run it again for the others.",
                name.trim_end()
            );
            Failure::new(failure.exit, message)
        })?;
        *count = at + 1;
    }
    Ok(())
}

impl Change {
    fn is_new_key(&self) -> bool {
        self.noun == "key" && self.change == Kind::Add && self.request.method == Method::POST
    }
}

/// The file for the plain text of a key: what a file's name should not have is `_`.
fn key_file(folder: &Path, name: &str) -> PathBuf {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '@') { character } else { '_' }
    };
    folder.join(format!("{}.key", name.replace(" / ", "_").chars().map(plain).collect::<String>()))
}

/// A new file that only its owner may read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
