//! Checks the audit log against the chain that seals it: link by link, row by row, in constant memory; the administrators'
//! log against its own; and with the master key whether the rows of the policy prove themselves.
//!
//! The service may go on meanwhile: what it stores after the start is left for the next time. Nothing is trusted but
//! the public key.

pub mod admin;
pub mod verdict;

use std::collections::{BTreeMap, VecDeque};

use crate::app::audit::verify::verdict::{Finding, Verdict, What};
use crate::domain::admin_chain::AdminHead;
use crate::domain::audit_chain::{Body, Cut, Entry, Head, Link};
use crate::domain::signing::{Digest, GENESIS, PublicKey};
use crate::store::audit::chain::{self, StoredLink};
use crate::store::audit::rows::{self, Sealed};
use crate::store::{Store, StoreError};

/// Rows, or links, that are held at once.
const PAGE: i64 = 500;

/// Checks the whole chain up to its end at this moment, and that it agrees with heads that were saved earlier.
pub async fn verify(
    store: &Store,
    key: PublicKey,
    heads: &[Head],
    progress: impl FnMut(&Verdict),
) -> Result<Verdict, StoreError> {
    let verdict = Verdict {
        intact: true,
        first: None,
        findings: 0,
        links: 0,
        rows: 0,
        completed: 0,
        deleted_by_retention: 0,
        heads_confirmed: 0,
        heads_too_old: 0,
        admin_rows: 0,
        policy_rows: None,
        cuts: Vec::new(),
        head: None,
    };
    let cut = chain::last_cut(&mut *store.read().await?, &key).await?;
    let rows = Rows { page: VecDeque::new(), last: None, ended: false };
    let (halves, cuts) = (Halves::default(), Vec::new());
    let check = Check { store, key, cut, cuts, rows, halves, unexplained: None, verdict };
    check.run(heads, progress).await
}

struct Check<'a> {
    store: &'a Store,
    key: PublicKey,
    cut: Option<Cut>,
    /// Those that were met.
    cuts: Vec<Met>,
    rows: Rows,
    halves: Halves,
    /// The digest that the first finding's position should have: if it turns up elsewhere, the row was moved.
    unexplained: Option<Digest>,
    verdict: Verdict,
}

/// A cut, and the link that says so.
struct Met {
    link: u64,
    cut: Cut,
}

impl Check<'_> {
    async fn run(mut self, heads: &[Head], mut progress: impl FnMut(&Verdict)) -> Result<Verdict, StoreError> {
        let mut saved: BTreeMap<u64, Vec<&Head>> = BTreeMap::new();
        let mut of_admins: BTreeMap<u64, Vec<AdminHead>> = BTreeMap::new();
        for head in heads {
            let admin_is_genuine = head.admin.as_ref().is_none_or(|admin| admin.is_genuine(&self.key));
            if head.public_key == self.key && head.is_genuine() && admin_is_genuine {
                if let Some(admin) = &head.admin {
                    of_admins.entry(admin.number).or_default().push(admin.clone());
                }
                saved.entry(head.link).or_default().push(head);
            } else {
                self.found(Finding { link: Some(head.link), ..finding(What::HeadNotGenuine) });
            }
        }
        let end = chain::state(&mut *self.store.read().await?).await?;
        // How far the chain has been followed: number, position, hash; no hash where the link before is not known.
        let (mut number, mut position, mut hash) = (0, 0, Some(GENESIS));
        'chain: while number < end.links {
            let page = chain::links_after(&mut *self.store.read().await?, number, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                let found = match &stored {
                    StoredLink::Link(link) => link.number,
                    StoredLink::Unreadable(number) => *number,
                };
                if found > end.links {
                    break 'chain;
                }
                if found != number + 1 {
                    (position, hash) = self.skip_links(number, found, position).await?;
                }
                number = found;
                let StoredLink::Link(link) = stored else {
                    self.found(Finding { link: Some(number), ..finding(What::LinkAltered) });
                    hash = None;
                    continue;
                };
                let follows = hash.is_none_or(|hash| hash == link.previous && position + 1 == link.first);
                let is_cut_elsewhere = self.cut.is_some_and(|cut| cut.link == number && cut.hash != link.hash);
                if !follows || is_cut_elsewhere || !link.is_genuine(&self.key) {
                    self.found(Finding { link: Some(number), ..finding(What::LinkAltered) });
                }
                for head in saved.remove(&number).unwrap_or_default() {
                    if head.hash == link.hash {
                        self.verdict.heads_confirmed += 1;
                    } else {
                        self.found(Finding { link: Some(number), ..finding(What::HeadContradicted) });
                    }
                }
                if let Body::Cut(cut) = link.body {
                    self.cuts.push(Met { link: number, cut });
                }
                // After a gap the rows that were in it were looked for already, or belong to nobody now.
                self.check_rows(&link, position).await?;
                (position, hash) = (link.last().max(position), Some(link.hash));
                self.verdict.links += 1;
                self.verdict.head = Some(link.head(&self.key));
            }
            progress(&self.verdict);
        }
        if number < end.links {
            self.found(Finding { link: Some(number + 1), ..finding(What::LinkMissing) });
        } else if end.positions != position || hash.is_some_and(|hash| hash != end.hash) {
            self.found(finding(What::EndAltered));
        }
        self.extra_rows_up_to(i64::try_from(end.positions.max(position)).unwrap_or(i64::MAX)).await?;
        if let Some(row) = rows::beyond_the_chain(&mut *self.store.read().await?).await? {
            self.note_moved(&row);
            self.found(of_row(What::RowInserted, None, &row));
        }
        let cut_off = self.cut.map_or(0, |cut| cut.link);
        for (link, heads) in saved {
            if link <= cut_off {
                self.verdict.heads_too_old += heads.len() as u64;
            } else {
                self.found(Finding { link: Some(link), ..finding(What::HeadContradicted) });
            }
        }
        self.administration(of_admins).await?;
        self.verdict.intact = self.verdict.findings == 0;
        Ok(self.verdict)
    }

    /// Goes on behind links that are not there: answers the position and the hash to go on from.
    async fn skip_links(
        &mut self,
        number: u64,
        found: u64,
        position: u64,
    ) -> Result<(u64, Option<Digest>), StoreError> {
        self.cut = chain::last_cut(&mut *self.store.read().await?, &self.key).await?;
        match self.cut {
            Some(cut) if found == cut.link + 1 => return Ok((cut.position, Some(cut.hash))),
            // Retention is about to delete the others.
            Some(cut) if found <= cut.link => {}
            _ => self.found(Finding { link: Some(number + 1), ..finding(What::LinkMissing) }),
        }
        Ok((position, None))
    }

    async fn check_rows(&mut self, link: &Link, position: u64) -> Result<(), StoreError> {
        let Body::Rows(entries) = &link.body else { return Ok(()) };
        for (place, entry) in (link.first..).zip(entries) {
            let at = i64::try_from(place).unwrap_or(i64::MAX);
            // Rows before the first of this link: none of an unbroken chain, and those of links that are not there.
            if place > position {
                self.extra_rows_up_to(at - 1).await?;
            }
            let Some(row) = self.rows.take(self.store, at).await? else {
                self.hole(link, place, entry).await?;
                continue;
            };
            self.verdict.rows += 1;
            if row.digest != entry.digest {
                self.note_moved(&row);
                let before = self.verdict.findings;
                self.found(of_row(What::RowAltered, Some(link.number), &row));
                if before == 0 {
                    self.unexplained = Some(entry.digest);
                }
            }
        }
        Ok(())
    }

    /// No row is at a position.
    async fn hole(&mut self, link: &Link, place: u64, entry: &Entry) -> Result<(), StoreError> {
        if let Some(digest) = self.halves.at(self.store, place).await? {
            self.verdict.completed += 1;
            // The row that it became tells what it was.
            if digest != entry.digest.to_string() {
                self.found(Finding { link: Some(link.number), ..at_position(What::RowAltered, place) });
            }
            return Ok(());
        }
        let is_cut = |cut: &Cut| place <= cut.position || link.age_of(entry).0 < cut.before;
        if !self.cut.as_ref().is_some_and(is_cut) {
            // Retention may have begun since.
            self.cut = chain::last_cut(&mut *self.store.read().await?, &self.key).await?;
        }
        if self.cut.as_ref().is_some_and(is_cut) {
            self.verdict.deleted_by_retention += 1;
            return Ok(());
        }
        let before = self.verdict.findings;
        self.found(Finding { link: Some(link.number), ..at_position(What::RowMissing, place) });
        if before == 0 {
            self.unexplained = Some(entry.digest);
        }
        Ok(())
    }

    /// Rows that are left up to a position are of no link.
    async fn extra_rows_up_to(&mut self, position: i64) -> Result<(), StoreError> {
        while let Some(row) = self.rows.next_up_to(self.store, position).await? {
            // Of links that retention has deleted: it is about to delete the rows, or was kept from it.
            if self.cut.is_some_and(|cut| row.position >= 1 && row.position.unsigned_abs() <= cut.position) {
                continue;
            }
            self.note_moved(&row);
            self.found(of_row(What::RowInserted, None, &row));
        }
        Ok(())
    }

    /// Whether this is the row that the first finding misses.
    fn note_moved(&mut self, row: &Sealed) {
        if self.unexplained == Some(row.digest)
            && let Some(first) = &mut self.verdict.first
        {
            first.what = What::RowMoved;
        }
    }

    fn found(&mut self, finding: Finding) {
        self.verdict.findings += 1;
        self.verdict.first.get_or_insert(finding);
    }
}

const fn finding(what: What) -> Finding {
    Finding { what, link: None, position: None, gate: None, id: None, number: None, table: None, row: None }
}

fn at_position(what: What, position: u64) -> Finding {
    Finding { position: i64::try_from(position).ok(), ..finding(what) }
}

fn of_row(what: What, link: Option<u64>, row: &Sealed) -> Finding {
    let (gate, id) = (Some(row.gate_id.clone()), Some(row.id.clone()));
    Finding { link, position: Some(row.position), gate, id, ..finding(what) }
}

/// All rows by their positions, a page at a time.
struct Rows {
    page: VecDeque<Sealed>,
    last: Option<Sealed>,
    ended: bool,
}

impl Rows {
    /// The row at a position, if those before were taken.
    async fn take(&mut self, store: &Store, position: i64) -> Result<Option<Sealed>, StoreError> {
        self.fill(store).await?;
        Ok(self.page.pop_front_if(|row| row.position == position))
    }

    /// The next row, if its position is not beyond.
    async fn next_up_to(&mut self, store: &Store, position: i64) -> Result<Option<Sealed>, StoreError> {
        self.fill(store).await?;
        Ok(self.page.pop_front_if(|row| row.position <= position))
    }

    async fn fill(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.page.is_empty() && !self.ended {
            let rows = rows::sealed_after(&mut *store.read().await?, self.last.as_ref(), PAGE).await?;
            self.ended = rows.is_empty();
            self.last = rows.last().cloned().or(self.last.take());
            self.page = rows.into();
        }
        Ok(())
    }
}

/// What rows tell of the positions that they had before they were completed, a page at a time.
#[derive(Default)]
struct Halves {
    page: BTreeMap<u64, String>,
    /// The page has all of them below.
    until: u64,
}

impl Halves {
    async fn at(&mut self, store: &Store, position: u64) -> Result<Option<String>, StoreError> {
        // One that is not in the page may have been completed since it was read.
        if position >= self.until || !self.page.contains_key(&position) {
            let page = rows::earlier_from(&mut *store.read().await?, position, PAGE).await?;
            self.until = page.last().map_or(u64::MAX, |(last, _)| last + 1);
            self.page = page.into_iter().collect();
        }
        Ok(self.page.get(&position).cloned())
    }
}
