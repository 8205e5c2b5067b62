//! A policy in the place that threads share, in wasm and in a module.

use std::sync::Arc;

use lictor_policy::snapshot::{BadSnapshot, Snapshot, compact};

use super::requests::snapshot;
use crate::host::HostError;
use crate::shared::policy::{self, whole};

/// As it came, and its head.
fn given() -> (Vec<u8>, Snapshot) {
    let bytes = compact::of_sent(snapshot()).unwrap();
    (compact::head(&bytes).unwrap().to_vec(), Snapshot::received(bytes, 1).unwrap())
}

fn finds_its_key(snapshot: &Snapshot) -> Result<bool, BadSnapshot> {
    assert!(!matches!(snapshot.key("TestKey2"), Ok(Some(_))), "no policy has this key");
    snapshot.key("TestKey1").map(|key| key.is_some())
}

#[test]
fn in_wasm_a_key_is_read_from_shared_data_for_as_long_as_its_policy_may_be_in_force() {
    let store = |id| {
        let (head, given) = given();
        policy::store(id, &head, given).unwrap()
    };
    let load = |id| policy::load(id).unwrap().map(Result::unwrap);
    assert!(load(10).is_none());
    let (holder, other, unused) = (store(10), load(10).unwrap(), load(10).unwrap());
    assert_eq!((finds_its_key(&holder), finds_its_key(&other)), (Ok(true), Ok(true)));
    store(11);
    assert_eq!(load(10).map(|again| finds_its_key(&again)), Some(Ok(true)), "the next is not in force yet");
    store(12);
    assert!(load(10).is_none() && load(11).is_some() && load(12).is_some());
    assert!(finds_its_key(&unused).is_err(), "its pages are another policy's");
    assert_eq!(finds_its_key(&other), Ok(true), "what was read stays");
}

#[test]
fn the_threads_of_a_module_have_one_policy() -> Result<(), HostError> {
    let store = |id| {
        let (head, given) = given();
        whole::store(id, &head, given)
    };
    let load = |id| whole::load(id).map(|found| found.map(Result::unwrap));
    let holder = store(20)?;
    let same = |found: Option<Arc<Snapshot>>| found.is_some_and(|found| Arc::ptr_eq(&found, &holder));
    let on_another = std::thread::spawn(move || whole::load(20).unwrap().map(Result::unwrap)).join();
    assert!(same(load(20)?) && same(on_another.unwrap()));
    assert_eq!(finds_its_key(&holder), Ok(true));
    store(21)?;
    assert!(same(load(20)?) && load(21)?.is_some());
    store(22)?;
    assert!(load(20)?.is_none() && load(22)?.is_some());
    Ok(())
}
