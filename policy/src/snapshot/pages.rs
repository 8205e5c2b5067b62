//! Where the pages of keys lie.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The pages of one policy.
pub trait Pages: Send + Sync {
    /// A page by its number; `place` is where in all of them together. `None` if it is not there, or not any more.
    fn page(&self, number: usize, place: Range<usize>) -> Option<Cow<'_, [u8]>>;
}

/// Those of a policy in the compact form, which is held as a whole.
pub(crate) struct Held {
    /// The policy.
    pub(crate) bytes: Vec<u8>,
    /// Where the pages begin.
    pub(crate) start: usize,
}

impl Pages for Held {
    fn page(&self, _: usize, place: Range<usize>) -> Option<Cow<'_, [u8]>> {
        self.bytes.get(self.start..)?.get(place).map(Cow::Borrowed)
    }
}

/// They hold hashes, so they are not to be printed.
impl fmt::Debug for dyn Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(…)")
    }
}
