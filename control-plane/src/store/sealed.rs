//! Every column that holds what the master key has sealed, once; and sealing all of it with another master key.

use sqlx::AssertSqlSafe;

use crate::secrets::vault::Vault;
use crate::store::audit::chain;
use crate::store::engine::row::Columns as _;
use crate::store::proof::start;
use crate::store::{ChangeTx, Meta, StoreError};

/// Rows that are in memory at once.
const PAGE: i64 = 500;

/// A column with sealed texts. Each is sealed for `table/id/column`, so that no row can be given another row's.
struct SealedColumn {
    table: &'static str,
    column: &'static str,
    /// For the one row of a table that has no ids.
    owner: Option<&'static str>,
}

/// A test holds this list against what the code seals.
const SEALED: [SealedColumn; 5] = [
    SealedColumn { table: "users", column: "upstream_secret", owner: None },
    SealedColumn { table: "webhooks", column: "secret", owner: None },
    SealedColumn { table: "outbox", column: "sealed", owner: None },
    SealedColumn { table: "links", column: "sealed", owner: None },
    SealedColumn { table: "audit_chain", column: "signing_key", owner: Some(chain::OWNER) },
];

/// The columns, as `table.column`.
pub fn columns() -> Vec<String> {
    // That of `meta` is made anew with each revision.
    let others = SEALED.iter().map(|SealedColumn { table, column, .. }| format!("{table}.{column}"));
    others.chain(["meta.proof".to_owned()]).collect()
}

/// Seals everything with another master key, which is the database's from then on. Says how many texts that were.
pub async fn seal_anew(tx: &mut ChangeTx, old: &Vault, new: &Vault) -> Result<u64, StoreError> {
    Meta::load(tx).await?.check_master_key(old.key_id())?;
    let unproven = start::unproven(tx).await?;
    let mut count = 0;
    for SealedColumn { table, column, owner } in SEALED {
        let key = if owner.is_some() { "CAST(one AS TEXT)" } else { "id" };
        let select = format!(
            "SELECT {key} AS id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL AND {key} > $1 \
             ORDER BY {key} LIMIT {PAGE}"
        );
        let update = format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1");
        let mut after = String::new();
        loop {
            let page =
                sqlx::query(AssertSqlSafe(select.as_str())).bind(after.as_str()).fetch_all(tx.connection()).await?;
            let Some(last) = page.last() else { break };
            after = last.text("id")?;
            for row in &page {
                let id = row.text("id")?;
                let owner = owner.map_or_else(|| format!("{table}/{id}/{column}"), str::to_owned);
                let sealed = new.seal(&old.open(&row.sealed("sealed")?, &owner)?, &owner)?;
                sqlx::query(AssertSqlSafe(update.as_str()))
                    .bind(id)
                    .bind(sealed.text())
                    .execute(tx.connection())
                    .await?;
                count += 1;
            }
        }
    }
    sqlx::query("UPDATE meta SET master_key_id = $1 WHERE one = 1").bind(new.key_id()).execute(tx.connection()).await?;
    start::prove_anew(tx, new, &unproven).await?;
    Ok(count)
}
