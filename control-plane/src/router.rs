//! Every route, once: its method, its path, whom it lets in and what answers.
//!
//! The routers are made of the tables, so a route without an entry, or an entry without its check, cannot exist.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use lictor_policy::wire;

use crate::api::{
    accounts, audit, emergency, explain, gates, health, jobs, keys, pauses, permissions, sessions, settings, tokens,
    users,
};
use crate::app::App;
use crate::auth::{Access, Role, require};
use crate::error::{Code, Problem};
use crate::metrics;

/// Bytes that a body of the REST API may have.
const API_BODY_LIMIT: usize = 1024 * 1024;
/// Bytes that a batch of events may have: [`wire::MAX_BATCH`] events with 1,000 record ids each.
const EVENTS_BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A route.
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The path, as axum writes it.
    pub path: &'static str,
    /// Whom it lets in.
    pub access: Access,
    answer: MethodRouter<App>,
}

/// The methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the HTTP method of its name")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// As in the request line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

fn route<H: Handler<T, App>, T: 'static>(access: Access, verb: Verb, path: &'static str, handler: H) -> Route {
    Route { verb, path, access, answer: on(verb.filter(), handler) }
}

/// The routes of the listener for administrators.
pub fn api_table() -> Vec<Route> {
    use Verb::{Delete, Get, Patch, Post, Put};
    let public = Access::Public;
    let [user, manager, admin] = Role::ALL.map(Access::Role);
    vec![
        route(public, Get, "/healthz", health::live),
        route(public, Get, "/readyz", health::ready),
        route(public, Get, "/metrics", metrics::show),
        route(admin, Get, "/api/v1/users", users::list),
        route(admin, Post, "/api/v1/users", users::create),
        route(admin, Get, "/api/v1/users/{id}", users::show),
        route(admin, Post, "/api/v1/users/{id}/check", users::check),
        route(admin, Patch, "/api/v1/users/{id}", users::update),
        route(admin, Delete, "/api/v1/users/{id}", users::delete),
        route(manager, Get, "/api/v1/keys", keys::list),
        route(manager, Post, "/api/v1/keys", keys::create),
        route(manager, Get, "/api/v1/keys/{id}", keys::show),
        route(manager, Patch, "/api/v1/keys/{id}", keys::update),
        route(manager, Delete, "/api/v1/keys/{id}", keys::delete),
        route(manager, Post, "/api/v1/keys/{id}/regenerate", keys::regenerate),
        route(manager, Post, "/api/v1/keys/{id}/revoke", keys::revoke),
        route(user, Get, "/api/v1/permissions", permissions::list),
        route(user, Get, "/api/v1/permissions/{model}", permissions::show),
        route(manager, Put, "/api/v1/permissions/{model}", permissions::put),
        route(manager, Delete, "/api/v1/permissions/{model}", permissions::delete),
        route(admin, Get, "/api/v1/settings", settings::show),
        route(admin, Patch, "/api/v1/settings", settings::update),
        route(user, Get, "/api/v1/audit", audit::list),
        route(user, Get, "/api/v1/audit/export", audit::export),
        route(user, Get, "/api/v1/sessions", sessions::list),
        route(user, Get, "/api/v1/sessions/{id}", sessions::show),
        route(manager, Post, "/api/v1/sessions/{id}/terminate", sessions::terminate),
        route(manager, Post, "/api/v1/explain", explain::explain),
        route(admin, Post, "/api/v1/emergency-revocation", emergency::revoke_all),
        route(admin, Get, "/api/v1/pauses", pauses::list),
        route(admin, Post, "/api/v1/pauses", pauses::create),
        route(admin, Delete, "/api/v1/pauses/{id}", pauses::delete),
        route(admin, Get, "/api/v1/jobs", jobs::list),
        route(admin, Get, "/api/v1/jobs/{name}", jobs::show),
        route(admin, Patch, "/api/v1/jobs/{name}", jobs::update),
        route(admin, Post, "/api/v1/jobs/{name}/run", jobs::run),
        route(admin, Get, "/api/v1/gates", gates::list),
        route(admin, Post, "/api/v1/gates", gates::create),
        route(admin, Get, "/api/v1/gates/{id}", gates::show),
        route(admin, Patch, "/api/v1/gates/{id}", gates::update),
        route(admin, Delete, "/api/v1/gates/{id}", gates::delete),
        route(admin, Post, "/api/v1/gates/{id}/rotate", gates::rotate),
        route(admin, Post, "/api/v1/gates/{id}/revoke", gates::revoke),
        route(admin, Get, "/api/v1/accounts", accounts::list),
        route(admin, Post, "/api/v1/accounts", accounts::create),
        route(admin, Get, "/api/v1/accounts/{id}", accounts::show),
        route(admin, Patch, "/api/v1/accounts/{id}", accounts::update),
        route(admin, Delete, "/api/v1/accounts/{id}", accounts::delete),
        route(admin, Get, "/api/v1/tokens", tokens::list),
        route(admin, Post, "/api/v1/tokens", tokens::create),
        route(admin, Delete, "/api/v1/tokens/{id}", tokens::delete),
    ]
}

/// The routes of the listener for gates.
pub fn gate_table() -> Vec<Route> {
    vec![
        route(Access::Public, Verb::Get, "/healthz", health::live),
        route(Access::Gate, Verb::Get, wire::POLICY_PATH, crate::gates::policy),
        route(Access::Gate, Verb::Post, wire::EVENTS_PATH, crate::gates::events),
    ]
}

/// The listener for administrators.
pub fn api(app: &App) -> Router {
    router(app, api_table(), API_BODY_LIMIT).layer(middleware::from_fn(no_store))
}

/// The listener for gates.
pub fn gate(app: &App) -> Router {
    router(app, gate_table(), EVENTS_BODY_LIMIT).layer(middleware::from_fn(crate::gates::version_header))
}

fn router(app: &App, table: Vec<Route>, body_limit: usize) -> Router {
    let empty: Router<App> = Router::new();
    let routes = table.into_iter().fold(empty, |router, route| {
        let check = middleware::from_fn_with_state((app.clone(), route.access), require);
        router.route(route.path, route.answer.route_layer(check))
    });
    routes
        .fallback(async || Problem::new(Code::NotFound, "There is no such path; the routes begin with /api/v1/."))
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed, "The header 'Allow' lists those."))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::count))
        .with_state(app.clone())
}

/// Answers may hold keys, tokens and names: no cache keeps them.
async fn no_store(request: Request, next: Next) -> Response {
    use axum::http::{HeaderValue, header};
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
