//! Envoy's memory by its number of workers: each of them has a sandbox of its own, and reads a policy of its own.

use std::time::Duration;

use anyhow::Result;
use lictor_xtask::run::say;

use super::latest::Memory;
use super::report::rounded;
use super::road::{Call, Road};
use super::setting::{MOST_CALLS, Setting, Wanted};
use super::variant::{Row, Variant};

const WORKERS: [u16; 3] = [1, 2, 4];
const VARIANTS: [Variant; 3] = [Variant::Plain, Variant::Lictor, Variant::LictorNative];

/// Starts an Envoy for each, one after the other, loads it, and looks at its memory when it is idle again.
pub(super) fn run(setting: &mut Setting<'_>, length: Duration, connections: u16) -> Result<Vec<Memory>> {
    let mut measured = Vec::new();
    for workers in WORKERS {
        for variant in VARIANTS {
            let resident = setting.with_more(|setting| {
                let name = format!("{variant}-{workers}-workers");
                let gate = setting.start_gate(&Wanted { name, workers, ..variant.into() })?;
                let call = Call::new(Road::XmlRpc, setting.key()?);
                gate.must_work(&call, setting.servers())?;
                let mut load = setting.loaded_with(Row::xml_rpc(variant));
                load.calls = Some(MOST_CALLS);
                // So many that each worker has some: the kernel deals them out at random.
                setting.use_of(&gate, &load, length, connections.saturating_mul(workers))?;
                gate.envoy.resident_memory()
            })?;
            let resident_mib = rounded(resident as f64 / f64::from(1 << 20), 1);
            measured.push(Memory { workers, variant: variant.to_string(), resident_mib });
        }
    }
    say("measured memory by the number of workers");
    Ok(measured)
}

/// For the terminal.
pub(super) fn table(memory: &[Memory]) -> String {
    let line = |Memory { workers, variant, resident_mib }: &Memory| {
        format!("{variant}: {resident_mib:.0} MiB with {workers} worker{}", if *workers == 1 { "" } else { "s" })
    };
    memory.iter().map(line).collect::<Vec<_>>().join("\n")
}
