use std::collections::BTreeSet;

use lictor_control_plane::random;
use lictor_control_plane::router::api_table;
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
        ("PATCH", _) => Some(json!({"name": random::id()})),
        _ => Some(json!({})),
    }
}

#[tokio::test]
async fn each_change_is_refused_on_a_record_that_is_another_by_now_and_made_on_the_one_that_was_read() {
    let lab = Lab::new().await;
    let changes = changes();
    assert!(changes.len() >= 20, "{changes:?}");
    for (verb, path) in changes {
        let noun = path.split('/').nth(3).unwrap();
        let (id, read) = record(&lab, noun).await;
        let path = path.replace("{id}", &id).replace("{name}", &id).replace("{model}", &id);
        let before = lab.revision().await;
        for (tag, is_current) in [("\"999999\"".to_owned(), false), (read.etag(), true)] {
            let body = body(verb, &path).map(|body| body.to_string());
            let answer = lab.admin.send(verb, &path, body, &[("if-match", &tag)]).await;
            if is_current {
                assert!(answer.status.is_success(), "{verb} {path}: {}", answer.text);
            } else {
                assert_eq!(answer.problem(), (412, "precondition_failed", ""), "{verb} {path}");
                assert_eq!(lab.revision().await, before, "{verb} {path}");
            }
        }
    }
}
