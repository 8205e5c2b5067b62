//! Maps by names. Their hashes begin with a seed that the caller draws: whoever knows it could choose names that make a map slow,
//! and neither this crate nor wasm has random numbers of its own.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// A map by names.
pub(crate) type ByName<T> = HashMap<String, T, FixedState>;

/// An empty one with room for so many.
pub(crate) fn with_room<T>(seed: u64, room: usize) -> ByName<T> {
    HashMap::with_capacity_and_hasher(room, FixedState::with_seed(seed))
}

/// Of a list.
///
/// # Errors
/// The first name that comes again.
pub(crate) fn by_name<T>(seed: u64, list: impl ExactSizeIterator<Item = (String, T)>) -> Result<ByName<T>, String> {
    let mut map = with_room(seed, list.len());
    for (name, item) in list {
        add(&mut map, name, item)?;
    }
    Ok(map)
}

/// Adds one.
///
/// # Errors
/// The name, if it is there already.
pub(crate) fn add<T>(map: &mut ByName<T>, name: String, item: T) -> Result<(), String> {
    match map.entry(name) {
        Entry::Vacant(place) => {
            place.insert(item);
            Ok(())
        }
        Entry::Occupied(there) => Err(there.key().clone()),
    }
}
