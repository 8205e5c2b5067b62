//! Sessions: a line of keys used from one client, which is an address and a user agent.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::formats::hex;
use crate::wire::UnixMicros;

/// How many sessions a line remembers. Without a limit the longest silent one is forgotten; a limit that says more counts as
/// this many, since sessions that are forgotten could not be counted.
pub const MAX_SESSIONS: usize = 64;
const MICROS: u64 = 1_000_000;

/// Who uses a key: an address and a user agent, as a number that tells nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(u64);

impl Client {
    /// The client of a line of keys.
    pub fn of(line: &str, address: Option<IpAddr>, user_agent: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(line.as_bytes());
        match address {
            None => hasher.update([0]),
            Some(IpAddr::V4(ip)) => {
                hasher.update([4]);
                hasher.update(ip.octets());
            }
            Some(IpAddr::V6(ip)) => {
                hasher.update([6]);
                hasher.update(ip.octets());
            }
        }
        hasher.update(user_agent);
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hasher.finalize().into();
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// Who used a line of keys last, of some lines: most have one client, which need not be hashed at each call.
#[derive(Debug, Default)]
pub struct LastClients([Option<Last>; LINES]);

/// Lines whose slots are that far apart share a place.
const LINES: usize = 32;
/// Bytes of a user agent beyond which a client is not remembered.
const MAX_USER_AGENT: usize = 512;

#[derive(Debug)]
struct Last {
    line: String,
    address: Option<IpAddr>,
    user_agent: Vec<u8>,
    client: Client,
}

impl LastClients {
    /// [`Client::of`] the line, which is counted in this slot.
    pub fn client(&mut self, slot: u32, line: &str, address: Option<IpAddr>, user_agent: &[u8]) -> Client {
        let place = self.0.get_mut(slot as usize % LINES);
        if let Some(Some(last)) = &place
            && last.line == line
            && last.address == address
            && last.user_agent == user_agent
        {
            return last.client;
        }
        let client = Client::of(line, address, user_agent);
        if let Some(place) = place
            && user_agent.len() <= MAX_USER_AGENT
        {
            *place = Some(Last { line: line.to_owned(), address, user_agent: user_agent.to_owned(), client });
        }
        client
    }
}

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    client: Client,
    started_at: UnixMicros,
    last_seen_at: UnixMicros,
}

impl Session {
    /// The name in the audit log.
    pub fn id(&self) -> String {
        let mut id = hex::id(self.client.0);
        id.push('-');
        hex::push(&mut id, self.started_at / MICROS, 1);
        id
    }
}

/// The sessions of one line of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions(Vec<Session>);

/// As many sessions as the key may have are alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Seconds until the longest silent one has timed out, if nothing more is heard of it.
    pub retry_after_seconds: u32,
}

impl Sessions {
    /// Forgets what has timed out, and checks that the client has a session or may start one. 0 is no limit.
    ///
    /// # Errors
    /// [`Full`] when the limit is reached by others.
    pub fn check(&mut self, client: Client, timeout_seconds: u32, limit: u32, now: UnixMicros) -> Result<(), Full> {
        let timeout = u64::from(timeout_seconds) * MICROS;
        self.0.retain(|session| session.last_seen_at.saturating_add(timeout) > now);
        let known = self.0.iter().any(|session| session.client == client);
        if known || limit == 0 || self.0.len() < (limit as usize).min(MAX_SESSIONS) {
            return Ok(());
        }
        let oldest = self.0.iter().map(|session| session.last_seen_at).min().unwrap_or(now);
        let wait = (oldest + timeout).saturating_sub(now).div_ceil(MICROS);
        Err(Full { retry_after_seconds: u32::try_from(wait).unwrap_or(u32::MAX) })
    }

    /// Starts the client's session or goes on with it.
    pub fn touch(&mut self, client: Client, now: UnixMicros) -> Session {
        if let Some(session) = self.0.iter_mut().find(|session| session.client == client) {
            session.last_seen_at = session.last_seen_at.max(now);
            return *session;
        }
        if self.0.len() >= MAX_SESSIONS
            && let Some((at, _)) = self.0.iter().enumerate().min_by_key(|(_, session)| session.last_seen_at)
        {
            self.0.swap_remove(at);
        }
        let session = Session { client, started_at: now, last_seen_at: now };
        self.0.push(session);
        session
    }

    /// How many bytes [`Sessions::write`] writes.
    pub fn length(&self) -> usize {
        self.0.len() * 24
    }

    /// Appends them, for shared data.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        for session in &self.0 {
            for number in [session.client.0, session.started_at, session.last_seen_at] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    /// From what [`Sessions::write`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let (sessions, []) = numbers.as_chunks::<3>() else { return None };
        let session = |[client, started_at, last_seen_at]: &[[u8; 8]; 3]| Session {
            client: Client(u64::from_le_bytes(*client)),
            started_at: u64::from_le_bytes(*started_at),
            last_seen_at: u64::from_le_bytes(*last_seen_at),
        };
        Some(Self(sessions.iter().take(MAX_SESSIONS).map(session).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000 * MICROS;
    const TIMEOUT: u32 = 60;

    fn client(number: u8) -> Client {
        Client::of("line", Some([10, 0, 0, number].into()), b"agent/1")
    }

    #[test]
    fn a_client_is_an_address_and_a_user_agent() {
        assert_ne!(client(1), client(2));
        assert_ne!(client(1), Client::of("line", Some([10, 0, 0, 1].into()), b"agent/2"));
        assert_ne!(client(1), Client::of("other", Some([10, 0, 0, 1].into()), b"agent/1"));
    }

    #[test]
    fn who_was_last_is_told_from_anybody_else() {
        let mut last = LastClients::default();
        let long = [b'x'; MAX_USER_AGENT + 1];
        let (one, other) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        let callers = [
            (1, "a", one, &b"agent"[..]),
            (1, "a", one, b"agent/2"),
            (1, "a", other, b"agent"),
            (1, "a", None, b"agent"),
            (1, "b", one, b"agent"),
            (1 + LINES as u32, "c", one, b"agent"),
            (u32::MAX, "a", one, &long),
        ];
        for before in callers {
            for (slot, line, address, user_agent) in [before, before].into_iter().chain(callers) {
                let client = last.client(slot, line, address, user_agent);
                assert_eq!(client, Client::of(line, address, user_agent), "{line} {address:?}");
            }
        }
    }

    #[test]
    fn a_session_lasts_until_it_was_silent_for_the_timeout() {
        let mut sessions = Sessions::default();
        let first = sessions.touch(client(1), NOW);
        let later = NOW + 59 * MICROS;
        assert_eq!(sessions.check(client(2), TIMEOUT, 1, later), Err(Full { retry_after_seconds: 1 }));
        assert_eq!(sessions.check(client(1), TIMEOUT, 1, later), Ok(()));
        assert_eq!(sessions.touch(client(1), later).id(), first.id());
        assert_eq!(sessions.check(client(2), TIMEOUT, 1, later + 59 * MICROS), Err(Full { retry_after_seconds: 1 }));
        assert_eq!(sessions.check(client(2), TIMEOUT, 1, later + 60 * MICROS), Ok(()));
        assert_ne!(sessions.touch(client(1), later + 60 * MICROS).id(), first.id());
    }

    #[test]
    fn a_limit_is_never_more_than_is_remembered() {
        for limit in [1, 63, 64, 65, 100, 10_000, u32::MAX] {
            let mut sessions = Sessions::default();
            let mut let_in = 0;
            for number in 0..=200 {
                if sessions.check(client(number), TIMEOUT, limit, NOW).is_ok() {
                    sessions.touch(client(number), NOW);
                    let_in += 1;
                }
            }
            assert_eq!(let_in, (limit as usize).min(MAX_SESSIONS), "{limit}");
        }
    }

    #[test]
    fn without_a_limit_the_longest_silent_is_forgotten() {
        let mut sessions = Sessions::default();
        for number in 0..=MAX_SESSIONS as u8 {
            assert_eq!(sessions.check(client(number), TIMEOUT, 0, NOW), Ok(()));
            sessions.touch(client(number), NOW + u64::from(number));
        }
        assert_eq!(sessions.0.len(), MAX_SESSIONS);
        assert!(sessions.0.iter().all(|session| session.client != client(0)));
        let mut bytes = Vec::new();
        sessions.write(&mut bytes);
        assert_eq!(Sessions::parse(&bytes), Some(sessions));
    }
}
