//! Links to pages that show a key once.

use crate::domain::time::Moment;
use crate::secrets::stored::Sealed;
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::proof::rows;
use crate::store::proof::tables::LINKS;
use crate::store::{ChangeTx, Connection, StoreError, WriteTx};

/// A link.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// The key that it shows.
    pub key_id: String,
    /// The key sealed for [`owner`]; none once it was shown, or was not to be shown any more.
    pub sealed: Option<Sealed>,
    /// From this moment on it shows nothing.
    pub expires_at: Moment,
    /// When it showed the key.
    pub opened_at: Option<Moment>,
}

/// To whom the key of a link is sealed.
pub fn owner(id: &str) -> String {
    format!("links/{id}/sealed")
}

/// Makes a link. Its token is not kept, only the hash.
pub async fn insert(tx: &mut ChangeTx, link: &Link, hash: &str) -> Result<(), StoreError> {
    let columns = vec![
        ("id", link.id.as_str().into()),
        ("hash", hash.into()),
        ("key_id", link.key_id.as_str().into()),
        ("sealed", link.sealed.as_ref().map(Sealed::text).into()),
        ("expires_at", link.expires_at.into()),
    ];
    rows::insert(tx, &LINKS, columns).await
}

/// The link whose token has this hash.
pub async fn find(connection: &mut Connection, hash: &str) -> Result<Option<Link>, StoreError> {
    let row = sqlx::query("SELECT * FROM links WHERE hash = $1").bind(hash).fetch_optional(&mut *connection).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Link {
            id: row.text("id")?,
            key_id: row.text("key_id")?,
            sealed: row.optional_sealed("sealed")?,
            expires_at: row.moment("expires_at")?,
            opened_at: row.optional_moment("opened_at")?,
        })
    };
    row.map(|row| read(&connection.genuine(&LINKS, row)?)).transpose()
}

/// Takes the key out of a link, as it is shown.
pub async fn open(tx: &mut ChangeTx, id: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE links SET sealed = NULL, opened_at = $2 WHERE id = $1")
        .bind(id)
        .bind(saturating_i64(tx.now().0))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Takes the key out of the links to it.
pub async fn kill_secret(tx: &mut ChangeTx, key_id: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE links SET sealed = NULL WHERE key_id = $1 AND sealed IS NOT NULL")
        .bind(key_id)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Takes the keys out of all links: none shows anything any more.
pub async fn kill_secrets(tx: &mut ChangeTx) -> Result<(), StoreError> {
    sqlx::query("UPDATE links SET sealed = NULL WHERE sealed IS NOT NULL").execute(tx.connection()).await?;
    Ok(())
}

/// Removes links that have ended. Says how many.
pub async fn delete_ended(tx: &mut WriteTx, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(saturating_i64(tx.now().0))
    .bind(i64::from(limit))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected())
}
