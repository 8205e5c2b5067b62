//! `users`: whom keys act for, and the Odoo credential that takes their place.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lictor_policy::odoo::{administrators, is_api_key};
use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::change_one::{Removed, change_one, remove_one_planned};
use crate::app::App;
use crate::app::change::{Done, change};
use crate::clients::odoo::OdooError;
use crate::domain::actor::Actor;
use crate::domain::plan::{Counts, DryRun};
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::validate;
use crate::http::cursor::{Page, PageQuery, Window};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Body, Id, Patch, Query};
use crate::secrets::random;
use crate::store::snapshot::Part;
use crate::store::users::{self, Named, Refused, Upstream, User};
use crate::store::{OrAbsent as _, StoreError};
use crate::tasks::credentials;

/// What an administrator says about a user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UserFields")]
#[serde(deny_unknown_fields)]
pub struct Given {
    name: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    upstream: Credential,
    /// Whether it may be an administrator of Odoo.
    #[serde(default)]
    privileged: bool,
}

/// A user, and what gates do with its calls.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct View {
    #[serde(flatten)]
    user: User,
    /// Why gates refuse its calls; null if they do not.
    refused: Option<Refused>,
}

impl From<User> for View {
    fn from(user: User) -> Self {
        Self { refused: user.refused(), user }
    }
}

/// The Odoo credential of a user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Credential {
    database: String,
    login: String,
    /// Write-only: never there in what is read, so a change without it keeps the one that is stored.
    #[serde(default, skip_serializing)]
    secret: Option<Secret>,
}

impl Given {
    fn of(user: &User) -> Self {
        let Upstream { database, login, .. } = user.upstream.clone();
        Self {
            name: user.name.clone(),
            email: user.email.clone(),
            groups: user.groups.clone(),
            upstream: Credential { database, login, secret: None },
            privileged: user.privileged,
        }
    }

    fn validate(&self) -> Result<()> {
        validate::text("name", &self.name)?;
        self.email.as_deref().map_or(Ok(()), |address| validate::email("email", address))?;
        validate::texts("groups", &self.groups)?;
        validate::text("upstream.database", &self.upstream.database)?;
        validate::text("upstream.login", &self.upstream.login)?;
        self.upstream.secret.as_ref().map_or(Ok(()), |secret| validate::text("upstream.secret", secret.expose()))
    }
}

/// `GET /api/v1/users`
pub async fn list(State(app): State<App>, Query(query): Query<PageQuery>) -> Result<Json<Page<View>>> {
    let window = query.window()?;
    let after = window.after.clone().unwrap_or_default();
    let found = users::list(&mut *app.store.read().await?, &after, window.row_limit()).await?;
    let views = found.into_iter().map(View::from).collect();
    Ok(Json(window.page(views, |view: &View| view.user.id.clone())))
}

/// Whose name is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesQuery {
    /// How many; 1 to 500, 50 if left out.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Users with this in their name, in whatever case.
    q: Option<String>,
}

/// `GET /api/v1/users/names`: whom a key can be made for, for those who make keys and look after no users.
pub async fn names(State(app): State<App>, Query(query): Query<NamesQuery>) -> Result<Json<Page<Named>>> {
    let window: Window<String> = Window::new(query.limit, query.cursor.as_deref())?;
    let (text, after) = (query.q.unwrap_or_default(), window.after.clone().unwrap_or_default());
    let found = users::named(&mut *app.store.read().await?, &text, &after, window.row_limit()).await?;
    Ok(Json(window.page(found, |user| user.id.clone())))
}

/// `GET /api/v1/users/{id}`
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Tagged<View>> {
    let user = users::find(&mut *app.store.read().await?, &id).await?.or_absent("user")?;
    Ok(Tagged(StatusCode::OK, user.changed, user.into()))
}

/// `POST /api/v1/users`: Odoo is asked whose the credential is, before the transaction begins.
pub async fn create(State(app): State<App>, actor: Actor, Body(given): Body<Given>) -> Result<Tagged<View>> {
    given.validate()?;
    let id = random::id();
    let (upstream, odoo_groups) = verified(&app, &id, &given).await?;
    let user = change(&app, &actor, async |tx| {
        let user = User {
            id,
            name: given.name,
            email: given.email,
            groups: given.groups,
            odoo_groups,
            upstream,
            privileged: given.privileged,
            created_at: tx.now(),
            changed: tx.revision(),
        };
        users::put(tx, &user).await?;
        let done = Done::new("user.create", &user.id, None, Some(&user)).touching(Part::User(user.id.clone()));
        Ok((user, done))
    })
    .await?;
    Ok(Tagged(StatusCode::CREATED, user.changed, user.into()))
}

/// `PATCH /api/v1/users/{id}`: another login or database needs the secret again.
pub async fn update(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    patch: Patch<Given>,
) -> Result<Tagged<View>> {
    let before = users::find(&mut *app.store.read().await?, &id).await?.or_absent("user")?;
    let given = patch.over(&Given::of(&before))?;
    given.validate()?;
    let (upstream, odoo_groups) = if given.upstream.secret.is_some() {
        verified(&app, &id, &given).await?
    } else if (&given.upstream.database, &given.upstream.login) == (&before.upstream.database, &before.upstream.login) {
        (before.upstream.clone(), before.odoo_groups.clone())
    } else {
        let detail = "Give the secret of the new login and database with them.";
        return Err(Problem::with_field(Code::SecretRequired, "upstream.secret", detail));
    };
    let user = change_one(&app, &actor, "user.update", &id, &if_match, users::find, async |tx, current: &User| {
        // Odoo was asked about the record as it was before the transaction: it must still be that one.
        if current.changed != before.changed {
            return Err(Problem::new(Code::PreconditionFailed, "Somebody else changed the user: repeat the change."));
        }
        let Given { name, email, groups, privileged, .. } = given;
        let changed = tx.revision();
        let user = User { name, email, groups, odoo_groups, upstream, privileged, changed, ..current.clone() };
        // One that was refused before may be changed in other ways; the gates refuse it still.
        if user.refused() == Some(Refused::Administrator) && current.refused() != Some(Refused::Administrator) {
            return Err(administrator(&user.upstream.login, user.administrator_groups()));
        }
        users::put(tx, &user).await?;
        Ok((user, Some(Part::User(id.clone()))))
    })
    .await?;
    Ok(Tagged(StatusCode::OK, user.changed, user.into()))
}

/// `DELETE /api/v1/users/{id}`
pub async fn delete(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id,
    if_match: IfMatch,
    Query(dry): Query<DryRun>,
) -> Result<Removed> {
    remove_one_planned(&app, &actor, &dry, &id, &if_match, users::look, async |tx, _| {
        users::delete(tx, &id).await.map_err(|error| match error {
            StoreError::Referenced => Problem::new(
                Code::UserHasKeys,
                format!("Delete the user's keys first; GET /api/v1/keys?user_id={id} lists them."),
            ),
            error => error.into(),
        })?;
        Ok(Counts::from([("users", 1)]))
    })
    .await
}

/// `POST /api/v1/users/{id}/check`: tries the stored credential at Odoo now, and reads the groups.
pub async fn check(State(app): State<App>, actor: Actor, Id(id): Id) -> Result<Tagged<View>> {
    let user = credentials::check(&app, &actor, &id).await?;
    Ok(Tagged(StatusCode::OK, user.changed, user.into()))
}

/// Asks Odoo whose the credential is and what its groups are, then seals the secret for the user. Refuses an administrator of
/// Odoo who may be none, and one of whom Odoo does not tell.
async fn verified(app: &App, user_id: &str, given: &Given) -> Result<(Upstream, Vec<String>)> {
    let Credential { database, login, secret } = &given.upstream;
    let Some(secret) = secret else {
        let detail = "Give the user's Odoo password or API key.";
        return Err(Problem::with_field(Code::MissingField, "upstream.secret", detail));
    };
    let refused = |detail| Problem::with_field(Code::UpstreamCredentialRejected, "upstream.secret", detail);
    let uid = app.odoo.authenticate_new(database, login, secret).await.map_err(|error| match error {
        OdooError::NeedsApiKey => refused(
            "The password is right, but the user has two-factor authentication, with which Odoo's API takes only API \
             keys: make one in Odoo, in the user's preferences under Security, and give that.",
        ),
        OdooError::Rejected if is_api_key(secret.expose().as_bytes()) => refused(
            "Odoo does not take this API key: it has expired, was removed, or belongs to another login or database. \
             Make one in Odoo, in the user's preferences under Security.",
        ),
        OdooError::Rejected => refused("Check database, login and secret: Odoo knows no such login with this secret."),
        error => Problem::new(Code::OdooUnreachable, format!("{error}.")),
    })?;
    let sealed = app.vault.seal(secret, &Upstream::owner(user_id)).map_err(Problem::internal)?;
    let (look, now) = (credentials::look(app, user_id, database, uid, secret).await, app.now());
    match &look {
        _ if given.privileged => {}
        None => return Err(Problem::new(Code::OdooUnreachable, GROUPS_UNKNOWN)),
        Some(look) => {
            let mut groups = administrators::among(look.groups.iter().map(String::as_str)).peekable();
            if groups.peek().is_some() {
                return Err(administrator(login, groups));
            }
        }
    }
    let (groups, ends_at) = look.map_or((Vec::new(), None), |look| (look.groups, look.ends_at));
    let (database, login) = (database.clone(), login.clone());
    Ok((Upstream { database, login, uid: uid.0, sealed, rejected: false, checked_at: Some(now), ends_at }, groups))
}

const GROUPS_UNKNOWN: &str = "Odoo did not say which groups the user has, so nobody knows whether it is an administrator: try \
                              again, or say with `privileged` that it may be one.";

/// Says that the user is one, and what to do.
fn administrator<'g>(login: &str, groups: impl Iterator<Item = &'g str>) -> Problem {
    let groups = groups.collect::<Vec<_>>().join(", ");
    let detail = format!(
        "{login} is in {groups}: as good as an administrator of Odoo, and so would be every key of the user. Make a user in \
         Odoo with Role / User and the groups that it needs, and give that one. (Odoo 19 gives a new user whose groups \
         nobody chose 21 groups of managers, the website designer's among them.) If it must be this one, set `privileged`."
    );
    Problem::with_field(Code::UpstreamAdministrator, "privileged", detail)
}
