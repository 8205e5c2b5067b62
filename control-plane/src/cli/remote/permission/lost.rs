//! What one permission allows and another does not.

use serde_json::Value;

/// The lists of names that open something.
const LISTS: [&str; 4] = ["calls", "paths", "nested_writes", "context"];

/// What `after` may take away of `before`, one line each. A rule of fields that is another one counts, unless it only adds.
pub(super) fn lost(before: &Value, after: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    for flag in ["read", "write", "create", "delete"] {
        if allows(before, flag) && !allows(after, flag) {
            lost.push(format!("  {flag}"));
        }
    }
    for list in LISTS {
        let gone: Vec<_> = names(before, list).filter(|name| !names(after, list).any(|kept| kept == *name)).collect();
        if !gone.is_empty() {
            lost.push(format!("  {list}: {}", gone.join(", ")));
        }
    }
    let groups: Vec<_> = names(before, "groups").collect();
    let wanted: Vec<_> = names(after, "groups").collect();
    if !wanted.is_empty() && (groups.is_empty() || !groups.iter().all(|group| wanted.contains(group))) {
        let was = if groups.is_empty() { "every user".to_owned() } else { groups.join(", ") };
        lost.push(format!("  groups: {was} becomes {}", wanted.join(", ")));
    }
    for side in ["read", "write"] {
        let rule = |of: &Value| of.pointer(&format!("/fields/{side}")).cloned().unwrap_or_default();
        let (was, is) = (rule(before), rule(after));
        let also = |rule: &Value| rule.is_null() || rule.get("also").is_some_and(|also| !also.is_null());
        let only_adds =
            also(&was) && also(&is) && names(&was, "also").all(|name| names(&is, "also").any(|kept| kept == name));
        if was != is && !only_adds {
            let shown = |rule: &Value| if rule.is_null() { "the default".to_owned() } else { rule.to_string() };
            lost.push(format!("  fields.{side}: {} becomes {}", shown(&was), shown(&is)));
        }
    }
    let methods = |of: &Value| of.get("methods").cloned().unwrap_or_default();
    for (method, operations) in methods(before).as_object().into_iter().flatten() {
        if methods(after).get(method) != Some(operations) {
            lost.push(format!("  methods: {method}"));
        }
    }
    lost
}

fn allows(of: &Value, flag: &str) -> bool {
    of.get(flag) == Some(&Value::Bool(true))
}

fn names<'v>(of: &'v Value, list: &str) -> impl Iterator<Item = &'v str> {
    of.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_is_not_given_any_more_is_lost_and_what_is_added_is_not() {
        let whole = json!({"read": true, "write": true, "create": true, "delete": true, "groups": ["a"],
            "fields": {"read": {"also": ["x"]}, "write": {"only": ["y"]}}, "calls": ["c"], "paths": ["p.q"],
            "nested_writes": ["n"], "context": ["k"], "methods": {"m": ["read"]}});
        assert_eq!(lost(&whole, &whole), Vec::<String>::new());
        // Each member, one after the other: nothing is lost in silence.
        for name in whole.as_object().unwrap().keys().filter(|name| *name != "groups") {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(!lost(&whole, &less).is_empty(), "{name}");
        }
        for (groups, wanted, is_lost) in [
            (json!([]), json!(["a"]), true),
            (json!(["a"]), json!([]), false),
            (json!(["a"]), json!(["a", "b"]), false),
        ] {
            assert_eq!(!lost(&json!({"groups": groups}), &json!({"groups": wanted})).is_empty(), is_lost);
        }
        let more = json!({"read": {"also": ["x", "z"]}, "write": {"only": ["y"]}});
        let mut wider = whole.clone();
        wider["fields"] = more;
        wider["calls"] = json!(["c", "d"]);
        assert_eq!(lost(&whole, &wider), Vec::<String>::new());
    }
}
