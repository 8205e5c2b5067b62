//! Who is asking: tokens of accounts with a role each, and tokens of gates.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::openapi::describe::Input;
use crate::http::openapi::operation::Operation;
use crate::http::route::Access;
use crate::secrets::random::Token;
use crate::store::{self, StoreError, gates, tokens};

/// The token of an account that came with the request.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Its id.
    pub token_id: String,
}

/// A gate that has shown its token.
#[derive(Clone, Debug)]
pub struct GateIdentity {
    /// The gate's id.
    pub id: String,
    token_hash: String,
}

impl GateIdentity {
    /// Refuses if the identity was removed since the request came: a long poll outlives a revocation.
    pub async fn still_valid(&self, app: &App) -> Result<()> {
        let found = gates::find_by_hash(&mut *app.store.read().await?, &self.token_hash, app.now()).await;
        if known(found)? == self.id { Ok(()) } else { Err(unknown_token()) }
    }
}

fn known<T>(found: std::result::Result<Option<T>, StoreError>) -> Result<T> {
    store::if_proven(found)?.ok_or_else(unknown_token)
}

/// Runs before every handler: lets in whom the route's entry in the table lets in.
pub async fn require(State((app, access)): State<(App, Access)>, mut request: Request, next: Next) -> Result<Response> {
    match access {
        Access::Public => {}
        Access::Gate => {
            let token_hash = bearer(request.headers())?.hash();
            let id = known(gates::find_by_hash(&mut *app.store.read().await?, &token_hash, app.now()).await)?;
            request.extensions_mut().insert(GateIdentity { id, token_hash });
        }
        Access::Role(needed) => {
            let hash = bearer(request.headers())?.hash();
            let found = known(tokens::find_by_hash(&mut *app.store.read().await?, &hash, app.now()).await)?;
            if found.role < needed {
                return Err(Problem::needs(needed));
            }
            request.extensions_mut().insert(Actor { id: found.account_id, role: found.role });
            request.extensions_mut().insert(Presented { token_id: found.token_id });
        }
    }
    Ok(next.run(request).await)
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(no_token)
    }
}

impl<S: Sync> FromRequestParts<S> for Presented {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(no_token)
    }
}

impl<S: Sync> FromRequestParts<S> for GateIdentity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(no_token)
    }
}

fn bearer(headers: &HeaderMap) -> Result<Token> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(no_token)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(no_token)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Token::presented(token.trim())) } else { Err(no_token()) }
}

fn no_token() -> Problem {
    Problem::new(Code::NotAuthenticated, "Send the header 'Authorization: Bearer <token>'.")
}

fn unknown_token() -> Problem {
    Problem::new(Code::NotAuthenticated, "The token is unknown, expired or was removed: have a new one made.")
}

impl Input for Presented {
    fn describe(_: &mut Operation) {}
}

/// Who asks for the actor is about to change something: gates might not be able to use it.
impl Input for Actor {
    fn describe(operation: &mut Operation) {
        operation.may_refuse(&[Code::UnusablePolicy]);
    }
}
