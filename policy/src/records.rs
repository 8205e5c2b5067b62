//! Storey 1: the records that a call names, as the audit log has them: each id once; of many a count and a digest.

use std::collections::BTreeSet;

use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The most records that a call may write or delete: every one is recorded, so more are refused.
pub const MAX_CHANGED: usize = 1000;

/// How many of the records that a call only reads are listed. As many may stand on the wire one by one.
pub const MAX_READ: usize = 100;

/// How many records an event says that there are: a list that is shorter tells it by itself.
pub fn stated(count: usize) -> Option<u64> {
    (count >= MAX_READ).then_some(count as u64)
}

/// At most [`MAX_CHANGED`] ids, each once, in the order in which they were named. Kept, sent and stored as runs of ids
/// that follow each other: deleting a thousand records one after the other is one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordIds {
    /// First and last of each run.
    runs: Vec<(i64, i64)>,
    count: usize,
}

impl RecordIds {
    /// The first distinct ones.
    pub fn first(ids: impl IntoIterator<Item = i64>, most: usize) -> Self {
        let (mut seen, mut first) = (BTreeSet::new(), Self::default());
        for id in ids {
            if first.count >= most.min(MAX_CHANGED) {
                break;
            }
            if seen.insert(id) {
                first.push(id);
            }
        }
        first
    }

    /// The first of ids that are distinct.
    fn first_of_distinct(ids: &[i64], most: usize) -> Self {
        let mut first = Self::default();
        ids.iter().take(most.min(MAX_CHANGED)).for_each(|id| first.push(*id));
        first
    }

    /// Appends an id that is not among them.
    fn push(&mut self, id: i64) {
        self.count += 1;
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            _ => self.runs.push((id, id)),
        }
    }

    /// Appends those that are not among them, as far as there is room.
    pub fn extend(&mut self, ids: impl IntoIterator<Item = i64>) {
        *self = Self::first(self.iter().chain(ids), MAX_CHANGED);
    }

    /// Keeps the first [`MAX_READ`]. Answers the [`digest`] of all if that left some out.
    pub fn shorten(&mut self) -> Option<String> {
        if self.count <= MAX_READ {
            return None;
        }
        let all = digest_of(&self.iter().collect::<Vec<_>>());
        *self = Self::first(self.iter(), MAX_READ);
        Some(all)
    }

    /// How many ids there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// First and last of each run, in the order of the ids.
    pub fn runs(&self) -> &[(i64, i64)] {
        &self.runs
    }

    /// Each id, in order.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }
}

/// A number, or the first and the last of a run. Without runs while there are so few ids that a list is short: control
/// planes that know no runs take that.
impl Serialize for RecordIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (first, last) in &self.runs {
            // Two numbers are shorter than their run.
            if self.count <= MAX_READ || last - first < 2 {
                (*first..=*last).try_for_each(|id| list.serialize_element(&id))?;
            } else {
                list.serialize_element(&(first, last))?;
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for RecordIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Item {
            One(i64),
            Run(i64, i64),
        }
        let (mut ids, mut seen) = (Self::default(), BTreeSet::new());
        for item in Vec::<Item>::deserialize(deserializer)? {
            let (first, last) = match item {
                Item::One(id) => (id, id),
                Item::Run(first, last) if first < last => (first, last),
                Item::Run(..) => return Err(de::Error::custom("the first id of a run is below its last")),
            };
            // Before the run is walked through: it may be as long as the numbers go.
            if last.abs_diff(first) >= (MAX_CHANGED - ids.count) as u64 {
                return Err(de::Error::custom(format!("there are at most {MAX_CHANGED} record ids")));
            }
            // Gates of before named a record as often as the call did.
            (first..=last).filter(|id| seen.insert(*id)).for_each(|id| ids.push(id));
        }
        Ok(ids)
    }
}

/// What is recorded of the records that a call names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Of the call's model: all of them if the call changes any, else the first [`MAX_READ`].
    pub ids: RecordIds,
    /// How many of the call's model it names.
    pub count: usize,
    /// The [`digest`] of those, where [`Recorded::ids`] has not all of them.
    pub digest: Option<String>,
    /// Named by commands in values, so of other models: all of them.
    pub nested: RecordIds,
    /// How many that was.
    pub nested_count: usize,
    /// How many records of its own model the call makes; their ids are in the answer.
    pub created: usize,
}

impl Recorded {
    /// Of a call that names these, however often.
    pub fn of(ids: &[i64], nested: &[i64], changes: bool) -> Self {
        let (sorted, nested_count) = (distinct(ids), distinct(nested).len());
        let count = sorted.len();
        let too_many = count + nested_count > MAX_CHANGED;
        let most = if changes && !too_many { MAX_CHANGED } else { MAX_READ };
        let listed = if count == ids.len() {
            RecordIds::first_of_distinct(ids, most)
        } else {
            RecordIds::first(ids.iter().copied(), most)
        };
        let digest = (listed.len() < count).then(|| digest(&sorted));
        let nested = RecordIds::first(nested.iter().copied(), most);
        Self { ids: listed, count, digest, nested, nested_count, created: 0 }
    }

    /// How many records the call names, of whatever model.
    pub const fn total(&self) -> usize {
        self.count + self.nested_count
    }
}

/// The [`digest`] of ids in any order, some of them perhaps several times.
pub fn digest_of(ids: &[i64]) -> String {
    digest(&distinct(ids))
}

/// Sorted, and each once.
fn distinct(ids: &[i64]) -> Vec<i64> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// SHA-256, in hexadecimal, of ids that are sorted and distinct: each in decimal digits with a line feed behind it. So
/// `sort -nu ids.txt | sha256sum` makes it of a file with an id a line.
fn digest(sorted: &[i64]) -> String {
    let mut hasher = Sha256::new();
    sorted.iter().for_each(|id| hasher.update(format!("{id}\n")));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ids: &RecordIds) -> String {
        serde_json::to_string(ids).unwrap()
    }

    #[test]
    fn each_id_stands_once_in_the_order_of_the_call() {
        for (ids, most, kept) in [
            (&[][..], 5, &[][..]),
            (&[7, 7, 8, 7, 9, 3], 5, &[7, 8, 9, 3]),
            (&[2, 1, 2, 3], 2, &[2, 1]),
            (&[i64::MAX, i64::MIN, 0, -1], 9, &[i64::MAX, i64::MIN, 0, -1]),
        ] {
            let first = RecordIds::first(ids.iter().copied(), most);
            assert_eq!((first.iter().collect::<Vec<_>>(), first.len()), (kept.to_vec(), kept.len()));
            assert_eq!(serde_json::from_str::<RecordIds>(&written(&first)).unwrap(), first);
        }
    }

    #[test]
    fn many_ids_are_written_as_runs_and_few_as_they_ever_were() {
        assert_eq!(written(&RecordIds::first(1..=4, MAX_CHANGED)), "[1,2,3,4]");
        let many = RecordIds::first((1..=500).chain([7, 900, 901, 800]), MAX_CHANGED);
        assert_eq!(written(&many), "[[1,500],900,901,800]");
        let read: RecordIds = serde_json::from_str(&written(&many)).unwrap();
        assert_eq!((&read, read.len()), (&many, 503));
    }

    #[test]
    fn a_run_that_is_none_or_too_long_is_not_read() {
        for text in
            ["[[2,1]]", "[[1,1]]", "[[1,1001]]", "[[1,600],[700,1200]]", "[[-9223372036854775808,9223372036854775807]]"]
        {
            assert!(serde_json::from_str::<RecordIds>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<RecordIds>("[[1,1000]]").unwrap().len(), MAX_CHANGED);
        let repeated = format!("[{}]", vec!["5"; 5000].join(","));
        assert_eq!(serde_json::from_str::<RecordIds>(&repeated).unwrap().len(), 1);
    }

    #[test]
    fn a_digest_is_what_sort_and_sha256sum_say() {
        // printf '3\n1\n20\n3\n' | sort -nu | sha256sum
        let recorded = "f3a883f7d45e2fee0de09b1b64e76f35e95fd60d6aadfbe92ebacb89cfa5d61b";
        assert_eq!(digest_of(&[3, 1, 20, 3]), recorded);
    }

    #[test]
    fn of_reads_the_first_are_listed_and_of_changes_all() {
        let ids: Vec<i64> = (1..=150).chain(1..=150).collect();
        let read = Recorded::of(&ids, &[], false);
        assert_eq!((read.ids.len(), read.count, read.digest.as_deref()), (100, 150, Some(digest_of(&ids).as_str())));
        let changed = Recorded::of(&ids, &[4, 4, 5], true);
        assert_eq!((changed.ids.len(), changed.count, changed.digest.as_deref()), (150, 150, None));
        assert_eq!((changed.nested.len(), changed.total()), (2, 152));
        let most = Recorded::of(&(1..=998).collect::<Vec<_>>(), &[4, 5], true);
        assert_eq!((most.ids.len(), most.nested.len(), most.total()), (998, 2, MAX_CHANGED));
        let too_many = Recorded::of(&(1..=998).collect::<Vec<_>>(), &[4, 5, 6], true);
        assert_eq!((too_many.ids.len(), too_many.digest.is_some(), too_many.total()), (100, true, 1001));
    }
}
