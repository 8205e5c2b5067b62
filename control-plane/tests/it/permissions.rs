use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Lab};

const PARTNER: &str = "/api/v1/permissions/res.partner";

#[tokio::test]
async fn a_permission_is_put_read_listed_and_deleted() {
    let lab = Lab::new().await;
    let given = json!({"read": true, "groups": ["sales"], "nested_writes": ["child_ids"],
                       "fields": {"read": {"hide": ["vat"]}, "write": {"only": ["name", "x_custom"]}},
                       "calls": ["message_post", "message_post:mail", "next_id", "onchange"],
                       "paths": ["country_id.code", "parent_id.country_id.name"], "context": ["active_id"],
                       "methods": {"action_confirm": ["write"], "button_x": []}});
    let made = lab.admin.put(PARTNER, given.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let mut expected =
        json!({"profile": "default", "model": "res.partner", "write": false, "create": false, "delete": false});
    expected.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    assert_eq!(lab.admin.get(PARTNER).await.json, expected);
    assert_eq!(lab.admin.get("/api/v1/permissions").await.json["items"], json!([expected]));
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["permissions"][0]["operations"], json!(["read"]));
    for field in ["fields", "calls", "paths", "nested_writes", "context", "methods"] {
        assert_eq!(policy["permissions"][0][field], given[field], "{field}");
    }
    assert_eq!(lab.admin.put(PARTNER, json!({})).await.json["read"], false);
    assert_eq!(lab.admin.delete(PARTNER).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.admin.delete(PARTNER).await.problem(), (404, "not_found", ""));
    assert_eq!(lab.policy(lab.revision().await).await["permissions"], json!([]));
}

#[tokio::test]
async fn what_a_patch_leaves_out_stays() {
    let lab = Lab::new().await;
    let given = json!({"read": true, "calls": ["a"], "fields": {"read": {"hide": ["vat"]}, "write": {"only": ["name"]}},
                       "methods": {"m": ["write"]}});
    assert_eq!(lab.admin.patch(PARTNER, given.clone()).await.problem(), (404, "not_found", ""));
    let whole = lab.admin.put(PARTNER, given).await.json;
    for (patch, member, becomes) in [
        (json!({"write": true}), "write", json!(true)),
        (json!({"calls": ["a", "b"]}), "calls", json!(["a", "b"])),
        (json!({"methods": {"n": []}}), "methods", json!({"m": ["write"], "n": []})),
        (json!({"methods": {"m": null, "n": []}}), "methods", json!({"n": []})),
        (
            json!({"fields": {"read": {"also": ["email"]}}}),
            "fields",
            json!({"read": {"also": ["email"]}, "write": {"only": ["name"]}}),
        ),
        (json!({}), "read", json!(true)),
    ] {
        lab.admin.put(PARTNER, without(&whole, &["model", "profile"])).await;
        let mut expected = whole.clone();
        expected[member] = becomes;
        let answer = lab.admin.patch(PARTNER, patch.clone()).await;
        assert_eq!((answer.status, &answer.json), (StatusCode::OK, &expected), "{patch}");
        assert_eq!(lab.admin.get(PARTNER).await.json, expected, "{patch}");
    }
    let wrong = lab.admin.patch(PARTNER, json!({"fields": {"read": {"only": ["a"], "also": ["b"]}}})).await;
    assert_eq!(wrong.problem(), (422, "invalid_field", "fields.read"));
}

fn without(json: &Value, members: &[&str]) -> Value {
    let mut json = json.clone();
    json.as_object_mut().unwrap().retain(|name, _| !members.contains(&name.as_str()));
    json
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let lab = Lab::new().await;
    for (body, code, field) in [
        (json!({"read": 1}), "invalid_field", "read"),
        (json!({"groups": [""]}), "invalid_field", "groups"),
        (json!({"nested_writes": "a"}), "invalid_field", "nested_writes"),
        (json!({"nested_writes": ["child_ids.name"]}), "invalid_field", "nested_writes"),
        (json!({"fields": {"read": {}}}), "invalid_field", "fields.read"),
        (json!({"fields": {"read": {"only": [], "hide": []}}}), "invalid_field", "fields.read"),
        (json!({"fields": {"read": ["name"]}}), "invalid_field", "fields.read"),
        (json!({"fields": {"write": {"also": ["a.b"]}}}), "invalid_field", "fields.write.also"),
        (json!({"fields": {"write": {"also": vec!["n"; 1001]}}}), "invalid_field", "fields.write.also"),
        (json!({"fields": {"create": {"also": []}}}), "unknown_field", "fields.create"),
        (json!({"fields": {"read": {"show": []}}}), "unknown_field", "fields.read.show"),
        (json!({"calls": ["unlink"]}), "invalid_field", "calls"),
        (json!({"calls": ["_compute"]}), "invalid_field", "calls"),
        (json!({"calls": ["message_notify"]}), "invalid_field", "calls"),
        (json!({"calls": ["a b"]}), "invalid_field", "calls"),
        (json!({"paths": ["country_id"]}), "invalid_field", "paths"),
        (json!({"paths": ["country_id..code"]}), "invalid_field", "paths"),
        (json!({"context": ["uid"]}), "invalid_field", "context"),
        (json!({"context": [""]}), "invalid_field", "context"),
        (json!({"cross_model_reads": true}), "unknown_field", "cross_model_reads"),
        (json!({"methods": {"x": ["call"]}}), "invalid_field", "methods.x"),
        (json!({"methods": {"_private": ["read"]}}), "invalid_field", "methods._private"),
        (json!({"methods": {"x": ["fly"]}}), "invalid_field", "methods.x[0]"),
        (json!({"unlink": true}), "unknown_field", "unlink"),
    ] {
        let answer = lab.admin.put(PARTNER, body.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{body}: {}", answer.text);
    }
    let model = lab.admin.put("/api/v1/permissions/Res%20Partner", json!({})).await;
    assert_eq!(model.problem(), (422, "invalid_field", "model"));
}

/// A change by somebody who does not say that any name is taken.
async fn strictly(lab: &Lab, method: &str, path: &str, body: &Value) -> Answer {
    lab.admin.send(method, path, Some(body.to_string()), &[("if-match", "*")]).await
}

#[tokio::test]
async fn a_name_that_odoo_does_not_have_is_refused_with_the_nearest_one() {
    let lab = crate::schema::lab().await;
    for (model, rules, field, near) in [
        ("res.parnter", json!({}), "model", "(is it res.partner?)"),
        ("no.such.thing", json!({}), "model", "called no.such.thing, as far as Lictor can tell. Add ?unknown=allow"),
        (
            "res.partner",
            json!({"fields": {"read": {"only": ["name", "contry_id"]}}}),
            "fields.read",
            "(is it country_id?)",
        ),
        ("res.partner", json!({"fields": {"write": {"also": ["x"]}}}), "fields.write", "res.partner has no field x. "),
        ("res.partner", json!({"nested_writes": ["bank_id"]}), "nested_writes", "(is it bank_ids?)"),
        ("res.partner", json!({"paths": ["country_id.cod"]}), "paths", "res.country has no field cod (is it code?)"),
        ("res.partner", json!({"groups": ["sale"]}), "groups", "(is it sales?)"),
        ("res.partner", json!({"calls": ["action_archve"]}), "calls", "(is it action_archive?)"),
        (
            "res.country",
            json!({"calls": ["message_post"]}),
            "calls",
            "res.country of Odoo has no public method message_post",
        ),
        ("res.partner", json!({"methods": {"signup_prepar": ["write"]}}), "methods", "(is it signup_prepare?)"),
    ] {
        let path = format!("/api/v1/permissions/{model}");
        let answer = strictly(&lab, "PUT", &path, &rules).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{rules}");
        assert!(answer.json["detail"].as_str().unwrap().contains(near), "{}", answer.text);
        assert_eq!(lab.admin.get(&path).await.status, StatusCode::NOT_FOUND, "nothing has changed");
        assert_eq!(strictly(&lab, "PUT", &format!("{path}?unknown=allow"), &rules).await.status, 201, "{rules}");
        // What is there already was taken.
        assert_eq!(strictly(&lab, "PATCH", &path, &json!({"read": true})).await.status, 200, "{rules}");
        lab.admin.delete(&path).await;
    }
    let known = json!({"read": true, "groups": ["sales", "base.group_user"], "paths": ["country_id.code", "bank_ids.any"],
                       "nested_writes": ["bank_ids"], "fields": {"read": {"hide": ["name"]}}});
    let path = "/api/v1/permissions/res.partner";
    assert_eq!(strictly(&lab, "PUT", path, &known).await.problem(), (422, "invalid_field", "paths"));
    let known = json!({"read": true, "groups": ["sales", "base.group_user"], "paths": ["country_id.code"],
                       "nested_writes": ["bank_ids"], "fields": {"read": {"hide": ["name"]}}});
    assert_eq!(strictly(&lab, "PUT", path, &known).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn where_odoo_does_not_answer_the_models_that_it_brings_are_known() {
    let lab = crate::schema::lab().await;
    lab.odoo.answers().refuses = true;
    let body = json!({"read": true, "fields": {"read": {"hide": ["x_own"]}}});
    assert_eq!(strictly(&lab, "PUT", "/api/v1/permissions/sale.order", &body).await.status, StatusCode::CREATED);
    let answer = strictly(&lab, "PUT", "/api/v1/permissions/sale.ordre", &body).await;
    assert!(answer.json["detail"].as_str().unwrap().contains("is it sale.order?"), "{}", answer.text);
}

#[tokio::test]
async fn models_of_keys_and_of_settings_are_looked_at_too() {
    let lab = crate::schema::lab().await;
    let user = lab.user().await;
    let key = |models: &[&str]| json!({"name": "k", "user_id": user, "models": models});
    let made = strictly(&lab, "POST", "/api/v1/keys", &key(&["res.partner", "res.country"])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let wrong = (422, "invalid_field", "models");
    assert_eq!(strictly(&lab, "POST", "/api/v1/keys", &key(&["res.partner", "res.contry"])).await.problem(), wrong);
    let path = format!("/api/v1/keys/{}", made.json["id"].as_str().unwrap());
    assert_eq!(strictly(&lab, "PATCH", &path, &json!({"models": ["res.contry"]})).await.problem(), wrong);
    assert_eq!(strictly(&lab, "PATCH", &path, &json!({"name": "other"})).await.status, StatusCode::OK);
    let settings = "/api/v1/settings";
    for (patch, status) in [
        (json!({"never_list_exceptions": ["res.parnter"]}), 422),
        (json!({"never_list_exceptions": ["res.partner.emial"]}), 422),
        (json!({"never_list_exceptions": ["res.users", "ir.attachment.create", "res.partner.country_id"]}), 200),
        (json!({"methods": {"action_confrim": ["write"]}}), 422),
        (json!({"methods": {"action_confrim": null, "action_confirm": ["write"]}}), 200),
    ] {
        let answer = strictly(&lab, "PATCH", settings, &patch).await;
        assert_eq!(answer.status, status, "{patch}: {}", answer.text);
    }
}

#[tokio::test]
async fn if_match_makes_a_permission_whatever_is_there_but_none_that_somebody_has_read_and_that_is_gone() {
    let lab = Lab::new().await;
    let put = async |tag| lab.admin.send("PUT", PARTNER, Some("{}".to_owned()), &[("if-match", tag)]).await;
    assert_eq!(put("\"5\"").await.problem(), (412, "precondition_failed", ""));
    assert_eq!(put("*").await.status, StatusCode::CREATED);
    assert_eq!(put("*").await.status, StatusCode::OK);
}

#[tokio::test]
async fn if_none_match_makes_a_permission_and_replaces_none() {
    let lab = Lab::new().await;
    let put = async || lab.admin.send("PUT", PARTNER, Some("{}".to_owned()), &[("if-none-match", "*")]).await;
    assert_eq!(put().await.status, StatusCode::CREATED);
    assert_eq!(put().await.problem(), (412, "precondition_failed", ""));
}

#[tokio::test]
async fn permissions_of_a_version_before_lose_what_opened_all_other_models_and_administrators_are_told() {
    let lab = Lab::new().await;
    for model in ["a.b", "c.d", "e.f"] {
        lab.admin.put(&format!("/api/v1/permissions/{model}"), json!({"read": true})).await;
    }
    // As the version before has left them.
    lab.edit(
        "UPDATE permissions SET fields = NULL, calls = NULL, paths = NULL, context = NULL, \
         cross_model_reads = CASE WHEN model = 'e.f' THEN 0 ELSE 1 END",
    )
    .await;
    let before = lab.revision().await;
    lab.restarted().await;
    let log = lab.admin.get("/api/v1/admin-audit").await.json;
    let row = &log["items"][0];
    assert_eq!(row["action"], "permission.end_cross_model_reads");
    assert_eq!(row["difference"], json!({"models": ["a.b", "c.d"]}));
    assert_eq!(lab.number("SELECT COUNT(*) FROM permissions WHERE cross_model_reads <> 0").await, 0);
    let shown = lab.admin.get("/api/v1/permissions/a.b").await;
    assert_eq!((shown.status, &shown.json["paths"]), (StatusCode::OK, &json!([])), "{}", shown.text);
    assert_eq!(lab.revision().await, before + 1);
    lab.restarted().await;
    assert_eq!(lab.revision().await, before + 1, "once");
}
