//! Storey 1: client addresses and lists of networks.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

/// The address that Envoy names, with a port in `source.address` and without one in `x-envoy-external-address`; an
/// IPv4-mapped IPv6 address is the IPv4 address.
pub fn client(text: &str) -> Option<IpAddr> {
    text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok().map(|ip| ip.to_canonical())
}

/// An address as the audit log has it.
pub fn text(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let [a, b, c, d] = address.octets();
    let mut text = String::with_capacity("255.255.255.255".len());
    text.push_str(itoa::Buffer::new().format(a));
    for octet in [b, c, d] {
        text.push('.');
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

/// Whom an address counts for where clients are counted: itself, or the network of 64 bits of an IPv6 address, as whoever
/// has one has all of it and could come from another address each time.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

/// The bytes of whom an address counts for, see [`network_of`]; empty for none.
pub fn network_bytes(address: Option<IpAddr>) -> Vec<u8> {
    match address.map(network_of) {
        Some(IpAddr::V4(network)) => network.octets().to_vec(),
        Some(IpAddr::V6(network)) => network.octets().to_vec(),
        None => Vec::new(),
    }
}

/// Why an entry is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNetwork {
    /// Neither an address nor a CIDR network.
    #[error("'{0}' is neither an IP address nor a network in CIDR form, such as 10.1.0.0/16")]
    Form(String),
    /// The part behind the prefix is not zero: it is not clear what was meant.
    #[error("'{given}' has host bits set; write '{network}' for the whole network or '{address}' for the one address")]
    HostBits {
        /// As written.
        given: String,
        /// The network that holds it.
        network: IpNet,
        /// The address alone.
        address: IpAddr,
    },
}

/// A list of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads addresses and CIDR networks.
    ///
    /// # Errors
    /// The first entry that is neither, or that has host bits set.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, BadNetwork> {
        entries.iter().map(|entry| network(entry.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the list has no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry holds the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Result<IpNet, BadNetwork> {
    let bad = || BadNetwork::Form(text.to_owned());
    let parsed = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| bad())?,
    };
    if parsed.addr() != parsed.network() {
        return Err(BadNetwork::HostBits { given: text.to_owned(), network: parsed.trunc(), address: parsed.addr() });
    }
    match (parsed.addr().to_canonical(), parsed.prefix_len().checked_sub(96)) {
        (IpAddr::V4(address), Some(length)) if matches!(parsed, IpNet::V6(_)) => {
            Ipv4Net::new(address, length).map(IpNet::V4).map_err(|_| bad())
        }
        _ => Ok(parsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_matched() {
        let list = Networks::parse(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:198.51.100.0/120"]).unwrap();
        for (address, inside) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("198.51.100.9", true),
        ] {
            assert_eq!(list.contains(address.parse().unwrap()), inside, "{address}");
        }
    }

    #[test]
    fn host_bits_and_nonsense_are_refused_at_input() {
        assert!(matches!(Networks::parse(&["10.0.0.1/8"]), Err(BadNetwork::HostBits { .. })));
        for text in ["", "10.0.0", "10.0.0.0/33", "example.com", "1.2.3.4/"] {
            assert!(matches!(Networks::parse(&[text]), Err(BadNetwork::Form(_))), "{text}");
        }
    }

    #[test]
    fn an_ipv6_client_counts_for_its_network() {
        let of = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1:2::");
        assert_ne!(of("2001:db8:1:3::"), of("2001:db8:1:2::"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn an_address_counts_as_its_network() {
        let of = |address: &str| network_bytes(Some(address.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("10.0.0.1"), of("::ffff:10.0.0.1"));
    }

    #[test]
    fn envoys_source_address_is_read() {
        assert_eq!(client("127.0.0.1:4711"), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(client("[::ffff:127.0.0.1]:1"), Some("127.0.0.1".parse().unwrap()));
        for text in ["192.0.2.7", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:1"] {
            assert_eq!(client(text), Some("192.0.2.7".parse().unwrap()), "{text}");
        }
        assert_eq!(client("2001:db8::1"), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(client("@unix"), None);
    }
}
