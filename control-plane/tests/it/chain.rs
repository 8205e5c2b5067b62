//! Whatever is done to the audit log in the database, `lictor audit verify` names the first place that shows it.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use lictor_control_plane::api::router;
use lictor_control_plane::app::audit::clean_up;
use lictor_control_plane::app::audit::verify::verdict::{Verdict, What};
use lictor_control_plane::app::audit::verify::verify;
use lictor_control_plane::domain::audit_chain::Head;
use lictor_control_plane::store::Store;
use lictor_policy::wire;
use serde_json::{Value, json};

use crate::support::{Caller, Lab, START, event, send};

const DAY: u64 = 24 * 3600 * 1_000_000;

async fn verdict(lab: &Lab, heads: &[Head]) -> Verdict {
    verify(&lab.app.store, lab.app.signer().public(), heads, |_| {}).await.unwrap()
}

/// What was found first, and at which position or else in which link.
async fn first(lab: &Lab) -> Option<(What, i64)> {
    let first = verdict(lab, &[]).await.first?;
    Some((first.what, first.position.unwrap_or_else(|| first.link.unwrap_or_default().cast_signed())))
}

fn intent(sequence: u64) -> Value {
    event(sequence, json!({"kind": "intent", "decision_id": format!("d{sequence}"), "operations": ["write"]}))
}

fn outcome(sequence: u64, of: u64) -> Value {
    event(sequence, json!({"kind": "outcome", "decision_id": format!("d{of}"), "at": START + of}))
}

/// Three links: rows 1 to 4, 5 to 7, and 8.
async fn filled() -> (Lab, Caller) {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for sequences in [0..4, 4..7, 7..8] {
        send(&gate, "b", sequences.map(|sequence| event(sequence, json!({"record_ids": [sequence]}))).collect()).await;
    }
    (lab, gate)
}

#[tokio::test]
async fn an_untouched_log_is_intact_and_every_row_of_it_is_sealed() {
    let (lab, gate) = filled().await;
    send(&gate, "b", vec![event(7, json!({})), event(2, json!({}))]).await;
    let verdict = verdict(&lab, &[]).await;
    assert!(verdict.intact, "{verdict:?}");
    assert_eq!((verdict.links, verdict.rows), (3, 8), "what is sent again makes no link");
    let head = verdict.head.unwrap();
    assert_eq!((head.link, head.position), (3, 8));
}

#[tokio::test]
async fn an_altered_column_is_found_whichever_it_is() {
    for (at, column) in [
        "gate_id = 'x'",
        "id = 'x'",
        "kind = 'counted'",
        "count = 2",
        "at = at + 1",
        "decision_id = 'x'",
        "request_id = 'x'",
        "key_id = 'x'",
        "user_id = 'x'",
        "client_ip = 'x'",
        "user_agent = 'x'",
        "session = 'x'",
        "road = 'x'",
        "database = 'x'",
        "model = 'x'",
        "method = 'x'",
        "operations = '[\"read\"]'",
        "record_ids = '[]'",
        "outcome = 'denied'",
        "none_answer = 1",
        "reason = 'x'",
        "fault_code = 1",
        "gate_us = 9",
        "odoo_us = 9",
        "request_bytes = 9",
        "response_bytes = 9",
        "earlier = 99",
        "earlier_digest = 'x'",
        "would_deny = 'x'",
        "record_count = 9",
        "record_digest = 'x'",
        "nested_ids = '[1]'",
        "lacks = '[\"x\"]'",
        "outline = '{}'",
    ]
    .into_iter()
    .enumerate()
    {
        let (lab, _) = filled().await;
        let position = i64::try_from(at).unwrap() % 8 + 1;
        lab.tamper(format!("UPDATE audit SET {column} WHERE position = {position}")).await;
        assert_eq!(first(&lab).await, Some((What::RowAltered, position)), "{column}");
    }
}

#[tokio::test]
async fn what_was_sealed_before_there_was_a_column_stays_intact() {
    let (lab, gate) = filled().await;
    send(&gate, "b", vec![intent(8)]).await;
    for sql in [
        "DROP INDEX audit_would_deny",
        "DROP INDEX audit_shadowed",
        "ALTER TABLE audit DROP COLUMN would_deny",
        "DROP INDEX audit_record_ids_named",
        "CREATE INDEX audit_record_ids_at ON audit_record_ids (record_id, at, position)",
        "ALTER TABLE audit_record_ids DROP COLUMN size",
        "ALTER TABLE audit DROP COLUMN record_count",
        "ALTER TABLE audit DROP COLUMN record_digest",
        "ALTER TABLE audit DROP COLUMN nested_ids",
        "ALTER TABLE audit DROP COLUMN outline",
        "DELETE FROM _sqlx_migrations WHERE version IN (2, 5, 14)",
    ] {
        lab.tamper(sql).await;
    }
    // It finds a database of the first version, with sealed rows, and brings it up to date.
    let app = lab.restarted().await;
    let gate = Caller { router: router::gate(&app), ..gate };
    let mut completed = outcome(9, 8);
    completed["would_deny"] = json!("scope_denied");
    let more = json!({"would_deny": "ip_denied", "record_ids": [[1, 200]], "record_count": 200, "nested_ids": [5],
        "outline": "{}"});
    send(&gate, "b", vec![completed, event(10, more)]).await;
    let verdict = verify(&app.store, app.signer().public(), &[], |_| {}).await.unwrap();
    assert!(verdict.intact && verdict.rows == 10, "{verdict:?}");
}

#[tokio::test]
async fn what_is_deleted_inserted_or_moved_is_found_where_it_is() {
    for (sql, found) in [
        ("DELETE FROM audit WHERE position = 6", (What::RowMissing, 6)),
        ("DELETE FROM audit WHERE position IN (8, 1, 2)", (What::RowMissing, 1)),
        ("DELETE FROM audit", (What::RowMissing, 1)),
        ("UPDATE audit SET position = 9 WHERE position = 8", (What::RowMoved, 8)),
        ("UPDATE audit SET position = -5 WHERE position = 3", (What::RowInserted, -5)),
        ("UPDATE audit SET position = position * 10 WHERE position IN (3, 4)", (What::RowMoved, 3)),
    ] {
        let (lab, _) = filled().await;
        lab.tamper(sql).await;
        assert_eq!(first(&lab).await, Some(found), "{sql}");
    }
    for (one, other) in [(2, 3), (3, 7)] {
        let (lab, _) = filled().await;
        for (from, to) in [(one, -1), (other, one), (-1, other)] {
            lab.tamper(format!("UPDATE audit SET position = {to} WHERE position = {from}")).await;
        }
        assert_eq!(first(&lab).await, Some((What::RowMoved, one)), "{one} and {other} swapped");
    }
    for position in [0, 9, 100] {
        let (lab, _) = filled().await;
        lab.tamper(format!(
            "INSERT INTO audit SELECT {position}, gate_id, 'x', kind, count, at, decision_id, request_id, key_id, \
             user_id, client_ip, user_agent, session, road, database, model, method, operations, record_ids, outcome, \
             none_answer, reason, fault_code, gate_us, odoo_us, request_bytes, response_bytes, earlier, \
             earlier_digest, would_deny, record_count, record_digest, nested_ids, lacks, outline FROM audit WHERE position = 1"
        ))
        .await;
        assert_eq!(first(&lab).await, Some((What::RowInserted, position)));
    }
}

#[tokio::test]
async fn an_altered_or_missing_link_is_named() {
    for (sql, found) in [
        ("DELETE FROM audit_links WHERE number = 2", (What::LinkMissing, 2)),
        ("DELETE FROM audit_links WHERE number = 1", (What::LinkMissing, 1)),
        ("DELETE FROM audit_links WHERE number = 3", (What::LinkMissing, 3)),
        ("DELETE FROM audit_links", (What::LinkMissing, 1)),
        ("UPDATE audit_links SET at = at + 1 WHERE number = 2", (What::LinkAltered, 2)),
        ("UPDATE audit_links SET body = 'x' WHERE number = 2", (What::LinkAltered, 2)),
        (
            "UPDATE audit_links SET body = (SELECT body FROM audit_links WHERE number = 3) WHERE number = 2",
            (What::LinkAltered, 2),
        ),
        ("UPDATE audit_links SET signature = '' WHERE number = 3", (What::LinkAltered, 3)),
        ("UPDATE audit_chain SET positions = 9", (What::EndAltered, 0)),
        ("UPDATE audit_chain SET links = 4", (What::LinkMissing, 4)),
    ] {
        let (lab, _) = filled().await;
        lab.tamper(sql).await;
        assert_eq!(first(&lab).await, Some(found), "{sql}");
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_off_neatly_is_found_with_a_saved_head() {
    let (lab, gate) = filled().await;
    let saved = verdict(&lab, &[]).await.head.unwrap();
    assert_eq!(verdict(&lab, std::slice::from_ref(&saved)).await.heads_confirmed, 1);
    for sql in [
        "DELETE FROM audit WHERE position > 4",
        "DELETE FROM audit_links WHERE number > 1",
        "UPDATE audit_chain SET links = 1, positions = 4, hash = (SELECT hash FROM audit_links WHERE number = 1)",
    ] {
        lab.tamper(sql).await;
    }
    assert!(verdict(&lab, &[]).await.intact, "nothing in the database shows it");
    let found = verdict(&lab, std::slice::from_ref(&saved)).await.first.unwrap();
    assert_eq!((found.what, found.link), (What::HeadContradicted, Some(3)));
    // The service went on, and made another chain of as many links.
    for sequence in 20..23 {
        send(&gate, "b", vec![event(sequence, json!({}))]).await;
    }
    let found = verdict(&lab, std::slice::from_ref(&saved)).await.first.unwrap();
    assert_eq!((found.what, found.link), (What::HeadContradicted, Some(3)));
}

#[tokio::test]
async fn a_changed_head_and_a_chain_made_with_another_key_are_found() {
    let (lab, _) = filled().await;
    let head = verdict(&lab, &[]).await.head.unwrap();
    let changed = Head { position: 7, ..head.clone() };
    assert_eq!(verdict(&lab, &[changed]).await.first.unwrap().what, What::HeadNotGenuine);
    let other = Lab::new().await.app.signer().public();
    let forged = verify(&lab.app.store, other, &[], |_| {}).await.unwrap();
    assert_eq!(forged.first.unwrap().what, What::LinkAltered);
}

#[tokio::test]
async fn an_intent_is_sealed_at_once_and_again_with_its_late_outcome() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", vec![intent(0)]).await;
    send(&gate, "b", vec![intent(1), event(2, json!({})), intent(3), outcome(4, 3)]).await;
    send(&gate, "b", vec![outcome(6, 5)]).await;
    let before = verdict(&lab, &[]).await;
    assert_eq!((before.intact, before.rows, before.completed), (true, 5, 0), "{before:?}");
    lab.pass(3600);
    send(&gate, "b", vec![outcome(7, 0), outcome(8, 1), intent(5)]).await;
    let after = verdict(&lab, &[]).await;
    assert_eq!((after.intact, after.rows, after.completed), (true, 5, 3), "{after:?}");

    lab.tamper("UPDATE audit SET outcome = 'denied' WHERE position = 7").await;
    assert_eq!(first(&lab).await, Some((What::RowAltered, 7)));
    lab.tamper("DELETE FROM audit WHERE position = 7").await;
    assert_eq!(first(&lab).await, Some((What::RowMissing, 2)), "its half is missed first");
}

#[tokio::test]
async fn an_intent_that_is_altered_before_its_outcome_comes_is_found() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", vec![intent(0)]).await;
    lab.tamper("UPDATE audit SET model = 'res.country'").await;
    send(&gate, "b", vec![outcome(1, 0)]).await;
    assert_eq!(first(&lab).await, Some((What::RowAltered, 1)));
}

#[tokio::test]
async fn what_retention_deletes_is_no_finding_and_everything_else_still_is() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let aged = |sequence: u64, days: u64| event(sequence, json!({"at": START - days * DAY}));
    send(&gate, "b", vec![aged(0, 40), aged(1, 5), aged(2, 50)]).await;
    let old_head = verdict(&lab, &[]).await.head.unwrap();
    send(&gate, "b", vec![aged(3, 60), intent(4), aged(5, 3)]).await;
    lab.pass(10);
    send(&gate, "b", vec![outcome(6, 4), aged(7, 70)]).await;
    lab.admin.patch("/api/v1/settings", json!({"audit": {"retention_days": 30}})).await;
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 4);
    let after = verdict(&lab, std::slice::from_ref(&old_head)).await;
    assert_eq!((after.intact, after.rows, after.deleted_by_retention), (true, 3, 4), "{after:?}");
    assert_eq!((after.links, after.heads_confirmed), (4, 1));

    // A month later the first links go too, and what was completed since with its half.
    lab.clock.fetch_add(26 * DAY, Ordering::Relaxed);
    send(&gate, "b", vec![event(8, json!({"at": START + 26 * DAY}))]).await;
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 1);
    let after = verdict(&lab, std::slice::from_ref(&old_head)).await;
    assert_eq!((after.intact, after.heads_confirmed, after.heads_too_old), (true, 0, 1), "{after:?}");
    assert_eq!(lab.number("SELECT MIN(number) FROM audit_links").await, 2);
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 0);
    lab.clock.fetch_add(31 * DAY, Ordering::Relaxed);
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 3);
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit").await, 0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit_record_ids").await, 0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit_links").await, 1, "what was deleted stays said");
    assert!(verdict(&lab, &[]).await.intact);
    send(&gate, "b", vec![event(9, json!({"at": START + 60 * DAY}))]).await;
    assert!(verdict(&lab, &[]).await.intact);
    lab.tamper("DELETE FROM audit").await;
    assert_eq!(first(&lab).await.unwrap().0, What::RowMissing);
}

#[tokio::test]
async fn retention_does_not_sign_away_what_somebody_made_look_old() {
    let (lab, _) = filled().await;
    lab.tamper("UPDATE audit_links SET body = (SELECT body FROM audit_links WHERE number = 3), at = 1").await;
    lab.tamper("UPDATE audit SET at = 1 WHERE position = 2").await;
    clean_up(&lab.app, lab.app.now()).await.unwrap();
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit_links WHERE kind = 'rows'").await, 3);
    assert_eq!(first(&lab).await.unwrap().0, What::LinkAltered);

    let (lab, _) = filled().await;
    lab.tamper("UPDATE audit SET at = 1 WHERE position = 2").await;
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 1);
    assert_eq!(first(&lab).await, Some((What::RowMissing, 2)));
}

#[tokio::test]
async fn gates_that_send_at_once_to_two_replicas_make_one_chain() {
    let lab = Lab::new().await;
    let other = lab.restarted().await;
    let gates = [lab.gate().await.1, lab.gate().await.1];
    let mut tasks = tokio::task::JoinSet::new();
    for (at, gate) in gates.into_iter().enumerate() {
        let app = if at == 0 { lab.app.clone() } else { other.clone() };
        let gate = Caller { router: lictor_control_plane::api::router::gate(&app), ..gate };
        tasks.spawn(async move {
            for batch in 0..20 {
                let events: Vec<_> = (0..7).map(|event_of| event(batch * 7 + event_of, json!({}))).collect();
                let batch = json!({"version": wire::VERSION, "boot": "b", "events": events});
                // As gates do it: on SQLite the lock of the other replica may last longer than one has patience.
                while gate.post(wire::EVENTS_PATH, batch.clone()).await.status != StatusCode::OK {}
            }
        });
    }
    tasks.join_all().await;
    let verdict = verdict(&lab, &[]).await;
    assert_eq!((verdict.intact, verdict.links, verdict.rows), (true, 40, 280), "{verdict:?}");
}

#[tokio::test]
async fn a_log_of_several_pages_is_checked_whole() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    for batch in 0..4 {
        send(&gate, "b", (0..500).map(|number| event(batch * 500 + number, json!({}))).collect()).await;
    }
    for batch in 0..520 {
        send(&gate, "c", vec![intent(batch)]).await;
    }
    for batch in 0..2 {
        send(&gate, "d", (0..260).map(|number| outcome(batch * 260 + number, batch * 260 + number)).collect()).await;
    }
    let whole = verdict(&lab, &[]).await;
    assert_eq!((whole.intact, whole.rows, whole.completed), (true, 2520, 520), "{whole:?}");
    lab.tamper("UPDATE audit SET outcome = 'denied' WHERE position = 1777").await;
    assert_eq!(first(&lab).await, Some((What::RowAltered, 1777)));
}

#[tokio::test]
async fn the_key_that_signs_stays_the_same_and_is_sealed_in_the_database() {
    let lab = Lab::new().await;
    assert_eq!(lab.restarted().await.signer().public(), lab.app.signer().public());
    let store: &Store = &lab.app.store;
    let sealed: String = sqlx::query_scalar("SELECT signing_key FROM audit_chain")
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    assert!(sealed.starts_with("v1."));
}
