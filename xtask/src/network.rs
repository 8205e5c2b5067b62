//! Ports of this machine.

use std::hash::{BuildHasher, RandomState};
use std::iter;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

/// Below the range from which the kernel takes the ports of outgoing connections, so that none of those can take a
/// port between its choice and the server's bind. The end-to-end tests choose theirs from 20,000 to 25,999.
const PORTS: Range<u16> = 26_000..32_000;

/// A port of 127.0.0.1 that nothing listens on. The first is a random one, so that two commands do not choose the same;
/// none is given twice, as it is bound only later.
pub fn free_port() -> Result<u16> {
    static NEXT: LazyLock<AtomicUsize> =
        LazyLock::new(|| AtomicUsize::new(RandomState::new().hash_one(()) as usize % PORTS.len()));
    let candidate = || PORTS.clone().nth(NEXT.fetch_add(1, Ordering::Relaxed) % PORTS.len());
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    iter::from_fn(candidate).take(PORTS.len()).find(is_free).context("no port is free on 127.0.0.1")
}

/// Fails if something listens there. Needed also for Envoy, which would share the port with another Envoy silently.
pub fn must_be_free(port: u16, option: &str) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!("port {port} is not free ({error}): stop what listens there, or choose another with {option}");
    }
    Ok(())
}
