//! A link of the audit log's chain is read from any columns, and the columns that it writes read as the same link.
//!
//! It is made of the service's own files and not of its crate, which would take minutes to compile with the fuzzer's eyes.
#![no_main]

#[allow(dead_code, unreachable_pub, reason = "the fuzzer uses one of their types")]
#[path = "../../../control-plane/src/domain"]
mod domain {
    pub mod admin_chain;
    pub mod audit_chain;
    pub mod signing;
    pub mod time;
}
#[allow(dead_code, unreachable_pub, reason = "the fuzzer uses none of it")]
#[path = "../../../control-plane/src/secrets"]
mod secrets {
    pub mod random;
}

use domain::audit_chain::Body;

libfuzzer_sys::fuzz_target!(|columns: (bool, &str)| {
    let (is_cut, text) = columns;
    if let Some(body) = Body::parse(if is_cut { "cut" } else { "rows" }, text) {
        assert_eq!(Body::parse(body.kind(), &body.text()), Some(body));
    }
});
