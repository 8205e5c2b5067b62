use lictor_control_plane::app::audit::clean_up;
use lictor_control_plane::domain::time::Moment;
use serde_json::json;

use crate::support::{Lab, START, event, send};

const DAY: u64 = 24 * 3600 * 1_000_000;

#[tokio::test]
async fn records_older_than_the_retention_are_deleted_and_no_others() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let aged = |sequence: u64, days: u64| event(sequence, json!({"at": START - days * DAY}));
    let old = (0..600).map(|sequence| aged(sequence, 31 + sequence % 3)).collect::<Vec<_>>();
    for batch in old.chunks(500) {
        send(&gate, "b", batch.to_vec()).await;
    }
    send(&gate, "b", vec![aged(600, 30), aged(601, 0)]).await;
    assert_eq!(clean_up(&lab.app, lab.app.now()).await.unwrap().deleted, 0, "the default is a year");
    lab.admin.patch("/api/v1/settings", json!({"audit": {"retention_days": 30}})).await;
    let report = clean_up(&lab.app, lab.app.now()).await.unwrap();
    assert_eq!((report.deleted, report.finished, report.before), (600, true, Moment(START - 30 * DAY)));
    assert_eq!(lab.number("SELECT COUNT(*) FROM audit").await, 2);
}
