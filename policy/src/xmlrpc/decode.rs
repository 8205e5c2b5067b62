//! From bytes to text.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::ReadError;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// An XML declaration is far shorter; the bound keeps the search for its end from reading a whole body.
const MAX_DECLARATION: usize = 256;

/// The text of a body in the encoding that its XML declaration names: UTF-8 (also without a declaration), US-ASCII or
/// ISO-8859-1, PHP's default.
///
/// # Errors
/// [`ReadError::Encoding`] for another encoding, [`ReadError::Characters`] for bytes or characters that neither the
/// encoding nor XML 1.0 has.
pub fn decode(body: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let (marked, body) = match body.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (true, rest),
        None => (false, body),
    };
    let text = match declared_encoding(body)?.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8") => Cow::Borrowed(std::str::from_utf8(body).map_err(|_| ReadError::Characters)?),
        Some("us-ascii") if body.is_ascii() => {
            Cow::Borrowed(std::str::from_utf8(body).map_err(|_| ReadError::Characters)?)
        }
        Some("us-ascii") => return Err(ReadError::Characters),
        Some("iso-8859-1") if !marked => Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect()),
        Some(_) => return Err(ReadError::Encoding),
    };
    if text.bytes().any(|byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'))
        || text.contains('\u{fffe}')
        || text.contains('\u{ffff}')
    {
        return Err(ReadError::Characters);
    }
    Ok(text)
}

fn declared_encoding(body: &[u8]) -> Result<Option<String>, ReadError> {
    if !body.starts_with(b"<?xml") {
        return Ok(None);
    }
    let head = body.get(..MAX_DECLARATION.min(body.len())).unwrap_or_default();
    let end = head.windows(2).position(|pair| pair == b"?>").ok_or(ReadError::Xml)?;
    let declaration = head.get(..end + 2).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(ReadError::Xml)?;
    let Ok(Event::Decl(declaration)) = Reader::from_str(declaration).read_event() else {
        return Err(ReadError::Xml);
    };
    if !declaration.version().is_ok_and(|version| version == "1.0") {
        return Err(ReadError::Xml);
    }
    declaration.encoding().transpose().map(|name| name.map(Cow::into_owned)).map_err(|_| ReadError::Xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_encodings_are_read() {
        for (body, text) in [
            (&b"<?xml version='1.0'?>\xc3\xa9"[..], "<?xml version='1.0'?>é"),
            (b"\xef\xbb\xbf<a/>", "<a/>"),
            (
                b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\xe9",
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>é",
            ),
            (b"<?xml version='1.0' encoding='us-ascii'?>e", "<?xml version='1.0' encoding='us-ascii'?>e"),
        ] {
            assert_eq!(decode(body).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_encodings_and_characters_are_refused() {
        for (body, error) in [
            (&b"<?xml version='1.0' encoding='UTF-16'?>"[..], ReadError::Encoding),
            (b"<?xml version='1.0' encoding='utf-7'?>", ReadError::Encoding),
            (b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>", ReadError::Encoding),
            (b"<?xml version='1.0' encoding='us-ascii'?>\xe9", ReadError::Characters),
            (b"\xff\xfe<\0a\0", ReadError::Characters),
            (b"<a>\x0b</a>", ReadError::Characters),
            (b"<a>\xef\xbf\xbe</a>", ReadError::Characters),
            (b"<?xml version='1.1'?>", ReadError::Xml),
            (b"<?xml version='1.0'", ReadError::Xml),
        ] {
            assert_eq!(decode(body), Err(error), "{}", String::from_utf8_lossy(body));
        }
    }
}
