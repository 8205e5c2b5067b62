//! `lictor key`

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::remote::client::{Client, Condition, encoded};
use crate::cli::remote::{Limit, Unknown, body, changes, unless_any, user};
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Column};
use crate::domain::time::Moment;

const COLUMNS: [Column; 12] = [
    ("PREFIX", "prefix"),
    ("NAME", "name"),
    ("ACTIVE", "active"),
    ("PROFILES", "profiles"),
    ("SCOPES", "scopes"),
    ("MODELS", "models"),
    ("EXPIRES", "expires_at"),
    ("BEYOND LIFETIME", "beyond_lifetime"),
    ("LAST USED", "last_used_at"),
    ("USES", "use_count"),
    ("USER", "user_id"),
    ("PRIVILEGED", "user_privileged"),
];

/// Commands on keys. KEY is an id or a prefix: the 8 characters after `lct_`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show all, or those of a user, that end soon, or that nobody uses.
    List {
        /// Only keys of this user: an id, a mail address or a name.
        #[arg(long)]
        user: Option<String>,
        /// Only keys that may be used, and end within so many days.
        #[arg(long, value_name = "DAYS")]
        ends_within_days: Option<u32>,
        /// Only keys that may be used, and were not for so many days, or never since they were made.
        #[arg(long, value_name = "DAYS")]
        unused_for_days: Option<u32>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one.
    Show {
        /// An id or a prefix.
        key: String,
    },
    /// Make a key. It alone is printed to standard output, this once.
    Create {
        /// The user that it acts for: an id, a mail address or a name.
        #[arg(long)]
        user: String,
        /// A name for people.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        restrictions: Restrictions,
    },
    /// Change restrictions; what is left out stays.
    Update {
        /// An id or a prefix.
        key: String,
        /// A name for people.
        #[arg(long)]
        name: Option<String>,
        /// Whether it may be used.
        #[arg(long)]
        active: Option<bool>,
        #[command(flatten)]
        restrictions: Restrictions,
    },
    /// Make a new secret for the same key; the old one is refused from now on.
    Regenerate {
        /// An id or a prefix.
        key: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Make another key in its place, with the same restrictions and counters. It alone is printed to standard output.
    Rotate {
        /// An id or a prefix.
        key: String,
        /// Seconds for which the old key stays good; 0 ends it now.
        #[arg(long, value_name = "SECONDS")]
        overlap: u64,
    },
    /// Revoke one for ever.
    Revoke {
        /// An id or a prefix.
        key: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete one.
    Delete {
        /// An id or a prefix.
        key: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// The restrictions of a key.
#[derive(Debug, Args)]
pub struct Restrictions {
    /// Profiles of which one must allow a call whole, such as sales-assistant; `default` for that of keys without any.
    #[arg(long, alias = "profile", value_delimiter = ',', value_name = "PROFILE,…")]
    profiles: Option<Vec<String>>,
    /// Operations that it may do, of read, write, create, delete and call; `any` for all.
    #[arg(long, value_delimiter = ',', value_name = "OPERATION,…")]
    scopes: Option<Vec<String>>,
    /// Models that it may reach, such as res.partner,sale.order; `any` for all.
    #[arg(long, value_delimiter = ',', value_name = "MODEL,…")]
    models: Option<Vec<String>>,
    /// Addresses and networks that it may be used from, such as 192.0.2.7,10.0.0.0/8; `any` for all.
    #[arg(long, value_delimiter = ',', value_name = "NETWORK,…")]
    ips: Option<Vec<String>>,
    /// Calls in any minute, in the place of the general limit; `general` for that one.
    #[arg(long, value_parser = number_or_general, value_name = "CALLS")]
    rate_limit: Option<Value>,
    /// Sessions at once, in the place of the general limit, 0 for no limit; `general` for that one.
    #[arg(long, value_parser = number_or_general, value_name = "SESSIONS")]
    session_limit: Option<Value>,
    /// A day or a moment from which on it is refused, such as 2030-01-31 or 2030-01-31T12:00:00Z; `never` for none.
    #[arg(long, value_parser = moment_or_never, value_name = "WHEN")]
    expires_at: Option<Value>,
    #[command(flatten)]
    unknown: Unknown,
}

impl Restrictions {
    fn fields(self) -> [(&'static str, Option<Value>); 7] {
        [
            ("profiles", self.profiles.map(Value::from)),
            ("scopes", self.scopes.map(unless_any)),
            ("models", self.models.map(unless_any)),
            ("ip_allow_list", self.ips.map(unless_any)),
            ("rate_limit_per_minute", self.rate_limit),
            ("session_limit", self.session_limit),
            ("expires_at", self.expires_at),
        ]
    }
}

fn number_or_general(text: &str) -> Result<Value, String> {
    match text {
        "general" => Ok(Value::Null),
        number => number.parse().map(|number: u32| json!(number)).map_err(|_| "give a number or `general`".to_owned()),
    }
}

/// Null, or a moment as the API writes it.
pub(crate) fn moment_or_never(text: &str) -> Result<Value, String> {
    if text == "never" {
        return Ok(Value::Null);
    }
    let text = if text.len() == "2030-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let moment: Result<Moment, _> = serde_json::from_value(json!(text));
    moment.map(|moment| json!(moment)).map_err(|error| error.to_string())
}

pub(crate) async fn run(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List { user, ends_within_days, unused_for_days, limit } => {
            let mut query = Vec::new();
            if let Some(user) = user {
                query.push(("user_id", user::id(client, &user).await?));
            }
            query.extend(ends_within_days.map(|days| ("ends_within_days", days.to_string())));
            query.extend(unused_for_days.map(|days| ("unused_for_days", days.to_string())));
            print::list(client.output, client.list("keys", &query, limit.records()).await?, &COLUMNS)
        }
        Command::Show { key } => print::record(client.output, &client.get(&path(client, &key).await?).await?.json),
        Command::Create { user, name, restrictions } => {
            let fixed = [("user_id", Some(json!(user::id(client, &user).await?))), ("name", Some(json!(name)))];
            let path = restrictions.unknown.path("keys");
            let made = client.post(&path, &body(fixed.into_iter().chain(restrictions.fields()))).await?;
            print::secret(client.output, &made.json, "key")
        }
        Command::Update { key, name, active, restrictions } => {
            let own = [("name", name.map(Value::from)), ("active", active.map(Value::from))];
            let unknown = restrictions.unknown;
            let patch = changes(body(own.into_iter().chain(restrictions.fields())))?;
            let path = path(client, &key).await?;
            let state = client.state(&path).await?;
            let updated = client.send(Method::PATCH, &unknown.path(&path), Some(&patch), &state).await?;
            print::record(client.output, &updated.json)
        }
        Command::Regenerate { key, consent } => {
            let path = path(client, &key).await?;
            consent.ask(&format!("The old secret of key {key} is refused from now on. Regenerate it?"))?;
            let made = client.send(Method::POST, &format!("{path}/regenerate"), None, &Condition::Any).await?;
            print::secret(client.output, &made.json, "key")
        }
        Command::Rotate { key, overlap } => {
            let path = format!("{}/rotate", path(client, &key).await?);
            let made = client.post(&path, &json!({"overlap_seconds": overlap})).await?;
            print::secret(client.output, &made.json, "key")
        }
        Command::Revoke { key, consent } => {
            let path = path(client, &key).await?;
            consent.ask(&format!("A revoked key stays revoked. Revoke key {key}?"))?;
            let revoked = client.send(Method::POST, &format!("{path}/revoke"), None, &Condition::Any).await?;
            print::record(client.output, &revoked.json)
        }
        Command::Delete { key, consent } => {
            let path = path(client, &key).await?;
            client.delete(&path, consent, &format!("Delete key {key}?")).await
        }
    }
}

async fn path(client: &Client, key: &str) -> Result<String> {
    Ok(format!("keys/{}", id(client, key).await?))
}

/// The id of the key with an id or a prefix.
pub(crate) async fn id(client: &Client, key: &str) -> Result<String> {
    if uuid::Uuid::try_parse(key).is_ok() {
        return Ok(key.to_owned());
    }
    let prefix = key.strip_prefix("lct_").unwrap_or(key);
    if prefix.len() != lictor_policy::key::PREFIX_LENGTH {
        // Not repeated: it may be a whole key.
        return Err(Failure::usage("Name a key by its id, or by its prefix: the 8 characters after `lct_`, no more."));
    }
    let found = client.list("keys", &[("prefix", prefix.to_owned())], 1).await?;
    let id = found.items.first().and_then(|key| key.get("id")).and_then(Value::as_str);
    let absent = || Failure::new(Exit::NotFound, "There is no key with this prefix: `lictor key list` shows all.");
    id.map(encoded).ok_or_else(absent)
}
