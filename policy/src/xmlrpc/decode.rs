//! From bytes to text.

use std::borrow::Cow;

use super::ReadError;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What `xmlrpc.client` begins with: the short way to what reading it gives.
const PYTHONS: &[u8] = b"<?xml version='1.0'?>";
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
    let named = |name: &str, encoding: &str| name.eq_ignore_ascii_case(encoding);
    let text = match declared_encoding(body)? {
        None => utf8(body)?,
        Some(name) if named(name, "utf-8") => utf8(body)?,
        Some(name) if named(name, "us-ascii") && body.is_ascii() => utf8(body)?,
        Some(name) if named(name, "us-ascii") => return Err(ReadError::Characters),
        Some(name) if named(name, "iso-8859-1") && !marked => {
            Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect())
        }
        Some(_) => return Err(ReadError::Encoding),
    };
    if holds_controls(text.as_bytes()) || (!text.is_ascii() && text.contains(['\u{fffe}', '\u{ffff}'])) {
        return Err(ReadError::Characters);
    }
    Ok(text)
}

fn utf8(body: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    std::str::from_utf8(body).map(Cow::Borrowed).map_err(|_| ReadError::Characters)
}

/// Whether there are bytes below a space, other than tab and line ends. Eight at a time, as nearly all texts have none.
fn holds_controls(text: &[u8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    let (words, rest) = text.as_chunks();
    // A byte below 0x20 borrows from its high bit; one of 0x80 or more had that bit itself.
    let may_hold = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        word.wrapping_sub(ONES * 0x20) & !word & HIGH != 0
    };
    words.iter().filter(|word| may_hold(word)).any(|word| word.iter().any(is_control)) || rest.iter().any(is_control)
}

/// The encoding in `<?xml version="1.0" encoding="…" standalone="…"?>`, of which only the version must be there.
fn declared_encoding(body: &[u8]) -> Result<Option<&str>, ReadError> {
    if body.starts_with(PYTHONS) {
        return Ok(None);
    }
    let Some(declaration) = body.strip_prefix(b"<?xml") else { return Ok(None) };
    let head = declaration.get(..MAX_DECLARATION.min(declaration.len())).unwrap_or_default();
    let end = head.windows(2).position(|pair| pair == b"?>").ok_or(ReadError::Xml)?;
    let head = head.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(ReadError::Xml)?;
    let attributes: Vec<(&str, &str)> = attributes(head).ok_or(ReadError::Xml)?;
    match attributes.as_slice() {
        [("version", "1.0")] | [("version", "1.0"), ("standalone", "yes" | "no")] => Ok(None),
        [("version", "1.0"), ("encoding", name)]
        | [("version", "1.0"), ("encoding", name), ("standalone", "yes" | "no")] => Ok(Some(name)),
        _ => Err(ReadError::Xml),
    }
}

/// `name="value"` pairs, each with white space before it.
fn attributes(mut rest: &str) -> Option<Vec<(&str, &str)>> {
    const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];
    let mut found = Vec::new();
    while !rest.trim_start_matches(WHITE).is_empty() {
        let (name, tail) = rest.strip_prefix(WHITE)?.trim_start_matches(WHITE).split_once('=')?;
        let quoted = tail.trim_start_matches(WHITE);
        let quote = quoted.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, tail) = quoted.strip_prefix(quote)?.split_once(quote)?;
        found.push((name.trim_end_matches(WHITE), value));
        rest = tail;
    }
    Some(found)
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
            (b"<?xml version='1.0' encodi<ng='utf-8'?>", ReadError::Xml),
            (b"<?xml version='1.0'encoding='utf-8'?>", ReadError::Xml),
            (b"<?xml encoding='utf-8' version='1.0'?>", ReadError::Xml),
        ] {
            assert_eq!(decode(body), Err(error), "{}", String::from_utf8_lossy(body));
        }
    }
}
