use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{Caller, Lab, event, send};

const PATH: &str = "/api/v1/audit/export";

async fn filled(lab: &Lab, count: u64) -> Caller {
    let (_, gate) = lab.gate().await;
    for start in (0..count).step_by(500) {
        let batch = (start..count.min(start + 500)).map(|sequence| event(sequence, json!({})));
        send(&gate, "b", batch.collect()).await;
    }
    gate
}

#[tokio::test]
async fn an_export_has_every_record_and_never_holds_them_all() {
    let lab = Lab::new().await;
    filled(&lab, 1200).await;
    for format in ["json", "csv"] {
        let request = Request::get(format!("{PATH}?format={format}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", lab.admin.token))
            .body(Body::empty())
            .unwrap();
        let mut body = lab.admin.router.clone().oneshot(request).await.unwrap().into_body();
        let (mut text, mut pieces) = (String::new(), 0);
        while let Some(frame) = body.frame().await {
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
            pieces += 1;
        }
        assert_eq!(pieces, 3);
        let numbers: Vec<_> = (0..1200).rev().map(|number| format!("b-{number}")).collect();
        let found: Vec<_> = if format == "json" {
            let records: serde_json::Value = serde_json::from_str(&text).unwrap();
            records.as_array().unwrap().iter().map(|record| crate::support::text(&record["id"])).collect()
        } else {
            text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
        };
        assert_eq!(found, numbers, "{format}");
    }
}

#[tokio::test]
async fn a_csv_export_has_a_column_for_every_field_and_runs_no_formula() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let formula = json!({"user_agent": "=cmd|' /C calc'!A0", "method": "@SUM(1,2)", "model": "\ta\"b", "database": "+1",
        "record_ids": [1, 2], "operations": ["read", "write"], "fault_code": -32700, "at": 1_893_456_000_000_000_u64,
        "outcome": "denied", "lacks": ["res.partner.vat", "read of a.b"],
        "outline": r#"{"args":[[["name","=","-"]]]}"#});
    send(&gate, "b", vec![event(0, formula)]).await;
    let answer = lab.admin.get(&format!("{PATH}?format=csv")).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"audit.csv\"");
    let (head, row) = answer.text.split_once("\r\n").unwrap();
    let mut columns: Vec<_> = head.split(',').collect();
    for cell in [
        r#","'=cmd|' /C calc'!A0","#,
        r#","'@SUM(1,2)","#,
        "\"'\ta\"\"b\"",
        r#","'+1","#,
        r#","'-32700","#,
        ",1 2,",
        ",read write,",
        r#","res.partner.vat; read of a.b","#,
        r#","{""args"":[[[""name"",""="",""-""]]]}","#,
        ",2030-01-01T00:00:00Z,",
    ] {
        assert!(row.contains(cell), "{cell} is not in {row}");
    }
    columns.sort_unstable();
    let record = lab.admin.get("/api/v1/audit").await.json["items"][0].clone();
    assert_eq!(columns, record.as_object().unwrap().keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_range_begins_with_its_first_moment_and_ends_before_its_last() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    let day = |sequence: u64| event(sequence, json!({"at": 1_893_456_000_000_000_u64 + sequence * 86_400_000_000}));
    lab.pass(3 * 86_400);
    send(&gate, "b", (0..4).map(day).collect()).await;
    for (range, found) in [
        ("from=2030-01-02&to=2030-01-04", 2),
        ("from=2030-01-02T00:00:00Z&to=2030-01-04T00:00:00.000001Z", 3),
        ("to=2030-01-02", 1),
        ("from=2030-01-02&to=2030-01-02", 0),
        ("from=2030-01-01&to=2031-01-01&id=b-1", 1),
        ("", 4),
    ] {
        let answer = lab.admin.get(&format!("{PATH}?format=json&{range}")).await;
        assert_eq!(answer.json.as_array().map(Vec::len), Some(found), "{range}: {}", answer.text);
        let answer = lab.admin.get(&format!("{PATH}?format=csv&{range}")).await;
        assert_eq!(answer.text.lines().count(), found + 1, "{range}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_bad_value_is_named_before_anything_is_sent() {
    let lab = Lab::new().await;
    for (query, code, field) in [
        ("", "missing_field", "format"),
        ("format=xml", "invalid_field", "format"),
        ("format=csv&from=2030-02-01&to=2030-01-01", "invalid_field", "to"),
        ("format=csv&from=soon", "invalid_field", "from"),
        ("format=csv&limit=5", "unknown_field", "limit"),
        ("format=csv&cursor=x", "unknown_field", "cursor"),
        ("format=json&outcome=fine", "invalid_field", "outcome"),
    ] {
        let answer = lab.admin.get(&format!("{PATH}?{query}")).await;
        assert_eq!(answer.problem(), (422, code, field), "{query}: {}", answer.text);
    }
    let user = lab.caller("user").await;
    assert_eq!(user.get(&format!("{PATH}?format=json")).await.status, StatusCode::OK);
}
