//! Users whose upstream credential Odoo may have refused.

use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, StoreError, WriteTx};

/// A user whose credential is to be tried.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// The user's id.
    pub user_id: String,
    /// When the last call was stored that made it suspect.
    since: Moment,
}

/// Takes note of a user.
pub async fn put(tx: &mut WriteTx, user_id: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO suspects (user_id, since, not_before) VALUES ($1, $2, 0) \
         ON CONFLICT (user_id) DO UPDATE SET since = excluded.since",
    )
    .bind(user_id)
    .bind(saturating_i64(tx.now().0))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether there is a user to try.
pub async fn any(connection: &mut Connection, now: Moment) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT user_id FROM suspects WHERE not_before <= $1 LIMIT 1").bind(saturating_i64(now.0));
    Ok(query.fetch_optional(connection).await?.is_some())
}

/// The next user to try, whom nobody else will try until then.
pub async fn claim(tx: &mut WriteTx, until: Moment) -> Result<Option<Suspect>, StoreError> {
    let row = sqlx::query(
        "UPDATE suspects SET not_before = $2 WHERE user_id = \
         (SELECT user_id FROM suspects WHERE not_before <= $1 ORDER BY not_before, user_id LIMIT 1) \
         RETURNING user_id, since",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(saturating_i64(until.0))
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Ok(Suspect { user_id: row.text("user_id")?, since: row.moment("since")? })).transpose()
}

/// Clears a user that was tried, unless it has become suspect again meanwhile.
pub async fn clear(tx: &mut WriteTx, suspect: &Suspect) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM suspects WHERE user_id = $1 AND since = $2")
        .bind(suspect.user_id.as_str())
        .bind(saturating_i64(suspect.since.0))
        .execute(tx.connection())
        .await?;
    Ok(())
}
