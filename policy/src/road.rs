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
    /// `/json/1/<path>`: records of window actions, for Odoo's own API keys.
    Json1,
    /// `/doc-bearer/<page>`: the documentation of models, for Odoo's own API keys.
    Documentation,
    /// `/web/database/<action>`: the database service as forms, with the master password.
    DatabaseForms,
    /// `/base_import_module/login_upload`: takes a password, and installs a module.
    ModuleUpload,
    /// `/mcp/xmlrpc/common`: of Odoo's MCP module.
    ModuleCommon,
    /// `/mcp/xmlrpc/object`: of Odoo's MCP module.
    ModuleObject,
    /// `/mcp/<path>`: the rest of Odoo's MCP module.
    Module,
}

impl Road {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Mcp,
        Self::Common,
        Self::Object,
        Self::OldCommon,
        Self::OldObject,
        Self::Databases,
        Self::OldDatabases,
        Self::JsonRpc,
        Self::Json2,
        Self::Json1,
        Self::Documentation,
        Self::DatabaseForms,
        Self::ModuleUpload,
        Self::ModuleCommon,
        Self::ModuleObject,
        Self::Module,
    ];

    /// The road that a request path reaches. Canonicalises for matching only: what is no road keeps its spelling.
    pub fn of(path: &str) -> Option<Self> {
        let path = canonical(path);
        Self::at(&path).or_else(|| {
            // With `http_routing`, which most of Odoo's modules bring, the URL code of a language may stand in front. It is
            // any text that an administrator gives the language.
            let behind = path.strip_prefix('/')?;
            Self::at(behind.get(behind.find('/')?..)?)
        })
    }

    /// The road with this canonical path.
    fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|road| match path.strip_prefix(road.path()) {
            Some("") => *road != Self::DatabaseForms,
            Some(rest) => rest.strip_prefix('/').is_some_and(|rest| road.leads_to(rest)),
            None => false,
        })
    }

    /// Whether it goes on to what stands below its path.
    fn leads_to(self, rest: &str) -> bool {
        match self {
            Self::Json1 | Self::Json2 | Self::Documentation | Self::Module => true,
            // The other pages there take no password.
            Self::DatabaseForms => {
                matches!(rest, "backup" | "change_password" | "create" | "drop" | "duplicate" | "restore")
            }
            _ => false,
        }
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
            Self::Json1 => "/json/1",
            Self::Documentation => "/doc-bearer",
            Self::DatabaseForms => "/web/database",
            Self::ModuleUpload => "/base_import_module/login_upload",
            Self::ModuleCommon => "/mcp/xmlrpc/common",
            Self::ModuleObject => "/mcp/xmlrpc/object",
            Self::Module => "/mcp",
        }
    }

    /// Where Odoo takes its calls: the client's own path, but for roads that a plain Odoo does not have.
    pub const fn upstream_path(self) -> &'static str {
        match self {
            Self::Mcp | Self::ModuleObject => Self::Object.path(),
            Self::ModuleCommon => Self::Common.path(),
            other => other.path(),
        }
    }

    /// The service behind it.
    pub const fn service(self) -> Service {
        match self {
            Self::Mcp | Self::Object | Self::OldObject | Self::ModuleObject => Service::Object,
            Self::Common | Self::OldCommon | Self::ModuleCommon => Service::Common,
            Self::Databases | Self::OldDatabases | Self::DatabaseForms => Service::Databases,
            Self::JsonRpc => Service::JsonRpc,
            Self::Json2 => Service::Json2,
            Self::Json1 | Self::Documentation => Service::Bearer,
            Self::ModuleUpload => Service::Upload,
            Self::Module => Service::Module,
        }
    }

    /// Whether it is one of Odoo's MCP module, which the gate stands in for if a setting says so.
    pub const fn is_modules(self) -> bool {
        matches!(self, Self::ModuleCommon | Self::ModuleObject | Self::Module)
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
    /// The services over JSON-RPC.
    JsonRpc,
    /// Calls of models' methods, named in the path.
    Json2,
    /// Pages for Odoo's own API keys.
    Bearer,
    /// The upload of a module.
    Upload,
    /// What Odoo's MCP module says about a key.
    Module,
}

/// The path without scheme, host, query, escapes, empty and dot segments: all that Odoo's router ignores, and `..`,
/// which something between here and Odoo may resolve.
///
/// White space ends it: Python's server splits the request line there, in Latin-1. Its white space beyond ASCII is no UTF-8
/// by itself, so it comes as a replacement character.
pub(crate) fn canonical(path: &str) -> Cow<'_, str> {
    let ends = |character: char| match character {
        '?' | '#' | char::REPLACEMENT_CHARACTER => true,
        '!'..='~' => false,
        other => other.is_whitespace() || other.is_control(),
    };
    let path = path.split(ends).next().unwrap_or_default();
    let bytes = path.as_bytes();
    let plain = bytes.first() == Some(&b'/')
        && !bytes.iter().any(|byte| matches!(byte, b'%' | b'.'))
        && !bytes.windows(2).any(|pair| pair == b"//");
    if plain {
        return Cow::Borrowed(if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path });
    }
    let path = match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        _ => path,
    };
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
            // A byte 0x85 or 0xa0.
            "/xmlrpc/2/object\u{fffd}",
            "/xmlrpc/2/object\x1c",
            "/xmlrpc/2/object\u{a0}",
            "/en/xmlrpc/2/object",
            "/fr_BE//xmlrpc/2/object/",
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
            "/a/b/xmlrpc/2/object",
            "/en/xmlrpc",
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
            assert_eq!(Road::of(road.path()), (road != Road::DatabaseForms).then_some(road));
        }
        for (path, road) in [
            ("/json/2/res.partner/search", Some(Road::Json2)),
            ("/json/2x", None),
            ("/json/1/action-7", Some(Road::Json1)),
            ("/json/version", None),
            ("/doc-bearer/index.json", Some(Road::Documentation)),
            ("/doc/index.html", None),
            ("/web/database/drop/", Some(Road::DatabaseForms)),
            ("/web/database/selector", None),
            ("/web/dataset/call_kw", None),
            ("/mcp/models/res.partner/access", Some(Road::Module)),
            ("//mcp/xmlrpc/object", Some(Road::ModuleObject)),
            ("/mcpx", None),
            ("/en/json/2/res.partner/search", Some(Road::Json2)),
            ("/en/web/database/drop", Some(Road::DatabaseForms)),
            ("/en/web", None),
        ] {
            assert_eq!(Road::of(path), road, "{path}");
        }
    }
}
