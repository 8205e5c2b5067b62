//! Where the files of a release come from: a statement in the form of in-toto and SLSA 1, for somebody to sign.

use anyhow::Result;
use serde_json::json;

use super::Made;
use super::oci::Source;

/// Names the way in which they are built.
const BUILD_TYPE: &str = "urn:lictor:cargo-xtask-release:1";

/// What goes into a build beside the sources.
pub(super) struct Build<'b> {
    /// A URI that names who runs the build.
    pub builder: &'b str,
    /// What the compilers say of themselves, by name.
    pub compilers: &'b [(&'static str, String)],
    /// Files that pin what is fetched, with their digests.
    pub locks: &'b [(&'static str, String)],
}

/// The statement about these files.
pub(super) fn statement(made: &[Made], source: &Source<'_>, build: &Build<'_>) -> Result<Vec<u8>> {
    let subjects: Vec<_> =
        made.iter().map(|file| json!({"name": file.name, "digest": {"sha256": file.sha256}})).collect();
    let mut dependencies = vec![json!({"name": "source", "digest": {"gitCommit": source.commit}})];
    dependencies.extend(build.locks.iter().map(|(name, sha256)| json!({"name": name, "digest": {"sha256": sha256}})));
    let compilers: serde_json::Map<_, _> =
        build.compilers.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": "cargo xtask release", "commit": source.commit, "version": source.version},
                "internalParameters": {"compilers": compilers},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {"builder": {"id": build.builder}, "metadata": {}},
        },
    });
    Ok(format!("{statement:#}\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn it_names_each_file_and_what_it_was_made_of() {
        let made = [Made { name: "a.wasm".to_owned(), bytes: 1, sha256: "00ff".to_owned() }];
        let source = Source { version: "1.2.3", commit: "abc", time: "2026-11-30T00:00:00Z" };
        let build = Build {
            builder: "urn:somebody",
            compilers: &[("rustc", "rustc 1".to_owned())],
            locks: &[("Cargo.lock", "ff00".to_owned())],
        };
        let statement: Value = serde_json::from_slice(&statement(&made, &source, &build).unwrap()).unwrap();
        assert_eq!(statement["subject"], json!([{"name": "a.wasm", "digest": {"sha256": "00ff"}}]));
        let definition = &statement["predicate"]["buildDefinition"];
        assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], "abc");
        assert_eq!(definition["resolvedDependencies"][1]["digest"]["sha256"], "ff00");
        assert_eq!(definition["internalParameters"]["compilers"]["rustc"], "rustc 1");
        assert_eq!(statement["predicate"]["runDetails"]["builder"]["id"], "urn:somebody");
    }
}
