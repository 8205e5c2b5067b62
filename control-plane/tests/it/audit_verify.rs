//! `lictor audit verify`, the program.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Lab, event, send};

fn verify(lab: &Lab, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lictor"))
        .args(["audit", "verify", "--database-url", &lab.url])
        .args(options)
        .env_remove("LICTOR_MASTER_KEY")
        .current_dir(&lab.folder)
        .output()
        .unwrap()
}

fn answer(output: &Output) -> (Option<i32>, Value) {
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_exit_code_says_whether_the_log_is_intact() {
    let lab = Lab::new().await;
    let (_, gate) = lab.gate().await;
    send(&gate, "b", (0..5).map(|sequence| event(sequence, json!({}))).collect()).await;
    let head = lab.caller("user").await.get("/api/v1/audit/head").await;
    std::fs::write(lab.folder.join("heads"), format!("{}\n{}\n", head.text, head.text)).unwrap();
    std::fs::write(lab.folder.join("key"), "ab".repeat(32)).unwrap();
    std::fs::write(lab.folder.join("other"), "cd".repeat(32)).unwrap();
    let key = head.json["public_key"].as_str().unwrap();

    for options in [["--master-key-file", "key"], ["--public-key", key]] {
        let (code, verdict) = answer(&verify(&lab, &[&options[..], &["--head", "heads", "--output", "json"]].concat()));
        assert_eq!((code, &verdict["intact"], &verdict["rows"]), (Some(0), &json!(true), &json!(5)), "{verdict}");
        assert_eq!((&verdict["heads_confirmed"], &verdict["head"]), (&json!(2), &head.json));
    }
    let people = verify(&lab, &["--public-key", key]);
    assert!(String::from_utf8(people.stdout).unwrap().starts_with("The audit log is intact.\n5 rows in 1 links"));
    for options in [
        &["--master-key-file", "absent"][..],
        &["--master-key-file", "other"],
        &["--public-key", "x"],
        &["--public-key", key, "--head", "absent"],
        &["--public-key", key, "--head", "key"],
        &["--public-key", key, "--database-url", "sqlite://absent.db"],
    ] {
        let failed = verify(&lab, options);
        assert_eq!((failed.status.code(), failed.stdout.len()), (Some(2), 0), "{options:?}");
        assert!(!failed.stderr.is_empty() && !lab.folder.join("absent.db").exists());
    }

    lab.tamper("UPDATE audit SET outcome = 'denied' WHERE position = 3").await;
    let (code, verdict) = answer(&verify(&lab, &["--public-key", key, "--output", "json"]));
    assert_eq!(code, Some(1));
    assert_eq!(
        (&verdict["first"]["what"], &verdict["first"]["position"], &verdict["first"]["id"]),
        (&json!("row_altered"), &json!(3), &json!("b-2"))
    );
    let people = String::from_utf8(verify(&lab, &["--public-key", key]).stdout).unwrap();
    assert!(
        people.starts_with("The audit log was changed. First: a row was altered, position 3, link 1, "),
        "{people}"
    );
}

#[tokio::test]
async fn there_is_no_head_before_the_first_record() {
    let lab = Lab::new().await;
    assert_eq!(lab.admin.get("/api/v1/audit/head").await.problem(), (404, "not_found", ""));
}
