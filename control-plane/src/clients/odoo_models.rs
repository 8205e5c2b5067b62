//! Asks Odoo what a model's fields are, as one of its users sees them.

use lictor_policy::secret::Secret;
use serde_json::{Value, json};

use crate::clients::odoo::{Odoo, OdooError, Uid};
use crate::domain::schema::answer::{ATTRIBUTES, Answer};

/// Bytes that the description of a model may have: the largest of an Odoo with everything installed has 300,000.
const MAX_DESCRIPTION_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a yes or no, or of a traceback that nobody reads.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A user of Odoo, who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The Odoo database.
    pub database: String,
    /// The id of the user.
    pub uid: Uid,
    /// The password or API key.
    pub secret: Secret,
}

impl Odoo {
    /// The fields of a model that the user may see. No right on the model is needed for that.
    ///
    /// # Errors
    /// [`OdooError::NoModel`] if this Odoo does not have the model.
    pub async fn fields_of(&self, asker: &Asker, model: &str) -> Result<Answer, OdooError> {
        let args = json!([false, ATTRIBUTES]);
        self.execute(asker.call(model, "fields_get", &args), MAX_DESCRIPTION_BYTES).await
    }

    /// Whether the user may read any record of a model.
    ///
    /// # Errors
    /// As [`Odoo::fields_of`].
    pub async fn may_read(&self, asker: &Asker, model: &str) -> Result<bool, OdooError> {
        self.execute(asker.call(model, "has_access", &json!([[], "read"])), MAX_ANSWER_BYTES).await
    }
}

impl Asker {
    fn call(&self, model: &str, method: &str, args: &Value) -> Value {
        json!([self.database, self.uid.0, self.secret.expose(), model, method, args])
    }
}
