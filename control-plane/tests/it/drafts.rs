//! Explanations by a policy that is not saved.

use axum::http::StatusCode;
use lictor_control_plane::tasks::schema::read_due;
use serde_json::{Value, json};

use crate::schema::{country, partner};
use crate::support::{Lab, text};

const PATH: &str = "/api/v1/explain";
pub(crate) const CASES: &str = "/api/v1/explain/cases";

/// A key of Ada's that is called `k`, a permission to read and write partners, and an Odoo with a model that no permission names.
pub(crate) async fn lab() -> (Lab, Value) {
    let lab = Lab::new().await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.groups = vec!["base.group_user"];
        let char = json!({"type": "char", "store": true});
        let thing = json!({
            "name": char, "code": char, "id": {"type": "integer", "readonly": true, "store": true},
            "partner_id": {"type": "many2one", "relation": "res.partner", "store": true},
            "line_ids": {"type": "one2many", "relation": "x.line", "relation_field": "thing_id", "store": true},
        });
        let line = json!({"name": char, "thing_id": {"type": "many2one", "relation": "x.thing", "store": true}});
        odoo.models = [
            ("res.partner", partner()),
            ("res.country", country()),
            ("res.partner.bank", json!({"acc_number": char})),
            ("x.thing", thing),
            ("x.line", line),
        ]
        .into();
    }
    let user = lab.user().await;
    let key = lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": user})).await.json;
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true, "write": true})).await;
    read_due(&lab.app).await.unwrap();
    (lab, key)
}

/// All that a draft could change.
pub(crate) async fn everything(lab: &Lab) -> Vec<Value> {
    let revision = lab.revision().await;
    let mut all = vec![lab.policy(revision).await];
    for list in ["users", "keys", "profiles", "permissions", "settings", "schema", "schema/changes", "admin-audit"] {
        all.push(lab.admin.get(&format!("/api/v1/{list}")).await.json);
    }
    all
}

/// Saves what a draft says, as `lictor apply` does.
async fn apply(lab: &Lab, draft: &Value, key: &Value) {
    let saved = |answer: crate::support::Answer| assert!(answer.status.is_success(), "{}", answer.text);
    let members = |section: &str| draft[section].as_object().cloned().unwrap_or_default();
    if let Some(settings) = draft.get("settings") {
        saved(lab.admin.patch("/api/v1/settings", settings.clone()).await);
    }
    for user in draft["users"].as_array().into_iter().flatten() {
        let path = format!("/api/v1/users/{}", text(&key["user_id"]));
        let groups = user.get("groups").cloned().unwrap_or_else(|| json!([]));
        saved(lab.admin.patch(&path, json!({"groups": groups})).await);
    }
    for (name, profile) in members("profiles") {
        saved(lab.admin.post("/api/v1/profiles", json!({"name": name})).await);
        for (model, rules) in profile["permissions"].as_object().cloned().unwrap_or_default() {
            saved(lab.admin.put(&format!("/api/v1/profiles/{name}/permissions/{model}"), rules).await);
        }
    }
    for (model, rules) in members("permissions") {
        saved(lab.admin.put(&format!("/api/v1/permissions/{model}"), rules).await);
    }
    for entry in draft["keys"].as_array().into_iter().flatten() {
        let mut terms = entry.clone();
        terms.as_object_mut().unwrap().retain(|name, _| name != "user" && name != "name");
        saved(lab.admin.patch(&format!("/api/v1/keys/{}", text(&key["id"])), terms).await);
    }
    read_due(&lab.app).await.unwrap();
}

/// Policies over the stored one, each touching another part of what a decision goes by.
pub(crate) fn drafts() -> Vec<Value> {
    let things = json!({"x.thing": {"read": true, "write": true}});
    let key = |terms: Value| {
        let mut key = json!({"user": "ada@example.com", "name": "k"});
        key.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        json!([key])
    };
    vec![
        json!({}),
        json!({"permissions": {}}),
        json!({"permissions": things}),
        json!({"permissions": {"x.thing": {"read": true, "fields": {"read": {"only": ["name"]}}, "paths": ["line_ids.name"]}}}),
        json!({"permissions": {"x.thing": {"write": true, "nested_writes": ["line_ids"], "calls": ["action_done"], "context": ["active_id"]}}}),
        json!({"permissions": {"res.partner": {"read": true, "fields": {"read": {"hide": ["name"]}}}}}),
        json!({"permissions": {"res.partner": {"write": true, "groups": ["sales"]}, "res.country": {"read": true, "create": true}}}),
        json!({"permissions": {"res.partner": {"read": true, "groups": ["finance"]}},
            "users": [{"name": "Ada", "email": "ada@example.com", "groups": ["finance"], "upstream": {"database": "odoo", "login": "ada"}}]}),
        json!({"users": [{"name": "Ada", "email": "ada@example.com", "upstream": {"database": "odoo", "login": "ada"}}],
            "permissions": {"res.partner": {"read": true, "groups": ["sales"]}}}),
        json!({"profiles": {"things": {"permissions": things}}, "keys": key(json!({"profiles": ["things"]}))}),
        json!({"profiles": {"things": {"permissions": things}}, "keys": key(json!({"profiles": ["things", "default"]}))}),
        json!({"keys": key(json!({"scopes": ["read"]}))}),
        json!({"keys": key(json!({"models": ["res.country"]}))}),
        json!({"keys": key(json!({"ip_allow_list": ["198.51.100.0/24"], "rate_limit_per_minute": 3}))}),
        json!({"keys": key(json!({"active": false}))}),
        json!({"settings": {"ip_allow_list": ["198.51.100.0/24"]}}),
        json!({"settings": {"shadow": ["all"]}}),
        json!({"settings": {"methods": {"action_done": ["write"]}, "rate_limit": {"enabled": true}}}),
        json!({"settings": {"never_list_exceptions": ["ir.model"], "shadow": ["permission"]}, "permissions": things}),
    ]
}

pub(crate) fn calls() -> Vec<Value> {
    vec![
        json!({"model": "res.partner", "method": "read"}),
        json!({"model": "res.partner", "method": "read", "args": [[1], ["name", "country_id", "nothing"]]}),
        json!({"model": "res.partner", "method": "write", "args": [[1], {"name": "x"}]}),
        json!({"model": "res.partner", "method": "unlink"}),
        json!({"model": "res.partner", "method": "search", "args": [[["country_id.name", "=", "x"]]]}),
        json!({"model": "res.country", "method": "create", "args": [{"name": "x"}]}),
        json!({"model": "x.thing", "method": "search_read", "kwargs": {"domain": [["name", "=", "x"]]}}),
        json!({"model": "x.thing", "method": "search", "args": [[["partner_id.name", "=", "x"]]]}),
        json!({"model": "x.thing", "method": "search", "args": [[["line_ids.name", "=", "x"]]]}),
        json!({"model": "x.thing", "method": "write", "args": [[1], {"code": "x", "line_ids": [[0, 0, {"name": "x"}]]}]}),
        json!({"model": "x.thing", "method": "action_done", "kwargs": {"context": {"active_id": 1}}}),
        json!({"model": "ir.model", "method": "search"}),
        json!({"model": "res.users", "method": "_write"}),
    ]
}

#[tokio::test]
async fn a_draft_is_explained_as_it_is_once_it_is_applied_and_changes_nothing() {
    for draft in drafts() {
        let (lab, key) = lab().await;
        let before = everything(&lab).await;
        let question = |call: &Value, draft: Option<&Value>| {
            let mut question = json!({"key_id": key["id"], "client_ip": "192.0.2.7"});
            question.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
            if let Some(draft) = draft {
                question["draft"] = draft.clone();
            }
            question
        };
        let mut drafted = Vec::new();
        for call in calls() {
            let answer = lab.admin.post(&format!("{PATH}?unknown=allow"), question(&call, Some(&draft))).await;
            assert_eq!(answer.status, StatusCode::OK, "{draft} {call}: {}", answer.text);
            drafted.push(answer.json);
        }
        let cases: Vec<_> = calls()
            .into_iter()
            .map(|mut call| {
                call["key"] = json!("k");
                call["client_ip"] = json!("192.0.2.7");
                call
            })
            .collect();
        let at_once = lab.admin.post(&format!("{CASES}?unknown=allow"), json!({"draft": draft, "cases": cases})).await;
        assert_eq!(at_once.json["explanations"], json!(drafted), "{draft}");
        assert_eq!(everything(&lab).await, before, "{draft}");
        apply(&lab, &draft, &key).await;
        for (call, drafted) in calls().iter().zip(drafted) {
            let applied = lab.admin.post(PATH, question(call, None)).await.json;
            assert_eq!(drafted, applied, "{draft} {call}");
        }
    }
}

#[tokio::test]
async fn odoo_is_asked_only_for_what_a_draft_needs_and_is_not_known() {
    let (lab, key) = lab().await;
    let known = lab.odoo.answers().descriptions;
    let ask = async |draft: Value| {
        let question = json!({"key_id": key["id"], "client_ip": "192.0.2.7", "model": "x.thing", "method": "search",
            "args": [[["name", "=", "x"]]], "draft": draft});
        lab.admin.post(&format!("{PATH}?unknown=allow"), question).await
    };
    assert_eq!(ask(json!({"permissions": {"res.partner": {"read": true}}})).await.json["outcome"], "denied");
    assert_eq!(lab.odoo.answers().descriptions, known);
    let things = json!({"permissions": {"x.thing": {"read": true}}});
    assert_eq!(ask(things.clone()).await.json["outcome"], "allowed");
    assert_eq!(lab.odoo.answers().descriptions, known + 1);
    lab.odoo.answers().broken = "x.thing";
    let lacks = ask(things.clone()).await.json["lacks"].clone();
    assert_eq!(lacks, json!(["unknown x.thing"]));
    lab.odoo.answers().broken = "";
    lab.odoo.answers().refuses = true;
    assert_eq!(ask(things).await.json["lacks"], json!(["unknown x.thing"]));
}

#[tokio::test]
async fn the_first_policy_can_be_tried_before_there_is_any() {
    let lab = Lab::new().await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.groups = vec!["base.group_user"];
        odoo.models = [("res.partner", partner()), ("res.country", country()), ("res.partner.bank", json!({}))].into();
    }
    lab.user().await;
    let case =
        json!({"profiles": [], "user": "Ada", "model": "res.partner", "method": "read", "args": [[1], ["name"]]});
    let body = json!({"draft": {"permissions": {"res.partner": {"read": true}}}, "cases": [case]});
    let answer = lab.admin.post(CASES, body).await;
    assert_eq!(answer.json["explanations"][0]["outcome"], "allowed", "{}", answer.text);
    assert_eq!(lab.admin.get("/api/v1/schema").await.json["items"], json!([]));
}

#[tokio::test]
async fn a_draft_that_is_wrong_is_a_problem_with_its_place() {
    let (lab, key) = lab().await;
    let user = json!({"name": "Ada", "email": "ada@example.com", "upstream": {"database": "odoo", "login": "ada"}});
    let many: serde_json::Map<_, _> = (0..1001).map(|at| (format!("m{at}"), json!({}))).collect();
    for (draft, code, field) in [
        (json!(1), "invalid_field", "draft"),
        (json!({"permission": {}}), "unknown_field", "draft.permission"),
        (json!({"permissions": []}), "invalid_field", "draft.permissions"),
        (json!({"permissions": many}), "invalid_field", "draft.permissions"),
        (json!({"permissions": {"a.b": {"reed": true}}}), "unknown_field", "draft.permissions.a.b.reed"),
        (json!({"permissions": {"A B": {}}}), "invalid_field", "draft.permissions.A B.model"),
        (json!({"permissions": {"a.b": {"calls": ["unlink"]}}}), "invalid_field", "draft.permissions.a.b.calls"),
        (
            json!({"permissions": {"a.b": {"fields": {"read": {"only": [], "hide": []}}}}}),
            "invalid_field",
            "draft.permissions.a.b.fields.read",
        ),
        (json!({"profiles": {"A": {}}}), "invalid_field", "draft.profiles.A.name"),
        (json!({"profiles": {"default": {}}}), "invalid_field", "draft.profiles.default.name"),
        (
            json!({"profiles": {"p": {"permissions": {"a.b": {"paths": ["x"]}}}}}),
            "invalid_field",
            "draft.profiles.p.permissions.a.b.paths",
        ),
        (json!({"settings": 3}), "invalid_field", "draft.settings"),
        (json!({"settings": {"rate_limit": {"per_hour": 1}}}), "unknown_field", "draft.settings.rate_limit.per_hour"),
        (
            json!({"settings": {"rate_limit": {"per_minute": 0}}}),
            "invalid_field",
            "draft.settings.rate_limit.per_minute",
        ),
        (json!({"settings": {"ip_allow_list": ["here"]}}), "invalid_field", "draft.settings.ip_allow_list"),
        (json!({"keys": [{"user": "u"}]}), "missing_field", "draft.keys[0].name"),
        (
            json!({"keys": [{"user": "u", "name": "k", "ip_allow_list": ["x"]}]}),
            "invalid_field",
            "draft.keys[0].ip_allow_list",
        ),
        (
            json!({"keys": [{"user": "Ada", "name": "k", "profiles": ["none"]}]}),
            "invalid_field",
            "draft.keys[0].profiles",
        ),
        (json!({"users": [user, user]}), "invalid_field", "draft.users[1].email"),
        (
            json!({"users": [{"name": "Ada", "email": "ada@example.com", "upstream": {"database": "odoo", "login": "b"}}]}),
            "invalid_field",
            "draft.users[0].upstream",
        ),
        (json!({"permissions": {"res.parnter": {}}}), "invalid_field", "draft.permissions.res.parnter.model"),
        (
            json!({"permissions": {"res.partner": {"fields": {"read": {"hide": ["nmae"]}}}}}),
            "invalid_field",
            "draft.permissions.res.partner.fields.read",
        ),
        (
            json!({"permissions": {"res.partner": {"groups": ["none"]}}}),
            "invalid_field",
            "draft.permissions.res.partner.groups",
        ),
        (
            json!({"keys": [{"user": "Ada", "name": "k", "models": ["res.parnter"]}]}),
            "invalid_field",
            "draft.keys[0].models",
        ),
        (
            json!({"settings": {"never_list_exceptions": ["x.none"]}}),
            "invalid_field",
            "draft.settings.never_list_exceptions",
        ),
    ] {
        let question = json!({"key_id": key["id"], "client_ip": "192.0.2.7", "model": "m", "method": "read"});
        for (path, mut body) in
            [(PATH, question), (CASES, json!({"cases": [{"key": "k", "model": "m", "method": "read"}]}))]
        {
            body["draft"] = draft.clone();
            let answer = lab.admin.post(path, body).await;
            assert_eq!(answer.problem().1, code, "{draft}: {}", answer.text);
            assert_eq!(answer.problem().2, field, "{draft}: {}", answer.text);
        }
    }
    let misspelt = json!({"draft": {"permissions": {"res.parnter": {"read": true}}}, "cases": []});
    assert!(lab.admin.post(CASES, misspelt.clone()).await.text.contains("is it res.partner?"));
    assert_eq!(lab.admin.post(&format!("{CASES}?unknown=allow"), misspelt).await.json, json!({"explanations": []}));
    let prune = json!({"cases": [], "prune": true});
    assert_eq!(lab.admin.post(CASES, prune).await.problem(), (422, "invalid_field", "prune"));
}
