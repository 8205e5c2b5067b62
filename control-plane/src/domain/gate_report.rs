//! The bounds of a gate's reports. A gate is trusted to decide, but not to fill the disk, to date its records as it likes or
//! to write into the console: each value is held against what a gate can know before any of it is stored.
//!
//! A batch is refused only if no gate could have written it. What is impossible in an event is put right in its place, and
//! counted: a gate sends a batch again until it is stored, so that a refusal would keep everything behind it from being stored.

use std::time::Duration;

use lictor_policy::address;
use lictor_policy::wire::{self, Event, EventBatch, Outcome};

use crate::domain::problem::{Problem, Result};
use crate::domain::time::Moment;

/// How far a gate's clock may be ahead. An event of a later time counts as of its arrival.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// How old an event may be: far longer than a gate is ever cut off from here with what it has recorded. An older one counts as
/// of its arrival.
const BEHIND: Duration = Duration::from_secs(366 * 24 * 3600);
/// Bytes of a text.
const MAX_TEXT: usize = 256;
/// Characters of an id.
const MAX_ID: usize = 64;
/// Digits of a SHA-256.
const DIGEST: usize = 64;
/// No call takes longer, in microseconds: a day.
const MAX_MICROS: u64 = 24 * 3600 * 1_000_000;
/// The greatest number that every program that reads JSON takes for a whole one.
const MAX_NUMBER: u64 = 1 << 53;
/// The most refusals that one event stands for.
const MAX_COUNT: u64 = u32::MAX as u64;

/// Events as they may be stored.
pub(crate) struct Accepted {
    /// The batch.
    pub(crate) batch: EventBatch,
    /// How many events were put right.
    pub(crate) corrected: u64,
}

/// Takes a batch.
///
/// # Errors
/// A report that no gate could have written.
pub(crate) fn accept(mut batch: EventBatch, now: Moment) -> Result<Accepted> {
    boot(&batch.boot)?;
    if batch.events.len() > wire::MAX_BATCH {
        return Err(Problem::invalid("events", format!("Send at most {} events at once.", wire::MAX_BATCH)));
    }
    if let Some(at) = batch.events.iter().position(|event| event.sequence >= MAX_NUMBER) {
        return Err(Problem::invalid(format!("events.{at}.sequence"), "Send a number below 2^53."));
    }
    let mut corrected = 0;
    for event in &mut batch.events {
        let as_sent = event.clone();
        correct(event, now);
        corrected += u64::from(*event != as_sent);
    }
    Ok(Accepted { batch, corrected })
}

/// Checks the name of a run of Envoy.
pub(crate) fn boot(boot: &str) -> Result<()> {
    if is_id(boot) {
        return Ok(());
    }
    Err(Problem::invalid("boot", format!("Give 1 to {MAX_ID} letters, digits, '-', '_', '.' and ':'.")))
}

/// Checks how many events a run of Envoy has numbered.
pub(crate) fn next(next: u64) -> Result<()> {
    if next <= MAX_NUMBER {
        return Ok(());
    }
    Err(Problem::invalid("next", "Send a number of at most 2^53."))
}

/// Checks the name of a policy's epoch; empty for none.
pub(crate) fn epoch(epoch: &str) -> Result<()> {
    if epoch.is_empty() || is_id(epoch) {
        return Ok(());
    }
    Err(Problem::invalid("epoch", "Give it as it stands in the policy."))
}

fn correct(event: &mut Event, now: Moment) {
    if event.at > now.plus(AHEAD).0 || event.at < now.minus(BEHIND).0 {
        event.at = now.0;
    }
    event.client_ip = address::client(&event.client_ip).map(|address| address.to_string()).unwrap_or_default();
    if !is_id(&event.decision_id) {
        event.decision_id = String::new();
    }
    for id in [&mut event.key_id, &mut event.user_id, &mut event.session] {
        id.take_if(|id| !is_id(id));
    }
    let is_of_path =
        |character: char| character.is_ascii_graphic() && !matches!(character, '<' | '>' | '"' | '\'' | '&' | '`');
    if !event.road.starts_with('/') || event.road.len() > MAX_TEXT || !event.road.chars().all(is_of_path) {
        event.road = "".into();
    }
    // The names in a refused call may be any text. One that passed had proper names.
    let is_refused = event.outcome == Outcome::Denied;
    for name in [&mut event.model, &mut event.method].into_iter().flatten() {
        keep(name, |character| is_of_name(character) || is_refused && is_of_text(character));
    }
    for text in [&mut event.request_id, &mut event.user_agent, &mut event.database].into_iter().flatten() {
        keep(text, is_of_text);
    }
    event.lacks.truncate(wire::MAX_LACKS);
    for text in &mut event.lacks {
        keep(text, is_of_text);
    }
    event.outline.take_if(|outline| !is_outline(outline));
    event.record_count = event.record_count.map(|count| count.min(MAX_NUMBER));
    event
        .record_digest
        .take_if(|digest| digest.len() != DIGEST || !digest.chars().all(|digit| digit.is_ascii_hexdigit()));
    event.count = event.count.clamp(1, MAX_COUNT);
    event.gate_us = event.gate_us.min(MAX_MICROS);
    event.odoo_us = event.odoo_us.min(MAX_MICROS);
    event.request_bytes = event.request_bytes.min(MAX_NUMBER);
    event.response_bytes = event.response_bytes.min(MAX_NUMBER);
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.chars().all(|character| is_of_name(character) || character == ':')
}

/// Whether it is JSON of the arguments of a call, of a length that gates send.
fn is_outline(text: &str) -> bool {
    let is_object = || serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
    text.len() <= wire::MAX_OUTLINE && is_object() && text.chars().all(is_of_text)
}

/// PostgreSQL's texts cannot hold NUL, and a terminal would obey the others.
fn is_of_text(character: char) -> bool {
    character == '\t' || !character.is_control()
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-')
}

/// Cuts a text, and puts U+FFFD in the place of the characters that may not be in it.
fn keep(text: &mut String, may_be: impl Fn(char) -> bool) {
    if text.len() <= MAX_TEXT && text.chars().all(&may_be) {
        return;
    }
    let good = |character| if may_be(character) { character } else { char::REPLACEMENT_CHARACTER };
    let mut kept: String = text.chars().map(good).collect();
    kept.truncate(kept.floor_char_boundary(MAX_TEXT));
    *text = kept;
}
