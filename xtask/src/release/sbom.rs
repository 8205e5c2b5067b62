//! What a program is made of, in CycloneDX: cargo's own list of what is compiled into it, and npm's of the console.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use lictor_xtask::project::{self, Project};
use lictor_xtask::run;
use serde_json::{Value, json};

use super::oci::Source;

/// Parts the columns that cargo prints of a package.
const COLUMN: char = '\t';

/// What a package of the workspace is compiled of.
pub(super) struct Part<'p> {
    /// The package.
    pub package: &'p str,
    /// Of cargo, for the package.
    pub features: &'p [&'p str],
    /// The machine for which it is compiled; this one if none is named.
    pub target: Option<&'p str>,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
    repository: String,
}

/// Packages in the order in which cargo names them, and by each one's reference those that it needs.
#[derive(Default)]
struct Tree {
    packages: Vec<Package>,
    needs: BTreeMap<String, BTreeSet<String>>,
}

/// The list of a part, in CycloneDX 1.6.
pub(super) fn of(project: &Project, part: &Part<'_>, source: &Source<'_>) -> Result<Vec<u8>> {
    let mut tree = project::cargo();
    tree.current_dir(&project.root).args(["tree", "--locked", "--package", part.package]);
    // No build scripts, no tests, no macros: what runs.
    tree.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--charset", "ascii"]);
    tree.arg("--format").arg(format!("{COLUMN}{{p}}{COLUMN}{{l}}{COLUMN}{{r}}{COLUMN}"));
    for feature in part.features {
        tree.args(["--features", feature]);
    }
    if let Some(target) = part.target {
        tree.args(["--target", target]);
    }
    let lock = fs::read_to_string(project.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let document = document(&run::output(&mut tree)?, &checksums(&lock), source)?;
    Ok(format!("{document:#}\n").into_bytes())
}

/// npm's list of the console, in CycloneDX 1.5.
pub(super) fn of_console(mut npm: Command, source: &Source<'_>) -> Result<Vec<u8>> {
    let list = npm.args(["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"]);
    let mut document: Value = serde_json::from_str(&run::output(list)?).context("`npm sbom` printed no JSON")?;
    let version = document.pointer("/metadata/component/version").and_then(Value::as_str);
    ensure!(version == Some(source.version), "console/package.json says version {version:?}, not {}", source.version);
    if let Some(document) = document.as_object_mut() {
        // Random, where all else depends on the sources alone.
        document.remove("serialNumber");
        if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("timestamp");
        }
    }
    Ok(format!("{document:#}\n").into_bytes())
}

/// Makes it of what `cargo tree` prints: the first line is the part itself.
fn document(tree: &str, checksums: &BTreeMap<(String, String), String>, source: &Source<'_>) -> Result<Value> {
    let Tree { packages, needs } = Tree::read(tree)?;
    let (own, others) = packages.split_first().context("`cargo tree` printed nothing")?;
    let mut others = others.to_vec();
    others.sort();
    let components: Vec<_> = others.iter().map(|package| component(package, "library", checksums)).collect();
    let dependencies: Vec<_> = needs.iter().map(|(package, on)| json!({"ref": package, "dependsOn": on})).collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": source.time,
            "tools": {"components": [{"type": "application", "name": "cargo xtask release", "version": source.version}]},
            "component": component(own, "application", checksums),
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

impl Tree {
    fn read(printed: &str) -> Result<Self> {
        let mut tree = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in printed.lines() {
            let columns: Vec<_> = line.split(COLUMN).collect();
            let [depth, package, licence, repository, ..] = columns.as_slice() else {
                bail!("`cargo tree` printed {line:?}")
            };
            let depth: usize = depth.parse().with_context(|| format!("`cargo tree` printed {line:?}"))?;
            let (name, rest) = package.split_once(" v").with_context(|| format!("{package} has no version"))?;
            let version = rest.split(' ').next().unwrap_or(rest);
            let package = Package {
                name: name.to_owned(),
                version: version.to_owned(),
                licence: (*licence).to_owned(),
                repository: (*repository).to_owned(),
            };
            let reference = purl(&package);
            above.truncate(depth);
            if let Some(parent) = above.last() {
                tree.needs.entry(parent.clone()).or_default().insert(reference.clone());
            }
            tree.needs.entry(reference.clone()).or_default();
            above.push(reference);
            if !tree.packages.contains(&package) {
                tree.packages.push(package);
            }
        }
        Ok(tree)
    }
}

fn component(package: &Package, kind: &str, checksums: &BTreeMap<(String, String), String>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
    });
    let Some(fields) = component.as_object_mut() else { return component };
    if !package.licence.is_empty() {
        // Crates from before SPDX's expressions write a slash for "or".
        let expression = package.licence.replace(" / ", "/").replace('/', " OR ");
        fields.insert("licenses".to_owned(), json!([{"expression": expression}]));
    }
    if let Some(checksum) = checksums.get(&(package.name.clone(), package.version.clone())) {
        fields.insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": checksum}]));
    }
    if !package.repository.is_empty() {
        fields.insert("externalReferences".to_owned(), json!([{"type": "vcs", "url": package.repository}]));
    }
    component
}

/// The package's name among those of all ecosystems.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

/// Of the archives of crates, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |block: &str, name: &str| {
        let quoted = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
        Some(quoted.trim_matches('"').to_owned())
    };
    let blocks = lock.split("[[package]]");
    blocks
        .filter_map(|block| Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0\tours v0.3.0 (/somewhere/ours)\tApache-2.0\t\t\n\
        1\tbase v1.0.0+x\tMIT/Apache-2.0\thttps://base.example\t\n\
        2\tdeep v0.1.0\tMIT\t\t\n\
        1\tdeep v0.1.0\tMIT\t\t (*)\n";
    const LOCK: &str = "[[package]]\nname = \"ours\"\nversion = \"0.3.0\"\n\n\
        [[package]]\nname = \"deep\"\nversion = \"0.1.0\"\nchecksum = \"00ff\"\n";
    const SOURCE: Source<'_> = Source { version: "0.3.0", commit: "abc", time: "2026-11-30T00:00:00Z" };

    #[test]
    fn each_package_is_listed_once_with_what_it_needs() {
        let document = document(TREE, &checksums(LOCK), &SOURCE).unwrap();
        assert_eq!(document["metadata"]["component"]["bom-ref"], "pkg:cargo/ours@0.3.0");
        let components = document["components"].as_array().unwrap();
        assert_eq!(components.len(), 2);
        assert_eq!(components[0]["licenses"], json!([{"expression": "MIT OR Apache-2.0"}]));
        assert_eq!(components[0]["externalReferences"][0]["url"], "https://base.example");
        assert_eq!(components[1]["hashes"], json!([{"alg": "SHA-256", "content": "00ff"}]));
        let base = "pkg:cargo/base@1.0.0%2Bx";
        let deep = "pkg:cargo/deep@0.1.0";
        let wanted = json!([
            {"ref": base, "dependsOn": [deep]},
            {"ref": deep, "dependsOn": []},
            {"ref": "pkg:cargo/ours@0.3.0", "dependsOn": [base, deep]},
        ]);
        assert_eq!(document["dependencies"], wanted);
    }
}
