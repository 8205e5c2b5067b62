//! Asks Odoo for the models, one call after the other: it has other things to do.

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::wire::{self, Delegation};

use crate::app::App;
use crate::clients::odoo::OdooError;
use crate::clients::odoo_models::Asker;
use crate::domain::schema::wanted::{Wanted, wanted};
use crate::domain::schema::{Fields, MAX_MODELS, Seen, delegations, merged};

/// Answers without use that may follow each other: more say that it is not this or that model.
const MAX_FAULTS_IN_A_ROW: u32 = 3;
/// Bytes that all answers may have in memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Why there is no schema to be had of Odoo now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Odoo.
    #[error("{0}")]
    Odoo(#[from] OdooError),
    /// Nobody is left to ask as: the ids of the users, Lictor's.
    #[error("Odoo refuses the credentials of all users that it was asked as")]
    Refused(Vec<String>),
    /// Answers without an end.
    #[error("Odoo's models have more than {MAX_BYTES} bytes")]
    TooMuch,
    /// The service.
    #[error("the service ended meanwhile")]
    Stopping,
}

/// The users of a set that it is asked as, the first one first. The ids are Lictor's.
pub(super) type Askers = BTreeMap<u32, Vec<(String, Asker)>>;

/// What Odoo told.
#[derive(Default)]
pub(super) struct Reading {
    /// By model and set of groups; none where Odoo does not have the model. A set that is missing could not be asked.
    pub models: BTreeMap<String, BTreeMap<u32, Option<Seen>>>,
    /// The models that are wanted.
    pub wanted: Vec<String>,
    /// The first so many of them are those that permissions lead to.
    pub needed: usize,
    /// Delegations of the models that the tables do not know.
    pub delegations: BTreeMap<String, Vec<Delegation>>,
    /// What went wrong with single models or sets.
    pub problems: Vec<String>,
    /// Users whose credential Odoo refused, by Lictor's ids.
    pub refused: Vec<String>,
}

/// Reads all that permissions lead to, and then all that `called` does, for calls that were refused. `last` is what was known before, of which nothing is forgotten only as it could not be
/// read anew.
///
/// # Errors
/// If Odoo does not answer, or nobody may ask: nothing is known then that was not before.
pub(super) async fn read(
    app: &App,
    permissions: &[wire::Permission],
    called: &[wire::Permission],
    askers: Askers,
    last: &BTreeMap<String, wire::Model>,
) -> Result<Reading, Failed> {
    let mut reader = Reader::new(app, askers);
    loop {
        // Only what was asked for leads on: what was known of others may be old.
        let asked = last.iter().filter(|(name, _)| reader.read.models.contains_key(*name));
        let Wanted { models, needed, .. } = wanted(permissions, called, &reader.known(asked));
        if !reader.read_new(models.iter().take(MAX_MODELS)).await? {
            (reader.read.wanted, reader.read.needed) = (models, needed);
            break;
        }
    }
    if reader.read.wanted.len() > MAX_MODELS {
        let more = reader.read.wanted.split_off(MAX_MODELS);
        reader.read.problems.push(format!("more than {MAX_MODELS} models are left out: {}", more.join(" ")));
    }
    reader.read_delegations().await?;
    reader.read_dead_ends().await?;
    Ok(reader.read)
}

/// Reads, of all that permissions lead to, what is not known yet of the sets that it is asked for.
///
/// # Errors
/// As [`read`].
pub(super) async fn read_unknown(
    app: &App,
    permissions: &[wire::Permission],
    askers: Askers,
    last: &BTreeMap<String, wire::Model>,
) -> Result<Reading, Failed> {
    let sets: Vec<u32> = askers.keys().copied().collect();
    let is_seen = |model: &wire::Model, set: &u32| model.views.iter().any(|view| view.set == *set);
    let is_known = |name: &String| last.get(name).is_some_and(|model| sets.iter().all(|set| is_seen(model, set)));
    let mut reader = Reader::new(app, askers);
    loop {
        let Wanted { models, .. } = wanted(permissions, &[], &reader.known(last));
        let unknown: Vec<_> = models.into_iter().take(MAX_MODELS).filter(|model| !is_known(model)).collect();
        if !reader.read_new(unknown.iter()).await? {
            reader.read.wanted = unknown;
            break;
        }
    }
    reader.read_delegations().await?;
    reader.read_dead_ends().await?;
    Ok(reader.read)
}

/// An answer about a model.
enum Told<T> {
    Yes(T),
    NoModel,
    Nothing,
    AskAnother,
}

struct Reader<'r> {
    app: &'r App,
    askers: Askers,
    read: Reading,
    faults: u32,
    bytes: usize,
}

impl<'r> Reader<'r> {
    fn new(app: &'r App, askers: Askers) -> Self {
        Self { app, askers, read: Reading::default(), faults: 0, bytes: 0 }
    }

    /// Reads those that were not read before. False if there are none.
    async fn read_new(&mut self, models: impl Iterator<Item = &String>) -> Result<bool, Failed> {
        let new: Vec<_> = models.filter(|model| !self.read.models.contains_key(*model)).collect();
        for model in &new {
            self.read_model(model).await?;
        }
        Ok(!new.is_empty())
    }

    /// The fields that are known so far, by what was read and what was known before.
    fn known<'l>(&self, last: impl IntoIterator<Item = (&'l String, &'l wire::Model)>) -> BTreeMap<String, Fields> {
        let fields =
            |model: &wire::Model| model.fields.iter().map(|field| (field.name.clone(), field.clone())).collect();
        let mut known: BTreeMap<String, Fields> =
            last.into_iter().map(|(name, model)| (name.clone(), fields(model))).collect();
        for (name, views) in &self.read.models {
            if views.values().any(Option::is_some) {
                known.insert(name.clone(), merged(views.values().flatten()));
            }
        }
        known
    }

    async fn read_model(&mut self, model: &str) -> Result<(), Failed> {
        let mut views = BTreeMap::new();
        for set in self.askers.keys().copied().collect::<Vec<_>>() {
            while let Some((user_id, asker)) = self.asker(set)? {
                let answer = self.app.odoo.fields_of(&asker, model).await;
                match self.told(set, user_id, model, answer)? {
                    Told::Yes(answer) => {
                        let seen = answer.seen();
                        self.bytes += weight(&seen);
                        drop(views.insert(set, Some(seen)));
                    }
                    Told::NoModel => drop(views.insert(set, None)),
                    Told::Nothing => {}
                    Told::AskAnother => continue,
                }
                break;
            }
            if self.bytes > MAX_BYTES {
                return Err(Failed::TooMuch);
            }
        }
        self.read.models.insert(model.to_owned(), views);
        Ok(())
    }

    /// Finds the delegations of models that the tables do not know: by the models that their references lead to, which are
    /// read for that only.
    async fn read_delegations(&mut self) -> Result<(), Failed> {
        let unknown: Vec<_> =
            self.read.wanted.iter().filter(|model| delegations::of_table(model).is_none()).cloned().collect();
        for model in unknown {
            let views: Vec<Seen> =
                self.read.models.get(&model).into_iter().flat_map(BTreeMap::values).flatten().cloned().collect();
            let fields = merged(&views);
            let required = views.into_iter().flat_map(|seen| seen.required).collect();
            let candidates = delegations::candidates(&fields, &required);
            for candidate in &candidates {
                if !self.read.models.contains_key(&candidate.model) {
                    self.read_model(&candidate.model).await?;
                }
            }
            let known = self.known([]);
            self.read.delegations.insert(model, delegations::confirmed(candidates, &fields, &known));
        }
        Ok(())
    }

    /// Finds the relations that lead to models which the users of a set may not read.
    async fn read_dead_ends(&mut self) -> Result<(), Failed> {
        for set in self.askers.keys().copied().collect::<Vec<_>>() {
            let mut readable = BTreeMap::new();
            for to in self.relations(set) {
                while let Some((user_id, asker)) = self.asker(set)? {
                    let answer = self.app.odoo.may_read(&asker, &to).await;
                    match self.told(set, user_id, &to, answer)? {
                        Told::AskAnother => {}
                        told => {
                            readable.insert(to.clone(), matches!(told, Told::Yes(true)));
                            break;
                        }
                    }
                }
            }
            for seen in self.read.models.values_mut().filter_map(|views| views.get_mut(&set)?.as_mut()) {
                let leads_nowhere = |field: &&wire::Field| {
                    field.relation.as_ref().is_some_and(|to| !readable.get(to).copied().unwrap_or_default())
                };
                seen.dead_ends = seen.fields.values().filter(leads_nowhere).map(|field| field.name.clone()).collect();
            }
        }
        Ok(())
    }

    /// The models that relations of wanted models lead to, as a set sees them.
    fn relations(&self, set: u32) -> BTreeSet<String> {
        let seen = self.read.wanted.iter().filter_map(|model| self.read.models.get(model)?.get(&set)?.as_ref());
        seen.flat_map(|seen| seen.fields.values().filter_map(|field| field.relation.clone())).collect()
    }

    /// The user to ask as for a set; none if Odoo refuses all of them.
    fn asker(&self, set: u32) -> Result<Option<(String, Asker)>, Failed> {
        if *self.app.stopping.borrow() {
            return Err(Failed::Stopping);
        }
        Ok(self.askers.get(&set).and_then(|users| users.first()).cloned())
    }

    /// Whether an answer tells something. One whose credential Odoo refuses is not asked as again.
    fn told<T>(
        &mut self,
        set: u32,
        user_id: String,
        model: &str,
        answer: Result<T, OdooError>,
    ) -> Result<Told<T>, Failed> {
        let error = match answer {
            Ok(answer) => {
                self.faults = 0;
                return Ok(Told::Yes(answer));
            }
            Err(OdooError::NoModel) => return Ok(Told::NoModel),
            Err(OdooError::Rejected) => return self.refuse(set, user_id).map(|()| Told::AskAnother),
            Err(error @ (OdooError::Fault | OdooError::NotOdoo(_))) => error,
            Err(error) => return Err(error.into()),
        };
        self.faults += 1;
        if self.faults >= MAX_FAULTS_IN_A_ROW {
            return Err(error.into());
        }
        self.read.problems.push(format!("{model}: {error}"));
        Ok(Told::Nothing)
    }

    /// Takes a user out. A set without users could not be asked: half of what it is shown is nothing to go by.
    fn refuse(&mut self, set: u32, user_id: String) -> Result<(), Failed> {
        let users = self.askers.entry(set).or_default();
        users.retain(|(id, _)| *id != user_id);
        if users.is_empty() {
            self.askers.remove(&set);
            self.read.models.values_mut().for_each(|views| drop(views.remove(&set)));
            self.read
                .problems
                .push(format!("Odoo refuses the credential of the user {user_id}, and no other has its groups"));
        }
        self.read.refused.push(user_id);
        if self.askers.is_empty() { Err(Failed::Refused(std::mem::take(&mut self.read.refused))) } else { Ok(()) }
    }
}

/// About the bytes of an answer.
fn weight(seen: &Seen) -> usize {
    let texts = |field: &wire::Field| {
        let texts =
            [&field.relation, &field.relation_field, &field.related].into_iter().flatten().chain(&field.depends);
        field.name.len() + texts.map(String::len).sum::<usize>() + size_of::<wire::Field>()
    };
    seen.fields.values().map(texts).sum()
}
