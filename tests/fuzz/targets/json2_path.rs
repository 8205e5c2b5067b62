//! A path of JSON-2 is taken apart without a panic, and the path that is forwarded names the same model and method.
#![no_main]

use lictor_policy::road::{Road, Target};

libfuzzer_sys::fuzz_target!(|path: &str| {
    if let Some(target) = Target::of(path) {
        assert_eq!(Road::of(path), Some(Road::Json2));
        assert_eq!(Target::of(&format!("/json/2/{}/{}", target.model, target.method)), Some(target));
    }
});
