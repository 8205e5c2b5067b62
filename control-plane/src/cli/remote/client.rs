//! Asks the service: one connection, JSON both ways, and a sentence for whatever goes wrong.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::cli::options::{self, Server};
use crate::cli::secret_source::SecretSource;
use crate::cli::terminal::ask::Consent;
use crate::cli::terminal::failure::{Exit, Failure, Result};
use crate::cli::terminal::print::{self, Listing, Output};
use crate::clients::http::{self, HttpError};

/// How long the service may take to begin its answer, or to go on with it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes that an answer may have; exports are streamed and have no limit.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Records of a page: the most that the service gives.
const PAGE: usize = 500;
/// Characters that are not encoded in a segment of a path or in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The service, as an account with a token.
pub struct Client {
    /// How answers are shown.
    pub output: Output,
    base: String,
    authorization: HeaderValue,
    http: http::Client,
}

/// A JSON document of the service.
#[derive(Debug)]
pub struct Answer {
    /// Null if there is none.
    pub json: Value,
    /// The tag of the record's state.
    pub etag: Option<String>,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Any,
    /// The record is in the state with this tag.
    Unchanged(String),
    /// There is no such record.
    New,
}

impl Client {
    /// Prepares to talk to the service; talks to nobody yet.
    pub fn new(server: &Server) -> Result<Self> {
        let base = server.url.trim_end_matches('/').to_owned();
        let bad = || Failure::usage(format!("--url '{}': give a URL such as https://lictor.example.com", server.url));
        let uri: Uri = base.parse().map_err(|_| bad())?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        if let Some(address) = base.strip_suffix("/api/v1") {
            return Err(Failure::usage(format!("--url '{}': leave out /api/v1: give {address}", server.url)));
        }
        if !is_secure && !is_this_machine(host) {
            print::note(&format!("The token and all answers go to {host} in clear text: use https."));
        }
        let authorization = authorization(server)?;
        let http = trusting(server.ca_file.as_deref(), is_secure)?;
        Ok(Self { output: server.output, base, authorization, http })
    }

    /// Reads a record.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None, &Condition::Any).await
    }

    /// The condition that a record is as it is now: two who edit it at once do not undo each other's work without knowing.
    pub async fn state(&self, path: &str) -> Result<Condition> {
        let read = self.get(path).await?;
        read.etag.map(Condition::Unchanged).ok_or_else(|| self.stranger("it sent no tag with a record"))
    }

    /// Changes a record, unless somebody else does between the reading of it and the change.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        let state = self.state(path).await?;
        self.send(Method::PATCH, path, Some(body), &state).await
    }

    /// Deletes a record, if it is still as it was when somebody agreed to that.
    pub async fn delete(&self, path: &str, consent: Consent, question: &str) -> Result<()> {
        let state = self.state(path).await?;
        consent.ask(question)?;
        self.send(Method::DELETE, path, None, &state).await?;
        print::done(self.output, "Deleted.")
    }

    /// Makes or does something.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Some(body), &Condition::Any).await
    }

    /// One request. `path` is what follows `/api/v1/`, with its segments encoded.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        condition: &Condition,
    ) -> Result<Answer> {
        let response = self.open(method, path, body, condition).await?;
        let etag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let bytes = self.whole(response).await?;
        if bytes.is_empty() {
            return Ok(Answer { json: Value::Null, etag });
        }
        let json = serde_json::from_slice(&bytes).map_err(|_| self.stranger("its answer is not JSON"))?;
        Ok(Answer { json, etag })
    }

    /// The first records of a list, over as many pages as that takes.
    pub async fn list(&self, path: &str, query: &[(&str, String)], limit: usize) -> Result<Listing> {
        let mut listing = Listing { items: Vec::new(), next_cursor: None };
        loop {
            let mut query = query.to_vec();
            query.push(("limit", (limit - listing.items.len()).clamp(1, PAGE).to_string()));
            query.extend(listing.next_cursor.take().map(|cursor| ("cursor", cursor)));
            let page = self.get(&with_query(path, &query)).await?.json;
            let Some(Value::Array(items)) = page.get("items") else { return Err(self.stranger("it sent no list")) };
            listing.items.extend(items.iter().cloned());
            listing.next_cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if listing.items.len() >= limit || listing.next_cursor.is_none() {
                return Ok(listing);
            }
        }
    }

    /// Hands on a file of the service as it comes.
    pub async fn stream(&self, path: &str, mut sink: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut body = self.open(Method::GET, path, None, &Condition::Any).await?.into_body();
        loop {
            let frame = timeout(ANSWER_TIMEOUT, body.frame()).await.map_err(|_| self.silent())?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|_| self.stranger("the file broke off, what has come is not whole"))?;
            if let Ok(data) = frame.into_data() {
                sink(&data)?;
            }
        }
    }

    /// The answer of a request that was done.
    async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        condition: &Condition,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(format!("{}/api/v1/{path}", self.base));
        request = request.header(header::AUTHORIZATION, &self.authorization);
        request = match condition {
            Condition::Any => request,
            Condition::Unchanged(tag) => request.header(header::IF_MATCH, tag),
            Condition::New => request.header(header::IF_NONE_MATCH, "*"),
        };
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        let request =
            request.body(body).map_err(|_| Failure::usage("An option has characters that no URL can have."))?;
        let response = self.http.send(request, Instant::now() + ANSWER_TIMEOUT).await;
        let response = response.map_err(|error| self.no_answer(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let bytes = self.whole(response).await?;
        Err(match serde_json::from_slice(&bytes) {
            Ok(problem) => refused(status, &problem),
            Err(_) => self.stranger(&format!("it answered with the status {status}")),
        })
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Bytes> {
        let read = http::read(response.into_body(), MAX_ANSWER_BYTES, Instant::now() + ANSWER_TIMEOUT).await;
        read.map_err(|error| self.no_answer(&error))
    }

    fn no_answer(&self, error: &HttpError) -> Failure {
        match error {
            HttpError::Timeout => self.silent(),
            HttpError::Connection(error) => Failure::failed(self.unreachable(error)),
            HttpError::Body => self.stranger(&error.to_string()),
        }
    }

    fn silent(&self) -> Failure {
        Failure::failed(format!("{} did not answer within {} s.", self.base, ANSWER_TIMEOUT.as_secs()))
    }

    fn stranger(&self, what: &str) -> Failure {
        Failure::failed(format!("What answered at {} is not Lictor's REST API, or is not well: {what}.", self.base))
    }

    /// Why there is no answer.
    fn unreachable(&self, error: &(dyn Error + 'static)) -> String {
        let base = &self.base;
        let mut source: Option<&dyn Error> = Some(error);
        let mut last = String::new();
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return format!(
                    "{base}: no connection by TLS: {error}. If its certificate is of an authority of your own, name \
                     that one's file with --ca-file or LICTOR_CA_FILE."
                );
            }
            if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
                return format!("What answered at {base} does not speak HTTP. If it speaks TLS, write https.");
            }
            last = error.to_string();
            // `io::Error` shows its kind's text and hides what it holds.
            source = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        format!("{base} is not there: {last}. Is `lictor serve` running, and is --url or LICTOR_URL its address?")
    }
}

/// The sentence of a problem document, and its exit status.
fn refused(status: StatusCode, problem: &Value) -> Failure {
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    let title = text("title").unwrap_or_else(|| status.canonical_reason().unwrap_or("The service refused"));
    let mut message = title.to_owned();
    if let Some(field) = text("field") {
        let _ = write!(message, ": {field}");
    }
    if let Some(detail) = text("detail") {
        let _ = write!(message, ": {detail}");
    }
    if status == StatusCode::UNAUTHORIZED {
        message.push_str(" It comes from LICTOR_TOKEN or --token-file.");
    }
    let exit = match status {
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Refused,
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::PRECONDITION_REQUIRED => Exit::Conflict,
        StatusCode::TOO_MANY_REQUESTS => Exit::Refused,
        status if status.is_client_error() => Exit::Invalid,
        _ => Exit::Failed,
    };
    Failure::new(exit, message)
}

/// A text as a segment of a path or a value in a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A path with a query.
pub fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// The header with the token. Not a flag: every user of the machine can read those.
fn authorization(server: &Server) -> Result<HeaderValue> {
    let token = match &server.token_file {
        Some(path) => Some(SecretSource::File(path.clone()).required()?),
        None => options::environment("LICTOR_TOKEN"),
    };
    let token = token.ok_or_else(|| {
        Failure::usage("Give an API token in the environment variable LICTOR_TOKEN or in a file with --token-file.")
    })?;
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose().trim()));
    let mut value = value.map_err(|_| Failure::usage("The token has characters that no token has."))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Trusts the authorities in the file, else those of the machine.
fn trusting(ca_file: Option<&Path>, is_secure: bool) -> Result<http::Client> {
    match ca_file {
        Some(file) => http::Client::with_roots_in(file)
            .map_err(|error| Failure::failed(format!("--ca-file {}: {error}", file.display()))),
        None if is_secure => http::Client::with_native_roots().map_err(|_| {
            Failure::failed("This machine has no CA certificates: install ca-certificates or give --ca-file.")
        }),
        None => Ok(http::Client::without_roots()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_become_segments_and_values() {
        assert_eq!(encoded("res.partner"), "res.partner");
        assert_eq!(with_query("keys", &[("user", "a b/c?ä".to_owned())]), "keys?user=a%20b%2Fc%3F%C3%A4");
        assert_eq!(with_query("keys", &[]), "keys");
    }

    #[test]
    fn a_problem_is_a_sentence_with_its_field_and_a_status() {
        for (status, exit) in [
            (404, Exit::NotFound),
            (401, Exit::Refused),
            (403, Exit::Refused),
            (409, Exit::Conflict),
            (412, Exit::Conflict),
            (428, Exit::Conflict),
            (422, Exit::Invalid),
            (503, Exit::Failed),
        ] {
            let failure = refused(StatusCode::from_u16(status).unwrap(), &json!({"title": "No"}));
            assert_eq!(failure.exit, exit, "{status}");
        }
        let problem = json!({"title": "A field is wrong", "detail": "Give 1.", "field": "a.b"});
        let failure = refused(StatusCode::UNPROCESSABLE_ENTITY, &problem);
        assert_eq!(failure.message, "A field is wrong: a.b: Give 1.");
    }

    #[test]
    fn an_address_that_cannot_be_one_is_refused() {
        let message = |url: &str| {
            let (url, output) = (url.to_owned(), Output::Text);
            Client::new(&Server { url, token_file: None, ca_file: None, output }).err().unwrap().message
        };
        assert!(message("127.0.0.1:8080").contains("give a URL such as"));
        assert_eq!(message("https://a.b/api/v1/"), "--url 'https://a.b/api/v1/': leave out /api/v1: give https://a.b");
    }

    #[test]
    fn only_other_machines_are_far() {
        for near in ["localhost", "127.0.0.1", "[::1]"] {
            assert!(is_this_machine(near), "{near}");
        }
        for far in ["example.com", "192.0.2.1", "localhost.example.com"] {
            assert!(!is_this_machine(far), "{far}");
        }
    }
}
