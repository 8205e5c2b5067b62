//! What is compared.

use std::fmt;

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
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PassThrough => "pass_through",
            Self::Lictor => "lictor",
            Self::ExtAuthz => "ext_authz",
            Self::Lua => "lua",
        }
    }

    /// For readers of the chart.
    pub(super) fn title(self) -> &'static str {
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
