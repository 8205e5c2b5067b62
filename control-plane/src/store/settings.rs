//! The one row of settings.

use super::row::{Columns as _, json};
use super::{ChangeTx, Connection, Revision, StoreError};
use crate::settings::Settings;

/// The settings, and the revision that last changed them.
pub async fn load(connection: &mut Connection) -> Result<(Settings, Revision), StoreError> {
    let row = sqlx::query("SELECT body, changed FROM settings WHERE one = 1").fetch_one(connection).await?;
    let settings: Settings = row.json("body")?;
    Ok((settings.of_today(), Revision(row.number("changed")?)))
}

/// Replaces the settings.
pub async fn save(tx: &mut ChangeTx, settings: &Settings) -> Result<(), StoreError> {
    let changed = tx.revision().column();
    sqlx::query("UPDATE settings SET body = $1, changed = $2 WHERE one = 1")
        .bind(json(settings)?)
        .bind(changed)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Makes the row, if it is not there.
pub(super) async fn insert(connection: &mut Connection, settings: &Settings) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO settings (one, body, changed) VALUES (1, $1, 0) ON CONFLICT (one) DO NOTHING")
        .bind(json(settings)?)
        .execute(connection)
        .await?;
    Ok(())
}
