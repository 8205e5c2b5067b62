//! Makes tokens of accounts.

use std::time::Duration;

use lictor_policy::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::problem::{Problem, Result};
use crate::secrets::random;
use crate::store::ChangeTx;
use crate::store::accounts::Account;
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

/// A working day.
pub const SIGN_IN_LASTS: Duration = Duration::from_secs(8 * 3600);

/// Makes the token of somebody who has just shown who they are, with the role of the account, until it ends.
pub async fn sign_in(tx: &mut ChangeTx, account: &Account) -> Result<Issued> {
    tokens::delete_ended_sign_ins(tx).await?;
    let record = Token {
        id: random::id(),
        account_id: account.id.clone(),
        name: "sign-in".to_owned(),
        role: account.role,
        created_at: tx.now(),
        expires_at: Some(tx.now().plus(SIGN_IN_LASTS)),
        of_sign_in: true,
    };
    issue(tx, record).await
}

/// Makes the token of a record.
pub async fn issue(tx: &mut ChangeTx, record: Token) -> Result<Issued> {
    let token = random::Token::of_account().map_err(Problem::internal)?;
    tokens::insert(tx, &record, &token.hash()).await?;
    Ok(Issued { record, token: Secret::new(token.expose()) })
}
