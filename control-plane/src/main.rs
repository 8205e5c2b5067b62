//! `lictor`: the program of the control plane.

use lictor_control_plane::app::first_admin;
use lictor_control_plane::app::gates;
use lictor_control_plane::tasks::presence;
use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{CommandFactory as _, Parser as _};
use lictor_control_plane::api::router;
use lictor_control_plane::app::App;
use lictor_control_plane::app::first_admin::FirstAdmin;
use lictor_control_plane::cli::args::{Command, Config, Docs, DocsPage};
use lictor_control_plane::cli::master_key;
use lictor_control_plane::cli::options::{Init, Restore, RotateMasterKey, Serve, Smtp, Storage};
use lictor_control_plane::cli::terminal::print::Output;
use lictor_control_plane::cli::{database, docs, remote};
use lictor_control_plane::clients::odoo::Odoo;
use lictor_control_plane::clients::smtp::{self, Mailer};
use lictor_control_plane::domain::actor::Actor;
use lictor_control_plane::http::listen::{self, Bounds};
use lictor_control_plane::http::tls::Tls;
use lictor_control_plane::secrets::vault::Vault;
use lictor_control_plane::store::Store;
use lictor_control_plane::tasks::{credentials, jobs, live_gates, proofs, publisher};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long requests under way may take once the service is to end.
const GRACE: Duration = Duration::from_secs(10);
/// Connections that one address may have to the gates' listener: a gate has one for each call that waits for its intent, and
/// behind control-plane.yaml all gates have one address.
const GATE_CONNECTIONS_PER_ADDRESS: usize = 512;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    tracing_subscriber::fmt().with_max_level(config.log).with_writer(std::io::stderr).with_ansi(false).init();
    let done = match config.command {
        Command::Init(init) => run_init(init).await,
        Command::Serve(serve) => run_serve(serve).await,
        Command::Backup(backup) => database::back_up(&backup.database.database_url, &backup.file).await,
        Command::Restore(restore) => run_restore(restore).await,
        Command::RotateMasterKey(rotation) => run_rotation(rotation).await,
        Command::AcceptRows(storage) => run_acceptance(storage).await,
        Command::Remote(noun) => return remote::run(noun, Config::command()).await.into(),
        Command::Docs(Docs { page: DocsPage::Roles }) => print(&docs::roles()),
        Command::Docs(Docs { page: DocsPage::Settings }) => print(&docs::settings()),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // One line that says what to do: a backtrace helps nobody who starts a service.
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

async fn run_init(init: Init) -> Result<()> {
    // Nobody is asked for anything: the Odoo is named when the service starts.
    let app = open(&init.storage, Odoo::at("http://localhost")?).await?;
    let admin = if init.another_admin {
        first_admin::another_admin(&app).await.map_err(told)?
    } else if let Some(admin) = first_admin::first_admin(&app).await.map_err(told)? {
        admin
    } else {
        bail!("the database is initialised already: nothing was changed")
    };
    // First, as the token of the administrator is shown only now, whatever becomes of the gate.
    print_admin(&admin, &init)?;
    if let (Some(name), Some(file)) = (&init.gate, &init.gate_token_file) {
        let issued = gates::issue(&app, &Actor::system(), name.clone()).await.map_err(told)?;
        master_key::write_gate_token(file, &issued.token)
            .with_context(|| format!("--gate-token-file {}", file.display()))?;
    }
    app.store.close().await;
    Ok(())
}

async fn run_restore(restore: Restore) -> Result<()> {
    let url = &restore.storage.database.database_url;
    let vault = master_key(&restore.storage, Some("of the backup"))?;
    let done = match &restore.file {
        Some(file) => database::restore(url, file, restore.replace, &vault).await?,
        None => database::adopt(url, &vault).await?,
    };
    let changed = done.last_change.map_or_else(|| "never".to_owned(), |moment| moment.to_string());
    print(&format!(
        "Restored. The last change was made {changed}; what was changed after it is lost.\n\
         {} keys may be used, among them all that were revoked after it: revoke those again, or pause all calls, as soon \
         as the service runs.\n",
        done.active_keys
    ))
}

async fn run_acceptance(storage: Storage) -> Result<()> {
    let vault = master_key(&storage, Some("in use"))?;
    let accepted = database::accept_rows(&storage.database.database_url, &vault).await?;
    let mut page = String::new();
    for (table, accepted) in accepted.iter().filter(|(_, accepted)| accepted.unproven > 0) {
        let _ = fmt::Write::write_fmt(
            &mut page,
            format_args!("{table}: {} rows were accepted: {}\n", accepted.unproven, accepted.named.join(", ")),
        );
    }
    let rows: u64 = accepted.values().map(|accepted| accepted.rows).sum();
    print(&format!("{page}{rows} rows prove themselves as they are now.\n"))
}

async fn run_rotation(rotation: RotateMasterKey) -> Result<()> {
    let storage = &rotation.storage;
    let url = &storage.database.database_url;
    let old = master_key(storage, Some("in use"))?;
    let path = &rotation.new_master_key_file;
    let place = || format!("--new-master-key-file {}", path.display());
    let key = match master_key::read_master_key(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => master_key::make_master_key(path),
        read => read,
    };
    let new = Vault::parse(&key.with_context(place)?).with_context(place)?;
    print(&match database::rotate_master_key(url, &old, &new).await? {
        Some(sealed) => format!(
            "{sealed} secrets are sealed with the master key {} now. Start the service with --master-key-file {}; keep \
             the old key for as long as you keep backups from before.\n",
            new.key_id(),
            path.display()
        ),
        None => "The database has this master key already: nothing was changed.\n".to_owned(),
    })
}

async fn run_serve(serve: Serve) -> Result<()> {
    let [api_tls, gate_tls] = match serve.tls_files() {
        Some([api, gate]) => [Some(Tls::load(api)?), Some(Tls::load(gate)?)],
        None => [None, None],
    };
    let api = TcpListener::bind(serve.listen).await.with_context(|| format!("--listen {}", serve.listen))?;
    let gate = TcpListener::bind(serve.gate_listen).await;
    let gate = gate.with_context(|| format!("--gate-listen {}", serve.gate_listen))?;
    let odoo = Odoo::at(&serve.odoo_url).context("--odoo-url")?;
    let claim = Store::claim(&serve.storage.database.database_url).context("--database-url")?;
    let app = open(&serve.storage, odoo).await?;
    if let Some(host) = &serve.smtp.smtp_host {
        let _ = app.mailer.set(mailer(host, &serve.smtp)?);
    } else {
        tracing::warn!("no --smtp-host: mail waits in the outbox until there is one");
    }
    if let Some(admin) = first_admin::first_admin(&app).await.map_err(told)? {
        // To standard output and not to the log: logs are collected and kept.
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "First start. The token of the account '{}', shown only now: {}",
            admin.name,
            admin.token.expose()
        )?;
        out.flush()?;
    }
    let mut publisher = tokio::spawn(publisher::run(app.clone()));
    let replicas = tokio::spawn(publisher::hear_replicas(app.clone()));
    let presence = tokio::spawn(presence::keep_presence(app.clone()));
    let upkeep = tokio::spawn(live_gates::run(app.clone()));
    let credentials = tokio::spawn(credentials::run(app.clone()));
    let checks = tokio::spawn(credentials::keep_checking(app.clone()));
    let jobs = tokio::spawn(jobs::runner::run(app.clone()));
    let alerts = tokio::spawn(lictor_control_plane::tasks::alerts::run(app.clone()));
    let outbox = tokio::spawn(lictor_control_plane::tasks::outbox::run(app.clone()));
    let proofs = tokio::spawn(proofs::run(app.clone()));
    let tls = api_tls.is_some();
    let (api_tls, gate_tls) = (kept_current(api_tls), kept_current(gate_tls));
    let connections_per_address = usize::from(serve.connections_per_address);
    tracing::info!(tls, api = %serve.listen, gates = %serve.gate_listen, odoo = serve.odoo_url, "serving");
    let served = async {
        let serve = |listener, tls, router, connections_per_address| {
            let bounds = Bounds { connections_per_address, ..Bounds::default() };
            listen::serve(listener, tls, router, bounds, app.stopping.subscribe())
        };
        let api = serve(api, api_tls, router::api(&app), connections_per_address);
        let gate = serve(gate, gate_tls, router::gate(&app), GATE_CONNECTIONS_PER_ADDRESS);
        let ((), (), ended) = tokio::join!(api, gate, end(&app));
        let _ = jobs.await;
        let _ = outbox.await;
        app.runs.ended().await;
        ended
    };
    tokio::select! {
        served = served => served?,
        () = patience(&app) => tracing::warn!("some connections would not end"),
        ended = &mut publisher => ended??,
    }
    upkeep.abort();
    proofs.abort();
    credentials.abort();
    checks.abort();
    alerts.abort();
    presence.abort();
    replicas.abort();
    publisher.abort();
    app.presence.flush(&app.store).await?;
    app.store.close().await;
    drop(claim);
    tracing::info!("ended");
    Ok(())
}

fn mailer(host: &str, smtp: &Smtp) -> Result<Mailer> {
    let named = |option: &str, file: &Option<PathBuf>| match file {
        Some(file) => format!("{option} {}", file.display()),
        None => option.to_owned(),
    };
    let password = smtp.password().with_context(|| named("--smtp-password-file", &smtp.smtp_password_file))?;
    let server = smtp::Server {
        host: host.to_owned(),
        port: smtp.smtp_port,
        tls: smtp.smtp_tls,
        from: smtp.smtp_from.clone().unwrap_or_default(),
        user: smtp.smtp_user.clone(),
        password,
    };
    let ca = smtp.smtp_ca_file.as_ref().map(std::fs::read).transpose();
    let ca = ca.with_context(|| named("--smtp-ca-file", &smtp.smtp_ca_file))?;
    Ok(Mailer::new(server, ca.as_deref())?)
}

/// Looks at the files of a listener as long as the program runs.
fn kept_current(tls: Option<Tls>) -> listen::Tls {
    let tls = tls?;
    let current = tls.subscribe();
    tokio::spawn(tls.keep_current());
    Some(current)
}

/// Waits for the signal to end, and tells everybody.
async fn end(app: &App) -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("ending: requests under way are answered, new ones are refused");
    app.stopping.send_replace(true);
    Ok(())
}

/// Ends some time after the signal: a client that never finishes its request must not keep the service alive.
async fn patience(app: &App) {
    let _ = app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    tokio::time::sleep(GRACE).await;
}

async fn open(storage: &Storage, odoo: Odoo) -> Result<App> {
    // The URL may hold a password: no error repeats it.
    let store = Store::open(&storage.database.database_url).await.context("--database-url")?;
    let sealed_with = store.master_key_id().await?;
    let vault = master_key(storage, sealed_with.as_deref())?;
    Ok(App::new(store, vault, odoo).await?)
}

/// The master key from the environment or its file. A file that is not there is made for a new database only: an old
/// one needs the key that it was made with.
fn master_key(storage: &Storage, sealed_with: Option<&str>) -> Result<Vault> {
    if let Some(key) = storage.master_key() {
        return Vault::parse(&key).context("LICTOR_MASTER_KEY");
    }
    let path: &Path = &storage.master_key_file;
    let key = match (master_key::read_master_key(path), sealed_with) {
        (Err(error), None) if error.kind() == ErrorKind::NotFound => master_key::make_master_key(path).inspect(|_| {
            tracing::warn!(path = %path.display(), "made a master key; back it up apart from the database");
        }),
        (Err(error), Some(id)) if error.kind() == ErrorKind::NotFound => {
            bail!("--master-key-file {}: not there; the database needs the master key with the id {id}", path.display())
        }
        (read, _) => read,
    };
    let place = || format!("--master-key-file {}", path.display());
    Vault::parse(&key.with_context(place)?).with_context(place)
}

/// What `init --output json` prints.
#[derive(Serialize)]
struct Initialised<'a> {
    #[serde(flatten)]
    admin: &'a FirstAdmin,
    /// None if the environment holds the key.
    master_key_file: Option<&'a PathBuf>,
}

fn print_admin(admin: &FirstAdmin, init: &Init) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match init.output {
        Output::Json => {
            let master_key_file =
                if init.storage.master_key().is_some() { None } else { Some(&init.storage.master_key_file) };
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

fn print(page: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(page.as_bytes())?;
    Ok(out.flush()?)
}

fn told(problem: lictor_control_plane::domain::problem::Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.detail)
}
