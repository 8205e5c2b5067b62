//! Whatever is done to rows of the policy in the database: they are not used, and it is reported. And whatever was done, what
//! takes a right away can be done.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use lictor_control_plane::api::router;
use lictor_control_plane::app::App;
use lictor_control_plane::cli::database;
use lictor_control_plane::secrets::stored::Sealed;
use lictor_control_plane::store::proof::check::{Report, What, check};
use lictor_control_plane::store::proof::tables::{PROVEN, UNPROVEN};
use lictor_control_plane::store::{Connection, Database, Store, StoreError};
use lictor_control_plane::tasks::proofs::look;
use lictor_policy::wire;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};

use crate::support::{Caller, Lab, START, event, send, text, vault};

async fn checked(app: &App) -> Report {
    let mut tx = app.store.read_consistently().await.unwrap();
    check(&mut tx).await.unwrap()
}

async fn execute(connection: &mut Connection, sql: String) -> sqlx::Result<u64> {
    Ok(sqlx::query(AssertSqlSafe(sql)).execute(connection).await?.rows_affected())
}

async fn names(lab: &Lab, sqlite: &str, postgres: &str) -> Vec<(String, String)> {
    let sql = if lab.app.store.database() == Database::Sqlite { sqlite } else { postgres };
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut *lab.app.store.read().await.unwrap()).await;
    rows.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A row in each table that proves its rows.
pub(crate) async fn furnished() -> Lab {
    let lab = Lab::new().await;
    let admin = &lab.admin;
    admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    admin.post("/api/v1/profiles", json!({"name": "sales"})).await;
    let key = lab.key().await;
    admin.post("/api/v1/pauses", json!({"scope": "model", "id": "res.country", "reason": "r"})).await;
    let (_, gate) = lab.gate().await;
    let (database, id) = (json!("odoo"), &key["id"]);
    let called = json!({"key_id": id, "database": database, "session": "s"});
    send(&gate, "b", vec![event(0, called)]).await;
    let session = text(&admin.get("/api/v1/sessions").await.json["items"][0]["id"]);
    assert_eq!(admin.post(&format!("/api/v1/sessions/{session}/terminate"), json!({})).await.status, StatusCode::OK);
    admin.post("/api/v1/webhooks", json!({"name": "w", "url": "https://example.com/"})).await;
    lab.caller("manager").await;
    let letters = "INSERT INTO outbox (id, event, kind, channel, recipient, body, state, attempts, last_attempt, due_at, \
                   created_at) VALUES ('o', 'e', 'alert_opened', 'mail', 'a@example.com', '{}', 'waiting', 0, 1, 0, 0)";
    lab.tamper(letters).await;
    lab.edit("INSERT INTO odoo_models (name, record, version, read_at) VALUES ('m', '{\"fields\": [], \"views\": []}', 1, 0)").await;
    lab.edit("INSERT INTO links (id, hash, key_id, expires_at) VALUES ('l', 'h', 'k', 1)").await;
    lab
}

#[tokio::test]
async fn every_table_proves_its_rows_or_says_why_not() {
    let lab = Lab::new().await;
    let tables = names(
        &lab,
        "SELECT name, '' FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "SELECT CAST(table_name AS TEXT), '' FROM information_schema.tables WHERE table_schema = 'public'",
    );
    let there: BTreeSet<_> = tables.await.into_iter().map(|(name, _)| name).collect();
    let named = PROVEN.iter().map(|table| table.name).chain(UNPROVEN.iter().map(|(name, _)| *name));
    assert_eq!(there, named.map(str::to_owned).collect());
}

#[tokio::test]
async fn whatever_column_is_changed_the_row_does_not_prove_itself() {
    let lab = furnished().await;
    assert_eq!(checked(&lab.app).await.findings, []);
    let is_sqlite = lab.app.store.database() == Database::Sqlite;
    let mut tried = 0;
    for table in PROVEN {
        let columns = names(
            &lab,
            &format!("SELECT name, type FROM pragma_table_info('{}')", table.name),
            &format!(
                "SELECT CAST(column_name AS TEXT), UPPER(CAST(data_type AS TEXT)) FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{}'",
                table.name
            ),
        )
        .await;
        for (column, kind) in columns {
            if (table.name, column.as_str()) == ("settings", "one") {
                continue; // The database takes no other.
            }
            let other = if kind == "TEXT" { "COALESCE({}, '') || 'x'" } else { "1 - COALESCE({}, 0)" };
            let other = other.replace("{}", &column);
            let mut tx = lab.app.store.write().await.unwrap();
            let unchecked = if is_sqlite {
                "PRAGMA defer_foreign_keys = ON"
            } else {
                "SET LOCAL session_replication_role = replica"
            };
            execute(&mut tx, unchecked.to_owned()).await.unwrap();
            let mut changes = vec![format!("{column} = {other}")];
            if is_sqlite && kind == "BIGINT" && table.name != "keys" {
                changes.push(format!("{column} = 'text'")); // It takes what it is given.
            }
            for change in changes {
                let changed = execute(&mut tx, format!("UPDATE {} SET {change}", table.name)).await.unwrap();
                assert!(changed > 0, "{}", table.name);
                let report = check(&mut tx).await;
                if change.ends_with("'text'") && report.is_err() {
                    continue;
                }
                let findings = report.unwrap().findings;
                let found =
                    findings.iter().any(|finding| (finding.what, finding.table) == (What::RowUnproven, table.name));
                assert_eq!(found, !table.moving.contains(&column.as_str()), "{} {change}: {findings:?}", table.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn whatever_row_is_taken_away_or_put_back_the_ledger_misses_it() {
    let lab = furnished().await;
    for table in PROVEN {
        if ["links", "outbox"].contains(&table.name) {
            continue; // tables.rs says why.
        }
        let mut tx = lab.app.store.write().await.unwrap();
        let sql = if lab.app.store.database() == Database::Sqlite {
            "PRAGMA defer_foreign_keys = ON"
        } else {
            "SET LOCAL session_replication_role = replica"
        };
        execute(&mut tx, sql.to_owned()).await.unwrap();
        execute(&mut tx, format!("DELETE FROM {}", table.name)).await.unwrap();
        let findings = check(&mut tx).await.unwrap().findings;
        assert!(
            findings.iter().any(|finding| (finding.what, finding.table) == (What::RowsAmiss, table.name)),
            "{findings:?}"
        );
    }
    for change in ["revision = revision + 1", "epoch = 'x'", "live_gates = live_gates + 1", "proof = NULL"] {
        let mut tx = lab.app.store.write().await.unwrap();
        execute(&mut tx, format!("UPDATE meta SET {change}")).await.unwrap();
        let findings = check(&mut tx).await.unwrap().findings;
        assert_eq!(findings.first().map(|finding| finding.what), Some(What::LedgerAltered), "{change}");
    }
}

/// Makes a revision, so that what was tampered with is looked at, and answers the policy.
async fn next_policy(lab: &Lab) -> Value {
    lab.admin.put("/api/v1/permissions/any.other", json!({})).await;
    lab.policy(lab.revision().await).await
}

#[tokio::test]
async fn a_row_that_grants_something_and_was_changed_is_left_out_and_the_others_are_not() {
    let lab = Lab::new().await;
    let (good, bad) = (lab.key().await, lab.key().await);
    let revoked = lab.key().await;
    lab.admin.post(&format!("/api/v1/keys/{}/revoke", text(&revoked["id"])), json!({})).await;
    lab.admin.put("/api/v1/permissions/res.partner", json!({"read": true})).await;
    lab.admin.put("/api/v1/permissions/res.users", json!({})).await;
    let (bad, user) = (text(&bad["id"]), text(&bad["user_id"]));
    for tampered in [
        format!("UPDATE keys SET scopes = '[\"read\"]' WHERE id = '{bad}'"),
        format!("UPDATE keys SET user_id = '{}' WHERE id = '{bad}'", text(&good["user_id"])),
        format!("UPDATE keys SET revoked_at = NULL, active = 1 WHERE id = '{}'", text(&revoked["id"])),
        format!("UPDATE users SET odoo_groups = '[\"base.group_system\"]' WHERE id = '{user}'"),
        format!("UPDATE users SET upstream_secret = 'v1.x.y' WHERE id = '{user}'"),
        "UPDATE permissions SET operations = '[\"read\",\"write\"]' WHERE model = 'res.users'".to_owned(),
        "INSERT INTO permissions (profile, model, operations, groups, nested_writes, cross_model_reads, methods, changed) \
         SELECT profile, 'a.b', operations, groups, nested_writes, 0, methods, changed FROM permissions WHERE model = 'res.partner'"
            .to_owned(),
    ] {
        lab.tamper(tampered.clone()).await;
        let policy = next_policy(&lab).await;
        let keys: Vec<_> = policy["keys"].as_array().unwrap().iter().map(|key| text(&key["record"]["id"])).collect();
        assert!(keys.contains(&text(&good["id"])), "{tampered}: {keys:?}");
        assert!(!keys.contains(&text(&revoked["id"])), "{tampered}");
        let models: Vec<_> = policy["permissions"].as_array().unwrap().iter().map(|one| text(&one["model"])).collect();
        assert!(models.contains(&"res.partner".to_owned()) && !models.contains(&"a.b".to_owned()), "{tampered}");
        if tampered.contains(&bad) || tampered.contains(&user) {
            assert!(!keys.contains(&bad), "{tampered}: {keys:?}");
        }
        if tampered.contains("res.users") {
            assert!(!models.contains(&"res.users".to_owned()), "{tampered}");
        }
        assert_eq!(policy["pauses"], json!([]), "{tampered}");
    }
    // By now several rows are wrong: they are told of, once, and accepted only by who has the master key.
    look(&lab.app).await.unwrap();
    look(&lab.app).await.unwrap();
    let alerts = lab.admin.get("/api/v1/alerts").await.json;
    let alert = &alerts["items"][0];
    assert_eq!(
        (&alert["severity"], &alert["rules"], &alert["count"]),
        (&json!("critical"), &json!(["row_unproven"]), &json!(1)),
        "{alerts}"
    );
    let told = lab.admin.get("/api/v1/admin-audit?action=database.unproven").await.json;
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    assert!(lab.admin.get("/metrics").await.text.contains("lictor_unproven_rows 5\n"), "{:?}", checked(&lab.app).await);
    database::accept_rows(&lab.url, &vault()).await.unwrap();
    lab.tamper(format!("UPDATE keys SET name = 'x' WHERE id = '{bad}'")).await;
    assert_eq!(checked(&lab.app).await.count, 2, "the secret, and the row that was changed since");
}

#[tokio::test]
async fn where_something_that_takes_away_may_be_missing_every_call_is_refused() {
    let all = json!([{"scope": "all"}]);
    for (setup, tampered) in [
        ("", "UPDATE settings SET body = '{}'"),
        ("", "UPDATE pauses SET target = 'other'"),
        ("", "DELETE FROM pauses"),
        ("", "UPDATE terminations SET ends_at = 1"),
        ("", "DELETE FROM terminations"),
        ("CREATE TABLE old AS SELECT * FROM keys", "revoke"),
        ("CREATE TABLE old AS SELECT * FROM settings", "settings"),
        ("CREATE TABLE old AS SELECT * FROM pauses", "lift"),
        ("", "UPDATE meta SET live_gates = 1000"),
    ] {
        let lab = furnished().await;
        lab.policy(lab.revision().await).await;
        if !setup.is_empty() {
            lab.tamper(setup).await;
        }
        match tampered {
            "revoke" => {
                let key = text(&lab.admin.get("/api/v1/keys").await.json["items"][0]["id"]);
                lab.admin.post(&format!("/api/v1/keys/{key}/revoke"), json!({})).await;
                lab.tamper("DELETE FROM keys").await;
                lab.tamper("INSERT INTO keys SELECT * FROM old").await;
            }
            "settings" => {
                lab.admin.patch("/api/v1/settings", json!({"enforcement": "require"})).await;
                lab.policy(lab.revision().await).await;
                lab.tamper("DELETE FROM settings").await;
                lab.tamper("INSERT INTO settings SELECT * FROM old").await;
            }
            "lift" => {
                let pause = text(&lab.admin.get("/api/v1/pauses").await.json["items"][0]["id"]);
                assert_eq!(lab.admin.delete(&format!("/api/v1/pauses/{pause}")).await.status, StatusCode::NO_CONTENT);
                lab.tamper("INSERT INTO pauses SELECT * FROM old").await;
            }
            sql => lab.tamper(sql).await,
        }
        // By the check alone, without anybody's change: it makes the revision that gates get.
        look(&lab.app).await.unwrap();
        let policy = lab.policy(lab.revision().await).await;
        assert_eq!(policy["pauses"], all, "{tampered}");
        if tampered == "settings" {
            assert_eq!(policy["settings"]["enforcement"], "require", "not the ones that were put back");
        }
        assert_ne!(checked(&lab.app).await.count, 0, "{tampered}");
        database::accept_rows(&lab.url, &vault()).await.unwrap();
        let policy = lab.policy(lab.revision().await).await;
        assert_ne!(policy["pauses"], all, "{tampered}");
    }
}

#[tokio::test]
async fn settings_that_were_changed_without_lictor_are_not_published_by_a_service_that_has_none() {
    let lab = Lab::new().await;
    lab.admin.patch("/api/v1/settings", json!({"enforcement": "require"})).await;
    lab.tamper("UPDATE settings SET body = REPLACE(body, 'require', 'off')").await;
    let restarted = lab.restarted().await;
    let publisher = tokio::spawn(lictor_control_plane::tasks::publisher::run(restarted.clone()));
    let caller = Caller { router: router::api(&restarted), token: lab.admin.token.clone() };
    assert_eq!(caller.get("/api/v1/settings").await.problem(), (409, "row_unproven", ""));
    assert_eq!(caller.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(restarted.publisher.subscribe().borrow().is_none());
    publisher.abort();
}

#[tokio::test]
async fn whoever_makes_or_changes_a_row_in_the_database_does_not_get_in() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let user = lab.caller("user").await;
    let account = text(&lab.admin.get("/api/v1/me").await.json["account"]["id"]);
    let hash = "1".repeat(64);
    for (tampered, caller, path) in [
        ("UPDATE tokens SET role = 'admin' WHERE role = 'user'", &user, "/api/v1/me"),
        ("UPDATE accounts SET role = 'admin' WHERE role = 'user'", &user, "/api/v1/me"),
        ("UPDATE gates SET changed = changed + 1", &gate, wire::POLICY_PATH),
    ] {
        assert_eq!(caller.get(path).await.status, StatusCode::OK, "{tampered}");
        lab.tamper(tampered).await;
        assert_eq!(caller.get(path).await.problem(), (401, "not_authenticated", ""), "{tampered}");
        lab.edit("UPDATE meta SET one = 1").await;
    }
    lab.tamper(format!(
        "INSERT INTO tokens (id, account_id, name, hash, role, created_at, of_sign_in) \
         VALUES ('t', '{account}', 't', '{hash}', 'admin', 0, 0)"
    ))
    .await;
    let mut connection = lab.app.store.read().await.unwrap();
    let found = lictor_control_plane::store::tokens::find_by_hash(&mut connection, &hash, lab.app.now()).await;
    assert!(matches!(found, Err(StoreError::Unproven { table: "tokens", .. })), "{found:?}");
}

#[tokio::test]
async fn retention_is_not_cut_short_in_the_database() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", vec![event(0, json!({"at": START - 40 * 24 * 3_600_000_000_u64}))]).await;
    lab.tamper("CREATE TABLE old AS SELECT * FROM settings").await;
    let mut bodies = vec!["UPDATE settings SET body = REPLACE(body, '\"retention_days\":365', '\"retention_days\":1')"];
    bodies.push("UPDATE settings SET proof = NULL");
    for sql in bodies {
        lab.tamper(sql).await;
        let run = lab.run("audit_cleanup").await;
        assert_eq!((&run["last_outcome"], &run["last_report"]), (&json!("failed"), &json!({})), "{sql}: {run}");
        assert!(text(&run["last_message"]).contains("settings was made or changed without Lictor"), "{run}");
    }
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit").await, 1);
    lab.tamper("DELETE FROM settings").await;
    lab.tamper("INSERT INTO settings SELECT * FROM old").await;
    assert_eq!(lab.run("audit_cleanup").await["last_outcome"], "succeeded");
    // A job whose schedule was changed is not run by it.
    lab.tamper("UPDATE jobs SET cron = '* * * * *' WHERE name = 'audit_cleanup'").await;
    assert_eq!(lab.admin.post("/api/v1/jobs/audit_cleanup/run", json!({})).await.problem(), (409, "row_unproven", ""));
    lab.tamper("UPDATE jobs SET next_run_at = 0").await;
    lictor_control_plane::tasks::jobs::runner::run_due(&lab.app).await.unwrap();
    lab.app.runs.ended().await;
    assert_eq!(lab.admin.get("/api/v1/jobs/session_cleanup").await.json["last_outcome"], "succeeded", "the others are");
}

/// What a version that proved nothing has left: no proofs, no numbers, and the signing key sealed as it did.
async fn unproven(lab: &Lab) {
    for table in PROVEN {
        lab.tamper(format!("UPDATE {} SET proof = NULL", table.name)).await;
    }
    lab.tamper("UPDATE meta SET proof = NULL").await;
    lab.tamper("UPDATE admin_audit SET number = NULL, hash = NULL, signature = NULL").await;
}

#[tokio::test]
async fn a_database_of_a_version_before_is_proven_once() {
    let lab = furnished().await;
    let signing_key: String = sqlx::query_scalar("SELECT signing_key FROM audit_chain")
        .fetch_one(&mut *lab.app.store.read().await.unwrap())
        .await
        .unwrap();
    let seed = vault().open(&Sealed::new(signing_key), "audit_chain/signing_key/proofs").unwrap();
    let before = vault().seal(&seed, "audit_chain/signing_key").unwrap();
    let rows = lab.number("SELECT COUNT(*) FROM admin_audit").await;
    unproven(&lab).await;
    lab.tamper(format!("UPDATE audit_chain SET signing_key = '{}'", before.text())).await;

    let first = lab.restarted().await;
    assert_eq!(checked(&first).await.findings, []);
    assert_eq!(lab.number("SELECT COUNT(*) FROM admin_audit WHERE number IS NOT NULL").await, rows + 1);
    let told = lab.admin.get("/api/v1/admin-audit?action=database.prove").await.json;
    assert_eq!(told["items"][0]["difference"]["rows"]["permissions"], 1, "{told}");
    lab.restarted().await;
    assert_eq!(lab.number("SELECT COUNT(*) FROM admin_audit").await, rows + 1, "once");

    // Who takes the proofs away does not get new ones.
    unproven(&lab).await;
    let again = lab.restarted().await;
    assert!(checked(&again).await.count > 10);
    assert_eq!(lab.admin.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    let store = Store::open(&lab.url).await.unwrap();
    assert!(store.unlock(&vault()).await.unwrap());
}

#[tokio::test]
async fn another_master_key_proves_what_was_proven_and_nothing_else() {
    let lab = furnished().await;
    let new = lictor_control_plane::secrets::vault::Vault::parse(&lictor_policy::secret::Secret::new("cd".repeat(32)))
        .unwrap();
    lab.tamper("UPDATE permissions SET methods = '{ }'").await;
    lab.tamper("DELETE FROM pauses").await;
    let before = checked(&lab.app).await;
    assert_eq!(before.count, 2, "{before:?}");
    database::rotate_master_key(&lab.url, &vault(), &new).await.unwrap().unwrap();
    let store = Store::open(&lab.url).await.unwrap();
    store.unlock(&new).await.unwrap();
    let mut tx = store.read_consistently().await.unwrap();
    assert_eq!(check(&mut tx).await.unwrap(), before);
}
