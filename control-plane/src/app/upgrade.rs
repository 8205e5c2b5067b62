//! What a database of a version before still needs at the start of this one, beside its migrations.

use serde_json::json;

use crate::store::{ChangeTx, Entry, Store, StoreError, permissions};

/// Ends `cross_model_reads`, with a row of the administrators' log that names the models.
///
/// # Errors
/// The database's.
pub(crate) async fn upgrade(store: &Store) -> Result<(), StoreError> {
    if permissions::has_cross_model_reads(&mut *store.read().await?).await? {
        let mut tx = ChangeTx::begin(store).await?;
        let models = permissions::end_cross_model_reads(&mut tx).await?;
        tracing::warn!(
            ?models,
            "cross_model_reads is gone: these models' permissions want `paths` for what they read of others"
        );
        let (action, object) = ("permission.end_cross_model_reads", "permissions".to_owned());
        let difference = json!({"models": models});
        tx.commit(&Entry { actor: "system".to_owned(), action, object, difference }).await?;
    }
    Ok(())
}
