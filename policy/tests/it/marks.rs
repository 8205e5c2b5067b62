//! A Lictor key never reaches Odoo: whatever becomes of a document with a key in it, it does not pass with the key.

use std::sync::LazyLock;

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::formats::unsupported::{Label, Unsupported};
use lictor_policy::formats::{json, xmlrpc};
use lictor_policy::gate::{Asked, Body, Policy, Verdict, Watch};
use lictor_policy::key::MARK;
use lictor_policy::road::{Road, Service};
use lictor_policy::snapshot::Snapshot;
use lictor_policy::wire::Enforcement;
use proptest::prelude::RngExt as _;
use serde_json::json;

use crate::cases::{document, execute};
use crate::damage::{damage, pick};
use crate::roads::rpc;
use crate::setting::{self, DATABASE, LOGIN, Memory, NOW, UID};
use crate::{json_render, oracle, render};

static FOREIGN: LazyLock<Unsupported> = LazyLock::new(|| Unsupported::ContentEncoding(Label::of("gzip")));

/// Roads whose bodies are collected, with a document of each.
fn documents() -> Vec<(Road, String, bool)> {
    let key = setting::key().expose().to_owned();
    let call = execute("res.partner", "read", &json!([[1], ["name"]]), &json!({"context": {"lang": "en_US"}}));
    let login = document("authenticate", json!([DATABASE, LOGIN, key, {}]));
    let arguments = json!([DATABASE, UID, key, "res.partner", "read", [[1]], {}]);
    let mut documents: Vec<(Road, String, bool)> = Road::ALL
        .into_iter()
        .filter(|road| !matches!(road, Road::JsonRpc | Road::Json2))
        .map(|road| (road, if road == Road::Common { login.clone() } else { call.clone() }, true))
        .collect();
    documents.push((Road::JsonRpc, rpc("object", "execute_kw", &arguments), false));
    documents.push((Road::JsonRpc, rpc("common", "login", &json!([DATABASE, LOGIN, key])), false));
    documents.push((Road::JsonRpc, rpc("db", "drop", &json!([key])), false));
    documents
}

/// A body as each reader's trouble.
fn bodies(bytes: &[u8]) -> [Body<'_>; 4] {
    [Body::Whole(bytes), Body::TooLarge(bytes), Body::Encoded(bytes, &FOREIGN), Body::NotPost(bytes)]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether bodies are no calls there.
fn takes_none(road: Road) -> bool {
    road.is_modules() || !matches!(road.service(), Service::Object | Service::Common | Service::JsonRpc)
}

fn snapshots() -> Vec<Option<Snapshot>> {
    let with = |enforcement| {
        let mut policy = setting::policy();
        policy.settings.enforcement = enforcement;
        policy.settings.require_exceptions = vec!["10.0.0.0/8".into()];
        Some(Snapshot::try_from(policy).unwrap())
    };
    vec![None, with(Enforcement::Block), with(Enforcement::Secure), with(Enforcement::Require)]
}

fn judge(snapshot: Option<&Snapshot>, road: Road, body: Body<'_>, head: Head<'_>, memory: &mut Memory) -> Verdict {
    let facts = Facts { head, ..setting::facts() };
    setting::verdict(Policy::new(snapshot, NOW, NOW, false), road, body, facts, memory, &mut Trace::default())
}

#[test]
fn damaged_documents_with_a_key_never_pass() {
    let (key, snapshots, documents) = (setting::key(), snapshots(), documents());
    let mut memory = Memory::default();
    let mut runner = oracle::runner();
    let mut passed = 0;
    for _ in 0..2_000 {
        let at = runner.rng().random_range(0..documents.len());
        let (road, original, is_xml) = &documents[at];
        let mut bytes = if *is_xml {
            damage(original.as_bytes(), render::PIECES, render::BORDERS, runner.rng())
        } else {
            damage(original.as_bytes(), json_render::PIECES, json_render::BORDERS, runner.rng())
        };
        if runner.rng().random_bool(0.2) {
            let spelled = pick(runner.rng(), &["&#108;ct_", "&#x6C;ct_", "\\u006cct_", "l<![CDATA[c]]>t_", "%6cct_"]);
            bytes = String::from_utf8_lossy(&bytes).replace(MARK, spelled).into_bytes();
        }
        for snapshot in &snapshots {
            for body in bodies(&bytes) {
                let context = || format!("{road:?} {snapshot:?} {}", String::from_utf8_lossy(&bytes));
                match judge(snapshot.as_ref(), *road, body, Head::default(), &mut memory) {
                    Verdict::Pass(_) | Verdict::PassTo(..) => {
                        passed += 1;
                        assert!(!holds(&bytes, key.expose()), "{}", context());
                        // Half a key stands at most in what was read, or where nothing is.
                        let is_read = matches!(body, Body::Whole(_))
                            && if *is_xml {
                                xmlrpc::decode(&bytes).is_ok_and(|text| xmlrpc::read_call(&text).is_ok())
                            } else {
                                json::read(&bytes).is_ok()
                            };
                        assert!(is_read || !holds(&bytes, MARK) || takes_none(*road), "{}", context());
                    }
                    Verdict::Forward(forward) => {
                        assert!(!holds(forward.document.as_bytes(), key.expose()), "{}", context())
                    }
                    Verdict::Answer { .. } | Verdict::Refuse(_) => {}
                }
            }
        }
    }
    assert!(passed > 0, "no document lost its key: the test shows nothing");
}

#[test]
fn a_body_that_cannot_be_read_is_refused_for_its_own_reason_and_recorded_with_its_key() {
    let snapshot = Snapshot::try_from(setting::policy()).unwrap();
    let key = setting::key();
    let call = execute("res.partner", "read", &json!([[1]]), &json!({}));
    let arguments = json!([DATABASE, UID, key.expose(), "res.partner", "read", [[1]], {}]);
    let jsonrpc = rpc("object", "execute_kw", &arguments);
    let utf16: Vec<u8> = call.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let references =
        call.replace(key.expose(), &key.expose().replace("lct_", "&#108;c&#x74;_")).replace("</params>", "");
    let escapes = jsonrpc.replace("lct_", "\\u006cct_").replace(":7,", ":NaN,");
    let half = call.replace(key.expose(), &key.expose()[..20]).replace("</params>", "");
    for (road, body, reason, verified) in [
        (Road::Object, Body::TooLarge(call.as_bytes()), "too_large", true),
        (Road::Object, Body::Encoded(call.as_bytes(), &FOREIGN), "unsupported_encoding", true),
        (Road::Object, Body::NotPost(call.as_bytes()), "malformed_request", true),
        (Road::Object, Body::Whole(&call.as_bytes()[..call.len() - 5]), "malformed_request", true),
        (Road::Object, Body::Whole(references.as_bytes()), "malformed_request", true),
        (Road::Object, Body::Whole(half.as_bytes()), "malformed_request", false),
        (Road::OldCommon, Body::Encoded(&utf16, &FOREIGN), "unsupported_encoding", true),
        (Road::JsonRpc, Body::TooLarge(&jsonrpc.as_bytes()[..jsonrpc.len() - 9]), "too_large", true),
        (Road::JsonRpc, Body::Encoded(jsonrpc.as_bytes(), &FOREIGN), "unsupported_encoding", true),
        (Road::JsonRpc, Body::Whole(escapes.as_bytes()), "malformed_request", true),
        (Road::Mcp, Body::TooLarge(call.as_bytes()), "too_large", true),
    ] {
        for enforcement in [Enforcement::Block, Enforcement::Secure, Enforcement::Require] {
            let mut policy = setting::policy();
            policy.settings.enforcement = enforcement;
            let snapshot = Snapshot::try_from(policy).unwrap();
            let (mut memory, mut trace) = (Memory::default(), Trace::default());
            let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
            let verdict = setting::verdict(policy, road, body, setting::facts(), &mut memory, &mut trace);
            let Verdict::Refuse(refusal) = verdict else { panic!("{road:?} {body:?} {verdict:?}") };
            assert_eq!(refusal.reason.row().name, reason, "{road:?} {body:?}");
            assert_eq!(trace.key.map(|key| key.wire.id.as_str()), Some("k1"), "{road:?} {body:?}");
            assert_eq!(trace.verified, verified, "{road:?} {body:?}");
        }
    }
    // Where nobody looks, it passes.
    let mut off = setting::policy();
    off.settings.enforcement = Enforcement::Off;
    let off = Snapshot::try_from(off).unwrap();
    for road in [Road::Object, Road::Common, Road::JsonRpc] {
        let verdict = judge(Some(&off), road, Body::TooLarge(call.as_bytes()), Head::default(), &mut Memory::default());
        assert!(matches!(verdict, Verdict::Pass(_)), "{road:?} {verdict:?}");
    }
    // What could hide a key is refused, and nothing else.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56";
    for (body, passes) in [
        (Body::Encoded(gzip, &FOREIGN), false),
        (Body::Whole(b"<!DOCTYPE a [<!ENTITY k 'lct'>]><methodCall>&k;_</methodCall>"), false),
        (Body::Encoded(b"<methodCall/>", &FOREIGN), true),
        (Body::Encoded(b"a=b", &FOREIGN), true),
        (Body::NotPost(b""), true),
        (Body::TooLarge(b"<methodCall>"), true),
    ] {
        let verdict = judge(Some(&snapshot), Road::Object, body, Head::default(), &mut Memory::default());
        assert_eq!(matches!(verdict, Verdict::Pass(_)), passes, "{body:?} {verdict:?}");
    }
}

#[test]
fn a_key_where_none_belongs_is_refused_and_a_text_about_keys_is_not() {
    let snapshots = snapshots();
    let key = setting::key().expose().to_owned();
    let odoos = |value: &str| {
        document("execute_kw", json!([DATABASE, UID, "admin", "res.partner", "write", [[1], {"comment": value}], {}]))
    };
    let note = odoos("Keys begin with lct_, say lct_12345678.");
    let as_login = document("authenticate", json!([DATABASE, key, "admin", {}]));
    let version = document("version", json!([key]));
    let odoo = odoos("x");
    let rpc_note =
        rpc("object", "execute", &json!([DATABASE, UID, "admin", "res.partner", "write", [1], {"comment": key}]));
    let with = |all: &'static str| Head { all: all.as_bytes(), ..Head::default() };
    let head = Box::leak(format!("cookie\0a={key}\0").into_boxed_str());
    let query = Box::leak(format!("/xmlrpc/2/object?api_key={}", key.replace('_', "%5F")).into_boxed_str());
    for (road, body, head, passes) in [
        (Road::Object, &note, Head::default(), true),
        (Road::Object, &odoo, Head::default(), true),
        (Road::Object, &odoo, with("user-agent\0lct_client\0"), true),
        (Road::Object, &odoos(&key), Head::default(), false),
        (Road::Common, &as_login, Head::default(), false),
        (Road::Common, &version, Head::default(), false),
        (Road::JsonRpc, &rpc_note, Head::default(), false),
        (Road::Object, &odoo, with(head), false),
        (Road::Object, &odoo, Head { path: query, ..Head::default() }, false),
        (Road::Object, &odoo, Head { api_key: key.as_bytes(), ..Head::default() }, false),
    ] {
        for snapshot in snapshots.iter().flatten() {
            let verdict = judge(Some(snapshot), road, Body::Whole(body.as_bytes()), head, &mut Memory::default());
            assert_eq!(matches!(verdict, Verdict::Pass(_)), passes, "{body} {head:?} {verdict:?}");
        }
    }
    // Nor does a key go on among the values of a call that is permitted.
    let call = execute("res.partner", "write", &json!([[1], {"comment": key}]), &json!({}));
    let verdict = setting::judge(&setting::policy(), Road::Mcp, call.as_bytes());
    assert!(
        matches!(&verdict, Verdict::Refuse(refusal) if refusal.reason.row().name == "malformed_request"),
        "{verdict:?}"
    );
}

#[test]
fn a_key_is_seen_in_a_body_that_passes_in_pieces() {
    let snapshots = snapshots();
    let body = json!({"ids": [1], "vals": {"comment": format!("my key is {}", setting::key().expose())}}).to_string();
    let without = body.replace(setting::key().expose(), "lct_none");
    for snapshot in &snapshots {
        let policy = Policy::new(snapshot.as_ref(), NOW, NOW, false);
        for length in [1, 7, 60, 1000] {
            let sees = |body: &str| {
                let mut watch = Watch::for_keys(policy);
                body.as_bytes().chunks(length).find_map(|piece| watch.see(piece))
            };
            let sight = sees(&body).unwrap();
            let (mut memory, mut trace) = (Memory::default(), Trace::default());
            let (road, facts, state) = (Road::Json2, setting::facts(), &mut memory);
            let refusal = Asked { policy, road, facts, state, trace: &mut trace }.judge_sight(&sight);
            assert!(refusal.is_some());
            assert_eq!(trace.verified, snapshot.is_some());
            // Without a policy, what looks like one is enough.
            assert_eq!(sees(&without).is_some(), snapshot.is_none());
        }
    }
}
