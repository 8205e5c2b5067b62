use std::os::unix::fs::PermissionsExt as _;

use lictor_control_plane::store::{Database, Store, StoreError};
use serde_json::json;

use crate::support::Lab;

#[tokio::test]
async fn only_the_owner_may_read_the_database_and_the_files_beside_it() {
    let lab = Lab::new().await;
    if lab.app.store.database() == Database::Postgres {
        return; // The files are the server's.
    }
    lab.admin.patch("/api/v1/settings", json!({"enforcement": "secure"})).await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&lab.folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        files.push((entry.file_name().into_string().unwrap(), mode));
    }
    files.sort();
    let private = |name: &str| (name.to_owned(), 0o600);
    assert_eq!(files, [private("lictor.db"), private("lictor.db-shm"), private("lictor.db-wal")]);
}

#[tokio::test]
async fn a_database_that_a_newer_version_has_migrated_is_refused() {
    let lab = Lab::new().await;
    lab.tamper("UPDATE _sqlx_migrations SET version = version + 1000").await;
    let refused = Store::open(&lab.url).await.err().unwrap();
    assert!(matches!(refused, StoreError::Migration(_)), "{refused}");
    assert!(refused.to_string().contains("previously applied but is missing"), "{refused}");
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_told_with_what_to_do() {
    let told = async |url: &str| Store::open(url).await.err().unwrap().to_string();
    assert!(told("lictor.db").await.contains("begins with sqlite:// or postgres://"));
    // A password with a `#`: what follows is no longer the URL's.
    let unreadable = told("postgres://lictor:hun#ter2@host/lictor").await;
    assert!(unreadable.contains("%23") && !unreadable.contains("ter2"), "{unreadable}");
    let there_is_none = "/there-is-no-such-folder/lictor.db: No such file or directory (os error 2)";
    assert_eq!(told("sqlite:///there-is-no-such-folder/lictor.db").await, there_is_none);
}
