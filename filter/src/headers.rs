//! The headers of one request, read from the host at once: each host call that returns data costs more than reading it.

use std::borrow::Cow;

use crate::host::{self, HostError};

/// All of them, as they came.
pub(crate) struct Headers(Vec<host::Header>);

impl Headers {
    /// Reads them.
    pub(crate) fn read() -> Result<Self, HostError> {
        host::request_headers().map(Self)
    }

    /// The first value of a header, by its lower-case name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_slice())
    }

    /// Whether a header is there once, with this value.
    pub(crate) fn is_exactly(&self, name: &str, value: &[u8]) -> bool {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_slice());
        values.next() == Some(value) && values.next().is_none()
    }

    /// The same as text; what is not UTF-8 in it is replaced.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = |value| std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
        self.first(name).map(text)
    }

    /// The names, each as often as it came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
