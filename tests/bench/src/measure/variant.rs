//! What is compared.

use std::fmt;

use super::road::Road;

/// A way to guard calls in Envoy, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// No filter.
    Plain,
    /// A wasm filter that only continues.
    PassThrough,
    /// Lictor's filter as envoy/envoy.yaml has it, with sessions, rate limit and audit on, and a control plane.
    Lictor,
    /// Envoy asks a service, with the body.
    ExtAuthz,
    /// A script reads the body and searches it.
    Lua,
}

impl Variant {
    /// In the order of the table.
    pub(super) const ALL: [Self; 5] = [Self::Plain, Self::PassThrough, Self::Lictor, Self::ExtAuthz, Self::Lua];

    /// As target/bench/latest.json names it.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PassThrough => "pass_through",
            Self::Lictor => "lictor",
            Self::ExtAuthz => "ext_authz",
            Self::Lua => "lua",
        }
    }

    /// For readers of the chart.
    fn title(self) -> &'static str {
        match self {
            Self::Plain => "Envoy alone",
            Self::PassThrough => "wasm, does nothing",
            Self::Lictor => "Lictor, everything on",
            Self::ExtAuthz => "ext_authz, with body",
            Self::Lua => "Lua, searches body",
        }
    }

    /// The process, in messages.
    pub(super) fn server(self) -> &'static str {
        match self {
            Self::Plain => "Envoy (plain)",
            Self::PassThrough => "Envoy (pass_through)",
            Self::Lictor => "Envoy (lictor)",
            Self::ExtAuthz => "Envoy (ext_authz)",
            Self::Lua => "Envoy (lua)",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One row of the table: a variant with calls on one road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) variant: Variant,
    pub(super) road: Road,
}

impl Row {
    /// Every variant over XML-RPC; over JSON-2 what Lictor is compared with; and what is no call.
    pub(super) const ALL: [Self; 9] = [
        Self::xml_rpc(Variant::Plain),
        Self::xml_rpc(Variant::PassThrough),
        Self::xml_rpc(Variant::Lictor),
        Self::xml_rpc(Variant::ExtAuthz),
        Self::xml_rpc(Variant::Lua),
        Self::json_2(Variant::Plain),
        Self::json_2(Variant::Lictor),
        Self::json_2(Variant::ExtAuthz),
        Self { variant: Variant::Lictor, road: Road::Other },
    ];

    pub(super) const fn xml_rpc(variant: Variant) -> Self {
        Self { variant, road: Road::XmlRpc }
    }

    pub(super) const fn json_2(variant: Variant) -> Self {
        Self { variant, road: Road::Json2 }
    }

    /// Envoy alone with the same calls.
    pub(super) const fn plain(self) -> Self {
        match self.road {
            Road::XmlRpc | Road::Other => Self::xml_rpc(Variant::Plain),
            Road::Json2 => Self::json_2(Variant::Plain),
        }
    }

    /// Whether each of its calls has a record in the audit log.
    pub(super) fn is_audited(self) -> bool {
        self.variant == Variant::Lictor && self.road != Road::Other
    }

    /// As target/bench/latest.json names it.
    pub(super) fn name(self) -> String {
        let variant = self.variant;
        match self.road {
            Road::XmlRpc => variant.to_string(),
            Road::Json2 => format!("{variant}_json2"),
            Road::Other => format!("{variant}_other"),
        }
    }

    /// For readers of the chart.
    pub(super) fn title(self) -> String {
        let variant = self.variant.title();
        match self.road {
            Road::XmlRpc => variant.to_owned(),
            Road::Json2 => format!("JSON-2: {variant}"),
            Road::Other => "Lictor, other traffic".to_owned(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
