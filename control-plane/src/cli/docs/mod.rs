//! Pages that are made from the code.

pub(crate) mod settings;

use std::fmt::Write as _;

use lictor_policy::refusal::{AlertType, Reason};

use crate::api::router::{api_table, gate_table};
use crate::app::App;
use crate::domain::actor::Role;
use crate::domain::alerts::settings::{Alerts, Threshold};
use crate::domain::alerts::{Rule, TYPES, type_name};
use crate::domain::severity::Severity;
use crate::http::route::{Access, Route};

pub use crate::cli::docs::settings::settings;

/// Every route and the roles that it lets in, in Markdown.
pub fn roles() -> String {
    let mut page = "# Who may do what\n\n\
        Made by `lictor docs roles` from the table of routes in `control-plane/src/api/router.rs`: do not edit.\n\n\
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
    page.push_str(
        "\n### What needs `If-Match`\n\n\
        These edit a record, and must say which state of it: with the `ETag` of an answer, with `If-Match: *` for whatever \
        it is, or, if they make it, with `If-None-Match: *`.\n\n",
    );
    for route in api_table().iter().filter(|route| route.needs_precondition) {
        let _ = writeln!(page, "- {}", name(route));
    }
    page.push_str("\n## For gates\n\nOn a listener of their own.\n\n| request | everybody | gate |\n|---|---|---|\n");
    for route in gate_table() {
        let mark = if route.access == Access::Public { "✓ | " } else { " | ✓" };
        let _ = writeln!(page, "| {} | {mark} |", name(&route));
    }
    page
}

fn name(route: &Route<App>) -> String {
    format!("`{} {}`", route.verb.name(), route.path)
}

/// The types of alerts and the rules of `suspicious_activity` with their defaults. Markdown, for docs/admin/alerts.md.
pub fn alerts() -> String {
    let alerts = Alerts::default();
    let mut table = "| type | counts | severity | opens at |\n|---|---|---|---|\n".to_owned();
    for kind in TYPES {
        let reasons = Reason::ALL.iter().map(|reason| reason.row()).filter(|row| row.alert == Some(kind));
        let reasons: Vec<_> = reasons.map(|row| format!("`{}`", row.name)).collect();
        let (counts, opens) = match (alerts.types.counted(kind), kind) {
            (Some(counted), _) => (format!("refusals: {}", reasons.join(", ")), at(counted.threshold)),
            (None, AlertType::SuspiciousActivity) => ("what its rules say, below".to_owned(), "as they say".to_owned()),
            (None, _) => ("an emergency revocation".to_owned(), "each".to_owned()),
        };
        let severity = alerts.severity(kind).map_or("", Severity::name);
        let _ = writeln!(table, "| `{}` | {counts} | {severity} | {opens} |", type_name(kind));
    }
    table.push_str("\n| rule of `suspicious_activity` | counts | severity | opens at |\n|---|---|---|---|\n");
    for (rule, counts) in [
        (
            Rule::MixedRefusals,
            "different kinds of reasons for which one key was refused: a right that is missing, who calls or from where, the \
             road, and how much or in which form",
        ),
        (
            Rule::DistinctRefusals,
            "different calls, a model with a method, that one key was refused for want of a permission",
        ),
        (Rule::ManyRefusals, "all refusals of one key"),
        (Rule::ManyAddresses, "different addresses that one key was used from"),
        (Rule::DistinctModels, "different models whose records one key read, or tried to"),
        (Rule::MalformedRequests, "malformed calls with one verified key"),
        (Rule::SessionLimit, "calls beyond one key's session limit"),
        (Rule::EventGap, "events that a gate numbered and that did not arrive within 20 minutes"),
    ] {
        let opens = alerts.types.suspicious_activity.rules.threshold(rule).map_or("each".to_owned(), at);
        let severity = alerts.severity_by(AlertType::SuspiciousActivity, rule).map_or("", Severity::name);
        let _ = writeln!(table, "| `{}` | {counts} | {severity} | {opens} |", rule.name());
    }
    table
}

fn at(threshold: Threshold) -> String {
    format!("{} within {} min", threshold.count, threshold.minutes)
}
