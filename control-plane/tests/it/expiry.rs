//! Keys that end soon, that nobody uses, and that live too long: in the list, in the weekly mail, and what is refused.

use axum::http::StatusCode;
use lictor_control_plane::domain::message::Channel;
use lictor_control_plane::tasks::jobs;
use serde_json::{Value, json};

use crate::rotation::{DAY, now, path};
use crate::smtp::Smtp;
use crate::support::{Answer, Lab, START, event, send, text};

const KEYS: &str = "/api/v1/keys";
const SETTINGS: &str = "/api/v1/settings";
const REVIEW: &str = "key_review";

/// Asks for a key that ends so many days after the clock's start.
async fn ask(lab: &Lab, user: &str, name: &str, end: Option<u64>) -> Answer {
    let end = end.map(day);
    lab.admin.post(KEYS, json!({"name": name, "user_id": user, "expires_at": end})).await
}

async fn make(lab: &Lab, user: &str, name: &str, end: Option<u64>) -> Value {
    let made = ask(lab, user, name, end).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json
}

/// A moment so many days after the clock's start.
fn day(days: u64) -> String {
    lictor_control_plane::domain::time::Moment(START + days * DAY * 1_000_000).to_string()
}

/// The names of the keys in a list, over as many pages as it takes.
async fn names(lab: &Lab, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = lab.admin.get(&format!("{KEYS}?limit=2&{query}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        names.extend(page.json["items"].as_array().unwrap().iter().map(|key| text(&key["name"])));
        let Some(next) = page.json["next_cursor"].as_str() else { return names };
        cursor = format!("&cursor={next}");
    }
}

async fn limit(lab: &Lab, days: Value) {
    let answer = lab.admin.patch(SETTINGS, json!({"keys": {"longest_lifetime_days": days}})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn the_list_finds_usable_keys_that_end_soon_and_that_nobody_uses() {
    let lab = Lab::new().await;
    let (user, (_, gate)) = (lab.user().await, lab.gate().await);
    let used = make(&lab, &user, "used", None).await;
    make(&lab, &user, "never used", None).await;
    make(&lab, &user, "ended", Some(99)).await;
    make(&lab, &user, "on the day", Some(130)).await;
    for (name, change) in [("inactive", "PATCH"), ("revoked", "POST")] {
        let key = make(&lab, &user, name, Some(120)).await;
        match change {
            "PATCH" => lab.admin.patch(&path(&key), json!({"active": false})).await,
            _ => lab.admin.post(&format!("{}/revoke", path(&key)), json!({})).await,
        };
    }
    make(&lab, &user, "later", Some(131)).await;
    make(&lab, &user, "soon", Some(101)).await;
    lab.pass(10 * DAY);
    make(&lab, &user, "new", None).await;
    let call = json!({"key_id": used["id"], "at": START + 11 * DAY * 1_000_000});
    lab.pass(DAY);
    send(&gate, "b", vec![event(0, call)]).await;

    lab.pass(89 * DAY);
    assert_eq!(names(&lab, "ends_within_days=30").await, ["on the day", "soon"]);
    assert_eq!(names(&lab, "ends_within_days=31").await, ["on the day", "later", "soon"]);
    assert_eq!(names(&lab, "unused_for_days=90").await, ["never used", "on the day", "later", "soon", "new"]);
    assert_eq!(names(&lab, "unused_for_days=91").await, ["never used", "on the day", "later", "soon"]);
    assert_eq!(names(&lab, "unused_for_days=89").await[0], "used", "a use counts, and not when the key was made");
    assert_eq!(names(&lab, "unused_for_days=91&ends_within_days=1").await, ["soon"]);
    assert_eq!(names(&lab, "ends_within_days=30&user_id=other").await, [""; 0]);
    for bad in ["ends_within_days=0", "unused_for_days=36501", "unused_for_days=x"] {
        let field = bad.split('=').next().unwrap();
        assert_eq!(lab.admin.get(&format!("{KEYS}?{bad}")).await.problem(), (422, "invalid_field", field));
    }
}

#[tokio::test]
async fn a_key_may_live_no_longer_than_the_setting_says() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let [old, endless] = [make(&lab, &user, "old", Some(200)).await, make(&lab, &user, "endless", None).await];
    limit(&lab, json!(90)).await;
    let refused = |answer: Answer, advice: &str| {
        assert_eq!(answer.problem(), (422, "invalid_field", "expires_at"), "{}", answer.text);
        for said in [advice, "90 days", "keys.longest_lifetime_days"] {
            assert!(answer.text.contains(said), "{said}: {}", answer.text);
        }
    };
    let until = format!("Give an end until {}", day(90));
    refused(ask(&lab, &user, "k", None).await, &until);
    refused(ask(&lab, &user, "k", Some(91)).await, &until);
    let new = make(&lab, &user, "k", Some(90)).await;
    for later in [json!(null), json!(day(91))] {
        refused(lab.admin.patch(&path(&new), json!({"expires_at": later})).await, &until);
    }

    // Those that were made before are marked, as long as they may be used.
    lab.admin.post(&format!("{}/revoke", path(&make_before(&lab, &user).await)), json!({})).await;
    let marked = |key: &Value| key["beyond_lifetime"] == true;
    let listed = lab.admin.get(KEYS).await.json["items"].as_array().unwrap().clone();
    let names: Vec<_> = listed.iter().filter(|key| marked(key)).map(|key| text(&key["name"])).collect();
    assert_eq!((listed.len(), names), (4, vec!["old".to_owned(), "endless".to_owned()]));
    assert_eq!((marked(&now(&lab, &old).await), marked(&now(&lab, &new).await)), (true, false));

    // They stay as they are, and end no later than they would.
    lab.pass(100 * DAY);
    for key in [&old, &endless] {
        assert_eq!(now(&lab, key).await["expires_at"], key["expires_at"]);
        assert_eq!(lab.admin.patch(&path(key), json!({"name": "n", "active": true})).await.status, StatusCode::OK);
        let sooner = lab.admin.patch(&path(key), json!({"expires_at": day(150)})).await;
        assert_eq!((sooner.status, &sooner.json["expires_at"]), (StatusCode::OK, &json!(day(150))), "{}", sooner.text);
        refused(lab.admin.patch(&path(key), json!({"expires_at": day(151)})).await, "Rotate the key");
    }
    lab.pass(50 * DAY);
    assert!(!marked(&now(&lab, &old).await), "it has ended");
    limit(&lab, json!(null)).await;
    make(&lab, &user, "k", None).await;
    let items = lab.admin.get(KEYS).await.json["items"].as_array().unwrap().clone();
    assert!(!items.iter().any(marked));
}

/// A key of before the setting that will not be used.
async fn make_before(lab: &Lab, user: &str) -> Value {
    limit(lab, json!(null)).await;
    let key = make(lab, user, "revoked", None).await;
    limit(lab, json!(90)).await;
    key
}

#[tokio::test]
async fn a_rotated_key_lives_as_long_as_the_setting_says() {
    let lab = Lab::new().await;
    let user = lab.user().await;
    let keys = [Some(30), Some(200), None].map(|end| make(&lab, &user, "k", end));
    let mut made = Vec::new();
    for key in keys {
        made.push(key.await);
    }
    limit(&lab, json!(90)).await;
    for (key, end) in made.iter().zip([30, 90, 90]) {
        let new = lab.admin.post(&format!("{}/rotate", path(key)), json!({"overlap_seconds": 3600})).await;
        assert_eq!((new.status, &new.json["expires_at"]), (StatusCode::CREATED, &json!(day(end))), "{}", new.text);
    }

    // And so it is when the clock rotates it.
    let long = json!({"rotation": {"enabled": true}, "keys": {"longest_lifetime_days": null}});
    lab.admin.patch(SETTINGS, long).await;
    Smtp::start().await.serves(&lab.app);
    let key = make(&lab, &user, "k", Some(200)).await;
    limit(&lab, json!(90)).await;
    lab.pass(195 * DAY);
    assert_eq!(lab.run("key_rotation").await["last_report"]["rotated"], 1);
    let new = json!({"id": now(&lab, &key).await["rotated_to"]});
    assert_eq!(now(&lab, &new).await["expires_at"], day(195 + 90));
}

/// The counts of a run.
async fn review(lab: &Lab) -> (Value, Value, Value) {
    let run = lab.run(REVIEW).await;
    assert_eq!(run["last_outcome"], "succeeded", "{run}");
    let report = &run["last_report"];
    (report["ending"].clone(), report["unused"].clone(), report["mails"].clone())
}

async fn delivered(lab: &Lab, smtp: &Smtp) -> Vec<String> {
    while lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap() > 0 {}
    smtp.taken()
}

#[tokio::test]
async fn administrators_are_told_once_a_week_of_keys_that_need_a_look() {
    let (lab, smtp) = (Lab::new().await, Smtp::start().await);
    let user = lab.user().await;
    lab.admin.patch(SETTINGS, json!({"alerts": {"recipients": ["ops@example.com", "sec@example.com"]}})).await;
    let soon = make(&lab, &user, "agent", Some(30)).await;
    make(&lab, &user, "later", Some(60)).await;
    assert_eq!(review(&lab).await, (json!(1), json!(0), json!(0)), "there is no mail server");
    smtp.serves(&lab.app);

    // The clock starts on a Tuesday: the first run is on the Monday after it.
    for replica in [&lab.app, &lab.restarted().await] {
        jobs::runner::run_due(replica).await.unwrap();
        replica.runs.ended().await;
    }
    assert_eq!(delivered(&lab, &smtp).await, [""; 0], "not yet");
    lab.pass(6 * DAY + 5 * 3600);
    for replica in [&lab.app, &lab.restarted().await] {
        jobs::runner::run_due(replica).await.unwrap();
        replica.runs.ended().await;
    }
    let mails = delivered(&lab, &smtp).await;
    assert_eq!(mails.len(), 2, "one for each");
    for mail in &mails {
        assert!(mail.contains(&format!("lct_{}", text(&soon["prefix"]))) && !mail.contains("later"), "{mail}");
        assert!(!mail.contains(soon["key"].as_str().unwrap()));
    }
    assert_eq!(review(&lab).await, (json!(1), json!(0), json!(0)), "the day's mail was sent");

    lab.pass(7 * DAY);
    jobs::runner::run_due(&lab.app).await.unwrap();
    lab.app.runs.ended().await;
    assert_eq!(delivered(&lab, &smtp).await.len(), 4, "a week later again");
    lab.pass(DAY);
    lab.admin.patch(SETTINGS, json!({"keys": {"weekly_mail": false}})).await;
    assert_eq!(review(&lab).await, (json!(1), json!(0), json!(0)), "switched off");
    let nobody = json!({"keys": {"weekly_mail": true}, "alerts": {"recipients": []}});
    lab.admin.patch(SETTINGS, nobody).await;
    assert_eq!(review(&lab).await, (json!(1), json!(0), json!(0)), "nobody to tell");
    lab.admin.patch(SETTINGS, json!({"alerts": {"recipients": ["ops@example.com"]}})).await;
    lab.admin.delete(&path(&soon)).await;
    assert_eq!(review(&lab).await, (json!(0), json!(0), json!(0)), "nothing to tell");
    assert_eq!(lab.number("SELECT COUNT(*) FROM outbox").await, 4);
}

#[tokio::test]
async fn a_mail_names_some_keys_and_counts_the_others() {
    let (lab, smtp) = (Lab::new().await, Smtp::start().await);
    smtp.serves(&lab.app);
    let user = lab.user().await;
    lab.admin.patch(SETTINGS, json!({"alerts": {"recipients": ["ops@example.com"]}})).await;
    for number in 0..27 {
        make(&lab, &user, &format!("key-{number:02}"), Some(127 - number)).await;
    }
    lab.pass(98 * DAY);
    assert_eq!(review(&lab).await, (json!(27), json!(27), json!(1)));
    let [mail] = delivered(&lab, &smtp).await.try_into().unwrap();
    let (plain, _) = mail.split_once("text/html").unwrap();
    assert_eq!(plain.matches("and 2 more").count(), 2, "{plain}");
    let ending: Vec<_> = plain.split("Ends soon: ").skip(1).collect();
    assert_eq!(ending.len(), 26, "{plain}");
    assert!(ending[0].contains("'key-26'") && ending[24].contains("'key-02'"), "the first to end first: {plain}");
}
