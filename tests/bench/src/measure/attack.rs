//! Times of one key's calls, alone and beside an attacker who has a key too and as many connections: a worker of Envoy serves
//! connections in turn, so what a refusal costs is what the attacker takes from others.
//!
//! Envoy has a processor for itself; both loads share the other one with the upstream.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use lictor_xtask::rest;
use lictor_xtask::run::say;
use lictor_xtask::seed::DATABASE;
use serde::Deserialize;
use serde_json::{Value, json};

use super::load::{Generator, Measured};
use super::report::median;
use super::road::{Call, Road};
use super::setting::Setting;
use super::variant::{Row, Variant};

/// The key under attack calls over the secured road.
const ROW: Row = Row::xml_rpc(Variant::Lictor);
/// Before the calls that are measured, and after them.
const LEAD: Duration = Duration::from_millis(500);
/// How much longer than alone a call may take beside the attack, at the 99th percentile.
const LIMIT: f64 = 2.0;

/// What the attacker sends, by name: see the faults that each was.
fn requests(key: &str) -> Vec<(&'static str, String)> {
    let post = |path: &str, headers: &str, body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
    };
    let bearer = format!("Authorization: Bearer {key}\r\nX-Odoo-Database: {DATABASE}\r\n");
    let call = Call::new(Road::XmlRpc, key);
    let no_number = format!(
        r#"{{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {{"service": "object", "method": "execute_kw",
        "args": ["{DATABASE}", 2, "{key}", "res.partner", "read", [[NaN]]]}}}}"#
    );
    let too_long = call.request_body().replace("</methodCall>", &" ".repeat(8 << 20));
    vec![
        ("beyond its rate limit", call.request()),
        ("without a body", post("/json/2/res.users/context_get", &bearer, "")),
        ("with NaN", post("/jsonrpc", "Content-Type: application/json\r\n", &no_number)),
        ("over the body limit", post("/xmlrpc/2/object", "Content-Type: text/xml\r\n", &too_long)),
    ]
}

/// What the attack prints.
#[derive(Deserialize)]
struct Attacked {
    sent: Vec<u64>,
    requests_per_second: f64,
}

/// Measures by turns, alone and beside the attack; fails if calls of the other key are refused or not recorded.
pub(super) fn run(setting: &mut Setting<'_>, length: Duration, rounds: u16, connections: u16) -> Result<()> {
    let key = attackers_key(setting)?;
    let requests = requests(&key);
    let mut files = Vec::new();
    for (number, (_, request)) in requests.iter().enumerate() {
        files.push(setting.write(&format!("attack-{number}.http"), request)?);
    }
    let (mut calls, mut alone, mut beside) = (0, Vec::new(), Vec::new());
    for number in 1..=rounds {
        let quiet = setting.paused(|setting| setting.load(ROW, length, connections, None))?;
        calls += quiet.requests;
        setting.every_call_is_audited(calls)?;
        let (loud, attacked) = setting.paused(|setting| {
            let mut command = setting.attack(ROW.variant, &files, length + 2 * LEAD, connections)?;
            let attack = Generator::start(&mut command)?;
            std::thread::sleep(LEAD);
            let loud = setting.load(ROW, length, connections, None);
            let attacked = attack.finish(length + 2 * LEAD, setting.servers())?;
            let attacked: Attacked = serde_json::from_slice(&attacked).context("the attack printed something else")?;
            anyhow::Ok((loud?, attacked))
        })?;
        calls += loud.requests;
        let sent: Vec<_> = requests.iter().zip(&attacked.sent).map(|((name, _), n)| format!("{n} {name}")).collect();
        say(format!(
            "round {number} of {rounds}: alone {}, beside {:.0} refusals/s {} ({})",
            shown(&quiet),
            attacked.requests_per_second,
            shown(&loud),
            sent.join(", ")
        ));
        alone.push(quiet.p99_us);
        beside.push(loud.p99_us);
        setting.every_call_is_audited(calls)?;
    }
    let (alone, beside) = (median(alone), median(beside));
    let ratio = beside / alone;
    say("every call of the other key was answered, and recorded once");
    say(format!("p99 of a call: {alone:.0} µs alone, {beside:.0} µs beside the attack, {ratio:.2} times as long"));
    if ratio > LIMIT {
        bail!("the p99 of another key's calls is {ratio:.2} times as long beside an attack, more than {LIMIT}");
    }
    Ok(())
}

/// A key that may call once a minute.
fn attackers_key(setting: &mut Setting<'_>) -> Result<String> {
    let api = setting.api()?;
    let keys = api.json("GET", "keys", &Value::Null)?;
    let user = keys.pointer("/items/0/user_id").context("a key has no user_id")?;
    let terms = json!({"name": "attacker", "user_id": user, "rate_limit_per_minute": 1});
    let key = rest::text(&api.json("POST", "keys", &terms)?, "key")?;
    setting.must_refuse(&Call::new(Road::XmlRpc, &key), ROW.variant, "rate_limited")?;
    Ok(key)
}

fn shown(measured: &Measured) -> String {
    format!("{:.0}/s, p50 {:.0} µs, p99 {:.0} µs", measured.requests_per_second, measured.p50_us, measured.p99_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_the_attack_carries_the_key_and_says_its_length() {
        for (name, request) in requests("lct_0") {
            assert_eq!(request.matches("lct_0").count(), 1, "{name}");
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())), "{name}");
        }
    }
}
