//! Who is asking: tokens of accounts with a role each, in a header or in the cookie of a browser, and tokens of gates.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use lictor_policy::secret::Secret;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::cookie::SESSION;
use crate::http::openapi::describe::Input;
use crate::http::openapi::operation::Operation;
use crate::http::route::Access;
use crate::secrets::random::Token;
use crate::store::{self, StoreError, gates, tokens};

/// The header in which a change by cookie repeats the CSRF token.
const CSRF_HEADER: &str = "x-csrf-token";
/// The header with the revision that a change made.
pub(crate) const REVISION_HEADER: &str = "lictor-revision";

/// The token of an account that came with the request.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Its id.
    pub token_id: String,
    /// If it came in a cookie: what the page that has the cookie repeats with each change.
    pub csrf: Option<Secret>,
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
            let (token, csrf) = presented(&app, request.method(), request.headers())?;
            let hash = token.hash();
            let found = known(tokens::find_by_hash(&mut *app.store.read().await?, &hash, app.now()).await)?;
            if found.role < needed {
                return Err(Problem::needs(needed));
            }
            request.extensions_mut().insert(Actor { id: found.account_id, role: found.role });
            request.extensions_mut().insert(Presented { token_id: found.token_id, csrf });
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

/// The token in the header, or else in the cookie that a sign-in gave a browser, which also sends it when another site asks for
/// something here: a change must repeat what only a page of the console knows.
fn presented(app: &App, method: &Method, headers: &HeaderMap) -> Result<(Token, Option<Secret>)> {
    let no_token = match bearer(headers) {
        Ok(token) => return Ok((token, None)),
        Err(problem) => problem,
    };
    let token = Token::presented(SESSION.read(headers, app.is_https()).ok_or(no_token)?);
    let repeated = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !matches!(*method, Method::GET | Method::HEAD) && !token.has_csrf(repeated) {
        let detail = "Send the 'csrf_token' of 'GET /api/v1/me' in the header 'X-CSRF-Token'.";
        return Err(Problem::new(Code::Csrf, detail));
    }
    let csrf = token.csrf();
    Ok((token, Some(csrf)))
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
        operation.sends_header(REVISION_HEADER, "The revision that the change made, for `gates/in-force`.");
    }
}
