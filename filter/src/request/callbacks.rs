//! What Envoy calls of a request, and what becomes of it when the host fails meanwhile.

#[cfg(not(target_arch = "wasm32"))]
use std::rc::Rc;

use super::{Phase, Request};
use crate::host::{self, Action};
use crate::reply;
#[cfg(not(target_arch = "wasm32"))]
use crate::worker::Worker;

impl Request {
    pub(crate) fn on_headers(&mut self, end_of_stream: bool) -> Action {
        self.headers(end_of_stream).unwrap_or_else(|error| self.stop(&error))
    }

    /// `length` is of all that is buffered.
    pub(crate) fn on_body(&mut self, length: usize, end_of_stream: bool) -> Action {
        self.body(length, end_of_stream).unwrap_or_else(|error| self.stop(&error))
    }

    pub(crate) fn on_trailers(&mut self) -> Action {
        self.trailers().unwrap_or_else(|error| self.stop(&error))
    }

    pub(crate) fn on_intent_answered(&mut self, token: u32) {
        if let Err(error) = self.intent_answered(token) {
            self.stop(&error);
        }
    }

    pub(crate) fn on_response_headers(&mut self) {
        let Phase::Judged(record) = &mut self.phase else { return };
        if !record.is_forwarded() {
            if let Err(error) = reply::passes() {
                host::warn(&format!("lictor: an answer's status could not be set: {error:?}"));
            }
            return;
        }
        if let Err(error) = record.answer_begins() {
            host::warn(&format!("lictor: an answer could not be looked at: {error:?}"));
        }
        if let Err(error) = reply::add_headers(record.quota, record.event.reason, record.event.would_deny) {
            host::warn(&format!("lictor: the gate's headers could not be added: {error:?}"));
        }
    }

    pub(crate) fn on_response_body(&mut self, size: usize) {
        if let Phase::Judged(record) = &mut self.phase
            && record.is_forwarded()
            && let Err(error) = record.answer_piece(size)
        {
            host::warn(&format!("lictor: an answer could not be looked at: {error:?}"));
        }
    }

    /// A bug has ended a callback: nothing more is known of the request, and nothing of it goes on.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn broken(&mut self) -> Option<Rc<Worker>> {
        self.collected = None;
        self.phase = Phase::Stopped;
        self.worker.clone()
    }

    pub(crate) fn on_log(&mut self) {
        let record = match std::mem::replace(&mut self.phase, Phase::Stopped) {
            Phase::Judged(record) => *record,
            // The client left before the call was forwarded.
            Phase::Waiting(waiting) => self.abandon(*waiting),
            Phase::Untouched | Phase::Watched(_) | Phase::Buffering(_) | Phase::Stopped => return,
        };
        let ended = record.finish(self.worker.as_deref());
        if let Err(error) = ended {
            host::warn(&format!("lictor: an audit event was lost: {error:?}"));
        }
    }
}
