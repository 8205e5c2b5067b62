//! The compact form: it holds what JSON holds, and nothing that was damaged on the way.

use std::cell::Cell;
use std::collections::BTreeMap;

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::{Snapshot, compact};
use lictor_policy::wire::{self, Profile};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::damage::damage;
use crate::{render, setting};

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(render::text(), 0..3)
}

/// Any key of one of three users, with a number that no other key of its policy has.
fn any_key() -> impl Strategy<Value = (String, wire::Key)> {
    let hash = setting::policy().keys[0].record.hash.expose().to_owned();
    let numbers = (any::<u64>(), any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<u64>>());
    let scopes = prop::sample::subsequence(Operation::ALL.to_vec(), 0..=5);
    let networks = prop::sample::subsequence(vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()], 0..=2);
    let lists = (texts(), scopes, texts(), networks);
    ("[0-9A-Za-z]{8}", render::text(), any::<bool>(), 0..3, numbers, lists).prop_map(
        move |(prefix, id, is_first, user, (version, rate, sessions, end), (profiles, scopes, models, networks))| {
            let record = wire::Key {
                line: if is_first { id.clone() } else { format!("line of {id}") },
                id,
                hash: Secret::new(hash.clone()),
                version,
                slot: 0,
                user_id: format!("u{user}"),
                profiles: profiles.into_iter().map(Profile).collect(),
                scopes: Operations::of(&scopes),
                models,
                ip_allow_list: networks,
                rate_limit_per_minute: rate.map(|rate| rate.max(1)),
                session_limit: sessions,
                expires_at: end,
            };
            (prefix, record)
        },
    )
}

/// Any policy with up to so many keys, which take several pages.
fn any_policy(keys: usize) -> impl Strategy<Value = wire::Snapshot> {
    let base = setting::policy();
    prop::collection::vec(any_key(), 0..keys).prop_map(move |keys| {
        let user = |number| wire::User { id: format!("u{number}"), ..base.users[0].clone() };
        let slots = (0..).zip(keys.into_iter().collect::<BTreeMap<_, _>>());
        let entry = |(slot, (prefix, record))| wire::KeyEntry { prefix, record: wire::Key { slot, ..record } };
        let mut keys: Vec<_> = slots.map(entry).collect();
        // In no order.
        keys.sort_by_key(|entry| entry.prefix.bytes().rev().collect::<Vec<_>>());
        wire::Snapshot { users: (0..3).map(user).collect(), keys, ..base.clone() }
    })
}

#[test]
fn every_key_is_found_as_it_is_in_the_json_and_no_other() {
    let most = Cell::new(0);
    let property = |(policy, other): (wire::Snapshot, String)| {
        let json = serde_json::to_vec(&policy).unwrap();
        let bytes = compact::of_sent(json).unwrap();
        prop_assert_eq!(&compact::write(&policy).unwrap(), &bytes);
        prop_assert_eq!(&compact::of_sent(bytes.clone()).unwrap(), &bytes);
        let snapshot = Snapshot::checked(bytes.clone(), setting::SEED).unwrap();
        // When it is read, and when it has been.
        for entry in policy.keys.iter().chain(&policy.keys) {
            let found = snapshot.key(&entry.prefix).unwrap().unwrap();
            let user = policy.users.iter().find(|user| user.id == entry.record.user_id);
            prop_assert_eq!((&found.wire, Some(&*found.user)), (&entry.record, user));
            prop_assert_eq!(found.hash.text(), entry.record.hash.expose());
        }
        most.set(most.get().max(bytes.len() - compact::head(&bytes).unwrap().len()));
        let is_known = policy.keys.iter().any(|entry| entry.prefix == other);
        prop_assert_eq!(snapshot.key(&other).unwrap().is_some(), is_known);
        let mut sorted = policy;
        sorted.keys.sort_by(|one, next| one.prefix.cmp(&next.prefix));
        prop_assert_eq!(wire::Snapshot::of_compact(bytes).unwrap(), sorted);
        Ok(())
    };
    let strategy = (any_policy(150), "[0-9A-Za-z]{0,9}");
    runner(100).run(&strategy, |(policy, other)| property((policy, other))).unwrap();
    assert!(most.get() > 3 * 8192, "pages of {} bytes are too few to be looked up in", most.get());
}

#[test]
fn whatever_was_damaged_or_cut_off_is_refused() {
    let strategy = any_policy(60);
    let mut runner = runner(1);
    for _ in 0..40 {
        let policy = strategy.new_tree(&mut runner).unwrap().current();
        let bytes = compact::write(&policy).unwrap();
        for _ in 0..50 {
            let pieces = ["lictor", "\0\0\0\0", "{", "\"keys\":[]", "\u{7f}"];
            let damaged = damage(&bytes, &pieces, b"{}[]\0", runner.rng());
            let received = Snapshot::received(damaged.clone(), setting::SEED);
            assert!(damaged == bytes || received.is_err());
            assert!(damaged == bytes || wire::Snapshot::of_compact(damaged).is_err());
        }
        for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            let cut = bytes[..length].to_vec();
            assert!(Snapshot::received(cut.clone(), setting::SEED).is_err() && Snapshot::checked(cut, 1).is_err());
        }
        let longer = [&*bytes, b"\0"].concat();
        assert!(
            Snapshot::received(longer.clone(), setting::SEED).is_err() && wire::Snapshot::of_compact(longer).is_err()
        );
    }
}

#[test]
fn threads_that_read_the_same_keys_at_once_find_the_same() {
    let policy = {
        let base = setting::policy();
        let key = |slot: u32| wire::KeyEntry {
            prefix: format!("{slot:08}"),
            record: wire::Key { id: slot.to_string(), line: slot.to_string(), slot, ..base.keys[0].record.clone() },
        };
        wire::Snapshot { keys: (0..500).map(key).collect(), ..base }
    };
    let snapshot = Snapshot::try_from(policy).unwrap();
    let read = || (0..500).map(|slot| std::ptr::from_ref(snapshot.key(&format!("{slot:08}")).unwrap().unwrap()).addr());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| read().collect::<Vec<_>>())).collect();
        let found: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(found.iter().all(|addresses| *addresses == found[0]));
    });
}
