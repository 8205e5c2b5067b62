//! Everything that runs during a benchmark, from the start to the end.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use lictor_policy::wire;
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

use super::gate::{self, Gate, Places, Running};
use super::load::{Load, Measured};
use super::processors::Processors;
use super::road::Call;
use super::round::{Meter, Round};
use super::variant::{Row, Service, Variant};

/// The upstream here takes every credential; JSON-2 takes only what has the form of an Odoo API key.
const UPSTREAM_API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const START_LIMIT: Duration = Duration::from_secs(30);
const NOT_STARTED: &str = "this variant was not started";
const NOT_UTF_8: &str = "the checkout's path is not UTF-8";
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
            api: None,
            checks: 0,
            service_checks: 0,
        })
    }

    /// Starts everything, and makes sure that every variant does what it is there for.
    pub(super) fn start(&mut self) -> Result<()> {
        let upstream = network::free_port()?;
        say("starting the upstream and the control plane");
        self.start_own("the upstream", &["upstream"], upstream)?;
        let odoo = gate::upstream_url(upstream);
        let (gate_listener, key) = self.start_control_plane(&odoo)?;
        say("starting an Envoy for each variant, and its service");
        for variant in Variant::ALL {
            self.start_gate(variant, &odoo, gate_listener)?;
            if variant == Variant::Lictor {
                // From here on the control plane has the policy that services get.
                self.must_work(Row::xml_rpc(variant), &key)?;
            }
        }
        for row in Row::ALL {
            self.state.write(row.road.request_file(), &Call::new(row.road, &key).request())?;
            self.must_work(row, &key)?;
        }
        Ok(())
    }

    fn must_work(&mut self, row: Row, key: &str) -> Result<()> {
        let gate = self.gates.iter().find(|gate| gate.variant == row.variant).context(NOT_STARTED)?;
        gate.must_work(&Call::new(row.road, key), &mut self.servers)?;
        self.checks += u64::from(row.is_audited());
        self.service_checks += u64::from(row.is_recorded());
        Ok(())
    }

    /// Loads one row's gate, and waits until it is idle again.
    pub(super) fn round(&mut self, row: Row, length: Duration, connections: u16) -> Result<Round> {
        let gate = self.gate(row.variant)?;
        let (envoy, service) = (gate.envoy.clone(), gate.service.as_ref().map(|service| service.process.clone()));
        let meter = Meter::start(&envoy, service.as_ref())?;
        let (measured, busy) = self.paused(|setting| {
            let measured = setting.load(row, length, connections)?;
            anyhow::Ok((measured, meter.share()?))
        })?;
        let (used, settled_after) = meter.settle(&mut self.servers)?;
        let (mut requests, mut shared) = (measured.requests, measured.requests_per_second);
        if let Some(service) = service {
            let processors = self.processors;
            let load = || self.paused(|setting| setting.load(row, length, connections));
            let together = processors.shared(&service, load)?;
            Meter::start(&envoy, Some(&service))?.settle(&mut self.servers)?;
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

    fn start_own(&mut self, name: &'static str, arguments: &[&str], port: u16) -> Result<Identity> {
        let role = arguments.first().context("no command")?;
        let mut command = Command::new(&self.programs.bench);
        command.args(arguments).arg(port.to_string());
        let process = self.launch(name, &mut command, &format!("{role}.log"))?;
        wait_for("a listening server", START_LIMIT, &mut self.servers, || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop))
        })?;
        Ok(process)
    }

    /// Starts the service that a variant's Envoy asks.
    fn start_service(&mut self, service: &Service, port: u16, gate_listener: u16) -> Result<Running> {
        if !service.decides {
            return Ok(Running { process: self.start_own(service.name, &[service.role], port)?, records: None });
        }
        let name = service.role;
        let (policy, records) = (self.policy(name, gate_listener)?, self.state.file(&format!("{name}.records")));
        let files = (policy.to_str().context(NOT_UTF_8)?, records.to_str().context(NOT_UTF_8)?);
        let process = self.start_own(service.name, &[name, "--policy", files.0, "--records", files.1], port)?;
        Ok(Running { process, records: Some(records) })
    }

    /// A file with the policy, as the control plane gives it to a gate of this name.
    fn policy(&self, name: &str, gate_listener: u16) -> Result<PathBuf> {
        let gate = self.api()?.json("POST", "gates", &json!({"name": name}))?;
        let path = format!("{}?boot=0000000000000000&next=0", wire::POLICY_PATH);
        let url = format!("http://127.0.0.1:{gate_listener}{path}");
        let answer = rest::send("GET", &url, Some(&rest::text(&gate, "token")?), None)?;
        if answer.status != 200 {
            bail!("the control plane gave no policy, but {}: {}", answer.status, answer.body);
        }
        self.write(&format!("{name}.json"), &answer.body)
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
        // The upstream here does not say in which groups its user is.
        let upstream =
            Upstream { database: seed::DATABASE, login: seed::LOGIN, secret: UPSTREAM_API_KEY, privileged: true };
        let key = seed::seed(&self.state, &api, None, &upstream, seed::TEMPLATE)?.key;
        self.api = Some(api);
        Ok((control_plane.gate_port, key))
    }

    fn start_gate(&mut self, variant: Variant, odoo: &OdooUrl, gate_listener: u16) -> Result<()> {
        let (port, admin_port, service_port) = (network::free_port()?, network::free_port()?, network::free_port()?);
        let service =
            variant.service().map(|service| self.start_service(service, service_port, gate_listener)).transpose()?;
        let (token, token_document) =
            (self.state.file(&format!("{variant}-token")), self.state.file(&format!("{variant}-token.yaml")));
        let host = variant.host().unwrap_or_default();
        let gate = Local {
            gate_port: port,
            admin_port,
            control_plane_port: gate_listener,
            odoo,
            host,
            filter: if host == Host::Native { &self.programs.module } else { &self.programs.filter },
            token: &token,
            token_document: &token_document,
        };
        if variant.host().is_some() {
            let made = self.api()?.json("POST", "gates", &json!({"name": variant.to_string()}))?;
            self.state.write(&format!("{variant}-token"), &rest::text(&made, "token")?)?;
            let rendered = envoy_config::render(self.project, &gate)?;
            self.state.write(&format!("{variant}-token.yaml"), &rendered.token_document)?;
        }
        let places = Places { gate, service_port, pass_through: &self.programs.pass_through };
        let file = format!("envoy-{variant}.yaml");
        self.state.write(&file, &gate::render(self.project, variant, &places)?)?;
        let mut command = self.processors.envoy(&self.programs.envoy, &self.state.file(&file));
        let envoy = self.launch(variant.server(), &mut command, &format!("envoy-{variant}.log"))?;
        self.gates.push(Gate { variant, port, admin_port, envoy, service });
        Ok(())
    }

    fn launch(&mut self, name: &'static str, command: &mut Command, log: &str) -> Result<Identity> {
        let server = Server::start(name, command, &self.state.file(log))?;
        let identity = server.identity.clone();
        self.servers.push(server);
        Ok(identity)
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
