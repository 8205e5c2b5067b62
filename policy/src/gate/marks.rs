//! Lictor keys in what is not read as a call: found by their bytes, in whatever spelling these come.
//!
//! XML writes a letter as itself, as a reference or across two pieces of text, JSON as an escape, a query with `%`, UTF-16
//! with zeros between. No key may slip through because a body could not be parsed.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem::{self, Finder};

use crate::decide::Head;
use crate::key::{Key, MARK, Presented, TAIL_LENGTH};
use crate::secret::Secret;

/// Where `lct_` stands, with what follows of a key.
#[derive(Debug)]
pub(crate) struct Mark {
    /// `lct_` and the letters and digits behind it, as many as a key has.
    pub(crate) text: Secret,
    /// Whether it is a whole key with a right checksum: nothing else looks like that by accident.
    pub(crate) is_key: bool,
}

impl Mark {
    fn of(text: String) -> Self {
        let is_key = matches!(Key::recognise(&text), Presented::Key(_));
        Self { text: Secret::new(text), is_key }
    }
}

/// A whole key in some bytes, else the first mark.
pub(crate) fn find(bytes: &[u8]) -> Option<Mark> {
    let bytes = without_zeros(bytes);
    let mut letters = Letters { rest: &bytes, skips_comments: false };
    let first = letters.best_mark();
    if first.as_ref().is_some_and(|mark| mark.is_key) || !holds(&bytes, COMMENT) {
        return first;
    }
    // A comment may hide a mark, or stand within one.
    letters = Letters { rest: &bytes, skips_comments: true };
    letters.best_mark().or(first)
}

/// The same in the head of a request.
pub(crate) fn in_head(head: &Head<'_>) -> Option<Mark> {
    let basic = basic(head.authorization).unwrap_or_default();
    let parts = [head.all, head.path.as_bytes(), head.authorization, head.api_key, &basic];
    let marks: Vec<Mark> = parts.into_iter().filter_map(find).collect();
    let whole = marks.iter().position(|mark| mark.is_key).unwrap_or_default();
    marks.into_iter().nth(whole)
}

/// Whether a key may stand in some bytes, each letter as itself: the quick look at every call that goes on.
pub fn is_marked(bytes: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));
    FINDER.find(bytes).is_some()
}

/// Whether a whole key stands in what the gate wrote, where each letter is written as itself.
pub(crate) fn is_in_written(document: &str) -> bool {
    is_marked(document.as_bytes()) && find(document.as_bytes()).is_some_and(|mark| mark.is_key)
}

/// Whether a body could hide a key from a search: it is compressed, or has entities of its own, whose text may be put
/// together. Odoo reads no compressed body, and no client sends entities.
pub(crate) fn is_opaque(body: &[u8]) -> bool {
    let text = without_zeros(body);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let text =
        text.strip_prefix(b"\xff\xfe").or_else(|| text.strip_prefix(b"\xfe\xff")).unwrap_or(text).trim_ascii_start();
    match text.first() {
        Some(b'<') => holds(text, ENTITY),
        Some(b'{' | b'[') => false,
        _ => text.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()),
    }
}

const COMMENT: &[u8] = b"<!--";
/// Declares an entity in a document.
pub(crate) const ENTITY: &[u8] = b"<!ENTITY";

/// UTF-16 and UTF-32 write letters with zeros round them; no other text has any.
pub(crate) fn without_zeros(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&0) {
        Cow::Owned(bytes.iter().copied().filter(|byte| *byte != 0).collect())
    } else {
        Cow::Borrowed(bytes)
    }
}

/// `login:password` of HTTP's Basic authentication.
fn basic(authorization: &[u8]) -> Option<Vec<u8>> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let (scheme, rest) = authorization.split_at_checked("basic".len())?;
    scheme.eq_ignore_ascii_case(b"basic").then(|| BASE64.decode(rest.trim_ascii()).ok())?
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// The letters of a text as its reader would have them.
#[derive(Clone, Copy)]
struct Letters<'b> {
    rest: &'b [u8],
    skips_comments: bool,
}

impl<'b> Letters<'b> {
    fn best_mark(&mut self) -> Option<Mark> {
        let first = self.next_mark()?;
        let mut others = std::iter::from_fn(|| self.next_mark());
        Some(if first.is_key { first } else { others.find(|mark| mark.is_key).unwrap_or(first) })
    }

    /// The next mark; goes on behind it.
    fn next_mark(&mut self) -> Option<Mark> {
        let mark = MARK.as_bytes();
        let mut matched = 0;
        while let Some(letter) = self.next() {
            // No letter stands in the mark twice: after a failed match, a new one can begin with this letter only.
            let goes_on = mark.get(matched) == Some(&letter);
            matched = if goes_on { matched + 1 } else { usize::from(mark.first() == Some(&letter)) };
            if matched == mark.len() {
                let behind = (*self).take_while(u8::is_ascii_alphanumeric).take(TAIL_LENGTH);
                return Some(Mark::of(MARK.chars().chain(behind.map(char::from)).collect()));
            }
        }
        None
    }

    /// What stands behind a piece of markup that a reader takes for nothing: the borders of CDATA, and comments.
    fn behind_markup(&mut self) -> Option<&'b [u8]> {
        if let Some(inside) = self.rest.strip_prefix(COMMENT).filter(|_| self.skips_comments) {
            let end = inside.windows(3).position(|window| window == b"-->");
            // One that never ends is looked for once.
            self.skips_comments = end.is_some();
            return end.and_then(|end| inside.get(end + 3..));
        }
        self.rest.strip_prefix(b"<![CDATA[").or_else(|| self.rest.strip_prefix(b"]]>"))
    }
}

impl Iterator for Letters<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while let [b'<' | b']', ..] = self.rest
            && let Some(rest) = self.behind_markup()
        {
            self.rest = rest;
        }
        let (first, tail) = self.rest.split_first()?;
        let spelled = match first {
            b'&' => reference(tail),
            b'\\' => tail.strip_prefix(b"u").and_then(|digits| numbered(digits, 4)),
            b'%' => numbered(tail, 2),
            _ => None,
        };
        let (letter, rest) = spelled.unwrap_or((*first, tail));
        self.rest = rest;
        Some(letter)
    }
}

/// A numeric reference of XML, behind its `&`.
fn reference(text: &[u8]) -> Option<(u8, &[u8])> {
    let text = text.strip_prefix(b"#")?;
    let (digits, radix) = text.strip_prefix(b"x").map_or((text, 10), |digits| (digits, 16));
    let length = digits.iter().position(|byte| !byte.is_ascii_hexdigit())?;
    let (digits, rest) = digits.split_at_checked(length)?;
    Some((letter(digits, radix)?, rest.strip_prefix(b";")?))
}

/// A letter as some hexadecimal digits.
fn numbered(text: &[u8], digits: usize) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((letter(digits, 16)?, rest))
}

/// The ASCII character of a number; keys have no others.
fn letter(digits: &[u8], radix: u32) -> Option<u8> {
    let number = digits.iter().try_fold(0, |number: u32, digit| {
        Some(number.saturating_mul(radix).saturating_add(char::from(*digit).to_digit(radix)?))
    })?;
    u8::try_from(number).ok().filter(|letter| letter.is_ascii() && !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> String {
        let mut next = 0u8;
        Key::generate(|bytes| bytes.fill_with(|| (next = next.wrapping_add(41), next).1)).expose().to_owned()
    }

    #[test]
    fn a_key_is_found_in_every_spelling() {
        let key = key();
        let as_references: String = key.bytes().map(|byte| format!("&#{byte};")).collect();
        let as_hex_references: String = key.bytes().map(|byte| format!("&#x{byte:06X};")).collect();
        let as_escapes: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let as_percents: String = key.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let (half, rest) = key.split_at(20);
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for body in [
            key.clone().into_bytes(),
            format!("<a>{key}</a>").into_bytes(),
            as_references.clone().into_bytes(),
            as_hex_references.into_bytes(),
            as_escapes.into_bytes(),
            as_percents.into_bytes(),
            format!("{half}<![CDATA[{rest}]]>").into_bytes(),
            format!("{half}]]><!-- a --><!-- b -->{rest}").into_bytes(),
            format!("<!-- {key}").into_bytes(),
            format!("lct_x lct_ lclct_ {key}").into_bytes(),
            format!("\\n{key}").into_bytes(),
            utf16(&key),
            utf16(&as_references),
            key.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            let found = find(&body).unwrap();
            assert!(found.is_key && found.text.expose() == key, "{}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn a_mark_is_found_and_told_from_a_key() {
        for text in ["lct_", "a lct_12 b", "llct_", "lct_\\u00", "&lct_;", "%6lct_", "&#lct_", "\\ulct_", "<!--lct_-->"]
        {
            assert!(find(text.as_bytes()).is_some_and(|mark| !mark.is_key), "{text}");
        }
        for text in ["", "lct", "l c t _", "lct-", "LCT_", "&#108ct_", "\\u06cct_", "lc<b>t_"] {
            assert!(find(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn the_quick_look_sees_a_mark_at_every_place() {
        for (before, behind) in (0..9).flat_map(|before| (0..5).map(move |behind| (before, behind))) {
            let text = format!("{}lct_{}", "c".repeat(before), "t".repeat(behind));
            assert!(is_marked(text.as_bytes()), "{text}");
            assert!(!is_marked(text.replace('_', "-").as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_head_is_searched_in_all_its_parts() {
        let key = key();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("agent:{key}"));
        for authorization in [format!("Basic {basic}"), format!("basic {}", basic.trim_end_matches('=')), key.clone()] {
            let head = Head { authorization: authorization.as_bytes(), path: "/a?lct_", ..Head::default() };
            assert!(in_head(&head).unwrap().is_key, "{authorization}");
        }
        assert!(in_head(&Head { path: "/a?k=lct_", ..Head::default() }).is_some());
        assert!(in_head(&Head { all: b"cookie\0a=b\0", ..Head::default() }).is_none());
    }

    #[test]
    fn what_cannot_be_searched_is_known() {
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56";
        for (body, opaque) in [
            (&gzip[..], true),
            (b"<!DOCTYPE a [<!ENTITY k 'lct'>]><a>&k;_</a>", true),
            (b"\xff\xfe<\0!\0E\0N\0T\0I\0T\0Y\0", true),
            (b"<a>\x01</a>", false),
            (b"\xef\xbb\xbf <a/>", false),
            (b"\xfe\xff\0<\x04\x10", false),
            (b"{\x01", false),
            (b"a=b\r\n", false),
            (b"", false),
        ] {
            assert_eq!(is_opaque(body), opaque, "{body:?}");
        }
    }
}
