//! A policy is read without a panic, in either form, and one that was looked at whole can be written again. What is in neither form is
//! a page of keys with a right checksum: behind a wrong one nothing is read.
#![no_main]

use std::sync::LazyLock;

use lictor_policy::snapshot::{Snapshot, compact};
use lictor_policy::wire;
use serde_json::{Value, json};

/// The frame of a policy with a page of keys.
static FRAME: LazyLock<Value> = LazyLock::new(|| {
    let policy = compact::of_sent(include_bytes!("../../fixtures/0.2.0/snapshot.json").to_vec());
    let policy = policy.unwrap_or_default();
    let head = compact::head(&policy).unwrap_or_default();
    serde_json::from_slice(head.get(BEFORE_FRAME..).unwrap_or_default()).unwrap_or_default()
});
const MAGIC: &[u8] = b"lictor\0\x01";
/// The magic, the frame's length and its checksum.
const BEFORE_FRAME: usize = 16;

libfuzzer_sys::fuzz_target!(|sent: &[u8]| {
    let sent = if sent.starts_with(b"{") || sent.starts_with(MAGIC) { sent.to_vec() } else { with_page(sent) };
    let Ok(bytes) = compact::of_sent(sent) else { return };
    if Snapshot::checked(bytes.clone(), Snapshot::TRIED).is_ok() {
        assert!(wire::Snapshot::of_compact(bytes).and_then(|policy| compact::write(&policy)).is_ok());
    }
});

/// The policy with this page in the place of its keys.
fn with_page(page: &[u8]) -> Vec<u8> {
    let mut frame = FRAME.clone();
    if let Some(Value::Object(told)) = frame.pointer_mut("/keys/0") {
        told.insert("bytes".to_owned(), json!(page.len()));
        told.insert("crc".to_owned(), json!(crc32fast::hash(page)));
    }
    let frame = frame.to_string();
    let length = frame.len() as u32;
    let crc = crc32fast::hash(frame.as_bytes());
    [MAGIC, &length.to_le_bytes(), &crc.to_le_bytes(), frame.as_bytes(), page].concat()
}
