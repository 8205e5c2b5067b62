//! `cargo xtask release`: makes all that operators take into one folder, with lists of what it is made of and where it comes from.

mod archive;
mod images;
mod oci;
mod provenance;
mod sbom;
mod twice;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use lictor_xtask::project::Project;
use lictor_xtask::run::{self, say};
use lictor_xtask::{console, control_plane, native, wasm};
use sha2::{Digest as _, Sha256};

use oci::Source;
use provenance::Build;
use sbom::Part;

/// The checksums, in the form that `sha256sum --check` reads.
const CHECKSUMS: &str = "SHA256SUMS";
/// Files that pin what a build fetches.
const LOCKS: [&str; 2] = ["Cargo.lock", "console/package-lock.json"];

/// How it is made.
#[derive(Args)]
pub(crate) struct Options {
    /// An empty folder for it; one in cargo's target folder, which is made anew, if none is given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A URI that names who builds, for the provenance.
    #[arg(long, value_name = "URI", default_value = "urn:lictor:builder:by-hand")]
    builder: String,
    /// Makes no release, but builds the filter for both hosts twice, in copies of the commit in two folders, and compares.
    #[arg(long)]
    check: bool,
}

/// A file of the release.
struct Made {
    name: String,
    bytes: u64,
    /// In hexadecimal.
    sha256: String,
}

/// Makes the release of the commit that is checked out, and lists it.
pub(crate) fn release(project: &Project, options: &Options) -> Result<()> {
    let git = |arguments: &[&str]| -> Result<String> {
        let answer = run::output(Command::new("git").current_dir(&project.root).args(arguments))?;
        Ok(answer.trim().to_owned())
    };
    let changed = git(&["status", "--porcelain"])?;
    ensure!(changed.is_empty(), "a release is made of a commit: commit or put away first what has changed\n{changed}");
    let commit = git(&["rev-parse", "HEAD"])?;
    if options.check {
        return twice::check(project, &commit);
    }
    let time = git(&["show", "--no-patch", "--format=%cI", "HEAD"])?;
    let source = Source { version: env!("CARGO_PKG_VERSION"), commit: &commit, time: &time };
    let mut release = Release { folder: folder(project, options, source.version)?, made: Vec::new() };
    release.make(project, options, &source)?;
    println!("Lictor {} of commit {commit}, in {}\n", source.version, release.folder.display());
    println!("{:>12}  {:<64}  file", "bytes", "sha256");
    for Made { name, bytes, sha256 } in &release.made {
        println!("{bytes:>12}  {sha256}  {name}");
    }
    Ok(())
}

fn folder(project: &Project, options: &Options, version: &str) -> Result<PathBuf> {
    let folder = match &options.out {
        Some(given) => {
            let is_free = fs::read_dir(given).map_or(true, |mut entries| entries.next().is_none());
            ensure!(is_free, "{} is not empty", given.display());
            given.clone()
        }
        None => {
            let own = project.target.join(format!("lictor-{version}"));
            if own.exists() {
                fs::remove_dir_all(&own).with_context(|| format!("cannot remove {}", own.display()))?;
            }
            own
        }
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A release that is being made.
struct Release {
    folder: PathBuf,
    made: Vec<Made>,
}

impl Release {
    fn make(&mut self, project: &Project, options: &Options, source: &Source<'_>) -> Result<()> {
        let version = source.version;
        let machine = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        let filter = wasm::build(project)?;
        let module = native::build(project)?;
        let lictor = control_plane::build_to_ship(project)?;

        self.copy(&format!("lictor-{version}-{machine}"), &lictor)?;
        self.copy(&format!("lictor_filter-{version}.wasm"), &filter.path)?;
        self.copy(&format!("liblictor_filter-{version}-{machine}.so"), &module)?;

        say("release: the filter as an image and as an artifact");
        let bytes = fs::read(&filter.path).with_context(|| format!("cannot read {}", filter.path.display()))?;
        let image = oci::image(&bytes, source, &self.folder.join("scratch"))?;
        self.write(&format!("lictor_filter-{version}-image.oci.tar"), &image)?;
        self.write(&format!("lictor_filter-{version}-artifact.oci.tar"), &oci::artifact(&bytes, source)?)?;
        for (image, file) in images::found(source.commit)? {
            let file = format!("{file}-{version}-{machine}.oci.tar");
            images::save(&image, &self.folder.join(&file))?;
            self.note(&file)?;
        }

        say("release: lists of what is in it");
        let parts = [
            ("lictor", Part { package: "lictor-control-plane", features: &[], target: None }),
            ("lictor_filter", Part { package: "lictor-filter", features: &[], target: Some(wasm::TARGET) }),
            ("liblictor_filter", Part { package: "lictor-filter", features: &[native::FEATURE], target: None }),
        ];
        for (name, part) in &parts {
            self.write(&format!("{name}-{version}.cdx.json"), &sbom::of(project, part, source)?)?;
        }
        let console = sbom::of_console(console::npm(project)?, source)?;
        self.write(&format!("lictor_console-{version}.cdx.json"), &console)?;

        let said = |program: &Path| -> Result<String> {
            Ok(run::output(Command::new(program).arg("--version"))?.trim().to_owned())
        };
        let build = Build {
            builder: &options.builder,
            compilers: &[
                ("rustc", said(Path::new("rustc"))?),
                ("rustc of the filter in wasm", said(&filter.compiler)?),
            ],
            locks: &locks(project)?,
        };
        let statement = provenance::statement(&self.made, source, &build)?;
        self.write(&format!("lictor-{version}.provenance.json"), &statement)?;
        let lines = self.made.iter().map(|made| format!("{}  {}\n", made.sha256, made.name));
        let checksums: String = lines.collect();
        self.write(CHECKSUMS, checksums.as_bytes())
    }

    fn copy(&mut self, name: &str, from: &Path) -> Result<()> {
        fs::copy(from, self.folder.join(name)).with_context(|| format!("cannot copy {}", from.display()))?;
        self.note(name)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.folder.join(name), bytes).with_context(|| format!("cannot write {name}"))?;
        self.note(name)
    }

    /// Lists a file that is in the folder.
    fn note(&mut self, name: &str) -> Result<()> {
        let file = self.folder.join(name);
        let bytes = file.metadata().with_context(|| format!("there is no {name}"))?.len();
        self.made.push(Made { name: name.to_owned(), bytes, sha256: sha256_of(&file)? });
        Ok(())
    }
}

fn locks(project: &Project) -> Result<Vec<(&'static str, String)>> {
    LOCKS.iter().map(|lock| Ok((*lock, sha256_of(&project.root.join(lock))?))).collect()
}

/// A file's digest in hexadecimal. The file may be an image, which is not read at once.
fn sha256_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(archive::hexadecimal(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_folder_is_listed_with_its_size_and_digest() {
        let folder = std::env::temp_dir().join(format!("lictor-release-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut release = Release { folder: folder.clone(), made: Vec::new() };
        release.write("a", b"abc").unwrap();
        let [made] = release.made.as_slice() else { panic!("one file") };
        // FIPS 180-2, appendix B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((made.name.as_str(), made.bytes, made.sha256.as_str()), ("a", 3, digest));
        fs::remove_dir_all(&folder).unwrap();
    }
}
