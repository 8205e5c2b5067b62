//! `sign-in`, `sign-out` and `me`: how people get in with a password, and who they are then.

use std::time::Duration;

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
use crate::app::tokens::issue;
use crate::app::{App, passwords};
use crate::domain::actor::{Actor, Role};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::http::extract::Body;
use crate::http::listen::Peer;
use crate::secrets::random;
use crate::store::accounts::{self, Account};
use crate::store::admin_audit::{self, Entry};
use crate::store::tokens::{self, Token};
use crate::store::{ChangeTx, OrAbsent as _, if_proven};

/// A working day.
const LASTS: Duration = Duration::from_secs(8 * 3600);

/// A name and its password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    name: String,
    password: Secret,
}

/// Who signed in.
#[derive(Serialize, JsonSchema)]
pub struct SignedIn {
    /// The account's id.
    account_id: String,
    /// What the token may do.
    role: Role,
    /// Shown this once.
    token: Secret,
    /// When the token ends, unless somebody signs out before.
    expires_at: Moment,
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
pub struct Me {
    /// The account.
    account: Account,
    /// The token that was sent.
    token: Token,
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

/// `POST /api/v1/sign-in`
pub async fn sign_in(State(app): State<App>, peer: Peer, Body(given): Body<Credentials>) -> Result<Json<SignedIn>> {
    let refused =
        || Problem::new(Code::SignInRefused, "Check the name and the password; an administrator can set another.");
    let account = authenticated(&app, &peer, &given.name, given.password).await?.ok_or_else(refused)?;
    let actor = Actor { id: account.id.clone(), role: account.role };
    let (token, expires_at) = change(&app, &actor, async |tx| {
        if !is_as_it_was(tx, &account).await? {
            return Err(refused());
        }
        tokens::delete_ended_sign_ins(tx).await?;
        let (now, expires_at) = (tx.now(), tx.now().plus(LASTS));
        let record = Token {
            id: random::id(),
            account_id: account.id.clone(),
            name: "sign-in".to_owned(),
            role: account.role,
            created_at: now,
            expires_at: Some(expires_at),
            of_sign_in: true,
        };
        let issued = issue(tx, record).await?;
        let told = json!({"address": peer.text(), "token": issued.record.id});
        Ok(((issued.token, expires_at), Done::new("account.sign_in", &account.id, None, Some(&told))))
    })
    .await?;
    Ok(Json(SignedIn { account_id: account.id, role: account.role, token, expires_at }))
}

/// `POST /api/v1/sign-out`: the token that is sent is refused from now on, whether a sign-in made it or not.
pub async fn sign_out(State(app): State<App>, actor: Actor, presented: Presented) -> Result<StatusCode> {
    change(&app, &actor, async |tx| {
        tokens::delete(tx, &presented.token_id).await?;
        keep_an_admin(tx).await?;
        let told = json!({"token": presented.token_id});
        Ok(((), Done::new("account.sign_out", &actor.id, None, Some(&told))))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/me`
pub async fn me(State(app): State<App>, presented: Presented) -> Result<Json<Me>> {
    let mut connection = app.store.read().await?;
    let token = tokens::find(&mut connection, &presented.token_id).await?.or_absent("token")?;
    let account = accounts::find(&mut connection, &token.account_id).await?.or_absent("account")?;
    Ok(Json(Me { role: account.role.min(token.role), account, token }))
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
        tokens::sign_out_all(tx, &actor.id, Some(&presented.token_id)).await?;
        Ok(((), Done::new::<()>("account.password_change", &actor.id, None, None)))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
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
