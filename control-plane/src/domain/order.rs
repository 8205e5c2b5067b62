//! In which direction a list runs.

use crate::domain::named::named;

named! {
    /// In which direction.
    pub enum Order {
        /// The least first.
        Ascending = "asc",
        /// The greatest first.
        Descending = "desc",
    }
}
