//! Makes what a first run begins with: a password for the console; a user, a profile made of a template, a key that has it.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
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

/// The template if none is named: it names models that every Odoo has, and deletes nothing.
pub const TEMPLATE: &str = "mcp-server-odoo";

/// The file in the state folder with the password of [`ADMIN`].
pub const ADMIN_PASSWORD: &str = "admin-password";
/// The account that `lictor init` makes.
pub const ADMIN: &str = "admin";

const KEY_FILE: &str = "first-key.json";

/// The Odoo user whom the key acts for.
pub struct Upstream<'u> {
    /// Of Odoo.
    pub database: &'u str,
    /// Of the user.
    pub login: &'u str,
    /// A password, or an Odoo API key, which JSON-2 needs.
    pub secret: &'u str,
    /// For an Odoo that does not say in which groups its user is.
    pub privileged: bool,
}

/// The key, and what has to be known to call with it and to change what it may do. Holds a secret.
#[derive(Serialize, Deserialize)]
pub struct FirstKey {
    /// The Odoo that it is for; none for a stand-in.
    odoo_url: Option<String>,
    /// In Odoo.
    pub database: String,
    /// In Odoo.
    pub login: String,
    /// `lct_…`.
    pub key: String,
    /// Names the key on the command line.
    pub prefix: String,
    /// The one that the key has. It is named after its template.
    pub profile: String,
    /// What the template allows, for people.
    pub allows: String,
}

/// The key that an earlier run with this state folder has made for that Odoo.
pub fn kept(state: &State, odoo_url: Option<&str>) -> Result<Option<FirstKey>> {
    let Some(text) = state.read(KEY_FILE)? else { return Ok(None) };
    let first: FirstKey = serde_json::from_str(&text).with_context(|| format!("cannot read {KEY_FILE}"))?;
    Ok(Some(first).filter(|first| first.odoo_url.as_deref() == odoo_url))
}

/// Gives the first administrator a password: browsers sign in with one, and not with a token. Like the token it is kept in a
/// file, so that it does not stand on the terminal.
pub fn admin_password(state: &State, api: &Api) -> Result<()> {
    let me = api.json("GET", "me", &Value::Null)?;
    let id = rest::text(me.get("account").context("the control plane's answer has no `account`")?, "id")?;
    let mut random = [0; 16];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).context("no randomness")?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    api.json("PUT", &format!("accounts/{id}/password"), &json!({"password": password}))?;
    state.write(ADMIN_PASSWORD, &password)
}

/// Makes them: a key that may do what the template allows, and no more.
pub fn seed(
    state: &State,
    api: &Api,
    odoo_url: Option<&str>,
    upstream: &Upstream<'_>,
    template: &str,
) -> Result<FirstKey> {
    let Upstream { database, login, secret, privileged } = *upstream;
    let user = json!({
        "name": "agent", "upstream": {"database": database, "login": login, "secret": secret}, "privileged": privileged,
    });
    let user = api.json("POST", "users", &user)?;
    let profile = match profile(api, template)? {
        Some(made_before) => made_before,
        None => api.json("POST", "profiles", &json!({"name": template, "template": template}))?,
    };
    let user_id = user.get("id").context("the control plane's answer has no `id`")?;
    let key = json!({"name": KEY_NAME, "user_id": user_id, "profiles": [template]});
    let made = api.json("POST", "keys", &key)?;
    // What the first call names is to be known by then.
    api.json("POST", "schema/refresh", &json!({}))?;
    let first = FirstKey {
        odoo_url: odoo_url.map(str::to_owned),
        database: database.to_owned(),
        login: login.to_owned(),
        key: rest::text(&made, "key")?,
        prefix: rest::text(&made, "prefix")?,
        profile: rest::text(&profile, "name")?,
        allows: rest::text(&profile, "description")?,
    };
    state.write(KEY_FILE, &serde_json::to_string_pretty(&first)?)?;
    Ok(first)
}

/// The profile of this name, if a run that ended early or an administrator has made it.
fn profile(api: &Api, name: &str) -> Result<Option<Value>> {
    let listed = api.json("GET", "profiles?limit=500", &Value::Null)?;
    let profiles = listed.get("items").and_then(Value::as_array).into_iter().flatten();
    Ok(profiles.into_iter().find(|profile| profile.get("name").is_some_and(|found| found == name)).cloned())
}
