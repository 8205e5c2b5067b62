//! `lictor permission`

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::remote::Limit;
use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Column, Output};

const COLUMNS: [Column; 12] = [
    ("MODEL", "model"),
    ("READ", "read"),
    ("WRITE", "write"),
    ("CREATE", "create"),
    ("DELETE", "delete"),
    ("GROUPS", "groups"),
    ("FIELDS", FIELDS),
    ("CALLS", "calls"),
    ("PATHS", "paths"),
    ("NESTED WRITES", "nested_writes"),
    ("CONTEXT", "context"),
    ("METHODS", "methods"),
];

/// The rules of fields, as a cell of a table has them.
const FIELDS: &str = "fields_shown";

/// Commands on permissions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all.
    List {
        #[command(flatten)]
        limit: Limit,
    },
    /// Show that of a model.
    Show {
        /// Odoo's name of the model.
        model: String,
    },
    /// Make or replace that of a model: what is not given is closed.
    Put {
        /// Odoo's name of the model, such as res.partner.
        model: String,
        #[command(flatten)]
        rules: Box<Rules>,
    },
    /// Delete that of a model: nothing may be done to it from now on.
    Delete {
        /// Odoo's name of the model.
        model: String,
        #[command(flatten)]
        consent: Consent,
    },
}

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
    fn body(self) -> Value {
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

/// The rules of fields in the order in which the options give them: `read only:name; write hide:email`.
fn shown(fields: &Value) -> String {
    let sides = fields.as_object().into_iter().flatten();
    let rules = sides.flat_map(|(side, rule)| {
        rule.as_object().into_iter().flatten().map(move |(kind, names)| {
            let names: Vec<_> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{side} {kind}:{}", names.join(","))
        })
    });
    rules.collect::<Vec<_>>().join("; ")
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            let mut listing = client.list("permissions", &[], limit.records()).await?;
            if client.output == Output::Text {
                listing.items.iter_mut().for_each(|item| item[FIELDS] = shown(&item["fields"]).into());
            }
            print::list(client.output, listing, &COLUMNS)
        }
        Command::Show { model } => print::record(client.output, &client.get(&path(&model)).await?.json),
        Command::Put { model, rules } => {
            let state = match client.state(&path(&model)).await {
                Err(Failure { exit: Exit::NotFound, .. }) => Condition::New,
                state => state?,
            };
            let put = client.send(Method::PUT, &path(&model), Some(&rules.body()), &state).await?;
            print::record(client.output, &put.json)
        }
        Command::Delete { model, consent } => {
            let path = path(&model);
            let state = client.state(&path).await?;
            consent.ask(&format!("Nothing may be done to {model} from then on. Delete its permission?"))?;
            client.delete(&path, &state).await?;
            print::done(client.output, "Deleted.")
        }
    }
}

fn path(model: &str) -> String {
    format!("permissions/{}", encoded(model))
}
