//! The content of mails: written once, shown as plain text and as HTML.

use std::fmt::Write as _;

use crate::domain::alerts::type_name;
use crate::domain::html::escape;
use crate::domain::key::{ENDS_SOON_DAYS, UNUSED_DAYS};
use crate::domain::message::{
    AlertOpened, CredentialRejected, EmergencyRevocation, KeyLink, KeyReview, KeyRotated, Message, OdooKeyExpiring,
    Reviewed, ReviewedKey, RotationFailed, Test,
};
use crate::domain::time::Moment;

/// A mail's content: what happened, to what, what to do.
#[derive(Debug)]
pub struct Page {
    /// The subject: one line.
    pub subject: String,
    happened: String,
    facts: Vec<(&'static str, String)>,
    to_do: Vec<String>,
}

const SIGNATURE: &str = "Lictor, the gate in front of your Odoo's API";

impl Page {
    /// The page of a message.
    pub fn of(message: &Message) -> Self {
        let page = match message {
            Message::AlertOpened(alert) => alert_opened(alert),
            Message::KeyRotated(rotated) => key_rotated(rotated),
            Message::KeyLink(link) => key_link(link),
            Message::RotationFailed(failed) => rotation_failed(failed),
            Message::EmergencyRevocation(revocation) => emergency_revocation(revocation),
            Message::OdooKeyExpiring(expiring) => odoo_key_expiring(expiring),
            Message::CredentialRejected(rejected) => credential_rejected(rejected),
            Message::KeyReview(review) => key_review(review),
            Message::Test(test) => tested(test),
        };
        let facts = page.facts.into_iter().map(|(name, value)| (name, one_line(&value))).collect();
        Self {
            subject: one_line(&format!("[Lictor] {}", page.subject)),
            happened: one_line(&page.happened),
            facts,
            to_do: page.to_do.iter().map(|line| one_line(line)).collect(),
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.happened);
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default() + 1;
        for (name, value) in &self.facts {
            let _ = writeln!(text, "{:width$} {value}", format!("{name}:"));
        }
        if !self.to_do.is_empty() {
            text.push_str("\nWhat to do:\n");
        }
        for line in &self.to_do {
            let _ = writeln!(text, "- {line}");
        }
        let _ = write!(text, "\n-- \n{SIGNATURE}\n");
        text
    }

    /// As HTML. Loads nothing from anywhere.
    pub fn html(&self) -> String {
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"font-family: sans-serif\">\n<p>{}</p>\n<table>\n",
            escape(&self.subject),
            escape(&self.happened)
        );
        for (name, value) in &self.facts {
            let _ = writeln!(
                html,
                "<tr><th style=\"text-align: left; padding-right: 1em\">{}</th><td><code>{}</code></td></tr>",
                escape(name),
                escape(value)
            );
        }
        html.push_str("</table>\n");
        if !self.to_do.is_empty() {
            html.push_str("<p>What to do:</p>\n<ul>\n");
            for line in &self.to_do {
                let _ = writeln!(html, "<li>{}</li>", escape(line));
            }
            html.push_str("</ul>\n");
        }
        let _ = write!(html, "<hr>\n<p>{}</p>\n</body></html>\n", escape(SIGNATURE));
        html
    }
}

/// Names come from administrators and from calls: none may begin a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// To the second: people read it.
fn when(moment: Moment) -> String {
    Moment(moment.0 - moment.0 % 1_000_000).to_string()
}

fn end(moment: Option<Moment>) -> String {
    moment.map_or_else(|| "never".to_owned(), when)
}

fn alert_opened(alert: &AlertOpened) -> Page {
    let kind = type_name(alert.alert_type).to_owned();
    Page {
        subject: format!("{} alert: {kind}", alert.severity.name()),
        happened: alert.summary.clone(),
        facts: vec![
            ("Type", kind),
            ("Severity", alert.severity.name().to_owned()),
            ("About", alert.about.clone()),
            ("Count", alert.count.to_string()),
            ("First", when(alert.first_at)),
            ("Last", when(alert.last_at)),
            ("Alert", alert.alert_id.clone()),
        ],
        to_do: vec![
            format!("Look at the calls behind it: lictor alert show {}", alert.alert_id),
            "Resolve it with a note once it is dealt with. While it is open, repeats raise its count and no more mail is \
             sent."
                .to_owned(),
        ],
    }
}

fn key_rotated(rotated: &KeyRotated) -> Page {
    Page {
        subject: format!("your key '{}' was replaced", rotated.key_name),
        happened: format!("{}, your API key '{}' was replaced by a new one.", rotated.user_name, rotated.key_name),
        facts: vec![
            ("New key", rotated.key.expose().to_owned()),
            ("New key ends", end(rotated.expires_at)),
            ("Old key", format!("lct_{}…", rotated.old_prefix)),
            ("Old key ends", when(rotated.old_valid_until)),
        ],
        to_do: vec![
            "Put the new key in the place of the old one before the old one ends.".to_owned(),
            "Then delete this mail: whoever has the key can act for you. It is not sent again.".to_owned(),
        ],
    }
}

fn key_link(link: &KeyLink) -> Page {
    Page {
        subject: format!("fetch the new key for '{}'", link.key_name),
        happened: format!("{}, your API key '{}' was replaced by a new one.", link.user_name, link.key_name),
        facts: vec![
            ("Fetch it here", link.link.expose().to_owned()),
            ("The link ends", when(link.link_expires_at)),
            ("New key ends", end(link.expires_at)),
            ("Old key", format!("lct_{}…", link.old_prefix)),
            ("Old key ends", when(link.old_valid_until)),
        ],
        to_do: vec![
            "Open the link. It shows the key once, after you press the button.".to_owned(),
            "Put the new key in the place of the old one before the old one ends.".to_owned(),
            "If the page says that the key was shown already and that was not you, tell your administrator now."
                .to_owned(),
        ],
    }
}

fn rotation_failed(failed: &RotationFailed) -> Page {
    Page {
        subject: format!("the key '{}' could not be rotated", failed.key_name),
        happened: failed.reason.clone(),
        facts: vec![
            ("Key", failed.key_name.clone()),
            ("Key id", failed.key_id.clone()),
            ("User", failed.user_name.clone()),
            ("The key ends", when(failed.expires_at)),
        ],
        to_do: vec![format!(
            "Remove the cause, and it is tried again the next day; or make the new key yourself: lictor key rotate {}",
            failed.key_id
        )],
    }
}

fn emergency_revocation(revocation: &EmergencyRevocation) -> Page {
    Page {
        subject: "your API keys were revoked".to_owned(),
        happened: format!(
            "{}, an administrator revoked all API keys at once, yours among them. They are refused from now on, for ever.",
            revocation.user_name
        ),
        facts: vec![
            ("Reason", revocation.reason.clone()),
            ("When", when(revocation.at)),
            ("Your keys", revocation.keys.to_string()),
        ],
        to_do: vec![
            "Stop the programs that use the old keys.".to_owned(),
            "Ask your administrator for new keys.".to_owned(),
        ],
    }
}

fn odoo_key_expiring(expiring: &OdooKeyExpiring) -> Page {
    Page {
        subject: format!("the Odoo API key of {} ends soon", expiring.user_name),
        happened: format!(
            "The Odoo API key that Lictor uses for {} ends soon. After that all calls with this user's keys are refused.",
            expiring.user_name
        ),
        facts: vec![
            ("User", expiring.user_name.clone()),
            ("User id", expiring.user_id.clone()),
            ("Odoo database", expiring.database.clone()),
            ("Odoo login", expiring.login.clone()),
            ("It ends", when(expiring.ends_at)),
        ],
        to_do: vec![
            "Make a new API key in Odoo: the user's preferences, Account Security, New API Key.".to_owned(),
            "Have an administrator give it to Lictor as the user's upstream credential.".to_owned(),
        ],
    }
}

fn credential_rejected(rejected: &CredentialRejected) -> Page {
    Page {
        subject: format!("Odoo refuses the credential of {}", rejected.user_name),
        happened: format!(
            "Odoo refuses the password or API key that Lictor uses for {}. All calls with this user's keys are refused.",
            rejected.user_name
        ),
        facts: vec![
            ("User", rejected.user_name.clone()),
            ("User id", rejected.user_id.clone()),
            ("Odoo database", rejected.database.clone()),
            ("Odoo login", rejected.login.clone()),
            ("When", when(rejected.at)),
        ],
        to_do: vec![
            "Check in Odoo that the user is active and that its API key has not ended or been deleted.".to_owned(),
            "Have an administrator give Lictor the new password or API key as the user's upstream credential."
                .to_owned(),
        ],
    }
}

fn key_review(review: &KeyReview) -> Page {
    let used =
        |key: &ReviewedKey| key.last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", when(at)));
    let ending = |key: &ReviewedKey| {
        let replaced = if key.replaced { ", replaced already" } else { "" };
        format!("{}: ends {}, {}{replaced}", whose(key), end(key.expires_at), used(key))
    };
    let unused = |key: &ReviewedKey| format!("{}: {}, made {}", whose(key), used(key), when(key.created_at));
    let mut facts = listed("Ends soon", &review.ending, ending);
    facts.extend(listed("Not used", &review.unused, unused));
    Page {
        subject: "keys that need a look".to_owned(),
        happened: format!(
            "Keys that end within {ENDS_SOON_DAYS} days: {}. Keys that nobody has used for {UNUSED_DAYS} days: {}.",
            review.ending.total, review.unused.total
        ),
        facts,
        to_do: vec![
            "Put a new key in the place of one that is still needed: lictor key rotate PREFIX --overlap 604800"
                .to_owned(),
            "Revoke one that nobody needs: lictor key revoke PREFIX".to_owned(),
            format!(
                "See all of them: lictor key list --ends-within-days {ENDS_SOON_DAYS}, and lictor key list \
                 --unused-for-days {UNUSED_DAYS}"
            ),
            "While there are such keys, this mail comes once a week; the setting keys.weekly_mail ends that."
                .to_owned(),
        ],
    }
}

/// A key by the names that people know.
fn whose(key: &ReviewedKey) -> String {
    format!("'{}' (lct_{}…) of {}", key.name, key.prefix, key.user_name)
}

/// A line for each key that is named, and one for the others.
fn listed(name: &'static str, keys: &Reviewed, line: impl Fn(&ReviewedKey) -> String) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> = keys.first.iter().map(|key| (name, line(key))).collect();
    let others = keys.total.saturating_sub(keys.first.len() as u64);
    if others > 0 {
        lines.push((name, format!("and {others} more")));
    }
    lines
}

fn tested(test: &Test) -> Page {
    Page {
        subject: "a test".to_owned(),
        happened: "This is a test: messages from Lictor arrive.".to_owned(),
        facts: vec![("Asked for by", test.asked_by.clone())],
        to_do: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_named_is_text_in_both_parts_and_never_a_line_of_its_own() {
        let name = "<b>\"Ada\" & 'co'</b>\r\nBcc: all@example.com";
        let page = Page::of(&Message::EmergencyRevocation(EmergencyRevocation {
            user_name: name.to_owned(),
            keys: 1,
            at: Moment(1_893_456_000_123_456),
            reason: name.to_owned(),
        }));
        assert!(page.html().contains("&lt;b&gt;&quot;Ada&quot; &amp; &#39;co&#39;&lt;/b&gt;  Bcc"), "{}", page.html());
        assert!(!page.html().contains("<b>"));
        assert!(page.text().contains("Reason:    <b>\"Ada\" & 'co'</b>  Bcc: all@example.com\n"), "{}", page.text());
        assert!(page.text().contains("When:      2030-01-01T00:00:00Z\n"), "{}", page.text());
        let subject = tested(&Test { asked_by: String::new() });
        assert!(Page { subject: "a\r\nBcc: b".to_owned(), ..subject }.subject.contains('\n'));
    }
}
