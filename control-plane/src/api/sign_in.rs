//! `sign-in`, `sign-out` and `me`: how people get in with a password, and who they are then.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::accounts::keep_an_admin;
use crate::api::auth::Presented;
use crate::app::change::{Done, change};
use crate::app::sign_in_limit::Attempt;
use crate::app::{App, passwords, tokens};
use crate::domain::actor::{Actor, Role};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::http::cookie::{SESSION, WithCookie};
use crate::http::extract::Body;
use crate::http::listen::Peer;
use crate::secrets::random;
use crate::store::accounts::{self, Account};
use crate::store::admin_audit::{self, Entry};
use crate::store::tokens::{self as stored, Token};
use crate::store::{ChangeTx, OrAbsent as _, if_proven};

/// A name and its password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    name: String,
    password: Secret,
    /// Whether the token is to be kept by a browser, in a cookie that no script can read, and not shown.
    #[serde(default)]
    cookie: bool,
}

/// Who signed in.
#[derive(Serialize, JsonSchema)]
pub struct SignedIn {
    /// The account's id.
    account_id: String,
    /// What the token may do.
    role: Role,
    /// Shown this once; left out if it went into a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Secret>,
    /// With a cookie: what every request but `GET` must repeat in the header `X-CSRF-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<Secret>,
    /// When the token ends, unless somebody signs out before.
    expires_at: Moment,
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
pub struct Me {
    /// The account.
    account: Account,
    /// The token that was sent; after its `expires_at` it is refused.
    token: Token,
    /// If the token came in a cookie: what every request but `GET` must repeat in the header `X-CSRF-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<Secret>,
    /// What it may do: the smaller of the account's role and the token's.
    role: Role,
}

/// A change of the own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current_password: Secret,
    /// 12 to 128 characters.
    new_password: Secret,
}

/// The ways to sign in.
#[derive(Serialize, JsonSchema)]
pub struct Ways {
    /// With the name and the password of an account.
    password: bool,
    /// At a provider of OpenID Connect, if one is configured.
    oidc: Option<AtProvider>,
}

/// A provider of OpenID Connect.
#[derive(Serialize, JsonSchema)]
pub struct AtProvider {
    /// The words on the button.
    label: String,
    /// Where the button leads; with `return_to`, a path, people come back to that.
    start: &'static str,
}

/// `GET /api/v1/sign-in`
pub async fn ways(State(app): State<App>) -> Json<Ways> {
    let oidc = app.entrance.get().and_then(|entrance| entrance.oidc.as_ref());
    let oidc = oidc.map(|oidc| AtProvider { label: oidc.label.clone(), start: "/api/v1/oidc/start" });
    Json(Ways { password: true, oidc })
}

/// `POST /api/v1/sign-in`
pub async fn sign_in(
    State(app): State<App>,
    peer: Peer,
    Body(given): Body<Credentials>,
) -> Result<WithCookie<Json<SignedIn>>> {
    let refused =
        || Problem::new(Code::SignInRefused, "Check the name and the password; an administrator can set another.");
    let account = authenticated(&app, &peer, &given.name, given.password).await?.ok_or_else(refused)?;
    let issued = let_in(&app, &peer, &account, refused).await?;
    let Account { id: account_id, role, .. } = account;
    let expires_at = issued.record.expires_at.unwrap_or(issued.record.created_at);
    if !given.cookie {
        let token = Some(issued.token);
        return Ok(WithCookie(None, Json(SignedIn { account_id, role, token, csrf_token: None, expires_at })));
    }
    let cookie = SESSION.set(app.is_https(), issued.token.expose(), tokens::SIGN_IN_LASTS);
    let csrf_token = Some(random::Token::presented(issued.token.expose()).csrf());
    Ok(WithCookie(cookie, Json(SignedIn { account_id, role, token: None, csrf_token, expires_at })))
}

/// `POST /api/v1/sign-out`: the token that is sent is refused from now on, whether a sign-in made it or not.
pub async fn sign_out(State(app): State<App>, actor: Actor, presented: Presented) -> Result<WithCookie<StatusCode>> {
    change(&app, &actor, async |tx| {
        stored::delete(tx, &presented.token_id).await?;
        keep_an_admin(tx).await?;
        let told = json!({"token": presented.token_id});
        Ok(((), Done::new("account.sign_out", &actor.id, None, Some(&told))))
    })
    .await?;
    let cookie = presented.csrf.and_then(|_| SESSION.clear(app.is_https()));
    Ok(WithCookie(cookie, StatusCode::NO_CONTENT))
}

/// `GET /api/v1/me`
pub async fn me(State(app): State<App>, presented: Presented) -> Result<Json<Me>> {
    let mut connection = app.store.read().await?;
    let token = stored::find(&mut connection, &presented.token_id).await?.or_absent("token")?;
    let account = accounts::find(&mut connection, &token.account_id).await?.or_absent("account")?;
    Ok(Json(Me { role: account.role.min(token.role), account, token, csrf_token: presented.csrf }))
}

/// `PUT /api/v1/me/password`: whoever else signed in to the account is signed out.
pub async fn change_password(
    State(app): State<App>,
    actor: Actor,
    presented: Presented,
    peer: Peer,
    Body(given): Body<NewPassword>,
) -> Result<StatusCode> {
    passwords::validate("new_password", &given.new_password)?;
    let account = accounts::find(&mut *app.store.read().await?, &actor.id).await?.or_absent("account")?;
    let refused = || {
        let detail = "It is wrong, or the account has none yet: an administrator can set one.";
        Problem::invalid("current_password", detail)
    };
    let account = authenticated(&app, &peer, &account.name, given.current_password).await?.ok_or_else(refused)?;
    let hash = app.passwords.hash(given.new_password).await?;
    change(&app, &actor, async |tx| {
        if !is_as_it_was(tx, &account).await? {
            return Err(refused());
        }
        accounts::set_password(tx, &actor.id, Some(&hash)).await?;
        stored::sign_out_all(tx, &actor.id, Some(&presented.token_id)).await?;
        Ok(((), Done::new::<()>("account.password_change", &actor.id, None, None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the token of somebody who has just shown who they are.
pub(crate) async fn let_in(
    app: &App,
    peer: &Peer,
    account: &Account,
    refused: impl Fn() -> Problem,
) -> Result<tokens::Issued> {
    let actor = Actor { id: account.id.clone(), role: account.role };
    change(app, &actor, async |tx| {
        if !is_as_it_was(tx, account).await? {
            return Err(refused());
        }
        let issued = tokens::sign_in(tx, account).await?;
        let told = json!({"address": peer.text(), "token": issued.record.id});
        Ok((issued, Done::new("account.sign_in", &account.id, None, Some(&told))))
    })
    .await
}

/// Whether nobody has changed the account since its password was looked at, which takes a while: what an administrator did
/// meanwhile, who signed everybody out, holds.
async fn is_as_it_was(tx: &mut ChangeTx, account: &Account) -> Result<bool> {
    Ok(if_proven(accounts::find(tx, &account.id).await)?.is_some_and(|now| now.changed == account.changed))
}

/// The active account with this name and password. Attempts are braked, and each that fails is recorded.
async fn authenticated(app: &App, peer: &Peer, name: &str, given: Secret) -> Result<Option<Account>> {
    let attempt = Attempt::begin(app, name, peer.0).await?;
    let found = if_proven(accounts::find_by_name(&mut *app.store.read().await?, name).await)?;
    let (account, hash) = found.unzip();
    // A password that nobody can have costs no work: it tells nothing of the account either.
    let is_right = passwords::is_possible(&given) && app.passwords.is_right(given, hash.flatten()).await?;
    if let Some(account) = account.as_ref().filter(|account| is_right && account.active) {
        attempt.succeeded(app).await?;
        return Ok(Some(account.clone()));
    }
    let entry = Entry {
        actor: "nobody".to_owned(),
        action: "account.sign_in_refused",
        // Not the name that was given: it may be a password in the wrong place.
        object: account.map_or_else(|| "unknown".to_owned(), |account| account.id),
        difference: json!({"address": [null, peer.text()]}),
    };
    admin_audit::note(&app.store, &entry).await?;
    Ok(None)
}
