//! The links that seal the audit log.

use lictor_policy::secret::Secret;
use sqlx::any::AnyRow;

use crate::domain::audit_chain::{Body, Cut, Link};
use crate::domain::signing::{Digest, GENESIS, PublicKey, Signer};
use crate::secrets::stored::Sealed;
use crate::secrets::vault::{Vault, VaultError};
use crate::store::engine::row::{Columns as _, saturating_i64};
use crate::store::{Connection, Store, StoreError, WriteTx};

/// What the sealed key of the signatures belongs to in a database whose rows prove themselves.
pub(crate) const OWNER: &str = "audit_chain/signing_key/proofs";
/// And in one of a version before. Who has no such database of the past cannot make one of a present one.
const OWNER_BEFORE_PROOFS: &str = "audit_chain/signing_key";

/// How far the chain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The number of the last link; 0 of an empty chain.
    pub links: u64,
    /// The last position.
    pub positions: u64,
    /// The hash of the last link.
    pub hash: Digest,
}

/// How far the chain goes.
pub async fn state(connection: &mut Connection) -> Result<Chain, StoreError> {
    let row = sqlx::query("SELECT links, positions, hash FROM audit_chain WHERE one = 1").fetch_one(connection).await?;
    Ok(Chain { links: row.number("links")?, positions: row.number("positions")?, hash: digest(&row, "hash")? })
}

/// Adds a link behind the chain as it is.
pub async fn append(tx: &mut WriteTx, chain: &Chain, body: Body) -> Result<(), StoreError> {
    let link = tx.keys()?.signer.link(chain.links + 1, tx.now(), chain.positions + 1, body, chain.hash);
    sqlx::query(
        "INSERT INTO audit_links (number, kind, at, first, body, previous, hash, signature) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(saturating_i64(link.number))
    .bind(link.body.kind())
    .bind(saturating_i64(link.at.0))
    .bind(saturating_i64(link.first))
    .bind(link.body.text())
    .bind(link.previous.to_string())
    .bind(link.hash.to_string())
    .bind(link.signature.as_str())
    .execute(tx.connection())
    .await?;
    sqlx::query("UPDATE audit_chain SET links = $1, positions = $2, hash = $3 WHERE one = 1")
        .bind(saturating_i64(link.number))
        .bind(saturating_i64(link.last()))
        .bind(link.hash.to_string())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A link as the database holds it.
#[derive(Clone, Debug)]
pub enum StoredLink {
    /// One that can be read.
    Link(Link),
    /// One with this number that Lictor did not write so.
    Unreadable(u64),
}

fn read(row: &AnyRow) -> Result<StoredLink, StoreError> {
    let number = row.number("number")?;
    let link = || -> Result<Link, StoreError> {
        let body = Body::parse(&row.text("kind")?, &row.text("body")?);
        Ok(Link {
            number,
            at: row.moment("at")?,
            first: row.number("first")?,
            body: body.ok_or_else(|| StoreError::Column("body".to_owned()))?,
            previous: digest(row, "previous")?,
            hash: digest(row, "hash")?,
            signature: row.text("signature")?,
        })
    };
    match link() {
        Ok(link) => Ok(StoredLink::Link(link)),
        Err(StoreError::Column(_)) => Ok(StoredLink::Unreadable(number)),
        Err(error) => Err(error),
    }
}

fn digest(row: &AnyRow, name: &str) -> Result<Digest, StoreError> {
    row.text(name)?.parse().map_err(|_| StoreError::Column(name.to_owned()))
}

/// Links after a number, in their order.
pub async fn links_after(connection: &mut Connection, after: u64, limit: i64) -> Result<Vec<StoredLink>, StoreError> {
    let rows = sqlx::query("SELECT * FROM audit_links WHERE number > $1 ORDER BY number LIMIT $2")
        .bind(saturating_i64(after))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// The last link.
pub async fn last_link(connection: &mut Connection) -> Result<Option<StoredLink>, StoreError> {
    let row = sqlx::query("SELECT * FROM audit_links ORDER BY number DESC LIMIT 1").fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// What retention has said last that it deletes, if a genuine link says so.
pub async fn last_cut(connection: &mut Connection, key: &PublicKey) -> Result<Option<Cut>, StoreError> {
    let row = sqlx::query("SELECT * FROM audit_links WHERE kind = 'cut' ORDER BY number DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    match row.as_ref().map(read).transpose()? {
        Some(StoredLink::Link(link)) if link.is_genuine(key) => match link.body {
            Body::Cut(cut) => Ok(Some(cut)),
            Body::Rows(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

/// For what the signing key is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// A database of a version that did not prove rows.
    BeforeProofs,
    /// Any other.
    WithProofs,
}

/// What signs; made with the database and sealed with its master key.
pub(crate) async fn signer(tx: &mut WriteTx, vault: &Vault) -> Result<(Signer, Kept), StoreError> {
    let (seed, kept) = match sealed_signing_key(tx).await? {
        Some(sealed) => opened(vault, &sealed)?,
        None => {
            let seed = Signer::generate().map_err(VaultError::from)?;
            sqlx::query("INSERT INTO audit_chain (one, links, positions, hash, signing_key) VALUES (1, 0, 0, $1, $2)")
                .bind(GENESIS.to_string())
                .bind(sealed(vault, &seed)?.text())
                .execute(tx.connection())
                .await?;
            (seed, Kept::WithProofs)
        }
    };
    Ok((parsed(&seed)?, kept))
}

/// Says for good that the database's rows prove themselves.
pub(crate) async fn seal_for_proofs(tx: &mut WriteTx, vault: &Vault) -> Result<(), StoreError> {
    let Some(sealed) = sealed_signing_key(tx).await? else { return Ok(()) };
    let (seed, _) = opened(vault, &sealed)?;
    let query = sqlx::query("UPDATE audit_chain SET signing_key = $1 WHERE one = 1");
    query.bind(self::sealed(vault, &seed)?.text()).execute(tx.connection()).await?;
    Ok(())
}

/// The same of a database that has a chain; none of another.
pub(crate) async fn existing_signer(
    connection: &mut Connection,
    vault: &Vault,
) -> Result<Option<(Signer, Kept)>, StoreError> {
    let Some(sealed) = sealed_signing_key(connection).await? else { return Ok(None) };
    let (seed, kept) = opened(vault, &sealed)?;
    Ok(Some((parsed(&seed)?, kept)))
}

impl Store {
    /// What checks signatures of a database that has a chain; none of another.
    pub async fn existing_audit_signer(&self, vault: &Vault) -> Result<Option<Signer>, StoreError> {
        Ok(existing_signer(&mut *self.read().await?, vault).await?.map(|(signer, _)| signer))
    }
}

async fn sealed_signing_key(connection: &mut Connection) -> Result<Option<Sealed>, StoreError> {
    let row = sqlx::query("SELECT signing_key FROM audit_chain WHERE one = 1").fetch_optional(connection).await?;
    row.map(|row| row.sealed("signing_key")).transpose()
}

fn sealed(vault: &Vault, seed: &Secret) -> Result<Sealed, StoreError> {
    Ok(vault.seal(seed, OWNER)?)
}

fn opened(vault: &Vault, sealed: &Sealed) -> Result<(Secret, Kept), StoreError> {
    match vault.open(sealed, OWNER) {
        Err(VaultError::Damaged) => Ok((vault.open(sealed, OWNER_BEFORE_PROOFS)?, Kept::BeforeProofs)),
        opened => Ok((opened?, Kept::WithProofs)),
    }
}

fn parsed(seed: &Secret) -> Result<Signer, StoreError> {
    Signer::parse(seed).ok_or_else(|| StoreError::Column("signing_key".to_owned()))
}
