//! What a snapshot may not hold.

use lictor_policy::secret::Secret;
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::{self, Termination};

use crate::setting;

/// A second key of the same user, under another prefix, in another slot.
fn second(policy: &mut wire::Snapshot) -> &mut wire::Key {
    let key =
        wire::Key { id: "k2".into(), prefix: "second00".into(), line: "k2".into(), slot: 1, ..policy.keys[0].clone() };
    policy.keys.push(key);
    &mut policy.keys[1]
}

#[test]
fn what_cannot_be_used_is_refused_by_what_is_wrong() {
    for (change, expected) in [
        (|p| second(p).version = 2, None),
        // A rotated key shares the slot of its line.
        (|p| *second(p) = wire::Key { id: "k2".into(), prefix: "second00".into(), ..p.keys[0].clone() }, None),
        (|p| second(p).slot = 0, Some("two records share slot 0")),
        (|p| second(p).prefix = p.keys[0].prefix.clone(), Some("two records share the prefix ")),
        (|p| p.users.push(p.users[0].clone()), Some("two records share the user id u1")),
        (|p| p.permissions.push(p.permissions[0].clone()), Some("two records share the permission for res.partner")),
        (|p| p.keys[0].user_id = "u2".into(), Some("key k1: there is no user u2")),
        (|p| p.keys[0].hash = Secret::new("plain"), Some("key k1: not a $pbkdf2-sha512$ hash")),
        (
            |p| p.keys[0].ip_allow_list = vec!["10.0.0.1/8".into()],
            Some("a key's ip_allow_list: '10.0.0.1/8' has host bits"),
        ),
        (|p| p.keys[0].rate_limit_per_minute = Some(0), Some("rate_limit_per_minute must be 1 or more")),
        (|p| p.settings.body_limit_bytes = 0, Some("body_limit_bytes must be 1 or more")),
        (|p| p.version = 0, Some("wire version 0")),
        (
            |p| p.terminations.push(Termination { line: "k1".into(), client_ip: "nowhere".into(), until: 1 }),
            Some("a termination: 'nowhere' is no IP address"),
        ),
    ] as [(fn(&mut wire::Snapshot), Option<&str>); 13]
    {
        let mut policy = setting::policy();
        change(&mut policy);
        let problem = Snapshot::try_from(policy).err().map(|problem| problem.to_string());
        let begins = problem.as_deref().zip(expected).is_some_and(|(problem, expected)| problem.starts_with(expected));
        assert!(begins || (problem.is_none() && expected.is_none()), "{problem:?}, not {expected:?}");
    }
}
