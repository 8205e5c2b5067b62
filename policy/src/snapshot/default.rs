//! Each field's default in a word: whether it is open to who may read or write its model, and if not, why not.

use crate::odoo::tables::Closed;
use crate::snapshot::field::{Field, Reading, Why, Writing};

/// How a field is open to one who may read, or write, its model, if the permission says nothing of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Always.
    Open,
    /// Where the field that its value comes from may be read, and each model on the way, or is reference data.
    Path,
    /// Where the model that it refers to may be read.
    Reference,
    /// For text without tags, unless Odoo sanitises it for the user.
    Text,
    /// In records that are made.
    Creation,
    /// In records that are made and in which the reference is empty through which Odoo writes it elsewhere.
    CreationAlone,
    /// Not.
    Closed(Why),
}

impl Default {
    /// Each of them, those of [`Why`] apart.
    pub const OPEN: [Self; 6] =
        [Self::Open, Self::Path, Self::Reference, Self::Text, Self::Creation, Self::CreationAlone];

    /// The word for it, which tables and answers show.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "yes",
            Self::Path => "path",
            Self::Reference => "reference",
            Self::Text => "text",
            Self::Creation => "creation",
            Self::CreationAlone => "creation_alone",
            Self::Closed(why) => why.word(),
        }
    }
}

impl Field {
    /// Whether it may be read.
    pub const fn read_by_default(&self) -> Default {
        if matches!(self.closed, Some(Closed::Altogether)) {
            return Default::Closed(Why::ClosedModel);
        }
        match self.reading {
            Reading::Open => Default::Open,
            Reading::Through => Default::Path,
            Reading::IfReadable => Default::Reference,
            Reading::Named(why) => Default::Closed(why),
            Reading::Never => Default::Closed(Why::Credential),
        }
    }

    /// Whether it may be written.
    pub const fn written_by_default(&self) -> Default {
        if self.closed.is_some() || self.into_closed {
            return Default::Closed(Why::ClosedModel);
        }
        match self.writing {
            Writing::Open => Default::Open,
            Writing::Html(_) => Default::Text,
            Writing::OnCreation(_) => Default::Creation,
            Writing::OnCreationWithout(_) => Default::CreationAlone,
            Writing::Named(why) => Default::Closed(why),
            Writing::Never => Default::Closed(Why::Credential),
        }
    }
}
