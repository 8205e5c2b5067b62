//! Asks Odoo who a credential belongs to, and what that user's groups are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Uri, header};
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::{self, MethodCall};
use lictor_policy::odoo::is_api_key;
use lictor_policy::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;

use crate::clients::http::{Client, HttpError, read};
use crate::domain::time::Moment;

/// How long Odoo may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The answer is short, or a traceback that nobody reads.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The id of an Odoo user; 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uid(pub i64);

/// Why Odoo named no user. Holds nothing of what Odoo answered, which may hold values.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OdooError {
    /// Not a base URL.
    #[error("'{0}' is not a base URL such as http://odoo:8069 or https://erp.example.com")]
    Url(String),
    /// Nothing to check Odoo's certificate with.
    #[error("this machine has no CA certificates, which an https URL needs: install ca-certificates")]
    NoCertificates,
    /// The password is right, but Odoo's API takes only API keys of this user.
    #[error("Odoo takes only API keys of this user")]
    NeedsApiKey,
    /// Login and secret do not match, or the user may not use the API.
    #[error("Odoo knows no such login and secret in this database")]
    Rejected,
    /// Odoo answered with a fault: the database does not exist, or Odoo is not well.
    #[error("Odoo answered with a fault: check that the database exists, then Odoo's log")]
    Fault,
    /// Odoo answered that it has no such model.
    #[error("Odoo has no such model")]
    NoModel,
    /// No answer.
    #[error("Odoo did not answer: {0}")]
    Unreachable(&'static str),
    /// An answer that Odoo does not give.
    #[error("what answered at the Odoo URL is not Odoo: {0}")]
    NotOdoo(&'static str),
}

/// The parts of its own record that a user may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// XML ids of its groups.
    pub groups: Vec<String>,
    /// When its API key ends.
    pub ends_at: Option<Moment>,
}

/// One Odoo, by its base URL.
pub struct Odoo {
    common: Uri,
    jsonrpc: Uri,
    web_login: Uri,
    client: Client,
}

impl Odoo {
    /// Prepares to talk to the Odoo at a base URL; talks to nobody yet.
    pub fn at(base: &str) -> Result<Self, OdooError> {
        let bad = || OdooError::Url(base.to_owned());
        let at = |path: &str| format!("{}{path}", base.trim_end_matches('/')).parse::<Uri>().map_err(|_| bad());
        let (common, jsonrpc) = (at("/xmlrpc/2/common")?, at("/jsonrpc")?);
        let web_login = at("/web/session/authenticate")?;
        if !matches!(common.scheme_str(), Some("http" | "https")) || common.host().is_none_or(str::is_empty) {
            return Err(bad());
        }
        let client = if common.scheme_str() == Some("https") {
            Client::with_native_roots().map_err(|_| OdooError::NoCertificates)?
        } else {
            // A machine without CA certificates can still talk to an Odoo beside it.
            Client::without_roots()
        };
        Ok(Self { common, jsonrpc, web_login, client })
    }

    /// The user that the credential belongs to.
    pub async fn authenticate(&self, database: &str, login: &str, secret: &Secret) -> Result<Uid, OdooError> {
        let call = authenticate_call(database, login, secret);
        read_uid(&self.ask(&self.common, "text/xml", call, MAX_ANSWER_BYTES).await?)
    }

    /// The same for a credential that is new: if Odoo refuses a password, says whether it is the wrong one, or whether
    /// the user has two-factor authentication, with which the API takes no password. Asks the web client's login for
    /// that, which locks an address out after ten wrong passwords: not for what happens again and again.
    pub async fn authenticate_new(&self, database: &str, login: &str, secret: &Secret) -> Result<Uid, OdooError> {
        match self.authenticate(database, login, secret).await {
            Err(OdooError::Rejected) if !is_api_key(secret.expose().as_bytes()) => {
                let params = json!({"db": database, "login": login, "password": secret.expose()});
                // A login with a second factor yet to come has an answer without a uid; a wrong one has an error.
                let answer = self.json::<serde_json::Value>(&self.web_login, params, MAX_ANSWER_BYTES).await;
                let accepted = answer.is_ok_and(|answer| answer.is_object());
                Err(if accepted { OdooError::NeedsApiKey } else { OdooError::Rejected })
            }
            result => result,
        }
    }

    /// Reads a user's own record: the XML ids of its groups, with those that they imply, and when its API key ends, if the
    /// secret is one. A user may have several and Odoo does not say which is which: the first to end counts.
    pub async fn look(&self, database: &str, Uid(uid): Uid, secret: &Secret, now: Moment) -> Result<Look, OdooError> {
        let ask = async |model: &str, method: &str, args: serde_json::Value| {
            let args = json!([database, uid, secret.expose(), model, method, args]);
            self.execute(args, MAX_ANSWER_BYTES).await
        };
        let odd = || OdooError::NotOdoo("its answer about the user has another form");
        let users: serde_json::Value = ask("res.users", "read", json!([[uid], ["all_group_ids"]])).await?;
        let ids = users.pointer("/0/all_group_ids").cloned().ok_or_else(odd)?;
        let names = ask("res.groups", "get_external_id", json!([ids])).await?;
        let names: BTreeMap<String, String> = serde_json::from_value(names).map_err(|_| odd())?;
        let groups: BTreeSet<_> = names.into_values().filter(|name| !name.is_empty()).collect();
        let mut ends_at = None;
        if is_api_key(secret.expose().as_bytes()) {
            let own = json!([[["user_id", "=", uid], ["scope", "=", false]], ["expiration_date"]]);
            let keys = ask("res.users.apikeys", "search_read", own).await?;
            let ends = keys.as_array().ok_or_else(odd)?.iter().filter_map(|key| key["expiration_date"].as_str());
            ends_at = ends.filter_map(Moment::of_odoo).filter(|end| *end > now).min();
        }
        Ok(Look { groups: groups.into_iter().collect(), ends_at })
    }

    /// The result of a call of a model's method by JSON-RPC, of which the answer has so many bytes at most.
    pub(super) async fn execute<T: DeserializeOwned>(
        &self,
        args: serde_json::Value,
        limit: usize,
    ) -> Result<T, OdooError> {
        let params = json!({"service": "object", "method": "execute_kw", "args": args});
        self.json(&self.jsonrpc, params, limit).await
    }

    /// The result of a call by JSON-RPC.
    async fn json<T: DeserializeOwned>(
        &self,
        uri: &Uri,
        params: serde_json::Value,
        limit: usize,
    ) -> Result<T, OdooError> {
        let call = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params});
        let answer = self.ask(uri, "application/json", call.to_string(), limit).await?;
        read_json(&answer)
    }

    async fn ask(&self, uri: &Uri, media: &'static str, call: String, limit: usize) -> Result<Bytes, OdooError> {
        let deadline = Instant::now() + TIMEOUT;
        let request = Request::post(uri.clone())
            .header(header::CONTENT_TYPE, media)
            .body(Body::from(call))
            .map_err(|_| OdooError::Unreachable("the request could not be built"))?;
        let response = self.client.send(request, deadline).await?;
        if !response.status().is_success() {
            return Err(OdooError::NotOdoo("its status is not 200"));
        }
        Ok(read(response.into_body(), limit, deadline).await?)
    }
}

impl From<HttpError> for OdooError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Timeout => Self::Unreachable("it took longer than 10 s"),
            HttpError::Connection(_) => Self::Unreachable("the connection failed"),
            HttpError::Body => Self::NotOdoo("its answer is cut off or too long"),
        }
    }
}

/// An answer by JSON-RPC; of a result that is `None` Odoo sends nothing.
#[derive(Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Failure>,
}

/// Holds what Odoo's error is, and not what it says: that may hold values.
#[derive(Deserialize)]
struct Failure {
    data: FailureData,
}

#[derive(Deserialize)]
struct FailureData {
    name: String,
    #[serde(default)]
    message: serde_json::Value,
}

fn read_json<T: DeserializeOwned>(answer: &[u8]) -> Result<T, OdooError> {
    let odd = OdooError::NotOdoo("its answer has another form");
    let Answer { result, error } = serde_json::from_slice(answer).map_err(|_| odd.clone())?;
    let Some(Failure { data: FailureData { name, message } }) = error else { return result.ok_or(odd) };
    // As odoo/service/model.py says it, in no other language.
    let is_of_model = |text: &str| text.starts_with("Object ") && text.ends_with(" doesn't exist");
    Err(match name.as_str() {
        "odoo.exceptions.AccessDenied" => OdooError::Rejected,
        "odoo.exceptions.UserError" if message.as_str().is_some_and(is_of_model) => OdooError::NoModel,
        _ => OdooError::Fault,
    })
}

fn authenticate_call(database: &str, login: &str, secret: &Secret) -> String {
    let params = vec![
        Value::String(database.into()),
        Value::String(login.into()),
        Value::String(secret.expose().into()),
        Value::Struct(Vec::new()),
    ];
    xmlrpc::write_call(&MethodCall { method: "authenticate".into(), params }, 0)
}

/// `authenticate` answers the uid, or `False`.
fn read_uid(answer: &[u8]) -> Result<Uid, OdooError> {
    let not_odoo = OdooError::NotOdoo("its answer is not XML-RPC");
    let Ok(text) = xmlrpc::decode(answer) else { return Err(not_odoo) };
    let Ok(response) = xmlrpc::read_response(&text) else { return Err(not_odoo) };
    match response {
        Ok(Value::Int(uid)) if uid > 0 => Ok(Uid(uid)),
        Ok(Value::Bool(false)) => Err(OdooError::Rejected),
        Ok(_) => Err(OdooError::NotOdoo("its answer is neither a uid nor False")),
        Err(_) => Err(OdooError::Fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_base_url_is_taken() {
        for good in ["http://127.0.0.1:8069", "https://erp.example.com/", "http://odoo/prefix"] {
            assert!(Odoo::at(good).is_ok(), "{good}");
        }
        for bad in ["", "odoo:8069", "ftp://odoo", "http://", "http://od oo"] {
            assert!(Odoo::at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_by_json_rpc_is_a_result_or_says_what_went_wrong() {
        let answer = |text: &str| read_json::<serde_json::Value>(text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(answer(r#"{"jsonrpc": "2.0", "id": 1, "result": [7]}"#), Ok(json!([7])));
        let error = |name: &str, message: &str| {
            answer(&json!({"error": {"code": 0, "data": {"name": name, "message": message}}}).to_string()).unwrap_err()
        };
        for (name, message, expected) in [
            ("odoo.exceptions.AccessDenied", "Access Denied", OdooError::Rejected),
            ("odoo.exceptions.UserError", "Object sale.order doesn't exist", OdooError::NoModel),
            ("odoo.exceptions.UserError", "Give a name", OdooError::Fault),
            ("builtins.KeyError", "Object sale.order doesn't exist", OdooError::Fault),
        ] {
            assert_eq!(error(name, message), expected.to_string(), "{name}");
        }
        for odd in ["", "[]", "{}", r#"{"error": "no"}"#, r#"{"result": null}"#] {
            assert!(answer(odd).unwrap_err().contains("another form"), "{odd}");
        }
    }

    #[test]
    fn the_answer_is_a_uid_or_false_and_nothing_else() {
        let answer = |value: &str| {
            read_uid(
                format!("<methodResponse><params><param><value>{value}</value></param></params></methodResponse>")
                    .as_bytes(),
            )
        };
        assert_eq!(answer("<int>2</int>").unwrap(), Uid(2));
        assert!(matches!(answer("<boolean>0</boolean>"), Err(OdooError::Rejected)));
        for odd in ["<boolean>1</boolean>", "<int>0</int>", "<string>2</string>"] {
            assert!(matches!(answer(odd), Err(OdooError::NotOdoo(_))), "{odd}");
        }
    }
}
