//! In the place of a control plane: gives every gate one policy, which never changes, and takes its records. A real one would
//! need half an hour to make 100,000 keys.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lictor_policy::wire::{self, Stored};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::http::Message;
use super::server::{self, Answer};

const JSON: &str = "application/json";

/// Where it listens and what it gives.
#[derive(Args)]
pub(crate) struct Options {
    /// On 127.0.0.1.
    port: u16,
    /// The file of the policy, in the compact form.
    #[arg(long)]
    policy: PathBuf,
}

/// The part of a batch of records that its answer needs.
#[derive(Deserialize)]
struct Batch {
    events: Vec<IgnoredAny>,
}

/// Serves until the process is stopped.
pub(crate) fn serve(options: &Options) -> Result<()> {
    let file = &options.policy;
    let policy = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy: &'static [u8] = Box::leak(response("200 OK", wire::COMPACT_TYPE, &policy).into_boxed_slice());
    server::serve(options.port, || {
        let answer: Answer = Box::new(move |message| answer(policy, message));
        Ok(answer)
    })
}

fn answer(policy: &'static [u8], message: &Message<'_>) -> Cow<'static, [u8]> {
    if message.head.starts_with(b"POST ") {
        return Cow::Owned(match serde_json::from_slice::<Batch>(message.body).map(stored) {
            Ok(stored) => response("200 OK", JSON, stored.as_bytes()),
            Err(error) => response("400 Bad Request", JSON, error.to_string().as_bytes()),
        });
    }
    let line = message.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if String::from_utf8_lossy(line).contains("&since=") {
        // A gate that has the policy is told so as late as a control plane would, which has nothing else to tell.
        thread::sleep(Duration::from_millis(wire::POLL_HOLD_MS));
        return Cow::Owned(head("304 Not Modified", "").into_bytes());
    }
    Cow::Borrowed(policy)
}

fn stored(batch: Batch) -> String {
    let stored = Stored { stored: batch.events.len() as u64 };
    serde_json::json!(stored).to_string()
}

fn response(status: &str, form: &str, body: &[u8]) -> Vec<u8> {
    let length = format!("content-type: {form}\r\ncontent-length: {}\r\n", body.len());
    [head(status, &length).as_bytes(), body].concat()
}

fn head(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{}: {}\r\n{headers}\r\n", wire::VERSION_HEADER, wire::VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_given_the_policy_and_its_records_are_counted() {
        let of = |head: &[u8], body: &[u8]| {
            String::from_utf8(answer(b"the policy", &Message { head, body }).into_owned()).unwrap()
        };
        assert_eq!(of(b"GET /gate/v1/policy?boot=0&next=0 HTTP/1.1\r\n\r\n", b""), "the policy");
        let batch = br#"{"version": 2, "boot": "0", "events": [{}, {"at": 1}]}"#;
        assert!(of(b"POST /gate/v1/events HTTP/1.1\r\n\r\n", batch).ends_with("\r\n\r\n{\"stored\":2}"));
        assert!(of(b"POST /gate/v1/events HTTP/1.1\r\n\r\n", b"{}").starts_with("HTTP/1.1 400 "));
    }
}
