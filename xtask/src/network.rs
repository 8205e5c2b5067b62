//! Ports of this machine.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result, bail};

/// Below the range from which the kernel takes the ports of outgoing connections, so that none of those can take a
/// port between its choice and the server's bind.
const PORTS: Range<u16> = 20_000..32_000;

/// A port of 127.0.0.1 that nothing listens on; a random one, so that two commands do not choose the same.
pub(crate) fn free_port() -> Result<u16> {
    let start = RandomState::new().hash_one(()) as usize % PORTS.len();
    let mut ports = PORTS.cycle().skip(start).take(PORTS.len());
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no port is free on 127.0.0.1")
}

/// Fails if something listens there. Needed also for Envoy, which would share the port with another Envoy silently.
pub(crate) fn must_be_free(port: u16, option: &str) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!("port {port} is not free ({error}): stop what listens there, or choose another with {option}");
    }
    Ok(())
}
