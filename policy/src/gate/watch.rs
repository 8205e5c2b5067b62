//! Bodies that pass piece by piece, without being collected: looked at for what may not.

use crate::decide::Head;
use crate::gate::calls::{Calls, Sign};
use crate::gate::marks::{self, Mark};
use crate::gate::{Asked, Policy};
use crate::refusal::{Reason, Refusal};

/// How much of a body is kept for a key that the next piece goes on with: each of its letters may be written as eight.
const KEPT: usize = 512;

/// Looks at one body.
#[derive(Debug)]
pub struct Watch(Eye);

#[derive(Debug)]
enum Eye {
    Calls(Calls),
    /// `kept` is the end of what was seen. `all`: any mark counts, not only a whole key.
    Keys {
        kept: Vec<u8>,
        all: bool,
    },
}

/// What was seen.
#[derive(Debug)]
pub enum Sight {
    /// A call that came by no road.
    Call(Sign),
    /// A Lictor key where none belongs.
    Key(SeenKey),
}

/// A key that was seen; opaque, as it is a secret.
#[derive(Debug)]
pub struct SeenKey(Mark);

impl Watch {
    /// For calls, on a path that is no road. See [`Policy::looks_everywhere`].
    pub fn for_calls(head: &Head<'_>) -> Self {
        Self(Eye::Calls(Calls::new(head)))
    }

    /// For keys, on a road whose bodies are other clients'.
    pub fn for_keys(policy: Policy<'_>) -> Self {
        Self(Eye::Keys { kept: Vec::new(), all: policy.snapshot.is_none() })
    }

    /// Looks at the next piece.
    pub fn see(&mut self, piece: &[u8]) -> Option<Sight> {
        match &mut self.0 {
            Eye::Calls(calls) => calls.see(piece).map(Sight::Call),
            Eye::Keys { kept, all } => {
                kept.extend_from_slice(piece);
                let mark = marks::find(kept).filter(|mark| mark.is_key || *all);
                kept.drain(..kept.len().saturating_sub(KEPT));
                mark.map(|mark| Sight::Key(SeenKey(mark)))
            }
        }
    }

    /// Whether the rest of the body cannot matter.
    pub fn is_over(&self) -> bool {
        matches!(&self.0, Eye::Calls(calls) if calls.is_over())
    }
}

impl Asked<'_, '_> {
    /// What becomes of a request in which something was seen: a refusal, or none, and it goes on.
    pub fn judge_sight(mut self, sight: &Sight) -> Option<Refusal> {
        Some(match sight {
            Sight::Call(sign) => self.policy.refuses(*sign, self.facts)?,
            Sight::Key(_) if self.policy.snapshot.is_none() => Reason::PolicyUnavailable.into(),
            Sight::Key(SeenKey(mark)) => {
                self.name(mark);
                self.misplaced()
            }
        })
    }
}
