//! Requests that pass, and whose bodies are looked at on the way: calls that came by no road, and keys where none belong.

use lictor_policy::gate::{self, Sight, Watch};
use lictor_policy::road::Road;

use super::{Phase, Request};
use crate::arrived::Arrived;
use crate::headers::Headers;
use crate::host::{self, Action, HostError};
use crate::refused;
use crate::request::verdict::InForce;

impl Request {
    /// A path that is no road: nothing matters there, but what shows that it is a call where each needs a key.
    pub(super) fn elsewhere(&mut self, headers: Headers, end_of_stream: bool) -> Result<Action, HostError> {
        let in_force = self.in_force()?;
        if !in_force.policy().looks_everywhere() {
            return Ok(Action::Continue);
        }
        // The road is that of the call, should there be one.
        let arrived = Arrived::on(Road::Object, headers);
        let head = arrived.head();
        if let Some(sign) = gate::sign_in_head(&head) {
            return self.saw(arrived, &Sight::Call(sign), 0, &in_force);
        }
        if !end_of_stream {
            let watch = Watch::for_calls(&head);
            self.phase = Phase::Watched(Box::new((arrived, watch)));
        }
        Ok(Action::Continue)
    }

    /// Looks at the next piece of a body that passes, of this length.
    pub(super) fn watch(&mut self, length: usize) -> Result<Action, HostError> {
        // Should looking fail, the request stays stopped.
        let Phase::Watched(mut watched) = std::mem::replace(&mut self.phase, Phase::Stopped) else {
            return Ok(Action::Pause);
        };
        match watched.1.see(&host::request_body(length)?) {
            Some(sight) => {
                let in_force = self.in_force()?;
                self.saw(watched.0, &sight, length, &in_force)
            }
            None => {
                self.phase = if watched.1.is_over() { Phase::Untouched } else { Phase::Watched(watched) };
                Ok(Action::Continue)
            }
        }
    }

    /// The verdict on a request in which something was seen.
    fn saw(
        &mut self,
        mut arrived: Arrived,
        sight: &Sight,
        length: usize,
        in_force: &InForce,
    ) -> Result<Action, HostError> {
        if let Sight::Call(sign) = sight {
            arrived.road = sign.road();
        }
        let (refusal, mut record) = self.ask(&arrived, in_force, |asked| asked.judge_sight(sight))?;
        let Some(refusal) = refusal else {
            self.phase = Phase::Untouched;
            return Ok(Action::Continue);
        };
        record.event.request_bytes = length as u64;
        record.reserved = refused::take(&record.event, refusal.reason);
        self.refuse(arrived.road, record, &refusal)
    }
}
