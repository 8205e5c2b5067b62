//! Which record of the service is which entry of the file.

use crate::cli::remote::policy::file::{Policy, UserEntry};
use crate::cli::remote::policy::record::Record;
use crate::cli::remote::policy::state::State;
use crate::cli::terminal::failure::{Exit, Failure, Result};

/// Which record is which entry's.
pub(crate) struct Matched<'a> {
    /// Of each user of the file; none: it is new.
    pub(crate) users: Vec<Option<&'a Record>>,
    /// Of each key of the file.
    pub(crate) owners: Vec<Owner<'a>>,
}

/// Whose a key is.
pub(crate) enum Owner<'a> {
    /// A user that is there.
    There(&'a Record),
    /// A user that the file makes, by its reference.
    New(&'a str),
}

impl<'a> Matched<'a> {
    pub(crate) fn of(policy: &'a Policy, state: &'a State) -> Result<Self> {
        let wrong = |place: String, what: String| Failure::new(Exit::Invalid, format!("{place}: {what}"));
        let mut users: Vec<Option<&Record>> = Vec::new();
        for (at, user) in policy.users.iter().flatten().enumerate() {
            let found = find(&state.users, user).map_err(|what| wrong(format!("users[{at}]"), what))?;
            let is_taken = found.is_some_and(|found| users.iter().flatten().any(|other| other.path == found.path));
            if is_taken {
                return Err(wrong(
                    format!("users[{at}]"),
                    "another entry means the same user of the service".to_owned(),
                ));
            }
            users.push(found);
        }
        let mut owners = Vec::new();
        for (at, key) in policy.keys.iter().flatten().enumerate() {
            let entries = policy.users.iter().flatten().zip(&users);
            let mut of_file = entries.filter(|(user, _)| user.reference() == key.user);
            let owner = match of_file.next() {
                Some((_, Some(record))) => Owner::There(record),
                Some((user, None)) => Owner::New(user.reference()),
                None => {
                    let by = |field: &str| {
                        state.users.iter().filter(|user| user.text(field) == key.user).collect::<Vec<_>>()
                    };
                    let found = Some(by("email")).filter(|found| !found.is_empty()).unwrap_or_else(|| by("name"));
                    match found.as_slice() {
                        [one] => Owner::There(one),
                        [] => {
                            let what =
                                format!("there is no user '{}', neither in the file nor at the service", key.user);
                            return Err(wrong(format!("keys[{at}].user"), what));
                        }
                        _ => {
                            let what = format!("there are several users '{}' at the service", key.user);
                            return Err(wrong(format!("keys[{at}].user"), what));
                        }
                    }
                }
            };
            owners.push(owner);
        }
        Ok(Self { users, owners })
    }
}

/// The user that an entry means: the one with its mail address, else the one with its name. A user with another mail
/// address is another one, unless the entry has none.
fn find<'a>(users: &'a [Record], entry: &UserEntry) -> Result<Option<&'a Record>, String> {
    let named: Vec<_> = users.iter().filter(|user| user.text("name") == entry.name).collect();
    let found = match &entry.email {
        None => named,
        Some(email) => {
            let addressed: Vec<_> = users.iter().filter(|user| user.text("email") == email).collect();
            let both: Vec<_> = addressed.iter().filter(|user| user.text("name") == entry.name).copied().collect();
            match (addressed.len(), both.len()) {
                (0, _) => named.into_iter().filter(|user| user.text("email").is_empty()).collect(),
                (_, 1) => both,
                _ => addressed,
            }
        }
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(format!("{} users of the service may be meant by '{}'", several.len(), entry.reference())),
    }
}
