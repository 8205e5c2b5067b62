//! The links of the chain that seals the audit log: `docs/adr/0002-the-audit-logs-chain.md` says how and why.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::admin_chain::AdminHead;
use crate::domain::signing::{Digest, GENESIS, PublicKey, Signer};
use crate::domain::time::Moment;

/// How far a gate's clock may be ahead without consequences.
const CLOCKS_DIFFER: Duration = Duration::from_secs(24 * 3600);

/// The part of a link that stands for one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When the call was decided: says whether retention may have deleted the row.
    pub at: Moment,
    /// Of the row.
    pub digest: Digest,
}

/// A deletion by retention, as of the link that records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Rows of calls before this moment, in Unix microseconds.
    pub before: u64,
    /// And all rows up to this position.
    pub position: u64,
    /// And all links up to this one, which are of those rows.
    pub link: u64,
    /// The hash of that link; the next one follows it.
    pub hash: Digest,
    /// The rows that ordered it; links of versions before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// The rows of the administrators' log that ordered a cut, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The change that made the settings; none if they were those of a new database.
    pub settings: Option<u64>,
    /// The run of the job.
    pub run: u64,
}

/// The content of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The rows of a batch, in their order: the first has the link's first position.
    Rows(Vec<Entry>),
    /// A deletion by retention.
    Cut(Cut),
}

const ENTRY_BYTES: usize = 40;

impl Body {
    /// How a column names it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rows(_) => "rows",
            Self::Cut(_) => "cut",
        }
    }

    /// How a column holds it.
    pub fn text(&self) -> String {
        match self {
            Self::Rows(entries) => {
                let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
                for Entry { at, digest } in entries {
                    bytes.extend(at.0.to_be_bytes());
                    bytes.extend(digest.0);
                }
                STANDARD.encode(bytes)
            }
            // Numbers and a text: that is always JSON.
            Self::Cut(cut) => serde_json::to_string(cut).unwrap_or_default(),
        }
    }

    /// Reads the columns; none if they were never written by [`Body::text`].
    pub fn parse(kind: &str, text: &str) -> Option<Self> {
        match kind {
            "rows" => {
                let bytes = STANDARD.decode(text).ok()?;
                let (entries, []) = bytes.as_chunks::<ENTRY_BYTES>() else { return None };
                let entry = |bytes: &[u8; ENTRY_BYTES]| {
                    let (at, digest) = bytes.split_first_chunk::<8>()?;
                    Some(Entry { at: Moment(u64::from_be_bytes(*at)), digest: Digest(digest.try_into().ok()?) })
                };
                entries.iter().map(entry).collect::<Option<_>>().map(Self::Rows)
            }
            "cut" => serde_json::from_str(text).ok().map(Self::Cut),
            _ => None,
        }
    }

    /// How many positions it takes.
    pub fn count(&self) -> u64 {
        match self {
            Self::Rows(entries) => entries.len() as u64,
            Self::Cut(_) => 0,
        }
    }
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Counts from 1.
    pub number: u64,
    /// When it was made, by the clock of the control plane.
    pub at: Moment,
    /// The position of its first row, or of the next if it has none. Positions count from 1.
    pub first: u64,
    /// The content.
    pub body: Body,
    /// The hash of the link before it; [`GENESIS`] before the first.
    pub previous: Digest,
    /// Of all of the above.
    pub hash: Digest,
    /// Of its head.
    pub signature: String,
}

impl Link {
    /// The last position that it and those before it take.
    pub fn last(&self) -> u64 {
        (self.first + self.body.count()).saturating_sub(1)
    }

    /// The hash of its content.
    pub fn proper_hash(&self) -> Digest {
        let (kind, text) = (self.body.kind(), self.body.text());
        let body = Digest::of(&format!("lictor audit {kind} 1"), &[text.as_bytes()]);
        let numbers = [self.number, self.at.0, self.first].map(u64::to_be_bytes).concat();
        Digest::of("lictor audit link 1", &[&numbers, &body.0, &self.previous.0])
    }

    /// Whether its hash and signature are right.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        self.hash == self.proper_hash() && self.head(key).is_genuine()
    }

    /// The signed head of the chain up to this link, to be kept elsewhere.
    pub fn head(&self, key: &PublicKey) -> Head {
        Head {
            link: self.number,
            position: self.last(),
            at: self.at,
            hash: self.hash,
            signature: self.signature.clone(),
            public_key: *key,
            admin: None,
        }
    }

    /// The moment that decides whether retention may delete a row: when the call was decided, but never far beyond the
    /// time of the link, or a gate whose clock runs ahead would keep the links from being deleted.
    pub fn age_of(&self, entry: &Entry) -> Moment {
        entry.at.min(self.at.plus(CLOCKS_DIFFER))
    }

    /// The same moment of the latest of its rows.
    pub fn latest(&self) -> Moment {
        match &self.body {
            Body::Rows(entries) => entries.iter().map(|entry| self.age_of(entry)).max().unwrap_or(self.at),
            Body::Cut(_) => Moment(0),
        }
    }
}

/// A signed statement of what the whole audit log was: kept elsewhere, it shows what is cut off or made anew later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The last link.
    pub link: u64,
    /// The last position.
    pub position: u64,
    /// When the link was made.
    pub at: Moment,
    /// The hash of the link.
    #[schemars(with = "String")]
    pub hash: Digest,
    /// Of the four above, Ed25519 in base64.
    pub signature: String,
    /// The key that the signature can be checked with.
    #[schemars(with = "String")]
    pub public_key: PublicKey,
    /// The end of the administrators' log, signed with the same key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<AdminHead>,
}

impl Head {
    /// Whether its own key signed it.
    pub fn is_genuine(&self) -> bool {
        let Ok(signature) = STANDARD.decode(&self.signature) else { return false };
        let key = UnparsedPublicKey::new(&ED25519, self.public_key.0);
        key.verify(&self.statement(), &signature).is_ok()
    }

    fn statement(&self) -> Vec<u8> {
        let numbers = [self.link, self.position, self.at.0].map(u64::to_be_bytes).concat();
        [b"lictor audit head 1\0".as_slice(), &numbers, &self.hash.0].concat()
    }
}

impl Signer {
    /// Makes a link.
    pub fn link(&self, number: u64, at: Moment, first: u64, body: Body, previous: Digest) -> Link {
        let mut link = Link { number, at, first, body, previous, hash: GENESIS, signature: String::new() };
        link.hash = link.proper_hash();
        link.signature = self.sign(&link.head(&self.public()).statement());
        link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::parse(&Signer::generate().unwrap()).unwrap()
    }

    fn rows(count: u64) -> Body {
        Body::Rows((0..count).map(|at| Entry { at: Moment(at), digest: Digest::of("row", &[]) }).collect())
    }

    #[test]
    fn whatever_is_changed_a_link_is_no_longer_genuine() {
        let signer = signer();
        let key = signer.public();
        let link = signer.link(2, Moment(9), 5, rows(3), Digest::of("link", &[]));
        assert!(link.is_genuine(&key));
        assert_eq!((link.last(), link.latest()), (7, Moment(2)));
        for changed in [
            Link { number: 3, ..link.clone() },
            Link { at: Moment(8), ..link.clone() },
            Link { first: 6, ..link.clone() },
            Link { body: rows(2), ..link.clone() },
            Link { previous: GENESIS, ..link.clone() },
            Link { signature: "AAAA".to_owned(), ..link.clone() },
        ] {
            assert!(!changed.is_genuine(&key), "{changed:?}");
            let forged = Link { hash: changed.proper_hash(), ..changed };
            assert!(!forged.is_genuine(&key), "{forged:?}");
        }
        assert!(!Link { hash: GENESIS, ..link.clone() }.is_genuine(&key));
        assert!(!link.is_genuine(&self::signer().public()));
    }

    #[test]
    fn a_body_is_read_as_it_was_written() {
        let cut = Body::Cut(Cut { before: 1, position: 2, link: 3, hash: Digest::of("link", &[]), order: None });
        for body in [rows(0), rows(3), cut] {
            assert_eq!(Body::parse(body.kind(), &body.text()), Some(body));
        }
        for (kind, text) in [("rows", "AAAA"), ("rows", "!"), ("cut", "{}"), ("other", "")] {
            assert_eq!(Body::parse(kind, text), None, "{kind} {text}");
        }
    }

    #[test]
    fn a_digest_is_64_digits() {
        let text = Digest::of("row", &[]).to_string();
        assert_eq!(text.parse(), Ok(Digest::of("row", &[])));
        for bad in [&text[1..], &format!("{text}0"), &format!("{text}00"), &text.replace(|_: char| true, "g")] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_head_is_checked_without_the_database() {
        let signer = signer();
        let head = signer.link(2, Moment(9), 5, rows(3), GENESIS).head(&signer.public());
        let read: Head = serde_json::from_str(&serde_json::to_string(&head).unwrap()).unwrap();
        assert!(read == head && read.is_genuine());
        assert!(!Head { position: 8, ..read }.is_genuine());
    }
}
