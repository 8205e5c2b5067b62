//! The runs of jobs that are under way in this process.

use tokio::sync::watch;

/// The runs under way in this process: each holds a receiver.
pub struct Runs(pub(crate) watch::Sender<()>);

impl Default for Runs {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Runs {
    /// Waits until none is under way.
    pub async fn ended(&self) {
        self.0.closed().await;
    }
}
