//! Why a body is refused for the encoding or the type that its sender names: what came, and what is taken.

use std::fmt::{self, Display, Formatter};

use crate::formats::xmlrpc::ENCODINGS;
use crate::key;

/// What a sender says of a body that is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A `Content-Encoding`.
    #[error("The Content-Encoding {0} is not read; send the body as it is")]
    ContentEncoding(Label),
    /// Another `Content-Type` than the road's.
    #[error("The Content-Type {0} is not read here; send {1}")]
    ContentType(Label, &'static str),
    /// The `charset` of a `Content-Type`.
    #[error("The charset {0} of the Content-Type is not read; send {1}")]
    Charset(Label, &'static str),
    /// The `encoding` of an XML declaration.
    #[error("The encoding {0} of the XML declaration is not read; send {ENCODINGS}")]
    Declaration(Label),
    /// The `encoding` of an XML declaration, behind a byte-order mark of UTF-8.
    #[error("The XML declaration says {0}, but the body begins with the byte-order mark of UTF-8; send one of them")]
    Contradiction(Label),
}

/// At most [`Label::MAX`] characters of those that such names have; none of a text that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// The most characters that are kept.
    pub const MAX: usize = 40;

    /// What is no character of a name becomes a question mark.
    pub fn of(text: &str) -> Self {
        if text.contains(key::MARK) {
            return Self("?".to_owned());
        }
        let is_plain = |character: &char| character.is_ascii_alphanumeric() || "-_.+/:*".contains(*character);
        Self(text.chars().take(Self::MAX).map(|character| if is_plain(&character) { character } else { '?' }).collect())
    }
}

impl Display for Label {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_plain_and_no_key() {
        for (text, shown) in [
            ("utf-16", "\"utf-16\""),
            ("application/vnd.api+json", "\"application/vnd.api+json\""),
            ("<b>\r\nü\"", "\"?b?????\""),
            ("", "\"\""),
            ("x-lct_0123456789", "\"?\""),
        ] {
            assert_eq!(Label::of(text).to_string(), shown);
        }
        assert_eq!(Label::of(&"x".repeat(1000)).to_string().len(), Label::MAX + 2);
    }
}
