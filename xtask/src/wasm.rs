//! Builds the filter for wasm32, on machines that can download Rust's wasm target and on machines that cannot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::debian;
use crate::project::{self, Project};
use crate::run::{self, on_path, say};
use crate::same_bytes;

/// What it is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The workspace's cargo profile for the filter.
const PROFILE: &str = "wasm";
/// The filter; the benchmark has another module.
const FILTER: &str = "lictor-filter";
/// A download of 20 MB; where it is not possible it usually fails at once.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

/// Debian's compiler with the library source for building std; it leaves rustup's toolchain alone.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
/// Not `$RUSTC`: the same compiler that cargo takes.
pub(crate) const RUSTC: &str = "rustc";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// The module that Envoy loads.
pub struct Built {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What compiled it.
    pub compiler: PathBuf,
}

/// Which compiler builds it.
enum Toolchain {
    /// The one that also builds the rest; it has the target.
    Own,
    /// Debian's, which builds std first and needs a linker named.
    Debian { linker: PathBuf },
}

/// Builds the filter unless it is already built from what is in the checkout.
pub fn build(project: &Project) -> Result<Built> {
    build_package(project, FILTER)
}

/// Builds a package of the workspace that is a wasm module.
pub fn build_package(project: &Project, package: &str) -> Result<Built> {
    let (mut command, compiler) = match choose(project)? {
        Toolchain::Own => (project::cargo(), Path::new(RUSTC)),
        Toolchain::Debian { linker } => {
            let mut cargo = Command::new(DEBIAN_CARGO);
            cargo
                .env("RUSTC", DEBIAN_RUSTC)
                // The option below is not stable; this allows it to a stable compiler.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .arg("-Zbuild-std=std,panic_abort");
            (cargo, Path::new(DEBIAN_RUSTC))
        }
    };
    same_bytes::without_folders(&mut command, project, compiler)?;
    command.current_dir(&project.root).args(["build", "--locked", "--package", package]);
    command.args(["--profile", PROFILE, "--target", TARGET]).arg("--target-dir").arg(&project.target);
    run::run(&mut command)?;
    let path = project.target.join(TARGET).join(PROFILE).join(format!("{}.wasm", package.replace('-', "_")));
    let bytes = path.metadata().with_context(|| format!("cargo built no {}", path.display()))?.len();
    Ok(Built { path, bytes, compiler: compiler.to_owned() })
}

fn choose(project: &Project) -> Result<Toolchain> {
    if has_target()? {
        say(format!("wasm: building with {}", rustc_version()?));
        return Ok(Toolchain::Own);
    }
    if on_path("rustup").is_some() && !rustup_is_known_to_fail(project)? {
        say(format!("wasm: adding the target {TARGET} with rustup"));
        let mut add = Command::new("rustup");
        add.args(["target", "add", TARGET]);
        if run::succeeds_within(&mut add, RUSTUP_LIMIT)? && has_target()? {
            return Ok(Toolchain::Own);
        }
        remember_that_rustup_fails(project)?;
    }
    say("wasm: rustup cannot add the target here, so Debian's compiler builds it, with std from Debian's source");
    if !debian_can_build_std() {
        debian::install(&DEBIAN_PACKAGES, "building the filter without rustup's wasm target")?;
    }
    Ok(Toolchain::Debian { linker: linker()? })
}

/// Whether the compiler on the PATH has std for the target, from rustup or from a distribution.
fn has_target() -> Result<bool> {
    let folder = run::output(rustc().args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some()))
}

/// A refused download takes seconds, so its failure is remembered for as long as the compiler stays the same.
fn rustup_is_known_to_fail(project: &Project) -> Result<bool> {
    let failed_for = fs::read_to_string(marker(project));
    Ok(failed_for.is_ok_and(|version| rustc_version().is_ok_and(|now| now == version)))
}

fn remember_that_rustup_fails(project: &Project) -> Result<()> {
    let file = marker(project);
    fs::create_dir_all(&project.target)?;
    fs::write(&file, rustc_version()?).with_context(|| format!("cannot write {}", file.display()))
}

fn marker(project: &Project) -> PathBuf {
    project.target.join("rustup-cannot-add-wasm32")
}

fn debian_can_build_std() -> bool {
    let library = Path::new("/usr/lib/rustlib/src/rust/library/std/Cargo.toml");
    [Path::new(DEBIAN_RUSTC), Path::new(DEBIAN_CARGO), library].iter().all(|file| file.exists())
}

/// The linker that comes with rustup's toolchain, else Debian's.
fn linker() -> Result<PathBuf> {
    let libraries = run::output(rustc().args(["--print", "target-libdir"]))?;
    let bundled = Path::new(libraries.trim()).with_file_name("bin").join("rust-lld");
    if run::is_executable(&bundled) {
        return Ok(bundled);
    }
    if debian_linker().is_none() {
        debian::install(&["lld-22"], "linking the filter")
            .or_else(|_| debian::install(&["lld"], "linking the filter"))?;
    }
    debian_linker().context("found no wasm-ld after installing Debian's lld")
}

/// The newest; its name must end in `wasm-ld`, from which rustc concludes how to call it.
fn debian_linker() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_prefix("llvm-")?.parse::<u32>().ok()
    });
    let mut linkers: Vec<_> =
        versions.map(|version| (version, format!("/usr/lib/llvm-{version}/bin/wasm-ld"))).collect();
    linkers.sort();
    linkers.into_iter().rev().map(|(_, path)| PathBuf::from(path)).find(|path| run::is_executable(path))
}

fn rustc_version() -> Result<String> {
    Ok(run::output(rustc().arg("--version"))?.trim().to_owned())
}

fn rustc() -> Command {
    Command::new(RUSTC)
}
