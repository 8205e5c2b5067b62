//! What a database of a version before still needs at the start of this one, beside its migrations.

use serde_json::json;

use crate::store::users::{self, Refused};
use crate::store::{ChangeTx, Entry, Store, StoreError, permissions, schema};

/// Users that are read at once.
const PAGE: i64 = 500;

/// Ends `cross_model_reads`, with a row of the administrators' log that names the models, and warns once of users whose calls gates
/// refuse since this version: later it is the daily check that tells.
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
    if schema::progress(&mut *store.read().await?).await?.tried_at.is_some() {
        // Not the first start: this version reads the schema as soon as there is a permission.
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let page = users::list(&mut *store.read().await?, &after, PAGE).await?;
        for user in page.iter().filter(|user| user.refused() == Some(Refused::Administrator)) {
            let (user_id, name) = (&user.id, &user.name);
            tracing::warn!(
                user_id,
                name,
                "gates refuse the user's calls, as it is an administrator of Odoo: \
                 `lictor user update {user_id} --privileged` allows it"
            );
        }
        match page.last() {
            Some(last) => after.clone_from(&last.id),
            None => return Ok(()),
        }
    }
}
