//! Whether a change of the policy may let a call pass that was refused before.
//!
//! Judged field by field, without looking at calls: where it cannot be told, the field counts as loosened. So a change of which
//! nothing loosens opens nothing, whatever is called; one that loosens may still open nothing. Random permissions and calls hold
//! it against the core (tests/it/loosening.rs).

use std::collections::{BTreeMap, BTreeSet};

use lictor_policy::odoo::operations;
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::{Durabilities, Durability, Enforcement, FieldRule, Permission, Profile};

use crate::domain::key::Terms;
use crate::domain::settings::{RateLimit, Sessions, Settings};

/// Names of fields that are loosened.
pub type Loosened = BTreeSet<&'static str>;

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// What the judgement on a record depends on besides.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The settings before and after.
    pub settings: (&'c Settings, &'c Settings),
    /// Whether a field of a model is open by default to every user; false where that is not known.
    pub is_open: &'c dyn Fn(&str, &str, Side) -> bool,
}

/// What of a permission is loosened.
pub fn permission(before: Option<&Permission>, after: Option<&Permission>, context: Context<'_>) -> Loosened {
    let mut loosened = Loosened::new();
    let Some(after) = after else {
        // It also said which fields are open where another permission leads into the model.
        let narrows = before.is_some_and(|before| narrows(before) || before.methods.values().any(Operations::is_empty));
        loosened.extend(narrows.then_some("fields"));
        return loosened;
    };
    // Without a permission nothing is open; whose it is, makes no difference then.
    let nothing = Permission { groups: after.groups.clone(), ..Permission::default() };
    let before = before.unwrap_or(&nothing);
    for (operation, name) in [
        (Operation::Read, "read"),
        (Operation::Write, "write"),
        (Operation::Create, "create"),
        (Operation::Delete, "delete"),
    ] {
        loosened
            .extend((after.operations.contains(operation) && !before.operations.contains(operation)).then_some(name));
    }
    let is_narrower = !after.groups.is_empty() && (before.groups.is_empty() || is_part(&after.groups, &before.groups));
    let same_groups = is_part(&after.groups, &before.groups) && is_part(&before.groups, &after.groups);
    // A rule that closes fields does not hold for those who are left out.
    if !same_groups && (!is_narrower || narrows(before) || narrows(after)) {
        loosened.insert("groups");
    }
    let fields = [
        (&before.fields.read, &after.fields.read, Side::Read),
        (&before.fields.write, &after.fields.write, Side::Write),
    ];
    let open = |side| move |field: &str| (context.is_open)(&after.model, field, side);
    if fields.into_iter().any(|(before, after, side)| rule(before.as_ref(), after.as_ref(), &open(side))) {
        loosened.insert("fields");
    }
    for (name, before, after) in [
        ("calls", &before.calls, &after.calls),
        ("paths", &before.paths, &after.paths),
        ("nested_writes", &before.nested_writes, &after.nested_writes),
        ("context", &before.context, &after.context),
    ] {
        loosened.extend((!is_part(after, before)).then_some(name));
    }
    let general = (&context.settings.0.methods, &context.settings.1.methods);
    // A method that is listed no longer is what it is mapped to.
    let is_mapped = |name: &String| after.methods.contains_key(name) || general.1.contains_key(name);
    if before.calls.iter().any(|name| !after.calls.contains(name) && is_mapped(name)) {
        loosened.insert("calls");
    }
    let mut names = before.methods.keys().chain(after.methods.keys());
    let loosens = |name: &String| {
        let before = before.methods.get(name).or_else(|| general.0.get(name));
        let now = after.methods.get(name).or_else(|| general.1.get(name));
        mapping(name, before, now, after.calls.contains(name))
    };
    loosened.extend(names.any(loosens).then_some("methods"));
    loosened
}

/// Whether it closes fields that are open by default.
fn narrows(permission: &Permission) -> bool {
    let closes = |rule: &Option<FieldRule>| matches!(rule, Some(FieldRule::Only(_) | FieldRule::Hide(_)));
    closes(&permission.fields.read) || closes(&permission.fields.write)
}

fn rule(before: Option<&FieldRule>, after: Option<&FieldRule>, is_open: &dyn Fn(&str) -> bool) -> bool {
    use FieldRule::{Also, Hide, Only};
    match (before, after) {
        (None | Some(Also(_)), None | Some(Hide(_))) => false,
        (Some(Only(before)), Some(Only(after))) | (Some(Also(before)), Some(Also(after))) => !is_part(after, before),
        (Some(Hide(before)), Some(Hide(after))) => !is_part(before, after),
        (None | Some(Also(_)), Some(Only(after))) | (None, Some(Also(after))) => {
            !after.iter().all(|field| is_open(field))
        }
        (Some(Only(_) | Hide(_)), _) => true,
    }
}

/// Whether a method's calls may need less than before, or not be refused any more.
fn mapping(name: &str, before: Option<&Operations>, after: Option<&Operations>, is_called: bool) -> bool {
    match (before, after) {
        (before, after) if before == after => false,
        (_, Some(after)) if after.is_empty() => false,
        (Some(before), Some(after)) => before.is_empty() || !before.without(*after).is_empty(),
        (Some(before), None) => before.is_empty() || is_called || operations::method(name).is_some(),
        (None, _) => true,
    }
}

/// What of a key is loosened; a new one opens what it may do.
pub fn key(before: Option<&Terms>, after: &Terms, context: Context<'_>) -> Loosened {
    let mut loosened = Loosened::new();
    let Some(before) = before else {
        return ["profiles", "scopes", "models", "ip_allow_list", "active"].into();
    };
    let profiles = |terms: &Terms| match terms.profiles.as_slice() {
        [] => vec![Profile::default()],
        some => some.to_vec(),
    };
    let (old, new) = (profiles(before), profiles(after));
    let scopes = |terms: &Terms| terms.scopes.iter().collect::<Vec<_>>();
    let (was, is) = (context.settings.0, context.settings.1);
    for (name, loosens) in [
        ("profiles", !is_part(&new, &old)),
        ("scopes", list_loosens(&scopes(before), &scopes(after))),
        ("models", list_loosens(&before.models, &after.models)),
        ("ip_allow_list", list_loosens(&before.ip_allow_list, &after.ip_allow_list)),
        ("rate_limit_per_minute", {
            let general = |of: &RateLimit| if of.enabled { of.per_minute } else { u32::MAX };
            let limit = |terms: &Terms, of: &RateLimit| terms.rate_limit_per_minute.unwrap_or(general(of));
            limit(after, &is.rate_limit) > limit(before, &was.rate_limit)
        }),
        ("session_limit", {
            let general = |of: &Sessions| if of.enabled { of.limit } else { 0 };
            // 0 is no limit.
            let limit = |terms: &Terms, of: &Sessions| terms.session_limit.unwrap_or(general(of)).wrapping_sub(1);
            limit(after, &is.sessions) > limit(before, &was.sessions)
        }),
        (
            "expires_at",
            match (before.expires_at, after.expires_at) {
                (Some(before), after) => after.is_none_or(|after| after > before),
                (None, _) => false,
            },
        ),
        ("active", after.active && !before.active),
    ] {
        loosened.extend(loosens.then_some(name));
    }
    loosened
}

/// What of a user is loosened: its groups, in Lictor, and whether it may be an administrator. `has_rules` says whether a permission
/// closes fields to some groups only.
pub fn user(before: (&[String], bool), after: (&[String], bool), has_rules: bool) -> Loosened {
    let ((groups, privileged), (new_groups, now_privileged)) = (before, after);
    let leaves = !is_part(groups, new_groups);
    let loosens = [
        ("groups", !is_part(new_groups, groups) || (leaves && has_rules)),
        ("privileged", now_privileged && !privileged),
    ];
    loosens.into_iter().filter_map(|(name, loosens)| loosens.then_some(name)).collect()
}

/// Whether some permission closes fields, to some groups only.
pub fn has_rules_of_groups(permissions: &[Permission]) -> bool {
    permissions.iter().any(|permission| !permission.groups.is_empty() && narrows(permission))
}

/// Settings that no decision on a call depends on.
const HARMLESS: [&str; 5] =
    ["alerts", "rotation", "audit.retention_days", "sessions.retention_days", "keys.weekly_mail"];

/// Whether a setting loosens that has changed, by its path.
pub fn setting(path: &str, before: &Settings, after: &Settings) -> bool {
    if HARMLESS.iter().any(|harmless| path == *harmless || path.starts_with(&format!("{harmless}."))) {
        return false;
    }
    match path {
        "rate_limit.enabled" => !after.rate_limit.enabled,
        "rate_limit.per_minute" => {
            before.rate_limit.enabled && after.rate_limit.per_minute > before.rate_limit.per_minute
        }
        "rate_limit.divide_by_gates" => !after.rate_limit.divide_by_gates,
        "ip_allow_list" => list_loosens(&before.ip_allow_list, &after.ip_allow_list),
        "sessions.enabled" => !after.sessions.enabled,
        // A session that was ended stays so for this long.
        "sessions.timeout_seconds" => after.sessions.timeout_seconds < before.sessions.timeout_seconds,
        "sessions.limit" => {
            before.sessions.enabled && after.sessions.limit.wrapping_sub(1) > before.sessions.limit.wrapping_sub(1)
        }
        "enforcement" => enforcement(before.enforcement, after.enforcement),
        "require_exceptions" => !is_part(&after.require_exceptions, &before.require_exceptions),
        "keys.longest_lifetime_days" => {
            let days = |settings: &Settings| settings.keys.longest_lifetime_days.unwrap_or(u32::MAX);
            days(after) > days(before)
        }
        "snapshot_max_age_seconds" => after.snapshot_max_age_seconds > before.snapshot_max_age_seconds,
        "body_limit_bytes" => after.body_limit_bytes > before.body_limit_bytes,
        "methods" => methods(&before.methods, &after.methods),
        "never_list_exceptions" => !is_part(&after.never_list_exceptions, &before.never_list_exceptions),
        "shadow" => !after.shadow.is_subset(&before.shadow),
        path if path.starts_with("audit.durability") => durability(&before.audit.durability, &after.audit.durability),
        _ => true,
    }
}

/// With `off` every call passes; with `block` none with a key.
fn enforcement(before: Enforcement, after: Enforcement) -> bool {
    use Enforcement::{Block, Off, Require, Secure};
    !matches!((before, after), (Off, _) | (Secure, Block | Require)) && before != after
}

/// A record that cannot be stored refuses a call only where it is stored before.
fn durability(before: &Durabilities, after: &Durabilities) -> bool {
    let loosens = |before: Durability, after: Durability| before == Durability::WriteAhead && after != before;
    loosens(before.read, after.read)
        || loosens(before.write, after.write)
        || loosens(before.create, after.create)
        || loosens(before.delete, after.delete)
        || loosens(before.call, after.call)
}

/// A permission may list a method that is mapped no longer.
fn methods(before: &BTreeMap<String, Operations>, after: &BTreeMap<String, Operations>) -> bool {
    let mut names = before.keys().chain(after.keys());
    names.any(|name| mapping(name, before.get(name), after.get(name), true))
}

/// Whether a list takes away less: an empty one takes nothing.
fn list_loosens<T: PartialEq>(before: &[T], after: &[T]) -> bool {
    !before.is_empty() && (after.is_empty() || !is_part(after, before))
}

fn is_part<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    part.iter().all(|one| whole.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_a_key_is_held_against_the_one_in_its_place() {
        let terms = |rate_limit_per_minute, session_limit| Terms {
            name: "k".to_owned(),
            profiles: Vec::new(),
            scopes: Operations::NONE,
            models: Vec::new(),
            ip_allow_list: Vec::new(),
            rate_limit_per_minute,
            session_limit,
            expires_at: None,
            active: true,
        };
        let (off, mut on) = (Settings::default(), Settings::default());
        (on.rate_limit.enabled, on.sessions.enabled, on.sessions.limit) = (true, true, 5);
        let loosens = |before: (Option<u32>, Option<u32>), after: (Option<u32>, Option<u32>), settings: &Settings| {
            let context = Context { settings: (settings, settings), is_open: &|_, _, _| false };
            !key(Some(&terms(before.0, before.1)), &terms(after.0, after.1), context).is_empty()
        };
        for (before, after, without_general, with_general) in [
            ((None, None), (Some(60), None), false, false),
            ((None, None), (Some(61), None), false, true),
            ((Some(100), None), (None, None), true, false),
            ((Some(50), None), (None, None), true, true),
            ((None, None), (None, Some(5)), false, false),
            ((None, None), (None, Some(0)), false, true),
            ((None, Some(7)), (None, None), true, false),
            ((None, Some(3)), (None, Some(0)), true, true),
        ] {
            assert_eq!(loosens(before, after, &off), without_general, "{before:?} {after:?}");
            assert_eq!(loosens(before, after, &on), with_general, "{before:?} {after:?}");
        }
    }
}
