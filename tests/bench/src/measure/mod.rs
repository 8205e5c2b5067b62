//! What the filter costs a call, beside what the alternatives cost, all in one run.
//!
//! Rounds of all variants in rotation, so that whatever else the machine does meets each of them; medians of the
//! rounds. Envoy, with one worker, has one processor for itself, and everything else has the other. Where Envoy asks a service,
//! that is one of the rest, and its processor time is counted; a second load of each round has it on Envoy's processor, as the
//! filter is: then every variant has as much for the same work.

mod attack;
mod chart;
mod endurance;
mod gate;
mod load;
mod processors;
mod report;
mod road;
mod round;
mod setting;
mod variant;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lictor_xtask::foreground;
use lictor_xtask::project::Project;
use lictor_xtask::run::say;
use processors::Processors;
use setting::{Programs, Setting};
use variant::Row;

/// The first calls of a gate are slower: V8 compiles, connections are opened.
const WARM_UP: Duration = Duration::from_secs(1);

/// As long as a round of a trial is.
const TRIAL: Duration = Duration::from_millis(200);

/// The control plane is paused meanwhile, and a gate's policy must not become too old.
const LONGEST_ROUND: Duration = Duration::from_secs(60);

/// How long and how hard is measured.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds of a round, at most 60; each variant has one in every rotation. One whose calls are all audited ends with
    /// 20,000 of them, as a gate does not keep many more while the control plane is paused.
    #[arg(long, value_name = "S", default_value_t = 2.5)]
    seconds: f64,
    /// Rotations; an odd number has a median that was measured.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Looks whether all of it works: one short round, whose figures mean nothing and are written nowhere.
    #[arg(long, conflicts_with_all = ["seconds", "rounds", "endurance", "attack"])]
    trial: bool,
    /// Connections of the load generator, each with one call under way.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Measures Envoy's memory instead: over so many calls through Lictor.
    #[arg(long, value_name = "CALLS")]
    endurance: Option<u64>,
    /// The changes of the policy that come with them.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "endurance")]
    changes: u64,
    /// Measures instead how long one key's calls take beside an attacker who has a key too.
    #[arg(long, conflicts_with = "endurance")]
    attack: bool,
}

/// Measures, and writes target/bench/latest.json and the chart for the README.
pub(crate) fn measure(options: &Options) -> Result<()> {
    let project = &Project::find()?;
    let processors = Processors::choose()?;
    let programs = Programs::build(project)?;
    foreground::catch_interrupts()?;
    processors.keep_envoys_free()?;
    let mut setting = Setting::new(project, &programs, &processors)?;
    if let Some(calls) = options.endurance {
        let endured =
            setting.start().and_then(|()| endurance::run(&mut setting, calls, options.changes, options.connections));
        return endured.and(setting.stop());
    }
    let length = Duration::try_from_secs_f64(options.seconds).ok().filter(|length| *length <= LONGEST_ROUND);
    let length = length.with_context(|| format!("--seconds must be a time of {LONGEST_ROUND:?} at most"))?;
    if options.attack {
        let started = setting.start();
        let attacked = started.and_then(|()| attack::run(&mut setting, length, options.rounds, options.connections));
        return attacked.and(setting.stop());
    }
    let (length, number) = if options.trial { (TRIAL, 1) } else { (length, options.rounds) };
    let measured = setting.start().and_then(|()| rounds(&mut setting, length, number, options.connections));
    let stopped = setting.stop();
    let measured = measured?;
    stopped?;

    let summaries = report::summarise(&measured);
    if options.trial {
        say("everything works; a trial measures nothing");
        return Ok(());
    }
    let folder = project.target.join("bench");
    let latest = folder.join("latest.json");
    fs::write(&latest, report::json(&summaries)?).with_context(|| format!("cannot write {}", latest.display()))?;
    let image = project.root.join("docs/images/bench.svg");
    fs::write(&image, chart::svg(&summaries)).with_context(|| format!("cannot write {}", image.display()))?;
    println!("{}", report::table(&summaries));
    say(format!("wrote {} and {}", latest.display(), image.display()));
    Ok(())
}

/// All rounds of all rows. An answer that is not the right one ends the run.
fn rounds(
    setting: &mut Setting<'_>,
    length: Duration,
    number_of_rounds: u16,
    connections: u16,
) -> Result<Vec<(Row, Vec<round::Round>)>> {
    say("every variant answers rightly; warming up");
    let (mut calls_of_the_key, mut calls_of_services) = (0, 0);
    let mut round = |setting: &mut Setting<'_>, row: Row, length| {
        let round = setting.round(row, length, connections)?;
        calls_of_the_key += if row.is_audited() { round.requests } else { 0 };
        calls_of_services += if row.is_recorded() { round.requests } else { 0 };
        anyhow::Ok(round)
    };
    for row in Row::ALL {
        round(setting, row, WARM_UP.min(length))?;
    }
    let mut measured: Vec<_> = Row::ALL.map(|row| (row, Vec::new())).into();
    for number in 0..usize::from(number_of_rounds) {
        let mut line = Vec::new();
        // Another one begins each time, so that none always comes after the same.
        measured.rotate_left(1);
        for (row, rounds) in &mut measured {
            let round = round(setting, *row, length)?;
            line.push(format!("{row} {:.0}/s", round.requests_per_second));
            rounds.push(round);
        }
        say(format!("round {} of {}: {}", number + 1, number_of_rounds, line.join(" · ")));
    }
    setting.every_call_is_audited(calls_of_the_key)?;
    setting.every_decision_is_recorded(calls_of_services)?;
    say("every call through Lictor is in the audit log, and every decision of the services in their files");
    measured.sort_by_key(|(row, _)| Row::ALL.iter().position(|other| other == row));
    Ok(measured)
}
