//! `backup`, `restore`, `rotate-master-key`: what is done to the database and not through the API.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::cli::master_key::{make_master_key, master_key};
use crate::cli::options::{Restore, RotateMasterKey, Storage};
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::print;
use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::secrets::vault::Vault;
use crate::store::proof::Accepted;
use crate::store::{ChangeTx, Entry, Store, backup, sealed};

pub(crate) async fn run_restore(restore: Restore) -> Result<()> {
    let url = &restore.storage.database.database_url;
    let vault = master_key(&restore.storage, Some("of the backup"))?;
    let done = match &restore.file {
        Some(file) => self::restore(url, file, restore.replace, &vault).await?,
        None => adopt(url, &vault).await?,
    };
    let changed = done.last_change.map_or_else(|| "never".to_owned(), |moment| moment.to_string());
    print::text_page(&format!(
        "Restored. The last change was made {changed}; what was changed after it is lost.\n\
         {} keys may be used, among them all that were revoked after it: revoke those again, or pause all calls, as soon \
         as the service runs.\n",
        done.active_keys
    ))
}

pub(crate) async fn run_acceptance(storage: Storage) -> Result<()> {
    let vault = master_key(&storage, Some("in use"))?;
    let accepted = accept_rows(&storage.database.database_url, &vault).await?;
    let mut page = String::new();
    for (table, accepted) in accepted.iter().filter(|(_, accepted)| accepted.unproven > 0) {
        let _ = fmt::Write::write_fmt(
            &mut page,
            format_args!("{table}: {} rows were accepted: {}\n", accepted.unproven, accepted.named.join(", ")),
        );
    }
    let rows: u64 = accepted.values().map(|accepted| accepted.rows).sum();
    print::text_page(&format!("{page}{rows} rows prove themselves as they are now.\n"))
}

pub(crate) async fn run_rotation(rotation: RotateMasterKey) -> Result<()> {
    let storage = &rotation.storage;
    let url = &storage.database.database_url;
    let old = master_key(storage, Some("in use"))?;
    let path = &rotation.new_master_key_file;
    let place = || format!("--new-master-key-file {}", path.display());
    let key = match SecretSource::File(path.clone()).read() {
        Err(error) if error.kind() == ErrorKind::NotFound => make_master_key(path),
        read => read,
    };
    let new = Vault::parse(&key.with_context(place)?).with_context(place)?;
    print::text_page(&match rotate_master_key(url, &old, &new).await? {
        Some(sealed) => format!(
            "{sealed} secrets are sealed with the master key {} now. Start the service with --master-key-file {}; keep \
             the old key for as long as you keep backups from before.\n",
            new.key_id(),
            path.display()
        ),
        None => "The database has this master key already: nothing was changed.\n".to_owned(),
    })
}

/// The facts that an operator needs after a restore.
#[derive(Debug)]
pub struct Restored {
    /// The first revision of the new epoch.
    pub revision: Revision,
    /// The last change before it.
    pub last_change: Option<Moment>,
    /// Keys that may be used, perhaps again.
    pub active_keys: u64,
}

/// Copies a SQLite database to a new file, also while the service runs.
pub async fn back_up(url: &str, to: &Path) -> Result<()> {
    backup::copy(url, to).await.context("backup")
}

/// Puts a copy in the place of a SQLite database, and begins a new epoch in it.
pub async fn restore(url: &str, from: &Path, replace: bool, vault: &Vault) -> Result<Restored> {
    let scratch = backup::put_back(url, from, replace).await.context("restore")?;
    let restored = async {
        let restored = adopt(&format!("sqlite://{}?mode=rw", scratch.display()), vault).await?;
        backup::take_over(url, &scratch).await?;
        Ok(restored)
    }
    .await;
    if restored.is_err() {
        let _ = std::fs::remove_file(&scratch);
    }
    restored
}

/// Begins a new epoch in a database that was put back.
pub async fn adopt(url: &str, vault: &Vault) -> Result<Restored> {
    let store = Store::open(url).await.context("the database")?;
    store.prepare(vault).await?;
    let (last_change, active_keys) = backup::state(&mut *store.read().await?).await?;
    let mut tx = ChangeTx::begin(&store).await?;
    let epoch = backup::new_epoch(&mut tx).await?;
    let revision = tx.commit(&entry("database.restore", &epoch, json!({}))).await?;
    store.close().await;
    Ok(Restored { revision, last_change: last_change.map(Moment), active_keys })
}

/// Seals everything with another master key, in one transaction. Services that hold the old key end by themselves: they
/// are of no use any more. None if the database has the new key already.
pub async fn rotate_master_key(url: &str, old: &Vault, new: &Vault) -> Result<Option<u64>> {
    if old.key_id() == new.key_id() {
        bail!("the new master key is the old one: give a file that is not there, and it is made");
    }
    let store = Store::open(url).await.context("the database")?;
    if store.master_key_id().await?.as_deref() == Some(new.key_id()) {
        return Ok(None);
    }
    store.prepare(old).await?;
    let mut tx = ChangeTx::begin(&store).await?;
    let sealed = sealed::seal_anew(&mut tx, old, new).await?;
    let difference = json!({"master_key_id": [old.key_id(), new.key_id()]});
    tx.commit(&entry("master_key.rotate", new.key_id(), difference)).await?;
    store.close().await;
    Ok(Some(sealed))
}

/// Takes all rows for right as they are. Services go on meanwhile.
pub async fn accept_rows(url: &str, vault: &Vault) -> Result<BTreeMap<&'static str, Accepted>> {
    let store = Store::open_existing(url).await.context("the database")?;
    store.prepare(vault).await?;
    let accepted = store.accept_rows().await?;
    store.close().await;
    Ok(accepted)
}

fn entry(action: &'static str, object: &str, difference: serde_json::Value) -> Entry {
    Entry { actor: "system".to_owned(), action, object: object.to_owned(), difference }
}
