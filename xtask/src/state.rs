//! The state folder of a local gate: its files, who may read them, and what `down` needs to know.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::process::Identity;

/// Where state is kept if nothing else is said, in the current folder.
pub const DEFAULT: &str = ".lictor/state";

/// The state folder.
pub struct State {
    folder: PathBuf,
}

/// `up.json`: what other programs need to use the gate. Holds secrets.
#[derive(Serialize)]
pub struct UpFile {
    /// Where API clients call.
    pub gate_url: String,
    /// The REST API.
    pub api_url: String,
    /// The first administrator's.
    pub admin_token: String,
    /// Envoy's admin interface.
    pub envoy_admin_url: String,
    /// The Odoo behind the gate.
    pub odoo_url: String,
    /// The program that is both the control plane and the command line.
    pub lictor: PathBuf,
    /// The first key, if one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What runs.
    pub pids: Pids,
}

/// The process numbers, for people and tests; `down` goes by [`Started`].
#[derive(Serialize)]
pub struct Pids {
    /// `lictor serve`.
    pub control_plane: u32,
    /// The gate.
    pub envoy: u32,
    /// The stand-in for Odoo, where none was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standin: Option<u32>,
}

/// A server as `down` finds it written.
#[derive(Clone, Serialize, Deserialize)]
pub struct Started {
    /// What to call it in messages.
    pub name: String,
    /// Its process.
    pub identity: Identity,
    /// Envoy's admin address, by which it is drained first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub envoy_admin_url: Option<String>,
}

impl State {
    /// The control plane's database, in a folder of its own: Envoy watches the one that holds the gate's token, and would
    /// be woken by every write.
    pub const DATABASE: &str = "database/lictor.db";

    /// Makes the folder, readable by its owner alone, if it is not there.
    pub fn make(folder: &Path) -> Result<Self> {
        // With the folder of the database.
        let file = folder.join(Self::DATABASE);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(file.parent().unwrap_or(folder))
            .with_context(|| format!("cannot make the state folder {}", folder.display()))?;
        Self::open(folder)
    }

    /// An existing folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let whole =
            fs::canonicalize(folder).with_context(|| format!("there is no state folder {}", folder.display()))?;
        if whole.to_str().is_none_or(|text| text.contains(['"', '\\', '\n'])) {
            bail!("the name of the state folder {} cannot be written into configuration files", whole.display());
        }
        Ok(Self { folder: whole })
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that only its owner may read, whole or not at all; Envoy notices a file that is replaced so.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let file = self.file(name);
        let scratch = self.file(&format!(".{name}.new"));
        // Left by a command that was killed; `create_new` makes sure that the mode is ours.
        let _ = fs::remove_file(&scratch);
        let mut handle = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch)?;
        handle.write_all(content.as_ref())?;
        fs::rename(&scratch, &file).with_context(|| format!("cannot write {}", file.display()))
    }

    /// A file's content without its last line break, or `None` if it is not there.
    pub fn read(&self, name: &str) -> Result<Option<String>> {
        let file = self.file(name);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What was started here last and not stopped by a command.
    pub fn started(&self) -> Result<Vec<Started>> {
        match self.read("processes.json")? {
            Some(text) => serde_json::from_str(&text).context("cannot read processes.json"),
            None => Ok(Vec::new()),
        }
    }

    /// Remembers what was started.
    pub fn remember(&self, started: &[Started]) -> Result<()> {
        self.write("processes.json", &serde_json::to_string_pretty(started)?)
    }

    /// Forgets what was started, and what could be used while it ran.
    pub fn forget(&self) -> Result<()> {
        self.remove("processes.json")?;
        self.remove("up.json")
    }
}
