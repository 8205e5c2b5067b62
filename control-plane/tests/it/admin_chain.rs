//! Whatever is done to the administrators' log in the database, `lictor audit verify` names the first row that shows it; and
//! what retention deletes names the rows that ordered it.

use lictor_control_plane::app::audit::head;
use lictor_control_plane::app::audit::verify::verdict::{Finding, Verdict, What};
use lictor_control_plane::app::audit::verify::verify;
use lictor_control_plane::domain::audit_chain::Head;
use lictor_control_plane::store::Store;
use serde_json::json;

use crate::support::{Lab, START, event, send};

const DAY: u64 = 24 * 3600 * 1_000_000;

async fn verdict(lab: &Lab) -> Verdict {
    verify(&lab.app.store, lab.app.signer().public(), &[], |_| {}).await.unwrap()
}

/// With nothing but the public key and heads that were kept.
async fn without_master_key(lab: &Lab, heads: &[Head]) -> Verdict {
    let store = Store::open_existing(&lab.url).await.unwrap();
    verify(&store, lab.app.signer().public(), heads, |_| {}).await.unwrap()
}

async fn filled() -> Lab {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for model in ["a.b", "a.c", "a.d"] {
        lab.admin.put(&format!("/api/v1/permissions/{model}"), json!({})).await;
    }
    send(&gate, "b", vec![event(0, json!({}))]).await;
    lab
}

#[tokio::test]
async fn whatever_is_done_to_a_row_is_found() {
    let lab = filled().await;
    let whole = verdict(&lab).await;
    assert!(whole.intact && whole.policy_rows.is_some(), "{whole:?}");
    let last = whole.admin_rows;
    assert_eq!(i64::try_from(last).unwrap(), lab.number("SELECT COUNT(*) FROM admin_audit").await);
    for (sql, what, number) in [
        ("UPDATE admin_audit SET id = id || 'x' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET revision = 1000 WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET at = at + 1 WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET actor = 'x' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET action = 'x' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET object = 'x' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET difference = '{ }' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET signature = 'x' WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET hash = NULL WHERE number = 2", What::AdminRowAltered, Some(2)),
        ("UPDATE admin_audit SET number = NULL WHERE number = 2", What::AdminRowMissing, Some(2)),
        ("UPDATE admin_audit SET number = 1000 WHERE number = 2", What::AdminRowMissing, Some(2)),
        ("DELETE FROM admin_audit WHERE number = 1", What::AdminRowMissing, Some(1)),
        ("DELETE FROM admin_audit WHERE number = 2", What::AdminRowMissing, Some(2)),
        (
            "DELETE FROM admin_audit WHERE number = (SELECT MAX(number) FROM admin_audit)",
            What::AdminRowMissing,
            Some(last),
        ),
        (
            "INSERT INTO admin_audit (id, at, actor, action, object, difference) VALUES ('x', 1, 'x', 'x', 'x', '{}')",
            What::AdminRowInserted,
            None,
        ),
    ] {
        lab.tamper("CREATE TABLE kept AS SELECT * FROM admin_audit").await;
        lab.tamper(sql).await;
        let first = verdict(&lab).await.first;
        let found = first.as_ref().map(|Finding { what, number, .. }| (*what, *number));
        assert_eq!(found, Some((what, number)), "{sql}: {first:?}");
        lab.tamper("DELETE FROM admin_audit").await;
        lab.tamper("INSERT INTO admin_audit SELECT * FROM kept").await;
        lab.tamper("DROP TABLE kept").await;
    }
    assert!(verdict(&lab).await.intact);
}

#[tokio::test]
async fn an_end_that_was_cut_off_contradicts_a_head_that_was_kept() {
    let lab = filled().await;
    let kept = head(&lab.app).await.unwrap().unwrap();
    assert!(kept.admin.is_some());
    assert!(without_master_key(&lab, std::slice::from_ref(&kept)).await.intact);
    lab.tamper("DELETE FROM admin_audit WHERE number = (SELECT MAX(number) FROM admin_audit)").await;
    assert!(without_master_key(&lab, &[]).await.intact, "that looks intact from inside");
    let told = without_master_key(&lab, &[kept]).await;
    assert_eq!(told.first.map(|first| first.what), Some(What::HeadContradicted));
}

#[tokio::test]
async fn what_retention_deletes_names_who_ordered_it() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", vec![event(0, json!({"at": START - 40 * DAY})), event(1, json!({}))]).await;
    lab.admin.patch("/api/v1/settings", json!({"audit": {"retention_days": 30}})).await;
    assert_eq!(lab.run("audit_cleanup").await["last_outcome"], "succeeded");
    let told = verdict(&lab).await;
    assert!(told.intact && told.deleted_by_retention == 1, "{told:?}");
    let [cut] = &told.cuts[..] else { panic!("{told:?}") };
    let (settings, run) = (cut.settings.as_ref().unwrap(), cut.run.as_ref().unwrap());
    assert_eq!((settings.action.as_str(), run.action.as_str()), ("settings.update", "audit.cut"));
    assert_eq!(settings.difference["audit"][1]["retention_days"], 30);
    let me = lab.admin.get("/api/v1/me").await.json;
    assert_eq!(settings.actor, me["account"]["id"]);
    // And whose run it was: that of the administrator who ordered it.
    let ordered = run.difference["run_row"][1].as_i64().unwrap();
    let sql = "SELECT number FROM admin_audit WHERE action = 'job.run'";
    assert_eq!(ordered, lab.number(sql).await);

    lab.tamper("UPDATE admin_audit SET action = 'x' WHERE action = 'settings.update'").await;
    let told = verdict(&lab).await;
    assert_eq!(told.findings, 2, "the row, and the cut that nobody ordered: {told:?}");
}
