//! `lictor serve`: everything that runs, from its start to its end.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::router;
use crate::app::{App, first_admin};
use crate::cli::master_key::open;
use crate::cli::options::{Serve, Smtp};
use crate::cli::terminal::failure::in_words;
use crate::clients::odoo::Odoo;
use crate::clients::smtp::{self, Mailer};
use crate::http::listen::{self, Bounds};
use crate::http::tls::Tls;
use crate::store::Store;
use crate::tasks::{alerts, credentials, jobs, live_gates, outbox, presence, proofs, publisher};

/// How long requests under way may take once the service is to end.
const GRACE: Duration = Duration::from_secs(10);

/// Connections that one address may have to the gates' listener: a gate has one for each call that waits for its intent, and
/// behind control-plane.yaml all gates have one address.
const GATE_CONNECTIONS_PER_ADDRESS: usize = 512;

pub(crate) async fn run_serve(serve: Serve) -> Result<()> {
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
    if let Some(admin) = first_admin::first_admin(&app).await.map_err(in_words)? {
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
    let alerts = tokio::spawn(alerts::run(app.clone()));
    let outbox = tokio::spawn(outbox::run(app.clone()));
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
