//! Subjects of alerts.

use std::net::IpAddr;

use lictor_policy::address;
use schemars::JsonSchema;
use serde::Serialize;

/// The subject of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "Named")]
pub enum Subject {
    /// A key, by id.
    Key(String),
    /// A user, by id.
    User(String),
    /// An address, as [`network`] writes it.
    Address(String),
    /// A gate, by id: what it counted of callers that it did not record one by one, or what it did not report.
    Gate(String),
    /// Addresses beyond those that have an alert of their own.
    OtherAddresses,
    /// Everybody.
    All,
}

impl Subject {
    /// As the database names it; unique.
    pub fn name(&self) -> String {
        match self {
            Self::Key(id) => format!("key {id}"),
            Self::User(id) => format!("user {id}"),
            Self::Address(network) => format!("address {network}"),
            Self::Gate(id) => format!("gate {id}"),
            Self::OtherAddresses => "other addresses".to_owned(),
            Self::All => "all".to_owned(),
        }
    }

    /// Reads [`Subject::name`].
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(' ') {
            Some(("key", id)) => Some(Self::Key(id.to_owned())),
            Some(("user", id)) => Some(Self::User(id.to_owned())),
            Some(("address", network)) => Some(Self::Address(network.to_owned())),
            Some(("gate", id)) => Some(Self::Gate(id.to_owned())),
            Some(("other", "addresses")) => Some(Self::OtherAddresses),
            None if name == "all" => Some(Self::All),
            _ => None,
        }
    }

    /// The key's id.
    pub fn key_id(&self) -> Option<&str> {
        if let Self::Key(id) = self { Some(id) } else { None }
    }

    /// The address.
    pub fn client_ip(&self) -> Option<&str> {
        if let Self::Address(network) = self { Some(network) } else { None }
    }
}

/// A subject in JSON: at most one of them is not null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Named {
    /// The key.
    key_id: Option<String>,
    /// The user.
    user_id: Option<String>,
    /// The address; of IPv6 the network of 64 bits.
    client_ip: Option<String>,
    /// The gate.
    gate: Option<String>,
}

impl From<Subject> for Named {
    fn from(subject: Subject) -> Self {
        let mut named = Self { key_id: None, user_id: None, client_ip: None, gate: None };
        match subject {
            Subject::Key(id) => named.key_id = Some(id),
            Subject::User(id) => named.user_id = Some(id),
            Subject::Address(network) => named.client_ip = Some(network),
            Subject::Gate(id) => named.gate = Some(id),
            Subject::OtherAddresses | Subject::All => {}
        }
        named
    }
}

/// The network that an address counts for, as a text. A text that is no address stays as it is.
pub fn network(client_ip: &str) -> String {
    match address::client(client_ip).map(address::network_of) {
        Some(IpAddr::V6(network)) => format!("{network}/64"),
        Some(address) => address.to_string(),
        None => client_ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_was_written() {
        let id = || "0198-a".to_owned();
        for subject in [
            Subject::Key(id()),
            Subject::User(id()),
            Subject::Address("2001:db8::/64".to_owned()),
            Subject::Gate(id()),
            Subject::OtherAddresses,
            Subject::All,
        ] {
            assert_eq!(Subject::parse(&subject.name()), Some(subject));
        }
        assert_eq!(Subject::parse("everybody"), None);
    }

    #[test]
    fn an_ipv6_address_stands_for_its_network() {
        for (given, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
            ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
            ("", ""),
        ] {
            assert_eq!(network(given), shown);
        }
    }
}
