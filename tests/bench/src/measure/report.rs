//! Medians of rounds, and the table for people.

use std::collections::BTreeMap;

use super::latest::Figures;
use super::round::Round;
use super::variant::{Row, Variant};

/// What is asked of each host: of plain, times an ext_authz whose service does nothing and is not counted, and times any service
/// that does the same work on the same processor.
const GOALS: [(Variant, f64, Option<f64>, f64); 2] =
    [(Variant::Lictor, 0.52, None, 1.2), (Variant::LictorNative, 0.75, Some(1.4), 2.0)];
/// Below this, what was measured is not Envoy.
const SATURATED: f64 = 0.9;

/// Work put off for longer than a look at Envoy's processor time takes to show.
const NOTABLE_SECONDS: f64 = 0.5;

/// A row's medians, and what they are worth.
pub(super) struct Summary {
    row: Row,
    figures: Figures,
    /// With Envoy and its service on one processor, to Envoy alone.
    shared_ratio_to_plain: f64,
    /// The slowest and the fastest round.
    spread: (f64, f64),
    busy: f64,
    settled_after: f64,
}

/// The medians, in the given order.
pub(super) fn summarise(measured: &[(Row, Vec<Round>)]) -> Vec<Summary> {
    let of = |rounds: &[Round], field: fn(&Round) -> f64| median(rounds.iter().map(field).collect());
    let speed = |wanted, field: fn(&Round) -> f64| {
        let found = measured.iter().find(|(row, _)| *row == wanted);
        found.map_or(f64::NAN, |(_, rounds)| of(rounds, field))
    };
    let summary = |(row, rounds): &(Row, Vec<Round>)| {
        let speeds = rounds.iter().map(|round| round.requests_per_second);
        let apart: fn(&Round) -> f64 = |round| round.requests_per_second;
        let shared: fn(&Round) -> f64 = |round| round.shared_core_requests_per_second;
        let (requests_per_second, together) = (of(rounds, apart), of(rounds, shared));
        let figures = Figures {
            requests_per_second: rounded(requests_per_second, 1),
            ratio_to_plain: rounded(requests_per_second / speed(row.plain(), apart), 3),
            p50_us: of(rounds, |round| round.p50_us),
            p99_us: of(rounds, |round| round.p99_us),
            cpu_us_per_request: rounded(of(rounds, |round| round.cpu_us_per_request), 2),
            whole_cpu_us_per_request: rounded(of(rounds, |round| round.whole_cpu_us_per_request), 2),
            shared_core_requests_per_second: rounded(together, 1),
        };
        Summary {
            row: *row,
            figures,
            shared_ratio_to_plain: rounded(together / speed(row.plain(), shared), 3),
            spread: (speeds.clone().fold(f64::INFINITY, f64::min), speeds.fold(0.0, f64::max)),
            busy: of(rounds, |round| round.busy),
            settled_after: of(rounds, |round| round.settled_after),
        }
    };
    measured.iter().map(summary).collect()
}

/// By the names of rows.
pub(super) fn variants(summaries: &[Summary]) -> BTreeMap<String, Figures> {
    summaries.iter().map(|summary| (summary.row.name(), summary.figures.clone())).collect()
}

/// For the terminal, with what to think of it.
pub(super) fn table(summaries: &[Summary]) -> String {
    let mut lines = vec![
        "variant                   requests/s  (slowest–fastest)  of plain   p50 µs   p99 µs  CPU µs/call  added  busy  \
         whole µs  one core/s  of plain"
            .into(),
    ];
    for summary in summaries {
        let ((slowest, fastest), figures) = (summary.spread, &summary.figures);
        lines.push(format!(
            "{:<25} {:>10.0}  {:>17}  {:>8.2}  {:>7.0}  {:>7.0}  {:>11.1}  {:>5.1}  {:>3.0}%  {:>8.1}  {:>10.0}  {:>8.2}",
            summary.row.name(),
            figures.requests_per_second,
            format!("({slowest:.0}–{fastest:.0})"),
            figures.ratio_to_plain,
            figures.p50_us,
            figures.p99_us,
            figures.cpu_us_per_request,
            figures.cpu_us_per_request - cost(summaries, summary.row.plain()),
            summary.busy * 100.0,
            figures.whole_cpu_us_per_request,
            figures.shared_core_requests_per_second,
            summary.shared_ratio_to_plain,
        ));
    }
    lines.extend(verdicts(summaries));
    lines.extend(doubts(summaries));
    lines.join("\n")
}

fn verdicts(summaries: &[Summary]) -> Vec<String> {
    let same_work = [Variant::ExtAuthzSameWork, Variant::ExtProcSameWork].map(Row::xml_rpc);
    let fastest = same_work.map(|row| shared(summaries, row)).into_iter().fold(f64::NAN, f64::max);
    let judged = |(variant, of_plain, times_ext_authz, times_same_work): (Variant, f64, Option<f64>, f64)| {
        let row = Row::xml_rpc(variant);
        let ratio_of = ratio(summaries, row);
        let to_ext_authz = ratio_of / ratio(summaries, Row::xml_rpc(Variant::ExtAuthz));
        let to_same_work = shared(summaries, row) / fastest;
        let all = [
            (ratio_of, "of plain", Some(of_plain)),
            (to_ext_authz, "× an ext_authz that says yes", times_ext_authz),
            (to_same_work, "× the fastest service with the same work, on one core", Some(times_same_work)),
        ];
        all.into_iter().map(move |(found, what, goal)| match goal {
            Some(goal) if found >= goal => format!("{variant}: {found:.2} {what}; goal: {goal}: met"),
            Some(goal) => format!("{variant}: {found:.2} {what}; goal: {goal}: MISSED"),
            None => format!("{variant}: {found:.2} {what}"),
        })
    };
    GOALS.into_iter().flat_map(judged).collect()
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

fn find(summaries: &[Summary], row: Row, field: fn(&Figures) -> f64) -> f64 {
    summaries.iter().find(|summary| summary.row == row).map_or(f64::NAN, |summary| field(&summary.figures))
}

fn cost(summaries: &[Summary], row: Row) -> f64 {
    find(summaries, row, |figures| figures.cpu_us_per_request)
}

fn shared(summaries: &[Summary], row: Row) -> f64 {
    find(summaries, row, |figures| figures.shared_core_requests_per_second)
}

fn ratio(summaries: &[Summary], row: Row) -> f64 {
    find(summaries, row, |figures| figures.ratio_to_plain)
}

/// Of an even number the higher of the middle two: one that was measured.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(super) fn rounded(value: f64, digits: i32) -> f64 {
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
            whole_cpu_us_per_request: 2e6 / speed,
            shared_core_requests_per_second: speed / 2.0,
            busy: 1.0,
            settled_after: 0.0,
        };
        let rounds = |speed: f64| vec![round(speed * 1.1), round(speed * 0.5), round(speed)];
        let speeds = [
            20e3, 18e3, 12e3, 16e3, 9e3, 7e3, 5e3, 19e3, 24e3, 18e3, 20e3, 12e3, 8e3, 6e3, 9e3, 7e3, 8e3, 6e3, 5e3,
            900.0, 700.0, 800.0, 600.0, 500.0, 19e3, 20e3,
        ];
        summarise(&Row::ALL.into_iter().zip(speeds.map(rounds)).collect::<Vec<_>>())
    }

    #[test]
    fn the_table_says_whether_the_goals_are_met() {
        let table = table(&summaries());
        assert!(table.contains("lictor: 0.60 of plain; goal: 0.52: met"), "{table}");
        let same_work = "lictor_native: 2.29 × the fastest service with the same work, on one core; goal: 2: met";
        assert!(table.contains(same_work), "{table}");
    }
}
