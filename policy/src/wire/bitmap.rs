//! A bit for each of several things in their order, in JSON as hexadecimal digits: the first in the lowest bit of the first byte.

use serde::{Deserialize, Serialize};

/// The bits. One that is asked for beyond their end is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bitmap(Vec<u8>);

impl Bitmap {
    /// Whether the bit at a place is set.
    pub fn has(&self, at: usize) -> bool {
        self.0.get(at / 8).is_some_and(|byte| byte & (1 << (at % 8)) != 0)
    }

    /// Whether it has no bit at all, set or not.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<B: IntoIterator<Item = bool>>(bits: B) -> Self {
        let mut bytes = Vec::new();
        for (at, bit) in bits.into_iter().enumerate() {
            if at % 8 == 0 {
                bytes.push(0);
            }
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(bit) << (at % 8);
            }
        }
        Self(bytes)
    }
}

/// What is no pairs of hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bitmap is pairs of hexadecimal digits")]
pub struct BadBitmap;

impl TryFrom<String> for Bitmap {
    type Error = BadBitmap;

    fn try_from(digits: String) -> Result<Self, BadBitmap> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, rest) = digits.as_bytes().as_chunks();
        let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
        rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten().map(Self).ok_or(BadBitmap)
    }
}

impl From<Bitmap> for String {
    fn from(bits: Bitmap) -> Self {
        bits.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_bits_from_the_lowest_on() {
        let bits = Bitmap::try_from("0180".to_owned()).unwrap();
        assert_eq!((0..17).filter(|at| bits.has(*at)).collect::<Vec<_>>(), [0, 15]);
        let read = |digits: &str| Bitmap::try_from(digits.to_owned());
        assert_eq!((read(""), read("0"), read("0g")), (Ok(Bitmap::default()), Err(BadBitmap), Err(BadBitmap)));
    }

    #[test]
    fn a_bitmap_has_the_bits_that_it_was_made_of() {
        let written = |bits: &[bool]| String::from(bits.iter().copied().collect::<Bitmap>());
        assert_eq!(written(&[]), "");
        assert_eq!(written(&[true]), "01");
        let bits: Vec<bool> = (0..21).map(|at| at % 3 == 0).collect();
        let map: Bitmap = bits.iter().copied().collect();
        assert_eq!(written(&bits), "499204");
        assert!((0..30).all(|at| map.has(at) == bits.get(at).copied().unwrap_or_default()));
    }
}
