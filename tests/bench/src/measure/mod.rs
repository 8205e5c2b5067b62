//! What the filter costs a call, beside what the alternatives cost, all in one run.
//!
//! Rounds of all variants in rotation, so that whatever else the machine does meets each of them; medians of the
//! rounds. Envoy, with one worker, has one processor for itself, and everything else has the other. Where Envoy asks a service,
//! that is one of the rest, and its processor time is counted; a second load of each round has it on Envoy's processor, as the
//! filter is: then every variant has as much for the same work.

mod attack;
mod chart;
mod cost;
mod endurance;
mod gate;
mod grown;
mod half_load;
mod latest;
mod load;
mod memory;
mod processors;
mod report;
mod road;
mod round;
mod setting;
mod variant;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use latest::Latest;
use lictor_xtask::foreground;
use lictor_xtask::host::Host;
use lictor_xtask::project::Project;
use lictor_xtask::run::say;
use processors::Processors;
use setting::{Programs, Setting};
use variant::{Row, Variant};

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
    /// Measures these parts alone, and leaves the others in the file, and the charts, as they were.
    #[arg(long, value_enum, value_name = "PART", conflicts_with_all = ["endurance", "attack"])]
    only: Vec<Part>,
    /// Connections of the load generator, each with one call under way.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Measures Envoy's memory instead: over so many calls through each of Lictor's hosts. It fails if that grows in the second
    /// half of them.
    #[arg(long, value_name = "CALLS")]
    endurance: Option<u64>,
    /// The changes of the policy that come with them.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "endurance")]
    changes: u64,
    /// Where the filter runs meanwhile; one after the other if none is named.
    #[arg(long, value_enum, requires = "endurance")]
    host: Option<Host>,
    /// Measures instead how long one key's calls take beside an attacker who has a key too.
    #[arg(long, conflicts_with = "endurance")]
    attack: bool,
    /// Builds what is measured, and measures nothing.
    #[arg(long, conflicts_with_all = ["trial", "only", "endurance", "attack", "charts"])]
    build: bool,
    /// Draws the charts of target/bench/latest.json anew, and measures nothing.
    #[arg(long, conflicts_with_all = ["trial", "only", "endurance", "attack"])]
    charts: bool,
}

/// Something that a run measures.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every variant, saturated.
    Rows,
    /// How long calls take at half of that.
    HalfLoad,
    /// Memory by the number of workers.
    Memory,
    /// Processor time by how much there is in a policy.
    Cost,
}

impl Part {
    /// In the order in which they are measured: half load is half of a row's, and after the rows all calls are counted.
    const ALL: [Self; 4] = [Self::Rows, Self::HalfLoad, Self::Memory, Self::Cost];

    /// The Envoys that it needs.
    fn variants(self) -> &'static [Variant] {
        match self {
            Self::Rows => &Variant::ALL,
            Self::HalfLoad => &[Variant::Plain, Variant::Lictor, Variant::LictorNative],
            // It tells when the control plane has the policy.
            Self::Memory | Self::Cost => &[Variant::Lictor],
        }
    }
}

/// Measures, and writes target/bench/latest.json and the charts for the README.
pub(crate) fn measure(options: &Options) -> Result<()> {
    let project = &Project::find()?;
    if options.charts {
        return chart::draw(project, &Latest::read(project)?);
    }
    let processors = Processors::choose()?;
    let programs = Programs::build(project)?;
    if options.build {
        return Ok(());
    }
    foreground::catch_interrupts()?;
    processors.keep_envoys_free()?;
    let mut setting = Setting::new(project, &programs, &processors)?;
    let measured = measured(project, &mut setting, options);
    let stopped = setting.stop();
    let Some(Measured { summaries, latest, too_large }) = measured? else { return stopped };
    stopped?;
    if options.trial {
        let table = cost::table(&latest);
        say(format!("everything was measured; a trial's figures mean nothing\n{table}"));
    } else {
        let file = latest.write(project)?;
        say(format!("wrote {}", file.display()));
        println!("{}", report::table(&summaries));
        println!("{}", half_load::table(&latest.half_load));
        println!("{}\n{}", memory::table(&latest.memory), cost::table(&latest));
    }
    if !too_large.is_empty() {
        bail!("not all was measured, and no chart was drawn: {}", too_large.join("; "));
    }
    // Of a part alone there may be nothing to put beside it yet.
    if options.trial || !options.only.is_empty() {
        return Ok(());
    }
    chart::draw(project, &latest)
}

/// What a run found.
struct Measured {
    /// Of the rows, if they were measured.
    summaries: Vec<report::Summary>,
    latest: Latest,
    too_large: Vec<String>,
}

/// Nothing, if something else was asked for than what the file has.
fn measured(project: &Project, setting: &mut Setting<'_>, options: &Options) -> Result<Option<Measured>> {
    let connections = options.connections;
    if let Some(calls) = options.endurance {
        let wanted = endurance::Counts { calls, changes: options.changes };
        let is_wanted = |variant: &Variant| options.host.is_none_or(|host| variant.host() == Some(host));
        let hosts: Vec<_> = cost::HOSTS.into_iter().filter(is_wanted).collect();
        setting.start(&hosts)?;
        let mut before = 0;
        for variant in hosts {
            endurance::run(setting, variant, wanted, connections, &mut before)?;
        }
        return Ok(None);
    }
    let length = Duration::try_from_secs_f64(options.seconds).ok().filter(|length| *length <= LONGEST_ROUND);
    let length = length.with_context(|| format!("--seconds must be a time of {LONGEST_ROUND:?} at most"))?;
    if options.attack {
        setting.start(&[Variant::Lictor])?;
        attack::run(setting, length, options.rounds, connections)?;
        return Ok(None);
    }
    let (length, number) = if options.trial { (TRIAL, 1) } else { (length, options.rounds) };
    let is_wanted = |part: &Part| options.only.is_empty() || options.only.contains(part);
    let parts: Vec<_> = Part::ALL.into_iter().filter(is_wanted).collect();
    let needs = |variant: &Variant| parts.iter().any(|part| part.variants().contains(variant));
    let is_whole = options.only.is_empty() || !Latest::is_there(project);
    let latest = if is_whole { Latest::default() } else { Latest::read(project)? };
    let mut found = Measured { summaries: Vec::new(), latest, too_large: Vec::new() };
    setting.start(&Variant::ALL.into_iter().filter(needs).collect::<Vec<_>>())?;
    for part in parts {
        let latest = &mut found.latest;
        match part {
            Part::Rows => {
                found.summaries = report::summarise(&rounds(setting, length, number, connections)?);
                latest.variants = report::variants(&found.summaries);
            }
            Part::HalfLoad => latest.half_load = half_load::run(setting, latest, length, number, connections)?,
            Part::Memory => latest.memory = memory::run(setting, length, connections)?,
            Part::Cost => {
                let measured = cost::run(setting, length, number, connections)?;
                (latest.cost, found.too_large) = (measured.cost, measured.too_large);
            }
        }
    }
    Ok(Some(found))
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
        let round = setting.round(row, length, connections, None)?;
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
