//! Searches for bytes that nearly no text holds, such as those that are escaped: eight at a time.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// Eight bytes of a text.
#[derive(Clone, Copy)]
pub(crate) struct Word(u64);

impl Word {
    /// Whether one of them is below a byte, which is at most 0x80.
    pub(crate) const fn holds_below(self, byte: u8) -> bool {
        // A byte below it borrows from its high bit; one of 0x80 or more had that bit itself.
        self.0.wrapping_sub(ONES * byte as u64) & !self.0 & HIGH != 0
    }

    /// Whether one of them is this byte.
    pub(crate) const fn holds(self, byte: u8) -> bool {
        Self(self.0 ^ (ONES * byte as u64)).holds_below(1)
    }
}

/// The place of the first byte that is meant. `may_hold` says of eight whether one of them may be.
pub(crate) fn find(text: &[u8], may_hold: impl Fn(Word) -> bool, is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        if may_hold(Word(u64::from_le_bytes(*word)))
            && let Some(within) = word.iter().position(|byte| is_meant(*byte))
        {
            return Some(8 * at + within);
        }
    }
    rest.iter().position(|byte| is_meant(*byte)).map(|at| 8 * words.len() + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_their_bytes_tell() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for other in [0x7f, 0x80, 0xff, byte.wrapping_sub(1), byte.wrapping_add(1)] {
                    let mut bytes = [other; 8];
                    bytes[at] = byte;
                    let word = Word(u64::from_le_bytes(bytes));
                    for of in [1, b' ', b'"', b'<', 0x7f, 0x80] {
                        assert_eq!(word.holds_below(of), bytes.iter().any(|byte| *byte < of), "{bytes:?} {of}");
                        assert_eq!(word.holds(of), bytes.contains(&of), "{bytes:?} {of}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        let find = |text: &[u8]| find(text, |word| word.holds(b'<') | word.holds(b'x'), |byte| byte == b'<');
        for length in 0..40 {
            let mut text = vec![b'x'; length];
            assert_eq!(find(&text), None);
            for at in (0..length).rev() {
                text[at] = b'<';
                assert_eq!(find(&text), Some(at));
            }
        }
    }
}
