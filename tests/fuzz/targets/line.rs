//! What a gate remembers of a line of keys is read from any bytes, and what it writes reads as the same.
#![no_main]

use lictor_policy::memory::line::Line;

const ID: &str = "key";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let line = Line::parse(ID, bytes);
    assert_eq!(Line::parse(ID, &line.bytes(ID)), line);
});
