//! How much longer calls take with a gate that has half as many as it can answer: that is what clients notice, where a gate that
//! is saturated makes all of them wait for each other.
//!
//! Each connection calls at its own pace, whenever the next call is due. Envoy alone gets the same calls at the same pace.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use lictor_xtask::run::say;

use super::cost::HOSTS;
use super::latest::{HalfLoad, Latest};
use super::report::{median, rounded};
use super::round::Round;
use super::setting::Setting;
use super::variant::{Row, Variant};

/// Microseconds that the 99th percentile may be longer.
const GOALS: [(Variant, f64); 2] = [(Variant::Lictor, 250.0), (Variant::LictorNative, 100.0)];
/// Below this share of the calls that were to be sent, it was not half load.
const KEPT_UP: f64 = 0.95;

/// Rounds of each host and of Envoy alone in turn, at half of what the host had as a row.
pub(super) fn run(
    setting: &mut Setting<'_>,
    latest: &Latest,
    length: Duration,
    rounds: u16,
    connections: u16,
) -> Result<BTreeMap<String, HalfLoad>> {
    let mut measured = Vec::new();
    for variant in HOSTS {
        measured.push((variant, latest.row(Row::xml_rpc(variant))?.requests_per_second / 2.0, Vec::new()));
    }
    for number in 1..=rounds {
        let mut line = Vec::new();
        for (variant, rate, pairs) in &mut measured {
            let mut round = |variant| setting.round(Row::xml_rpc(variant), length, connections, Some(*rate));
            let (plain, host) = (round(Variant::Plain)?, round(*variant)?);
            line.push(format!("{variant} at {rate:.0}/s {:.0} µs, plain {:.0} µs", host.p99_us, plain.p99_us));
            pairs.push((plain, host));
        }
        say(format!("half load, round {number} of {rounds}: p99 of {}", line.join(" · ")));
    }
    Ok(measured.into_iter().map(|(variant, rate, pairs)| (variant.to_string(), summary(rate, &pairs))).collect())
}

fn summary(rate: f64, pairs: &[(Round, Round)]) -> HalfLoad {
    let of = |value: fn(&(Round, Round)) -> f64| median(pairs.iter().map(value).collect());
    let sent = of(|(plain, host)| plain.requests_per_second.min(host.requests_per_second));
    if sent < rate * KEPT_UP {
        say(format!("note: half load: {sent:.0} calls a second were sent, where {rate:.0} were to be"));
    }
    HalfLoad {
        requests_per_second: rounded(rate, 1),
        p50_us: of(|(_, host)| host.p50_us),
        p99_us: of(|(_, host)| host.p99_us),
        plain_p50_us: of(|(plain, _)| plain.p50_us),
        plain_p99_us: of(|(plain, _)| plain.p99_us),
        p99_added_us: of(|(plain, host)| host.p99_us - plain.p99_us),
    }
}

/// For the terminal.
pub(super) fn table(half_load: &BTreeMap<String, HalfLoad>) -> String {
    let line = |(name, found): (&String, &HalfLoad)| {
        let goal = GOALS.into_iter().find(|(variant, _)| variant.to_string() == *name);
        let verdict = goal.map_or(String::new(), |(_, goal)| {
            format!("; goal: {goal}: {}", if found.p99_added_us < goal { "met" } else { "MISSED" })
        });
        let (p99, plain) = (found.p99_us, found.plain_p99_us);
        let rate = found.requests_per_second;
        format!(
            "{name}: {:.0} µs added to the p99 at half load, {rate:.0} calls a second ({p99:.0}, plain {plain:.0}){verdict}",
            found.p99_added_us
        )
    };
    half_load.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_the_median_of_differences() {
        let round = |p99_us| Round {
            requests: 100,
            requests_per_second: 3000.0,
            p50_us: 200.0,
            p99_us,
            cpu_us_per_request: 100.0,
            whole_cpu_us_per_request: 100.0,
            shared_core_requests_per_second: 3000.0,
            busy: 0.5,
            settled_after: 0.0,
        };
        let pairs = [(300.0, 380.0), (400.0, 490.0), (900.0, 970.0)].map(|(plain, host)| (round(plain), round(host)));
        let summary = summary(3000.0, &pairs);
        assert_eq!((summary.p99_us, summary.plain_p99_us, summary.p99_added_us), (490.0, 400.0, 80.0));
        let table = table(&[("lictor_native".to_owned(), summary)].into());
        assert!(table.starts_with("lictor_native: 80 µs added") && table.ends_with("goal: 100: met"), "{table}");
    }
}
