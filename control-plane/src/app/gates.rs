//! Gates: their identities, and which of them live.

use std::time::Duration;

use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::domain::actor::Actor;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::time::Moment;
use crate::domain::validate;
use crate::secrets::random::{self, Token};
use crate::store::gates::{self, Gate, Seen};
use crate::store::{Connection, StoreError};

/// A gate that was heard within this time is live: polls are held for a third of it.
pub const LIVE: Duration = Duration::from_secs(60);

/// A gate with what it told since the database last heard of it.
pub fn current(app: &App, gate: Gate) -> Gate {
    let later = app.presence.of(&gate.id).filter(|seen| seen.last_seen_at >= gate.seen.last_seen_at);
    Gate { seen: later.unwrap_or_else(|| gate.seen.clone()), ..gate }
}

/// All gates, as they are now.
pub async fn all(app: &App, connection: &mut Connection) -> Result<Vec<Gate>, StoreError> {
    let gates = gates::list(connection, "", i64::MAX).await?;
    Ok(gates.into_iter().map(|gate| current(app, gate)).collect())
}

/// Whether a gate was heard within [`LIVE`], and may be heard again.
pub fn is_live(gate: &Gate, now: Moment) -> bool {
    gate.revoked_at.is_none() && gate.seen.last_seen_at.is_some_and(|seen| seen.plus(LIVE) > now)
}

/// How many gates are live.
pub async fn count_live(app: &App, connection: &mut Connection) -> Result<u32, StoreError> {
    let live = all(app, connection).await?.iter().filter(|gate| is_live(gate, app.now())).count();
    Ok(u32::try_from(live).unwrap_or(u32::MAX))
}

/// A gate with its token: shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedGate")]
pub struct Issued {
    #[serde(flatten)]
    /// The gate.
    pub gate: Gate,
    /// Its token.
    pub token: Secret,
}

/// Makes a gate's identity.
pub async fn issue(app: &App, actor: &Actor, name: String) -> Result<Issued> {
    validate::text("name", &name)?;
    let token = Token::of_gate().map_err(Problem::internal)?;
    let gate = change(app, actor, async |tx| {
        let gate = Gate {
            id: random::id(),
            name,
            created_at: tx.now(),
            revoked_at: None,
            seen: Seen::default(),
            changed: tx.revision(),
        };
        gates::insert(tx, &gate, &token.hash()).await.map_err(name_taken)?;
        let done = Done::new("gate.create", &gate.id, None, Some(&gate));
        Ok((gate, done))
    })
    .await?;
    Ok(Issued { gate, token: Secret::new(token.expose()) })
}

pub(crate) fn name_taken(error: StoreError) -> Problem {
    match error {
        StoreError::Taken => Problem::with_field(Code::NameTaken, "name", "Another gate has this name: choose one."),
        error => error.into(),
    }
}
