//! The administrators' log, the rows of the policy, and who ordered what retention has deleted.

use std::collections::BTreeMap;

use crate::app::audit::verify::verdict::{Finding, Ordered, OrderedCut, What};
use crate::app::audit::verify::{Check, PAGE, finding};
use crate::domain::admin_chain::AdminHead;
use crate::domain::signing::{Digest, GENESIS};
use crate::domain::time::Moment;
use crate::store::proof::check::{self, check};
use crate::store::{Connection, StoreError, admin_audit, proof};

/// Cuts that are told one by one: the last ones.
const TOLD: usize = 50;

impl Check<'_> {
    /// Everything that is not the log of calls. In one transaction: a change meanwhile is no finding.
    pub(crate) async fn administration(&mut self, heads: BTreeMap<u64, Vec<AdminHead>>) -> Result<(), StoreError> {
        let mut tx = self.store.read_consistently().await?;
        self.admin_chain(&mut tx, heads).await?;
        self.orders(&mut tx).await?;
        if self.store.is_unlocked() {
            let report = check(&mut tx).await?;
            self.verdict.policy_rows = Some(report.rows);
            self.verdict.findings += report.count.saturating_sub(report.findings.len() as u64);
            for check::Finding { what, table, row } in report.findings {
                self.found(Finding { table: Some(table), row, ..finding(What::Policy(what)) });
            }
        }
        Ok(())
    }

    async fn admin_chain(
        &mut self,
        connection: &mut Connection,
        mut heads: BTreeMap<u64, Vec<AdminHead>>,
    ) -> Result<(), StoreError> {
        // The hash is not known behind a row that cannot be read.
        let (mut number, mut hash) = (0, Some(GENESIS));
        loop {
            let page = admin_audit::chained_after(connection, number, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let found = row.number.unwrap_or_default();
                if found != number + 1 {
                    self.found(Finding { number: Some(number + 1), ..finding(What::AdminRowMissing) });
                    hash = None;
                }
                number = found;
                let altered = Finding { number: Some(number), id: Some(row.id), ..finding(What::AdminRowAltered) };
                let Some((mut content, head)) = row.content else {
                    self.found(altered);
                    hash = None;
                    continue;
                };
                self.verdict.admin_rows += 1;
                let is_known = hash.is_some();
                content.previous = hash.unwrap_or(GENESIS);
                if !head.is_genuine(&self.key) || (is_known && content.hash() != head.hash) {
                    self.found(altered);
                }
                if heads.remove(&number).unwrap_or_default().iter().any(|saved| saved.hash != head.hash) {
                    self.found(Finding { number: Some(number), ..finding(What::HeadContradicted) });
                }
                hash = Some(head.hash);
                if let Some(end) = &mut self.verdict.head {
                    end.admin = Some(head);
                }
            }
        }
        for number in heads.into_keys() {
            self.found(Finding { number: Some(number), ..finding(What::HeadContradicted) });
        }
        if number > 0
            && let Some(id) = admin_audit::unchained(connection).await?
        {
            self.found(Finding { id: Some(id), ..finding(What::AdminRowInserted) });
        }
        if self.store.is_unlocked() {
            self.end_of_log(connection, number, hash).await?;
        }
        Ok(())
    }

    async fn end_of_log(
        &mut self,
        connection: &mut Connection,
        number: u64,
        hash: Option<Digest>,
    ) -> Result<(), StoreError> {
        // An altered ledger is a finding of its own.
        let Some((end, proper)) = proof::end_of_log(connection).await? else { return Ok(()) };
        if number < end {
            self.found(Finding { number: Some(number + 1), ..finding(What::AdminRowMissing) });
        } else if number > end || hash.is_some_and(|hash| hash != proper) {
            self.found(Finding { number: Some(number), ..finding(What::AdminRowInserted) });
        }
        Ok(())
    }

    async fn orders(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        for cut in std::mem::take(&mut self.cuts) {
            let (link, before) = (cut.link, Moment(cut.cut.before));
            let mut told = OrderedCut { link, before, settings: None, run: None };
            if let Some(order) = cut.cut.order {
                told.run = ordered(connection, order.run, "audit.cut").await?;
                let is_named = match order.settings {
                    None => true,
                    Some(number) => {
                        told.settings = ordered(connection, number, "settings.update").await?;
                        told.settings.is_some()
                    }
                };
                if told.run.is_none() || !is_named {
                    self.found(Finding { link: Some(link), ..finding(What::CutNotOrdered) });
                }
            }
            self.verdict.cuts.push(told);
        }
        let surplus = self.verdict.cuts.len().saturating_sub(TOLD);
        self.verdict.cuts.drain(..surplus);
        Ok(())
    }
}

async fn ordered(connection: &mut Connection, number: u64, action: &str) -> Result<Option<Ordered>, StoreError> {
    let page = admin_audit::chained_after(connection, number.saturating_sub(1), 1).await?;
    let row = page.into_iter().find(|row| row.number == Some(number)).and_then(|row| row.content);
    Ok(row.map(|(row, _)| row).filter(|row| row.action == action).map(|row| Ordered {
        number,
        actor: row.actor,
        action: row.action,
        at: row.at,
        difference: serde_json::from_str(&row.difference).unwrap_or_default(),
    }))
}
