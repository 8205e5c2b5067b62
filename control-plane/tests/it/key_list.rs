//! The list of keys in the orders that an auditor asks for, each page behind the one before.

use serde_json::{Value, json};

use crate::support::{Lab, text, user_body};

/// The names of all keys, page after page.
async fn names(lab: &Lab, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = lab.admin.get(&format!("/api/v1/keys?limit=2&{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        names.extend(page.json["items"].as_array().unwrap().iter().map(|key| text(&key["name"])));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

/// Five keys of two users, of which two end and two were used.
async fn lab() -> Lab {
    let lab = Lab::new().await;
    let mut users = Vec::new();
    for name in ["zoe", "Ada"] {
        let mut body = user_body();
        body["name"] = json!(name);
        users.push(text(&lab.admin.post("/api/v1/users", body).await.json["id"]));
    }
    lab.admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    for (name, user, profile, end) in [
        ("b", 0, "sales", Some("2031-01-01T00:00:00Z")),
        ("A_1", 1, "default", None),
        ("c", 0, "sales", None),
        ("d", 1, "", Some("2030-06-01T00:00:00Z")),
        ("A%1", 0, "", None),
    ] {
        let profiles: Vec<_> = [profile].into_iter().filter(|name| !name.is_empty()).collect();
        let key = json!({"name": name, "user_id": users[user], "profiles": profiles, "expires_at": end});
        assert_eq!(lab.admin.post("/api/v1/keys", key).await.status, 201);
    }
    lab.tamper("UPDATE keys SET last_used_at = 1893456000000001 WHERE name = 'c'").await;
    lab.tamper("UPDATE keys SET last_used_at = 1893456000000000 WHERE name = 'b'").await;
    lab
}

#[tokio::test]
async fn keys_are_listed_in_the_order_that_is_asked_for() {
    let lab = lab().await;
    for (sort, expected) in [
        ("created_at", ["b", "A_1", "c", "d", "A%1"]),
        ("user", ["A_1", "d", "b", "c", "A%1"]),
        ("expires_at", ["d", "b", "A_1", "c", "A%1"]),
        ("last_used_at", ["A_1", "d", "A%1", "b", "c"]),
    ] {
        assert_eq!(names(&lab, &format!("sort={sort}")).await, expected, "{sort}");
        let backwards: Vec<_> = names(&lab, &format!("sort={sort}&order=desc")).await.into_iter().rev().collect();
        assert_eq!(backwards, expected, "{sort}");
    }
    let by_name = names(&lab, "sort=name").await;
    assert_eq!(by_name[2..], ["b", "c", "d"]);
    let by_profiles = names(&lab, "sort=profiles").await;
    assert_eq!(by_profiles[3..], ["b", "c"]);
}

#[tokio::test]
async fn keys_are_found_by_name_profile_and_state() {
    let lab = lab().await;
    assert_eq!(names(&lab, "q=a_").await, ["A_1"]);
    assert_eq!(names(&lab, "q=A%25").await, ["A%1"]);
    assert_eq!(names(&lab, "profile=sales&sort=user").await, ["b", "c"]);
    assert_eq!(names(&lab, "profile=default").await, ["A_1", "d", "A%1"]);
    // A prefix may begin with the letter too.
    let keys = lab.admin.get("/api/v1/keys?q=d").await.json;
    let key = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "d").unwrap();
    assert_eq!(key["user_name"], "Ada");
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&key["id"])), json!({})).await;
    assert_eq!(names(&lab, "active=false").await, ["d"]);
    let prefix = text(&key["prefix"]);
    assert_eq!(names(&lab, &format!("q={}", &prefix[..6])).await, ["d"]);
}

#[tokio::test]
async fn what_cannot_be_an_order_is_refused() {
    let lab = lab().await;
    let of_names = lab.admin.get("/api/v1/keys?limit=1&sort=name").await.json;
    let cursor = of_names["next_cursor"].as_str().unwrap();
    for (query, field) in [
        ("sort=hash".to_owned(), "sort"),
        ("order=up".to_owned(), "order"),
        ("profile=No".to_owned(), "profile"),
        (format!("sort=expires_at&cursor={cursor}"), "cursor"),
        ("cursor=WzFd".to_owned(), "cursor"),
    ] {
        let answer = lab.admin.get(&format!("/api/v1/keys?{query}")).await;
        assert_eq!((answer.problem().0, answer.problem().2), (422, field), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn of_many_keys_a_page_in_any_order_takes_no_time() {
    let lab = lab().await;
    let fill = "INSERT INTO keys (id, name, user_id, prefix, hash, version, line, scopes, models, ip_allow_list, active, \
        created_at, use_count, changed, expires_at, last_used_at) WITH RECURSIVE numbers (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL \
        SELECT n + 1 FROM numbers WHERE n < 10000) SELECT 'k-' || n, 'agent ' || (n % 977), (SELECT MIN(id) FROM users), \
        'p' || n, '', 1, 'k-' || n, '[]', '[]', '[]', 0, 1, 0, 1, 1893456000000000 + n * 7919 % 1000000, \
        1893456000000000 + n * 104729 % 1000000 FROM numbers";
    lab.tamper(fill).await;
    for sort in ["created_at", "name", "user", "profiles", "expires_at", "last_used_at"] {
        for path in [format!("sort={sort}"), format!("sort={sort}&order=desc&q=gent&profile=default")] {
            let began = std::time::Instant::now();
            let page: Value = lab.admin.get(&format!("/api/v1/keys?limit=50&{path}")).await.json;
            let took = began.elapsed();
            println!("{path}: {took:?}");
            assert_eq!(page["items"].as_array().unwrap().len(), 50);
            // Far more than the fifth of a second that is promised: tests run beside others on slow machines.
            assert!(took.as_secs() < 5, "{path}: {took:?}");
        }
    }
}
