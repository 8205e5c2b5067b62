//! `cargo xtask up`: builds everything and runs a gate on this machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lictor_xtask::control_plane::{self, ControlPlane};
use lictor_xtask::envoy_config::{self, Local};
use lictor_xtask::foreground::{self, End, stay, wait_for};
use lictor_xtask::host::Host;
use lictor_xtask::odoo_url::OdooUrl;
use lictor_xtask::process::Server;
use lictor_xtask::project::{Optimised, Project};
use lictor_xtask::rest::{self, Api};
use lictor_xtask::run::say;
use lictor_xtask::seed::{self, FirstKey, Upstream};
use lictor_xtask::state::{Pids, Started, State, UpFile};
use lictor_xtask::{envoy_binary, network, python, state};
use serde_json::json;

use crate::{down, greeting};

/// For a server to answer after its start, on a machine that is busy with something else.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The variable of the environment with the Odoo user's password or API key: not on the command line, which others can read.
const SECRET: &str = "ODOO_SECRET";

/// What `up` can be told.
#[derive(Args)]
pub(crate) struct Options {
    /// The Odoo to guard, such as https://odoo.example.com; a small stand-in is started if none is given.
    #[arg(long, value_name = "URL")]
    odoo: Option<OdooUrl>,
    /// With --odoo-login: the database of the Odoo user for whom a first key is made.
    #[arg(long, value_name = "NAME", requires_all = ["odoo", "odoo_login"])]
    odoo_database: Option<String>,
    /// The login of that user, who is no administrator; the password or API key is taken from the environment's ODOO_SECRET.
    #[arg(long, value_name = "LOGIN", requires = "odoo_database")]
    odoo_login: Option<String>,
    /// The template of the profile that the first key has: `lictor profile create --help` lists them.
    #[arg(long, value_name = "NAME", default_value = seed::TEMPLATE)]
    template: String,
    /// Where the database, the logs and up.json are kept; may be a folder of an earlier run.
    #[arg(long, value_name = "DIR", default_value = state::DEFAULT)]
    state: PathBuf,
    /// The control plane's database, such as postgres://…; a SQLite file in the state folder if none is given.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The port on 127.0.0.1 for API clients.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    gate_port: u16,
    /// The port on 127.0.0.1 of the control plane's REST API.
    #[arg(long, value_name = "N", default_value_t = 8070)]
    api_port: u16,
    /// Envoy's worker threads; one for each processor if not given.
    #[arg(long, value_name = "N")]
    concurrency: Option<u16>,
    /// Where Envoy runs the filter: in its sandbox, or in its own process.
    #[arg(long, value_enum, default_value_t)]
    host: Host,
    /// Returns once everything runs, instead of staying until Ctrl-C.
    #[arg(long)]
    detach: bool,
}

/// Starts the gate and returns when it runs (`--detach`) or when it was stopped.
pub(crate) fn up(project: &Project, options: &Options) -> Result<()> {
    let state = State::make(&options.state)?;
    must_not_run(&state, &options.state)?;
    network::must_be_free(options.gate_port, "--gate-port")?;
    network::must_be_free(options.api_port, "--api-port")?;
    let programs = Programs::make(project, options.host)?;
    foreground::catch_interrupts()?;
    let mut run = Run { project, options, state: &state, programs, servers: Vec::new(), envoy_admin_url: None };
    let outcome = run.start().and_then(|(up, first)| {
        println!("{}", greeting::text(&state, &up, first.as_ref(), &options.template));
        if options.detach {
            say(format!("stop it with: cargo xtask down --state {}", options.state.display()));
            return Ok(Leave::Running);
        }
        say("Ctrl-C stops everything");
        Ok(match stay(&state, &mut run.servers)? {
            End::Interrupted => Leave::Stopped,
            End::TakenOver => Leave::Running,
        })
    });
    if matches!(outcome, Ok(Leave::Running)) {
        return Ok(());
    }
    let stopped = run.stop();
    outcome.and(stopped)
}

/// What becomes of the servers when this command ends.
enum Leave {
    Running,
    Stopped,
}

/// A second gate on one state folder would share a database and fight for its files.
fn must_not_run(state: &State, folder: &Path) -> Result<()> {
    if let Some(server) = state.started()?.iter().find(|server| server.identity.is_running()) {
        let (name, pid, folder) = (&server.name, server.identity.pid, folder.display());
        bail!("{name} (process {pid}) still runs with this state folder: cargo xtask down --state {folder}");
    }
    state.forget()
}

struct Programs {
    control_plane: PathBuf,
    filter: PathBuf,
    envoy: PathBuf,
}

impl Programs {
    /// Builds and fetches them. The filter beside the control plane, whose own crate, like npm, keeps one processor busy.
    fn make(project: &Project, host: Host) -> Result<Self> {
        thread::scope(|scope| {
            let beside = scope.spawn(|| Ok::<_, anyhow::Error>((host.build(project)?, envoy_binary::find(project)?)));
            let control_plane = control_plane::build(project, Optimised(false));
            let (filter, envoy) = beside.join().map_err(|_| anyhow!("a thread panicked"))??;
            Ok(Self { control_plane: control_plane?, filter, envoy })
        })
    }
}

/// One run of a gate, with the servers that were started so far, first to last.
struct Run<'a> {
    project: &'a Project,
    options: &'a Options,
    state: &'a State,
    programs: Programs,
    servers: Vec<Server>,
    envoy_admin_url: Option<String>,
}

impl Run<'_> {
    /// Starts everything in order, and writes `up.json` when it works.
    fn start(&mut self) -> Result<(UpFile, Option<FirstKey>)> {
        let odoo = match &self.options.odoo {
            Some(url) => url.clone(),
            None => self.start_standin()?,
        };
        let gate_listener = network::free_port()?;
        let control_plane = ControlPlane {
            program: self.programs.control_plane.clone(),
            database_url: self.options.database_url.clone(),
            api_port: self.options.api_port,
            gate_port: gate_listener,
        };
        let first_run = self.state.read("gate-token")?.is_none();
        let admin_token = control_plane.init(self.state)?;
        let api_url = format!("http://127.0.0.1:{}", self.options.api_port);
        say(format!("starting the control plane on {api_url}"));
        self.launch("the control plane", &mut control_plane.serve(self.state, &odoo), "control-plane.log")?;
        self.wait_until_ready(&api_url)?;
        let api = Api::new(&api_url, &admin_token);
        if first_run {
            // Later runs leave alone what the administrator has set since.
            api.json("PATCH", "settings", &json!({"enforcement": "secure"}))?;
            seed::admin_password(self.state, &api)?;
            let gate = api.json("POST", "gates", &json!({"name": "local"}))?;
            self.state.write("gate-token", &rest::text(&gate, "token")?)?;
        }
        let first = self.first_key(&api)?;
        self.start_envoy(&odoo, gate_listener)?;
        self.warn_if_odoo_is_silent(&odoo);
        let key = first.as_ref().map(|first| first.key.clone());
        Ok((self.write_up_file(&odoo, api_url, admin_token, key)?, first))
    }

    /// That of an earlier run, or a new one; none while nobody has said for whom.
    fn first_key(&self, api: &Api) -> Result<Option<FirstKey>> {
        let odoo_url = self.options.odoo.as_ref().map(OdooUrl::to_string);
        let kept = seed::kept(self.state, odoo_url.as_deref())?;
        let Options { odoo, odoo_database, odoo_login, template, .. } = self.options;
        let secret;
        let (database, login, secret) = match (kept, odoo, odoo_database, odoo_login) {
            (Some(first), ..) => return Ok(Some(first)),
            (None, None, ..) => (seed::DATABASE, seed::LOGIN, seed::PASSWORD),
            (None, Some(_), Some(database), Some(login)) => {
                secret = env::var(SECRET).with_context(|| format!("no password of {login} in ${SECRET}"))?;
                (database.as_str(), login.as_str(), secret.as_str())
            }
            (None, Some(_), ..) => return Ok(None),
        };
        let upstream = Upstream { database, login, secret, privileged: false };
        seed::seed(self.state, api, odoo_url.as_deref(), &upstream, template).map(Some)
    }

    fn start_standin(&mut self) -> Result<OdooUrl> {
        let url = OdooUrl::local(network::free_port()?);
        say(format!("starting a stand-in for Odoo on {url}"));
        let mut command = Command::new(python::python()?);
        command.arg(self.project.root.join("tests/standin/odoo.py")).args(["--port", &url.port.to_string()]);
        self.launch("the stand-in", &mut command, "standin.log")?;
        let page = format!("{url}/web/login");
        wait_for("an answer of the stand-in", START_LIMIT, &mut self.servers, || {
            Ok(rest::send("GET", &page, None, None).ok().filter(|answer| answer.status == 200).map(drop))
        })?;
        Ok(url)
    }

    fn wait_until_ready(&mut self, api_url: &str) -> Result<()> {
        let url = format!("{api_url}/readyz");
        wait_for("readiness of the control plane", START_LIMIT, &mut self.servers, || {
            Ok(rest::send("GET", &url, None, None).ok().filter(|answer| answer.status == 200).map(drop))
        })
    }

    fn start_envoy(&mut self, odoo: &OdooUrl, gate_listener: u16) -> Result<()> {
        let admin_port = network::free_port()?;
        let token_document = self.state.file("gate-token.yaml");
        let rendered = envoy_config::render(
            self.project,
            &Local {
                gate_port: self.options.gate_port,
                admin_port,
                control_plane_port: gate_listener,
                odoo,
                host: self.options.host,
                filter: &self.programs.filter,
                token: &self.state.file("gate-token"),
                token_document: &token_document,
            },
        )?;
        self.state.write("gate-token.yaml", &rendered.token_document)?;
        self.state.write("envoy.yaml", &rendered.envoy)?;
        say(format!("starting Envoy on {}", self.gate_url()));
        let mut command = Command::new(&self.programs.envoy);
        command.arg("--config-path").arg(self.state.file("envoy.yaml"));
        // Hot restart shares memory between Envoys by number; two gates on one machine would collide.
        command.args(["--disable-hot-restart", "--log-level", "warning"]);
        if let Some(workers) = self.options.concurrency {
            command.args(["--concurrency", &workers.to_string()]);
        }
        self.envoy_admin_url = Some(format!("http://127.0.0.1:{admin_port}"));
        self.launch("Envoy", &mut command, "envoy.log")?;
        self.wait_for_the_filter()
    }

    /// Waits until the filter refuses a call because it has no key: it runs then, and has its policy.
    fn wait_for_the_filter(&mut self) -> Result<()> {
        let call = "<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params>\
            <param><value><string>d</string></value></param><param><value><int>1</int></value></param>\
            <param><value><string>no key</string></value></param><param><value><string>res.partner</string></value></param>\
            <param><value><string>read</string></value></param><param><value><array><data/></array></value></param>\
            </params></methodCall>";
        let url = format!("{}/xmlrpc/2/mcp", self.gate_url());
        let mut last = "no answer".to_owned();
        let waited = wait_for("a refusal by the filter", START_LIMIT, &mut self.servers, || {
            let Ok(answer) = rest::send("POST", &url, None, Some(("text/xml", call))) else { return Ok(None) };
            if answer.filter_missing {
                bail!("Envoy runs without the filter, so nothing passes: see envoy.log in the state folder");
            }
            let refused = answer.body.contains("<fault>") && !answer.body.contains("policy_unavailable");
            last = format!("{}: {}", answer.status, answer.body);
            Ok(refused.then_some(()))
        });
        waited.with_context(|| format!("the gate's last answer was {last}"))
    }

    /// The gate works without Odoo, and Odoo may come later; but a mistyped address should not go unnoticed.
    fn warn_if_odoo_is_silent(&self, odoo: &OdooUrl) {
        let health = format!("{}/web/health", self.gate_url());
        if !rest::send("GET", &health, None, None).is_ok_and(|answer| answer.status < 500) {
            say(format!("warning: {odoo} does not answer through the gate: is the address right, and does Odoo run?"));
        }
    }

    fn write_up_file(
        &self,
        odoo: &OdooUrl,
        api_url: String,
        admin_token: String,
        key: Option<String>,
    ) -> Result<UpFile> {
        let pid = |name| self.servers.iter().find(|server| server.name == name).map(|server| server.identity.pid);
        let up = UpFile {
            gate_url: self.gate_url(),
            api_url,
            admin_token,
            envoy_admin_url: self.envoy_admin_url.clone().unwrap_or_default(),
            odoo_url: odoo.to_string(),
            lictor: self.programs.control_plane.clone(),
            key,
            pids: Pids {
                control_plane: pid("the control plane").context("the control plane was not started")?,
                envoy: pid("Envoy").context("Envoy was not started")?,
                standin: pid("the stand-in"),
            },
        };
        self.state.write("up.json", format!("{}\n", serde_json::to_string_pretty(&up)?))?;
        Ok(up)
    }

    fn gate_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.gate_port)
    }

    /// Starts a server, and writes at once what `down` needs to stop it.
    fn launch(&mut self, name: &'static str, command: &mut Command, log: &str) -> Result<()> {
        command.env_remove(SECRET);
        self.servers.push(Server::start(name, command, &self.state.file(log))?);
        self.state.remember(&self.started())
    }

    /// What runs, in the order in which it is to be stopped: the last first, so that audit events find their way.
    fn started(&self) -> Vec<Started> {
        let describe = |server: &Server| Started {
            name: server.name.to_owned(),
            identity: server.identity.clone(),
            envoy_admin_url: self.envoy_admin_url.clone().filter(|_| server.name == "Envoy"),
        };
        self.servers.iter().rev().map(describe).collect()
    }

    fn stop(&mut self) -> Result<()> {
        self.state.forget()?;
        let mut outcome = Ok(());
        for started in self.started() {
            let stopped = down::stop(&started);
            outcome = outcome.and(stopped);
        }
        for server in &mut self.servers {
            let reaped = server.stop();
            outcome = outcome.and(reaped);
        }
        say("stopped everything");
        outcome
    }
}
