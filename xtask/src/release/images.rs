//! The container images of this commit, where podman is and has them: `cargo xtask release` saves images and makes none.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use lictor_xtask::run::{self, on_path, say};

/// As docker-compose.yml names them, and how their files begin.
const IMAGES: [&str; 2] = ["lictor-control-plane", "lictor-gate"];
/// Says of which commit an image is; `docker build --label` sets it.
const REVISION: &str = "org.opencontainers.image.revision";
/// For a question about an image.
const PATIENCE: Duration = Duration::from_secs(60);

/// Images of this commit, each with the beginning of its file's name. Of others it is said why they are left out.
pub(super) fn found(commit: &str) -> Result<Vec<(String, &'static str)>> {
    if on_path("podman").is_none() {
        say("release: no images, as there is no podman");
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for name in IMAGES {
        let image = format!("localhost/{name}:latest");
        if !run::succeeds_within(Command::new("podman").args(["image", "exists", &image]), PATIENCE)? {
            say(format!("release: no image {name}, as podman has none"));
            continue;
        }
        let label = format!("{{{{index .Labels \"{REVISION}\"}}}}");
        let of = run::output(Command::new("podman").args(["image", "inspect", "--format", &label, &image]))?;
        if of.trim() != commit {
            say(format!("release: no image {name}, as its label {REVISION} is {:?} and not {commit}", of.trim()));
            continue;
        }
        found.push((image, name));
    }
    Ok(found)
}

/// As an archive of an OCI layout.
pub(super) fn save(image: &str, file: &Path) -> Result<()> {
    say(format!("release: saving {image}"));
    run::run(
        Command::new("podman").args(["save", "--quiet", "--format", "oci-archive", "--output"]).arg(file).arg(image),
    )
}
