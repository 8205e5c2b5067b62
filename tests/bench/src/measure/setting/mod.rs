//! Everything that runs during a benchmark, from the start to the end.

mod start;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use lictor_xtask::control_plane;
use lictor_xtask::foreground::wait_for;
use lictor_xtask::host::Host;
use lictor_xtask::odoo_url::OdooUrl;
use lictor_xtask::process::{Identity, Server};
use lictor_xtask::project::{Optimised, Project};
use lictor_xtask::rest::Api;
use lictor_xtask::run::say;
use lictor_xtask::seed;
use lictor_xtask::state::State;
use lictor_xtask::{envoy_binary, wasm};
use serde_json::Value;

use super::gate::Gate;
use super::load::{Load, Measured};
use super::processors::Processors;
use super::road::Call;
use super::round::{Meter, Round, Used};
use super::variant::{Row, Variant};
pub(super) use start::Wanted;

const START_LIMIT: Duration = Duration::from_secs(30);
const NOT_STARTED: &str = "this variant was not started";
/// Calls of a round whose events wait for the control plane: a gate keeps somewhat more of one key while that is paused or
/// slower, and then refuses. However fast the machine is, a round ends before.
pub(super) const MOST_CALLS: u64 = 20_000;
/// For the last audit events to be stored and counted.
const AUDIT_LIMIT: Duration = Duration::from_secs(60);

/// What is started.
pub(super) struct Programs {
    bench: PathBuf,
    control_plane: PathBuf,
    filter: PathBuf,
    module: PathBuf,
    pass_through: PathBuf,
    envoy: PathBuf,
}

impl Programs {
    /// Builds or finds all of them.
    pub(super) fn build(project: &Project) -> Result<Self> {
        say("building what is measured");
        Ok(Self {
            bench: env::current_exe().context("this program has no file")?,
            control_plane: control_plane::build(project, Optimised(true))?,
            filter: Host::Wasm.build(project)?,
            module: Host::Native.build(project)?,
            pass_through: wasm::build_package(project, "lictor-bench-pass-through")?.path,
            envoy: envoy_binary::find(project)?,
        })
    }
}

/// The running control plane.
struct ControlPlane {
    process: Identity,
    api: Api,
    /// Of its side for gates.
    gate_port: u16,
    /// The key that calls.
    key: String,
}

/// The servers of a run.
pub(super) struct Setting<'a> {
    project: &'a Project,
    programs: &'a Programs,
    processors: &'a Processors,
    state: State,
    servers: Vec<Server>,
    gates: Vec<Gate>,
    control_plane: Option<ControlPlane>,
    odoo: Option<OdooUrl>,
    /// Calls through Lictor that made sure that it works.
    checks: u64,
    /// The same through services that decide.
    service_checks: u64,
}

impl<'a> Setting<'a> {
    /// Begins with an empty state folder; starts nothing.
    pub(super) fn new(project: &'a Project, programs: &'a Programs, processors: &'a Processors) -> Result<Self> {
        let folder = project.target.join("bench/state");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let state = State::make(&folder)?;
        Ok(Self {
            project,
            programs,
            processors,
            state,
            servers: Vec::new(),
            gates: Vec::new(),
            control_plane: None,
            odoo: None,
            checks: 0,
            service_checks: 0,
        })
    }

    /// Loads one row's gate, with so many calls a second or as many as it answers, and waits until it is idle again.
    pub(super) fn round(&mut self, row: Row, length: Duration, connections: u16, rate: Option<f64>) -> Result<Round> {
        let gate = &self.gate(row.variant)?.clone();
        let meter = Meter::start(gate)?;
        let (measured, busy) = self.paused(|setting| {
            let measured = setting.load(row, length, connections, rate)?;
            anyhow::Ok((measured, meter.share()?))
        })?;
        let (used, settled_after) = meter.settle(&mut self.servers)?;
        let (mut requests, mut shared) = (measured.requests, measured.requests_per_second);
        if let Some(service) = &gate.service {
            let processors = self.processors;
            let load = || self.paused(|setting| setting.load(row, length, connections, rate));
            let together = processors.shared(&service.process, load)?;
            Meter::start(gate)?.settle(&mut self.servers)?;
            (requests, shared) = (requests + together.requests, together.requests_per_second);
        }
        let per_request = |time: Duration| time.as_secs_f64() * 1e6 / measured.requests.max(1) as f64;
        Ok(Round {
            requests,
            requests_per_second: measured.requests_per_second,
            p50_us: measured.p50_us,
            p99_us: measured.p99_us,
            cpu_us_per_request: per_request(used.envoy),
            whole_cpu_us_per_request: per_request(used.whole()),
            shared_core_requests_per_second: shared,
            busy,
            settled_after,
        })
    }

    /// Does something while the control plane is paused. It has a machine of its own where a gate is loaded like this. Here
    /// it would share the load's processor, and what is measured would be how little of it the load gets. What Envoy does to
    /// report the calls is measured all the same.
    pub(super) fn paused<T>(&mut self, measure: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let control_plane = self.control_plane()?.process.clone();
        let _paused = control_plane.pause()?;
        measure(self)
    }

    /// The program that attacks a variant's gate with these requests.
    pub(super) fn attack(
        &self,
        variant: Variant,
        requests: &[PathBuf],
        length: Duration,
        connections: u16,
    ) -> Result<Command> {
        let mut command = Command::new(&self.programs.bench);
        command.args(["attack", "--port", &self.gate(variant)?.port.to_string()]);
        command.args(["--seconds", &length.as_secs_f64().to_string(), "--connections", &connections.to_string()]);
        for file in requests {
            command.arg("--request").arg(file);
        }
        Ok(command)
    }

    /// Waits until a call is refused for this reason.
    pub(super) fn must_refuse(&mut self, call: &Call, variant: Variant, reason: &str) -> Result<()> {
        let port = self.gate(variant)?.port;
        wait_for(reason, START_LIMIT, &mut self.servers, || Ok(call.send(port)?.body.contains(reason).then_some(())))
    }

    /// Writes a file into the state folder.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        self.state.write(name, content)?;
        Ok(self.state.file(name))
    }

    /// All that must go on running.
    pub(super) fn servers(&mut self) -> &mut [Server] {
        &mut self.servers
    }

    /// Loads one row's gate with so many calls a second, or as many as it answers.
    pub(super) fn load(&mut self, row: Row, length: Duration, connections: u16, rate: Option<f64>) -> Result<Measured> {
        let load = Load { rate, calls: row.is_audited().then_some(MOST_CALLS), ..self.loaded_with(row) };
        let port = self.gate(row.variant)?.port;
        let measured = load.run(port, length, connections, &mut self.servers);
        measured.with_context(|| format!("the round of {row} does not count"))
    }

    /// A load with a row's calls, without an end but its time.
    pub(super) fn loaded_with(&self, row: Row) -> Load<'a> {
        Load {
            program: &self.programs.bench,
            request: self.state.file(row.road.request_file()),
            answer: self.project.root.join(row.road.answer_file()),
            calls: None,
            rate: None,
        }
    }

    /// Loads a gate, waits until it is idle again, and says what processor time it used.
    pub(super) fn use_of(
        &mut self,
        gate: &Gate,
        load: &Load<'_>,
        length: Duration,
        connections: u16,
    ) -> Result<(Measured, Used)> {
        let meter = Meter::start(gate)?;
        let measured = load.run(gate.port, length, connections, &mut self.servers)?;
        let (used, _) = meter.settle(&mut self.servers)?;
        Ok((measured, used))
    }

    fn gate(&self, variant: Variant) -> Result<&Gate> {
        self.gates.iter().find(|gate| gate.variant == variant).context(NOT_STARTED)
    }

    fn control_plane(&self) -> Result<&ControlPlane> {
        self.control_plane.as_ref().context("the control plane was not started")
    }

    /// The control plane's API.
    pub(super) fn api(&self) -> Result<Api> {
        Ok(self.control_plane()?.api.clone())
    }

    /// The key that calls.
    pub(super) fn key(&self) -> Result<&str> {
        Ok(&self.control_plane()?.key)
    }

    /// Bytes of memory that a variant's Envoy has.
    pub(super) fn memory(&self, variant: Variant) -> Result<u64> {
        self.gate(variant)?.envoy.resident_memory()
    }

    /// Every call that was measured, and those of the check, must have its record: a gate that forgets is fast.
    pub(super) fn every_call_is_audited(&mut self, calls: u64) -> Result<()> {
        let api = self.api()?;
        let expected = calls + self.checks;
        let is_first = |key: &&Value| key.get("name").is_some_and(|name| name == seed::KEY_NAME);
        let mut counted = 0;
        let waited = wait_for("an audit record of every call", AUDIT_LIMIT, &mut self.servers, || {
            let keys = api.json("GET", "keys", &Value::Null)?;
            let key = keys.get("items").and_then(Value::as_array).and_then(|keys| keys.iter().find(is_first));
            counted = key.and_then(|key| key.get("use_count")?.as_u64()).context("the first key has no use_count")?;
            Ok((counted >= expected).then_some(()))
        });
        waited.with_context(|| format!("{counted} of {expected} calls were recorded"))?;
        if counted != expected {
            bail!("{counted} calls were recorded, where {expected} were made");
        }
        Ok(())
    }

    /// Every call that a service has decided on must stand in its file.
    pub(super) fn every_decision_is_recorded(&mut self, calls: u64) -> Result<()> {
        let expected = calls + self.service_checks;
        let mut counted = 0;
        let gates = &self.gates;
        let waited = wait_for("a record of every decision", START_LIMIT, &mut self.servers, || {
            counted = recorded(gates)?;
            Ok((counted >= expected).then_some(()))
        });
        waited.with_context(|| format!("{counted} of {expected} decisions were recorded"))?;
        if counted != expected {
            bail!("{counted} decisions were recorded, where {expected} were made");
        }
        Ok(())
    }

    /// Does something, and stops what was started for it.
    pub(super) fn with_more<T>(&mut self, measure: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = self.servers.len();
        let measured = measure(self);
        let stopped = self.stop_from(before);
        let measured = measured?;
        stopped.and(Ok(measured))
    }

    /// Stops everything.
    pub(super) fn stop(&mut self) -> Result<()> {
        let outcome = self.stop_from(0);
        say("stopped everything");
        outcome
    }

    /// Last started first.
    fn stop_from(&mut self, first: usize) -> Result<()> {
        let mut outcome = Ok(());
        for mut server in self.servers.drain(first.min(self.servers.len())..).rev() {
            let stopped = server.stop();
            outcome = outcome.and(stopped);
        }
        outcome
    }
}

/// How many calls the services have let through and recorded, all together.
fn recorded(gates: &[Gate]) -> Result<u64> {
    const LET_THROUGH: &str = r#""outcome":"unknown""#;
    let mut count = 0;
    for file in gates.iter().filter_map(|gate| gate.service.as_ref()?.records.as_ref()) {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        count += text.lines().filter(|line| line.contains(LET_THROUGH)).count() as u64;
    }
    Ok(count)
}
