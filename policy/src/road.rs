//! Which of Odoo's API endpoints a path reaches, however it is spelled.

use std::borrow::Cow;

/// An endpoint of Odoo that takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// `/xmlrpc/2/mcp`: the secured road.
    Mcp,
    /// `/xmlrpc/2/common`.
    Common,
    /// `/xmlrpc/2/object`.
    Object,
    /// `/xmlrpc/common`: older, with fault codes that are texts.
    OldCommon,
    /// `/xmlrpc/object`: older, with fault codes that are texts.
    OldObject,
    /// `/xmlrpc/2/db`: the database service.
    Databases,
    /// `/xmlrpc/db`: the same.
    OldDatabases,
    /// `/jsonrpc`.
    JsonRpc,
    /// `/json/2/<model>/<method>`.
    Json2,
}

impl Road {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Mcp,
        Self::Common,
        Self::Object,
        Self::OldCommon,
        Self::OldObject,
        Self::Databases,
        Self::OldDatabases,
        Self::JsonRpc,
        Self::Json2,
    ];

    /// The road that a request path reaches. Canonicalises for matching only: what is no road keeps its spelling.
    pub fn of(path: &str) -> Option<Self> {
        let path = canonical(path);
        let is_below = |road: &Self| *road == Self::Json2 && path.starts_with("/json/2/");
        Self::ALL.into_iter().find(|road| road.path() == path || is_below(road))
    }

    /// The canonical path, as the audit log shows it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Mcp => "/xmlrpc/2/mcp",
            Self::Common => "/xmlrpc/2/common",
            Self::Object => "/xmlrpc/2/object",
            Self::OldCommon => "/xmlrpc/common",
            Self::OldObject => "/xmlrpc/object",
            Self::Databases => "/xmlrpc/2/db",
            Self::OldDatabases => "/xmlrpc/db",
            Self::JsonRpc => "/jsonrpc",
            Self::Json2 => "/json/2",
        }
    }

    /// Where Odoo takes its calls: the client's own path, but for the secured road, which Odoo does not have.
    pub const fn upstream_path(self) -> &'static str {
        match self {
            Self::Mcp => Self::Object.path(),
            other => other.path(),
        }
    }

    /// The service behind it.
    pub const fn service(self) -> Service {
        match self {
            Self::Mcp | Self::Object | Self::OldObject => Service::Object,
            Self::Common | Self::OldCommon => Service::Common,
            Self::Databases | Self::OldDatabases => Service::Databases,
            Self::JsonRpc | Self::Json2 => Service::Json,
        }
    }
}

/// What a road leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Calls of models' methods, over XML-RPC.
    Object,
    /// Logins and the server's version, over XML-RPC.
    Common,
    /// Making, copying and dropping databases.
    Databases,
    /// Calls over JSON.
    Json,
}

/// The path without scheme, host, query, escapes, empty and dot segments: all that Odoo's router ignores, and `..`,
/// which something between here and Odoo may resolve.
fn canonical(path: &str) -> Cow<'_, str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        _ => path,
    };
    let plain = path.starts_with('/') && !path.contains(['%', '.']) && !path.contains("//");
    if plain {
        return Cow::Borrowed(if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path });
    }
    let decoded = unescape(path);
    let mut segments = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    Cow::Owned(format!("/{}", segments.join("/")))
}

/// Decodes `%xx` once, as Odoo's server does; what is not UTF-8 then is no road.
fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, after @ ..] if *first == b'%' => hex(*high).zip(hex(*low)).map(|(h, l)| (h * 16 + l, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_slips_past() {
        for path in [
            "/xmlrpc/2/object",
            "/xmlrpc/2/object/",
            "//xmlrpc//2/object",
            "/./xmlrpc/2/./object",
            "/x/../xmlrpc/2/object",
            "/../xmlrpc/2/object",
            "/xmlrpc%2f2%2Fobject",
            "/xmlrpc/2/%6fbject",
            "/xmlrpc/2/object?a=/b",
            "http://odoo.example/xmlrpc/2/object",
            "/%2e/xmlrpc/2/object",
            "xmlrpc/2/object",
        ] {
            assert_eq!(Road::of(path), Some(Road::Object), "{path}");
        }
    }

    #[test]
    fn other_paths_are_no_roads() {
        for path in [
            "/",
            "",
            "/web",
            "/xmlrpc/2/Object",
            "/xmlrpc/2/objects",
            "/xmlrpc%252f2/object",
            "/a?/xmlrpc/2/object",
            "http://xmlrpc/2",
            "/%ff",
            "%",
            "/%4",
        ] {
            assert_eq!(Road::of(path), None, "{path}");
        }
    }

    #[test]
    fn each_road_is_reached_by_its_own_path() {
        for road in Road::ALL {
            assert_eq!(Road::of(road.path()), Some(road));
        }
        assert_eq!(Road::of("/json/2/res.partner/search"), Some(Road::Json2));
        assert_eq!(Road::of("/json/2x"), None);
    }
}
