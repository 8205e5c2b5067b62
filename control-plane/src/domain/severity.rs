//! How bad something is.

use crate::domain::named::named;

named! {
    /// From what can wait to what cannot.
    #[expect(missing_docs, reason = "the names say it")]
    pub enum Severity {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}
