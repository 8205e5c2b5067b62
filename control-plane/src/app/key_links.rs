//! Links to pages that show a new key once.

use lictor_policy::secret::Secret;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::secrets::random::{self, Token};
use crate::secrets::stored::Sealed;
use crate::store::key_links::{self, Link, owner};
use crate::store::{ChangeTx, Connection, if_proven, keys};

/// Makes a link to a key, and answers its URL: whoever has that sees the key.
pub async fn make(tx: &mut ChangeTx, base: &str, key_id: &str, key: &Secret, expires_at: Moment) -> Result<Secret> {
    let token = Token::of_link().map_err(Problem::internal)?;
    let id = random::id();
    let vault = tx.vault()?;
    let sealed = vault.seal(key, &owner(&id)).map_err(Problem::internal)?;
    let link = Link { key_id: key_id.to_owned(), sealed: Some(sealed), expires_at, opened_at: None, id };
    key_links::insert(tx, &link, &token.hash()).await?;
    Ok(Secret::new(format!("{}/link/{}", base.trim_end_matches('/'), token.expose())))
}

/// Whether a link still shows its key.
#[derive(Debug)]
pub enum State {
    /// It shows its key when it is opened.
    Ready,
    /// It has shown it.
    Opened(Moment),
    /// It never existed, has ended, or its key cannot be used any more.
    Gone,
}

/// What the link with a token is good for. Changes nothing: programs that check mail follow every link.
pub async fn state(app: &App, token: &str) -> Result<State> {
    Ok(look(&mut *app.store.read().await?, token, app.now()).await?.0)
}

/// Shows the key, this once.
///
/// # Errors
/// The state of a link that shows nothing.
pub async fn open(app: &App, token: &str) -> Result<Result<Secret, State>> {
    let opened = change(app, &Actor::system(), async |tx| {
        let now = tx.now();
        let (state, link) = look(tx, token, now).await?;
        let Some((link, sealed)) = link.filter(|_| matches!(state, State::Ready)) else {
            return Err(Problem::new(Code::PreconditionFailed, "The link shows nothing."));
        };
        let key = tx.vault()?.open(&sealed, &owner(&link.id)).map_err(Problem::internal)?;
        key_links::open(tx, &link.id).await?;
        Ok((key, Done::new::<()>("key.link_open", &link.key_id, None, None)))
    })
    .await;
    match opened {
        Ok(key) => Ok(Ok(key)),
        Err(problem) if problem.code == Code::PreconditionFailed => Ok(Err(state(app, token).await?)),
        Err(problem) => Err(problem),
    }
}

async fn look(connection: &mut Connection, token: &str, now: Moment) -> Result<(State, Option<(Link, Sealed)>)> {
    let Some(link) = if_proven(key_links::find(connection, &Token::presented(token).hash()).await)? else {
        return Ok((State::Gone, None));
    };
    if let Some(at) = link.opened_at {
        return Ok((State::Opened(at), None));
    }
    let key = if_proven(keys::find(connection, &link.key_id).await)?;
    let is_usable = key.is_some_and(|key| {
        key.terms.active && key.revoked_at.is_none() && key.terms.expires_at.is_none_or(|end| end > now)
    });
    match link.sealed.clone().filter(|_| is_usable && link.expires_at > now) {
        Some(sealed) => Ok((State::Ready, Some((link, sealed)))),
        None => Ok((State::Gone, None)),
    }
}
