//! What a call costs beside how much there is in a policy: flat is what is wanted.
//!
//! The policies are made here of the control plane's and given to gates in its place: it would need half an hour to make
//! 100,000 keys. Each has one Envoy for each host, and those of one subject are measured in rounds, in rotation.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use lictor_policy::wire;
use lictor_xtask::network;
use lictor_xtask::run::say;
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::grown::{self, Grown};
use super::latest::{Cost, Latest};
use super::load::Load;
use super::report::{median, rounded};
use super::setting::{Setting, Wanted};
use super::variant::{Row, Variant};

/// Both of Lictor's.
pub(super) const HOSTS: [Variant; 2] = [Variant::Lictor, Variant::LictorNative];
/// Rounds are many, and none needs longer.
const LONGEST: Duration = Duration::from_secs(1);
/// Calls of a warm-up are counted and not timed: each session begins, and each key is hashed once.
const WARM_UP: Duration = Duration::from_secs(60);
const WARM_UP_CALLS: u64 = 2000;
/// A host's dearest point beside its cheapest, up to which it counts as flat.
const FLAT: f64 = 1.2;

/// Something of which there may be many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Subject {
    /// Of which ten call.
    Keys,
    /// Of the calling key's profile, each for another model.
    Permissions,
    /// Addresses of which a key may be used from, the last of which the client has; a list has 1,000 at most.
    Ranges,
    /// That are in use, up to 63 of each key.
    Sessions,
}

impl Subject {
    /// In the order of the chart.
    pub(super) const ALL: [Self; 4] = [Self::Keys, Self::Permissions, Self::Ranges, Self::Sessions];

    /// How many there are, point by point.
    pub(super) fn numbers(self) -> &'static [u32] {
        match self {
            Self::Keys => &[10, 1000, 10_000, 100_000],
            Self::Permissions => &[10, 500, 5000],
            Self::Ranges => &[1, 100, 1000],
            Self::Sessions => &[1, 63, 1000, 10_000],
        }
    }

    /// For readers of the chart.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Permissions => "permissions of the key's profile",
            Self::Ranges => "address ranges of the key",
            Self::Sessions => "sessions in use",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keys => "keys",
            Self::Permissions => "permissions",
            Self::Ranges => "ranges",
            Self::Sessions => "sessions",
        })
    }
}

/// One host with one policy.
struct Point {
    of: Subject,
    number: u32,
    gate: Gate,
    /// The file with its calls.
    request: PathBuf,
    calls: u64,
    policy_bytes: u64,
    /// Microseconds of Envoy's processor a call, a round each.
    times: Vec<f64>,
}

impl Point {
    /// All of its calls in turn, until so many are made.
    fn load<'s>(&self, setting: &Setting<'s>, calls: Option<u64>) -> Load<'s> {
        Load { request: self.request.clone(), calls, ..setting.loaded_with(Row::xml_rpc(self.gate.variant)) }
    }
}

/// What was measured, and what could not be.
pub(super) struct Measured {
    pub(super) cost: Vec<Cost>,
    /// Policies that are larger than a gate takes.
    pub(super) too_large: Vec<String>,
}

/// Measures all subjects, one after the other.
pub(super) fn run(setting: &mut Setting<'_>, length: Duration, rounds: u16, connections: u16) -> Result<Measured> {
    let file = setting.policy("cost")?;
    let policy = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy = grown::decoded(&policy)?;
    let mut measured = Measured { cost: Vec::new(), too_large: Vec::new() };
    for subject in Subject::ALL {
        setting.with_more(|setting| {
            let mut points = Vec::new();
            for number in subject.numbers() {
                match start(setting, &policy, subject, *number)? {
                    Started::Points(started) => points.extend(started),
                    Started::TooLarge(problem) => measured.too_large.push(problem),
                }
            }
            measured.cost.extend(points_of(setting, points, length, rounds, connections)?);
            anyhow::Ok(())
        })?;
    }
    Ok(measured)
}

enum Started {
    /// One a host.
    Points(Vec<Point>),
    TooLarge(String),
}

fn start(setting: &mut Setting<'_>, policy: &wire::Snapshot, of: Subject, number: u32) -> Result<Started> {
    let grown = Grown::of(policy, of, number)?;
    let encoded = grown.encoded()?;
    if encoded.len() > wire::MAX_SNAPSHOT_BYTES {
        return Ok(Started::TooLarge(format!(
            "{number} {of}: the policy has {} bytes, and a gate takes {} at most (MAX_SNAPSHOT_BYTES)",
            encoded.len(),
            wire::MAX_SNAPSHOT_BYTES
        )));
    }
    let name = format!("{of}-{number}");
    let file = setting.write(&format!("{name}.policy"), &encoded)?;
    let requests = grown.requests();
    let request = setting.write(&format!("{name}.http"), requests.concat())?;
    let policy_port = network::free_port()?;
    let path = file.to_str().context("the checkout's path is not UTF-8")?;
    setting.start_own("what gives a policy", &["policy", "--policy", path], policy_port)?;
    let mut points = Vec::new();
    for variant in HOSTS {
        let name = format!("{name}-{variant}");
        let gate = setting.start_gate(&Wanted { name, policy_port: Some(policy_port), ..variant.into() })?;
        gate.must_work(&grown.call()?, setting.servers())?;
        let (request, calls) = (request.clone(), requests.len() as u64);
        points.push(Point { of, number, gate, request, calls, policy_bytes: encoded.len() as u64, times: Vec::new() });
    }
    Ok(Started::Points(points))
}

/// Rounds of all points in rotation.
fn points_of(
    setting: &mut Setting<'_>,
    mut points: Vec<Point>,
    length: Duration,
    rounds: u16,
    connections: u16,
) -> Result<Vec<Cost>> {
    for point in &points {
        let load = point.load(setting, Some(point.calls.max(WARM_UP_CALLS)));
        setting.use_of(&point.gate, &load, WARM_UP, connections)?;
    }
    for _ in 0..rounds {
        for point in &mut points {
            let load = point.load(setting, None);
            let (measured, used) = setting.use_of(&point.gate, &load, length.min(LONGEST), connections)?;
            point.times.push(used.envoy.as_secs_f64() * 1e6 / measured.requests.max(1) as f64);
        }
        // Another one begins each time, so that none always comes after the same.
        points.rotate_left(1);
    }
    points.sort_by_key(|point| (HOSTS.iter().position(|host| *host == point.gate.variant), point.number));
    let cost = |point: Point| {
        let variant = point.gate.variant;
        let cpu_us_per_request = rounded(median(point.times), 2);
        say(format!(
            "{} {}: {variant}: {cpu_us_per_request:.1} µs of Envoy's processor a call",
            point.number, point.of
        ));
        Ok(Cost {
            of: point.of,
            number: point.number,
            variant: variant.to_string(),
            cpu_us_per_request,
            policy_bytes: point.policy_bytes,
            resident_mib: rounded(point.gate.envoy.resident_memory()? as f64 / f64::from(1 << 20), 1),
        })
    };
    points.into_iter().map(cost).collect()
}

/// For the terminal: whether it is flat.
pub(super) fn table(latest: &Latest) -> String {
    let mut lines = Vec::new();
    for subject in Subject::ALL {
        for variant in HOSTS {
            let name = variant.to_string();
            let points: Vec<_> =
                latest.cost.iter().filter(|point| point.of == subject && point.variant == name).collect();
            let times = points.iter().map(|point| point.cpu_us_per_request);
            let (least, most) = (times.clone().fold(f64::INFINITY, f64::min), times.fold(0.0, f64::max));
            let shown: Vec<_> =
                points.iter().map(|point| format!("{} {:.0}", point.number, point.cpu_us_per_request)).collect();
            let verdict = if most <= least * FLAT { "flat" } else { "NOT FLAT" };
            lines.push(format!("{name}: µs by {subject}: {}: {verdict}", shown.join(", ")));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::latest::tests::latest;

    #[test]
    fn what_grows_is_said() {
        let mut latest = latest();
        assert_eq!(table(&latest).matches(": flat").count(), 8);
        latest.cost[1].cpu_us_per_request *= 1.3;
        let table = table(&latest);
        assert!(table.starts_with("lictor: µs by keys: 10 120, 1000 156, 10000 120, 100000 120: NOT FLAT"), "{table}");
    }
}
