use lictor_control_plane::app::outbox::{self, OutboxMessage};
use lictor_control_plane::clients::mail::Page;
use lictor_control_plane::domain::message::{
    AlertOpened, Channel, CredentialRejected, EmergencyRevocation, KeyLink, KeyReview, KeyRotated, Kind, Message,
    OdooKeyExpiring, Reviewed, ReviewedKey, RotationFailed, Test,
};
use lictor_control_plane::domain::severity::Severity;
use lictor_control_plane::domain::time::Moment;
use lictor_policy::refusal::AlertType;
use lictor_policy::secret::Secret;

use crate::smtp::Smtp;
use crate::support::{Lab, START};

/// A message of a kind, and what both parts of its mail must say beside the names, dates and ids in it.
fn sample(kind: Kind) -> (Message, &'static [&'static str]) {
    let (at, text) = (Moment(START), str::to_owned);
    match kind {
        Kind::AlertOpened => {
            let alert = AlertOpened {
                alert_id: text("the-alert"),
                alert_type: AlertType::IpBlocked,
                severity: Severity::High,
                about: text("the key 'k'"),
                summary: text("Something happened."),
                count: 3,
                first_at: at,
                last_at: at,
            };
            (Message::AlertOpened(alert), &["high alert: ip_blocked", "the-alert", "Something happened.", "Resolve it"])
        }
        Kind::KeyRotated => {
            let rotated = KeyRotated {
                key_id: text("k"),
                user_name: text("Ada"),
                key_name: text("k"),
                old_prefix: text("abcdefgh"),
                old_valid_until: at,
                key: Secret::new("lct_new"),
                expires_at: None,
            };
            (
                Message::KeyRotated(rotated),
                &["Ada", "lct_new", "lct_abcdefgh", "2030-01-01", "never", "delete this mail"],
            )
        }
        Kind::KeyLink => {
            let link = KeyLink {
                key_id: text("k"),
                user_name: text("Ada"),
                key_name: text("k"),
                old_prefix: text("abcdefgh"),
                old_valid_until: at,
                link: Secret::new("https://lictor.example.com/l/x"),
                link_expires_at: at,
                expires_at: Some(at),
            };
            (Message::KeyLink(link), &["Ada", "https://lictor.example.com/l/x", "lct_abcdefgh", "press the button"])
        }
        Kind::RotationFailed => {
            let failed = RotationFailed {
                key_id: text("the-key"),
                key_name: text("k"),
                user_name: text("Ada"),
                expires_at: at,
                reason: text("Ada has no mail address."),
            };
            (Message::RotationFailed(failed), &["Ada has no mail address.", "the-key", "2030-01-01T00:00:00Z"])
        }
        Kind::EmergencyRevocation => {
            let (user_name, reason) = (text("Ada"), text("a laptop was stolen"));
            let revocation = EmergencyRevocation { user_name, keys: 2, at, reason };
            (Message::EmergencyRevocation(revocation), &["Ada", "a laptop was stolen", "Ask your administrator"])
        }
        Kind::OdooKeyExpiring => {
            let (user_id, user_name) = (text("the-user"), text("Ada"));
            let (database, login) = (text("odoo"), text("ada"));
            let expiring = OdooKeyExpiring { user_id, user_name, database, login, ends_at: at };
            (Message::OdooKeyExpiring(expiring), &["Ada", "the-user", "2030-01-01T00:00:00Z", "New API Key"])
        }
        Kind::CredentialRejected => {
            let (user_id, user_name) = (text("the-user"), text("Ada"));
            let (database, login) = (text("odoo"), text("ada"));
            let rejected = CredentialRejected { user_id, user_name, database, login, at };
            (Message::CredentialRejected(rejected), &["Ada", "the-user", "2030-01-01T00:00:00Z", "upstream credential"])
        }
        Kind::KeyReview => {
            let key = |name: &str, expires_at, last_used_at| ReviewedKey {
                name: text(name),
                prefix: text("abcdefgh"),
                user_name: text("Ada"),
                created_at: at,
                expires_at,
                last_used_at,
                replaced: last_used_at.is_some(),
            };
            let ending = vec![key("agent", Some(at), Some(at)), key("report", Some(at), None)];
            let review = KeyReview {
                ending: Reviewed { total: 2, first: ending },
                unused: Reviewed { total: 9, first: vec![key("nightly export", None, None)] },
            };
            (Message::KeyReview(review), &["for 90 days: 9.", "'agent' (lct_abcdefgh", "never used", "and 8 more"])
        }
        Kind::Test => (Message::Test(Test { asked_by: text("Ada") }), &["This is a test", "Ada"]),
    }
}

#[test]
fn each_kind_of_mail_is_the_one_in_its_snapshot() {
    for kind in Kind::ALL {
        let page = Page::of(&sample(kind).0);
        let mail = format!("Subject: {}\n\n{}\n---- text/html\n\n{}", page.subject, page.text(), page.html());
        insta::assert_snapshot!(format!("mail_{}", kind.name()), mail);
    }
}

#[tokio::test]
async fn every_kind_of_mail_says_what_happened_to_what_and_what_to_do_in_both_parts() {
    let (lab, smtp) = (Lab::new().await, Smtp::start().await);
    smtp.serves(&lab.app);
    for kind in Kind::ALL {
        let (message, parts) = sample(kind);
        assert_eq!(message.kind(), kind);
        let mut tx = lab.app.store.write().await.unwrap();
        let message = OutboxMessage::mail(format!("{kind:?}"), "ada@example.com", message);
        outbox::enqueue(&mut tx, [message]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lictor_control_plane::tasks::outbox::once(&lab.app, Channel::Mail).await.unwrap(), 1);
        let mail = smtp.taken().pop().unwrap();
        let (plain, html) = mail.split_once("text/html").unwrap();
        let html = html.replace("&#39;", "'");
        for said in parts {
            assert!(plain.contains(said) && html.contains(said), "{kind:?} lacks {said}: {mail}");
        }
    }
}

#[test]
fn the_administrators_page_lists_every_kind_of_mail_and_no_other() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/admin/mail.md")).unwrap();
    let (_, table) = page.split_once("## Kinds of messages").unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
    let documented: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let kinds = Kind::ALL.map(|kind| serde_json::to_value(kind).unwrap());
    assert_eq!(documented, kinds.each_ref().map(|kind| kind.as_str().unwrap()));
}
