//! What a gate remembers of a line of keys between calls: one entry a slot, shared by all workers.

use crate::key::same;
use crate::memory::rate::Window;
use crate::memory::session::Sessions;

const DIGEST: usize = 32;
const DIGESTS: usize = 2;

/// The memory of one line. Slots are reused: an entry of another line counts as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    digests: [[u8; DIGEST]; DIGESTS],
    /// The calls of the last minute.
    pub window: Window,
    /// The clients that are using the line.
    pub sessions: Sessions,
}

impl Line {
    /// Whether the key with this digest was verified here before.
    pub fn knows(&self, digest: &[u8; DIGEST]) -> bool {
        // Both are compared, whichever it is.
        self.digests.iter().fold(false, |known, kept| known | same(kept, digest))
    }

    /// Keeps the digest of a verified key, in the place of the older of two: a rotated key and its predecessor.
    pub fn keep(&mut self, digest: [u8; DIGEST]) {
        let [newest, _] = self.digests;
        self.digests = [digest, newest];
    }

    /// The same line, as if nobody had called yet.
    #[must_use]
    pub fn without_counters(self) -> Self {
        Self { digests: self.digests, ..Self::default() }
    }

    /// The memory of the line with this id.
    pub fn parse(id: &str, bytes: &[u8]) -> Self {
        Self::read(id, bytes).unwrap_or_default()
    }

    fn read(id: &str, bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&length(id))?.strip_prefix(id.as_bytes())?;
        let (digests, rest) = rest.split_first_chunk::<{ DIGEST * DIGESTS }>()?;
        let (digests, []) = digests.as_chunks::<DIGEST>() else { return None };
        let (window, sessions) = rest.split_at_checked(Window::BYTES)?;
        Some(Self {
            digests: digests.try_into().ok()?,
            window: Window::parse(window)?,
            sessions: Sessions::parse(sessions)?,
        })
    }

    /// For shared data.
    pub fn bytes(&self, id: &str) -> Vec<u8> {
        let length = length(id);
        let size = length.len() + id.len() + DIGEST * DIGESTS + Window::BYTES + self.sessions.length();
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(id.as_bytes());
        self.digests.iter().for_each(|digest| bytes.extend_from_slice(digest));
        self.window.write(&mut bytes);
        self.sessions.write(&mut bytes);
        bytes
    }
}

fn length(id: &str) -> [u8; 8] {
    (id.len() as u64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_by_its_own_id_only() {
        let mut line = Line::default();
        line.keep([1; 32]);
        line.keep([2; 32]);
        assert!(line.window.take(5, 1).is_ok());
        let bytes = line.bytes("a");
        assert_eq!(Line::parse("a", &bytes), line);
        assert_eq!(Line::parse("b", &bytes), Line::default());
        assert_eq!(Line::parse("a", &bytes[1..]), Line::default());
    }

    #[test]
    fn two_digests_are_kept() {
        let mut line = Line::default();
        for digest in [1, 2, 3] {
            line.keep([digest; 32]);
        }
        assert!(line.knows(&[3; 32]) && line.knows(&[2; 32]) && !line.knows(&[1; 32]));
    }
}
