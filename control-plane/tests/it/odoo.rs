//! A stand-in for Odoo, as far as the control plane asks it. The end-to-end tests have the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::{RIGHT, UID};

/// An API key that it takes as well.
pub(crate) const API_KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// What it answers.
#[derive(Clone, Default)]
pub(crate) struct StandIn(Arc<Mutex<Answers>>);

#[derive(Default)]
pub(crate) struct Answers {
    /// XML ids of every user's groups.
    pub(crate) groups: Vec<&'static str>,
    /// When each API key of a user ends.
    pub(crate) ends: Vec<Value>,
    /// No secret is right.
    pub(crate) refuses: bool,
    /// Passwords are right in the web client only.
    pub(crate) two_factor: bool,
    /// Tells nothing of users.
    pub(crate) is_silent: bool,
    /// What `fields_get` answers, by model.
    pub(crate) models: BTreeMap<&'static str, Value>,
    /// Fields that who asks with [`API_KEY`] does not see.
    pub(crate) hidden: BTreeSet<&'static str>,
    /// Models that nobody may read.
    pub(crate) unreadable: BTreeSet<&'static str>,
    /// Who asks about this model gets a fault.
    pub(crate) broken: &'static str,
    /// How often `fields_get` was asked.
    pub(crate) descriptions: u64,
    /// How often a login was tried.
    pub(crate) logins: u64,
}

impl StandIn {
    pub(crate) fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap()
    }

    /// Starts it and answers its base URL.
    pub(crate) async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/xmlrpc/2/common", post(common))
            .route("/jsonrpc", post(jsonrpc))
            .route("/web/session/authenticate", post(web_login))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        base
    }

    fn takes(&self, body: &str) -> bool {
        let answers = self.answers();
        !answers.refuses && (body.contains(API_KEY) || (body.contains(RIGHT) && !answers.two_factor))
    }
}

/// `authenticate`: the uid for [`RIGHT`] and [`API_KEY`], a fault for the database `gone`, else `False`.
async fn common(State(odoo): State<StandIn>, body: String) -> String {
    odoo.answers().logins += 1;
    let value = if odoo.takes(&body) { format!("<int>{UID}</int>") } else { "<boolean>0</boolean>".to_owned() };
    let fault = "<fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member>\
                 <member><name>faultString</name><value><string>no database</string></value></member></struct>\
                 </value></fault>";
    let answer = format!("<params><param><value>{value}</value></param></params>");
    let answer = if body.contains(">gone<") { fault } else { &answer };
    format!("<?xml version='1.0'?><methodResponse>{answer}</methodResponse>")
}

/// What a user may read of itself, and what models have.
async fn jsonrpc(State(odoo): State<StandIn>, Json(call): Json<Value>) -> Json<Value> {
    let failure = |name: &str, message: String| Json(json!({"error": {"data": {"name": name, "message": message}}}));
    let args = &call["params"]["args"];
    let (model, secret) = (args[3].as_str().unwrap(), args[2].as_str().unwrap());
    if matches!(args[4].as_str(), Some("fields_get" | "has_access")) {
        if !odoo.takes(secret) {
            return failure("odoo.exceptions.AccessDenied", "Access Denied".to_owned());
        }
        let mut answers = odoo.answers();
        let Some(description) = answers.models.get(model).filter(|_| model != answers.broken).cloned() else {
            let is_broken = model == answers.broken;
            let name = if is_broken { "builtins.KeyError" } else { "odoo.exceptions.UserError" };
            return failure(name, format!("Object {model} doesn't exist"));
        };
        if args[4] == "has_access" {
            assert_eq!(args[5], json!([[], "read"]));
            return Json(json!({"result": !answers.unreadable.contains(model)}));
        }
        answers.descriptions += 1;
        let mut fields = description.as_object().unwrap().clone();
        fields.retain(|name, _| secret != API_KEY || !answers.hidden.contains(name.as_str()));
        return Json(json!({"result": fields}));
    }
    let answers = odoo.answers();
    let ids: Vec<_> = (1..=answers.groups.len()).collect();
    let result = match model {
        _ if answers.is_silent => return Json(json!({"error": {"data": {"name": "odoo.exceptions.AccessError"}}})),
        "res.users" => json!([{"id": UID, "all_group_ids": ids}]),
        "res.groups" => ids.iter().map(|id| (id.to_string(), json!(answers.groups[id - 1]))).collect(),
        "res.users.apikeys" => answers.ends.iter().map(|end| json!({"id": 1, "expiration_date": end})).collect(),
        model => panic!("asked for {model}"),
    };
    Json(json!({"result": result}))
}

/// The web client's login, which waits for the second factor if there is one.
async fn web_login(State(odoo): State<StandIn>, body: String) -> Json<Value> {
    if body.contains(RIGHT) && odoo.answers().two_factor {
        return Json(json!({"result": {"uid": null}}));
    }
    Json(json!({"error": {"data": {"name": "odoo.exceptions.AccessDenied"}}}))
}
