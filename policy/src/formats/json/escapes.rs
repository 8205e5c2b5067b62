//! Which characters of a text JSON escapes.

use crate::formats::bytes::{self, Word};

/// Where the first quote, backslash or control character of a text stands.
pub(super) fn first_escaped(text: &str) -> Option<usize> {
    let may_hold = |word: Word| word.holds_below(b' ') | word.holds(b'"') | word.holds(b'\\');
    bytes::find(text.as_bytes(), may_hold, is_escaped)
}

const fn is_escaped(byte: u8) -> bool {
    byte < b' ' || matches!(byte, b'"' | b'\\')
}
