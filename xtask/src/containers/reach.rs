//! What can be reached from where: the gate and the console on the loopback, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_xtask::run::{self, say};
use serde::Deserialize;

use super::podman::Podman;
use super::set::Set;

/// For a container that tries to connect. It is told no at once, or waits for nothing.
const TRIAL_LIMIT: Duration = Duration::from_secs(30);

/// The part of `podman inspect` that is needed here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    name: String,
    network_settings: NetworkSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    #[serde(default)]
    ports: BTreeMap<String, Option<Vec<Published>>>,
    #[serde(default)]
    networks: BTreeMap<String, Network>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    host_ip: String,
    host_port: String,
}

#[derive(Deserialize)]
struct Network {
    #[serde(rename = "IPAddress")]
    address: String,
}

/// Looks at the ports that the machine has for the containers, and tries from a container of another network.
pub(super) fn check(podman: &Podman, set: &Set<'_>, image: &str) -> Result<()> {
    let expected = [set.gate_url(), set.console_url()];
    let mut running = Vec::new();
    for container in set.containers(&["status=running"])? {
        running.push(inspect(podman, &container)?);
    }
    let ports = running.iter().flat_map(|container| container.network_settings.ports.values().flatten().flatten());
    let mut published: Vec<_> = ports.map(|port| format!("http://{}:{}", port.host_ip, port.host_port)).collect();
    published.sort();
    ensure!(published.iter().all(|url| expected.contains(url)), "the containers listen on {published:?}");
    ensure!(published.len() == expected.len(), "the containers listen on {published:?}");
    let mut tried = 0;
    for (service, port) in [("odoo", 8069), ("postgres", 5432)] {
        let inspected = inspect(podman, &set.container(service)?)?;
        for (name, network) in &inspected.network_settings.networks {
            let connect = format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{}/{port}'", network.address);
            // Else it might be that nothing listens there.
            let has_it = |other: &&Inspected| other.network_settings.networks.contains_key(name);
            let neighbour = running.iter().filter(|other| other.name != inspected.name).find(has_it);
            let neighbour = neighbour.with_context(|| format!("{} is alone on {name}", inspected.name))?;
            podman.output(&["exec", &neighbour.name, "sh", "-c", &connect])?;
            let stranger = ["run", "--rm", "--pull=never", image, "sh", "-c", &format!("! {connect}")];
            let is_refused = run::succeeds_within(&mut podman.command(&stranger), TRIAL_LIMIT)?;
            ensure!(is_refused, "{} is reached at {}:{port} from another network", inspected.name, network.address);
            tried += 1;
        }
    }
    ensure!(tried > 2, "the containers have {tried} addresses");
    say(
        "only the gate and the console listen, on the loopback; neither Odoo nor PostgreSQL is reached from another network",
    );
    Ok(())
}

fn inspect(podman: &Podman, container: &str) -> Result<Inspected> {
    let answer = podman.output(&["inspect", "--type=container", container])?;
    let [inspected]: [Inspected; 1] =
        serde_json::from_str(&answer).context("cannot read the answer of `podman inspect`")?;
    Ok(inspected)
}
