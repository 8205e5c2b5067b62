//! For limits that stand behind the filter and that gates have in common: what a call that is let through tells them, and
//! whether they have kept it from Odoo.

use lictor_policy::operation::{Operation, Operations};
use lictor_policy::refusal::Reason;
use lictor_policy::wire::Event;

use crate::headers::Headers;
use crate::host::{self, HostError};

const KEY: &str = "x-lictor-key";
const MODEL: &str = "x-lictor-model";
const OPERATION: &str = "x-lictor-operation";
/// For the answer to whoever is over a limit, and no limit's.
const DECISION: &str = "x-lictor-decision";
/// No client can write any of them.
const OWN: [&str; 4] = [KEY, MODEL, OPERATION, DECISION];

/// Of several operations the first of these counts: what harms most.
const HARM: [Operation; 5] = [Operation::Delete, Operation::Write, Operation::Create, Operation::Call, Operation::Read];
/// Bytes of a model's name; PostgreSQL has no tables with longer ones.
const MAX_MODEL: usize = 63;

/// Removes what a client has sent under these names, from every request: it would count as somebody else's call.
pub(crate) fn remove_sent(headers: &Headers) -> Result<(), HostError> {
    let mut sent = headers.iter().map(|(name, _)| name).filter(|name| OWN.iter().any(|own| own.as_bytes() == *name));
    sent.try_for_each(host::remove_request_header)
}

/// The headers of a call of a line of keys. None of them is secret.
pub(crate) fn headers<'e>(line: Option<&'e str>, event: &'e Event) -> impl Iterator<Item = (&'static str, &'e str)> {
    let told = line.map(|line| {
        let model = event.model.as_deref().filter(|name| is_plain(name));
        let operation = of_most_harm(event.operations).map(Operation::name);
        [(KEY, Some(line)), (MODEL, model), (OPERATION, operation), (DECISION, Some(event.decision_id.as_str()))]
    });
    told.into_iter().flatten().filter_map(|(name, value)| Some((name, value?)))
}

/// Why a filter behind this one has answered in Odoo's place, by the `response.code_details` of Envoy's rate limits, common
/// (`source/extensions/filters/http/ratelimit`) and local.
pub(crate) fn kept(details: &str) -> Option<Reason> {
    match details {
        "request_rate_limited" | "local_rate_limited" => Some(Reason::RateLimited),
        // Whoever was to know the limits did not answer.
        "rate_limiter_error" => Some(Reason::PolicyUnavailable),
        _ => None,
    }
}

fn of_most_harm(operations: Operations) -> Option<Operation> {
    HARM.into_iter().find(|operation| operations.contains(*operation))
}

/// Whether a name can be one of Odoo's models. In shadow a call goes on whatever it names.
fn is_plain(name: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    !name.is_empty() && name.len() <= MAX_MODEL && name.bytes().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(model: &str, operations: &[Operation]) -> Vec<(&'static str, String)> {
        let mut event = Event::at(0, "d".to_owned());
        event.model = Some(model.to_owned());
        event.operations = Operations::of(operations);
        assert_eq!(headers(None, &event).count(), 0);
        headers(Some("line"), &event).map(|(name, value)| (name, value.to_owned())).collect()
    }

    #[test]
    fn a_call_tells_its_line_its_model_and_the_operation_that_harms_most() {
        let text = |name, value: &str| (name, value.to_owned());
        let (key, decision) = (text(KEY, "line"), text(DECISION, "d"));
        let all = told("res.partner", &[Operation::Read, Operation::Write, Operation::Create]);
        assert_eq!(all, [key.clone(), text(MODEL, "res.partner"), text(OPERATION, "write"), decision.clone()]);
        for name in ["", "a b", "res.partner\r\nx-lictor-key: other", &"a".repeat(64)] {
            assert_eq!(told(name, &[]), [key.clone(), decision.clone()], "{name}");
        }
    }
}
