//! The commands that use the REST API, one file a noun.

pub(crate) mod account;
pub(crate) mod admin_audit;
pub(crate) mod alert;
pub(crate) mod apply;
pub(crate) mod audit;
pub mod cases;
pub mod client;
pub(crate) mod completions;
pub(crate) mod emergency;
pub(crate) mod explain;
pub(crate) mod gate;
pub(crate) mod job;
pub(crate) mod key;
pub(crate) mod outbox;
pub(crate) mod pause;
pub(crate) mod permission;
pub mod policy;
pub(crate) mod profile;
pub(crate) mod replay;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod suggest;
pub(crate) mod test;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod webhook;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use crate::cli::options::Server;
use crate::cli::remote::client::{Client, encoded};
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print;

/// Commands that ask a running service.
#[derive(Debug, Subcommand)]
pub enum Noun {
    /// Keys of agents: make, restrict, regenerate, revoke.
    Key(Remote<key::Command>),
    /// Permissions: what is allowed on a model.
    Permission(Remote<permission::Command>),
    /// Profiles: named sets of permissions, of which keys name some.
    Profile(Remote<profile::Command>),
    /// What is known of Odoo's models and their fields.
    Schema(Remote<schema::Command>),
    /// Users that keys act for, and their Odoo credentials.
    User(Remote<user::Command>),
    /// The audit log: each call and its outcome.
    Audit(Remote<audit::Command>),
    /// The administrators' log, newest first.
    AdminAudit(Direct<admin_audit::AdminAudit>),
    /// Explain how a gate would decide on a call, check by check.
    Explain(Direct<explain::Explain>),
    /// Write a profile that allows what a key did and tried, as a policy file.
    Suggest(Direct<suggest::Suggest>),
    /// Revoke all keys at once, for ever.
    EmergencyRevoke(Direct<emergency::EmergencyRevoke>),
    /// Stop calls for the time being.
    Pause(Remote<pause::Command>),
    /// Jobs that run by the clock.
    Job(Remote<job::Command>),
    /// Alerts, and what was done about them.
    Alert(Remote<alert::Command>),
    /// The outbox: mails and calls of webhooks, sent and to be sent.
    Outbox(Remote<outbox::Command>),
    /// Webhooks: programs that get alerts.
    Webhook(Remote<webhook::Command>),
    /// Sessions: which key is used from which address.
    Session(Remote<session::Command>),
    /// Settings for all calls.
    Settings(Remote<settings::Command>),
    /// Identities of gates, and which policy each runs.
    Gate(Remote<gate::Command>),
    /// Lictor's own administrators.
    Account(Remote<account::Command>),
    /// API tokens of accounts.
    Token(Remote<token::Command>),
    /// Change the service to what a policy file says.
    Apply(Direct<apply::Apply>),
    /// Show what `apply` would change.
    Diff(Direct<apply::Diff>),
    /// Test a policy file, before it is applied, by calls and the decisions that are wanted.
    Test(Direct<test::Test>),
    /// Show which recorded calls would be decided otherwise, if a policy file were applied.
    Replay(Direct<replay::Replay>),
    /// Write the policy file of what the service has.
    Export(Direct<apply::Export>),
    /// Print what makes a shell complete this command line.
    Completions(completions::Completions),
}

/// A noun with verbs.
#[derive(Debug, Args)]
pub struct Remote<C: Subcommand> {
    /// Where the service is.
    #[command(flatten)]
    pub server: Server,
    /// The command.
    #[command(subcommand)]
    pub command: C,
}

/// A verb of its own.
#[derive(Debug, Args)]
pub struct Direct<A: Args> {
    /// Where the service is.
    #[command(flatten)]
    pub server: Server,
    /// How to do it.
    #[command(flatten)]
    pub command: A,
}

/// How much of a list is shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct Limit {
    /// Show at most so many, over as many pages as it takes.
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

impl Limit {
    fn records(self) -> usize {
        self.limit as usize
    }
}

/// Names that Odoo does not have.
#[derive(Clone, Copy, Debug, Args)]
pub struct Unknown {
    /// Take models, fields and groups that are not known.
    #[arg(long)]
    allow_unknown: bool,
}

impl Unknown {
    /// The path of a request that takes them, or does not.
    fn path(self, path: &str) -> String {
        format!("{path}{}", if self.allow_unknown { "?unknown=allow" } else { "" })
    }
}

/// Does it, and says on standard error why not.
pub async fn run(noun: Noun, command: clap::Command) -> Exit {
    match done(noun, command).await {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message.is_empty() {
                print::note(&format!("error: {}", print::printable(&failure.message)));
            }
            failure.exit
        }
    }
}

async fn done(noun: Noun, command: clap::Command) -> Result<Exit> {
    match noun {
        Noun::Key(noun) => key::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Permission(noun) => permission::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Profile(noun) => profile::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Schema(noun) => schema::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::User(noun) => user::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Audit(noun) => return audit::run(&noun.server, noun.command).await,
        Noun::AdminAudit(noun) => admin_audit::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Explain(noun) => explain::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Suggest(noun) => suggest::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::EmergencyRevoke(noun) => emergency::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Pause(noun) => pause::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Job(noun) => job::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Alert(noun) => alert::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Outbox(noun) => outbox::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Webhook(noun) => webhook::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Session(noun) => session::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Settings(noun) => settings::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Gate(noun) => gate::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Account(noun) => account::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Token(noun) => token::run(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Apply(noun) => apply::apply(&Client::new(&noun.server)?, noun.command).await?,
        Noun::Diff(noun) => {
            // As in diff(1): 1 says that there are differences, so failures are 2 at least.
            return or_trouble(apply::diff(&noun.server, noun.command).await);
        }
        // The same: 1 says that a decision is not as wanted, or would be another.
        Noun::Test(noun) => return or_trouble(test::run(&noun.server, noun.command).await),
        Noun::Replay(noun) => return or_trouble(replay::run(&noun.server, noun.command).await),
        Noun::Export(noun) => apply::export(&Client::new(&noun.server)?).await?,
        Noun::Completions(completions) => completions::run(completions, command)?,
    }
    Ok(Exit::Done)
}

/// Where the status 1 is an answer, a failure is 2 at least.
fn or_trouble(done: Result<Exit>) -> Result<Exit> {
    match done {
        Err(Failure { exit: Exit::Failed, message }) => Err(Failure::usage(message)),
        done => done,
    }
}

/// The options that were given, as the fields of a body.
fn body(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// A body that says what to change: an empty one is a mistake.
fn changes(body: Value) -> Result<Value> {
    if body.as_object().is_none_or(Map::is_empty) {
        return Err(Failure::usage("Nothing to change: give at least one option; --help lists them."));
    }
    Ok(body)
}

/// A list with commas; the word `any` is the empty one, which restricts nothing.
fn unless_any(list: Vec<String>) -> Value {
    if list.len() == 1 && list.first().is_some_and(|word| word == "any") {
        Value::Array(Vec::new())
    } else {
        list.into()
    }
}

/// The id of the one record of a list that has a text in one of some fields. What looks like an id is taken as it is.
async fn id_of(client: &Client, path: &str, noun: &str, fields: &[&str], wanted: &str) -> Result<String> {
    if uuid::Uuid::try_parse(wanted).is_ok() {
        return Ok(wanted.to_owned());
    }
    let all = client.list(path, &[], usize::MAX).await?.items;
    let has = |record: &&Value, field: &str| record.get(field).and_then(Value::as_str) == Some(wanted);
    // The first field that finds something: a mail address that is another one's name means the address.
    let found = fields.iter().map(|field| all.iter().filter(|record| has(record, field)).collect::<Vec<_>>());
    let found = found.into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    let shown = print::printable(wanted);
    match found.as_slice() {
        [one] => Ok(one.get("id").and_then(Value::as_str).map(encoded).unwrap_or_default()),
        [] => {
            Err(Failure::new(Exit::NotFound, format!("There is no {noun} '{shown}': `lictor {noun} list` shows all.")))
        }
        several => {
            let many = several.len();
            Err(Failure::new(Exit::Conflict, format!("There are {many} {noun}s '{shown}': give the id of the one.")))
        }
    }
}
