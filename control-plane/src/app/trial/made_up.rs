//! Keys, and users, that need not exist.

use std::collections::BTreeSet;

use crate::app::trial::{Subject, Trial};
use crate::domain::key::Terms;
use crate::domain::problem::{Code, Problem, Result};
use crate::domain::revision::Revision;
use crate::domain::schema::sets::GroupSet;
use crate::domain::time::Moment;
use crate::secrets::stored::Hash;
use crate::store::keys::Key;
use crate::store::schema;
use crate::store::users::{Upstream, User};

/// A hash that no key has: the keys that are made up are never presented.
const HASH_OF_NOTHING: &str =
    "$pbkdf2-sha512$1$AA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Trial<'_> {
    /// A user in the place of any, where all have the same groups in Odoo.
    pub(super) async fn any_user(&mut self) -> Result<User> {
        let users = schema::users_with_keys(&mut self.connection, self.app.now()).await?;
        let sets: BTreeSet<_> =
            users.iter().map(|user| GroupSet::of(&user.upstream.database, &user.odoo_groups)).collect();
        match users.into_iter().next() {
            Some(user) if sets.len() == 1 => {
                let upstream = Upstream { rejected: false, ..user.upstream };
                Ok(User { groups: Vec::new(), privileged: true, upstream, ..user })
            }
            _ => {
                let detail =
                    "Name the user that the key would act for: which groups it has in Odoo decides what it sees.";
                Err(Problem::with_field(Code::MissingField, "user", detail))
            }
        }
    }

    /// Adds a key that is not stored. `alias` is the user's id in the policy, where that is another than the one that is stored.
    pub(super) fn make(&mut self, of: User, alias: Option<String>, terms: Terms) -> Result<Subject> {
        let id = self.next_name();
        let key = Key {
            prefix: id.clone(),
            line: id.clone(),
            user_id: alias.unwrap_or_else(|| of.id.clone()),
            terms,
            created_at: Moment(0),
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            use_count: 0,
            hash: Hash::new(HASH_OF_NOTHING),
            version: 1,
            rotated_from: None,
            rotated_to: None,
            slot: None,
            changed: Revision(0),
            id,
        };
        self.add(of, key, None)
    }
}
