//! `cargo xtask fuzz`: feeds what reads bytes of others with inputs that nobody has thought of. libFuzzer steers by the branches that
//! an input reaches; the targets are in tests/fuzz.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use lictor_xtask::debian;
use lictor_xtask::project::{self, Project};
use lictor_xtask::run::{self, on_path, say};

/// What an input may take before it counts as a fault.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536"];

/// How long, and over what.
#[derive(Args)]
pub(crate) struct Options {
    /// What is fuzzed; everything if nothing is named.
    pub(crate) targets: Vec<Target>,
    /// Seconds of each, as many side by side as there are processors.
    #[arg(long, value_name = "S", default_value_t = 3600)]
    pub(crate) seconds: u32,
    /// Adds the inputs that reached something new to tests/fuzz/corpus, from which the next run begins.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A reader of bytes that others have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// A call over XML-RPC.
    XmlRpc,
    /// A body in JSON.
    Json,
    /// A path of JSON-2.
    Json2Path,
    /// A policy from the control plane.
    Snapshot,
    /// An entry of shared data about a line of keys.
    Line,
    /// A link of the audit log's chain.
    Chain,
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Builds the targets and runs each for its time. Fails when one has found a fault, and says where the input is.
pub(crate) fn fuzz(project: &Project, options: &Options) -> Result<()> {
    let targets = if options.targets.is_empty() { Target::value_variants() } else { &options.targets };
    build(project, targets)?;
    let waiting = Mutex::new(targets.iter().copied().collect::<VecDeque<_>>());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Vec<anyhow::Error> {
        std::iter::from_fn(next).filter_map(|target| one(project, target, options).err()).collect()
    };
    let side_by_side = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    let faults: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..side_by_side).map(|_| scope.spawn(work)).collect();
        let ended = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|_| vec![anyhow!("a worker panicked")])
        };
        workers.into_iter().flat_map(ended).collect()
    });
    if faults.is_empty() {
        return Ok(());
    }
    let faults: Vec<_> = faults.iter().map(|fault| format!("{fault:#}")).collect();
    bail!("{}", faults.join("\n"))
}

/// What the targets depend on is that of the tests; their own crates are compiled anew, with the fuzzer's eyes.
fn build(project: &Project, targets: &[Target]) -> Result<()> {
    if on_path("c++").is_none() {
        debian::install(&["g++"], "libFuzzer, which is C++")?;
    }
    let mut build = project::cargo();
    build.current_dir(&project.root).args(["build", "--quiet", "--locked", "--workspace"]);
    for target in targets {
        build.arg("--bin").arg(format!("fuzz-{}", target.name()));
    }
    say("building the fuzz targets");
    run::run(build.env("RUSTC_WORKSPACE_WRAPPER", project.root.join("tests/fuzz/instrumented-rustc")))
}

fn one(project: &Project, target: Target, options: &Options) -> Result<()> {
    let name = target.name();
    let folder = |part: &str| -> Result<PathBuf> {
        let folder = project.target.join("fuzz").join(part).join(&name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    };
    let (found, faults) = (folder("corpus")?, folder("faults")?);
    let kept = project.root.join("tests/fuzz/corpus").join(&name);
    let log = project.target.join("fuzz").join(format!("{name}.log"));
    let run = |arguments: &[String], corpora: [&PathBuf; 2]| -> Result<bool> {
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut program = Command::new(project.target.join("debug").join(format!("fuzz-{name}")));
        program.args(LIMITS).args(arguments).arg(format!("-artifact_prefix={}/", faults.display())).args(corpora);
        let errors = output.try_clone().context("cannot use the log twice")?;
        let status =
            program.stdout(output).stderr(errors).status().with_context(|| format!("cannot start fuzz-{name}"))?;
        Ok(status.success())
    };
    say(format!("fuzzing {name} for {} s", options.seconds));
    let is_well =
        run(&[format!("-max_total_time={}", options.seconds), "-print_final_stats=1".to_owned()], [&found, &kept])?;
    let text = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    if !is_well {
        bail!("{name}: a fault; its input is in {}, and {} says more", faults.display(), log.display());
    }
    let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).unwrap_or("?").trim();
    say(format!("fuzzing {name}: no fault in {runs} inputs"));
    if options.keep && !run(&["-merge=1".to_owned()], [&kept, &found])? {
        bail!("{name}: what was found cannot be kept; {} says more", log.display());
    }
    Ok(())
}
