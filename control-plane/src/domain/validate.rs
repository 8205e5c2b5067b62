//! Checks of single fields. Each names the field and says what would be right.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Uri;
use lictor_policy::address::Networks;
use lictor_policy::odoo::calls::{self, NotCallable};
use lictor_policy::operation::{Operation, Operations};
use lictor_policy::wire::Profile;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::bounds::{self, MAX_ENTRIES, MAX_TEXT};
use crate::domain::problem::{Problem, Result};
use crate::domain::time::{DayOrMoment, Moment};

/// Characters of the name of a profile.
const MAX_PROFILE: usize = 64;
/// Profiles that a key may name: each is looked at by calls that those before do not allow.
const MAX_PROFILES: usize = 10;
/// Characters of a text of several lines.
pub const MAX_PROSE: usize = 4000;

/// Holds a value's numbers, texts and lists against the bounds in its description: for a value that does not come as a body,
/// which is held against them anyway.
pub fn bounds<T: Serialize + JsonSchema + 'static>(value: &T) -> Result<()> {
    let given = serde_json::to_value(value).map_err(Problem::internal)?;
    match bounds::beyond(bounds::given::<T>(), &given) {
        Some((path, detail)) => Err(Problem::invalid(path.join("."), detail)),
        None => Ok(()),
    }
}

/// A text for people or for Odoo: not empty, not long, no control characters.
pub fn text(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
        let detail = format!("Give 1 to {MAX_TEXT} characters, not only spaces, without control characters.");
        return Err(Problem::invalid(field, detail));
    }
    Ok(())
}

/// A text of several lines: not only spaces.
pub fn prose(field: &str, text: &str) -> Result<()> {
    let is_control = |character: char| character.is_control() && character != '\n' && character != '\t';
    if text.trim().is_empty() || text.chars().count() > MAX_PROSE || text.chars().any(is_control) {
        return Err(Problem::invalid(field, format!("Give 1 to {MAX_PROSE} characters, not only spaces.")));
    }
    Ok(())
}

/// An address for mail, by the code that mail is written with. Whether it exists shows when mail is sent.
pub fn email(field: &str, address: &str) -> Result<()> {
    text(field, address)?;
    if address.parse::<lettre::Address>().is_ok() {
        return Ok(());
    }
    Err(Problem::invalid(field, "Give one mail address without a name, such as ada@example.com."))
}

/// A base URL that people are sent: secrets are shown under it, so only on the machine itself without TLS.
pub fn public_url(field: &str, url: &str) -> Result<()> {
    let uri: Option<Uri> = url.parse().ok();
    let is_local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let is_good = uri.is_some_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => is_local(host),
        _ => false,
    });
    if is_good && url.len() <= MAX_TEXT && !url.contains(['?', '#', '@']) {
        return Ok(());
    }
    Err(Problem::invalid(field, "Give a base URL with https, such as https://lictor.example.com."))
}

/// A number within bounds.
pub fn range(field: &str, number: u32, least: u32, most: u32) -> Result<()> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("Give a number from {least} to {most}.")))
}

/// A moment that is still to come.
pub fn future(field: &str, moment: Moment, now: Moment) -> Result<()> {
    if moment > now {
        return Ok(());
    }
    Err(Problem::invalid(field, "Give a moment in the future."))
}

/// A range of time, of which either end may be open: it does not end before it begins.
pub fn in_order(from: Option<Moment>, to: Option<Moment>) -> Result<()> {
    match from.zip(to) {
        Some((from, to)) if from > to => Err(Problem::invalid("to", "Give a moment that is not before 'from'.")),
        _ => Ok(()),
    }
}

/// The ends of a range of time; where they are left out it ends now, and is so long.
pub fn span(
    from: Option<DayOrMoment>,
    to: Option<DayOrMoment>,
    length: Duration,
    now: Moment,
) -> Result<(Moment, Moment)> {
    let to = to.map_or(now, DayOrMoment::moment);
    let from = from.map_or(to.minus(length), DayOrMoment::moment);
    in_order(Some(from), Some(to))?;
    Ok((from, to))
}

/// Addresses and networks, by the code that gates read them with.
pub fn networks(field: &str, entries: &[String]) -> Result<()> {
    few(field, entries.len())?;
    Networks::parse(entries).map(|_| ()).map_err(|problem| Problem::invalid(field, format!("{problem}.")))
}

/// Names of Odoo models, or of methods of models.
pub fn models(field: &str, names: &[String]) -> Result<()> {
    few(field, names.len())?;
    names.iter().try_for_each(|name| model(field, name))
}

/// The name of an Odoo model.
pub fn model(field: &str, name: &str) -> Result<()> {
    let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    if !name.is_empty() && name.len() <= MAX_TEXT && name.bytes().all(is_of_name) {
        return Ok(());
    }
    Err(Problem::invalid(field, "Write models as Odoo does: a-z, 0-9, _ and '.', such as res.partner."))
}

/// The name of a profile.
pub fn profile(field: &str, name: &str) -> Result<()> {
    let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if (1..=MAX_PROFILE).contains(&name.len()) && name.bytes().all(is_of_name) {
        return Ok(());
    }
    let detail = format!("Write 1 to {MAX_PROFILE} of a-z, 0-9 and -, such as sales-assistant.");
    Err(Problem::invalid(field, detail))
}

/// The profiles of a key.
pub fn profiles(field: &str, names: &[Profile]) -> Result<()> {
    if names.len() > MAX_PROFILES {
        return Err(Problem::invalid(field, format!("Give at most {MAX_PROFILES} profiles.")));
    }
    names.iter().try_for_each(|Profile(name)| profile(field, name))
}

/// Methods with their operations.
pub fn methods(field: &str, methods: &BTreeMap<String, Operations>) -> Result<()> {
    few(field, methods.len())?;
    methods.iter().try_for_each(|(name, operations)| {
        let wrong = |detail| Err(Problem::invalid(format!("{field}.{name}"), detail));
        if !is_name(name) || name.starts_with('_') {
            return wrong(
                "Write methods as Odoo does, such as action_confirm; a method that begins with '_' stays closed.",
            );
        }
        if operations.contains(Operation::Call) {
            return wrong(
                "Map it to read, write, create and delete; a method that may do whatever it does goes under calls.",
            );
        }
        Ok(())
    })
}

/// Methods that may be called, by the rule that gates go by.
pub fn calls(field: &str, names: &[String]) -> Result<()> {
    few(field, names.len())?;
    names.iter().try_for_each(|name| {
        let detail = match calls::check(name) {
            Ok(()) => return Ok(()),
            Err(NotCallable::Shape) => "Write methods as Odoo does, such as action_confirm.".to_owned(),
            Err(NotCallable::Private) => format!("Leave {name} out: private methods stay closed."),
            Err(NotCallable::Never) => format!("Leave {name} out: it is on the never-list (docs/operations.md)."),
            Err(NotCallable::InTheTable) => {
                format!("Leave {name} out: the operations table has it, and read, write, create and delete allow it.")
            }
        };
        Err(Problem::invalid(field, detail))
    })
}

/// Names of fields, or of keys of the context.
pub fn names(field: &str, names: &[String]) -> Result<()> {
    few(field, names.len())?;
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(()),
        Some(_) => Err(Problem::invalid(field, "Write names as Odoo does: letters, digits and _, such as partner_id.")),
    }
}

/// Paths from a field over fields of other models.
pub fn paths(field: &str, paths: &[String]) -> Result<()> {
    few(field, paths.len())?;
    let is_path = |path: &String| path.len() <= MAX_TEXT && path.contains('.') && path.split('.').all(is_name);
    match paths.iter().find(|path| !is_path(path)) {
        None => Ok(()),
        Some(_) => {
            Err(Problem::invalid(field, "Write paths with points between two or more fields, such as country_id.code."))
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    begins_well && name.len() <= calls::MAX_NAME && name.bytes().all(is_of_name)
}

/// A list of texts such as groups.
pub fn texts(field: &str, texts: &[String]) -> Result<()> {
    few(field, texts.len())?;
    texts.iter().try_for_each(|entry| text(field, entry))
}

fn few(field: &str, entries: usize) -> Result<()> {
    if entries <= MAX_ENTRIES {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("Give at most {MAX_ENTRIES} entries.")))
}
