//! Measures the core: the readers of the three forms, whole decisions, and the reading of a policy.
//!
//! `cargo bench --package lictor-policy --bench core` runs all in half a minute; a word behind `--` runs those that have it in
//! their names. `cargo test` does not run them.
//!
//! Look at the fastest of each, and run both programs by turns, several times: `--no-run` says where they are. On two processors
//! with five times as much to do, the least of six runs was within 1 % for what takes microseconds and had not changed, and within
//! 4 % for the rest, but for the policy of 10,000 keys. So 0.1 µs of a decision's 3.4 show. Medians say how busy the machine was, and
//! a single run how fast its processor ran just then: it had two speeds, the one 1.4 times the other.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use divan::{Bencher, Divan, black_box};
use lictor_policy::call::{Call, jsonrpc};
use lictor_policy::decide::{Facts, Head, State, Trace, Unavailable};
use lictor_policy::formats::xmlrpc::{self, MethodCall};
use lictor_policy::formats::{hex, json};
use lictor_policy::gate::{Asked, Body, Policy, Verdict, json2};
use lictor_policy::key::{Key as PlainKey, KeyHash};
use lictor_policy::memory::failures::Failures;
use lictor_policy::memory::line::Line;
use lictor_policy::memory::session::{Client, LastClients};
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::{Key, Pages, Snapshot, compact};
use lictor_policy::wire::{Event, Outcome, UnixMicros, VERSION};
use serde_json::{Value as Json, json};

const NOW: UnixMicros = 1_800_000_000_000_000;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// Odoo's API keys have this form; JSON-2 takes nothing else.
const API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// Bodies: the read of a record, which has 250 to 700 bytes, and records that are made, of so many bytes together.
const BYTES: [usize; 2] = [0, 16 << 10];
/// Keys of a policy.
const KEYS: [usize; 3] = [100, 10_000, 100_000];
/// Profiles, each with [`PERMISSIONS`], at most.
const PROFILES: usize = 200;

/// Permissions of each of its profiles, of which there is one for 50 keys.
const PERMISSIONS: usize = 25;
/// Models of its schema, as five sets of groups see them.
const MODELS: usize = 200;

fn main() {
    Divan::default().sample_count(2000).max_time(Duration::from_secs(2)).config_with_args().main();
}

#[divan::bench(args = BYTES)]
fn read_xmlrpc(bencher: Bencher<'_, '_>, bytes: usize) {
    let request = Request::new(Road::Mcp, bytes);
    bencher.bench_local(|| {
        let text = xmlrpc::decode(black_box(request.body.as_bytes())).unwrap();
        Call::read(xmlrpc::read_call(&text).unwrap()).unwrap().args.len()
    });
}

#[divan::bench(args = BYTES)]
fn read_jsonrpc(bencher: Bencher<'_, '_>, bytes: usize) {
    let request = Request::new(Road::JsonRpc, bytes);
    bencher.bench_local(|| {
        let body = json::read(black_box(request.body.as_bytes())).unwrap();
        Call::read(jsonrpc::read(body).unwrap().call).unwrap().args.len()
    });
}

#[divan::bench(args = BYTES)]
fn read_json2(bencher: Bencher<'_, '_>, bytes: usize) {
    let request = Request::new(Road::Json2, bytes);
    bencher.bench_local(|| {
        let target = Target::of(black_box(request.path)).unwrap();
        let body = json::read(black_box(request.body.as_bytes())).unwrap();
        json2::read(&target, None, "", body).unwrap().kwargs.len()
    });
}

#[divan::bench(args = BYTES)]
fn decide_xmlrpc(bencher: Bencher<'_, '_>, bytes: usize) {
    decide(bencher, Road::Mcp, bytes, 100);
}

#[divan::bench(args = BYTES)]
fn decide_jsonrpc(bencher: Bencher<'_, '_>, bytes: usize) {
    decide(bencher, Road::JsonRpc, bytes, 100);
}

#[divan::bench(args = BYTES)]
fn decide_json2(bencher: Bencher<'_, '_>, bytes: usize) {
    decide(bencher, Road::Json2, bytes, 100);
}

#[divan::bench(args = KEYS)]
fn decide_among_keys(bencher: Bencher<'_, '_>, keys: usize) {
    decide(bencher, Road::Mcp, 0, keys);
}

/// A decision and the JSON of its audit event, over each road.
#[divan::bench(args = [Road::Mcp, Road::JsonRpc, Road::Json2])]
fn decide_and_record(bencher: Bencher<'_, '_>, road: Road) {
    let snapshot = Snapshot::checked(policy(100), SEED).unwrap();
    let request = Request::new(road, 0);
    let mut memory = Memory::default();
    let mut json = String::with_capacity(1024);
    bencher.bench_local(|| {
        json.clear();
        request.record(&snapshot, &mut memory, &mut json);
        json.len()
    });
}

/// From the bytes of a request to those that go on, by a worker that has seen the key before.
fn decide(bencher: Bencher<'_, '_>, road: Road, bytes: usize, keys: usize) {
    let snapshot = Snapshot::checked(policy(keys), SEED).unwrap();
    let request = Request::new(road, bytes);
    let mut memory = Memory::default();
    bencher.bench_local(|| {
        let verdict = request.judge(&snapshot, &mut memory);
        assert!(matches!(verdict, Verdict::Forward(_)), "{verdict:?}");
    });
}

/// What the control plane does with a policy before it sends it.
#[divan::bench(args = KEYS)]
fn policy_checked(bencher: Bencher<'_, '_>, keys: usize) {
    let bytes = policy(keys);
    bencher.with_inputs(|| bytes.clone()).bench_local_values(|bytes| Snapshot::checked(bytes, SEED).unwrap());
}

/// What a gate does with the policy that it is pushed, once.
#[divan::bench(args = KEYS)]
fn policy_received(bencher: Bencher<'_, '_>, keys: usize) {
    let bytes = policy(keys);
    bencher.with_inputs(|| bytes.clone()).bench_local_values(|bytes| Snapshot::received(bytes, SEED).unwrap());
}

/// What each of its other threads does with it.
#[divan::bench(args = KEYS)]
fn policy_stored(bencher: Bencher<'_, '_>, keys: usize) {
    let bytes = policy(keys);
    let head = compact::head(&bytes).unwrap();
    bencher.bench_local(|| Snapshot::stored(black_box(head), Box::new(Nowhere), SEED).unwrap());
}

/// Pages that nobody asks for.
struct Nowhere;

impl Pages for Nowhere {
    fn page(&self, _: usize, _: Range<usize>) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// A request as the filter has it.
struct Request {
    road: Road,
    path: &'static str,
    authorization: String,
    body: String,
}

impl Request {
    /// With a body of at least so many bytes.
    fn new(road: Road, bytes: usize) -> Self {
        (0..).map(|records| Self::of(road, records)).find(|request| request.body.len() >= bytes).unwrap()
    }

    /// A read, or if there are `records`, their making.
    fn of(road: Road, records: usize) -> Self {
        let record =
            |number| json!({"name": format!("Partner {number}"), "email": "partner@example.com", "active": true});
        let records: Vec<Json> = (0..records).map(record).collect();
        let (path, method, args, kwargs) = if records.is_empty() {
            ("/json/2/res.partner/read", "read", json!([[7]]), json!({"fields": ["name", "vat"]}))
        } else {
            ("/json/2/res.partner/create", "create", json!([records]), json!({}))
        };
        let credential = json!(["odoo", 7, key().expose(), "res.partner", method, args, kwargs]);
        let body = match (road, records.is_empty()) {
            (Road::Json2, true) => json!({"ids": [7], "fields": ["name", "vat"]}).to_string(),
            (Road::Json2, false) => json!({"vals_list": records}).to_string(),
            (Road::JsonRpc, _) => {
                let params = json!({"service": "object", "method": "execute_kw", "args": credential});
                json!({"jsonrpc": "2.0", "method": "call", "id": 7, "params": params}).to_string()
            }
            _ => {
                let text = credential.to_string();
                let params = json::read(text.as_bytes()).unwrap().as_array().unwrap().to_vec();
                xmlrpc::write_call(&MethodCall { method: "execute_kw".into(), params }, 0)
            }
        };
        Self { road, path, authorization: format!("Bearer {}", key().expose()), body }
    }

    fn judge(&self, snapshot: &Snapshot, memory: &mut Memory) -> Verdict {
        let target = self.target();
        self.judge_with(snapshot, memory, self.facts(target.as_ref()), &mut Trace::default())
    }

    fn judge_with<'s>(
        &self,
        snapshot: &'s Snapshot,
        memory: &mut Memory,
        facts: Facts<'_>,
        trace: &mut Trace<'s>,
    ) -> Verdict {
        let policy = Policy::new(Some(snapshot), NOW, NOW, false);
        let body = Body::Whole(black_box(self.body.as_bytes()));
        Asked { policy, road: self.road, facts, state: memory, trace }.judge(body)
    }

    fn target(&self) -> Option<Target> {
        if self.road == Road::Json2 { Target::of(black_box(self.path)) } else { None }
    }

    fn facts<'r>(&'r self, target: Option<&'r Target>) -> Facts<'r> {
        let (path, authorization) = (self.path, self.authorization.as_bytes());
        let head = Head { path, target, authorization, is_post: true, ..Head::default() };
        Facts { now: NOW, client: Some([10, 0, 0, 1].into()), user_agent: b"agent/1", head }
    }

    /// The audit event of a call that is let through and answered, with what the filter adds.
    fn record(&self, snapshot: &Snapshot, memory: &mut Memory, json: &mut String) {
        let (target, mut trace) = (self.target(), Trace::default());
        let facts = self.facts(target.as_ref());
        let verdict = self.judge_with(snapshot, memory, facts, &mut trace);
        assert!(matches!(verdict, Verdict::Forward(_)), "{verdict:?}");
        let event = Event {
            sequence: 77,
            request_id: Some("3c1f4a52-6a5b-4c5e-9d50-8f0f6f3b7e11".to_owned()),
            user_agent: Some("agent/1".to_owned()),
            outcome: Outcome::Allowed,
            gate_us: 20,
            odoo_us: 3000,
            request_bytes: 600,
            response_bytes: 400,
            ..trace.into_event(self.road, facts, hex::id(black_box(SEED)))
        };
        event.write(json);
    }
}

/// The one line of keys that is used, as shared data has it.
#[derive(Default)]
struct Memory {
    line: Vec<u8>,
    clients: LastClients,
}

impl State for Memory {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        Ok(Line::parse(&key.wire.line, &self.line))
    }

    fn store(&mut self, key: &Key, line: &Line) -> Result<bool, Unavailable> {
        self.line = line.bytes(&key.wire.line);
        Ok(true)
    }

    fn client(&mut self, key: &Key, facts: Facts<'_>) -> Client {
        self.clients.client(key.wire.slot, &key.wire.line, facts.client, facts.user_agent)
    }

    fn failures(&mut self, _: &str, _: Option<IpAddr>) -> Result<Failures, Unavailable> {
        Ok(Failures::default())
    }

    fn failed(&mut self, _: &str, _: Option<IpAddr>, _: UnixMicros) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// The key that is used.
fn key() -> PlainKey {
    let mut next = 0u8;
    PlainKey::generate(|bytes| bytes.fill_with(|| (next = next.wrapping_add(41), next).1))
}

/// A policy of so many keys, as the control plane sends it.
fn policy(keys: usize) -> Vec<u8> {
    let hash = KeyHash::of(&key(), [7; 16]).text();
    let record = |number: usize| {
        let id = format!("00000000-0000-7000-8000-{number:012}");
        json!({"id": id, "hash": hash, "version": 1, "line": id, "slot": number, "user_id": "u",
            "profiles": ["profile-000"], "models": ["res.partner"]})
    };
    // Hashes are read, and none but the used key's is looked at closer.
    let others = (1..keys).map(|number| json!({"prefix": format!("{number:08}"), "record": record(number)}));
    let used = json!({"prefix": key().prefix(), "record": record(0)});
    let permission = |profile: &str, model: &str| {
        json!({
            "profile": profile, "model": model, "operations": ["read", "write", "create"], "groups": ["sales"], "nested_writes": [],
            "methods": {},
        })
    };
    let profiles: Vec<_> = (0..(keys / 50).clamp(1, PROFILES)).map(|number| format!("profile-{number:03}")).collect();
    let models = ["res.partner", "res.company", "sale.order", "product.product"].map(str::to_owned);
    let models: Vec<_> = models.into_iter().chain((4..PERMISSIONS).map(|number| format!("x_{number:03}"))).collect();
    let permissions: Vec<_> = profiles
        .iter()
        .flat_map(|profile| models.iter().map(|model| permission(profile, model)).collect::<Vec<_>>())
        .collect();
    let mut schema: Json = serde_json::from_str(include_str!("../tests/schema/odoo-19.json")).unwrap();
    let models = schema.get_mut("models").and_then(Json::as_array_mut).unwrap();
    let more = models
        .iter()
        .cycle()
        .zip(models.len()..MODELS)
        .map(|(model, number)| json!({"name": format!("x_{number:03}"), "record": model.get("record")}));
    let more: Vec<Json> = more.collect();
    models.extend(more);
    let snapshot = json!({
        "version": VERSION, "epoch": "e", "revision": 1, "pauses": [], "terminations": [],
        "settings": {
            "enforcement": "secure", "require_exceptions": [], "ip_allow_list": ["10.0.0.0/8"],
            "rate_limit": {"enabled": true, "per_minute": u32::MAX, "divide_by_gates": false},
            "sessions": {"enabled": true, "timeout_seconds": 1800, "limit": 5},
            "durability": {}, "snapshot_max_age_seconds": 300, "body_limit_bytes": 8 << 20, "methods": {},
            "never_list_exceptions": [], "mcp_module_contract": false,
        },
        "users": [{
            "id": "u", "groups": ["sales"], "upstream_rejected": false, "view": 1,
            "upstream": {"database": "odoo", "login": "agent", "uid": 7, "secret": API_KEY},
        }],
        "keys": std::iter::once(used).chain(others).collect::<Vec<_>>(),
        "permissions": permissions,
        "schema": schema,
    });
    compact::of_sent(serde_json::to_vec(&snapshot).unwrap()).unwrap()
}
