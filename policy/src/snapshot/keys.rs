//! The keys of a policy. Each stays bytes until it calls: a policy may have 100,000, of which a worker sees few before the next
//! policy comes, and its requests wait while it takes one.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;

use crate::address::Networks;
use crate::key::KeyHash;
use crate::secret::Secret;
use crate::snapshot::compact::{self, Page, Row};
use crate::snapshot::pages::Pages;
use crate::snapshot::{BadSnapshot, networks, positive};
use crate::wire;

/// A key that may be used.
#[derive(Debug)]
pub struct Key {
    /// As it came.
    pub wire: wire::Key,
    /// The stored hash.
    pub hash: KeyHash,
    /// The user it acts for.
    pub user: Arc<wire::User>,
    /// Addresses that it may be used from; empty allows all.
    pub ip_allow_list: Networks,
}

impl Key {
    /// The profiles of which one must allow a call whole.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        let named = &self.wire.profiles;
        named.iter().map(|profile| &*profile.0).chain(named.is_empty().then_some(wire::DEFAULT_PROFILE))
    }
}

/// The most chains of read keys: more keys than that share them.
const MAX_CHAINS: usize = 1 << 14;

/// All keys, and the users that they act for.
#[derive(Debug)]
pub(crate) struct Keys {
    /// In the order in which keys name them.
    users: Vec<Arc<wire::User>>,
    /// Sorted by their first prefixes, each with its place behind the frame.
    table: Vec<(Page, Range<usize>)>,
    pages: Box<dyn Pages>,
    /// The keys that were read, in chains by their prefixes' hashes; none is ever taken out. Threads may read at once.
    read: Vec<OnceLock<Box<Link>>>,
    hashes: FixedState,
}

#[derive(Debug)]
struct Link {
    prefix: String,
    key: Key,
    next: OnceLock<Box<Self>>,
}

impl Keys {
    pub(crate) fn of(users: Vec<wire::User>, table: Vec<Page>, pages: Box<dyn Pages>, seed: u64) -> Self {
        let keys = table.iter().fold(0_usize, |keys, page| keys.saturating_add(page.keys as usize));
        let mut end = 0_usize;
        let mut place = |page: Page| {
            let start = end;
            end = start.saturating_add(page.bytes as usize);
            (page, start..end)
        };
        Self {
            users: users.into_iter().map(Arc::new).collect(),
            table: table.into_iter().map(&mut place).collect(),
            pages,
            read: std::iter::repeat_with(OnceLock::new).take(keys.clamp(1, MAX_CHAINS).next_power_of_two()).collect(),
            hashes: FixedState::with_seed(seed),
        }
    }

    /// The key with this prefix, read if nobody has asked for it before.
    pub(crate) fn key(&self, prefix: &str) -> Result<Option<&Key>, BadSnapshot> {
        let chain = self.hashes.hash_one(prefix) as usize & (self.read.len() - 1);
        let Some(mut cell) = self.read.get(chain) else { return Ok(None) };
        while let Some(link) = cell.get() {
            if link.prefix == prefix {
                return Ok(Some(&link.key));
            }
            cell = &link.next;
        }
        let Some(key) = self.find(prefix)? else { return Ok(None) };
        Ok(keep(cell, Box::new(Link { prefix: prefix.to_owned(), key, next: OnceLock::new() })))
    }

    /// Looks whether the pages are whole, and nothing else stands behind the frame; not into them.
    pub(crate) fn check_pages(&self, behind_frame: usize) -> Result<(), BadSnapshot> {
        let end = self.table.last().map_or(0, |(_, place)| place.end);
        if end != behind_frame || !self.table.is_sorted_by(|(one, _), (next, _)| one.first < next.first) {
            return Err(BadSnapshot::Damaged("the list of keys"));
        }
        (0..self.table.len()).try_for_each(|number| self.page(number).map(drop))
    }

    /// Reads every key, and keeps none.
    pub(crate) fn check(&self) -> Result<(), BadSnapshot> {
        let mut prefixes = Vec::new();
        let mut lines = Vec::new();
        for (number, (page, _)) in self.table.iter().enumerate() {
            let bytes = self.page(number)?;
            let before = prefixes.len();
            for row in compact::rows(&bytes) {
                let row = row.ok_or(BadSnapshot::Damaged("a page of keys"))?;
                prefixes.push(row.prefix.to_owned());
                let Key { wire, .. } = self.parse(row)?;
                lines.push((wire.slot, wire.line));
            }
            let is_as_told = prefixes.get(before) == Some(&page.first) && prefixes.len() - before == page.keys as usize;
            if !is_as_told {
                return Err(BadSnapshot::Damaged("the list of keys"));
            }
        }
        if let Some([_, prefix]) = prefixes.array_windows().find(|[one, next]| one >= next) {
            return Err(BadSnapshot::Twice(format!("the prefix {prefix}, or it is not in its place")));
        }
        lines.sort_unstable();
        // Two lines in one slot would share their counters.
        let shared = lines.array_windows().find(|[(slot, line), (next, other)]| slot == next && line != other);
        shared.map_or(Ok(()), |[(slot, _), _]| Err(BadSnapshot::Twice(format!("slot {slot}"))))
    }

    /// Every key as the wire has it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<wire::KeyEntry, BadSnapshot>> {
        (0..self.table.len()).flat_map(|number| {
            let entry = |row: Option<Row<'_>>| {
                let row = row.ok_or(BadSnapshot::Damaged("a page of keys"))?;
                let prefix = row.prefix.to_owned();
                self.parse(row).map(|key| wire::KeyEntry { prefix, record: key.wire })
            };
            match self.page(number) {
                Ok(page) => compact::rows(&page).map(entry).collect(),
                Err(problem) => vec![Err(problem)],
            }
        })
    }

    pub(crate) fn move_pages<E>(
        &mut self,
        mut store: impl FnMut(usize, &[u8]) -> Result<(), E>,
        pages: Box<dyn Pages>,
    ) -> Result<(), E> {
        for (number, (_, place)) in self.table.iter().enumerate() {
            // One that is not there is stored empty, and its keys are refused.
            let page = self.pages.page(number, place.clone()).unwrap_or_default();
            store(number, &page)?;
        }
        self.pages = pages;
        Ok(())
    }

    fn find(&self, prefix: &str) -> Result<Option<Key>, BadSnapshot> {
        let behind = self.table.partition_point(|(page, _)| *page.first <= *prefix);
        let Some(number) = behind.checked_sub(1) else { return Ok(None) };
        let page = self.page(number)?;
        for row in compact::rows(&page) {
            let row = row.ok_or(BadSnapshot::Damaged("a page of keys"))?;
            if row.prefix == prefix {
                return self.parse(row).map(Some);
            }
        }
        Ok(None)
    }

    /// A page that is whole.
    fn page(&self, number: usize) -> Result<Cow<'_, [u8]>, BadSnapshot> {
        let found = self.table.get(number).and_then(|(page, place)| {
            let bytes = self.pages.page(number, place.clone())?;
            (bytes.len() == place.len() && crc32fast::hash(&bytes) == page.crc).then_some(bytes)
        });
        found.ok_or(BadSnapshot::Damaged("a page of keys"))
    }

    fn parse(&self, row: Row<'_>) -> Result<Key, BadSnapshot> {
        let compact::Read { key, hash, user } = row.read().ok_or(BadSnapshot::Damaged("a key"))?;
        let user = Arc::clone(self.users.get(user).ok_or(BadSnapshot::Damaged("a key"))?);
        let wire = wire::Key { hash: Secret::new(hash.text()), user_id: user.id.clone(), ..key };
        if let Some(limit) = wire.rate_limit_per_minute {
            positive("rate_limit_per_minute", limit)?;
        }
        let ip_allow_list = networks("a key's ip_allow_list", &wire.ip_allow_list)?;
        Ok(Key { hash, user, ip_allow_list, wire })
    }
}

/// Puts a key at the end of its chain, unless another thread has.
fn keep(mut cell: &OnceLock<Box<Link>>, mut link: Box<Link>) -> Option<&Key> {
    loop {
        let kept = cell.set(link);
        let there = cell.get()?;
        match kept {
            Err(given) if given.prefix != there.prefix => (link, cell) = (given, &there.next),
            Ok(()) | Err(_) => return Some(&there.key),
        }
    }
}
