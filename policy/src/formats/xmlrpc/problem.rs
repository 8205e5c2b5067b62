//! Why a document is not one strict XML-RPC document: each cause by its own name. None holds anything of the body.

use crate::formats::xmlrpc::{MAX_DEPTH, MAX_VALUES};

/// Why a document is refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, at character {at} of the body")]
pub struct ReadError {
    /// Why.
    pub problem: Problem,
    /// How many characters stand before the place; a byte-order mark is none.
    pub at: usize,
}

impl ReadError {
    /// `byte` is the place in the text.
    pub(crate) fn at(problem: Problem, text: &str, byte: usize) -> Self {
        Self { problem, at: text.get(..byte).unwrap_or(text).chars().count() }
    }
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Bytes that the body's encoding does not have.
    #[error("it holds bytes that its encoding does not have; a body that declares none is read as UTF-8")]
    Bytes,
    /// A control character or another that XML 1.0 does not have, written out or as a reference.
    #[error("it holds a character that XML 1.0 does not have")]
    Character,
    /// Markup that is malformed.
    #[error("it is not well-formed XML")]
    Xml,
    /// The document is empty, or ends before its root element does.
    #[error("it ends before the document is complete")]
    CutOff,
    /// An XML declaration that is malformed or of another version.
    #[error("its XML declaration is not one of XML 1.0")]
    Declaration,
    /// `<!DOCTYPE …>` and the like.
    #[error("it holds a document type")]
    DocumentType,
    /// `<?…?>`, other than the XML declaration at the very start.
    #[error("it holds a processing instruction, or an XML declaration that is not its very beginning")]
    Instruction,
    /// `&…;`, other than XML's five and numbers.
    #[error("it holds an entity that XML does not have by itself")]
    Entity,
    /// An attribute other than Apache's namespace.
    #[error("an element has an attribute; XML-RPC has none")]
    Attribute,
    /// Something else where an element must begin.
    #[error("<{0}> must stand here")]
    Element(&'static str),
    /// Something else where an element must end.
    #[error("the element must end here")]
    End,
    /// An element inside a text, or text beside an element.
    #[error("text and elements stand side by side")]
    Mixed,
    /// An element in a value that is no type.
    #[error("a value has a type that XML-RPC does not have")]
    Type,
    /// A scalar whose text is not in its type's form.
    #[error("{0}")]
    Scalar(Scalar),
    /// A struct with two members of one name.
    #[error("a struct has two members of one name")]
    DuplicateMember,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("arrays and structs nest deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("it has more than {MAX_VALUES} values and names")]
    TooMany,
    /// Something behind the document.
    #[error("something follows the document")]
    Trailing,
}

/// A type whose text has a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Scalar {
    /// `int`, `i1`, `i2`, `i4`, `i8`, `biginteger`.
    #[error("an integer must be decimal digits that fit 64 bits")]
    Integer,
    /// `boolean`.
    #[error("a boolean must be 0 or 1")]
    Boolean,
    /// `double`, `float`.
    #[error("a double must be decimal digits with an optional sign, fraction and exponent")]
    Double,
    /// `bigdecimal`.
    #[error("a decimal must be decimal digits with an optional sign and fraction and an exponent of at most 3 digits")]
    Decimal,
    /// `base64`.
    #[error("base64 must be padded, and of its usual alphabet")]
    Base64,
    /// `dateTime.iso8601`.
    #[error("a dateTime.iso8601 must be a moment that exists, as YYYYMMDDTHH:MM:SS")]
    DateTime,
}
