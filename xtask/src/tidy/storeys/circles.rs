//! Files that name each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::sources::Source;

/// A module's path, such as `["store", "keys"]`.
type Module<'a> = Vec<&'a str>;

/// The circles among the files of a crate, each told once. What a file names of a `mod.rs` above it counts for none, as that gives
/// to its folder what is shared there.
pub(super) fn find(folder: &str, files: &[&Source]) -> Vec<String> {
    let modules: BTreeMap<Module<'_>, &Source> =
        files.iter().filter_map(|source| Some((module(folder, source)?, *source))).collect();
    let arrows: BTreeMap<_, _> =
        modules.iter().map(|(from, source)| (from.clone(), named(from, source, &modules))).collect();
    let mut told = BTreeSet::new();
    let mut breaches = Vec::new();
    for start in arrows.keys() {
        let Some(circle) = way(start, &arrows) else { continue };
        if told.insert(circle.iter().cloned().collect::<BTreeSet<_>>()) {
            let names: Vec<_> = circle.iter().map(|module| module.join("/")).collect();
            breaches.push(format!("{folder}: files name each other in a circle: {}", names.join(" → ")));
        }
    }
    breaches
}

fn module<'a>(folder: &str, source: &'a Source) -> Option<Module<'a>> {
    let path = source.path.strip_prefix(folder)?.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    Some(path.split('/').collect())
}

/// The files that one names.
fn named<'a>(from: &Module<'a>, source: &'a Source, modules: &BTreeMap<Module<'a>, &Source>) -> BTreeSet<Module<'a>> {
    let is_above = |other: &Module<'_>| {
        from.starts_with(other) && modules.get(other).is_some_and(|source| source.path.ends_with("/mod.rs"))
    };
    // Lines of comments are left out, and braces may go over several lines.
    let mut rest = source.text.as_str();
    let mut found = BTreeSet::new();
    while let Some((before, after)) = rest.split_once("crate::") {
        let line = before.rsplit('\n').next().unwrap_or_default();
        if !line.trim_start().starts_with("//") {
            found.extend(paths(after).iter().filter_map(|path| longest(path, modules)));
        }
        rest = after;
    }
    found.retain(|other| other != from && !is_above(other));
    found
}

/// The module that a path begins with.
fn longest<'a>(path: &Module<'a>, modules: &BTreeMap<Module<'a>, &Source>) -> Option<Module<'a>> {
    (1..=path.len()).rev().find_map(|length| {
        let module = path.get(..length)?.to_vec();
        modules.contains_key(&module).then_some(module)
    })
}

/// The paths of `a::b::{c, d::e}`, one for each name in braces; names below those say no more about the file.
fn paths(text: &str) -> Vec<Module<'_>> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let head: Module<'_> = head.split("::").filter(|name| !name.is_empty()).collect();
    let Some(inside) = rest.strip_prefix('{') else { return vec![head] };
    let names = inside.split(['}', ';']).next().unwrap_or_default().split(',');
    names.map(|name| head.iter().copied().chain(name.trim().split("::").take(1)).collect()).collect()
}

/// A shortest way from a module back to itself.
fn way<'a>(start: &Module<'a>, arrows: &BTreeMap<Module<'a>, BTreeSet<Module<'a>>>) -> Option<Vec<Module<'a>>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some(last) = way.last() else { continue };
            for next in arrows.get(last).into_iter().flatten() {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way.iter().cloned().chain([next.clone()]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}
