//! Counts in shared data, of a fixed number of entries.

use std::cell::OnceCell;

use lictor_policy::memory::bucket::{Bucket, Count, Place, minute_is_over};
use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};
use crate::shared::{change, create};

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
