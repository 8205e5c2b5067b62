//! Which user the policy means: by its mail address, or by its name if it has none.

use crate::domain::policy::UserEntry;

/// A user that is there.
pub trait Person {
    /// The name for people.
    fn name(&self) -> &str;
    /// The mail address; empty if there is none.
    fn email(&self) -> &str;

    /// The name by which a policy refers to it.
    fn reference(&self) -> &str {
        if self.email().is_empty() { self.name() } else { self.email() }
    }
}

/// Why it cannot be said whom is meant: there are so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Several(pub usize);

/// The user that an entry means: the one with its mail address, else the one with its name. A user with another mail
/// address is another one, unless the entry has none.
pub fn meant<'u, U: Person>(users: &'u [U], entry: &UserEntry) -> Result<Option<&'u U>, Several> {
    let named: Vec<_> = users.iter().filter(|user| user.name() == entry.name).collect();
    only(match &entry.email {
        None => named,
        Some(email) => {
            let addressed: Vec<_> = users.iter().filter(|user| user.email() == email).collect();
            let both: Vec<_> = addressed.iter().filter(|user| user.name() == entry.name).copied().collect();
            match (addressed.len(), both.len()) {
                (0, _) => named.into_iter().filter(|user| user.email().is_empty()).collect(),
                (_, 1) => both,
                _ => addressed,
            }
        }
    })
}

/// The user with a reference: a mail address, else a name.
pub fn referred<'u, U: Person>(users: &'u [U], reference: &str) -> Result<Option<&'u U>, Several> {
    let addressed: Vec<_> = users.iter().filter(|user| user.email() == reference).collect();
    if addressed.is_empty() {
        only(users.iter().filter(|user| user.name() == reference).collect())
    } else {
        only(addressed)
    }
}

fn only<U>(found: Vec<&U>) -> Result<Option<&U>, Several> {
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(Several(several.len())),
    }
}
