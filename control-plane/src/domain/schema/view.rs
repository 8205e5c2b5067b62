//! The bitmaps of [`lictor_policy::wire::View`]: one bit a field, the first in the lowest bit of the first byte, in hexadecimal
//! digits.

/// The bitmap with these bits.
pub(crate) fn bitmap(bits: impl IntoIterator<Item = bool>) -> String {
    let mut bytes = Vec::new();
    for (at, bit) in bits.into_iter().enumerate() {
        if at % 8 == 0 {
            bytes.push(0_u8);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (at % 8);
        }
    }
    hex::encode(bytes)
}

/// Whether a bitmap has the bit at a place; one that is too short has not.
pub fn has_bit(bitmap: &str, at: usize) -> bool {
    let digits = (at / 8 * 2)..(at / 8 * 2 + 2);
    let byte = bitmap.get(digits).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_has_the_bits_that_it_was_made_of() {
        assert_eq!(bitmap([]), "");
        assert_eq!(bitmap([true]), "01");
        let bits: Vec<bool> = (0..21).map(|at| at % 3 == 0).collect();
        let map = bitmap(bits.clone());
        assert_eq!(map, "499204");
        assert!((0..30).all(|at| has_bit(&map, at) == bits.get(at).copied().unwrap_or_default()));
    }
}
