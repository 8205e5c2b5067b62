//! What is known of Odoo's models: when Odoo is asked, what is kept of its answers and of its silence, and what gates get.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use lictor_control_plane::domain::alerts::Rule;
use lictor_control_plane::tasks::schema::read_due;
use serde_json::{Value, json};

use crate::odoo::API_KEY;
use crate::support::{Caller, Lab, RIGHT, event, send, text, user_body};

/// A partner as Odoo describes it, as far as that matters here.
pub(crate) fn partner() -> Value {
    json!({
        "id": {"type": "integer", "readonly": true, "store": true},
        "name": {"type": "char", "store": true},
        "bank_ids": {"type": "one2many", "relation": "res.partner.bank", "relation_field": "partner_id", "store": true},
        "country_id": {"type": "many2one", "relation": "res.country", "store": true},
        "ref": {"type": "char", "groups": "base.group_erp_manager", "store": true},
    })
}

pub(crate) fn country() -> Value {
    json!({"code": {"type": "char", "store": true}, "name": {"type": "char", "store": true}})
}

/// A key whose user may ask Odoo, and an Odoo that has two models.
pub(crate) async fn lab() -> Lab {
    let lab = Lab::new().await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.groups = vec!["base.group_user"];
        odoo.models = [("res.partner", partner()), ("res.country", country()), ("res.partner.bank", json!({}))].into();
    }
    lab.key().await;
    lab
}

async fn permit(lab: &Lab, model: &str, rules: Value) {
    let answer = lab.admin.put(&format!("/api/v1/permissions/{model}"), rules).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    read_due(&lab.app).await.unwrap();
}

async fn status(lab: &Lab) -> Value {
    lab.admin.get("/api/v1/schema").await.json
}

fn models(status: &Value) -> Vec<&str> {
    status["items"].as_array().unwrap().iter().map(|entry| entry["model"].as_str().unwrap()).collect()
}

/// Has it read now. A slow machine answers before that has ended.
async fn refresh(lab: &Lab, caller: &Caller) -> Value {
    let answer = caller.post("/api/v1/schema/refresh", json!({})).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    lab.app.runs.ended().await;
    status(lab).await
}

/// The fields of a model and who sees each.
async fn fields(lab: &Lab, model: &str) -> Vec<(String, Value)> {
    let model = lab.admin.get(&format!("/api/v1/schema/{model}")).await.json;
    let fields = model["fields"].as_array().unwrap().iter();
    fields.map(|field| (text(&field["name"]), field["seen_by"].clone())).collect()
}

#[tokio::test]
async fn odoo_is_asked_at_the_first_permission_and_when_one_needs_more() {
    let lab = lab().await;
    read_due(&lab.app).await.unwrap();
    assert_eq!(lab.odoo.answers().descriptions, 0, "nothing needs it");
    assert_eq!(models(&status(&lab).await), [""; 0]);
    permit(&lab, "res.partner", json!({"read": true})).await;
    assert_eq!(models(&status(&lab).await), ["res.country", "res.partner"], "a country is reference data");
    let asked = lab.odoo.answers().descriptions;
    // Another right on what is known needs nothing more.
    permit(&lab, "res.partner", json!({"read": true, "write": true})).await;
    assert_eq!(lab.odoo.answers().descriptions, asked);
    permit(&lab, "res.partner", json!({"read": true, "nested_writes": ["bank_ids"]})).await;
    assert_eq!(models(&status(&lab).await), ["res.country", "res.partner", "res.partner.bank"]);
    permit(&lab, "sale.order", json!({"read": true})).await;
    assert_eq!(status(&lab).await["absent"], json!(["sale.order"]), "no such module");
}

#[tokio::test]
async fn gates_get_what_each_set_of_groups_sees_and_where_it_may_not_go() {
    let lab = lab().await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.groups = vec!["base.group_user", "base.group_partner_manager"];
        odoo.hidden = BTreeSet::from(["ref"]);
        odoo.unreadable = BTreeSet::from(["res.partner.bank"]);
    }
    let second = json!({"name": "B", "upstream": {"database": "odoo", "login": "b", "secret": API_KEY}});
    let second = lab.admin.post("/api/v1/users", second).await.json;
    lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": second["id"]})).await;
    lab.odoo.answers().is_silent = true;
    let mut unknown = user_body();
    unknown["privileged"] = json!(true);
    let unknown = lab.admin.post("/api/v1/users", unknown).await.json["id"].clone();
    permit(&lab, "res.partner", json!({"read": true})).await;
    let policy = lab.policy(lab.revision().await).await;
    let views: Vec<_> = policy["users"].as_array().unwrap().iter().map(|user| &user["view"]).collect();
    assert_eq!(views, [&json!(1), &json!(0), &json!(null)], "{unknown}: its groups are not known");
    let schema = &policy["schema"];
    assert_eq!((&schema["version"], schema["read_at"].as_u64()), (&json!(1), Some(lab.app.now().0)));
    let partner = &schema["models"][1];
    assert_eq!(partner["name"], "res.partner");
    // bank_ids, country_id, id, name, ref
    let views = json!([{"set": 0, "sees": "0f", "dead_ends": "01"}, {"set": 1, "sees": "1f", "dead_ends": "01"}]);
    assert_eq!(partner["record"]["views"], views);
    let restricted = json!({"name": "ref", "type": "plain", "restricted": true});
    assert_eq!(partner["record"]["fields"][4], restricted);
    let shown = fields(&lab, "res.partner").await;
    assert_eq!(shown[3..], [("name".to_owned(), json!([0, 1])), ("ref".to_owned(), json!([1]))]);
    let status = status(&lab).await;
    let groups = |set: usize| status["source"][set]["groups"].clone();
    assert_eq!(groups(1), json!(["base.group_user"]));
    assert_eq!(groups(0), json!(["base.group_partner_manager", "base.group_user"]));
}

#[tokio::test]
async fn each_field_has_what_the_default_opens_of_it() {
    let lab = lab().await;
    lab.odoo.answers().models.get_mut("res.partner").unwrap().as_object_mut().unwrap().extend([
        ("email".to_owned(), json!({"type": "char", "store": true})),
        ("email_normalized".to_owned(), json!({"type": "char", "store": true, "readonly": true, "depends": ["email"]})),
        ("country_code".to_owned(), json!({"type": "char", "readonly": true, "related": "country_id.code"})),
        ("signup_type".to_owned(), json!({"type": "char", "store": true})),
        ("website_description".to_owned(), json!({"type": "html", "store": true})),
    ]);
    permit(&lab, "res.partner", json!({"read": true})).await;
    let model = lab.admin.get("/api/v1/schema/res.partner").await.json;
    let fields = model["fields"].as_array().unwrap().iter();
    let words = fields.map(|field| ["name", "read", "write"].map(|name| field[name].as_str().unwrap()));
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            ["bank_ids", "reference", "yes"],
            ["country_code", "path", "related"],
            ["country_id", "yes", "yes"],
            ["email", "yes", "creation"],
            ["email_normalized", "yes", "computed"],
            ["id", "yes", "creation"],
            ["name", "yes", "yes"],
            ["ref", "group", "group"],
            ["signup_type", "credential", "credential"],
            ["website_description", "yes", "text"],
        ]
    );
}

#[tokio::test]
async fn what_changed_is_told_and_makes_a_revision_and_nothing_else_does() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let (revision, asked) = (lab.revision().await, lab.odoo.answers().descriptions);
    lab.pass(23 * 3600);
    read_due(&lab.app).await.unwrap();
    assert_eq!(lab.odoo.answers().descriptions, asked, "a day is not over");
    lab.pass(2 * 3600);
    read_due(&lab.app).await.unwrap();
    assert!(lab.odoo.answers().descriptions > asked);
    assert_eq!(lab.revision().await, revision, "nothing is another");
    assert_eq!(status(&lab).await["age_seconds"], 0);
    lab.odoo.answers().models.get_mut("res.partner").unwrap()["x_score"] = json!({"type": "integer", "store": true});
    assert_eq!(refresh(&lab, &lab.caller("manager").await).await["version"], 2);
    let changes = lab.admin.get("/api/v1/schema/changes").await.json;
    let told = |at: usize| (text(&changes["items"][at]["model"]), text(&changes["items"][at]["change"]));
    assert_eq!(told(0), ("res.partner".to_owned(), "new fields: x_score".to_owned()));
    let first: BTreeSet<_> = [told(1), told(2)].into();
    let expected = [("res.country", "new, with 2 fields"), ("res.partner", "new, with 5 fields")];
    assert_eq!(first, expected.map(|(model, change)| (model.to_owned(), change.to_owned())).into());
    let audit = lab.admin.get("/api/v1/admin-audit?action=schema.change").await.json;
    assert_eq!(audit["items"][0]["difference"], json!({"res.partner": [null, "new fields: x_score"]}));
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["schema"]["models"][1]["record"]["fields"][5]["name"], "x_score");
    // Whose permission is gone is forgotten.
    lab.admin.delete("/api/v1/permissions/res.partner").await;
    permit(&lab, "res.country", json!({"read": true})).await;
    assert_eq!(models(&status(&lab).await), ["res.country"]);
}

#[tokio::test]
async fn odoo_away_or_refusing_keeps_what_was_known_with_its_age_and_is_tried_again() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let before = fields(&lab, "res.partner").await;
    let (revision, version) = (lab.revision().await, status(&lab).await["version"].clone());
    lab.odoo.answers().models.get_mut("res.partner").unwrap()["x_new"] = json!({"type": "char"});
    lab.odoo.answers().refuses = true;
    lab.pass(25 * 3600);
    let mut waited = 60;
    for failures in 1..=6 {
        read_due(&lab.app).await.unwrap();
        let status = status(&lab).await;
        assert!(text(&status["problem"]).contains("Odoo refuses the credentials"), "{status}");
        assert!(status["age_seconds"].as_u64() >= Some(25 * 3600), "{status}");
        assert_eq!((&status["version"], &fields(&lab, "res.partner").await), (&version, &before));
        let alerts = lab.admin.get("/api/v1/alerts").await.json;
        let rules = json!([Rule::SchemaUnread.name()]);
        let raised = alerts["items"].as_array().unwrap().iter().filter(|alert| alert["rules"] == rules);
        assert_eq!(raised.count(), usize::from(failures >= 4), "{failures}: {alerts}");
        lab.pass(waited - 1);
        read_due(&lab.app).await.unwrap();
        assert_eq!(status_of_try(&lab).await, status["tried_at"], "too early");
        lab.pass(1);
        waited = (waited * 2).min(3600);
    }
    assert_eq!(lab.revision().await, revision);
    assert_eq!(lab.number("SELECT COUNT(*) FROM suspects").await, 1, "its credential is to be tried");
    lab.odoo.answers().refuses = false;
    read_due(&lab.app).await.unwrap();
    assert_eq!(status(&lab).await["problem"], json!(null));
    assert_eq!(fields(&lab, "res.partner").await.len(), before.len() + 1);
}

async fn status_of_try(lab: &Lab) -> Value {
    status(lab).await["tried_at"].clone()
}

#[tokio::test]
async fn one_model_that_odoo_cannot_describe_stays_as_it_was_and_the_others_go_on() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let before = fields(&lab, "res.partner").await;
    {
        let mut odoo = lab.odoo.answers();
        odoo.broken = "res.partner";
        odoo.models.get_mut("res.country").unwrap()["x_new"] = json!({"type": "char"});
        odoo.models.get_mut("res.partner").unwrap()["x_new"] = json!({"type": "char"});
    }
    let status = refresh(&lab, &lab.admin).await;
    assert_eq!(
        text(&status["problem"]),
        "res.partner: Odoo answered with a fault: check that the database exists, then Odoo's log"
    );
    assert_eq!(fields(&lab, "res.partner").await, before);
    assert_eq!(fields(&lab, "res.country").await.len(), 3);
}

#[tokio::test]
async fn the_other_users_of_a_set_are_asked_if_odoo_refuses_the_first_and_that_one_is_suspect() {
    let lab = lab().await;
    // The first user has a password, the second an API key: of the same groups.
    let second = json!({"name": "B", "upstream": {"database": "odoo", "login": "b", "secret": API_KEY}});
    let second = lab.admin.post("/api/v1/users", second).await.json;
    lab.admin.post("/api/v1/keys", json!({"name": "k", "user_id": second["id"]})).await;
    lab.odoo.answers().two_factor = true;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let status = status(&lab).await;
    assert_eq!((models(&status), &status["problem"]), (vec!["res.country", "res.partner"], &json!(null)));
    assert_eq!(lab.number("SELECT COUNT(*) FROM suspects").await, 1);
}

#[tokio::test]
async fn a_gate_that_meets_an_unknown_name_has_it_read_but_not_all_the_time() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let (_, gate) = lab.gate().await;
    let mut sequence = 0;
    let mut asked_by = async || {
        let before = lab.odoo.answers().descriptions;
        send(&gate, "b", vec![event(sequence, json!({"schema_stale": true}))]).await;
        sequence += 1;
        read_due(&lab.app).await.unwrap();
        lab.odoo.answers().descriptions > before
    };
    assert!(!asked_by().await, "it was read just now");
    lab.pass(301);
    assert!(asked_by().await);
    assert!(!asked_by().await);
}

#[tokio::test]
async fn one_replica_reads_it_and_the_others_say_that_it_is_read() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    let claim = lictor_control_plane::tasks::schema::claim(&lab.app, true).await.unwrap().unwrap();
    let answer = lab.admin.post("/api/v1/schema/refresh", json!({})).await;
    assert_eq!((answer.status, &answer.json["reading"]), (StatusCode::ACCEPTED, &json!(true)));
    drop(claim);
    lab.pass(331);
    // Whoever has not given it back by then is dead.
    let tried_at = status(&lab).await["tried_at"].clone();
    let after = refresh(&lab, &lab.admin).await;
    assert_eq!(after["reading"], false);
    assert_ne!(after["tried_at"], tried_at);
}

#[tokio::test]
async fn a_model_that_was_changed_in_the_database_is_unknown_to_gates_until_it_is_read_anew() {
    let lab = lab().await;
    permit(&lab, "res.partner", json!({"read": true})).await;
    lab.tamper("UPDATE odoo_models SET record = REPLACE(record, '\"restricted\":true', '\"restricted\":false')").await;
    assert_eq!(lab.admin.get("/api/v1/schema/res.partner").await.problem().1, "row_unproven");
    lab.admin.post("/api/v1/pauses", json!({"scope": "model", "id": "res.lang", "reason": "a revision"})).await;
    let models = |policy: &Value| policy["schema"]["models"].as_array().unwrap().len();
    assert_eq!(models(&lab.policy(lab.revision().await).await), 1);
    refresh(&lab, &lab.admin).await;
    assert_eq!(models(&lab.policy(lab.revision().await).await), 2);
}

#[tokio::test]
async fn a_model_that_odoo_does_not_tell_of_is_not_found() {
    let lab = lab().await;
    let user = lab.caller("user").await;
    assert_eq!(user.get("/api/v1/schema/res.partner").await.problem(), (404, "not_found", ""));
    assert_eq!(user.post("/api/v1/schema/refresh", json!({})).await.problem().1, "role_required");
    assert!(!status(&lab).await.to_string().contains(RIGHT));
}

#[tokio::test]
async fn a_model_that_a_refused_call_names_is_read_at_once_with_those_that_the_call_leads_to() {
    let lab = lab().await;
    let (_, gate) = lab.gate().await;
    let mut sequence = 0;
    let mut refused = async |model: &str, values: Value| {
        let outline = json!({"kwargs": {"values": values}}).to_string();
        let fields = json!({"schema_stale": true, "outcome": "denied", "reason": "permission_denied", "model": model, "method": "create",
            "outline": outline});
        send(&gate, "b", vec![event(sequence, fields)]).await;
        sequence += 1;
        let before = lab.odoo.answers().descriptions;
        read_due(&lab.app).await.unwrap();
        lab.odoo.answers().descriptions > before
    };
    let with_banks = || json!({"name": "-", "bank_ids": [[0, 1, {"acc_number": "-"}]]});
    assert!(refused("res.partner", with_banks()).await, "without a permission of any model");
    assert_eq!(models(&status(&lab).await), ["res.country", "res.partner", "res.partner.bank"]);
    assert!(!refused("res.partner", with_banks()).await, "it is known");
    // Whoever has a key can make up names: each is asked for once, and no list has them.
    assert!(refused("x.made.up", json!({})).await);
    assert!(!refused("x.made.up", json!({})).await);
    assert!(!refused("Made up", json!({})).await);
    let status = status(&lab).await;
    assert_eq!((&status["absent"], &status["problem"]), (&json!([]), &json!(null)));
    // It opens nothing.
    let explained = json!({"key_id": lab.admin.get("/api/v1/keys").await.json["items"][0]["id"], "client_ip": "192.0.2.7",
        "model": "res.partner", "method": "create", "args": [{"bank_ids": [[0, 0, {}]]}]});
    let explained = lab.admin.post("/api/v1/explain", explained).await.json;
    assert_eq!(
        explained["lacks"],
        json!(["create res.partner", "create res.partner.bank through res.partner.bank_ids"]),
        "{explained}"
    );
    // A week after, Odoo is asked no more.
    lab.pass(7 * 24 * 3600);
    permit(&lab, "res.country", json!({"read": true})).await;
    assert_eq!(models(&self::status(&lab).await), ["res.country"]);
}
