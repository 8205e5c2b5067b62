//! Asks a provider of OpenID Connect: where its pages and keys are, and what a code stands for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lictor_policy::secret::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::clients::http::{Client, HttpError, read};
use crate::domain::id_token::Key;

/// How long the provider may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that an answer may have: the longest are the keys.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// How long what the provider says of itself is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How often it is asked at most: for a key that is new, or after it did not answer.
const PAUSE: Duration = Duration::from_secs(10);

/// Why the provider's word is not to be had. Holds nothing of what it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer.
    #[error("the provider does not answer: {0}")]
    Unreachable(&'static str),
    /// An answer that a provider of OpenID Connect does not give.
    #[error("the provider's answer cannot be used: {0}")]
    Unusable(&'static str),
    /// It knows no such code, or knows it no longer.
    #[error("the provider refused the code")]
    CodeRefused,
    /// It does not know this service, or not with this secret.
    #[error("the provider refused the client id or its secret")]
    ClientRefused,
}

/// A provider.
pub struct Provider {
    /// Its name, which is its address.
    pub issuer: String,
    client: Client,
    heard: Mutex<Option<Heard>>,
}

/// The provider's last answer about itself.
struct Heard {
    at: Instant,
    said: Result<Arc<Known>, ProviderError>,
}

/// The description of a provider, as it gives it.
pub struct Known {
    /// The page where people sign in.
    pub authorization_endpoint: Uri,
    /// The keys that it signs with.
    pub keys: Vec<Key>,
    token_endpoint: Uri,
    /// Whether the client's secret goes into the body of a request.
    secret_in_body: bool,
}

/// A code, and what proves that it is this service's.
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// The secret that its request was bound to (PKCE).
    pub verifier: &'a str,
    /// Where the provider sent the code.
    pub redirect_uri: &'a str,
    /// This service at the provider.
    pub client_id: &'a str,
    /// Its secret, if it has one.
    pub client_secret: Option<&'a Secret>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    /// The provider at this address.
    pub fn new(issuer: String, client: Client) -> Self {
        Self { issuer, client, heard: Mutex::default() }
    }

    /// Its description, asked for when that is not known or old; with `anew`, when it was not asked just now.
    pub async fn known(&self, anew: bool) -> Result<Arc<Known>, ProviderError> {
        let mut heard = self.heard.lock().await;
        if let Some(Heard { at, said }) = &*heard {
            let good_for = if anew || said.is_err() { PAUSE } else { KEPT };
            if at.elapsed() < good_for {
                return said.clone();
            }
        }
        let said = self.ask().await.map(Arc::new);
        *heard = Some(Heard { at: Instant::now(), said: said.clone() });
        said
    }

    async fn ask(&self) -> Result<Known, ProviderError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.get(&self.url(&url)?).await?;
        if metadata.issuer != self.issuer {
            return Err(ProviderError::Unusable("it calls itself by another name than the issuer that is configured"));
        }
        let keys: KeySet = self.get(&self.url(&metadata.jwks_uri)?).await?;
        // A kind of key that cannot be read is none that signs for this service.
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let methods = metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.as_ref().is_some_and(|all| all.iter().any(|one| one == method));
        Ok(Known {
            authorization_endpoint: self.url(&metadata.authorization_endpoint)?,
            keys,
            token_endpoint: self.url(&metadata.token_endpoint)?,
            secret_in_body: !takes("client_secret_basic") && takes("client_secret_post"),
        })
    }

    /// The ID token that a code stands for. A code is good once.
    pub async fn exchange(&self, known: &Known, code: &Code<'_>) -> Result<String, ProviderError> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect_uri),
            ("code_verifier", code.verifier),
        ];
        let mut request = Request::post(&known.token_endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        match code.client_secret {
            Some(secret) if !known.secret_in_body => {
                let pair = format!("{}:{}", encoded(code.client_id), encoded(secret.expose()));
                request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            secret => {
                fields.push(("client_id", code.client_id));
                fields.extend(secret.map(|secret| ("client_secret", secret.expose())));
            }
        }
        let request = request.body(Body::from(form(&fields))).map_err(|_| ProviderError::CodeRefused)?;
        match self.send(request).await? {
            (StatusCode::OK, body) => Ok(json::<Tokens>(&body)?.id_token),
            (StatusCode::BAD_REQUEST, body) if !is_of_client(&body) => Err(ProviderError::CodeRefused),
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, _) => Err(ProviderError::ClientRefused),
            _ => Err(ProviderError::Unusable("its token endpoint fails")),
        }
    }

    async fn get<T: DeserializeOwned>(&self, url: &Uri) -> Result<T, ProviderError> {
        let request = Request::get(url).header(header::ACCEPT, "application/json").body(Body::empty());
        match self.send(request.map_err(|_| ProviderError::Unusable("a URL is none"))?).await? {
            (StatusCode::OK, body) => json(&body),
            _ => Err(ProviderError::Unusable("its description or its keys are not there")),
        }
    }

    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        let deadline = Instant::now() + TIMEOUT;
        let failed = |error: HttpError| match error {
            HttpError::Timeout => ProviderError::Unreachable("it takes longer than 10 s"),
            HttpError::Connection(_) => ProviderError::Unreachable("the connection failed"),
            HttpError::Body => ProviderError::Unusable("it is cut off or too long"),
        };
        let response = self.client.send(request, deadline).await.map_err(failed)?;
        let status = response.status();
        Ok((status, read(response.into_body(), MAX_ANSWER_BYTES, deadline).await.map_err(failed)?.to_vec()))
    }

    /// A URL that the provider names: by https, unless the provider itself is asked by http.
    fn url(&self, text: &str) -> Result<Uri, ProviderError> {
        let usable = text.parse::<Uri>().ok().filter(|url| match url.scheme_str() {
            Some("https") => true,
            Some("http") => self.issuer.starts_with("http://"),
            _ => false,
        });
        usable.ok_or(ProviderError::Unusable("a URL is not one of https"))
    }
}

fn is_of_client(body: &[u8]) -> bool {
    json::<Value>(body).is_ok_and(|said| said.get("error").and_then(Value::as_str) == Some("invalid_client"))
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|_| ProviderError::Unusable("it is not the JSON that it must be"))
}

/// Names and values as a form or a query has them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
