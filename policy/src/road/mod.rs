//! Storey 1: which of Odoo's API endpoints a path reaches, however it is spelled.

mod spelling;
mod target;

use std::borrow::Cow;

use crate::road::spelling::Reading;

pub(crate) use crate::road::spelling::canonical;
pub(crate) use crate::road::target::MAX_NAME;
pub use crate::road::target::Target;

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
    /// `/mcp/<path>`: the rest of Odoo's MCP module, and Odoo 20's own MCP server.
    Module,
    /// `/oauth/<path>`: Odoo 20's keys for MCP clients.
    Oauth,
    /// `/.well-known/oauth-<document>`: where Odoo 20 says where they are to be had.
    OauthMetadata,
}

impl Road {
    /// All of them.
    pub const ALL: [Self; 18] = [
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
        Self::Oauth,
        Self::OauthMetadata,
    ];

    /// The road that a request path reaches, in any reading of it: Odoo's server or router takes it one way, and something
    /// between here and Odoo may rewrite it by another. Read for matching only: what is no road keeps its spelling.
    pub fn of(path: &str) -> Option<Self> {
        let canonical = canonical(path);
        Self::reached(&canonical).or_else(|| {
            let is_clear = matches!(canonical, Cow::Borrowed(_)) || !Reading::differ(path);
            if is_clear { None } else { Reading::all().find_map(|reading| Self::reached(&reading.of(path))) }
        })
    }

    /// The road at a path, or behind the URL code of a language, which `http_routing` takes off: most of Odoo's modules bring
    /// it, and the code is any text that an administrator gives the language.
    fn reached(path: &str) -> Option<Self> {
        Self::at(path).or_else(|| {
            let behind = path.strip_prefix('/')?;
            Self::at(behind.get(behind.find('/')?..)?)
        })
    }

    /// The road with this canonical path.
    fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|road| match path.strip_prefix(road.path()) {
            Some("") => *road != Self::DatabaseForms,
            Some(_) if *road == Self::OauthMetadata => true,
            Some(rest) => rest.strip_prefix('/').is_some_and(|rest| road.leads_to(rest)),
            None => false,
        })
    }

    /// Whether it goes on to what stands below its path.
    fn leads_to(self, rest: &str) -> bool {
        match self {
            Self::Json1 | Self::Json2 | Self::Documentation | Self::Module | Self::Oauth => true,
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
            Self::Oauth => "/oauth",
            Self::OauthMetadata => "/.well-known/oauth-",
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
            Self::Oauth | Self::OauthMetadata => Service::Oauth,
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
    /// How clients get a key of Odoo 20.
    Oauth,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::road::spelling::unescape;

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
            "/xmlrpc/2/object//..",
            "/a b/../xmlrpc/2/object",
            "/a#/../xmlrpc/2/object",
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

    /// Each reader's rule alone, and what it makes of a path.
    type Rule = fn(&str) -> String;

    #[test]
    fn a_path_is_a_road_if_it_is_one_with_or_without_each_rule() {
        let unescaped: Rule = |path| unescape(path);
        let cut: Rule = |path| path.split([' ', '#']).next().unwrap_or_default().to_owned();
        let merged: Rule =
            |path| path.split('/').filter(|part| !part.is_empty()).fold(String::new(), |all, part| all + "/" + part);
        let undotted: Rule = |path| path.replace("/./", "/");
        let resolved: Rule = |path| {
            let mut parts: Vec<&str> = Vec::new();
            for part in path.split('/').filter(|part| *part != ".") {
                if part == ".." { parts.truncate(parts.len().saturating_sub(1)) } else { parts.push(part) }
            }
            parts.join("/")
        };
        let untranslated: Rule = |path| {
            path.find('/')
                .and_then(|_| path.get(1..)?.find('/').and_then(|at| path.get(at + 1..)))
                .unwrap_or(path)
                .to_owned()
        };
        let rules = [unescaped, cut, merged, undotted, resolved, untranslated];
        let pieces = ["/json/1", "/jsonrpc", "/x", "/..", "/.", "/", "/%2e%2e", "%2f", " y", "#z", "/en"];
        let mut paths: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        for _ in 0..2 {
            paths = paths.iter().flat_map(|path| pieces.map(|piece| format!("{path}{piece}"))).collect();
        }
        for path in paths.iter().filter(|path| path.starts_with('/')) {
            for chosen in 0..1 << rules.len() {
                let apply = |path: String, at: usize| if chosen >> at & 1 == 1 { rules[at](&path) } else { path };
                // As a server, which decodes first, or as a proxy, which cuts first.
                for order in [[0, 1, 3, 2, 4, 5], [1, 0, 3, 4, 2, 5], [1, 3, 4, 0, 2, 5]] {
                    let read = order.into_iter().fold(path.clone(), apply);
                    let is_road = Road::at(read.strip_suffix('/').unwrap_or(&read)).is_some();
                    assert!(!is_road || Road::of(path).is_some(), "{path:?} is {read:?} by {chosen:06b} in {order:?}");
                }
            }
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
            ("/oauth", Some(Road::Oauth)),
            ("/oauth/token", Some(Road::Oauth)),
            ("/oauths", None),
            ("/.well-known/oauth-authorization-server", Some(Road::OauthMetadata)),
            ("/.well-known/oauth-protected-resource/mcp", Some(Road::OauthMetadata)),
            ("/.well-known/openid-configuration", None),
            // Odoo resolves no dots, and what stands before it may.
            ("/json/1/x/../../contacts", Some(Road::Json1)),
            ("/json/1/x/..%2f../contacts", Some(Road::Json1)),
            ("/json/2/x/%2e%2e/../contacts", Some(Road::Json2)),
            ("/en/doc-bearer/x/../../contacts", Some(Road::Documentation)),
            ("/json/1/x y/../../..", Some(Road::Json1)),
            ("/mcp/../contacts", Some(Road::Module)),
            ("/json/1/x/../../../jsonrpc", Some(Road::JsonRpc)),
            ("/web/../contacts", None),
        ] {
            assert_eq!(Road::of(path), road, "{path}");
        }
    }
}
