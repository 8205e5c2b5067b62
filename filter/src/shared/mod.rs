//! What the workers of a gate share: a fixed set of entries, as shared data is never deleted.

pub(crate) mod lines;
pub(crate) mod pair;
pub(crate) mod policy;
pub(crate) mod table;

use crate::host::{self, HostError, Shared};

/// How often a compare-and-set is tried before giving up, which takes a fraction of a millisecond. Of many workers that do
/// nothing but change one entry, one that fails four times in five would give up once in 10^25 times.
const ATTEMPTS: usize = 256;

/// Changes an entry; `change` answers nothing to leave it as it is, and then this is false.
///
/// # Errors
/// Of the host, or when others were faster too often.
pub(crate) fn change<B: AsRef<[u8]>>(
    name: &str,
    mut change: impl FnMut(&[u8]) -> Option<B>,
) -> Result<bool, HostError> {
    let mut attempts = ATTEMPTS;
    loop {
        let entry = host::shared(name)?;
        let Some(next) = change(&entry.value) else { return Ok(false) };
        match host::set_shared(name, &entry, next.as_ref()) {
            Err(error) if error.is_mismatch() && attempts > 0 => attempts -= 1,
            result => return result.map(|()| true),
        }
    }
}

/// Creates an entry, or takes what another worker created meanwhile.
pub(crate) fn create(name: &str, absent: &Shared, value: &[u8]) -> Result<Vec<u8>, HostError> {
    match host::set_shared(name, absent, value) {
        Err(error) if !error.is_mismatch() => Err(error),
        Ok(()) | Err(_) => Ok(host::shared(name)?.value),
    }
}
