//! The encodings that an XML declaration may name, as Python's codecs have them.

/// Their names, for people.
pub const ENCODINGS: &str = "UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 or windows-1252";

/// An encoding that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// US-ASCII.
    Ascii,
    /// ISO-8859-1, PHP's default: each byte is the character of its number.
    Latin1,
    /// ISO-8859-15: eight characters other than in ISO-8859-1, the euro sign among them.
    Latin9,
    /// windows-1252: printable characters in the place of ISO-8859-1's second row of controls.
    Windows1252,
}

impl Encoding {
    /// The encoding of this name, in upper or lower case.
    pub fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Encoding); 5] = [
            ("utf-8", Encoding::Utf8),
            ("us-ascii", Encoding::Ascii),
            ("iso-8859-1", Encoding::Latin1),
            ("iso-8859-15", Encoding::Latin9),
            ("windows-1252", Encoding::Windows1252),
        ];
        NAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, encoding)| encoding)
    }

    /// The character of a byte, where each byte is one; none if the encoding does not have it.
    pub(crate) fn character(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (_, ..0x80) | (Self::Latin1, _) | (Self::Windows1252, 0xa0..) => Some(char::from(byte)),
            (Self::Windows1252, _) => WINDOWS_1252.get(usize::from(byte) - 0x80).copied().flatten(),
            (Self::Latin9, _) => Some(match byte {
                0xa4 => '€',
                0xa6 => 'Š',
                0xa8 => 'š',
                0xb4 => 'Ž',
                0xb8 => 'ž',
                0xbc => 'Œ',
                0xbd => 'œ',
                0xbe => 'Ÿ',
                other => char::from(other),
            }),
            (Self::Utf8 | Self::Ascii, _) => None,
        }
    }
}

/// The bytes 0x80 to 0x9f.
#[rustfmt::skip]
const WINDOWS_1252: [Option<char>; 32] = [
    Some('€'), None, Some('‚'), Some('ƒ'), Some('„'), Some('…'), Some('†'), Some('‡'),
    Some('ˆ'), Some('‰'), Some('Š'), Some('‹'), Some('Œ'), None, Some('Ž'), None,
    None, Some('‘'), Some('’'), Some('“'), Some('”'), Some('•'), Some('–'), Some('—'),
    Some('˜'), Some('™'), Some('š'), Some('›'), Some('œ'), None, Some('ž'), Some('Ÿ'),
];
