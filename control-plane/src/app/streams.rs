//! How many streams of audit records are open: each holds a connection and asks the database every so often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Streams at once.
const MAX_STREAMS: usize = 32;
/// Of one account.
const MAX_OF_ACCOUNT: usize = 8;

/// The streams that are open, by the account that reads them.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<BTreeMap<String, usize>>>);

/// A place among the streams, until it is dropped.
pub struct Place {
    streams: Streams,
    account_id: String,
}

impl Streams {
    /// A place for one more of an account; none if there are too many.
    pub fn take(&self, account_id: &str) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own) = (open.values().sum::<usize>(), open.get(account_id).copied().unwrap_or_default());
        if all >= MAX_STREAMS || own >= MAX_OF_ACCOUNT {
            return None;
        }
        open.insert(account_id.to_owned(), own + 1);
        Some(Place { streams: self.clone(), account_id: account_id.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.account_id) {
            *own -= 1;
        }
        open.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_few_streams_and_all_together_have_a_most() {
        let streams = Streams::default();
        let of = |account: usize| streams.take(&account.to_string());
        let first: Vec<_> = (0..MAX_OF_ACCOUNT).map(|_| of(0).unwrap()).collect();
        assert!(of(0).is_none());
        let others: Vec<_> = (MAX_OF_ACCOUNT..MAX_STREAMS).map(|at| of(at).unwrap()).collect();
        assert!(of(1000).is_none());
        drop(first);
        assert!(of(0).is_some());
        drop(others);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
