//! Makes tokens of accounts.

use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::problem::{Problem, Result};
use crate::secrets::random;
use crate::store::ChangeTx;
use crate::store::tokens::{self, Token};

/// A token with its text: shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedToken")]
pub struct Issued {
    /// The record.
    #[serde(flatten)]
    pub record: Token,
    /// The text.
    pub token: Secret,
}

/// Makes the token of a record.
pub async fn issue(tx: &mut ChangeTx, record: Token) -> Result<Issued> {
    let token = random::Token::of_account().map_err(Problem::internal)?;
    tokens::insert(tx, &record, &token.hash()).await?;
    Ok(Issued { record, token: Secret::new(token.expose()) })
}
