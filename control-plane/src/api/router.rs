//! Every route, once: its method, its path, whom it lets in, whether it needs `If-Match`, and what answers.
//!
//! The routers are made of the tables, so a route without an entry, or an entry without its check, cannot exist. So is
//! the API's description (`openapi.rs`): a handler's types say what it takes and answers, through `JsonSchema` on what is
//! read and written; `.status(&[201])` and `.or(&[Code::NameTaken])` add what types do not tell.

use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, on};
use axum::{Extension, Router};
use lictor_policy::wire;

use crate::api::auth::{REVISION_HEADER, require};
use crate::api::openapi::{self, Documents};
use crate::api::{
    accounts, admin_audit, alerts, audit, audit_counts, audit_stream, console, emergency, explain, gate_v1, gates,
    health, jobs, key_link, key_use, keys, keys_bulk, metrics, outbox, pauses, permissions, policy, profiles, provider,
    schema, sessions, settings, sign_in, suggestions, tokens, users, webhooks,
};
use crate::app::App;
use crate::app::change::telling;
use crate::domain::actor::Role;
use crate::domain::problem::{Code, Problem};
use crate::http::etag;
use crate::http::openapi::describe::Described;
use crate::http::route::{Access, Route, Verb};
use crate::store::{StoreError, in_time};

/// The path of a profile's permission for a model.
const OF_PROFILE: &str = "/api/v1/profiles/{profile}/permissions/{model}";
/// Bytes that a body of the REST API may have.
const API_BODY_LIMIT: usize = 1024 * 1024;
/// Bytes that a body with a draft may have: a policy file with thousands of permissions.
const DRAFT_BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Bytes that a batch of events may have: [`wire::MAX_BATCH`] events with 1,000 record ids each.
const EVENTS_BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A route of the REST API: what its handler's types say of it is in the API's description.
fn route<H: Handler<T, App> + Described<T>, T: 'static>(
    access: Access,
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route<App> {
    let (answer, needs_precondition) = (on(verb.filter(), handler), verb.edits());
    Route { verb, path, access, needs_precondition, summary, statuses: &[], codes: &[], describe: H::describe, answer }
}

/// A route of the wire format between gates and control plane, which is described in `policy/src/wire/mod.rs`.
fn wire_route<H: Handler<T, App>, T: 'static>(
    access: Access,
    verb: Verb,
    path: &'static str,
    handler: H,
) -> Route<App> {
    let (answer, needs_precondition) = (on(verb.filter(), handler), false);
    Route { verb, path, access, needs_precondition, summary: "", statuses: &[], codes: &[], describe: |_| {}, answer }
}

/// The routes of the listener for administrators.
pub fn api_table() -> Vec<Route<App>> {
    use Code::{
        AlertOpen, AlertResolved, HistoryFull, InvalidField, JobRunning, KeyInactive, KeyRevoked, KeyRotated,
        LastAdmin, MailNotConfigured, NameTaken, NotFound, NotReady, NotSendable, OdooUnreachable, PlanChanged,
        PreconditionFailed, ProfileHasKeys, SecretRequired, SignInRefused, TooManyAttempts, UnusablePolicy,
        UpstreamAdministrator, UpstreamCredentialRejected, UserHasKeys,
    };
    use Verb::{Delete, Get, Patch, Post, Put};
    let public = Access::Public;
    let [user, manager, admin] = Role::ALL.map(Access::Role);
    vec![
        route(public, Get, "/healthz", "Whether the process answers.", health::live),
        route(public, Get, "/readyz", "Whether the service can do its work.", health::ready),
        route(public, Get, "/metrics", "How the service does, for Prometheus.", metrics::show),
        route(public, Get, "/api/openapi.json", "This description, in OpenAPI 3.1.", openapi::document),
        route(public, Get, "/api/docs", "This description, as a page.", openapi::page),
        route(public, Post, "/api/v1/sign-in", "Get a token that ends soon, for a password.", sign_in::sign_in)
            .or(&[SignInRefused, TooManyAttempts]),
        route(public, Get, "/api/v1/sign-in", "The ways to sign in.", sign_in::ways),
        route(public, Get, "/api/v1/oidc/start", "Go to the provider to sign in there.", provider::start)
            .status(&[303, 502])
            .or(&[NotFound]),
        route(public, Get, "/api/v1/oidc/callback", "Come back from the provider.", provider::callback)
            .status(&[303, 400, 403, 409, 412, 502])
            .or(&[NotFound]),
        route(user, Post, "/api/v1/sign-out", "End the token that is sent.", sign_in::sign_out).or(&[LastAdmin]),
        route(user, Get, "/api/v1/me", "The account and the token that are asking.", sign_in::me).or(&[NotFound]),
        // It names the password that is there now.
        route(user, Put, "/api/v1/me/password", "Change the own password.", sign_in::change_password)
            .unconditional()
            .or(&[NotFound, TooManyAttempts]),
        route(admin, Get, "/api/v1/admin-audit", "What administrators did, newest first.", admin_audit::list),
        route(public, Get, "/link/{token}", "The page that can show a new key once.", key_link::show)
            .status(&[200, 410]),
        route(public, Post, "/link/{token}", "Show the new key, this once.", key_link::open).status(&[200, 410]),
        route(admin, Get, "/api/v1/users", "Users, in the order in which they were made.", users::list),
        route(admin, Post, "/api/v1/users", "Make a user; Odoo is asked whose the credential is.", users::create)
            .status(&[201])
            .or(&[UpstreamAdministrator, UpstreamCredentialRejected, OdooUnreachable]),
        route(manager, Get, "/api/v1/users/names", "The users whom keys can be made for, by name.", users::names),
        route(admin, Get, "/api/v1/users/{id}", "A user.", users::show),
        route(admin, Post, "/api/v1/users/{id}/check", "Try a user's credential at Odoo now.", users::check).or(&[
            PreconditionFailed,
            UpstreamCredentialRejected,
            OdooUnreachable,
        ]),
        route(
            admin,
            Patch,
            "/api/v1/users/{id}",
            "Change a user; another login needs the secret again.",
            users::update,
        )
        .or(&[
            PreconditionFailed,
            SecretRequired,
            UpstreamAdministrator,
            UpstreamCredentialRejected,
            OdooUnreachable,
        ]),
        route(admin, Delete, "/api/v1/users/{id}", "Delete a user that has no keys.", users::delete)
            .status(&[200, 204])
            .or(&[UserHasKeys, PlanChanged]),
        route(manager, Get, "/api/v1/keys", "Keys, in the order in which they were made.", keys::list),
        route(manager, Post, "/api/v1/keys", "Make a key; its text is shown this once.", keys::create).status(&[201]),
        route(manager, Get, "/api/v1/keys/{id}", "A key, without its text.", keys::show),
        route(manager, Patch, "/api/v1/keys/{id}", "Change a key's restrictions.", keys::update).or(&[KeyRevoked]),
        route(manager, Delete, "/api/v1/keys/{id}", "Delete a key: it is refused from now on.", keys::delete),
        route(manager, Post, "/api/v1/keys/{id}/regenerate", "Give a key another secret at once.", keys::regenerate)
            .or(&[KeyRevoked]),
        route(manager, Post, "/api/v1/keys/{id}/rotate", "Make a key in the place of another.", keys::rotate)
            .status(&[201])
            .or(&[KeyRotated, KeyRevoked, KeyInactive]),
        route(manager, Post, "/api/v1/keys/{id}/revoke", "Revoke a key, for ever.", keys::revoke),
        route(manager, Get, "/api/v1/keys/{id}/use", "What a key may do, beside what it did.", key_use::show),
        route(
            manager,
            Post,
            "/api/v1/keys/bulk",
            "Revoke, rotate or end up to 100 keys, after a dry run.",
            keys_bulk::bulk,
        )
        .or(&[PlanChanged]),
        route(user, Get, "/api/v1/profiles", "Profiles, ordered by name.", profiles::list),
        route(manager, Post, "/api/v1/profiles", "Make a profile.", profiles::create).status(&[201]).or(&[NameTaken]),
        route(user, Get, "/api/v1/profiles/{profile}", "A profile.", profiles::show),
        route(manager, Patch, "/api/v1/profiles/{profile}", "Say whom a profile is for.", profiles::update),
        route(manager, Delete, "/api/v1/profiles/{profile}", "Delete a profile that no key names.", profiles::delete)
            .status(&[200, 204])
            .or(&[ProfileHasKeys, InvalidField, PlanChanged]),
        route(user, Get, "/api/v1/permissions", "Permissions of keys without a profile.", permissions::list),
        route(user, Get, "/api/v1/permissions/{model}", "What may be done to a model.", permissions::show),
        route(manager, Put, "/api/v1/permissions/{model}", "Say all that may be done to a model.", permissions::put)
            .status(&[200, 201]),
        route(
            manager,
            Patch,
            "/api/v1/permissions/{model}",
            "Change what may be done to a model.",
            permissions::update,
        ),
        route(manager, Delete, "/api/v1/permissions/{model}", "Close a model.", permissions::delete)
            .status(&[200, 204])
            .or(&[PlanChanged]),
        route(user, Get, "/api/v1/profiles/{profile}/permissions", "A profile's permissions.", permissions::list),
        route(user, Get, OF_PROFILE, "What a profile allows on a model.", permissions::show),
        route(manager, Put, OF_PROFILE, "Say all that a profile allows on a model.", permissions::put)
            .status(&[200, 201]),
        route(manager, Patch, OF_PROFILE, "Change what a profile allows on a model.", permissions::update),
        route(manager, Delete, OF_PROFILE, "Close a model to a profile.", permissions::delete)
            .status(&[200, 204])
            .or(&[PlanChanged]),
        route(user, Get, "/api/v1/schema", "What is known of Odoo's models, ordered by name.", schema::list),
        route(user, Get, "/api/v1/schema/changes", "What changed in Odoo's models, newest first.", schema::changes),
        route(user, Get, "/api/v1/schema/{model}", "The fields of a model of Odoo.", schema::show).or(&[NotFound]),
        // It opens nothing: whoever makes permissions is to see what they may name.
        route(manager, Post, "/api/v1/schema/refresh", "Ask Odoo now; 202 if it takes long.", schema::refresh)
            .status(&[200, 202]),
        route(admin, Get, "/api/v1/settings", "All settings.", settings::show),
        route(admin, Patch, "/api/v1/settings", "Change settings; what is left out stays as it is.", settings::update),
        route(user, Get, "/api/v1/audit", "Records of calls, newest first or oldest first.", audit::list),
        route(user, Get, "/api/v1/audit/head", "The signed end of the chain that seals the audit log.", audit::head)
            .or(&[Code::NotFound]),
        route(user, Get, "/api/v1/audit/counts", "How many calls there were over time, by what.", audit_counts::count),
        route(
            user,
            Get,
            "/api/v1/audit/facets",
            "The values that most calls have, to choose from.",
            audit_counts::list_facets,
        ),
        route(
            user,
            Get,
            "/api/v1/audit/stream",
            "Records as they are written, as server-sent events.",
            audit_stream::follow,
        ),
        route(user, Get, "/api/v1/audit/export", "All records that match, as a file.", audit::export),
        route(user, Get, "/api/v1/alerts", "Alerts, the one that opened last first.", alerts::list),
        route(user, Get, "/api/v1/alerts/{id}", "An alert with its history and comments.", alerts::show),
        route(admin, Post, "/api/v1/alerts/{id}/resolve", "Say how an alert was dealt with.", alerts::resolve)
            .or(&[AlertResolved]),
        route(admin, Post, "/api/v1/alerts/{id}/reopen", "Open a resolved alert again.", alerts::reopen)
            .or(&[AlertOpen]),
        route(admin, Post, "/api/v1/alerts/{id}/comments", "Say something about an alert.", alerts::comment)
            .status(&[201])
            .or(&[HistoryFull]),
        route(user, Get, "/api/v1/sessions", "Sessions, the one that started last first.", sessions::list),
        route(user, Get, "/api/v1/sessions/{id}", "A session.", sessions::show),
        route(
            manager,
            Post,
            "/api/v1/sessions/{id}/terminate",
            "Refuse a session's key from its address for a while.",
            sessions::terminate,
        )
        .or(&[KeyRevoked, InvalidField]),
        route(
            manager,
            Post,
            "/api/v1/explain",
            "What a gate would decide on a call, check by check, with a draft or without.",
            explain::explain,
        )
        .body_limit(DRAFT_BODY_LIMIT)
        .or(&[OdooUnreachable, UnusablePolicy]),
        route(
            manager,
            Post,
            "/api/v1/explain/cases",
            "The same of up to 100 calls, also with keys that need not exist.",
            explain::explain_all,
        )
        .body_limit(DRAFT_BODY_LIMIT)
        .or(&[OdooUnreachable, UnusablePolicy]),
        route(
            manager,
            Post,
            "/api/v1/explain/replay",
            "Which recorded calls a draft would decide otherwise.",
            explain::replay::replay,
        )
        .body_limit(DRAFT_BODY_LIMIT)
        .or(&[OdooUnreachable, UnusablePolicy, NotReady]),
        route(
            manager,
            Post,
            "/api/v1/policy/diff",
            "What a draft would change, and what of that loosens the policy.",
            policy::show,
        )
        .body_limit(DRAFT_BODY_LIMIT)
        .or(&[OdooUnreachable]),
        route(
            manager,
            Get,
            "/api/v1/suggestions",
            "The profile for what a key was recorded to do and to try.",
            suggestions::show,
        ),
        route(admin, Post, "/api/v1/emergency-revocation", "Revoke every active key, for ever.", emergency::revoke_all)
            .or(&[PlanChanged]),
        route(admin, Get, "/api/v1/pauses", "What is paused.", pauses::list),
        route(
            admin,
            Post,
            "/api/v1/pauses",
            "Stop all calls, those of a user or of a model, or all that write.",
            pauses::create,
        )
        .status(&[201]),
        // A pause and a token never change after they are made: their ids say which state is meant.
        route(admin, Delete, "/api/v1/pauses/{id}", "Lift a pause.", pauses::delete).unconditional(),
        route(admin, Get, "/api/v1/jobs", "What happens by the clock, and how it went.", jobs::list),
        route(admin, Get, "/api/v1/jobs/{name}", "A job.", jobs::show),
        route(admin, Patch, "/api/v1/jobs/{name}", "Change when a job runs.", jobs::update),
        route(admin, Post, "/api/v1/jobs/{name}/run", "Run a job now; 202 if it takes long.", jobs::run)
            .status(&[200, 202])
            .or(&[JobRunning]),
        route(admin, Get, "/api/v1/gates", "Gates, and which policy each runs.", gates::list),
        route(user, Get, "/api/v1/gates/in-force", "How many gates run a revision, and since when.", gates::in_force),
        route(admin, Post, "/api/v1/gates", "Make a gate; its token is shown this once.", gates::create)
            .status(&[201])
            .or(&[NameTaken]),
        route(admin, Get, "/api/v1/gates/{id}", "A gate.", gates::show),
        route(admin, Patch, "/api/v1/gates/{id}", "Rename a gate.", gates::update).or(&[NameTaken]),
        route(admin, Delete, "/api/v1/gates/{id}", "Delete a gate: its token is refused from now on.", gates::delete)
            .status(&[200, 204])
            .or(&[PlanChanged]),
        route(admin, Post, "/api/v1/gates/{id}/rotate", "Give a gate another token.", gates::rotate),
        route(
            admin,
            Post,
            "/api/v1/gates/{id}/revoke",
            "Refuse a gate until it is given another token.",
            gates::revoke,
        ),
        route(admin, Get, "/api/v1/outbox", "Messages to people and programs, newest first.", outbox::list),
        route(admin, Get, "/api/v1/outbox/status", "Whether mail can be sent, and how much waits.", outbox::status),
        route(admin, Post, "/api/v1/outbox/test", "Send a test, and say what became of it.", outbox::test)
            .or(&[MailNotConfigured]),
        route(admin, Get, "/api/v1/outbox/{id}", "A message, without what it says.", outbox::show),
        route(admin, Post, "/api/v1/outbox/{id}/resend", "Send a message at once, or again.", outbox::resend)
            .or(&[NotSendable]),
        route(admin, Get, "/api/v1/webhooks", "Webhooks, in the order in which they were made.", webhooks::list),
        route(admin, Post, "/api/v1/webhooks", "Make a webhook; its secret is shown this once.", webhooks::create)
            .status(&[201]),
        route(admin, Get, "/api/v1/webhooks/{id}", "A webhook.", webhooks::show),
        route(admin, Patch, "/api/v1/webhooks/{id}", "Change a webhook, but for its secret.", webhooks::update),
        route(admin, Delete, "/api/v1/webhooks/{id}", "Delete a webhook: what waits for it fails.", webhooks::delete),
        route(admin, Get, "/api/v1/accounts", "Accounts, in the order in which they were made.", accounts::list),
        route(admin, Post, "/api/v1/accounts", "Make an account.", accounts::create).status(&[201]).or(&[NameTaken]),
        route(admin, Get, "/api/v1/accounts/{id}", "An account.", accounts::show),
        route(admin, Patch, "/api/v1/accounts/{id}", "Change an account.", accounts::update)
            .or(&[NameTaken, LastAdmin]),
        route(admin, Delete, "/api/v1/accounts/{id}", "Delete an account and its tokens.", accounts::delete)
            .or(&[LastAdmin]),
        route(admin, Put, "/api/v1/accounts/{id}/password", "Set a password.", accounts::set_password).or(&[LastAdmin]),
        route(admin, Delete, "/api/v1/accounts/{id}/password", "Take a password away.", accounts::remove_password)
            .or(&[LastAdmin]),
        route(admin, Get, "/api/v1/tokens", "Tokens, without their text.", tokens::list),
        route(admin, Post, "/api/v1/tokens", "Make a token; its text is shown this once.", tokens::create)
            .status(&[201]),
        route(admin, Delete, "/api/v1/tokens/{id}", "Delete a token: it is refused from now on.", tokens::delete)
            .unconditional()
            .or(&[LastAdmin]),
    ]
}

/// The routes of the listener for gates.
pub fn gate_table() -> Vec<Route<App>> {
    vec![
        wire_route(Access::Public, Verb::Get, "/healthz", health::live),
        wire_route(Access::Gate, Verb::Get, wire::POLICY_PATH, gate_v1::policy),
        wire_route(Access::Gate, Verb::Post, wire::EVENTS_PATH, gate_v1::events),
    ]
}

/// The listener for administrators.
pub fn api(app: &App) -> Router {
    router(app, api_table(), API_BODY_LIMIT, any(console::show))
        .layer(Extension(Documents::of(api_table)))
        .layer(middleware::from_fn(no_store))
}

/// The listener for gates.
pub fn gate(app: &App) -> Router {
    let nothing = async || Problem::new(Code::NotFound, "There is no such path; gates know theirs.");
    router(app, gate_table(), EVENTS_BODY_LIMIT, any(nothing)).layer(middleware::from_fn(gate_v1::version_header))
}

/// `otherwise` answers the paths that no route has.
fn router(app: &App, table: Vec<Route<App>>, body_limit: usize, otherwise: MethodRouter<App>) -> Router {
    let empty: Router<App> = Router::new();
    let routes = table.into_iter().fold(empty, |router, route| {
        let check = middleware::from_fn_with_state((app.clone(), route.access), require);
        let answer = match route.needs_precondition {
            true => route.answer.route_layer(middleware::from_fn(etag::require)),
            false => route.answer,
        };
        router.route(route.path, answer.route_layer(check))
    });
    routes
        .fallback(otherwise)
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed, "The header 'Allow' lists those."))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(middleware::from_fn(tell_revision))
        .layer(middleware::from_fn(give_up))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::count))
        .with_state(app.clone())
}

/// Nobody waits for ever for a database that does not answer.
async fn give_up(request: Request, next: Next) -> Response {
    let answer = in_time(async { Ok::<_, StoreError>(next.run(request).await) });
    answer.await.unwrap_or_else(|error| Problem::from(error).into_response())
}

/// Says with the answer to a change which revision it made: `gates/in-force` tells where that is in force.
async fn tell_revision(request: Request, next: Next) -> Response {
    let (mut response, made) = telling(next.run(request)).await;
    if let Some(revision) = made {
        response.headers_mut().insert(REVISION_HEADER, revision.0.into());
    }
    response
}

/// Answers may hold keys, tokens and names: no cache keeps them. Only the console's files say something else.
async fn no_store(request: Request, next: Next) -> Response {
    use axum::http::{HeaderValue, header};
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
