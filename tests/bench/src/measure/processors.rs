//! Which processor Envoy has for itself, and which one has everything else.

use std::fs;
use std::path::Path;
use std::process::{self, Command};

use anyhow::{Context, Result, bail};
use lictor_xtask::process::Identity;
use lictor_xtask::run::{self, on_path};

/// Two processors of this machine, by the kernel's numbers.
pub(super) struct Processors {
    envoy: u32,
    rest: u32,
}

impl Processors {
    /// The first two that this process may use.
    pub(super) fn choose() -> Result<Self> {
        if on_path("taskset").is_none() {
            bail!("the benchmark pins processes with `taskset`, which is missing: install util-linux");
        }
        let status = fs::read_to_string("/proc/self/status").context("cannot read /proc: is this Linux?")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        match *numbers(list.unwrap_or_default().trim()).as_slice() {
            // The first one often has the machine's interrupts.
            [rest, envoy, ..] => Ok(Self { envoy, rest }),
            _ => bail!("the benchmark needs two processors: one for Envoy, one for everything else"),
        }
    }

    /// Leaves Envoy's processor: what this process starts from now on inherits it.
    pub(super) fn keep_envoys_free(&self) -> Result<()> {
        pin(process::id(), self.rest)
    }

    /// Has a service share Envoy's processor during the measurement, with all of its threads.
    pub(super) fn shared<T>(&self, service: &Identity, measure: impl FnOnce() -> Result<T>) -> Result<T> {
        pin(service.pid, self.envoy)?;
        let measured = measure();
        pin(service.pid, self.rest)?;
        measured
    }

    /// Starts an Envoy on its processor, with so many workers.
    pub(super) fn envoy(&self, program: &Path, configuration: &Path, workers: u16) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.envoy.to_string()]).arg(program).arg("--config-path").arg(configuration);
        command.args(["--concurrency", &workers.to_string(), "--disable-hot-restart", "--log-level", "warning"]);
        command
    }
}

/// Moves a process with all of its threads.
fn pin(process: u32, processor: u32) -> Result<()> {
    let (process, processor) = (process.to_string(), processor.to_string());
    run::output(Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", &processor, &process])).map(drop)
}

/// Reads the kernel's lists, such as `0-3,8`.
fn numbers(list: &str) -> Vec<u32> {
    let range = |part: &str| -> Option<_> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        assert_eq!(numbers("0-1"), [0, 1]);
        assert_eq!(numbers("3,8-10"), [3, 8, 9, 10]);
        assert_eq!(numbers(""), Vec::<u32>::new());
    }
}
