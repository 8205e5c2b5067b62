//! The same work outside of Envoy: a gate's decision with session, rate window and audit record, by the same `policy` crate.
//!
//! What a gate does besides is left out, all to the service's advantage: it asks for no policy but its first, adds no headers to
//! answers, counts no metrics, and does not look at what Odoo answers.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use lictor_policy::address;
use lictor_policy::decide::{Facts, Head, State, Trace, Unavailable};
use lictor_policy::gate::reply::{self, Reply};
use lictor_policy::gate::{self, Asked, Body, Forward, Policy, Verdict};
use lictor_policy::memory::failures::Failures;
use lictor_policy::memory::line::Line;
use lictor_policy::memory::session::{Client, LastClients};
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::{Key, Snapshot, compact};
use lictor_policy::wire::{Event, Outcome, UnixMicros};

use super::records::Records;

/// Where a service listens, what it decides by, and where its records go.
#[derive(Args)]
pub(crate) struct Options {
    /// On 127.0.0.1.
    port: u16,
    /// The file of the policy, as the control plane gives it to gates.
    #[arg(long)]
    policy: PathBuf,
    /// The file for the audit records.
    #[arg(long)]
    records: PathBuf,
}

impl Options {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Reads the policy.
    pub(crate) fn decider(&self) -> Result<Decider> {
        Decider::new(&self.policy, &self.records)
    }
}

/// A request as a service has it.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r [u8],
    pub(crate) path: &'r str,
    /// Names in lower case, as Envoy sends them.
    pub(crate) headers: Vec<(&'r [u8], &'r [u8])>,
    pub(crate) body: &'r [u8],
}

/// What becomes of it.
pub(crate) enum Decision {
    /// Goes on as it came.
    Pass,
    /// Goes on written anew.
    Forward(Forward),
    /// Is answered in Odoo's place.
    Answer(Reply),
}

/// A thread's policy, and what all threads remember between calls.
pub(crate) struct Decider {
    snapshot: Arc<Snapshot>,
    memory: Arc<Mutex<Memory>>,
    records: Arc<Records>,
}

impl Decider {
    fn new(policy: &Path, records: &Path) -> Result<Self> {
        let sent = fs::read(policy).with_context(|| format!("cannot read {}", policy.display()))?;
        let snapshot = compact::of_sent(sent).and_then(|bytes| Snapshot::checked(bytes, Snapshot::TRIED));
        let snapshot = snapshot.with_context(|| format!("{} is no policy", policy.display()))?;
        let records = Arc::new(Records::begin(records)?);
        Ok(Self { snapshot: Arc::new(snapshot), memory: Arc::default(), records })
    }

    /// For another thread.
    pub(crate) fn another(&self) -> Self {
        Self {
            snapshot: Arc::clone(&self.snapshot),
            memory: Arc::clone(&self.memory),
            records: Arc::clone(&self.records),
        }
    }

    /// Decides on a request, and records that.
    pub(crate) fn decide(&self, request: &Request<'_>) -> Result<Decision> {
        let Some(road) = Road::of(request.path) else { return Ok(Decision::Pass) };
        let target = if road == Road::Json2 { Target::of(request.path) } else { None };
        let facts = request.facts(now()?, target.as_ref())?;
        let content_type = request.text("content-type").unwrap_or_default();
        let unread = gate::reads(road, content_type);
        let body = match &unread {
            _ if request.body.len() > gate::body_limit(Some(&self.snapshot)) => Body::TooLarge(request.body),
            _ if !facts.head.is_post => Body::NotPost(request.body),
            Err(problem) => Body::Encoded(request.body, problem),
            Ok(()) => Body::Whole(request.body),
        };
        let policy = Policy::new(Some(&self.snapshot), facts.now, facts.now, true);
        let mut trace = Trace::default();
        let verdict = {
            let mut memory = self.memory.lock().map_err(|_| anyhow!("a thread has panicked"))?;
            Asked { policy, road, facts, state: &mut *memory, trace: &mut trace }.judge(body)
        };
        let id = format!("{:016x}", RandomState::new().build_hasher().finish());
        let rpc_id = trace.rpc_id.take();
        let mut event = Event {
            user_agent: Some(String::from_utf8_lossy(facts.user_agent).into_owned()),
            request_bytes: request.body.len() as u64,
            ..trace.into_event(road, facts, id)
        };
        event.gate_us = now()?.saturating_sub(facts.now);
        let decision = match verdict {
            Verdict::Pass(_) | Verdict::PassTo(..) => return Ok(Decision::Pass),
            Verdict::Forward(call) => Decision::Forward(call),
            Verdict::Answer { reply, denied, .. } => {
                event.outcome = if denied.is_some() { Outcome::Denied } else { Outcome::Allowed };
                event.reason = denied;
                Decision::Answer(reply)
            }
            Verdict::Refuse(refusal) => {
                event.outcome = Outcome::Denied;
                event.reason = Some(refusal.reason);
                Decision::Answer(reply::refusal(road, &refusal, &event.decision_id, rpc_id.as_deref()))
            }
        };
        self.records.write(event)?;
        Ok(decision)
    }
}

impl<'r> Request<'r> {
    fn first(&self, name: &str) -> Option<&'r [u8]> {
        self.headers.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Option<&'r str> {
        std::str::from_utf8(self.first(name)?).ok()
    }

    fn facts<'f>(&'f self, now: UnixMicros, target: Option<&'f Target>) -> Result<Facts<'f>> {
        // Envoy has appended the address that it took the connection from.
        let forwarded = self.text("x-forwarded-for").context("Envoy tells no client's address")?;
        let client = address::client(forwarded.rsplit(',').next().unwrap_or_default().trim());
        let head = Head {
            path: self.path,
            target,
            authorization: self.first("authorization").unwrap_or_default(),
            database: self.text("x-odoo-database").filter(|name| !name.is_empty()),
            is_post: self.method == b"POST",
            ..Head::default()
        };
        Ok(Facts { now, client, user_agent: self.first("user-agent").unwrap_or_default(), head })
    }
}

fn now() -> Result<UnixMicros> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(UnixMicros::try_from(since.as_micros())?)
}

/// The lines of keys. Wrong keys are not counted: the benchmark sends one a gate.
#[derive(Default)]
struct Memory {
    lines: HashMap<String, Line>,
    clients: LastClients,
}

impl State for Memory {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        Ok(self.lines.get(&key.wire.line).cloned().unwrap_or_default())
    }

    fn store(&mut self, key: &Key, line: &Line) -> Result<bool, Unavailable> {
        match self.lines.get_mut(&key.wire.line) {
            Some(kept) => kept.clone_from(line),
            None => drop(self.lines.insert(key.wire.line.clone(), line.clone())),
        }
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
