//! The method that a path of JSON-2 names.

use crate::road::{Road, canonical};

/// The longest name of a database, model or method: Odoo's and PostgreSQL's own are far shorter.
pub(crate) const MAX_NAME: usize = 256;

/// A method of a model, as a path names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Odoo's name of the model.
    pub model: String,
    /// The method.
    pub method: String,
}

impl Target {
    /// Reads `/json/2/<model>/<method>`, however it is spelled. None if it is another path, or if a name has other characters
    /// than Odoo's names: what is forwarded has to reach the same method.
    pub fn of(path: &str) -> Option<Self> {
        let path = canonical(path);
        let names = path.strip_prefix(Road::Json2.path())?.strip_prefix('/')?;
        let (model, method) = names.split_once('/')?;
        let is_plain = |name: &str, more: &[u8]| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || more.contains(&byte);
            !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(allowed)
        };
        (is_plain(model, b".") && is_plain(method, b""))
            .then(|| Self { model: model.to_owned(), method: method.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_and_method_are_those_that_odoo_would_call() {
        let target = |path| Target::of(path).map(|Target { model, method }| format!("{model} {method}"));
        for (path, expected) in [
            ("/json/2/res.partner/read", Some("res.partner read")),
            ("//json/2/res.partner/read/?x=/a/b", Some("res.partner read")),
            ("/json/2/res%2Epartner%2fread", Some("res.partner read")),
            ("/json/2/x/../res.partner/read", Some("res.partner read")),
            ("/json/2/res.partner/_read", Some("res.partner _read")),
            ("/json/2", None),
            ("/json/2/res.partner", None),
            ("/json/2/res.partner/read/x", None),
            ("/json/2/res.partner/re%20ad", None),
            ("/json/2/res.partner/re%00ad", None),
            ("/json/2/res.partner/read%3fx", None),
            ("/json/2/res.partner%23/read", None),
            ("/json/1/res.partner/read", None),
        ] {
            assert_eq!(target(path).as_deref(), expected, "{path}");
        }
    }
}
