//! The attack: requests that a gate refuses, as fast as it answers them.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use super::http::Incoming;

/// An attacker waits no longer for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct Options {
    /// Envoy's port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// The file of a request, head and body; each connection sends one of them, again and again.
    #[arg(long = "request", required = true)]
    requests: Vec<PathBuf>,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: f64,
}

/// Attacks until the time is up, whatever comes back, and says how often each request was sent.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let read = |file: &PathBuf| fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    let requests = options.requests.iter().map(read).collect::<Result<Vec<_>>>()?;
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(options.seconds);
    let sent = thread::scope(|scope| {
        let attackers: Vec<_> = (0..options.connections)
            .zip(requests.iter().enumerate().cycle())
            .map(|(_, (index, request))| (index, scope.spawn(move || attack(options.port, request, end))))
            .collect();
        let mut sent = vec![0_u64; requests.len()];
        for (index, attacker) in attackers {
            let count = attacker.join().ok().context("a thread of the attack has panicked")?;
            if let Some(sum) = sent.get_mut(index) {
                *sum += count;
            }
        }
        anyhow::Ok(sent)
    })?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({ "sent": sent, "requests_per_second": sent.iter().sum::<u64>() as f64 / seconds }))
}

/// Over one connection after the other: a gate may close one. Returns how many requests were answered or cut off.
fn attack(port: u16, request: &[u8], end: Instant) -> u64 {
    let mut sent = 0;
    while Instant::now() < end {
        // Its end is the gate's doing, and no error of an attack.
        let _closed = connection(port, request, end, &mut sent);
    }
    sent
}

fn connection(port: u16, request: &[u8], end: Instant, sent: &mut u64) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    let mut incoming = Incoming::new(stream.try_clone()?);
    while Instant::now() < end {
        *sent += 1;
        stream.write_all(request)?;
        if incoming.next()?.is_none() {
            break;
        }
    }
    Ok(())
}
