//! Archives that depend on nothing but what is in them: no times, no owners, no names of this machine.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

const BLOCK: usize = 512;
/// Bytes of a name that the plain form of a header has room for.
const MAX_NAME: usize = 100;

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Two digits a byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The POSIX archive (ustar) of these files, which everybody may read.
pub(super) fn tar(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        archive.extend(header(name, bytes.len())?);
        archive.extend(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    // The end is two empty blocks.
    archive.resize(archive.len() + 2 * BLOCK, 0);
    Ok(archive)
}

/// Field by field: tar(5) has the table.
fn header(name: &str, size: usize) -> Result<Vec<u8>> {
    ensure!(name.len() <= MAX_NAME, "{name} is too long for an archive");
    let mut header = Vec::with_capacity(BLOCK);
    let mut field = |text: &str, width: usize| {
        header.extend(text.as_bytes());
        header.resize(header.len() + width - text.len(), 0);
    };
    field(name, MAX_NAME);
    field("0000644", 8);
    field("0000000", 8);
    field("0000000", 8);
    field(&format!("{size:011o}"), 12);
    field("00000000000", 12);
    // The sum is taken as if blanks stood in its place.
    field("        ", 8);
    field("0", 1);
    field("", 100);
    field("ustar", 6);
    field("00", 2);
    field("", 247);
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
    Ok(header)
}

/// Compresses without a name and a time. `scratch` is a file that may be written.
pub(super) fn gzip(bytes: &[u8], scratch: &Path) -> Result<Vec<u8>> {
    fs::write(scratch, bytes).with_context(|| format!("cannot write {}", scratch.display()))?;
    let output = Command::new("gzip")
        .args(["--no-name", "--best", "--stdout"])
        .stdin(Stdio::from(File::open(scratch)?))
        .output()
        .context("cannot start gzip")?;
    fs::remove_file(scratch)?;
    if !output.status.success() {
        bail!("gzip failed ({})", output.status);
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_reads_what_was_packed() {
        let folder = std::env::temp_dir().join(format!("lictor-archive-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("it.tar");
        let files = [("a.txt".to_owned(), b"one".to_vec()), ("b/c.txt".to_owned(), vec![b'x'; 1024])];
        fs::write(&file, tar(&files).unwrap()).unwrap();
        let listed = Command::new("tar").arg("-tvf").arg(&file).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let lines: Vec<_> = listed.lines().collect();
        assert!(lines[0].starts_with("-rw-r--r-- 0/0") && lines[0].ends_with("a.txt"), "{listed}");
        assert!(lines[1].contains(" 1024 1970-01-01") && lines[1].ends_with("b/c.txt"), "{listed}");
        let unpacked = Command::new("tar").args(["-xOf"]).arg(&file).output().unwrap();
        assert_eq!(unpacked.stdout, [b"one".to_vec(), vec![b'x'; 1024]].concat());
        fs::remove_dir_all(&folder).unwrap();
    }
}
