//! What the workers of a gate share: a fixed set of entries, as shared data is never deleted.

use std::cell::OnceCell;
use std::net::IpAddr;

use lictor_policy::decide::{State, Unavailable};
use lictor_policy::memory::brake::{self, Failures};
use lictor_policy::memory::bucket::{Bucket, Count, Place, minute_is_over};
use lictor_policy::memory::line::Line;
use lictor_policy::snapshot::Key;
use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError, Shared};

/// How often a compare-and-set is tried before giving up, which takes a fraction of a millisecond. Of many workers that do
/// nothing but change one entry, one that fails four times in five would give up once in 10^25 times.
const ATTEMPTS: usize = 256;

impl From<HostError> for Unavailable {
    fn from(_: HostError) -> Self {
        Self
    }
}

/// The memory of lines of keys, an entry a slot, and of wrong keys, an entry a bucket.
#[derive(Default)]
pub(crate) struct Slots {
    /// The entry that was read last and its name, for the compare-and-set.
    read: Option<(String, Shared)>,
    /// Keys that were hashed.
    pub(crate) hashes: u32,
}

impl State for Slots {
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

    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable> {
        Ok(BRAKE.count(&[prefix.as_bytes(), &brake::network(client)])?.into())
    }

    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable> {
        BRAKE.add(&[prefix.as_bytes(), &brake::network(client)], now)?;
        Ok(())
    }

    fn hashing(&mut self) {
        self.hashes += 1;
    }
}

/// A gate's memory for a second look at a call that was counted before: who it is, without counters.
#[derive(Default)]
pub(crate) struct SecondLook(Slots);

impl State for SecondLook {
    fn line(&mut self, key: &Key) -> Result<Line, Unavailable> {
        self.0.line(key).map(Line::without_counters)
    }

    fn store(&mut self, _key: &Key, _line: &Line) -> Result<bool, Unavailable> {
        Ok(true)
    }

    fn failures(&mut self, prefix: &str, client: Option<IpAddr>) -> Result<Failures, Unavailable> {
        self.0.failures(prefix, client)
    }

    fn failed(&mut self, prefix: &str, client: Option<IpAddr>, now: UnixMicros) -> Result<(), Unavailable> {
        self.0.failed(prefix, client, now)
    }
}

/// Wrong keys, by prefix and network.
const BRAKE: Table = Table::new("lictor.brake", 4096);

/// A table of counts in shared data, of a fixed number of entries.
pub(crate) struct Table {
    name: &'static str,
    buckets: u32,
}

impl Table {
    pub(crate) const fn new(name: &'static str, buckets: u32) -> Self {
        Self { name, buckets }
    }

    /// Changes the bucket of whoever is named by these parts, and gives what the last change answered.
    pub(crate) fn change<T>(
        &self,
        parts: &[&[u8]],
        mut count: impl FnMut(&mut Bucket, Place) -> T,
    ) -> Result<T, HostError> {
        let place = Place::of(&seed()?, self.buckets, parts);
        let mut answer = None;
        change(&format!("{}.{}", self.name, place.bucket), |bytes| {
            let mut bucket = Bucket::parse(bytes);
            answer = Some(count(&mut bucket, place));
            Some(bucket.bytes())
        })?;
        answer.ok_or_else(HostError::unreadable)
    }

    /// Counts once more for whoever is named by these parts, within a minute.
    pub(crate) fn add(&self, parts: &[&[u8]], now: UnixMicros) -> Result<u64, HostError> {
        let is_over = |count: Count| minute_is_over(count.since, now);
        self.change(parts, |bucket, place| bucket.add(place, now, is_over).count)
    }

    /// What is counted of whoever is named by these parts.
    pub(crate) fn count(&self, parts: &[&[u8]]) -> Result<Count, HostError> {
        let place = Place::of(&seed()?, self.buckets, parts);
        let entry = host::shared(&format!("{}.{}", self.name, place.bucket))?;
        Ok(Bucket::parse(&entry.value).count(place))
    }

    /// The entry for whoever is named by this.
    pub(crate) fn entry(&self, part: &[u8]) -> Result<String, HostError> {
        Ok(format!("{}.{}", self.name, Place::of(&seed()?, self.buckets, &[part]).bucket))
    }

    /// All entries that there may be.
    pub(crate) fn entries(&self) -> impl Iterator<Item = String> + use<> {
        let (name, buckets) = (self.name, self.buckets);
        (0..buckets).map(move |bucket| format!("{name}.{bucket}"))
    }
}

/// Which callers share an entry depends on a secret that lives as long as shared data.
fn seed() -> Result<Vec<u8>, HostError> {
    const SEED: &str = "lictor.seed";
    thread_local! {
        static READ: OnceCell<Vec<u8>> = const { OnceCell::new() };
    }
    READ.with(|read| {
        if let Some(seed) = read.get() {
            return Ok(seed.clone());
        }
        let entry = host::shared(SEED)?;
        let seed = if entry.value.is_empty() { create(SEED, &entry, &host::random::<16>()?)? } else { entry.value };
        Ok(read.get_or_init(|| seed).clone())
    })
}

/// Changes an entry; `change` answers nothing to leave it as it is, and then this is false.
///
/// # Errors
/// Of the host, or when others were faster too often.
pub(crate) fn change<B: AsRef<[u8]>>(
    name: &str,
    mut change: impl FnMut(&[u8]) -> Option<B>,
) -> Result<bool, HostError> {
    let mut attempts = ATTEMPTS;
    loop {
        let entry = host::shared(name)?;
        let Some(next) = change(&entry.value) else { return Ok(false) };
        match host::set_shared(name, &entry, next.as_ref()) {
            Err(error) if error.is_mismatch() && attempts > 0 => attempts -= 1,
            result => return result.map(|()| true),
        }
    }
}

/// Creates an entry, or takes what another worker created meanwhile.
pub(crate) fn create(name: &str, absent: &Shared, value: &[u8]) -> Result<Vec<u8>, HostError> {
    match host::set_shared(name, absent, value) {
        Err(error) if !error.is_mismatch() => Err(error),
        Ok(()) | Err(_) => Ok(host::shared(name)?.value),
    }
}

/// Two numbers in one entry of shared data, so that they change atomically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) u64, pub(crate) u64);

impl Pair {
    /// Reads an entry; zeros if there is none.
    pub(crate) fn read(name: &str) -> Result<Self, HostError> {
        host::shared(name).map(|entry| Self::parse(&entry.value))
    }

    /// Changes an entry; `change` answers nothing to leave it as it is.
    ///
    /// # Errors
    /// Of the host, or when others were faster too often.
    pub(crate) fn update(name: &str, mut change: impl FnMut(Self) -> Option<Self>) -> Result<Option<Self>, HostError> {
        let mut next = None;
        self::change(name, |bytes| {
            next = change(Self::parse(bytes));
            next.map(Self::bytes)
        })?;
        Ok(next)
    }

    fn parse(bytes: &[u8]) -> Self {
        let number = |bytes: Option<&[u8]>| bytes.and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        Self(number(bytes.get(..8)), number(bytes.get(8..16)))
    }

    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().chain(self.1.to_le_bytes())) {
            *to = from;
        }
        bytes
    }
}

/// Which snapshot is in force (a number that its blob carries too), and when the control plane last confirmed it.
pub(crate) struct Stamp;

impl Stamp {
    const NAME: &str = "lictor.stamp";

    /// The number and the moment; zeros before the first snapshot.
    pub(crate) fn read() -> Result<(u64, UnixMicros), HostError> {
        Pair::read(Self::NAME).map(|Pair(id, confirmed_at)| (id, confirmed_at))
    }

    /// Puts a stored snapshot in force.
    pub(crate) fn publish(id: u64, now: UnixMicros) -> Result<(), HostError> {
        Pair::update(Self::NAME, |_| Some(Pair(id, now))).map(drop)
    }

    /// Renews the age of the snapshot in force, if it is still this one.
    pub(crate) fn confirm(id: u64, now: UnixMicros) -> Result<(), HostError> {
        Pair::update(Self::NAME, |Pair(current, _)| (current == id).then_some(Pair(id, now))).map(drop)
    }
}

/// The snapshot's bytes, behind the number that the stamp names.
pub(crate) struct Blob(Vec<u8>);

impl Blob {
    const HEAD: usize = 8;

    /// A new number, whose snapshot does not take the place of the current one.
    pub(crate) fn id_after(current: u64) -> Result<u64, HostError> {
        let random = u64::from_le_bytes(host::random()?);
        Ok(if random % 2 == current % 2 { random ^ 1 } else { random })
    }

    /// Two entries by turns: while one is written, the other is in force.
    const fn name(id: u64) -> &'static str {
        if id.is_multiple_of(2) { "lictor.snapshot.even" } else { "lictor.snapshot.odd" }
    }

    /// Stores a snapshot; it is in force when the stamp says so.
    pub(crate) fn write(id: u64, json: &[u8]) -> Result<(), HostError> {
        let mut bytes = Vec::with_capacity(Self::HEAD + json.len());
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(json);
        host::overwrite_shared(Self::name(id), &bytes)
    }

    /// The snapshot with this number; `None` if it is neither the one in force nor the next.
    pub(crate) fn read(id: u64) -> Result<Option<Self>, HostError> {
        let bytes = host::shared(Self::name(id))?.value;
        Ok(bytes.starts_with(&id.to_le_bytes()).then_some(Self(bytes)))
    }

    /// The snapshot.
    pub(crate) fn json(&self) -> &[u8] {
        self.0.get(Self::HEAD..).unwrap_or_default()
    }
}
