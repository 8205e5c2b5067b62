//! `lictor serve`: everything that runs, from its start to its end.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::api::router;
use crate::app::entrance::Entrance;
use crate::app::{App, first_admin};
use crate::cli::master_key::open;
use crate::cli::options::{Serve, Smtp};
use crate::cli::provider::provider;
use crate::cli::secret_source::SecretSource;
use crate::clients::odoo::Odoo;
use crate::clients::smtp::{self, Mailer};
use crate::domain::validate;
use crate::http::listen::{self, Bounds};
use crate::http::tls::Tls;
use crate::store::Store;
use crate::tasks::{self, Tasks, goes_on_after};

/// How long requests and steps of tasks under way may take once the service is to end.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

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
    let public_url = serve.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    if let Some(url) = &public_url {
        validate::public_url("--public-url", url).context("--public-url")?;
    }
    let oidc = provider(&serve.oidc, public_url.as_deref())?;
    let _ = app.entrance.set(Entrance { public_url, tls: api_tls.is_some(), oidc });
    if let Some(admin) = first_admin::first_admin(&app).await? {
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
    let mut tasks = tasks::start(&app);
    let tls = api_tls.is_some();
    let [api_tls, gate_tls] = [api_tls, gate_tls].map(|tls| kept_current(&app, &mut tasks, tls));
    let connections_per_address = usize::from(serve.connections_per_address);
    tracing::info!(tls, api = %serve.listen, gates = %serve.gate_listen, odoo = serve.odoo_url, "serving");
    let served = async {
        let serve = |listener, tls, router, connections_per_address| {
            let bounds = Bounds { connections_per_address, ..Bounds::default() };
            listen::serve(listener, tls, router, bounds, app.stopping.subscribe())
        };
        let api = serve(api, api_tls, router::api(&app), connections_per_address);
        let gate = serve(gate, gate_tls, router::gate(&app), GATE_CONNECTIONS_PER_ADDRESS);
        let tasks = ended(app.stopping.subscribe(), &mut tasks);
        tokio::try_join!(api.map(Ok), gate.map(Ok), tasks, end(&app))?;
        app.runs.ended().await;
        anyhow::Ok(())
    };
    tokio::select! {
        served = served => served?,
        () = grace_period(&app) => tracing::warn!("some connections or tasks would not end"),
    }
    tasks.shutdown().await;
    app.presence.flush(&app.store).await?;
    app.store.close().await;
    drop(claim);
    tracing::info!("ended");
    Ok(())
}

fn mailer(host: &str, smtp: &Smtp) -> Result<Mailer> {
    let read = |source: SecretSource| source.read().with_context(|| source.with_option("--smtp-password-file"));
    let password = smtp.password().map(read).transpose()?;
    let server = smtp::Server {
        host: host.to_owned(),
        port: smtp.smtp_port,
        tls: smtp.smtp_tls,
        from: smtp.smtp_from.clone().unwrap_or_default(),
        user: smtp.smtp_user.clone(),
        password,
    };
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("--smtp-ca-file {}", path.display()));
    let ca = smtp.smtp_ca_file.as_ref().map(read).transpose()?;
    Ok(Mailer::new(server, ca.as_deref())?)
}

/// Adds a task that looks at the files of a listener.
fn kept_current(app: &App, tasks: &mut Tasks, tls: Option<Tls>) -> listen::Tls {
    let (app, tls) = (app.clone(), tls?);
    let current = tls.subscribe();
    tasks.spawn(async move {
        goes_on_after(&app, tls.keep_current()).await;
        Ok(())
    });
    Some(current)
}

/// Waits until all tasks have ended.
///
/// # Errors
/// A task failed, panicked, or ended before the service was to end. The service ends then, and is started again by whatever
/// started it: one that goes on without, say, its alerts would look as if all were well.
async fn ended(stopping: watch::Receiver<bool>, tasks: &mut Tasks) -> Result<()> {
    while let Some(task) = tasks.join_next().await {
        task.context("a task of the service failed")??;
        ensure!(*stopping.borrow(), "a task of the service ended before the service");
    }
    Ok(())
}

/// Waits for the signal to end, and passes it on.
async fn end(app: &App) -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("ending: requests under way are answered, new ones are refused");
    app.stopping.send_replace(true);
    Ok(())
}

/// Ends some time after the signal: a client that never finishes its request must not keep the service alive.
async fn grace_period(app: &App) {
    let _ = app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    tokio::time::sleep(GRACE_PERIOD).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How waiting for one task ends that ends like this.
    async fn outcome(is_stopping: bool, task: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let (_stop, stopping) = watch::channel(is_stopping);
        let mut tasks = Tasks::new();
        tasks.spawn(task.map(Ok));
        ended(stopping, &mut tasks).await
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_before_the_service_ends_the_service() {
        assert!(outcome(true, async {}).await.is_ok());
        assert!(outcome(false, async {}).await.is_err());
        for is_stopping in [false, true] {
            assert!(outcome(is_stopping, async { panic!("a test") }).await.is_err());
        }
    }
}
