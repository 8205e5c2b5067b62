//! What a snapshot may not hold.

use std::borrow::Cow;
use std::ops::Range;

use lictor_policy::decide::Trace;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::{Pages, Snapshot, compact};
use lictor_policy::wire::{self, Termination};
use serde_json::{Value, json};

use crate::cases::execute;
use crate::setting::{self, Memory, NOW};

/// A second key of the same user, under another prefix, in another slot.
fn second(policy: &mut wire::Snapshot) -> &mut wire::Key {
    let record = wire::Key { id: "k2".into(), line: "k2".into(), slot: 1, ..policy.keys[0].record.clone() };
    policy.keys.push(wire::KeyEntry { prefix: "second00".into(), record });
    &mut policy.keys[1].record
}

#[test]
fn what_cannot_be_used_is_refused_by_what_is_wrong() {
    for (change, expected) in [
        (|p| second(p).version = 2, None),
        // A rotated key shares the slot of its line.
        (|p| *second(p) = wire::Key { id: "k2".into(), ..p.keys[0].record.clone() }, None),
        (|p| second(p).slot = 0, Some("two records share slot 0")),
        (
            |p| {
                second(p);
                p.keys[1].prefix = p.keys[0].prefix.clone();
            },
            Some("two records share the prefix "),
        ),
        (|p| p.users.push(p.users[0].clone()), Some("two records share the user id u1")),
        (|p| p.permissions.push(p.permissions[0].clone()), Some("two records share the permission for res.partner")),
        (|p| p.keys[0].record.user_id = "u2".into(), Some("key k1: there is no user u2")),
        (|p| p.keys[0].record.hash = Secret::new("plain"), Some("key k1: not a $pbkdf2-sha512$ hash")),
        (
            |p| p.keys[0].record.ip_allow_list = vec!["10.0.0.1/8".into()],
            Some("a key's ip_allow_list: '10.0.0.1/8' has host bits"),
        ),
        (|p| p.keys[0].record.rate_limit_per_minute = Some(0), Some("rate_limit_per_minute must be 1 or more")),
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

/// A policy as an older control plane sends it, changed.
fn sent(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut policy = serde_json::to_value(setting::policy()).unwrap();
    change(&mut policy);
    serde_json::to_vec(&policy).unwrap()
}

#[test]
fn what_another_version_would_send_is_refused_without_quoting_it() {
    for change in [
        (|p| p["tomorrow"] = json!("s3cret")) as fn(&mut Value),
        |p| p["users"][0]["tomorrow"] = json!("s3cret"),
        |p| p["keys"][0]["tomorrow"] = json!("s3cret"),
        |p| p["keys"][0]["record"]["tomorrow"] = json!("s3cret"),
        |p| p["keys"][0]["record"]["slot"] = json!("s3cret"),
        |p| p["permissions"][0]["tomorrow"] = json!("s3cret"),
    ] {
        let problem = compact::of_sent(sent(change)).unwrap_err().to_string();
        assert!(problem.starts_with("the snapshot is not of this version (line 1, column "), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
}

/// A call of the key.
fn called(snapshot: &Snapshot) -> Option<Reason> {
    let call = execute("res.partner", "read", &json!([[1]]), &json!({}));
    let policy = Policy::new(Some(snapshot), NOW, NOW, false);
    let body = Body::Whole(call.as_bytes());
    let mut memory = Memory::default();
    let verdict = setting::verdict(policy, Road::Mcp, body, setting::facts(), &mut memory, &mut Trace::default());
    if let Verdict::Refuse(refusal) = verdict { Some(refusal.reason) } else { None }
}

/// Pages that are kept elsewhere, of which the first is changed.
struct Elsewhere(Option<Vec<u8>>);

impl Pages for Elsewhere {
    fn page(&self, _: usize, _: Range<usize>) -> Option<Cow<'_, [u8]>> {
        self.0.as_deref().map(Cow::Borrowed)
    }
}

#[test]
fn a_stored_key_that_is_not_whole_or_not_there_is_refused_when_it_calls() {
    let bytes = compact::write(&setting::policy()).unwrap();
    let head = compact::head(&bytes).unwrap();
    let page = &bytes[head.len()..];
    let damaged = |at: usize| page.iter().enumerate().map(|(place, byte)| byte ^ u8::from(place == at)).collect();
    let unavailable = Some(Reason::PolicyUnavailable);
    let pages = [(Some(page.to_vec()), None), (None, unavailable), (Some(page[1..].to_vec()), unavailable)];
    let each = (0..page.len()).map(|at| (Some(damaged(at)), unavailable));
    for (page, reason) in pages.into_iter().chain(each) {
        let snapshot = Snapshot::stored(head, Box::new(Elsewhere(page)), setting::SEED).unwrap();
        // As often as it calls.
        assert_eq!([called(&snapshot), called(&snapshot)], [reason, reason]);
    }
}

#[test]
fn a_key_that_only_a_later_version_could_read_is_refused_when_it_calls() {
    // A page that is whole, of one row with a byte more than is known.
    let policy = setting::policy();
    let bytes = compact::write(&policy).unwrap();
    let head = compact::head(&bytes).unwrap();
    let mut page = bytes[head.len()..].to_vec();
    // The row's length takes two bytes.
    page[0] += 1;
    page.push(0);
    let frame: Value = serde_json::from_slice(&head[16..]).unwrap();
    let mut frame = frame;
    frame["keys"][0]["bytes"] = json!(page.len());
    frame["keys"][0]["crc"] = json!(crc(&page));
    let frame = frame.to_string().into_bytes();
    let mut bytes = head[..8].to_vec();
    bytes.extend((frame.len() as u32).to_le_bytes().into_iter().chain(crc(&frame).to_le_bytes()).chain(frame));
    bytes.extend(page);
    let snapshot = Snapshot::received(bytes.clone(), setting::SEED).unwrap();
    assert_eq!(called(&snapshot), Some(Reason::PolicyUnavailable));
    let problem = Snapshot::checked(bytes, setting::SEED).unwrap_err().to_string();
    assert_eq!(problem, "a key is damaged, incomplete or of another form");
}

/// CRC-32 (IEEE), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[test]
fn a_policy_prints_no_hash() {
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    snapshot.key(setting::key().prefix()).unwrap().unwrap();
    let printed = format!("{snapshot:?}");
    assert!(!printed.contains("pbkdf2") && !printed.contains(setting::SECRET), "{printed}");
}

#[test]
fn what_the_control_plane_of_the_version_before_sends_is_read_whole() {
    let sent = include_bytes!("../../../tests/fixtures/0.2.0/snapshot.json");
    let document: Value = serde_json::from_slice(sent).unwrap();
    assert!(document["keys"].as_array().unwrap().len() >= 4 && !document["permissions"].as_array().unwrap().is_empty());
    let read = Snapshot::checked(compact::of_sent(sent.to_vec()).unwrap(), 7).unwrap();
    assert_eq!(read.revision, document["revision"].as_u64().unwrap());
}
