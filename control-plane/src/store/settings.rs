//! The one row of settings.

use crate::domain::revision::Revision;
use crate::domain::settings::Settings;
use crate::store::engine::row::{Columns as _, json};
use crate::store::proof::ledger::Ledger;
use crate::store::proof::rows::{self, Found};
use crate::store::proof::tables::SETTINGS;
use crate::store::{ChangeTx, Connection, StoreError};

/// The settings, and the revision that last changed them.
///
/// # Errors
/// [`StoreError::Unproven`] if somebody else has changed them, or put older ones back.
pub async fn load(connection: &mut Connection) -> Result<(Settings, Revision), StoreError> {
    let row = sqlx::query("SELECT * FROM settings WHERE one = 1").fetch_one(&mut *connection).await?;
    let row = connection.genuine(&SETTINGS, row)?;
    let ledger = Ledger::load(connection).await?;
    let found = Found::of(connection.keys()?, &SETTINGS, vec![row]);
    match found.genuine.first() {
        Some(row) if found.is_complete(&SETTINGS, ledger.as_ref()) => {
            let settings: Settings = row.json("body")?;
            Ok((settings.of_today(), Revision(row.number("changed")?)))
        }
        _ => Err(StoreError::Unproven { table: SETTINGS.name, row: "1".to_owned() }),
    }
}

/// The settings, or those of a new database if they do not prove themselves. For what must go on in any case and opens
/// nothing: to take rights away, to record, to report.
pub async fn load_or_default(connection: &mut Connection) -> Result<Settings, StoreError> {
    match load(connection).await {
        Ok((settings, _)) => Ok(settings),
        Err(StoreError::Unproven { .. }) => Ok(Settings::default()),
        Err(error) => Err(error),
    }
}

/// Replaces the settings.
pub async fn save(tx: &mut ChangeTx, settings: &Settings) -> Result<(), StoreError> {
    let changes = vec![("body", json(settings)?.into()), ("changed", tx.revision().into())];
    rows::update(tx, &SETTINGS, "one = 1", vec![], changes).await?;
    tx.forget_settings();
    Ok(())
}

/// Makes the row.
pub(crate) async fn insert(tx: &mut ChangeTx, settings: &Settings) -> Result<(), StoreError> {
    let columns = vec![("one", 1.into()), ("body", json(settings)?.into()), ("changed", 0.into())];
    rows::insert(tx, &SETTINGS, columns).await
}
