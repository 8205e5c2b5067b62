//! Two numbers in one entry of shared data.

use crate::host::{self, HostError};
use crate::shared;

/// Two numbers in one entry of shared data, so that they change atomically.
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
        let mut next = None;
        shared::change(name, |bytes| {
            next = change(Self::parse(bytes));
            next.map(Self::bytes)
        })?;
        Ok(next)
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
