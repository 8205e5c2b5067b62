//! The policy that the threads share: its bytes, and which of them is in force.

use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};
use crate::shared::pair::Pair;

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
        Pair::update(Self::NAME, |Pair(current, _)| (current == id).then_some(Pair(id, now))).map(drop)
    }
}

/// The snapshot's bytes, behind the number that the stamp names.
pub(crate) struct Blob(Vec<u8>);

impl Blob {
    const HEAD: usize = 8;

    /// A new number, whose snapshot does not take the place of the current one.
    pub(crate) fn id_after(current: u64) -> Result<u64, HostError> {
        let random = u64::from_le_bytes(host::random()?);
        Ok(if random % 2 == current % 2 { random ^ 1 } else { random })
    }

    /// Two entries by turns: while one is written, the other is in force.
    const fn name(id: u64) -> &'static str {
        if id.is_multiple_of(2) { "lictor.snapshot.even" } else { "lictor.snapshot.odd" }
    }

    /// Stores a snapshot; it is in force when the stamp says so.
    pub(crate) fn write(id: u64, json: &[u8]) -> Result<(), HostError> {
        let mut bytes = Vec::with_capacity(Self::HEAD + json.len());
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(json);
        host::overwrite_shared(Self::name(id), &bytes)
    }

    /// The snapshot with this number; `None` if it is neither the one in force nor the next.
    pub(crate) fn read(id: u64) -> Result<Option<Self>, HostError> {
        let bytes = host::shared(Self::name(id))?.value;
        Ok(bytes.starts_with(&id.to_le_bytes()).then_some(Self(bytes)))
    }

    /// The snapshot.
    pub(crate) fn json(&self) -> &[u8] {
        self.0.get(Self::HEAD..).unwrap_or_default()
    }
}
