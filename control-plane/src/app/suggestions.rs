//! Permissions from what a key does: its calls in the audit log, and the fields of the models that they name.
//!
//! Calls may be of models that no permission names, of which nothing is known. Then Odoo is asked as the key's user, and what it
//! answers is for this suggestion only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lictor_policy::wire::{self, ModelEntry};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::clients::odoo::OdooError;
use crate::clients::odoo_models::Asker;
use crate::domain::problem::{Problem, Result};
use crate::domain::schema::{self, delegations};
use crate::domain::suggest::{Draft, Missing, PROFILE, Round, Suggestion, suggest};
use crate::domain::time::Moment;
use crate::store::audit::kinds::{self, Kinds};
use crate::store::keys::Key;
use crate::store::users::{self, User};
use crate::store::{OrAbsent as _, in_time, snapshot};

/// How long Odoo is asked in all: somebody waits.
const ASK_TIMEOUT: Duration = Duration::from_secs(30);
/// Models that Odoo is asked for.
const MAX_ASKED: usize = 200;
/// How often more models may show: each time those that the fields of the last ones lead to.
const MAX_ROUNDS: usize = 20;
/// The number of the user's set of groups where the schema has none: it counts up from 0.
const OWN_SET: u32 = u32::MAX;

/// A suggestion, and what it was made of.
pub struct Suggested {
    /// The calls.
    pub found: Arc<Kinds>,
    /// The profile, with the verdict on each kind of call.
    pub suggestion: Suggestion,
}

/// Finds the profile for what a key did and tried from a moment on, before another.
pub async fn of_key(app: &App, key: &Key, from: Moment, to: Moment) -> Result<Suggested> {
    let (found, user, mut policy) = in_time(async {
        let mut connection = app.store.read_consistently().await?;
        let found = kinds::of_keys(&mut connection, Some(&key.id), from, to).await?;
        let user = users::find(&mut connection, &key.user_id).await?.or_absent("user")?;
        let policy = snapshot::of_draft(&mut connection, key.clone(), user.clone(), PROFILE).await?;
        Ok::<_, Problem>((Arc::new(found), user, policy))
    })
    .await?;
    let mut models = Models::of(app, &user, &mut policy);
    for _ in 0..MAX_ROUNDS {
        match round(&policy, &models.missing, &found).await? {
            Round::Found(suggestion) => return Ok(Suggested { found, suggestion }),
            Round::Wants(wanted) => models.tell(&mut policy, wanted).await,
        }
    }
    Err(Problem::internal("the models that calls name lead to others without an end"))
}

/// One round, in a thread of its own: thousands of kinds of calls are decided on many times.
async fn round(policy: &wire::Snapshot, missing: &BTreeMap<String, Missing>, found: &Arc<Kinds>) -> Result<Round> {
    let (policy, missing, found) = (policy.clone(), missing.clone(), Arc::clone(found));
    let work = move || suggest(&mut Draft::new(policy, missing)?, &found.kinds);
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?.map_err(Problem::internal)
}

/// Whom Odoo is asked as about its models, and what it did not tell.
struct Models<'a> {
    app: &'a App,
    /// None if its credential is not to be had or not to be used.
    asker: Option<Asker>,
    /// The number of its set of groups.
    set: u32,
    ends: Instant,
    asked: usize,
    missing: BTreeMap<String, Missing>,
}

impl<'a> Models<'a> {
    fn of(app: &'a App, user: &User, policy: &mut wire::Snapshot) -> Self {
        let asker = app.asker(user).filter(|_| !user.upstream.rejected);
        let set = policy.users.first().and_then(|user| user.view).unwrap_or(OWN_SET);
        policy.users.iter_mut().for_each(|user| user.view = Some(set));
        Self { app, asker, set, ends: Instant::now() + ASK_TIMEOUT, asked: 0, missing: BTreeMap::new() }
    }

    /// Adds models to the policy, or notes why not.
    async fn tell(&mut self, policy: &mut wire::Snapshot, wanted: BTreeSet<String>) {
        for name in wanted {
            match self.ask(&name).await {
                Ok(record) => {
                    policy.schema.models.retain(|model| model.name != name);
                    policy.schema.models.push(ModelEntry { name, record });
                }
                Err(why) => drop(self.missing.insert(name, why)),
            }
        }
    }

    async fn ask(&mut self, model: &str) -> Result<wire::Model, Missing> {
        let asker = self.asker.as_ref().filter(|_| self.asked < MAX_ASKED).ok_or(Missing::Untold)?;
        self.asked += 1;
        match timeout_at(self.ends, self.app.odoo.fields_of(asker, model)).await {
            Ok(Ok(answer)) => {
                let seen = BTreeMap::from([(self.set, answer.seen())]);
                let delegations = delegations::of_table(model).unwrap_or_default();
                Ok(schema::model(&seen, None, &BTreeSet::new(), delegations))
            }
            Ok(Err(OdooError::NoModel)) => Err(Missing::Absent),
            Ok(Err(error)) => {
                // It answers no better to the next question.
                if !matches!(error, OdooError::Fault) {
                    self.asker = None;
                }
                Err(Missing::Untold)
            }
            Err(_) => {
                self.asker = None;
                Err(Missing::Untold)
            }
        }
    }
}
