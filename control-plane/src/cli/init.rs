//! `lictor init`: the database, the first administrator, a gate.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::app::first_admin::{self, FirstAdmin};
use crate::app::gates;
use crate::cli::master_key::{self, open};
use crate::cli::options::Init;
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::print::Output;
use crate::clients::odoo::Odoo;
use crate::domain::actor::Actor;

pub(crate) async fn run_init(init: Init) -> Result<()> {
    // Nobody is asked for anything: the Odoo is named when the service starts.
    let app = open(&init.storage, Odoo::at("http://localhost")?).await?;
    let admin = if init.another_admin {
        first_admin::another_admin(&app).await?
    } else if let Some(admin) = first_admin::first_admin(&app).await? {
        admin
    } else {
        bail!("the database is initialised already: nothing was changed")
    };
    // First, as the token of the administrator is shown only now, whatever becomes of the gate.
    print_admin(&admin, &init)?;
    if let (Some(name), Some(file)) = (&init.gate, &init.gate_token_file) {
        let issued = gates::issue(&app, &Actor::system(), name.clone()).await?;
        master_key::write_gate_token(file, &issued.token)
            .with_context(|| format!("--gate-token-file {}", file.display()))?;
    }
    app.store.close().await;
    Ok(())
}

/// The output of `init --output json`.
#[derive(Serialize)]
struct Initialised<'a> {
    #[serde(flatten)]
    admin: &'a FirstAdmin,
    /// None if the environment holds the key.
    master_key_file: Option<PathBuf>,
}

fn print_admin(admin: &FirstAdmin, init: &Init) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match init.output {
        Output::Json => {
            let master_key_file = match init.storage.master_key() {
                SecretSource::Variable(_) => None,
                SecretSource::File(path) => Some(path),
            };
            let answer = Initialised { admin, master_key_file };
            writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        }
        Output::Text => {
            writeln!(out, "The database is ready.")?;
            writeln!(out, "The token of the account '{}', shown only now: {}", admin.name, admin.token.expose())?;
        }
    }
    Ok(out.flush()?)
}
