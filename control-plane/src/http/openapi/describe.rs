//! The descriptions that arguments and answers of handlers give of themselves. A handler whose types give none is not taken
//! into the table of routes: it does not compile.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;

use crate::domain::problem::Problem;
use crate::http::listen::Peer;
use crate::http::openapi::operation::Operation;

/// An argument of a handler.
pub trait Input {
    /// Says what it takes and which problems it may answer.
    fn describe(operation: &mut Operation);
}

/// The result of a handler.
pub trait Output {
    /// Says what is answered.
    fn describe(operation: &mut Operation);
}

/// A handler; `T` as in axum's `Handler`.
pub trait Described<T> {
    /// Says all that its arguments and its answer say.
    fn describe(operation: &mut Operation);
}

impl<F: FnOnce() -> Answer, Answer: Future<Output: Output>> Described<((),)> for F {
    fn describe(operation: &mut Operation) {
        <Answer::Output as Output>::describe(operation);
    }
}

macro_rules! described {
    ($($argument:ident),+) => {
        impl<F, Answer, M, $($argument,)+> Described<(M, $($argument,)+)> for F
        where
            F: FnOnce($($argument,)+) -> Answer,
            Answer: Future<Output: Output>,
            $($argument: Input,)+
        {
            fn describe(operation: &mut Operation) {
                $($argument::describe(operation);)+
                <Answer::Output as Output>::describe(operation);
            }
        }
    };
}

described!(A);
described!(A, B);
described!(A, B, C);
described!(A, B, C, D);
described!(A, B, C, D, E);
described!(A, B, C, D, E, G);

impl<S> Input for State<S> {
    fn describe(_: &mut Operation) {}
}

impl<T> Input for Extension<T> {
    fn describe(_: &mut Operation) {}
}

impl Input for Peer {
    fn describe(_: &mut Operation) {}
}

impl<T: Output> Output for Result<T, Problem> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.answers::<T>();
    }
}

impl<T: Output> Output for (StatusCode, T) {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

/// Nothing but a status: that there is no body.
impl Output for StatusCode {
    fn describe(operation: &mut Operation) {
        operation.answers_nothing();
    }
}
