//! A JSON body is read without a panic, and what is written of it reads as the same value.
#![no_main]

use lictor_policy::formats::json::{read, write};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Ok(value) = read(body) {
        let mut written = String::new();
        write(&mut written, &value);
        assert_eq!(read(written.as_bytes()).ok(), Some(value));
    }
});
