//! Which recorded calls a draft would decide otherwise, by the API and by `lictor replay`.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use lictor_control_plane::tasks::schema::read_due;
use serde_json::{Value, json};

use crate::cases::{run, said};
use crate::drafts::{CASES, calls, drafts, everything, lab};
use crate::suggestions::{call, record};
use crate::support::{Caller, Lab, text};

const PATH: &str = "/api/v1/explain/replay";

async fn replay(lab: &Lab, draft: Value, more: Value) -> Value {
    let mut question = json!({"draft": draft, "to": "2030-01-02"});
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = lab.admin.post(&format!("{PATH}?unknown=allow"), question).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json
}

/// The numbers of an answer, in their order on the page.
fn numbers(replayed: &Value) -> Vec<(&str, u64)> {
    let names = ["compared", "opened", "closed", "shadowed", "more_changes", "not_usable", "without_outline"];
    let number = |name| (name, replayed[name].as_u64().unwrap());
    names.map(number).into_iter().filter(|(_, number)| *number > 0).collect()
}

/// Four kinds of calls with the key, of which two pass.
async fn recorded(key: &Value, gate: &Caller) {
    let read = || call(key, "res.partner", "read", json!({"args": [[1], ["name"]]}));
    let mut deleted = call(key, "res.partner", "unlink", json!({"args": [[1]]}));
    deleted.as_object_mut().unwrap().extend(
        json!({"outcome": "denied", "reason": "permission_denied", "would_deny": null, "count": 5, "kind": "counted"})
            .as_object()
            .unwrap()
            .clone(),
    );
    let mut found = call(key, "x.thing", "search_read", json!({"args": [[]], "kwargs": {"fields": ["name"]}}));
    found["decision_id"] = json!("last");
    let written = call(key, "res.partner", "write", json!({"args": [[1], {"name": "x"}]}));
    record(gate, "b", vec![read(), read(), written, deleted, found]).await;
}

#[tokio::test]
async fn what_would_pass_and_what_would_be_refused_is_told_and_nothing_is_stored() {
    let (lab, key) = lab().await;
    let (_, gate) = lab.gate().await;
    recorded(&key, &gate).await;
    let before = (everything(&lab).await, lab.admin.get("/api/v1/audit").await.json);
    let draft = json!({"permissions": {"res.partner": {"read": true, "delete": true}, "x.thing": {"read": true}}});
    let found = replay(&lab, draft.clone(), json!({})).await;
    assert_eq!((everything(&lab).await, lab.admin.get("/api/v1/audit").await.json), before);
    assert_eq!(numbers(&found), [("compared", 9), ("opened", 6), ("closed", 1)], "{found}");
    let allowed = json!({"outcome": "allowed", "reason": null, "lacks": [], "detail": null});
    let lacking = |lack: &str, detail: &str| json!({"outcome": "denied", "reason": "permission_denied", "lacks": [lack], "detail": detail});
    let of = |change: &Value| {
        (text(&change["model"]), text(&change["method"]), change["now"].clone(), change["then"].clone())
    };
    let changes: Vec<_> = found["changes"].as_array().unwrap().iter().map(of).collect();
    let partner = |method: &str, now: &Value, then: &Value| {
        ("res.partner".to_owned(), method.to_owned(), now.clone(), then.clone())
    };
    let [delete, write] = ["delete", "write"].map(|verb| {
        lacking(&format!("{verb} res.partner"), &format!("The permission for res.partner would have to allow {verb}."))
    });
    let thing = json!({"outcome": "denied", "reason": "permission_denied", "lacks": ["read x.thing", "unknown x.thing"],
        "detail": found["changes"][2]["now"]["detail"]});
    let things = ("x.thing".to_owned(), "search_read".to_owned(), thing, allowed.clone());
    assert_eq!(changes, [partner("unlink", &delete, &allowed), partner("write", &allowed, &write), things]);
    let counted = &found["changes"][0];
    assert_eq!((&counted["calls"], &counted["denied"]), (&json!(5), &json!(5)));
    assert_eq!((&counted["key_id"], &counted["key_prefix"]), (&key["id"], &key["prefix"]));
    assert_eq!(counted["last_at"], "2030-01-01T00:00:00.000003Z");
    assert_eq!(found["changes"][2]["last_decision_id"], "last");
    // By the policy that the draft makes, nothing would be otherwise.
    for (model, rules) in draft["permissions"].as_object().unwrap() {
        let saved = lab.admin.put(&format!("/api/v1/permissions/{model}"), rules.clone()).await;
        assert!(saved.status.is_success(), "{}", saved.text);
    }
    read_due(&lab.app).await.unwrap();
    assert_eq!(numbers(&replay(&lab, draft, json!({})).await), [("compared", 9)]);
}

/// A draft's whole effect: the outcomes of explanations by it and without it.
#[tokio::test]
async fn a_replay_is_the_difference_of_two_explanations() {
    for draft in drafts() {
        let (lab, key) = lab().await;
        let (_, gate) = lab.gate().await;
        let with_arguments = |mut call: Value| {
            let searches = text(&call["method"]).starts_with("search");
            let args = if searches { json!([]) } else { json!([[1]]) };
            let given = call.as_object_mut().unwrap();
            given.entry("args").or_insert(args);
            given.entry("kwargs").or_insert(json!({}));
            given.insert("key".to_owned(), json!("k"));
            call
        };
        let cases: Vec<_> = calls().into_iter().map(with_arguments).collect();
        let events = cases.iter().map(|case| {
            let arguments = json!({"args": case["args"], "kwargs": case["kwargs"]});
            call(&key, case["model"].as_str().unwrap(), case["method"].as_str().unwrap(), arguments)
        });
        let events: Vec<_> = events.collect();
        let outlines: Vec<_> = events.iter().map(|event| text(&event["outline"])).collect();
        record(&gate, "b", events).await;
        let mut outcomes = Vec::new();
        for draft in [Value::Null, draft.clone()] {
            let path = format!("{CASES}?unknown=allow");
            let answer = lab.admin.post(&path, json!({"draft": draft, "cases": cases})).await;
            let outcome = |explanation: &Value| (text(&explanation["outcome"]), explanation["would_deny"].is_null());
            outcomes.push(answer.json["explanations"].as_array().unwrap().iter().map(outcome).collect::<Vec<_>>());
        }
        let differs = |at: &usize| outcomes[0][*at] != outcomes[1][*at];
        let expected: BTreeSet<_> = (0..cases.len())
            .filter(differs)
            .map(|at| (text(&cases[at]["model"]), text(&cases[at]["method"]), outlines[at].clone()))
            .collect();
        let found = replay(&lab, draft.clone(), json!({})).await;
        let changes = found["changes"].as_array().unwrap().iter();
        let changed = changes.map(|change| (text(&change["model"]), text(&change["method"]), text(&change["outline"])));
        assert_eq!(changed.collect::<BTreeSet<_>>(), expected, "{draft}");
    }
}

#[tokio::test]
async fn a_stage_in_shadow_lets_calls_pass() {
    let (lab, key) = lab().await;
    let (_, gate) = lab.gate().await;
    recorded(&key, &gate).await;
    let shadow = |stages: Value| json!({"settings": {"shadow": stages}});
    let found = replay(&lab, shadow(json!(["permission"])), json!({})).await;
    assert_eq!(numbers(&found), [("compared", 9), ("opened", 6)], "{found}");
    assert_eq!(found["changes"][0]["then"]["outcome"], "would_deny");
    lab.admin.patch("/api/v1/settings", json!({"shadow": ["permission"]})).await;
    let found = replay(&lab, shadow(json!([])), json!({})).await;
    assert_eq!(numbers(&found), [("compared", 9), ("closed", 6)], "{found}");
    assert_eq!(found["changes"][0]["then"]["reason"], "permission_denied");
    let found = replay(&lab, json!({"permissions": {"res.partner": {"delete": true}}}), json!({})).await;
    assert_eq!(numbers(&found), [("compared", 9), ("shadowed", 8)], "{found}");
}

#[tokio::test]
async fn calls_that_cannot_be_decided_on_anew_are_counted_by_why() {
    let (lab, key) = lab().await;
    lab.pass(3 * 24 * 3600);
    let (_, gate) = lab.gate().await;
    let other = json!({"name": "other", "user_id": key["user_id"]});
    let other = lab.admin.post("/api/v1/keys", other).await.json;
    let mut late = call(&key, "res.partner", "unlink", json!({"args": [[1]]}));
    late["at"] = json!(crate::support::START + 48 * 3600 * 1_000_000);
    let of = |key: &Value| call(key, "res.partner", "unlink", json!({"args": [[1]]}));
    let mut damaged = of(&key);
    damaged["outline"] = json!("[]");
    record(
        &gate,
        "b",
        vec![
            of(&key),
            of(&other),
            of(&json!({"id": "gone"})),
            json!({"key_id": key["id"], "model": "res.partner", "method": "create"}),
            json!({"key_id": key["id"], "model": "res.users", "method": "context_get"}),
            json!({"key_id": key["id"], "model": "res.partner", "method": "read", "outcome": "denied", "reason": "rate_limited", "count": 3,
                "kind": "counted"}),
            json!({"model": "res.partner", "method": "read", "outcome": "denied", "reason": "invalid_key"}),
            damaged,
            late,
        ],
    )
    .await;
    let draft = json!({"permissions": {"res.partner": {"delete": true}}});
    let found = replay(&lab, draft.clone(), json!({})).await;
    let all = [("compared", 2), ("opened", 2), ("not_usable", 1), ("without_outline", 2)];
    assert_eq!(numbers(&found), all, "{found}");
    assert_eq!(found["refused_before"], json!({"rate_limited": 3}));
    let alone = replay(&lab, draft.clone(), json!({"key_id": other["id"]})).await;
    assert_eq!(numbers(&alone), [("compared", 1), ("opened", 1)], "{alone}");
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&other["id"])), json!({})).await;
    let found = replay(&lab, draft.clone(), json!({})).await;
    assert_eq!(numbers(&found), [("compared", 1), ("opened", 1), ("not_usable", 2), ("without_outline", 2)], "{found}");
    // A key that the draft takes away refuses what passed.
    let draft = json!({"keys": [{"user": "ada@example.com", "name": "k", "active": false}]});
    lab.admin.put("/api/v1/permissions/res.partner", json!({"delete": true})).await;
    let found = replay(&lab, draft, json!({})).await;
    assert_eq!((&found["closed"], &found["changes"][0]["then"]["reason"]), (&json!(1), &json!("invalid_key")));
    // Those of another time.
    let later = json!({"from": "2030-01-02", "to": "2030-01-04"});
    assert_eq!(numbers(&replay(&lab, json!({}), later).await), [("compared", 1)]);
}

#[tokio::test]
async fn five_hundred_kinds_are_told_and_the_others_counted() {
    let (lab, key) = lab().await;
    let (_, gate) = lab.gate().await;
    for boot in 0..6 {
        let field = |at: u32| format!("x_{}", boot * 100 + at);
        let read = |at| call(&key, "res.partner", "read", json!({"args": [[1], [field(at)]]}));
        record(&gate, &boot.to_string(), (0..100).map(read).collect()).await;
    }
    let found = replay(&lab, json!({"settings": {"shadow": ["all"]}}), json!({})).await;
    assert_eq!(numbers(&found), [("compared", 600), ("opened", 600), ("more_changes", 100)]);
    assert_eq!((found["changes"].as_array().unwrap().len(), &found["more"]), (500, &json!(false)));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_a_problem_with_its_place() {
    let (lab, _) = lab().await;
    let draft = || json!({"permissions": {"res.partner": {"read": true}}});
    for (question, problem) in [
        (json!({}), (422, "missing_field", "draft")),
        (json!({"draft": draft(), "key_id": "none"}), (422, "invalid_field", "key_id")),
        (json!({"draft": draft(), "from": "2030-01-02", "to": "2030-01-01"}), (422, "invalid_field", "to")),
        (json!({"draft": draft(), "from": "yesterday"}), (422, "invalid_field", "from")),
        (
            json!({"draft": {"permissions": {"res.parnter": {"read": true}}}}),
            (422, "invalid_field", "draft.permissions.res.parnter.model"),
        ),
        (
            json!({"draft": {"permissions": {"res.partner": {"reed": true}}}}),
            (422, "unknown_field", "draft.permissions.res.partner.reed"),
        ),
        (json!({"draft": draft(), "cases": []}), (422, "unknown_field", "cases")),
    ] {
        let answer = lab.admin.post(PATH, question.clone()).await;
        assert_eq!(answer.problem(), problem, "{question}: {}", answer.text);
    }
}

const POLICY: &str = "permissions:\n  res.partner: {read: true, delete: true}\n  x.thing: {read: true}\n";
const SAME: &str = "permissions:\n  res.partner: {read: true, write: true}\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_by_its_status_whether_anything_would_be_otherwise() {
    let (lab, key) = lab().await;
    let (_, gate) = lab.gate().await;
    recorded(&key, &gate).await;
    let files = [("p.yaml", POLICY), ("same.yaml", SAME)];
    let order = ["replay", "--allow-unknown", "--to", "2030-01-02", "-f"];
    let (status, table, notes) = said(&run(&lab, &files, &[&order[..], &["p.yaml"]].concat()).await);
    let told = "Of 9 calls that were compared, 1 pass now and would be refused, 6 are refused now and would pass.\n";
    assert_eq!((status, notes.as_str()), (1, told), "{table}");
    insta::assert_snapshot!("replay", table.replace(&text(&key["prefix"]), "AbCdEf12"));
    let (status, table, notes) =
        said(&run(&lab, &[], &[&order[..], &["same.yaml", "--key", &text(&key["prefix"])]].concat()).await);
    let told = "All 9 calls that were compared would be decided as now.\n";
    assert_eq!((status, notes.as_str()), (0, told), "{table}");
    let (status, document, _) = said(&run(&lab, &[], &[&order[..], &["p.yaml", "--output", "json"]].concat()).await);
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!((status, &document["closed"]), (1, &json!(1)));
    for (words, wanted) in
        [(vec!["none.yaml"], "none.yaml"), (vec!["p.yaml", "--from", "2031-01-01"], "not before 'from'")]
    {
        let (status, _, told) = said(&run(&lab, &[], &[&order[..], &words].concat()).await);
        assert!(status >= 2 && told.contains(wanted), "{status}: {told}");
    }
}
