//! The first start: the master key, the first administrator.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use lictor_policy::secret::Secret;

use crate::app::App;
use crate::cli::options::Storage;
use crate::cli::secret_source::SecretSource;
use crate::clients::odoo::Odoo;
use crate::secrets::vault::Vault;
use crate::store::Store;

/// The option that names the file with the master key.
pub(crate) const MASTER_KEY_FILE: &str = "--master-key-file";

/// The service on its database.
pub(crate) async fn open(storage: &Storage, odoo: Odoo) -> Result<App> {
    // The URL may hold a password: no error repeats it.
    let store = Store::open(&storage.database.database_url).await.context("--database-url")?;
    let sealed_with = store.master_key_id().await?;
    let vault = master_key(storage, sealed_with.as_deref())?;
    Ok(App::new(store, vault, odoo).await?)
}

/// The master key from the environment or its file. A file that is not there is made for a new database only: an old
/// one needs the key that it was made with.
pub(crate) fn master_key(storage: &Storage, sealed_with: Option<&str>) -> Result<Vault> {
    let source = storage.master_key();
    let place = || source.with_option(MASTER_KEY_FILE);
    let key = match (source.read(), &source, sealed_with) {
        (Err(error), SecretSource::File(path), None) if error.kind() == ErrorKind::NotFound => make_master_key(path)
            .inspect(|_| {
                tracing::warn!(path = %path.display(), "made a master key; back it up apart from the database");
            }),
        (Err(error), SecretSource::File(_), Some(id)) if error.kind() == ErrorKind::NotFound => {
            bail!("{}: not there; the database needs the master key with the id {id}", place())
        }
        (read, ..) => read,
    };
    Vault::parse(&key.with_context(place)?).with_context(place)
}

/// Makes a master key and writes it to a file that only its owner may read; fails if the file is there.
pub fn make_master_key(path: &Path) -> io::Result<Secret> {
    let key = Vault::generate().map_err(io::Error::other)?;
    write_new(path, &key)?;
    Ok(key)
}

/// Writes a gate's token for Envoy, by renaming: Envoy notices no other way, and never reads half a token.
pub fn write_gate_token(path: &Path, token: &Secret) -> io::Result<()> {
    let scratch = path.with_extension("new");
    write_new(&scratch, token)?;
    std::fs::rename(&scratch, path)
}

/// Writes a file that was not there and that only its owner may read.
fn write_new(path: &Path, secret: &Secret) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", secret.expose())?;
    file.sync_all()
}
