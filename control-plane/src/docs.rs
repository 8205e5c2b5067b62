//! Pages that are made from the code.

use std::fmt::Write as _;

use crate::auth::{Access, Role};
use crate::router::{Route, api_table, gate_table};

/// Who may do what: every route, and the roles that it lets in. Markdown.
pub fn roles() -> String {
    let mut page = "# Who may do what\n\n\
        Made by `lictor docs roles` from the table of routes in `control-plane/src/router.rs`: do not edit.\n\n\
        ## For administrators\n\n\
        Each role may do what the ones before it may.\n\n\
        | request | everybody | user | manager | admin |\n|---|---|---|---|---|\n"
        .to_owned();
    for route in api_table() {
        let lets_in = |role| matches!(route.access, Access::Role(needed) if role >= needed);
        let marks = [route.access == Access::Public].into_iter().chain(Role::ALL.map(lets_in));
        let marks: Vec<_> = marks.map(|mark| if mark { "✓" } else { "" }).collect();
        let _ = writeln!(page, "| {} | {} |", name(&route), marks.join(" | "));
    }
    page.push_str("\n## For gates\n\nOn a listener of their own.\n\n| request | everybody | gate |\n|---|---|---|\n");
    for route in gate_table() {
        let mark = if route.access == Access::Public { "✓ | " } else { " | ✓" };
        let _ = writeln!(page, "| {} | {mark} |", name(&route));
    }
    page
}

fn name(route: &Route) -> String {
    format!("`{} {}`", route.verb.name(), route.path)
}
