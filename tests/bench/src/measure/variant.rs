//! What is compared.

use std::fmt;

use lictor_xtask::host::Host;

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
    /// The same as a dynamic module, in Envoy's own process.
    LictorNative,
    /// Envoy asks a service, with the body, which says yes: no use, and the least that asking costs.
    ExtAuthz,
    /// Envoy asks a service, with the body, which decides and records as Lictor does. Odoo would get the body as it came.
    ExtAuthzSameWork,
    /// Envoy hands headers and body to a service, which decides and records as Lictor does, and gives the body written anew.
    ExtProcSameWork,
    /// A script reads the body and searches it.
    Lua,
}

impl Variant {
    /// In the order of the table.
    pub(super) const ALL: [Self; 8] = [
        Self::Plain,
        Self::PassThrough,
        Self::Lictor,
        Self::LictorNative,
        Self::ExtAuthz,
        Self::ExtAuthzSameWork,
        Self::ExtProcSameWork,
        Self::Lua,
    ];

    /// As target/bench/latest.json names it.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PassThrough => "pass_through",
            Self::Lictor => "lictor",
            Self::LictorNative => "lictor_native",
            Self::ExtAuthz => "ext_authz",
            Self::ExtAuthzSameWork => "ext_authz_same_work",
            Self::ExtProcSameWork => "ext_proc_same_work",
            Self::Lua => "lua",
        }
    }

    /// For readers of the chart.
    fn title(self) -> &'static str {
        match self {
            Self::Plain => "Envoy alone",
            Self::PassThrough => "wasm, does nothing",
            Self::Lictor => "Lictor in wasm",
            Self::LictorNative => "Lictor as a module",
            Self::ExtAuthz => "ext_authz, says yes",
            Self::ExtAuthzSameWork => "ext_authz, same work",
            Self::ExtProcSameWork => "ext_proc, same work",
            Self::Lua => "Lua, searches body",
        }
    }

    /// The process, in messages.
    pub(super) fn server(self) -> &'static str {
        match self {
            Self::Plain => "Envoy (plain)",
            Self::PassThrough => "Envoy (pass_through)",
            Self::Lictor => "Envoy (lictor)",
            Self::LictorNative => "Envoy (lictor_native)",
            Self::ExtAuthz => "Envoy (ext_authz)",
            Self::ExtAuthzSameWork => "Envoy (ext_authz_same_work)",
            Self::ExtProcSameWork => "Envoy (ext_proc_same_work)",
            Self::Lua => "Envoy (lua)",
        }
    }

    /// Where Lictor's filter runs, if it does.
    pub(super) fn host(self) -> Option<Host> {
        match self {
            Self::Lictor => Some(Host::Wasm),
            Self::LictorNative => Some(Host::Native),
            _ => None,
        }
    }

    /// The service that its Envoy asks: a part of `lictor-bench`.
    pub(super) fn service(self) -> Option<&'static Service> {
        match self {
            Self::ExtAuthz => {
                Some(&Service { role: "authorizer", name: "the ext_authz service that says yes", decides: false })
            }
            Self::ExtAuthzSameWork => Some(&Service {
                role: "same-work-authorizer",
                name: "the ext_authz service that decides",
                decides: true,
            }),
            Self::ExtProcSameWork => {
                Some(&Service { role: "same-work-processor", name: "the ext_proc service that decides", decides: true })
            }
            Self::Plain | Self::PassThrough | Self::Lictor | Self::LictorNative | Self::Lua => None,
        }
    }
}

/// A process beside Envoy that judges calls.
pub(super) struct Service {
    /// The command of `lictor-bench` that it is.
    pub(super) role: &'static str,
    /// In messages.
    pub(super) name: &'static str,
    /// Whether it has the policy, and records every call.
    pub(super) decides: bool,
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
    /// Every variant over XML-RPC; what Lictor is compared with over JSON-2 and with larger bodies; and
    /// what is no call.
    pub(super) const ALL: [Self; 26] = [
        Self::xml_rpc(Variant::Plain),
        Self::xml_rpc(Variant::PassThrough),
        Self::xml_rpc(Variant::Lictor),
        Self::xml_rpc(Variant::LictorNative),
        Self::xml_rpc(Variant::ExtAuthz),
        Self::xml_rpc(Variant::ExtAuthzSameWork),
        Self::xml_rpc(Variant::ExtProcSameWork),
        Self::xml_rpc(Variant::Lua),
        Self::json_2(Variant::Plain),
        Self::json_2(Variant::Lictor),
        Self::json_2(Variant::LictorNative),
        Self::json_2(Variant::ExtAuthz),
        Self::json_2(Variant::ExtAuthzSameWork),
        Self::json_2(Variant::ExtProcSameWork),
        Self::on(Road::Middle, Variant::Plain),
        Self::on(Road::Middle, Variant::Lictor),
        Self::on(Road::Middle, Variant::LictorNative),
        Self::on(Road::Middle, Variant::ExtAuthzSameWork),
        Self::on(Road::Middle, Variant::ExtProcSameWork),
        Self::on(Road::Large, Variant::Plain),
        Self::on(Road::Large, Variant::Lictor),
        Self::on(Road::Large, Variant::LictorNative),
        Self::on(Road::Large, Variant::ExtAuthzSameWork),
        Self::on(Road::Large, Variant::ExtProcSameWork),
        Self::on(Road::Other, Variant::Lictor),
        Self::on(Road::Other, Variant::LictorNative),
    ];

    pub(super) const fn xml_rpc(variant: Variant) -> Self {
        Self::on(Road::XmlRpc, variant)
    }

    pub(super) const fn json_2(variant: Variant) -> Self {
        Self::on(Road::Json2, variant)
    }

    const fn on(road: Road, variant: Variant) -> Self {
        Self { variant, road }
    }

    /// Envoy alone with the same calls.
    pub(super) const fn plain(self) -> Self {
        match self.road {
            Road::XmlRpc | Road::Other => Self::xml_rpc(Variant::Plain),
            Road::Json2 | Road::Middle | Road::Large => Self::on(self.road, Variant::Plain),
        }
    }

    /// Whether each of its calls has a record in the audit log.
    pub(super) fn is_audited(self) -> bool {
        self.variant.host().is_some() && self.road != Road::Other
    }

    /// Whether a service has recorded each of its calls.
    pub(super) fn is_recorded(self) -> bool {
        self.variant.service().is_some_and(|service| service.decides)
    }

    /// As target/bench/latest.json names it.
    pub(super) fn name(self) -> String {
        let variant = self.variant;
        match self.road {
            Road::XmlRpc => variant.to_string(),
            Road::Middle => format!("{variant}_16k"),
            Road::Large => format!("{variant}_1m"),
            Road::Json2 => format!("{variant}_json2"),
            Road::Other => format!("{variant}_other"),
        }
    }

    /// For readers of the chart.
    pub(super) fn title(self) -> String {
        let variant = self.variant.title();
        match self.road {
            Road::XmlRpc => variant.to_owned(),
            Road::Middle => format!("16 KiB: {variant}"),
            Road::Large => format!("1 MiB: {variant}"),
            Road::Json2 => format!("JSON-2: {variant}"),
            Road::Other => format!("no call: {variant}"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
