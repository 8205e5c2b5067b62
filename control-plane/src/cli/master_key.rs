//! The first start: the master key, the first administrator.

use std::io::{self, Write as _};
use std::path::Path;

use lictor_policy::secret::Secret;

use crate::secrets::vault::Vault;

/// Reads the master key from its file.
pub fn read_master_key(path: &Path) -> io::Result<Secret> {
    std::fs::read_to_string(path).map(Secret::new)
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
