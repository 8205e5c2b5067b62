//! Storey 1: what a call can do, and sets of that.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of access, as permissions and scopes name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Reads records, or facts about them.
    Read,
    /// Changes records that exist.
    Write,
    /// Makes new records.
    Create,
    /// Removes records.
    Delete,
    /// Calls a method that a permission lists, whatever it does.
    Call,
}

impl Operation {
    /// All operations, in the order in which they are listed everywhere.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Create, Self::Delete, Self::Call];
    /// Those that a permission allows as such.
    pub const ON_RECORDS: [Self; 4] = [Self::Read, Self::Write, Self::Create, Self::Delete];

    /// The name in JSON, in sentences and in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Call => "call",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of operations; on the wire a list without duplicates.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "Vec<Operation>", into = "Vec<Operation>")]
#[cfg_attr(feature = "schema", schemars(with = "Vec<Operation>"))]
pub struct Operations(u8);

impl Operations {
    /// No operation: what a call does that touches no records.
    pub const NONE: Self = Self(0);

    /// The set of the listed operations.
    pub const fn of(list: &[Operation]) -> Self {
        let mut bits = 0;
        let mut rest = list;
        while let [first, tail @ ..] = rest {
            bits |= first.bit();
            rest = tail;
        }
        Self(bits)
    }

    /// As a number, in which each operation has a place of its own.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Of such a number; `None` if it has a place that is no operation's.
    pub(crate) const fn of_bits(bits: u8) -> Option<Self> {
        let set = Self(bits);
        if set.without(Self::of(&Operation::ALL)).is_empty() { Some(set) } else { None }
    }

    /// Whether the operation is in the set.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & operation.bit() != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The operations of this set that the other lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The names of its members, for a sentence: `read and write`.
    pub fn words(self) -> String {
        self.iter().map(Operation::name).collect::<Vec<_>>().join(" and ")
    }

    /// The members, in the order of [`Operation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(move |operation| self.contains(*operation))
    }
}

impl From<Vec<Operation>> for Operations {
    fn from(list: Vec<Operation>) -> Self {
        Self::of(&list)
    }
}

impl From<Operations> for Vec<Operation> {
    fn from(set: Operations) -> Self {
        set.iter().collect()
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_a_list_on_the_wire() {
        let set: Operations = serde_json::from_str(r#"["delete","read","read"]"#).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["read","delete"]"#);
        assert_eq!(set.without(Operations::of(&[Operation::Read])), Operations::of(&[Operation::Delete]));
    }
}
