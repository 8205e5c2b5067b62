//! A policy made larger: the control plane's, with so many of something in it.

use anyhow::{Context, Result};
use lictor_policy::key::{Key, KeyHash, ROUNDS};
use lictor_policy::memory::session::MAX_SESSIONS;
use lictor_policy::secret::Secret;
use lictor_policy::snapshot::compact;
use lictor_policy::wire::{self, KeyEntry, Permission, Snapshot};

use super::cost::Subject;
use super::road::{Call, Road};

/// Keys that call, where there are more.
const CALLERS: usize = 10;

/// Of a key: as many as are counted of one, but the one of the call that makes sure that the gate works.
const SESSIONS: usize = MAX_SESSIONS - 1;

/// The policy, and who calls.
pub(super) struct Grown {
    policy: Snapshot,
    callers: Vec<Caller>,
}

struct Caller {
    key: String,
    sessions: usize,
}

/// A policy as the control plane gives it.
pub(super) fn decoded(bytes: &[u8]) -> Result<Snapshot> {
    serde_json::from_slice(bytes).context("the control plane gave something else than a policy")
}

impl Grown {
    /// The policy with `number` of `subject`; its first key's record is the pattern of all.
    pub(super) fn of(policy: &Snapshot, subject: Subject, number: u32) -> Result<Self> {
        let count = usize::try_from(number)?;
        let pattern = &policy.keys.first().context("the control plane's policy has no key")?.record;
        let (keys, callers, sessions) = match subject {
            Subject::Keys => (count, CALLERS.min(count), 1),
            Subject::Permissions | Subject::Ranges => (1, 1, 1),
            Subject::Sessions => (count.div_ceil(SESSIONS), count.div_ceil(SESSIONS), count),
        };
        let mut random = Random(u64::from(number));
        let mut grown =
            Self { policy: Snapshot { keys: Vec::with_capacity(keys), ..policy.clone() }, callers: Vec::new() };
        for place in 0..keys {
            let key = Key::generate(|bytes| random.fill(bytes));
            // Spread over all of them.
            let calls = place * callers / keys != (place + 1) * callers / keys;
            // Hashing takes 2 ms, which is not spent on keys that nobody calls with.
            let hash = if calls { KeyHash::of(&key, random.bytes()).text() } else { random.hash() };
            if calls {
                let before = grown.callers.len();
                let sessions = sessions * (before + 1) / callers - sessions * before / callers;
                grown.callers.push(Caller { key: key.expose().to_owned(), sessions: sessions.max(1) });
            }
            let id = random.id();
            let record = wire::Key {
                line: id.clone(),
                id,
                hash: Secret::new(hash),
                slot: u32::try_from(place)?,
                ..pattern.clone()
            };
            grown.policy.keys.push(KeyEntry { prefix: key.prefix().to_owned(), record });
        }
        match subject {
            Subject::Permissions => grown.permit(count)?,
            Subject::Ranges => grown.policy.keys.iter_mut().for_each(|key| key.record.ip_allow_list = ranges(count)),
            Subject::Keys | Subject::Sessions => {}
        }
        Ok(grown)
    }

    /// Takes as many permissions of the keys' profile, one of which is for the model that is called.
    fn permit(&mut self, count: usize) -> Result<()> {
        let called = self.policy.permissions.iter().find(|permission| permission.model == "res.partner");
        let called = called.context("the control plane's policy has no permission for res.partner")?.clone();
        let other = |number| Permission { model: format!("model.{number}"), ..called.clone() };
        self.policy.permissions = (1..count).map(other).chain([called.clone()]).collect();
        Ok(())
    }

    /// As gates are given it.
    pub(super) fn encoded(&self) -> Result<Vec<u8>> {
        Ok(compact::write(&self.policy)?)
    }

    /// A call of one of the keys.
    pub(super) fn call(&self) -> Result<Call> {
        let caller = self.callers.first().context("no key calls")?;
        Ok(Call::new(Road::XmlRpc, &caller.key))
    }

    /// A call for each session, as the load sends it: a session is a key with a user agent.
    pub(super) fn requests(&self) -> Vec<String> {
        let requests = self.callers.iter().flat_map(|Caller { key, sessions }| {
            let request = Call::new(Road::XmlRpc, key).request();
            let agent = |number| format!("User-Agent: agent-{number:05} ");
            (0..*sessions).map(move |number| request.replace("User-Agent: ", &agent(number)))
        });
        requests.collect()
    }
}

/// The last one holds the client's address, which is this machine's.
fn ranges(count: usize) -> Vec<String> {
    let other = |number: usize| format!("10.{}.{}.0/24", number / 256, number % 256);
    (1..count).map(other).chain(["127.0.0.0/8".to_owned()]).collect()
}

/// Numbers that look random and are the same in each run (SplitMix64): no key here is a secret.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            [*byte, ..] = self.next().to_le_bytes();
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// In the form of the control plane's.
    fn id(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
        format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
    }

    /// A stored hash that belongs to no key, in passlib's form: both parts end in a digit whose last bits are nothing.
    fn hash(&mut self) -> String {
        let mut digits = |count| (0..count).map(|_| char::from(b'a' + (self.next() % 26) as u8)).collect::<String>();
        format!("$pbkdf2-sha512${ROUNDS}${}A${}A", digits(21), digits(85))
    }
}

#[cfg(test)]
mod tests {
    use lictor_policy::snapshot;
    use serde_json::json;

    use super::*;

    fn policy() -> Snapshot {
        let policy = json!({
            "version": wire::VERSION, "epoch": "e", "revision": 7, "pauses": [], "terminations": [],
            "settings": {
                "enforcement": "secure", "require_exceptions": [], "ip_allow_list": [],
                "rate_limit": {"enabled": true, "per_minute": 60, "divide_by_gates": false},
                "sessions": {"enabled": true, "timeout_seconds": 1800, "limit": 64}, "durability": {},
                "snapshot_max_age_seconds": 300, "body_limit_bytes": 10_000, "methods": {}, "never_list_exceptions": [],
                "mcp_module_contract": false,
            },
            "users": [{
                "id": "u", "groups": [], "upstream_rejected": false,
                "upstream": {"database": "odoo", "login": "agent", "uid": 7, "secret": "s"},
            }],
            "keys": [{
                "prefix": "TestKey1",
                "record": {"id": "k", "hash": "", "version": 1, "line": "k", "slot": 0, "user_id": "u"},
            }],
            "permissions": [
                {"model": "res.users", "operations": ["read"], "groups": [], "methods": {}},
                {"model": "res.partner", "operations": ["read"], "groups": [], "methods": {}},
            ],
        });
        decoded(policy.to_string().as_bytes()).unwrap()
    }

    fn grown(subject: Subject, number: u32) -> Grown {
        Grown::of(&policy(), subject, number).unwrap()
    }

    #[test]
    fn a_gate_takes_each_of_them() {
        for subject in Subject::ALL {
            let grown = grown(subject, 100);
            let parsed = snapshot::Snapshot::checked(grown.encoded().unwrap(), snapshot::Snapshot::TRIED);
            let parsed = parsed.unwrap_or_else(|error| panic!("{subject}: {error}"));
            for Caller { key, .. } in &grown.callers {
                assert!(parsed.key(&key[4..12]).unwrap().is_some(), "{subject}: {key}");
            }
            assert!(parsed.permission(wire::DEFAULT_PROFILE, "res.partner").is_some());
        }
    }

    #[test]
    fn there_is_as_much_as_was_asked_for() {
        let keys = grown(Subject::Keys, 1000);
        assert_eq!((keys.policy.keys.len(), keys.callers.len(), keys.requests().len()), (1000, 10, 10));
        let permissions = grown(Subject::Permissions, 500).policy.permissions;
        assert_eq!((permissions.len(), &*permissions[499].model), (500, "res.partner"));
        let ranges = &grown(Subject::Ranges, 1000).policy.keys[0].record.ip_allow_list;
        assert_eq!((ranges.len(), &*ranges[999]), (1000, "127.0.0.0/8"));
        for (number, keys) in [(1, 1), (63, 1), (1000, 16)] {
            let sessions = grown(Subject::Sessions, number);
            assert_eq!((sessions.policy.keys.len(), sessions.requests().len()), (keys, number as usize));
            assert!(sessions.callers.iter().all(|caller| caller.sessions <= SESSIONS));
        }
    }

    #[test]
    fn each_session_has_a_user_agent_of_its_own() {
        let mut requests = grown(Subject::Sessions, 64).requests();
        requests.sort_unstable();
        requests.dedup();
        assert_eq!(requests.len(), 64);
    }
}
