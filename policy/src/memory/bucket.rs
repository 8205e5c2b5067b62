//! Counts of callers in a fixed number of buckets, as shared data is never freed. Those that fall into one bucket are still
//! told apart: nobody's count is another's.

use sha2::{Digest as _, Sha256};

use crate::wire::UnixMicros;

/// Callers that a bucket tells apart at once.
const WAYS: usize = 8;
const NUMBER: usize = 8;

/// The place of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which bucket.
    pub bucket: u32,
    /// Whose count in it.
    tag: u64,
}

impl Place {
    /// Of one of so many buckets. `secret` keeps a client from choosing whose bucket it shares.
    pub fn of(secret: &[u8], buckets: u32, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(secret);
        for part in parts {
            // With its length, or the same bytes could be cut in two ways.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let (numbers, _) = digest.as_chunks::<NUMBER>();
        let mut numbers = numbers.iter().copied().map(u64::from_le_bytes);
        let (first, tag) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        Self { bucket: (first % u64::from(buckets.max(1))) as u32, tag }
    }
}

/// How often, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub count: u64,
    /// Since when: a time, or what else only grows.
    pub since: u64,
}

/// The counts of the callers of one bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket(Vec<(u64, Count)>);

impl Bucket {
    /// The count of a caller; none yet is 0.
    pub fn count(&self, place: Place) -> Count {
        self.0.iter().find(|(tag, _)| *tag == place.tag).map(|(_, count)| *count).unwrap_or_default()
    }

    /// Counts once more. A count for which `is_over` holds begins anew at `now`, and makes room for others. Of a full bucket
    /// the smallest goes: whoever counts most stays counted.
    pub fn add(&mut self, place: Place, now: u64, is_over: impl Fn(Count) -> bool) -> Count {
        let known = self.count(place);
        let next = match known.count {
            1.. if !is_over(known) => Count { count: known.count + 1, ..known },
            _ => Count { count: 1, since: now },
        };
        self.0.retain(|(tag, count)| *tag != place.tag && !is_over(*count));
        if self.0.len() >= WAYS
            && let Some(least) = (0..self.0.len()).min_by_key(|at| self.0.get(*at).map(|(_, count)| count.count))
        {
            self.0.swap_remove(least);
        }
        self.0.push((place.tag, next));
        next
    }

    /// From what [`Bucket::bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Self {
        let (entries, _) = bytes.as_chunks::<{ 3 * NUMBER }>();
        let entry = |bytes: &[u8; 3 * NUMBER]| {
            let (numbers, _) = bytes.as_chunks::<NUMBER>();
            let [tag, count, since] = <[[u8; NUMBER]; 3]>::try_from(numbers).ok()?.map(u64::from_le_bytes);
            Some((tag, Count { count, since }))
        };
        Self(entries.iter().filter_map(entry).collect())
    }

    /// For shared data.
    pub fn bytes(&self) -> Vec<u8> {
        let numbers = self.0.iter().flat_map(|(tag, Count { count, since })| [*tag, *count, *since]);
        numbers.flat_map(u64::to_le_bytes).collect()
    }
}

/// Whether a minute that began then has passed, or begins after now: the clock was set back.
pub const fn minute_is_over(since: UnixMicros, now: UnixMicros) -> bool {
    const MINUTE: UnixMicros = 60_000_000;
    now >= since.saturating_add(MINUTE) || now < since
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All in one bucket.
    fn place(name: &str) -> Place {
        Place::of(b"secret", 1, &[name.as_bytes()])
    }

    fn never(_: Count) -> bool {
        false
    }

    #[test]
    fn those_who_share_a_bucket_are_counted_apart() {
        let mut bucket = Bucket::default();
        for _ in 0..1000 {
            bucket.add(place("loud"), 5, never);
        }
        assert_eq!(bucket.add(place("quiet"), 6, never), Count { count: 1, since: 6 });
        let read = Bucket::parse(&bucket.bytes());
        assert_eq!(read, bucket);
        assert_eq!(read.count(place("loud")), Count { count: 1000, since: 5 });
        assert_eq!(read.count(place("nobody")), Count::default());
    }

    #[test]
    fn a_full_bucket_stays_bounded_and_keeps_who_counts_most() {
        let mut bucket = Bucket::default();
        for _ in 0..10 {
            bucket.add(place("loud"), 1, never);
        }
        for number in 0..1000 {
            bucket.add(place(&number.to_string()), 1, never);
            assert!(bucket.bytes().len() <= WAYS * 3 * NUMBER);
        }
        assert_eq!(bucket.count(place("loud")).count, 10);
    }

    #[test]
    fn a_count_that_is_over_begins_anew_and_leaves() {
        let mut bucket = Bucket::default();
        bucket.add(place("old"), 1, never);
        assert_eq!(bucket.add(place("old"), 9, |count| count.since < 5), Count { count: 1, since: 9 });
        bucket.add(place("new"), 20, |count| count.since < 15);
        assert_eq!(bucket.count(place("old")), Count::default());
    }

    #[test]
    fn a_place_depends_on_the_secret_and_on_how_its_parts_are_cut() {
        let of = |secret: &[u8], parts: &[&[u8]]| Place::of(secret, 4096, parts);
        assert_eq!(of(b"s", &[b"ab", b"c"]), of(b"s", &[b"ab", b"c"]));
        assert_ne!(of(b"s", &[b"ab", b"c"]), of(b"s", &[b"a", b"bc"]));
        assert_ne!(of(b"s", &[b"ab"]), of(b"t", &[b"ab"]));
    }

    #[test]
    fn a_minute_is_over_after_it_and_before_it() {
        let since = 1_800_000_000_000_000;
        let over = |now| minute_is_over(since, now);
        assert_eq!(
            [over(since - 1), over(since), over(since + 59_999_999), over(since + 60_000_000)],
            [true, false, false, true]
        );
    }
}
