//! The memory of lines of keys, and of wrong keys.

use std::cell::RefCell;
use std::net::IpAddr;

use lictor_policy::address::network_bytes;
use lictor_policy::decide::{Facts, State, Unavailable};
use lictor_policy::memory::failures::Failures;
use lictor_policy::memory::line::Line;
use lictor_policy::memory::session::{Client, LastClients};
use lictor_policy::snapshot::Key;
use lictor_policy::wire::{self, UnixMicros};

use crate::host::{self, HostError, Shared};
use crate::shared::table::Table;

/// Wrong keys, by prefix and network.
const FAILURES: Table = Table::new("lictor.failures", 4096);

thread_local! {
    /// Who called this thread last.
    static CLIENTS: RefCell<LastClients> = RefCell::default();
}

/// The memory of lines of keys, an entry a slot, and of wrong keys, an entry a bucket.
#[derive(Default)]
pub(crate) struct Lines {
    /// The entry that was read last and its name, for the compare-and-set.
    read: Option<(String, Shared)>,
    /// Keys that were hashed.
    pub(crate) hashes: u32,
}

impl State for Lines {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        let name = format!("lictor.slot.{}", key.wire.slot);
        let entry = host::shared(&name)?;
        let line = Line::parse(&key.wire.line, &entry.value);
        self.read = Some((name, entry));
        Ok(line)
    }

    fn store(&mut self, key: &Key, line: &Line) -> Result<bool, Unavailable> {
        let (name, read) = self.read.take().ok_or(Unavailable)?;
        match host::set_shared(&name, &read, &line.bytes(&key.wire.line)) {
            Ok(()) => Ok(true),
            Err(error) if error.is_mismatch() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn client(&mut self, key: &Key, facts: Facts<'_>) -> Client {
        let Key { wire: wire::Key { slot, line, .. }, .. } = key;
        CLIENTS.with_borrow_mut(|last| last.client(*slot, line, facts.client, facts.user_agent))
    }

    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable> {
        Ok(FAILURES.count(&[prefix.as_bytes(), &network_bytes(client)])?.into())
    }

    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable> {
        FAILURES.add(&[prefix.as_bytes(), &network_bytes(client)], now)?;
        Ok(())
    }

    fn hashing(&mut self) {
        self.hashes += 1;
    }
}

/// A gate's memory for a second look at a call that was counted before: who it is, without counters.
#[derive(Default)]
pub(crate) struct SecondLook(Lines);

impl State for SecondLook {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        self.0.line(key).map(Line::without_counters)
    }

    fn store(&mut self, _key: &Key, _line: &Line) -> Result<bool, Unavailable> {
        Ok(true)
    }

    fn client(&mut self, key: &Key, facts: Facts<'_>) -> Client {
        self.0.client(key, facts)
    }

    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable> {
        self.0.failures(prefix, client)
    }

    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable> {
        self.0.failed(prefix, client, now)
    }
}

impl From<HostError> for Unavailable {
    fn from(_: HostError) -> Self {
        Self
    }
}
