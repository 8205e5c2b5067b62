//! Everything that runs during a benchmark, from the start to the end.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use lictor_xtask::control_plane::{self, ControlPlane};
use lictor_xtask::envoy_config::{self, Local};
use lictor_xtask::foreground::wait_for;
use lictor_xtask::host::Host;
use lictor_xtask::odoo_url::OdooUrl;
use lictor_xtask::process::{Identity, Server};
use lictor_xtask::project::{Optimised, Project};
use lictor_xtask::rest::{self, Api};
use lictor_xtask::run::say;
use lictor_xtask::seed::{self, Upstream};
use lictor_xtask::state::State;
use lictor_xtask::{envoy_binary, network, wasm};
use serde_json::{Value, json};

use super::gate::{self, Gate, Places};
use super::load::{Load, Measured};
use super::processors::Processors;
use super::road::Call;
use super::round::{Meter, Round};
use super::variant::{Row, Variant};

/// The upstream here takes every credential; JSON-2 takes only what has the form of an Odoo API key.
const UPSTREAM_API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const START_LIMIT: Duration = Duration::from_secs(30);
const NOT_STARTED: &str = "this variant was not started";
/// Calls of a round whose events wait for the control plane: a gate keeps somewhat more of one key while that is paused or
/// slower, and then refuses. However fast the machine is, a round ends before.
const MOST_CALLS: u64 = 20_000;
/// For the last audit events to be stored and counted.
const AUDIT_LIMIT: Duration = Duration::from_secs(60);

/// What is started.
pub(super) struct Programs {
    bench: PathBuf,
    control_plane: PathBuf,
    filter: PathBuf,
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
            filter: wasm::build(project)?.path,
            pass_through: wasm::build_package(project, "lictor-bench-pass-through")?.path,
            envoy: envoy_binary::find(project)?,
        })
    }
}

/// The servers of a run.
pub(super) struct Setting<'a> {
    project: &'a Project,
    programs: &'a Programs,
    processors: &'a Processors,
    state: State,
    servers: Vec<Server>,
    gates: Vec<Gate>,
    control_plane: Option<Identity>,
    api: Option<Api>,
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
            api: None,
        })
    }

    /// Starts everything, and makes sure that every variant does what it is there for.
    pub(super) fn start(&mut self) -> Result<()> {
        let (upstream, authorizer) = (network::free_port()?, network::free_port()?);
        say("starting the upstream, the ext_authz service and the control plane");
        self.start_own("the upstream", "upstream", upstream)?;
        self.start_own("the ext_authz service", "authorizer", authorizer)?;
        let odoo = gate::upstream_url(upstream);
        let (gate_listener, key) = self.start_control_plane(&odoo)?;
        say("starting an Envoy for each variant");
        for variant in Variant::ALL {
            self.start_envoy(variant, &odoo, authorizer, gate_listener)?;
        }
        for row in Row::ALL {
            let call = Call::new(row.road, &key);
            self.state.write(row.road.request_file(), &call.request())?;
            let gate = self.gates.iter().find(|gate| gate.variant == row.variant).context(NOT_STARTED)?;
            gate.must_work(&call, &mut self.servers)?;
        }
        Ok(())
    }

    /// Loads one row's gate, and waits until it is idle again.
    pub(super) fn round(&mut self, row: Row, length: Duration, connections: u16) -> Result<Round> {
        let meter = Meter::start(&self.gate(row.variant)?.envoy)?;
        let (measured, busy) = self.paused(|setting| {
            let measured = setting.load(row, length, connections)?;
            anyhow::Ok((measured, meter.share()?))
        })?;
        let (used, settled_after) = meter.settle(&mut self.servers)?;
        Ok(Round {
            requests: measured.requests,
            requests_per_second: measured.requests_per_second,
            p50_us: measured.p50_us,
            p99_us: measured.p99_us,
            cpu_us_per_request: used.as_secs_f64() * 1e6 / measured.requests.max(1) as f64,
            busy,
            settled_after,
        })
    }

    /// Does something while the control plane is paused. It has a machine of its own where a gate is loaded like this. Here
    /// it would share the load's processor, and what is measured would be how little of it the load gets. What Envoy does to
    /// report the calls is measured all the same.
    pub(super) fn paused<T>(&mut self, measure: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let control_plane = self.control_plane.clone().context(NOT_STARTED)?;
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
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        self.state.write(name, content)?;
        Ok(self.state.file(name))
    }

    /// All that must go on running.
    pub(super) fn servers(&mut self) -> &mut [Server] {
        &mut self.servers
    }

    /// Loads one row's gate.
    pub(super) fn load(&mut self, row: Row, length: Duration, connections: u16) -> Result<Measured> {
        let load = Load {
            program: &self.programs.bench,
            request: self.state.file(row.road.request_file()),
            answer: self.project.root.join(row.road.answer_file()),
            calls: row.is_audited().then_some(MOST_CALLS),
        };
        let port = self.gate(row.variant)?.port;
        let measured = load.run(port, length, connections, &mut self.servers);
        measured.with_context(|| format!("the round of {row} does not count"))
    }

    fn gate(&self, variant: Variant) -> Result<&Gate> {
        self.gates.iter().find(|gate| gate.variant == variant).context(NOT_STARTED)
    }

    /// The control plane's API.
    pub(super) fn api(&self) -> Result<Api> {
        self.api.clone().context("the control plane was not started")
    }

    /// Bytes of memory that a variant's Envoy has.
    pub(super) fn memory(&self, variant: Variant) -> Result<u64> {
        self.gate(variant)?.envoy.resident_memory()
    }

    /// Every call that was measured, and those of the check, must have its record: a gate that forgets is fast.
    pub(super) fn every_call_is_audited(&mut self, calls: u64) -> Result<()> {
        let api = self.api.as_ref().context("the control plane was not started")?;
        let expected = calls + Row::ALL.iter().filter(|row| row.is_audited()).count() as u64;
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

    /// Stops everything, last started first.
    pub(super) fn stop(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        for server in self.servers.iter_mut().rev() {
            let stopped = server.stop();
            outcome = outcome.and(stopped);
        }
        self.servers.clear();
        say("stopped everything");
        outcome
    }

    fn start_own(&mut self, name: &'static str, role: &str, port: u16) -> Result<()> {
        let mut command = Command::new(&self.programs.bench);
        self.launch(name, command.args([role, &port.to_string()]), &format!("{role}.log"))?;
        let url = format!("http://127.0.0.1:{port}/");
        wait_for("an answer", START_LIMIT, &mut self.servers, || Ok(rest::send("GET", &url, None, None).ok().map(drop)))
    }

    /// Starts it with a key, and every stage of the pipeline on. Returns the port of its gates' side, and the key.
    fn start_control_plane(&mut self, odoo: &OdooUrl) -> Result<(u16, String)> {
        let control_plane = ControlPlane {
            program: self.programs.control_plane.clone(),
            database_url: None,
            api_port: network::free_port()?,
            gate_port: network::free_port()?,
        };
        let admin_token = control_plane.init(&self.state)?;
        let url = format!("http://127.0.0.1:{}", control_plane.api_port);
        let serve = &mut control_plane.serve(&self.state, odoo);
        self.control_plane = Some(self.launch("the control plane", serve, "control-plane.log")?);
        wait_for("readiness of the control plane", START_LIMIT, &mut self.servers, || {
            let ready = rest::send("GET", &format!("{url}/readyz"), None, None);
            Ok(ready.ok().filter(|answer| answer.status == 200).map(drop))
        })?;
        let api = Api::new(&url, &admin_token);
        // A limit that is checked and never reached; sessions with a limit, so that they are counted.
        let limits = json!({
            "enforcement": "secure",
            "rate_limit": {"enabled": true, "per_minute": 1_000_000_000},
            "sessions": {"enabled": true, "limit": 64},
        });
        api.json("PATCH", "settings", &limits)?;
        let gate = api.json("POST", "gates", &json!({"name": "bench"}))?;
        self.state.write("gate-token", &rest::text(&gate, "token")?)?;
        // The upstream here does not say in which groups its user is.
        let upstream =
            Upstream { database: seed::DATABASE, login: seed::LOGIN, secret: UPSTREAM_API_KEY, privileged: true };
        let key = seed::seed(&self.state, &api, None, &upstream, seed::TEMPLATE)?.key;
        self.api = Some(api);
        Ok((control_plane.gate_port, key))
    }

    fn start_envoy(
        &mut self,
        variant: Variant,
        odoo: &OdooUrl,
        authorizer_port: u16,
        gate_listener: u16,
    ) -> Result<()> {
        let (port, admin_port) = (network::free_port()?, network::free_port()?);
        let (token, token_document) = (self.state.file("gate-token"), self.state.file("gate-token.yaml"));
        let gate = Local {
            gate_port: port,
            admin_port,
            control_plane_port: gate_listener,
            odoo,
            host: Host::Wasm,
            filter: &self.programs.filter,
            token: &token,
            token_document: &token_document,
        };
        if variant == Variant::Lictor {
            let rendered = envoy_config::render(self.project, &gate)?;
            self.state.write("gate-token.yaml", &rendered.token_document)?;
        }
        let places = Places { gate, authorizer_port, pass_through: &self.programs.pass_through };
        let file = format!("envoy-{variant}.yaml");
        self.state.write(&file, &gate::render(self.project, variant, &places)?)?;
        let mut command = self.processors.envoy(&self.programs.envoy, &self.state.file(&file));
        let envoy = self.launch(variant.server(), &mut command, &format!("envoy-{variant}.log"))?;
        self.gates.push(Gate { variant, port, admin_port, envoy });
        Ok(())
    }

    fn launch(&mut self, name: &'static str, command: &mut Command, log: &str) -> Result<Identity> {
        let server = Server::start(name, command, &self.state.file(log))?;
        let identity = server.identity.clone();
        self.servers.push(server);
        Ok(identity)
    }
}
