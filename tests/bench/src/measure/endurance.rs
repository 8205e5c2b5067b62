//! Envoy's memory over many calls and many changes of the policy: what grows with them would end a gate one day.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lictor_xtask::rest::Api;
use lictor_xtask::run::say;
use serde_json::json;

use super::setting::Setting;
use super::variant::{Row, Variant};

const ROUND: Duration = Duration::from_secs(5);
/// So that 1,000 changes come with about a million calls.
const PAUSE: Duration = Duration::from_millis(200);
/// Rounds until buffers, pools and the window of 60 s have the size that they keep.
const WARM_UP: u64 = 15;
/// MiB that the allocators' own habits may come to.
const GROWTH_LIMIT: u64 = 10;

/// Loads Lictor's gate while permissions change, until both counts are reached.
pub(super) fn run(setting: &mut Setting<'_>, calls: u64, changes: u64, connections: u16) -> Result<()> {
    let (made, mut done) = (AtomicU64::new(0), 0);
    let mut settled = None;
    for round in 1.. {
        let (over, api) = (AtomicBool::new(false), setting.api()?);
        let measured = thread::scope(|scope| {
            let changer = scope.spawn(|| change(&api, &made, changes, &over));
            let measured = setting.load(Row::xml_rpc(Variant::Lictor), ROUND, connections);
            over.store(true, Ordering::Relaxed);
            changer.join().ok().context("the thread that changes permissions has panicked")??;
            measured
        })?;
        done += measured.requests;
        // What waits for a control plane that is slower than the gate is memory as well, and not what is asked here.
        setting.every_call_is_audited(done)?;
        let memory = setting.memory(Variant::Lictor)? >> 20;
        let made = made.load(Ordering::Relaxed);
        say(format!("{done} calls, {made} changes: Envoy has {memory} MiB"));
        if round == WARM_UP {
            settled = Some(memory);
        }
        let Some(before) = settled.filter(|_| done >= calls && made >= changes) else { continue };
        if memory > before + GROWTH_LIMIT {
            bail!("Envoy has grown from {before} MiB after the warm-up to {memory} MiB");
        }
        say(format!("flat: {before} MiB after the warm-up, {memory} MiB now"));
        return Ok(());
    }
    Ok(())
}

fn change(api: &Api, made: &AtomicU64, most: u64, over: &AtomicBool) -> Result<()> {
    while !over.load(Ordering::Relaxed) && made.load(Ordering::Relaxed) < most {
        let number = made.fetch_add(1, Ordering::Relaxed);
        api.json("PUT", "permissions/res.country", &json!({"read": true, "write": number.is_multiple_of(2)}))?;
        thread::sleep(PAUSE);
    }
    Ok(())
}
