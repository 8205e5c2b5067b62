//! An event as JSON. Field by field, as each call has one: serde looks at each byte of each text by itself.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::formats::json;
use crate::wire::{Event, EventKind};

/// Appends `,"name":`.
macro_rules! name {
    ($out:ident, $name:literal) => {
        $out.push_str(concat!(",\"", $name, "\":"))
    };
}

macro_rules! number {
    ($out:ident, $name:literal, $number:expr) => {
        name!($out, $name);
        $out.push_str(itoa::Buffer::new().format($number));
    };
}

/// Of a text that is not there, nothing.
macro_rules! text {
    ($out:ident, $name:literal, $text:expr) => {
        if let Some(text) = $text {
            name!($out, $name);
            json::write_string($out, text);
        }
    };
}

macro_rules! list {
    ($out:ident, $name:literal, $list:expr) => {
        if !$list.is_empty() {
            name!($out, $name);
            // Texts and numbers can always be written.
            $out.push_str(&serde_json::to_string($list).unwrap_or_default());
        }
    };
}

impl Event {
    /// Appends it. Most fields are left out where they say what they say of nearly every event.
    pub fn write(&self, out: &mut String) {
        // Without `..`: a new field does not compile until it is written.
        let Self {
            sequence,
            kind,
            count,
            at,
            decision_id,
            request_id,
            key_id,
            user_id,
            client_ip,
            user_agent,
            session,
            road,
            database,
            model,
            method,
            operations,
            record_ids,
            record_count,
            record_digest,
            nested_ids,
            outcome,
            none_answer,
            reason,
            would_deny,
            lacks,
            outline,
            schema_stale,
            fault_code,
            gate_us,
            odoo_us,
            request_bytes,
            response_bytes,
        } = self;
        out.push_str("{\"sequence\":");
        out.push_str(itoa::Buffer::new().format(*sequence));
        text!(out, "kind", (*kind != EventKind::Call).then_some(kind.name()));
        if *count != 1 {
            number!(out, "count", *count);
        }
        number!(out, "at", *at);
        text!(out, "decision_id", Some(decision_id));
        text!(out, "request_id", request_id);
        text!(out, "key_id", key_id);
        text!(out, "user_id", user_id);
        text!(out, "client_ip", Some(client_ip));
        text!(out, "user_agent", user_agent);
        text!(out, "session", session);
        text!(out, "road", Some(road));
        text!(out, "database", database);
        text!(out, "model", model);
        text!(out, "method", method);
        if !operations.is_empty() {
            name!(out, "operations");
            for (at, operation) in operations.iter().enumerate() {
                out.push_str(if at == 0 { "[\"" } else { "\",\"" });
                out.push_str(operation.name());
            }
            out.push_str("\"]");
        }
        list!(out, "record_ids", record_ids);
        if let Some(count) = record_count {
            number!(out, "record_count", *count);
        }
        text!(out, "record_digest", record_digest);
        list!(out, "nested_ids", nested_ids);
        text!(out, "outcome", Some(outcome.name()));
        if *none_answer {
            out.push_str(",\"none_answer\":true");
        }
        text!(out, "reason", reason.map(|reason| reason.row().name));
        text!(out, "would_deny", would_deny.map(|reason| reason.row().name));
        list!(out, "lacks", lacks);
        text!(out, "outline", outline);
        if *schema_stale {
            out.push_str(",\"schema_stale\":true");
        }
        if let Some(code) = fault_code {
            number!(out, "fault_code", *code);
        }
        number!(out, "gate_us", *gate_us);
        number!(out, "odoo_us", *odoo_us);
        number!(out, "request_bytes", *request_bytes);
        number!(out, "response_bytes", *response_bytes);
        out.push('}');
    }
}

/// By the same JSON, so that there is one way only.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = String::new();
        self.write(&mut json);
        RawValue::from_string(json).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Operations};
    use crate::records::RecordIds;
    use crate::refusal::Reason;
    use crate::wire::Outcome;

    fn read_back(event: &Event) -> String {
        let mut json = String::new();
        event.write(&mut json);
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event, "{json}");
        json
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let small = Event::at(1, "d".to_owned());
        let json = read_back(&small);
        assert_eq!(
            json,
            r#"{"sequence":0,"at":1,"decision_id":"d","client_ip":"","road":"","outcome":"unknown","gate_us":0,"odoo_us":0,"request_bytes":0,"response_bytes":0}"#
        );
        let some = |text: &str| Some(text.to_owned());
        let full = Event {
            sequence: u64::MAX,
            kind: EventKind::Counted,
            count: 2,
            at: 3,
            decision_id: "0123456789abcdef".to_owned(),
            request_id: some("\"\\\u{0}\n\u{1f}\u{7f}"),
            key_id: some(""),
            user_id: some("é\u{1f600}\u{2028}"),
            client_ip: "2001:db8::1".to_owned(),
            user_agent: some("agent \"1\"\t(eight by eight bytes, and then some more)"),
            session: some("a-1"),
            road: "/xmlrpc/2/mcp".into(),
            database: some("odoo"),
            model: some("res.partner"),
            method: some("unlink"),
            operations: Operations::of(&[Operation::Read, Operation::Call]),
            record_ids: RecordIds::first(1..=500, 1000),
            record_count: Some(500),
            record_digest: some("ab"),
            nested_ids: RecordIds::first([i64::MIN, i64::MAX], 1000),
            outcome: Outcome::Denied,
            none_answer: true,
            reason: Some(Reason::FieldDenied),
            would_deny: Some(Reason::RateLimited),
            lacks: vec!["a \"b\"".to_owned(), "c".to_owned()],
            outline: some(r#"{"args":[[1]]}"#),
            schema_stale: true,
            fault_code: Some(-1),
            gate_us: 4,
            odoo_us: 5,
            request_bytes: 6,
            response_bytes: 7,
        };
        read_back(&full);
        for outcome in [Outcome::Allowed, Outcome::Denied, Outcome::Faulted, Outcome::Unknown] {
            read_back(&Event { outcome, ..small.clone() });
        }
        for kind in [EventKind::Call, EventKind::Intent, EventKind::Outcome, EventKind::Counted] {
            read_back(&Event { kind, ..small.clone() });
        }
        for reason in Reason::ALL {
            read_back(&Event { reason: Some(*reason), would_deny: Some(*reason), ..small.clone() });
        }
    }
}
