//! Which record of the service is which entry of the file.

use crate::cli::remote::policy::record::Record;
use crate::cli::remote::policy::state::State;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::domain::policy::people::{Person, Several, meant, referred};
use crate::domain::policy::{Policy, UserEntry};

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
                    let found = referred(&state.users, &key.user);
                    let wrong = |what: String| wrong(format!("keys[{at}].user"), what);
                    match found.map_err(|_| wrong(format!("there are several users '{}' at the service", key.user)))? {
                        Some(one) => Owner::There(one),
                        None => {
                            let user = &key.user;
                            let what = format!("there is no user '{user}', neither in the file nor at the service");
                            return Err(wrong(what));
                        }
                    }
                }
            };
            owners.push(owner);
        }
        Ok(Self { users, owners })
    }
}

impl Person for Record {
    fn name(&self) -> &str {
        self.text("name")
    }

    fn email(&self) -> &str {
        self.text("email")
    }
}

fn find<'a>(users: &'a [Record], entry: &UserEntry) -> Result<Option<&'a Record>, String> {
    meant(users, entry)
        .map_err(|Several(many)| format!("{many} users of the service may be meant by '{}'", entry.reference()))
}
