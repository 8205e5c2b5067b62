//! Envoy's memory over many calls and many changes of the policy: what grows with them would end a gate one day.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lictor_xtask::rest::Api;
use lictor_xtask::run::say;
use serde_json::json;

use super::setting::Setting;
use super::variant::{Row, Variant};

const ROUND: Duration = Duration::from_secs(5);
/// Between two changes, which come evenly with the calls of fast machines, and all of them in time on slow ones.
const PAUSE: Duration = Duration::from_millis(200);
/// Until buffers, pools and the window of 60 s have the size that they keep; its calls and changes are not counted.
const WARM_UP: Duration = Duration::from_secs(75);
/// Bytes that Envoy may have more at the end than in the middle: the allocators' own habits may come to that.
const GROWTH_LIMIT: u64 = 10 << 20;

/// Calls and changes.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) changes: u64,
}

/// Memory, and what had been done by then.
#[derive(Clone, Copy)]
struct Sample {
    done: Counts,
    memory: u64,
}

/// Loads a host's gate while permissions change, until both counts are reached; fails if its memory grows in the second half.
/// `before` are calls of the key that others have made.
pub(super) fn run(
    setting: &mut Setting<'_>,
    variant: Variant,
    wanted: Counts,
    connections: u16,
    before: &mut u64,
) -> Result<()> {
    let began = Instant::now();
    let mut round = |setting: &mut Setting<'_>, most| {
        let (calls, changes) = round(setting, variant, most, connections)?;
        *before += calls;
        // What waits for a control plane that is slower than the gate is memory as well, and not what is asked here.
        setting.every_call_is_audited(*before)?;
        anyhow::Ok((Counts { calls, changes }, setting.memory(variant)?))
    };
    say(format!("{variant}: warming up for {} s", WARM_UP.as_secs()));
    let mut memory = 0;
    while began.elapsed() < WARM_UP {
        memory = round(setting, u64::MAX)?.1;
    }
    let mut samples = vec![Sample { done: Counts { calls: 0, changes: 0 }, memory }];
    let mut done = Counts { calls: 0, changes: 0 };
    while done.calls < wanted.calls || done.changes < wanted.changes {
        let (more, memory) = round(setting, wanted.changes - done.changes)?;
        done = Counts { calls: done.calls + more.calls, changes: done.changes + more.changes };
        say(format!("{variant}: {} calls, {} changes: Envoy has {} MiB", done.calls, done.changes, mib(memory)));
        samples.push(Sample { done, memory });
    }
    say(format!("{variant}: {}", judged(&samples, wanted)?));
    Ok(())
}

/// Whether the second half is flat.
fn judged(samples: &[Sample], wanted: Counts) -> Result<String> {
    let is_half = |sample: &&Sample| sample.done.calls >= wanted.calls / 2 && sample.done.changes >= wanted.changes / 2;
    let (first, last) = samples.first().zip(samples.last()).context("nothing was measured")?;
    let half = samples.iter().find(is_half).context("not half of it was done")?;
    let told = format!(
        "{} MiB after the warm-up, {} MiB after {} calls and {} changes, {} MiB after {} calls and {} changes",
        mib(first.memory),
        mib(half.memory),
        half.done.calls,
        half.done.changes,
        mib(last.memory),
        last.done.calls,
        last.done.changes
    );
    if last.memory > half.memory + GROWTH_LIMIT {
        bail!("Envoy's memory grows by more than {} MiB in the second half: {told}", mib(GROWTH_LIMIT));
    }
    Ok(format!("flat: {told}; {} MiB more in the second half would be too much", mib(GROWTH_LIMIT)))
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

/// Some calls beside some changes, at most so many. Returns how many of both there were.
fn round(setting: &mut Setting<'_>, variant: Variant, most_changes: u64, connections: u16) -> Result<(u64, u64)> {
    let (over, made, api) = (AtomicBool::new(false), AtomicU64::new(0), setting.api()?);
    let measured = thread::scope(|scope| {
        let changer = scope.spawn(|| change(&api, &made, most_changes, &over));
        let measured = setting.load(Row::xml_rpc(variant), ROUND, connections, None);
        over.store(true, Ordering::Relaxed);
        changer.join().ok().context("the thread that changes permissions has panicked")??;
        measured
    })?;
    Ok((measured.requests, made.load(Ordering::Relaxed)))
}

fn change(api: &Api, made: &AtomicU64, most: u64, over: &AtomicBool) -> Result<()> {
    while !over.load(Ordering::Relaxed) && made.load(Ordering::Relaxed) < most {
        let number = made.fetch_add(1, Ordering::Relaxed);
        api.json("PUT", "permissions/res.country", &json!({"read": true, "write": number.is_multiple_of(2)}))?;
        thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(mebibytes: [u64; 4]) -> Vec<Sample> {
        let sample = |(number, memory): (u64, u64)| Sample {
            done: Counts { calls: number * 40, changes: number * 4 },
            memory: memory << 20,
        };
        (0..).zip(mebibytes).map(sample).collect()
    }

    #[test]
    fn the_second_half_is_judged_and_the_first_is_not() {
        let wanted = Counts { calls: 100, changes: 12 };
        assert!(
            judged(&samples([90, 100, 110, 120]), wanted).unwrap().starts_with("flat: 90 MiB after the warm-up, 110")
        );
        let error = judged(&samples([90, 100, 110, 121]), wanted).unwrap_err().to_string();
        assert!(error.contains("more than 10 MiB in the second half"), "{error}");
        assert!(judged(&samples([90, 90, 90, 90]), Counts { calls: 1000, changes: 12 }).is_err(), "not half");
    }
}
