//! What statements run on: a connection that knows the keys by which rows prove themselves.
//!
//! The keys travel with the connection, and not as an argument beside it, so that no function can read a policy row and have
//! nothing to check it with.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Either, Execute, Executor, SqlStr};

use crate::secrets::vault::Vault;
use crate::store::StoreError;
use crate::store::proof::Keys;
use crate::store::proof::ledger::Ledger;

type BoxFuture<'e, T> = Pin<Box<dyn Future<Output = T> + Send + 'e>>;
type BoxStream<'e, T> = Pin<Box<dyn Stream<Item = T> + Send + 'e>>;

/// What statements run on.
#[derive(Debug)]
pub struct Connection {
    inner: Inner,
    keys: Option<Arc<Keys>>,
    ledger: Held,
}

/// Where the ledger is.
#[derive(Debug)]
enum Held {
    /// In the database.
    Stored,
    /// A change has it in hand; none if it was not as Lictor left it.
    InHand(Option<Ledger>),
}

#[derive(Debug)]
enum Inner {
    Pooled(PoolConnection<Any>),
    Transaction(sqlx::Transaction<'static, Any>),
}

impl Connection {
    pub(crate) fn pooled(connection: PoolConnection<Any>, keys: Option<Arc<Keys>>) -> Self {
        Self { inner: Inner::Pooled(connection), keys, ledger: Held::Stored }
    }

    pub(crate) fn begun(transaction: sqlx::Transaction<'static, Any>, keys: Option<Arc<Keys>>) -> Self {
        Self { inner: Inner::Transaction(transaction), keys, ledger: Held::Stored }
    }

    /// Makes last what was done in a transaction.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self.inner {
            Inner::Transaction(transaction) => transaction.commit().await,
            Inner::Pooled(_) => Ok(()),
        }
    }

    /// Undoes what was done in a transaction, and waits until it is.
    pub(crate) async fn rollback(self) -> sqlx::Result<()> {
        match self.inner {
            Inner::Transaction(transaction) => transaction.rollback().await,
            Inner::Pooled(_) => Ok(()),
        }
    }

    /// What rows prove themselves with.
    ///
    /// # Errors
    /// [`StoreError::NoMasterKey`] on a store that was opened without one, to look at what is no policy.
    pub(crate) fn keys(&self) -> Result<&Arc<Keys>, StoreError> {
        self.keys.as_ref().ok_or(StoreError::NoMasterKey)
    }

    /// What seals and opens secrets.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn vault(&self) -> Result<&Vault, StoreError> {
        Ok(&self.keys()?.vault)
    }

    pub(crate) fn set_keys(&mut self, keys: Arc<Keys>) {
        self.keys = Some(keys);
    }

    /// The ledger that a change has in hand.
    pub(crate) fn ledger_in_hand(&self) -> Option<Option<&Ledger>> {
        match &self.ledger {
            Held::Stored => None,
            Held::InHand(ledger) => Some(ledger.as_ref()),
        }
    }

    /// Takes the ledger in hand.
    pub(crate) fn take_ledger(&mut self, ledger: Option<Ledger>) {
        self.ledger = Held::InHand(ledger);
    }

    /// Does something to the ledger in hand, if there is one.
    pub(crate) fn in_ledger(&mut self, work: impl FnOnce(&mut Ledger)) {
        if let Held::InHand(Some(ledger)) = &mut self.ledger {
            work(ledger);
        }
    }

    fn raw(&mut self) -> &mut AnyConnection {
        match &mut self.inner {
            Inner::Pooled(connection) => connection,
            Inner::Transaction(transaction) => transaction,
        }
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.raw().fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.raw().fetch_optional(query)
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        self.raw().prepare_with(sql, parameters)
    }
}

/// A connection to read with, given back to the pool when it is dropped.
#[derive(Debug)]
pub struct Reader(pub(crate) Connection);

impl Deref for Reader {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
