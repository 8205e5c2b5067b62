//! The policy as it would be with a draft over it, and keys that need not exist, to explain decisions by. Nothing of it is
//! written.

pub mod diff;
mod made_up;
mod overlay;

use lictor_policy::operation::Operations;
use lictor_policy::wire::{self, DEFAULT_PROFILE, Profile};

use crate::app::App;
pub use crate::app::trial::overlay::Drafted;
use crate::app::trial::overlay::drafted_settings;
use crate::domain::key::Terms;
use crate::domain::policy::people::{Several, meant, referred};
use crate::domain::policy::{Draft, KeyEntry, UserEntry};
use crate::domain::problem::{Problem, Result};
use crate::store::keys::Key;
use crate::store::snapshot::OfCalls;
use crate::store::users::{Upstream, User};
use crate::store::{OrAbsent as _, Reader, keys, profiles, settings, users};

/// Whose call it is.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'c> {
    /// That of a key with an id.
    Id(&'c str),
    /// That of a key with an id, a prefix or a name, of any user or of one with a mail address or a name.
    Named {
        /// The key.
        key: &'c str,
        /// The user.
        user: Option<&'c str>,
    },
    /// That of a key that need not exist.
    MadeUp {
        /// The user that it would act for. Left out: any, where all have the same groups in Odoo.
        user: Option<&'c str>,
        /// Groups that the user has besides.
        groups: &'c [String],
        /// Its profiles.
        profiles: &'c [Profile],
        /// Operations that it may do; empty allows all.
        scopes: Operations,
        /// Models that it may reach; empty allows all.
        models: &'c [String],
    },
}

/// A key as the policy would have it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The prefix by which it is found in the policy.
    pub prefix: String,
    /// Why gates would not have it, if they would not.
    pub absent: Option<&'static str>,
    /// The database of its user.
    pub database: String,
    /// The Odoo user id of its user.
    pub uid: i64,
}

/// The policy, while the keys are found that are asked about.
pub struct Trial<'d> {
    app: &'d App,
    connection: Reader,
    drafted: Option<Drafted<'d>>,
    /// Of each user of the draft the one that is there.
    users: Vec<Option<User>>,
    policy: OfCalls,
    keys: Vec<(User, Key)>,
    made_up: u32,
}

/// The user that somebody means.
enum Owner {
    There(Box<User>),
    /// The draft has it, and the service does not.
    New,
    Nobody,
}

/// A policy to which all keys that are asked about are still to be added.
pub struct Ended {
    /// It.
    pub policy: OfCalls,
    /// The keys with their users.
    pub keys: Vec<(User, Key)>,
}

impl<'d> Trial<'d> {
    /// The policy that is stored, with a draft over it, which was checked.
    pub async fn new(app: &'d App, drafted: Option<Drafted<'d>>) -> Result<Self> {
        let mut connection = app.store.read_consistently().await?;
        let (mut settings, _) = settings::load(&mut connection).await?;
        let mut of_draft = Vec::new();
        if let Some(Drafted { draft, .. }) = drafted {
            settings = drafted_settings(settings, draft).map_err(|problem| problem.within("draft.settings"))?;
            if let Some(entries) = &draft.users {
                let all = users::all(&mut connection).await?;
                for (at, entry) in entries.iter().enumerate() {
                    let found = meant(&all, entry).map_err(|many| several(&format!("draft.users[{at}]"), many))?;
                    of_draft.push(found.cloned());
                }
            }
        }
        let mut policy = OfCalls::load(&mut connection, settings).await?;
        if let Some(drafted) = drafted {
            drafted.permit(&mut policy.snapshot.permissions)?;
        }
        Ok(Self { app, connection, drafted, users: of_draft, policy, keys: Vec::new(), made_up: 0 })
    }

    /// Finds the key that a call would be made with.
    pub async fn subject(&mut self, whose: Whose<'_>) -> Result<Subject> {
        match whose {
            Whose::Id(id) => self.find(id).await?.or_invalid("key_id", "key"),
            Whose::Named { key, user } => self.named(key, user).await,
            Whose::MadeUp { user, groups, profiles, scopes, models } => {
                let named = Terms {
                    name: "made up".to_owned(),
                    profiles: profiles.to_vec(),
                    scopes,
                    models: models.to_vec(),
                    ip_allow_list: Vec::new(),
                    rate_limit_per_minute: None,
                    session_limit: None,
                    expires_at: None,
                    active: true,
                };
                named.validate()?;
                self.known_profiles("profiles", profiles).await?;
                let mut of = match user {
                    Some(reference) => self.user(reference).await?,
                    None => self.any_user().await?,
                };
                if user.is_some() && groups.is_empty() {
                    return self.make(of, None, named);
                }
                let alias = self.next_name();
                of.groups.extend(groups.iter().cloned());
                let pauses = &mut self.policy.snapshot.pauses;
                if user.is_some() && pauses.contains(&wire::Pause::User { id: of.id.clone() }) {
                    pauses.push(wire::Pause::User { id: alias.clone() });
                }
                self.make(of, Some(alias), named)
            }
        }
    }

    /// The key with an id, if the service has it still.
    pub async fn find(&mut self, id: &str) -> Result<Option<Subject>> {
        match keys::find(&mut self.connection, id).await? {
            Some(key) => self.stored(key).await.map(Some),
            None => Ok(None),
        }
    }

    /// The policy and all keys. The database is not held any longer.
    pub fn end(self) -> Ended {
        Ended { policy: self.policy, keys: self.keys }
    }

    async fn named(&mut self, name: &str, user: Option<&str>) -> Result<Subject> {
        if user.is_none() {
            let by_id = keys::find(&mut self.connection, name).await?;
            let found = match by_id {
                Some(key) => Some(key),
                None => keys::find_by_prefix(&mut self.connection, name).await?,
            };
            if let Some(key) = found {
                return self.stored(key).await;
            }
        }
        let owner = match user {
            Some(reference) => Some(self.user(reference).await?),
            None => None,
        };
        let mut called = keys::called(&mut self.connection, name).await?;
        called.retain(|key| owner.as_ref().is_none_or(|owner| owner.id == key.user_id));
        if called.windows(2).any(|pair| matches!(pair, [one, other] if one.user_id != other.user_id)) {
            return Err(Problem::invalid("key", "Several users have a key with this name: say whose, with user."));
        }
        // While a key is rotated there are two with the same restrictions, of which the last one stays.
        if let Some(key) = called.pop() {
            return self.stored(key).await;
        }
        let entries = self.drafted.and_then(|drafted| drafted.draft.keys.as_ref()).into_iter().flatten().enumerate();
        let mut found = Vec::new();
        for (at, entry) in entries.filter(|(_, entry)| entry.name == name) {
            let of = self.owner(&entry.user).await?;
            match &owner {
                Some(owner) if !matches!(&of, Owner::There(of) if of.id == owner.id) => {}
                _ => {
                    let place = format!("draft.keys[{at}].user");
                    let of = Self::there(of).map_err(|problem| Problem { field: Some(place), ..problem })?;
                    found.push((at, entry, of));
                }
            }
        }
        match found.pop() {
            Some((at, entry, of)) if found.is_empty() => {
                let (of, _) = self.as_drafted(of)?;
                self.known_profiles(&format!("draft.keys[{at}].profiles"), &entry.profiles).await?;
                self.make(of, None, entry.terms(None))
            }
            Some(_) => Err(Problem::invalid("key", "Several users have a key with this name: say whose, with user.")),
            // Not repeated: it may be a whole key.
            None => Err(Problem::invalid(
                "key",
                "Name a key by its id, its prefix or its name; neither the service nor the draft has this one.",
            )),
        }
    }

    /// A key that is stored, as the draft would have it.
    async fn stored(&mut self, mut key: Key) -> Result<Subject> {
        let of = users::find(&mut self.connection, &key.user_id).await?.or_absent("user")?;
        let (of, mut pruned) = self.as_drafted(of)?;
        let is_live = key.revoked_at.is_none() && key.terms.expires_at.is_none_or(|end| end > self.app.now());
        if let Some(Drafted { draft: Draft { keys: Some(entries), .. }, prune }) = self.drafted
            && is_live
        {
            match self.entry_of(entries, &key).await? {
                Some((at, entry)) => {
                    self.known_profiles(&format!("draft.keys[{at}].profiles"), &entry.profiles).await?;
                    key.terms = entry.terms(Some(&key.terms));
                }
                None => pruned |= prune,
            }
        }
        let absent =
            if pruned { Some("The draft lacks the key or its user, and what it lacks is deleted.") } else { None };
        self.add(of, key, absent)
    }

    /// The draft's entry for a key that is stored.
    async fn entry_of(&mut self, entries: &'d [KeyEntry], key: &Key) -> Result<Option<(usize, &'d KeyEntry)>> {
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.name == key.terms.name) {
            if matches!(self.owner(&entry.user).await?, Owner::There(user) if user.id == key.user_id) {
                return Ok(Some((at, entry)));
            }
        }
        Ok(None)
    }

    /// The user with a reference, as the draft would have it.
    async fn user(&mut self, reference: &str) -> Result<User> {
        let owner = self.owner(reference).await?;
        let found = Self::there(owner)?;
        Ok(self.as_drafted(found)?.0)
    }

    /// The user that a reference means, by the draft or else by what is stored.
    async fn owner(&mut self, reference: &str) -> Result<Owner> {
        let entries = self.drafted.and_then(|drafted| drafted.draft.users.as_ref()).into_iter().flatten();
        if let Some((_, found)) = entries.zip(&self.users).find(|(entry, _)| entry.reference() == reference) {
            return Ok(found.clone().map_or(Owner::New, |user| Owner::There(Box::new(user))));
        }
        let called = users::called(&mut self.connection, reference).await?;
        let found = referred(&called, reference).map_err(|many| several("user", many))?;
        Ok(found.cloned().map_or(Owner::Nobody, |user| Owner::There(Box::new(user))))
    }

    /// The user that is there.
    fn there(owner: Owner) -> Result<User> {
        let detail = match owner {
            Owner::There(user) => return Ok(*user),
            Owner::New => {
                "The service does not have this user yet: which groups it has in Odoo shows when it is made. Make it first, or \
                 name another user whose groups count."
            }
            Owner::Nobody => {
                "Name a user by its mail address or its name; neither the service nor the draft has this one."
            }
        };
        Err(Problem::invalid("user", detail))
    }

    /// A user as the draft would have it, and whether it would be deleted.
    fn as_drafted(&self, of: User) -> Result<(User, bool)> {
        let Some(Drafted { draft: Draft { users: Some(entries), .. }, prune }) = self.drafted else {
            return Ok((of, false));
        };
        let is_it = |found: &Option<User>| found.as_ref().is_some_and(|found| found.id == of.id);
        let Some(at) = self.users.iter().position(is_it) else { return Ok((of, prune)) };
        let Some(UserEntry { groups, privileged, upstream, .. }) = entries.get(at) else { return Ok((of, prune)) };
        if (&upstream.database, &upstream.login) != (&of.upstream.database, &of.upstream.login) {
            let detail = "This is another login of Odoo, whose groups show when it is saved: save the user first.";
            return Err(Problem::invalid(format!("draft.users[{at}].upstream"), detail));
        }
        Ok((User { groups: groups.clone(), privileged: *privileged, ..of }, false))
    }

    fn add(&mut self, of: User, mut key: Key, absent: Option<&'static str>) -> Result<Subject> {
        let is_closed = self.app.vault.open(&of.upstream.sealed, &Upstream::owner(&of.id)).is_err();
        // Gates do not get such keys: to them they are unknown.
        let absent = absent.or(match &key {
            Key { revoked_at: Some(_), .. } => Some("The key is revoked."),
            Key { terms: Terms { active: false, .. }, .. } => Some("The key is not active."),
            _ if is_closed => Some("The Odoo secret of the key's user cannot be opened: give it anew."),
            _ => None,
        });
        let subject = Subject {
            prefix: key.prefix.clone(),
            absent,
            database: of.upstream.database.clone(),
            uid: of.upstream.uid,
        };
        if absent.is_none() {
            // The counters of a slot are a gate's, so any that no other key has will do.
            key.slot = key.slot.or_else(|| Some(u32::MAX - self.next_number()));
            self.keys.push((of, key));
        }
        Ok(subject)
    }

    /// Refuses the name of a profile that there would not be.
    async fn known_profiles(&mut self, place: &str, named: &[Profile]) -> Result<()> {
        for Profile(name) in named {
            let of_draft = self.drafted.is_some_and(|Drafted { draft, .. }| draft.rules_profile(name));
            let is_pruned = self.drafted.is_some_and(|drafted| drafted.prune && drafted.draft.profiles.is_some());
            let is_stored = !is_pruned && profiles::find(&mut self.connection, name).await?.is_some();
            if name != DEFAULT_PROFILE && !of_draft && !is_stored {
                return Err(Problem::invalid(
                    place,
                    format!("There is no profile {name}; GET /api/v1/profiles lists them."),
                ));
            }
        }
        Ok(())
    }

    /// No id of a record has such a form, and no prefix of a key.
    fn next_name(&mut self) -> String {
        format!("made-up-{}", self.next_number())
    }

    fn next_number(&mut self) -> u32 {
        self.made_up += 1;
        self.made_up
    }
}

fn several(place: &str, Several(many): Several) -> Problem {
    Problem::invalid(place, format!("{many} users of the service may be meant by this."))
}
