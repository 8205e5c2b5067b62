//! Cases of calls, by the API and by `lictor test`.

use std::process::{Command, Output};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::drafts::{CASES, lab};
use crate::odoo::API_KEY;
use crate::support::{Lab, text, user_body};

/// The outcomes of cases, and the reasons of refusals.
async fn outcomes(lab: &Lab, draft: Value, prune: bool, cases: &[Value]) -> Vec<String> {
    let body = json!({"draft": draft, "prune": prune, "cases": cases});
    let answer = lab.admin.post(CASES, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let outcome = |explanation: &Value| match explanation["reason"].as_str() {
        Some(reason) => reason.to_owned(),
        None => text(&explanation["outcome"]),
    };
    answer.json["explanations"].as_array().unwrap().iter().map(outcome).collect()
}

#[tokio::test]
async fn a_case_names_a_key_or_makes_one_up() {
    let (lab, key) = lab().await;
    lab.admin.post("/api/v1/profiles", json!({"name": "readers"})).await;
    lab.admin.put("/api/v1/profiles/readers/permissions/res.partner", json!({"read": true, "groups": ["staff"]})).await;
    let write = |fields: Value| {
        let mut case = json!({"model": "res.partner", "method": "write", "args": [[1], {"name": "x"}]});
        case.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        case
    };
    let cases = [
        (write(json!({"key": key["id"]})), "allowed"),
        (write(json!({"key": key["prefix"]})), "allowed"),
        (write(json!({"key": "k"})), "allowed"),
        (write(json!({"key": "k", "user": "ada@example.com"})), "allowed"),
        (write(json!({"key": "k", "user": "Ada"})), "allowed"),
        (write(json!({"profiles": []})), "allowed"),
        (write(json!({"profiles": ["default"], "scopes": ["read"]})), "scope_denied"),
        (write(json!({"profiles": [], "models": ["res.country"]})), "model_denied"),
        (write(json!({"profiles": ["readers"], "user": "Ada"})), "permission_denied"),
        (
            write(
                json!({"profiles": ["readers"], "user": "Ada", "groups": ["staff"], "method": "read", "args": [[1]]}),
            ),
            "allowed",
        ),
        (write(json!({"profiles": ["readers"], "method": "read", "args": [[1]]})), "permission_denied"),
    ];
    let (asked, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(outcomes(&lab, Value::Null, false, &asked).await, expected);
    // A key that only the draft has, and one that pruning deletes.
    let draft = json!({"keys": [{"user": "Ada", "name": "new", "scopes": ["read"]}]});
    let asked = [write(json!({"key": "new"})), write(json!({"key": "k"}))];
    assert_eq!(outcomes(&lab, draft.clone(), false, &asked).await, ["scope_denied", "allowed"]);
    assert_eq!(outcomes(&lab, draft, true, &asked).await, ["scope_denied", "invalid_key"]);
    // Permissions that the draft lacks go when it is pruned, and only those of profiles that it has.
    let draft = json!({"permissions": {"res.country": {"read": true}}});
    let asked = [
        write(json!({"key": "k"})),
        write(json!({"profiles": ["readers"], "groups": ["staff"], "method": "read", "args": [[1]]})),
    ];
    assert_eq!(outcomes(&lab, draft.clone(), false, &asked).await, ["allowed", "allowed"]);
    assert_eq!(outcomes(&lab, draft, true, &asked).await, ["permission_denied", "allowed"]);
    // Paused and revoked keys are refused under a draft as well.
    lab.admin.post("/api/v1/pauses", json!({"scope": "user", "id": key["user_id"], "reason": "r"})).await;
    let asked = [write(json!({"key": "k"})), write(json!({"profiles": [], "user": "Ada", "groups": ["x"]}))];
    let answer = lab.admin.post(CASES, json!({"draft": {}, "cases": asked})).await.json;
    for explanation in answer["explanations"].as_array().unwrap() {
        assert_eq!(explanation["checks"].as_array().unwrap().last().unwrap()["stage"], "pause", "{explanation}");
    }
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&key["id"])), json!({})).await;
    assert_eq!(outcomes(&lab, json!({}), false, &[write(json!({"key": key["id"]}))]).await, ["invalid_key"]);
}

#[tokio::test]
async fn without_an_address_the_check_of_it_is_not_evaluated() {
    let (lab, _) = lab().await;
    let draft = json!({"settings": {"ip_allow_list": ["192.0.2.0/24"]}});
    let case = |ip: Option<&str>| {
        let mut case = json!({"key": "k", "model": "res.partner", "method": "read"});
        if let Some(ip) = ip {
            case["client_ip"] = json!(ip);
        }
        case
    };
    let cases = [case(None), case(Some("192.0.2.1")), case(Some("198.51.100.1"))];
    let body = json!({"draft": draft, "cases": cases});
    let answer = lab.admin.post(CASES, body).await.json;
    let of_address = |at: usize| {
        let checks = answer["explanations"][at]["checks"].as_array().unwrap();
        text(&checks.iter().find(|check| check["stage"] == "address").unwrap()["outcome"])
    };
    assert_eq!([0, 1, 2].map(of_address), ["not_evaluated", "passed", "refused"]);
}

#[tokio::test]
async fn a_case_that_cannot_be_decided_is_a_problem_with_its_place() {
    let (lab, key) = lab().await;
    let other = json!({"name": "Bob", "email": "bob@example.com", "upstream": {"database": "odoo", "login": "b", "secret": API_KEY}});
    let other = text(&lab.admin.post("/api/v1/users", other).await.json["id"]);
    lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": other})).await;
    lab.admin.post("/api/v1/users", user_body()).await;
    let good = json!({"key": key["id"], "model": "m", "method": "read"});
    let draft = json!({"users": [{"name": "New", "upstream": {"database": "d", "login": "n"}}], "keys": [{"user": "New", "name": "n"}]});
    for (change, code, field) in [
        (json!({"key": "none"}), "invalid_field", "cases[1].key"),
        (json!({"key": "k"}), "invalid_field", "cases[1].key"),
        (json!({"key": "k", "user": "nobody"}), "invalid_field", "cases[1].user"),
        (json!({"key": "k", "user": "Ada"}), "invalid_field", "cases[1].user"),
        (json!({"key": null}), "missing_field", "cases[1].key"),
        (json!({"profiles": []}), "invalid_field", "cases[1].profiles"),
        (json!({"scopes": ["read"]}), "invalid_field", "cases[1].scopes"),
        (json!({"groups": ["x"]}), "invalid_field", "cases[1].groups"),
        (json!({"key": null, "profiles": ["none"]}), "invalid_field", "cases[1].profiles"),
        (json!({"key": null, "profiles": [], "models": ["A"]}), "invalid_field", "cases[1].models"),
        (json!({"key": null, "profiles": [], "user": "New"}), "invalid_field", "cases[1].user"),
        (json!({"key": "n"}), "invalid_field", "draft.keys[0].user"),
        (json!({"client_ip": "here"}), "invalid_field", "cases[1].client_ip"),
        (json!({"model": ""}), "invalid_field", "cases[1].model"),
        (json!({"kwargs": {"context": 3}}), "invalid_field", "cases[1].kwargs.context"),
        (json!({"args": {}}), "invalid_field", "cases[1].args"),
        (json!({"want": "allowed"}), "unknown_field", "cases[1].want"),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = lab.admin.post(CASES, json!({"draft": draft, "cases": [good, bad]})).await;
        assert_eq!(answer.problem(), (422, code, field), "{change}: {}", answer.text);
    }
    let many = vec![good; 101];
    assert_eq!(lab.admin.post(CASES, json!({"cases": many})).await.problem(), (422, "invalid_field", "cases"));
}

/// Runs `lictor` against the service, in a folder with files.
pub(crate) async fn run(lab: &Lab, files: &[(&str, &str)], words: &[&str]) -> Output {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = lab.admin.router.clone();
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    for (name, text) in files {
        std::fs::write(lab.folder.join(name), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lictor"));
    command
        .env_clear()
        .env("LICTOR_TOKEN", &lab.admin.token)
        .current_dir(&lab.folder)
        .args(words)
        .args(["--url", &url]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    served.abort();
    output
}

/// The status, and both outputs.
pub(crate) fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const POLICY: &str = "profiles:\n  things:\n    permissions:\n      x.thing: {read: true}\n";
const WANTED: &str = "
- name: Things are read
  profiles: [things]
  model: x.thing
  method: search_read
  kwargs: {domain: [[name, ilike, x]], fields: [name, code]}
  want: allowed
- name: Things are not deleted
  profiles: [things]
  model: x.thing
  method: unlink
  want: denied
  reason: permission_denied
  lacks: [delete x.thing]
";

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_by_its_status_whether_all_is_as_wanted() {
    let (lab, _) = lab().await;
    let files = [("p.yaml", POLICY), ("c.yaml", WANTED)];
    let all = ["test", "--allow-unknown", "-t", "c.yaml", "-f", "p.yaml"];
    let (status, table, notes) = said(&run(&lab, &files, &all).await);
    assert_eq!((status, notes.as_str()), (0, "2 of 2 decisions are as wanted.\n"), "{table}");
    insta::assert_snapshot!("test_as_wanted", table);
    let wrong = WANTED.replace("delete x.thing", "write x.thing").replace("code]", "colour]");
    let (status, table, notes) = said(&run(&lab, &[("c.yaml", &wrong)], &all).await);
    assert_eq!((status, notes.as_str()), (1, "0 of 2 decisions are as wanted, 2 are not.\n"), "{table}");
    insta::assert_snapshot!("test_not_as_wanted", table);
    let as_json = [&all[..], &["--output", "json"]].concat();
    let (status, document, _) = said(&run(&lab, &[], &as_json).await);
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!((status, &document["failed"]), (1, &json!(2)));
    assert_eq!(document["cases"][1]["wanted"]["lacks"], json!(["write x.thing"]));
    assert_eq!(document["cases"][1]["explanation"]["lacks"], json!(["delete x.thing"]));
    // Without a file, the policy that the service has: it has no such profile.
    let (status, _, told) = said(&run(&lab, &[("c.yaml", WANTED)], &all[..4]).await);
    assert_eq!(status, 6, "{told}");
    assert!(told.contains("case 'Things are read': profiles: There is no profile things"), "{told}");
    let (status, _, told) = said(&run(&lab, &[("c.yaml", "- {name: a}")], &all).await);
    assert!(status == 6 && told.contains("c.yaml:1:3: [0]: missing field"), "{told}");
    let (status, _, told) = said(&run(&lab, &[], &["test", "-t", "none.yaml"]).await);
    assert!(status == 2 && told.contains("none.yaml"), "{told}");
    let explained =
        ["explain", "--key", "k", "--ip", "192.0.2.1", "--model", "x.thing", "--method", "read", "--draft", "p.yaml"];
    let (status, _, told) = said(&run(&lab, &files, &explained).await);
    assert!(status == 2 && told.contains("Name a key by its id"), "{told}");
}
