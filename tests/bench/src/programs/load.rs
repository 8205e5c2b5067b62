//! The load: some connections that stay open, each with one call under way.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::http::{Incoming, Message};

/// An answer that takes longer is an error.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Of calls at a pace: some hundreds, and five ticks of a gate.
const WINDOW: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(crate) struct Options {
    /// Envoy's port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// The file of the request to send, head and body, or of several, which are sent in turn.
    #[arg(long)]
    request: PathBuf,
    /// The file of the body that every answer must have.
    #[arg(long)]
    answer: PathBuf,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: f64,
    /// Ends it earlier.
    #[arg(long)]
    calls: Option<u64>,
    /// Calls a second of all connections together, in the place of as many as are answered.
    #[arg(long)]
    rate: Option<f64>,
}

/// Calls until the time is up, or all calls are made. Any answer but the right one is an error.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let read = |file: &PathBuf| fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    let requests = requests(&read(&options.request)?)?;
    let answer = read(&options.answer)?;
    let between =
        options.rate.map(|rate| Duration::try_from_secs_f64(options.connections as f64 / rate)).transpose()?;
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(options.seconds);
    let left = AtomicU64::new(options.calls.unwrap_or(u64::MAX));
    let calls = thread::scope(|scope| -> Result<Vec<Call>> {
        let callers = (0..options.connections).map(|number| {
            let share = |whole| whole * number / options.connections;
            // Connections begin with different requests, and at different moments.
            let requests = requests.iter().cycle().skip(share(requests.len()));
            let pace = between.map(|between| {
                let first = began + between.mul_f64(number as f64 / options.connections as f64);
                Pace { between, due: first }
            });
            let (answer, left) = (&answer, &left);
            scope.spawn(move || connection(options.port, requests, answer, left, (began, end), pace))
        });
        let callers: Vec<_> = callers.collect();
        let mut calls = Vec::new();
        for caller in callers {
            let done = caller.join().ok().context("a thread of the load generator has panicked")?;
            calls.extend(done?);
        }
        Ok(calls)
    });
    let (calls, seconds) = (calls?, began.elapsed().as_secs_f64());
    Ok(json!({
        "requests": calls.len(),
        "requests_per_second": calls.len() as f64 / seconds,
        "p50_us": percentile(times(&calls), 50),
        "p99_us": if options.rate.is_some() { of_most_windows(&calls, 99) } else { percentile(times(&calls), 99) },
    }))
}

/// A call that was answered.
#[derive(Clone, Copy)]
struct Call {
    /// When it was sent, since all began.
    sent: Duration,
    /// Until it was answered.
    microseconds: u32,
}

fn times(calls: &[Call]) -> Vec<u32> {
    calls.iter().map(|call| call.microseconds).collect()
}

/// The median of the percentiles of all windows. A machine that shares its processors stops everything for some milliseconds
/// now and then, 1 % of the time and more: that would be the 99th percentile of all, and say nothing of a gate.
fn of_most_windows(calls: &[Call], percent: usize) -> u32 {
    let mut windows: BTreeMap<u128, Vec<Call>> = BTreeMap::new();
    for call in calls {
        windows.entry(call.sent.as_micros() / WINDOW.as_micros()).or_default().push(*call);
    }
    percentile(windows.values().map(|calls| percentile(times(calls), percent)).collect(), 50)
}

/// The requests of a file that has nothing else.
fn requests(file: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut incoming = Incoming::new(file);
    let mut requests = Vec::new();
    while let Some(message) = incoming.next().context("the file of the requests")? {
        requests.push([message.head, message.body].concat());
    }
    Ok(requests)
}

/// The calls of a connection that does not call as fast as it can.
struct Pace {
    between: Duration,
    due: Instant,
}

impl Pace {
    /// Waits until the next call is due, and says since when it has been: one that waits for the answer before it is late because
    /// of that answer, and one that is sent late because this thread was woken late is not.
    fn next(&mut self) -> Instant {
        let due = self.due;
        self.due += self.between;
        let early = due.saturating_duration_since(Instant::now());
        if early.is_zero() {
            return due;
        }
        thread::sleep(early);
        Instant::now()
    }
}

/// Returns the calls of one connection.
fn connection<'r>(
    port: u16,
    requests: impl Iterator<Item = &'r Vec<u8>>,
    answer: &[u8],
    left: &AtomicU64,
    (began, end): (Instant, Instant),
    mut pace: Option<Pace>,
) -> Result<Vec<Call>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    let mut incoming = Incoming::new(stream.try_clone()?);
    let mut calls = Vec::new();
    let mut answered = Instant::now();
    let is_one_left = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    for request in requests {
        let sent = pace.as_mut().map_or(answered, Pace::next);
        if sent >= end || !is_one_left() {
            break;
        }
        stream.write_all(request)?;
        let Some(message) = incoming.next().context("no answer")? else { bail!("Envoy closed a connection") };
        check(&message, answer)?;
        answered = Instant::now();
        let microseconds = u32::try_from((answered - sent).as_micros()).unwrap_or(u32::MAX);
        calls.push(Call { sent: sent.saturating_duration_since(began), microseconds });
    }
    Ok(calls)
}

fn check(message: &Message<'_>, answer: &[u8]) -> Result<()> {
    if message.body == answer && message.head.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    bail!("a wrong answer: {}{}", text(message.head), text(message.body))
}

/// 0 if there are none.
fn percentile(mut times: Vec<u32>, percent: usize) -> u32 {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_calls() {
        let times: Vec<u32> = (1..=200).rev().collect();
        assert_eq!((percentile(times.clone(), 50), percentile(times, 99), percentile(vec![], 50)), (101, 199, 0));
    }

    #[test]
    fn a_machine_that_stops_for_a_while_is_not_what_most_windows_show() {
        let call = |at: u32| {
            let stopped = (1_000..1_050).contains(&at);
            Call { sent: Duration::from_millis(at.into()), microseconds: if stopped { 9_000 } else { 100 + at % 100 } }
        };
        let calls: Vec<_> = (0..3_000).map(call).collect();
        assert_eq!(percentile(times(&calls), 99), 9_000);
        assert_eq!(of_most_windows(&calls, 99), 199);
    }

    #[test]
    fn a_file_may_have_several_requests() {
        let one = "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy";
        let other = "POST /b HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(requests(format!("{one}{other}").as_bytes()).unwrap(), [one.as_bytes(), other.as_bytes()]);
        assert!(requests(format!("{one}POST").as_bytes()).is_err(), "half a request");
    }

    #[test]
    fn a_call_that_waited_for_the_answer_before_it_counts_from_when_it_was_due() {
        let began = Instant::now();
        let between = Duration::from_millis(1);
        let mut pace = Pace { between, due: began };
        let late = began + between * 2;
        while Instant::now() < late {
            std::hint::spin_loop();
        }
        assert_eq!((pace.next(), pace.next()), (began, began + between));
        let mut early = Pace { between, due: Instant::now() + between };
        let due = early.due;
        assert!(early.next() >= due);
    }

    #[test]
    fn only_the_right_answer_is_right() {
        let message = |head, body| Message { head, body };
        check(&message(b"HTTP/1.1 200 OK\r\n\r\n", b"yes"), b"yes").unwrap();
        for (head, body) in [("HTTP/1.1 200 OK\r\n\r\n", "<fault>"), ("HTTP/1.1 503 No\r\n\r\n", "yes")] {
            check(&message(head.as_bytes(), body.as_bytes()), b"yes").unwrap_err();
        }
    }
}
