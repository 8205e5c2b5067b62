//! A policy is read without a panic, in either form, and one that was looked at whole can be written again.
#![no_main]

use lictor_policy::snapshot::{Snapshot, compact};
use lictor_policy::wire;

libfuzzer_sys::fuzz_target!(|sent: &[u8]| {
    let Ok(bytes) = compact::of_sent(sent.to_vec()) else { return };
    if Snapshot::checked(bytes.clone(), Snapshot::TRIED).is_ok() {
        assert!(compact::write(&wire::Snapshot::of_compact(bytes).unwrap()).is_ok());
    }
});
