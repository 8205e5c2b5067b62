//! Podman with images, containers and networks of its own: those of the machine are left alone.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use lictor_xtask::debian;
use lictor_xtask::project::Project;
use lictor_xtask::run::{self, on_path, say};

/// Ways to run containers: as podman does by itself, and so that it also works without crun, without systemd, and where limits
/// cannot be raised.
const ENGINES: [Engine; 2] = [
    Engine { name: "podman's defaults", limits: "", runtime: "" },
    Engine {
        name: "runc, without systemd, with low limits",
        limits: "default_ulimits = [\"nofile=1024:1024\", \"nproc=10000:10000\"]",
        runtime: "runtime = \"runc\"\ncgroup_manager = \"cgroupfs\"",
    },
];

/// For a first container, which is to show that containers and networks work.
const TRIAL_LIMIT: Duration = Duration::from_secs(60);

/// Lines for two tables of containers.conf(5).
struct Engine {
    name: &'static str,
    limits: &'static str,
    runtime: &'static str,
}

/// How podman is called.
pub(super) struct Podman {
    /// In the cache: images, volumes, configuration.
    folder: PathBuf,
    /// Is gone when the machine has started anew, by which podman sees that its containers have ended.
    fleeting: PathBuf,
    /// Two at once would take each other's containers down, which have the same names.
    _only: File,
}

impl Podman {
    /// Installs it where it is missing, and makes its folders.
    pub(super) fn set_up(project: &Project) -> Result<Self> {
        if on_path("podman").is_none() || on_path("mmdebstrap").is_none() {
            let packages = ["podman", "runc", "netavark", "aardvark-dns", "iptables", "mmdebstrap"];
            debian::install(&packages, "running containers")?;
        }
        let of_this_user = env::var_os("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from("/run"), PathBuf::from);
        let fleeting = of_this_user.join("lictor-containers");
        fs::create_dir_all(&fleeting).with_context(|| format!("cannot make {}", fleeting.display()))?;
        let only = File::create(fleeting.join("lock"))?;
        only.try_lock().context("another `cargo xtask containers` runs on this machine")?;
        let podman = Self { folder: project.cache()?.join("containers"), fleeting, _only: only };
        for folder in [podman.folder.join("networks"), podman.folder.join("scratch")] {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            podman.folder.join("storage").display(),
            podman.fleeting.join("storage").display()
        );
        fs::write(podman.storage(), storage)?;
        podman.configure(&ENGINES[0])?;
        Ok(podman)
    }

    /// Finds out in which way a container of this image runs here, and keeps to it.
    pub(super) fn choose_engine(&self, image: &str) -> Result<()> {
        let trial = ["run", "--rm", "--pull=never", image, "true"];
        for engine in &ENGINES {
            self.configure(engine)?;
            if run::succeeds_within(&mut self.command(&trial), TRIAL_LIMIT)? {
                say(format!("containers run here with {}", engine.name));
                return Ok(());
            }
        }
        self.output(&trial).map(drop).context("containers do not run here")
    }

    /// A file or folder of this podman's own.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Podman, with these arguments.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut podman = Command::new("podman");
        podman.args(arguments);
        self.told_to(&mut podman);
        podman
    }

    /// Has a program that calls podman use this one.
    pub(super) fn told_to(&self, command: &mut Command) {
        command.env("CONTAINERS_CONF", self.configuration()).env("CONTAINERS_STORAGE_CONF", self.storage());
        // What builds keep for the next one is there too.
        command.env("TMPDIR", self.file("scratch"));
    }

    /// What podman prints.
    pub(super) fn output(&self, arguments: &[&str]) -> Result<String> {
        Ok(run::output(&mut self.command(arguments))?.trim().to_owned())
    }

    fn configure(&self, engine: &Engine) -> Result<()> {
        let Engine { limits, runtime, .. } = engine;
        let configuration = format!(
            "[containers]\n{limits}\nlog_driver = \"k8s-file\"\n\n[engine]\n{runtime}\nevents_logger = \"file\"\n\
             tmp_dir = \"{}\"\n\n[network]\nnetwork_config_dir = \"{}\"\n",
            self.fleeting.join("tmp").display(),
            self.file("networks").display()
        );
        fs::write(self.configuration(), configuration).context("cannot write podman's configuration")
    }

    fn configuration(&self) -> PathBuf {
        self.file("containers.conf")
    }

    fn storage(&self) -> PathBuf {
        self.file("storage.conf")
    }
}
