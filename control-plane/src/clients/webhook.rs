//! Webhooks: a signed request for each message.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Uri, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lictor_policy::secret::Secret;
use serde_json::json;
use sha2::Sha256;
use tokio::time::Instant;

use crate::clients::delivery::Failure;
use crate::clients::http::{Client, HttpError};
use crate::domain::message::{Kind, Message};
use crate::domain::time::Moment;

/// How long the answer to a request may take to begin.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Made once: reading the machine's CA certificates takes its time. On a machine without any, https fails and says so, and
/// http works.
static CLIENT: LazyLock<Client> =
    LazyLock::new(|| Client::with_native_roots().unwrap_or_else(|_| Client::without_roots()));

/// A request to be sent.
pub(crate) struct Call<'a> {
    /// The same for each try.
    pub(crate) event: &'a str,
    pub(crate) url: &'a str,
    pub(crate) secret: &'a Secret,
    pub(crate) message: &'a Message,
    /// When the message was written.
    pub(crate) at: Moment,
}

/// Sends a request: the receiver has taken it when this is `Ok`. Follows no redirects, and reads nothing of an answer but
/// its status.
pub(crate) async fn send(call: &Call<'_>, now: Moment) -> Result<(), Failure> {
    let later = |reason: &str| Failure::Later(reason.to_owned());
    let body = body(call).to_string();
    let request = Request::post(call.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "Lictor")
        // Messages are rare: a connection that is kept would be closed by the receiver before the next one.
        .header(header::CONNECTION, "close")
        .header("x-lictor-event", call.event)
        .header("x-lictor-signature", signature(call.secret, now.0 / 1_000_000, &body))
        .body(Body::from(body));
    let request = request.map_err(|_| Failure::Never("not a URL".to_owned()))?;
    let response = match CLIENT.send(request, Instant::now() + TIMEOUT).await {
        Ok(response) => response,
        Err(HttpError::Connection(error)) if error.is_connect() => return Err(later("could not connect")),
        Err(HttpError::Timeout) => return Err(later("no answer within 15 s")),
        Err(_) => return Err(later("the connection failed before an answer came")),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let redirect =
        if status.is_redirection() { "; redirects are not followed: give the webhook its last URL" } else { "" };
    Err(Failure::Later(format!("it answered {}{redirect}", status.as_u16())))
}

/// `{"id", "kind", "at", "data": {…}}`
fn body(call: &Call<'_>) -> serde_json::Value {
    let mut data = serde_json::to_value(call.message).unwrap_or_default();
    let kind: Kind = call.message.kind();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("kind");
    }
    json!({"id": call.event, "kind": kind, "at": call.at, "data": data})
}

/// `t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`: the time is signed too, so that a receiver can refuse
/// what somebody recorded and sends again.
fn signature(secret: &Secret, seconds: u64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    let code = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
    format!("t={seconds},v1={}", hex::encode(code))
}

/// Whether a webhook can have the URL: http or https, a host, no user name or password, which logs would show.
pub fn is_usable(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && !authority.host().is_empty()
        && !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_of_the_time_and_the_body() {
        // From Python: hmac.new(b"whsecret", b"1700000000.{}", "sha256").hexdigest()
        let expected = "137a7d0b5845bc1be44dedc85e83288335b61c8af0c8d553f6dec9b4c44afbfc";
        let signed = signature(&Secret::new("whsecret"), 1_700_000_000, "{}");
        assert_eq!(signed, format!("t=1700000000,v1={expected}"));
    }

    #[test]
    fn only_urls_of_http_without_credentials_are_usable() {
        for good in ["https://hooks.example.com/a?b=c", "http://127.0.0.1:8000/", "http://[::1]:1/x"] {
            assert!(is_usable(good), "{good}");
        }
        for bad in ["", "hooks.example.com", "ftp://a/", "file:///etc/passwd", "https://", "https://u:p@a/", "/x"] {
            assert!(!is_usable(bad), "{bad}");
        }
    }
}
