//! Medians, the file for programs and the table for people.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::round::Round;
use super::variant::{Row, Variant};

/// What issue 3 asks of the full pipeline.
const GOALS: [&str; 3] = ["0.55 of plain or more", "1.1 × ext_authz or more", "40 µs of Envoy's processor or less"];
const LEAST_OF_PLAIN: f64 = 0.55;
const LEAST_OF_EXT_AUTHZ: f64 = 1.1;
const MOST_ADDED_US: f64 = 40.0;
/// Below this, what was measured is not Envoy.
const SATURATED: f64 = 0.9;

/// Work put off for longer than a look at Envoy's processor time takes to show.
const NOTABLE_SECONDS: f64 = 0.5;

/// Medians of a row's rounds.
#[derive(Serialize)]
pub(super) struct Summary {
    #[serde(skip)]
    pub(super) row: Row,
    pub(super) requests_per_second: f64,
    /// To Envoy alone with calls on the same road.
    pub(super) ratio_to_plain: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) cpu_us_per_request: f64,
    /// The slowest and the fastest round.
    #[serde(skip)]
    spread: (f64, f64),
    #[serde(skip)]
    busy: f64,
    #[serde(skip)]
    settled_after: f64,
}

/// The medians, in the given order.
pub(super) fn summarise(measured: &[(Row, Vec<Round>)]) -> Vec<Summary> {
    let of = |rounds: &[Round], field: fn(&Round) -> f64| median(rounds.iter().map(field).collect());
    let speed = |wanted| {
        let found = measured.iter().find(|(row, _)| *row == wanted);
        found.map_or(f64::NAN, |(_, rounds)| of(rounds, |round| round.requests_per_second))
    };
    let summary = |(row, rounds): &(Row, Vec<Round>)| {
        let speeds = rounds.iter().map(|round| round.requests_per_second);
        let requests_per_second = of(rounds, |round| round.requests_per_second);
        Summary {
            row: *row,
            requests_per_second: rounded(requests_per_second, 1),
            ratio_to_plain: rounded(requests_per_second / speed(row.plain()), 3),
            p50_us: of(rounds, |round| round.p50_us),
            p99_us: of(rounds, |round| round.p99_us),
            cpu_us_per_request: rounded(of(rounds, |round| round.cpu_us_per_request), 2),
            spread: (speeds.clone().fold(f64::INFINITY, f64::min), speeds.fold(0.0, f64::max)),
            busy: of(rounds, |round| round.busy),
            settled_after: of(rounds, |round| round.settled_after),
        }
    };
    measured.iter().map(summary).collect()
}

/// target/bench/latest.json.
pub(super) fn json(summaries: &[Summary]) -> Result<String> {
    let variants: BTreeMap<_, _> = summaries.iter().map(|summary| (summary.row.name(), summary)).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&json!({ "variants": variants }))?))
}

/// For the terminal, with what to think of it.
pub(super) fn table(summaries: &[Summary]) -> String {
    let mut lines = vec![
        "variant          requests/s  (slowest–fastest)  of plain   p50 µs   p99 µs  CPU µs/call  added  busy".into(),
    ];
    for summary in summaries {
        let (slowest, fastest) = summary.spread;
        lines.push(format!(
            "{:<16} {:>10.0}  {:>17}  {:>8.2}  {:>7.0}  {:>7.0}  {:>11.1}  {:>5.1}  {:>3.0}%",
            summary.row.name(),
            summary.requests_per_second,
            format!("({slowest:.0}–{fastest:.0})"),
            summary.ratio_to_plain,
            summary.p50_us,
            summary.p99_us,
            summary.cpu_us_per_request,
            summary.cpu_us_per_request - cost(summaries, summary.row.plain()),
            summary.busy * 100.0,
        ));
    }
    lines.extend(verdicts(summaries));
    lines.extend(doubts(summaries));
    lines.join("\n")
}

fn verdicts(summaries: &[Summary]) -> Vec<String> {
    let lictor = Row::xml_rpc(Variant::Lictor);
    let of_plain = ratio(summaries, lictor);
    let of_ext_authz = of_plain / ratio(summaries, Row::xml_rpc(Variant::ExtAuthz));
    let added = cost(summaries, lictor) - cost(summaries, lictor.plain());
    let found = [
        (of_plain >= LEAST_OF_PLAIN, format!("{of_plain:.2} of plain")),
        (of_ext_authz >= LEAST_OF_EXT_AUTHZ, format!("{of_ext_authz:.2} × ext_authz")),
        (added <= MOST_ADDED_US, format!("{added:.1} µs added")),
    ];
    let line = |((met, found), goal)| format!("lictor: {found}; goal: {goal}: {}", if met { "met" } else { "MISSED" });
    found.into_iter().zip(GOALS).map(line).collect()
}

/// What makes the numbers say less than they seem to.
fn doubts(summaries: &[Summary]) -> Vec<String> {
    let mut doubts = Vec::new();
    for summary in summaries {
        let name = summary.row;
        if summary.busy < SATURATED {
            doubts.push(format!(
                "note: {name}: Envoy had only {:.0}% of its processor: other programs, or the load, were the limit",
                summary.busy * 100.0
            ));
        }
        if summary.settled_after > NOTABLE_SECONDS {
            doubts.push(format!("note: {name}: worked on for {:.1} s after a round's load", summary.settled_after));
        }
    }
    doubts
}

fn find(summaries: &[Summary], row: Row) -> Option<&Summary> {
    summaries.iter().find(|summary| summary.row == row)
}

fn cost(summaries: &[Summary], row: Row) -> f64 {
    find(summaries, row).map_or(f64::NAN, |summary| summary.cpu_us_per_request)
}

fn ratio(summaries: &[Summary], row: Row) -> f64 {
    find(summaries, row).map_or(f64::NAN, |summary| summary.ratio_to_plain)
}

/// Of an even number the higher of the middle two: one that was measured.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn rounded(value: f64, digits: i32) -> f64 {
    let factor = 10f64.powi(digits);
    (value * factor).round() / factor
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::measure) fn summaries() -> Vec<Summary> {
        let round = |speed: f64| Round {
            requests: 1000,
            requests_per_second: speed,
            p50_us: 16e6 / speed,
            p99_us: 32e6 / speed,
            cpu_us_per_request: 1e6 / speed,
            busy: 1.0,
            settled_after: 0.0,
        };
        let rounds = |speed: f64| vec![round(speed * 1.1), round(speed * 0.5), round(speed)];
        let speeds = [20e3, 18e3, 12e3, 9e3, 19e3, 24e3, 18e3, 12e3, 19e3];
        summarise(&Row::ALL.into_iter().zip(speeds.map(rounds)).collect::<Vec<_>>())
    }

    #[test]
    fn the_file_has_what_the_issue_asks_for() {
        let value: serde_json::Value = serde_json::from_str(&json(&summaries()).unwrap()).unwrap();
        let lictor = value["variants"]["lictor"].as_object().unwrap();
        assert_eq!(lictor["requests_per_second"], 12000.0);
        assert_eq!(lictor["ratio_to_plain"], 0.6);
        let fields: Vec<_> = lictor.keys().map(String::as_str).collect();
        assert_eq!(fields, ["cpu_us_per_request", "p50_us", "p99_us", "ratio_to_plain", "requests_per_second"]);
        assert_eq!(value["variants"].as_object().unwrap().len(), 9);
        assert_eq!(value["variants"]["lictor_json2"]["ratio_to_plain"], 0.75);
    }

    #[test]
    fn the_table_says_whether_the_goals_are_met() {
        let table = table(&summaries());
        assert!(table.contains("0.60 of plain; goal: 0.55 of plain or more: met"), "{table}");
        assert!(table.contains("33.3 µs added"), "{table}");
    }
}
