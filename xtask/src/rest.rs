//! A small client for the control plane, the gate and Envoy's admin interface.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

const LIMIT: Duration = Duration::from_secs(20);

/// An answer of any status.
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// Whether Envoy says with it that the filter is missing.
    pub filter_missing: bool,
    /// As UTF-8.
    pub body: String,
}

/// One request; every status is an answer, and only no answer is an error.
pub fn send(method: &str, url: &str, token: Option<&str>, body: Option<(&str, &str)>) -> Result<Answer> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        // A proxy of the environment is not for servers of this machine.
        .proxy(None)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some((content_type, _)) = body {
        request = request.header("content-type", content_type);
    }
    if matches!(method, "PUT" | "PATCH" | "DELETE") {
        // Nobody else edits what this makes: whatever the record is.
        request = request.header("if-match", "*");
    }
    let content = body.map_or("", |(_, content)| content);
    let mut response = agent.run(request.body(content)?)?;
    Ok(Answer {
        status: response.status().as_u16(),
        filter_missing: response.headers().contains_key("x-lictor"),
        body: response.body_mut().read_to_string()?,
    })
}

/// The control plane's REST API, as one of its accounts.
#[derive(Clone)]
pub struct Api {
    base: String,
    token: String,
}

impl Api {
    /// `base` is the address without `/api/v1`.
    pub fn new(base: &str, token: &str) -> Self {
        Self { base: base.to_owned(), token: token.to_owned() }
    }

    /// Sends JSON to a resource of `/api/v1`; anything but success is an error with the server's words.
    pub fn json(&self, method: &str, resource: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/v1/{resource}", self.base);
        let answer = send(method, &url, Some(&self.token), Some(("application/json", &body.to_string())))
            .with_context(|| format!("no answer to {method} {url}"))?;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {url} was answered with {}: {}", answer.status, answer.body);
        }
        let body = if answer.body.is_empty() { "null" } else { &answer.body };
        serde_json::from_str(body).with_context(|| format!("{method} {url} was not answered with JSON"))
    }
}

/// A text field of an answer.
pub fn text(value: &Value, field: &str) -> Result<String> {
    let found = value.get(field).and_then(Value::as_str);
    Ok(found.with_context(|| format!("the control plane's answer has no text in `{field}`"))?.to_owned())
}
