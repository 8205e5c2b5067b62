//! A policy is read without a panic, and one that was looked at whole is readable from then on, each of its keys too.
#![no_main]

use lictor_policy::snapshot::Snapshot;

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    if Snapshot::checked(json, Snapshot::TRIED).is_ok() {
        assert!(Snapshot::stored(json, Snapshot::TRIED).is_ok());
    }
});
