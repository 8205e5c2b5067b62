//! `lictor permission`

mod lost;
mod rules;

use axum::http::Method;
use clap::{Args, Subcommand};
use lictor_policy::wire::DEFAULT_PROFILE;
use serde_json::Value;

use crate::cli::remote::client::{Answer, Client, Condition, encoded};
use crate::cli::remote::permission::lost::lost;
use crate::cli::remote::permission::rules::{Rules, SomeRules};
use crate::cli::remote::{Limit, Unknown, changes};
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
    /// Show all of a profile.
    List {
        #[command(flatten)]
        profile: Profile,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show that of a model.
    Show {
        /// Odoo's name of the model.
        model: String,
        #[command(flatten)]
        profile: Profile,
    },
    /// Make or replace that of a model: what is not given is closed. Asks before it takes anything away.
    Put {
        /// Odoo's name of the model, such as res.partner.
        model: String,
        #[command(flatten)]
        profile: Profile,
        #[command(flatten)]
        rules: Box<Rules>,
        #[command(flatten)]
        unknown: Unknown,
        #[command(flatten)]
        consent: Consent,
    },
    /// Change that of a model, or make it: what is not given stays. In a list, +name adds and -name takes away; without
    /// signs it is the whole list.
    Update {
        /// Odoo's name of the model, such as res.partner.
        model: String,
        #[command(flatten)]
        profile: Profile,
        #[command(flatten)]
        rules: Box<SomeRules>,
        #[command(flatten)]
        unknown: Unknown,
    },
    /// Delete that of a model: keys of the profile may do nothing to it from now on.
    Delete {
        /// Odoo's name of the model.
        model: String,
        #[command(flatten)]
        profile: Profile,
        #[command(flatten)]
        consent: Consent,
    },
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

/// The profile that a permission belongs to.
#[derive(Debug, Args)]
pub struct Profile {
    /// The profile; left out, that of keys that name none.
    #[arg(long, default_value = DEFAULT_PROFILE)]
    profile: String,
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { profile: Profile { profile }, limit } => {
            let mut listing = client.list(&collection(&profile), &[], limit.records()).await?;
            if client.output == Output::Text {
                listing.items.iter_mut().for_each(|item| item[FIELDS] = shown(&item["fields"]).into());
            }
            print::list(client.output, listing, &COLUMNS)
        }
        Command::Show { model, profile: Profile { profile } } => {
            print::record(client.output, &client.get(&path(&profile, &model)).await?.json)
        }
        Command::Put { model, profile: Profile { profile }, rules, unknown, consent } => {
            let (path, rules) = (path(&profile, &model), rules.body());
            let state = match client.get(&path).await {
                Err(Failure { exit: Exit::NotFound, .. }) => Condition::New,
                Err(failure) => return Err(failure),
                Ok(Answer { json, etag }) => {
                    let lost = lost(&json, &rules);
                    if !lost.is_empty() {
                        print::note(&format!("Not in what is given, and taken away:\n{}", lost.join("\n")));
                        consent.ask("`lictor permission update` keeps what is not given. Take it away?")?;
                    }
                    etag.map_or(Condition::Any, Condition::Unchanged)
                }
            };
            print::record(
                client.output,
                &client.send(Method::PUT, &unknown.path(&path), Some(&rules), &state).await?.json,
            )
        }
        Command::Update { model, profile: Profile { profile }, rules, unknown } => {
            let path = path(&profile, &model);
            let (method, now, state) = match client.get(&path).await {
                Ok(Answer { json, etag }) => (Method::PATCH, json, etag.map_or(Condition::Any, Condition::Unchanged)),
                // All was closed, so that what is given is all that it allows.
                Err(Failure { exit: Exit::NotFound, .. }) => (Method::PUT, Value::Null, Condition::New),
                Err(failure) => return Err(failure),
            };
            let body = changes(rules.body(&now)?)?;
            print::record(client.output, &client.send(method, &unknown.path(&path), Some(&body), &state).await?.json)
        }
        Command::Delete { model, profile: Profile { profile }, consent } => {
            let path = path(&profile, &model);
            client
                .delete(
                    &path,
                    consent,
                    &format!("Keys of {profile} may do nothing to {model} from then on. Delete the permission?"),
                )
                .await
        }
    }
}

fn collection(profile: &str) -> String {
    if profile == DEFAULT_PROFILE {
        "permissions".to_owned()
    } else {
        format!("profiles/{}/permissions", encoded(profile))
    }
}

/// The path of a permission.
pub(crate) fn path(profile: &str, model: &str) -> String {
    format!("{}/{}", collection(profile), encoded(model))
}
