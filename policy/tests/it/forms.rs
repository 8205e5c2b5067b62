//! Forms of a call that stock clients send, on each road: forwarded as the same call in its usual form.

use lictor_policy::gate::{Forward, Verdict};
use lictor_policy::road::Road;
use lictor_policy::wire;
use serde_json::{Value as Json, json};

use crate::cases::document;
use crate::roads::{self, Request, rpc};
use crate::setting::{self, DATABASE, Memory, UID};

/// The roads whose calls have positional parameters.
const POSITIONAL: [Road; 5] = [Road::Mcp, Road::Object, Road::OldObject, Road::ModuleObject, Road::JsonRpc];

/// A call with these parameters in the place of the uid and behind the method.
fn request(road: Road, uid: &Json, rest: &[Json]) -> Request {
    let mut params =
        vec![json!(DATABASE), uid.clone(), json!(setting::key().expose()), json!("res.partner"), json!("read")];
    params.extend_from_slice(rest);
    Request::with_body(match road {
        Road::JsonRpc => rpc("object", "execute_kw", &Json::Array(params)),
        _ => document("execute_kw", Json::Array(params)),
    })
}

/// A gate that has hashed the key once.
struct Gate {
    policy: wire::Snapshot,
    memory: Memory,
}

impl Gate {
    fn new() -> Self {
        let mut policy = setting::with_api_key(setting::policy());
        policy.settings.mcp_module_contract = true;
        Self { policy, memory: Memory::default() }
    }

    fn judge(&mut self, road: Road, request: &Request) -> (Verdict, String) {
        roads::judge_with(&self.policy, road, request, &mut self.memory)
    }

    /// The document that is forwarded, or the reason of the refusal.
    fn forwarded(&mut self, road: Road, request: &Request) -> Result<String, &'static str> {
        match self.judge(road, request).0 {
            Verdict::Forward(Forward { document, .. }) => Ok(document),
            Verdict::Refuse(refusal) => Err(refusal.reason.row().name),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_uid_is_a_number_or_text_of_its_digits() {
    let mut gate = Gate::new();
    for road in POSITIONAL {
        let mut with = |uid: Json| gate.forwarded(road, &request(road, &uid, &[json!([[1]])]));
        let usual = with(json!(UID));
        assert!(usual.is_ok(), "{road:?}");
        for uid in ["7", "07", "0000000000000000000000000000000000000007"] {
            assert_eq!(with(json!(uid)), usual, "{road:?} {uid}");
        }
        // Odoo would read the first ones as 7.
        for uid in [
            json!(" 7"),
            json!("7 "),
            json!("7\n"),
            json!("+7"),
            json!("0_7"),
            json!("٧"),
            json!("７"),
            json!(7.0),
            json!(7.9),
            json!(true),
            json!("-7"),
            json!("7.0"),
            json!(""),
            json!("0x7"),
            json!("18446744073709551623"),
            json!([7]),
            json!(null),
            json!({}),
        ] {
            assert_eq!(with(uid.clone()), Err("malformed_request"), "{road:?} {uid}");
        }
        for uid in [json!("8"), json!("77"), json!("0"), json!(-7)] {
            assert_eq!(with(uid.clone()), Err("identity_mismatch"), "{road:?} {uid}");
        }
    }
}

#[test]
fn no_keyword_arguments_and_no_context_have_many_forms() {
    let mut gate = Gate::new();
    for road in POSITIONAL {
        let mut with = |rest: &[Json]| gate.forwarded(road, &request(road, &json!(UID), rest));
        let none = with(&[json!([[1]]), json!({})]);
        assert!(none.is_ok(), "{road:?}");
        for rest in [
            vec![json!([[1]])],
            vec![json!([[1]]), json!(null)],
            vec![json!([[1]]), json!([])],
            vec![json!([[1]]), json!("")],
        ] {
            assert_eq!(with(&rest), none, "{road:?} {rest:?}");
        }
        let empty = with(&[json!([[1]]), json!({"context": {}})]);
        assert!(empty.is_ok(), "{road:?}");
        for context in [json!([]), json!(null), json!("")] {
            assert_eq!(with(&[json!([[1]]), json!({"context": context})]), empty, "{road:?} {context}");
        }
        for rest in [
            vec![json!([[1]]), json!([1])],
            vec![json!([[1]]), json!("x")],
            vec![json!([[1]]), json!(false)],
            vec![json!([[1]]), json!({"context": [1]})],
            vec![json!([[1]]), json!({"context": 0})],
            vec![json!([[1]]), json!({"context": [["lang", "de_DE"]]})],
            vec![json!({}), json!({})],
            vec![json!(null)],
        ] {
            assert_eq!(with(&rest), Err("malformed_request"), "{road:?} {rest:?}");
        }
    }
    let mut with = |body: &str| gate.forwarded(Road::Json2, &Request::json2("res.partner", "read", body.to_owned()));
    let none = with("{}");
    assert!(none.is_ok());
    for body in ["[]", r#"{"ids":null}"#] {
        assert_eq!(with(body), none, "{body}");
    }
    // Nothing can be written into a body that is not there; Odoo takes none for no arguments.
    assert_eq!(with(""), Ok(String::new()));
    let all = Request::json2("res.partner", "search_read", String::new());
    assert_eq!(gate.forwarded(Road::Json2, &all), Err("malformed_request"), "there are fields to be put into it");
    let mut with = |body: &str| gate.forwarded(Road::Json2, &Request::json2("res.partner", "read", body.to_owned()));
    for context in ["[]", "null", "\"\""] {
        assert_eq!(with(&format!(r#"{{"context":{context}}}"#)), with(r#"{"context":{}}"#), "{context}");
    }
}

#[test]
fn one_record_is_named_by_its_id_alone() {
    let mut gate = Gate::new();
    for road in [Road::Mcp, Road::Object, Road::OldObject, Road::JsonRpc, Road::Json2] {
        let mut judged = |ids: Json| {
            let request = roads::on(road, "res.partner", "read", &json!([ids, ["name"]]), &json!({})).unwrap();
            gate.judge(road, &request)
        };
        let ((one, found), (_, usual)) = (judged(json!(5)), judged(json!([5])));
        assert!(matches!(one, Verdict::Forward(_)), "{road:?} {one:?}");
        assert_eq!(found, usual, "{road:?}");
    }
}
