//! Starts what a benchmark needs.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use lictor_policy::wire;
use lictor_xtask::envoy_config::{self, Local};
use lictor_xtask::foreground::wait_for;
use lictor_xtask::host::Host;
use lictor_xtask::odoo_url::OdooUrl;
use lictor_xtask::process::{Identity, Server};
use lictor_xtask::rest::{self, Api};
use lictor_xtask::run::say;
use lictor_xtask::seed::{self, Upstream};
use lictor_xtask::{control_plane, network};
use serde_json::json;

use super::{ControlPlane, NOT_STARTED, START_LIMIT, Setting};
use crate::measure::gate::{self, Gate, Places, Running};
use crate::measure::road::Call;
use crate::measure::variant::{Row, Service, Variant};

/// The upstream here takes every credential; JSON-2 takes only what has the form of an Odoo API key.
const UPSTREAM_API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const NOT_UTF_8: &str = "the checkout's path is not UTF-8";

/// An Envoy that is to be started.
pub(in crate::measure) struct Wanted {
    pub(in crate::measure) variant: Variant,
    /// Its files' names begin with this, and the control plane knows it by it.
    pub(in crate::measure) name: String,
    pub(in crate::measure) workers: u16,
    /// The port of what gives it a policy, if that is not the control plane.
    pub(in crate::measure) policy_port: Option<u16>,
}

impl From<Variant> for Wanted {
    fn from(variant: Variant) -> Self {
        Self { variant, name: variant.to_string(), workers: 1, policy_port: None }
    }
}

impl Setting<'_> {
    /// Starts what is no gate, and an Envoy for each of these variants; makes sure that each does what it is there for.
    pub(in crate::measure) fn start(&mut self, variants: &[Variant]) -> Result<()> {
        let upstream = network::free_port()?;
        say("starting the upstream and the control plane");
        self.start_own("the upstream", &["upstream"], upstream)?;
        let odoo = gate::upstream_url(upstream);
        self.start_control_plane(&odoo)?;
        self.odoo = Some(odoo);
        let key = self.key()?.to_owned();
        say("starting an Envoy for each variant, and its service");
        for variant in variants {
            let gate = self.start_gate(&Wanted::from(*variant))?;
            self.gates.push(gate);
            if *variant == Variant::Lictor {
                // From here on the control plane has the policy that services get.
                self.must_work(Row::xml_rpc(*variant), &key)?;
            }
        }
        for row in Row::ALL {
            self.state.write(row.road.request_file(), Call::new(row.road, &key).request())?;
            if variants.contains(&row.variant) {
                self.must_work(row, &key)?;
            }
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

    /// Starts an Envoy, and the service that it asks.
    pub(in crate::measure) fn start_gate(&mut self, wanted: &Wanted) -> Result<Gate> {
        let Wanted { variant, name, workers, policy_port } = wanted;
        let odoo = self.odoo.clone().context("the upstream was not started")?;
        let (port, admin_port, service_port) = (network::free_port()?, network::free_port()?, network::free_port()?);
        let service = variant.service().map(|service| self.start_service(service, service_port)).transpose()?;
        let (token, token_document) =
            (self.state.file(&format!("{name}-token")), self.state.file(&format!("{name}-token.yaml")));
        let host = variant.host().unwrap_or_default();
        let gate = Local {
            gate_port: port,
            admin_port,
            control_plane_port: policy_port.map_or_else(|| Ok(self.control_plane()?.gate_port), anyhow::Ok)?,
            odoo: &odoo,
            host,
            filter: if host == Host::Native { &self.programs.module } else { &self.programs.filter },
            token: &token,
            token_document: &token_document,
        };
        if variant.host().is_some() {
            let token = if policy_port.is_some() { "any".to_owned() } else { self.gate_token(name)? };
            self.state.write(&format!("{name}-token"), &token)?;
            let rendered = envoy_config::render(self.project, &gate)?;
            self.state.write(&format!("{name}-token.yaml"), &rendered.token_document)?;
        }
        let places = Places { gate, service_port, pass_through: &self.programs.pass_through };
        let file = format!("envoy-{name}.yaml");
        self.state.write(&file, &gate::render(self.project, *variant, &places)?)?;
        let mut command = self.processors.envoy(&self.programs.envoy, &self.state.file(&file), *workers);
        let envoy = self.launch(variant.server(), &mut command, &format!("envoy-{name}.log"))?;
        Ok(Gate { variant: *variant, port, admin_port, envoy, service })
    }

    /// Starts another role of this program, and waits until it listens.
    pub(in crate::measure) fn start_own(
        &mut self,
        name: &'static str,
        arguments: &[&str],
        port: u16,
    ) -> Result<Identity> {
        let role = arguments.first().context("no command")?;
        let mut command = Command::new(&self.programs.bench);
        command.args(arguments).arg(port.to_string());
        let process = self.launch(name, &mut command, &format!("{role}-{port}.log"))?;
        wait_for("a listening server", START_LIMIT, &mut self.servers, || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop))
        })?;
        Ok(process)
    }

    /// Starts the service that a variant's Envoy asks.
    fn start_service(&mut self, service: &Service, port: u16) -> Result<Running> {
        if !service.decides {
            return Ok(Running { process: self.start_own(service.name, &[service.role], port)?, records: None });
        }
        let name = service.role;
        let (policy, records) = (self.policy(name)?, self.state.file(&format!("{name}.records")));
        let files = (policy.to_str().context(NOT_UTF_8)?, records.to_str().context(NOT_UTF_8)?);
        let process = self.start_own(service.name, &[name, "--policy", files.0, "--records", files.1], port)?;
        Ok(Running { process, records: Some(records) })
    }

    /// A file with the policy, as the control plane gives it to a gate of this name.
    pub(in crate::measure) fn policy(&self, name: &str) -> Result<PathBuf> {
        let token = self.gate_token(name)?;
        let path = format!("{}?boot=0000000000000000&next=0", wire::POLICY_PATH);
        let url = format!("http://127.0.0.1:{}{path}", self.control_plane()?.gate_port);
        let answer = rest::send("GET", &url, Some(&token), None)?;
        if answer.status != 200 {
            bail!("the control plane gave no policy, but {}: {}", answer.status, answer.body);
        }
        self.write(&format!("{name}.json"), &answer.body)
    }

    fn gate_token(&self, name: &str) -> Result<String> {
        rest::text(&self.api()?.json("POST", "gates", &json!({"name": name}))?, "token")
    }

    /// Starts it with a key, and every stage of the pipeline on.
    fn start_control_plane(&mut self, odoo: &OdooUrl) -> Result<()> {
        let control_plane = control_plane::ControlPlane {
            program: self.programs.control_plane.clone(),
            database_url: None,
            api_port: network::free_port()?,
            gate_port: network::free_port()?,
        };
        let admin_token = control_plane.init(&self.state)?;
        let url = format!("http://127.0.0.1:{}", control_plane.api_port);
        let serve = &mut control_plane.serve(&self.state, odoo);
        let process = self.launch("the control plane", serve, "control-plane.log")?;
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
        self.control_plane = Some(ControlPlane { process, api, gate_port: control_plane.gate_port, key });
        Ok(())
    }

    fn launch(&mut self, name: &'static str, command: &mut Command, log: &str) -> Result<Identity> {
        let server = Server::start(name, command, &self.state.file(log))?;
        let identity = server.identity.clone();
        self.servers.push(server);
        Ok(identity)
    }
}
