//! The brute-force brake: wrong keys cost a gate milliseconds each, so few are tried for a prefix and an address.
//!
//! Counted per prefix and address, never for all: else one attacker blocks everybody's first call.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::address::network_of;
use crate::wire::UnixMicros;

/// How many buckets there are: a fixed number, as shared data is never freed.
pub const BUCKETS: u32 = 4096;
/// Failures in a bucket that close it.
pub const MAX_FAILURES: u32 = 10;
const PAUSE_SECONDS: u64 = 60;
const MICROS: u64 = 1_000_000;

/// The bucket of a prefix and an address (of an IPv6 network of 64 bits). `secret` keeps a client from choosing whose
/// bucket it shares.
pub fn bucket(secret: &[u8], prefix: &str, address: Option<IpAddr>) -> u32 {
    let network = match address.map(network_of) {
        Some(IpAddr::V4(network)) => network.octets().to_vec(),
        Some(IpAddr::V6(network)) => network.octets().to_vec(),
        None => Vec::new(),
    };
    let mut hasher = Sha256::new();
    for part in [secret, prefix.as_bytes(), &network] {
        hasher.update(part);
        hasher.update([0]);
    }
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    u32::from_le_bytes([a, b, c, d]) % BUCKETS
}

/// The failures of one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// When the first of them was.
    pub since: UnixMicros,
}

impl Failures {
    /// Whether another key may be tried.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn check(self, now: UnixMicros) -> Result<(), u32> {
        if self.count < u64::from(MAX_FAILURES) || self.is_over(now) {
            return Ok(());
        }
        let wait = (self.since + PAUSE_SECONDS * MICROS).saturating_sub(now).div_ceil(MICROS);
        Err(u32::try_from(wait).unwrap_or(u32::MAX))
    }

    /// With one failure more.
    #[must_use]
    pub fn failed(self, now: UnixMicros) -> Self {
        if self.count == 0 || self.is_over(now) {
            return Self { count: 1, since: now };
        }
        Self { count: self.count + 1, ..self }
    }

    /// The pause has passed, or began after now: the clock was set back.
    fn is_over(self, now: UnixMicros) -> bool {
        now >= self.since + PAUSE_SECONDS * MICROS || now < self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000 * MICROS;

    #[test]
    fn ten_failures_close_a_bucket_for_a_minute() {
        let mut failures = Failures::default();
        for second in 0..10 {
            assert_eq!(failures.check(NOW + second * MICROS), Ok(()));
            failures = failures.failed(NOW + second * MICROS);
        }
        assert_eq!(failures.check(NOW + 10 * MICROS), Err(50));
        assert_eq!(failures.check(NOW + 60 * MICROS), Ok(()));
        assert_eq!(failures.failed(NOW + 60 * MICROS), Failures { count: 1, since: NOW + 60 * MICROS });
        assert_eq!(failures.check(NOW - 1), Ok(()));
    }

    #[test]
    fn a_bucket_is_a_prefix_and_a_network() {
        let of = |prefix, address: &str| bucket(b"secret", prefix, Some(address.parse().unwrap()));
        assert_eq!(of("abcdefgh", "2001:db8::1"), of("abcdefgh", "2001:db8::2"));
        assert_ne!(of("abcdefgh", "2001:db8::1"), of("abcdefgh", "2001:db8:0:1::1"));
        assert_ne!(of("abcdefgh", "10.0.0.1"), of("abcdefgi", "10.0.0.1"));
        assert_ne!(of("abcdefgh", "10.0.0.1"), of("abcdefgh", "10.0.0.2"));
        assert_eq!(of("abcdefgh", "10.0.0.1"), of("abcdefgh", "::ffff:10.0.0.1"));
    }
}
