//! JSON-2: `POST /json/2/<model>/<method>`, a bearer key, and named arguments.

use std::borrow::Cow;

use crate::call::operators::lower_operators;
use crate::call::{BadCall, Call, Parameter, keyword_arguments};
use crate::decide::{Head, malformed};
use crate::formats::json;
use crate::formats::value::{Members, Value};
use crate::gate::{Asked, Body, Forward, Policy, Stop, Verdict, has_key, misshapen, readable, reply};
use crate::key::{Key, Presented};
use crate::odoo::{is_api_key, operations};
use crate::refusal::{Reason, Refusal};
use crate::road::{Road, Target};
use crate::secret::Secret;
use crate::wire::Enforcement;

/// The token of an `Authorization` header, as Odoo finds it: `(?i)^bearer\s+(.+)$` in Latin-1, with Python's white space.
pub fn bearer(header: &[u8]) -> Option<&[u8]> {
    let is_white = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ' | 0x85 | 0xa0);
    let (scheme, rest) = header.split_at_checked("bearer".len())?;
    let token = rest.get(rest.iter().position(|byte| !is_white(byte))?..)?;
    (scheme.eq_ignore_ascii_case(b"bearer") && token.len() < rest.len()).then_some(token)
}

/// Reads a call. Odoo takes `ids` and `context` for itself, and binds the rest by name.
///
/// # Errors
/// A body that is no object, a context that is no object, names that the path would overwrite. Other arguments are
/// judged as those of the method.
pub fn read<'a>(
    Target { model, method }: &'a Target,
    database: Option<&'a str>,
    key: &'a str,
    body: Value<'a>,
) -> Result<Call<'a>, BadCall> {
    let (mut args, mut kwargs) = (Vec::new(), Members::new());
    let takes_ids = operations::method(method).map(|known| known.ids);
    // PHP cannot tell `[]` from `{}`.
    for (name, value) in body.into_members().ok_or(BadCall::Shape(Parameter::Body))? {
        match (name.as_ref(), takes_ids) {
            ("__model__" | "__method__", _) => return Err(BadCall::Member(Parameter::Body)),
            ("ids", _) if matches!(value, Value::Nil) => {}
            // Odoo takes none here either; left among the keywords, more than none are refused.
            ("ids", Some(false)) if value.as_array().is_some_and(<[_]>::is_empty) => {}
            ("ids", Some(true) | None) => args.push(value),
            _ => kwargs.push((name, value)),
        }
    }
    if takes_ids == Some(true) && args.is_empty() {
        args.push(Value::Array(Vec::new()));
    }
    let database = database.map(Cow::Borrowed);
    let kwargs = keyword_arguments(Parameter::Body, Value::Struct(kwargs))?;
    let (password, model, method) = (Cow::Borrowed(key), Cow::Borrowed(model.as_str()), Cow::Borrowed(method.as_str()));
    Ok(Call { database, uid: None, password, model, method, args, kwargs })
}

/// Path and body of the call that is forwarded.
pub fn write(mut call: Call<'_>, size_hint: usize) -> (String, String) {
    lower_operators(&mut call);
    let path = format!("{}/{}/{}", Road::Json2.path(), call.model, call.method);
    let ids = call.args.into_iter().take(1).map(|ids| (Cow::Borrowed("ids"), ids));
    let mut body = String::with_capacity(size_hint);
    json::write(&mut body, &Value::Struct(ids.chain(call.kwargs).collect()));
    (path, body)
}

/// Whether the headers leave the verdict to the body: what they alone can refuse is refused before it has come.
pub(crate) fn needs_body(policy: Policy<'_>, head: &Head<'_>) -> bool {
    head.target.is_some() && key(head).and_then(|key| usable(policy, key)).is_ok()
}

/// The key in the headers.
fn key<'r>(head: &Head<'r>) -> Result<&'r str, Stop> {
    let key = std::str::from_utf8(bearer(head.authorization).unwrap_or_default()).unwrap_or_default();
    has_key(key)?;
    Ok(key)
}

/// Whether a key may be one that is taken on this road: it is not hashed yet.
fn usable(policy: Policy<'_>, key: &str) -> Result<(), Stop> {
    let snapshot = policy.snapshot()?;
    if policy.enforcement() == Enforcement::Block {
        return Err(Stop::Refused(Reason::EndpointBlocked.into()));
    }
    let found = match Key::recognise(key) {
        Presented::Key(presented) => snapshot.key(presented.prefix()).map_err(|_| Reason::PolicyUnavailable),
        Presented::Broken | Presented::Other => Ok(None),
    };
    match found {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Stop::Refused(Reason::InvalidKey.into())),
        Err(unavailable) => Err(Stop::Refused(unavailable.into())),
    }
}

impl Asked<'_, '_> {
    /// A request over JSON-2: the head carries the key and names the call, the body its arguments.
    pub(super) fn json2(&mut self, body: Body<'_>) -> Result<Verdict, Stop> {
        let head = self.facts.head;
        let key = key(&head)?;
        if let Some(Target { model, method }) = head.target {
            (self.trace.model, self.trace.method) = (Some(model.clone()), Some(method.clone()));
        }
        usable(self.policy, key)?;
        let target = head.target.ok_or_else(|| misshapen("its path must be /json/2/<model>/<method>").refused())?;
        let bytes = readable(self.policy, body).map_err(Stop::refused)?;
        let arguments = match bytes {
            [] => Value::Struct(Members::new()),
            bytes => json::read(bytes).map_err(|problem| self.malformed(key, problem))?,
        };
        let mut call = read(target, head.database, key, arguments).map_err(|problem| self.malformed(key, problem))?;
        let grant = self.decide(&call)?;
        grant.rewrite.apply(&mut call);
        let upstream = &grant.key.user.upstream;
        // Odoo takes nothing else on this road.
        if !is_api_key(upstream.secret.expose().as_bytes()) {
            return Err(Stop::Refused(Refusal::explained(
                Reason::EndpointBlocked,
                "On this road Odoo takes API keys only, and the key's user has a password there; an administrator would \
                 have to give the user an Odoo API key. /xmlrpc/2/mcp takes the call.",
            )));
        }
        // A request that ends with its headers cannot be given a body, and Odoo takes none for no arguments, as the gate does.
        if bytes.is_empty() && self.trace.lists {
            return Err(Stop::Refused(malformed(
                "it has no body into which the fields that may be read could be put; send {} at least",
            )));
        }
        let is_empty = bytes.is_empty()
            && call.kwargs.is_empty()
            && call.args.iter().all(|ids| ids.as_array().is_some_and(<[_]>::is_empty));
        let (path, mut document) = write(call, bytes.len() + bytes.len() / 4);
        if is_empty {
            document.clear();
        }
        let bearer = Secret::new(format!("Bearer {}", upstream.secret.expose()));
        let headers = vec![("authorization", bearer), ("x-odoo-database", Secret::new(upstream.database.clone()))];
        Ok(Verdict::Forward(Forward {
            path: Cow::Owned(path),
            kind: reply::JSON,
            headers,
            document,
            would_deny: grant.would_deny,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_one_that_odoo_finds() {
        for (header, token) in [
            (&b"Bearer abc"[..], Some(&b"abc"[..])),
            (b"bearer \t abc", Some(b"abc")),
            (b"BEARER abc def", Some(b"abc def")),
            (b"Bearer\xa0abc", Some(b"abc")),
            (b"Bearer \x85\x1fabc", Some(b"abc")),
            (b"Bearer \xff", Some(b"\xff")),
            (b"Bearer", None),
            (b"Bearer ", None),
            (b"Bearerabc", None),
            (b"Basic abc", None),
            (b"Bearer\xc2\xa0abc", None),
            (b"", None),
        ] {
            assert_eq!(bearer(header), token, "{header:?}");
        }
    }

    #[test]
    fn arguments_are_bound_as_odoo_binds_them() {
        let bound = |method: &str, body: &str| {
            let target = Target { model: "res.partner".to_owned(), method: method.to_owned() };
            let call = read(&target, None, "k", json::read(body.as_bytes()).unwrap())?;
            let shown = format!("{:?} {:?}", call.args, call.kwargs);
            Ok((shown, write(call, 0).1))
        };
        for (method, body, shown, forwarded) in [
            (
                "read",
                r#"{"ids":[1],"fields":[]}"#,
                r#"[Array([Int(1)])] [("fields", Array([]))]"#,
                r#"{"ids":[1],"fields":[]}"#,
            ),
            ("read", r#"{"ids":1}"#, "[Int(1)] []", r#"{"ids":1}"#),
            ("read", "[]", "[Array([])] []", r#"{"ids":[]}"#),
            ("search", r#"{"domain":[],"ids":[]}"#, r#"[] [("domain", Array([]))]"#, r#"{"domain":[]}"#),
            ("search", r#"{"context":[]}"#, r#"[] [("context", Struct([]))]"#, r#"{"context":{}}"#),
            ("other", r#"{"ids":[2]}"#, "[Array([Int(2)])] []", r#"{"ids":[2]}"#),
            ("other", "{}", "[] []", "{}"),
            ("other", r#"{"ids":null}"#, "[] []", "{}"),
            ("search", r#"{"ids":[1]}"#, r#"[] [("ids", Array([Int(1)]))]"#, r#"{"ids":[1]}"#),
        ] {
            assert_eq!(bound(method, body), Ok((shown.to_owned(), forwarded.to_owned())), "{method} {body}");
        }
        for (method, body, error) in [
            ("read", "[1]", BadCall::Shape(Parameter::Body)),
            ("read", r#"{"ids":[1],"__method__":"unlink"}"#, BadCall::Member(Parameter::Body)),
            ("read", r#"{"ids":[1],"context":"x"}"#, BadCall::Shape(Parameter::Context)),
        ] {
            assert_eq!(bound(method, body), Err(error), "{method} {body}");
        }
    }
}
