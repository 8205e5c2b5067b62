//! Ports of this machine.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// A port of 127.0.0.1 that nothing listens on.
pub(crate) fn free_port() -> Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free on 127.0.0.1")?;
    Ok(probe.local_addr()?.port())
}

/// Fails if something listens there. Needed also for Envoy, which would share the port with another Envoy silently.
pub(crate) fn must_be_free(port: u16, option: &str) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!("port {port} is not free ({error}): stop what listens there, or choose another with {option}");
    }
    Ok(())
}
