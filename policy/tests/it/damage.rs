//! Damages documents: bytes changed, dropped, doubled, and pieces that mean something put where they do not belong.

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

/// Damages a document with some of `pieces`, which have the best chance to be taken for part of it behind `borders`.
pub(crate) fn damage(document: &[u8], pieces: &[&str], borders: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let mut bytes = document.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..bytes.len().max(1)).min(bytes.len());
        let length = rng.random_range(0..40).min(bytes.len() - at);
        match rng.random_range(0..5) {
            0 => drop(bytes.splice(at..at, pick(rng, pieces).bytes())),
            1 => drop(bytes.drain(at..at + length)),
            2 => {
                let copy = bytes[at..at + length].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            3 if at < bytes.len() => bytes[at] = rng.random(),
            _ => {
                let border = bytes[at..].iter().position(|byte| borders.contains(byte));
                let place = border.map_or(bytes.len(), |next| at + next + 1);
                drop(bytes.splice(place..place, pick(rng, pieces).bytes()));
            }
        }
    }
    bytes
}

/// One of some.
pub(crate) fn pick<'s>(rng: &mut TestRng, from: &[&'s str]) -> &'s str {
    from[rng.random_range(0..from.len())]
}
