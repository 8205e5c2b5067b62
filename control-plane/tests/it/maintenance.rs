//! Backups, what is put back, another master key, and a database that is gone for a while.

use std::time::{Duration, Instant};

use lictor_control_plane::cli::database;
use lictor_control_plane::secrets::vault::Vault;
use lictor_control_plane::store::{Database, Store, sealed};
use lictor_control_plane::tasks::publisher;
use lictor_policy::secret::Secret;
use lictor_policy::wire;
use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use crate::odoo::StandIn;
use crate::support::{Lab, user_body, vault};

fn is_sqlite(lab: &Lab) -> bool {
    lab.app.store.database() == Database::Sqlite
}

#[tokio::test]
async fn a_backup_of_a_service_that_runs_is_whole_private_and_put_back_with_a_new_epoch() {
    let lab = Lab::new().await;
    let copy = lab.folder.join("copy.db");
    if !is_sqlite(&lab) {
        let refused = database::back_up(&lab.url, &copy).await.unwrap_err();
        assert!(format!("{refused:#}").contains("pg_dump"), "{refused:#}");
        return;
    }
    lab.admin.put("/api/v1/permissions/kept", json!({})).await;
    database::back_up(&lab.url, &copy).await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&copy.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = database::back_up(&lab.url, &copy).await.unwrap_err();
    assert!(
        format!("{again:#}").ends_with("copy.db is there already and is left as it is: name a new file"),
        "{again:#}"
    );
    lab.admin.put("/api/v1/permissions/lost", json!({})).await;
    let epoch = lab.policy(lab.revision().await).await["epoch"].clone();

    let refused =
        async |replace| format!("{:#}", database::restore(&lab.url, &copy, replace, &vault()).await.unwrap_err());
    assert!(refused(false).await.contains("--replace"));
    assert!(refused(true).await.contains("in use"));
    let other = format!("sqlite://{}/other.db", lab.folder.display());
    let restored = database::restore(&other, &copy, false, &vault()).await.unwrap();
    assert!(restored.last_change.is_some());
    let again = database::restore(&other, &copy, true, &vault()).await.unwrap();
    assert_eq!(restored.revision, again.revision);
    std::fs::write(&copy, "no database").unwrap();
    assert!(database::restore(&other, &copy, true, &vault()).await.is_err());

    let app = Lab::open(&other, &lab.clock, lab.app.waits, &StandIn::default()).await;
    let publisher = tokio::spawn(publisher::run(app.clone()));
    let mut policies = app.publisher.subscribe();
    let policy = policies.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert_ne!(json!(policy.epoch), epoch, "gates take it for another count of revisions");
    let policy: serde_json::Value = serde_json::from_slice(&policy.json().unwrap().unwrap()).unwrap();
    assert_eq!(policy["permissions"].as_array().unwrap().len(), 1);
    publisher.abort();
}

#[tokio::test]
async fn a_database_that_was_put_back_by_other_means_is_adopted_with_a_new_epoch() {
    let lab = Lab::new().await;
    let before = lab.policy(lab.revision().await).await;
    let adopted = database::adopt(&lab.url, &vault()).await.unwrap();
    let after = lab.policy(adopted.revision.0).await;
    assert_ne!(before["epoch"], after["epoch"]);
}

#[tokio::test]
async fn another_master_key_seals_everything_anew_and_the_old_one_is_of_no_use() {
    let lab = Lab::new().await;
    let webhook = json!({"name": "w", "url": "https://example.com/", "active": true});
    lab.admin.post("/api/v1/webhooks", webhook).await;
    for _ in 0..3 {
        lab.key().await;
    }
    let key = |digits: &str| Vault::parse(&Secret::new(digits.repeat(32))).unwrap();
    let (old, new) = (key("ab"), key("cd"));
    assert!(database::rotate_master_key(&lab.url, &old, &old).await.is_err());
    assert!(database::rotate_master_key(&lab.url, &new, &key("ef")).await.is_err(), "not its key");
    let count = database::rotate_master_key(&lab.url, &old, &new).await.unwrap().unwrap();
    assert!(count >= 4, "three credentials and the signing key: {count}");
    assert_eq!(database::rotate_master_key(&lab.url, &old, &new).await.unwrap(), None);

    let refused = lab.admin.post("/api/v1/users", user_body()).await;
    assert_eq!(refused.status, 401, "to a process with the old key nobody proves who he is: {}", refused.text);
    assert!(lab.app.store.write().await.is_err(), "and it writes nothing");
    assert!(publisher::run(lab.app.clone()).await.is_err(), "and ends");
    let store = Store::open(&lab.url).await.unwrap();
    let odoo = lictor_control_plane::clients::odoo::Odoo::at("http://localhost").unwrap();
    let app = lictor_control_plane::app::App::new(store, new, odoo).await.unwrap();
    let publisher = tokio::spawn(publisher::run(app.clone()));
    let published = app.publisher.subscribe().wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(
        String::from_utf8_lossy(&published.json().unwrap().unwrap()).contains(crate::support::RIGHT),
        "credentials open"
    );
    publisher.abort();
}

/// Whoever seals a column more must name it in `store/sealed.rs`, or a rotation of the master key would lose it.
#[test]
fn the_list_of_sealed_columns_is_complete() {
    fn seals(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| match path.is_dir() {
                true => seals(&path),
                false if path.ends_with("vault.rs") || path.ends_with("store/sealed.rs") => 0,
                // In a cookie, which ends after minutes: no column.
                false if path.ends_with("app/provider.rs") => 0,
                false => std::fs::read_to_string(path).unwrap().matches("vault.seal(").count(),
            })
            .sum()
    }
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(seals(&source), sealed::columns().len(), "{:?}", sealed::columns());
}

#[tokio::test]
async fn without_its_database_the_api_says_so_quickly_and_recovers_by_itself() {
    let lab = Lab::impatient(Duration::from_secs(20)).await;
    if is_sqlite(&lab) {
        return; // A file is not gone for a while.
    }
    let (_, gate) = lab.gate().await;
    let (server, name) = lab.url.rsplit_once('/').unwrap();
    let mut server = sqlx::PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let mut allow = async |yes: bool| {
        // One after the other: until the first is committed, whoever was disconnected gets in again.
        let statements = [
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}"),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
        ];
        for sql in statements {
            server.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        }
    };
    allow(false).await;
    // Answered before anything that could fail, or the database would stay closed to the tests after this one.
    let mut answers = Vec::new();
    for (caller, path) in [(&lab.admin, "/api/v1/keys"), (&lab.admin, "/readyz"), (&gate, wire::POLICY_PATH)] {
        let began = Instant::now();
        answers.push((path, caller.get(path).await, began.elapsed()));
    }
    let change = lab.admin.put("/api/v1/permissions/m", json!({})).await;
    allow(true).await;
    for (path, answer, took) in answers {
        assert_eq!(answer.status, 503, "{path}: {}", answer.text);
        assert!(answer.json["code"].is_string(), "{path}: {}", answer.text);
        assert!(took < Duration::from_secs(10), "{path}: {took:?}");
    }
    assert_eq!(change.problem(), (503, "database_unavailable", ""));
    let again = async {
        while lab.admin.get("/readyz").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.unwrap();
    assert_eq!(lab.admin.put("/api/v1/permissions/m", json!({})).await.status, 201);
    lab.policy(lab.revision().await).await;
}
