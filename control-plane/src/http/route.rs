//! A route: its method, its path, whom it lets in, and what its handler says of itself.

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter};

use crate::domain::actor::Role;
use crate::domain::named::named;
use crate::domain::problem::Code;
use crate::http::openapi::operation::Operation;

/// The callers that a route lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody: only what says nothing of keys, users and calls.
    Public,
    /// A gate.
    Gate,
    /// An account with this role or a greater one.
    Role(Role),
}

/// A route.
pub struct Route<S> {
    /// The method.
    pub verb: Verb,
    /// The path, as axum writes it.
    pub path: &'static str,
    /// The callers that it lets in.
    pub access: Access,
    /// Whether it must say which state of a record it is made on, with `If-Match` or `If-None-Match`.
    pub needs_precondition: bool,
    /// A line on its effect.
    pub summary: &'static str,
    /// The statuses that it answers when all is well, if not those of its handler's type: 200, or 204 without a
    /// body.
    pub statuses: &'static [u16],
    /// The problems that it may answer, apart from those of its handler's arguments.
    pub codes: &'static [Code],
    /// Says what the handler takes and answers.
    pub describe: fn(&mut Operation),
    pub(crate) answer: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    /// Answers these when all is well, for example 201.
    pub(crate) const fn status(mut self, statuses: &'static [u16]) -> Self {
        self.statuses = statuses;
        self
    }

    /// Is done whatever the record is by now, with a reason in the table.
    pub(crate) const fn unconditional(mut self) -> Self {
        self.needs_precondition = false;
        self
    }

    /// Takes a body of so many bytes.
    pub(crate) fn body_limit(mut self, bytes: usize) -> Self {
        self.answer = self.answer.layer(DefaultBodyLimit::max(bytes));
        self
    }

    /// May answer these problems.
    pub(crate) const fn or(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }
}

named! {
    /// The methods that routes have.
    #[expect(missing_docs, reason = "each is the HTTP method of its name")]
    pub enum Verb {
        Get = "GET",
        Post = "POST",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
    }
}

impl Verb {
    /// Whether it edits what is there: two who do so at once must not undo each other's work. A `POST` makes something new or
    /// does something, such as to revoke a key: an emergency is no time to read first.
    pub(crate) const fn edits(self) -> bool {
        matches!(self, Self::Put | Self::Patch | Self::Delete)
    }

    pub(crate) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}
