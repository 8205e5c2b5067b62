use std::collections::BTreeSet;

use lictor_control_plane::api::router::api_table;
use lictor_control_plane::secrets::random;
use serde_json::{Value, json};

use crate::openapi::DOCUMENT;
use crate::support::{Answer, Lab, text, user_body};

/// The method and path of every change that the description says takes `If-Match`.
fn changes() -> BTreeSet<(&'static str, &'static str)> {
    let takes_a_tag = |verb: &str, path: &str| {
        let parameters = &DOCUMENT["paths"][path][verb.to_ascii_lowercase()]["parameters"];
        parameters.as_array().is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "If-Match"))
    };
    let named = api_table().into_iter().map(|route| (route.verb.name(), route.path));
    named.filter(|(verb, path)| takes_a_tag(verb, path)).collect()
}

/// A record of its own for each change: its id, and the answer that shows its tag.
async fn record(lab: &Lab, noun: &str) -> (String, Answer) {
    let name = random::id();
    let body = match noun {
        "settings" => return (String::new(), lab.admin.get("/api/v1/settings").await),
        "jobs" => return ("audit_cleanup".to_owned(), lab.admin.get("/api/v1/jobs/audit_cleanup").await),
        "permissions" => {
            let model = format!("x.{}", name.replace('-', "_"));
            let made = lab.admin.put(&format!("/api/v1/permissions/{model}"), json!({})).await;
            return (model, made);
        }
        "profiles" => {
            let made = lab.admin.post("/api/v1/profiles", json!({"name": name})).await;
            return (name, made);
        }
        "users" => user_body(),
        "keys" => json!({"name": name, "user_id": lab.user().await}),
        "pauses" => json!({"scope": "model", "id": "res.partner", "reason": "r"}),
        "accounts" => json!({"name": name, "role": "user"}),
        "webhooks" => json!({"name": name, "url": "https://hooks.example.com/", "from_severity": "high"}),
        _ => json!({"name": name}),
    };
    let made = lab.admin.post(&format!("/api/v1/{noun}"), body).await;
    (text(&made.json["id"]), made)
}

fn body(verb: &str, path: &str) -> Option<Value> {
    match (verb, path.rsplit('/').next().unwrap()) {
        ("DELETE", _) => None,
        (_, "settings") => Some(json!({"enforcement": "block"})),
        (_, "password") => Some(json!({"password": "correct horse battery"})),
        (_, "rotate") => Some(json!({"overlap_seconds": 60})),
        ("PATCH", _) if path.contains("/jobs/") => Some(json!({"cron": "0 4 * * *"})),
        ("PATCH", "{profile}") => Some(json!({"description": random::id()})),
        ("PATCH", "{model}") => Some(json!({"read": true})),
        ("PATCH", _) => Some(json!({"name": random::id()})),
        _ => Some(json!({})),
    }
}

/// Sends a change of a record of its own, with what comes of the answer that shows the record's tag.
async fn send(lab: &Lab, verb: &str, template: &str, tag: impl FnOnce(&Answer) -> Option<String>) -> (Answer, u64) {
    let (id, mut read) = record(lab, template.split('/').nth(3).unwrap()).await;
    let variables = ["{id}", "{name}", "{model}", "{profile}"];
    let path = variables.iter().fold(template.to_owned(), |path, variable| match *variable {
        "{model}" if path.contains("{profile}") => path.replace(variable, "x.y"),
        _ => path.replace(variable, &id),
    });
    if template.contains("{profile}/") {
        read = lab.admin.put(&path, json!({})).await;
    }
    // Its models are made up.
    let path = if template.ends_with("{model}") && verb != "DELETE" { format!("{path}?unknown=allow") } else { path };
    let (tag, before) = (tag(&read), lab.revision().await);
    let headers: Vec<_> = tag.iter().map(|tag| ("if-match", tag.as_str())).collect();
    let body = body(verb, template).map(|body| body.to_string());
    (lab.admin.send(verb, &path, body, &headers).await, lab.revision().await - before)
}

#[tokio::test]
async fn each_change_is_refused_on_a_record_that_is_another_by_now_and_made_on_the_one_that_was_read() {
    let lab = Lab::new().await;
    let changes = changes();
    assert!(changes.len() >= 20, "{changes:?}");
    for (verb, path) in changes {
        for stale in ["\"999999\"", "", "999999", "\"999999\", \"999998\""] {
            let (answer, changed) = send(&lab, verb, path, |_| Some(stale.to_owned())).await;
            assert_eq!(answer.problem(), (412, "precondition_failed", ""), "{verb} {path}");
            assert_eq!(changed, 0, "{verb} {path}");
        }
        let several = |read: &Answer| Some(format!("\"999999\", {}", read.etag()));
        for (answer, changed) in [
            send(&lab, verb, path, |read| Some(read.etag())).await,
            send(&lab, verb, path, several).await,
            send(&lab, verb, path, |_| Some("*".to_owned())).await,
        ] {
            assert!(answer.status.is_success(), "{verb} {path}: {}", answer.text);
            assert_eq!(changed, 1, "{verb} {path}");
        }
    }
}

#[tokio::test]
async fn each_edit_of_a_record_must_say_which_state_of_it_is_meant_and_nothing_else_must() {
    let lab = Lab::new().await;
    for route in api_table() {
        let (verb, path) = (route.verb.name(), route.path);
        let operation = &DOCUMENT["paths"][path][verb.to_ascii_lowercase()];
        assert_eq!(operation["responses"]["428"].is_object(), route.needs_precondition, "{verb} {path}");
        // What ends something at once, and what is named by an id that stands for one state only.
        let is_exempt = ["/api/v1/me/password", "/api/v1/pauses/{id}", "/api/v1/tokens/{id}"].contains(&path);
        let edits = ["PUT", "PATCH", "DELETE"].contains(&verb);
        assert_eq!(route.needs_precondition, edits && !is_exempt, "{verb} {path}");
        if !route.needs_precondition {
            continue;
        }
        assert!(changes().contains(&(verb, path)), "{verb} {path} does not look at If-Match");
        let (answer, changed) = send(&lab, verb, path, |_| None).await;
        assert_eq!(answer.problem(), (428, "precondition_required", ""), "{verb} {path}");
        assert!(answer.json["detail"].as_str().unwrap().contains("If-Match: *"), "{}", answer.text);
        assert_eq!(changed, 0, "{verb} {path}");
    }
}

#[tokio::test]
async fn what_was_read_and_what_was_answered_have_the_same_tag() {
    let lab = Lab::new().await;
    for noun in ["settings", "jobs", "permissions", "users", "keys", "accounts", "webhooks", "gates", "profiles"] {
        let (id, answer) = record(&lab, noun).await;
        let path = format!("/api/v1/{noun}/{id}");
        assert_eq!(lab.admin.get(path.trim_end_matches('/')).await.etag(), answer.etag(), "{noun}");
    }
}

#[tokio::test]
async fn of_two_who_edit_the_same_record_the_second_is_told() {
    let lab = Lab::new().await;
    let path = "/api/v1/permissions/res.partner";
    let put =
        async |body: &str, tag: &str| lab.admin.send("PUT", path, Some(body.to_owned()), &[("if-match", tag)]).await;
    let read = lab.admin.put(path, json!({"read": true})).await.etag();
    assert_eq!(put(r#"{"read": true, "write": true}"#, &read).await.status, 200);
    assert_eq!(put(r#"{"read": true, "create": true}"#, &read).await.problem().0, 412);
    let now = lab.admin.get(path).await;
    assert_eq!((&now.json["write"], &now.json["create"]), (&json!(true), &json!(false)));
    assert_eq!(put(r#"{"read": true, "write": true, "create": true}"#, &now.etag()).await.status, 200);
}
