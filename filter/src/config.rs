//! The plugin configuration: the same for all workers, read once.

use serde::Deserialize;

/// What Envoy's configuration says to the filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The Envoy cluster of the control plane; it adds the gate's credential itself.
    pub(crate) control_plane_cluster: String,
    /// Whether a gate that has no policy refuses every call on the API roads, as in `require` mode.
    #[serde(default)]
    pub(crate) require: bool,
    /// Whether only Envoy can have written `x-envoy-external-address`, since it is removed from clients' requests: then
    /// their address is read there. Otherwise it is asked of Envoy, which takes some microseconds a call.
    #[serde(default)]
    pub(crate) external_address: bool,
    /// Whether calls that are let through have headers that say whose they are and what they do, for a limit behind the
    /// filter that gates have in common; and whether its answers are told from Odoo's.
    #[serde(default)]
    pub(crate) call_headers: bool,
}

impl Config {
    /// A pure function of its bytes: a configuration that passes on Envoy's main thread and fails on a worker would
    /// leave that worker unfiltered.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
