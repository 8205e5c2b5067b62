//! `lictor diff`: what a policy file would change, from the text of the file and the records of the service.

use lictor_control_plane::cli::options::Server;
use lictor_control_plane::cli::remote::client::Client;
use lictor_control_plane::cli::remote::policy::change::{Change, shown};
use lictor_control_plane::cli::remote::policy::execute::{Means, execute};
use lictor_control_plane::cli::remote::policy::plan::plan;
use lictor_control_plane::cli::remote::policy::record::Record;
use lictor_control_plane::cli::remote::policy::state::State;
use lictor_control_plane::cli::terminal::failure::{Exit, Failure};
use lictor_control_plane::cli::terminal::print::Output;
use lictor_control_plane::domain::policy::Policy;
use lictor_control_plane::domain::time::Moment;
use lictor_control_plane::secrets::random;
use serde_json::{Value, json};

use crate::support::START;

const ADA: &str = "users: [{name: Ada, email: ada@x.org, groups: [sales], upstream: {database: d, login: ada}}]\n";

fn ada() -> Value {
    json!({"id": "u1", "name": "Ada", "email": "ada@x.org", "groups": ["sales"], "odoo_groups": [],
        "privileged": false, "refused": null,
        "upstream": {"database": "d", "login": "ada", "uid": 7, "rejected": false}})
}

fn key(id: &str, fields: Value) -> Value {
    let mut key = json!({"id": id, "prefix": format!("prefix-{id}"), "user_id": "u1", "name": "k", "profiles": [], "scopes": [],
        "models": [], "ip_allow_list": [], "rate_limit_per_minute": null, "session_limit": null, "expires_at": null,
        "active": true, "revoked_at": null});
    key.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    key
}

fn permission(model: &str) -> Value {
    json!({"profile": "default", "model": model, "read": true, "write": false, "create": false, "delete": false, "groups": [],
        "fields": {}, "calls": [], "paths": [], "nested_writes": [], "context": [], "methods": {}})
}

/// What the service has.
fn state(users: &[Value], keys: &[Value], permissions: &[Value], settings: Value) -> State {
    let records = |collection: &str, field: &str, all: &[Value]| -> Vec<Record> {
        all.iter().map(|json| Record::of(collection, field, json.clone())).collect()
    };
    State {
        users: records("users", "id", users),
        keys: records("keys", "id", keys),
        profiles: Vec::new(),
        permissions: records("permissions", "model", permissions),
        settings: Some(Record { json: settings, path: "settings".to_owned(), etag: Some("\"9\"".to_owned()) }),
    }
}

fn planned(file: &str, state: &State, prune: bool) -> Result<Vec<Change>, Failure> {
    plan(&Policy::read("p.yaml", file).unwrap(), state, prune, Moment(START))
}

#[track_caller]
fn check(file: &str, state: &State, prune: bool, expected: &str) {
    let changes = planned(file, state, prune).unwrap();
    assert_eq!(shown(&changes), expected, "{file}");
}

#[test]
fn what_is_as_the_file_says_stays() {
    let state = state(&[ada()], &[key("k1", json!({"models": ["a.b"]}))], &[permission("a.b")], json!({"a": 1}));
    check("", &state, true, "");
    check(ADA, &state, false, "");
    check("keys: [{user: ada@x.org, name: k, models: [a.b]}]", &state, true, "");
    check("permissions: {a.b: {read: true}}", &state, true, "");
}

#[test]
fn rules_of_fields_are_compared_whole() {
    let with = |rules: Value| {
        let mut permission = permission("a.b");
        permission["fields"] = rules;
        state(&[], &[], &[permission], json!({}))
    };
    let also = with(json!({"read": {"also": ["x"]}}));
    check("permissions: {a.b: {read: true, fields: {read: {also: [x]}}}}", &also, true, "");
    let changed = "~ permission a.b\n    fields: {\"read\":{\"also\":[\"x\"]}} -> {\"read\":{\"only\":[\"x\"]}}\n";
    check("permissions: {a.b: {read: true, fields: {read: {only: [x]}}}}", &also, true, changed);
    let gone = "~ permission a.b\n    fields: {\"read\":{\"also\":[\"x\"]}} -> {}\n";
    check("permissions: {a.b: {read: true}}", &also, true, gone);
    let plan = planned("permissions: {a.b: {read: true}}", &also, false).unwrap();
    assert_eq!(plan[0].request.body.as_ref().unwrap()["fields"], json!({}));
}

#[test]
fn a_user_becomes_privileged_only_where_the_file_says_so() {
    let state = state(&[ada()], &[], &[], json!({}));
    let file = ADA.replace("groups: [sales]", "groups: [sales], privileged: true");
    check(&file, &state, false, "~ user ada@x.org\n    privileged: false -> true\n");
}

#[test]
fn settings_change_where_the_file_says_so() {
    let before = json!({"enforcement": "off", "sessions": {"enabled": false, "limit": 0, "timeout_seconds": 1800},
        "methods": {"old": ["read"], "same": []}});
    let state = state(&[], &[], &[], before);
    let file = "settings: {enforcement: secure, sessions: {limit: 3}, methods: {same: [], new: [write]}}";
    let expected = "~ settings\n    enforcement: \"off\" -> \"secure\"\n    \
        methods: {\"old\":[\"read\"],\"same\":[]} -> {\"new\":[\"write\"],\"same\":[]}\n    sessions.limit: 0 -> 3\n";
    check(file, &state, false, expected);
    let changes = planned(file, &state, false).unwrap();
    let body = json!({"enforcement": "secure", "sessions": {"limit": 3},
        "methods": {"same": [], "new": ["write"], "old": null}});
    assert_eq!(changes[0].request.body, Some(body));
}

#[test]
fn a_user_is_known_by_the_mail_address_and_else_by_the_name() {
    let nameless = json!({"id": "u2", "name": "Bob", "email": null, "groups": [], "privileged": false,
        "upstream": {"database": "d", "login": "bob", "rejected": false}});
    let state = state(&[ada(), nameless], &[], &[], json!({}));
    let user = |name: &str, email: &str, login: &str| {
        format!("users: [{{name: {name}, email: {email}, upstream: {{database: d, login: {login}}}}}]")
    };
    let renamed = "~ user ada@x.org\n    groups: [\"sales\"] -> []\n    name: \"Ada\" -> \"Countess\"\n";
    check(&user("Countess", "ada@x.org", "ada"), &state, false, renamed);
    check(&user("Bob", "bob@x.org", "bob"), &state, false, "~ user bob@x.org\n    email: null -> \"bob@x.org\"\n");
    check("users: [{name: Bob, upstream: {database: d, login: bob}}]", &state, false, "");
    // Another Ada with another address is not this one.
    let made = "+ user ada@y.org\n    email: \"ada@y.org\"\n    name: \"Ada\"\n    upstream.database: \"d\"\n    \
        upstream.login: \"ada\"\n    upstream.secret: \"is needed: add secret_from_env or secret_from_file\"\n";
    check(&user("Ada", "ada@y.org", "ada"), &state, false, made);
}

#[test]
fn the_secret_is_sent_only_when_the_service_needs_it() {
    let with_secret = ADA.replace("login: ada}", "login: ada, secret_from_env: ADA}");
    check(&with_secret, &state(&[ada()], &[], &[], json!({})), false, "");
    let mut rejected = ada();
    rejected["upstream"]["rejected"] = json!(true);
    let sent = "~ user ada@x.org\n    upstream.secret: \"stored\" -> \"from the environment variable ADA\"\n";
    check(&with_secret, &state(&[rejected], &[], &[], json!({})), false, sent);
    let mut other = ada();
    other["upstream"]["login"] = json!("old");
    let sent = "~ user ada@x.org\n    upstream.login: \"old\" -> \"ada\"\n    \
        upstream.secret: \"stored\" -> \"from the environment variable ADA\"\n";
    check(&with_secret, &state(&[other], &[], &[], json!({})), false, sent);
}

#[test]
fn all_live_keys_with_the_name_are_restricted() {
    let keys = [
        key("k1", json!({})),
        key("k2", json!({"scopes": ["read"]})),
        key("k3", json!({"revoked_at": "2029-01-01T00:00:00Z"})),
        key("k4", json!({"expires_at": "2029-01-01T00:00:00Z"})),
        key("k5", json!({"name": "other"})),
    ];
    let file = "keys: [{user: Ada, name: k, scopes: [read]}]";
    let expected = "~ key Ada / k (prefix-k1)\n    scopes: [] -> [\"read\"]\n";
    check(file, &state(&[ada()], &keys, &[], json!({})), false, expected);
}

#[test]
fn whether_a_key_is_active_and_when_it_ends_is_left_alone_unless_the_file_says_it() {
    let keys = [key("k1", json!({"active": false, "expires_at": "2031-01-01T00:00:00Z"}))];
    let state = state(&[ada()], &keys, &[], json!({}));
    check("keys: [{user: Ada, name: k}]", &state, false, "");
    let file = "keys: [{user: Ada, name: k, active: true, expires_at: 2031-01-01T01:00:00+01:00}]";
    check(file, &state, false, "~ key Ada / k (prefix-k1)\n    active: false -> true\n");
}

#[test]
fn a_key_that_is_not_there_is_shown_as_new() {
    let state = state(&[], &[], &[], json!({}));
    let file = format!("{ADA}keys: [{{user: ada@x.org, name: k, models: [a.b]}}]");
    let changes = planned(&file, &state, false).unwrap();
    assert!(shown(&changes).ends_with("+ key ada@x.org / k\n    models: [\"a.b\"]\n"), "{}", shown(&changes));
    assert_eq!(changes[1].request.user.as_deref(), Some("ada@x.org"));
}

#[test]
fn a_key_that_nobody_could_use_is_not_made() {
    let gone = [key("k1", json!({"expires_at": "2029-01-01T00:00:00Z"}))];
    for keys in [&gone[..], &[]] {
        let state = state(&[ada()], keys, &[], json!({}));
        check("keys: [{user: Ada, name: k, active: false}]", &state, true, "");
        check("keys: [{user: Ada, name: k, expires_at: 2029-01-01T00:00:00Z}]", &state, false, "");
    }
}

#[test]
fn what_is_missing_in_the_file_goes_only_with_prune() {
    let keys = [key("k1", json!({})), key("k2", json!({"name": "gone"})), key("k3", json!({"user_id": "u2"}))];
    let bob = json!({"id": "u2", "name": "Bob", "email": null, "groups": [], "upstream": {}});
    let state = state(&[ada(), bob], &keys, &[permission("a.b"), permission("c.d")], json!({}));
    let file = format!("{ADA}keys: [{{user: Ada, name: k}}]\npermissions: {{a.b: {{read: true}}}}");
    check(&file, &state, false, "");
    let expected = "- permission c.d\n- key ada@x.org / gone (prefix-k2)\n- key Bob / k (prefix-k3)\n- user Bob\n";
    check(&file, &state, true, expected);
    // A section that is left out is left alone.
    check("permissions: {a.b: {read: true}, c.d: {read: true}}", &state, true, "");
}

#[test]
fn a_change_names_the_state_that_it_is_meant_for() {
    let mut state = state(&[], &[], &[permission("a.b")], json!({"enforcement": "off"}));
    state.permissions[0].etag = Some("\"5\"".to_owned());
    let file = "settings: {enforcement: block}\npermissions: {a.b: {}, c.d: {read: true}}";
    let conditions: Vec<_> =
        planned(file, &state, false).unwrap().into_iter().map(|change| change.request.condition).collect();
    assert_eq!(format!("{conditions:?}"), r#"[Unchanged("\"9\""), Unchanged("\"5\""), New]"#);
}

#[test]
fn who_is_meant_must_be_clear() {
    let twin = json!({"id": "u2", "name": "Ada", "email": null});
    let twins = state(&[json!({"id": "u1", "name": "Ada", "email": null}), twin], &[], &[], json!({}));
    for (file, told) in [
        ("users: [{name: Ada, upstream: {database: d, login: l}}]", "users[0]: 2 users of the service may be meant"),
        ("keys: [{user: Ada, name: k}]", "keys[0].user: there are several users 'Ada'"),
        ("keys: [{user: Eve, name: k}]", "keys[0].user: there is no user 'Eve'"),
    ] {
        let failure = planned(file, &twins, false).unwrap_err();
        assert_eq!(failure.exit, Exit::Invalid);
        assert!(failure.message.contains(told), "{}", failure.message);
    }
}

#[test]
fn what_the_service_has_makes_a_file_that_changes_nothing() {
    let settings = json!(lictor_control_plane::domain::settings::Settings::default());
    let keys = [key("k1", json!({"models": ["a.b"]})), key("k2", json!({"models": ["c.d"]}))];
    let state = state(&[ada()], &keys[..1], &[permission("a.b")], settings.clone());
    let (policy, notes) = state.policy().unwrap();
    assert_eq!(notes, Vec::<String>::new());
    check(&serde_yaml_ng::to_string(&policy).unwrap(), &state, true, "");
    let two = self::state(&[ada()], &keys, &[], settings);
    assert_eq!(two.policy().unwrap().1, ["ada@x.org has several keys 'k': the file has the first."]);
}

#[tokio::test]
async fn a_new_key_whose_answer_is_lost_is_said_to_need_another_secret() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    tokio::spawn(async move { while silent.accept().await.is_ok() {} });
    let folder = std::env::temp_dir().join(format!("lictor-{}", random::id()));
    std::fs::create_dir(&folder).unwrap();
    let token_file = Some(folder.join("token"));
    std::fs::write(folder.join("token"), "t").unwrap();
    let client = Client::new(&Server { url, token_file, ca_file: None, output: Output::Text }).unwrap();
    let changes = planned("keys: [{user: Ada, name: k}]", &state(&[ada()], &[], &[], json!({})), false).unwrap();
    let means = Means::gather(&changes, &folder, Some(folder.join("keys"))).unwrap();
    let mut made = 0;
    let failure = execute(&client, &changes, &means, &mut made).await.unwrap_err();
    assert_eq!((failure.exit, made), (Exit::Failed, 0));
    assert!(failure.message.contains("its plain text is lost: regenerate it"), "{}", failure.message);
    assert_eq!(std::fs::read_dir(folder.join("keys")).unwrap().count(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}
