//! Permissions from what a key does: exactly what its recorded calls need, and why the rest stays closed.

use axum::http::StatusCode;
use lictor_control_plane::tasks::schema::read_due;
use lictor_policy::effects::outline;
use serde_json::{Value, json};

use crate::support::{Caller, Lab, START, event, send, text};

const PATH: &str = "/api/v1/suggestions";

fn field(kind: &str) -> Value {
    json!({"type": kind, "store": true})
}

fn relation(kind: &str, model: &str, field: &str) -> Value {
    let relation_field = if field.is_empty() { json!(false) } else { json!(field) };
    json!({"type": kind, "relation": model, "relation_field": relation_field, "store": true})
}

/// An Odoo of a few models, as far as that matters here.
fn odoo() -> [(&'static str, Value); 5] {
    [
        (
            "res.partner",
            json!({"id": field("integer"), "name": field("char"), "complete_name": field("char"), "email": field("char"), "ref": field("char"), "vat": field("char"),
                "company_registry": field("char"), "phone": field("char"), "comment": {"type": "html", "store": true, "sanitize": false},
                "signup_type": field("char"), "country_id": relation("many2one", "res.country", ""),
                "parent_id": relation("many2one", "res.partner", ""), "user_id": relation("many2one", "res.users", ""),
                "x_thing_id": relation("many2one", "x.thing", ""),
                "bank_ids": relation("one2many", "res.partner.bank", "partner_id")}),
        ),
        ("res.country", json!({"code": field("char"), "name": field("char"), "phone_code": field("integer")})),
        (
            "res.partner.bank",
            json!({"acc_number": field("char"), "partner_id": relation("many2one", "res.partner", ""), "note": field("text")}),
        ),
        (
            "res.users",
            json!({"name": field("char"), "login": field("char"), "password": field("char"), "partner_id": relation("many2one", "res.partner", "")}),
        ),
        ("x.thing", json!({"x_name": field("char"), "x_secret": field("char")})),
    ]
}

/// A key in shadow without any permission, and a gate.
async fn lab() -> (Lab, Value, Caller) {
    let lab = Lab::new().await;
    {
        let mut answers = lab.odoo.answers();
        answers.groups = vec!["base.group_user"];
        answers.models = odoo().into();
    }
    let key = lab.key().await;
    let (_, gate) = lab.gate().await;
    (lab, key, gate)
}

/// A call as its audit event has it.
pub(crate) fn call(key: &Value, model: &str, method: &str, arguments: Value) -> Value {
    let json = arguments.to_string();
    let outline = outline::of(&outline::call(model, method, &json).unwrap()).unwrap();
    json!({"key_id": key["id"], "model": model, "method": method, "outline": outline, "would_deny": "permission_denied"})
}

pub(crate) async fn record(gate: &Caller, boot: &str, calls: Vec<Value>) {
    let numbered = calls.into_iter().enumerate();
    let events = numbered.map(|(at, call)| event(u64::try_from(at).unwrap(), call)).collect();
    send(gate, boot, events).await;
}

async fn suggestion(lab: &Lab, key: &Value) -> Value {
    let answer = lab.admin.get(&format!("{PATH}?key_id={}&to=2030-01-02", text(&key["id"]))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json
}

/// The permissions without rules that say nothing.
fn permissions(suggestion: &Value) -> Value {
    let mut permissions = suggestion["profile"]["permissions"].clone();
    for rules in permissions.as_object_mut().unwrap().values_mut() {
        let says = |value: &Value| !matches!(value, Value::Bool(false)) && *value != json!([]) && *value != json!({});
        rules.as_object_mut().unwrap().retain(|_, value| says(value));
    }
    permissions
}

fn marks(suggestion: &Value) -> Vec<String> {
    let marks = suggestion["marks"].as_array().unwrap().iter();
    let part = |mark: &Value, name: &str| mark[name].as_str().unwrap_or_default().to_owned();
    marks
        .map(|mark| ["model", "rule", "attention", "name"].map(|name| part(mark, name)).join(" ").trim_end().to_owned())
        .collect()
}

/// One call each, and the permissions that it needs alone.
fn narrowest() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        (
            "res.partner",
            "search_read",
            json!({"args": [[["country_id.code", "=", "BE"]]], "kwargs": {"fields": ["name"]}}),
            json!({"res.partner": {"read": true, "fields": {"read": {"only": ["country_id", "name"]}}}}),
        ),
        (
            "res.partner",
            "search",
            json!({"args": [[["user_id.login", "=", "ada"]]]}),
            json!({"res.partner": {"read": true, "fields": {"read": {"only": ["user_id"]}}, "paths": ["user_id.login"]}}),
        ),
        (
            "res.partner",
            "search",
            json!({"args": [[["parent_id", "ilike", "deco"]]]}),
            // A partner's name is looked up in five fields, and this model may be read anyway.
            json!({"res.partner": {"read": true,
                "fields": {"read": {"only": ["company_registry", "complete_name", "email", "parent_id", "ref", "vat"]}}}}),
        ),
        (
            "res.partner",
            "search",
            json!({"args": [[["x_thing_id", "ilike", "deco"]]]}),
            // Nobody knows what a thing's name is made of.
            json!({"res.partner": {"read": true, "fields": {"read": {"only": ["x_thing_id"]}}}, "x.thing": {"read": true}}),
        ),
        (
            "res.partner",
            "search_count",
            json!({"args": [[]]}),
            json!({"res.partner": {"read": true, "fields": {"read": {"only": []}}}}),
        ),
        ("res.partner", "read", json!({"args": [[1]]}), json!({"res.partner": {"read": true}})),
        (
            "res.partner",
            "write",
            json!({"args": [[1], {"email": "a@b.c", "phone": "1"}]}),
            json!({"res.partner": {"write": true, "fields": {"write": {"only": ["email", "phone"]}}}}),
        ),
        (
            "res.partner",
            "create",
            json!({"args": [{"name": "n", "bank_ids": [[0, 0, {"acc_number": "1"}]]}]}),
            json!({"res.partner": {"create": true, "fields": {"write": {"only": ["bank_ids", "name"]}}},
                "res.partner.bank": {"create": true, "fields": {"write": {"only": ["acc_number"]}}}}),
        ),
        (
            "res.partner",
            "write",
            json!({"args": [[1], {"bank_ids": [[2, 7]]}]}),
            json!({"res.partner": {"write": true, "fields": {"write": {"only": ["bank_ids"]}}}, "res.partner.bank": {"delete": true}}),
        ),
        ("res.partner", "unlink", json!({"args": [[1]]}), json!({"res.partner": {"delete": true}})),
        (
            "res.partner",
            "message_post",
            json!({"args": [[1]], "kwargs": {"body": "b"}}),
            json!({"res.partner": {"calls": ["message_post"]}}),
        ),
        (
            "res.partner",
            "message_post",
            json!({"args": [[1]], "kwargs": {"body": "b", "partner_ids": [4]}}),
            json!({"res.partner": {"calls": ["message_post:mail"]}}),
        ),
        ("x.thing", "action_go", json!({"args": [[1]]}), json!({"x.thing": {"calls": ["action_go"]}})),
        (
            "res.partner",
            "read",
            json!({"args": [[1], ["name"]], "kwargs": {"context": {"active_id": 5, "lang": "en_US"}}}),
            json!({"res.partner": {"read": true, "fields": {"read": {"only": ["name"]}}, "context": ["active_id"]}}),
        ),
    ]
}

#[tokio::test]
async fn each_call_gets_the_narrowest_permissions_with_which_it_passes() {
    for (model, method, arguments, expected) in narrowest() {
        let (lab, key, gate) = lab().await;
        record(&gate, "b", vec![call(&key, model, method, arguments.clone())]).await;
        let found = suggestion(&lab, &key).await;
        assert_eq!(permissions(&found), expected, "{method} {arguments}: {found}");
        assert_eq!((&found["kinds"], &found["covered"]), (&json!(1), &json!(1)), "{found}");
    }
}

/// Everything of a profile that can be left out.
fn parts(permissions: &Value) -> Vec<Value> {
    let mut fewer = Vec::new();
    for (model, rules) in permissions.as_object().unwrap() {
        for (rule, value) in rules.as_object().unwrap() {
            let mut without = |changed: Option<Value>, path: &[&str]| {
                let mut all = permissions.clone();
                let place = path.iter().fold(&mut all[model][rule], |place, part| &mut place[*part]);
                *place = changed.unwrap_or(json!(false));
                fewer.push(all);
            };
            let mut lists = vec![(vec![], value.clone())];
            if rule == "fields" {
                let only = |how: &'static str| (vec![how, "only"], value[how]["only"].clone());
                lists = vec![only("read"), only("write")];
            }
            for (path, list) in lists {
                for at in 0..list.as_array().map_or(0, Vec::len) {
                    let mut shorter = list.as_array().unwrap().clone();
                    shorter.remove(at);
                    without(Some(json!(shorter)), &path);
                }
            }
            if *value == json!(true) {
                without(None, &[]);
            }
        }
    }
    fewer
}

#[tokio::test]
async fn all_recorded_calls_pass_with_a_suggestion_and_none_of_it_is_needless() {
    let (lab, key, gate) = lab().await;
    // But the one that reads whatever is open: nothing of that can be left out.
    let names_fields =
        |(_, method, arguments, _): &(_, &str, Value, _)| *method != "read" || arguments["args"][1].is_array();
    let calls: Vec<_> = narrowest().into_iter().filter(names_fields).collect();
    record(
        &gate,
        "b",
        calls.iter().map(|(model, method, arguments, _)| call(&key, model, method, arguments.clone())).collect(),
    )
    .await;
    let found = suggestion(&lab, &key).await;
    assert_eq!(
        (&found["kinds"], &found["covered"], &found["not_opened"]),
        (&json!(calls.len()), &json!(calls.len()), &json!([])),
        "{found}"
    );
    let permissions = found["profile"]["permissions"].clone();
    // The field is read anyway: nothing is left that a path alone would open twice.
    assert_eq!(permissions["res.partner"]["paths"], json!(["user_id.login"]));
    assert_eq!(permissions["res.partner"]["calls"], json!(["message_post:mail"]), "who may mail may also not mail");

    let refused = async |permissions: &Value| {
        for (model, rules) in permissions.as_object().unwrap() {
            let path = format!("/api/v1/profiles/agent/permissions/{model}");
            let answer = lab.admin.put(&path, rules.clone()).await;
            assert!(answer.status.is_success(), "{model} {rules}: {}", answer.text);
        }
        read_due(&lab.app).await.unwrap();
        let mut refused = 0;
        for (model, method, arguments, _) in &calls {
            let question = json!({"key_id": key["id"], "client_ip": "192.0.2.7", "model": model, "method": method,
                "args": arguments["args"], "kwargs": arguments.get("kwargs").cloned().unwrap_or(json!({}))});
            let answer = lab.admin.post("/api/v1/explain", question).await;
            refused += u32::from(answer.json["outcome"] != "allowed");
        }
        refused
    };
    lab.admin.post("/api/v1/profiles", json!({"name": "agent"})).await;
    let patched = lab.admin.patch(&format!("/api/v1/keys/{}", text(&key["id"])), json!({"profiles": ["agent"]})).await;
    assert_eq!(patched.status, StatusCode::OK, "{}", patched.text);
    assert_eq!(refused(&permissions).await, 0, "{permissions}");
    let fewer = parts(&permissions);
    assert!(fewer.len() > 20, "{}", fewer.len());
    for fewer in fewer {
        assert!(refused(&fewer).await > 0, "{fewer}\nof\n{permissions}");
    }
}

#[tokio::test]
async fn a_suggestion_is_marked_where_it_is_wide_or_dangerous() {
    let (lab, key, gate) = lab().await;
    let of = |method: &str, arguments: Value| call(&key, "res.partner", method, arguments);
    record(
        &gate,
        "b",
        vec![
            of("read", json!({"args": [[1]]})),
            of("unlink", json!({"args": [[1]]})),
            of("write", json!({"args": [[1], {"email": "a", "comment": "<b>", "phone": "1"}]})),
            of("write", json!({"args": [[1], {"bank_ids": [[0, 0, {"acc_number": "1"}]]}]})),
            of("message_post", json!({"args": [[1]], "kwargs": {"body": "b", "partner_ids": [4]}})),
            of("activity_schedule", json!({"args": [[1]], "kwargs": {"summary": "s"}})),
            of("onchange", json!({"args": [[1], {}, [], {}]})),
            of("action_go", json!({"args": [[1]], "kwargs": {"context": {"active_id": 3}}})),
            call(&key, "x.thing", "action_go", json!({"args": [[1]]})),
        ],
    )
    .await;
    let found = suggestion(&lab, &key).await;
    assert_eq!(found["not_opened"], json!([]), "{found}");
    assert_eq!(
        marks(&found),
        [
            "res.partner calls unknown_method action_go",
            "res.partner calls other_reads onchange",
            "res.partner calls mail message_post:mail",
            "res.partner context context active_id",
            "res.partner delete delete",
            "res.partner fields.write grants email",
            "res.partner fields.write unsanitized_html comment",
            "res.partner read wide_read",
            "res.partner.bank  other_model",
            "x.thing calls call action_go",
        ]
    );
    let details = found["marks"].as_array().unwrap().iter().map(|mark| text(&mark["detail"]));
    assert!(
        details.clone().all(|detail| detail.ends_with('.') && detail.len() > 20),
        "{:?}",
        details.collect::<Vec<_>>()
    );
    assert_eq!(permissions(&found)["res.partner"]["fields"]["read"], Value::Null, "what is open is read");
}

#[tokio::test]
async fn what_nothing_opens_is_told_with_its_reason_and_makes_no_permission() {
    let (lab, key, gate) = lab().await;
    lab.pass(3 * 24 * 3600);
    let mut late = call(&key, "res.partner", "search_count", json!({"args": [[]]}));
    late["at"] = json!(START + 48 * 3600 * 1_000_000);
    let mut misspelt = call(&key, "res.partner", "action_archiv", json!({"args": [[1]]}));
    misspelt["outcome"] = json!("faulted");
    let mut other = call(&key, "res.partner", "unlink", json!({"args": [[1]]}));
    other["key_id"] = json!("another");
    record(
        &gate,
        "b",
        vec![
            call(&key, "res.users", "read", json!({"args": [[1], ["login", "password"]]})),
            call(&key, "ir.cron", "read", json!({"args": [[1], ["name"]]})),
            call(&key, "res.parnter", "search_count", json!({"args": [[]]})),
            call(&key, "res.partner", "read", json!({"args": [[1], ["no_such_field"]]})),
            call(&key, "res.partner", "_write", json!({"args": [[1]]})),
            misspelt,
            json!({"key_id": key["id"], "model": "res.partner", "method": "read", "outcome": "denied", "reason": "rate_limited", "count": 3,
                "kind": "counted"}),
            json!({"key_id": key["id"], "model": "res.users", "method": "context_get"}),
            json!({"key_id": key["id"]}),
            json!({"key_id": key["id"], "model": "res.partner", "method": "create"}),
            late,
            other,
        ],
    )
    .await;
    let found = suggestion(&lab, &key).await;
    assert_eq!(found["profile"]["permissions"], json!({}), "{found}");
    assert_eq!((&found["kinds"], &found["covered"]), (&json!(6), &json!(0)));
    let told = |model: &str, method: &str| {
        let mut closed = found["not_opened"].as_array().unwrap().iter();
        let closed = closed.find(|closed| closed["model"] == model && closed["method"] == method).unwrap();
        (closed["reason"].as_str().unwrap_or_default().to_owned(), text(&closed["detail"]))
    };
    for (model, method, reason, detail) in [
        ("res.users", "read", "field_denied", "The field password of res.users is a credential, which nothing opens."),
        ("ir.cron", "read", "method_denied", "It is on the never-list; never_list_exceptions would have to name it."),
        ("res.parnter", "search_count", "", "Odoo has no model res.parnter, or does not tell the key's user of it."),
        (
            "res.partner",
            "action_archiv",
            "method_denied",
            "The model res.partner has no method action_archiv, as far as Lictor can tell.",
        ),
        ("res.partner", "_write", "method_denied", "Private methods cannot be called through the gate."),
    ] {
        assert_eq!(told(model, method), (reason.to_owned(), detail.to_owned()));
    }
    assert!(told("res.partner", "read").1.starts_with("The model res.partner has no field no_such_field"));
    assert_eq!((&found["refused_before"], &found["without_outline"]), (&json!({"rate_limited": 3}), &json!(1)));
    let whole = lab.admin.get(&format!("{PATH}?key_id={}&from=2030-01-02&to=2030-01-04", text(&key["id"]))).await.json;
    assert_eq!(whole["calls"][0]["method"], "search_count", "{whole}");
}

#[tokio::test]
async fn calls_are_counted_by_their_kinds() {
    let (lab, key, gate) = lab().await;
    let mut denied = call(&key, "res.partner", "unlink", json!({"args": [[1]]}));
    denied["outcome"] = json!("denied");
    denied["would_deny"] = Value::Null;
    let read = |field: &str| call(&key, "res.partner", "read", json!({"args": [[1, 2], [field]]}));
    record(&gate, "b", vec![read("name"), read("name"), read("phone"), denied]).await;
    let found = suggestion(&lab, &key).await;
    let at = |micros: u32| {
        format!("2030-01-01T00:00:00{}Z", if micros == 0 { String::new() } else { format!(".{micros:06}") })
    };
    let expected = json!([
        {"model": "res.partner", "method": "read", "calls": 3, "denied": 0, "faulted": 0, "would_deny": 3, "first_at": at(0), "last_at": at(2),
            "kinds": 2, "covered": 2},
        {"model": "res.partner", "method": "unlink", "calls": 1, "denied": 1, "faulted": 0, "would_deny": 0, "first_at": at(3), "last_at": at(3),
            "kinds": 1, "covered": 1},
    ]);
    assert_eq!(found["calls"], expected);
    assert_eq!(
        (&found["more"], &found["from"], &found["to"]),
        (&json!(false), &json!("2029-12-03T00:00:00Z"), &json!("2030-01-02T00:00:00Z"))
    );
}

#[tokio::test]
async fn without_odoo_what_is_known_is_gone_by_and_the_rest_stays_closed() {
    let (lab, key, gate) = lab().await;
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    read_due(&lab.app).await.unwrap();
    lab.odoo.answers().refuses = true;
    let read = |model: &str, field: &str| call(&key, model, "read", json!({"args": [[1], [field]]}));
    record(&gate, "b", vec![read("res.partner", "name"), read("res.partner.bank", "acc_number")]).await;
    let found = suggestion(&lab, &key).await;
    assert_eq!(permissions(&found), json!({"res.partner": {"read": true, "fields": {"read": {"only": ["name"]}}}}));
    assert_eq!(found["not_opened"][0]["lacks"], json!(["unknown res.partner.bank"]), "{found}");
}

#[tokio::test]
async fn a_suggestion_wants_a_key_and_a_time_that_make_sense() {
    let (lab, key, _) = lab().await;
    let key = text(&key["id"]);
    for (query, problem) in [
        (String::new(), (422, "missing_field", "key_id")),
        ("?key_id=none".to_owned(), (422, "invalid_field", "key_id")),
        (format!("?key_id={key}&from=2030-01-02&to=2030-01-01"), (422, "invalid_field", "to")),
        (format!("?key_id={key}&from=yesterday"), (422, "invalid_field", "from")),
    ] {
        assert_eq!(lab.admin.get(&format!("{PATH}{query}")).await.problem(), problem, "{query}");
    }
    // One that may not be used any more is asked about too.
    lab.admin.post(&format!("/api/v1/keys/{key}/revoke"), json!({})).await;
    let found = suggestion(&lab, &json!({"id": key})).await;
    assert_eq!((&found["profile"]["name"], &found["profile"]["permissions"]), (&json!("k"), &json!({})));
}
