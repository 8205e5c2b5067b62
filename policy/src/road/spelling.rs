//! How a path is spelled, and what its readers make of that.

use std::borrow::Cow;

/// The path without scheme, host, query, escapes, empty and dot segments: all that Odoo's router ignores, and `..`,
/// which something between here and Odoo may resolve. Borrowed if it can be read in no other way.
pub(crate) fn canonical(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'?').unwrap_or(bytes.len());
    let (path, bytes) = (path.get(..end).unwrap_or_default(), bytes.get(..end).unwrap_or_default());
    let plain = bytes.first() == Some(&b'/')
        && bytes.iter().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'%' | b'#'))
        // Empty segments, and all that begin with a dot.
        && !bytes.array_windows().any(|pair| matches!(pair, b"//" | b"/."));
    if plain {
        return Cow::Borrowed(if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path });
    }
    Cow::Owned(Reading::CANONICAL.of(path))
}

/// How a path is read where readers differ.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// White space or `#` ends it: Python's server splits the request line there, in Latin-1. Its white space beyond ASCII is
    /// no UTF-8 by itself, so it comes as a replacement character.
    ends: bool,
    dots: Dots,
    /// Whether escapes are dots and slashes too when `..` is resolved.
    decodes_first: bool,
}

/// What becomes of the segment `..`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    /// It takes away the segment before it, once empty ones are gone.
    Resolved,
    /// It takes away what stands before it, an empty segment too, as RFC 3986 has it.
    ResolvedFirst,
    /// It is a name, as to Odoo.
    Kept,
}

impl Reading {
    const CANONICAL: Self = Self { ends: true, dots: Dots::Resolved, decodes_first: true };

    /// Whether a path holds something that is read in several ways.
    pub(crate) fn differ(path: &str) -> bool {
        unescape(path).contains("..") || path.contains(|character| Self::CANONICAL.is_end(character))
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let with = |decodes_first| {
            [Dots::Resolved, Dots::ResolvedFirst, Dots::Kept]
                .into_iter()
                .flat_map(move |dots| [true, false].map(|ends| Self { ends, dots, decodes_first }))
        };
        [true, false].into_iter().flat_map(with)
    }

    fn is_end(self, character: char) -> bool {
        match character {
            '?' => true,
            '#' | char::REPLACEMENT_CHARACTER => self.ends,
            '!'..='~' => false,
            other => self.ends && (other.is_whitespace() || other.is_control()),
        }
    }

    pub(crate) fn of(self, path: &str) -> String {
        let path = path.split(|character| self.is_end(character)).next().unwrap_or_default();
        let path = match path.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
            }
            _ => path,
        };
        if self.decodes_first {
            return self.segments(&unescape(path));
        }
        Self { dots: Dots::Kept, ..self }.segments(&unescape(&self.segments(path)))
    }

    fn segments(self, path: &str) -> String {
        let mut segments = Vec::new();
        for segment in path.split('/').skip(usize::from(path.starts_with('/'))) {
            match segment {
                "." => {}
                "" if self.dots != Dots::ResolvedFirst => {}
                ".." if self.dots != Dots::Kept => {
                    segments.pop();
                }
                name => segments.push(name),
            }
        }
        segments.retain(|segment| !segment.is_empty());
        format!("/{}", segments.join("/"))
    }
}

/// Decodes `%xx` once, as Odoo's server does; what is not UTF-8 then is no road.
pub(crate) fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, after @ ..] if *first == b'%' => hex(*high).zip(hex(*low)).map(|(h, l)| (h * 16 + l, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_borrowed_is_what_every_reading_makes_of_it() {
        let mut paths = vec![String::new()];
        for _ in 0..5 {
            let longer = |path: &String| ["/", ".", "a", "?", "#", "%2e", "%2F"].map(|piece| format!("{path}{piece}"));
            paths = paths.iter().flat_map(longer).chain([String::new()]).collect();
            for path in &paths {
                let found = canonical(path);
                assert_eq!(found, Reading::CANONICAL.of(path), "{path}");
                let is_clear = matches!(found, Cow::Borrowed(_));
                assert!(!is_clear || Reading::all().all(|reading| reading.of(path) == found), "{path}");
            }
        }
        for path in ["/json/2/res.partner/read", "/web/static/a..b.js?x=/../y", "/"] {
            assert!(matches!(canonical(path), Cow::Borrowed(_)), "{path}");
        }
    }
}
