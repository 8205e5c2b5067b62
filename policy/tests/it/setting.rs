//! A policy to decide from, and a gate's memory.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lictor_policy::address::network_bytes;
use lictor_policy::decide::{Facts, Head, State, Trace, Unavailable};
use lictor_policy::formats::value::Value;
use lictor_policy::gate::{Asked, Body, Policy, Verdict};
use lictor_policy::key::{Key as PlainKey, KeyHash};
use lictor_policy::memory::bucket::{Bucket, Place, minute_is_over};
use lictor_policy::memory::failures::Failures;
use lictor_policy::memory::line::Line;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::road::Road;
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::{Key, Snapshot};
use lictor_policy::wire::{self, UnixMicros};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

use crate::real_schema::SCHEMA;

/// The seed for a policy's maps, as a gate draws one.
pub(crate) const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
pub(crate) const NOW: u64 = 1_800_000_000_000_000;
pub(crate) const MAX_AGE_SECONDS: u32 = 300;
pub(crate) const DATABASE: &str = "prod";
pub(crate) const LOGIN: &str = "agent@example.com";
pub(crate) const UID: i64 = 7;
pub(crate) const SECRET: &str = "odoo-secret-<&>";

/// What Odoo gives out as an API key; JSON-2 takes nothing else.
pub(crate) const API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// The same policy, with an API key as the user's credential in Odoo.
pub(crate) fn with_api_key(mut policy: wire::Snapshot) -> wire::Snapshot {
    policy.users[0].upstream.secret = Secret::new(API_KEY);
    policy
}

/// The uid as clients send it: a number, or text of its digits.
pub(crate) fn uid(rng: &mut TestRng) -> Value<'static> {
    match rng.random_range(0..4) {
        0 => Value::String(UID.to_string().into()),
        1 => Value::String(format!("0{UID}").into()),
        _ => Value::Int(UID),
    }
}

/// The one key of the policy.
pub(crate) fn key() -> PlainKey {
    numbered_key(1)
}

pub(crate) fn numbered_key(seed: u8) -> PlainKey {
    let mut next = seed;
    PlainKey::generate(|bytes| bytes.fill_with(|| (next = next.wrapping_mul(31).wrapping_add(seed), next).1))
}

/// Another key under the same prefix: a guess that only the hash can tell.
pub(crate) fn same_prefix(key: &str) -> String {
    let mut given = key.bytes().skip(4).take(8).chain(std::iter::repeat_n(b'x', 32));
    // Each byte that the generator asks for becomes the character that it is to be.
    let digit = |character: u8| match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'Z' => character - b'A' + 10,
        _ => character - b'a' + 36,
    };
    PlainKey::generate(|bytes| bytes.fill_with(|| digit(given.next().unwrap()))).expose().to_owned()
}

/// A policy with one key that may do everything to `res.partner`, except delete.
pub(crate) fn policy() -> wire::Snapshot {
    wire::Snapshot {
        version: wire::VERSION,
        epoch: "e".into(),
        revision: 1,
        settings: wire::Settings {
            enforcement: wire::Enforcement::Secure,
            require_exceptions: vec![],
            ip_allow_list: vec![],
            rate_limit: wire::RateLimit { enabled: false, per_minute: 60, divide_by_gates: false },
            sessions: wire::Sessions { enabled: false, timeout_seconds: 1800, limit: 0 },
            durability: wire::Durabilities::default(),
            snapshot_max_age_seconds: MAX_AGE_SECONDS,
            body_limit_bytes: 8 << 20,
            methods: [].into(),
            never_list_exceptions: vec![],
            mcp_module_contract: false,
            shadow: [].into(),
        },
        users: vec![wire::User {
            id: "u1".into(),
            groups: vec!["sales".into()],
            upstream: wire::Upstream {
                database: DATABASE.into(),
                login: LOGIN.into(),
                uid: UID,
                secret: Secret::new(SECRET),
            },
            upstream_rejected: false,
            view: Some(0),
        }],
        keys: vec![wire::KeyEntry {
            prefix: key().prefix().into(),
            record: wire::Key {
                id: "k1".into(),
                hash: Secret::new(KeyHash::of(&key(), [7; 16]).text()),
                version: 1,
                line: "k1".into(),
                slot: 0,
                user_id: "u1".into(),
                profiles: vec![],
                scopes: Operations::NONE,
                models: vec![],
                ip_allow_list: vec![],
                rate_limit_per_minute: None,
                session_limit: None,
                expires_at: None,
            },
        }],
        permissions: vec![wire::Permission {
            model: "res.partner".into(),
            operations: Operations::of(&[Operation::Read, Operation::Write, Operation::Create]),
            ..wire::Permission::default()
        }],
        schema: known(&[
            "res.company",
            "res.country",
            "res.partner",
            "res.partner.category",
            "res.users",
            "sale.order",
        ]),
        pauses: vec![],
        terminations: vec![],
    }
}

/// These models of Odoo's, with those of their fields that tests name: the whole would be read again for every judgement.
pub(crate) fn known(models: &[&str]) -> wire::Schema {
    const FIELDS: [&str; 38] = [
        "active",
        "category_id",
        "child_ids",
        "code",
        "color",
        "comment",
        "company_id",
        "company_registry",
        "country_id",
        "create_date",
        "create_uid",
        "display_name",
        "email",
        "email_normalized",
        "function",
        "id",
        "lang",
        "login",
        "name",
        "order_line",
        "parent_id",
        "partner_id",
        "password",
        "phone",
        "properties",
        "ref",
        "res_id",
        "res_model",
        "res_model_id",
        "state",
        "state_id",
        "type",
        "user_id",
        "user_ids",
        "vat",
        "website_description",
        "write_date",
        "write_uid",
    ];
    let trimmed = |entry: &wire::ModelEntry| {
        let mut model = entry.record.clone();
        model.fields.retain(|field| FIELDS.contains(&&*field.name));
        let sees = vec![true; model.fields.len()].into_iter().collect();
        model.views = vec![wire::View { set: 0, sees, dead_ends: wire::Bitmap::default() }];
        wire::ModelEntry { name: entry.name.clone(), record: model }
    };
    let is_named = |entry: &&wire::ModelEntry| models.contains(&&*entry.name);
    wire::Schema { models: SCHEMA.models.iter().filter(is_named).map(trimmed).collect(), ..wire::Schema::unknown() }
}

/// Remembers what a gate remembers.
#[derive(Default)]
pub(crate) struct Memory {
    lines: BTreeMap<String, Line>,
    failures: BTreeMap<u32, Bucket>,
}

impl State for Memory {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        Ok(self.lines.get(&key.wire.line).cloned().unwrap_or_default())
    }

    fn store(&mut self, key: &Key, line: &Line) -> Result<bool, Unavailable> {
        // Through bytes, as a gate keeps it.
        let id = &key.wire.line;
        self.lines.insert(id.clone(), Line::parse(id, &line.bytes(id)));
        Ok(true)
    }

    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable> {
        let place = place(prefix, client);
        Ok(self.failures.get(&place.bucket).map(|bucket| bucket.count(place)).unwrap_or_default().into())
    }

    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable> {
        let place = place(prefix, client);
        let bucket = self.failures.entry(place.bucket).or_default();
        bucket.add(place, now, |count| minute_is_over(count.since, now));
        Ok(())
    }
}

fn place(prefix: &str, client: Option<IpAddr>) -> Place {
    Place::of(b"secret", 4096, &[prefix.as_bytes(), &network_bytes(client)])
}

pub(crate) fn facts() -> Facts<'static> {
    Facts { now: NOW, client: Some([10, 0, 0, 1].into()), user_agent: b"agent/1", head: Head::default() }
}

/// Judges a body on a road by a policy that was confirmed just now.
pub(crate) fn judge(policy: &wire::Snapshot, road: Road, body: &[u8]) -> Verdict {
    judge_at(policy, road, body, facts(), &mut Memory::default())
}

/// The same, as one of several calls.
pub(crate) fn judge_at(
    policy: &wire::Snapshot,
    road: Road,
    body: &[u8],
    facts: Facts<'_>,
    memory: &mut Memory,
) -> Verdict {
    let snapshot = Snapshot::try_from(policy.clone()).unwrap();
    let policy = Policy::new(Some(&snapshot), facts.now, facts.now, false);
    verdict(policy, road, Body::Whole(body), facts, memory, &mut Trace::default())
}

/// The verdict on a request, and in `trace` what was found on the way.
pub(crate) fn verdict<'s>(
    policy: Policy<'s>,
    road: Road,
    body: Body<'_>,
    facts: Facts<'_>,
    state: &mut Memory,
    trace: &mut Trace<'s>,
) -> Verdict {
    Asked { policy, road, facts, state, trace }.judge(body)
}
