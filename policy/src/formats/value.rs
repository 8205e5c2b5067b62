//! A value of a call, whatever road it came on.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The members of a struct, in the order in which they came; no name occurs twice.
pub type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// One value. Text that needs no rewriting borrows from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing: Python's `None`.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent, in the client's own digits, so that none is lost.
    Double(Cow<'a, str>),
    /// A decimal, which only XML-RPC has: Python's `Decimal`, in the client's own digits.
    Decimal(Cow<'a, str>),
    /// Text.
    String(Cow<'a, str>),
    /// Bytes, as base64 without white space.
    Base64(Cow<'a, str>),
    /// A moment, as `YYYYMMDDTHH:MM:SS`.
    DateTime(Cow<'a, str>),
    /// Values in order.
    Array(Vec<Value<'a>>),
    /// Named values.
    Struct(Members<'a>),
}

impl<'a> Value<'a> {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The members of a struct; none for an empty array, since PHP cannot tell `[]` from `{}`.
    pub fn into_members(self) -> Option<Members<'a>> {
        match self {
            Self::Struct(members) => Some(members),
            Self::Array(values) if values.is_empty() => Some(Members::new()),
            _ => None,
        }
    }
}

/// The value of a member.
pub fn member<'v, 'a>(members: &'v Members<'a>, name: &str) -> Option<&'v Value<'a>> {
    members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The value of a member, to be changed.
pub fn member_mut<'v, 'a>(members: &'v mut Members<'a>, name: &str) -> Option<&'v mut Value<'a>> {
    members.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Whether a name occurs twice. Most structs are so small that comparing all pairs is faster than any set.
pub(crate) fn has_twice(members: &Members<'_>) -> bool {
    const FEW: usize = 8;
    let mut names = members.iter().map(|(name, _)| name.as_ref());
    if members.len() > FEW {
        let mut seen = BTreeSet::new();
        return !names.all(|name| seen.insert(name));
    }
    names.enumerate().any(|(at, name)| members.iter().take(at).any(|(earlier, _)| earlier == name))
}
