//! What a permission allows, as options of the command line.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::terminal::failure::{Failure, Result};

/// What is allowed.
#[derive(Debug, Args)]
pub struct Rules {
    /// Allow to read.
    #[arg(long)]
    read: bool,
    /// Allow to write.
    #[arg(long)]
    write: bool,
    /// Allow to create.
    #[arg(long)]
    create: bool,
    /// Allow to delete.
    #[arg(long)]
    delete: bool,
    /// Only for users in one of these groups.
    #[arg(long, value_delimiter = ',', value_name = "GROUP,…")]
    groups: Vec<String>,
    /// Fields that may be read: `only:` these, or those of the default but for these (`hide:`) or with these (`also:`).
    #[arg(long, value_name = "only|hide|also:FIELD,…", value_parser = field_rule)]
    fields_read: Option<(String, Vec<String>)>,
    /// Fields that may be written.
    #[arg(long, value_name = "only|hide|also:FIELD,…", value_parser = field_rule)]
    fields_write: Option<(String, Vec<String>)>,
    /// Methods that may be called, whatever they do, such as action_confirm; also message_post, activity_schedule, attach.
    #[arg(long, alias = "call", value_delimiter = ',', value_name = "METHOD,…")]
    calls: Vec<String>,
    /// Paths into other models that may be read, such as country_id.code.
    #[arg(long, alias = "path", value_delimiter = ',', value_name = "PATH,…")]
    paths: Vec<String>,
    /// Fields through which records of other models may be written.
    #[arg(long, alias = "nested-write", value_delimiter = ',', value_name = "FIELD,…")]
    nested_writes: Vec<String>,
    /// Keys of the context that calls may have, such as active_id.
    #[arg(long, value_delimiter = ',', value_name = "KEY,…")]
    context: Vec<String>,
    /// The operations of a method, such as action_confirm=write; an empty list refuses it. May be repeated.
    #[arg(long = "method", value_name = "METHOD=OPERATION,…", value_parser = method)]
    methods: Vec<(String, Vec<String>)>,
}

impl Rules {
    /// The permission.
    pub(super) fn body(self) -> Value {
        let methods: Map<String, Value> = self.methods.into_iter().map(|(name, list)| (name, list.into())).collect();
        let sides = [("read", self.fields_read), ("write", self.fields_write)];
        let fields: Map<String, Value> = sides
            .into_iter()
            .filter_map(|(side, rule)| rule.map(|(kind, names)| (side.to_owned(), json!({kind: names}))))
            .collect();
        json!({"read": self.read, "write": self.write, "create": self.create, "delete": self.delete,
            "groups": self.groups, "fields": fields, "calls": self.calls, "paths": self.paths,
            "nested_writes": self.nested_writes, "context": self.context, "methods": methods})
    }
}

/// What is to change of what is allowed.
#[derive(Debug, Args)]
pub struct SomeRules {
    /// Whether to allow to read.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    read: Option<bool>,
    /// Whether to allow to write.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    write: Option<bool>,
    /// Whether to allow to create.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    create: Option<bool>,
    /// Whether to allow to delete.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    delete: Option<bool>,
    /// Groups of users.
    #[arg(long, allow_hyphen_values = true, value_delimiter = ',', value_name = "GROUP,…")]
    groups: Option<Vec<String>>,
    /// Fields that may be read: `also:+email` adds one to those of the default.
    #[arg(long, value_name = "only|hide|also:FIELD,…", value_parser = field_rule)]
    fields_read: Option<(String, Vec<String>)>,
    /// Fields that may be written.
    #[arg(long, value_name = "only|hide|also:FIELD,…", value_parser = field_rule)]
    fields_write: Option<(String, Vec<String>)>,
    /// Methods that may be called, such as +action_confirm.
    #[arg(long, alias = "call", allow_hyphen_values = true, value_delimiter = ',', value_name = "METHOD,…")]
    calls: Option<Vec<String>>,
    /// Paths into other models that may be read, such as +country_id.code.
    #[arg(long, alias = "path", allow_hyphen_values = true, value_delimiter = ',', value_name = "PATH,…")]
    paths: Option<Vec<String>>,
    /// Fields through which records of other models may be written.
    #[arg(long, alias = "nested-write", allow_hyphen_values = true, value_delimiter = ',', value_name = "FIELD,…")]
    nested_writes: Option<Vec<String>>,
    /// Keys of the context that calls may have.
    #[arg(long, allow_hyphen_values = true, value_delimiter = ',', value_name = "KEY,…")]
    context: Option<Vec<String>>,
    /// The operations of a method, such as action_confirm=write; an empty list refuses it. May be repeated.
    #[arg(long = "method", value_name = "METHOD=OPERATION,…", value_parser = method)]
    methods: Vec<(String, Vec<String>)>,
}

impl SomeRules {
    /// The changes to a permission as it is now.
    pub(super) fn body(self, now: &Value) -> Result<Value> {
        let mut body = Map::new();
        for (name, flag) in
            [("read", self.read), ("write", self.write), ("create", self.create), ("delete", self.delete)]
        {
            body.extend(flag.map(|flag| (name.to_owned(), flag.into())));
        }
        for (name, given) in [
            ("groups", self.groups),
            ("calls", self.calls),
            ("paths", self.paths),
            ("nested_writes", self.nested_writes),
            ("context", self.context),
        ] {
            if let Some(given) = given {
                body.insert(name.to_owned(), changed(&now[name], given)?.into());
            }
        }
        let mut fields = Map::new();
        for (side, rule) in [("read", self.fields_read), ("write", self.fields_write)] {
            if let Some((kind, names)) = rule {
                let now = now.pointer(&format!("/fields/{side}/{kind}"));
                let names = changed(now.unwrap_or(&Value::Null), names)?;
                fields.insert(side.to_owned(), json!({kind: names}));
            }
        }
        if !fields.is_empty() {
            body.insert("fields".to_owned(), fields.into());
        }
        if !self.methods.is_empty() {
            let methods: Map<String, Value> =
                self.methods.into_iter().map(|(name, list)| (name, list.into())).collect();
            body.insert("methods".to_owned(), methods.into());
        }
        Ok(body.into())
    }
}

/// The list that is given; or the one that there is, with what has the sign + and without what has the sign -.
fn changed(now: &Value, given: Vec<String>) -> Result<Vec<String>> {
    let is_signed = |name: &String| name.starts_with(['+', '-']);
    if !given.iter().any(is_signed) {
        return Ok(given.into_iter().filter(|name| !name.is_empty()).collect());
    }
    let mut list: Vec<String> =
        now.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    for name in given {
        let rest = name.get(1..).unwrap_or_default();
        list.retain(|listed| listed != rest);
        match name.chars().next() {
            Some('+') => list.push(rest.to_owned()),
            Some('-') => {}
            _ => return Err(Failure::usage(format!("{name}: give each name of a list with + or -, or none."))),
        }
    }
    Ok(list)
}

fn method(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, operations) =
        text.split_once('=').ok_or("give a method and its operations, such as action_done=write")?;
    Ok((name.to_owned(), words(operations)))
}

fn field_rule(text: &str) -> Result<(String, Vec<String>), String> {
    let (kind, fields) = text.split_once(':').unwrap_or_default();
    if !matches!(kind, "only" | "hide" | "also") {
        return Err("give only, hide or also with fields, such as also:email,phone".to_owned());
    }
    Ok((kind.to_owned(), words(fields)))
}

fn words(list: &str) -> Vec<String> {
    list.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_add_to_a_list_and_take_away_from_it() {
        let now = json!(["a", "b"]);
        let given = |names: &[&str]| changed(&now, names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(given(&["+c", "-a"]).unwrap(), ["b", "c"]);
        assert_eq!(given(&["+a"]).unwrap(), ["b", "a"]);
        assert_eq!(given(&["c"]).unwrap(), ["c"]);
        assert_eq!(given(&[""]).unwrap(), Vec::<String>::new());
        assert!(given(&["c", "+d"]).is_err());
    }
}
