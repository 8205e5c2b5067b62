//! `lictor permission`

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::cli::remote::Limit;
use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Column};

const COLUMNS: [Column; 9] = [
    ("MODEL", "model"),
    ("READ", "read"),
    ("WRITE", "write"),
    ("CREATE", "create"),
    ("DELETE", "delete"),
    ("GROUPS", "groups"),
    ("NESTED WRITES", "nested_writes"),
    ("CROSS-MODEL READS", "cross_model_reads"),
    ("METHODS", "methods"),
];

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
        /// Fields through which records of other models may be written.
        #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
        nested_writes: Vec<String>,
        /// Allow to read other models through paths.
        #[arg(long)]
        cross_model_reads: bool,
        /// The operations of a method, such as action_confirm=write; an empty list refuses it. May be repeated.
        #[arg(long = "method", value_name = "METHOD=OPERATION,…", value_parser = method)]
        methods: Vec<(String, Vec<String>)>,
    },
    /// Delete that of a model: nothing may be done to it from now on.
    Delete {
        /// Odoo's name of the model.
        model: String,
        #[command(flatten)]
        consent: Consent,
    },
}

fn method(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, operations) =
        text.split_once('=').ok_or("give a method and its operations, such as action_done=write")?;
    Ok((name.to_owned(), operations.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()))
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { limit } => {
            print::list(client.output, client.list("permissions", &[], limit.records()).await?, &COLUMNS)
        }
        Command::Show { model } => print::record(client.output, &client.get(&path(&model)).await?.json),
        Command::Put { model, read, write, create, delete, groups, nested_writes, cross_model_reads, methods } => {
            let methods: Map<String, Value> = methods.into_iter().map(|(name, list)| (name, list.into())).collect();
            let rules = json!({"read": read, "write": write, "create": create, "delete": delete, "groups": groups,
                "nested_writes": nested_writes, "cross_model_reads": cross_model_reads, "methods": methods});
            let state = match client.state(&path(&model)).await {
                Err(Failure { exit: Exit::NotFound, .. }) => Condition::New,
                state => state?,
            };
            let put = client.send(Method::PUT, &path(&model), Some(&rules), &state).await?;
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
