//! The first way in: an account of an administrator with its token.

use lictor_policy::secret::Secret;
use serde::Serialize;

use crate::app::App;
use crate::app::change::{Done, change};
use crate::app::tokens::issue;
use crate::domain::actor::{Actor, Role};
use crate::domain::problem::{Code, Problem, Result};
use crate::secrets::random;
use crate::store::accounts::{self, Account};
use crate::store::tokens::Token;

/// The first administrator, or another, with the token that is shown this once.
#[derive(Serialize)]
pub struct FirstAdmin {
    /// The account.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The token's id.
    pub token_id: String,
    /// The token.
    pub token: Secret,
}

/// Makes the first administrator, unless there are accounts.
pub async fn first_admin(app: &App) -> Result<Option<FirstAdmin>> {
    match make_admin(app, "admin".to_owned(), true).await {
        Ok(made) => Ok(Some(made)),
        Err(problem) if problem.code == Code::NameTaken => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Makes an administrator for whoever has lost every way in.
pub async fn another_admin(app: &App) -> Result<FirstAdmin> {
    let name = random::bytes::<4>().map_err(Problem::internal)?;
    make_admin(app, format!("admin-{}", hex::encode(name)), false).await
}

async fn make_admin(app: &App, name: String, first: bool) -> Result<FirstAdmin> {
    change(app, &Actor::system(), async |tx| {
        if first && !accounts::list(tx, "", 1).await?.is_empty() {
            return Err(Problem::new(Code::NameTaken, "The database has accounts already."));
        }
        let (role, now) = (Role::Admin, tx.now());
        let account = Account {
            id: random::id(),
            name,
            role,
            active: true,
            has_password: false,
            of_provider: false,
            created_at: now,
            changed: tx.revision(),
        };
        accounts::insert(tx, &account).await?;
        let record = Token {
            id: random::id(),
            account_id: account.id.clone(),
            name: "first".to_owned(),
            role,
            created_at: now,
            expires_at: None,
            of_sign_in: false,
        };
        let issued = issue(tx, record).await?;
        let done = Done::new("account.create", &account.id, None, Some(&account));
        let Account { id: account_id, name, .. } = account;
        Ok((FirstAdmin { account_id, name, role, token_id: issued.record.id, token: issued.token }, done))
    })
    .await
}
