use lictor_control_plane::api::router::{api_table, gate_table};
use lictor_control_plane::cli::docs;

#[test]
fn the_table_of_alerts_is_what_the_code_does() {
    let page = include_str!("../../../docs/admin/alerts.md");
    let table = docs::alerts();
    assert!(page.contains(&table), "put this into docs/admin/alerts.md:\n{table}");
}

#[test]
fn the_page_of_roles_has_a_line_for_every_route() {
    let page = docs::roles();
    let lines: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(lines.len(), api_table().len() + gate_table().len());
    for line in [
        "| `GET /healthz` | ✓ |  |  |  |",
        "| `GET /api/v1/audit` |  | ✓ | ✓ | ✓ |",
        "| `POST /api/v1/explain` |  |  | ✓ | ✓ |",
        "| `POST /api/v1/explain/cases` |  |  | ✓ | ✓ |",
        "| `POST /api/v1/explain/replay` |  |  | ✓ | ✓ |",
        "| `POST /api/v1/emergency-revocation` |  |  |  | ✓ |",
        "| `POST /gate/v1/events` |  | ✓ |",
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{page}");
    }
}

#[test]
fn the_page_of_settings_says_what_each_takes() {
    let page = docs::settings();
    for line in [
        "| `audit.durability.delete` | `batched`, `write-ahead` | `\"batched\"` | ",
        "| `audit.retention_days` | 1 to 36500 | `365` | ",
        "| `keys.longest_lifetime_days` | 1 to 3650, or `null` | `null` | ",
        "| `sessions.limit` | 0 to 64 | `0` | ",
        "| `shadow` | a list of `all`, `session`, ",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("|  |"), "something is not described in\n{page}");
}
