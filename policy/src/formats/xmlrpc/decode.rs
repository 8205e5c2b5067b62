//! From bytes to text.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use crate::formats::bytes;
use crate::formats::unsupported::{Label, Unsupported};
use crate::formats::xmlrpc::{Encoding, Problem, ReadError};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What an XML declaration begins with.
const START: &[u8] = b"<?xml";
/// An XML declaration is far shorter; the bound keeps the search for its end from reading a whole body.
const MAX_DECLARATION: usize = 256;

/// Why a body is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It declares an encoding that is not read.
    #[error(transparent)]
    Encoding(#[from] Unsupported),
    /// It is not in the encoding that it declares, or holds characters that XML 1.0 does not have.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The text of a body in the encoding that its XML declaration names: UTF-8 (also without a declaration), US-ASCII,
/// ISO-8859-1, ISO-8859-15 or windows-1252.
///
/// # Errors
/// Another encoding; bytes or characters that neither the encoding nor XML 1.0 has.
pub fn decode(body: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let (marked, body) = match body.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (true, rest),
        None => (false, body),
    };
    let declared = declared_encoding(body).map_err(|problem| ReadError { problem, at: 0 })?;
    let encoding = match declared {
        None => Encoding::Utf8,
        Some(ref name) => Encoding::named(name).ok_or_else(|| Unsupported::Declaration(Label::of(name)))?,
    };
    let text = match encoding {
        Encoding::Utf8 => utf8(body)?,
        Encoding::Ascii => match body.iter().position(|byte| !byte.is_ascii()) {
            None => utf8(body)?,
            Some(at) => return Err(ReadError { problem: Problem::Bytes, at }.into()),
        },
        Encoding::Latin1 | Encoding::Latin9 | Encoding::Windows1252 if marked => {
            return Err(Unsupported::Contradiction(Label::of(&declared.unwrap_or_default())).into());
        }
        Encoding::Latin1 | Encoding::Latin9 | Encoding::Windows1252 => {
            let character =
                |(at, byte): (usize, &u8)| encoding.character(*byte).ok_or(ReadError { problem: Problem::Bytes, at });
            Cow::Owned(body.iter().enumerate().map(character).collect::<Result<String, ReadError>>()?)
        }
    };
    if holds_controls(text.as_bytes()) || (!text.is_ascii() && text.contains(NO_CHARACTERS)) {
        let at = text.find(|character| !is_character(character)).unwrap_or_default();
        return Err(ReadError::at(Problem::Character, &text, at).into());
    }
    Ok(text)
}

/// What XML 1.0 leaves out beside controls, and UTF-8 has.
const NO_CHARACTERS: [char; 2] = ['\u{fffe}', '\u{ffff}'];

/// Whether XML 1.0 has a character.
pub(crate) fn is_character(character: char) -> bool {
    !is_control(character) && !NO_CHARACTERS.contains(&character)
}

fn is_control(character: char) -> bool {
    character < ' ' && !matches!(character, '\t' | '\n' | '\r')
}

fn utf8(body: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    std::str::from_utf8(body).map(Cow::Borrowed).map_err(|error| {
        let read = body.get(..error.valid_up_to()).unwrap_or_default();
        ReadError { problem: Problem::Bytes, at: String::from_utf8_lossy(read).chars().count() }
    })
}

/// Whether there are bytes below a space, other than tab and line ends.
fn holds_controls(text: &[u8]) -> bool {
    bytes::find(text, |word| word.holds_below(b' '), |byte| is_control(char::from(byte))).is_some()
}

/// The length of the declaration that stock clients begin a document in UTF-8 with: the short way to what reading it gives.
pub(crate) fn usual_declaration(text: &[u8]) -> Option<usize> {
    const USUAL: [&str; 3] =
        ["<?xml version='1.0'?>", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"];
    USUAL.into_iter().find(|declaration| text.starts_with(declaration.as_bytes())).map(str::len)
}

/// The encoding in `<?xml version="1.0" encoding="…" standalone="…"?>`, of which only the version must be there.
fn declared_encoding(body: &[u8]) -> Result<Option<String>, Problem> {
    if !body.starts_with(START) || usual_declaration(body).is_some() {
        return Ok(None);
    }
    let head = body.get(..START.len() + MAX_DECLARATION).unwrap_or(body);
    let Ok(Event::Decl(declaration)) = Reader::from_reader(head).read_event() else {
        return Err(Problem::Declaration);
    };
    let tag = BytesStart::from_content(&*declaration, "xml".len());
    let attributes: Vec<_> = tag.attributes().collect::<Result<_, _>>().map_err(|_| Problem::Declaration)?;
    let attributes: Vec<_> = attributes.iter().map(|Attribute { key: QName(name), value }| (*name, &**value)).collect();
    // quick-xml does not ask for the white space before each of them.
    let mut behind_values = declaration.split(['"', '\'']).step_by(2).skip(1);
    if !behind_values.all(|part| part.is_empty() || part.starts_with([' ', '\t', '\r', '\n'])) {
        return Err(Problem::Declaration);
    }
    match attributes.as_slice() {
        [("version", "1.0")] | [("version", "1.0"), ("standalone", "yes" | "no")] => Ok(None),
        [("version", "1.0"), ("encoding", name)]
        | [("version", "1.0"), ("encoding", name), ("standalone", "yes" | "no")] => Ok(Some((*name).to_owned())),
        _ => Err(Problem::Declaration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_encodings_are_read() {
        for (body, text) in [
            (&b"<?xml version='1.0'?>\xc3\xa9"[..], "<?xml version='1.0'?>é"),
            (b"\xef\xbb\xbf<a/>", "<a/>"),
            (
                b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\xe9",
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>é",
            ),
            (b"<?xml version='1.0' encoding='iso-8859-15'?>\xa4\xe9", "<?xml version='1.0' encoding='iso-8859-15'?>€é"),
            (
                b"<?xml version='1.0' encoding='Windows-1252'?>\x80\xe9",
                "<?xml version='1.0' encoding='Windows-1252'?>€é",
            ),
            (b"<?xml version='1.0' encoding='us-ascii'?>e", "<?xml version='1.0' encoding='us-ascii'?>e"),
        ] {
            assert_eq!(decode(body).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for (filler, byte, at) in [b'a', 0x7f, 0x80, 0xff]
            .into_iter()
            .flat_map(|f| (0..=255).flat_map(move |b| (0..17).map(move |at| (f, b, at))))
        {
            let mut text = [filler; 17];
            text[at] = byte;
            let expected = byte < 0x20 && ![9, 10, 13].contains(&byte);
            assert_eq!(holds_controls(&text), expected, "{byte} at {at} in {filler}");
        }
    }

    #[test]
    fn other_encodings_and_characters_are_refused() {
        let declaration = |name: &str| DecodeError::Encoding(Unsupported::Declaration(Label::of(name)));
        let contradiction = DecodeError::Encoding(Unsupported::Contradiction(Label::of("iso-8859-1")));
        let read = |problem, at| DecodeError::Read(ReadError { problem, at });
        for (body, error) in [
            (&b"<?xml version='1.0' encoding='UTF-16'?>"[..], declaration("UTF-16")),
            (b"<?xml version='1.0' encoding='utf-7'?>", declaration("utf-7")),
            (b"<?xml version='1.0' encoding='utf8'?>", declaration("utf8")),
            (b"<?xml version='1.0' encoding=''?>", declaration("")),
            (b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>", contradiction),
            (b"<?xml version='1.0' encoding='us-ascii'?>\xe9", read(Problem::Bytes, 41)),
            (b"<?xml version='1.0' encoding='windows-1252'?>\x80\x81", read(Problem::Bytes, 46)),
            (b"\xff\xfe<\0a\0", read(Problem::Bytes, 0)),
            (b"\xef\xbb\xbf<a>\xc3\xa9\xe9", read(Problem::Bytes, 4)),
            (b"<a>\xc3\xa9\x0b</a>", read(Problem::Character, 4)),
            (b"<a>\xef\xbf\xbe</a>", read(Problem::Character, 3)),
            (b"<?xml version='1.1'?>", read(Problem::Declaration, 0)),
            (b"<?xml version='1.0'", read(Problem::Declaration, 0)),
            (b"<?xml version='1.0' encodi<ng='utf-8'?>", read(Problem::Declaration, 0)),
            (b"<?xml version='1.0'encoding='utf-8'?>", read(Problem::Declaration, 0)),
            (b"<?xml encoding='utf-8' version='1.0'?>", read(Problem::Declaration, 0)),
        ] {
            assert_eq!(decode(body), Err(error), "{}", String::from_utf8_lossy(body));
        }
    }
}
