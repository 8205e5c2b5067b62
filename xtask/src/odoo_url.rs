//! The address of the Odoo to guard.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Result, bail};

/// `http://host[:port]` or `https://host[:port]`, and nothing behind it: Odoo lives at the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OdooUrl {
    /// Whether it is https.
    pub tls: bool,
    /// A name, or an address without brackets.
    pub host: String,
    /// Given, or that of the scheme.
    pub port: u16,
}

impl OdooUrl {
    /// An Odoo on this machine, without TLS.
    pub fn local(port: u16) -> Self {
        Self { tls: false, host: "127.0.0.1".to_owned(), port }
    }

    /// The address, if the host is given as one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the server may choose by the host name what it answers, so that it must see its own.
    pub fn is_remote_name(&self) -> bool {
        self.address().is_none() && self.host != "localhost"
    }

    fn default_port(tls: bool) -> u16 {
        if tls { 443 } else { 80 }
    }
}

impl FromStr for OdooUrl {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => bail!("it must begin with http:// or https://"),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            bail!(
                "it must end after the host and port: Odoo is served at the root, and credentials are not part of it"
            );
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse()?),
            _ => (authority, Self::default_port(tls)),
        };
        let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        // It is written into Envoy's configuration, so only what a host can consist of.
        if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c)) {
            bail!("`{host}` is no host name or address");
        }
        Ok(Self { tls, host: bare.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for OdooUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        match self.address() {
            Some(IpAddr::V6(address)) => write!(formatter, "{scheme}://[{address}]")?,
            _ => write!(formatter, "{scheme}://{}", self.host)?,
        }
        if self.port != Self::default_port(self.tls) {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, host, port, printed) in [
            ("http://localhost:8069", "localhost", 8069, "http://localhost:8069"),
            ("https://ERP.example.com/", "erp.example.com", 443, "https://erp.example.com"),
            ("https://erp.example.com:8443", "erp.example.com", 8443, "https://erp.example.com:8443"),
            ("http://[::1]:8069", "::1", 8069, "http://[::1]:8069"),
            ("http://[::1]", "::1", 80, "http://[::1]"),
        ] {
            let url: OdooUrl = text.parse().unwrap();
            assert_eq!((url.host.as_str(), url.port, url.to_string().as_str()), (host, port, printed), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_an_origin() {
        for text in [
            "erp.example.com",
            "ftp://erp",
            "http://",
            "http://erp/odoo",
            "http://u:p@erp",
            "http://erp:x",
            "http://a b",
            "http://a}",
        ] {
            assert!(text.parse::<OdooUrl>().is_err(), "{text}");
        }
    }
}
