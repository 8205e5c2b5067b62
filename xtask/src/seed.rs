//! What a first run with the stand-in begins with: a user, some permissions, a key.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::rest::{self, Api};
use crate::state::State;

/// The stand-in's one database and login; tests/standin/odoo.py has the same.
pub const DATABASE: &str = "standin";
/// See [`DATABASE`].
pub const LOGIN: &str = "agent";
/// See [`DATABASE`].
pub const PASSWORD: &str = "agent";

/// The key's.
pub const KEY_NAME: &str = "first key";

/// What MCP servers ask for when they start, and partners. Of users only what one wants to know of oneself: who it is, its
/// language, its time zone and its companies; no permission can say "of one's own record". Of models, modules and companies their
/// names and what they are, and not what Odoo's administrators have to say about them.
const PERMISSIONS: &str = include_str!("../starter-permissions.json");
const KEY_FILE: &str = "standin-key";

/// Makes them, and returns the key; on a later run the key that is kept in the state folder. `secret` is the upstream
/// credential's: a password, or what has the form of an Odoo API key, as JSON-2 needs it. `privileged` is for an upstream that does
/// not say in which groups its user is.
pub fn seed(state: &State, api: &Api, secret: &str, privileged: bool) -> Result<String> {
    if let Some(key) = state.read(KEY_FILE)? {
        return Ok(key);
    }
    let permissions: BTreeMap<String, Value> =
        serde_json::from_str(PERMISSIONS).context("cannot read xtask/starter-permissions.json")?;
    for (model, permission) in &permissions {
        api.json("PUT", &format!("permissions/{model}"), permission)?;
    }
    let upstream = json!({"database": DATABASE, "login": LOGIN, "secret": secret});
    let user =
        api.json("POST", "users", &json!({"name": "Stand-in agent", "upstream": upstream, "privileged": privileged}))?;
    let user_id = user.get("id").context("the control plane's answer has no `id`")?;
    let made = api.json("POST", "keys", &json!({"name": KEY_NAME, "user_id": user_id}))?;
    let key = rest::text(&made, "key")?;
    // What the first call names is to be known by then.
    api.json("POST", "schema/refresh", &json!({}))?;
    state.write(KEY_FILE, &key)?;
    Ok(key)
}
