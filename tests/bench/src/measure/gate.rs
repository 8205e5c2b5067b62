//! An Envoy of the benchmark: its configuration, and the proof that it does what its variant says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lictor_xtask::envoy_config::{self, Local, Template, loopback, quoted_path};
use lictor_xtask::foreground::wait_for;
use lictor_xtask::odoo_url::OdooUrl;
use lictor_xtask::process::{Identity, Server};
use lictor_xtask::project::Project;
use lictor_xtask::rest;

use super::road::{Call, Road};
use super::variant::Variant;

/// For Envoy to answer after its start, and for the filter to have its policy.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The addresses and files that configurations name.
pub(super) struct Places<'a> {
    pub(super) gate: Local<'a>,
    /// Of the service that Envoy asks; any port where it asks none.
    pub(super) service_port: u16,
    pub(super) pass_through: &'a Path,
}

/// A running Envoy.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) variant: Variant,
    pub(super) port: u16,
    pub(super) admin_port: u16,
    pub(super) envoy: Identity,
    pub(super) service: Option<Running>,
}

/// The service of an Envoy.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) process: Identity,
    /// The file with a line a call, if it decides.
    pub(super) records: Option<PathBuf>,
}

/// The configuration of a variant, except Lictor's, which is the shipped one.
pub(super) fn render(project: &Project, variant: Variant, places: &Places<'_>) -> Result<String> {
    let filter = match variant {
        Variant::Plain => String::new(),
        Variant::PassThrough => Template::read(project, "tests/bench/envoy/pass_through.yaml")?
            .replace("wasm", 1, &format!("local: {{ filename: {} }}", quoted_path(places.pass_through)?))?
            .finish()?,
        Variant::ExtAuthz => Template::read(project, "tests/bench/envoy/ext_authz.yaml")?.finish()?,
        Variant::ExtAuthzSameWork => Template::read(project, "tests/bench/envoy/ext_authz_same_work.yaml")?.finish()?,
        Variant::ExtProcSameWork => Template::read(project, "tests/bench/envoy/ext_proc.yaml")?.finish()?,
        Variant::Lua => Template::read(project, "tests/bench/envoy/lua.yaml")?.finish()?,
        Variant::Lictor | Variant::LictorNative => return Ok(envoy_config::render(project, &places.gate)?.envoy),
    };
    Template::read(project, "tests/bench/envoy/envoy.yaml")?
        .replace("admin", 1, &loopback(places.gate.admin_port))?
        .replace("gate", 1, &loopback(places.gate.gate_port))?
        .replace("filter", 1, &filter)?
        .replace("odoo", 1, &loopback(places.gate.odoo.port))?
        .replace("authorizer", 1, &loopback(places.service_port))?
        .replace("processor", 1, &loopback(places.service_port))?
        .finish()
}

impl Gate {
    /// Waits for the right answer, then asks for what the variant must refuse: a filter that dropped out of its chain
    /// would be measured as a fast one.
    pub(super) fn must_work(&self, call: &Call, servers: &mut [Server]) -> Result<()> {
        let (variant, port) = (self.variant, self.port);
        let answer = call.answer();
        let mut last = "none".to_owned();
        let waited = wait_for("the right answer", START_LIMIT, servers, || {
            let Ok(got) = call.send(port) else { return Ok(None) };
            last = format!("{}: {}", got.status, got.body);
            Ok((got.status == 200 && got.body == answer).then_some(()))
        });
        waited.with_context(|| format!("{}; its last answer was {last}", variant.server()))?;
        let refused = match variant {
            Variant::Plain => true,
            Variant::PassThrough => self.statistics("wasm.*active")?.iter().any(|count| count != "0"),
            Variant::Lictor | Variant::LictorNative if call.road == Road::Other => true,
            Variant::Lictor | Variant::LictorNative | Variant::ExtAuthzSameWork | Variant::ExtProcSameWork => {
                call.with_wrong_key().send(port)?.body.contains("invalid_key")
            }
            Variant::ExtAuthz => call.with_body("").send(port)?.status == 403,
            Variant::Lua => call.with_body("neither this nor that model").send(port)?.status == 403,
        };
        if !refused {
            bail!("{} lets through what it must refuse: its filter does not run", variant.server());
        }
        Ok(())
    }

    /// Whether the control plane has stored what this gate has to tell of its calls.
    pub(super) fn has_reported(&self) -> Result<bool> {
        if self.variant.host().is_none() {
            return Ok(true);
        }
        let pending = self.statistics("lictor.audit_pending$")?;
        if pending.is_empty() {
            bail!("{} does not say how many records it keeps", self.variant.server());
        }
        Ok(pending.iter().all(|count| count == "0"))
    }

    /// The values of Envoy's statistics whose names match.
    fn statistics(&self, names: &str) -> Result<Vec<String>> {
        let admin = format!("http://127.0.0.1:{}/stats?filter={names}", self.admin_port);
        let told = rest::send("GET", &admin, None, None)?.body;
        Ok(told.lines().filter_map(|line| Some(line.rsplit_once(": ")?.1.to_owned())).collect())
    }
}

/// Where an Odoo that needs no time listens.
pub(super) fn upstream_url(port: u16) -> OdooUrl {
    OdooUrl::local(port)
}
