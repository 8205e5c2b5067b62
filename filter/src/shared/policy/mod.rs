//! The policy that the threads share: which is in force, and where it is. In wasm each thread has memory of its own, and takes a
//! policy from its bytes; the threads of a module have one policy together.

#[cfg(not(all(feature = "module", not(test))))]
mod bytes;
#[cfg(any(feature = "module", test))]
pub(crate) mod whole;

use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};
use crate::shared::pair::Pair;

#[cfg(not(all(feature = "module", not(test))))]
pub(crate) use bytes::{load, store};
#[cfg(all(feature = "module", not(test)))]
pub(crate) use whole::{load, store};

/// Which snapshot is in force (a number that its blob carries too), and when the control plane last confirmed it.
///
/// Its name, and those of the policy's places and of the lease, have the number of the policy's form: while a filter takes the place
/// of one that reads another form, both have what they can read, and a thread of each speaks to the control plane.
pub(crate) struct Stamp;

impl Stamp {
    const NAME: &str = "lictor.stamp.1";

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

/// A new number for a policy, which does not take the place of the current one: there are two places by turns, and while one is
/// written, the other is in force.
pub(crate) fn id_after(current: u64) -> Result<u64, HostError> {
    let random = u64::from_le_bytes(host::random()?);
    Ok(if random % 2 == current % 2 { random ^ 1 } else { random })
}
