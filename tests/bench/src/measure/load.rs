//! One run of the load generator.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lictor_xtask::foreground::wait_for;
use lictor_xtask::process::Server;
use serde::Deserialize;

/// Beyond its time, for the start and the last answers.
const GRACE: Duration = Duration::from_secs(15);

/// What is sent and what must come back.
pub(super) struct Load<'a> {
    /// `lictor-bench`.
    pub(super) program: &'a Path,
    /// The file of the whole request, or of several.
    pub(super) request: PathBuf,
    /// The file of the one right answer.
    pub(super) answer: PathBuf,
    /// Calls that are enough, however early.
    pub(super) calls: Option<u64>,
    /// Calls a second, in the place of as many as are answered.
    pub(super) rate: Option<f64>,
}

/// What it prints.
#[derive(Deserialize)]
pub(super) struct Measured {
    pub(super) requests: u64,
    pub(super) requests_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

impl Load<'_> {
    /// Loads the gate on `port`; fails at the first wrong answer, with it.
    pub(super) fn run(
        &self,
        port: u16,
        length: Duration,
        connections: u16,
        servers: &mut [Server],
    ) -> Result<Measured> {
        let mut command = Command::new(self.program);
        command.args(["load", "--port", &port.to_string()]);
        command.args(["--seconds", &length.as_secs_f64().to_string(), "--connections", &connections.to_string()]);
        option(&mut command, "--request", &self.request);
        option(&mut command, "--answer", &self.answer);
        if let Some(calls) = self.calls {
            command.args(["--calls", &calls.to_string()]);
        }
        if let Some(rate) = self.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let output = Generator::start(&mut command)?.finish(length, servers)?;
        serde_json::from_slice(&output).context("the load generator printed something else than its result")
    }
}

/// A running program that loads a gate.
pub(super) struct Generator(Child);

impl Generator {
    /// Starts it out of the way of Ctrl-C, as the servers are; it prints less than a pipe holds.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self(child))
    }

    /// Waits for its end, and gives what it printed.
    pub(super) fn finish(mut self, length: Duration, servers: &mut [Server]) -> Result<Vec<u8>> {
        let ended = wait_for("the end of the load", length + GRACE, servers, || Ok(self.0.try_wait()?));
        if ended.is_err() {
            self.0.kill()?;
        }
        let output = self.0.wait_with_output()?;
        if !ended?.success() {
            bail!("the load failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(output.stdout)
    }
}

fn option(command: &mut Command, name: &str, file: &Path) {
    command.arg(name).arg(file);
}
