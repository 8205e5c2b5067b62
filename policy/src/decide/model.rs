//! Stage 6: the model must be on the key's list; an empty list allows all.

use crate::call::Call;
use crate::refusal::{Reason, Refusal};
use crate::snapshot::Key;

pub(crate) fn check(key: &Key, call: &Call<'_>) -> Result<(), Refusal> {
    let models = &key.wire.models;
    if models.is_empty() || models.iter().any(|model| *model == call.model) {
        return Ok(());
    }
    Err(Refusal::explained(Reason::ModelDenied, format!("The key's models would have to contain {}.", call.model)))
}
