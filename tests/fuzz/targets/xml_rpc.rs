//! A call over XML-RPC is read without a panic, and what is written of it reads as the same call.
#![no_main]

use lictor_policy::formats::xmlrpc::{decode, read_call, write_call};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Ok(text) = decode(body)
        && let Ok(call) = read_call(&text)
    {
        assert_eq!(read_call(&write_call(&call, 0)).ok(), Some(call));
    }
});
