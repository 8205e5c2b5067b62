//! The images that ours are built on or run beside, made of packages: for machines that reach no registry of images, under
//! the names of the public ones.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use lictor_xtask::project::Project;
use lictor_xtask::run::{self, say};
use lictor_xtask::{console, envoy_binary, python};

use super::podman::Podman;

/// Where the names are.
const NAMED_IN: [&str; 3] = ["control-plane/Dockerfile", "envoy/Dockerfile", "docker-compose.yml"];
/// Ours have no version.
const OURS: &str = "lictor-";
/// Authorities that the machine trusts beside the usual ones. It may have one between it and the registries.
const OWN_AUTHORITIES: &str = "/usr/local/share/ca-certificates";

/// Makes all that are named, Debian's first, as the others are made of it, and tells its name.
pub(super) fn make(project: &Project, podman: &Podman) -> Result<String> {
    let names = named(project)?;
    let (debian, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with("debian:"));
    let [debian] = debian.as_slice() else { bail!("ours are to be made of one Debian, and there are {debian:?}") };
    make_debian(podman, debian)?;
    podman.choose_engine(debian)?;
    others.into_iter().try_for_each(|name| make_of_debian(project, podman, name))?;
    Ok((*debian).clone())
}

fn named(project: &Project) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in NAMED_IN {
        let text = fs::read_to_string(project.root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let after = |line: &str| {
            let line = line.trim();
            let name = line.strip_prefix("FROM ").or_else(|| line.strip_prefix("image: "))?;
            Some(name.split(' ').next()?.to_owned())
        };
        names.extend(text.lines().filter_map(after).filter(|name| !name.starts_with(OURS)));
    }
    Ok(names)
}

/// The smallest Debian of that name, from the archives that the machine itself uses.
fn make_debian(podman: &Podman, name: &str) -> Result<()> {
    if run::output(&mut podman.command(&["image", "exists", name])).is_ok() {
        return Ok(());
    }
    let (_, tag) = name.split_once(':').unwrap_or_default();
    let suite = tag.split('-').next().unwrap_or_default();
    say(format!("making {name} with mmdebstrap"));
    let archive = podman.file("debian.tar");
    let mut make = Command::new("mmdebstrap");
    make.args(["--quiet", "--variant=minbase", "--include=ca-certificates"]);
    if Path::new(OWN_AUTHORITIES).exists() {
        make.arg(format!("--customize-hook=copy-in {OWN_AUTHORITIES} /usr/local/share"));
        make.arg("--customize-hook=chroot \"$1\" update-ca-certificates");
    }
    make.arg(suite).arg(&archive).args(debian_sources(suite)?);
    run::output(&mut make)?;
    podman.output(&["import", "--quiet", &archive.to_string_lossy(), &format!("localhost/{name}")])?;
    fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))
}

/// Lines of sources.list(5) for a suite and what belongs to it.
fn debian_sources(suite: &str) -> Result<Vec<String>> {
    let format = "$(CODENAME) deb $(REPO_URI) $(RELEASE) $(COMPONENT)";
    let known =
        run::output(Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]))?;
    let belongs = |line: &str| {
        let (codename, source) = line.split_once(' ')?;
        let rest = codename.strip_prefix(suite)?;
        ["", "-updates", "-security"].contains(&rest).then(|| source.to_owned())
    };
    let sources: Vec<_> = known.lines().filter_map(belongs).collect();
    ensure!(
        !sources.is_empty(),
        "no apt source names {suite}: look into /etc/apt/sources.list.d, run `apt-get update`"
    );
    Ok(sources)
}

/// One that `xtask/containers` has a Containerfile for, with what it takes from this machine.
fn make_of_debian(project: &Project, podman: &Podman, name: &str) -> Result<()> {
    let recipes = project.root.join("xtask/containers");
    let (kind, folder, taken): (_, _, Vec<(_, PathBuf)>) = match name.split(':').next().unwrap_or_default() {
        "rust" => ("rust.Containerfile", "", vec![("toolchain", toolchain(project)?)]),
        "node" => ("node.Containerfile", "", vec![("node", node(project)?)]),
        "envoyproxy/envoy" => ("envoy.Containerfile", "", vec![("envoy", folder_of(&envoy_binary::find(project)?)?)]),
        "postgres" => ("postgres/Containerfile", "postgres", Vec::new()),
        "odoo" => {
            let taken = vec![("odoo", odoo(project)?), ("requirements", project.root.join("tests/e2e"))];
            ("odoo/Containerfile", "odoo", taken)
        }
        _ => bail!("xtask/containers has nothing to make {name} of"),
    };
    say(format!("making {name}"));
    let mut build = podman.command(&["build", "--quiet", "--layers", "--network=host", "--tag", name, "--file"]);
    build.arg(recipes.join(kind));
    for (name, folder) in taken {
        build.arg("--build-context").arg(format!("{name}={}", folder.display()));
    }
    run::output(build.args(registries()?).arg(recipes.join(folder))).map(drop)
}

/// Options of a build that show its steps where this machine gets packages from. Nothing of it stays in an image.
pub(super) fn registries() -> Result<Vec<String>> {
    let home = PathBuf::from(env::var_os("HOME").context("HOME is not set")?);
    let cargo = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let configurations = [
        (PathBuf::from("/etc/pip.conf"), "/etc/pip.conf"),
        (home.join(".config/pip/pip.conf"), "/root/.config/pip/pip.conf"),
        (home.join(".npmrc"), "/root/.npmrc"),
        (cargo.join("config.toml"), "/usr/local/cargo/config.toml"),
    ];
    let there = configurations.into_iter().filter(|(file, _)| file.exists());
    Ok(there.map(|(file, inside)| format!("--volume={}:{inside}:ro", file.display())).collect())
}

fn toolchain(project: &Project) -> Result<PathBuf> {
    let root = run::output(Command::new("rustc").current_dir(&project.root).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(root.trim()))
}

fn node(project: &Project) -> Result<PathBuf> {
    folder_of(&folder_of(&console::fetched_node(project)?)?)
}

/// Odoo's unpacked package, which the end-to-end tests run too.
fn odoo(project: &Project) -> Result<PathBuf> {
    let mut fetch = Command::new(python::python()?);
    fetch.current_dir(project.root.join("tests/e2e"));
    fetch.args(["-c", "from parts import odoo_package; print(odoo_package.fetched().tree)"]);
    Ok(PathBuf::from(run::output(&mut fetch)?.trim()))
}

fn folder_of(file: &Path) -> Result<PathBuf> {
    Ok(file.parent().with_context(|| format!("{} is in no folder", file.display()))?.to_owned())
}
