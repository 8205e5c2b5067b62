//! The places of the gate's audit queue, which all workers share.

use lictor_policy::memory::places::{For, Places};
use lictor_policy::wire::UnixMicros;

use crate::host::{self, HostError};
use crate::shared::change;
use crate::shared::table::Table;

const NAME: &str = "lictor.sequence";
const SHARES: Table = Table::new("lictor.share", 256);

/// The place of one event in the gate's count.
#[derive(Clone, Copy)]
pub(crate) struct Reserved(pub(crate) u64);

/// No event can be taken now.
pub(crate) struct Full;

/// Reserves the place of an event, before its call is let through.
///
/// # Errors
/// When too many events wait, or the host fails: the call must not pass unrecorded.
pub(crate) fn reserve(purpose: For<'_>, now: UnixMicros) -> Result<Reserved, Full> {
    let mut reserved = None;
    // Asked for once, however often other workers are faster.
    let mut share = None;
    let taken = update(|places| {
        let has_share = |key: &str| *share.get_or_insert_with(|| has_share(key, places).unwrap_or(false));
        let taken = places.take(purpose, now, has_share)?;
        reserved = Some(Reserved(places.next));
        Some(taken)
    });
    if matches!(taken, Ok(true)) { reserved.ok_or(Full) } else { Err(Full) }
}

fn has_share(key: &str, places: Places) -> Result<bool, HostError> {
    SHARES.change(&[key.as_bytes()], |bucket, place| places.has_share(bucket, place))
}

fn read() -> Result<Places, HostError> {
    host::shared(NAME).map(|entry| Places::parse(&entry.value))
}

/// Changes them; false if `change` answers nothing, and leaves them as they are.
fn update(mut next: impl FnMut(Places) -> Option<Places>) -> Result<bool, HostError> {
    change(NAME, |bytes| next(Places::parse(bytes)).map(Places::to_bytes))
}

/// How many events wait to be stored.
pub(crate) fn waiting() -> Result<u64, HostError> {
    read().map(Places::waiting)
}

/// How many events were numbered.
pub(crate) fn numbered() -> Result<u64, HostError> {
    read().map(|places| places.next)
}

/// Counts the surplus of events that are put into the queue.
pub(crate) fn queued(surplus: u64) -> Result<(), HostError> {
    // Nearly all have none.
    if surplus == 0 {
        return Ok(());
    }
    update(|places| Some(Places { surplus: places.surplus.saturating_add(surplus), ..places })).map(drop)
}

/// Counts the surplus of events that were taken from the queue.
pub(crate) fn dequeued(surplus: u64) -> Result<(), HostError> {
    if surplus == 0 {
        return Ok(());
    }
    update(|places| Some(Places { surplus: places.surplus.saturating_sub(surplus), ..places })).map(drop)
}

/// Notes that everything below a number is stored.
pub(crate) fn stored(below: u64, now: UnixMicros) -> Result<(), HostError> {
    update(|places| Some(Places { stored: places.stored.max(below), stored_at: now, ..places })).map(drop)
}
