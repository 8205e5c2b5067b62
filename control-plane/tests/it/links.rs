use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::rotation::{DAY, in_policy, key, linking, messages, now, path as path_of, rotated, verifies};
use crate::support::{Answer, Caller, Lab, text};

/// Somebody without an account, and the path of the link in the outbox.
async fn link(lab: &Lab) -> (Caller, String, Value) {
    let old = key(lab, 30).await;
    lab.pass(28 * DAY);
    assert_eq!(rotated(lab).await, (json!(1), json!(0)));
    let [message] = messages(lab).await.try_into().unwrap();
    assert_eq!(message["kind"], "key_link");
    let path = text(&message["link"]).strip_prefix("https://lictor.example.com").unwrap().to_owned();
    let new = now(lab, &json!({"id": now(lab, &old).await["rotated_to"]})).await;
    (Caller { token: String::new(), ..lab.admin.clone() }, path, new)
}

fn key_in(page: &Answer) -> Option<&str> {
    page.text.split_once("<pre>").and_then(|(_, rest)| rest.split_once("</pre>")).map(|(key, _)| key)
}

async fn press(anybody: &Caller, path: &str) -> Answer {
    anybody.send("POST", path, Some(String::new()), &[("content-type", "application/x-www-form-urlencoded")]).await
}

#[tokio::test]
async fn a_link_shows_the_key_once_and_only_after_the_button() {
    let lab = linking().await;
    let (anybody, path, new) = link(&lab).await;
    for _ in 0..3 {
        let page = anybody.get(&path).await;
        assert_eq!((page.status, key_in(&page)), (StatusCode::OK, None), "looking uses nothing up");
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.headers[name], value);
        }
        assert!(page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
    }
    let page = press(&anybody, &path).await;
    let key = json!(key_in(&page).unwrap());
    assert!(verifies(&key, &in_policy(&lab, &new).await.unwrap()));
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(lab.number("SELECT COUNT(*) FROM links WHERE sealed IS NOT NULL").await, 0, "wiped");
    for page in [press(&anybody, &path).await, anybody.get(&path).await] {
        assert_eq!((page.status, key_in(&page)), (StatusCode::GONE, None));
        assert!(page.text.contains("2030-01-29T00:00:00Z"), "{}", page.text);
    }
}

#[tokio::test]
async fn of_two_who_press_the_button_one_gets_the_key() {
    let lab = linking().await;
    let (anybody, path, _) = link(&lab).await;
    let (one, other) = tokio::join!(press(&anybody, &path), press(&anybody, &path));
    assert_eq!([&one, &other].into_iter().filter(|page| key_in(page).is_some()).count(), 1);
}

#[tokio::test]
async fn a_link_ends_with_its_time_with_its_key_and_with_an_emergency() {
    for end in ["time", "revocation", "regeneration", "emergency"] {
        let lab = linking().await;
        let (anybody, path, new) = link(&lab).await;
        match end {
            "time" => lab.pass(7 * DAY),
            "revocation" => drop(lab.admin.post(&format!("{}/revoke", path_of(&new)), json!({})).await),
            "regeneration" => drop(lab.admin.post(&format!("{}/regenerate", path_of(&new)), json!({})).await),
            _ => {
                let order = json!({"reason": "stolen", "confirm": "REVOKE ALL KEYS"});
                assert_eq!(lab.admin.post("/api/v1/emergency-revocation", order).await.status, StatusCode::OK);
                assert_eq!(lab.number("SELECT COUNT(*) FROM links WHERE sealed IS NOT NULL").await, 0);
            }
        }
        for page in [anybody.get(&path).await, press(&anybody, &path).await] {
            assert_eq!((page.status, key_in(&page)), (StatusCode::GONE, None), "{end}");
        }
        lab.pass(7 * DAY);
        lab.run("expired_key_cleanup").await;
        assert_eq!(lab.number("SELECT COUNT(*) FROM links").await, 0, "{end}");
    }
    let lab = Lab::new().await;
    let page = lab.admin.get("/link/unknown").await;
    assert_eq!((page.status, key_in(&page)), (StatusCode::GONE, None));
}

#[tokio::test]
async fn links_need_a_url_that_users_reach() {
    let lab = Lab::new().await;
    let patch = |rotation: Value| lab.admin.patch("/api/v1/settings", json!({"rotation": rotation}));
    for (rotation, code, field) in [
        (json!({"delivery": "link"}), "missing_field", "rotation.public_url"),
        (json!({"public_url": "http://lictor.example.com"}), "invalid_field", "rotation.public_url"),
        (json!({"public_url": "https://u:p@lictor.example.com"}), "invalid_field", "rotation.public_url"),
        (json!({"public_url": "https://lictor.example.com/?a"}), "invalid_field", "rotation.public_url"),
        (json!({"public_url": "lictor"}), "invalid_field", "rotation.public_url"),
        (json!({"window_days": 0}), "invalid_field", "rotation.window_days"),
        (json!({"link_valid_days": 31}), "invalid_field", "rotation.link_valid_days"),
        (json!({"delivery": "fax"}), "invalid_field", "rotation.delivery"),
    ] {
        assert_eq!(patch(rotation.clone()).await.problem(), (422, code, field), "{rotation}");
    }
    let good = json!({"delivery": "link", "public_url": "http://localhost:8080/lictor"});
    assert_eq!(patch(good).await.status, StatusCode::OK);
}
