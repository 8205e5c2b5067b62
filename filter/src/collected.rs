//! Bodies that are being collected: how many bytes of them this thread's requests hold together, and which of them give way
//! when that is too much.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lictor_policy::refusal::Reason;
use lictor_policy::road::Road;
use lictor_policy::wire::Event;

use crate::host::{self, HostError};
use crate::{refused, reply};

/// So many bodies of the greatest length are held at once. Envoy has no bound of its own on them all.
const WHOLE_BODIES: usize = 8;

thread_local! {
    static BODIES: RefCell<Bodies> = const { RefCell::new(Bodies { by_request: BTreeMap::new(), total: 0 }) };
}

/// Those of one thread, by the numbers of their requests' contexts.
struct Bodies {
    by_request: BTreeMap<u32, (usize, Road)>,
    total: usize,
}

impl Bodies {
    fn remove(&mut self, request: u32) -> Option<Road> {
        let (length, road) = self.by_request.remove(&request)?;
        self.total -= length;
        Some(road)
    }

    fn set(&mut self, request: u32, length: usize) {
        if let Some((held, _)) = self.by_request.get_mut(&request) {
            self.total = self.total - *held + length;
            *held = length;
        }
    }

    /// The longest gives way: small calls never do while there is a large one, which costs whoever holds many of them most.
    fn longest(&self) -> Option<u32> {
        let longest = self.by_request.iter().max_by_key(|(_, (length, _))| length);
        longest.map(|(request, _)| *request)
    }
}

/// The body of one request, as long as it is collected.
pub(crate) struct Collected(u32);

impl Collected {
    /// Begins with nothing.
    pub(crate) fn begin(request: u32, road: Road) -> Self {
        BODIES.with_borrow_mut(|bodies| bodies.by_request.insert(request, (0, road)));
        Self(request)
    }

    /// Takes how long it is now. `most` is the greatest length that one may have. Others that have to give way for it are
    /// refused here; false if it has to itself.
    pub(crate) fn grow(&self, length: usize, most: usize) -> Result<bool, HostError> {
        let mut has_room = true;
        for (request, road) in self.grown(length, most) {
            if request == self.0 {
                has_room = false;
                continue;
            }
            // It gets no record of its own: nobody has looked at its key yet.
            refused::count(&Event::at(host::now()?, String::new()), Reason::TooLarge);
            let refuse = || reply::refuse(road, &Reason::TooLarge.into(), "none", None, None);
            host::instead_of(request, self.0, refuse)?;
        }
        Ok(has_room)
    }

    /// Those that give way are collected no longer.
    fn grown(&self, length: usize, most: usize) -> Vec<(u32, Road)> {
        BODIES.with_borrow_mut(|bodies| {
            bodies.set(self.0, length);
            let mut gone = Vec::new();
            while bodies.total > most.saturating_mul(WHOLE_BODIES)
                && let Some(longest) = bodies.longest()
                && let Some(road) = bodies.remove(longest)
            {
                gone.push((longest, road));
            }
            gone
        })
    }

    /// Whether it has not given way.
    pub(crate) fn is_there(&self) -> bool {
        BODIES.with_borrow(|bodies| bodies.by_request.contains_key(&self.0))
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        BODIES.with_borrow_mut(|bodies| bodies.remove(self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 100;

    fn total() -> usize {
        BODIES.with_borrow(|bodies| bodies.total)
    }

    fn gone(body: &Collected, length: usize) -> Vec<u32> {
        body.grown(length, MOST).into_iter().map(|(request, _)| request).collect()
    }

    #[test]
    fn whatever_comes_in_whatever_order_no_more_is_held_and_small_bodies_stay() {
        let small: Vec<_> = (0..50).map(|request| Collected::begin(request, Road::Mcp)).collect();
        let large: Vec<_> = (100..200).map(|request| Collected::begin(request, Road::JsonRpc)).collect();
        let mut given_way = 0;
        for step in 1..=20 {
            for body in &large {
                given_way += gone(body, step * 5).len();
                assert!(total() <= MOST * WHOLE_BODIES);
            }
            for body in &small {
                given_way += gone(body, 1).len();
            }
        }
        assert!(small.iter().all(Collected::is_there));
        assert_eq!(given_way, large.iter().filter(|body| !body.is_there()).count());
        drop((small, large));
        assert_eq!(total(), 0);
    }

    #[test]
    fn as_many_whole_bodies_are_held_as_are_meant_to_be() {
        let bodies: Vec<_> = (0..=8).map(|request| Collected::begin(request, Road::Mcp)).collect();
        assert!(bodies.iter().take(8).all(|body| gone(body, MOST).is_empty()));
        assert_eq!(gone(&bodies[8], MOST).len(), 1);
        assert_eq!(total(), MOST * WHOLE_BODIES);
    }
}
