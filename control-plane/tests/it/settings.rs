use lictor_control_plane::domain::settings::Settings;
use serde_json::json;

use crate::support::Lab;

const PATH: &str = "/api/v1/settings";

#[tokio::test]
async fn a_fresh_database_has_the_defaults() {
    let lab = Lab::new().await;
    let settings = lab.admin.get(PATH).await.json;
    for (pointer, value) in [
        ("/enforcement", json!("off")),
        ("/rate_limit", json!({"enabled": false, "per_minute": 60, "divide_by_gates": false})),
        ("/sessions", json!({"enabled": false, "timeout_seconds": 1800, "limit": 0, "retention_days": 30})),
        ("/ip_allow_list", json!([])),
        ("/snapshot_max_age_seconds", json!(300)),
        ("/body_limit_bytes", json!(8 << 20)),
        ("/audit/durability/write", json!("batched")),
        ("/alerts/enabled", json!(true)),
        ("/alerts/recipients", json!([])),
        ("/alerts/mail_from_severity", json!("high")),
        (
            "/alerts/types/permission_denied",
            json!({"enabled": true, "severity": "low", "threshold": {"count": 10, "minutes": 10}}),
        ),
        ("/alerts/types/emergency_revocation", json!({"enabled": true, "severity": "critical"})),
        (
            "/alerts/types/suspicious_activity/rules/many_addresses",
            json!({"enabled": true, "threshold": {"count": 5, "minutes": 5}}),
        ),
        ("/audit/retention_days", json!(365)),
        ("/keys", json!({"longest_lifetime_days": null, "weekly_mail": true})),
        ("/mcp_module_contract", json!(false)),
        ("/shadow", json!([])),
    ] {
        assert_eq!(settings.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[tokio::test]
async fn a_patch_changes_only_what_it_names() {
    let lab = Lab::new().await;
    let before = lab.admin.get(PATH).await.json;
    let patch = json!({"rate_limit": {"enabled": true}, "audit": {"durability": {"delete": "write-ahead", "call": "write-ahead"}},
                       "enforcement": "secure", "methods": {"action_confirm": ["write"]}});
    let after = lab.admin.patch(PATH, patch).await.json;
    assert_eq!(after["rate_limit"], json!({"enabled": true, "per_minute": 60, "divide_by_gates": false}));
    assert_eq!(after["sessions"], before["sessions"]);
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["settings"]["durability"]["delete"], "write-ahead");
    assert_eq!(policy["settings"]["durability"]["call"], "write-ahead");
    assert_eq!(policy["settings"]["enforcement"], "secure");
}

#[tokio::test]
async fn each_wrong_field_is_named_and_changes_nothing() {
    let lab = Lab::new().await;
    let before = (lab.admin.get(PATH).await.json, lab.revision().await);
    for (patch, code, field) in [
        (json!({"rate_limit": {"per_minute": 0}}), "invalid_field", "rate_limit.per_minute"),
        (json!({"rate_limit": {"per_minute": "60"}}), "invalid_field", "rate_limit.per_minute"),
        (json!({"rate_limit": {"enabled": null}}), "invalid_field", "rate_limit.enabled"),
        (json!({"rate_limit": {"perminute": 1}}), "unknown_field", "rate_limit.perminute"),
        (json!({"sessions": {"timeout_seconds": 0}}), "invalid_field", "sessions.timeout_seconds"),
        // More than a gate remembers, so that it would let them all in.
        (json!({"sessions": {"limit": 65}}), "invalid_field", "sessions.limit"),
        (json!({"keys": {"longest_lifetime_days": 0}}), "invalid_field", "keys.longest_lifetime_days"),
        (json!({"keys": {"longest_lifetime_days": 3651}}), "invalid_field", "keys.longest_lifetime_days"),
        (json!({"rotation": {"window_days": 366}}), "invalid_field", "rotation.window_days"),
        (json!({"rotation": {"link_valid_days": 0}}), "invalid_field", "rotation.link_valid_days"),
        (json!({"ip_allow_list": vec!["10.0.0.1"; 1001]}), "invalid_field", "ip_allow_list"),
        (json!({"never_list_exceptions": ["x".repeat(201)]}), "invalid_field", "never_list_exceptions"),
        (json!({"methods": {"x".repeat(201): ["read"]}}), "invalid_field", "methods"),
        (json!({"enforcement": "on"}), "invalid_field", "enforcement"),
        (json!({"ip_allow_list": ["10.0.0.1/8"]}), "invalid_field", "ip_allow_list"),
        (json!({"require_exceptions": ["x"]}), "invalid_field", "require_exceptions"),
        (json!({"audit": {"durability": {"read": "never"}}}), "invalid_field", "audit.durability.read"),
        (json!({"audit": {"retention_days": 0}}), "invalid_field", "audit.retention_days"),
        (json!({"audit": {"retention_days": 36_501}}), "invalid_field", "audit.retention_days"),
        (json!({"snapshot_max_age_seconds": 0}), "invalid_field", "snapshot_max_age_seconds"),
        (json!({"body_limit_bytes": (64 << 20) + 1}), "invalid_field", "body_limit_bytes"),
        (json!({"methods": {"_x": []}}), "invalid_field", "methods._x"),
        (json!({"never_list_exceptions": ["ir cron"]}), "invalid_field", "never_list_exceptions"),
        (json!({"mcp_module_contract": "on"}), "invalid_field", "mcp_module_contract"),
        (json!({"shadow": ["key"]}), "invalid_field", "shadow[0]"),
        (json!({"shadow": ["scope", "everything"]}), "invalid_field", "shadow[1]"),
        (json!({"shadow": "all"}), "invalid_field", "shadow"),
        (json!({"shadow": null}), "invalid_field", "shadow"),
        (json!({"smtp": {}}), "unknown_field", "smtp"),
        (json!({"alerts": {"recipients": ["ada"]}}), "invalid_field", "alerts.recipients"),
        (json!({"alerts": {"recipients": vec!["a@example.com"; 51]}}), "invalid_field", "alerts.recipients"),
        (json!({"alerts": {"mail_from_severity": "loud"}}), "invalid_field", "alerts.mail_from_severity"),
        (json!({"alerts": {"types": {"fire": {}}}}), "unknown_field", "alerts.types.fire"),
        (
            json!({"alerts": {"types": {"ip_blocked": {"threshold": {"count": 0}}}}}),
            "invalid_field",
            "alerts.types.ip_blocked.threshold.count",
        ),
        (
            json!({"alerts": {"types": {"ip_blocked": {"threshold": {"minutes": 1441}}}}}),
            "invalid_field",
            "alerts.types.ip_blocked.threshold.minutes",
        ),
        (
            json!({"alerts": {"types": {"emergency_revocation": {"threshold": {"count": 1}}}}}),
            "unknown_field",
            "alerts.types.emergency_revocation.threshold",
        ),
        (
            json!({"alerts": {"types": {"suspicious_activity": {"rules": {"many_addresses": {"threshold": {"count": 1}}}}}}}),
            "invalid_field",
            "alerts.types.suspicious_activity.rules.many_addresses.threshold.count",
        ),
    ] {
        let answer = lab.admin.patch(PATH, patch.clone()).await;
        assert_eq!(answer.problem(), (422, code, field), "{patch}: {}", answer.text);
    }
    assert_eq!((lab.admin.get(PATH).await.json, lab.revision().await), before);
}

#[tokio::test]
async fn stages_are_put_in_shadow_and_taken_out_of_it() {
    let lab = Lab::new().await;
    let policy = lab.policy(lab.revision().await).await;
    assert_eq!(policy["settings"].get("shadow"), None, "gates that do not know it take the policy");
    let after = lab.admin.patch(PATH, json!({"shadow": ["scope", "ip", "scope"]})).await.json;
    assert_eq!(after["shadow"], json!(["ip", "scope"]));
    assert_eq!(lab.policy(lab.revision().await).await["settings"]["shadow"], after["shadow"]);
    let all = json!(["all", "session", "ip", "rate_limit", "scope", "model", "permission"]);
    for shadow in [all, json!([])] {
        assert_eq!(lab.admin.patch(PATH, json!({"shadow": shadow})).await.json["shadow"], shadow);
    }
}

#[tokio::test]
async fn a_mapped_method_is_removed_with_null() {
    let lab = Lab::new().await;
    lab.admin.patch(PATH, json!({"methods": {"a": ["read"], "b": []}})).await;
    let after = lab.admin.patch(PATH, json!({"methods": {"a": null}})).await.json;
    assert_eq!(after["methods"], json!({"b": []}));
}

#[test]
fn a_limit_of_sessions_that_was_allowed_once_is_the_most_that_may_be() {
    for (stored, today) in [(0, 0), (64, 64), (65, 64), (10_000, 64)] {
        let settings: Settings = serde_json::from_value(json!({"sessions": {"limit": stored}})).unwrap();
        assert_eq!(settings.of_today().sessions.limit, today);
    }
}
