use axum::http::StatusCode;
use lictor_control_plane::api::router::{api_table, gate_table};
use lictor_control_plane::app::App;
use lictor_control_plane::domain::actor::Role;
use lictor_control_plane::http::route::{Access, Route};
use serde_json::json;

use crate::support::{Caller, Lab, text};

/// A path of the route that names no record, so that a call that is let in changes nothing.
fn path(route: &Route<App>) -> String {
    if route.path == "/api/v1/audit/stream" {
        // Whoever is let in is told that there is no such outcome: the stream itself does not end.
        return format!("{}?outcome=none", route.path);
    }
    route
        .path
        .replace("{id}", "none")
        .replace("{name}", "none")
        .replace("{token}", "none")
        .replace("{model}", "none")
        .replace("{profile}", "none")
}

#[tokio::test]
async fn each_route_lets_in_its_role_and_greater_ones_and_nobody_else() {
    let lab = Lab::new().await;
    let account = &lab.admin.get("/api/v1/accounts").await.json["items"][0]["id"];
    let ends = json!({"account_id": account, "name": "t", "role": "admin", "expires_at": "2030-01-01T00:00:01Z"});
    let ended = text(&lab.admin.post("/api/v1/tokens", ends).await.json["token"]);
    lab.pass(1);
    let mut callers = [
        (None, Caller { token: String::new(), ..lab.admin.clone() }),
        (None, Caller { token: "lat_unknown".to_owned(), ..lab.admin.clone() }),
        (None, Caller { token: ended, ..lab.admin.clone() }),
        (None, lab.gate().await.1),
        (Some(Role::User), lab.caller("user").await),
        (Some(Role::Manager), lab.caller("manager").await),
        (Some(Role::Admin), lab.caller("admin").await),
    ];
    for route in api_table() {
        for (role, caller) in &mut callers {
            if let Some(role) = role.filter(|_| route.path == "/api/v1/sign-out") {
                // This one does what it says: the token that takes the walk further is another.
                let spent = std::mem::replace(caller, lab.caller(role.name()).await);
                assert_eq!(spent.post(route.path, json!({})).await.status, StatusCode::NO_CONTENT);
                continue;
            }
            let caller = Caller { router: lab.admin.router.clone(), ..caller.clone() };
            let answer = caller.send(route.verb.name(), &path(&route), None, &[]).await;
            let status = answer.status;
            let seen = format!("{} {} as {role:?}: {status}", route.verb.name(), route.path);
            match route.access {
                Access::Public => assert!(!refused(status), "{seen}"),
                Access::Gate => panic!("{seen}: gates have a listener of their own"),
                Access::Role(needed) => match role {
                    None => assert_eq!(status, StatusCode::UNAUTHORIZED, "{seen}"),
                    Some(role) if *role < needed => assert_eq!(answer.problem(), (403, "role_required", ""), "{seen}"),
                    Some(_) => assert!(!refused(status), "{seen}"),
                },
            }
        }
    }
}

fn refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[tokio::test]
async fn a_body_is_not_read_before_the_role_is_known() {
    let lab = Lab::new().await;
    let user = lab.caller("user").await;
    let answer = user.send("POST", "/api/v1/keys", Some("not json".to_owned()), &[]).await;
    assert_eq!(answer.problem(), (403, "role_required", ""));
}

#[tokio::test]
async fn the_gates_listener_serves_only_gates() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for route in gate_table().into_iter().filter(|route| route.access != Access::Public) {
        let nobody = Caller { token: String::new(), ..gate.clone() };
        let status = nobody.send(route.verb.name(), route.path, None, &[]).await.status;
        assert_eq!((status, route.access), (StatusCode::UNAUTHORIZED, Access::Gate), "{}", route.path);
    }
}
