//! Numbers in hexadecimal, without the formatter, which takes ten times as long: each call has two in its audit record.

/// Sixteen lower-case digits: the name of something that a random number stands for.
pub fn id(number: u64) -> String {
    let mut out = String::with_capacity(2 * DIGITS as usize);
    push(&mut out, number, DIGITS);
    out
}

/// Appends a number in lower-case digits, at least so many.
pub fn push(out: &mut String, number: u64, at_least: u32) {
    let mut digits = [0; DIGITS as usize];
    for (digit, at) in digits.iter_mut().zip((0..DIGITS).rev()) {
        let value = (number >> (at * BITS)) as u8 & 0xf;
        *digit = if value < 10 { b'0' + value } else { b'a' - 10 + value };
    }
    let left_out = (number.leading_zeros() / BITS).min(DIGITS.saturating_sub(at_least));
    let digits = digits.get(left_out as usize..).unwrap_or_default();
    out.push_str(str::from_utf8(digits).unwrap_or_default());
}

/// Of a number.
const DIGITS: u32 = u64::BITS / BITS;
/// Of a digit.
const BITS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in (0..64).flat_map(|at| [1u64 << at, (1 << at) - 1, 0x0123_4567_89ab_cdef >> at, u64::MAX >> at]) {
            assert_eq!(id(number), format!("{number:016x}"));
            let mut out = String::new();
            push(&mut out, number, 1);
            assert_eq!(out, format!("{number:x}"));
        }
    }
}
