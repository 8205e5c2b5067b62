//! Which room of a crate may name which. A room is a folder or a file at the top of a crate; the rooms stand in storeys, and a room
//! names those of lower storeys only.
//!
//! So each room can be read, tested and moved with what is below it, and nobody has to hold a whole crate in mind.

mod circles;

use crate::tidy::sources::Source;

/// A crate whose rooms stand in storeys.
struct House {
    folder: &'static str,
    /// The lowest first: each room's name, and in words what it has.
    storeys: &'static [&'static [(&'static str, &'static str)]],
}

const HOUSES: [House; 2] = [
    House {
        folder: "control-plane/src/",
        storeys: &[
            &[("secrets", "randomness, and the vault that seals secrets at rest")],
            &[("domain", "plain types and pure rules: problems, roles, settings, alerts, what signs the logs")],
            &[
                ("http", "the machinery of a server: listeners, TLS, reading requests, the description of the API"),
                (
                    "clients",
                    "whom the control plane asks or tells: Odoo, mail servers, webhooks, a provider of OpenID Connect",
                ),
                ("store", "the database, the only place with SQL"),
            ],
            &[("app", "the rules that requests and tasks share, and what the tasks keep for others")],
            &[("tasks", "what happens without a request: the publisher, the jobs, the outbox, the checks")],
            &[("api", "every route, a file a noun; `router.rs` has the table")],
            &[("cli", "the program `lictor`: its options and its commands")],
        ],
    },
    House {
        folder: "policy/src/",
        storeys: &[
            &[
                ("address", "addresses and networks"),
                ("operation", "read, write, create, delete, call"),
                ("records", "the ids of records that a call names"),
                ("road", "the endpoints of Odoo's API, in whatever spelling"),
                ("secret", "text that is never printed"),
            ],
            &[
                ("key", "Lictor's keys and their hashes"),
                ("odoo", "the tables: methods with their arguments, and what is never allowed"),
            ],
            &[("formats", "XML-RPC and JSON, read and written")],
            &[("refusal", "the table of refusals")],
            &[("wire", "what control plane and filter send each other")],
            &[
                ("memory", "what a gate remembers: lines of keys, windows, counts"),
                ("snapshot", "the policy as it is looked up"),
            ],
            &[("call", "a call, whatever road it came on")],
            &[("effects", "what a call does, and what it names of Odoo's models")],
            &[("decide", "the stages of a decision")],
            &[("gate", "the verdict on a request: its road, its form, its answer")],
        ],
    },
];

/// Crates whose files name each other in no circle either.
const OTHERS: [&str; 2] = ["filter/src/", "xtask/src/"];

/// What the commands may name that ask a running service over HTTP: none of what that service is made of.
const REMOTE: &str = "control-plane/src/cli/remote/";
const REMOTE_NAMES: [&str; 7] = [
    "domain::",
    "clients::http",
    "cli::remote",
    "cli::terminal",
    "cli::options",
    "cli::secret_source",
    "cli::audit_verify",
];

/// Where the table of a house stands.
const MAP: &str = "docs/ARCHITECTURE.md";

/// Everything in the houses that is not as it should be.
pub(super) fn breaches(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for house in &HOUSES {
        let files: Vec<_> = sources.iter().filter(|source| source.is_rust_of(house.folder)).collect();
        breaches.extend(files.iter().flat_map(|source| house.breaches(source)));
        breaches.extend(circles::find(house.folder, &files));
        let table = house.table();
        if sources.iter().any(|source| source.path == MAP && !source.text.contains(&table)) {
            breaches.push(format!("{MAP}: does not have the table of {}:\n{table}", house.folder));
        }
    }
    for folder in OTHERS {
        let files: Vec<_> = sources.iter().filter(|source| source.is_rust_of(folder)).collect();
        breaches.extend(circles::find(folder, &files));
    }
    breaches
}

impl House {
    fn breaches(&self, source: &Source) -> Vec<String> {
        let inside = source.path.strip_prefix(self.folder).unwrap_or_default();
        if ["lib.rs", "main.rs"].contains(&inside) {
            return Vec::new();
        }
        let (room, rest) = inside.split_once('/').unwrap_or((inside.strip_suffix(".rs").unwrap_or(inside), "mod.rs"));
        let Some(own) = self.storey(room) else { return vec![format!("{}: `{room}` is in no storey", source.path)] };
        let mut breaches = Vec::new();
        if rest == "mod.rs" && !source.text.starts_with(&format!("//! Storey {}: ", own + 1)) {
            breaches.push(format!("{}: does not begin with `//! Storey {}: `", source.path, own + 1));
        }
        let is_mod = source.path.ends_with("/mod.rs");
        let is_remote = source.path.starts_with(REMOTE);
        for (number, line) in source.code_lines() {
            let mut say = |what: String| breaches.push(format!("{}:{number}: {what}", source.path));
            if line.contains("super::super") || is_mod && line.contains("super::") && !line.contains("use super::*") {
                say("a path through `super` hides which room it names".to_owned());
            }
            for named in line.split("crate::").skip(1) {
                let other: String = named.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                match self.storey(&other) {
                    _ if other == room => {}
                    Some(storey) if storey < own => {}
                    Some(_) => say(format!("`{room}` may not name `{other}`, which is not below it")),
                    None => say(format!("`crate::{other}` is no room; name one at a time")),
                }
                if is_remote && !REMOTE_NAMES.iter().any(|name| named.starts_with(name)) {
                    say(format!("what asks a service over HTTP may not name `{other}`, of which that is made"));
                }
            }
        }
        breaches
    }

    fn storey(&self, room: &str) -> Option<usize> {
        self.storeys.iter().position(|rooms| rooms.iter().any(|(name, _)| *name == room))
    }

    /// For [`MAP`], the highest storey first.
    fn table(&self) -> String {
        let mut table = String::from("| storey | room | has |\n|---|---|---|\n");
        for (below, rooms) in self.storeys.iter().enumerate().rev() {
            for (name, has) in *rooms {
                table.push_str(&format!("| {} | `{name}` | {has} |\n", below + 1));
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source { path: format!("control-plane/src/{path}"), text: format!("//! A file.\n{text}") }
    }

    fn of(path: &str, text: &str) -> Vec<String> {
        breaches(&[file(path, text)])
    }

    #[test]
    fn an_arrow_that_does_not_point_down_is_found() {
        for (path, text) in [
            ("domain/key.rs", "use crate::store::Store;"),
            ("store/keys.rs", "use crate::http::etag;"),
            ("tasks/outbox.rs", "fn f() { crate::api::router::api() }"),
            ("api/keys.rs", "use crate::{app, store};"),
            ("api/keys.rs", "use super::super::store::keys;"),
            ("store/mod.rs", "use super::app;"),
            ("store/mod.rs", ""),
            ("cli/remote/key.rs", "use crate::store::keys;"),
            ("kitchen/sink.rs", ""),
            ("loose.rs", ""),
        ] {
            assert!(!of(path, text).is_empty(), "{path}: {text}");
        }
    }

    #[test]
    fn what_is_in_order_is_left_alone() {
        for (path, text) in [
            ("api/keys.rs", "use crate::store::keys;\nuse crate::app::App;"),
            ("store/keys.rs", "// crate::api has the routes.\nuse crate::store::row;"),
            ("store/keys.rs", "mod tests {\n    use super::*;\n}"),
            ("cli/remote/key.rs", "use crate::cli::terminal::print;"),
            ("lib.rs", "pub mod store;"),
        ] {
            assert_eq!(of(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_circle_of_files_is_found_and_a_module_with_its_children_is_none() {
        let circle = [
            file("store/keys.rs", "use crate::store::users::find;"),
            file("store/users.rs", "use crate::store::{self, gates};"),
            file("store/gates.rs", "fn f() { crate::store::keys::find() }"),
        ];
        assert_eq!(breaches(&circle).len(), 1);
        let family = [
            Source {
                path: "control-plane/src/store/mod.rs".to_owned(),
                text: "//! Storey 3: x.\nuse crate::store::keys::find;".to_owned(),
            },
            file("store/keys.rs", "use crate::store::Store;"),
        ];
        assert_eq!(breaches(&family), Vec::<String>::new());
        // By way of a module's child and a file of another folder, it is one.
        let through = [
            Source {
                path: "control-plane/src/store/engine/mod.rs".to_owned(),
                text: "//! x.\nuse crate::store::engine::transaction::WriteTx;".to_owned(),
            },
            file("store/engine/transaction.rs", "use crate::store::notifications::tell;"),
            file("store/notifications.rs", "use crate::store::engine::TIMEOUT;"),
        ];
        assert_eq!(breaches(&through).len(), 1);
    }
}
