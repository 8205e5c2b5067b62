//! Lines of keys that an administrator has refused from an address for a while.

use lictor_policy::wire::Termination;
use sqlx::any::AnyRow;

use crate::domain::time::Moment;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::TERMINATIONS;
use crate::store::{ChangeTx, Connection, StoreError};

/// Terminations as gates get them.
pub(crate) fn wire(rows: &[AnyRow]) -> Result<Vec<Termination>, StoreError> {
    let read = |row: &AnyRow| {
        Ok(Termination { line: row.text("line")?, client_ip: row.text("client_ip")?, until: row.number("ends_at")? })
    };
    rows.iter().map(read).collect()
}

/// Adds one, or moves the end of the one that is there.
pub async fn put(tx: &mut ChangeTx, termination: &Termination) -> Result<(), StoreError> {
    let Termination { line, client_ip, until } = termination;
    let end = || ("ends_at", saturating_i64(*until).into());
    let bounds = vec![line.into(), client_ip.into()];
    if rows::update(tx, &TERMINATIONS, "line = $1 AND client_ip = $2", bounds, vec![end()]).await?.is_empty() {
        rows::insert(tx, &TERMINATIONS, vec![("line", line.into()), ("client_ip", client_ip.into()), end()]).await?;
    }
    Ok(())
}

/// Removes those that have ended. Says how many.
pub async fn delete_ended(tx: &mut ChangeTx) -> Result<u64, StoreError> {
    let now = tx.now();
    rows::delete(tx, &TERMINATIONS, "ends_at <= $1", vec![now.into()]).await
}

/// How many have ended and are still there.
pub async fn count_ended(connection: &mut Connection, now: Moment) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS ended FROM terminations WHERE ends_at <= $1")
        .bind(saturating_i64(now.0))
        .fetch_one(connection)
        .await?;
    row.number("ended")
}
