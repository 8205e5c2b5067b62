//! Rules about the text of the files. They look for words, not for meaning: simple, and hard to get past by accident.

use super::sources::Source;

/// A word that may stand only in some files of a folder.
struct Confined {
    folder: &'static str,
    /// Where it may stand: a file, or a folder that ends in `/`.
    only_in: &'static [&'static str],
    words: &'static [&'static str],
    reason: &'static str,
}

const CONFINED: [Confined; 6] = [
    Confined {
        folder: "policy/src/",
        only_in: &[],
        words: &[
            "Instant::now",
            "SystemTime",
            "std::env",
            "std::fs",
            "std::io",
            "std::process",
            "std::thread",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "ToSocketAddrs",
            "async fn",
        ],
        reason: "policy is pure: time, randomness and state are arguments",
    },
    Confined {
        folder: "filter/src/",
        only_in: &[],
        words: &["hostcalls", "proxy_wasm"],
        reason: "the SDK's calls and its dispatcher panic; host.rs calls the host itself",
    },
    Confined {
        folder: "filter/src/",
        only_in: &["filter/src/host/abi.rs", "filter/src/host/module/envoy.rs"],
        words: &["unsafe {", "unsafe extern"],
        reason: "all that is unsafe is in one file for each host",
    },
    Confined {
        folder: "control-plane/src/",
        only_in: &["control-plane/src/store/"],
        words: &["sqlx::query", "SELECT ", "INSERT INTO ", "DELETE FROM ", " SET "],
        reason: "one folder speaks SQL",
    },
    Confined {
        folder: "control-plane/src/",
        only_in: &["control-plane/src/cli/options.rs"],
        words: &["env::var", "#[arg(env", "env ="],
        reason: "one file reads the environment",
    },
    Confined {
        folder: "filter/src/",
        only_in: &[],
        words: &["std::env", "std::fs", "TcpStream", "UdpSocket", "Instant::now"],
        reason: "there is no such thing inside Envoy",
    },
];

/// Lints without which the invariant "no panic in what reads strangers' bytes" would rest on care.
const LINTS: [&str; 7] =
    ["unsafe_code", "unwrap_used", "expect_used", "indexing_slicing", "panic", "todo", "unimplemented"];

/// What one file does that it may not.
pub(super) fn breaches(source: &Source) -> Vec<String> {
    let mut breaches = confined(source);
    breaches.extend(registry_hosts(source));
    let begins_with_its_purpose = source.text.starts_with("//!") || source.text.starts_with("#!");
    if source.path.ends_with(".rs") && source.path.contains("src/") && !begins_with_its_purpose {
        breaches.push(format!("{}: does not begin with a `//!` line that says what it is for", source.path));
    }
    breaches
}

fn confined(source: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    for rule in CONFINED.iter().filter(|rule| source.is_rust_of(rule.folder)) {
        if rule
            .only_in
            .iter()
            .any(|place| source.path == *place || place.ends_with('/') && source.path.starts_with(place))
        {
            continue;
        }
        for (number, line) in source.code_lines() {
            for word in rule.words.iter().filter(|word| line.contains(**word)) {
                breaches.push(format!("{}:{number}: `{}`: {}", source.path, word.trim(), rule.reason));
            }
        }
    }
    breaches
}

/// Machines get packages from whatever mirror they are set up for, so no file names a registry. Cargo.lock has to.
fn registry_hosts(source: &Source) -> Vec<String> {
    // Put together here, or this file would be the first to break the rule.
    const HOSTS: [(&str, &str); 8] = [
        ("crates", "io"),
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb.debian", "org"),
        ("static.rust-lang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    ];
    if source.path == "Cargo.lock" {
        return Vec::new();
    }
    let names = HOSTS.map(|(name, domain)| format!("{name}.{domain}"));
    let named = names.iter().filter(|name| source.text.contains(name.as_str()));
    named.map(|name| format!("{}: names the registry {name}", source.path)).collect()
}

/// Files and folders that the map of the project names and that are not there.
pub(super) fn named_in_the_map(sources: &[Source]) -> Vec<String> {
    const MAP: &str = "docs/ARCHITECTURE.md";
    let map = sources.iter().filter(|source| source.path == MAP);
    let named = map.flat_map(|map| map.text.split('`').skip(1).step_by(2));
    let is_path = |name: &&str| (name.ends_with(".rs") || name.ends_with('/')) && !name.contains([' ', '*']);
    let is_there = |name: &str| {
        let inside = format!("/{name}");
        sources.iter().any(|source| match name.strip_suffix('/') {
            Some(_) => source.path.starts_with(name) || source.path.contains(&inside),
            None => source.path == name || source.path.ends_with(&inside),
        })
    };
    named.filter(is_path).filter(|name| !is_there(name)).map(|name| format!("{MAP}: there is no {name}")).collect()
}

/// Lints that are missing from the workspace, and crates that do not take the workspace's.
pub(super) fn lints(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for manifest in sources.iter().filter(|source| source.path.ends_with("Cargo.toml")) {
        if manifest.path == "Cargo.toml" {
            for lint in LINTS.iter().filter(|lint| !manifest.text.contains(&format!("\n{lint} = \"deny\""))) {
                breaches.push(format!("Cargo.toml: the workspace does not deny `{lint}`"));
            }
        } else if !manifest.text.contains("[lints]\nworkspace = true") {
            breaches.push(format!("{}: does not take the workspace's lints", manifest.path));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<String> {
        breaches(&Source { path: path.to_owned(), text: format!("//! A file.\n{text}") })
    }

    #[test]
    fn finds_what_stands_in_the_wrong_place() {
        for (path, text) in [
            ("policy/src/rate.rs", "let now = Instant::now();"),
            ("filter/src/request.rs", "proxy_wasm::hostcalls::get_map()"),
            ("filter/src/host.rs", "proxy_wasm::hostcalls::get_map()"),
            ("filter/src/host.rs", "unsafe { env::proxy_log() }"),
            ("control-plane/src/api/keys.rs", "sqlx::query(\"SELECT 1\")"),
            ("control-plane/src/api/auth.rs", "std::env::var(\"X\")"),
            ("README.md", concat!("https://pypi", ".org/simple")),
        ] {
            assert!(!of(path, text).is_empty(), "{path}: {text}");
        }
    }

    #[test]
    fn the_map_names_what_is_there() {
        let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let map = file("docs/ARCHITECTURE.md", "`api/keys.rs`, `store/`, `gone.rs`, `a/gone/` and `Keys`");
        let found = named_in_the_map(&[map, file("src/api/keys.rs", ""), file("src/store/mod.rs", "")]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn leaves_the_right_place_and_comments_alone() {
        for (path, text) in [
            ("filter/src/host/abi.rs", "unsafe { env::proxy_log() }"),
            ("control-plane/src/store/keys.rs", "sqlx::query(\"SELECT 1\")"),
            ("control-plane/src/cli/options.rs", "std::env::var(\"X\")"),
            ("policy/src/rate.rs", "    // Instant::now is not for here."),
        ] {
            assert_eq!(of(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }
}
