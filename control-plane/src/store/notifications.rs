//! What replicas tell each other, by PostgreSQL's notifications: that something has changed, never what.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::store::{Database, Store, StoreError, WriteTx};

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The policy.
    Policy,
    /// Which policies gates run.
    Gates,
}

impl Notification {
    const ALL: [Self; 2] = [Self::Policy, Self::Gates];

    const fn channel(self) -> &'static str {
        match self {
            Self::Policy => "lictor_policy",
            Self::Gates => "lictor_gates",
        }
    }
}

/// Hears what replicas tell.
pub struct Listener(PgListener);

impl Listener {
    /// The next one; that which could not be heard is lost.
    pub async fn next(&mut self) -> Result<Notification, StoreError> {
        loop {
            let heard = self.0.recv().await?;
            if let Some(known) = Notification::ALL.into_iter().find(|known| known.channel() == heard.channel()) {
                return Ok(known);
            }
        }
    }
}

impl Store {
    /// Hears what the replicas, this one too, tell from now on. None where there cannot be others.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        if self.database != Database::Postgres {
            return Ok(None);
        }
        let acquire_timeout = self.readers.options().get_acquire_timeout();
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(acquire_timeout);
        // The connection lives as long as the listener.
        let pool = pool.max_lifetime(None::<Duration>).idle_timeout(None::<Duration>).connect_lazy(&self.url)?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.listen_all(Notification::ALL.map(Notification::channel)).await?;
        Ok(Some(Listener(listener)))
    }
}

/// Tells the replicas when the transaction is committed.
pub(crate) async fn notify_replicas(tx: &mut WriteTx, notification: Notification) -> Result<(), StoreError> {
    if tx.database() == Database::Postgres {
        sqlx::query("SELECT pg_notify($1, '')").bind(notification.channel()).execute(tx.connection()).await?;
    }
    Ok(())
}
