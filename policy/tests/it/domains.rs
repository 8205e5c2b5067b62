//! Domains: which operators go to Odoo, in which spelling, and which do not, wherever a condition can stand.

use lictor_policy::decide::{Facts, Head, Trace};
use lictor_policy::effects::OPERATORS;
use lictor_policy::gate::{Body, Policy, Verdict};
use lictor_policy::odoo::operations::{Kind, METHODS, Method};
use lictor_policy::refusal::Reason;
use lictor_policy::road::{Road, Target};
use lictor_policy::snapshot::Snapshot;
use serde_json::{Value as Json, json};

use crate::effects::{judge, refused, wide};
use crate::roads::on;
use crate::setting::{self, Memory, NOW};

/// Each spelling in upper and lower case by turns, and with white space round it.
fn spellings(word: &str) -> Vec<String> {
    let turns = |even: bool| -> String {
        let letter =
            |(at, letter): (usize, char)| if (at % 2 == 0) == even { letter.to_ascii_uppercase() } else { letter };
        word.chars().enumerate().map(letter).collect()
    };
    vec![word.to_owned(), word.to_uppercase(), turns(true), turns(false)]
}

/// A call of a method with one argument, by place and by name; what its other arguments are does not matter.
fn calls(method: &Method, param: &str, value: &Json) -> Vec<(Json, Json)> {
    let ids = method.ids.then(|| json!([1]));
    let at = method.params.iter().position(|known| known.name == param).unwrap();
    let fillers = method.params[..at].iter().map(|before| match before.kind {
        Kind::Domain | Kind::Having | Kind::Paths | Kind::Values | Kind::Columns | Kind::Rows => json!([]),
        Kind::Specification => json!({}),
        Kind::Operator => json!("="),
        _ => json!(false),
    });
    let by_place: Vec<Json> = ids.iter().cloned().chain(fillers).chain([value.clone()]).collect();
    let by_name: Vec<Json> = ids.into_iter().collect();
    let names = [Some(method.params[at].name), method.params[at].alias];
    let named = names.into_iter().flatten().map(|name| (json!(by_name), json!({name: value})));
    named.chain([(json!(by_place), json!({}))]).collect()
}

/// Where domains and operators can stand in the methods that are known.
fn places() -> impl Iterator<Item = (&'static Method, &'static str, Kind)> {
    let of = |method: &'static Method| method.params.iter().map(move |param| (method, param.name, param.kind));
    METHODS.iter().flat_map(of).filter(|(_, _, kind)| matches!(kind, Kind::Domain | Kind::Operator))
}

/// A condition, by itself and within others.
fn nested(condition: &Json) -> [Json; 4] {
    [
        json!([condition]),
        json!(["|", ["name", "=", "x"], "!", condition]),
        json!([["child_ids", "any", [condition]]]),
        json!([["child_ids", "Not Any", ["&", ["name", "=", 1], ["parent_id", "ANY", [condition]]]]]),
    ]
}

#[test]
fn no_condition_steps_over_odoos_access_rules() {
    let (policy, mut tried) = (wide(), 0);
    let bypasses: Vec<String> = ["any!", "not any!"].into_iter().flat_map(spellings).collect();
    let padded = |word: &String| [word.clone(), format!(" {word}"), format!("{word}\t")];
    for operator in bypasses.iter().flat_map(padded) {
        let condition = json!(["user_ids", operator, [["login", "=", "admin"]]]);
        for (method, param, kind) in places() {
            let values = if kind == Kind::Operator { vec![json!(operator)] } else { nested(&condition).to_vec() };
            for (args, kwargs) in values.iter().flat_map(|value| calls(method, param, value)) {
                let (verdict, _) = judge(&policy, method.name, &args, &kwargs);
                assert_eq!(
                    refused(&verdict).map(|r| r.0),
                    Some(Reason::MalformedRequest),
                    "{} {args} {kwargs}",
                    method.name
                );
                tried += 1;
            }
        }
        // Wherever it stands in a call of which nobody has said where it takes a domain.
        for domain in nested(&condition) {
            for (method, args, kwargs) in [
                ("action_mine", json!([[1], domain]), json!({})),
                ("action_mine", json!([domain]), json!({})),
                ("action_mine", json!([[1], {"a": {"b": domain}}]), json!({})),
                ("action_mine", json!([[1]]), json!({"any": {"domain": domain}})),
                ("action_mine", json!([[1]]), json!({"context": {"domain": domain}})),
                ("web_read", json!([[1], {"child_ids": {"domain": domain}}]), json!({})),
                ("web_read_group", json!([[], ["name"]]), json!({"opening_info": [{"progressbar_domain": domain}]})),
                ("search_panel_select_range", json!(["x"]), json!({"group_domain": {"1": domain}})),
                ("search_read", json!([[]]), json!({"context": {"active_domain": domain}})),
            ] {
                let (verdict, _) = judge(&policy, method, &args, &kwargs);
                let (reason, sentence) = refused(&verdict).unwrap_or_else(|| panic!("{method} {args} {kwargs}"));
                assert_eq!(reason, Reason::MalformedRequest, "{sentence}");
                tried += 1;
            }
        }
        let (verdict, _) = judge(&policy, "action_mine", &json!([[1], "user_ids", operator]), &json!({}));
        assert_eq!(refused(&verdict).map(|r| r.0), Some(Reason::MalformedRequest));
    }
    assert!(tried > 3000, "{tried}");
    // A value is no condition.
    let (verdict, _) = judge(&policy, "write", &json!([[1], {"name": "any!"}]), &json!({}));
    assert_eq!(refused(&verdict), None);
}

#[test]
fn operators_go_to_odoo_in_lower_case_and_others_not_at_all() {
    let policy = wide();
    let domains = places().filter(|(.., kind)| *kind == Kind::Domain).collect::<Vec<_>>();
    for (number, operator) in OPERATORS.iter().enumerate() {
        for spelling in spellings(operator) {
            // Every operator in every spelling, and every place.
            let (method, param, _) = domains[number % domains.len()];
            let inner = json!([["name", spelling, []]]);
            for value in [inner.clone(), json!([["parent_id", "ANY", inner]])] {
                for (args, kwargs) in calls(method, param, &value) {
                    let (verdict, _) = judge(&policy, method.name, &args, &kwargs);
                    let Verdict::Forward(forward) = verdict else {
                        panic!("{} {args} {kwargs} {verdict:?}", method.name)
                    };
                    let written = operator.replace('<', "&lt;").replace('>', "&gt;");
                    assert!(forward.document.contains(&format!("<string>{written}</string>")), "{}", forward.document);
                    assert!(*operator == spelling || !forward.document.contains(&spelling), "{}", forward.document);
                    assert!(!forward.document.contains("ANY") && forward.document.contains("<string>name</string>"));
                }
            }
        }
    }
    for operator in ["", "is", "= ", "not", "any !", "like%", "==="] {
        for (method, param, kind) in places() {
            let value =
                if kind == Kind::Operator { json!(operator) } else { json!([["a", "=", 1], ["name", operator, 1]]) };
            for (args, kwargs) in calls(method, param, &value) {
                let (verdict, _) = judge(&policy, method.name, &args, &kwargs);
                let (reason, sentence) = refused(&verdict).unwrap();
                let place = if kind == Kind::Operator { param.to_owned() } else { format!("{param}[1][1]") };
                assert!(reason == Reason::MalformedRequest && sentence.contains(&place), "{sentence}");
            }
        }
    }
}

#[test]
fn operators_are_lowered_on_every_road_and_values_are_not() {
    let policy = wide();
    let snapshot = Snapshot::try_from(policy.clone()).unwrap();
    let (args, kwargs) = (json!([[["name", "NOT ILIKE", "NOT ILIKE"]]]), json!({"limit": 1}));
    for road in [Road::Mcp, Road::Object, Road::JsonRpc, Road::Json2] {
        let request = on(road, "res.partner", "search_read", &args, &kwargs).unwrap();
        let target = Target::of(&request.path);
        let head = Head {
            path: &request.path,
            target: target.as_ref(),
            authorization: request.authorization.as_bytes(),
            database: request.database,
            is_post: true,
            ..Head::default()
        };
        let facts = Facts { head, ..setting::facts() };
        let policy = Policy::new(Some(&snapshot), NOW, NOW, false);
        let body = Body::Whole(request.body.as_bytes());
        let verdict = setting::verdict(policy, road, body, facts, &mut Memory::default(), &mut Trace::default());
        let Verdict::Forward(forward) = verdict else { panic!("{road:?} {verdict:?}") };
        let count = |text: &str| forward.document.matches(text).count();
        assert_eq!((count("not ilike"), count("NOT ILIKE")), (1, 1), "{}", forward.document);
    }
}
