//! `oidc`: people sign in at a provider of OpenID Connect. They come here by links, so what goes wrong is a page.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::api::accounts::keep_an_admin;
use crate::api::sign_in::let_in;
use crate::app::change::{Done, change};
use crate::app::provider::{Identity, Oidc, PATIENCE, Refused};
use crate::app::{App, tokens};
use crate::clients::provider::ProviderError;
use crate::domain::actor::{Actor, Role};
use crate::domain::html::escape;
use crate::domain::problem::{Code, Problem, Result};
use crate::http::cookie::{PROVIDER, SESSION, WithCookie};
use crate::http::embedded::PROTECTION;
use crate::http::listen::Peer;
use crate::http::openapi::describe::{Input, Output};
use crate::http::openapi::operation::Operation;
use crate::secrets::random;
use crate::store::accounts::{self, Account};
use crate::store::admin_audit::{self, Entry};
use crate::store::tokens as stored;

const HTML: &str = "text/html; charset=utf-8";

/// Where to go after signing in.
#[derive(Deserialize, JsonSchema)]
pub struct Start {
    /// A path of the console; `/` if left out.
    #[schemars(length(max = 1000))]
    return_to: Option<String>,
}

/// The query that the provider sends a browser back with.
#[derive(Deserialize, JsonSchema)]
pub struct Callback {
    /// The state that `start` sent.
    #[schemars(length(max = 4096))]
    state: Option<String>,
    /// Stands for who signed in; left out if nobody did.
    #[schemars(length(max = 4096))]
    code: Option<String>,
}

/// A query that another program has written: it may have more in it, and be long.
pub struct Sent<T>(T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let read = axum::extract::Query::try_from_uri(&parts.uri).map(|axum::extract::Query(query)| Self(query));
        read.map_err(|_| Problem::invalid("query", "Give each parameter once."))
    }
}

impl<T: JsonSchema + 'static> Input for Sent<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_query::<T>();
        operation.may_refuse(&[Code::InvalidField]);
    }
}

/// A page for people, or the way to another.
pub struct Page {
    status: StatusCode,
    location: Option<HeaderValue>,
    content: String,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lictor: signing in</title></head><body>{}\
             </body></html>\n",
            self.content
        );
        let mut response = (self.status, PROTECTION, [(header::CONTENT_TYPE, HTML)], page).into_response();
        response.headers_mut().extend(self.location.map(|location| (header::LOCATION, location)));
        response
    }
}

impl Output for Page {
    fn describe(operation: &mut Operation) {
        operation.answers_media(HTML, json!({"type": "string"}));
    }
}

impl Page {
    fn of(location: &str) -> Result<Self> {
        let header = HeaderValue::try_from(location).map_err(Problem::internal)?;
        let content = format!("<p><a href=\"{}\">Go on.</a></p>", escape(location));
        Ok(Self { status: StatusCode::SEE_OTHER, location: Some(header), content })
    }

    /// The page for whoever is not signed in.
    fn refusing(refused: Refused) -> Result<Self> {
        let (status, advice) = match refused {
            // Such as the last administrator, whose groups would make another role of it: that is for people as well.
            Refused::Problem(problem) if problem.code.row().1.is_client_error() => {
                let (_, status, title) = problem.code.row();
                return Ok(Self::of_refusal(status, &format!("{title}. {problem}")));
            }
            Refused::Problem(problem) => return Err(problem),
            Refused::NotBegun | Refused::Provider(ProviderError::CodeRefused) => {
                (StatusCode::BAD_REQUEST, "Begin again in this browser.")
            }
            Refused::Provider(_) => {
                (StatusCode::BAD_GATEWAY, "Try again, and tell your administrator if it stays so: the log says more.")
            }
            Refused::Token(_) => (StatusCode::FORBIDDEN, "Tell your administrator: the log says more."),
            Refused::ByProvider => (StatusCode::FORBIDDEN, "Try again, or ask who looks after the provider."),
            Refused::NoGroup => {
                (StatusCode::FORBIDDEN, "Ask your administrator for a group that has a role in Lictor.")
            }
            Refused::Inactive => (StatusCode::FORBIDDEN, "Ask an administrator of Lictor to activate it."),
        };
        Ok(Self::of_refusal(status, &format!("Because {refused}. {advice}")))
    }

    fn of_refusal(status: StatusCode, text: &str) -> Self {
        let content = format!(
            "<h1>You are not signed in</h1><p>{}</p><p><a href=\"/api/v1/oidc/start\">Try again</a> or <a href=\"/\">go \
             back</a>.</p>",
            escape(text)
        );
        Self { status, location: None, content }
    }
}

/// `GET /api/v1/oidc/start`: sends the browser to the provider.
pub async fn start(State(app): State<App>, Sent(asked): Sent<Start>) -> Result<WithCookie<Page>> {
    let oidc = configured(&app)?;
    match oidc.begin(&app, asked.return_to.as_deref().unwrap_or("/")).await {
        Ok(begun) => {
            let cookie = PROVIDER.set(app.is_https(), begun.sealed.text(), PATIENCE);
            Ok(WithCookie(cookie, Page::of(&begun.location)?))
        }
        Err(refused) => {
            tracing::warn!(why = %refused, "nobody can sign in at the provider");
            Ok(WithCookie(None, Page::refusing(refused)?))
        }
    }
}

/// The cookies that an answer to the callback sets: the end of what `start` began, and the session, if there is one.
type Ended = WithCookie<WithCookie<Page>>;

/// The sealed state that the browser kept.
pub struct Kept(Option<String>);

impl FromRequestParts<App> for Kept {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Ok(Self(PROVIDER.read(&parts.headers, app.is_https()).map(str::to_owned)))
    }
}

impl Input for Kept {
    fn describe(_: &mut Operation) {}
}

/// `GET /api/v1/oidc/callback`: signs in whom the provider has let in and whose groups have a role.
pub async fn callback(State(app): State<App>, peer: Peer, kept: Kept, Sent(given): Sent<Callback>) -> Result<Ended> {
    let oidc = configured(&app)?;
    let ended = PROVIDER.clear(app.is_https());
    match sign_in(&app, &oidc, &peer, kept, given).await {
        Ok((issued, return_to)) => {
            let session = SESSION.set(app.is_https(), issued.token.expose(), tokens::SIGN_IN_LASTS);
            Ok(WithCookie(ended, WithCookie(session, Page::of(&return_to)?)))
        }
        Err(refused) => {
            tracing::warn!(why = %refused, "a sign-in at the provider is refused");
            Ok(WithCookie(ended, WithCookie(None, Page::refusing(refused)?)))
        }
    }
}

fn configured(app: &App) -> Result<Arc<Oidc>> {
    let oidc = app.entrance.get().and_then(|entrance| entrance.oidc.clone());
    oidc.ok_or_else(|| Problem::new(Code::NotFound, "No provider is configured: see --oidc-issuer of lictor serve."))
}

async fn sign_in(
    app: &App,
    oidc: &Oidc,
    peer: &Peer,
    Kept(kept): Kept,
    given: Callback,
) -> Result<(tokens::Issued, String), Refused> {
    let (sealed, state) = kept.zip(given.state).ok_or(Refused::NotBegun)?;
    let identity = oidc.end(app, &sealed, &state, given.code.as_deref()).await?;
    let issuer = oidc.provider.issuer.as_str();
    let find = async || accounts::find_by_identity(&mut *app.store.read().await?, issuer, &identity.subject).await;
    let found = find().await.map_err(Problem::from)?;
    let Some(role) = identity.role else {
        shut_out(app, peer, found).await?;
        return Err(Refused::NoGroup);
    };
    let account = match found {
        Some(account) if !account.active => return Err(Refused::Inactive),
        Some(account) if account.role == role => account,
        Some(account) => give_role(app, &account.id, role).await?,
        None => make(app, issuer, &identity, role).await?,
    };
    Ok((let_in(app, peer, &account, changed_meanwhile).await?, identity.return_to))
}

async fn make(app: &App, issuer: &str, identity: &Identity, role: Role) -> Result<Account> {
    change(app, &Actor::system(), async |tx| {
        let id = random::id();
        // Names are unique, and somebody else may have this one.
        let is_taken = accounts::find_by_name(tx, &identity.name).await?.is_some();
        let name = if is_taken { format!("{} ({id})", identity.name) } else { identity.name.clone() };
        let (created_at, changed) = (tx.now(), tx.revision());
        let account =
            Account { id, name, role, active: true, has_password: false, of_provider: true, created_at, changed };
        accounts::insert(tx, &account).await?;
        accounts::set_identity(tx, &account.id, issuer, &identity.subject).await?;
        let done = Done::new("account.create", &account.id, None, Some(&account));
        Ok((account, done))
    })
    .await
}

fn changed_meanwhile() -> Problem {
    Problem::new(Code::PreconditionFailed, "The account was changed meanwhile: sign in again.")
}

async fn give_role(app: &App, id: &str, role: Role) -> Result<Account> {
    change(app, &Actor::system(), async |tx| {
        // As it is in this transaction: an administrator may just have deactivated it.
        let before = accounts::find(tx, id).await?.ok_or_else(changed_meanwhile)?;
        let account = Account { role, changed: tx.revision(), ..before.clone() };
        accounts::update(tx, &account).await?;
        keep_an_admin(tx).await?;
        let done = Done::new("account.update", &account.id, Some(&before), Some(&account));
        Ok((account, done))
    })
    .await
}

/// Ends the sessions of somebody who has no group with a role any more, and records that they wanted in.
async fn shut_out(app: &App, peer: &Peer, account: Option<Account>) -> Result<()> {
    let action = "account.sign_in_refused";
    let Some(account) = account else {
        let difference = json!({"address": [null, peer.text()], "reason": [null, "no group has a role"]});
        let entry = Entry { actor: "nobody".to_owned(), action, object: "unknown".to_owned(), difference };
        return Ok(admin_audit::note(&app.store, &entry).await?);
    };
    change(app, &Actor::system(), async |tx| {
        stored::sign_out_all(tx, &account.id, None).await?;
        let told = json!({"address": peer.text(), "reason": "no group has a role"});
        Ok(((), Done::new(action, &account.id, None, Some(&told))))
    })
    .await
}
