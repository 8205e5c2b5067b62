//! Limits attempts to sign in, against guessed passwords. They are counted in the database, so that all replicas limit
//! together.
//!
//! An attempt counts before the password is looked at and is taken back when it was right: many attempts at once are
//! counted like those that follow each other.

use std::net::IpAddr;
use std::time::Duration;

use lictor_policy::address::network_of;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::domain::problem::{Code, Problem, Result};
use crate::store::sign_in_attempts;

/// How long attempts are counted together.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Wrong passwords for one name from one address.
const OF_PAIR: u32 = 5;
/// From one address, whatever the name: several people behind one address may mistype.
const OF_ADDRESS: u32 = 50;
/// For one name, from wherever: slows who guesses from many addresses. Tokens let their account in all the same.
const OF_NAME: u32 = 100;

/// An attempt that was counted.
pub struct Attempt([(String, u32); 3]);

impl Attempt {
    /// Counts an attempt, or refuses it.
    pub async fn begin(app: &App, name: &str, address: Option<IpAddr>) -> Result<Self> {
        let address = address.map(network_of).map(|address| address.to_string()).unwrap_or_default();
        let buckets = [
            (bucket(&["pair", name, &address]), OF_PAIR),
            (bucket(&["address", &address]), OF_ADDRESS),
            (bucket(&["name", name]), OF_NAME),
        ];
        let mut tx = app.store.write().await?;
        let now = tx.now();
        sign_in_attempts::sweep(&mut tx).await?;
        for (bucket, limit) in &buckets {
            let (attempts, end) = sign_in_attempts::count(&mut tx, bucket, now.plus(WINDOW)).await?;
            if attempts > *limit {
                // Dropped, the transaction counts nothing: who is refused is not kept out for longer.
                return Err(too_many(end.0.saturating_sub(now.0).div_ceil(1_000_000)));
            }
        }
        tx.commit().await?;
        Ok(Self(buckets))
    }

    /// Takes it back: it was right.
    pub async fn succeeded(self, app: &App) -> Result<()> {
        let mut tx = app.store.write().await?;
        for (bucket, _) in &self.0 {
            sign_in_attempts::forgive(&mut tx, bucket).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A hash, as a name may be long, or a password in the wrong place.
fn bucket(parts: &[&str]) -> String {
    hex::encode(Sha256::digest(parts.join("\n")))
}

fn too_many(seconds: u64) -> Problem {
    let detail = format!("Wait {seconds} s before trying again.");
    Problem { retry_after_seconds: Some(seconds), ..Problem::new(Code::TooManyAttempts, detail) }
}
