//! One budget for refusals: the first few a minute of each caller and reason have records of their own, the rest is
//! counted. So nobody fills the queue, a disk or a mailbox by being refused. Whoever goes on all the same is answered late.

use lictor_policy::address::network_bytes;
use lictor_policy::memory::counted::{Counted, Whose};
use lictor_policy::memory::places::For;
use lictor_policy::refusal::Reason;
use lictor_policy::wire::{Event, UnixMicros};

use crate::host::{self, HostError};
use crate::reservation::{Reserved, reserve};
use crate::shared::change;
use crate::shared::table::Table;
use crate::{answers, audit};

/// Records a minute of one key for one reason: administrators see in them what an agent lacks.
const RECORDED_OF_KEY: u64 = 10;
/// Records a minute of one address for one reason.
const RECORDED_OF_ADDRESS: u64 = 5;
/// Records a minute of all callers without a verified key: of addresses there is no end.
const RECORDED_UNVERIFIED: u64 = 1000;

/// Refusals a minute of one caller for one reason that are answered at once.
const AT_ONCE: u64 = 100;

/// What keys were refused, so that no number of addresses has a say in it; and what addresses were.
const KEYS: Table = Table::new("lictor.refused", 1024);
const ADDRESSES: Table = Table::new("lictor.junk", 4096);
const ALL_ADDRESSES: Table = Table::new("lictor.junk_all", 1);
/// The sums of keys.
const SUMS: Table = Table::new("lictor.counted", 64);

/// Takes a refusal: its place in the queue if it is one of the few that are recorded one by one, else it is counted. It
/// stays a refusal whatever becomes of its record.
pub(crate) fn take(event: &Event, reason: Reason) -> Option<Reserved> {
    let now = event.at;
    let reserved = match refusals(event, reason) {
        Ok(refusals) => {
            if refusals.number > AT_ONCE {
                answers::be_late();
            }
            refusals.is_recorded.then(|| reserve(For::Refusals, now).ok()).flatten()
        }
        Err(error) => {
            host::warn(&format!("lictor: whether a refusal is recorded by itself is not known: {error:?}"));
            None
        }
    };
    if reserved.is_none() {
        count(event, reason);
    }
    reserved
}

/// Counts a refusal that has no record of its own.
pub(crate) fn count(event: &Event, reason: Reason) {
    let added = match add(&Whose::of(event, reason), event.at) {
        // More keys than are told apart.
        Ok(false) => add(&Whose::anybody(reason), event.at),
        added => added,
    };
    if let Err(error) = added {
        host::warn(&format!("lictor: a refusal was not counted ({}): {error:?}", reason.row().name));
    }
}

/// Refusals of one caller for one reason in this minute.
struct Refusals {
    number: u64,
    /// Whether the last is one of the few.
    is_recorded: bool,
}

/// Adds one. The caller is the key if it was verified, else the network of the address: whoever guesses at a key says
/// nothing of it.
fn refusals(event: &Event, reason: Reason) -> Result<Refusals, HostError> {
    let reason = reason.row().name.as_bytes();
    if let (Some(key), Some(_verified)) = (&event.key_id, &event.database) {
        let number = KEYS.add(&[key.as_bytes(), reason], event.at)?;
        return Ok(Refusals { number, is_recorded: number <= RECORDED_OF_KEY });
    }
    let network = network_bytes(event.client_ip.parse().ok());
    let number = ADDRESSES.add(&[&network, reason], event.at)?;
    let is_recorded = number <= RECORDED_OF_ADDRESS && ALL_ADDRESSES.add(&[], event.at)? <= RECORDED_UNVERIFIED;
    Ok(Refusals { number, is_recorded })
}

/// False if there is no room for the sum of another one.
fn add(whose: &Whose, now: UnixMicros) -> Result<bool, HostError> {
    change(&entry(whose)?, |bytes| {
        let mut counted = Counted::parse(bytes);
        counted.add(whose, now).then(|| counted.bytes())
    })
}

/// The entry of shared data that has the sum.
fn entry(whose: &Whose) -> Result<String, HostError> {
    match whose.key_id() {
        Some(id) => SUMS.entry(id.as_bytes()),
        None => Ok(sum_of_anybody(whose.reason())),
    }
}

fn sum_of_anybody(reason: Reason) -> String {
    format!("lictor.counted.{}", reason.row().name)
}

/// Records what was counted for a minute.
#[derive(Default)]
pub(crate) struct Recorder {
    looked_at: UnixMicros,
}

impl Recorder {
    const EVERY: UnixMicros = 1_000_000;

    /// Looks once a second; run by the holder of the lease.
    pub(crate) fn run(&mut self, now: UnixMicros) -> Result<(), HostError> {
        if now.abs_diff(self.looked_at) < Self::EVERY {
            return Ok(());
        }
        self.looked_at = now;
        let of_anybody = Reason::ALL.iter().copied().map(sum_of_anybody);
        SUMS.entries().chain(of_anybody).try_for_each(|entry| record_due(&entry, now))
    }
}

/// Records the sums of an entry that are due, as far as there are places: the others go on counting.
fn record_due(entry: &str, now: UnixMicros) -> Result<(), HostError> {
    let counted = Counted::parse(&host::shared(entry)?.value);
    // Nobody but the holder of the lease takes sums away, so this ends.
    let mut due = counted.clone();
    while let Some(whose) = due.due(now).cloned() {
        due.take(&whose);
        let Ok(reserved) = reserve(For::Refusals, now) else { return Ok(()) };
        let mut taken = None;
        change(entry, |bytes| {
            let mut counted = Counted::parse(bytes);
            taken = counted.take(&whose);
            Some(counted.bytes())
        })?;
        // What is due is there until it is taken here.
        let (count, since) = taken.unwrap_or((0, now));
        audit::record(reserved, whose.event(count, since, format!("{:016x}", host::random_number()?)))?;
    }
    Ok(())
}
