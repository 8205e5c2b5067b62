//! The headers of one request, read from the host at once: each host call that returns data costs more than reading it.

use std::borrow::Cow;

use crate::host::{self, HostError};

/// Set on every request that the filter has seen. Envoy's routes to Odoo match only with it: a filter that has dropped
/// out of the chain lets nothing through.
pub(crate) const GUARD: (&str, &str) = ("x-lictor-guard", "passed");

/// All of them, as they came, in the one buffer that the host has filled.
pub(crate) struct Headers {
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
}

/// Where a header stands in the buffer; a byte 0 follows the name and the value.
struct Pair {
    name: usize,
    value: usize,
    end: usize,
}

impl Headers {
    /// Reads them.
    ///
    /// # Errors
    /// When the host fails, or does not write them as proxy-wasm says.
    pub(crate) fn read() -> Result<Self, HostError> {
        Self::parse(host::request_headers()?).ok_or_else(HostError::unreadable)
    }

    /// From proxy-wasm's form of a map: how many pairs, the lengths of each name and value, then each with a byte 0
    /// behind it. Numbers have four bytes, the lowest first.
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        const NUMBER: usize = 4;
        let (count, rest) = bytes.split_first_chunk::<NUMBER>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (lengths, _) = rest.as_chunks::<{ 2 * NUMBER }>();
        let mut pairs = Vec::with_capacity(count.min(lengths.len()));
        let lengths = lengths.get(..count)?;
        let mut at = NUMBER + 2 * NUMBER * count;
        for lengths in lengths {
            let lengths = u64::from_le_bytes(*lengths);
            let (name, length) = (lengths as u32 as usize, (lengths >> 32) as usize);
            // Sums of untrue lengths would wrap on 32 bits.
            let value = at.checked_add(name)?.checked_add(1)?;
            let end = value.checked_add(length)?;
            pairs.push(Pair { name: at, value, end });
            at = end.checked_add(1)?;
        }
        (at == bytes.len()).then_some(Self { bytes, pairs })
    }

    /// Names and values, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().filter_map(|Pair { name, value, end }| {
            Some((self.bytes.get(*name..value - 1)?, self.bytes.get(*value..*end)?))
        })
    }

    /// The first value of a header, by its lower-case name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// Whether a header is there once, with this value.
    pub(crate) fn is_exactly(&self, name: &str, value: &[u8]) -> bool {
        let mut values = self.iter().filter(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value);
        values.next() == Some(value) && values.next().is_none()
    }

    /// The same as text; what is not UTF-8 in it is replaced.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = |value| std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
        self.first(name).map(text)
    }

    /// Names and values one after the other.
    pub(crate) fn all(&self) -> &[u8] {
        let start = self.pairs.first().map_or(self.bytes.len(), |pair| pair.name);
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Whether there is a cookie of this name.
    pub(crate) fn has_cookie(&self, name: &str) -> bool {
        let cookies = self
            .iter()
            .filter(|(header, _)| *header == b"cookie")
            .flat_map(|(_, value)| value.split(|byte| *byte == b';'));
        cookies
            .filter_map(|cookie| cookie.trim_ascii().strip_prefix(name.as_bytes()))
            .any(|rest| rest.starts_with(b"="))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy writes them.
    fn serialised(pairs: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = (pairs.len() as u32).to_le_bytes().to_vec();
        for (name, value) in pairs {
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend((value.len() as u32).to_le_bytes());
        }
        for (name, value) in pairs {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(value);
            bytes.push(0);
        }
        bytes
    }

    #[test]
    fn headers_are_found_as_they_came() {
        let bytes = serialised(&[(":path", b"/"), ("x-twice", b"a"), ("x-twice", b""), ("x-raw", b"\xff")]);
        let headers = Headers::parse(bytes).unwrap();
        assert_eq!(headers.first(":path"), Some(&b"/"[..]));
        assert_eq!(headers.first("x-twice"), Some(&b"a"[..]));
        assert_eq!(headers.first("x-none"), None);
        assert_eq!(headers.text("x-raw").unwrap(), "\u{fffd}");
        assert!(headers.is_exactly(":path", b"/") && !headers.is_exactly("x-twice", b"a"));
        assert_eq!(headers.iter().count(), 4);
        assert_eq!(headers.all(), b":path\0/\0x-twice\0a\0x-twice\0\0x-raw\0\xff\0");
        let cookies = serialised(&[("cookie", b"a=session_id; xsession_id=1"), ("cookie", b"b=2;session_id=")]);
        let cookies = Headers::parse(cookies).unwrap();
        assert!(cookies.has_cookie("session_id") && cookies.has_cookie("a") && !cookies.has_cookie("session"));
        assert!(!headers.has_cookie("session_id"));
    }

    #[test]
    fn what_is_no_map_is_refused() {
        let whole = serialised(&[("a", b"b"), ("c", b"")]);
        for length in 0..whole.len() {
            assert!(Headers::parse(whole[..length].to_vec()).is_none(), "{length}");
        }
        assert!(Headers::parse([&whole[..], b"x"].concat()).is_none());
        assert!(Headers::parse(vec![0xff; 64]).is_none());
    }
}
