//! One request through a filter of its own, as Envoy would take it, from the configuration to the end of the answer.

use std::thread::spawn;

use lictor_policy::wire;

use super::requests::{Intent, Request, snapshot};
use crate::host::Action;
use crate::host::abi::{Answer, BUG, Host, Map, host};
use crate::{callbacks, guarded};

/// Envoy's numbers of contexts.
const ROOT: u32 = 1;
const FIRST: u32 = 2;
const SECOND: u32 = 3;
/// proxy-wasm's numbers of maps and buffers.
const REQUEST_HEADERS: u32 = 0;
const RESPONSE_HEADERS: u32 = 2;
const CALL_HEADERS: u32 = 6;
const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const CALL_BODY: u32 = 4;
/// Where the queue's entries say how many events they hold.
const COUNT: std::ops::Range<usize> = 8..16;

/// A request as it goes on.
pub(super) type Forwarded = (Map, Vec<u8>);

/// What became of a request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What went on.
    pub(super) forwarded: Option<Forwarded>,
    /// What the gate answered.
    pub(super) answers: Vec<Answer>,
    /// The host's calls, by name.
    pub(super) made: Vec<&'static str>,
    /// Events that are recorded, or were sent ahead.
    pub(super) events: u64,
    /// Whether the filter took its configuration; else Envoy has no requests for it.
    pub(super) configured: bool,
    /// Whether the same request, sent again when nothing fails any more, becomes what it should.
    pub(super) recovered: bool,
    /// Whether anything panicked.
    pub(super) panicked: bool,
}

/// From when on calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The filter's configuration.
    Start,
    /// The request, of a filter that has its policy.
    Request,
}

/// Takes a request through, with the call of this number failing.
pub(super) fn run(request: &Request, since: Since, fails: Option<(usize, u32)>) -> Outcome {
    run_with(request, since, fails, None)
}

/// Takes a request through a filter that has a bug at the call of this number.
pub(super) fn run_with_bug(request: &Request, since: Since, panics: usize) -> Outcome {
    guarded::hush(BUG);
    run_with(request, since, None, Some(panics))
}

fn run_with(request: &Request, since: Since, fails: Option<(usize, u32)>, panics: Option<usize>) -> Outcome {
    let request = request.clone();
    // A thread is what a VM is to Envoy: all that the filter keeps is the thread's.
    let outcome = spawn(move || in_vm(&request, since, fails, panics)).join();
    outcome.unwrap_or_else(|_| Outcome { panicked: true, ..Outcome::default() })
}

fn in_vm(request: &Request, since: Since, fails: Option<(usize, u32)>, panics: Option<usize>) -> Outcome {
    let at_start = since == Since::Start;
    host(|host| {
        *host = Host { nanoseconds: 1_900_000_000_000_000_000, has_one_request: true, ..Host::default() };
        (host.fails, host.panics) = (fails.filter(|_| at_start), panics.filter(|_| at_start));
        host.configuration = br#"{"control_plane_cluster":"control","call_headers":true}"#.to_vec();
    });
    callbacks::create(ROOT, 0);
    if !thread(|| callbacks::configure(ROOT)).unwrap_or_default() {
        return Outcome { made: host(|host| host.made.clone()), ..Outcome::default() };
    }
    // The first looks for a policy and asks for it; should it fail, the next.
    take_policy();
    host(|host| {
        host.fails = fails;
        if since == Since::Request {
            host.panics = panics;
            host.made.clear();
        }
    });
    let forwarded = pass(FIRST, request);
    let answers = host(|host| std::mem::take(&mut host.answers));
    let events = recorded_and_sent();
    thread(|| callbacks::tick(ROOT));
    answer_calls(false, 200, None);
    thread(|| callbacks::done(ROOT));
    let made = host(|host| {
        (host.fails, host.panics) = (None, None);
        std::mem::take(&mut host.made)
    });
    host(|host| host.nanoseconds += 3_000_000_000);
    thread(|| callbacks::tick(ROOT));
    answer_calls(true, 200, None);
    let again = pass(SECOND, request);
    let recovered = again.is_some() == (request.expected == super::Expected::Forwarded);
    callbacks::delete(ROOT);
    Outcome { forwarded, answers, made, events, configured: true, recovered, panicked: false }
}

/// Ticks until there is a policy, twice at most: what failed is tried again.
fn take_policy() {
    for _ in 0..2 {
        if host(|host| host.shared.contains_key(&b"lictor.stamp.1"[..])) {
            break;
        }
        // Longer than any pause between tries.
        host(|host| host.nanoseconds += 3_000_000_000);
        thread(|| callbacks::tick(ROOT));
        answer_calls(true, 200, None);
    }
}

/// Answers what was asked of the control plane since it was last looked. A poll, which has no body, is answered with the
/// policy if `polled`. `waits` is the request that waits for its intent.
fn answer_calls(polled: bool, status: u32, waits: Option<u32>) {
    let (first, calls) = host(|host| (std::mem::replace(&mut host.answered, host.calls.len()), host.calls.clone()));
    for (number, call) in calls.iter().enumerate().skip(first) {
        let (status, body) = match call.is_empty() {
            true if polled => (200, snapshot()),
            true => (304, Vec::new()),
            false => (status, b"{\"stored\":1}".to_vec()),
        };
        host(|host| {
            let version = (wire::VERSION_HEADER.into(), wire::VERSION.to_string().into_bytes());
            host.maps.insert(CALL_HEADERS, vec![(b":status".to_vec(), status.to_string().into_bytes()), version]);
            host.buffers.insert(CALL_BODY, body.clone());
        });
        let token = number as u32 + 1;
        let answered = || callbacks::call_answered(ROOT, token, body.len());
        match waits.filter(|_| String::from_utf8_lossy(call).contains(r#""kind":"intent""#)) {
            Some(request) => tell(request, answered),
            None => guarded::answer(ROOT, token, answered),
        }
    }
}

/// One request and its answer. What went on, if it did.
fn pass(id: u32, request: &Request) -> Option<Forwarded> {
    let text = |text: &String| text.clone().into_bytes();
    host(|host| {
        host.maps
            .insert(REQUEST_HEADERS, request.headers.iter().map(|(name, value)| (text(name), text(value))).collect());
        host.buffers.remove(&REQUEST_BODY);
        (host.resumed, host.answers) = (false, Vec::new());
    });
    thread(|| callbacks::create(id, ROOT));
    let forwarded = ask(id, request).then(|| {
        host(|host| {
            let mut headers = host.maps[&REQUEST_HEADERS].clone();
            // Another one at each decision.
            headers.retain(|(name, _)| name != b"x-lictor-decision");
            (headers, host.buffers.get(&REQUEST_BODY).cloned().unwrap_or_default())
        })
    });
    let answer = b"<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>";
    let answered = host(|host| host.answers.last().map(|answer| answer.status));
    if forwarded.is_some() || answered.is_some() {
        host(|host| {
            let status = answered.unwrap_or(200).to_string().into_bytes();
            host.maps.insert(RESPONSE_HEADERS, vec![(b":status".to_vec(), status)]);
            host.buffers.insert(RESPONSE_BODY, answer.to_vec());
        });
        tell(id, || callbacks::response_headers(id));
        tell(id, || callbacks::response_body(id, answer.len()));
    }
    thread(|| callbacks::log(id));
    thread(|| callbacks::delete(id));
    forwarded
}

/// A hook of a request, as a module has it.
fn hook(id: u32, ask: impl FnOnce() -> Action) -> Action {
    guarded::request(id, || (), ask)
}

fn tell(id: u32, tell: impl FnOnce()) {
    hook(id, || {
        tell();
        Action::Continue
    });
}

/// Any other hook.
fn thread<T>(work: impl FnOnce() -> T) -> Option<T> {
    guarded::thread(ROOT, work)
}

/// Whether a request goes on, after all of it has come.
fn ask(id: u32, request: &Request) -> bool {
    let ends_here = request.pieces.is_empty() && !request.trailers;
    let mut action = hook(id, || callbacks::request_headers(id, ends_here));
    for (number, piece) in request.pieces.iter().enumerate() {
        if is_answered() {
            return false;
        }
        let length = host(|host| {
            let body = host.buffers.entry(REQUEST_BODY).or_default();
            body.extend_from_slice(piece);
            body.len()
        });
        let ends_here = number + 1 == request.pieces.len() && !request.trailers;
        action = hook(id, || callbacks::request_body(id, length, ends_here));
    }
    if request.trailers && !is_answered() {
        action = hook(id, || callbacks::request_trailers(id));
    }
    // Whoever is woken sends what waits; and a tick, should nobody be.
    (0..host(|host| host.queues.len() as u32)).for_each(|queue| tell(id, || callbacks::queue_ready(queue)));
    thread(|| callbacks::tick(ROOT));
    if action == Action::Pause && !is_answered() {
        match request.intent {
            Intent::Stored => answer_calls(false, 200, Some(id)),
            Intent::NotStored => answer_calls(false, 503, Some(id)),
            Intent::Unanswered => {}
        }
    }
    !is_answered() && (action == Action::Continue || host(|host| host.resumed))
}

fn is_answered() -> bool {
    host(|host| !host.answers.is_empty())
}

/// How many events are in the queue or written down for it, and how many were sent ahead.
fn recorded_and_sent() -> u64 {
    host(|host| {
        let kept = host.shared.iter().filter(|(name, _)| name.starts_with(b"lictor.kept")).map(|(_, (value, _))| value);
        let queued = host
            .queues
            .iter()
            .flat_map(|(_, queue)| queue)
            .chain(kept)
            .filter_map(|entry| entry.get(COUNT)?.try_into().ok())
            .map(u64::from_le_bytes);
        let sent = host.calls.iter().map(|body| String::from_utf8_lossy(body).matches("\"sequence\"").count() as u64);
        queued.sum::<u64>() + sent.sum::<u64>()
    })
}
