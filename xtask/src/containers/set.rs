//! The containers of docker-compose.yml: built, up, called, ended, down.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use lictor_xtask::project::Project;
use lictor_xtask::{network, python, run};

use super::images;
use super::podman::Podman;

/// What Compose calls the set.
const NAME: &str = "lictor-containers";

/// All containers, their networks and volumes.
pub(super) struct Set<'a> {
    project: &'a Project,
    podman: &'a Podman,
    python: std::path::PathBuf,
    gate: u16,
    console: u16,
}

impl<'a> Set<'a> {
    /// On ports that are free, as a gate may run on this machine already. Fetches what reads the file.
    pub(super) fn new(project: &'a Project, podman: &'a Podman) -> Result<Self> {
        // Its own program names the Python of a folder that has been renamed since.
        let python =
            python::tool(project, "podman-compose", "xtask/podman-compose-requirements.txt", "../../../bin/python")?;
        Ok(Self { project, podman, python, gate: network::free_port()?, console: network::free_port()? })
    }

    /// Where API clients call.
    pub(super) fn gate_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gate)
    }

    /// Where the console and the REST API are.
    pub(super) fn console_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.console)
    }

    /// Builds the image of a service; `profile` is cargo's, for the control plane.
    pub(super) fn build(&self, service: &str, profile: &str) -> Result<()> {
        let options = [&["--network=host".to_owned(), "--layers".to_owned()], &images::registries()?[..]].concat();
        let mut build = self.compose(&[]);
        build.arg(format!("--podman-build-args={}", options.join(" ")));
        run::run(build.args(["build", "--build-arg", &format!("PROFILE={profile}"), service]))
    }

    /// Starts all that does not run, in order, and returns when all was started.
    pub(super) fn up(&self) -> Result<()> {
        run::run(&mut self.compose(&["up", "--detach", "--no-build"]))
    }

    /// Ends and removes the containers, their networks and their volumes.
    pub(super) fn down(&self) -> Result<()> {
        run::run(&mut self.compose(&["down", "--volumes", "--timeout", "10"]))
    }

    /// Has the container of a service end, when asked to, and start.
    pub(super) fn restart(&self, service: &str) -> Result<()> {
        let container = self.container(service)?;
        self.podman.output(&["stop", "--time=20", &container])?;
        // Not `podman restart`, which wants those to run that only had to end before it.
        self.podman.output(&["start", &container]).map(drop)
    }

    /// Kills all that run at once, and tells how many.
    pub(super) fn kill(&self) -> Result<usize> {
        let running = self.containers(&["status=running"])?;
        let mut kill = self.podman.command(&["kill", "--signal=KILL"]);
        run::output(kill.args(&running))?;
        Ok(running.len())
    }

    /// Fails if a container, a network or a volume of the set is left.
    pub(super) fn must_be_gone(&self) -> Result<()> {
        let of_this = format!("label=io.podman.compose.project={NAME}");
        for kind in ["container", "network", "volume"] {
            let all: &[&str] = if kind == "container" { &["--all"] } else { &[] };
            let list = [&[kind, "ls", "--quiet", "--filter", &of_this], all].concat();
            let left = self.podman.output(&list)?;
            ensure!(left.is_empty(), "a {kind} is left: {left}");
        }
        Ok(())
    }

    /// Runs a service that is there on demand.
    pub(super) fn run_once(&self, service: &str) -> Result<()> {
        run::run(&mut self.compose(&["--profile=on-demand", "run", "--rm", "--no-deps", service]))
    }

    /// Those of the set that are there, running or not, by number.
    pub(super) fn containers(&self, conditions: &[&str]) -> Result<Vec<String>> {
        let mut list = self.podman.command(&["ps", "--quiet", "--no-trunc", "--filter"]);
        list.arg(format!("label=io.podman.compose.project={NAME}"));
        for condition in conditions {
            list.args(["--filter", condition]);
        }
        if conditions.is_empty() {
            list.arg("--all");
        }
        Ok(run::output(&mut list)?.lines().map(str::to_owned).collect())
    }

    /// The running container of a service.
    pub(super) fn container(&self, service: &str) -> Result<String> {
        let found = self.containers(&[&format!("label=io.podman.compose.service={service}")])?;
        ensure!(found.len() == 1, "there is not one container of {service} that runs, but {}", found.len());
        found.into_iter().next().context("no container")
    }

    /// The last lines of what each container has printed, for when something has gone wrong.
    pub(super) fn logs(&self) -> Result<String> {
        let mut logs = String::new();
        for container in self.containers(&[])? {
            let name = self.podman.output(&["inspect", "--format={{.Name}} ({{.State.Status}})", &container])?;
            let said = self.podman.command(&["logs", "--tail=15", &container]).output()?;
            let said = [said.stdout, said.stderr].concat();
            logs.push_str(&format!("{name}:\n{}\n", String::from_utf8_lossy(&said)));
        }
        Ok(logs)
    }

    /// What a program in the container of a service prints.
    pub(super) fn exec(&self, service: &str, program: &[&str]) -> Result<String> {
        let container = self.container(service)?;
        self.podman.output(&[&["exec", &container], program].concat())
    }

    /// Gives a program in the container of a service something to read, which then stands on no command line.
    pub(super) fn tell(&self, service: &str, program: &[&str], text: &str) -> Result<()> {
        let container = self.container(service)?;
        let mut command = self.podman.command(&[&["exec", "--interactive", &container], program].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(text.as_bytes())?;
        let ended = child.wait_with_output()?;
        ensure!(ended.status.success(), "{program:?} in {service}: {}", String::from_utf8_lossy(&ended.stderr).trim());
        Ok(())
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        let mut compose = Command::new(&self.python);
        compose.args(["-m", "podman_compose", "--project-name", NAME, "--in-pod=false"]).args(arguments);
        compose.current_dir(&self.project.root);
        compose.env("LICTOR_GATE", format!("127.0.0.1:{}", self.gate));
        compose.env("LICTOR_CONSOLE", format!("127.0.0.1:{}", self.console));
        self.podman.told_to(&mut compose);
        compose
    }
}
