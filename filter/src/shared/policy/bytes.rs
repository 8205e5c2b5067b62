//! A policy as bytes in shared data: its head, which each thread reads whole, and the pages of its keys, of which a thread reads
//! one for a key that it has not seen.
//!
//! Each entry begins with the policy's number. The keys of a policy that two others have followed are gone, and are refused.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use lictor_policy::snapshot::{BadSnapshot, Pages, Snapshot};

use crate::host::{self, HostError};

/// Stores a policy with its head under a number; it is in force when the stamp says so. Answers it as threads have it.
pub(crate) fn store(id: u64, head: &[u8], mut given: Snapshot) -> Result<Arc<Snapshot>, HostError> {
    let mut bytes = Vec::new();
    let mut write = |name: &str, part: &[u8]| {
        bytes.clear();
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(part);
        host::overwrite_shared(name, &bytes)
    };
    given.move_keys(|number, page| write(&page_name(id, number), page), Box::new(Shared { id }))?;
    write(name(id), head)?;
    Ok(Arc::new(given))
}

/// What becomes of the policy with a number; `None` if it is neither the one in force nor the next.
pub(crate) fn load(id: u64) -> Result<Option<Result<Arc<Snapshot>, BadSnapshot>>, HostError> {
    let Some(head) = read(name(id), id)? else { return Ok(None) };
    Ok(Some(Snapshot::stored(&head, Box::new(Shared { id }), host::random_number()?).map(Arc::new)))
}

/// The pages of the policy with a number.
struct Shared {
    id: u64,
}

impl Pages for Shared {
    fn page(&self, number: usize, _: Range<usize>) -> Option<Cow<'_, [u8]>> {
        // What cannot be read is not there, and its keys are refused.
        read(&page_name(self.id, number), self.id).ok()?.map(Cow::Owned)
    }
}

fn read(name: &str, id: u64) -> Result<Option<Vec<u8>>, HostError> {
    let mut bytes = host::shared(name)?.value;
    let id = id.to_le_bytes();
    Ok(bytes.starts_with(&id).then(|| {
        bytes.drain(..id.len());
        bytes
    }))
}

const fn name(id: u64) -> &'static str {
    if id.is_multiple_of(2) { "lictor.snapshot.1.even" } else { "lictor.snapshot.1.odd" }
}

/// No more than the largest policy has.
fn page_name(id: u64, number: usize) -> String {
    format!("{}.{number}", name(id))
}
