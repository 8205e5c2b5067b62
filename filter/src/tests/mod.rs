//! The filter before a host that answers each call with each status, at each step of a request.

mod policies;
mod requests;
mod run;

use std::collections::BTreeSet;

use requests::{Expected, Request, all};
use run::{Outcome, Since, run, run_with_bug};

/// proxy-wasm's, one that it does not have, and 0: well, but nothing was handed over.
const STATUSES: [u32; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 99];
/// Those that some call takes for more than a failure, and one more.
const TOLD_APART: [u32; 5] = [0, 1, 7, 8, 10];
/// The calls without which nobody can be told.
const MUTE: [&str; 3] = ["respond", "set_effective_context", "continue_stream"];

#[test]
fn a_request_becomes_of_it_what_is_expected() {
    for request in all() {
        let outcome = run(&request, Since::Start, None);
        let found = match (&outcome.forwarded, outcome.answers.as_slice()) {
            (Some(_), []) => Expected::Forwarded,
            (None, [_]) => Expected::Answered,
            (None, []) => Expected::Gone,
            other => panic!("{}: {other:?}", request.name),
        };
        assert_eq!(found, request.expected, "{}: {outcome:?}", request.name);
        let mut sent = outcome.forwarded.iter().flat_map(|(headers, _)| headers);
        assert!(sent.all(|(_, value)| value != b"another"), "{}: {outcome:?}", request.name);
        assert!(outcome.recovered, "{}", request.name);
        assert_eq!(outcome.events, request.events, "{}: {outcome:?}", request.name);
    }
}

#[test]
fn whatever_call_fails_nothing_wrong_is_forwarded_and_nothing_panics() {
    let mut failed = BTreeSet::new();
    for (number, request) in all().iter().enumerate() {
        // A filter starts always alike.
        let (since, statuses) =
            if number == 0 { (Since::Start, &STATUSES[..]) } else { (Since::Request, &TOLD_APART[..]) };
        failed.extend(fail_each(request, since, statuses));
    }
    // All that there are, so that none is left out by accident.
    assert_eq!(failed.len(), 29, "{failed:?}");
}

#[test]
fn wherever_a_bug_is_its_request_is_refused_and_all_others_are_not() {
    let mut before = BTreeSet::new();
    for (number, request) in all().iter().enumerate() {
        let since = if number == 0 { Since::Start } else { Since::Request };
        let good = run(request, since, None);
        for (number, call) in good.made.iter().enumerate() {
            let outcome = run_with_bug(request, since, number);
            check_bug(&format!("{}, a bug before {call}: {outcome:?}", request.name), &good, &outcome);
            before.insert(*call);
        }
    }
    assert_eq!(before.len(), 29, "{before:?}");
}

fn check_bug(case: &str, good: &Outcome, outcome: &Outcome) {
    assert!(!outcome.panicked, "{case}");
    if outcome.forwarded.is_some() {
        // It was in what happens around the request, or of the answer.
        assert_eq!(outcome.forwarded, good.forwarded, "{case}");
    } else if outcome.configured && outcome.answers != good.answers {
        let [answer] = outcome.answers.as_slice() else { panic!("{case}") };
        assert!(String::from_utf8_lossy(&answer.body).contains("policy_unavailable"), "{case}");
    }
    assert!(outcome.recovered || !outcome.configured, "{case}");
}

/// Fails each call with each status. The calls' names.
fn fail_each(request: &Request, since: Since, statuses: &[u32]) -> Vec<&'static str> {
    let good = run(request, since, None);
    for (number, call) in good.made.iter().enumerate() {
        for &status in statuses {
            check(&request.name, call, status, &good, &run(request, since, Some((number, status))));
        }
    }
    good.made
}

fn check(name: &str, call: &str, status: u32, good: &Outcome, outcome: &Outcome) {
    let case = format!("{name}, {call} answers {status}: {outcome:?}");
    assert!(!outcome.panicked, "{case}");
    if outcome.forwarded.is_some() {
        assert_eq!(outcome.forwarded, good.forwarded, "{case}");
        assert!(outcome.answers.is_empty(), "{case}");
    } else {
        let silent = good.answers.is_empty() && good.forwarded.is_none();
        assert!(outcome.answers.len() == 1 || silent || MUTE.contains(&call) || !outcome.configured, "{case}");
    }
    assert!(outcome.recovered || !outcome.configured, "{case}");
}
