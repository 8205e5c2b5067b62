//! Servers as processes: starting them into a log, knowing them again in a later command, stopping them.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::run::{self, POLL};

/// How much of a log is shown when its server has failed.
const LOG_LINES: usize = 20;
/// The unit of times in /proc: 100 a second on every Linux that Envoy runs on (`getconf CLK_TCK`).
const CLOCK_TICK: Duration = Duration::from_millis(10);
/// Between the polite signal and the other one.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Names one process for ever: the kernel gives its number to another one later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The process number.
    pub pid: u32,
    /// Clock ticks from boot to its start; field 22 of /proc/PID/stat, see proc(5).
    started: u64,
    /// The kernel's name for the time since it was booted.
    boot: String,
}

impl Identity {
    /// Of a process that runs now.
    fn of(pid: u32) -> Result<Self> {
        let stat = stat(pid).with_context(|| format!("process {pid} ended at once"))?;
        Ok(Self { pid, started: stat.started, boot: boot()? })
    }

    /// Whether that very process still runs. One that ended and was not waited for does not.
    pub fn is_running(&self) -> bool {
        let same_boot = boot().is_ok_and(|now| now == self.boot);
        same_boot && stat(self.pid).is_some_and(|now| now.started == self.started && !"ZX".contains(now.state))
    }

    /// How long processors have worked for it, in its own code and in the kernel.
    pub fn processor_time(&self) -> Result<Duration> {
        let stat = stat(self.pid).filter(|now| now.started == self.started);
        Ok(stat.with_context(|| format!("process {} has ended", self.pid))?.processor_time)
    }

    /// Bytes of memory that it has.
    pub fn resident_memory(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.pid);
        let status = fs::read_to_string(&file).with_context(|| format!("process {} has ended", self.pid))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
        let kilobytes: u64 = kilobytes.and_then(|text| text.trim().parse().ok()).context("no VmRSS in proc(5)")?;
        Ok(kilobytes * 1024)
    }

    /// Asks it to stop and waits until it has; kills it when it takes too long.
    pub fn stop(&self) -> Result<()> {
        for signal in ["TERM", "KILL"] {
            if !self.is_running() {
                return Ok(());
            }
            // It may end between the question and the signal, so the answer of `kill` says nothing.
            self.signal(signal)?;
            let end = Instant::now() + STOP_LIMIT;
            while self.is_running() && Instant::now() < end {
                thread::sleep(POLL);
            }
        }
        if self.is_running() {
            bail!("process {} does not end, not even when killed", self.pid);
        }
        Ok(())
    }

    /// Has it stand still until what this gives is dropped.
    pub fn pause(&self) -> Result<Paused<'_>> {
        let paused = Paused(self);
        if !self.signal("STOP")? {
            bail!("process {} cannot be paused", self.pid);
        }
        Ok(paused)
    }

    /// Whether the signal was sent.
    fn signal(&self, name: &str) -> Result<bool> {
        run::succeeds_within(Command::new("kill").args(["-s", name, &self.pid.to_string()]), STOP_LIMIT)
    }
}

/// A process that stands still.
#[must_use]
pub struct Paused<'p>(&'p Identity);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        if !self.0.signal("CONT").unwrap_or(false) {
            run::say(format!("process {} could not be told to go on", self.0.pid));
        }
    }
}

/// What proc(5) says of a process.
struct Stat {
    /// Field 3.
    state: char,
    /// Fields 14 and 15.
    processor_time: Duration,
    /// Field 22.
    started: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may itself contain spaces and parentheses.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let user: u32 = fields.nth(10)?.parse().ok()?;
    let kernel: u32 = fields.next()?.parse().ok()?;
    let started = fields.nth(6)?.parse().ok()?;
    Some(Stat { state, processor_time: CLOCK_TICK * (user + kernel), started })
}

fn boot() -> Result<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").context("cannot read /proc: is this Linux?")?;
    Ok(text.trim().to_owned())
}

/// A server that this command has started.
pub struct Server {
    /// What to call it in messages.
    pub name: &'static str,
    /// Its process.
    pub identity: Identity,
    child: Child,
    log: std::path::PathBuf,
}

impl Server {
    /// Starts it with its output going to `log`, which is begun anew.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = OpenOptions::new().create(true).write(true).truncate(true).open(log);
        let output = output.with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone()?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        // A process group of its own: Ctrl-C reaches this command first, which stops its servers in order.
        command.process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let identity = Identity::of(child.id())?;
        Ok(Self { name, identity, child, log: log.to_owned() })
    }

    /// Fails if it has ended, with the end of its log.
    pub fn must_run(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status}); the end of {}:\n{}", self.name, self.log.display(), tail(&self.log));
        }
        Ok(())
    }

    /// The end of its log, for messages.
    pub fn log_tail(&self) -> String {
        format!("the end of {}:\n{}", self.log.display(), tail(&self.log))
    }

    /// Stops it and takes note of its end, so that it leaves no entry in the process table.
    pub fn stop(&mut self) -> Result<()> {
        self.identity.stop()?;
        self.child.try_wait()?;
        Ok(())
    }
}

fn tail(log: &Path) -> String {
    let text = File::open(log).and_then(|mut file| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    });
    let text = text.unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_process_again_and_no_other() {
        let folder = std::env::temp_dir().join(format!("lictor-xtask-{}", std::process::id()));
        let mut server =
            Server::start("sleep", Command::new("sleep").arg("60"), &folder.with_extension("log")).unwrap();
        let identity = server.identity.clone();
        assert!(identity.is_running());
        assert!(!Identity { started: identity.started + 1, ..identity.clone() }.is_running(), "a later process");
        assert!(!Identity { boot: "before".to_owned(), ..identity.clone() }.is_running(), "before a reboot");
        server.stop().unwrap();
        assert!(!identity.is_running());
        assert!(server.must_run().unwrap_err().to_string().contains("sleep ended"));
        fs::remove_file(folder.with_extension("log")).unwrap();
    }

    #[test]
    fn a_paused_process_stands_still_and_goes_on() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Identity::of(child.id()).unwrap();
        let becomes = |stopped: bool| {
            let end = Instant::now() + STOP_LIMIT;
            while (stat(process.pid).unwrap().state == 'T') != stopped {
                assert!(Instant::now() < end, "stopped: {stopped}");
                thread::sleep(POLL);
            }
        };
        let paused = process.pause().unwrap();
        becomes(true);
        drop(paused);
        becomes(false);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
