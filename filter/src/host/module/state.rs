//! Whom host calls are about: the request or configuration whose hook Envoy has called, and what is done when that has
//! returned.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::envoy::{Answer, Config, Filter, Kind};
use super::ticks::Ticks;

/// A configuration, as all threads see it.
pub(crate) struct Configured {
    /// By which Envoy names it to us; never 0.
    pub(crate) number: usize,
    /// The plugin configuration.
    pub(super) bytes: Vec<u8>,
    pub(super) envoy: Config,
    /// Envoy defines metrics on its main thread while it configures; later threads find them here.
    pub(super) metrics: OnceLock<Vec<Metric>>,
    pub(super) defining: Mutex<Vec<Metric>>,
    pub(crate) ticks: Mutex<Option<Ticks>>,
}

pub(super) struct Metric {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    pub(super) id: usize,
}

/// A configuration on one thread.
pub(crate) struct Root {
    /// Its context.
    pub(crate) id: u32,
    pub(crate) configured: Arc<Configured>,
}

/// A request of this thread.
struct Stream {
    filter: Filter,
    root: Rc<Root>,
    is_answered: bool,
    /// The call of it that is under way: Envoy's number, and ours.
    call: Option<(u64, u32)>,
}

/// Whom host calls are about.
#[derive(Clone, Default)]
pub(crate) struct Now {
    pub(super) request: Option<(u32, Filter)>,
    pub(super) root: Option<Rc<Root>>,
    /// The request of which a piece of a body is passing.
    pub(super) piece_of: Option<u32>,
    pub(super) answer: Option<Rc<Answer>>,
    /// Whether headers have changed, by which the route was chosen.
    pub(super) has_new_headers: bool,
}

/// What waits for the hook to return, since Envoy may call other hooks of the request in the midst of it.
pub(super) enum After {
    Respond { request: u32, status: u32, headers: Vec<u8>, body: Vec<u8> },
    Resume { request: u32 },
}

impl After {
    fn request(&self) -> u32 {
        let (Self::Respond { request, .. } | Self::Resume { request }) = self;
        *request
    }
}

static CONFIGURED: Mutex<BTreeMap<usize, Arc<Configured>>> = Mutex::new(BTreeMap::new());

thread_local! {
    static ROOTS: RefCell<BTreeMap<usize, Rc<Root>>> = const { RefCell::new(BTreeMap::new()) };
    static STREAMS: RefCell<HashMap<u32, Stream>> = RefCell::default();
    static NOW: RefCell<Now> = RefCell::default();
    static AFTER: RefCell<VecDeque<After>> = const { RefCell::new(VecDeque::new()) };
    /// Hooks that are being run, one in another.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The last number of a context, and of a call.
    static LAST: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    /// The calls of the main thread that are under way: ours, by the configuration and Envoy's number.
    static CALLS: RefCell<BTreeMap<(usize, u64), u32>> = const { RefCell::new(BTreeMap::new()) };
}

fn configured() -> MutexGuard<'static, BTreeMap<usize, Arc<Configured>>> {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Configured {
    pub(crate) fn new(envoy: Config, bytes: &[u8]) -> Arc<Self> {
        static LAST: Mutex<usize> = Mutex::new(0);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        Arc::new(Self {
            number: *last,
            bytes: bytes.to_vec(),
            envoy,
            metrics: OnceLock::new(),
            defining: Mutex::default(),
            ticks: Mutex::default(),
        })
    }

    /// Lets other threads find it, now that it is whole.
    pub(crate) fn publish(self: &Arc<Self>) {
        let defined = std::mem::take(&mut *self.defining.lock().unwrap_or_else(PoisonError::into_inner));
        self.metrics.get_or_init(|| defined);
        configured().insert(self.number, Arc::clone(self));
    }

    pub(crate) fn find(number: usize) -> Option<Arc<Self>> {
        configured().get(&number).cloned()
    }

    pub(crate) fn forget(number: usize) -> Option<Arc<Self>> {
        configured().remove(&number)
    }

    /// Ends the thread that ticks for it.
    pub(crate) fn end_ticks(&self) {
        drop(self.ticks.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The main thread ticks.
    pub(crate) fn ticked(&self) {
        if let Some(ticks) = &*self.ticks.lock().unwrap_or_else(PoisonError::into_inner) {
            ticks.taken();
        }
    }
}

impl Root {
    /// A context on this thread; [`Self::keep`] makes it the one of its configuration.
    pub(crate) fn new(configured: Arc<Configured>) -> Rc<Self> {
        Rc::new(Self { id: next_context(), configured })
    }

    pub(crate) fn keep(self: &Rc<Self>) {
        ROOTS.with_borrow_mut(|roots| roots.insert(self.configured.number, Rc::clone(self)));
    }

    pub(crate) fn find(number: usize) -> Option<Rc<Self>> {
        ROOTS.with_borrow(|roots| roots.get(&number).cloned())
    }

    /// Takes those of this thread whose configurations Envoy has given up.
    pub(crate) fn take_abandoned() -> Vec<Rc<Self>> {
        let live = configured();
        ROOTS.with_borrow_mut(|roots| {
            roots.extract_if(.., |number, _| !live.contains_key(number)).map(|(_, root)| root).collect()
        })
    }

    pub(crate) fn now(self: &Rc<Self>) -> Now {
        Now { root: Some(Rc::clone(self)), ..Now::default() }
    }
}

/// A number that no context of this thread has. Numbers come again after four billion, when some requests may still be
/// open.
fn next_context() -> u32 {
    let (mut context, call) = LAST.get();
    loop {
        context = context.checked_add(1).unwrap_or(1);
        let is_root = ROOTS.with_borrow(|roots| roots.values().any(|root| root.id == context));
        if !is_root && !STREAMS.with_borrow(|streams| streams.contains_key(&context)) {
            LAST.set((context, call));
            return context;
        }
    }
}

fn next_call() -> u32 {
    let (context, call) = LAST.get();
    let call = call.wrapping_add(1);
    LAST.set((context, call));
    call
}

/// A new request of this thread.
pub(crate) fn begin(filter: Filter, root: &Rc<Root>) -> u32 {
    let id = next_context();
    let stream = Stream { filter, root: Rc::clone(root), is_answered: false, call: None };
    STREAMS.with_borrow_mut(|streams| streams.insert(id, stream));
    id
}

/// A request that Envoy has given up.
pub(crate) fn end(request: u32) {
    STREAMS.with_borrow_mut(|streams| streams.remove(&request));
}

pub(super) fn filter(request: u32) -> Option<Filter> {
    STREAMS.with_borrow(|streams| Some(streams.get(&request)?.filter))
}

/// Calls that follow are about a request.
pub(crate) fn about(request: u32) -> Option<Now> {
    STREAMS.with_borrow(|streams| {
        let stream = streams.get(&request)?;
        Some(Now { request: Some((request, stream.filter)), root: Some(Rc::clone(&stream.root)), ..Now::default() })
    })
}

impl Now {
    /// The context of the configuration on this thread; 0 if there is none.
    pub(crate) fn root_id(&self) -> u32 {
        self.root.as_ref().map_or(0, |root| root.id)
    }

    /// A piece of a body is passing.
    pub(crate) fn with_piece(self) -> Self {
        Self { piece_of: self.request.map(|(request, _)| request), ..self }
    }

    /// A call was answered.
    pub(crate) fn with_answer(self, answer: Answer) -> Self {
        Self { answer: Some(Rc::new(answer)), ..self }
    }
}

/// Runs a hook, and then what it has left for later. Hooks are run one in another when Envoy calls them so.
pub(crate) fn enter<T>(now: Now, hook: impl FnOnce() -> T) -> T {
    let before = NOW.replace(now);
    DEPTH.set(DEPTH.get() + 1);
    let said = hook();
    DEPTH.set(DEPTH.get() - 1);
    let now = NOW.replace(before);
    if let (true, Some((request, _))) = (now.has_new_headers, now.request)
        && let Some(filter) = filter(request)
    {
        filter.choose_route();
    }
    if DEPTH.get() == 0 {
        run_after();
    }
    said
}

fn run_after() {
    while let Some(after) = AFTER.with_borrow_mut(VecDeque::pop_front) {
        // It may be gone: what was done for another one can have ended its connection.
        let Some(filter) = filter(after.request()) else { continue };
        match after {
            After::Respond { status, headers, body, .. } => super::respond_now(filter, status, &headers, &body),
            After::Resume { .. } => filter.resume(),
        }
    }
}

/// Leaves something for when the hook has returned.
pub(super) fn later(after: After) {
    AFTER.with_borrow_mut(|waiting| waiting.push_back(after));
}

/// Forgets what a hook has left for a request before a bug ended it.
pub(crate) fn forget(request: u32) {
    let had_answer = AFTER.with_borrow_mut(|waiting| {
        let had_answer =
            waiting.iter().any(|after| matches!(after, After::Respond { request: found, .. } if *found == request));
        waiting.retain(|after| after.request() != request);
        had_answer
    });
    if had_answer {
        STREAMS.with_borrow_mut(|streams| {
            if let Some(stream) = streams.get_mut(&request) {
                stream.is_answered = false;
            }
        });
    }
}

/// Marks a request as answered; false if it was before, or is gone.
pub(super) fn answer_once(request: u32) -> bool {
    STREAMS.with_borrow_mut(|streams| {
        streams.get_mut(&request).is_some_and(|stream| !std::mem::replace(&mut stream.is_answered, true))
    })
}

/// Looks at whom calls are about.
pub(super) fn now<T>(look: impl FnOnce(&mut Now) -> T) -> T {
    NOW.with_borrow_mut(look)
}

/// Keeps that a call is under way, and gives it a number of ours.
pub(super) fn called(now: &Now, envoys: u64) -> u32 {
    let ours = next_call();
    match (now.request, &now.root) {
        (Some((request, _)), _) => STREAMS.with_borrow_mut(|streams| {
            if let Some(stream) = streams.get_mut(&request) {
                stream.call = Some((envoys, ours));
            }
        }),
        (None, Some(root)) => {
            CALLS.with_borrow_mut(|calls| calls.insert((root.configured.number, envoys), ours));
        }
        (None, None) => {}
    }
    ours
}

/// The number of ours of a request's call that is answered.
pub(crate) fn call_of(request: u32, envoys: u64) -> Option<u32> {
    STREAMS.with_borrow_mut(|streams| {
        streams.get_mut(&request)?.call.take_if(|(call, _)| *call == envoys).map(|(_, ours)| ours)
    })
}

/// The number of ours of a configuration's call that is answered.
pub(crate) fn main_call_of(number: usize, envoys: u64) -> Option<u32> {
    CALLS.with_borrow_mut(|calls| calls.remove(&(number, envoys)))
}

/// Forgets the calls of a configuration that is gone.
pub(crate) fn forget_calls(number: usize) {
    CALLS.with_borrow_mut(|calls| calls.retain(|(of, _), _| *of != number));
}
