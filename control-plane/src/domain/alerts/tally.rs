//! Counts what one subject does, within windows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lictor_policy::wire::{Event, UnixMicros};
use serde::{Deserialize, Serialize};

use crate::domain::alerts::Rule;
use crate::domain::alerts::settings::Threshold;

const MINUTE: UnixMicros = 60_000_000;
/// A window is so many steps long.
const STEPS: UnixMicros = 60;

/// Something that counts toward an alert.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observation<'e> {
    pub(crate) at: UnixMicros,
    pub(crate) rule: Rule,
    pub(crate) threshold: Threshold,
    pub(crate) what: What<'e>,
    pub(crate) event: &'e Event,
}

/// The thing that a rule counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What<'e> {
    /// So many times.
    Times(u64),
    /// Different things.
    Item(Cow<'e, str>),
}

/// The counts toward one type of alert on one subject. As small as its windows and thresholds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watch(BTreeMap<Rule, Tally>);

/// The count toward one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tally {
    /// The starts of steps, ascending, and how often it happened in each.
    Times(Vec<(UnixMicros, u64)>),
    /// When each thing was last seen.
    Items(BTreeMap<String, UnixMicros>),
}

/// The result of observations for one rule.
#[derive(Clone, Debug)]
pub(crate) struct Finding<'e> {
    /// How often it happened, or how many things were new.
    pub(crate) observed: u64,
    /// If the threshold was reached: how often, with what the window held before.
    pub(crate) reached: Option<Reached>,
    /// The last of it.
    pub(crate) last: &'e Event,
}

/// A threshold that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) count: u64,
    pub(crate) first_at: UnixMicros,
    /// Whether it was not before.
    pub(crate) anew: bool,
}

/// The content of a window.
struct Held {
    new: u64,
    count: u64,
    first_at: UnixMicros,
}

impl Watch {
    /// Takes observations, in the order of time, and says what they show of each rule: nothing of a rule for which all
    /// was known.
    pub(crate) fn take<'e>(&mut self, observations: &[Observation<'e>]) -> BTreeMap<Rule, Finding<'e>> {
        let mut findings: BTreeMap<Rule, Finding<'e>> = BTreeMap::new();
        for Observation { at, rule, threshold, what, event } in observations {
            let window = UnixMicros::from(threshold.minutes) * MINUTE;
            let tally = self.0.entry(*rule);
            let Held { new, count, first_at } = match what {
                What::Times(times) => {
                    let tally = tally.or_insert_with(|| Tally::Times(Vec::new()));
                    tally.add_times(*at, *times, window)
                }
                What::Item(item) => {
                    let tally = tally.or_insert_with(|| Tally::Items(BTreeMap::new()));
                    // Twice the threshold is enough to tell what is new from what is not.
                    tally.add_item(*at, item, window, threshold.count as usize * 2)
                }
            };
            if new == 0 {
                continue;
            }
            let finding = findings.entry(*rule).or_insert(Finding { observed: 0, reached: None, last: event });
            finding.observed = finding.observed.saturating_add(new);
            finding.last = event;
            match &mut finding.reached {
                Some(reached) => reached.count = reached.count.saturating_add(new),
                None if count >= u64::from(threshold.count) => {
                    let anew = count - new.min(count) < u64::from(threshold.count);
                    finding.reached = Some(Reached { count, first_at, anew });
                }
                None => {}
            }
        }
        findings
    }
}

impl Tally {
    /// Adds to the step that holds the moment, forgets steps that no window needs, and answers what is new and what the
    /// window that ends at the moment holds.
    fn add_times(&mut self, at: UnixMicros, times: u64, window: UnixMicros) -> Held {
        if !matches!(self, Self::Times(_)) {
            *self = Self::Times(Vec::new());
        }
        let Self::Times(steps) = self else { return Held { new: times, count: times, first_at: at } };
        let step = window / STEPS;
        let behind = steps.partition_point(|(start, _)| *start <= at);
        match behind.checked_sub(1).and_then(|last| steps.get_mut(last)) {
            Some((start, count)) if at - *start < step => *count = count.saturating_add(times),
            _ => steps.insert(behind, (at, times)),
        }
        let newest = steps.last().map_or(at, |(start, _)| *start);
        steps.retain(|(start, _)| start + 2 * window > newest);
        let end = end(at, newest, window);
        let counted = steps.iter().filter(|(start, _)| start + window + step > end && *start <= end);
        let count = counted.clone().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        Held { new: times, count, first_at: counted.map(|(start, _)| *start).next().unwrap_or(at) }
    }

    /// Sees a thing. It is new if it was not seen within the window.
    fn add_item(&mut self, at: UnixMicros, item: &str, window: UnixMicros, most: usize) -> Held {
        if !matches!(self, Self::Items(_)) {
            *self = Self::Items(BTreeMap::new());
        }
        let Self::Items(items) = self else { return Held { new: 1, count: 1, first_at: at } };
        let known = items.get(item).copied().filter(|last| last + window > at);
        // An item that was seen within the step is not written again: most batches change nothing.
        if known.is_none_or(|last| last + window / STEPS < at) {
            items.insert(item.to_owned(), at);
            let newest = items.values().copied().max().unwrap_or(at);
            items.retain(|_, last| *last + 2 * window > newest);
            while items.len() > most {
                let oldest = items.iter().min_by_key(|(_, last)| **last).map(|(item, _)| item.clone());
                oldest.and_then(|oldest| items.remove(&oldest));
            }
        }
        let end = end(at, items.values().copied().max().unwrap_or(at), window);
        let within = || items.values().filter(|last| **last + window > end && **last <= end);
        let first_at = within().min().copied().unwrap_or(at);
        Held { new: u64::from(known.is_none()), count: within().count() as u64, first_at }
    }
}

/// Where the window ends that an observation is looked at in. Gates are not heard in the order of time: what is a little
/// older than the newest belongs to the newest's window, what is much older to its own.
fn end(at: UnixMicros, newest: UnixMicros, window: UnixMicros) -> UnixMicros {
    if newest < at + window { newest.max(at) } else { at }
}

#[cfg(test)]
mod tests {
    use lictor_policy::wire::Event;

    use super::*;

    const NOW: UnixMicros = 1_893_456_000_000_000;
    const SECOND: UnixMicros = 1_000_000;

    fn observe<'e>(watch: &mut Watch, event: &'e Event, at: UnixMicros, what: What<'e>) -> Option<u64> {
        let threshold = Threshold { count: 20, minutes: 10 };
        let rule = if matches!(what, What::Times(_)) { Rule::Refusals } else { Rule::DistinctModels };
        let findings = watch.take(&[Observation { at, rule, threshold, what, event }]);
        findings.get(&rule).and_then(|finding| finding.reached).map(|reached| reached.count)
    }

    #[test]
    fn a_watch_stays_small_whatever_happens_and_however_long() {
        let (mut watch, event) = (Watch::default(), Event::at(NOW, String::new()));
        for second in 0..20_000 {
            observe(&mut watch, &event, NOW + second * SECOND, What::Times(1));
            observe(&mut watch, &event, NOW + second * SECOND, What::Item(format!("model.{second}").into()));
        }
        let body = serde_json::to_string(&watch).unwrap();
        assert!(body.len() < 5000, "{} bytes", body.len());
    }

    #[test]
    fn a_window_is_at_most_one_step_too_long() {
        let (mut watch, event) = (Watch::default(), Event::at(NOW, String::new()));
        assert_eq!(observe(&mut watch, &event, NOW, What::Times(19)), None);
        let mut within = watch.clone();
        assert_eq!(observe(&mut within, &event, NOW + 600 * SECOND - 1, What::Times(1)), Some(20));
        assert_eq!(observe(&mut watch, &event, NOW + 610 * SECOND, What::Times(1)), None);
    }

    #[test]
    fn what_is_known_changes_nothing_for_a_step() {
        let (mut watch, event) = (Watch::default(), Event::at(NOW, String::new()));
        observe(&mut watch, &event, NOW, What::Item("res.partner".into()));
        let before = watch.clone();
        observe(&mut watch, &event, NOW + 10 * SECOND, What::Item("res.partner".into()));
        assert_eq!(watch, before);
        observe(&mut watch, &event, NOW + 11 * SECOND, What::Item("res.partner".into()));
        assert_ne!(watch, before);
    }
}
