//! A policy is read without a panic, in either form, and one that was looked at whole can be written again.
#![no_main]

use lictor_policy::snapshot::{Snapshot, compact};
use lictor_policy::wire;

libfuzzer_sys::fuzz_target!(|sent: &[u8]| {
    let Ok(bytes) = compact::of_sent(sent.to_vec()) else { return };
    if Snapshot::checked(bytes.clone(), Snapshot::TRIED).is_ok() {
        assert!(wire::Snapshot::of_compact(bytes).and_then(|policy| compact::write(&policy)).is_ok());
    }
});
