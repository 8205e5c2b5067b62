//! Asks Odoo who a credential belongs to.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lictor_policy::secret::Secret;
use lictor_policy::value::Value;
use lictor_policy::xmlrpc::{self, MethodCall};
use rustls::{ClientConfig, RootCertStore};

/// How long Odoo may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The answer is one number, or a traceback that nobody reads.
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
    /// Login and secret do not match, or the user may not use the API.
    #[error("Odoo knows no such login and secret in this database")]
    Rejected,
    /// Odoo answered with a fault: the database does not exist, or Odoo is not well.
    #[error("Odoo answered with a fault: check that the database exists, then Odoo's log")]
    Fault,
    /// No answer.
    #[error("Odoo did not answer: {0}")]
    Unreachable(&'static str),
    /// An answer that Odoo does not give.
    #[error("what answered at the Odoo URL is not Odoo: {0}")]
    NotOdoo(&'static str),
}

/// One Odoo, by its base URL.
pub struct Odoo {
    common: Uri,
    client: Client<HttpsConnector<HttpConnector>, Body>,
}

impl Odoo {
    /// Prepares to talk to the Odoo at a base URL; talks to nobody yet.
    pub fn at(base: &str) -> Result<Self, OdooError> {
        let bad = || OdooError::Url(base.to_owned());
        let common: Uri = format!("{}/xmlrpc/2/common", base.trim_end_matches('/')).parse().map_err(|_| bad())?;
        if !matches!(common.scheme_str(), Some("http" | "https")) || common.host().is_none_or(str::is_empty) {
            return Err(bad());
        }
        let trust = HttpsConnectorBuilder::new();
        let trusting = if common.scheme_str() == Some("https") {
            trust.with_native_roots().map_err(|_| OdooError::NoCertificates)?
        } else {
            // Trusts nobody, so that a machine without CA certificates can still talk to an Odoo beside it.
            let nobody = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
            trust.with_tls_config(nobody.with_no_client_auth())
        };
        let connector = trusting.https_or_http().enable_http1().build();
        Ok(Self { common, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// The user that the credential belongs to.
    pub async fn authenticate(&self, database: &str, login: &str, secret: &Secret) -> Result<Uid, OdooError> {
        match tokio::time::timeout(TIMEOUT, self.ask(authenticate_call(database, login, secret))).await {
            Ok(answer) => read_uid(&answer?),
            Err(_) => Err(OdooError::Unreachable("it took longer than 10 s")),
        }
    }

    async fn ask(&self, call: String) -> Result<Vec<u8>, OdooError> {
        let request = Request::post(self.common.clone())
            .header(header::CONTENT_TYPE, "text/xml")
            .body(Body::from(call))
            .map_err(|_| OdooError::Unreachable("the request could not be built"))?;
        let response =
            self.client.request(request).await.map_err(|_| OdooError::Unreachable("the connection failed"))?;
        if !response.status().is_success() {
            return Err(OdooError::NotOdoo("its status is not 200"));
        }
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        Ok(body.map_err(|_| OdooError::NotOdoo("its answer is cut off or too long"))?.to_bytes().into())
    }
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
    let not_odoo = |_| OdooError::NotOdoo("its answer is not XML-RPC");
    let text = xmlrpc::decode(answer).map_err(not_odoo)?;
    match xmlrpc::read_response(&text).map_err(not_odoo)? {
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
