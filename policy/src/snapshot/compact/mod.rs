//! The form in which gates get a policy: a frame that is read whole, and behind it the keys, of which one is read when it calls.
//! So a worker takes a policy of 100,000 keys as fast as one of ten.
//!
//! | bytes | |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | the length of the frame, the lowest byte first |
//! | 4 | CRC-32 of the frame |
//! | so many | the frame: the JSON of a [`wire::Snapshot`] with a list of [`Page`]s in the place of its keys |
//! | the rest | the pages, each of the length and CRC-32 that the frame tells: rows of keys, sorted by their prefixes |
//!
//! The checksums find what was damaged on the way. Who sent it is TLS's to prove, as with JSON.

mod row;

use serde::{Deserialize, Serialize};

use crate::key::KeyHash;
use crate::snapshot::BadSnapshot;
use crate::snapshot::by_name::by_name;
use crate::wire::{self, KeyEntry};

pub(crate) use row::{Read, Row, rows};

/// What it begins with; another form has another last byte.
const MAGIC: [u8; 8] = *b"lictor\0\x01";
/// A page ends with the key that makes it longer: a worker reads a whole page for a key that it has not seen.
const PAGE_BYTES: usize = 8 * 1024;
const HEADER: usize = MAGIC.len() + 4 + 4;

/// Some keys that follow each other in the order of prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The smallest of their prefixes.
    pub first: String,
    /// How many they are.
    pub keys: u32,
    /// The page's length in bytes.
    pub bytes: u32,
    /// CRC-32 of them.
    pub crc: u32,
}

/// The frame as it is read.
pub(crate) type Frame<M, P> = wire::Snapshot<Vec<Page>, M, P>;

/// Writes a policy.
///
/// # Errors
/// Two keys of one prefix, two users of one id, a key without its user, a hash in another form.
pub fn write(policy: &wire::Snapshot) -> Result<Vec<u8>, BadSnapshot> {
    let (keys, pages) = pages(policy)?;
    let models = policy.schema.models.iter();
    let models = models.map(|entry| wire::ModelEntry { name: entry.name.clone(), record: &entry.record }).collect();
    let frame = wire::Snapshot {
        version: policy.version,
        epoch: policy.epoch.clone(),
        revision: policy.revision,
        settings: policy.settings.clone(),
        users: policy.users.clone(),
        keys,
        permissions: policy.permissions.iter().collect::<Vec<_>>(),
        schema: wire::Schema { version: policy.schema.version, read_at: policy.schema.read_at, models },
        pauses: policy.pauses.clone(),
        terminations: policy.terminations.clone(),
    };
    let frame = serde_json::to_vec(&frame).map_err(|error| BadSnapshot::form("the snapshot", &error))?;
    let length = u32::try_from(frame.len()).map_err(|_| BadSnapshot::Damaged("the frame"))?;
    let mut bytes = Vec::with_capacity(HEADER + frame.len() + pages.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
    bytes.extend_from_slice(&frame);
    bytes.extend_from_slice(&pages);
    Ok(bytes)
}

fn pages(policy: &wire::Snapshot) -> Result<(Vec<Page>, Vec<u8>), BadSnapshot> {
    let users = policy.users.iter().enumerate().map(|(number, user)| (user.id.clone(), number));
    // The control plane has made the ids.
    let users = by_name(0, users).map_err(|id| BadSnapshot::Twice(format!("the user id {id}")))?;
    let mut sorted: Vec<&KeyEntry> = policy.keys.iter().collect();
    sorted.sort_unstable_by_key(|entry| &entry.prefix);
    if let Some([one, _]) = sorted.array_windows().find(|[one, next]| one.prefix == next.prefix) {
        return Err(BadSnapshot::Twice(format!("the prefix {}", one.prefix)));
    }
    let (mut pages, mut bytes) = (Vec::new(), Vec::new());
    let mut rest = sorted.into_iter().peekable();
    while let Some(first) = rest.peek().map(|entry| entry.prefix.clone()) {
        let (mut page, mut keys) = (Vec::with_capacity(PAGE_BYTES + 512), 0);
        while let Some(KeyEntry { prefix, record }) = rest.next_if(|_| page.len() < PAGE_BYTES) {
            let id = || record.id.clone();
            let hash = KeyHash::parse(record.hash.expose());
            let hash = hash.map_err(|problem| BadSnapshot::Hash { id: id(), problem })?;
            let user = users.get(&record.user_id);
            let user = user.ok_or_else(|| BadSnapshot::NoUser { id: id(), user_id: record.user_id.clone() })?;
            row::write(prefix, record, &hash, *user, &mut page);
            keys += 1;
        }
        let length = u32::try_from(page.len()).map_err(|_| BadSnapshot::Damaged("a page of keys"))?;
        pages.push(Page { first, keys, bytes: length, crc: crc32fast::hash(&page) });
        bytes.extend_from_slice(&page);
    }
    Ok((pages, bytes))
}

/// A policy as it was sent in the compact form: one that came as JSON is written anew.
///
/// # Errors
/// If it is neither.
pub fn of_sent(bytes: Vec<u8>) -> Result<Vec<u8>, BadSnapshot> {
    if !bytes.starts_with(b"{") {
        return Ok(bytes);
    }
    let policy = serde_json::from_slice(&bytes).map_err(|error| BadSnapshot::form("the snapshot", &error))?;
    write(&policy)
}

/// What stands before the pages.
///
/// # Errors
/// If it is of another form, or shorter than it says.
pub fn head(bytes: &[u8]) -> Result<&[u8], BadSnapshot> {
    split(bytes).map(|(head, _)| head)
}

/// The head, and in it the frame.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadSnapshot> {
    let parts = || {
        let (length, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
        let (crc, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let frame = rest.get(..length)?;
        (crc32fast::hash(frame) == u32::from_le_bytes(*crc)).then_some((bytes.get(..HEADER + length)?, frame))
    };
    parts().ok_or(BadSnapshot::Damaged("the frame"))
}

/// The frame of a policy, or of its head alone.
pub(crate) fn frame<'b, M, P>(bytes: &'b [u8]) -> Result<Frame<M, P>, BadSnapshot>
where
    M: Deserialize<'b>,
    P: Deserialize<'b>,
{
    let (_, frame) = split(bytes)?;
    let frame: Frame<M, P> =
        serde_json::from_slice(frame).map_err(|error| BadSnapshot::form("the snapshot", &error))?;
    if frame.version == wire::VERSION { Ok(frame) } else { Err(BadSnapshot::Version(frame.version)) }
}
