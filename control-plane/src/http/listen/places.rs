//! The places of a listener. An address has few of them, and a connection that only waits gives way to a new one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lictor_policy::address::network_of;
use tokio::sync::Notify;

/// The places of one listener.
pub(crate) struct Places {
    all: usize,
    of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    connections: BTreeMap<u64, Connection>,
    /// Numbers connections, and orders them by since when they wait.
    count: u64,
}

struct Connection {
    network: IpAddr,
    /// Since when its client has asked for nothing: the lower, the longer. None while a request is answered.
    waiting: Option<u64>,
    gives_way: Arc<Notify>,
}

impl Taken {
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Places {
    /// So many, of which an address (of IPv6: a network of 64 bits) may have so many.
    pub(crate) fn new(all: usize, of_address: usize) -> Arc<Self> {
        Arc::new(Self { all, of_address, taken: Mutex::default() })
    }

    /// A place for a connection from this address. Where there is none left, the connection that has waited longest gives its
    /// own: of the same address if that has all it may have, else of all. None if all of those are being answered.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let network = network_of(peer);
        let mut taken = self.lock();
        let own = taken.connections.values().filter(|connection| connection.network == network).count();
        let own_are_full = own >= self.of_address;
        if own_are_full || taken.connections.len() >= self.all {
            let waiting = taken.connections.iter().filter(|(_, one)| !own_are_full || one.network == network);
            let (_, longest) = waiting.filter_map(|(id, one)| Some((one.waiting?, *id))).min()?;
            taken.connections.remove(&longest)?.gives_way.notify_one();
        }
        let (id, waiting, gives_way) = (taken.next(), Some(taken.count), Arc::new(Notify::new()));
        taken.connections.insert(id, Connection { network, waiting, gives_way: Arc::clone(&gives_way) });
        Some(Place { id, places: Arc::clone(self), gives_way })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_waiting(&self, id: u64, waits: bool) {
        let mut taken = self.lock();
        let now = taken.next();
        if let Some(connection) = taken.connections.get_mut(&id) {
            connection.waiting = waits.then_some(now);
        }
    }
}

/// The place of one connection, free again when this is dropped.
pub(crate) struct Place {
    id: u64,
    places: Arc<Places>,
    gives_way: Arc<Notify>,
}

impl Place {
    /// Returns when another connection has got the place.
    pub(crate) async fn given_away(&self) {
        self.gives_way.notified().await;
    }

    /// Says that a request is being answered, until what is returned is dropped: the place is not given away meanwhile.
    pub(crate) fn answering(&self) -> Answering {
        self.places.set_waiting(self.id, false);
        Answering { id: self.id, places: Arc::clone(&self.places) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().connections.remove(&self.id);
    }
}

/// A request that is being answered.
pub(crate) struct Answering {
    id: u64,
    places: Arc<Places>,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.places.set_waiting(self.id, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn has(places: &Arc<Places>, place: &Place) -> bool {
        places.lock().connections.contains_key(&place.id)
    }

    #[test]
    fn who_has_waited_longest_gives_way_within_the_address_first() {
        let places = Places::new(4, 2);
        let other = places.take(address(2)).unwrap();
        let [first, second] = [1, 1].map(|last| places.take(address(last)).unwrap());
        drop(first.answering());
        let third = places.take(address(1)).unwrap();
        assert_eq!([&other, &first, &second, &third].map(|place| has(&places, place)), [true, true, false, true]);
        let fourth = places.take(address(3)).unwrap();
        let fifth = places.take(address(4)).unwrap();
        assert_eq!(
            [&other, &first, &third, &fourth, &fifth].map(|place| has(&places, place)),
            [false, true, true, true, true]
        );
    }

    #[test]
    fn who_is_answered_keeps_the_place() {
        let places = Places::new(3, 2);
        let [first, second] = [1, 1].map(|last| places.take(address(last)).unwrap());
        let [answering, _second] = [&first, &second].map(Place::answering);
        assert!(places.take(address(1)).is_none());
        let other = places.take(address(2)).unwrap();
        let third = places.take(address(3)).unwrap();
        assert_eq!([&other, &third].map(|place| has(&places, place)), [false, true]);
        drop(answering);
        assert!(places.take(address(1)).is_some() && !has(&places, &first));
    }

    #[test]
    fn a_place_is_free_again_once() {
        let places = Places::new(1, 1);
        for _ in 0..3 {
            let place = places.take(address(1)).unwrap();
            let _answering = place.answering();
            assert!(places.take(address(2)).is_none());
        }
        assert!(places.lock().connections.is_empty());
    }
}
