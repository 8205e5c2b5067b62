//! What the workers of a gate share: a fixed set of entries, as shared data is never deleted.

use lictor_policy::decide::State;
use lictor_policy::key::same;
use lictor_policy::snapshot::Key;
use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};

/// How often a compare-and-set is tried before giving up: two workers rarely meet twice.
const ATTEMPTS: usize = 32;
const DIGEST: usize = 32;
const KEPT_DIGESTS: usize = 2;

/// The digests of verified keys, an entry a slot.
pub(crate) struct Slots;

impl State for Slots {
    fn knows(&mut self, key: &Key, digest: &[u8; DIGEST]) -> bool {
        // A failed read costs a hash, no more.
        host::shared(&name(key)).is_ok_and(|entry| entry.value.chunks(DIGEST).any(|kept| same(kept, digest)))
    }

    fn keep(&mut self, key: &Key, digest: &[u8; DIGEST]) {
        let name = name(key);
        let Ok(entry) = host::shared(&name) else { return };
        let newest: Vec<u8> = digest.iter().chain(&entry.value).copied().take(DIGEST * KEPT_DIGESTS).collect();
        // If another worker was faster, this key is hashed once more.
        drop(host::set_shared(&name, &entry, &newest));
    }
}

fn name(key: &Key) -> String {
    format!("lictor.slot.{}", key.wire.slot)
}

/// Two numbers that change together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) u64, pub(crate) u64);

impl Pair {
    /// Reads an entry; zeros if there is none.
    pub(crate) fn read(name: &str) -> Result<Self, HostError> {
        host::shared(name).map(|entry| Self::parse(&entry.value))
    }

    /// Changes an entry; `change` answers nothing to leave it as it is.
    ///
    /// # Errors
    /// Of the host, or when others were faster too often.
    pub(crate) fn update(name: &str, mut change: impl FnMut(Self) -> Option<Self>) -> Result<Option<Self>, HostError> {
        let mut attempts = ATTEMPTS;
        loop {
            let entry = host::shared(name)?;
            let Some(next) = change(Self::parse(&entry.value)) else { return Ok(None) };
            match host::set_shared(name, &entry, &next.bytes()) {
                Err(error) if error.is_mismatch() && attempts > 0 => attempts -= 1,
                result => return result.map(|()| Some(next)),
            }
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let number = |bytes: Option<&[u8]>| bytes.and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        Self(number(bytes.get(..8)), number(bytes.get(8..16)))
    }

    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().chain(self.1.to_le_bytes())) {
            *to = from;
        }
        bytes
    }
}

/// Which snapshot is in force (a number that its blob carries too), and when the control plane last confirmed it.
pub(crate) struct Stamp;

impl Stamp {
    const NAME: &str = "lictor.stamp";

    /// The number and the moment; zeros before the first snapshot.
    pub(crate) fn read() -> Result<(u64, UnixMicros), HostError> {
        Pair::read(Self::NAME).map(|Pair(id, confirmed_at)| (id, confirmed_at))
    }

    /// Puts a stored snapshot in force.
    pub(crate) fn publish(id: u64, now: UnixMicros) -> Result<(), HostError> {
        Pair::update(Self::NAME, |_| Some(Pair(id, now))).map(drop)
    }

    /// Renews the age of the snapshot in force, if it is still this one.
    pub(crate) fn confirm(id: u64, now: UnixMicros) -> Result<(), HostError> {
        Pair::update(Self::NAME, |Pair(current, at)| (current == id).then_some(Pair(id, at.max(now)))).map(drop)
    }
}

/// The snapshot's bytes, behind the number that the stamp names.
pub(crate) struct Blob;

impl Blob {
    const NAME: &str = "lictor.snapshot";
    const HEAD: usize = 8;

    /// Stores a snapshot; it is in force when the stamp says so.
    pub(crate) fn write(id: u64, json: &[u8]) -> Result<(), HostError> {
        let mut bytes = Vec::with_capacity(Self::HEAD + json.len());
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(json);
        host::overwrite_shared(Self::NAME, &bytes)
    }

    /// The snapshot with this number; `None` while another is being written.
    pub(crate) fn read(id: u64) -> Result<Option<Vec<u8>>, HostError> {
        let mut bytes = host::shared(Self::NAME)?.value;
        if bytes.get(..Self::HEAD) != Some(&id.to_le_bytes()[..]) {
            return Ok(None);
        }
        Ok(Some(bytes.split_off(Self::HEAD)))
    }
}
